/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's role assignments, by which a user gets into a group, with each of the readings that the
 * sources leave open (kisi-api.md §2.8, §4.2 to §4.5).
 */
#include "kisi.h"

#include <string.h>

/* A time of the body: FALSE, answered, when it is none. Absent and null are LK_TIME_NONE. */
static gboolean
read_time (Call *call, const json_t *body, const char *key, LkTime *out)
{
  const json_t *value = json_object_get (body, key);
  *out = LK_TIME_NONE;
  if (value == NULL || json_is_null (value))
    return TRUE;
  if (json_is_string (value)
      && lk_time_parse (json_string_value (value), json_string_length (value), out, NULL))
    return TRUE;
  ki_invalid (call, key, "is invalid");
  return FALSE;
}

static gboolean
window_allowed (Call *call, LkTime from, LkTime until)
{
  if (!switch_is (call->sandbox, SW_KI_PAST, "422") || until == LK_TIME_NONE)
    return TRUE;
  if (until > sandbox_now (call->sandbox) && (from == LK_TIME_NONE || until > from))
    return TRUE;
  ki_invalid (call, "valid_until", "must be in the future and after valid_from");
  return FALSE;
}

/* Whether a row of USER in GROUP stands in the way; answered when it does. */
static gboolean
refused_as_duplicate (Call *call, gint64 user, gint64 group, LkTime from, LkTime until)
{
  const char *how = call->sandbox->switches[SW_KI_DUP_RIGHT];
  gboolean equal_only = g_str_has_prefix (how, "equal_window");
  GPtrArray *rows = table_rows_of (ki_rows (call->sandbox->kisi, KI_RIGHTS), 1, user);
  if (g_str_equal (how, "new_row"))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      LkTime row_until = ki_time (row->data, "valid_until");
      if (row->key2 != group)
        continue;
      if (equal_only && (ki_time (row->data, "valid_from") != from || row_until != until))
        continue;
      if (switch_is (call->sandbox, SW_KI_EXPIRED, "dropped") && row_until != LK_TIME_NONE
          && row_until <= sandbox_now (call->sandbox))
        continue;
      if (g_str_has_suffix (how, "409"))
        ki_error (call, 409, "ffffff", "The record already exists");
      else
        ki_invalid (call, "assignee_id", "has already been taken");
      return TRUE;
    }
  return FALSE;
}

/* The documented form, or the older one, as one object; NULL: answered. */
static json_t *
read_grant (Call *call, const json_t *body)
{
  gboolean old
      = json_object_get (body, "user_id") != NULL || json_object_get (body, "group_id") != NULL;
  if (old && switch_is (call->sandbox, SW_KI_CREATE_FORM, "new"))
    {
      ki_invalid (call, "applies_to_type", "can't be blank");
      return NULL;
    }
  gint64 assignee = json_int (body, old ? "user_id" : "assignee_id", 0);
  gint64 applies_to = json_int (body, old ? "group_id" : "applies_to_id", 0);
  const char *assignee_type = old ? "User" : json_text (body, "assignee_type");
  const char *applies_to_type = old ? "Group" : json_text (body, "applies_to_type");
  const char *role = json_text (body, "role_id");
  const char *missing = assignee_type == NULL     ? "assignee_type"
                        : assignee == 0           ? "assignee_id"
                        : applies_to_type == NULL ? "applies_to_type"
                        : applies_to == 0         ? "applies_to_id"
                        : role == NULL            ? "role_id"
                                                  : NULL;
  if (missing != NULL)
    {
      ki_invalid (call, missing, "can't be blank");
      return NULL;
    }
  g_autofree char *prefix = g_ascii_strdown (applies_to_type, -1);
  if (!g_str_has_prefix (role, prefix))
    {
      ki_invalid (call, "role_id", "is invalid");
      return NULL;
    }
  return json_pack ("{s:s,s:s,s:I,s:s,s:I,s:b}", "role_id", role, "applies_to_type",
                    applies_to_type, "applies_to_id", (json_int_t)applies_to, "assignee_type",
                    assignee_type, "assignee_id", (json_int_t)assignee, "notify",
                    json_flag (body, "notify", FALSE));
}

