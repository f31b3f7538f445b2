/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Row by row, see rows.h.
 */
#include "rows.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <latchkey/model/json.h>
#include <string.h>

#define CANCELLED_KEPT_MS LK_HOUR

struct _Rows
{
  char *account;
  Store *store;
  World *world;
  LkNexudus *nexudus;
  const RouteSpaces *spaces;
  const LkClock *clock;
  GHashTable *open;         /* "<what>/<id>": reads under way */
  GHashTable *wanted_spaces; /* gint64* member → GArray of guint: where a person is needed */
  GHashTable *held;         /* "<what>/<id>" of a reference → GPtrArray of Held that wait for it */
  guint gone[STORE_KINDS];
  /* gint64* id of a cancelled booking's row → gint64* when it was last listed (steady). The lists
   * overlap: a cancellation comes several times and is counted once. */
  GHashTable *cancelled;
  GHashTable *unlisted;  /* uid (in OfContract) → OfContract: contracts whose passes are to be read */
  GHashTable *explained; /* gint64* bookings whose cancellation has been counted, until read */
};

/* A row that waits for something it refers to, and is then read again. */
typedef struct
{
  StoreKind kind;
  gint64 id;
} Held;

typedef struct
{
  Rows *rows;
  char *uid;
  gboolean busy;  /* its passes are being listed */
  gboolean again; /* it changed meanwhile */
} OfContract;

static void
of_contract_free (gpointer data)
{
  OfContract *of = data;

  g_free (of->uid);
  g_free (of);
}

static const LkNexudusEntity entities[]
    = { LK_NEXUDUS_COWORKERS, LK_NEXUDUS_PASSES, LK_NEXUDUS_BOOKINGS };

Rows *
rows_new (const char *account, Store *store, World *world, LkNexudus *nexudus,
          const RouteSpaces *spaces, const LkClock *clock)
{
  Rows *rows = g_new0 (Rows, 1);

  rows->account = g_strdup (account);
  rows->store = store;
  rows->world = world;
  rows->nexudus = nexudus;
  rows->spaces = spaces;
  rows->clock = clock;
  rows->open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  rows->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify) g_ptr_array_unref);
  rows->cancelled = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  rows->unlisted = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, of_contract_free);
  rows->explained = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  rows->wanted_spaces = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                               (GDestroyNotify) g_array_unref);
  return rows;
}

void
rows_free (Rows *rows)
{
  if (rows == NULL)
    return;
  g_hash_table_unref (rows->open);
  g_hash_table_unref (rows->held);
  g_hash_table_unref (rows->wanted_spaces);
  g_hash_table_unref (rows->cancelled);
  g_hash_table_unref (rows->explained);
  g_hash_table_unref (rows->unlisted);
  g_free (rows->account);
  g_free (rows);
}

void
rows_reset (Rows *rows)
{
  g_hash_table_remove_all (rows->open);
  g_hash_table_remove_all (rows->held);
  g_hash_table_remove_all (rows->wanted_spaces);
  g_hash_table_remove_all (rows->cancelled);
  g_hash_table_remove_all (rows->explained);
  g_hash_table_remove_all (rows->unlisted);
  memset (rows->gone, 0, sizeof rows->gone);
}

guint
rows_open (const Rows *rows)
{
  return g_hash_table_size (rows->open);
}

guint
rows_take_gone (Rows *rows, StoreKind kind)
{
  guint gone = rows->gone[kind];

  rows->gone[kind] = 0;
  return gone;
}

static void
unreadable (Rows *rows, LkNexudusEntity entity, const GError *error)
{
  lk_metric_add (LK_M_POLLER_ROWS_SKIPPED, 1, rows->account, "unreadable", NULL);
  lk_warning (LK_F (.account = rows->account, .event = "row_unreadable", .error = error),
              "a row of %s can't be understood; what was published of it before still stands",
              lk_nexudus_path (entity));
}

