/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Door events → access reports. One read at a time: choose the span that is due, read its events,
 * publish a report for each that is new, wait for the acknowledgements, move the mark. Doors that
 * have to be asked for go before all of it, since they decide the reasons.
 *
 * Three spans are read again and again (design §8): what is new, every events_interval; the last 3
 * hours, hourly, and 25 hours, nightly, for events that readers without a connection hand in late.
 */
#include "reports.h"

#include "publish.h"
#include "share.h"

#include <latchkey/base/metrics.h>

#define RESERVE 0.4 /* of the rate, for rights */
#define SHARE 10    /* percent of the rate that door events may insist on */

#define OVERLAP LK_MINUTE
#define HOURLY_SPAN (3 * LK_HOUR)
#define NIGHTLY_SPAN (25 * LK_HOUR)
#define NIGHTLY_AT (3 * 60 + 30)         /* minutes after local midnight */
#define BACK_MAX (90 * LK_DAY - LK_HOUR) /* KISI keeps 90 days; an hour so as not to be refused */
#define SLICE LK_DAY                     /* the most of a backlog that is read at once */
#define SLICE_MIN (5 * LK_MINUTE)

#define EVENTS_A_TURN 500
#define MARK_EVERY LK_MINUTE /* the mark alone, without reports behind it */
#define BACKOFF_MIN_MS 1000
#define BACKOFF_CAP_MS (5 * 60 * 1000)

typedef enum
{
  READ_NEW,
  READ_HOURLY,
  READ_NIGHTLY,
  READ_COUNT_
} ReadKind;

static const char *const read_names[] = { "new", "hourly", "nightly" };

typedef struct
{
  gint64 due; /* steady ms */
  LkBackoff backoff;
} Schedule;

typedef struct
{
  ReadKind kind;
  LkTime from, until;
  gboolean sliced;   /* until is long past, not now */
  LkTime date;       /* KISI's clock when it began to answer */
  GPtrArray *events; /* LkKisiEvent; NULL: no read is being published */
  guint next;        /* index of the next one to publish */
  LkTime newest;     /* created_at of the newest event */
} Read;

struct _LkReports
{
  LkProgram *program;
  const LkConfigKisi *config;
  LkKisi *kisi;
  LkBudget *budget;
  const LkReportsLookup *lookup;
  gpointer data;
  const LkClock *clock;
  LkProducer *producer;

  gboolean started;
  LkDoors *doors;
  LkPublisher *publisher;
  LkKisiCall *call;  /* the one under way */
  gint64 call_group; /* whose doors it asks for; 0: it reads events */
  LkTimer *wake;
  Share share;

  LkTime position;           /* the newest event seen, or the start */
  LkTime mark, mark_written; /* reported up to here */
  gint64 slice;
  Schedule schedules[READ_COUNT_];
  Read read;
  gboolean troubled; /* the last read failed: said once */
};

LkReports *
reports_new (LkProgram *program, const LkConfigKisi *config, LkKisi *kisi, LkBudget *budget,
             const LkReportsLookup *lookup, gpointer data)
{
  LkReports *reports = g_new0 (LkReports, 1);

  reports->program = program;
  reports->config = config;
  reports->kisi = kisi;
  reports->budget = budget;
  reports->lookup = lookup;
  reports->data = data;
  reports->clock = lk_program_clock (program);
  reports->producer = lk_program_producer (program);
  reports->doors = doors_new ();
  reports->publisher = publisher_new (program, config, reports->doors, lookup, data);
  reports->share = (Share){ .reserve = RESERVE, .percent = SHARE };
  reports->mark = LK_TIME_NONE;
  reports->mark_written = LK_TIME_NONE;
  reports->slice = SLICE;
  for (guint i = 0; i < READ_COUNT_; i++)
    lk_backoff_init (&reports->schedules[i].backoff, BACKOFF_MIN_MS, BACKOFF_CAP_MS, 0);
  return reports;
}

static void
drop_read (LkReports *reports)
{
  g_clear_pointer (&reports->read.events, g_ptr_array_unref);
  reports->read = (Read){ 0 };
}

