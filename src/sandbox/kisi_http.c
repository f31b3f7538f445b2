/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's HTTP: login, rates, lists, single rows, writes (kisi-api.md §1, §2).
 */
#include "kisi.h"

#include <string.h>

#define OFFSET_MAX 20000

void
ki_error (Call *call, guint status, const char *code, const char *text)
{
  call_reply (call, status, json_pack ("{s:s,s:s}", "code", code, "error", text));
}

void
ki_invalid (Call *call, const char *field, const char *text)
{
  call_reply (call, 422, json_pack ("{s:{s:[s]}}", "errors", field, text));
}

static void
not_found (Call *call)
{
  ki_error (call, 404, "ffffff", "The requested resource could not be found.");
}

/* --- who calls ---------------------------------------------------------------------------------- */

static KisiLogin *
login_of (Call *call)
{
  const char *text = lk_server_header (call->request, "Authorization");
  Kisi *kisi = call->sandbox->kisi;

  if (text == NULL || !g_str_has_prefix (text, "KISI-LOGIN "))
    return NULL;
  for (guint i = 0; i < kisi->logins->len; i++)
    {
      KisiLogin *login = kisi->logins->pdata[i];
      if (g_strcmp0 (login->key, text + strlen ("KISI-LOGIN ")) == 0)
        return login;
    }
  return NULL;
}

static void
throttle (Call *call)
{
  if (switch_is (call->sandbox, SW_KI_THROTTLE, "json"))
    {
      ki_error (call, 429, "ffffff", "Too many requests.");
      return;
    }
  if (switch_is (call->sandbox, SW_KI_THROTTLE, "retry_after"))
    call_header (call, "Retry-After", "1");
  call_reply (call, 429, NULL);
}

/* The rate is per user, whatever the key (kisi-api.md §1.6). */
static gboolean
within_rate (Call *call, const KisiLogin *login)
{
  Kisi *kisi = call->sandbox->kisi;
  KisiRates *rates = g_hash_table_lookup (kisi->rates, &login->user_id);
  gint64 now = g_get_monotonic_time () / 1000;
  gint64 per_second = call->sandbox->limits[LIM_KI_SECOND];
  gint64 sets = call->sandbox->limits[LIM_KI_EVENT_SETS];
  gboolean is_set = call_is (call, "POST") && g_str_equal (call->path, "/event_sets");

  if (rates == NULL)
    {
      rates = g_new0 (KisiRates, 1);
      g_hash_table_insert (kisi->rates, g_memdup2 (&login->user_id, sizeof login->user_id), rates);
    }
  if (rate_window_wait (&rates->calls, per_second, 1000, now) > 0
      || (is_set && rate_window_wait (&rates->event_sets, sets, 1000, now) > 0))
    return FALSE;
  rate_window_take (&rates->calls, per_second, now);
  if (is_set)
    rate_window_take (&rates->event_sets, sets, now);
  return TRUE;
}

/* --- what a login sees -------------------------------------------------------------------------- */

static gboolean
sees_place (const KisiLogin *login, gint64 place)
{
  if (login->places == NULL)
    return TRUE;
  for (guint i = 0; i < login->n_places; i++)
    if (login->places[i] == place)
      return TRUE;
  return FALSE;
}

static gint64
place_of (Kisi *kisi, KiTable table, const Row *row)
{
  const Row *other = NULL;

  if (table == KI_PLACES)
    return row->id;
  if (table == KI_ASSIGNMENTS || table == KI_GROUP_LOCKS)
    other = table_get (&kisi->tables[KI_GROUPS], json_int (row->data, "group_id", 0));
  return json_int (other != NULL ? other->data : row->data, "place_id", 0);
}

static gboolean
sees (Kisi *kisi, const KisiLogin *login, KiTable table, const Row *row)
{
  return table == KI_USERS || sees_place (login, place_of (kisi, table, row));
}

/* --- lists -------------------------------------------------------------------------------------- */

static gboolean
contains_fold (const char *text, const char *part)
{
  g_autofree char *a = g_utf8_strdown (text == NULL ? "" : text, -1);
  g_autofree char *b = g_utf8_strdown (part, -1);

  return strstr (a, b) != NULL;
}

