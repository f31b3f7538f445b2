/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The schedule of one account. Two things go on side by side: an incremental cycle every poll
 * interval, which reads what changed since the last one that ended whole, and a full listing every
 * listing interval, which reads what pass types and contracts say, then all that can open a door,
 * and confirms by id whatever should have been there and was not.
 */
#include "account.h"

#include "rows.h"

#include <latchkey/base/metrics.h>
#include <latchkey/model/control.h>
#include <string.h>

#define OVERLAP_MS (2 * LK_MINUTE)        /* the filters look at the minute (nexudus-api.md §2.3) */
#define USED_BACK_MS (2 * LK_DAY)         /* a used pass opens to the cut-off of its day */
#define RECORD_MS (30 * LK_SECOND)        /* the account record is written at most that often */
#define SWEEP_MS LK_HOUR

typedef enum
{
  LISTING_IDLE,
  LISTING_COMPOSITES, /* locations, pass types, resources, contracts */
  LISTING_PEOPLE,
  LISTING_CLAIMS,     /* passes and bookings */
  LISTING_CONFIRM,    /* what is missing, by id */
} ListingPhase;

typedef struct
{
  StoreKind kind;
  gint64 id;
} Again;

struct _Account
{
  LkProgram *program;
  const LkConfigNexudus *config;
  const LkClock *clock;
  LkTimers *timers;
  GPtrArray *spaces; /* LkConfigSpace* of this account */
  gint64 *businesses;
  RouteSpaces route;
  LkBudget *budget;
  LkNexudus *nexudus;
  Store *store;
  World *world;
  Rows *rows;
  LkTable *record_table;
  char *topic;

  gboolean owned, acting; /* acting: owned, and the tables are read to their ends */
  GArray *again; /* Again, of what was overruled in the log before acting began */
  LkNexudusAccount record;
  gint64 record_at; /* steady: when it was last written */
  char *trouble;

  /* the incremental cycle */
  LkTimer *cycle_timer, *sweep_timer;
  guint cycle_open;      /* reads of the cycle under way */
  gboolean cycle_people; /* its first half: people and contracts */
  gboolean cycle_failed;
  LkTime cycle_from, cycle_date;
  gint64 totals[STORE_KINDS];   /* of the cycle under way */
  gint64 expected[STORE_KINDS]; /* by the totals before it and what is known to be gone; -1 */
  gboolean dropped[STORE_KINDS]; /* the cycle before it counted less than was expected */

  /* the full listing */
  ListingPhase phase;
  LkTimer *listing_timer;
  guint listing_open;
  gboolean listing_failed, listing_wanted;
  LkTime listing_started;
  gint64 listing_revision;
  LkTime listing_date; /* the earliest Date of its answers */
  GHashTable *seen[STORE_KINDS];
};

static void start_cycle (gpointer data);
static void start_listing (gpointer data);
static void listing_next (Account *account);

static LkTime
wall (const Account *account)
{
  return lk_clock_wall (account->clock);
}

/* --- the account record --------------------------------------------------------------------------- */

static gpointer
record_decode (const LkRecord *record, gpointer data, GError **error)
{
  LkNexudusAccount *entry = g_new0 (LkNexudusAccount, 1);

  (void) data;
  if (lk_nexudus_account_parse (entry, record->value, record->value_len, error))
    return entry;
  g_free (entry);
  return NULL;
}

static void
record_free (gpointer entry)
{
  lk_nexudus_account_clear (entry);
  g_free (entry);
}

