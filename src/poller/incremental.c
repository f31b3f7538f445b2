/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One cycle after the other: people and contracts, then what refers to them.
 */
#include "incremental.h"

#include "schedule.h"

#include <latchkey/base/metrics.h>

#define HELD_CYCLES 10             /* that a row which can't be read may keep the mark back */
#define OVERLAP_MS (2 * LK_MINUTE) /* the filters look at the minute (nexudus-api.md §2.3) */

struct _Incremental
{
  const Desk *desk;
  IncrementalEndedFunc ended;
  gpointer data;

  LkTimer *timer;
  gint64 started;       /* steady */
  guint64 requests;     /* for changes, before the cycle */
  guint cost;           /* requests of a cycle, by those that were */
  gint64 told_interval; /* the interval that the log knows of */
  guint open;           /* reads under way */
  gboolean people;      /* the first half: people and contracts */
  gboolean failed;
  guint failures;                /* of reads that rows led to, before the cycle */
  guint held;                    /* cycles for which they have kept the mark back */
  LkTime from;                   /* changes since then are read */
  LkTime date;                   /* the earliest Date of the answers */
  gint64 totals[STORE_KINDS];    /* of the cycle under way */
  gint64 expected[STORE_KINDS];  /* by the totals before it and what is known to be gone; -1 */
  gboolean dropped[STORE_KINDS]; /* the cycle before it counted less than was expected */
};

static void start (gpointer data);

Incremental *
incremental_new (const Desk *desk, IncrementalEndedFunc ended, gpointer data)
{
  Incremental *incremental = g_new0 (Incremental, 1);

  incremental->desk = desk;
  incremental->ended = ended;
  incremental->data = data;
  incremental->cost = SCHEDULE_CYCLE_REQUESTS;
  incremental->told_interval = desk->config->poll_interval;
  incremental_stop (incremental);
  return incremental;
}

void
incremental_free (Incremental *incremental)
{
  if (incremental == NULL)
    return;
  incremental_stop (incremental);
  g_free (incremental);
}

void
incremental_stop (Incremental *incremental)
{
  lk_timers_cancel (incremental->desk->timers, incremental->timer);
  incremental->timer = NULL;
  incremental->open = 0;
  incremental->failures = rows_failures (incremental->desk->rows);
  incremental->held = 0;
  for (guint k = 0; k < STORE_KINDS; k++)
    {
      incremental->expected[k] = -1;
      incremental->dropped[k] = FALSE;
    }
}

/* Fewer than before, beyond those known to be gone: something was removed without a trace. What
 * explains a drop may be read only behind the total that shows it (a cancellation, a row by id), so
 * the next cycle has to see it too. */
static gboolean
count_drop (Incremental *incremental, StoreKind kind)
{
  gint64 total = incremental->totals[kind];
  gint64 expected = incremental->expected[kind] - rows_take_gone (incremental->desk->rows, kind);
  gboolean dropped = incremental->expected[kind] >= 0 && total < expected;
  gboolean twice = dropped && incremental->dropped[kind];

  incremental->expected[kind] = dropped && !twice ? expected : total;
  incremental->dropped[kind] = dropped && !twice;
  return twice;
}

/* Whether what the cycle led to was read as well. One row may be sick for good, and must not keep
 * everybody's mark back for ever: it is then left to the full listings. */
static gboolean
may_move_on (Incremental *incremental)
{
  const Desk *desk = incremental->desk;
  guint failures = rows_failures (desk->rows);
  gboolean clean = failures == incremental->failures;

  incremental->failures = failures;
  if (!clean && incremental->held < HELD_CYCLES)
    {
      incremental->held++;
      return FALSE;
    }
  if (!clean)
    lk_warning (LK_F (.account = desk->config->account, .event = "rows_left"),
                "what %d cycles could not read is left to the next full listing", HELD_CYCLES);
  incremental->held = 0;
  return TRUE;
}

/* The lists of the cycle were seen whole: the next one reads from its Date, when MOVES_ON. Whether
 * rows are lacking. */
