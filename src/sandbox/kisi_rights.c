/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's role assignments, by which a user gets into a group, with each of the readings that the
 * sources leave open (kisi-api.md §2.8, §4.2 to §4.5).
 */
#include "kisi.h"

#include <string.h>

/* "…T10:00:00" and no more. */
static gboolean
has_zone (const char *text)
{
  const char *time = strchr (text, 'T');
  return time != NULL && strpbrk (time, "Zz+-") != NULL;
}

/* A time of the body: FALSE, answered, when it is none. Absent and null are LK_TIME_NONE. */
static gboolean
read_time (Call *call, const json_t *body, const char *key, LkTime *out)
{
  const json_t *value = json_object_get (body, key);
  LkTime time;
  *out = LK_TIME_NONE;
  if (value == NULL || json_is_null (value))
    return TRUE;
  if (!json_is_string (value)
      || !lk_time_parse (json_string_value (value), json_string_length (value), &time, NULL)
      || (!has_zone (json_string_value (value))
          && switch_is (call->sandbox, SW_KI_ZONELESS, "422")))
    {
      ki_invalid (call, key, "is invalid");
      return FALSE;
    }
  if (switch_is (call->sandbox, SW_KI_PRECISION, "seconds"))
    time -= ((time % LK_SECOND) + LK_SECOND) % LK_SECOND;
  *out = time;
  return TRUE;
}

static json_t *
time_json (LkTime time)
{
  return time == LK_TIME_NONE ? json_null () : json_integer (time);
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
      if (!switch_is (call->sandbox, SW_KI_EXPIRED, "kept") && row_until != LK_TIME_NONE
          && row_until <= sandbox_now (call->sandbox))
        continue;
      ki_taken (call, how, "assignee_id");
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
  KiTable table = g_str_equal (type, "Group") ? KI_GROUPS : KI_PLACES;
  Kisi *kisi = call->sandbox->kisi;
  const Row *user = table_get (ki_rows (kisi, KI_USERS), json_int (grant, "assignee_id", 0));
  const Row *target = table_get (ki_rows (kisi, table), applies_to);
  gboolean is_whole = g_str_equal (type, "Organization");
  gboolean is_there = is_whole || (target != NULL && ki_sees (call, table, target));
  if (user != NULL && is_there)
    return TRUE;
  if (switch_is (call->sandbox, SW_KI_TARGET, "404"))
    ki_not_found (call);
  else
    ki_invalid (call, user == NULL ? "assignee" : "applies_to", "must exist");
  return FALSE;
}

/* Whether the grant itself sends mail when `notify` is left out is open. */
static void
mail_grant (Call *call, const json_t *body, const Row *row)
{
  Kisi *kisi = call->sandbox->kisi;
  const Row *user = table_get (ki_rows (kisi, KI_USERS), row->key1);
  const char *email = user != NULL ? json_text (user->data, "email") : NULL;
  if (email != NULL && json_flag (body, "notify", switch_is (call->sandbox, SW_KI_NOTIFY, "yes")))
    ki_mail (kisi, email);
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
      json_set (grant, "valid_from", time_json (from));
      json_set (grant, "valid_until", time_json (until));
      json_set (grant, "created_by_id", json_integer (login->user_id));
      Row *row = ki_create (kisi, KI_RIGHTS, grant);
      mail_grant (call, body, row);
      ki_log_change (call, KI_RIGHTS, row, "create");
      call_reply (call, 200, ki_render (kisi, KI_RIGHTS, row));
    }
  json_decref (grant);
}

/* FALSE: answered, a window is not changed. */
static gboolean
may_change_times (Call *call)
{
  if (switch_is (call->sandbox, SW_KI_PATCH, "422"))
    ki_invalid (call, "valid_until", "can't be changed");
  else if (switch_is (call->sandbox, SW_KI_PATCH, "403"))
    ki_forbidden (call);
  return call->status == 0;
}

static void
update (Call *call, Row *row)
{
  const json_t *body = ki_body (call, "role_assignment");
  gboolean has_from = json_object_get (body, "valid_from") != NULL;
  gboolean has_until = json_object_get (body, "valid_until") != NULL;
  LkTime from, until;
  if (body == NULL || !read_time (call, body, "valid_from", &from)
      || !read_time (call, body, "valid_until", &until)
      || ((has_from || has_until) && !may_change_times (call)))
    return;
  gboolean takes_all = switch_is (call->sandbox, SW_KI_PATCH, "times");
  gboolean takes_until = takes_all || switch_is (call->sandbox, SW_KI_PATCH, "until_only");
  json_t *fields = json_object ();
  static const char *const names[] = { "role_id", "notify" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_get (body, names[i]) != NULL)
      json_object_set (fields, names[i], json_object_get (body, names[i]));
  if (has_from && takes_all)
    json_set (fields, "valid_from", time_json (from));
  if (has_until && takes_until)
    json_set (fields, "valid_until", time_json (until));
  if (!takes_until || window_allowed (call, from, until))
    {
      ki_merge (call->sandbox->kisi, KI_RIGHTS, row, fields);
      ki_log_change (call, KI_RIGHTS, row, "update");
      call_reply (call, 204, NULL);
    }
  json_decref (fields);
}

static void
destroy (Call *call, Row *row)
{
  gboolean expired = row->until != LK_TIME_NONE && row->until <= sandbox_now (call->sandbox);
  if (expired && switch_is (call->sandbox, SW_KI_EXPIRED_DELETE, "404"))
    ki_not_found (call);
  else if (expired && switch_is (call->sandbox, SW_KI_EXPIRED_DELETE, "422"))
    ki_invalid (call, "base", "The record has expired");
  else
    {
      ki_log_change (call, KI_RIGHTS, row, "destroy");
      ki_remove (call->sandbox->kisi, KI_RIGHTS, row);
      call_reply (call, 204, NULL);
    }
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
  else if (ki_changes (call))
    update (call, row);
  else if (call_is (call, "DELETE"))
    destroy (call, row);
}