static void
record_rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void) table;
  lk_warning (LK_F (.account = ((Account *) data)->config->account, .topic = record->topic,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand the account's record; reading Nexudus from a full listing");
}

static const LkTableOps record_ops
    = { .decode = record_decode, .free_entry = record_free, .rejected = record_rejected };

static void
write_record (Account *account, gboolean at_once)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gint64 now = lk_clock_steady (account->clock);

  if (account->record.read_until != LK_TIME_NONE)
    lk_metric_set (LK_M_POLLER_READ_UNTIL, (double) account->record.read_until / LK_SECOND,
                   account->config->account, NULL);
  if (account->record.listed_at != LK_TIME_NONE)
    lk_metric_set (LK_M_POLLER_LISTED_AT, (double) account->record.listed_at / LK_SECOND,
                   account->config->account, NULL);
  if (!at_once && now - account->record_at < RECORD_MS)
    return;
  account->record_at = now;
  lk_nexudus_account_write (&account->record, text);
  if (!lk_table_put (account->record_table, 0, account->config->account, text->str, text->len,
                     NULL, NULL, NULL, &error))
    /* The mark only saves reading: the next cycle writes it. */
    lk_warning (LK_F (.account = account->config->account, .error = error,
                      .event = "write_failed"),
                "can't write the account's record");
}

static void
set_fault (Account *account, const GError *error)
{
  const char *fault
      = error != NULL && error->code == LK_ERROR_REFUSED ? error->message : NULL;

  if (g_strcmp0 (account->record.fault, fault) == 0)
    return;
  g_free (account->record.fault);
  account->record.fault = g_strdup (fault);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, fault != NULL, "nexudus", account->config->account, NULL);
  write_record (account, TRUE);
}

/* --- the incremental cycle -------------------------------------------------------------------------- */

/* Fewer than before, beyond those known to be gone: something was removed without a trace, and a
 * listing finds out what. What explains a drop may be read only behind the total that shows it (a
 * cancellation, a row by id), so the next cycle has to see it too. */
static void
count_drop (Account *account, StoreKind kind)
{
  gint64 total = account->totals[kind];
  gint64 expected = account->expected[kind] - rows_take_gone (account->rows, kind);
  gboolean dropped = account->expected[kind] >= 0 && total < expected;

  if (dropped && account->dropped[kind])
    account->listing_wanted = TRUE;
  account->expected[kind] = dropped && !account->dropped[kind] ? expected : total;
  account->dropped[kind] = dropped && !account->dropped[kind];
}

static void
cycle_ended (Account *account)
{
  const char *name = account->config->account;

  lk_metric_add (LK_M_POLLER_CYCLES, 1, name, "incremental",
                 account->cycle_failed ? "failed" : "done", NULL);
  if (!account->cycle_failed)
    {
      if (account->cycle_date != LK_TIME_NONE)
        account->record.read_until = account->cycle_date;
      for (guint k = 0; k < STORE_KINDS; k++)
        {
          account->record.totals[k] = account->totals[k];
          if (account->totals[k] >= 0)
            count_drop (account, (StoreKind) k);
        }
      set_fault (account, NULL);
      write_record (account, FALSE);
    }
  account->cycle_timer
      = lk_timers_add (account->timers, account->config->poll_interval, start_cycle, account);
  if (account->listing_wanted && account->phase == LISTING_IDLE)
    {
      lk_timers_cancel (account->timers, account->listing_timer);
      account->listing_timer = NULL;
      start_listing (account);
    }
}

static void cycle_claims (Account *account);

static void
cycle_read_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Account *account = data;

  if (error != NULL)
    {
      account->cycle_failed = TRUE;
      set_fault (account, error);
    }
  /* The earliest Date of the cycle: what changed after it belongs to the next. */
  if (read->date != LK_TIME_NONE
      && (account->cycle_date == LK_TIME_NONE || read->date < account->cycle_date))
    account->cycle_date = read->date;
  if (--account->cycle_open > 0)
    return;
  if (account->cycle_people && !account->cycle_failed)
    cycle_claims (account);
  else
    cycle_ended (account);
}

/* A read hands one pointer to its rows and to its end, so each row function has a frame that finds
 * the Rows. */
#define ROW(name, func)                                                                            \
  static void name (json_t *row, const LkNexudusRead *read, gpointer data)                         \
  {                                                                                                \
    func (row, read, ((Account *) data)->rows);                                                    \
  }

ROW (coworker_changed, rows_coworker)
ROW (contract_changed, rows_contract)
ROW (pass_changed, rows_pass)
ROW (booking_changed, rows_booking)
ROW (booking_cancelled, rows_cancelled)