/* `query` is a search: of its words any part counts, so other people come too (§1.4). */
static gboolean
query_finds (const json_t *data, KiTable table, const char *query)
{
  const char *at = strchr (query, '@');
  g_autofree char *part = at == NULL ? g_strdup (query) : g_strndup (query, (gsize) (at - query));

  if (table == KI_USERS)
    return contains_fold (json_text (data, "email"), part)
           || contains_fold (json_text (data, "name"), part)
           || contains_fold (json_text (data, "notes"), part);
  return contains_fold (json_text (data, "name"), query);
}

static gboolean
filter_int (Call *call, const json_t *data, const char *name, const char *key)
{
  const char *text = lk_server_query (call->request, name);

  return text == NULL || g_ascii_strtoll (text, NULL, 10) == json_int (data, key, 0);
}

static gboolean
passes_filters (Call *call, KiTable table, const Row *row)
{
  Kisi *kisi = call->sandbox->kisi;
  const char *query = lk_server_query (call->request, "query");
  const char *email = lk_server_query (call->request, "email");
  const char *ids = lk_server_query (call->request, "ids");
  const json_t *data = row->data;

  if (query != NULL && !query_finds (data, table, query))
    return FALSE;
  if (ids != NULL)
    {
      g_auto (GStrv) list = g_strsplit (ids, ",", -1);
      g_autofree char *own = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
      if (!g_strv_contains ((const char *const *) list, own))
        return FALSE;
    }
  switch (table)
    {
    case KI_USERS:
      if (email == NULL)
        return TRUE;
      return switch_is (call->sandbox, SW_KI_EMAIL, "fuzzy")
                 ? query_finds (data, table, email)
                 : g_ascii_strcasecmp (json_text (data, "email") ? json_text (data, "email") : "",
                                       email)
                       == 0;
    case KI_ASSIGNMENTS:
      if (switch_is (call->sandbox, SW_KI_EXPIRED, "dropped"))
        {
          LkTime until = json_time (data, "valid_until");
          if (until != LK_TIME_NONE && until <= sandbox_now (call->sandbox))
            return FALSE;
        }
      return filter_int (call, data, "user_id", "user_id")
             && filter_int (call, data, "group_id", "group_id")
             && filter_int (call, data, "assignee_id", "user_id")
             && filter_int (call, data, "applies_to_id", "group_id");
    case KI_GROUP_LOCKS:
      return filter_int (call, data, "group_id", "group_id");
    case KI_SCHEDULES:
      return filter_int (call, data, "scheduleable_id", "scheduleable_id");
    default:
      (void) kisi;
      return filter_int (call, data, "place_id", "place_id");
    }
}

static void
add_range (Call *call, gint64 offset, gint64 limit, guint total)
{
  g_autofree char *range = NULL;

  if (total == 0 && switch_is (call->sandbox, SW_KI_RANGE_EMPTY, "absent"))
    return;
  if (total == 0 && switch_is (call->sandbox, SW_KI_RANGE_EMPTY, "star"))
    range = g_strdup ("*/0");
  else
    /* The end that was asked for, not the last row returned (§1.3). */
    range = g_strdup_printf ("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%u", offset,
                             offset + limit - 1, total);
  call_header (call, "X-Collection-Range", range);
}

static gboolean
read_page (Call *call, KiTable table, gint64 *offset, gint64 *limit)
{
  gint64 most = table == KI_USERS ? 100 : 250;
  gint64 usual = table == KI_USERS || table == KI_LOCKS || table == KI_PLACES ? 50 : 10;

  *limit = call_query_int (call, "limit", usual);
  *offset = call_query_int (call, "offset", 0);
  if ((*limit > most || *limit < 1 || *offset > OFFSET_MAX || *offset < 0)
      && !switch_is (call->sandbox, SW_KI_LIMIT, "clamp"))
    {
      if (switch_is (call->sandbox, SW_KI_LIMIT, "422"))
        ki_invalid (call, "limit", "is out of range");
      else
        ki_error (call, 400, "ffffff", "The limit is out of range.");
      return FALSE;
    }
  *limit = CLAMP (*limit, 1, most);
  *offset = CLAMP (*offset, 0, OFFSET_MAX);
  if (call->fault.effect == EFFECT_REPEAT_PAGE)
    *offset = 0;
  if (call->fault.effect == EFFECT_SHIFT && *offset > 0)
    *offset += 1;
  return TRUE;
}

