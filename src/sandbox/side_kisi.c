/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The side door's KISI: rows, hand-made rights, people at doors.
 */
#include "side.h"

/* Whom the body, or the query, names; NULL: nobody. */
static Row *
user_of (Side *side)
{
  json_t *who = json_object ();
  Row *row;

  if (side_int (side, "user_id") != 0)
    json_set (who, "user_id", json_integer (side_int (side, "user_id")));
  if (side_text (side, "email") != NULL)
    json_set (who, "email", json_string (side_text (side, "email")));
  row = ki_user_by (side->sandbox->kisi, who);
  json_decref (who);
  return row;
}

static void
rights_get (Side *side)
{
  Kisi *kisi = side->sandbox->kisi;
  Table *table = &kisi->tables[KI_RIGHTS];
  gint64 user = side_int (side, "user_id"), group = side_int (side, "group_id");
  const char *email = side_text (side, "email");
  json_t *out = json_array ();

  if (email != NULL)
    {
      const Row *row = user_of (side);
      user = row == NULL ? -1 : row->id;
    }
  GPtrArray *rows = user != 0    ? table_rows_of (table, 1, user)
                    : group != 0 ? table_rows_of (table, 2, group)
                                 : table_rows (table);
  for (guint i = 0; i < rows->len; i++)
    if (group == 0 || ((const Row *)rows->pdata[i])->key2 == group)
      json_array_append_new (out, ki_render (kisi, KI_RIGHTS, rows->pdata[i]));
  side_reply (side, out);
}

/* Rows keep times as numbers. */
static void
set_time (Side *side, json_t *fields, const char *key)
{
  LkTime time = json_time (side->body, key);

  json_set (fields, key, time == LK_TIME_NONE ? json_null () : json_integer (time));
}

static void
rights_post (Side *side)
{
  Kisi *kisi = side->sandbox->kisi;
  Row *user = user_of (side);
  json_t *fields;

  if (user == NULL && side_text (side, "email") != NULL)
    {
      fields = json_pack ("{s:s,s:s}", "email", side_text (side, "email"), "name", "By hand");
      user = ki_create (kisi, KI_USERS, fields);
      json_decref (fields);
    }
  if (user == NULL || table_get (&kisi->tables[KI_GROUPS], side_int (side, "group_id")) == NULL)
    {
      side_fail (side, 404, "no such user or group");
      return;
    }
  fields = json_pack ("{s:I,s:I,s:i}", "assignee_id", (json_int_t)user->id, "applies_to_id",
                      (json_int_t)side_int (side, "group_id"), "created_by_id", 1);
  set_time (side, fields, "valid_from");
  set_time (side, fields, "valid_until");
  side_reply (side, ki_render (kisi, KI_RIGHTS, ki_create (kisi, KI_RIGHTS, fields)));
  json_decref (fields);
}

static void
door (Side *side)
{
  Kisi *kisi = side->sandbox->kisi;
  const Row *lock = table_get (&kisi->tables[KI_LOCKS], g_ascii_strtoll (side->parts[2], NULL, 10));
  const char *credential = side_text (side, "credential");
  KiDecision decision = { FALSE, NULL, NULL };
  json_t *event;

  if (lock == NULL)
    {
      side_fail (side, 404, "no lock %s", side->parts[2]);
      return;
    }
  event = ki_unlock (kisi, user_of (side), lock,
                     credential == NULL || g_str_equal (credential, "Card"),
                     side_time (side, "at", sandbox_now (side->sandbox)), &decision);
  side_reply (side,
              json_pack ("{s:b,s:s?,s:s?,s:o}", "granted", decision.granted, "code", decision.code,
                         "message", decision.granted ? "Unlocked!" : ki_code_text (decision.code),
                         "event", ki_render_event (kisi, event)));
}

/* The event that SPEC asks for, as the API shows it; NULL, answered, when it is none. */
static json_t *
make_event (Side *side, json_t *spec)
{
  static const char *const taken[] = { "success", "uuid", "code" };
  Kisi *kisi = side->sandbox->kisi;
  const char *type = json_text (spec, "type");
  const Row *lock = table_get (&kisi->tables[KI_LOCKS], json_int (spec, "lock", 0));
  const Row *user = ki_user_by (kisi, spec);
  LkTime at = json_time (spec, "at");
  json_t *fields, *out;

  if (type == NULL)
    {
      side_fail (side, 400, "type is missing");
      return NULL;
    }
  fields = json_pack ("{s:s,s:I}", "object_type", "Lock", "created_at",
                      (json_int_t)(at != LK_TIME_NONE ? at : sandbox_now (side->sandbox)));
  if (lock != NULL)
    {
      json_set (fields, "object_id", json_integer (lock->id));
      json_object_set (fields, "object_name", json_object_get (lock->data, "name"));
      json_object_set (fields, "place_id", json_object_get (lock->data, "place_id"));
    }
  if (user != NULL)
    {
      json_set (fields, "actor_type", json_string ("User"));
      json_set (fields, "actor_id", json_integer (user->id));
    }
  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    if (json_object_get (spec, taken[i]) != NULL)
      json_object_set (fields, taken[i], json_object_get (spec, taken[i]));
  out = ki_render_event (kisi, ki_event (kisi, type, fields));
  json_decref (fields);
  return out;
}