static void release (Rows *rows, const char *reference, gboolean resolved);

/* --- reading by id ------------------------------------------------------------------------------ */

/* Whether a read of WHAT is to be started: FALSE when one is under way. */
static gboolean
open_once (Rows *rows, const char *what, gint64 id)
{
  return g_hash_table_add (rows->open, g_strdup_printf ("%s/%" G_GINT64_FORMAT, what, id));
}

static void
close_one (Rows *rows, const char *what, gint64 id)
{
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, what, id);

  (void) g_hash_table_remove (rows->open, key);
}

static void
got_entity (Rows *rows, StoreKind kind, const char *what, gint64 id, json_t *row,
            const LkNexudusRead *read, const GError *error)
{
  static const LkNexudusRowFunc funcs[] = { rows_coworker, rows_pass, rows_booking };
  gboolean counted;

  close_one (rows, what, id);
  if (row == NULL && kind == STORE_MEMBERS)
    {
      /* What refers to somebody who can't be read is brought again by the next listing. */
      g_autofree char *reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, id);
      (void) g_hash_table_remove (rows->wanted_spaces, &id);
      release (rows, reference, FALSE);
    }
  if (error != NULL)
    return; /* the next listing finds it again */
  counted = kind == STORE_BOOKINGS && g_hash_table_remove (rows->explained, &id);
  if (row != NULL)
    funcs[kind] (row, read, rows);
  else
    {
      rows->gone[kind] += !counted;
      lk_info (LK_F (.account = rows->account, .event = "gone"),
               "%s/%" G_GINT64_FORMAT " is gone from Nexudus", lk_nexudus_path (entities[kind]),
               id);
      store_gone (rows->store, kind, id, store_revision (rows->store, read->started_at));
    }
}

static void
got_coworker (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error,
              gpointer data)
{
  got_entity (data, STORE_MEMBERS, "coworker", id, row, read, error);
}

static void
got_pass (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_PASSES, "pass", id, row, read, error);
}

static void
got_booking (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_BOOKINGS, "booking", id, row, read, error);
}

void
rows_read_again (Rows *rows, StoreKind kind, gint64 id)
{
  static const char *const whats[] = { "coworker", "pass", "booking" };
  static const LkNexudusGetFunc funcs[] = { got_coworker, got_pass, got_booking };

  if (open_once (rows, whats[kind], id))
    lk_nexudus_get (rows->nexudus, entities[kind], id, TRUE, funcs[kind], rows);
}

/* --- waiting for what a row refers to ----------------------------------------------------------- */

static void
hold (Rows *rows, const char *reference, StoreKind kind, gint64 id)
{
  GPtrArray *waiting = g_hash_table_lookup (rows->held, reference);
  Held held = { kind, id };

  if (waiting == NULL)
    {
      waiting = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (rows->held, g_strdup (reference), waiting);
    }
  g_ptr_array_add (waiting, g_memdup2 (&held, sizeof held));
}

/* What waited for REFERENCE is read again: it may have changed meanwhile. */
static void
release (Rows *rows, const char *reference, gboolean resolved)
{
  g_autofree char *key = NULL;
  g_autoptr (GPtrArray) waiting = NULL;

  if (!g_hash_table_steal_extended (rows->held, reference, (gpointer *) &key,
                                    (gpointer *) &waiting))
    return;
  /* A read that failed: the next listing brings the rows again. */
  for (guint i = 0; resolved && i < waiting->len; i++)
    {
      const Held *held = waiting->pdata[i];
      rows_read_again (rows, held->kind, held->id);
    }
}