void
reports_stop (LkReports *reports)
{
  if (reports->call != NULL)
    lk_kisi_cancel (reports->kisi, g_steal_pointer (&reports->call));
  lk_timers_cancel (lk_program_timers (reports->program), g_steal_pointer (&reports->wake));
  share_stop (&reports->share, reports->budget);
  drop_read (reports);
  reports->started = FALSE;
}

void
reports_free (LkReports *reports)
{
  if (reports == NULL)
    return;
  reports_stop (reports);
  publisher_free (reports->publisher);
  doors_free (reports->doors);
  g_free (reports);
}

guint
reports_pending (const LkReports *reports)
{
  return publisher_pending (reports->publisher);
}

LkTime
reports_until (const LkReports *reports)
{
  return reports->mark;
}

static gint64
steady (const LkReports *reports)
{
  return lk_clock_steady (reports->clock);
}

static void
woken (gpointer data)
{
  ((LkReports *) data)->wake = NULL;
}

/* Sees to it that reports_turn is called again in DELAY_MS at the latest. */
static void
wake_in (LkReports *reports, gint64 delay_ms)
{
  LkTimers *timers = lk_program_timers (reports->program);

  lk_timers_cancel (timers, reports->wake);
  reports->wake = lk_timers_add (timers, MAX (delay_ms, 1), woken, reports);
}

/* Whether a call may start now, by the share that door events have of the rate. */
static gboolean
has_room (LkReports *reports)
{
  gint64 wait = share_wait_ms (&reports->share, reports->budget,
                               reports->config->requests_per_second, steady (reports));

  if (wait > 0)
    wake_in (reports, wait);
  return wait == 0;
}

/* --- doors ------------------------------------------------------------------------------------ */

static void
doors_answer (LkKisiAnswer *answer, gpointer data)
{
  LkReports *reports = data;
  gint64 group = reports->call_group;

  reports->call = NULL;
  if (answer->verdict == LK_KISI_OK)
    {
      doors_answered (reports->doors, group, answer->group_locks);
      return;
    }
  doors_failed (reports->doors, group,
                steady (reports) + (answer->verdict == LK_KISI_THROTTLED ? 0 : (gint64) LK_MINUTE));
  if (answer->verdict == LK_KISI_THROTTLED)
    return;
  lk_warning (LK_F (.account = reports->config->account, .event = "doors_unread"),
              "can't read which doors group %" G_GINT64_FORMAT
              " opens (%s: %s); asking again in a minute, reasons may stay unknown until then",
              group, lk_kisi_verdict_name (answer->verdict), answer->message);
  if (answer->verdict == LK_KISI_UNAUTHORIZED || answer->verdict == LK_KISI_FORBIDDEN)
    reports->lookup->refused (answer, reports->data);
}

void
reports_rules_changed (LkReports *reports)
{
  g_autoptr (GArray) groups = NULL;

  if (!reports->started)
    return; /* the start looks at all rules */
  groups = reports->lookup->groups (reports->data);
  doors_want (reports->doors, (const gint64 *) (gconstpointer) groups->data, groups->len);
}