static void
list (Call *call, KiTable table, const KisiLogin *login)
{
  Kisi *kisi = call->sandbox->kisi;
  GPtrArray *rows = table_rows (&kisi->tables[table]);
  json_t *page = json_array ();
  gint64 offset, limit;
  guint total = 0;

  if (!read_page (call, table, &offset, &limit))
    {
      json_decref (page);
      return;
    }
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      if (!sees (kisi, login, table, row) || !passes_filters (call, table, row))
        continue;
      if (total >= offset && total < offset + limit && call->fault.effect != EFFECT_EMPTY_PAGE)
        json_array_append_new (page, ki_render (kisi, table, row));
      total++;
    }
  if (call->fault.effect == EFFECT_MOVING_TOTAL)
    total += call->fault.hits;
  add_range (call, offset, limit, total);
  call_reply (call, 200, page);
}

/* --- writes ------------------------------------------------------------------------------------- */

static void
create_user (Call *call, const json_t *fields)
{
  Kisi *kisi = call->sandbox->kisi;
  const char *email = json_text (fields, "email");
  json_t *own;
  Row *row;

  if (email == NULL || strchr (email, '@') == NULL)
    {
      ki_invalid (call, "email", "can't be blank or invalid");
      return;
    }
  if (ki_user_of_email (kisi, email) != NULL)
    {
      if (switch_is (call->sandbox, SW_KI_DUP_USER, "422"))
        ki_invalid (call, "email", "has already been taken");
      else
        ki_error (call, 409, "ffffff", "The record already exists.");
      return;
    }
  own = json_object ();
  json_object_set (own, "email", json_object_get (fields, "email"));
  json_set (own, "name",
            json_text (fields, "name") == NULL ? json_string ("")
                                               : json_string (json_text (fields, "name")));
  if (json_object_get (fields, "notes") != NULL)
    json_object_set (own, "notes", json_object_get (fields, "notes"));
  row = ki_create (kisi, KI_USERS, own);
  json_decref (own);
  /* Left out, mail is sent (§4.1). */
  if (json_flag (fields, "send_emails", TRUE))
    {
      g_autofree char *address = g_ascii_strdown (email, -1);
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (kisi->invitations, address));
      g_hash_table_replace (kisi->invitations, g_strdup (address), GUINT_TO_POINTER (n + 1));
    }
  call_reply (call, 200, ki_render (kisi, KI_USERS, row));
}

/* 0: a new row may be made; else the status to refuse with. */
static guint
refuses_duplicate (Call *call, const json_t *own)
{
  Kisi *kisi = call->sandbox->kisi;
  GPtrArray *rows = table_rows (&kisi->tables[KI_ASSIGNMENTS]);
  gboolean equal_only = switch_is (call->sandbox, SW_KI_DUP_RIGHT, "equal_window_409")
                        || switch_is (call->sandbox, SW_KI_DUP_RIGHT, "equal_window_422");
  guint status = switch_is (call->sandbox, SW_KI_DUP_RIGHT, "422")
                         || switch_is (call->sandbox, SW_KI_DUP_RIGHT, "equal_window_422")
                     ? 422
                     : 409;

  if (switch_is (call->sandbox, SW_KI_DUP_RIGHT, "new_row"))
    return 0;
  for (guint i = 0; i < rows->len; i++)
    {
      const json_t *other = ((Row *) rows->pdata[i])->data;
      if (json_int (other, "user_id", 0) == json_int (own, "user_id", -1)
          && json_int (other, "group_id", 0) == json_int (own, "group_id", -1)
          && (!equal_only
              || (json_time (other, "valid_from") == json_time (own, "valid_from")
                  && json_time (other, "valid_until") == json_time (own, "valid_until"))))
        return status;
    }
  return 0;
}

static gboolean
window_is_good (Call *call, const json_t *own)
{
  LkTime from = json_time (own, "valid_from"), until = json_time (own, "valid_until");

  if (!switch_is (call->sandbox, SW_KI_PAST, "422") || until == LK_TIME_NONE)
    return TRUE;
  if (until > sandbox_now (call->sandbox) && (from == LK_TIME_NONE || until > from))
    return TRUE;
  ki_invalid (call, "valid_until", "must be in the future and after valid_from");
  return FALSE;
}

