/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Time zones on the days when clocks change: tables of what must come out, and a walk minute by
 * minute over such days that must agree. Also names that are no zones.
 */
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

#include <glib/gstdio.h>
#include <string.h>

static LkTime
at (const char *text)
{
  LkTime time = 0;

  g_assert_true (lk_time_parse (text, strlen (text), &time, NULL));
  return time;
}

static LkZone *
zone_new (const char *name)
{
  g_autoptr (GError) error = NULL;
  LkZone *zone = lk_zone_new (name, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (lk_zone_name (zone), ==, name);
  return zone;
}

static void
assert_time (LkTime got, const char *expected)
{
  char buf[LK_TIME_TEXT];

  g_assert_cmpstr (lk_time_format (got, buf), ==, expected);
}

/* AFTER and a local time of day; the next such instant. All as text. */
static const struct
{
  const char *zone, *after;
  int hour, minute;
  const char *expected;
} next_cases[] = {
  /* spring: 02:00 becomes 03:00 at 01:00 UTC */
  { "Europe/Madrid", "2026-03-28T12:00:00Z", 0, 0, "2026-03-28T23:00:00Z" },
  { "Europe/Madrid", "2026-03-28T12:00:00Z", 1, 59, "2026-03-29T00:59:00Z" },
  { "Europe/Madrid", "2026-03-28T12:00:00Z", 2, 0, "2026-03-29T01:00:00Z" },
  { "Europe/Madrid", "2026-03-28T12:00:00Z", 2, 30, "2026-03-29T01:00:00Z" },
  { "Europe/Madrid", "2026-03-28T12:00:00Z", 3, 0, "2026-03-29T01:00:00Z" },
  { "Europe/Madrid", "2026-03-29T00:59:59.999Z", 2, 30, "2026-03-29T01:00:00Z" },
  { "Europe/Madrid", "2026-03-29T01:00:00Z", 2, 30, "2026-03-30T00:30:00Z" },
  { "Europe/Madrid", "2026-03-29T12:00:00Z", 0, 0, "2026-03-29T22:00:00Z" },
  /* autumn: 03:00 becomes 02:00 at 01:00 UTC */
  { "Europe/Madrid", "2026-10-24T12:00:00Z", 0, 0, "2026-10-24T22:00:00Z" },
  { "Europe/Madrid", "2026-10-24T12:00:00Z", 2, 0, "2026-10-25T00:00:00Z" },
  { "Europe/Madrid", "2026-10-24T12:00:00Z", 2, 30, "2026-10-25T00:30:00Z" },
  { "Europe/Madrid", "2026-10-24T12:00:00Z", 3, 0, "2026-10-25T02:00:00Z" },
  { "Europe/Madrid", "2026-10-25T00:30:00Z", 2, 30, "2026-10-26T01:30:00Z" },
  { "Europe/Madrid", "2026-10-25T00:45:00Z", 2, 30, "2026-10-26T01:30:00Z" },
  { "Europe/Madrid", "2026-10-25T01:15:00Z", 2, 30, "2026-10-26T01:30:00Z" },
  { "Europe/Madrid", "2026-10-25T12:00:00Z", 0, 0, "2026-10-25T23:00:00Z" },
  /* strictly after, and the last minute of a day */
  { "Europe/Madrid", "2026-06-30T22:00:00Z", 0, 0, "2026-07-01T22:00:00Z" },
  { "Europe/Madrid", "2026-06-30T21:59:59.999Z", 0, 0, "2026-06-30T22:00:00Z" },
  { "Europe/Madrid", "2026-06-30T22:00:00Z", 23, 59, "2026-07-01T21:59:00Z" },
  /* 02:00 becomes 03:00 at 07:00 UTC; 02:00 becomes 01:00 at 06:00 UTC */
  { "America/New_York", "2026-03-08T05:00:00Z", 2, 30, "2026-03-08T07:00:00Z" },
  { "America/New_York", "2026-03-08T05:00:00Z", 0, 0, "2026-03-09T04:00:00Z" },
  { "America/New_York", "2026-03-08T07:00:00Z", 2, 30, "2026-03-09T06:30:00Z" },
  { "America/New_York", "2026-11-01T04:00:00Z", 1, 30, "2026-11-01T05:30:00Z" },
  { "America/New_York", "2026-11-01T05:30:00Z", 1, 30, "2026-11-02T06:30:00Z" },
  { "America/New_York", "2026-11-01T04:00:00Z", 2, 0, "2026-11-01T07:00:00Z" },
  { "America/New_York", "2026-11-01T04:00:00Z", 0, 0, "2026-11-02T05:00:00Z" },
  /* half an hour: 02:00 becomes 02:30, 02:00 becomes 01:30 */
  { "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2, 15, "2026-10-03T15:30:00Z" },
  { "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2, 30, "2026-10-03T15:30:00Z" },
  { "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2, 45, "2026-10-03T15:45:00Z" },
  { "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 1, 45, "2026-04-04T14:45:00Z" },
  { "Australia/Lord_Howe", "2026-04-04T14:45:00Z", 1, 45, "2026-04-05T15:15:00Z" },
  { "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2, 0, "2026-04-04T15:30:00Z" },
  /* 30 December 2011 is no day at all */
  { "Pacific/Apia", "2011-12-29T20:00:00Z", 0, 0, "2011-12-30T10:00:00Z" },
  { "Pacific/Apia", "2011-12-29T20:00:00Z", 4, 0, "2011-12-30T10:00:00Z" },
  { "Pacific/Apia", "2011-12-30T10:00:00Z", 4, 0, "2011-12-30T14:00:00Z" },
  { "Pacific/Apia", "2011-12-30T10:00:00Z", 0, 0, "2011-12-31T10:00:00Z" },
  /* the gap is at midnight; so is the overlap */
  { "America/Sao_Paulo", "2018-11-03T12:00:00Z", 0, 0, "2018-11-04T03:00:00Z" },
  { "America/Sao_Paulo", "2018-11-03T12:00:00Z", 0, 30, "2018-11-04T03:00:00Z" },
  { "America/Sao_Paulo", "2018-11-04T03:00:00Z", 0, 0, "2018-11-05T02:00:00Z" },
  { "America/Sao_Paulo", "2018-02-17T12:00:00Z", 0, 0, "2018-02-18T03:00:00Z" },
  { "America/Sao_Paulo", "2018-02-17T12:00:00Z", 23, 30, "2018-02-18T01:30:00Z" },
  { "America/Sao_Paulo", "2018-02-18T01:45:00Z", 23, 30, "2018-02-19T02:30:00Z" },
  { "America/Sao_Paulo", "2018-02-18T02:15:00Z", 0, 0, "2018-02-18T03:00:00Z" },
  { "Asia/Beirut", "2026-03-28T12:00:00Z", 0, 0, "2026-03-28T22:00:00Z" },
  { "Asia/Beirut", "2026-10-24T12:00:00Z", 0, 0, "2026-10-24T22:00:00Z" },
  { "Asia/Beirut", "2026-10-24T12:00:00Z", 23, 30, "2026-10-24T20:30:00Z" },
  /* no changes at all */
  { "UTC", "2026-02-28T23:59:59.999Z", 0, 0, "2026-03-01T00:00:00Z" },
  { "Asia/Kolkata", "2026-09-01T12:00:00Z", 4, 0, "2026-09-01T22:30:00Z" },
  { "Pacific/Kiritimati", "2026-09-01T09:59:00Z", 0, 0, "2026-09-01T10:00:00Z" },
  { "Pacific/Pago_Pago", "2026-09-01T10:59:00Z", 0, 0, "2026-09-01T11:00:00Z" },
  /* far from any data */
  { "Europe/Madrid", "1950-06-01T12:00:00Z", 0, 0, "1950-06-01T23:00:00Z" },
  { "UTC", "9998-06-01T12:00:00Z", 0, 0, "9998-06-02T00:00:00Z" },
};

static void
test_next_local (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (next_cases); i++)
    {
      g_autoptr (LkZone) zone = zone_new (next_cases[i].zone);
      int minutes = next_cases[i].hour * 60 + next_cases[i].minute;

      g_test_message ("%s after %s at %d", next_cases[i].zone, next_cases[i].after, minutes);
      assert_time (lk_zone_next_local (zone, at (next_cases[i].after), minutes),
                   next_cases[i].expected);
    }
}

static const struct
{
  const char *zone, *date, *start, *end;
} day_cases[] = {
  { "Europe/Madrid", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z" }, /* 23 h */
  { "Europe/Madrid", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z" }, /* 25 h */
  { "America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z" },
  { "America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z" },
  { "Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z" },
  { "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z" },
  { "America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z" },
  { "Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z" },
  { "Asia/Beirut", "2026-10-24", "2026-10-23T21:00:00Z", "2026-10-24T22:00:00Z" },
  { "Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z" },
  { "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z" }, /* empty */
  { "Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z" },
  { "UTC", "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z" },
};

static void
test_days (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (day_cases); i++)
    {
      g_autoptr (LkZone) zone = zone_new (day_cases[i].zone);
      g_autofree char *midnight = g_strconcat (day_cases[i].date, "T00:00:00Z", NULL);
      g_autofree char *later = g_strconcat (day_cases[i].date, "T23:59:59.999Z", NULL);

      g_test_message ("%s %s", day_cases[i].zone, day_cases[i].date);
      assert_time (lk_zone_day_start (zone, at (midnight)), day_cases[i].start);
      assert_time (lk_zone_day_end (zone, at (midnight)), day_cases[i].end);
      assert_time (lk_zone_day_start (zone, at (later)), day_cases[i].start);
    }
}

static const struct
{
  const char *zone, *time;
  int cutoff;
  const char *date, *clock;
} date_cases[] = {
  { "Europe/Madrid", "2026-08-31T21:59:59Z", 0, "2026-08-31", "23:59" },
  { "Europe/Madrid", "2026-08-31T22:00:00Z", 0, "2026-09-01", "00:00" },
  { "Europe/Madrid", "2026-09-01T01:59:00Z", 240, "2026-08-31", "03:59" },
  { "Europe/Madrid", "2026-09-01T02:00:00Z", 240, "2026-09-01", "04:00" },
  { "Europe/Madrid", "2026-12-31T23:30:00Z", 60, "2026-12-31", "00:30" },
  { "Europe/Madrid", "2027-01-01T00:00:00Z", 60, "2027-01-01", "01:00" },
  /* the cut-off is in the gap */
  { "Europe/Madrid", "2026-03-29T00:59:59Z", 150, "2026-03-28", "01:59" },
  { "Europe/Madrid", "2026-03-29T01:00:00Z", 150, "2026-03-29", "03:00" },
  /* the cut-off comes twice: the date must not go back with the clock */
  { "Europe/Madrid", "2026-10-25T00:29:00Z", 150, "2026-10-24", "02:29" },
  { "Europe/Madrid", "2026-10-25T00:30:00Z", 150, "2026-10-25", "02:30" },
  { "Europe/Madrid", "2026-10-25T01:10:00Z", 150, "2026-10-25", "02:10" },
  { "Europe/Madrid", "2026-10-25T02:00:00Z", 150, "2026-10-25", "03:00" },
  { "America/Sao_Paulo", "2018-02-18T02:30:00Z", 0, "2018-02-17", "23:30" },
  { "America/Sao_Paulo", "2018-11-04T03:00:00Z", 0, "2018-11-04", "01:00" },
  { "Pacific/Apia", "2011-12-30T09:59:00Z", 0, "2011-12-29", "23:59" },
  { "Pacific/Apia", "2011-12-30T10:00:00Z", 0, "2011-12-31", "00:00" },
  { "Australia/Lord_Howe", "2026-10-03T15:29:00Z", 0, "2026-10-04", "01:59" },
  { "Australia/Lord_Howe", "2026-10-03T15:30:00Z", 0, "2026-10-04", "02:30" },
  { "America/New_York", "1969-12-31T23:59:00Z", 0, "1969-12-31", "18:59" },
};

static void
test_dates (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (date_cases); i++)
    {
      g_autoptr (LkZone) zone = zone_new (date_cases[i].zone);
      LkTime time = at (date_cases[i].time);
      char date[16], clock[8];

      g_test_message ("%s %s", date_cases[i].zone, date_cases[i].time);
      g_assert_cmpstr (lk_zone_date (zone, time, date_cases[i].cutoff, date), ==,
                       date_cases[i].date);
      g_assert_cmpstr (lk_zone_clock (zone, time, clock), ==, date_cases[i].clock);
    }
}

/* Days on which clocks change, or don't. */
static const struct
{
  const char *zone, *day;
} walks[] = {
  { "Europe/Madrid", "2026-03-29T00:00:00Z" },      { "Europe/Madrid", "2026-10-25T00:00:00Z" },
  { "America/New_York", "2026-03-08T00:00:00Z" },   { "America/New_York", "2026-11-01T00:00:00Z" },
  { "Australia/Lord_Howe", "2026-04-05T00:00:00Z" }, { "Australia/Lord_Howe", "2026-10-04T00:00:00Z" },
  { "America/Sao_Paulo", "2018-02-18T00:00:00Z" },  { "America/Sao_Paulo", "2018-11-04T00:00:00Z" },
  { "Asia/Beirut", "2026-03-29T00:00:00Z" },        { "Asia/Beirut", "2026-10-25T00:00:00Z" },
  { "Pacific/Apia", "2011-12-30T00:00:00Z" },       { "Europe/Dublin", "2026-10-25T00:00:00Z" },
  { "Africa/Casablanca", "2026-02-15T00:00:00Z" },  { "America/Havana", "2026-11-01T00:00:00Z" },
  { "America/Nuuk", "2025-03-29T00:00:00Z" },       { "Pacific/Chatham", "2026-04-05T00:00:00Z" },
  { "Asia/Pyongyang", "2018-05-04T00:00:00Z" },     { "America/Caracas", "2016-05-01T00:00:00Z" },
  { "Antarctica/Troll", "2026-03-29T00:00:00Z" },   { "Asia/Kathmandu", "2026-03-29T00:00:00Z" },
};

/* The rule said plainly: the day's cut-off is when a local clock that is watched minute by minute
 * first shows it or something later on that date. */
static void
test_walk (void)
{
  static const int cutoffs[] = { 0, 15, 30, 60, 90, 105, 120, 135, 150, 180, 240, 1380, 1410, 1439 };

  for (guint w = 0; w < G_N_ELEMENTS (walks); w++)
    {
      g_autoptr (LkZone) zone = zone_new (walks[w].zone);
      g_autoptr (GTimeZone) tz = g_time_zone_new_identifier (walks[w].zone);
      LkTime begin = at (walks[w].day) - 4 * LK_DAY, end = begin + 8 * LK_DAY;

      for (guint c = 0; c < G_N_ELEMENTS (cutoffs); c++)
        {
          LkTime last = LK_TIME_NONE;
          gint64 reached = G_MININT64; /* the latest date whose cut-off has come */

          for (LkTime t = begin; t < end; t += LK_MINUTE)
            {
              int index = g_time_zone_find_interval (tz, G_TIME_TYPE_UNIVERSAL, t / LK_SECOND);
              gint64 local = t / LK_SECOND + g_time_zone_get_offset (tz, index);
              gint64 date = (local - cutoffs[c] * 60) / 86400;
              char before[16], after[16];

              if (date <= reached)
                continue;
              if (last != LK_TIME_NONE)
                {
                  g_assert_cmpint (lk_zone_next_local (zone, last, cutoffs[c]), ==, t);
                  g_assert_cmpint (lk_zone_next_local (zone, t - 1, cutoffs[c]), ==, t);
                  (void) lk_zone_date (zone, last, cutoffs[c], before);
                  (void) lk_zone_date (zone, t - 1, cutoffs[c], after);
                  g_assert_cmpstr (before, ==, after); /* one date from cut-off to cut-off */
                  (void) lk_zone_date (zone, t, cutoffs[c], after);
                  g_assert_cmpstr (before, <, after);
                }
              if (reached != G_MININT64) /* the first one was not seen to begin */
                last = t;
              reached = date;
            }
          g_assert_true (last != LK_TIME_NONE);
        }
    }
}

static void
test_unknown (void)
{
  static const struct
  {
    const char *name, *message;
  } cases[] = {
    { "Europe/Madird", "unknown zone 'Europe/Madird' (did you mean 'Europe/Madrid'?)" },
    { "europe/madrid", "unknown zone 'europe/madrid' (did you mean 'Europe/Madrid'?)" },
    { "America/NewYork", "unknown zone 'America/NewYork' (did you mean 'America/New_York'?)" },
    { "Mars/Olympus", "unknown zone 'Mars/Olympus': expected an IANA name like 'Europe/Madrid'" },
    { "", "unknown zone '': expected an IANA name like 'Europe/Madrid'" },
    { "+02:00", "unknown zone '+02:00': expected an IANA name like 'Europe/Madrid'" },
    { "CET-1CEST,M3.5.0,M10.5.0/3",
      "unknown zone 'CET-1CEST,M3.5.0,M10.5.0/3': expected an IANA name like 'Europe/Madrid'" },
    { "/usr/share/zoneinfo/UTC",
      "unknown zone '/usr/share/zoneinfo/UTC': expected an IANA name like 'Europe/Madrid'" },
    { "../zoneinfo/UTC",
      "unknown zone '../zoneinfo/UTC': expected an IANA name like 'Europe/Madrid'" },
    { "Europe", "unknown zone 'Europe': expected an IANA name like 'Europe/Madrid'" },
    { "zone.tab", "unknown zone 'zone.tab': expected an IANA name like 'Europe/Madrid'" },
    { "right/UTC", "unknown zone 'right/UTC': expected an IANA name like 'Europe/Madrid'" },
    { "localtime", "unknown zone 'localtime': expected an IANA name like 'Europe/Madrid'" },
    { "Bad\nZone", "unknown zone 'Bad\\nZone': expected an IANA name like 'Europe/Madrid'" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_zone_new (cases[i].name, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_CONFIG);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
  g_assert_null (lk_zone_new ("Europe/Madird", NULL));
  lk_zone_free (NULL);
}

/* Without zone data nothing is taken for UTC, not even UTC. In a process of its own, since GLib
 * remembers zones. */
static void
test_missing_data (void)
{
  static const char *const names[] = { "Europe/Madrid", "UTC" };

  if (g_test_subprocess ())
    {
      g_autofree char *empty = g_dir_make_tmp ("latchkey-zones-XXXXXX", NULL);

      g_assert_nonnull (empty);
      g_assert_true (g_setenv ("TZDIR", empty, TRUE));
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          g_autoptr (GError) error = NULL;
          g_autofree char *expected = g_strdup_printf (
              "no time zone data in '%s', so zone '%s' is unknown: install tzdata", empty,
              names[i]);

          g_assert_null (lk_zone_new (names[i], &error));
          g_assert_error (error, LK_ERROR, LK_ERROR_CONFIG);
          g_assert_cmpstr (error->message, ==, expected);
        }
      g_assert_cmpint (g_rmdir (empty), ==, 0);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/zone/next-local", test_next_local);
  g_test_add_func ("/base/zone/days", test_days);
  g_test_add_func ("/base/zone/dates", test_dates);
  g_test_add_func ("/base/zone/walk", test_walk);
  g_test_add_func ("/base/zone/unknown", test_unknown);
  g_test_add_func ("/base/zone/missing-data", test_missing_data);
  return g_test_run ();
}
