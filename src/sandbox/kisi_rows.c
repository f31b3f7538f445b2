/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of KISI: made, merged, removed, and as the API shows them (kisi-api.md §2).
 */
#include "kisi.h"

#include <string.h>

const char *const ki_paths[KI_TABLES_] = { "users",       "places",           "locks",    "groups",
                                           "group_locks", "role_assignments", "schedules" };

static const char *const defaults[KI_TABLES_] = {
  "{\"resource_type\":\"User\",\"name\":\"\",\"email\":null,\"metadata\":{},\"image\":null,"
  "\"notes\":null,\"otp_required_for_login\":false,\"password_flow_enabled\":true,"
  "\"access_enabled\":true,\"scim_access_enabled\":true,\"last_accessed_at\":null,"
  "\"organization_id\":3289,\"confirmed\":true}",
  "{\"resource_type\":\"Place\",\"name\":\"\",\"description\":null,\"address\":\"Street 1\","
  "\"latitude\":null,\"longitude\":null,\"image\":null,\"time_zone\":null,\"tz_time_zone\":null,"
  "\"integrations_count\":0,\"locked_down\":false,\"locked_down_since\":null,"
  "\"occupancy_rate\":null,\"organization_id\":3289,\"color\":null,\"logo\":null,\"user_id\":null,"
  "\"members_count\":0}",
  "{\"resource_type\":\"Lock\",\"name\":\"\",\"description\":null,\"place_id\":0,"
  "\"floor_id\":null,\"configured\":true,\"online\":true,\"open\":false,\"unlocked\":false,"
  "\"unlocked_until\":null,\"locked_down\":false,\"locked_down_since\":null,"
  "\"on_scheduled_unlock\":false,\"first_to_arrive_required_until\":null,"
  "\"first_to_arrive_satisfied\":false,\"latitude\":null,\"longitude\":null,\"order_id\":null,"
  "\"geofence_restriction_enabled\":false,\"geofence_restriction_radius\":100,"
  "\"reader_restriction_enabled\":false,\"time_restriction_enabled\":false,"
  "\"time_restriction_time_zone\":null}",
  "{\"resource_type\":\"Group\",\"name\":\"\",\"description\":null,\"place_id\":null,"
  "\"login_enabled\":true,\"geofence_restriction_enabled\":false,"
  "\"geofence_restriction_radius\":100,\"primary_device_restriction_enabled\":false,"
  "\"managed_device_restriction_enabled\":false,\"reader_restriction_enabled\":false,"
  "\"tap_to_access_restriction_enabled\":false,\"time_restriction_enabled\":false,"
  "\"time_restriction_time_zone\":null,\"elevator_stops_count\":0}",
  "{\"resource_type\":\"GroupLock\",\"group_id\":0,\"lock_id\":0}",
  "{\"resource_type\":\"RoleAssignment\",\"role_id\":\"group_basic\",\"notify\":false,"
  "\"user_id\":0,\"group_id\":0,\"created_by_id\":null,\"valid_from\":null,"
  "\"valid_until\":null}",
  "{\"name\":null,\"enabled\":true,\"override\":false,\"consequence\":\"allow\","
  "\"scheduleable_type\":\"Group\",\"scheduleable_id\":0,\"place_id\":null,"
  "\"integration_id\":null,\"type\":\"recurring_event\"}",
};

int
ki_table (const char *path)
{
  for (int i = 0; i < KI_TABLES_; i++)
    if (g_str_equal (ki_paths[i], path))
      return i;
  return -1;
}

json_t *
ki_time (const Kisi *kisi, LkTime time)
{
  char text[LK_TIME_TEXT];
  LkTime whole = time - ((time % LK_SECOND) + LK_SECOND) % LK_SECOND;

  if (time == LK_TIME_NONE)
    return json_null ();
  (void) lk_time_format (whole, text);
  text[19] = '\0';
  return json_sprintf ("%s%s", text,
                       switch_is (kisi->sandbox, SW_KI_TIMES, "fraction") ? ".000Z"
                       : switch_is (kisi->sandbox, SW_KI_TIMES, "offset") ? "+00:00"
                                                                          : "Z");
}