static void
cycle_list (Account *account, LkNexudusEntity entity, const char *field, LkTime from,
            LkNexudusRowFunc row)
{
  g_autofree char *minute = lk_nexudus_minute (from);
  g_autofree char *query = g_strdup_printf ("from_%s=%s", field, minute);

  account->cycle_open++;
  lk_nexudus_list (account->nexudus, entity, query, TRUE, row, cycle_read_done, account);
}

#define COUNT_DONE(name, kind)                                                                     \
  static void name (const LkNexudusRead *read, const GError *error, gpointer data)                 \
  {                                                                                                \
    ((Account *) data)->totals[kind] = error == NULL ? read->total : -1;                           \
    cycle_read_done (read, error, data);                                                           \
  }

COUNT_DONE (members_counted, STORE_MEMBERS)
COUNT_DONE (passes_counted, STORE_PASSES)
COUNT_DONE (bookings_counted, STORE_BOOKINGS)

static void
cycle_count (Account *account, LkNexudusEntity entity, LkNexudusDoneFunc done)
{
  account->cycle_open++;
  lk_nexudus_count (account->nexudus, entity, NULL, done, account);
}

/* The second half, behind the people and contracts that its rows refer to. */
static void
cycle_claims (Account *account)
{
  LkTime from = account->cycle_from;

  account->cycle_people = FALSE;
  rows_list_again (account->rows);
  cycle_list (account, LK_NEXUDUS_PASSES, "CoworkerTimePass_UpdatedOn", from, pass_changed);
  /* A check-in may use a pass without touching UpdatedOn (nexudus-api.md §9). */
  cycle_list (account, LK_NEXUDUS_PASSES, "CoworkerTimePass_UsedDate", from, pass_changed);
  cycle_list (account, LK_NEXUDUS_BOOKINGS, "Booking_UpdatedOn", from, booking_changed);
  cycle_list (account, LK_NEXUDUS_CANCELLED, "CancelledBooking_CancelledOn", from,
              booking_cancelled);
  cycle_count (account, LK_NEXUDUS_COWORKERS, members_counted);
  cycle_count (account, LK_NEXUDUS_PASSES, passes_counted);
  cycle_count (account, LK_NEXUDUS_BOOKINGS, bookings_counted);
}

static void
start_cycle (gpointer data)
{
  Account *account = data;

  account->cycle_timer = NULL;
  account->cycle_failed = FALSE;
  account->cycle_date = LK_TIME_NONE;
  account->cycle_people = TRUE;
  for (guint k = 0; k < STORE_KINDS; k++)
    account->totals[k] = -1;
  account->cycle_from = account->record.read_until - OVERLAP_MS;
  cycle_list (account, LK_NEXUDUS_COWORKERS, "Coworker_UpdatedOn", account->cycle_from,
              coworker_changed);
  cycle_list (account, LK_NEXUDUS_CONTRACTS, "CoworkerContract_UpdatedOn", account->cycle_from,
              contract_changed);
}

/* --- the full listing ------------------------------------------------------------------------------- */

static void
listing_ended (Account *account)
{
  account->phase = LISTING_IDLE;
  lk_metric_add (LK_M_POLLER_CYCLES, 1, account->config->account, "listing",
                 account->listing_failed ? "failed" : "done", NULL);
  if (!account->listing_failed)
    {
      account->record.listed_at = account->listing_started;
      /* Everything up to its start has been read: by Nexudus's clock, which the filters go by. */
      if (account->record.read_until == LK_TIME_NONE)
        account->record.read_until = account->listing_date != LK_TIME_NONE
                                         ? account->listing_date
                                         : account->listing_started;
      write_record (account, TRUE);
      lk_info (LK_F (.account = account->config->account, .event = "listed"),
               "a full listing ended after %" G_GINT64_FORMAT
               " ms: %u people, %u passes, %u bookings",
               wall (account) - account->listing_started,
               g_hash_table_size (account->seen[STORE_MEMBERS]),
               g_hash_table_size (account->seen[STORE_PASSES]),
               g_hash_table_size (account->seen[STORE_BOOKINGS]));
    }
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_remove_all (account->seen[k]);
  account->listing_timer = lk_timers_add (
      account->timers,
      account->listing_failed ? MIN (account->config->poll_interval, account->config->listing_interval)
                              : account->config->listing_interval,
      start_listing, account);
}

