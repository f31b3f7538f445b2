/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The queue of reads: lists page by page, single rows, totals. One request of a read at a time,
 * several reads at once, urgent ones first.
 */
#include "read.h"

#include <latchkey/base/log.h>
#include <string.h>

#define TRIES_MAX 4
#define IN_FLIGHT_MAX 4
#define READ_DEADLINE_MS 30000 /* nexudus-api.md §7.13 */
#define LISTING_RESERVE 0.4    /* of the rate, which a listing leaves to the urgent */
#define SPACING_MS 150 /* Nexudus takes one in 100 ms; on the way they bunch */

static void pump (LkNexudus *nexudus);
static void wake_in (LkNexudus *nexudus, gint64 ms);

static const char *const paths[] = {
  "spaces/coworkers", "billing/coworkertimepasses", "billing/timepasses",
  "spaces/bookings",  "spaces/cancelledbookings",   "spaces/resources",
  "sys/businesses",   "billing/coworkercontracts",  "billing/contractpausedperiods",
  "billing/timepasstimeslots",
};

const char *
lk_nexudus_path (LkNexudusEntity entity)
{
  return paths[entity];
}

/* --- reads ------------------------------------------------------------------------------------ */

static void
read_free (gpointer data)
{
  Read *read = data;

  if (read->call != NULL)
    lk_http_cancel (read->nexudus->http, read->call);
  g_clear_pointer (&read->seen, g_hash_table_unref);
  g_free (read->query);
  g_free (read);
}

static Read *
read_new (LkNexudus *nexudus, ReadKind kind, LkNexudusEntity entity, const char *query,
          LkNexudusUrgency urgency, gpointer data)
{
  Read *read = g_new0 (Read, 1);

  read->nexudus = nexudus;
  read->kind = kind;
  read->entity = entity;
  read->query = g_strdup (query);
  read->urgency = urgency;
  read->data = data;
  read->page = 1;
  read->size = kind == READ_COUNT ? 1 : LK_NEXUDUS_PAGE;
  read->read.date = LK_TIME_NONE;
  read->read.total = -1;
  read->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  lk_backoff_init (&read->backoff, 1000, 30000, 0);
  /* Started by the next turn, when its functions are set. */
  g_queue_push_tail (&nexudus->waiting[urgency], read);
  wake_in (nexudus, 1);
  return read;
}

/* Called back, then gone. */
static void
call_back (Read *read, json_t *row, const GError *error)
{
  if (read->kind == READ_GET)
    read->got (read->id, row, &read->read, error, read->data);
  else
    read->done (&read->read, error, read->data);
  read_free (read);
}

void
lk_nexudus_read_finish (Read *read, json_t *row, const GError *error)
{
  LkNexudus *nexudus = read->nexudus;

  (void) g_ptr_array_remove_fast (nexudus->running, read);
  if (error != NULL)
    lk_warning (LK_F (.account = nexudus->config->account, .event = "read_failed", .error = error),
                "a read of Nexudus failed and changes nothing");
  call_back (read, row, error);
}

void
lk_nexudus_read_again (Read *read, gint64 wait_ms)
{
  LkNexudus *nexudus = read->nexudus;

  (void) g_ptr_array_remove_fast (nexudus->running, read);
  read->not_before = lk_clock_steady (nexudus->clock) + wait_ms;
  g_queue_push_head (&nexudus->waiting[read->urgency], read);
}

void
lk_nexudus_read_fail (Read *read, LkErrorCode code, const char *reason)
{
  g_autoptr (GError) error = NULL;

  if (read->kind == READ_GET)
    (void) lk_fail (&error, code, "%s/%" G_GINT64_FORMAT ": %s", lk_nexudus_path (read->entity),
                    read->id, reason);
  else
    (void) lk_fail (&error, code, "%s page %u: %s", lk_nexudus_path (read->entity), read->page,
                    reason);
  lk_nexudus_read_finish (read, NULL, error);
}

void
lk_nexudus_read_try_again (Read *read, const char *reason)
{
  if (++read->tries >= TRIES_MAX)
    lk_nexudus_read_fail (read, LK_ERROR_RETRY, reason);
  else
    lk_nexudus_read_again (read, lk_backoff_next (&read->backoff));
}

