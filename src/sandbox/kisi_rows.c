/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's KISI as a whole, and its rows: made, loaded, merged, removed.
 */
#include "kisi.h"

#include <string.h>

const KiInfo ki_infos[KI_TABLES_] = {
  [KI_USERS]
  = { "users", "user", "User", 50, 100, 107000, "user",
      "{\"name\":\"\",\"email\":null,\"metadata\":{},\"image\":null,\"notes\":null,"
      "\"otp_required_for_login\":false,\"password_flow_enabled\":true,\"access_enabled\":true,"
      "\"scim_access_enabled\":true,\"last_accessed_at\":null,\"confirmed\":true}" },
  [KI_PLACES] = { "places", "place", "Place", 50, 250, 500, "place",
                  "{\"name\":\"\",\"description\":null,\"address\":\"\",\"latitude\":null,"
                  "\"longitude\":null,\"image\":null,\"time_zone\":null,\"locked_down\":false,"
                  "\"locked_down_since\":null}" },
  [KI_LOCKS] = { "locks", "lock", "Lock", 50, 250, 16700, "lock",
                 "{\"name\":\"\",\"description\":null,\"place_id\":null,\"floor_id\":null,"
                 "\"configured\":true,\"online\":true,\"open\":false,\"unlocked\":false,"
                 "\"locked_down\":false,\"locked_down_since\":null,\"on_scheduled_unlock\":false,"
                 "\"first_to_arrive_required_until\":null,\"first_to_arrive_satisfied\":false,"
                 "\"latitude\":null,\"longitude\":null,\"order_id\":null,"
                 "\"geofence_restriction_enabled\":false,\"geofence_restriction_radius\":100,"
                 "\"reader_restriction_enabled\":false,\"time_restriction_enabled\":false,"
                 "\"time_restriction_time_zone\":null}" },
  [KI_GROUPS]
  = { "groups", "group", "Group", 10, 250, 45200, "group",
      "{\"name\":\"\",\"description\":null,\"place_id\":null,\"login_enabled\":true,"
      "\"geofence_restriction_enabled\":false,\"geofence_restriction_radius\":100,"
      "\"primary_device_restriction_enabled\":false,"
      "\"managed_device_restriction_enabled\":false,\"reader_restriction_enabled\":false,"
      "\"tap_to_access_restriction_enabled\":false,\"time_restriction_enabled\":false,"
      "\"time_restriction_time_zone\":null}" },
  [KI_GROUP_LOCKS] = { "group_locks", "group_lock", "GroupLock", 10, 250, 9000, "group_lock",
                       "{\"group_id\":null,\"lock_id\":null}" },
  [KI_RIGHTS]
  = { "role_assignments", "role_assignment", "RoleAssignment", 10, 250, 600, "role_assignment",
      "{\"role_id\":\"group_basic\",\"notify\":false,\"applies_to_type\":\"Group\","
      "\"applies_to_id\":null,\"assignee_type\":\"User\",\"assignee_id\":null,"
      "\"created_by_id\":null,\"valid_from\":null,\"valid_until\":null}" },
  [KI_SCHEDULES]
  = { "schedules", "schedule", "Schedule", 10, 250, 3100, NULL,
      "{\"name\":null,\"enabled\":true,\"override\":false,\"consequence\":\"allow\","
      "\"scheduleable_type\":\"Group\",\"scheduleable_id\":null,\"integration_id\":null,"
      "\"type\":\"recurring_event\"}" },
};

static const char start_organization[]
    = "{\"id\":3289,\"name\":\"Sandbox\",\"domain\":\"sandbox\",\"time_zone\":\"Etc/UTC\"}";
static const char start_users[] = "[{\"id\":1,\"email\":\"owner@example.org\",\"name\":\"Owner\"}]";
static const char start_logins[] = "[{\"key\":\"sandbox-key\",\"user_id\":1}]";

int
ki_table (const char *path)
{
  for (int i = 0; i < KI_TABLES_; i++)
    if (g_str_equal (ki_infos[i].path, path))
      return i;
  return -1;
}

Table *
ki_rows (Kisi *kisi, KiTable table)
{
  return &kisi->tables[table];
}

gint64
ki_time (const json_t *row, const char *key)
{
  const json_t *value = json_object_get (row, key);
  return json_is_integer (value) ? json_integer_value (value) : LK_TIME_NONE;
}