/* Times are kept as the service would: whole seconds, one form. */
static void
normalise_times (json_t *data)
{
  static const char *const keys[] = { "valid_from", "valid_until" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (json_object_get (data, keys[i]) != NULL)
      json_set (data, keys[i], json_time_text (json_time (data, keys[i])));
}

Row *
ki_create (Kisi *kisi, KiTable table, const json_t *fields)
{
  json_t *data = json_loads (defaults[table], 0, NULL);

  g_assert (data != NULL);
  json_object_update (data, (json_t *) fields);
  if (json_int (data, "id", 0) == 0)
    json_set (data, "id", json_integer (++kisi->next_id));
  kisi->next_id = MAX (kisi->next_id, json_int (data, "id", 0));
  if (json_is_blank (json_object_get (data, "created_at")))
    json_set (data, "created_at", json_time_text (sandbox_now (kisi->sandbox)));
  if (json_is_blank (json_object_get (data, "updated_at")))
    json_object_set (data, "updated_at", json_object_get (data, "created_at"));
  normalise_times (data);
  return table_put (&kisi->tables[table], data);
}

void
ki_merge (Kisi *kisi, KiTable table, Row *row, const json_t *fields)
{
  json_object_update (row->data, (json_t *) fields);
  json_set (row->data, "id", json_integer (row->id));
  json_set (row->data, "updated_at", json_time_text (sandbox_now (kisi->sandbox)));
  normalise_times (row->data);
  table_changed (&kisi->tables[table], row);
}

static void
delete_where (Kisi *kisi, KiTable table, const char *key, gint64 id)
{
  GPtrArray *rows = table_rows (&kisi->tables[table]);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      if (json_int (row->data, key, 0) == id)
        g_array_append_val (ids, row->id);
    }
  for (guint i = 0; i < ids->len; i++)
    (void) table_remove (&kisi->tables[table], g_array_index (ids, gint64, i));
}

void
ki_delete (Kisi *kisi, KiTable table, Row *row)
{
  gint64 id = row->id;

  if (table == KI_USERS && switch_is (kisi->sandbox, SW_KI_DELETED_USER, "assignments_gone"))
    delete_where (kisi, KI_ASSIGNMENTS, "user_id", id);
  if (table == KI_GROUPS)
    {
      delete_where (kisi, KI_ASSIGNMENTS, "group_id", id);
      delete_where (kisi, KI_GROUP_LOCKS, "group_id", id);
    }
  if (table == KI_LOCKS)
    delete_where (kisi, KI_GROUP_LOCKS, "lock_id", id);
  (void) table_remove (&kisi->tables[table], id);
}

Row *
ki_user_of_email (Kisi *kisi, const char *email)
{
  return email == NULL ? NULL : table_by_name (&kisi->tables[KI_USERS], email);
}

static guint
count_where (Kisi *kisi, KiTable table, const char *key, gint64 id)
{
  GPtrArray *rows = table_rows (&kisi->tables[table]);
  guint n = 0;

  for (guint i = 0; i < rows->len; i++)
    n += json_int (((Row *) rows->pdata[i])->data, key, 0) == id;
  return n;
}

/* An associated object in short: id, resource_type, name, and what else that type shows. */
static json_t *
embed (Kisi *kisi, KiTable table, gint64 id, const char *const *keys)
{
  const Row *row = table_get (&kisi->tables[table], id);
  json_t *out = json_object ();

  json_set (out, "id", json_integer (id));
  for (; *keys != NULL; keys++)
    json_set (out, *keys,
              row == NULL ? json_null () : json_incref (json_object_get (row->data, *keys)));
  return out;
}

static const char *const user_keys[] = { "resource_type", "name", "email", NULL };
static const char *const named_keys[] = { "resource_type", "name", NULL };
static const char *const place_keys[] = { "name", "latitude", "longitude", NULL };
static const char *const lock_keys[] = { "description", "name", NULL };

