/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who opens which door when (kisi-api.md §4.5, §4.6): the union of a person's groups, each right
 * within its window, each group within its hours; lockdown beats all.
 */
#include "kisi.h"

#include <stdlib.h>
#include <string.h>

json_t *
ki_event (Kisi *kisi, const char *type, const Row *lock, const Row *user, LkTime at,
          const json_t *fields)
{
  g_autofree char *uuid = uuid_text ();
  const char *dot = strchr (type, '.');
  json_t *event = json_object ();

  json_set (event, "uuid", json_string (uuid));
  json_set (event, "type", json_string (type));
  json_set (event, "action", json_string (dot == NULL ? type : dot + 1));
  json_set (event, "object_type", json_string ("Lock"));
  json_set (event, "object_id", json_int_or_null (lock == NULL ? 0 : lock->id));
  json_set (event, "object_name",
            lock == NULL ? json_null () : json_incref (json_object_get (lock->data, "name")));
  json_set (event, "actor_type", user == NULL ? json_null () : json_string ("User"));
  json_set (event, "actor_id", json_int_or_null (user == NULL ? 0 : user->id));
  json_set (event, "actor_name",
            user == NULL ? json_null () : json_incref (json_object_get (user->data, "name")));
  json_set (event, "actor_email",
            user == NULL ? json_null () : json_incref (json_object_get (user->data, "email")));
  json_set (event, "authenticated_by_type", json_null ());
  json_set (event, "authenticated_by_id", json_null ());
  json_set (event, "authorized_by_type", json_null ());
  json_set (event, "authorized_by_id", json_null ());
  json_set (event, "authorized_by_role_id", json_null ());
  json_set (event, "success", json_true ());
  json_set (event, "code", json_null ());
  json_set (event, "error_code", json_null ());
  json_set (event, "error_message", json_null ());
  json_set (event, "message", json_null ());
  json_set (event, "sequence", json_sprintf ("%u", kisi->events->len + 1));
  json_set (event, "organization_id", json_integer (3289));
  json_set (event, "place_id",
            lock == NULL ? json_null ()
                         : json_int_or_null (json_int (lock->data, "place_id", 0)));
  json_set (event, "created_at", json_time_text (at));
  json_set (event, "details", json_object ());
  json_set (event, "via", json_object ());
  json_object_update (event, (json_t *) fields);
  g_ptr_array_add (kisi->events, json_incref (event));
  return event;
}

/* Minutes after local midnight, and the weekday's name. */
static int
local_minute (LkTime at, const char *zone_name, const char **out_day)
{
  static const char *const days[]
      = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (zone_name == NULL ? "UTC" : zone_name);
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (at / LK_SECOND);
  g_autoptr (GDateTime) local
      = zone == NULL ? g_date_time_ref (utc) : g_date_time_to_timezone (utc, zone);

  *out_day = days[g_date_time_get_day_of_week (local) - 1];
  return g_date_time_get_hour (local) * 60 + g_date_time_get_minute (local);
}

static int
minute_of (const char *text)
{
  return text == NULL || strlen (text) < 5 ? 0 : atoi (text) * 60 + atoi (text + 3);
}

/* Whether GROUP's own hours allow AT: any of its enabled schedules, or no restriction at all. */
static gboolean
hours_allow (Kisi *kisi, const Row *group, LkTime at)
{
  const Row *place = table_get (&kisi->tables[KI_PLACES], json_int (group->data, "place_id", 0));
  GPtrArray *rows = table_rows (&kisi->tables[KI_SCHEDULES]);
  const char *day;
  int minute
      = local_minute (at, place == NULL ? NULL : json_text (place->data, "time_zone"), &day);

  if (!json_flag (group->data, "time_restriction_enabled", FALSE))
    return TRUE;
  for (guint i = 0; i < rows->len; i++)
    {
      const json_t *rule = ((Row *) rows->pdata[i])->data;
      if (json_int (rule, "scheduleable_id", 0) == group->id
          && g_strcmp0 (json_text (rule, "scheduleable_type"), "Group") == 0
          && json_flag (rule, "enabled", TRUE) && json_flag (rule, day, FALSE)
          && minute >= minute_of (json_text (rule, "starts_at_time"))
          && minute < minute_of (json_text (rule, "ends_at_time")))
        return TRUE;
    }
  return FALSE;
}