static gboolean
is_time_key (const char *key)
{
  return g_str_has_suffix (key, "_at") || g_str_equal (key, "valid_from")
         || g_str_equal (key, "valid_until") || g_str_equal (key, "locked_down_since");
}

/* Times become numbers; the short form of a role assignment becomes the long one. */
static json_t *
normalise (KiTable table, const json_t *fields)
{
  json_t *out = json_object ();
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)fields, key, value)
  {
    if (is_time_key (key) && json_is_string (value))
      {
        LkTime time = json_time (fields, key);
        json_set (out, key, time == LK_TIME_NONE ? json_null () : json_integer (time));
      }
    else if (table == KI_RIGHTS && g_str_equal (key, "user_id"))
      json_object_set (out, "assignee_id", value);
    else if (table == KI_RIGHTS && g_str_equal (key, "group_id"))
      json_object_set (out, "applies_to_id", value);
    else
      json_object_set (out, key, value);
  }
  return out;
}

Row *
ki_create (Kisi *kisi, KiTable table, const json_t *fields)
{
  json_t *data = json_copy (kisi->defaults[table]);
  json_t *given = normalise (table, fields);
  LkTime now = sandbox_now (kisi->sandbox);
  json_object_update (data, given);
  json_decref (given);
  gint64 id = json_int (data, "id", 0);
  while (
      id == 0
      || (json_object_get (fields, "id") == NULL && table_get (&kisi->tables[table], id) != NULL))
    id = kisi->next_id[table]++;
  json_set (data, "id", json_integer (id));
  if (ki_time (data, "created_at") == LK_TIME_NONE)
    json_set (data, "created_at", json_integer (now));
  if (ki_time (data, "updated_at") == LK_TIME_NONE)
    json_object_set (data, "updated_at", json_object_get (data, "created_at"));
  return table_put (&kisi->tables[table], data);
}

void
ki_merge (Kisi *kisi, KiTable table, Row *row, const json_t *fields)
{
  json_t *data = json_copy (row->data);
  json_t *given = normalise (table, fields);
  json_object_update (data, given);
  json_decref (given);
  json_set (data, "id", json_integer (row->id));
  json_set (data, "updated_at", json_integer (sandbox_now (kisi->sandbox)));
  table_put (&kisi->tables[table], data);
}

static void
ghost_free (gpointer data)
{
  KiGhost *ghost = data;
  json_decref (ghost->row.data);
  g_free (ghost->row.words);
  g_free (ghost);
}

/* Drops those that nobody sees any more. */
static void
forget_ghosts (Kisi *kisi, LkTime before)
{
  while (kisi->ghosts->len > 0 && ((KiGhost *)kisi->ghosts->pdata[0])->gone_at < before)
    g_ptr_array_remove_index (kisi->ghosts, 0);
}

static void
take_away (Kisi *kisi, KiTable table, Row *row)
{
  const gint64 *limits = kisi->sandbox->limits;
  gint64 lag = MAX (limits[LIM_KI_LIST_LAG], limits[LIM_KI_DOOR_LAG]);
  LkTime now = sandbox_now (kisi->sandbox);
  if (lag > 0)
    {
      KiGhost *ghost = g_new0 (KiGhost, 1);
      *ghost = (KiGhost){ table,
                          { .id = row->id,
                            .data = json_incref (row->data),
                            .until = row->until,
                            .words = g_strdup (row->words),
                            .key1 = row->key1,
                            .key2 = row->key2 },
                          now };
      forget_ghosts (kisi, now - lag);
      g_ptr_array_add (kisi->ghosts, ghost);
    }
  table_remove (&kisi->tables[table], row->id);
}

/* Those whose key1 (WHICH 1) or key2 is ID. */
static void
remove_where (Kisi *kisi, KiTable table, guint which, gint64 id)
{
  GPtrArray *rows = table_rows_of (&kisi->tables[table], which, id);
  for (guint i = rows->len; i > 0; i--)
    take_away (kisi, table, rows->pdata[i - 1]);
}

