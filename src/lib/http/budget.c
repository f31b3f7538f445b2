/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Each window remembers when its last LIMIT requests started; the next may start when the oldest of
 * them is a period ago. That holds for any span of the period's length, so the server may count in
 * fixed or sliding windows.
 */
#include <latchkey/http/budget.h>

#include <string.h>

#define WINDOWS_MAX 4
#define SLACK_MS 25 /* requests started that far apart may arrive closer together */
#define SLOW_MS 60000

typedef struct
{
  gint64 period;
  guint limit;
  gint64 *starts; /* ring of the last `limit` starts, steady ms */
  guint head, n;
} Window;

struct _LkBudget
{
  const LkClock *clock;
  Window windows[WINDOWS_MAX];
  guint n_windows;
  gint64 not_before; /* steady */
  gint64 slow_until; /* half the rate until then */
  guint claims;
  LkBackoff backoff;
};

static void
window_set (Window *window, gint64 period, guint limit)
{
  gint64 *starts;
  guint keep;

  limit = MAX (limit, 1);
  starts = g_new (gint64, limit);
  keep = MIN (window->n, limit);
  /* The newest are kept: they are what still counts. */
  for (guint i = 0; i < keep; i++)
    starts[i] = window->starts[(window->head + window->n - keep + i) % window->limit];
  g_free (window->starts);
  *window = (Window){ period, limit, starts, 0, keep };
}

LkBudget *
lk_budget_new (const LkClock *clock, const LkBudgetWindow *windows, guint n)
{
  LkBudget *budget = g_new0 (LkBudget, 1);

  budget->clock = clock;
  budget->not_before = budget->slow_until = G_MININT64;
  lk_backoff_init (&budget->backoff, 1000, 60000, 0);
  lk_budget_set (budget, windows, n);
  return budget;
}

void
lk_budget_free (LkBudget *budget)
{
  if (budget == NULL)
    return;
  for (guint i = 0; i < WINDOWS_MAX; i++)
    g_free (budget->windows[i].starts);
  g_free (budget);
}

void
lk_budget_set (LkBudget *budget, const LkBudgetWindow *windows, guint n)
{
  g_assert (n > 0 && n <= WINDOWS_MAX);
  for (guint i = 0; i < n; i++)
    window_set (&budget->windows[i], windows[i].period_ms, windows[i].limit);
  budget->n_windows = n;
}

/* When a request that leaves RESERVE of WINDOW, and CLAIMS requests, free may start; steady ms. */
static gint64
window_next (const Window *window, double reserve, guint claims, gboolean slow, gint64 now)
{
  double share = (1.0 - CLAMP (reserve, 0.0, 1.0)) * (slow ? 0.5 : 1.0);
  guint usable = (guint) ((double) window->limit * share);

  usable = CLAMP (usable, 1, window->limit);
  if (claims >= usable)
    return now + window->period / window->limit; /* looked at again when one has been spent */
  usable -= claims;
  if (window->n < usable)
    return now;
  /* The USABLE-th newest start has to be a period ago. */
  return window->starts[(window->head + window->n - usable) % window->limit] + window->period
         + SLACK_MS;
}

static gint64
wait_ms (const LkBudget *budget, double reserve, guint claims)
{
  gint64 now = lk_clock_steady (budget->clock);
  gint64 next = MAX (now, budget->not_before);

  for (guint i = 0; i < budget->n_windows; i++)
    next = MAX (next,
                window_next (&budget->windows[i], reserve, claims, now < budget->slow_until, now));
  return next - now;
}

gint64
lk_budget_wait_ms (const LkBudget *budget, double reserve)
{
  return wait_ms (budget, reserve, budget->claims);
}

void
lk_budget_claim (LkBudget *budget)
{
  budget->claims++;
}

void
lk_budget_unclaim (LkBudget *budget)
{
  g_assert (budget->claims > 0);
  budget->claims--;
}

gint64
lk_budget_claimed_wait_ms (const LkBudget *budget)
{
  return wait_ms (budget, 0, 0);
}

gint64
lk_budget_pace_ms (const LkBudget *budget)
{
  gint64 now = lk_clock_steady (budget->clock), next = now;

  for (guint i = 0; i < budget->n_windows; i++)
    {
      const Window *window = &budget->windows[i];
      if (window->n > 0)
        next = MAX (next, window->starts[(window->head + window->n - 1) % window->limit]
                              + window->period / window->limit);
    }
  return next - now;
}

void
lk_budget_spend (LkBudget *budget)
{
  gint64 now = lk_clock_steady (budget->clock);

  for (guint i = 0; i < budget->n_windows; i++)
    {
      Window *window = &budget->windows[i];
      if (window->n < window->limit)
        window->starts[(window->head + window->n++) % window->limit] = now;
      else
        {
          window->starts[window->head] = now;
          window->head = (window->head + 1) % window->limit;
        }
    }
}

/* The I-th oldest start that WINDOW remembers. */
static gint64
start_of (const Window *window, guint i)
{
  return window->starts[(window->head + i) % window->limit];
}

static const Window *
longest (const LkBudget *budget)
{
  const Window *window = &budget->windows[0];

  for (guint i = 1; i < budget->n_windows; i++)
    if (budget->windows[i].period > window->period)
      window = &budget->windows[i];
  return window;
}

guint
lk_budget_count (const LkBudget *budget, gint64 from_ms, gint64 until_ms)
{
  const Window *window = longest (budget);
  gint64 now = lk_clock_steady (budget->clock);
  guint count = 0;

  for (guint i = window->n; i-- > 0 && start_of (window, i) >= now - from_ms;)
    count += until_ms == 0 || start_of (window, i) < now - until_ms;
  return count;
}

/* Starts are kept in order, and the newest of them. */
static void
window_add (Window *window, gint64 start, guint requests)
{
  gint64 *starts = g_new (gint64, window->limit);
  guint n = 0, old = window->n;

  /* From the newest to the oldest, so that what no longer fits is what no longer counts. */
  while (n < window->limit && (old > 0 || requests > 0))
    if (requests > 0 && (old == 0 || start_of (window, old - 1) <= start))
      {
        starts[window->limit - ++n] = start;
        requests--;
      }
    else
      starts[window->limit - ++n] = start_of (window, --old);
  g_free (window->starts);
  window->starts = starts;
  window->head = window->limit - n;
  window->n = n;
}

void
lk_budget_add (LkBudget *budget, gint64 ago_ms, guint requests)
{
  gint64 start = lk_clock_steady (budget->clock) - MAX (ago_ms, 0);

  for (guint i = 0; i < budget->n_windows; i++)
    window_add (&budget->windows[i], start, requests);
}

void
lk_budget_throttled (LkBudget *budget, gint64 wait_ms)
{
  gint64 now = lk_clock_steady (budget->clock);
  gint64 wait = wait_ms >= 0 ? wait_ms : lk_backoff_next (&budget->backoff);

  budget->not_before = MAX (budget->not_before, now + wait);
  budget->slow_until = MAX (budget->slow_until, now + wait + SLOW_MS);
}

void
lk_budget_ok (LkBudget *budget)
{
  lk_backoff_reset (&budget->backoff);
}

void
lk_budget_hold (LkBudget *budget, gint64 wait_ms)
{
  budget->not_before = MAX (budget->not_before, lk_clock_steady (budget->clock) + MAX (wait_ms, 0));
}
