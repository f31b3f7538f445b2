/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * All that stands of one person in a space, for a person who is to be forgotten.
 */
#include "store_internal.h"

typedef struct
{
  GPtrArray *live, *deleted; /* keys (owned) */
} Keys;

static void
note_key (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const Keys *keys = data;

  (void) table;
  (void) partition;
  g_ptr_array_add (((const Known *) entry)->deleted ? keys->deleted : keys->live, g_strdup (key));
}

static Keys
keys_of (const Shelf *shelf, gint64 member)
{
  Keys keys = { g_ptr_array_new_with_free_func (g_free), g_ptr_array_new_with_free_func (g_free) };
  char first[LK_KEY_MAX];

  store_key_of (STORE_MEMBERS, member, member, first);
  lk_table_foreach_of (shelf->table,
                       lk_partition_of_member (member, lk_table_partitions (shelf->table)), first,
                       note_key, &keys);
  return keys;
}

static void
keys_clear (Keys *keys)
{
  g_ptr_array_unref (keys->live);
  g_ptr_array_unref (keys->deleted);
}

gboolean
store_part_with (Store *store, guint space, gint64 member, gint64 revision)
{
  const Place place = { space, member };
  gboolean done = TRUE;

  for (guint k = 0; k < STORE_KINDS; k++)
    {
      const Shelf *shelf = store_shelf (store, (StoreKind) k, space);
      Keys keys = keys_of (shelf, member);
      gint64 of_key, id;

      for (guint i = 0; i < keys.live->len; i++)
        {
          store_ids_of_key (keys.live->pdata[i], &of_key, &id);
          store_delete_at (store, (StoreKind) k, &place, id, revision);
        }
      done = done && keys.live->len == 0
             && lk_table_pending (shelf->table, lk_partition_of_member (
                                                    member, lk_table_partitions (shelf->table)))
                    == 0;
      keys_clear (&keys);
    }
  return done;
}

void
store_erase (Store *store, guint space, gint64 member)
{
  for (guint k = 0; k < STORE_KINDS; k++)
    {
      const Shelf *shelf = store_shelf (store, (StoreKind) k, space);
      Keys keys = keys_of (shelf, member);

      for (guint i = 0; i < keys.deleted->len; i++)
        /* A failure leaves it for the next look. */
        (void) lk_table_put (shelf->table,
                             lk_partition_of_member (member, lk_table_partitions (shelf->table)),
                             keys.deleted->pdata[i], NULL, 0, NULL, NULL, NULL, NULL);
      keys_clear (&keys);
    }
}
