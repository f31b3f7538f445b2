/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Both ways: from the UniqueId to the booking, and back, to forget one with its booking.
 */
#include "uids.h"

struct _Uids
{
  GHashTable *ids;  /* UniqueId → gint64* id */
  GHashTable *uids; /* gint64* id (the one in ids) → UniqueId (the one in ids) */
};

Uids *
uids_new (void)
{
  Uids *uids = g_new (Uids, 1);

  uids->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  uids->uids = g_hash_table_new (g_int64_hash, g_int64_equal);
  return uids;
}

void
uids_free (Uids *uids)
{
  if (uids == NULL)
    return;
  g_hash_table_unref (uids->uids);
  g_hash_table_unref (uids->ids);
  g_free (uids);
}

void
uids_drop (Uids *uids, gint64 id)
{
  const char *uid = g_hash_table_lookup (uids->uids, &id);

  if (uid == NULL)
    return;
  (void) g_hash_table_remove (uids->uids, &id);
  (void) g_hash_table_remove (uids->ids, uid);
}

void
uids_set (Uids *uids, gint64 id, const char *uid)
{
  const gint64 *former = g_hash_table_lookup (uids->ids, uid);
  char *key;
  gint64 *value;

  if (former != NULL && *former == id)
    return;
  if (former != NULL)
    uids_drop (uids, *former);
  uids_drop (uids, id);
  key = g_strdup (uid);
  value = g_memdup2 (&id, sizeof id);
  (void) g_hash_table_insert (uids->ids, key, value);
  (void) g_hash_table_insert (uids->uids, value, key);
}

gint64
uids_find (const Uids *uids, const char *uid)
{
  const gint64 *id = g_hash_table_lookup (uids->ids, uid);

  return id == NULL ? 0 : *id;
}

guint
uids_count (const Uids *uids)
{
  return g_hash_table_size (uids->ids);
}
