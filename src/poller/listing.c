/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One phase of the listing after the other.
 */
#include "listing.h"

#include "reads.h"

#include <latchkey/base/metrics.h>

typedef enum
{
  PHASE_IDLE,
  PHASE_COMPOSITES, /* locations, pass types, resources, contracts */
  PHASE_PEOPLE,
  PHASE_CLAIMS,  /* passes and bookings */
  PHASE_CONFIRM, /* what is missing, by id */
} Phase;

struct _Listing
{
  const Desk *desk;
  ListingReadyFunc ready;
  gpointer data;

  Phase phase;
  LkTimer *timer;
  guint open; /* lists under way */
  gboolean failed;
  guint failures;   /* of reads that rows led to, before it began */
  guint incomplete; /* listings in a row that lacked some */
  gboolean wanted;  /* another one, at once */
  LkTime started;
  gint64 started_steady;
  gint64 revision;
  LkTime date; /* the earliest Date of its answers */
  GHashTable *seen[STORE_KINDS];
};

static void next_phase (Listing *listing);

static LkTime
wall (const Listing *listing)
{
  return lk_clock_wall (listing->desk->clock);
}

Listing *
listing_new (const Desk *desk, ListingReadyFunc ready, gpointer data)
{
  Listing *listing = g_new0 (Listing, 1);

  listing->desk = desk;
  listing->ready = ready;
  listing->data = data;
  for (guint k = 0; k < STORE_KINDS; k++)
    listing->seen[k] = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return listing;
}

static void
forget_seen (Listing *listing)
{
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_remove_all (listing->seen[k]);
}

void
listing_stop (Listing *listing)
{
  lk_timers_cancel (listing->desk->timers, listing->timer);
  listing->timer = NULL;
  listing->open = 0;
  listing->wanted = FALSE;
  listing->incomplete = 0;
  listing->phase = PHASE_IDLE;
  rows_remember_people (listing->desk->rows, FALSE);
  forget_seen (listing);
}

void
listing_free (Listing *listing)
{
  if (listing == NULL)
    return;
  listing_stop (listing);
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_unref (listing->seen[k]);
  g_free (listing);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void
begin (gpointer data)
{
  Listing *listing = data;

  listing->timer = NULL;
  listing->failed = listing->wanted = FALSE;
  listing->failures = rows_failures (listing->desk->rows);
  listing->started = wall (listing);
  listing->started_steady = lk_clock_steady (listing->desk->clock);
  listing->revision = store_revision (listing->desk->store, listing->started);
  listing->date = LK_TIME_NONE;
  brake_begin_listing (listing->desk->brake);
  next_phase (listing);
}

void
listing_start (Listing *listing)
{
  if (listing->phase != PHASE_IDLE)
    {
      listing->wanted = TRUE;
      return;
    }
  lk_timers_cancel (listing->desk->timers, listing->timer);
  begin (listing);
}

/* Its lists were seen whole; WHOLE: so was all that they led to. */
static void
conclude (Listing *listing, gboolean whole)
{
  LkNexudusAccount *record = record_data (listing->desk->record);

  if (whole)
    record->listed_at = listing->started;
  else
    lk_warning (LK_F (.account = listing->desk->config->account, .event = "listing_incomplete"),
                "rows that a full listing asked for could not be read; the next one asks again");
  /* Everything up to its start has been read: by Nexudus's clock, which the filters go by. One sick
   * row keeps nobody's changes from being read. */
  if (record->read_until == LK_TIME_NONE)
    record->read_until = listing->date != LK_TIME_NONE ? listing->date : listing->started;
  record_write (listing->desk->record, TRUE);
  lk_info (LK_F (.account = listing->desk->config->account, .event = "listed"),
           "a full listing ended after %" G_GINT64_FORMAT " ms: %u people, %u passes, %u bookings",
           wall (listing) - listing->started, g_hash_table_size (listing->seen[STORE_MEMBERS]),
           g_hash_table_size (listing->seen[STORE_PASSES]),
           g_hash_table_size (listing->seen[STORE_BOOKINGS]));
}

static void
end (Listing *listing)
{
  const LkConfigNexudus *config = listing->desk->config;
  gint64 took = lk_clock_steady (listing->desk->clock) - listing->started_steady;
  /* From start to start; one that takes long is still followed by a pause. */
  gint64 wait = MAX (config->listing_interval - took,
                     MIN (config->poll_interval, config->listing_interval));
  gboolean whole = !listing->failed && rows_failures (listing->desk->rows) == listing->failures;

  listing->phase = PHASE_IDLE;
  lk_metric_add (LK_M_POLLER_CYCLES, 1, config->account, "listing", whole ? "done" : "failed",
                 NULL);
  if (listing->failed)
    wait = MIN (config->poll_interval, wait);
  else
    conclude (listing, whole);
  if (whole)
    listing->incomplete = 0;
  else if (!listing->failed)
    {
      /* Soon, and later each time: what one row lacks is not worth a listing a cycle. */
      gint64 later = config->poll_interval << MIN (listing->incomplete, 10);
      listing->incomplete++;
      wait = MIN (later, wait);
    }
  if (listing->wanted)
    wait = 0;
  rows_remember_people (listing->desk->rows, FALSE);
  forget_seen (listing);
  listing->timer = lk_timers_add (listing->desk->timers, wait, begin, listing);
}

/* --- reads ------------------------------------------------------------------------------------ */

static void
read_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Listing *listing = data;

  if (read->date != LK_TIME_NONE && (listing->date == LK_TIME_NONE || read->date < listing->date))
    listing->date = read->date;
  if (error != NULL)
    {
      listing->failed = TRUE;
      record_set_fault (listing->desk->record, error);
    }
  if (--listing->open == 0)
    next_phase (listing);
}