static void
listing_read_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Account *account = data;

  if (read->date != LK_TIME_NONE
      && (account->listing_date == LK_TIME_NONE || read->date < account->listing_date))
    account->listing_date = read->date;
  if (error != NULL)
    {
      account->listing_failed = TRUE;
      set_fault (account, error);
    }
  if (--account->listing_open == 0)
    listing_next (account);
}

static void
listing_list (Account *account, LkNexudusEntity entity, const char *query, LkNexudusRowFunc row)
{
  account->listing_open++;
  lk_nexudus_list (account->nexudus, entity, query, FALSE, row, listing_read_done, account);
}

static void
note_seen (Account *account, StoreKind kind, json_t *row)
{
  gint64 id = json_integer_value (json_object_get (row, "Id"));

  (void) g_hash_table_add (account->seen[kind], g_memdup2 (&id, sizeof id));
}

#define LISTED(name, func, note)                                                                   \
  static void name (json_t *row, const LkNexudusRead *read, gpointer data)                         \
  {                                                                                                \
    Account *account = data;                                                                       \
    note;                                                                                          \
    func (row, read, account->rows);                                                               \
  }

LISTED (business_listed, rows_business, )
LISTED (pass_type_listed, rows_pass_type, )
LISTED (resource_listed, rows_resource, )
LISTED (contract_listed, rows_contract_listed, )
LISTED (coworker_listed, rows_coworker, note_seen (account, STORE_MEMBERS, row))
LISTED (pass_listed, rows_pass, note_seen (account, STORE_PASSES, row))
LISTED (booking_listed, rows_booking, note_seen (account, STORE_BOOKINGS, row))

static void
list_composites (Account *account)
{
  listing_list (account, LK_NEXUDUS_BUSINESSES, NULL, business_listed);
  listing_list (account, LK_NEXUDUS_PASS_TYPES, NULL, pass_type_listed);
  listing_list (account, LK_NEXUDUS_RESOURCES, NULL, resource_listed);
  listing_list (account, LK_NEXUDUS_CONTRACTS, NULL, contract_listed);
}

static void
list_claims (Account *account)
{
  g_autofree char *used = lk_nexudus_minute (account->listing_started - USED_BACK_MS);
  g_autofree char *over = lk_nexudus_minute (account->listing_started);
  g_autofree char *used_query = g_strdup_printf ("from_CoworkerTimePass_UsedDate=%s", used);
  g_autofree char *over_query = g_strdup_printf ("from_Booking_ToTime=%s", over);

  listing_list (account, LK_NEXUDUS_PASSES, "CoworkerTimePass_Used=false", pass_listed);
  listing_list (account, LK_NEXUDUS_PASSES, used_query, pass_listed);
  listing_list (account, LK_NEXUDUS_BOOKINGS, over_query, booking_listed);
}

/* Missing is only what this listing should have contained; a removal is confirmed by id. */
static void
confirm_missing (Account *account)
{
  for (guint k = 0; k < STORE_KINDS; k++)
    {
      g_autoptr (GArray) missing = store_missing (account->store, (StoreKind) k, account->seen[k],
                                                  account->listing_revision,
                                                  account->listing_started);
      for (guint i = 0; i < missing->len; i++)
        rows_read_again (account->rows, (StoreKind) k, g_array_index (missing, gint64, i));
    }
}

static void
listing_next (Account *account)
{
  if (account->listing_failed)
    {
      listing_ended (account);
      return;
    }
  switch (account->phase)
    {
    case LISTING_IDLE:
      account->phase = LISTING_COMPOSITES;
      list_composites (account);
      break;
    case LISTING_COMPOSITES:
      /* The pass types are being read by id; account_turn goes on when they are there. */
      break;
    case LISTING_PEOPLE:
      account->phase = LISTING_CLAIMS;
      list_claims (account);
      break;
    case LISTING_CLAIMS:
      account->phase = LISTING_CONFIRM;
      confirm_missing (account);
      break;
    case LISTING_CONFIRM:
      break;
    }
}

