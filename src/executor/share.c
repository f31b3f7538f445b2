/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A share of the rate, by patience: after so long without a call it is its turn.
 */
#include "share.h"

static void
claim (Share *share, LkBudget *budget, gboolean claimed)
{
  if (share->claimed == claimed)
    return;
  share->claimed = claimed;
  if (claimed)
    lk_budget_claim (budget);
  else
    lk_budget_unclaim (budget);
}

gint64
share_wait_ms (Share *share, LkBudget *budget, guint per_second, gint64 now)
{
  gint64 wait, patience;

  if (share->waiting_since == 0)
    share->waiting_since = now;
  patience = 1000 * 100 / share->percent / MAX (1, per_second) - (now - share->waiting_since);
  if (patience <= 0)
    claim (share, budget, TRUE);
  wait = share->claimed ? lk_budget_claimed_wait_ms (budget)
                        : lk_budget_wait_ms (budget, share->reserve);
  if (wait == 0)
    {
      share_stop (share, budget);
      return 0;
    }
  return patience > 0 ? MIN (wait, patience) : wait;
}

void
share_stop (Share *share, LkBudget *budget)
{
  claim (share, budget, FALSE);
  share->waiting_since = 0;
}
