/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI by HTTP: keys, the rate, from a path to what answers it, the shapes of errors
 * (kisi-api.md §1).
 */
#include "kisi.h"

#include <string.h>

#define KEY_SCHEME "KISI-LOGIN "

void
ki_error (Call *call, guint status, const char *code, const char *message)
{
  call_reply (call, status, json_pack ("{s:s,s:s}", "code", code, "error", message));
}

void
ki_not_found (Call *call)
{
  ki_error (call, 404, "ffffff", "The record could not be found.");
}

void
ki_forbidden (Call *call)
{
  ki_error (call, 403, "fcd8ef", "You are not allowed to do this.");
}

gboolean
ki_changes (const Call *call)
{
  return call_is (call, "PATCH")
         || (call_is (call, "PUT") && switch_is (call->sandbox, SW_KI_PUT, "taken"));
}

void
ki_taken (Call *call, const char *how, const char *field)
{
  if (g_str_has_suffix (how, "409_bare"))
    call_reply (call, 409, NULL);
  else if (g_str_has_suffix (how, "409"))
    ki_error (call, 409, "ffffff", "The record already exists");
  else if (g_str_has_suffix (how, "422_base"))
    ki_invalid (call, "base", "The record already exists");
  else
    ki_invalid (call, field, "has already been taken");
}

void
ki_invalid (Call *call, const char *field, const char *message)
{
  call_reply (call, 422, json_pack ("{s:{s:[s]}}", "errors", field, message));
}

json_t *
ki_body (Call *call, const char *wrapper)
{
  json_t *body = json_object_get (call->body, wrapper);
  if (json_is_object (body))
    return body;
  g_autofree char *text = g_strdup_printf ("param is missing or the value is empty: %s", wrapper);
  ki_error (call, 400, "ffffff", text);
  return NULL;
}

/* --- who, and how often ----------------------------------------------------------------------- */

static gboolean
sees_place (const KiLogin *login, gint64 place)
{
  return login->places == NULL || json_list_has (login->places, place);
}

gboolean
ki_sees (const Call *call, KiTable table, const Row *row)
{
  const KiLogin *login = call->login;
  Kisi *kisi = call->sandbox->kisi;
  const Row *group;
  if (login->places == NULL)
    return TRUE;
  switch (table)
    {
    case KI_PLACES:
      return sees_place (login, row->id);
    case KI_LOCKS:
    case KI_GROUPS:
      return sees_place (login, row->key1);
    case KI_GROUP_LOCKS:
      group = table_get (ki_rows (kisi, KI_GROUPS), row->key1);
      return group != NULL && sees_place (login, group->key1);
    case KI_RIGHTS:
      group = table_get (ki_rows (kisi, KI_GROUPS), row->key2);
      return group != NULL && sees_place (login, group->key1);
    default:
      return TRUE;
    }
}

/* An expired role assignment, by the reading that KISI takes these away itself. */
static gboolean
is_gone (const Call *call, KiTable table, const Row *row)
{
  return table == KI_RIGHTS && row->until != LK_TIME_NONE
         && row->until <= sandbox_now (call->sandbox)
         && switch_is (call->sandbox, SW_KI_EXPIRED, "gone");
}

Row *
ki_find (Call *call, KiTable table, gint64 id)
{
  Row *row = table_get (ki_rows (call->sandbox->kisi, table), id);
  if (row != NULL && ki_sees (call, table, row) && !is_gone (call, table, row))
    return row;
  ki_not_found (call);
  return NULL;
}

static KiLogin *
authenticate (Call *call)
{
  Kisi *kisi = call->sandbox->kisi;
  const char *text = lk_server_header (call->request, "Authorization");
  if (text == NULL || !g_str_has_prefix (text, KEY_SCHEME))
    return NULL;
  KiLogin *login = g_hash_table_lookup (kisi->logins, text + strlen (KEY_SCHEME));
  return login != NULL && table_get (ki_rows (kisi, KI_USERS), login->user_id) != NULL ? login
                                                                                       : NULL;
}

static void
throttle (Call *call)
{
  if (switch_is (call->sandbox, SW_KI_THROTTLE, "retry_after"))
    call_header (call, "Retry-After", "1");
  if (switch_is (call->sandbox, SW_KI_THROTTLE, "json"))
    ki_error (call, 429, "ffffff", "Too many requests.");
  else
    call_reply (call, 429, NULL);
}

static RateShape
rate_shape (const Sandbox *sandbox)
{
  if (switch_is (sandbox, SW_KI_RATE, "fixed"))
    return RATE_FIXED;
  return switch_is (sandbox, SW_KI_RATE, "bucket") ? RATE_BUCKET : RATE_SLIDING;
}

