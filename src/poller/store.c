/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Tables of Known, and the index from entity to keys.
 */
#include "store_internal.h"

#include <string.h>

/* --- keys and entries ---------------------------------------------------------------------------
 */

/* "<member>" or "<member>/<id>" → both; for a member the id is the member. */
void
store_ids_of_key (const char *key, gint64 *out_member, gint64 *out_id)
{
  const char *slash = strchr (key, '/');

  *out_member = g_ascii_strtoll (key, NULL, 10);
  *out_id = slash == NULL ? *out_member : g_ascii_strtoll (slash + 1, NULL, 10);
}

void
store_key_of (StoreKind kind, gint64 member, gint64 id, char key[LK_KEY_MAX])
{
  if (kind == STORE_MEMBERS)
    g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT, member);
  else
    g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, member, id);
}

LkKind
store_topic_kind (StoreKind kind)
{
  static const LkKind kinds[] = { LK_KIND_MEMBERS, LK_KIND_PASSES, LK_KIND_BOOKINGS };

  return kinds[kind];
}

const LkConfigSpace *
store_space (const Store *store, guint space)
{
  return store->spaces->pdata[space];
}

Known *
store_stands (const Shelf *shelf, gint64 member, const char *key)
{
  return lk_table_get (shelf->table,
                       lk_partition_of_member (member, lk_table_partitions (shelf->table)), key);
}

Shelf *
store_shelf (const Store *store, StoreKind kind, guint space)
{
  return &store->shelves[space * STORE_KINDS + kind];
}

LkTime
store_now (const Store *store)
{
  return lk_clock_wall (lk_program_clock (store->program));
}

static gpointer
decode_known (const Shelf *shelf, const LkRecord *record, Known *known, GError **error)
{
  Store *store = shelf->store;

  if (shelf->kind == STORE_MEMBERS)
    {
      g_auto (LkMember) member = { 0 };
      if (!lk_member_parse (&member, record->value, record->value_len, error))
        return NULL;
      known_of_member (&member, record->timestamp, known);
    }
  else if (shelf->kind == STORE_PASSES)
    {
      g_auto (LkPass) pass = { 0 };
      if (!lk_pass_parse (&pass, record->value, record->value_len, error))
        return NULL;
      known_of_pass (&pass, record->timestamp, LISTED_AFTER_USE_MS, known);
    }
  else
    {
      g_auto (LkBooking) booking = { 0 };
      if (!lk_booking_parse (&booking, record->value, record->value_len, error))
        return NULL;
      known_of_booking (&booking, record->timestamp, store_space (store, shelf->space)->grace,
                        known);
      if (booking.uid != NULL && !booking.deleted)
        uids_set (store->uids, booking.booking, booking.uid);
    }
  return known;
}

static void
read_again (const Shelf *shelf, const char *key)
{
  gint64 member, id;

  store_ids_of_key (key, &member, &id);
  shelf->store->again (shelf->kind, id, shelf->store->data);
}

/* What another has written, not we, behind our becoming owner: a former owner that does not know of
 * us may have put together what it read just now and what it knew of old. Its revision tells
 * nothing of that, so the row is read again. What we wrote may come back before its
 * acknowledgement, and stands already. */
static void
look_for_others (const Shelf *shelf, const LkRecord *record, const Known *known)
{
  g_autofree char *key = NULL;
  const Known *stands;

  if (!lk_table_owns (shelf->table, record->partition)
      || !lk_table_is_loaded (shelf->table, record->partition))
    return;
  key = g_strndup (record->key, record->key_len);
  stands = lk_table_get (shelf->table, record->partition, key);
  if (stands == NULL || stands->revision != known->revision || stands->digest != known->digest)
    read_again (shelf, key);
}

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  const Shelf *shelf = data;
  g_autofree Known *known = g_new0 (Known, 1);
  LkTime now = store_now (shelf->store);

  if (decode_known (shelf, record, known, error) == NULL)
    return NULL;
  if (!revision_is_sane (known->revision, record->timestamp, now))
    {
      (void) lk_fail (error, LK_ERROR_REJECT, "revision %" G_GINT64_FORMAT " is far in the future",
                      known->revision);
      return NULL;
    }
  revision_read (&shelf->store->revisions, known->revision, now);
  look_for_others (shelf, record, known);
  return g_steal_pointer (&known);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = ((const Known *) a)->revision, y = ((const Known *) b)->revision;

  return x < y ? -1 : x > y;
}

static void
drop_place (Store *store, StoreKind kind, gint64 id, guint space, gint64 member)
{
  GArray *places = g_hash_table_lookup (store->places[kind], &id);

  for (guint i = 0; places != NULL && i < places->len; i++)
    {
      const Place *place = &g_array_index (places, Place, i);
      if (place->space == space && place->member == member)
        {
          g_array_remove_index_fast (places, i);
          if (places->len == 0)
            {
              g_hash_table_remove (store->places[kind], &id);
              if (kind == STORE_BOOKINGS)
                uids_drop (store->uids, id);
            }
          return;
        }
    }
}