static void
create_assignment (Call *call, const json_t *fields, const KisiLogin *login)
{
  Kisi *kisi = call->sandbox->kisi;
  gboolean new_form = json_object_get (fields, "applies_to_id") != NULL;
  gint64 user = json_int (fields, new_form ? "assignee_id" : "user_id", 0);
  gint64 group = json_int (fields, new_form ? "applies_to_id" : "group_id", 0);
  const Row *group_row = table_get (&kisi->tables[KI_GROUPS], group);
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *own;
  guint refused;

  if (!new_form && switch_is (call->sandbox, SW_KI_CREATE_FORM, "new"))
    {
      ki_invalid (call, "applies_to_type", "can't be blank");
      return;
    }
  if (json_text (fields, "role_id") == NULL)
    {
      ki_invalid (call, "role_id", "can't be blank");
      return;
    }
  if (table_get (&kisi->tables[KI_USERS], user) == NULL || group_row == NULL
      || !sees (kisi, login, KI_GROUPS, group_row))
    {
      not_found (call);
      return;
    }
  own = json_object ();
  json_set (own, "user_id", json_integer (user));
  json_set (own, "group_id", json_integer (group));
  json_object_set (own, "role_id", json_object_get (fields, "role_id"));
  json_set (own, "notify", json_boolean (json_flag (fields, "notify", FALSE)));
  json_set (own, "created_by_id", json_integer (login->user_id));
  json_set (own, "valid_from", json_time_text (json_time (fields, "valid_from")));
  json_set (own, "valid_until", json_time_text (json_time (fields, "valid_until")));
  refused = refuses_duplicate (call, own);
  if (refused == 409)
    ki_error (call, 409, "ffffff", "The record already exists");
  else if (refused == 422)
    ki_invalid (call, "user", "has already been taken");
  else if (window_is_good (call, own))
    call_reply (call, 200,
                ki_render (kisi, KI_ASSIGNMENTS, ki_create (kisi, KI_ASSIGNMENTS, own)));
  json_decref (own);
}

static void
create (Call *call, KiTable table, const KisiLogin *login)
{
  static const char *const wrappers[KI_TABLES_] = { "user",       "place",           "lock",    "group",
                                                    "group_lock", "role_assignment", "schedule" };
  Kisi *kisi = call->sandbox->kisi;
  const json_t *fields = json_object_get (call->body, wrappers[table]);

  if (!json_is_object (fields))
    ki_error (call, 400, "ffffff", "The request is malformed.");
  else if (table == KI_USERS)
    create_user (call, fields);
  else if (table == KI_ASSIGNMENTS)
    create_assignment (call, fields, login);
  else if (table != KI_GROUP_LOCKS && table != KI_SCHEDULES && json_text (fields, "name") == NULL)
    ki_invalid (call, "name", "can't be blank");
  else
    call_reply (call, 200, ki_render (kisi, table, ki_create (kisi, table, fields)));
}

static void
patch (Call *call, KiTable table, Row *row)
{
  static const char *const allowed[KI_TABLES_]
      = { "name,image,access_enabled,password_flow_enabled,metadata,notes", "name", "name",
          "name,description,time_restriction_enabled", "", "role_id,notify,valid_from,valid_until",
          "enabled" };
  static const char *const wrappers[KI_TABLES_] = { "user",       "place",           "lock",    "group",
                                                    "group_lock", "role_assignment", "schedule" };
  Kisi *kisi = call->sandbox->kisi;
  const json_t *fields = json_object_get (call->body, wrappers[table]);
  g_auto (GStrv) keys = g_strsplit (allowed[table], ",", -1);
  json_t *own;
  const char *key;
  json_t *value;

  if (!json_is_object (fields))
    {
      ki_error (call, 400, "ffffff", "The request is malformed.");
      return;
    }
  own = json_object ();
  json_object_foreach ((json_t *) fields, key, value)
  {
    gboolean is_time = g_str_has_prefix (key, "valid_");
    if (!g_strv_contains ((const char *const *) keys, key)
        || (is_time && switch_is (call->sandbox, SW_KI_PATCH, "ignored")))
      continue;
    if (is_time && switch_is (call->sandbox, SW_KI_PATCH, "422"))
      {
        json_decref (own);
        ki_invalid (call, key, "can't be changed");
        return;
      }
    json_object_set (own, key, value);
  }
  ki_merge (kisi, table, row, own);
  json_decref (own);
  call_reply (call, 204, NULL);
}

/* --- routes ------------------------------------------------------------------------------------- */

static void
unlock (Call *call, const Row *lock, const KisiLogin *login)
{
  Kisi *kisi = call->sandbox->kisi;
  const Row *user = table_get (&kisi->tables[KI_USERS], login->user_id);
  gboolean granted;
  const char *code;

  json_decref (ki_unlock (kisi, lock, user, "Login", sandbox_now (call->sandbox), &granted, &code));
  if (granted)
    call_reply (call, 200, json_pack ("{s:s}", "message", "Unlocked!"));
  else
    ki_error (call, 403, code, "Access denied.");
}