/* One, or a list of them. */
static void
events (Side *side)
{
  json_t *out;

  if (!json_is_array (side->body))
    {
      out = make_event (side, side->body);
      if (out != NULL)
        side_reply (side, out);
      return;
    }
  out = json_array ();
  for (gsize i = 0; i < json_array_size (side->body) && side->status == 0; i++)
    {
      json_t *event = make_event (side, json_array_get (side->body, i));

      if (event != NULL)
        json_array_append_new (out, event);
    }
  if (side->status == 0)
    side_reply (side, out);
  else
    json_decref (out);
}

static void
flag (Side *side, KiTable table, Row *row, const char *key, gboolean value)
{
  json_t *fields;

  if (row == NULL)
    {
      side_fail (side, 404, "nobody and nothing of that id");
      return;
    }
  fields = json_pack ("{s:b}", key, value);
  ki_merge (side->sandbox->kisi, table, row, fields);
  json_decref (fields);
  side_reply (side, ki_render (side->sandbox->kisi, table, row));
}

static void
lockdown (Side *side)
{
  Kisi *kisi = side->sandbox->kisi;
  gint64 lock = side_int (side, "lock"), place = side_int (side, "place");
  KiTable table = lock != 0 ? KI_LOCKS : KI_PLACES;

  flag (side, table, table_get (&kisi->tables[table], lock != 0 ? lock : place), "locked_down",
        json_flag (side->body, "on", TRUE));
}

static void
list (Side *side, KiTable table)
{
  Kisi *kisi = side->sandbox->kisi;
  GPtrArray *all = table_rows (&kisi->tables[table]);
  const Row blank = { .data = kisi->defaults[table], .until = LK_TIME_NONE };
  json_t *sample = ki_render (kisi, table, &blank), *out;
  gboolean known;

  json_set (sample, "id", json_integer (0));
  known = side_read_filters (side, sample);
  json_decref (sample);
  if (!known)
    return;
  out = json_array ();
  for (guint i = 0; i < all->len; i++)
    {
      json_t *row = ki_render (kisi, table, all->pdata[i]);

      if (side_filters_match (side, row))
        json_array_append (out, row);
      json_decref (row);
    }
  side_reply (side, out);
}

static void
rows (Side *side, KiTable table)
{
  Kisi *kisi = side->sandbox->kisi;
  gint64 id = side->n_parts > 2 ? g_ascii_strtoll (side->parts[2], NULL, 10) : 0;
  Row *row = table_get (&kisi->tables[table], id);

  if (side_is (side, "POST"))
    side_reply (side, ki_render (kisi, table, ki_create (kisi, table, side->body)));
  else if (side->n_parts > 2 && row == NULL)
    side_fail (side, 404, "no row %s", side->parts[2]);
  else if (side_is (side, "DELETE") && row != NULL)
    {
      ki_remove (kisi, table, row);
      side_reply (side, json_object ());
    }
  else if (side_is (side, "PUT") && row != NULL)
    {
      ki_merge (kisi, table, row, side->body);
      side_reply (side, ki_render (kisi, table, row));
    }
  else if (row != NULL)
    side_reply (side, ki_render (kisi, table, row));
  else
    list (side, table);
}

static void
logins (Side *side)
{
  if (!json_is_array (side->body))
    {
      side_fail (side, 400, "logins are a list");
      return;
    }
  ki_load_logins (side->sandbox->kisi, side->body);
  side_reply (side, json_incref (side->body));
}

void
side_kisi (Side *side)
{
  const char *what = side->n_parts > 1 ? side->parts[1] : "";
  int table = ki_table (what);

  if (g_str_equal (what, "rights") && side->n_parts > 2)
    rows (side, KI_RIGHTS);
  else if (g_str_equal (what, "rights") && side_is (side, "POST"))
    rights_post (side);
  else if (g_str_equal (what, "rights"))
    rights_get (side);
  else if (g_str_equal (what, "door") && side->n_parts > 3)
    door (side);
  else if (g_str_equal (what, "events"))
    events (side);
  else if (g_str_equal (what, "logins") && side_is (side, "PUT"))
    logins (side);
  else if (g_str_equal (what, "suspend"))
    flag (side, KI_USERS, user_of (side), "access_enabled",
          !json_flag (side->body, "suspended", TRUE));
  else if (g_str_equal (what, "lockdown"))
    lockdown (side);
  else if (table >= 0)
    rows (side, (KiTable)table);
}
