/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's events: what is written down when a door is tried or an API key changes something
 * (kisi-api.md §3.1).
 */
#include "kisi.h"

#include <string.h>

static const char event_defaults[]
    = "{\"uuid\":null,\"type\":null,\"action\":null,\"object_type\":null,\"object_id\":null,"
      "\"object_name\":null,\"actor_type\":null,\"actor_id\":null,\"actor_name\":null,"
      "\"actor_email\":null,\"authenticated_by_type\":null,\"authenticated_by_id\":null,"
      "\"authorized_by_type\":null,\"authorized_by_id\":null,\"authorized_by_role_id\":null,"
      "\"success\":true,\"code\":null,\"error_code\":null,\"error_message\":null,"
      "\"message\":null,\"sequence\":null,\"organization_id\":null,\"place_id\":null,"
      "\"details\":{},\"via\":{}}";

json_t *
ki_event (Kisi *kisi, const char *type, const json_t *fields)
{
  const char *dot = strchr (type, '.');
  g_autofree char *uuid = uuid_text ();
  json_t *event = json_loads (event_defaults, 0, NULL);
  json_set (event, "uuid", json_string (uuid));
  json_set (event, "type", json_string (type));
  json_set (event, "action", json_string (dot != NULL ? dot + 1 : type));
  json_set (event, "sequence", json_sprintf ("%u", kisi->events->len + 1));
  json_object_set (event, "organization_id", json_object_get (kisi->organization, "id"));
  json_set (event, "created_at", json_integer (sandbox_now (kisi->sandbox)));
  json_object_update (event, (json_t *)fields);
  const char *code = json_text (event, "code");
  if (code != NULL)
    {
      json_set (event, "error_code", json_string (code));
      json_set (event, "error_message", json_string (ki_code_text (code)));
      json_set (event, "message", json_string (ki_code_text (code)));
    }
  g_ptr_array_add (kisi->events, event);
  return event;
}

static void
put_actor (json_t *fields, const Row *user)
{
  if (user == NULL)
    return;
  json_set (fields, "actor_type", json_string ("User"));
  json_set (fields, "actor_id", json_integer (user->id));
  json_object_set (fields, "actor_name", json_object_get (user->data, "name"));
  json_object_set (fields, "actor_email", json_object_get (user->data, "email"));
}

void
ki_log_change (Call *call, KiTable table, const Row *row, const char *verb)
{
  Kisi *kisi = call->sandbox->kisi;
  const KiLogin *login = call->login;
  if (ki_infos[table].event == NULL)
    return;
  g_autofree char *type = g_strdup_printf ("%s.%s", ki_infos[table].event, verb);
  json_t *fields = json_object ();
  const char *name = json_text (row->data, "name");
  json_set (fields, "object_type", json_string (ki_infos[table].type));
  json_set (fields, "object_id", json_integer (row->id));
  json_set (fields, "object_name", json_string (name != NULL ? name : ""));
  put_actor (fields, table_get (ki_rows (kisi, KI_USERS), login->user_id));
  json_set (fields, "authenticated_by_type", json_string ("Login"));
  json_set (fields, "authenticated_by_id", json_integer (login->user_id));
  ki_event (kisi, type, fields);
  json_decref (fields);
}

json_t *
ki_unlock (Kisi *kisi, const Row *user, const Row *lock, gboolean card, LkTime at, KiDecision *out)
{
  KiDecision decision = ki_decide (kisi, user, lock, card, at);
  json_t *fields = json_object ();
  json_set (fields, "object_type", json_string ("Lock"));
  json_set (fields, "object_id", json_integer (lock->id));
  json_object_set (fields, "object_name", json_object_get (lock->data, "name"));
  json_set (fields, "place_id", json_int_or_null (lock->key1));
  put_actor (fields, user);
  json_set (fields, "authenticated_by_type", json_string (card ? "Card" : "Login"));
  json_set (fields, "authenticated_by_id", json_int_or_null (user != NULL ? user->id : 0));
  if (decision.right != NULL)
    {
      json_set (fields, "authorized_by_type", json_string ("RoleAssignment"));
      json_set (fields, "authorized_by_id", json_integer (decision.right->id));
      json_object_set (fields, "authorized_by_role_id",
                       json_object_get (decision.right->data, "role_id"));
    }
  json_set (fields, "success", json_boolean (decision.granted));
  if (decision.granted)
    json_set (fields, "message", json_string ("Unlocked!"));
  else
    json_set (fields, "code", json_string (decision.code));
  json_set (fields, "created_at", json_integer (at));
  json_t *event = ki_event (kisi, "lock.unlock", fields);
  json_decref (fields);
  *out = decision;
  return event;
}