/* --- the queue -------------------------------------------------------------------------------- */

static char *
url_of (const Read *read)
{
  const char *base = read->nexudus->config->url, *path = lk_nexudus_path (read->entity);

  if (read->kind == READ_GET)
    return g_strdup_printf ("%s/api/%s/%" G_GINT64_FORMAT, base, path, read->id);
  return g_strdup_printf ("%s/api/%s?page=%u&size=%u%s%s", base, path, read->page, read->size,
                          read->query == NULL ? "" : "&", read->query == NULL ? "" : read->query);
}

static void
start (Read *read)
{
  LkNexudus *nexudus = read->nexudus;
  g_autofree char *url = url_of (read);
  const char *const headers[]
      = { lk_session_header (nexudus->session), lk_session_client_header (nexudus->session),
          "Accept: application/json", NULL };
  const LkHttpRequest request
      = { .method = "GET", .url = url, .headers = headers, .deadline_ms = READ_DEADLINE_MS };

  g_ptr_array_add (nexudus->running, read);
  lk_budget_spend (nexudus->budget);
  nexudus->requests[read->urgency]++;
  read->call = lk_http_send (nexudus->http, &request, lk_nexudus_read_answered, read);
}

static void
woken (gpointer data)
{
  LkNexudus *nexudus = data;

  nexudus->timer = NULL;
  pump (nexudus);
}

static void
wake_in (LkNexudus *nexudus, gint64 ms)
{
  lk_timers_cancel (nexudus->timers, nexudus->timer);
  nexudus->timer = lk_timers_add (nexudus->timers, MAX (ms, 1), woken, nexudus);
}

/* The first waiting read that may start, taken out of its queue; else *WAIT is when to look again.
 */
static Read *
take_next (LkNexudus *nexudus, gint64 *wait)
{
  gint64 now = lk_clock_steady (nexudus->clock);

  *wait = G_MAXINT64;
  for (int u = LK_NEXUDUS_URGENCIES - 1; u >= 0; u--)
    for (GList *l = nexudus->waiting[u].head; l != NULL; l = l->next)
      {
        Read *read = l->data;
        gint64 ready = MAX (lk_budget_wait_ms (nexudus->budget, nexudus->reserve[u]),
                            read->not_before - now);
        if (ready <= 0)
          {
            g_queue_delete_link (&nexudus->waiting[u], l);
            return read;
          }
        *wait = MIN (*wait, ready);
      }
  return NULL;
}

/* A login that is refused has been logged by itself; what waits for it fails with its reason, so
 * that the account's fault shows instead of a silent queue. */
static void
fail_waiting (LkNexudus *nexudus, const GError *fault)
{
  g_autoptr (GError) error = g_error_copy (fault);
  g_autoptr (GPtrArray) reads = g_ptr_array_new ();

  for (int u = LK_NEXUDUS_URGENCIES - 1; u >= 0; u--)
    {
      Read *read;
      while ((read = g_queue_pop_head (&nexudus->waiting[u])) != NULL)
        g_ptr_array_add (reads, read);
    }
  for (guint i = 0; i < reads->len; i++)
    call_back (reads->pdata[i], NULL, error);
}

static guint
waiting_reads (const LkNexudus *nexudus)
{
  guint n = 0;

  for (guint u = 0; u < LK_NEXUDUS_URGENCIES; u++)
    n += nexudus->waiting[u].length;
  return n;
}

static void
pump (LkNexudus *nexudus)
{
  while (nexudus->running->len < IN_FLIGHT_MAX)
    {
      gint64 wait;
      Read *read;

      if (waiting_reads (nexudus) == 0)
        return;
      if (lk_session_header (nexudus->session) == NULL)
        {
          lk_session_login (nexudus->session);
          if (lk_session_header (nexudus->session) == NULL)
            {
              const GError *fault = lk_session_fault (nexudus->session);
              if (fault != NULL && fault->code == LK_ERROR_REFUSED)
                {
                  fail_waiting (nexudus, fault);
                  return;
                }
              wake_in (nexudus, MAX (lk_session_wait_ms (nexudus->session), 20));
              return;
            }
        }
      read = take_next (nexudus, &wait);
      if (read == NULL)
        {
          wake_in (nexudus, wait);
          return;
        }
      start (read);
    }
}

