/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of KISI as its API shows them: every key of the reference and no other (kisi-api.md §2).
 * What is embedded is left out when its id is null.
 */
#include "kisi.h"

#include <string.h>

#define INSTALLATION 88001 /* id of the integration that made a row, where one did */

json_t *
ki_time_json (Kisi *kisi, LkTime time)
{
  char buf[LK_TIME_TEXT];
  if (time == LK_TIME_NONE)
    return json_null ();
  lk_time_format (time - ((time % LK_SECOND) + LK_SECOND) % LK_SECOND, buf);
  gsize len = strlen (buf);
  if (switch_is (kisi->sandbox, SW_KI_TIMES, "fraction"))
    return json_sprintf ("%.*s.%03dZ", (int)len - 1, buf,
                         (int)(((time % LK_SECOND) + LK_SECOND) % LK_SECOND));
  if (switch_is (kisi->sandbox, SW_KI_TIMES, "offset"))
    return json_sprintf ("%.*s+00:00", (int)len - 1, buf);
  return json_string (buf);
}

static void
put_time (Kisi *kisi, json_t *out, const char *key, const json_t *row)
{
  json_set (out, key, ki_time_json (kisi, ki_time (row, key)));
}

/* The keys of an embedded object, from the row that ID names in TABLE. */
static void
embed (Kisi *kisi, json_t *out, const char *key, KiTable table, gint64 id)
{
  const Row *row = table_get (ki_rows (kisi, table), id);
  if (row == NULL)
    return;
  json_t *small = json_object ();
  json_set (small, "id", json_integer (id));
  if (table == KI_LOCKS)
    json_object_set (small, "description", json_object_get (row->data, "description"));
  if (table == KI_PLACES)
    {
      json_object_set (small, "latitude", json_object_get (row->data, "latitude"));
      json_object_set (small, "longitude", json_object_get (row->data, "longitude"));
    }
  if (table == KI_USERS || table == KI_GROUPS)
    json_set (small, "resource_type", json_string (ki_infos[table].type));
  json_object_set (small, "name", json_object_get (row->data, "name"));
  if (table == KI_USERS)
    json_object_set (small, "email", json_object_get (row->data, "email"));
  json_set (out, key, small);
}

/* How many rows have ID as their key1 (WHICH 1) or key2. */
static json_t *
count (Kisi *kisi, KiTable table, guint which, gint64 id)
{
  return json_integer (table_rows_of (ki_rows (kisi, table), which, id)->len);
}

static gint64
organization_id (Kisi *kisi)
{
  return json_int (kisi->organization, "id", 0);
}

static json_t *
small_organization (Kisi *kisi)
{
  return json_pack ("{s:I,s:s,s:s,s:s}", "id", (json_int_t)organization_id (kisi), "resource_type",
                    "Organization", "name", json_text (kisi->organization, "name"), "domain",
                    json_text (kisi->organization, "domain"));
}

static void
render_user (Kisi *kisi, json_t *out, const Row *row)
{
  json_set (out, "organization_id", json_integer (organization_id (kisi)));
  put_time (kisi, out, "last_accessed_at", row->data);
  json_set (out, "groups_count", count (kisi, KI_RIGHTS, 1, row->id));
}

static void
render_place (Kisi *kisi, json_t *out, const Row *row)
{
  put_time (kisi, out, "locked_down_since", row->data);
  json_object_set (out, "tz_time_zone", json_object_get (out, "time_zone"));
  json_set (out, "locks_count", count (kisi, KI_LOCKS, 1, row->id));
  json_set (out, "integrations_count", json_integer (0));
  json_set (out, "occupancy_rate", json_null ());
  json_set (out, "organization_id", json_integer (organization_id (kisi)));
  json_set (out, "organization", small_organization (kisi));
  json_set (out, "color", json_null ());
  json_set (out, "logo", json_null ());
  json_set (out, "user_id", json_null ());
  json_set (out, "members_count", json_integer (0));
}

static void
render_lock (Kisi *kisi, json_t *out, const Row *row)
{
  put_time (kisi, out, "locked_down_since", row->data);
  embed (kisi, out, "place", KI_PLACES, row->key1);
  json_set (out, "unlocked_until", json_null ());
  json_set (out, "groups_count", count (kisi, KI_GROUP_LOCKS, 2, row->id));
}

static void
render_group (Kisi *kisi, json_t *out, const Row *row)
{
  embed (kisi, out, "place", KI_PLACES, row->key1);
  json_set (out, "users_count", count (kisi, KI_RIGHTS, 2, row->id));
  json_set (out, "members_count", count (kisi, KI_RIGHTS, 2, row->id));
  json_set (out, "locks_count", count (kisi, KI_GROUP_LOCKS, 1, row->id));
  json_set (out, "elevator_stops_count", json_integer (0));
}

static void
render_group_lock (Kisi *kisi, json_t *out, const Row *row)
{
  const Row *lock = table_get (ki_rows (kisi, KI_LOCKS), row->key2);
  gint64 place = lock != NULL ? lock->key1 : 0;
  embed (kisi, out, "group", KI_GROUPS, row->key1);
  embed (kisi, out, "lock", KI_LOCKS, row->key2);
  json_set (out, "place_id", json_int_or_null (place));
  embed (kisi, out, "place", KI_PLACES, place);
}