static void
got_pass_type (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error,
               gpointer data)
{
  Rows *rows = data;
  LkNexudusPassType type = { 0 };
  g_autoptr (GError) local = NULL;
  g_autofree char *reference = g_strdup_printf ("pass_type/%" G_GINT64_FORMAT, id);

  (void) read;
  close_one (rows, "pass_type", id);
  if (row != NULL && lk_nexudus_pass_type_read (&type, row, &local))
    {
      world_set_pass_type (rows->world, &type);
      release (rows, reference, TRUE);
      return;
    }
  if (local != NULL)
    unreadable (rows, LK_NEXUDUS_PASS_TYPES, local);
  else if (row == NULL && error == NULL)
    lk_warning (LK_F (.account = rows->account, .event = "reference_missing"),
                "pass type %" G_GINT64_FORMAT " is not in Nexudus; its passes are left as they are",
                id);
  release (rows, reference, FALSE);
}

static void
want_pass_type (Rows *rows, gint64 id)
{
  if (open_once (rows, "pass_type", id))
    lk_nexudus_get (rows->nexudus, LK_NEXUDUS_PASS_TYPES, id, TRUE, got_pass_type, rows);
}

static void
got_resource (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error,
              gpointer data)
{
  Rows *rows = data;
  LkNexudusResource resource = { 0 };
  g_autoptr (GError) local = NULL;
  g_autofree char *reference = g_strdup_printf ("resource/%" G_GINT64_FORMAT, id);
  gboolean resolved = FALSE;

  (void) read;
  (void) error;
  close_one (rows, "resource", id);
  if (row != NULL && lk_nexudus_resource_read (&resource, row, &local))
    {
      world_set_resource (rows->world, &resource);
      resolved = TRUE;
    }
  else if (local != NULL)
    unreadable (rows, LK_NEXUDUS_RESOURCES, local);
  release (rows, reference, resolved);
}

/* A contract that no list had is looked for among its holder's own, by UniqueId. */
typedef struct
{
  Rows *rows;
  gint64 coworker;
  char *uid;
} Search;

static void
searched (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Search *search = data;
  Rows *rows = search->rows;
  g_autofree char *reference = g_strdup_printf ("contract/%s", search->uid);
  LkContract contract;

  (void) read;
  (void) g_hash_table_remove (rows->open, reference);
  if (error == NULL && !world_contract (rows->world, search->uid, &contract))
    {
      lk_warning (LK_F (.account = rows->account, .member = search->coworker,
                        .event = "contract_missing"),
                  "a pass is from a contract that Nexudus does not have; it gives nothing");
      world_set_contract_missing (rows->world, search->uid);
    }
  release (rows, reference, error == NULL);
  g_free (search->uid);
  g_free (search);
}

static void
search_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  /* The pass that asked is read again by itself. */
  rows_contract_listed (row, read, ((Search *) data)->rows);
}

static void
want_contract (Rows *rows, gint64 coworker, const char *uid)
{
  Search *search;
  g_autofree char *query = NULL;

  if (!g_hash_table_add (rows->open, g_strdup_printf ("contract/%s", uid)))
    return;
  search = g_new (Search, 1);
  *search = (Search){ rows, coworker, g_strdup (uid) };
  query = g_strdup_printf ("CoworkerContract_Coworker=%" G_GINT64_FORMAT, coworker);
  lk_nexudus_list (rows->nexudus, LK_NEXUDUS_CONTRACTS, query, TRUE, search_row, searched, search);
}

/* Members come before what refers to them. TRUE: all of SPACES have the person; else the person is
 * read, and the row after it. */
static gboolean
has_person (Rows *rows, gint64 member, const GArray *spaces, StoreKind kind, gint64 id)
{
  g_autofree char *reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, member);
  GArray *wanted;
  gboolean all = TRUE;

  for (guint i = 0; i < spaces->len; i++)
    all = all && store_has_member (rows->store, g_array_index (spaces, guint, i), member);
  if (all)
    return TRUE;
  wanted = g_hash_table_lookup (rows->wanted_spaces, &member);
  if (wanted == NULL)
    {
      wanted = g_array_new (FALSE, FALSE, sizeof (guint));
      g_hash_table_insert (rows->wanted_spaces, g_memdup2 (&member, sizeof member), wanted);
    }
  g_array_append_vals (wanted, spaces->data, spaces->len);
  hold (rows, reference, kind, id);
  rows_read_again (rows, STORE_MEMBERS, member);
  return FALSE;
}

