/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A share of the rate, by patience: after so long without a call it is its turn.
 */
#include "share.h"

gint64
share_wait_ms (Share *share, const LkBudget *budget, guint per_second, gint64 now)
{
  double reserve = share->reserve;
  gint64 wait, patience;

  if (share->waiting_since == 0)
    share->waiting_since = now;
  patience = 1000 * 100 / share->percent / MAX (1, per_second) - (now - share->waiting_since);
  if (patience <= 0)
    reserve = SHARE_RESERVE_AT_LEAST;
  wait = lk_budget_wait_ms (budget, reserve);
  if (wait == 0)
    {
      share->waiting_since = 0;
      return 0;
    }
  return patience > 0 ? MIN (wait, patience) : wait;
}