static void
list_until (Listing *listing, ReadsList which, LkNexudusRowFunc row, LkNexudusDoneFunc done)
{
  g_autofree char *query
      = reads_query (which, listing->started, store_grace (listing->desk->store));

  listing->open++;
  lk_nexudus_list (listing->desk->nexudus, reads_entity (which), query,
                   rows_urgency (listing->desk->rows, LK_NEXUDUS_LISTING), row, done, listing);
}

static void
list (Listing *listing, ReadsList which, LkNexudusRowFunc row)
{
  list_until (listing, which, row, read_done);
}

static void
pauses_read (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Listing *listing = data;

  rows_pauses_listed (listing->desk->rows, error == NULL);
  read_done (read, rows_pauses_refused (listing->desk->rows, error) ? NULL : error, data);
}

static void
contracts_read (const LkNexudusRead *read, const GError *error, gpointer data)
{
  if (error == NULL)
    rows_contracts_listed (((Listing *) data)->desk->rows);
  read_done (read, error, data);
}

static void
businesses_read (const LkNexudusRead *read, const GError *error, gpointer data)
{
  if (error == NULL)
    rows_businesses_listed (((Listing *) data)->desk->rows);
  read_done (read, error, data);
}

static void
note_seen (Listing *listing, StoreKind kind, json_t *row)
{
  gint64 id = json_integer_value (json_object_get (row, "Id"));

  (void) g_hash_table_add (listing->seen[kind], g_memdup2 (&id, sizeof id));
}

/* A read hands one pointer to its rows and to its end, so each row function has a frame that finds
 * the Rows. */
#define LISTED(name, func, note)                                                                   \
  static void name (json_t *row, const LkNexudusRead *read, gpointer data)                         \
  {                                                                                                \
    Listing *listing = data;                                                                       \
    note;                                                                                          \
    func (row, read, listing->desk->rows);                                                         \
  }

