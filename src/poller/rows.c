/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Passes and bookings, row by row; see rows.h.
 */
#include "rows_internal.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <string.h>

#define CANCELLED_KEPT_MS LK_HOUR

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
  rows->held
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  rows->cancelled = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  rows->unlisted = rows_unlisted_new ();
  rows->owed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  rows->pauses = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  rows->unread_contracts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  rows->cancellations = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  rows->wanted_spaces
      = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_array_unref);
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
  rows_remember_people (rows, FALSE);
  g_hash_table_unref (rows->cancelled);
  g_hash_table_unref (rows->cancellations);
  g_hash_table_unref (rows->unread_contracts);
  g_hash_table_unref (rows->unlisted);
  g_hash_table_unref (rows->pauses);
  g_hash_table_unref (rows->owed);
  g_free (rows->account);
  g_free (rows);
}

void
rows_reset (Rows *rows)
{
  g_hash_table_remove_all (rows->open);
  g_hash_table_remove_all (rows->held);
  g_hash_table_remove_all (rows->wanted_spaces);
  rows_remember_people (rows, FALSE);
  g_hash_table_remove_all (rows->cancelled);
  g_hash_table_remove_all (rows->cancellations);
  g_hash_table_remove_all (rows->unread_contracts);
  g_hash_table_remove_all (rows->unlisted);
  g_hash_table_remove_all (rows->pauses);
  g_hash_table_remove_all (rows->owed);
  rows->no_pauses = rows->composed = FALSE;
  memset (rows->gone, 0, sizeof rows->gone);
}

void
rows_know_composites (Rows *rows)
{
  rows->composed = TRUE;
}

gboolean
rows_knows_composites (const Rows *rows)
{
  return rows->composed;
}

LkNexudusUrgency
rows_urgency (const Rows *rows, LkNexudusUrgency usual)
{
  return rows->composed ? usual : LK_NEXUDUS_CHANGES;
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

guint
rows_failures (const Rows *rows)
{
  return rows->failures;
}

void
rows_count_failure (Rows *rows, const GError *error)
{
  rows->failures += error != NULL;
}

void
rows_unreadable (Rows *rows, LkNexudusEntity entity, const GError *error)
{
  lk_metric_add (LK_M_POLLER_ROWS_SKIPPED, 1, rows->account, "unreadable", NULL);
  lk_warning (LK_F (.account = rows->account, .event = "row_unreadable", .error = error),
              "a row of %s can't be understood; what was published of it before still stands",
              lk_nexudus_path (entity));
}

/* What is known of a pass type or resource may be as old as the last listing. Before a row that
 * names another one than so far is taken out of a space for it, that is looked at: asked for no
 * more than this before the row was. */
#define FRESH_MS LK_MINUTE

static gboolean
is_fresh (const Rows *rows, StoreKind kind, gint64 id, gint64 of, gint64 known_at, gint64 revision)
{
  return known_at > revision - FRESH_MS || !store_names_other (rows->store, kind, id, of);
}

void
rows_skip (Rows *rows, const char *why)
{
  lk_metric_add (LK_M_POLLER_ROWS_SKIPPED, 1, rows->account, why, NULL);
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
      rows_unreadable (rows, LK_NEXUDUS_PASSES, error);
      return;
    }
  if (pass.coworker == 0)
    {
      rows_skip (rows, "nobody");
      store_gone (rows->store, STORE_PASSES, pass.id, revision);
      return;
    }
  store_not_of_others (rows->store, STORE_PASSES, pass.id, pass.coworker, revision);
  type = world_pass_type (rows->world, pass.type);
  if (type == NULL
      || !is_fresh (rows, STORE_PASSES, pass.id, pass.type,
                    world_pass_type_revision (rows->world, pass.type), revision))
    {
      g_autofree char *reference = g_strdup_printf ("pass_type/%" G_GINT64_FORMAT, pass.type);
      rows_hold (rows, reference, STORE_PASSES, pass.id);
      rows_want_pass_type (rows, pass.type);
      return;
    }
  if (pass.contract_uid != NULL && !world_contract (rows->world, pass.contract_uid, &contract))
    {
      g_autofree char *reference = g_strdup_printf ("contract/%s", pass.contract_uid);
      rows_hold (rows, reference, STORE_PASSES, pass.id);
      rows_want_contract (rows, pass.coworker, pass.contract_uid);
      return;
    }
  world_route_pass (rows->world, type, spaces);
  if (!rows_has_person (rows, pass.coworker, spaces, STORE_PASSES, pass.id))
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
  if (pass.contract_uid != NULL && world_contract_is_missing (rows->world, pass.contract_uid))
    store_pass_without_contract (rows->store, &snapshot, spaces);
  else
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
      rows_unreadable (rows, LK_NEXUDUS_BOOKINGS, error);
      return;
    }
  if (booking.coworker == 0)
    {
      rows_skip (rows, "nobody");
      store_gone (rows->store, STORE_BOOKINGS, booking.id, revision);
      return;
    }
  store_not_of_others (rows->store, STORE_BOOKINGS, booking.id, booking.coworker, revision);
  resource = world_resource (rows->world, booking.resource);
  if (resource == NULL
      || !is_fresh (rows, STORE_BOOKINGS, booking.id, booking.resource,
                    world_resource_revision (rows->world, booking.resource), revision))
    {
      g_autofree char *reference = g_strdup_printf ("resource/%" G_GINT64_FORMAT, booking.resource);
      rows_hold (rows, reference, STORE_BOOKINGS, booking.id);
      rows_want_resource (rows, booking.resource);
      return;
    }
  world_route_booking (rows->world, resource, spaces);
  if (!rows_has_person (rows, booking.coworker, spaces, STORE_BOOKINGS, booking.id))
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

