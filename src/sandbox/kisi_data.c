/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's KISI as a whole: made, filled from a data set, shown again.
 */
#include "kisi.h"

#include <string.h>

static void
login_free (gpointer data)
{
  KisiLogin *login = data;

  g_free (login->key);
  g_free (login->places);
  g_free (login);
}

static void
rates_free (gpointer data)
{
  KisiRates *rates = data;

  rate_window_clear (&rates->calls);
  rate_window_clear (&rates->event_sets);
  g_free (rates);
}

static void
add_login (Kisi *kisi, const json_t *spec)
{
  KisiLogin *login = g_new0 (KisiLogin, 1);
  const json_t *places = json_object_get (spec, "places");

  login->key = g_strdup (json_text (spec, "key"));
  login->user_id = json_int (spec, "user_id", 1);
  login->read_only = json_flag (spec, "read_only", FALSE);
  if (json_is_array (places))
    {
      login->n_places = (guint) json_array_size (places);
      login->places = g_new0 (gint64, login->n_places + 1);
      for (guint i = 0; i < login->n_places; i++)
        login->places[i] = json_integer_value (json_array_get (places, i));
    }
  g_ptr_array_add (kisi->logins, login);
}

/* One owner, one key; see src/sandbox/README.md. */
static void
fill_start (Kisi *kisi)
{
  json_t *owner = json_pack ("{s:i,s:s,s:s}", "id", 1, "email", "owner@example.org", "name", "Owner");
  json_t *login = json_pack ("{s:s,s:i}", "key", "sandbox-key", "user_id", 1);

  (void) ki_create (kisi, KI_USERS, owner);
  add_login (kisi, login);
  json_decref (owner);
  json_decref (login);
}

Kisi *
kisi_new (Sandbox *sandbox)
{
  Kisi *kisi = g_new0 (Kisi, 1);

  kisi->sandbox = sandbox;
  for (int i = 0; i < KI_TABLES_; i++)
    table_init (&kisi->tables[i], "id", NULL);
  kisi->tables[KI_USERS].name_key = "email";
  kisi->organization = json_pack ("{s:s,s:s,s:s}", "name", "Casa", "domain", "casa", "time_zone",
                                  "Europe/Madrid");
  kisi->logins = g_ptr_array_new_with_free_func (login_free);
  kisi->rates = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, rates_free);
  kisi->invitations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  kisi->events = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  kisi->sets = g_ptr_array_new ();
  kisi->next_id = 100000;
  fill_start (kisi);
  return kisi;
}

void
kisi_free (Kisi *kisi)
{
  if (kisi == NULL)
    return;
  ki_event_sets_clear (kisi);
  for (int i = 0; i < KI_TABLES_; i++)
    table_clear (&kisi->tables[i]);
  json_decref (kisi->organization);
  g_ptr_array_unref (kisi->logins);
  g_hash_table_unref (kisi->rates);
  g_hash_table_unref (kisi->invitations);
  g_ptr_array_unref (kisi->events);
  g_ptr_array_unref (kisi->sets);
  g_free (kisi);
}

static gboolean
check_data (const json_t *data, GError **error)
{
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) data, key, value)
  {
    if (g_str_equal (key, "organization"))
      continue;
    if (!g_str_equal (key, "logins") && ki_table (key) < 0)
      return lk_fail (error, LK_ERROR_CONFIG, "kisi: '%s' is no table", key);
    if (!json_is_array (value))
      return lk_fail (error, LK_ERROR_CONFIG, "kisi.%s: expected an array", key);
  }
  return TRUE;
}

gboolean
kisi_load (Kisi *kisi, const json_t *data, json_t *out_counts, GError **error)
{
  const json_t *logins = json_object_get (data, "logins");

  if (!check_data (data, error))
    return FALSE;
  ki_event_sets_clear (kisi);
  g_ptr_array_set_size (kisi->events, 0);
  for (int i = 0; i < KI_TABLES_; i++)
    {
      const json_t *rows = json_object_get (data, ki_paths[i]);
      if (rows == NULL && i == KI_USERS)
        continue;
      table_empty (&kisi->tables[i]);
      for (size_t r = 0; r < json_array_size (rows); r++)
        (void) ki_create (kisi, (KiTable) i, json_array_get (rows, r));
      json_set (out_counts, ki_paths[i], json_integer (table_size (&kisi->tables[i])));
    }
  if (logins != NULL)
    {
      g_ptr_array_set_size (kisi->logins, 0);
      for (size_t i = 0; i < json_array_size (logins); i++)
        add_login (kisi, json_array_get (logins, i));
    }
  if (json_is_object (json_object_get (data, "organization")))
    json_object_update (kisi->organization, json_object_get (data, "organization"));
  return TRUE;
}

json_t *
kisi_dump (Kisi *kisi)
{
  json_t *out = json_object ();

  json_object_set (out, "organization", kisi->organization);
  for (int i = 0; i < KI_TABLES_; i++)
    {
      GPtrArray *rows = table_rows (&kisi->tables[i]);
      json_t *list = json_array ();
      for (guint r = 0; r < rows->len; r++)
        json_array_append (list, ((Row *) rows->pdata[r])->data);
      json_set (out, ki_paths[i], list);
    }
  return out;
}