void
reports_refresh_doors (LkReports *reports)
{
  doors_refresh (reports->doors);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* The nights of the account's first space; NULL: it has none. */
static const LkZone *
night_zone (const LkReports *reports)
{
  const LkConfig *whole = lk_program_config (reports->program);

  for (guint i = 0; i < whole->n_spaces; i++)
    if (whole->spaces[i].kisi == reports->config)
      return whole->spaces[i].zone;
  return NULL;
}

static void
schedule_next (LkReports *reports, ReadKind kind)
{
  Schedule *schedule = &reports->schedules[kind];
  gint64 now = steady (reports);
  LkTime wall = lk_clock_wall (reports->clock);

  switch (kind)
    {
    case READ_NEW:
      schedule->due = now + reports->config->events_interval;
      break;
    case READ_HOURLY:
      schedule->due = now + LK_HOUR;
      break;
    case READ_NIGHTLY:
    default:
      schedule->due = now + lk_zone_next_local (night_zone (reports), wall, NIGHTLY_AT) - wall;
      break;
    }
}

static void
read_failed (LkReports *reports, ReadKind kind, const char *what, const char *message)
{
  Schedule *schedule = &reports->schedules[kind];
  gint64 delay = lk_backoff_next (&schedule->backoff);

  schedule->due = steady (reports) + delay;
  if (reports->troubled)
    lk_debug (LK_F (.account = reports->config->account, .event = "events_unread"), "%s: %s", what,
              message);
  else
    lk_warning (LK_F (.account = reports->config->account, .event = "events_unread"),
                "can't read door events (%s: %s); trying again until it works, next in %.1f s",
                what, message, (double) delay / 1000);
  reports->troubled = TRUE;
}

static void
write_mark (LkReports *reports, LkTime mark)
{
  gboolean late
      = reports->mark_written == LK_TIME_NONE || mark - reports->mark_written >= MARK_EVERY;

  if (reports->mark != LK_TIME_NONE && mark <= reports->mark)
    return;
  reports->mark = mark;
  lk_metric_set (LK_M_DOOR_EVENTS_UNTIL, (double) mark / 1000, reports->config->account, NULL);
  if (publisher_published (reports->publisher) == 0 && !late)
    return;
  reports->mark_written = mark;
  reports->lookup->set_events_until (mark, reports->data);
}

/* All reports of the read are acknowledged, or one has failed. */
static void
end_read (LkReports *reports)
{
  Read *read = &reports->read;
  ReadKind kind = read->kind;

  if (publisher_failed (reports->publisher))
    {
      read_failed (reports, kind, "kafka", "a report was not acknowledged");
      drop_read (reports);
      return;
    }
  if (reports->troubled)
    lk_info (LK_F (.account = reports->config->account, .event = "events_read"),
             "door events can be read again");
  reports->troubled = FALSE;
  lk_backoff_reset (&reports->schedules[kind].backoff);
  lk_debug (LK_F (.account = reports->config->account, .event = "events_read"),
            "%u door events (%s), %u new reports", read->events->len, read_names[kind],
            publisher_published (reports->publisher));
  schedule_next (reports, kind);
  /* A reader whose clock runs ahead must not make us skip what others still hand in. */
  if (read->newest != LK_TIME_NONE)
    reports->position = MAX (reports->position, MIN (read->newest, read->until));
  if (kind == READ_NEW)
    {
      reports->slice = SLICE;
      if (read->sliced)
        {
          reports->position = MAX (reports->position, read->until);
          reports->schedules[READ_NEW].due = steady (reports);
        }
      /* By KISI's clock, so that a clock of ours that runs ahead leaves nothing out. */
      write_mark (reports,
                  read->date != LK_TIME_NONE ? MIN (read->date, read->until) : read->until);
    }
  drop_read (reports);
}

static void
events_answer (LkKisiAnswer *answer, gpointer data)
{
  LkReports *reports = data;
  Read *read = &reports->read;

  reports->call = NULL;
  if (answer->verdict == LK_KISI_THROTTLED)
    {
      drop_read (reports); /* still due; the budget knows when */
      return;
    }
  if (answer->verdict != LK_KISI_OK)
    {
      ReadKind kind = read->kind;

      /* Perhaps more than can be read at once. */
      if (answer->verdict == LK_KISI_MALFORMED && kind == READ_NEW)
        reports->slice = MAX (reports->slice / 2, SLICE_MIN);
      read_failed (reports, kind, lk_kisi_verdict_name (answer->verdict), answer->message);
      drop_read (reports);
      if (answer->verdict == LK_KISI_UNAUTHORIZED || answer->verdict == LK_KISI_FORBIDDEN)
        reports->lookup->refused (answer, reports->data);
      return;
    }
  reports->lookup->answered (reports->data);
  read->events = g_steal_pointer (&answer->events);
  read->date = answer->date;
  for (guint i = 0; i < read->events->len; i++)
    {
      const LkKisiEvent *event = read->events->pdata[i];

      read->newest = MAX (read->newest, event->created_at);
      if (g_strcmp0 (event->object_type, "Lock") == 0
          && publisher_route (reports->publisher, event) != NULL
          && doors_surprise (reports->doors, event->object_id, steady (reports)))
        doors_refresh (reports->doors);
    }
}

static void
start_read (LkReports *reports, ReadKind kind)
{
  Read *read = &reports->read;
  LkTime now = lk_clock_wall (reports->clock);

  publisher_begin (reports->publisher);
  *read = (Read){ .kind = kind, .until = now, .date = LK_TIME_NONE, .newest = LK_TIME_NONE };
  switch (kind)
    {
    case READ_NEW:
      read->from = MIN (MAX (reports->position - OVERLAP, now - BACK_MAX), now - OVERLAP);
      if (now - read->from > reports->slice)
        {
          /* Half a slice, so that its end is well past: KISI's clock may be behind ours. */
          read->until = read->from + reports->slice / 2;
          read->sliced = TRUE;
        }
      break;
    case READ_HOURLY:
      read->from = now - HOURLY_SPAN;
      break;
    case READ_NIGHTLY:
    default:
      read->from = now - NIGHTLY_SPAN;
      break;
    }
  reports->call_group = 0;
  reports->call = lk_kisi_list_events (reports->kisi, read->from, read->until, 0, RESERVE,
                                       events_answer, reports);
}

void
reports_start (LkReports *reports)
{
  LkTime now = lk_clock_wall (reports->clock);
  LkTime mark = reports->lookup->events_until (reports->data);
  char text[LK_TIME_TEXT];

  if (reports->started || night_zone (reports) == NULL)
    return;
  reports->started = TRUE;
  reports->mark = mark;
  reports->mark_written = mark;
  reports->position = mark != LK_TIME_NONE ? mark : now;
  if (now - reports->position > BACK_MAX)
    lk_warning (LK_F (.account = reports->config->account, .event = "events_lost"),
                "door events are reported up to %s; KISI keeps 90 days, so what lies between is "
                "lost",
                lk_time_format (reports->position, text));
  for (guint kind = 0; kind < READ_COUNT_; kind++)
    schedule_next (reports, kind);
  reports->schedules[READ_NEW].due = steady (reports);
  reports_rules_changed (reports);
  doors_refresh (reports->doors);
}

/* The kind of read that is due, or READ_COUNT_. */
static ReadKind
due_read (LkReports *reports)
{
  gint64 now = steady (reports), next = G_MAXINT64;

  for (guint kind = 0; kind < READ_COUNT_; kind++)
    {
      if (reports->schedules[kind].due <= now)
        return kind;
      next = MIN (next, reports->schedules[kind].due);
    }
  wake_in (reports, next - now);
  return READ_COUNT_;
}

/* TRUE when the turn is over with it, *OUT_AGAIN set. */
static gboolean
turn_doors (LkReports *reports)
{
  gint64 group = doors_next (reports->doors, steady (reports));

  if (group == 0)
    return FALSE;
  if (!has_room (reports))
    return TRUE;
  reports->call_group = group;
  reports->call = lk_kisi_list_group_locks (reports->kisi, group, RESERVE, doors_answer, reports);
  return TRUE;
}

static gboolean
turn_publish (LkReports *reports)
{
  Read *read = &reports->read;

  for (guint n = 0; n < EVENTS_A_TURN && read->next < read->events->len; n++)
    {
      if (lk_producer_is_full (reports->producer)
          || !publisher_event (reports->publisher, read->events->pdata[read->next]))
        return FALSE; /* its acknowledgements bring the next turn */
      read->next++;
    }
  if (read->next < read->events->len)
    return TRUE;
  if (publisher_pending (reports->publisher) > 0)
    return FALSE;
  end_read (reports);
  return TRUE;
}

gboolean
reports_turn (LkReports *reports)
{
  gboolean may_call;
  ReadKind kind;

  if (!reports->started || reports->call != NULL)
    return FALSE;
  may_call = reports->lookup->may_call (reports->data);
  /* Doors first, but events in hand don't wait for an account that refuses us. */
  if (may_call && turn_doors (reports))
    return FALSE;
  if (reports->read.events != NULL)
    return turn_publish (reports);
  if (!may_call)
    return FALSE;
  kind = due_read (reports);
  if (kind != READ_COUNT_ && has_room (reports))
    start_read (reports, kind);
  return FALSE;
}
