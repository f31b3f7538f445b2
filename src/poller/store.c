/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Tables of Known, the index from entity to keys, and publishing.
 */
#include "store.h"

#include <latchkey/base/metrics.h>
#include <stdlib.h>
#include <string.h>

/* A listing of used passes goes back this far; see account.c. */
#define LISTED_AFTER_USE_MS (2 * LK_DAY)

typedef struct
{
  Store *store;
  StoreKind kind;
  guint space;
  LkTable *table;
} Shelf;

/* Where an entity lives. */
typedef struct
{
  guint space;
  gint64 member;
} Place;

struct _Store
{
  LkProgram *program;
  const GPtrArray *spaces;
  StoreAgainFunc again;
  gpointer data;
  Shelf *shelves;                  /* [space * STORE_KINDS + kind] */
  GHashTable *places[STORE_KINDS]; /* gint64* id → GArray of Place; live keys only */
  GHashTable *uids;                /* booking UniqueId → gint64* id */
  gint64 ahead;                    /* ms that revisions run ahead of the wall clock */
  gint64 written;                  /* highest revision that we wrote */
  GString *text;
};

static const LkKind kinds[] = { LK_KIND_MEMBERS, LK_KIND_PASSES, LK_KIND_BOOKINGS };

/* --- keys and entries --------------------------------------------------------------------------- */

/* "<member>" or "<member>/<id>" → both; for a member the id is the member. */
static void
ids_of_key (const char *key, gint64 *out_member, gint64 *out_id)
{
  const char *slash = strchr (key, '/');

  *out_member = g_ascii_strtoll (key, NULL, 10);
  *out_id = slash == NULL ? *out_member : g_ascii_strtoll (slash + 1, NULL, 10);
}

static void
key_of (StoreKind kind, gint64 member, gint64 id, char key[LK_KEY_MAX])
{
  if (kind == STORE_MEMBERS)
    g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT, member);
  else
    g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, member, id);
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
      known_of_booking (&booking, record->timestamp, known);
      if (booking.uid != NULL && !booking.deleted)
        g_hash_table_insert (store->uids, g_strdup (booking.uid),
                             g_memdup2 (&booking.booking, sizeof booking.booking));
    }
  return known;
}

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  const Shelf *shelf = data;
  g_autofree Known *known = g_new0 (Known, 1);

  if (decode_known (shelf, record, known, error) == NULL)
    return NULL;
  if (known->revision > shelf->store->written)
    {
      /* Somebody else's: what is read from now on has to be newer, and newer again each time. */
      LkTime wall = lk_clock_wall (lk_program_clock (shelf->store->program));
      shelf->store->ahead = MAX (shelf->store->ahead, known->revision + 1 - wall);
    }
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
            g_hash_table_remove (store->places[kind], &id);
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
  const Shelf *shelf = data;
  const Known *before = old_entry, *after = new_entry;
  gboolean was_live = before != NULL && !before->deleted;
  gboolean is_live = after != NULL && !after->deleted;
  gint64 member, id;

  if (was_live == is_live)
    return;
  ids_of_key (key, &member, &id);
  if (was_live)
    drop_place (shelf->store, shelf->kind, id, shelf->space, member);
  else
    add_place (shelf->store, shelf->kind, id, shelf->space, member);
}

static void put (Shelf *shelf, const char *key, gint64 member, gint64 revision, const Known *known);
static void write_deleted (Store *store, StoreKind kind, const Place *place, gint64 id,
                           gint64 revision, Known *known);

static void
overruled (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  Shelf *shelf = data;
  Known *known = entry;
  gint64 member, id;

  ids_of_key (key, &member, &id);
  if (known->deleted)
    {
      /* Nexudus has nothing to read again of what is gone, and all of the winner is known. */
      const Place place = { shelf->space, member };
      Known gone;
      write_deleted (shelf->store, shelf->kind, &place, id, known->revision, &gone);
      put (shelf, key, member, known->revision, &gone);
      return;
    }
  /* What was read is kept only as a digest, so the truth is read again instead of the winner being
   * written from memory; whatever comes is newer than both. */
  known->digest ^= 1;
  shelf->store->again (shelf->kind, id, shelf->store->data);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  const Shelf *shelf = data;
  const LkConfigSpace *space = shelf->store->spaces->pdata[shelf->space];

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
  store->uids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint k = 0; k < STORE_KINDS; k++)
    store->places[k] = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, places_free);
  store->shelves = g_new0 (Shelf, spaces->len * STORE_KINDS);
  for (guint s = 0; s < spaces->len; s++)
    for (guint k = 0; k < STORE_KINDS; k++)
      {
        const LkConfigSpace *space = spaces->pdata[s];
        Shelf *shelf = &store->shelves[s * STORE_KINDS + k];
        g_autofree char *topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                                kinds[k], space->code);
        *shelf = (Shelf){ store, (StoreKind) k, s, NULL };
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
    lk_table_free (store->shelves[i].table);
  g_free (store->shelves);
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_unref (store->places[k]);
  g_hash_table_unref (store->uids);
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
store_revision (const Store *store, LkTime started_at)
{
  return started_at + store->ahead;
}

