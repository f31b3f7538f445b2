/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What KISI asks of a schedule, the hours of a group or a lock (kisi-api.md §2.12).
 */
#include "kisi.h"

#include <string.h>

static const char *const weekdays[]
    = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };

static gboolean
is_clock (const char *text)
{
  return text != NULL && strlen (text) == 5 && text[2] == ':' && g_ascii_isdigit (text[0])
         && g_ascii_isdigit (text[1]) && g_ascii_isdigit (text[3]) && g_ascii_isdigit (text[4])
         && strcmp (text, "24:00") <= 0 && text[3] < '6';
}

static const char *
type_of (const json_t *schedule)
{
  static const char *const begins[][2] = { { "starts_at_time", "recurring_event" },
                                           { "starts_at_date", "single_all_day_event" },
                                           { "starts_at", "single_event" },
                                           { "region", "holiday_calendar" } };
  for (guint i = 0; i < G_N_ELEMENTS (begins); i++)
    if (!json_is_blank (json_object_get (schedule, begins[i][0])))
      return begins[i][1];
  return NULL;
}

/* A window within one day: over midnight it has to be two. */
static gboolean
recurs (Call *call, const json_t *schedule)
{
  const char *from = json_text (schedule, "starts_at_time");
  const char *until = json_text (schedule, "ends_at_time");
  gboolean any = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (weekdays); i++)
    any |= json_flag (schedule, weekdays[i], FALSE);
  if (!any)
    ki_invalid (call, "base", "at least one weekday must be selected");
  else if (!is_clock (from))
    ki_invalid (call, "starts_at_time", "is invalid");
  else if (!is_clock (until) || strcmp (from, until) >= 0)
    ki_invalid (call, "ends_at_time", "must be after starts_at_time");
  return call->status == 0;
}

static gboolean
is_once (Call *call, json_t *schedule)
{
  static const char *const keys[] = { "starts_at", "ends_at" };
  LkTime times[2];
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const json_t *value = json_object_get (schedule, keys[i]);
      times[i]
          = json_is_integer (value) ? ki_time (schedule, keys[i]) : json_time (schedule, keys[i]);
      if (times[i] == LK_TIME_NONE)
        {
          ki_invalid (call, keys[i], "can't be blank");
          return FALSE;
        }
      times[i] -= times[i] % LK_MINUTE; /* seconds are ignored */
      json_set (schedule, keys[i], json_integer (times[i]));
    }
  if (times[0] < times[1])
    return TRUE;
  ki_invalid (call, "ends_at", "must be after starts_at");
  return FALSE;
}

static gboolean
is_days (Call *call, const json_t *schedule)
{
  const char *from = json_text (schedule, "starts_at_date");
  const char *until = json_text (schedule, "ends_at_date");
  if (from != NULL && until != NULL && strcmp (from, until) <= 0)
    return TRUE;
  ki_invalid (call, "ends_at_date", "must not be before starts_at_date");
  return FALSE;
}

gboolean
ki_schedule_check (Call *call, json_t *schedule, gboolean has_type)
{
  const char *type = type_of (schedule);
  KiTable table
      = g_strcmp0 (json_text (schedule, "scheduleable_type"), "Lock") == 0 ? KI_LOCKS : KI_GROUPS;
  if (!has_type && switch_is (call->sandbox, SW_KI_SCHEDULE_TYPE, "required"))
    {
      ki_invalid (call, "type", "can't be blank");
      return FALSE;
    }
  if (type == NULL)
    {
      ki_invalid (call, "type", "is invalid");
      return FALSE;
    }
  if (ki_find (call, table, json_int (schedule, "scheduleable_id", 0)) == NULL)
    return FALSE;
  json_set (schedule, "type", json_string (type));
  if (g_str_equal (type, "recurring_event"))
    return recurs (call, schedule);
  if (g_str_equal (type, "single_event"))
    return is_once (call, schedule);
  return g_str_equal (type, "holiday_calendar") || is_days (call, schedule);
}
