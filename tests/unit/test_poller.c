/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Routing, verdicts and pauses of the poller as tables (design §7). Links base and model only.
 */
#include "../../src/poller/diff.h"
#include "../../src/poller/pause.h"
#include "../../src/poller/revision.h"
#include "../../src/poller/route.h"
#include "../../src/poller/schedule.h"
#include "../../src/poller/uids.h"

static const gint64 businesses[] = { 10, 20, 30 };
static const RouteSpaces spaces = { businesses, G_N_ELEMENTS (businesses) };

static void
assert_spaces (const GArray *found, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < found->len; i++)
    g_string_append_printf (text, "%s%u", i == 0 ? "" : " ", g_array_index (found, guint, i));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_route_pass (void)
{
  static const struct
  {
    gint64 locations[3];
    guint n;
    gint64 business;
    gboolean network;
    const char *spaces;
  } rows[] = {
    { { 0 }, 0, 20, FALSE, "1" },            /* its own location */
    { { 0 }, 0, 99, FALSE, "" },             /* of no space of ours */
    { { 0 }, 0, 99, TRUE, "0 1 2" },         /* a network location */
    { { 10, 30 }, 2, 20, FALSE, "0 2" },     /* the list says where, not the owner */
    { { 10, 30 }, 2, 99, TRUE, "0 2" },      /* even of a network */
    { { 30, 10, 30 }, 3, 20, FALSE, "0 2" }, /* each space once */
    { { 77 }, 1, 20, FALSE, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (guint));
      route_pass_type (&spaces, rows[i].locations, rows[i].n, rows[i].business, rows[i].network,
                       out);
      assert_spaces (out, rows[i].spaces);
    }
}

static void
test_route_business (void)
{
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (guint));

  route_business (&spaces, 30, out);
  assert_spaces (out, "2");
  route_business (&spaces, 0, out);
  route_business (&spaces, 77, out);
  assert_spaces (out, "2");
}

#define NOW (100 * LK_DAY)

static LkPass
pass_of (gint64 revision, gboolean used, LkTime used_at)
{
  return (LkPass){ .pass = 17,
                   .member = 9001,
                   .space = (char *) "moncloa",
                   .revision = revision,
                   .type = 3001,
                   .minutes = -1,
                   .created_at = NOW - LK_DAY,
                   .expires_at = LK_TIME_NONE,
                   .used = used,
                   .used_at = used_at };
}

static Known
known (const LkPass *pass)
{
  Known out;

  known_of_pass (pass, NOW, 2 * LK_DAY, &out);
  return out;
}

static void
test_judge (void)
{
  const LkPass first = pass_of (5, FALSE, LK_TIME_NONE), again = pass_of (9, FALSE, LK_TIME_NONE);
  const LkPass used = pass_of (9, TRUE, NOW - LK_HOUR), early = pass_of (5, TRUE, NOW - LK_HOUR);
  const LkPass old = pass_of (9, TRUE, NOW - 40 * LK_DAY);
  LkPass gone = pass_of (9, FALSE, LK_TIME_NONE);
  Known stands = known (&first), fresh;

  gone.deleted = TRUE;
  fresh = known (&first);
  g_assert_cmpint (diff_judge (NULL, &fresh, NOW), ==, DIFF_PUBLISH);
  fresh = known (&again);
  g_assert_cmpint (diff_judge (&stands, &fresh, NOW), ==, DIFF_SAME); /* only the revision moved */
  fresh = known (&used);
  g_assert_cmpint (diff_judge (&stands, &fresh, NOW), ==, DIFF_PUBLISH);
  fresh = known (&early); /* read no later than what stands */
  g_assert_cmpint (diff_judge (&stands, &fresh, NOW), ==, DIFF_READ);
  fresh = known (&gone);
  g_assert_cmpint (diff_judge (&stands, &fresh, NOW), ==, DIFF_PUBLISH);
  g_assert_cmpint (diff_judge (NULL, &fresh, NOW), ==, DIFF_SKIP);
  fresh = known (&old);
  g_assert_cmpint (diff_judge (NULL, &fresh, NOW), ==, DIFF_SKIP); /* over for 30 days */
  g_assert_cmpint (diff_judge (&stands, &fresh, NOW), ==, DIFF_PUBLISH);
}