/* --- publishing --------------------------------------------------------------------------------- */

static void
written (gint64 offset, const GError *error, gpointer data)
{
  const Shelf *shelf = data;
  const LkConfigSpace *space = shelf->store->spaces->pdata[shelf->space];

  if (error == NULL)
    lk_metric_add (LK_M_RECORDS_WRITTEN, 1, space->code, lk_kind_name (kinds[shelf->kind]), NULL);
  else
    /* The former entry stands again, so the next read of the row differs and is published. */
    lk_warning (LK_F (.space = space->code, .topic = lk_table_topic (shelf->table),
                      .error = error, .event = "write_failed"),
                "a snapshot was not acknowledged; it is published again when it is next read");
}

static void
put (Shelf *shelf, const char *key, gint64 member, gint64 revision, const Known *known)
{
  Store *store = shelf->store;
  const LkConfigSpace *space = store->spaces->pdata[shelf->space];
  g_autofree char *source = g_strdup_printf ("/latchkey/poller/%s", space->code);
  g_autoptr (GError) error = NULL;
  static const char *const types[] = { "member.snapshot", "pass.snapshot", "booking.snapshot" };
  LkHeaders headers = { .type = types[shelf->kind],
                        .source = source,
                        .time = lk_clock_wall (lk_program_clock (store->program)) };

  g_strlcpy (headers.subject, key, sizeof headers.subject);
  lk_headers_id (&headers, headers.type, key, revision, 0, known->digest);
  lk_trace_start (headers.traceparent, key, revision);
  store->written = MAX (store->written, revision);
  if (!lk_table_put_entry (shelf->table,
                           lk_partition_of_member (member, lk_table_partitions (shelf->table)),
                           key, store->text->str, store->text->len,
                           g_memdup2 (known, sizeof *known), &headers, written, shelf, &error))
    written (-1, error, shelf);
}

static Known *
stands (const Shelf *shelf, gint64 member, const char *key)
{
  return lk_table_get (shelf->table,
                       lk_partition_of_member (member, lk_table_partitions (shelf->table)), key);
}

static Shelf *
shelf_of (const Store *store, StoreKind kind, guint space)
{
  return &store->shelves[space * STORE_KINDS + kind];
}

static LkTime
now (const Store *store)
{
  return lk_clock_wall (lk_program_clock (store->program));
}

/* FRESH is what the text in store->text says; publishes it, or has it read again. */
static void
offer (Shelf *shelf, gint64 member, gint64 id, const Known *fresh)
{
  Store *store = shelf->store;
  char key[LK_KEY_MAX];

  key_of (shelf->kind, member, id, key);
  switch (diff_judge (stands (shelf, member, key), fresh, now (store)))
    {
    case DIFF_PUBLISH:
      put (shelf, key, member, fresh->revision, fresh);
      break;
    case DIFF_READ:
      store->again (shelf->kind, id, store->data);
      break;
    case DIFF_SAME:
    case DIFF_SKIP:
      break;
    }
}

static void
write_deleted (Store *store, StoreKind kind, const Place *place, gint64 id, gint64 revision,
               Known *known)
{
  char *space = ((LkConfigSpace *) store->spaces->pdata[place->space])->code;

  g_string_truncate (store->text, 0);
  if (kind == STORE_MEMBERS)
    {
      const LkMember gone
          = { .member = id, .space = space, .revision = revision, .deleted = TRUE };
      lk_member_write (&gone, store->text);
      known_of_member (&gone, now (store), known);
    }
  else if (kind == STORE_PASSES)
    {
      const LkPass gone = { .pass = id,
                            .member = place->member,
                            .space = space,
                            .revision = revision,
                            .deleted = TRUE };
      lk_pass_write (&gone, store->text);
      known_of_pass (&gone, now (store), LISTED_AFTER_USE_MS, known);
    }
  else
    {
      const LkBooking gone = { .booking = id,
                               .member = place->member,
                               .space = space,
                               .revision = revision,
                               .deleted = TRUE };
      lk_booking_write (&gone, store->text);
      known_of_booking (&gone, now (store), known);
    }
}

static gboolean
is_wanted (const Place *place, gint64 member, const GArray *spaces)
{
  for (guint i = 0; spaces != NULL && i < spaces->len; i++)
    if (g_array_index (spaces, guint, i) == place->space && place->member == member)
      return TRUE;
  return FALSE;
}