/* --- rows --------------------------------------------------------------------------------------- */

static void
skip (Rows *rows, const char *why)
{
  lk_metric_add (LK_M_POLLER_ROWS_SKIPPED, 1, rows->account, why, NULL);
}

static void
add_unique (GArray *spaces, guint space)
{
  for (guint i = 0; i < spaces->len; i++)
    if (g_array_index (spaces, guint, i) == space)
      return;
  g_array_append_val (spaces, space);
}

void
rows_coworker (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  g_auto (LkNexudusCoworker) coworker = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) spaces = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree char *reference = NULL;
  const GArray *wanted;
  LkMember member;

  if (!lk_nexudus_coworker_read (&coworker, row, &error))
    {
      unreadable (rows, LK_NEXUDUS_COWORKERS, error);
      return;
    }
  route_business (rows->spaces, coworker.business, spaces);
  store_member_spaces (rows->store, coworker.id, spaces);
  wanted = g_hash_table_lookup (rows->wanted_spaces, &coworker.id);
  g_autoptr (GArray) unique = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < spaces->len; i++)
    add_unique (unique, g_array_index (spaces, guint, i));
  for (guint i = 0; wanted != NULL && i < wanted->len; i++)
    add_unique (unique, g_array_index (wanted, guint, i));
  (void) g_hash_table_remove (rows->wanted_spaces, &coworker.id);

  member = (LkMember){ .member = coworker.id,
                       .revision = store_revision (rows->store, read->started_at),
                       .email = coworker.email,
                       .name = coworker.name,
                       .active = coworker.active,
                       .archived = coworker.archived };
  store_member (rows->store, &member, unique);
  reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, coworker.id);
  release (rows, reference, TRUE);
}

void
rows_pass (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  g_auto (LkNexudusPass) pass = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) spaces = g_array_new (FALSE, FALSE, sizeof (guint));
  const LkNexudusPassType *type;
  LkContract contract = { 0 };
  gint64 revision = store_revision (rows->store, read->started_at);

  if (!lk_nexudus_pass_read (&pass, row, &error))
    {
      unreadable (rows, LK_NEXUDUS_PASSES, error);
      return;
    }
  if (pass.coworker == 0)
    {
      skip (rows, "nobody");
      store_gone (rows->store, STORE_PASSES, pass.id, revision);
      return;
    }
  type = world_pass_type (rows->world, pass.type);
  if (type == NULL)
    {
      g_autofree char *reference = g_strdup_printf ("pass_type/%" G_GINT64_FORMAT, pass.type);
      hold (rows, reference, STORE_PASSES, pass.id);
      want_pass_type (rows, pass.type);
      return;
    }
  if (pass.contract_uid != NULL && !world_contract (rows->world, pass.contract_uid, &contract))
    {
      g_autofree char *reference = g_strdup_printf ("contract/%s", pass.contract_uid);
      hold (rows, reference, STORE_PASSES, pass.id);
      want_contract (rows, pass.coworker, pass.contract_uid);
      return;
    }
  world_route_pass (rows->world, type, spaces);
  if (!has_person (rows, pass.coworker, spaces, STORE_PASSES, pass.id))
    return;

  LkPass snapshot = { .pass = pass.id,
                      .member = pass.coworker,
                      .revision = revision,
                      .type = pass.type,
                      .minutes = type->minutes,
                      .created_at = pass.created_at,
                      .expires_at = pass.expires_at,
                      .used_at = pass.used_at,
                      .used = pass.used,
                      .origin = pass.from_plan      ? LK_ORIGIN_PLAN
                                : pass.from_product ? LK_ORIGIN_PRODUCT
                                                    : LK_ORIGIN_DIRECT,
                      .has_contract = pass.contract_uid != NULL,
                      .contract = contract };
  store_pass (rows->store, &snapshot, spaces);
}

