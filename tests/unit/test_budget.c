/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The budget on a fake clock: never more than the limit in any span, whatever the schedule (S11).
 */
#include <latchkey/http/budget.h>

static void
test_never_over (void)
{
  for (guint seed = 1; seed <= 50; seed++)
    {
      g_autoptr (GRand) dice = g_rand_new_with_seed (seed);
      LkFakeClock clock;
      const LkBudgetWindow windows[] = { { 1000, 5 }, { 60000, 100 } };
      g_autoptr (LkBudget) budget = NULL;
      g_autoptr (GArray) starts = g_array_new (FALSE, FALSE, sizeof (gint64));

      lk_fake_clock_init (&clock, 0);
      budget = lk_budget_new (&clock.clock, windows, 2);
      for (guint i = 0; i < 600; i++)
        {
          gint64 wait = lk_budget_wait_ms (budget, 0);
          if (wait > 0)
            lk_fake_clock_advance (&clock, wait);
          g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 0);
          lk_budget_spend (budget);
          g_array_append_val (starts, clock.now_steady);
          lk_fake_clock_advance (&clock, g_rand_int_range (dice, 0, 400));
        }
      for (guint w = 0; w < 2; w++)
        for (guint i = windows[w].limit; i < starts->len; i++)
          g_assert_cmpint (g_array_index (starts, gint64, i)
                               - g_array_index (starts, gint64, i - windows[w].limit),
                           >=, windows[w].period_ms);
    }
}

static void
test_uses_its_rate (void)
{
  LkFakeClock clock;
  const LkBudgetWindow window = { 1000, 5 };
  g_autoptr (LkBudget) budget = NULL;

  lk_fake_clock_init (&clock, 0);
  budget = lk_budget_new (&clock.clock, &window, 1);
  for (guint i = 0; i < 500; i++)
    {
      lk_fake_clock_advance (&clock, lk_budget_wait_ms (budget, 0));
      lk_budget_spend (budget);
    }
  /* 500 calls at 5 a second are 99 s at the least; 95 % of the rate is allowed to be used. */
  g_assert_cmpint (clock.now_steady, <=, 99000 * 100 / 95);
}

static void
test_reserve (void)
{
  LkFakeClock clock;
  const LkBudgetWindow window = { 1000, 10 };
  g_autoptr (LkBudget) budget = NULL;

  lk_fake_clock_init (&clock, 0);
  budget = lk_budget_new (&clock.clock, &window, 1);
  for (guint i = 0; i < 6; i++)
    {
      g_assert_cmpint (lk_budget_wait_ms (budget, 0.4), ==, 0);
      lk_budget_spend (budget);
    }
  g_assert_cmpint (lk_budget_wait_ms (budget, 0.4), >, 0); /* what is left is for others */
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 0);
}

static void
test_throttled (void)
{
  LkFakeClock clock;
  const LkBudgetWindow window = { 1000, 100 };
  g_autoptr (LkBudget) budget = NULL;

  lk_fake_clock_init (&clock, 0);
  budget = lk_budget_new (&clock.clock, &window, 1);
  lk_budget_throttled (budget, 7000);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 7000);
  lk_fake_clock_advance (&clock, 7000);
  for (guint i = 0; i < 50; i++)
    {
      g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 0);
      lk_budget_spend (budget);
    }
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >, 0); /* half the rate for a while */
  lk_budget_throttled (budget, -1);                       /* no wait was told */
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >=, 1000);
  lk_budget_hold (budget, 90000);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 90000);
}

static void
test_new_limits_keep_what_was_spent (void)
{
  LkFakeClock clock;
  const LkBudgetWindow wide = { 1000, 10 }, narrow = { 1000, 3 };
  g_autoptr (LkBudget) budget = NULL;

  lk_fake_clock_init (&clock, 0);
  budget = lk_budget_new (&clock.clock, &wide, 1);
  for (guint i = 0; i < 5; i++)
    lk_budget_spend (budget);
  lk_budget_set (budget, &narrow, 1);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >=, 1000);
  lk_budget_set (budget, &wide, 1);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 0);
}

/* Somebody who takes whatever there is, and another one who would wait for ever beside them. */
static void
test_a_claim_is_not_overtaken (void)
{
  LkFakeClock clock;
  const LkBudgetWindow window = { 1000, 5 };
  g_autoptr (LkBudget) budget = NULL;

  lk_fake_clock_init (&clock, 0);
  budget = lk_budget_new (&clock.clock, &window, 1);
  for (guint i = 0; i < 5; i++)
    {
      lk_fake_clock_advance (&clock, 200);
      lk_budget_spend (budget);
    }
  lk_budget_claim (budget);
  g_assert_cmpint (lk_budget_claimed_wait_ms (budget), <, lk_budget_wait_ms (budget, 0));
  lk_fake_clock_advance (&clock, lk_budget_claimed_wait_ms (budget));
  g_assert_cmpint (lk_budget_claimed_wait_ms (budget), ==, 0);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >, 0);
  lk_budget_unclaim (budget);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 0); /* given back */
  for (guint i = 0; i < 5; i++)
    lk_budget_claim (budget);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >, 0); /* all is claimed */
}

static void
test_a_pace_leaves_room_every_moment (void)
{
  LkFakeClock clock;
  const LkBudgetWindow window = { 1000, 5 };
  g_autoptr (LkBudget) budget = NULL;

  lk_fake_clock_init (&clock, 0);
  budget = lk_budget_new (&clock.clock, &window, 1);
  g_assert_cmpint (lk_budget_pace_ms (budget), ==, 0);
  for (guint i = 0; i < 50; i++)
    {
      gint64 wait = MAX (lk_budget_pace_ms (budget), lk_budget_wait_ms (budget, 0));
      g_assert_cmpint (wait, <=, 300);
      lk_fake_clock_advance (&clock, wait);
      lk_budget_spend (budget);
      g_assert_cmpint (lk_budget_pace_ms (budget), ==, 200);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/budget/never-over", test_never_over);
  g_test_add_func ("/budget/uses-its-rate", test_uses_its_rate);
  g_test_add_func ("/budget/reserve", test_reserve);
  g_test_add_func ("/budget/throttled", test_throttled);
  g_test_add_func ("/budget/new-limits", test_new_limits_keep_what_was_spent);
  g_test_add_func ("/budget/claim", test_a_claim_is_not_overtaken);
  g_test_add_func ("/budget/pace", test_a_pace_leaves_room_every_moment);
  return g_test_run ();
}