static void
start_listing (gpointer data)
{
  Account *account = data;

  account->listing_timer = NULL;
  account->listing_failed = account->listing_wanted = FALSE;
  account->listing_started = wall (account);
  account->listing_revision = store_revision (account->store, account->listing_started);
  account->listing_date = LK_TIME_NONE;
  listing_next (account);
}

/* The two phases that end when nothing is left to be read by id. */
static void
listing_turn (Account *account)
{
  if (account->listing_open > 0 || rows_open (account->rows) > 0)
    return;
  if (account->phase == LISTING_COMPOSITES)
    {
      /* From here on changes can be read too: all that rows refer to is known. */
      if (account->cycle_timer == NULL && account->cycle_open == 0
          && account->record.read_until != LK_TIME_NONE)
        start_cycle (account);
      account->phase = LISTING_PEOPLE;
      listing_list (account, LK_NEXUDUS_COWORKERS, NULL, coworker_listed);
    }
  else if (account->phase == LISTING_CONFIRM)
    {
      listing_ended (account);
      if (account->cycle_timer == NULL && account->cycle_open == 0)
        start_cycle (account);
    }
}

/* --- ownership -------------------------------------------------------------------------------------- */

static void
sweep (gpointer data)
{
  Account *account = data;

  store_sweep (account->store);
  account->sweep_timer = lk_timers_add (account->timers, SWEEP_MS, sweep, account);
}

static void
begin_acting (Account *account)
{
  const LkNexudusAccount *record
      = lk_table_get (account->record_table, 0, account->config->account);

  lk_nexudus_account_clear (&account->record);
  account->record = (LkNexudusAccount){ .account = g_strdup (account->config->account),
                                        .read_until = LK_TIME_NONE,
                                        .listed_at = LK_TIME_NONE,
                                        .totals = { -1, -1, -1, -1 } };
  if (record != NULL)
    {
      account->record.read_until = record->read_until;
      account->record.listed_at = record->listed_at;
    }
  for (guint k = 0; k < STORE_KINDS; k++)
    {
      account->expected[k] = -1;
      account->dropped[k] = FALSE;
    }
  account->acting = TRUE;
  lk_info (LK_F (.account = account->config->account, .event = "acting"),
           "polling this account now");
  lk_metric_set (LK_M_POLLER_OWNER, 1, account->config->account, NULL);
  account->sweep_timer = lk_timers_add (account->timers, SWEEP_MS, sweep, account);
  for (guint i = 0; i < account->again->len; i++)
    {
      const Again *again = &g_array_index (account->again, Again, i);
      rows_read_again (account->rows, again->kind, again->id);
    }
  g_array_set_size (account->again, 0);
  start_listing (account);
}

void
account_own (Account *account)
{
  account->owned = TRUE;
  store_own (account->store, TRUE);
  lk_table_own (account->record_table, 0, TRUE);
  lk_table_refresh (account->record_table, 0);
}

static void
cancel_timer (Account *account, LkTimer **timer)
{
  lk_timers_cancel (account->timers, *timer);
  *timer = NULL;
}

void
account_disown (Account *account)
{
  account->owned = FALSE;
  g_array_set_size (account->again, 0); /* the next owner finds them by itself */
  store_own (account->store, FALSE);
  lk_table_own (account->record_table, 0, FALSE);
  if (!account->acting)
    return;
  account->acting = FALSE;
  lk_metric_set (LK_M_POLLER_OWNER, 0, account->config->account, NULL);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "nexudus", account->config->account, NULL);
  lk_nexudus_cancel_all (account->nexudus);
  rows_reset (account->rows);
  cancel_timer (account, &account->cycle_timer);
  cancel_timer (account, &account->listing_timer);
  cancel_timer (account, &account->sweep_timer);
  account->cycle_open = account->listing_open = 0;
  account->phase = LISTING_IDLE;
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_remove_all (account->seen[k]);
}