static gboolean
conclude (Incremental *incremental, gboolean moves_on)
{
  LkNexudusAccount *record = record_data (incremental->desk->record);
  gboolean lacks = FALSE;

  if (moves_on && incremental->date != LK_TIME_NONE)
    record->read_until = incremental->date;
  for (guint k = 0; k < STORE_KINDS; k++)
    {
      record->totals[k] = incremental->totals[k];
      if (incremental->totals[k] >= 0)
        lacks = count_drop (incremental, (StoreKind) k) || lacks;
    }
  record_set_fault (incremental->desk->record, NULL);
  record_write (incremental->desk->record, FALSE);
  return lacks;
}

/* A cycle that cost more is believed at once, one that cost less slowly. */
static void
learn_cost (Incremental *incremental)
{
  guint cost = (guint) (lk_nexudus_requests (incremental->desk->nexudus, LK_NEXUDUS_CHANGES)
                        - incremental->requests);

  incremental->cost = MAX (cost, (3 * incremental->cost + cost + 3) / 4);
}

static void
tell_interval (Incremental *incremental, gint64 interval)
{
  const LkConfigNexudus *config = incremental->desk->config;

  if (interval == incremental->told_interval)
    return;
  if (interval > config->poll_interval)
    lk_warning (LK_F (.account = config->account, .event = "interval_stretched"),
                "a cycle costs %u requests, too many for one every %" G_GINT64_FORMAT
                " ms within the account's limits; reading changes every %" G_GINT64_FORMAT " ms",
                incremental->cost, config->poll_interval, interval);
  incremental->told_interval = interval;
}

/* Shares out the account's limits, and says when the next cycle begins. */
static gint64
plan_next (Incremental *incremental)
{
  const Desk *desk = incremental->desk;
  const LkConfigNexudus *config = desk->config;
  Schedule plan = schedule_plan (config->poll_interval, incremental->cost,
                                 config->requests_per_minute, config->requests_per_hour);
  gint64 gone = lk_clock_steady (desk->clock) - incremental->started;

  lk_nexudus_reserve (desk->nexudus, LK_NEXUDUS_ROWS, plan.rows);
  lk_nexudus_reserve (desk->nexudus, LK_NEXUDUS_LISTING, plan.listing);
  tell_interval (incremental, plan.interval);
  /* A cycle that took long is still followed by a pause, in which other reads have their turn. */
  return MAX (plan.interval - gone, MIN (plan.interval, LK_SECOND));
}

static void
end (Incremental *incremental)
{
  const LkConfigNexudus *config = incremental->desk->config;
  gboolean moves_on = !incremental->failed && may_move_on (incremental);
  gboolean lacks = !incremental->failed && conclude (incremental, moves_on);

  lk_metric_add (LK_M_POLLER_CYCLES, 1, config->account, "incremental",
                 moves_on ? "done" : "failed", NULL);
  learn_cost (incremental);
  incremental->timer
      = lk_timers_add (incremental->desk->timers, plan_next (incremental), start, incremental);
  incremental->ended (lacks, incremental->data);
}

static void list_claims (Incremental *incremental);

static void
read_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Incremental *incremental = data;

  if (error != NULL)
    {
      incremental->failed = TRUE;
      record_set_fault (incremental->desk->record, error);
    }
  /* The earliest Date of the cycle: what changed after it belongs to the next. */
  if (read->date != LK_TIME_NONE
      && (incremental->date == LK_TIME_NONE || read->date < incremental->date))
    incremental->date = read->date;
  if (--incremental->open > 0)
    return;
  if (incremental->people && !incremental->failed)
    list_claims (incremental);
  else
    end (incremental);
}

/* A read hands one pointer to its rows and to its end, so each row function has a frame that finds
 * the Rows. */
#define ROW(name, func)                                                                            \
  static void name (json_t *row, const LkNexudusRead *read, gpointer data)                         \
  {                                                                                                \
    func (row, read, ((Incremental *) data)->desk->rows);                                          \
  }

