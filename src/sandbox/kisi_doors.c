/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's places, locks, groups, which group opens which lock, and schedules (kisi-api.md §2.2 to
 * §2.5, §2.12).
 */
#include "kisi.h"

#include <string.h>

static void
set_locked_down (Call *call, Row *lock, gboolean on)
{
  json_t *fields = json_pack ("{s:b,s:o}", "locked_down", on, "locked_down_since",
                              on ? json_integer (sandbox_now (call->sandbox)) : json_null ());
  ki_merge (call->sandbox->kisi, KI_LOCKS, lock, fields);
  json_decref (fields);
  call_reply (call, 204, NULL);
}

static void
act_on_lock (Call *call, Row *lock, const char *action)
{
  Kisi *kisi = call->sandbox->kisi;
  const KiLogin *login = call->login;
  if (!call_is (call, "POST"))
    return;
  if (g_str_equal (action, "unlock"))
    {
      const Row *user = table_get (ki_rows (kisi, KI_USERS), login->user_id);
      KiDecision decision;
      ki_unlock (kisi, user, lock, FALSE, sandbox_now (call->sandbox), &decision);
      if (decision.granted)
        call_reply (call, 200, json_pack ("{s:s}", "message", "Unlocked!"));
      else
        ki_error (call, 403, decision.code, ki_code_text (decision.code));
    }
  else if (g_str_equal (action, "lock_down"))
    set_locked_down (call, lock, TRUE);
  else if (g_str_equal (action, "cancel_lockdown"))
    set_locked_down (call, lock, FALSE);
}

/* Required keys of a create; FALSE: answered. */
static gboolean
is_complete (Call *call, KiTable table, const json_t *body)
{
  static const char *const required[KI_TABLES_][3] = {
    [KI_PLACES] = { "name", "address" },
    [KI_LOCKS] = { "name", "place_id" },
    [KI_GROUPS] = { "name" },
    [KI_GROUP_LOCKS] = { "group_id", "lock_id" },
    [KI_SCHEDULES] = { "scheduleable_type", "scheduleable_id", "consequence" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (required[table]) && required[table][i] != NULL; i++)
    if (json_is_blank (json_object_get (body, required[table][i])))
      {
        ki_invalid (call, required[table][i], "can't be blank");
        return FALSE;
      }
  if (table != KI_GROUP_LOCKS)
    return TRUE;
  if (ki_find (call, KI_GROUPS, json_int (body, "group_id", 0)) == NULL
      || ki_find (call, KI_LOCKS, json_int (body, "lock_id", 0)) == NULL)
    return FALSE;
  if (ki_group_lock (call->sandbox->kisi, json_int (body, "group_id", 0),
                     json_int (body, "lock_id", 0))
      == NULL)
    return TRUE;
  ki_invalid (call, "lock_id", "has already been taken");
  return FALSE;
}

/* Only keys that the resource has: what a client invents is ignored. */
static json_t *
known_fields (Kisi *kisi, KiTable table, const json_t *body)
{
  static const char *const schedule_keys[]
      = { "monday",       "tuesday",        "wednesday",    "thursday", "friday",
          "saturday",     "sunday",         "starts_at",    "ends_at",  "starts_at_time",
          "ends_at_time", "starts_at_date", "ends_at_date", "region",   "observed" };
  json_t *out = json_object ();
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)body, key, value)
  {
    gboolean known = json_object_get (kisi->defaults[table], key) != NULL;
    for (guint i = 0; table == KI_SCHEDULES && i < G_N_ELEMENTS (schedule_keys); i++)
      known |= g_str_equal (schedule_keys[i], key);
    if (known)
      json_object_set (out, key, value);
  }
  return out;
}

static void
create (Call *call, KiTable table)
{
  Kisi *kisi = call->sandbox->kisi;
  const json_t *body = ki_body (call, ki_infos[table].wrapper);
  if (body == NULL || !is_complete (call, table, body))
    return;
  json_t *fields = known_fields (kisi, table, body);
  if (table == KI_SCHEDULES
      && !ki_schedule_check (call, fields, json_object_get (body, "type") != NULL))
    {
      json_decref (fields);
      return;
    }
  Row *row = ki_create (kisi, table, fields);
  json_decref (fields);
  ki_log_change (call, table, row, "create");
  call_reply (call, 200, ki_render (kisi, table, row));
}

static void
change (Call *call, KiTable table, Row *row)
{
  Kisi *kisi = call->sandbox->kisi;
  const json_t *body = ki_body (call, ki_infos[table].wrapper);
  if (body == NULL)
    return;
  json_t *fields = known_fields (kisi, table, body);
  json_object_del (fields, "place_id"); /* which stays */
  if (table == KI_SCHEDULES)
    {
      json_t *whole = json_copy (row->data);
      json_object_update (whole, fields);
      json_decref (fields);
      fields = whole;
      if (!ki_schedule_check (call, fields, TRUE))
        {
          json_decref (fields);
          return;
        }
    }
  ki_merge (kisi, table, row, fields);
  json_decref (fields);
  ki_log_change (call, table, row, "update");
  call_reply (call, 204, NULL);
}

static void
on_one (Call *call, KiTable table, Row *row)
{
  Kisi *kisi = call->sandbox->kisi;
  if (call_is (call, "GET"))
    call_reply (call, 200, ki_render (kisi, table, row));
  else if (ki_changes (call) && table != KI_GROUP_LOCKS)
    change (call, table, row);
  else if (call_is (call, "DELETE"))
    {
      ki_log_change (call, table, row, "destroy");
      ki_remove (kisi, table, row);
      call_reply (call, 204, NULL);
    }
}

void
ki_doors (Call *call, KiTable table, char **parts)
{
  gint64 id = 0;
  if (parts[0] == NULL && call_is (call, "GET"))
    {
      gboolean has_type = lk_server_query (call->request, "scheduleable_type") != NULL;
      gboolean has_id = lk_server_query (call->request, "scheduleable_id") != NULL;
      if (table == KI_GROUP_LOCKS && call_query_int (call, "group_id", 0) == 0)
        ki_error (call, 400, "ffffff", "param is missing or the value is empty: group_id");
      else if (table == KI_SCHEDULES && has_type != has_id)
        ki_error (call, 400, "ffffff", "scheduleable_type and scheduleable_id go together");
      else
        ki_list (call, table);
    }
  else if (parts[0] == NULL && call_is (call, "POST"))
    create (call, table);
  if (parts[0] == NULL)
    return; /* not answered here: no such endpoint */
  if (!g_ascii_string_to_signed (parts[0], 10, 1, G_MAXINT64, &id, NULL))
    {
      ki_not_found (call);
      return;
    }
  Row *row = ki_find (call, table, id);
  if (row == NULL)
    return;
  if (parts[1] == NULL)
    on_one (call, table, row);
  else if (table == KI_LOCKS && parts[2] == NULL)
    act_on_lock (call, row, parts[1]);
}