gboolean
account_is_idle (const Account *account)
{
  return store_pending (account->store) == 0 && lk_table_pending (account->record_table, -1) == 0;
}

/* --- life ------------------------------------------------------------------------------------------- */

static void
read_again (StoreKind kind, gint64 id, gpointer data)
{
  Account *account = data;
  const Again again = { kind, id };

  if (account->acting)
    rows_read_again (account->rows, kind, id);
  else
    g_array_append_val (account->again, again);
}

Account *
account_new (LkProgram *program, const LkConfigNexudus *config)
{
  Account *account = g_new0 (Account, 1);
  const GPtrArray *spaces = lk_program_spaces (program);
  LkBudgetWindow windows[LK_NEXUDUS_WINDOWS];

  account->program = program;
  account->config = config;
  account->clock = lk_program_clock (program);
  account->timers = lk_program_timers (program);
  account->spaces = g_ptr_array_new ();
  for (guint i = 0; i < spaces->len; i++)
    if (((LkConfigSpace *) spaces->pdata[i])->nexudus == config)
      g_ptr_array_add (account->spaces, spaces->pdata[i]);
  account->businesses = g_new (gint64, account->spaces->len + 1);
  for (guint i = 0; i < account->spaces->len; i++)
    account->businesses[i] = ((LkConfigSpace *) account->spaces->pdata[i])->business;
  account->route = (RouteSpaces){ account->businesses, account->spaces->len };
  lk_nexudus_windows (config, windows);
  account->budget = lk_budget_new (account->clock, windows, LK_NEXUDUS_WINDOWS);
  account->nexudus = lk_nexudus_new (config, account->clock, account->timers, account->budget);
  account->again = g_array_new (FALSE, FALSE, sizeof (Again));
  account->store = store_new (program, account->spaces, read_again, account);
  account->world = world_new (&account->route);
  account->rows = rows_new (config->account, account->store, account->world, account->nexudus,
                            &account->route, account->clock);
  account->topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                  LK_KIND_NEXUDUS_ACCOUNT, config->account);
  account->record_table
      = lk_table_new (lk_program_reader (program), lk_program_producer (program), account->topic,
                      1, &record_ops, account);
  lk_table_follow_all (account->record_table);
  for (guint k = 0; k < STORE_KINDS; k++)
    account->seen[k] = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  lk_metric_set (LK_M_POLLER_OWNER, 0, config->account, NULL);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "nexudus", config->account, NULL);
  return account;
}

void
account_free (Account *account)
{
  if (account == NULL)
    return;
  if (account->acting)
    account_disown (account);
  for (guint k = 0; k < STORE_KINDS; k++)
    g_hash_table_unref (account->seen[k]);
  rows_free (account->rows);
  lk_nexudus_free (account->nexudus);
  world_free (account->world);
  store_free (account->store);
  lk_table_free (account->record_table);
  lk_budget_free (account->budget);
  lk_nexudus_account_clear (&account->record);
  g_array_unref (account->again);
  g_ptr_array_unref (account->spaces);
  g_free (account->businesses);
  g_free (account->topic);
  g_free (account->trouble);
  g_free (account);
}

const char *
account_topic (const Account *account)
{
  return account->topic;
}

void
account_turn (Account *account)
{
  if (account->owned && !account->acting && store_is_loaded (account->store)
      && lk_table_is_all_loaded (account->record_table))
    begin_acting (account);
  if (!account->acting)
    return;
  lk_nexudus_turn (account->nexudus);
  listing_turn (account);
}

void
account_reloaded (Account *account)
{
  LkBudgetWindow windows[LK_NEXUDUS_WINDOWS];

  lk_nexudus_windows (account->config, windows);
  lk_budget_set (account->budget, windows, LK_NEXUDUS_WINDOWS);
}

const char *
account_trouble (const Account *account)
{
  if (store_trouble (account->store) != NULL)
    return store_trouble (account->store);
  if (lk_table_trouble (account->record_table) != NULL)
    return lk_table_trouble (account->record_table);
  return store_is_loaded (account->store) ? NULL : "reading the topics";
}
