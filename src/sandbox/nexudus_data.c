/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's Nexudus as a whole: made, loaded, written out.
 */
#include "nexudus.h"

static const char base_fields[]
    = "{\"Id\":null,\"UniqueId\":null,\"CreatedOn\":null,\"UpdatedOn\":null,\"UpdatedBy\":null,"
      "\"IsNew\":false,\"SystemId\":null,\"ToStringText\":\"\",\"LocalizationDetails\":null,"
      "\"CustomFields\":null}";

static const char start_users[]
    = "[{\"email\":\"api@example.org\",\"password\":\"sandbox-password\"}]";

gint64
nx_contract_key (const char *unique_id)
{
  g_autofree char *text = g_ascii_strdown (unique_id, -1);
  return (gint64)scramble (g_str_hash (text)) | 1;
}

/* For quick filters and joins: whose row it is, and from which contract. */
static void
index_row (Row *row)
{
  const char *contract = json_text (row->data, "CoworkerContractUniqueId");
  row->key1 = json_int (row->data, "CoworkerId", 0);
  row->key2 = contract != NULL ? nx_contract_key (contract) : 0;
}

static void
index_pause (Row *row)
{
  row->key2 = json_int (row->data, "CoworkerContractId", 0);
}

static void
index_slot (Row *row)
{
  row->key2 = json_int (row->data, "TimePassId", 0);
}

static GHashTable *
ids_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/* What was remembered beside the rows. */
static void
forget (Nexudus *nexudus)
{
  g_hash_table_remove_all (nexudus->waiting);
  g_hash_table_remove_all (nexudus->ended);
  g_hash_table_remove_all (nexudus->pausing);
  g_hash_table_remove_all (nexudus->originals);
  g_hash_table_remove_all (nexudus->used_by);
}

Nexudus *
nexudus_new (Sandbox *sandbox)
{
  Nexudus *nexudus = g_new0 (Nexudus, 1);
  nexudus->sandbox = sandbox;
  for (int i = 0; i < NX_ENTITIES_; i++)
    {
      table_init (&nexudus->tables[i], "Id", "UpdatedOn");
      nexudus->tables[i].index = index_row;
      nexudus->defaults[i] = json_loads (nx_infos[i].defaults, JSON_REJECT_DUPLICATES, NULL);
      g_assert (nexudus->defaults[i] != NULL);
      json_t *base = json_loads (base_fields, 0, NULL);
      json_object_update (nexudus->defaults[i], base);
      json_decref (base);
    }
  nexudus->tables[NX_PAUSES].index = index_pause;
  nexudus->tables[NX_PASS_SLOTS].index = index_slot;
  nexudus->settings = json_object ();
  nexudus->ticked = LK_TIME_NONE;
  nexudus->waiting = ids_new ();
  nexudus->ended = ids_new ();
  nexudus->pausing = ids_new ();
  nexudus->originals = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, json_free);
  nexudus->used_by = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  nx_auth_init (nexudus);
  json_t *users = json_loads (start_users, 0, NULL);
  nx_users_load (nexudus, users);
  json_decref (users);
  return nexudus;
}

void
nexudus_free (Nexudus *nexudus)
{
  for (int i = 0; i < NX_ENTITIES_; i++)
    {
      table_clear (&nexudus->tables[i]);
      json_decref (nexudus->defaults[i]);
    }
  g_hash_table_unref (nexudus->waiting);
  g_hash_table_unref (nexudus->ended);
  g_hash_table_unref (nexudus->pausing);
  g_hash_table_unref (nexudus->originals);
  g_hash_table_unref (nexudus->used_by);
  nx_auth_free (nexudus);
  json_decref (nexudus->settings);
  json_decref (nexudus->users_spec);
  g_free (nexudus);
}

static gboolean
check_rows (const json_t *data, GError **error)
{
  const char *key;
  json_t *rows;
  json_object_foreach ((json_t *)data, key, rows)
  {
    if (g_str_equal (key, "settings") ? json_is_object (rows) : json_is_array (rows))
      {
        if (g_str_equal (key, "settings") || g_str_equal (key, "users") || nx_entity (key) >= 0)
          continue;
        return lk_fail (error, LK_ERROR_REJECT, "nexudus has no '%s'", key);
      }
    return lk_fail (error, LK_ERROR_REJECT, "nexudus.%s has the wrong type", key);
  }
  return TRUE;
}

gboolean
nexudus_load (
    Nexudus *nexudus, const json_t *data, gboolean adding, json_t *out_counts, GError **error)
{
  if (!check_rows (data, error))
    return FALSE;
  for (int i = 0; i < NX_ENTITIES_; i++)
    {
      const json_t *rows = json_object_get (data, nx_infos[i].path);
      if (!adding)
        table_empty (&nexudus->tables[i]);
      for (gsize j = 0; j < json_array_size (rows); j++)
        nx_create (nexudus, i, json_array_get (rows, j), "admin@example.org");
    }
  /* Again, now that all that names may come from is there. */
  for (int i = 0; i < NX_ENTITIES_; i++)
    {
      GPtrArray *rows = table_rows (&nexudus->tables[i]);
      for (guint j = 0; j < rows->len; j++)
        nx_fill_names (nexudus, i, rows->pdata[j]);
      if (rows->len > 0)
        json_set (out_counts, nx_infos[i].path, json_integer (rows->len));
    }
  if (!adding)
    {
      json_object_clear (nexudus->settings);
      forget (nexudus);
    }
  nexudus->ticked = LK_TIME_NONE;
  json_object_update (nexudus->settings, json_object_get (data, "settings"));
  if (json_object_get (data, "users") != NULL)
    nx_users_load (nexudus, json_object_get (data, "users"));
  return TRUE;
}

json_t *
nexudus_dump (Nexudus *nexudus)
{
  json_t *out
      = json_pack ("{s:O,s:O}", "users", nexudus->users_spec, "settings", nexudus->settings);
  for (int i = 0; i < NX_ENTITIES_; i++)
    {
      GPtrArray *rows = table_rows (&nexudus->tables[i]);
      json_t *list = json_array ();
      for (guint j = 0; j < rows->len; j++)
        json_array_append (list, ((Row *)rows->pdata[j])->data);
      json_set (out, nx_infos[i].path, list);
    }
  return out;
}