static void
test_revisions (void)
{
  Revisions revisions = { 0 };
  gint64 before, after;

  g_assert_cmpint (revision_of (&revisions, NOW - 5, NOW), ==, NOW - 5);
  revision_written (&revisions, NOW - 5);
  /* Another poller's clock is ahead by a minute. */
  revision_read (&revisions, NOW + LK_MINUTE, NOW);
  before = revision_of (&revisions, NOW, NOW);
  g_assert_cmpint (before, >, NOW + LK_MINUTE);
  revision_written (&revisions, before);
  /* Of two requests, the later has the higher one. */
  g_assert_cmpint (revision_of (&revisions, NOW - 1, NOW + 1), <, before);
  g_assert_cmpint (revision_of (&revisions, NOW + 1, NOW + 2), ==, before + 1);

  /* The clock is set back while a request is on its way. */
  after = revision_of (&revisions, NOW, NOW - 90 * LK_SECOND);
  g_assert_cmpint (after, >, before);
  g_assert_cmpint (after - before, <, LK_SECOND);
  revision_written (&revisions, after);
  g_assert_cmpint (revision_of (&revisions, NOW - 89 * LK_SECOND, NOW - 88 * LK_SECOND), >, after);
  /* And forward again. */
  g_assert_cmpint (revision_of (&revisions, NOW + 2, NOW + 3), >, after);
}

static void
test_sane_revisions (void)
{
  g_assert_true (revision_is_sane (NOW, NOW, NOW));
  g_assert_true (revision_is_sane (NOW + LK_HOUR, NOW, NOW));
  g_assert_false (revision_is_sane (NOW + 2 * LK_DAY, NOW, NOW));
  g_assert_false (revision_is_sane (G_MAXINT64, NOW, NOW));
  g_assert_false (revision_is_sane (G_MAXINT64, G_MAXINT64, NOW));
  /* Our clock is set back by days: what stands goes by the time of its own record. */
  g_assert_true (revision_is_sane (NOW, NOW, NOW - 5 * LK_DAY));
}

static void
test_missing (void)
{
  LkPass pass = pass_of (NOW - LK_HOUR, FALSE, LK_TIME_NONE);
  Known stands = known (&pass);

  g_assert_true (diff_is_missing (&stands, NOW, NOW));
  /* Read after the listing began: it says nothing about it. */
  g_assert_false (diff_is_missing (&stands, NOW - 2 * LK_HOUR, NOW - 2 * LK_HOUR));
  /* Revisions run ahead of the time by two hours: the listing's does too. */
  pass = pass_of (NOW + LK_HOUR, FALSE, LK_TIME_NONE);
  stands = known (&pass);
  g_assert_true (diff_is_missing (&stands, NOW + 2 * LK_HOUR, NOW));
  pass = pass_of (NOW - LK_HOUR, TRUE, NOW - LK_HOUR); /* used: listed for two days more */
  stands = known (&pass);
  g_assert_true (diff_is_missing (&stands, NOW, NOW));
  pass = pass_of (NOW - LK_HOUR, TRUE, NOW - 3 * LK_DAY);
  stands = known (&pass);
  g_assert_false (diff_is_missing (&stands, NOW, NOW));
  pass = pass_of (NOW - LK_HOUR, FALSE, LK_TIME_NONE);
  pass.deleted = TRUE;
  stands = known (&pass);
  g_assert_false (diff_is_missing (&stands, NOW, NOW));

  const LkBooking booking = { .booking = 1,
                              .member = 2,
                              .space = (char *) "moncloa",
                              .revision = NOW - LK_HOUR,
                              .resource = 3,
                              .from = NOW,
                              .until = NOW + 3 * LK_HOUR };
  known_of_booking (&booking, NOW, 0, &stands);
  g_assert_true (diff_is_missing (&stands, NOW, NOW));
  g_assert_false (diff_is_missing (&stands, NOW + 3 * LK_HOUR, NOW + 3 * LK_HOUR)); /* over */
  /* A short one is one too, to its last minutes. */
  g_assert_true (diff_is_missing (&stands, NOW + 150 * LK_MINUTE, NOW + 150 * LK_MINUTE));
  g_assert_true (diff_is_missing (&stands, NOW + 177 * LK_MINUTE, NOW + 177 * LK_MINUTE));
  g_assert_false (diff_is_missing (&stands, NOW + 179 * LK_MINUTE, NOW + 179 * LK_MINUTE));
  /* It opens for two days after its end. */
  known_of_booking (&booking, NOW, 2 * LK_DAY, &stands);
  g_assert_true (diff_is_missing (&stands, NOW + 2 * LK_DAY, NOW + 2 * LK_DAY));
  g_assert_false (diff_is_missing (&stands, NOW + 3 * LK_DAY, NOW + 3 * LK_DAY));
  g_assert_false (diff_is_over (&stands, NOW + 31 * LK_DAY));
  g_assert_true (diff_is_over (&stands, NOW + 33 * LK_DAY));
}

