/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Whether a door opens: the union of what a user's roles allow at that moment, under what the door
 * demands of everybody (kisi-api.md §4.5, §4.6, Appendix A).
 */
#include "kisi.h"

#include <string.h>

static const struct
{
  const char *code, *text;
} code_texts[] = {
  { "fad001", "The door is locked down." },
  { "fad002", "The place is locked down." },
  { "fcd8ff", "Your access is disabled." },
  { "fcd8ef", "You don't have access to this door." },
  { "f358de", "Your access is not yet valid." },
  { "f35ade", "Your access is no longer valid." },
  { "34ffaa", "You don't have access at this time." },
  { "f01337", "Unlocking by app is off." },
  { "faa9ef", "The card was not found." },
};

const char *
ki_code_text (const char *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (code_texts); i++)
    if (g_strcmp0 (code_texts[i].code, code) == 0)
      return code_texts[i].text;
  return "An unexpected error occurred.";
}

/* --- hours ------------------------------------------------------------------------------------ */

typedef struct
{
  char date[16], clock[8]; /* of the place */
  const char *weekday;
} LocalTime;

static LocalTime
local_time (Kisi *kisi, const Row *lock, LkTime at)
{
  static const char *const days[]
      = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
  const Row *place = table_get (ki_rows (kisi, KI_PLACES), lock->key1);
  const char *name = place != NULL ? json_text (place->data, "time_zone") : NULL;
  if (name == NULL)
    name = json_text (kisi->organization, "time_zone");
  g_autoptr (LkZone) zone = lk_zone_new (name != NULL ? name : "Etc/UTC", NULL);
  LocalTime out = { "", "", days[0] };
  if (zone == NULL)
    zone = lk_zone_new ("Etc/UTC", NULL);
  if (zone == NULL)
    return out;
  lk_zone_date (zone, at, 0, out.date);
  lk_zone_clock (zone, at, out.clock);
  int year = atoi (out.date), month = atoi (out.date + 5), day = atoi (out.date + 8);
  g_autoptr (GDate) date = g_date_new_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year);
  out.weekday = days[g_date_get_weekday (date) - 1];
  return out;
}

static gboolean
schedule_covers (const json_t *schedule, const LocalTime *local, LkTime at)
{
  const char *type = json_text (schedule, "type");
  if (g_strcmp0 (type, "single_event") == 0)
    return ki_time (schedule, "starts_at") <= at && at < ki_time (schedule, "ends_at");
  if (g_strcmp0 (type, "single_all_day_event") == 0)
    return g_strcmp0 (json_text (schedule, "starts_at_date"), local->date) <= 0
           && g_strcmp0 (local->date, json_text (schedule, "ends_at_date")) <= 0;
  return json_flag (schedule, local->weekday, FALSE)
         && g_strcmp0 (json_text (schedule, "starts_at_time"), local->clock) <= 0
         && g_strcmp0 (local->clock, json_text (schedule, "ends_at_time")) < 0;
}

/* Whether an `allow` schedule of the group or lock holds now. */
static gboolean
is_open_hour (Kisi *kisi, const char *type, gint64 id, const Row *lock, LkTime at)
{
  LocalTime local = local_time (kisi, lock, at);
  GPtrArray *rows = table_rows (ki_rows (kisi, KI_SCHEDULES));
  gboolean allowed = FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const json_t *schedule = ((Row *)rows->pdata[i])->data;
      if (g_strcmp0 (json_text (schedule, "scheduleable_type"), type) != 0
          || json_int (schedule, "scheduleable_id", 0) != id
          || g_strcmp0 (json_text (schedule, "consequence"), "allow") != 0
          || !json_flag (schedule, "enabled", TRUE) || !schedule_covers (schedule, &local, at))
        continue;
      if (json_flag (schedule, "override", FALSE))
        return FALSE;
      allowed = TRUE;
    }
  return allowed;
}

/* --- the decision ----------------------------------------------------------------------------- */