static void
add_place (Store *store, StoreKind kind, gint64 id, guint space, gint64 member)
{
  GArray *places = g_hash_table_lookup (store->places[kind], &id);
  Place place = { space, member };

  if (places == NULL)
    {
      places = g_array_sized_new (FALSE, FALSE, sizeof (Place), 1);
      g_hash_table_insert (store->places[kind], g_memdup2 (&id, sizeof id), places);
    }
  g_array_append_val (places, place);
}

static void
changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
         gpointer new_entry, gpointer data)
{
  Shelf *shelf = data;
  const Known *before = old_entry, *after = new_entry;
  gboolean was_live = before != NULL && !before->deleted;
  gboolean is_live = after != NULL && !after->deleted;
  gint64 member, id;

  if (was_live == is_live)
    return;
  store_ids_of_key (key, &member, &id);
  if (was_live)
    {
      shelf->live--;
      (void) g_hash_table_remove (shelf->losses, key);
      drop_place (shelf->store, shelf->kind, id, shelf->space, member);
    }
  else
    {
      shelf->live++;
      add_place (shelf->store, shelf->kind, id, shelf->space, member);
    }
}

static void
overruled (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  Shelf *shelf = data;
  Known *known = entry;

  if (known->deleted)
    {
      /* Nexudus has nothing to read again of what is gone, and all of the winner is known. */
      store_delete_again (shelf, key, known);
      return;
    }
  /* What was read is kept only as a digest, so the truth is read again instead of the winner being
   * written from memory; whatever comes is newer than both. */
  known->digest ^= 1;
  read_again (shelf, key);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  const Shelf *shelf = data;
  const LkConfigSpace *space = store_space (shelf->store, shelf->space);

  /* The worker that owns the partition sets it aside; for us the key is as if not published. */
  lk_warning (LK_F (.space = space->code, .topic = record->topic, .partition = record->partition,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand this record; what is read from Nexudus will be published again");
}

static const LkTableOps ops = {
  .decode = decode,
  .free_entry = g_free,
  .compare = compare,
  .changed = changed,
  .overruled = overruled,
  .rejected = rejected,
};

/* --- life ------------------------------------------------------------------------------------- */

static void
places_free (gpointer data)
{
  g_array_unref (data);
}

Store *
store_new (LkProgram *program, const GPtrArray *spaces, StoreAgainFunc again, gpointer data)
{
  Store *store = g_new0 (Store, 1);

  store->program = program;
  store->spaces = spaces;
  store->again = again;
  store->data = data;
  store->text = g_string_sized_new (1024);
  store->uids = uids_new ();
  for (guint k = 0; k < STORE_KINDS; k++)
    store->places[k] = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, places_free);
  store->shelves = g_new0 (Shelf, spaces->len * STORE_KINDS);
  for (guint s = 0; s < spaces->len; s++)
    for (guint k = 0; k < STORE_KINDS; k++)
      {
        const LkConfigSpace *space = spaces->pdata[s];
        Shelf *shelf = &store->shelves[s * STORE_KINDS + k];
        g_autofree char *topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                                store_topic_kind ((StoreKind) k), space->code);
        *shelf = (Shelf){ .store = store, .kind = (StoreKind) k, .space = s };
        shelf->losses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
        shelf->judged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
        shelf->table = lk_table_new (lk_program_reader (program), lk_program_producer (program),
                                     topic, space->partitions, &ops, shelf);
        lk_table_follow_all (shelf->table);
      }
  return store;
}

void
store_free (Store *store)
{
  if (store == NULL)
    return;
  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    {
      lk_table_free (store->shelves[i].table);
      g_hash_table_unref (store->shelves[i].losses);
      g_hash_table_unref (store->shelves[i].judged);
    }
  g_free (store->shelves);
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_unref (store->places[k]);
  uids_free (store->uids);
  g_string_free (store->text, TRUE);
  g_free (store);
}

void
store_own (Store *store, gboolean own)
{
  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    for (gint32 p = 0; p < lk_table_partitions (store->shelves[i].table); p++)
      {
        lk_table_own (store->shelves[i].table, p, own);
        if (own)
          lk_table_refresh (store->shelves[i].table, p);
      }
}

gboolean
store_is_loaded (const Store *store)
{
  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    if (!lk_table_is_all_loaded (store->shelves[i].table))
      return FALSE;
  return TRUE;
}

const char *
store_trouble (const Store *store)
{
  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    if (lk_table_trouble (store->shelves[i].table) != NULL)
      return lk_table_trouble (store->shelves[i].table);
  return NULL;
}

guint
store_pending (const Store *store)
{
  guint pending = 0;

  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    pending += lk_table_pending (store->shelves[i].table, -1);
  return pending;
}