static void
test_over (void)
{
  LkPass pass = pass_of (1, TRUE, NOW - 31 * LK_DAY);
  Known stands;

  known_of_pass (&pass, NOW - 31 * LK_DAY, 2 * LK_DAY, &stands);
  g_assert_true (diff_is_over (&stands, NOW));
  pass = pass_of (1, FALSE, LK_TIME_NONE);
  known_of_pass (&pass, NOW - 31 * LK_DAY, 2 * LK_DAY, &stands);
  g_assert_false (diff_is_over (&stands, NOW)); /* still gives something */
  pass.deleted = TRUE;
  known_of_pass (&pass, NOW - 31 * LK_DAY, 2 * LK_DAY, &stands);
  g_assert_true (diff_is_over (&stands, NOW));
  known_of_pass (&pass, NOW - 29 * LK_DAY, 2 * LK_DAY, &stands);
  g_assert_false (diff_is_over (&stands, NOW));
}

static void
test_brake_limit (void)
{
  static const struct
  {
    guint count, share, live, limit;
  } rows[] = {
    { 25, 20, 0, 25 },   { 25, 20, 100, 25 },
    { 25, 20, 125, 25 }, { 25, 20, 1000, 200 },
    { 25, 20, 129, 25 }, { 25, 20, 130, 26 },
    { 0, 0, 1000, 0 },   { 0, 100, 7, 7 },
    { 25, 100, 0, 25 },  { 25, 20, 100000000, 20000000 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (diff_brake_limit (rows[i].count, rows[i].share, rows[i].live), ==,
                      rows[i].limit);
}

static void
test_schedule (void)
{
  static const struct
  {
    gint64 poll;
    guint cost, minute, hour;
    gint64 interval;
  } rows[] = {
    { 30000, 10, 100, 4500, 30000 }, /* as configured by default: 1200 an hour */
    { 10000, 10, 100, 4500, 22858 }, /* 3600 an hour would be 80 % of it */
    { 1000, 10, 100, 4500, 22858 },
    { 30000, 60, 100, 4500, 137143 }, /* a cycle of many pages */
    { 1000, 10, 6000, 360000, 1000 },
    { 1000, 10, 60, 360000, 28572 }, /* the minute is what is short */
    { 1000, 10, 0, 0, 102857143 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Schedule plan = schedule_plan (rows[i].poll, rows[i].cost, rows[i].minute, rows[i].hour);
      double cycles = (double) rows[i].cost * LK_HOUR / (double) plan.interval;
      double hour = MAX (rows[i].hour, 1);
      g_test_message ("row %zu: every %" G_GINT64_FORMAT " ms, rows leave %.2f, listings %.2f", i,
                      plan.interval, plan.rows, plan.listing);
      g_assert_cmpint (plan.interval, ==, rows[i].interval);
      /* Rows may bring an hour to 1 - share of its limit; the cycles of that hour fit in. */
      g_assert_cmpfloat (hour * (1 - plan.rows) + cycles, <, hour * 0.96);
      g_assert_cmpfloat (plan.rows, <, plan.listing);
      /* They count what cycles have spent, and still have room in each hour. */
      g_assert_cmpfloat (hour * (1 - plan.listing) - cycles, >, hour * 0.1);
    }
}

static void
test_schedule_hour (void)
{
  static const struct
  {
    gint64 poll, listing;
    guint requests, minute, hour;
    double cycles, listings, rest;
    gint64 listing_ms;
  } rows[] = {
    /* 1200 for cycles; a listing of 48 has 35 a minute beside them. */
    { 30000, LK_HOUR / 2, 48, 100, 4500, 120, 1.91, 3208, 80747 },
    /* 1305 an hour are left to listings, so one of 2000 takes over an hour and a half. */
    { 30000, LK_HOUR / 2, 2000, 100, 4500, 120, 0.49, 2316, 5517241 },
    { 1000, LK_HOUR / 2, 48, 6000, 360000, 3600, 2.0, 323904, 960 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Schedule plan
          = schedule_plan (rows[i].poll, SCHEDULE_CYCLE_REQUESTS, rows[i].minute, rows[i].hour);
      ScheduleHour hour = schedule_hour (&plan, SCHEDULE_CYCLE_REQUESTS, rows[i].requests,
                                         rows[i].listing, rows[i].minute, rows[i].hour);
      g_test_message ("row %zu: %.2f cycles, %.3f listings of %" G_GINT64_FORMAT " ms, rest %.1f",
                      i, hour.cycles, hour.listings, hour.listing_ms, hour.rest);
      g_assert_cmpfloat_with_epsilon (hour.cycles, rows[i].cycles, 0.1);
      g_assert_cmpfloat_with_epsilon (hour.listings, rows[i].listings, 0.01);
      g_assert_cmpfloat_with_epsilon (hour.rest, rows[i].rest, 1);
      g_assert_cmpint (hour.listing_ms, ==, rows[i].listing_ms);
      g_assert_cmpfloat_with_epsilon (hour.rest + hour.cycle_requests + hour.listing_requests,
                                      rows[i].hour, 0.1);
    }
}

/* Days of February 2026: "1-5 8-" are a pause of the days 1 to 5 and one from the 8th on; "3+2h" is
 * an instant, "~" an open beginning. */
static LkTime
day (const char *text)
{
  const LkTime start = G_GINT64_CONSTANT (1769904000000); /* 2026-02-01T00:00:00Z */
  char *rest = NULL;
  gint64 n = g_ascii_strtoll (text, &rest, 10);

  if (rest == text)
    return LK_TIME_NONE;
  return start + (n - 1) * LK_DAY
         + (*rest == '+' ? g_ascii_strtoll (rest + 1, NULL, 10) * LK_HOUR : 0);
}

static void
test_pause (void)
{
  static const struct
  {
    const char *pauses, *now, *chosen;
  } rows[] = {
    { "", "3", "-" },
    { "1-5", "3+12", "1-5" },        /* open */
    { "10-12", "3", "10-12" },       /* to come */
    { "1-2", "9", "1-2" },           /* was: nothing changes when it is over */
    { "20-22 10-12", "3", "10-12" }, /* the next of two */
    { "10-12 1-5", "3+12", "1-5" },  /* the open one, whatever the order */
    { "1-5 10-12", "5+12", "1-5" },  /* a bare date covers its day */
    { "1-5 10-12", "5+22", "1-5" },  /* as it is counted in Madrid, to 23:00 UTC */
    { "1-5 10-12", "5+23", "10-12" },
    { "1-5 10-12", "6", "10-12" },   /* over: the next */
    { "1-2 4-5", "9", "4-5" },       /* all over: the last */
    { "1-5 6-9", "3", "1-9" },       /* they meet */
    { "1-5 3-9 8-10", "3", "1-10" }, /* they overlap */
    { "1-9 2-3", "3", "1-9" },       /* one inside the other */
    { "1-5 1-5", "3", "1-5" },       /* said twice */
    { "1-5 7-9", "3", "1-5" },       /* a day between */
    { "3-", "1", "3-" },             /* without end */
    { "3- 9-12", "10", "3-" },
    { "~-5", "3", "-5" },                    /* without beginning */
    { "5-3 8-9", "1", "8-9" },               /* backwards: none */
    { "1+2-1+6 1+6-1+8", "1+3", "1+2-1+8" }, /* instants */
    { "1+2-1+6 1+7-1+8", "1+6", "1+7-1+8" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (LkZone) zone = lk_zone_new ("Europe/Madrid", &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (GStrv) words = g_strsplit (rows[i].pauses, " ", -1);
      g_auto (GStrv) chosen = g_strsplit (rows[i].chosen, "-", 2);
      Pause pauses[8], found;
      guint n = 0;

      for (; words[n] != NULL; n++)
        {
          g_auto (GStrv) sides = g_strsplit (words[n], "-", 2);
          pauses[n] = (Pause){ day (sides[0]), day (sides[1]) };
        }
      found = pause_choose (pauses, n, zone, day (rows[i].now));
      g_test_message ("%s at %s", rows[i].pauses, rows[i].now);
      g_assert_cmpint (found.from, ==, day (chosen[0]));
      g_assert_cmpint (found.until, ==, day (chosen[1]));
    }
  /* Without a space there is no zone: days are UTC's. */
  const Pause two[] = { { day ("1"), day ("5") }, { day ("10"), day ("12") } };
  g_assert_cmpint (pause_choose (two, 2, NULL, day ("5+23")).from, ==, day ("1"));
  g_assert_cmpint (pause_choose (two, 2, NULL, day ("6")).from, ==, day ("10"));
}

static void
test_uids (void)
{
  g_autoptr (Uids) uids = uids_new ();

  uids_set (uids, 1, "a");
  uids_set (uids, 1, "a");
  uids_set (uids, 2, "b");
  g_assert_cmpint (uids_find (uids, "a"), ==, 1);
  g_assert_cmpint (uids_find (uids, "b"), ==, 2);
  uids_set (uids, 1, "c"); /* it has another now */
  g_assert_cmpint (uids_find (uids, "a"), ==, 0);
  g_assert_cmpint (uids_find (uids, "c"), ==, 1);
  uids_set (uids, 3, "b"); /* the newer has it */
  g_assert_cmpint (uids_find (uids, "b"), ==, 3);
  uids_drop (uids, 2);
  g_assert_cmpint (uids_find (uids, "b"), ==, 3);
  uids_drop (uids, 1);
  uids_drop (uids, 3);
  uids_drop (uids, 3);
  /* Nothing is left of what has gone. */
  g_assert_cmpuint (uids_count (uids), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/route/pass-type", test_route_pass);
  g_test_add_func ("/route/business", test_route_business);
  g_test_add_func ("/diff/judge", test_judge);
  g_test_add_func ("/revision/of", test_revisions);
  g_test_add_func ("/revision/sane", test_sane_revisions);
  g_test_add_func ("/diff/missing", test_missing);
  g_test_add_func ("/diff/over", test_over);
  g_test_add_func ("/diff/brake-limit", test_brake_limit);
  g_test_add_func ("/schedule/plan", test_schedule);
  g_test_add_func ("/schedule/hour", test_schedule_hour);
  g_test_add_func ("/pause/choose", test_pause);
  g_test_add_func ("/uids", test_uids);
  return g_test_run ();
}
