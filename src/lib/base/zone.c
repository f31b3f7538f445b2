/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Time zones. GLib reads the zone's data, but it searches its intervals one by one and does not
 * tell where they begin, so lk_zone_new finds each clock change once, by halving, and keeps a
 * table. Local times are resolved by walking the one or two intervals around them, which makes
 * gaps, overlaps, half-hour changes and skipped days one rule. GLib knows changes up to 2037;
 * before 1970 and after 2037 the nearest known offset holds.
 */
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

#include "civil.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CHANGE 0                      /* s: 1970 */
#define LAST_CHANGE G_GINT64_CONSTANT (2145916800) /* s: 2038 */
#define LOCAL_REACH (50 * LK_HOUR)          /* more than any offset plus a skipped day */

typedef struct
{
  LkTime start; /* of the interval, UTC */
  gint64 offset; /* ms east of UTC */
} Interval;

struct _LkZone
{
  char *name;
  Interval *intervals; /* in order; the first has no beginning, the last no end */
  guint n;
};

static const char *
zone_folder (void)
{
  const char *folder = g_getenv ("TZDIR"); /* the same as GLib looks in */

  return folder != NULL && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

/* Names as IANA writes them. Keeps out what GLib would take as well: offsets ("+01:00"), rules
 * ("CET-1CEST"), paths out of the folder, and the trees that count leap seconds. */
static gboolean
name_is_sane (const char *name)
{
  if (!g_ascii_isalpha (*name) || strlen (name) > 64 || strstr (name, "//") != NULL)
    return FALSE;
  if (g_str_has_prefix (name, "right/") || g_str_has_prefix (name, "posix/")
      || strcmp (name, "localtime") == 0 || strcmp (name, "posixrules") == 0)
    return FALSE;
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("_+-/", *c) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
has_data (const char *name)
{
  g_autofree char *path = g_build_filename (zone_folder (), name, NULL);
  char magic[4] = "";
  FILE *file = fopen (path, "rbe");
  gsize n;

  if (file == NULL)
    return FALSE;
  n = fread (magic, 1, sizeof magic, file); /* a folder opens, but cannot be read */
  (void) fclose (file);                     /* only read from */
  return n == sizeof magic && memcmp (magic, "TZif", 4) == 0;
}

/* The nearest of the names in zone.tab, or NULL. Free with g_free. */
static char *
near_name (const char *name)
{
  g_autofree char *path = g_build_filename (zone_folder (), "zone.tab", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) columns = g_strsplit (*line, "\t", 4);

      if (**line != '#' && g_strv_length (columns) >= 3)
        g_ptr_array_add (names, g_strdup (columns[2]));
    }
  return g_strdup (lk_nearest (name, (const char *const *) names->pdata, names->len));
}

static void
add_interval (GArray *intervals, GTimeZone *tz, gint64 start, int index)
{
  Interval interval = { start * LK_SECOND, g_time_zone_get_offset (tz, index) * LK_SECOND };

  /* Changes of the abbreviation alone are none to us. */
  if (intervals->len == 0
      || g_array_index (intervals, Interval, intervals->len - 1).offset != interval.offset)
    g_array_append_val (intervals, interval);
}

/* Adds the intervals that begin in (LOW, HIGH]; AT_LOW and AT_HIGH are GLib's interval numbers
 * there, which grow with time. */
static void
find_changes (GArray *intervals, GTimeZone *tz, gint64 low, int at_low, gint64 high, int at_high)
{
  while (at_low != at_high)
    {
      gint64 left = low, right = high;
      int at_right = at_high;

      while (right - left > 1)
        {
          gint64 middle = left + (right - left) / 2;
          int at_middle = g_time_zone_find_interval (tz, G_TIME_TYPE_UNIVERSAL, middle);

          if (at_middle == at_low)
            left = middle;
          else
            {
              right = middle;
              at_right = at_middle;
            }
        }
      add_interval (intervals, tz, right, at_right);
      low = right;
      at_low = at_right;
    }
}

LkZone *
lk_zone_new (const char *name, GError **error)
{
  g_autoptr (GTimeZone) tz = NULL;
  GArray *intervals;
  LkZone *zone;
  int first, last;

  if (name_is_sane (name) && has_data (name))
    tz = g_time_zone_new_identifier (name);
  if (tz == NULL)
    {
      g_autofree char *near = near_name (name);
      g_autofree char *shown = g_strescape (name, NULL);

      if (!g_file_test (zone_folder (), G_FILE_TEST_IS_DIR) || !has_data ("UTC"))
        lk_fail (error, LK_ERROR_CONFIG,
                 "no time zone data in '%s', so zone '%s' is unknown: install tzdata",
                 zone_folder (), shown);
      else if (near != NULL)
        lk_fail (error, LK_ERROR_CONFIG, "unknown zone '%s' (did you mean '%s'?)", shown, near);
      else
        lk_fail (error, LK_ERROR_CONFIG,
                 "unknown zone '%s': expected an IANA name like 'Europe/Madrid'", shown);
      return NULL;
    }

  intervals = g_array_new (FALSE, FALSE, sizeof (Interval));
  first = g_time_zone_find_interval (tz, G_TIME_TYPE_UNIVERSAL, FIRST_CHANGE);
  last = g_time_zone_find_interval (tz, G_TIME_TYPE_UNIVERSAL, LAST_CHANGE);
  add_interval (intervals, tz, FIRST_CHANGE, first);
  find_changes (intervals, tz, FIRST_CHANGE, first, LAST_CHANGE, last);
  g_array_index (intervals, Interval, 0).start = G_MININT64;

  zone = g_new0 (LkZone, 1);
  zone->name = g_strdup (name);
  zone->n = intervals->len;
  zone->intervals = (Interval *) (gpointer) g_array_free (intervals, FALSE);
  return zone;
}

void
lk_zone_free (LkZone *zone)
{
  if (zone == NULL)
    return;
  g_free (zone->name);
  g_free (zone->intervals);
  g_free (zone);
}

const char *
lk_zone_name (const LkZone *zone)
{
  return zone->name;
}

/* The interval that TIME is in. */
static guint
interval_at (const LkZone *zone, LkTime time)
{
  guint low = 0, high = zone->n; /* the answer is in [low, high) */

  while (high - low > 1)
    {
      guint middle = low + (high - low) / 2;

      if (zone->intervals[middle].start <= time)
        low = middle;
      else
        high = middle;
    }
  return low;
}

/* The first instant that the local clock shows LOCAL (ms since 1970 on that clock), or, when it
 * jumps over it, the instant of the jump. */
static LkTime
resolve (const LkZone *zone, gint64 local)
{
  guint i = interval_at (zone, local - LOCAL_REACH);

  for (;; i++)
    {
      LkTime time = local - zone->intervals[i].offset;

      if (i > 0 && time < zone->intervals[i].start)
        return zone->intervals[i].start;
      if (i + 1 == zone->n || time < zone->intervals[i + 1].start)
        return time;
    }
}

static gint64
local_time (const LkZone *zone, LkTime time)
{
  return time + zone->intervals[interval_at (zone, time)].offset;
}

LkTime
lk_zone_next_local (const LkZone *zone, LkTime after, int minutes)
{
  /* A change that crosses midnight may put the answer on any of the neighbouring dates. */
  gint64 day = lk_floor_div (local_time (zone, after), LK_DAY) - 1;
  LkTime time;

  g_assert (minutes >= 0 && minutes < 24 * 60);
  do
    time = resolve (zone, day++ * LK_DAY + minutes * LK_MINUTE);
  while (time <= after);
  return time;
}

LkTime
lk_zone_day_start (const LkZone *zone, LkTime utc_midnight)
{
  return resolve (zone, lk_floor_div (utc_midnight, LK_DAY) * LK_DAY);
}

LkTime
lk_zone_day_end (const LkZone *zone, LkTime utc_midnight)
{
  return resolve (zone, (lk_floor_div (utc_midnight, LK_DAY) + 1) * LK_DAY);
}

const char *
lk_zone_date (const LkZone *zone, LkTime time, int cutoff, char buf[16])
{
  gint64 day = lk_floor_div (local_time (zone, time), LK_DAY) + 1;
  int year, month, date;

  /* By the same instants as lk_zone_next_local, so that in an overlap the date does not go back. */
  while (resolve (zone, day * LK_DAY + cutoff * LK_MINUTE) > time)
    day--;
  lk_civil_from_days (day, &year, &month, &date);
  (void) g_snprintf (buf, 16, "%04d-%02d-%02d", CLAMP (year, 0, 9999), month, date);
  return buf;
}

const char *
lk_zone_clock (const LkZone *zone, LkTime time, char buf[8])
{
  gint64 local = local_time (zone, time);
  gint64 minutes = (local - lk_floor_div (local, LK_DAY) * LK_DAY) / LK_MINUTE;

  (void) g_snprintf (buf, 8, "%02d:%02d", (int) (minutes / 60), (int) (minutes % 60));
  return buf;
}