void
rows_booking (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  g_auto (LkNexudusBooking) booking = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) spaces = g_array_new (FALSE, FALSE, sizeof (guint));
  const LkNexudusResource *resource;
  gint64 revision = store_revision (rows->store, read->started_at);

  if (!lk_nexudus_booking_read (&booking, row, &error))
    {
      unreadable (rows, LK_NEXUDUS_BOOKINGS, error);
      return;
    }
  if (booking.coworker == 0)
    {
      skip (rows, "nobody");
      store_gone (rows->store, STORE_BOOKINGS, booking.id, revision);
      return;
    }
  resource = world_resource (rows->world, booking.resource);
  if (resource == NULL)
    {
      g_autofree char *reference = g_strdup_printf ("resource/%" G_GINT64_FORMAT, booking.resource);
      hold (rows, reference, STORE_BOOKINGS, booking.id);
      if (open_once (rows, "resource", booking.resource))
        lk_nexudus_get (rows->nexudus, LK_NEXUDUS_RESOURCES, booking.resource, TRUE, got_resource,
                        rows);
      return;
    }
  world_route_booking (rows->world, resource, spaces);
  if (!has_person (rows, booking.coworker, spaces, STORE_BOOKINGS, booking.id))
    return;

  LkBooking snapshot = { .booking = booking.id,
                         .uid = booking.uid,
                         .member = booking.coworker,
                         .revision = revision,
                         .resource = booking.resource,
                         .from = booking.from,
                         .until = booking.until,
                         .tentative = booking.tentative };
  store_booking (rows->store, &snapshot, spaces);
}

/* Counts a cancellation when it is seen for the first time. Those that no list has had for an hour,
 * which is far beyond the overlap, are forgotten. */
static gboolean
count_cancelled (Rows *rows, gint64 id)
{
  gint64 now = lk_clock_steady (rows->clock);
  gint64 *seen = g_hash_table_lookup (rows->cancelled, &id);
  GHashTableIter iter;
  gpointer value;

  if (seen != NULL)
    {
      *seen = now;
      return FALSE;
    }
  g_hash_table_iter_init (&iter, rows->cancelled);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (*(gint64 *) value < now - CANCELLED_KEPT_MS)
      g_hash_table_iter_remove (&iter);
  g_hash_table_insert (rows->cancelled, g_memdup2 (&id, sizeof id), g_memdup2 (&now, sizeof now));
  rows->gone[STORE_BOOKINGS]++;
  return TRUE;
}

/* The snapshot of a cancelled booking says that a booking went; which one, in one of several ways.
 * The booking itself is then read by id, so that one that came back is not taken away. */
void
rows_cancelled (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  g_auto (LkNexudusCancelled) cancelled = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean fresh;
  gint64 id = 0;

  (void) read;
  if (!lk_nexudus_cancelled_read (&cancelled, row, &error))
    {
      unreadable (rows, LK_NEXUDUS_CANCELLED, error);
      return;
    }
  fresh = count_cancelled (rows, cancelled.id);
  if (store_is_live (rows->store, STORE_BOOKINGS, cancelled.original_id))
    id = cancelled.original_id;
  if (id == 0)
    id = store_booking_of_uid (rows->store, cancelled.original_uid);
  if (id == 0)
    id = store_booking_of_uid (rows->store, cancelled.uid);
  if (id == 0 && store_is_live (rows->store, STORE_BOOKINGS, cancelled.id))
    id = cancelled.id;
  if (id == 0)
    return;
  if (fresh)
    (void) g_hash_table_add (rows->explained, g_memdup2 (&id, sizeof id));
  rows_read_again (rows, STORE_BOOKINGS, id);
}

static void
of_contract_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  rows_pass (row, read, ((OfContract *) data)->rows);
}

static void list_passes_of (OfContract *of);

