/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What was read of Nexudus, published where it differs from what stands.
 */
#include "store_internal.h"

#include <latchkey/base/metrics.h>
#include <latchkey/model/json.h>

static void
written (gint64 offset, const GError *error, gpointer data)
{
  const Shelf *shelf = data;
  const LkConfigSpace *space = store_space (shelf->store, shelf->space);

  if (error == NULL)
    lk_metric_add (LK_M_RECORDS_WRITTEN, 1, space->code,
                   lk_kind_name (store_topic_kind (shelf->kind)), NULL);
  else
    /* The former entry stands again, so the next read of the row differs and is published. */
    lk_warning (LK_F (.space = space->code, .topic = lk_table_topic (shelf->table), .error = error,
                      .event = "write_failed"),
                "a snapshot was not acknowledged; it is published again when it is next read");
}

static void
put (Shelf *shelf, const char *key, gint64 member, gint64 revision, const Known *known)
{
  Store *store = shelf->store;
  const LkConfigSpace *space = store_space (store, shelf->space);
  g_autofree char *source = g_strdup_printf ("/latchkey/poller/%s", space->code);
  g_autoptr (GError) error = NULL;
  static const char *const types[] = { "member.snapshot", "pass.snapshot", "booking.snapshot" };
  LkHeaders headers = { .type = types[shelf->kind],
                        .source = source,
                        .time = lk_clock_wall (lk_program_clock (store->program)) };

  g_strlcpy (headers.subject, key, sizeof headers.subject);
  lk_headers_id (&headers, headers.type, key, revision, 0, known->digest);
  lk_trace_start (headers.traceparent, key, revision);
  if (store->text->len > LK_RECORD_MAX)
    {
      (void) lk_fail (&error, LK_ERROR_REJECT, "%s: %" G_GSIZE_FORMAT " bytes, at most %d are read",
                      key, store->text->len, LK_RECORD_MAX);
      written (-1, error, shelf);
      return;
    }
  revision_written (&store->revisions, revision);
  if (!lk_table_put_entry (shelf->table,
                           lk_partition_of_member (member, lk_table_partitions (shelf->table)), key,
                           store->text->str, store->text->len, g_memdup2 (known, sizeof *known),
                           &headers, written, shelf, &error))
    written (-1, error, shelf);
}

/* --- losses -------------------------------------------------------------------------------------
 */

static void
lose (Shelf *shelf, gint64 member, gint64 id, gint64 revision, gboolean without_contract)
{
  char key[LK_KEY_MAX];
  const Loss loss = { member, id, revision, without_contract };

  store_key_of (shelf->kind, member, id, key);
  (void) g_hash_table_insert (shelf->losses, g_strdup (key), g_memdup2 (&loss, sizeof loss));
}

/* KEY was read at REVISION, so it is not lost, unless that is older than its loss. */
static void
find_again (Shelf *shelf, const char *key, gint64 revision)
{
  const Loss *loss = g_hash_table_lookup (shelf->losses, key);

  if (loss != NULL && loss->revision < revision)
    (void) g_hash_table_remove (shelf->losses, key);
}

/* --- snapshots ----------------------------------------------------------------------------------
 */

/* Whether FRESH, which has no contract any more, waits for the brake: not when what stands gave
 * nothing already, nor when its own row states something besides: that it is used, ends at another
 * time or is of another type. */
static gboolean
is_held (Shelf *shelf, gint64 member, gint64 id, const char *key, const Known *fresh)
{
  const Known *known = store_stands (shelf, member, key);

  if (known == NULL || known->deleted || g_hash_table_remove (shelf->judged, key) || known->idle
      || known->of != fresh->of || known->listed_until != fresh->listed_until
      || known->ended_at != fresh->ended_at
      || diff_judge (known, fresh, store_now (shelf->store)) != DIFF_PUBLISH)
    return FALSE;
  lose (shelf, member, id, fresh->revision, TRUE);
  return TRUE;
}

