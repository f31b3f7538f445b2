/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who comes after rights in the account's rate: door events, the audit. A call starts only where it
 * leaves `reserve` of the rate free, unless it has waited so long that it has not had its own share
 * of it; so what has a share is asked before rights are served in the same turn. Pure but for the
 * budget's clock. Loop thread.
 */
#pragma once

#include <latchkey/http/budget.h>

G_BEGIN_DECLS

typedef struct
{
  double reserve;       /* left free for the more urgent */
  guint percent;        /* of the rate, that may be insisted on */
  gint64 waiting_since; /* steady ms; 0: not waiting */
  gboolean claimed;     /* it has waited long enough: the next call is its own */
} Share;

/* ms until a call may start at NOW (steady ms) in a rate of PER_SECOND; 0: now. */
gint64 share_wait_ms (Share *share, LkBudget *budget, guint per_second, gint64 now);
/* There will be no call. */
void share_stop (Share *share, LkBudget *budget);

G_END_DECLS