/* Publishes as deleted where the entity lives but no longer belongs. */
static void
drop_elsewhere (Store *store, StoreKind kind, gint64 id, gint64 member, const GArray *spaces,
                gint64 revision)
{
  const GArray *places = g_hash_table_lookup (store->places[kind], &id);
  g_autofree Place *copy = NULL;
  guint n = places == NULL ? 0 : places->len;

  if (n == 0)
    return;
  /* Publishing changes the index. */
  copy = g_memdup2 (places->data, n * sizeof (Place));
  for (guint i = 0; i < n; i++)
    {
      Known known;
      if (is_wanted (&copy[i], member, spaces))
        continue;
      write_deleted (store, kind, &copy[i], id, revision, &known);
      offer (shelf_of (store, kind, copy[i].space), copy[i].member, id, &known);
    }
}

void
store_member (Store *store, LkMember *member, const GArray *spaces)
{
  for (guint i = 0; i < spaces->len; i++)
    {
      guint space = g_array_index (spaces, guint, i);
      Known known;
      member->space = ((LkConfigSpace *) store->spaces->pdata[space])->code;
      known_of_member (member, now (store), &known);
      g_string_truncate (store->text, 0);
      lk_member_write (member, store->text);
      offer (shelf_of (store, STORE_MEMBERS, space), member->member, member->member, &known);
    }
}

void
store_pass (Store *store, LkPass *pass, const GArray *spaces)
{
  for (guint i = 0; i < spaces->len; i++)
    {
      guint space = g_array_index (spaces, guint, i);
      Known known;
      pass->space = ((LkConfigSpace *) store->spaces->pdata[space])->code;
      known_of_pass (pass, now (store), LISTED_AFTER_USE_MS, &known);
      g_string_truncate (store->text, 0);
      lk_pass_write (pass, store->text);
      offer (shelf_of (store, STORE_PASSES, space), pass->member, pass->pass, &known);
    }
  drop_elsewhere (store, STORE_PASSES, pass->pass, pass->member, spaces, pass->revision);
}

void
store_booking (Store *store, LkBooking *booking, const GArray *spaces)
{
  if (booking->uid != NULL)
    g_hash_table_insert (store->uids, g_strdup (booking->uid),
                         g_memdup2 (&booking->booking, sizeof booking->booking));
  for (guint i = 0; i < spaces->len; i++)
    {
      guint space = g_array_index (spaces, guint, i);
      Known known;
      booking->space = ((LkConfigSpace *) store->spaces->pdata[space])->code;
      known_of_booking (booking, now (store), &known);
      g_string_truncate (store->text, 0);
      lk_booking_write (booking, store->text);
      offer (shelf_of (store, STORE_BOOKINGS, space), booking->member, booking->booking, &known);
    }
  drop_elsewhere (store, STORE_BOOKINGS, booking->booking, booking->member, spaces,
                  booking->revision);
}

void
store_gone (Store *store, StoreKind kind, gint64 id, gint64 revision)
{
  drop_elsewhere (store, kind, id, 0, NULL, revision);
}

/* --- looking ------------------------------------------------------------------------------------ */

gboolean
store_has_member (const Store *store, guint space, gint64 member)
{
  char key[LK_KEY_MAX];
  const Known *known;

  key_of (STORE_MEMBERS, member, member, key);
  known = stands (shelf_of (store, STORE_MEMBERS, space), member, key);
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

gint64
store_booking_of_uid (const Store *store, const char *uid)
{
  const gint64 *id = uid == NULL ? NULL : g_hash_table_lookup (store->uids, uid);

  return id != NULL && store_is_live (store, STORE_BOOKINGS, *id) ? *id : 0;
}

GArray *
store_missing (Store *store, StoreKind kind, GHashTable *seen, gint64 revision, LkTime started)
{
  GArray *missing = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, store->places[kind]);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const GArray *places = value;
      gint64 id = *(gint64 *) key;
      gboolean due = FALSE;

      if (g_hash_table_contains (seen, &id))
        continue;
      for (guint i = 0; i < places->len && !due; i++)
        {
          const Place *place = &g_array_index (places, Place, i);
          char text[LK_KEY_MAX];
          const Known *known;
          key_of (kind, place->member, id, text);
          known = stands (shelf_of (store, kind, place->space), place->member, text);
          due = known != NULL && diff_is_missing (known, revision, started);
        }
      if (due)
        g_array_append_val (missing, id);
    }
  return missing;
}

/* --- sweeping ----------------------------------------------------------------------------------- */

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
      Sweep sweep = { now (store), keys };

      lk_table_foreach (table, sweep_entry, &sweep);
      for (guint k = 0; k < keys->len; k++)
        {
          gint64 member, id;
          ids_of_key (keys->pdata[k], &member, &id);
          /* A failure leaves it for the next sweep. */
          (void) lk_table_put (table,
                               lk_partition_of_member (member, lk_table_partitions (table)),
                               keys->pdata[k], NULL, 0, NULL, NULL, NULL, NULL);
        }
    }
}