static gboolean
targets_exist (Call *call, const json_t *grant)
{
  gint64 applies_to = json_int (grant, "applies_to_id", 0);
  const char *type = json_text (grant, "applies_to_type");
  if (ki_find (call, KI_USERS, json_int (grant, "assignee_id", 0)) == NULL)
    return FALSE;
  if (g_str_equal (type, "Group"))
    return ki_find (call, KI_GROUPS, applies_to) != NULL;
  if (g_str_equal (type, "Place"))
    return ki_find (call, KI_PLACES, applies_to) != NULL;
  return TRUE;
}

static void
create (Call *call)
{
  Kisi *kisi = call->sandbox->kisi;
  const KiLogin *login = call->login;
  const json_t *body = ki_body (call, "role_assignment");
  LkTime from, until;
  json_t *grant = body != NULL ? read_grant (call, body) : NULL;
  if (grant == NULL)
    return;
  if (targets_exist (call, grant) && read_time (call, body, "valid_from", &from)
      && read_time (call, body, "valid_until", &until) && window_allowed (call, from, until)
      && !refused_as_duplicate (call, json_int (grant, "assignee_id", 0),
                                json_int (grant, "applies_to_id", 0), from, until))
    {
      json_set (grant, "valid_from", from == LK_TIME_NONE ? json_null () : json_integer (from));
      json_set (grant, "valid_until", until == LK_TIME_NONE ? json_null () : json_integer (until));
      json_set (grant, "created_by_id", json_integer (login->user_id));
      Row *row = ki_create (kisi, KI_RIGHTS, grant);
      ki_log_change (call, KI_RIGHTS, row, "create");
      call_reply (call, 200, ki_render (kisi, KI_RIGHTS, row));
    }
  json_decref (grant);
}

static void
update (Call *call, Row *row)
{
  const json_t *body = ki_body (call, "role_assignment");
  gboolean has_times = json_object_get (body, "valid_from") != NULL
                       || json_object_get (body, "valid_until") != NULL;
  LkTime from, until;
  if (body == NULL || !read_time (call, body, "valid_from", &from)
      || !read_time (call, body, "valid_until", &until))
    return;
  if (has_times && switch_is (call->sandbox, SW_KI_PATCH, "422"))
    {
      ki_invalid (call, "valid_until", "can't be changed");
      return;
    }
  json_t *fields = json_object ();
  static const char *const names[] = { "role_id", "notify", "valid_from", "valid_until" };
  guint n = switch_is (call->sandbox, SW_KI_PATCH, "times") ? 4 : 2;
  for (guint i = 0; i < n; i++)
    if (json_object_get (body, names[i]) != NULL)
      json_object_set (fields, names[i], json_object_get (body, names[i]));
  if (n < 4 || window_allowed (call, from, until))
    {
      ki_merge (call->sandbox->kisi, KI_RIGHTS, row, fields);
      ki_log_change (call, KI_RIGHTS, row, "update");
      call_reply (call, 204, NULL);
    }
  json_decref (fields);
}

void
ki_rights (Call *call, char **parts)
{
  Kisi *kisi = call->sandbox->kisi;
  gint64 id = 0;
  if (parts[0] == NULL && call_is (call, "GET"))
    ki_list (call, KI_RIGHTS);
  else if (parts[0] == NULL && call_is (call, "POST"))
    create (call);
  if (parts[0] == NULL || parts[1] != NULL)
    return; /* not answered here: no such endpoint */
  if (!g_ascii_string_to_signed (parts[0], 10, 1, G_MAXINT64, &id, NULL))
    {
      ki_not_found (call);
      return;
    }
  Row *row = ki_find (call, KI_RIGHTS, id);
  if (row == NULL)
    return;
  if (call_is (call, "GET"))
    call_reply (call, 200, ki_render (kisi, KI_RIGHTS, row));
  else if (call_is (call, "PATCH") || call_is (call, "PUT"))
    update (call, row);
  else if (call_is (call, "DELETE"))
    {
      ki_log_change (call, KI_RIGHTS, row, "destroy");
      ki_remove (kisi, KI_RIGHTS, row);
      call_reply (call, 204, NULL);
    }
}
