/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Days and texts.
 */
#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY G_GINT64_CONSTANT (86400000)

gboolean
clock_is_date (gint64 time)
{
  return time % DAY == 0;
}

/* The local midnight with which the calendar date DAYS after DATE's begins. */
static gint64
midnight (GTimeZone *zone, gint64 date, int days)
{
  time_t seconds = (time_t) (date / 1000);
  struct tm tm;
  g_autoptr (GDateTime) noon = NULL;
  g_autoptr (GDateTime) day = NULL;
  g_autoptr (GDateTime) start = NULL;

  (void) gmtime_r (&seconds, &tm);
  noon = g_date_time_new (zone, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 12, 0, 0);
  day = g_date_time_add_days (noon, days);
  start = g_date_time_new (zone, g_date_time_get_year (day), g_date_time_get_month (day),
                           g_date_time_get_day_of_month (day), 0, 0, 0);
  return g_date_time_to_unix (start) * 1000;
}

gint64
clock_day_start (GTimeZone *zone, gint64 date)
{
  return midnight (zone, date, 0);
}

gint64
clock_day_end (GTimeZone *zone, gint64 date)
{
  return midnight (zone, date, 1);
}

gint64
clock_next_midnight (GTimeZone *zone, gint64 after)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (after / 1000);
  g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);
  struct tm tm = { .tm_year = g_date_time_get_year (local) - 1900,
                   .tm_mon = g_date_time_get_month (local) - 1,
                   .tm_mday = g_date_time_get_day_of_month (local) };

  return midnight (zone, (gint64) timegm (&tm) * 1000, 1);
}

const char *
clock_text (gint64 time, char buf[32])
{
  time_t seconds = (time_t) (time / 1000);
  int ms = (int) (time % 1000);
  struct tm tm;
  gsize len;

  (void) gmtime_r (&seconds, &tm);
  len = strftime (buf, 32, "%Y-%m-%dT%H:%M:%S", &tm);
  if (ms != 0)
    g_snprintf (buf + len, 32 - len, ".%03d", ms);
  return buf;
}

gboolean
clock_parse (const char *text, gint64 *out)
{
  struct tm tm = { 0 };
  const char *rest = strptime (text, "%Y-%m-%dT%H:%M", &tm);
  int ms = 0;

  if (rest != NULL && *rest == ':')
    rest = strptime (rest, ":%S", &tm);
  if (rest != NULL && *rest == '.')
    {
      int n = 0;
      if (sscanf (rest, ".%3d%n", &ms, &n) != 1 || n != 4)
        return FALSE;
      rest += n;
    }
  if (rest == NULL || (*rest != '\0' && strcmp (rest, "Z") != 0))
    return FALSE;
  *out = (gint64) timegm (&tm) * 1000 + ms;
  return TRUE;
}