static void
one (Call *call, KiTable table, gint64 id, const char *action, const KisiLogin *login)
{
  Kisi *kisi = call->sandbox->kisi;
  Row *row = table_get (&kisi->tables[table], id);

  if (row == NULL || !sees (kisi, login, table, row))
    not_found (call);
  else if (action != NULL && table == KI_LOCKS && g_str_equal (action, "unlock")
           && call_is (call, "POST"))
    unlock (call, row, login);
  else if (action != NULL)
    ki_error (call, 404, "000404", "The endpoint does not exist, please check your request.");
  else if (call_is (call, "GET"))
    call_reply (call, 200, ki_render (kisi, table, row));
  else if (call_is (call, "PATCH") || call_is (call, "PUT"))
    patch (call, table, row);
  else if (call_is (call, "DELETE"))
    {
      ki_delete (kisi, table, row);
      call_reply (call, 204, NULL);
    }
  else
    ki_error (call, 404, "000404", "The endpoint does not exist, please check your request.");
}

/* The paths that are no table. TRUE: answered. */
static gboolean
special (Call *call, char **parts, const KisiLogin *login)
{
  Kisi *kisi = call->sandbox->kisi;
  const Row *user = table_get (&kisi->tables[KI_USERS], login->user_id);

  if (g_str_equal (parts[0], "user") && parts[1] == NULL && call_is (call, "GET"))
    {
      if (user == NULL)
        not_found (call);
      else
        call_reply (call, 200, ki_render (kisi, KI_USERS, user));
    }
  else if (g_str_equal (parts[0], "organization") && parts[1] == NULL)
    {
      json_t *out = json_copy (kisi->organization);
      json_set (out, "id", json_integer (3289));
      json_set (out, "resource_type", json_string ("Organization"));
      call_reply (call, 200, out);
    }
  else if (g_str_equal (parts[0], "roles") && parts[1] == NULL)
    call_reply (call, 200,
                json_pack ("[{s:s,s:s,s:s,s:s,s:n,s:b}]", "id", "group_basic", "resource_type",
                           "Role", "applies_to", "Group", "name", "Basic", "description", "custom",
                           0));
  else if (g_str_equal (parts[0], "event_sets") && parts[1] == NULL && call_is (call, "POST"))
    ki_event_sets_post (call);
  else if (g_str_equal (parts[0], "event_sets") && parts[1] != NULL && call_is (call, "GET"))
    ki_event_sets_get (call, g_ascii_strtoll (parts[1], NULL, 10));
  else
    return FALSE;
  return TRUE;
}

static void
route (Call *call, const KisiLogin *login)
{
  g_auto (GStrv) parts = g_strsplit (call->path[0] == '/' ? call->path + 1 : call->path, "/", -1);
  int table;

  if (parts[0] == NULL || special (call, parts, login))
    {
      if (parts[0] == NULL)
        ki_error (call, 404, "000404", "The endpoint does not exist, please check your request.");
      return;
    }
  table = ki_table (parts[0]);
  if (table < 0)
    ki_error (call, 404, "000404", "The endpoint does not exist, please check your request.");
  else if (parts[1] != NULL && *parts[1] != '\0')
    one (call, (KiTable) table, g_ascii_strtoll (parts[1], NULL, 10), parts[2], login);
  else if (call_is (call, "POST"))
    create (call, (KiTable) table, login);
  else if (!call_is (call, "GET"))
    ki_error (call, 404, "000404", "The endpoint does not exist, please check your request.");
  else if (table == KI_GROUP_LOCKS && lk_server_query (call->request, "group_id") == NULL)
    ki_error (call, 400, "ffffff", "group_id is missing.");
  else
    list (call, (KiTable) table, login);
}

void
kisi_answer (Call *call)
{
  KisiLogin *login = login_of (call);

  if (login == NULL)
    ki_error (call, 401, "afc496", "Access denied.");
  else if (!within_rate (call, login))
    throttle (call);
  else if (call->is_bad)
    ki_error (call, 400, "ffffff", "The request is malformed.");
  else if (login->read_only && call_writes (call))
    ki_error (call, 403, "fcd8ef", "You are not allowed to do this.");
  else
    route (call, login);
}
