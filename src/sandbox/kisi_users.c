/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's users: found, invited, suspended, deleted (kisi-api.md §2.6, §4.1, §4.2).
 */
#include "kisi.h"

#include <string.h>

void
ki_mail (Kisi *kisi, const char *email)
{
  gpointer n = g_hash_table_lookup (kisi->invitations, email);
  g_hash_table_insert (kisi->invitations, g_strdup (email),
                       GINT_TO_POINTER (GPOINTER_TO_INT (n) + 1));
}

static void
copy_fields (json_t *to, const json_t *from, const char *const *names)
{
  for (; *names != NULL; names++)
    if (json_object_get (from, *names) != NULL)
      json_object_set (to, *names, json_object_get (from, *names));
}

static void
create (Call *call)
{
  static const char *const names[]
      = { "email", "name", "image", "notes", "metadata", "access_enabled", "password_flow_enabled",
          NULL };
  Kisi *kisi = call->sandbox->kisi;
  const json_t *body = ki_body (call, "user");
  if (body == NULL)
    return;
  const char *email = json_text (body, "email");
  if (email == NULL || strchr (email, '@') == NULL)
    {
      ki_invalid (call, "email", "can't be blank or invalid");
      return;
    }
  if (table_by_name (ki_rows (kisi, KI_USERS), email) != NULL)
    {
      ki_taken (call, call->sandbox->switches[SW_KI_DUP_USER], "email");
      return;
    }
  json_t *fields = json_object ();
  copy_fields (fields, body, names);
  json_set (fields, "confirmed", json_boolean (json_flag (body, "confirm", FALSE)));
  g_autofree char *folded = g_utf8_strdown (email, -1);
  const gint64 *former = g_hash_table_lookup (kisi->former, folded);
  if (former != NULL && switch_is (call->sandbox, SW_KI_RECREATED, "same_id"))
    json_set (fields, "id", json_integer (*former));
  Row *row = ki_create (kisi, KI_USERS, fields);
  json_decref (fields);
  if (json_flag (body, "send_emails", TRUE))
    ki_mail (kisi, email);
  ki_log_change (call, KI_USERS, row, "create");
  call_reply (call, 200, ki_render (kisi, KI_USERS, row));
}

static void
update (Call *call, Row *row)
{
  static const char *const names[]
      = { "name", "image", "access_enabled", "password_flow_enabled", "metadata", "notes", NULL };
  const json_t *body = ki_body (call, "user");
  if (body == NULL)
    return;
  json_t *fields = json_object ();
  copy_fields (fields, body, names);
  if (json_text (body, "email") != NULL && !switch_is (call->sandbox, SW_KI_USER_EMAIL, "ignored"))
    {
      if (switch_is (call->sandbox, SW_KI_USER_EMAIL, "422"))
        {
          json_decref (fields);
          ki_invalid (call, "email", "can't be changed");
          return;
        }
      json_object_set (fields, "email", json_object_get (body, "email"));
    }
  ki_merge (call->sandbox->kisi, KI_USERS, row, fields);
  json_decref (fields);
  ki_log_change (call, KI_USERS, row, "update");
  call_reply (call, 204, NULL);
}

static gboolean
owns_a_key (Kisi *kisi, gint64 user)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, kisi->logins);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((KiLogin *)value)->user_id == user && ((KiLogin *)value)->places == NULL)
      return TRUE;
  return FALSE;
}

void
ki_users (Call *call, char **parts)
{
  Kisi *kisi = call->sandbox->kisi;
  gint64 id = 0;
  if (parts[0] == NULL && call_is (call, "GET"))
    ki_list (call, KI_USERS);
  else if (parts[0] == NULL && call_is (call, "POST"))
    create (call);
  if (parts[0] == NULL || parts[1] != NULL)
    return; /* not answered here: no such endpoint */
  if (!g_ascii_string_to_signed (parts[0], 10, 1, G_MAXINT64, &id, NULL))
    {
      ki_not_found (call);
      return;
    }
  Row *row = ki_find (call, KI_USERS, id);
  if (row == NULL)
    return;
  if (call_is (call, "GET"))
    call_reply (call, 200, ki_render (kisi, KI_USERS, row));
  else if (ki_changes (call))
    update (call, row);
  else if (call_is (call, "DELETE") && owns_a_key (kisi, id))
    ki_invalid (call, "base", "The owner can't be removed");
  else if (call_is (call, "DELETE"))
    {
      ki_log_change (call, KI_USERS, row, "destroy");
      ki_remove (kisi, KI_USERS, row);
      call_reply (call, 204, NULL);
    }
}