void
ki_remove (Kisi *kisi, KiTable table, Row *row)
{
  gint64 id = row->id;
  if (table == KI_USERS && switch_is (kisi->sandbox, SW_KI_DELETED_USER, "assignments_gone"))
    remove_where (kisi, KI_RIGHTS, 1, id);
  if (table == KI_GROUPS)
    {
      remove_where (kisi, KI_RIGHTS, 2, id);
      remove_where (kisi, KI_GROUP_LOCKS, 1, id);
    }
  if (table == KI_LOCKS)
    remove_where (kisi, KI_GROUP_LOCKS, 2, id);
  if (table == KI_USERS && row->name != NULL)
    g_hash_table_insert (kisi->former, g_strdup (row->name), g_memdup2 (&id, sizeof id));
  take_away (kisi, table, row);
}

Row *
ki_group_lock (Kisi *kisi, gint64 group, gint64 lock)
{
  GPtrArray *rows = table_rows_of (&kisi->tables[KI_GROUP_LOCKS], 1, group);
  for (guint i = 0; i < rows->len; i++)
    if (((Row *)rows->pdata[i])->key2 == lock)
      return rows->pdata[i];
  return NULL;
}

Row *
ki_user_by (Kisi *kisi, const json_t *who)
{
  const char *email = json_text (who, "email");
  gint64 id = json_int (who, "user_id", 0);
  if (id != 0)
    return table_get (&kisi->tables[KI_USERS], id);
  return email != NULL ? table_by_name (&kisi->tables[KI_USERS], email) : NULL;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void
index_right (Row *row)
{
  gboolean is_user = g_strcmp0 (json_text (row->data, "assignee_type"), "User") == 0;
  gboolean is_group = g_strcmp0 (json_text (row->data, "applies_to_type"), "Group") == 0;
  row->key1 = is_user ? json_int (row->data, "assignee_id", 0) : 0;
  row->key2 = is_group ? json_int (row->data, "applies_to_id", 0) : 0;
  row->until = ki_time (row->data, "valid_until");
}

/* What a search for users looks at: the address to its @, the name, the notes. */
static char *
user_words (const Row *row)
{
  const char *email = json_text (row->data, "email"), *name = json_text (row->data, "name");
  const char *notes = json_text (row->data, "notes");
  g_autofree char *text
      = g_strdup_printf ("%.*s\n%s\n%s", email ? (int)strcspn (email, "@") : 0, email ? email : "",
                         name ? name : "", notes ? notes : "");
  return g_utf8_casefold (text, -1);
}

static void
index_group_lock (Row *row)
{
  row->key1 = json_int (row->data, "group_id", 0);
  row->key2 = json_int (row->data, "lock_id", 0);
}

static void
index_placed (Row *row)
{
  row->key1 = json_int (row->data, "place_id", 0);
}

static void
login_free (gpointer data)
{
  KiLogin *login = data;
  g_free (login->key);
  g_free (login);
}

static void
rate_free (gpointer data)
{
  KiRate *rate = data;
  rate_window_clear (&rate->calls);
  rate_window_clear (&rate->event_sets);
  g_free (rate);
}

void
ki_load_logins (Kisi *kisi, json_t *list)
{
  g_hash_table_remove_all (kisi->logins);
  json_incref (list);
  json_decref (kisi->logins_spec);
  kisi->logins_spec = list;
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      const json_t *spec = json_array_get (list, i);
      const json_t *places = json_object_get (spec, "places");
      if (json_text (spec, "key") == NULL)
        continue;
      KiLogin *login = g_new0 (KiLogin, 1);
      login->key = g_strdup (json_text (spec, "key"));
      login->user_id = json_int (spec, "user_id", 0);
      login->places = json_is_array (places) ? places : NULL;
      login->read_only = json_flag (spec, "read_only", FALSE);
      g_hash_table_insert (kisi->logins, login->key, login);
    }
}

static void
add_rows (Kisi *kisi, KiTable table, const json_t *rows)
{
  for (gsize i = 0; i < json_array_size (rows); i++)
    ki_create (kisi, table, json_array_get (rows, i));
}