gint64
store_grace (const Store *store)
{
  gint64 grace = 0;

  for (guint s = 0; s < store->spaces->len; s++)
    grace = MAX (grace, store_space (store, s)->grace);
  return grace;
}

gint64
store_revision (Store *store, LkTime started_at)
{
  return revision_of (&store->revisions, started_at, store_now (store));
}

/* --- looking ------------------------------------------------------------------------------------
 */

gboolean
store_has_member (const Store *store, guint space, gint64 member)
{
  char key[LK_KEY_MAX];
  const Known *known;

  store_key_of (STORE_MEMBERS, member, member, key);
  known = store_stands (store_shelf (store, STORE_MEMBERS, space), member, key);
  return known != NULL && !known->deleted;
}

void
store_member_spaces (const Store *store, gint64 member, GArray *out)
{
  const GArray *places = g_hash_table_lookup (store->places[STORE_MEMBERS], &member);

  for (guint i = 0; places != NULL && i < places->len; i++)
    g_array_append_val (out, g_array_index (places, Place, i).space);
}

gboolean
store_is_live (const Store *store, StoreKind kind, gint64 id)
{
  return g_hash_table_contains (store->places[kind], &id);
}

gboolean
store_names_other (const Store *store, StoreKind kind, gint64 id, gint64 of)
{
  const GArray *places = g_hash_table_lookup (store->places[kind], &id);

  for (guint i = 0; places != NULL && i < places->len; i++)
    {
      const Place *place = &g_array_index (places, Place, i);
      char key[LK_KEY_MAX];
      const Known *known;
      store_key_of (kind, place->member, id, key);
      known = store_stands (store_shelf (store, kind, place->space), place->member, key);
      if (known != NULL && known->of != of)
        return TRUE;
    }
  return FALSE;
}

gint64
store_booking_of_uid (const Store *store, const char *uid)
{
  gint64 id = uid == NULL ? 0 : uids_find (store->uids, uid);

  return store_is_live (store, STORE_BOOKINGS, id) ? id : 0;
}

typedef struct
{
  gint64 resource;
  LkTime listed_until;
  GArray *ids;
} At;

static void
look_at (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const Known *known = entry;
  At *at = data;
  gint64 member, id;

  if (known->deleted || known->of != at->resource || known->listed_until != at->listed_until)
    return;
  store_ids_of_key (key, &member, &id);
  g_array_append_val (at->ids, id);
}

GArray *
store_bookings_at (const Store *store, gint64 member, gint64 resource, LkTime until)
{
  At at = { resource, 0, g_array_new (FALSE, FALSE, sizeof (gint64)) };
  char first[LK_KEY_MAX];

  store_key_of (STORE_MEMBERS, member, member, first);
  for (guint s = 0; s < store->spaces->len; s++)
    {
      LkTable *table = store_shelf (store, STORE_BOOKINGS, s)->table;
      at.listed_until = until + store_space (store, s)->grace;
      lk_table_foreach_of (table, lk_partition_of_member (member, lk_table_partitions (table)),
                           first, look_at, &at);
    }
  return at.ids;
}

guint
store_live (const Store *store, StoreKind kind, guint space)
{
  return store_shelf (store, kind, space)->live;
}

void
store_each_missing (Store *store, StoreKind kind, GHashTable *seen, gint64 revision, LkTime started,
                    StoreMissingFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, store->places[kind]);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const GArray *places = value;
      gint64 id = *(gint64 *) key;

      if (g_hash_table_contains (seen, &id))
        continue;
      for (guint i = 0; i < places->len; i++)
        {
          const Place *place = &g_array_index (places, Place, i);
          const Shelf *shelf = store_shelf (store, kind, place->space);
          char text[LK_KEY_MAX];
          const Known *known;
          store_key_of (kind, place->member, id, text);
          known = store_stands (shelf, place->member, text);
          if (known != NULL && diff_is_missing (known, revision, started)
              && !g_hash_table_contains (shelf->losses, text))
            func (kind, id, place->space, place->member, data);
        }
    }
}

/* --- sweeping -----------------------------------------------------------------------------------
 */

typedef struct
{
  LkTime now;
  GPtrArray *keys;
} Sweep;

static void
sweep_entry (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  Sweep *sweep = data;

  if (lk_table_owns (table, partition) && diff_is_over (entry, sweep->now))
    g_ptr_array_add (sweep->keys, g_strdup (key));
}

void
store_sweep (Store *store)
{
  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    {
      LkTable *table = store->shelves[i].table;
      g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
      Sweep sweep = { store_now (store), keys };

      lk_table_foreach (table, sweep_entry, &sweep);
      for (guint k = 0; k < keys->len; k++)
        {
          gint64 member, id;
          store_ids_of_key (keys->pdata[k], &member, &id);
          /* A failure leaves it for the next sweep. */
          (void) lk_table_put (table, lk_partition_of_member (member, lk_table_partitions (table)),
                               keys->pdata[k], NULL, 0, NULL, NULL, NULL, NULL);
        }
    }
}