/* A live booking was cancelled, as a row says, which is counted when it is seen for the FIRST time.
 * The booking is read by id, so that one that came back is not taken away. */
static void
cancelled_one (Rows *rows, gint64 id, gboolean first)
{
  first = first || g_hash_table_lookup (rows->cancellations, &id) != NULL;
  (void) g_hash_table_insert (rows->cancellations, g_memdup2 (&id, sizeof id),
                              GINT_TO_POINTER (first));
  rows_read_again (rows, STORE_BOOKINGS, id);
}

/* Which live booking the row names, in one of several ways; 0: none that it names is live. */
static gint64
original_of (const Rows *rows, const LkNexudusCancelled *cancelled)
{
  gint64 id;

  if (store_is_live (rows->store, STORE_BOOKINGS, cancelled->original_id))
    return cancelled->original_id;
  id = store_booking_of_uid (rows->store, cancelled->original_uid);
  if (id == 0)
    id = store_booking_of_uid (rows->store, cancelled->uid);
  if (id == 0 && store_is_live (rows->store, STORE_BOOKINGS, cancelled->id))
    id = cancelled->id;
  return id;
}

/* The snapshot of a cancelled booking says that a booking went. One that names none has still its
 * person, resource and time. */
void
rows_cancelled (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  g_auto (LkNexudusCancelled) cancelled = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean first;
  gint64 id;

  (void) read;
  if (!lk_nexudus_cancelled_read (&cancelled, row, &error))
    {
      rows_unreadable (rows, LK_NEXUDUS_CANCELLED, error);
      return;
    }
  first = count_cancelled (rows, cancelled.id);
  id = original_of (rows, &cancelled);
  if (id != 0)
    cancelled_one (rows, id, first);
  else if (cancelled.original_id == 0 && cancelled.original_uid == NULL
           && cancelled.until != LK_TIME_NONE)
    {
      g_autoptr (GArray) alike = store_bookings_at (rows->store, cancelled.coworker,
                                                    cancelled.resource, cancelled.until);
      for (guint i = 0; i < alike->len; i++)
        cancelled_one (rows, g_array_index (alike, gint64, i), first && i == 0);
    }
}
