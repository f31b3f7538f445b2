/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A request budget: never more than each window's limit in any span of that length (a sliding
 * count, safe under fixed and sliding windows of the server alike), with shares of it kept back for
 * the more urgent. Pure but for its clock. Loop thread.
 */
#pragma once

#include <latchkey/base/clock.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 period_ms;
  guint limit;
} LkBudgetWindow;

typedef struct _LkBudget LkBudget;

/* Up to 4 windows, e.g. {1000, 5} or {60000, 100}, {3600000, 4500}. */
LkBudget *lk_budget_new (const LkClock *clock, const LkBudgetWindow *windows, guint n);
void lk_budget_free (LkBudget *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkBudget, lk_budget_free)

/* SIGHUP: new limits; what was spent stays counted. */
void lk_budget_set (LkBudget *budget, const LkBudgetWindow *windows, guint n);

/* ms until a request may start that must leave RESERVE (0…1, a share of each window's limit) for
 * others; 0 = now. */
gint64 lk_budget_wait_ms (const LkBudget *budget, double reserve);

/* A claim keeps the next request for whoever made it: who has none waits as if it were spent. For
 * what must not be overtaken again and again. It is made once, and ended before its request is
 * spent, or when there will be none. */
void lk_budget_claim (LkBudget *budget);
void lk_budget_unclaim (LkBudget *budget);
/* ms until a request that is claimed may start; 0 = now. */
gint64 lk_budget_claimed_wait_ms (const LkBudget *budget);

/* ms until the next request where all that is allowed is spread evenly, so that there is room for
 * what is urgent every moment and not once a window. */
gint64 lk_budget_pace_ms (const LkBudget *budget);

/* Spends one now. The caller asked lk_budget_wait_ms first. */
void lk_budget_spend (LkBudget *budget);

/* How many requests started in the span that begins FROM_MS ago and ends before UNTIL_MS ago; 0:
 * now counts as well. As far back as the longest window remembers. */
guint lk_budget_count (const LkBudget *budget, gint64 from_ms, gint64 until_ms);

/* REQUESTS that another process started AGO_MS ago count too. */
void lk_budget_add (LkBudget *budget, gint64 ago_ms, guint requests);

/* The server said no: nothing before WAIT_MS from now (< 0: a growing back-off from 1 s), and half
 * the rate for a while, recovering with each answer that is fine (lk_budget_ok). */
void lk_budget_throttled (LkBudget *budget, gint64 wait_ms);
void lk_budget_ok (LkBudget *budget);

/* Nothing before WAIT_MS from now: a new owner waits so that the former one's second is over. */
void lk_budget_hold (LkBudget *budget, gint64 wait_ms);

G_END_DECLS