/* NULL: the right opens the lock. "": it has nothing to do with it. Else why not. */
static const char *
judge_right (Kisi *kisi, const Row *right, const Row *lock, gboolean card, LkTime at)
{
  if (right->key2 == 0)
    {
      const char *type = json_text (right->data, "applies_to_type");
      gboolean covers = g_strcmp0 (type, "Organization") == 0
                        || (g_strcmp0 (type, "Place") == 0
                            && json_int (right->data, "applies_to_id", 0) == lock->key1);
      return covers ? NULL : "";
    }
  const Row *group = table_get (ki_rows (kisi, KI_GROUPS), right->key2);
  if (group == NULL || ki_group_lock (kisi, right->key2, lock->id) == NULL)
    return "";
  LkTime from = ki_time (right->data, "valid_from"), until = ki_time (right->data, "valid_until");
  gboolean inclusive = switch_is (kisi->sandbox, SW_KI_END, "inclusive");
  if (from != LK_TIME_NONE && at < from)
    return "f358de";
  if (until != LK_TIME_NONE && (inclusive ? at > until : at >= until))
    return "f35ade";
  if (!card && !json_flag (group->data, "login_enabled", TRUE))
    return "f01337";
  if (json_flag (group->data, "time_restriction_enabled", FALSE)
      && !is_open_hour (kisi, "Group", group->id, lock, at))
    return "34ffaa";
  return NULL;
}

/* When nothing opens it, the reason that came nearest is told. */
static int
nearness (const char *code)
{
  static const char *const order[] = { "fcd8ef", "f35ade", "f358de", "f01337", "34ffaa" };
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if (g_str_equal (order[i], code))
      return (int)i;
  return -1;
}

/* The rights of USER that have reached the reader. Unref it. */
static GPtrArray *
known_rights (Kisi *kisi, gint64 user, LkTime at)
{
  gint64 lag = kisi->sandbox->limits[LIM_KI_DOOR_LAG];
  GPtrArray *rows = table_rows_of (ki_rows (kisi, KI_RIGHTS), 1, user);
  if (lag == 0)
    return g_ptr_array_ref (rows);
  GPtrArray *out = g_ptr_array_new ();
  for (guint i = 0; i < rows->len; i++)
    if (ki_time (((Row *)rows->pdata[i])->data, "created_at") + lag <= at)
      g_ptr_array_add (out, rows->pdata[i]);
  for (guint i = 0; i < kisi->ghosts->len; i++)
    {
      KiGhost *ghost = kisi->ghosts->pdata[i];
      if (ghost->table == KI_RIGHTS && ghost->row.key1 == user && at < ghost->gone_at + lag)
        g_ptr_array_add (out, &ghost->row);
    }
  return out;
}

KiDecision
ki_decide (Kisi *kisi, const Row *user, const Row *lock, gboolean card, LkTime at)
{
  const Row *place = table_get (ki_rows (kisi, KI_PLACES), lock->key1);
  const char *why = "fcd8ef";
  if (user == NULL)
    return (KiDecision){ FALSE, "faa9ef", NULL };
  if (json_flag (lock->data, "locked_down", FALSE))
    return (KiDecision){ FALSE, "fad001", NULL };
  if (place != NULL && json_flag (place->data, "locked_down", FALSE))
    return (KiDecision){ FALSE, "fad002", NULL };
  if (!json_flag (user->data, "access_enabled", TRUE))
    return (KiDecision){ FALSE, "fcd8ff", NULL };
  if (json_flag (lock->data, "time_restriction_enabled", FALSE)
      && !is_open_hour (kisi, "Lock", lock->id, lock, at))
    return (KiDecision){ FALSE, "34ffaa", NULL };

  g_autoptr (GPtrArray) rows = known_rights (kisi, user->id, at);
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *right = rows->pdata[i];
      const char *code = judge_right (kisi, right, lock, card, at);
      if (code == NULL)
        return (KiDecision){ TRUE, NULL, right };
      if (nearness (code) > nearness (why))
        why = code;
    }
  return (KiDecision){ FALSE, why, NULL };
}