static void
render_assignment (Kisi *kisi, json_t *out)
{
  gint64 user = json_int (out, "user_id", 0), group = json_int (out, "group_id", 0);
  gint64 by = json_int (out, "created_by_id", 0);
  gboolean says = switch_is (kisi->sandbox, SW_KI_CREATED_BY, "user") && by != 0;

  json_set (out, "applies_to_type", json_string ("Group"));
  json_set (out, "applies_to_id", json_integer (group));
  json_set (out, "applies_to", embed (kisi, KI_GROUPS, group, named_keys));
  json_set (out, "assignee_type", json_string ("User"));
  json_set (out, "assignee_id", json_integer (user));
  json_set (out, "assignee", embed (kisi, KI_USERS, user, user_keys));
  json_set (out, "created_by_type", says ? json_string ("User") : json_null ());
  json_set (out, "created_by_id", says ? json_integer (by) : json_null ());
  json_set (out, "user", embed (kisi, KI_USERS, user, user_keys));
  json_set (out, "group", embed (kisi, KI_GROUPS, group, named_keys));
  json_set (out, "assignee_team_id", json_null ());
  json_set (out, "guest_id", json_null ());
  json_set (out, "issued_by_id", json_null ());
  json_set (out, "type", json_string ("group"));
  json_set (out, "scope", json_string ("group"));
}

static void
render_times (const Kisi *kisi, json_t *out)
{
  static const char *const keys[] = { "created_at", "updated_at", "valid_from", "valid_until" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (json_object_get (out, keys[i]) != NULL)
      json_set (out, keys[i], ki_time (kisi, json_time (out, keys[i])));
}

json_t *
ki_render (Kisi *kisi, KiTable table, const Row *row)
{
  json_t *out = json_deep_copy (row->data);
  gint64 place = json_int (out, "place_id", 0);

  switch (table)
    {
    case KI_USERS:
      json_set (out, "groups_count",
                json_integer (count_where (kisi, KI_ASSIGNMENTS, "user_id", row->id)));
      break;
    case KI_PLACES:
      json_set (out, "locks_count",
                json_integer (count_where (kisi, KI_LOCKS, "place_id", row->id)));
      json_set (out, "organization", json_pack ("{s:i,s:s,s:s,s:s}", "id", 3289, "resource_type",
                                                "Organization", "name", "Casa", "domain", "casa"));
      break;
    case KI_LOCKS:
      json_set (out, "place", embed (kisi, KI_PLACES, place, place_keys));
      json_set (out, "groups_count",
                json_integer (count_where (kisi, KI_GROUP_LOCKS, "lock_id", row->id)));
      break;
    case KI_GROUPS:
      /* Left out where its id is null (kisi-api.md §1.1). */
      if (place != 0)
        json_set (out, "place", embed (kisi, KI_PLACES, place, named_keys));
      json_set (out, "users_count",
                json_integer (count_where (kisi, KI_ASSIGNMENTS, "group_id", row->id)));
      json_object_set (out, "members_count", json_object_get (out, "users_count"));
      json_set (out, "locks_count",
                json_integer (count_where (kisi, KI_GROUP_LOCKS, "group_id", row->id)));
      break;
    case KI_GROUP_LOCKS:
      {
        gint64 lock = json_int (out, "lock_id", 0);
        const Row *found = table_get (&kisi->tables[KI_LOCKS], lock);
        place = found == NULL ? 0 : json_int (found->data, "place_id", 0);
        json_set (out, "group",
                  embed (kisi, KI_GROUPS, json_int (out, "group_id", 0), named_keys));
        json_set (out, "lock", embed (kisi, KI_LOCKS, lock, lock_keys));
        json_set (out, "place_id", json_integer (place));
        json_set (out, "place", embed (kisi, KI_PLACES, place, named_keys));
        break;
      }
    case KI_ASSIGNMENTS:
      render_assignment (kisi, out);
      break;
    default:
      break;
    }
  render_times (kisi, out);
  return out;
}