void
lk_nexudus_list (LkNexudus *nexudus, LkNexudusEntity entity, const char *query,
                 LkNexudusUrgency urgency, LkNexudusRowFunc row, LkNexudusDoneFunc done,
                 gpointer data)
{
  Read *read = read_new (nexudus, READ_LIST, entity, query, urgency, data);

  read->row = row;
  read->done = done;
}

void
lk_nexudus_get (LkNexudus *nexudus, LkNexudusEntity entity, gint64 id, LkNexudusUrgency urgency,
                LkNexudusGetFunc func, gpointer data)
{
  Read *read = read_new (nexudus, READ_GET, entity, NULL, urgency, data);

  read->id = id;
  read->got = func;
}

void
lk_nexudus_count (LkNexudus *nexudus, LkNexudusEntity entity, const char *query,
                  LkNexudusDoneFunc done, gpointer data)
{
  read_new (nexudus, READ_COUNT, entity, query, LK_NEXUDUS_CHANGES, data)->done = done;
}

/* --- life ------------------------------------------------------------------------------------- */

void
lk_nexudus_windows (const LkConfigNexudus *config, LkBudgetWindow out[LK_NEXUDUS_WINDOWS])
{
  /* Who configures more than one request in that time has been allowed more. */
  guint in_spacing = config->requests_per_minute / (guint) (LK_MINUTE / SPACING_MS);

  out[0] = (LkBudgetWindow){ LK_MINUTE, config->requests_per_minute };
  out[1] = (LkBudgetWindow){ LK_HOUR, config->requests_per_hour };
  out[2] = (LkBudgetWindow){ SPACING_MS, MAX (in_spacing, 1) };
}

LkNexudus *
lk_nexudus_new (const LkConfigNexudus *config, const LkClock *clock, LkTimers *timers,
                LkBudget *budget)
{
  LkNexudus *nexudus = g_new0 (LkNexudus, 1);

  nexudus->config = config;
  nexudus->clock = clock;
  nexudus->timers = timers;
  nexudus->budget = budget;
  nexudus->http = lk_http_new (clock, "nexudus", config->account);
  nexudus->session = lk_session_new (config, clock, nexudus->http, budget);
  nexudus->running = g_ptr_array_new ();
  for (guint u = 0; u < LK_NEXUDUS_URGENCIES; u++)
    g_queue_init (&nexudus->waiting[u]);
  nexudus->reserve[LK_NEXUDUS_LISTING] = LISTING_RESERVE;
  return nexudus;
}

void
lk_nexudus_reserve (LkNexudus *nexudus, LkNexudusUrgency urgency, double share)
{
  nexudus->reserve[urgency] = share;
}

guint64
lk_nexudus_requests (const LkNexudus *nexudus, LkNexudusUrgency urgency)
{
  return nexudus->requests[urgency];
}

void
lk_nexudus_cancel_all (LkNexudus *nexudus)
{
  for (guint u = 0; u < LK_NEXUDUS_URGENCIES; u++)
    g_queue_clear_full (&nexudus->waiting[u], read_free);
  for (guint i = 0; i < nexudus->running->len; i++)
    read_free (nexudus->running->pdata[i]);
  g_ptr_array_set_size (nexudus->running, 0);
}

void
lk_nexudus_free (LkNexudus *nexudus)
{
  if (nexudus == NULL)
    return;
  lk_nexudus_cancel_all (nexudus);
  lk_timers_cancel (nexudus->timers, nexudus->timer);
  g_ptr_array_unref (nexudus->running);
  lk_session_free (nexudus->session);
  lk_http_free (nexudus->http);
  g_free (nexudus);
}

guint
lk_nexudus_pending (const LkNexudus *nexudus)
{
  return waiting_reads (nexudus) + nexudus->running->len;
}

void
lk_nexudus_turn (LkNexudus *nexudus)
{
  lk_http_turn (nexudus->http);
  pump (nexudus);
}