static gboolean
within_rate (Call *call, gint64 user)
{
  Kisi *kisi = call->sandbox->kisi;
  gint64 now = sandbox_steady (call->sandbox);
  gint64 n = call->sandbox->limits[LIM_KI_SECOND];
  gint64 sets = call->sandbox->limits[LIM_KI_EVENT_SETS];
  gboolean is_set = call_is (call, "POST") && g_str_equal (call->path, "/event_sets");
  KiRate *rate = g_hash_table_lookup (kisi->rates, &user);
  if (rate == NULL)
    {
      rate = g_new0 (KiRate, 1);
      g_hash_table_insert (kisi->rates, g_memdup2 (&user, sizeof user), rate);
    }
  RateShape shape = rate_shape (call->sandbox);
  gint64 span = MAX (1, call->sandbox->limits[LIM_KI_RATE_SPAN]);
  gboolean over = rate_window_wait (&rate->calls, shape, n, span, now) > 0;
  gboolean sets_over = is_set && rate_window_wait (&rate->event_sets, shape, sets, span, now) > 0;
  gboolean refused = over || sets_over;
  if (!refused || switch_is (call->sandbox, SW_KI_REFUSED, "counted"))
    {
      rate_window_take (&rate->calls, shape, n, span, now);
      if (is_set)
        rate_window_take (&rate->event_sets, shape, sets, span, now);
    }
  if (refused)
    throttle (call);
  return !refused;
}

/* --- paths ------------------------------------------------------------------------------------ */

void
ki_roles (Call *call)
{
  static const struct
  {
    const char *id, *applies_to, *name;
  } roles[] = {
    { "organization_owner", "Organization", "Organization owner" },
    { "organization_administrator", "Organization", "Organization administrator" },
    { "place_administrator", "Place", "Place administrator" },
    { "group_manager", "Group", "Group manager" },
    { "group_basic", "Group", "Group basic" },
  };
  json_t *out = json_array ();
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    {
      gboolean more = !g_str_equal (roles[i].id, "group_basic");
      json_array_append_new (
          out, json_pack ("{s:s,s:s,s:s,s:s,s:n,s:b,s:n,s:{s:b,s:b,s:b,s:b}}", "id", roles[i].id,
                          "resource_type", "Role", "applies_to", roles[i].applies_to, "name",
                          roles[i].name, "description", "custom", FALSE, "custom_role_id",
                          "permissions", "groups_read", TRUE, "groups_write", more,
                          "role_assignments_read", more, "role_assignments_write", more));
    }
  call_reply (call, 200, out);
}

static void
no_endpoint (Call *call)
{
  ki_error (call, 404, "000404", "The endpoint does not exist, please check your request.");
}

static void
show_user (Call *call)
{
  const KiLogin *login = call->login;
  Kisi *kisi = call->sandbox->kisi;
  const Row *row = table_get (ki_rows (kisi, KI_USERS), login->user_id);
  call_reply (call, 200, ki_render (kisi, KI_USERS, row));
}

static void
event_types (Call *call)
{
  static const char *const types[] = { "lock.unlock",
                                       "lock.opened",
                                       "lock.closed",
                                       "lock.locked",
                                       "lock.forced_open",
                                       "lock.held_open",
                                       "lock.tailgate",
                                       "lock.lock_down",
                                       "lock.cancel_lockdown",
                                       "reader.access",
                                       "role_assignment.create",
                                       "role_assignment.update",
                                       "role_assignment.destroy",
                                       "user.create",
                                       "user.update",
                                       "user.destroy",
                                       "group.create",
                                       "group.update",
                                       "group.destroy",
                                       "group_lock.create",
                                       "group_lock.destroy" };
  json_t *out = json_array ();
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    json_array_append_new (out, json_string (types[i]));
  call_reply (call, 200, out);
}

static void
route (Call *call, char **parts)
{
  const char *first = parts[0];
  int table = first != NULL ? ki_table (first) : -1;
  gboolean alone = first != NULL && parts[1] == NULL && call_is (call, "GET");
  if (first == NULL)
    no_endpoint (call);
  else if (alone && g_str_equal (first, "user"))
    show_user (call);
  else if (alone && g_str_equal (first, "organization"))
    call_reply (call, 200, ki_render_organization (call->sandbox->kisi));
  else if (alone && g_str_equal (first, "organizations"))
    call_reply (call, 200, json_pack ("[o]", ki_render_organization (call->sandbox->kisi)));
  else if (alone && g_str_equal (first, "roles"))
    ki_roles (call);
  else if (g_str_equal (first, "events") && g_strcmp0 (parts[1], "types") == 0
           && call_is (call, "GET"))
    event_types (call);
  else if (g_str_equal (first, "event_sets"))
    ki_event_sets (call, parts + 1);
  else if (table == KI_USERS)
    ki_users (call, parts + 1);
  else if (table == KI_RIGHTS)
    ki_rights (call, parts + 1);
  else if (table >= 0)
    ki_doors (call, table, parts + 1);
  else
    no_endpoint (call);
  if (call->status == 0)
    no_endpoint (call);
}

void
kisi_answer (Call *call)
{
  KiLogin *login = authenticate (call);
  call->login = login;
  if (!within_rate (call, login != NULL ? login->user_id : 0))
    return;
  if (login == NULL)
    {
      ki_error (call, 401, "afc496", "You are not signed in.");
      return;
    }
  if (call->is_bad)
    {
      ki_error (call, 400, "ffffff", "The request body is no JSON.");
      return;
    }
  if (login->read_only && call_writes (call))
    {
      ki_forbidden (call);
      return;
    }
  g_auto (GStrv) parts = g_strsplit (call->path + 1, "/", -1);
  guint n = g_strv_length (parts);
  if (n > 0 && *parts[n - 1] == '\0')
    g_clear_pointer (&parts[n - 1], g_free);
  route (call, parts);
}
