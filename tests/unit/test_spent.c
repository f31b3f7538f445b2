/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The hour's spent requests over a change of owner, on fake clocks: whoever acts next never has
 * more left than the one before, and the hour is free again when it is over.
 */
#include "../../src/poller/spent.h"

#define LIMIT 60

static const LkBudgetWindow windows[] = { { LK_MINUTE, 30 }, { LK_HOUR, LIMIT } };
static const LkTime start = G_GINT64_CONSTANT (1795536000000); /* a whole minute */

static LkBudget *
budget_at (LkFakeClock *clock, LkTime wall)
{
  lk_fake_clock_init (clock, wall);
  return lk_budget_new (&clock->clock, windows, G_N_ELEMENTS (windows));
}

static void
spend (LkBudget *budget, guint requests)
{
  for (guint i = 0; i < requests; i++)
    lk_budget_spend (budget);
}

/* RECORD as the one before leaves it: 20 requests at the start, 30 more from 90 s on. */
static void
leave_behind (LkNexudusAccount *record)
{
  LkFakeClock clock;
  g_autoptr (LkBudget) budget = budget_at (&clock, start);

  spend (budget, 20);
  lk_fake_clock_advance (&clock, 90 * LK_SECOND);
  spend (budget, 30);
  lk_fake_clock_advance (&clock, 10 * LK_SECOND);
  spent_note (budget, &clock.clock, record);
}

static void
test_by_the_minute (void)
{
  g_auto (LkNexudusAccount) record = { 0 };

  leave_behind (&record);
  g_assert_cmpuint (record.n_spent, ==, 2);
  g_assert_cmpint (record.spent[0].minute, ==, start);
  g_assert_cmpint (record.spent[0].requests, ==, 20);
  g_assert_cmpint (record.spent[1].minute, ==, start + LK_MINUTE);
  g_assert_cmpint (record.spent[1].requests, ==, 30);
  g_assert_cmpuint (lk_nexudus_account_spent (&record, start + 100 * LK_SECOND), ==, 50);
  g_assert_cmpuint (lk_nexudus_account_spent (&record, start + LK_HOUR + LK_MINUTE), ==, 30);
  g_assert_cmpuint (lk_nexudus_account_spent (&record, start + 3 * LK_HOUR), ==, 0);
}

static void
test_the_next_goes_on (void)
{
  g_auto (LkNexudusAccount) record = { 0 }, again = { 0 };
  LkFakeClock clock;
  g_autoptr (LkBudget) budget = budget_at (&clock, start + 150 * LK_SECOND);

  leave_behind (&record);
  spent_carry (budget, &clock.clock, &record);
  spent_note (budget, &clock.clock, &again);
  g_assert_cmpuint (again.n_spent, ==, record.n_spent);
  for (guint i = 0; i < again.n_spent; i++)
    {
      g_assert_cmpint (again.spent[i].minute, ==, record.spent[i].minute);
      g_assert_cmpint (again.spent[i].requests, ==, record.spent[i].requests);
    }
  lk_fake_clock_advance (&clock, LK_MINUTE);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), ==, 0);
  spend (budget, LIMIT - 50);
  /* The hour is used up, until the first minute of the one before is an hour ago. */
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >=, LK_HOUR - 210 * LK_SECOND);
  lk_fake_clock_advance (&clock, lk_budget_wait_ms (budget, 0));
  g_assert_cmpint (clock.now_wall, <=, start + LK_HOUR + LK_MINUTE + LK_SECOND);
  spend (budget, 20);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >, 0);
}

/* The rate of a minute holds over the change too. */
static void
test_the_last_minute_counts (void)
{
  g_auto (LkNexudusAccount) record = { 0 };
  LkFakeClock clock;
  g_autoptr (LkBudget) budget = budget_at (&clock, start + 101 * LK_SECOND);

  leave_behind (&record);
  spent_carry (budget, &clock.clock, &record);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), >=, 49 * LK_SECOND);
}

/* One that lost the account and has it again: what it spent itself is not counted twice. */
static void
test_own_requests_count_once (void)
{
  g_auto (LkNexudusAccount) record = { 0 }, again = { 0 };
  LkFakeClock clock;
  g_autoptr (LkBudget) budget = budget_at (&clock, start);

  leave_behind (&record);
  spend (budget, 20);
  lk_fake_clock_advance (&clock, 110 * LK_SECOND);
  spend (budget, 5);
  spent_carry (budget, &clock.clock, &record);
  spent_note (budget, &clock.clock, &again);
  g_assert_cmpuint (lk_nexudus_account_spent (&again, start + 110 * LK_SECOND), ==, 50);
}

/* By clocks that are apart nothing is lost, and what is older than the hour does not count. */
static void
test_clocks_apart (void)
{
  g_auto (LkNexudusAccount) record = { 0 };
  LkFakeClock behind, later;
  g_autoptr (LkBudget) one = budget_at (&behind, start - 5 * LK_MINUTE);
  g_autoptr (LkBudget) other = budget_at (&later, start + 2 * LK_HOUR);

  leave_behind (&record);
  spent_carry (one, &behind.clock, &record);
  g_assert_cmpuint (lk_budget_count (one, LK_HOUR, 0), ==, 50);
  spent_carry (other, &later.clock, &record);
  g_assert_cmpuint (lk_budget_count (other, LK_HOUR, 0), ==, 0);
}

/* What another program has written there is no reason to stand still for ever. */
static void
test_more_than_can_be (void)
{
  LkSpent much = { start, G_MAXINT64 };
  LkNexudusAccount record = { .spent = &much, .n_spent = 1 };
  LkFakeClock clock;
  g_autoptr (LkBudget) budget = budget_at (&clock, start + LK_MINUTE);

  spent_carry (budget, &clock.clock, &record);
  g_assert_cmpuint (lk_budget_count (budget, LK_HOUR, 0), ==, LIMIT);
  g_assert_cmpint (lk_budget_wait_ms (budget, 0), <=, LK_HOUR + LK_SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spent/by-the-minute", test_by_the_minute);
  g_test_add_func ("/spent/next-goes-on", test_the_next_goes_on);
  g_test_add_func ("/spent/last-minute", test_the_last_minute_counts);
  g_test_add_func ("/spent/own-once", test_own_requests_count_once);
  g_test_add_func ("/spent/clocks-apart", test_clocks_apart);
  g_test_add_func ("/spent/more-than-can-be", test_more_than_can_be);
  return g_test_run ();
}