LISTED (business_listed, rows_business, )
LISTED (pass_type_listed, rows_pass_type, )
LISTED (resource_listed, rows_resource, )
LISTED (contract_listed, rows_contract_listed, )
LISTED (pause_listed, rows_pause_listed, )
LISTED (coworker_listed, rows_coworker, note_seen (listing, STORE_MEMBERS, row))
LISTED (pass_listed, rows_pass, note_seen (listing, STORE_PASSES, row))
LISTED (booking_listed, rows_booking, note_seen (listing, STORE_BOOKINGS, row))

/* --- phases ----------------------------------------------------------------------------------- */

static void
list_composites (Listing *listing)
{
  rows_begin_businesses (listing->desk->rows);
  list_until (listing, READS_BUSINESSES, business_listed, businesses_read);
  list (listing, READS_PASS_TYPES, pass_type_listed);
  list (listing, READS_RESOURCES, resource_listed);
  rows_begin_contracts (listing->desk->rows);
  list_until (listing, READS_CONTRACTS, contract_listed, contracts_read);
  list_until (listing, READS_PAUSES, pause_listed, pauses_read);
}

static void
list_claims (Listing *listing)
{
  list (listing, READS_UNUSED_PASSES, pass_listed);
  list (listing, READS_USED_PASSES, pass_listed);
  list (listing, READS_BOOKINGS, booking_listed);
}

typedef struct
{
  Listing *listing;
  GArray *asked; /* gint64 */
} Round;

static void
note_missing (StoreKind kind, gint64 id, guint space, gint64 member, gpointer data)
{
  Round *round = data;
  guint n = round->asked->len;

  if (brake_ask (round->listing->desk->brake, kind, space, member)
      && (n == 0 || g_array_index (round->asked, gint64, n - 1) != id))
    g_array_append_val (round->asked, id);
}

/* Missing is only what this listing should have contained; a removal is confirmed by id. FALSE: all
 * that is to be asked for has been. */
static gboolean
confirm_missing (Listing *listing)
{
  gboolean any = FALSE;

  brake_begin_round (listing->desk->brake);
  for (guint k = 0; k < STORE_KINDS; k++)
    {
      g_autoptr (GArray) asked = g_array_new (FALSE, FALSE, sizeof (gint64));
      Round round = { listing, asked };

      store_each_missing (listing->desk->store, (StoreKind) k, listing->seen[k], listing->revision,
                          listing->started, note_missing, &round);
      for (guint i = 0; i < asked->len; i++)
        {
          gint64 id = g_array_index (asked, gint64, i);
          (void) g_hash_table_add (listing->seen[k], g_memdup2 (&id, sizeof id));
          rows_read_again (listing->desk->rows, (StoreKind) k, id);
        }
      any = any || asked->len > 0;
    }
  return any;
}

/* What the lists of a phase lead to. Composites and confirmations end in listing_turn, when
 * nothing is left to be read by id. */
static void
next_phase (Listing *listing)
{
  if (listing->failed)
    {
      end (listing);
      return;
    }
  switch (listing->phase)
    {
    case PHASE_IDLE:
      listing->phase = PHASE_COMPOSITES;
      list_composites (listing);
      break;
    case PHASE_PEOPLE:
      listing->phase = PHASE_CLAIMS;
      list_claims (listing);
      break;
    case PHASE_CLAIMS:
      listing->phase = PHASE_CONFIRM;
      break;
    case PHASE_COMPOSITES:
    case PHASE_CONFIRM:
      break;
    }
}

void
listing_turn (Listing *listing)
{
  if (listing->open > 0 || rows_open (listing->desk->rows) > 0)
    return;
  if (listing->phase == PHASE_COMPOSITES)
    {
      listing->ready (listing->data);
      listing->phase = PHASE_PEOPLE;
      rows_remember_people (listing->desk->rows, TRUE);
      list (listing, READS_COWORKERS, coworker_listed);
    }
  else if (listing->phase == PHASE_CONFIRM && !confirm_missing (listing))
    {
      brake_judge (listing->desk->brake, listing->revision);
      end (listing);
      listing->ready (listing->data);
    }
}