/* FRESH is what the text in store->text says; publishes it, or has it read again. */
static void
offer (Shelf *shelf, gint64 member, gint64 id, const Known *fresh)
{
  Store *store = shelf->store;
  char key[LK_KEY_MAX];

  store_key_of (shelf->kind, member, id, key);
  if (!fresh->deleted)
    find_again (shelf, key, fresh->revision);
  switch (diff_judge (store_stands (shelf, member, key), fresh, store_now (store)))
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
  char *space = store_space (store, place->space)->code;

  g_string_truncate (store->text, 0);
  if (kind == STORE_MEMBERS)
    {
      const LkMember gone = { .member = id, .space = space, .revision = revision, .deleted = TRUE };
      lk_member_write (&gone, store->text);
      known_of_member (&gone, store_now (store), known);
    }
  else if (kind == STORE_PASSES)
    {
      const LkPass gone = {
        .pass = id, .member = place->member, .space = space, .revision = revision, .deleted = TRUE
      };
      lk_pass_write (&gone, store->text);
      known_of_pass (&gone, store_now (store), LISTED_AFTER_USE_MS, known);
    }
  else
    {
      const LkBooking gone = { .booking = id,
                               .member = place->member,
                               .space = space,
                               .revision = revision,
                               .deleted = TRUE };
      lk_booking_write (&gone, store->text);
      known_of_booking (&gone, store_now (store), 0, known);
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

void
store_delete_at (Store *store, StoreKind kind, const Place *place, gint64 id, gint64 revision)
{
  Known known;

  write_deleted (store, kind, place, id, revision, &known);
  offer (store_shelf (store, kind, place->space), place->member, id, &known);
}

/* Whether MEMBER's row is not at PLACE any more although it still names the pass type or resource
 * OF: that one is of other places now, which is no word of Nexudus on this row. */
static gboolean
is_rerouted (const Store *store, StoreKind kind, const Place *place, gint64 id, gint64 member,
             gint64 of)
{
  char key[LK_KEY_MAX];
  const Known *known;

  store_key_of (kind, place->member, id, key);
  known = store_stands (store_shelf (store, kind, place->space), place->member, key);
  return place->member == member && known != NULL && known->of == of;
}

/* Deleted, or lost, where the entity lives but no longer belongs. SPACES NULL: it is gone. */
static void
drop_elsewhere (Store *store, StoreKind kind, gint64 id, gint64 member, gint64 of,
                const GArray *spaces, gint64 revision)
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
      if (is_wanted (&copy[i], member, spaces))
        continue;
      if (spaces != NULL && is_rerouted (store, kind, &copy[i], id, member, of))
        lose (store_shelf (store, kind, copy[i].space), member, id, revision, FALSE);
      else
        store_delete_at (store, kind, &copy[i], id, revision);
    }
}

void
store_not_of_others (Store *store, StoreKind kind, gint64 id, gint64 member, gint64 revision)
{
  const GArray *places = g_hash_table_lookup (store->places[kind], &id);
  g_autofree Place *copy = NULL;
  guint n = places == NULL ? 0 : places->len;

  if (n == 0)
    return;
  copy = g_memdup2 (places->data, n * sizeof (Place));
  for (guint i = 0; i < n; i++)
    if (copy[i].member != member)
      store_delete_at (store, kind, &copy[i], id, revision);
}

void
store_member (Store *store, LkMember *member, const GArray *spaces)
{
  for (guint i = 0; i < spaces->len; i++)
    {
      guint space = g_array_index (spaces, guint, i);
      Known known;
      member->space = store_space (store, space)->code;
      known_of_member (member, store_now (store), &known);
      g_string_truncate (store->text, 0);
      lk_member_write (member, store->text);
      offer (store_shelf (store, STORE_MEMBERS, space), member->member, member->member, &known);
    }
}

static void
take_pass (Store *store, LkPass *pass, const GArray *spaces, gboolean without_contract)
{
  for (guint i = 0; i < spaces->len; i++)
    {
      guint space = g_array_index (spaces, guint, i);
      Shelf *shelf = store_shelf (store, STORE_PASSES, space);
      char key[LK_KEY_MAX];
      Known known;
      store_key_of (STORE_PASSES, pass->member, pass->pass, key);
      pass->space = store_space (store, space)->code;
      known_of_pass (pass, store_now (store), LISTED_AFTER_USE_MS, &known);
      g_string_truncate (store->text, 0);
      lk_pass_write (pass, store->text);
      if (!without_contract || !is_held (shelf, pass->member, pass->pass, key, &known))
        offer (shelf, pass->member, pass->pass, &known);
    }
  drop_elsewhere (store, STORE_PASSES, pass->pass, pass->member, pass->type, spaces,
                  pass->revision);
}

