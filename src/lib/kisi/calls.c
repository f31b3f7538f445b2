/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The typed requests (kisi-api.md Appendix B). An answer that is well-formed but about something
 * else than was asked for is not usable.
 */
#include "internal.h"

#define LIMIT_USERS 100 /* KISI's maxima, §1.3 */
#define LIMIT       250
#define ROLE        "group_basic"

static gboolean
is_about (const LkKisiCall *call, const LkKisiAnswer *answer)
{
  if (call->shape == LK_KISI_SHAPE_USER)
    {
      const LkKisiUser *user = answer->users->pdata[0];

      return (call->want_id == 0 || user->id == call->want_id)
             && (call->want_email == NULL
                 || (user->email != NULL
                     && g_ascii_strcasecmp (user->email, call->want_email) == 0));
    }
  if (call->shape == LK_KISI_SHAPE_ASSIGNMENT)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[0];

      return (call->want_id == 0 || assignment->id == call->want_id)
             && (call->want_user == 0 || assignment->user_id == call->want_user)
             && (call->want_group == 0 || assignment->group_id == call->want_group);
    }
  if (call->shape == LK_KISI_SHAPE_GROUP)
    return ((const LkKisiGroup *)answer->groups->pdata[0])->id == call->want_id;
  return TRUE;
}

static void
single_next (LkKisiCall *call, LkKisiAnswer *answer, const LkHttpResponse *response)
{
  if (answer->verdict == LK_KISI_OK && !is_about (call, answer))
    kisi_answer_fail (answer, call->writes ? LK_KISI_UNKNOWN : LK_KISI_MALFORMED,
                      g_strdup ("the answer is about something else than was asked for"));
  kisi_finish (call, answer);
}

static LkKisiCall *
single (LkKisi *kisi, LkKisiShape shape, gboolean writes, LkKisiFunc func, gpointer data)
{
  return kisi_call_new (kisi, shape, writes, single_next, func, data);
}

static LkKisiCall *
list (LkKisi *kisi, LkKisiShape shape, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = kisi_call_new (kisi, shape, FALSE, kisi_pages_next, func, data);

  call->reserve = reserve;
  return call;
}

/* GET, PATCH or DELETE of COLLECTION/ID. */
static LkKisiCall *
send_id (LkKisiCall *call, const char *method, const char *collection, gint64 id, const char *body)
{
  g_autofree char *path = g_strdup_printf ("/%s/%" G_GINT64_FORMAT, collection, id);

  if (call->shape != LK_KISI_SHAPE_NONE)
    call->want_id = id;
  kisi_send (call, method, path, body);
  return call;
}

/* --- people ----------------------------------------------------------------------------------- */

LkKisiCall *
lk_kisi_whoami (LkKisi *kisi, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = single (kisi, LK_KISI_SHAPE_USER, FALSE, func, data);

  kisi_send (call, "GET", "/user", NULL);
  return call;
}

LkKisiCall *
lk_kisi_find_user (LkKisi *kisi, const char *email, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = list (kisi, LK_KISI_SHAPE_USERS, reserve, func, data);
  g_autofree char *query = g_uri_escape_string (email, NULL, FALSE); /* '+' too */

  call->want_email = g_strdup (email);
  call->path = g_strconcat ("/users?query=", query, NULL);
  kisi_pages_start (call, LIMIT_USERS);
  return call;
}

LkKisiCall *
lk_kisi_get_user (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return send_id (single (kisi, LK_KISI_SHAPE_USER, FALSE, func, data), "GET", "users", id, NULL);
}

LkKisiCall *
lk_kisi_create_user (LkKisi *kisi,
                     const char *email,
                     const char *name,
                     gboolean invite,
                     LkKisiFunc func,
                     gpointer data)
{
  LkKisiCall *call = single (kisi, LK_KISI_SHAPE_USER, TRUE, func, data);
  g_autoptr (GString) body = g_string_new (NULL);
  LkJsonWriter writer = { body, FALSE };

  call->want_email = g_strdup (email);
  lk_json_begin_object (&writer, NULL);
  lk_json_begin_object (&writer, "user");
  lk_json_string (&writer, "email", email);
  if (name != NULL && name[0] != '\0')
    lk_json_string (&writer, "name", name);
  /* Left out, KISI would mail; `confirm` is for those who never sign in themselves. */
  lk_json_bool (&writer, "send_emails", invite);
  if (!invite)
    lk_json_bool (&writer, "confirm", TRUE);
  lk_json_end_object (&writer);
  lk_json_end_object (&writer);
  kisi_send (call, "POST", "/users", body->str);
  return call;
}

/* --- rights ----------------------------------------------------------------------------------- */