ROW (coworker_changed, rows_coworker)
ROW (contract_changed, rows_contract)
ROW (pause_changed, rows_pause)
ROW (pass_changed, rows_pass)
ROW (booking_changed, rows_booking)
ROW (booking_cancelled, rows_cancelled)

static void
list_since (Incremental *incremental, LkNexudusEntity entity, const char *field,
            LkNexudusRowFunc row, LkNexudusDoneFunc done)
{
  g_autofree char *minute = lk_nexudus_minute (incremental->from);
  g_autofree char *query = g_strdup_printf ("from_%s=%s", field, minute);

  incremental->open++;
  lk_nexudus_list (incremental->desk->nexudus, entity, query, LK_NEXUDUS_CHANGES, row, done,
                   incremental);
}

static void
pauses_read (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Incremental *incremental = data;

  read_done (read, rows_pauses_refused (incremental->desk->rows, error) ? NULL : error, data);
}

#define COUNTED(name, kind)                                                                        \
  static void name (const LkNexudusRead *read, const GError *error, gpointer data)                 \
  {                                                                                                \
    ((Incremental *) data)->totals[kind] = error == NULL ? read->total : -1;                       \
    read_done (read, error, data);                                                                 \
  }

COUNTED (members_counted, STORE_MEMBERS)
COUNTED (passes_counted, STORE_PASSES)
COUNTED (bookings_counted, STORE_BOOKINGS)

static void
count (Incremental *incremental, LkNexudusEntity entity, LkNexudusDoneFunc done)
{
  incremental->open++;
  lk_nexudus_count (incremental->desk->nexudus, entity, NULL, done, incremental);
}

/* The second half, behind the people and contracts that its rows refer to. */
static void
list_claims (Incremental *incremental)
{
  incremental->people = FALSE;
  rows_try_again (incremental->desk->rows);
  rows_pass_pauses (incremental->desk->rows);
  list_since (incremental, LK_NEXUDUS_PASSES, "CoworkerTimePass_UpdatedOn", pass_changed,
              read_done);
  /* A check-in may use a pass without touching UpdatedOn (nexudus-api.md §9). */
  list_since (incremental, LK_NEXUDUS_PASSES, "CoworkerTimePass_UsedDate", pass_changed, read_done);
  list_since (incremental, LK_NEXUDUS_BOOKINGS, "Booking_UpdatedOn", booking_changed, read_done);
  list_since (incremental, LK_NEXUDUS_CANCELLED, "CancelledBooking_CancelledOn", booking_cancelled,
              read_done);
  count (incremental, LK_NEXUDUS_COWORKERS, members_counted);
  count (incremental, LK_NEXUDUS_PASSES, passes_counted);
  count (incremental, LK_NEXUDUS_BOOKINGS, bookings_counted);
}

static void
start (gpointer data)
{
  Incremental *incremental = data;

  incremental->timer = NULL;
  incremental->started = lk_clock_steady (incremental->desk->clock);
  incremental->requests = lk_nexudus_requests (incremental->desk->nexudus, LK_NEXUDUS_CHANGES);
  incremental->failed = FALSE;
  incremental->date = LK_TIME_NONE;
  incremental->people = TRUE;
  for (guint k = 0; k < STORE_KINDS; k++)
    incremental->totals[k] = -1;
  incremental->from = record_data (incremental->desk->record)->read_until - OVERLAP_MS;
  list_since (incremental, LK_NEXUDUS_COWORKERS, "Coworker_UpdatedOn", coworker_changed, read_done);
  list_since (incremental, LK_NEXUDUS_CONTRACTS, "CoworkerContract_UpdatedOn", contract_changed,
              read_done);
  if (rows_reads_pauses (incremental->desk->rows))
    list_since (incremental, LK_NEXUDUS_PAUSES, "ContractPausedPeriod_UpdatedOn", pause_changed,
                pauses_read);
}

void
incremental_start (Incremental *incremental)
{
  if (incremental->timer == NULL && incremental->open == 0
      && record_data (incremental->desk->record)->read_until != LK_TIME_NONE)
    start (incremental);
}