void
store_pass (Store *store, LkPass *pass, const GArray *spaces)
{
  take_pass (store, pass, spaces, FALSE);
}

void
store_pass_without_contract (Store *store, LkPass *pass, const GArray *spaces)
{
  take_pass (store, pass, spaces, TRUE);
}

void
store_booking (Store *store, LkBooking *booking, const GArray *spaces)
{
  for (guint i = 0; i < spaces->len; i++)
    {
      guint space = g_array_index (spaces, guint, i);
      Known known;
      booking->space = store_space (store, space)->code;
      known_of_booking (booking, store_now (store), store_space (store, space)->grace, &known);
      g_string_truncate (store->text, 0);
      lk_booking_write (booking, store->text);
      offer (store_shelf (store, STORE_BOOKINGS, space), booking->member, booking->booking, &known);
    }
  drop_elsewhere (store, STORE_BOOKINGS, booking->booking, booking->member, booking->resource,
                  spaces, booking->revision);
  if (booking->uid != NULL && store_is_live (store, STORE_BOOKINGS, booking->booking))
    uids_set (store->uids, booking->booking, booking->uid);
}

void
store_delete_again (Shelf *shelf, const char *key, const Known *known)
{
  gint64 member, id;
  Known gone;

  store_ids_of_key (key, &member, &id);
  const Place place = { shelf->space, member };
  write_deleted (shelf->store, shelf->kind, &place, id, known->revision, &gone);
  put (shelf, key, member, known->revision, &gone);
}

void
store_gone (Store *store, StoreKind kind, gint64 id, gint64 revision)
{
  drop_elsewhere (store, kind, id, 0, 0, NULL, revision);
}

/* --- judged losses ------------------------------------------------------------------------------
 */

void
store_lost (Store *store, StoreKind kind, gint64 id, gint64 revision)
{
  const GArray *places = g_hash_table_lookup (store->places[kind], &id);

  for (guint i = 0; places != NULL && i < places->len; i++)
    {
      const Place *place = &g_array_index (places, Place, i);
      lose (store_shelf (store, kind, place->space), place->member, id, revision, FALSE);
    }
}

guint
store_losses (const Store *store, StoreKind kind, guint space)
{
  return g_hash_table_size (store_shelf (store, kind, space)->losses);
}

GArray *
store_losers (const Store *store, StoreKind kind, guint space)
{
  GArray *members = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer loss;

  g_hash_table_iter_init (&iter, store_shelf (store, kind, space)->losses);
  while (g_hash_table_iter_next (&iter, NULL, &loss))
    g_array_append_val (members, ((const Loss *) loss)->member);
  return members;
}

static void
let_pass (Shelf *shelf, const Loss *lost)
{
  char key[LK_KEY_MAX];

  store_key_of (shelf->kind, lost->member, lost->id, key);
  (void) g_hash_table_add (shelf->judged, g_strdup (key));
  shelf->store->again (shelf->kind, lost->id, shelf->store->data);
}

void
store_let_lost_go (Store *store, StoreKind kind, guint space)
{
  Shelf *shelf = store_shelf (store, kind, space);
  g_autoptr (GPtrArray) losses = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer loss;

  /* Publishing takes them out. */
  g_hash_table_iter_init (&iter, shelf->losses);
  while (g_hash_table_iter_next (&iter, NULL, &loss))
    g_ptr_array_add (losses, g_memdup2 (loss, sizeof (Loss)));
  g_hash_table_remove_all (shelf->losses);
  for (guint i = 0; i < losses->len; i++)
    {
      const Loss *lost = losses->pdata[i];
      const Place place = { space, lost->member };
      if (lost->without_contract)
        let_pass (shelf, lost);
      else
        store_delete_at (store, kind, &place, lost->id, lost->revision);
    }
}

void
store_forget_lost (Store *store)
{
  for (guint i = 0; i < store->spaces->len * STORE_KINDS; i++)
    {
      g_hash_table_remove_all (store->shelves[i].losses);
      g_hash_table_remove_all (store->shelves[i].judged);
    }
}