static void
of_contract_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  OfContract *of = data;

  (void) read;
  of->busy = FALSE;
  if (error != NULL)
    return; /* logged; rows_list_again asks again */
  if (of->again)
    list_passes_of (of);
  else
    (void) g_hash_table_remove (of->rows->unlisted, of->uid);
}

static void
list_passes_of (OfContract *of)
{
  g_autofree char *escaped = g_uri_escape_string (of->uid, NULL, FALSE);
  g_autofree char *query
      = g_strdup_printf ("CoworkerTimePass_CoworkerContractUniqueId=%s", escaped);

  of->busy = TRUE;
  of->again = FALSE;
  lk_nexudus_list (of->rows->nexudus, LK_NEXUDUS_PASSES, query, TRUE, of_contract_row,
                   of_contract_done, of);
}

void
rows_list_again (Rows *rows)
{
  GHashTableIter iter;
  gpointer of;

  g_hash_table_iter_init (&iter, rows->unlisted);
  while (g_hash_table_iter_next (&iter, NULL, &of))
    if (!((OfContract *) of)->busy)
      list_passes_of (of);
}

/* A changed contract changes what its passes give, though not their own rows. */
static void
contract_changed (Rows *rows, const char *uid)
{
  OfContract *of = g_hash_table_lookup (rows->unlisted, uid);

  if (of == NULL)
    {
      of = g_new (OfContract, 1);
      *of = (OfContract){ .rows = rows, .uid = g_strdup (uid) };
      g_hash_table_insert (rows->unlisted, of->uid, of);
    }
  /* Rows that a list under way has brought already had the contract as it was. */
  if (of->busy)
    of->again = TRUE;
  else
    list_passes_of (of);
}

static void
take_contract (Rows *rows, json_t *row, gboolean list_new)
{
  g_auto (LkNexudusContract) contract = { 0 };
  g_autoptr (GError) error = NULL;
  LkContract before;
  gboolean known;

  if (!lk_nexudus_contract_read (&contract, row, &error))
    {
      unreadable (rows, LK_NEXUDUS_CONTRACTS, error);
      return;
    }
  known = contract.uid != NULL && world_contract (rows->world, contract.uid, &before);
  if (world_set_contract (rows->world, &contract) && (known || list_new))
    contract_changed (rows, contract.uid);
}

void
rows_contract_listed (json_t *row, const LkNexudusRead *read, gpointer data)
{
  (void) read;
  /* The passes of all contracts are listed behind this; those of one that was known and differs
   * don't wait for that, since whoever reads it next finds nothing changed. */
  take_contract (data, row, FALSE);
}

void
rows_contract (json_t *row, const LkNexudusRead *read, gpointer data)
{
  (void) read;
  take_contract (data, row, TRUE);
}

void
rows_business (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  LkNexudusBusiness business = { 0 };
  g_autoptr (GError) error = NULL;

  (void) read;
  if (lk_nexudus_business_read (&business, row, &error))
    world_set_business (rows->world, &business);
  else
    unreadable (rows, LK_NEXUDUS_BUSINESSES, error);
}

void
rows_resource (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  LkNexudusResource resource = { 0 };
  g_autoptr (GError) error = NULL;

  (void) read;
  if (lk_nexudus_resource_read (&resource, row, &error))
    world_set_resource (rows->world, &resource);
  else
    unreadable (rows, LK_NEXUDUS_RESOURCES, error);
}

void
rows_pass_type (json_t *row, const LkNexudusRead *read, gpointer data)
{
  g_auto (LkNexudusPassType) type = { 0 };
  g_autoptr (GError) error = NULL;

  (void) read;
  /* Its list of locations is left out of lists (nexudus-api.md §2.4). */
  if (lk_nexudus_pass_type_read (&type, row, &error))
    want_pass_type (data, type.id);
  else
    unreadable (data, LK_NEXUDUS_PASS_TYPES, error);
}
