/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The hours at which a type of pass may be used (nexudus-api.md §3.4). Of a slot's times only the
 * clock counts; in which zone, and whether it may go over midnight, is open, so each is a switch.
 */
#include "nexudus.h"

#include <string.h>

/* The clock and day of AT, as slots are meant. */
static gboolean
read_clock (Nexudus *nexudus, gint64 business, LkTime at, char clock[8], GDateWeekday *day)
{
  gboolean utc = switch_is (nexudus->sandbox, SW_NX_SLOT_ZONE, "utc");
  g_autoptr (LkZone) zone = utc ? lk_zone_new ("Etc/UTC", NULL) : nx_zone (nexudus, business);
  char date[16];
  if (zone == NULL)
    return FALSE;
  lk_zone_clock (zone, at, clock);
  lk_zone_date (zone, at, 0, date);
  g_autoptr (GDate) parsed = g_date_new ();
  g_date_set_parse (parsed, date);
  if (!g_date_valid (parsed))
    return FALSE;
  *day = g_date_get_weekday (parsed);
  return TRUE;
}

static gboolean
covers (Nexudus *nexudus, const json_t *slot, const char *clock, GDateWeekday day)
{
  const char *from = json_text (slot, "FromTime"), *to = json_text (slot, "ToTime");
  gint64 weekday = json_int (slot, "DayOfWeek", 0); /* 0 is Sunday */
  gint64 today = day % 7, yesterday = (day + 6) % 7;
  if (from == NULL || to == NULL || strlen (from) < 16 || strlen (to) < 16)
    return FALSE;
  int begins = strncmp (clock, from + 11, 5), ends = strncmp (clock, to + 11, 5);
  if (strncmp (from + 11, to + 11, 5) < 0)
    return weekday == today && begins >= 0 && ends < 0;
  return switch_is (nexudus->sandbox, SW_NX_SLOT_NIGHT, "wraps")
         && ((weekday == today && begins >= 0) || (weekday == yesterday && ends < 0));
}

gboolean
nx_slot_allows (Nexudus *nexudus, gint64 pass_type, gint64 business, LkTime at)
{
  GPtrArray *rows = table_rows_of (nx_table (nexudus, NX_PASS_SLOTS), 2, pass_type);
  char clock[8];
  GDateWeekday day;
  if (rows->len == 0 || !read_clock (nexudus, business, at, clock, &day))
    return TRUE;
  for (guint i = 0; i < rows->len; i++)
    if (covers (nexudus, ((Row *)rows->pdata[i])->data, clock, day))
      return TRUE;
  return FALSE;
}

json_t *
nx_slots_of (Nexudus *nexudus, gint64 pass_type)
{
  GPtrArray *rows = table_rows_of (nx_table (nexudus, NX_PASS_SLOTS), 2, pass_type);
  json_t *out = json_array ();
  for (guint i = 0; i < rows->len; i++)
    json_array_append_new (out, nx_render (nexudus, NX_PASS_SLOTS, rows->pdata[i], FALSE));
  return out;
}
