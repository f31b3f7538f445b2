/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Between a budget, which counts back from now, and minutes by the clock.
 */
#include "spent.h"

/* Requests of the minute that begins at MINUTE; one that is not over yet ends now. */
static guint
count_minute (const LkBudget *budget, LkTime minute, LkTime now)
{
  return lk_budget_count (budget, now - minute, MAX (now - minute - LK_MINUTE, 0));
}

void
spent_note (const LkBudget *budget, const LkClock *clock, LkNexudusAccount *record)
{
  LkTime now = lk_clock_wall (clock);
  LkTime last = now - now % LK_MINUTE;

  g_free (record->spent);
  record->spent = g_new0 (LkSpent, LK_SPENT_MAX);
  record->n_spent = 0;
  for (LkTime minute = last - LK_HOUR; minute <= last; minute += LK_MINUTE)
    {
      guint requests = count_minute (budget, minute, now);
      if (requests > 0)
        record->spent[record->n_spent++] = (LkSpent){ minute, requests };
    }
}

void
spent_carry (LkBudget *budget, const LkClock *clock, const LkNexudusAccount *record)
{
  LkTime now = lk_clock_wall (clock);

  for (guint i = 0; i < record->n_spent; i++)
    {
      const LkSpent *spent = &record->spent[i];
      guint own = spent->minute <= now ? count_minute (budget, spent->minute, now) : 0;
      guint requests = (guint) MIN (spent->requests, G_MAXINT);
      if (lk_spent_counts (spent, now) && requests > own)
        lk_budget_add (budget, now - (spent->minute + LK_MINUTE - 1), requests - own);
    }
}