LkKisiCall *
lk_kisi_list_user_assignments (
    LkKisi *kisi, gint64 user_id, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = list (kisi, LK_KISI_SHAPE_ASSIGNMENTS, reserve, func, data);

  call->want_user = user_id;
  call->path = g_strdup_printf (
      "/role_assignments?assignee_type=User&assignee_id=%" G_GINT64_FORMAT, user_id);
  kisi_pages_start (call, LIMIT);
  return call;
}

LkKisiCall *
lk_kisi_list_group_assignments (
    LkKisi *kisi, gint64 group_id, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = list (kisi, LK_KISI_SHAPE_ASSIGNMENTS, reserve, func, data);

  call->want_group = group_id;
  call->path = g_strdup_printf (
      "/role_assignments?applies_to_type=Group&applies_to_id=%" G_GINT64_FORMAT, group_id);
  kisi_pages_start (call, LIMIT);
  return call;
}

LkKisiCall *
lk_kisi_get_assignment (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return send_id (single (kisi, LK_KISI_SHAPE_ASSIGNMENT, FALSE, func, data), "GET",
                  "role_assignments", id, NULL);
}

LkKisiCall *
lk_kisi_create_assignment (
    LkKisi *kisi, gint64 user_id, gint64 group_id, LkWindow window, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = single (kisi, LK_KISI_SHAPE_ASSIGNMENT, TRUE, func, data);
  g_autoptr (GString) body = g_string_new (NULL);
  LkJsonWriter writer = { body, FALSE };

  call->want_user = user_id;
  call->want_group = group_id;
  lk_json_begin_object (&writer, NULL);
  lk_json_begin_object (&writer, "role_assignment");
  lk_json_string (&writer, "applies_to_type", "Group");
  lk_json_int (&writer, "applies_to_id", group_id);
  lk_json_string (&writer, "assignee_type", "User");
  lk_json_int (&writer, "assignee_id", user_id);
  lk_json_string (&writer, "role_id", ROLE);
  lk_json_bool (&writer, "notify", FALSE); /* its default is not known; one mail a person */
  if (window.from != LK_TIME_NONE)
    lk_json_time (&writer, "valid_from", window.from);
  if (window.until != LK_TIME_NONE)
    lk_json_time (&writer, "valid_until", window.until);
  lk_json_end_object (&writer);
  lk_json_end_object (&writer);
  kisi_send (call, "POST", "/role_assignments", body->str);
  return call;
}

LkKisiCall *
lk_kisi_change_assignment (LkKisi *kisi, gint64 id, LkWindow window, LkKisiFunc func, gpointer data)
{
  g_autoptr (GString) body = g_string_new (NULL);
  LkJsonWriter writer = { body, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_begin_object (&writer, "role_assignment");
  lk_json_bool (&writer, "notify", FALSE);
  /* An open end is null here: a key left out would leave the old end as it is. */
  lk_json_time (&writer, "valid_from", window.from);
  lk_json_time (&writer, "valid_until", window.until);
  lk_json_end_object (&writer);
  lk_json_end_object (&writer);
  return send_id (single (kisi, LK_KISI_SHAPE_NONE, TRUE, func, data), "PATCH", "role_assignments",
                  id, body->str);
}

LkKisiCall *
lk_kisi_delete_assignment (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return send_id (single (kisi, LK_KISI_SHAPE_NONE, TRUE, func, data), "DELETE", "role_assignments",
                  id, NULL);
}

/* --- groups and doors ------------------------------------------------------------------------- */

LkKisiCall *
lk_kisi_get_group (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return send_id (single (kisi, LK_KISI_SHAPE_GROUP, FALSE, func, data), "GET", "groups", id, NULL);
}

LkKisiCall *
lk_kisi_list_groups (LkKisi *kisi, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = list (kisi, LK_KISI_SHAPE_GROUPS, reserve, func, data);

  call->path = g_strdup ("/groups");
  kisi_pages_start (call, LIMIT);
  return call;
}

LkKisiCall *
lk_kisi_list_schedules (LkKisi *kisi, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = list (kisi, LK_KISI_SHAPE_SCHEDULES, reserve, func, data);

  call->path = g_strdup ("/schedules?consequence=allow");
  kisi_pages_start (call, LIMIT);
  return call;
}

LkKisiCall *
lk_kisi_list_group_locks (
    LkKisi *kisi, gint64 group_id, double reserve, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = list (kisi, LK_KISI_SHAPE_GROUP_LOCKS, reserve, func, data);

  call->want_group = group_id;
  call->path = g_strdup_printf ("/group_locks?group_id=%" G_GINT64_FORMAT, group_id);
  kisi_pages_start (call, LIMIT);
  return call;
}