static gboolean
opens_lock (Kisi *kisi, gint64 group, gint64 lock)
{
  GPtrArray *rows = table_rows (&kisi->tables[KI_GROUP_LOCKS]);

  for (guint i = 0; i < rows->len; i++)
    {
      const json_t *one = ((Row *) rows->pdata[i])->data;
      if (json_int (one, "group_id", 0) == group && json_int (one, "lock_id", 0) == lock)
        return TRUE;
    }
  return FALSE;
}

/* NULL: this right opens the door at AT; else KISI's code for why not. */
static const char *
right_refuses (Kisi *kisi, const Row *right, LkTime at)
{
  LkTime from = json_time (right->data, "valid_from"), until = json_time (right->data, "valid_until");
  const Row *group = table_get (&kisi->tables[KI_GROUPS], json_int (right->data, "group_id", 0));

  if (from != LK_TIME_NONE && at < from)
    return "f358de";
  if (until != LK_TIME_NONE
      && (switch_is (kisi->sandbox, SW_KI_END, "inclusive") ? at > until : at >= until))
    return "f35ade";
  if (group == NULL)
    return "fcd8ef";
  return hours_allow (kisi, group, at) ? NULL : "34ffaa";
}

static const char *
decide (Kisi *kisi, const Row *lock, const Row *user, LkTime at, gint64 *out_right)
{
  const Row *place = table_get (&kisi->tables[KI_PLACES], json_int (lock->data, "place_id", 0));
  GPtrArray *rights = table_rows (&kisi->tables[KI_ASSIGNMENTS]);
  const char *code = "fcd8ef";

  *out_right = 0;
  if (user == NULL)
    return "faa9ef";
  if (json_flag (lock->data, "locked_down", FALSE))
    return "fad001";
  if (place != NULL && json_flag (place->data, "locked_down", FALSE))
    return "fad002";
  if (!json_flag (user->data, "access_enabled", TRUE))
    return "fcd8ff";
  for (guint i = 0; i < rights->len; i++)
    {
      const Row *right = rights->pdata[i];
      const char *why;
      if (json_int (right->data, "user_id", 0) != user->id
          || !opens_lock (kisi, json_int (right->data, "group_id", 0), lock->id))
        continue;
      why = right_refuses (kisi, right, at);
      if (why == NULL)
        {
          *out_right = right->id;
          return NULL;
        }
      /* "Not yet" tells more than "no longer" when both are there. */
      if (g_str_equal (code, "fcd8ef") || g_str_equal (why, "f358de"))
        code = why;
    }
  return code;
}

json_t *
ki_unlock (Kisi *kisi, const Row *lock, const Row *user, const char *credential, LkTime at,
           gboolean *out_granted, const char **out_code)
{
  gint64 right = 0;
  const char *code = decide (kisi, lock, user, at, &right);
  json_t *fields = json_object ();
  json_t *event;

  *out_granted = code == NULL;
  *out_code = code;
  json_set (fields, "success", json_boolean (code == NULL));
  json_set (fields, "code", code == NULL ? json_null () : json_string (code));
  json_set (fields, "error_code", code == NULL ? json_null () : json_string (code));
  json_set (fields, "error_message", code == NULL ? json_null () : json_string ("Access denied."));
  json_set (fields, "message", json_string (code == NULL ? "Unlocked!" : "Access denied."));
  json_set (fields, "authenticated_by_type", json_string (credential));
  json_set (fields, "authenticated_by_id", json_integer (9));
  if (right != 0)
    {
      json_set (fields, "authorized_by_type", json_string ("RoleAssignment"));
      json_set (fields, "authorized_by_id", json_integer (right));
      json_set (fields, "authorized_by_role_id", json_string ("group_basic"));
    }
  event = ki_event (kisi, "lock.unlock", lock, user, at, fields);
  json_decref (fields);
  return event;
}