Kisi *
kisi_new (Sandbox *sandbox)
{
  Kisi *kisi = g_new0 (Kisi, 1);
  kisi->sandbox = sandbox;
  for (int i = 0; i < KI_TABLES_; i++)
    {
      table_init (&kisi->tables[i], "id", NULL);
      kisi->defaults[i] = json_loads (ki_infos[i].defaults, JSON_REJECT_DUPLICATES, NULL);
      g_assert (kisi->defaults[i] != NULL);
      kisi->next_id[i] = ki_infos[i].first_id;
    }
  kisi->tables[KI_USERS].name_key = "email";
  kisi->tables[KI_USERS].words = user_words;
  kisi->tables[KI_RIGHTS].index = index_right;
  kisi->tables[KI_GROUP_LOCKS].index = index_group_lock;
  kisi->tables[KI_GROUPS].index = kisi->tables[KI_LOCKS].index = index_placed;
  kisi->logins = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, login_free);
  kisi->rates = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, rate_free);
  kisi->invitations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  kisi->events = g_ptr_array_new_with_free_func (json_free);
  kisi->sets = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, ki_set_free);
  kisi->next_set = 1;
  kisi->ghosts = g_ptr_array_new_with_free_func (ghost_free);
  kisi->former = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  kisi->organization = json_loads (start_organization, 0, NULL);
  json_set (kisi->organization, "created_at", json_integer (sandbox_now (sandbox)));
  json_t *users = json_loads (start_users, 0, NULL);
  json_t *logins = json_loads (start_logins, 0, NULL);
  add_rows (kisi, KI_USERS, users);
  ki_load_logins (kisi, logins);
  json_decref (users);
  json_decref (logins);
  return kisi;
}

void
kisi_free (Kisi *kisi)
{
  for (int i = 0; i < KI_TABLES_; i++)
    {
      table_clear (&kisi->tables[i]);
      json_decref (kisi->defaults[i]);
    }
  g_ptr_array_unref (kisi->ghosts);
  g_hash_table_unref (kisi->former);
  g_hash_table_unref (kisi->sets);
  g_hash_table_unref (kisi->logins);
  g_hash_table_unref (kisi->rates);
  g_hash_table_unref (kisi->invitations);
  g_ptr_array_unref (kisi->events);
  json_decref (kisi->organization);
  json_decref (kisi->logins_spec);
  g_free (kisi);
}

static gboolean
check_data (const json_t *data, GError **error)
{
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *)data, key, value)
  {
    gboolean is_org = g_str_equal (key, "organization");
    if (!is_org && !g_str_equal (key, "logins") && ki_table (key) < 0)
      return lk_fail (error, LK_ERROR_REJECT, "kisi has no '%s'", key);
    if (is_org ? !json_is_object (value) : !json_is_array (value))
      return lk_fail (error, LK_ERROR_REJECT, "kisi.%s has the wrong type", key);
  }
  return TRUE;
}

gboolean
kisi_load (Kisi *kisi, const json_t *data, gboolean adding, json_t *out_counts, GError **error)
{
  if (!check_data (data, error))
    return FALSE;
  json_object_update (kisi->organization, json_object_get (data, "organization"));
  for (int i = 0; i < KI_TABLES_; i++)
    {
      if (!adding)
        table_empty (&kisi->tables[i]);
      if (!adding && i == KI_USERS)
        {
          json_t *users = json_loads (start_users, 0, NULL);
          add_rows (kisi, i, users); /* whose key works, unless the data replaces them */
          json_decref (users);
        }
      add_rows (kisi, i, json_object_get (data, ki_infos[i].path));
      if (table_size (&kisi->tables[i]) > 0)
        json_set (out_counts, ki_infos[i].path, json_integer (table_size (&kisi->tables[i])));
    }
  if (json_object_get (data, "logins") != NULL)
    ki_load_logins (kisi, json_object_get (data, "logins"));
  if (adding)
    return TRUE;
  g_ptr_array_set_size (kisi->events, 0);
  g_ptr_array_set_size (kisi->ghosts, 0);
  g_hash_table_remove_all (kisi->former);
  g_hash_table_remove_all (kisi->sets);
  g_hash_table_remove_all (kisi->invitations);
  return TRUE;
}

json_t *
kisi_dump (Kisi *kisi)
{
  json_t *out
      = json_pack ("{s:O,s:O}", "organization", kisi->organization, "logins", kisi->logins_spec);
  for (int i = 0; i < KI_TABLES_; i++)
    {
      GPtrArray *rows = table_rows (&kisi->tables[i]);
      json_t *list = json_array ();
      for (guint j = 0; j < rows->len; j++)
        json_array_append_new (list, ki_render (kisi, i, rows->pdata[j]));
      json_set (out, ki_infos[i].path, list);
    }
  return out;
}