static void
render_right (Kisi *kisi, json_t *out, const Row *row)
{
  gboolean has_creator = !json_is_null (json_object_get (row->data, "created_by_id"))
                         && !switch_is (kisi->sandbox, SW_KI_CREATED_BY, "null");
  const char *maker
      = switch_is (kisi->sandbox, SW_KI_CREATED_BY, "user") ? "User" : "MarketplaceInstallation";
  const char *applies_to = json_text (row->data, "applies_to_type");
  gboolean is_group = row->key2 != 0;
  if (!has_creator)
    json_set (out, "created_by_id", json_null ());
  if (has_creator && switch_is (kisi->sandbox, SW_KI_CREATED_BY, "installation"))
    json_set (out, "created_by_id", json_integer (INSTALLATION));
  json_set (out, "created_by_type", has_creator ? json_string (maker) : json_null ());
  json_object_set (out, "issued_by_id", json_object_get (out, "created_by_id"));
  if (g_strcmp0 (applies_to, "Group") == 0)
    {
      put_time (kisi, out, "valid_from", row->data);
      put_time (kisi, out, "valid_until", row->data);
      embed (kisi, out, "applies_to", KI_GROUPS, row->key2);
      embed (kisi, out, "group", KI_GROUPS, row->key2);
      json_set (out, "group_id", json_int_or_null (row->key2));
    }
  else
    {
      json_object_del (out, "valid_from");
      json_object_del (out, "valid_until");
      if (g_strcmp0 (applies_to, "Place") == 0)
        {
          gint64 place = json_int (row->data, "applies_to_id", 0);
          embed (kisi, out, "applies_to", KI_PLACES, place);
          embed (kisi, out, "place", KI_PLACES, place);
          json_set (out, "place_id", json_int_or_null (place));
        }
      else
        json_set (out, "applies_to", small_organization (kisi));
    }
  g_autofree char *scope = g_ascii_strdown (is_group ? "group" : applies_to, -1);
  json_set (out, "type", json_string (scope));
  json_set (out, "scope", json_string (scope));
  embed (kisi, out, "assignee", KI_USERS, row->key1);
  embed (kisi, out, "user", KI_USERS, row->key1);
  json_set (out, "user_id", json_int_or_null (row->key1));
  json_set (out, "assignee_team_id", json_null ());
  json_set (out, "guest_id", json_null ());
}

static void
render_schedule (Kisi *kisi, json_t *out, const Row *row)
{
  gboolean is_lock = g_strcmp0 (json_text (row->data, "scheduleable_type"), "Lock") == 0;
  KiTable table = is_lock ? KI_LOCKS : KI_GROUPS;
  gint64 id = json_int (row->data, "scheduleable_id", 0);
  const Row *on = table_get (ki_rows (kisi, table), id);
  embed (kisi, out, "scheduleable", table, id);
  json_set (out, "place_id", json_int_or_null (on != NULL ? on->key1 : 0));
  static const char *const times[] = { "starts_at", "ends_at" };
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    if (json_object_get (row->data, times[i]) != NULL)
      put_time (kisi, out, times[i], row->data);
}

json_t *
ki_render (Kisi *kisi, KiTable table, const Row *row)
{
  static void (*const renderers[KI_TABLES_]) (Kisi *, json_t *, const Row *) = {
    [KI_USERS] = render_user,
    [KI_PLACES] = render_place,
    [KI_LOCKS] = render_lock,
    [KI_GROUPS] = render_group,
    [KI_GROUP_LOCKS] = render_group_lock,
    [KI_RIGHTS] = render_right,
    [KI_SCHEDULES] = render_schedule,
  };
  json_t *out = json_copy (row->data);
  json_set (out, "resource_type", json_string (ki_infos[table].type));
  put_time (kisi, out, "created_at", row->data);
  put_time (kisi, out, "updated_at", row->data);
  renderers[table](kisi, out, row);
  return out;
}

json_t *
ki_render_event (Kisi *kisi, const json_t *event)
{
  static const char *const authorized[]
      = { "authorized_by_type", "authorized_by_id", "authorized_by_role_id" };
  json_t *out = json_copy ((json_t *)event);
  for (guint i = 0; i < G_N_ELEMENTS (authorized); i++)
    if (switch_is (kisi->sandbox, SW_KI_AUTHORIZED, "null"))
      json_set (out, authorized[i], json_null ());
  if (switch_is (kisi->sandbox, SW_KI_EVENT_CODE, "error_code"))
    json_set (out, "code", json_null ());
  put_time (kisi, out, "created_at", event);
  return out;
}

json_t *
ki_render_organization (Kisi *kisi)
{
  json_t *out = json_loads (
      "{\"resource_type\":\"Organization\",\"logo\":null,\"address\":null,\"description\":null,"
      "\"device_logins_expire_after\":1209600,\"scim_enabled\":false,\"sso_flow_enabled\":false,"
      "\"sso_expiration_override_enabled\":false,\"sso_expiration_override\":null,"
      "\"metadata\":null,\"web_authentication_api_enabled\":false,\"apple_pass_enabled\":false,"
      "\"user_id\":1,\"transfer_to_id\":null,\"image\":null,\"color\":null}",
      0, NULL);
  json_object_update (out, kisi->organization);
  json_set (out, "places_count", json_integer (table_size (ki_rows (kisi, KI_PLACES))));
  put_time (kisi, out, "created_at", kisi->organization);
  json_object_set (out, "updated_at", json_object_get (out, "created_at"));
  return out;
}
