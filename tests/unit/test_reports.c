/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * When door events are read, what is published of them, and when the mark moves. KISI, Kafka and
 * the program are played here: functions of theirs that the reports use are defined in this file,
 * and the linker takes these. The clock is a fake one.
 */
#include "../../src/executor/reports.h"

#include <string.h>

#define NOW G_GINT64_CONSTANT (1788264000000) /* 2026-09-01T12:00:00Z, 14:00 in Madrid */

/* --- what is played --------------------------------------------------------------------------- */

typedef struct
{
  char *topic, *key, *value;
  LkAckFunc func;
  gpointer data;
} Sent;

static struct
{
  LkFakeClock clock;
  LkTimers *timers;
  LkBudget *budget;
  LkConfig config;
  LkConfigKisi kisi;
  LkConfigSpace spaces[2];
  LkReports *reports;

  /* the call under way */
  gboolean calling;
  gint64 group; /* 0: events */
  LkTime from, until;
  LkKisiFunc func;
  gpointer data;

  GPtrArray *sent; /* Sent */
  guint acknowledged;
  gboolean full;

  LkTime mark;
  guint marks, refusals;
  gboolean refused;
  const char *member_space; /* where KISI user 107181 is member 9001 */
  LkCommand command;
  LkClaim claim;
} world;

static void
sent_free (gpointer data)
{
  Sent *sent = data;

  g_free (sent->topic);
  g_free (sent->key);
  g_free (sent->value);
  g_free (sent);
}

const LkConfig *
lk_program_config (const LkProgram *program)
{
  return &world.config;
}

const LkClock *
lk_program_clock (const LkProgram *program)
{
  return &world.clock.clock;
}

LkTimers *
lk_program_timers (const LkProgram *program)
{
  return world.timers;
}

LkProducer *
lk_program_producer (const LkProgram *program)
{
  return NULL;
}

gboolean
lk_producer_send (LkProducer *producer,
                  const char *topic,
                  gint32 partition,
                  const char *key,
                  gsize key_len,
                  const char *value,
                  gsize value_len,
                  const LkHeaders *headers,
                  LkAckFunc func,
                  gpointer data,
                  GError **error)
{
  Sent *sent;

  if (world.full)
    return lk_fail (error, LK_ERROR_RETRY, "full");
  g_assert_cmpint (partition, ==, lk_partition_of_key (key, key_len, 3));
  g_assert_cmpstr (headers->type, ==, "access.report");
  sent = g_new0 (Sent, 1);
  *sent = (Sent){ g_strdup (topic), g_strndup (key, key_len), g_strndup (value, value_len), func,
                  data };
  g_ptr_array_add (world.sent, sent);
  return TRUE;
}

gboolean
lk_producer_is_full (const LkProducer *producer)
{
  return world.full;
}

static LkKisiCall *
begin_call (gint64 group, LkKisiFunc func, gpointer data)
{
  g_assert_false (world.calling); /* one at a time */
  lk_budget_spend (world.budget);
  world.calling = TRUE;
  world.group = group;
  world.func = func;
  world.data = data;
  return (LkKisiCall *)&world; /* any address */
}

LkKisiCall *
lk_kisi_list_group_locks (
    LkKisi *kisi, gint64 group_id, double reserve, LkKisiFunc func, gpointer data)
{
  return begin_call (group_id, func, data);
}

LkKisiCall *
lk_kisi_list_events (LkKisi *kisi,
                     LkTime from,
                     LkTime until,
                     gint64 place_id,
                     double reserve,
                     LkKisiFunc func,
                     gpointer data)
{
  g_assert_cmpint (place_id, ==, 0);
  world.from = from;
  world.until = until;
  return begin_call (0, func, data);
}

void
lk_kisi_cancel (LkKisi *kisi, LkKisiCall *call)
{
  g_assert_true (world.calling);
  world.calling = FALSE;
}

static GArray *
groups_of (gpointer data)
{
  static const gint64 groups[] = { 7001, 7002 };

  return g_array_append_vals (g_array_new (FALSE, FALSE, sizeof (gint64)), groups, 2);
}

static gboolean
facts_of (const char *space, gint64 kisi_user_id, LkJudgeFacts *facts, gpointer data)
{
  if (kisi_user_id != 107181 || g_strcmp0 (space, world.member_space) != 0)
    return FALSE;
  facts->member = 9001;
  facts->entitled = TRUE;
  lk_judge_facts_add_command (facts, &world.command, LK_TIME_NONE);
  return TRUE;
}

static LkTime
events_until (gpointer data)
{
  return world.mark;
}

static void
set_events_until (LkTime until, gpointer data)
{
  world.mark = until;
  world.marks++;
}

static gboolean
may_call (gpointer data)
{
  return !world.refused;
}

static void
refused (const LkKisiAnswer *answer, gpointer data)
{
  world.refusals++;
  world.refused = TRUE;
}

static void
answered_well (gpointer data)
{
  (void) data;
}

static const LkReportsLookup lookup
    = { groups_of, facts_of, events_until, set_events_until, may_call, refused, answered_well };

/* --- moves ------------------------------------------------------------------------------------ */

static void
turn (void)
{
  (void)lk_timers_run (world.timers);
  while (reports_turn (world.reports))
    ;
}

/* Lets time pass, in the loop's steps of at most a second, until a call begins. Returns after how
 * many ms. */
static gint64
until_called (void)
{
  gint64 before = world.clock.now_steady;

  turn ();
  while (!world.calling)
    {
      g_assert_cmpint (world.clock.now_steady - before, <, 30 * LK_HOUR);
      lk_fake_clock_advance (&world.clock, CLAMP (lk_timers_next (world.timers), 1, 1000));
      turn ();
    }
  return world.clock.now_steady - before;
}

static void
answer_doors (gint64 lock_id, gint64 place_id)
{
  LkKisiGroupLock lock = { .group_id = world.group, .lock_id = lock_id, .place_id = place_id };
  g_autoptr (GPtrArray) locks = g_ptr_array_new ();
  LkKisiAnswer answer = { .verdict = LK_KISI_OK, .group_locks = locks };

  g_assert_true (world.calling);
  g_assert_cmpint (world.group, !=, 0);
  g_ptr_array_add (locks, &lock);
  world.calling = FALSE;
  world.func (&answer, world.data);
  turn ();
}

typedef struct
{
  const char *uuid;
  LkTime at;
  gint64 lock, place, user;
} Event;

static void
answer_events (const Event *events, guint n, LkTime date)
{
  LkKisiAnswer answer = { .verdict = LK_KISI_OK, .date = date };

  g_assert_true (world.calling);
  g_assert_cmpint (world.group, ==, 0);
  answer.events = g_ptr_array_new_with_free_func ((GDestroyNotify)lk_kisi_event_free);
  for (guint i = 0; i < n; i++)
    {
      LkKisiEvent *event = g_new0 (LkKisiEvent, 1);

      *event = (LkKisiEvent){ .uuid = g_strdup (events[i].uuid),
                              .type = g_strdup ("lock.unlock"),
                              .object_type = g_strdup ("Lock"),
                              .object_id = events[i].lock,
                              .object_name = g_strdup ("Green"),
                              .actor_type = g_strdup ("User"),
                              .actor_id = events[i].user,
                              .place_id = events[i].place,
                              .created_at = events[i].at };
      g_ptr_array_add (answer.events, event);
    }
  world.calling = FALSE;
  world.func (&answer, world.data);
  g_clear_pointer (&answer.events, g_ptr_array_unref); /* unless it was taken */
  turn ();
}

static void
answer_verdict (LkKisiVerdict verdict)
{
  LkKisiAnswer answer = { .verdict = verdict, .message = (char *)"status" };

  world.calling = FALSE;
  world.func (&answer, world.data);
  turn ();
}

/* Kafka's answers to all that is out. */
static void
acknowledge (const GError *error)
{
  while (world.acknowledged < world.sent->len)
    {
      const Sent *sent = world.sent->pdata[world.acknowledged++];

      sent->func (error == NULL ? 1 : -1, error, sent->data);
    }
  turn ();
}

static LkAccessReport
report_at (guint i)
{
  const Sent *sent = world.sent->pdata[i];
  g_autoptr (GError) error = NULL;
  LkAccessReport report;

  lk_access_report_parse (&report, sent->value, strlen (sent->value), &error);
  g_assert_no_error (error);
  return report;
}

static void
set_up (LkTime mark)
{
  const LkBudgetWindow window = { 1000, 5 };

  memset (&world, 0, sizeof world);
  lk_fake_clock_init (&world.clock, NOW);
  world.timers = lk_timers_new (&world.clock.clock);
  world.budget = lk_budget_new (&world.clock.clock, &window, 1);
  world.kisi = (LkConfigKisi){ .account = (char *)"main",
                               .requests_per_second = 5,
                               .events_interval = 10 * LK_SECOND };
  world.spaces[0] = (LkConfigSpace){ .code = (char *)"moncloa",
                                     .zone = lk_zone_new ("Europe/Madrid", NULL),
                                     .kisi = &world.kisi,
                                     .place = 501 };
  world.spaces[1] = (LkConfigSpace){ .code = (char *)"soho",
                                     .zone = lk_zone_new ("America/New_York", NULL),
                                     .kisi = &world.kisi,
                                     .place = 502 };
  world.config = (LkConfig){ .kafka = { .topic_prefix = (char *)"latchkey" },
                             .spaces = world.spaces,
                             .n_spaces = 2 };
  world.mark = mark;
  world.sent = g_ptr_array_new_with_free_func (sent_free);
  world.member_space = "moncloa";
  world.claim = (LkClaim){ 7001, { NOW + LK_HOUR, LK_TIME_NONE } };
  world.command = (LkCommand){ .kind = LK_SOURCE_BOOKING,
                               .member = 9001,
                               .source_id = 555,
                               .claims = &world.claim,
                               .n_claims = 1 };
  world.reports = reports_new (NULL, &world.kisi, NULL, world.budget, &lookup, NULL);
}

static void
tear_down (void)
{
  reports_free (world.reports);
  g_ptr_array_unref (world.sent);
  lk_budget_free (world.budget);
  lk_timers_free (world.timers);
  lk_zone_free (world.spaces[0].zone);
  lk_zone_free (world.spaces[1].zone);
}

/* Started, doors read: the first read of events is under way. */
static void
start_reading (LkTime mark)
{
  set_up (mark);
  reports_start (world.reports);
  (void)until_called ();
  g_assert_cmpint (world.group, ==, 7001);
  answer_doors (1, 501);
  (void)until_called ();
  g_assert_cmpint (world.group, ==, 7002);
  answer_doors (2, 502);
  (void)until_called ();
  g_assert_cmpint (world.group, ==, 0);
}

#define EVENT(uuid, ago)                                                                           \
  {                                                                                                \
    uuid, NOW - (ago), 1, 501, 107181                                                              \
  }

/* --- tests ------------------------------------------------------------------------------------ */

static void
reads_on_from_the_mark (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);
  g_auto (LkAccessReport) report = { 0 };

  start_reading (NOW - LK_HOUR);
  g_assert_cmpint (world.from, ==, NOW - LK_HOUR - LK_MINUTE);
  g_assert_cmpint (world.until, ==, lk_clock_wall (&world.clock.clock));
  answer_events (&event, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 1);
  g_assert_cmpuint (reports_pending (world.reports), ==, 1);
  g_assert_cmpuint (world.marks, ==, 0); /* not before it is acknowledged */
  report = report_at (0);
  g_assert_cmpstr (((Sent *)world.sent->pdata[0])->topic, ==, "latchkey.access-reports.moncloa");
  g_assert_cmpstr (((Sent *)world.sent->pdata[0])->key, ==, "door/1");
  g_assert_cmpstr (report.id, ==, "a");
  g_assert_cmpstr (report.reason, ==, "too_early");
  g_assert_cmpint (report.member_id, ==, 9001);
  g_assert_cmpstr (report.sources[0], ==, "booking/555");
  g_assert_cmpstr (report.business_date, ==, "2026-09-01");
  acknowledge (NULL);
  g_assert_cmpuint (world.marks, ==, 1);
  g_assert_cmpint (world.mark, ==, world.until);
  g_assert_cmpint (reports_until (world.reports), ==, world.until);
  tear_down ();
}

static void
begins_now_without_a_mark (void)
{
  start_reading (LK_TIME_NONE);
  g_assert_cmpint (world.from, ==, NOW - LK_MINUTE);
  answer_events (NULL, 0, LK_TIME_NONE);
  g_assert_cmpuint (world.marks, ==, 1); /* so that the next start knows */
  tear_down ();
}

static void
marks_by_the_clock_of_kisi (void)
{
  start_reading (NOW - LK_HOUR);
  answer_events (NULL, 0, NOW - 5 * LK_MINUTE);
  g_assert_cmpint (world.mark, ==, NOW - 5 * LK_MINUTE);
  tear_down ();
}

static void
reads_again_each_interval (void)
{
  const Event first = EVENT ("a", 30 * LK_SECOND);
  const Event second[] = { EVENT ("a", 30 * LK_SECOND), EVENT ("b", 20 * LK_SECOND) };

  start_reading (NOW - LK_HOUR);
  answer_events (&first, 1, LK_TIME_NONE);
  acknowledge (NULL);
  g_assert_cmpint (until_called (), ==, 10 * LK_SECOND);
  g_assert_cmpint (world.from, ==, NOW - 30 * LK_SECOND - LK_MINUTE); /* the newest seen, less 1 */
  answer_events (second, 2, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 2); /* a repeat is dropped */
  acknowledge (NULL);
  tear_down ();
}

static void
quiet_reads_mark_once_a_minute (void)
{
  guint before;

  start_reading (NOW - LK_HOUR);
  answer_events (NULL, 0, LK_TIME_NONE);
  before = world.marks;
  for (guint i = 0; i < 5; i++)
    {
      (void)until_called ();
      answer_events (NULL, 0, LK_TIME_NONE);
    }
  g_assert_cmpuint (world.marks, ==, before);
  (void)until_called ();
  answer_events (NULL, 0, LK_TIME_NONE);
  g_assert_cmpuint (world.marks, ==, before + 1);
  tear_down ();
}

static void
a_lost_report_is_read_again (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);
  g_autoptr (GError) error = g_error_new_literal (LK_ERROR, LK_ERROR_UNKNOWN, "lost");

  start_reading (NOW - LK_HOUR);
  answer_events (&event, 1, LK_TIME_NONE);
  acknowledge (error);
  g_assert_cmpuint (world.marks, ==, 0);
  g_assert_cmpint (until_called (), <=, 2 * LK_SECOND);
  g_assert_cmpint (world.from, ==, NOW - LK_HOUR - LK_MINUTE);
  answer_events (&event, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 2);
  acknowledge (NULL);
  g_assert_cmpuint (world.marks, ==, 1);
  tear_down ();
}

static void
a_full_producer_waits (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);

  start_reading (NOW - LK_HOUR);
  world.full = TRUE;
  answer_events (&event, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 0);
  g_assert_cmpuint (world.marks, ==, 0);
  world.full = FALSE;
  turn ();
  g_assert_cmpuint (world.sent->len, ==, 1);
  acknowledge (NULL);
  g_assert_cmpuint (world.marks, ==, 1);
  tear_down ();
}

static void
a_backlog_is_read_in_slices (void)
{
  LkTime from = NOW - 5 * LK_DAY - LK_MINUTE;
  guint n = 0;

  start_reading (NOW - 5 * LK_DAY);
  g_assert_cmpint (world.from, ==, from);
  while (world.until < NOW)
    {
      LkTime until = world.until;

      g_assert_cmpint (world.until - world.from, <=, LK_DAY);
      answer_events (NULL, 0, LK_TIME_NONE);
      g_assert_cmpint (world.mark, ==, until);
      g_assert_cmpint (until_called (), <, 10 * LK_SECOND);
      g_assert_cmpint (world.from, ==, until - LK_MINUTE); /* without a gap */
      n++;
    }
  g_assert_cmpuint (n, >=, 5);
  tear_down ();
}

static void
no_further_back_than_kisi_keeps (void)
{
  start_reading (NOW - 400 * LK_DAY);
  g_assert_cmpint (world.from, >=, NOW - 90 * LK_DAY);
  g_assert_cmpint (world.from, <, NOW - 89 * LK_DAY);
  tear_down ();
}

/* Late events: the last 3 hours each hour, 25 hours each night. */
static void
looks_back_hourly_and_nightly (void)
{
  guint hourly = 0, nightly = 0;
  LkTime night = LK_TIME_NONE;

  start_reading (NOW - LK_MINUTE);
  world.kisi.events_interval = 30 * LK_MINUTE; /* to spare turns */
  while (lk_clock_wall (&world.clock.clock) < NOW + LK_DAY)
    {
      gint64 span;

      answer_events (NULL, 0, LK_TIME_NONE);
      (void)until_called ();
      span = world.until - world.from;
      hourly += span == 3 * LK_HOUR;
      nightly += span == 25 * LK_HOUR;
      if (span == 25 * LK_HOUR)
        night = world.until;
    }
  g_assert_cmpuint (hourly, >=, 22);
  g_assert_cmpuint (hourly, <=, 24);
  g_assert_cmpuint (nightly, ==, 1);
  /* 03:30 in Madrid is 01:30 UTC. */
  g_assert_cmpint (ABS (night - (NOW + 13 * LK_HOUR + 30 * LK_MINUTE)), <, LK_MINUTE);
  tear_down ();
}

static void
a_late_event_moves_nothing (void)
{
  const Event late = EVENT ("late", 2 * LK_HOUR);

  start_reading (NOW - LK_MINUTE);
  world.kisi.events_interval = LK_DAY;
  answer_events (NULL, 0, LK_TIME_NONE);
  (void)until_called ();
  g_assert_cmpint (world.until - world.from, ==, 3 * LK_HOUR);
  LkTime mark = world.mark;
  answer_events (&late, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 1);
  acknowledge (NULL);
  g_assert_cmpint (world.mark, ==, mark);
  tear_down ();
}

static void
failures_back_off (void)
{
  gint64 longest = 0;

  start_reading (NOW - LK_HOUR);
  for (guint i = 0; i < 12; i++)
    {
      answer_verdict (LK_KISI_UNAVAILABLE);
      gint64 waited = until_called ();
      g_assert_cmpint (waited, <=, 5 * LK_MINUTE + LK_SECOND);
      longest = MAX (longest, waited);
    }
  g_assert_cmpint (longest, >, 10 * LK_SECOND);
  g_assert_cmpuint (world.marks, ==, 0);
  g_assert_cmpint (world.from, ==, NOW - LK_HOUR - LK_MINUTE);
  tear_down ();
}

static void
too_much_at_once_is_read_in_less (void)
{
  start_reading (NOW - 10 * LK_HOUR);
  g_assert_cmpint (world.until, >=, NOW);
  for (guint i = 0; i < 3; i++)
    {
      answer_verdict (LK_KISI_MALFORMED);
      (void)until_called ();
    }
  g_assert_cmpint (world.from, ==, NOW - 10 * LK_HOUR - LK_MINUTE);
  g_assert_cmpint (world.until - world.from, <=, 3 * LK_HOUR);
  tear_down ();
}

static void
a_refusal_is_the_executors_to_judge (void)
{
  start_reading (NOW - LK_HOUR);
  answer_verdict (LK_KISI_UNAUTHORIZED);
  g_assert_cmpuint (world.refusals, ==, 1);
  lk_fake_clock_advance (&world.clock, LK_HOUR);
  turn ();
  g_assert_false (world.calling);
  world.refused = FALSE;
  (void)until_called ();
  tear_down ();
}

static void
routes_by_place (void)
{
  const Event events[] = { { "a", NOW, 1, 501, 107181 },
                           { "b", NOW, 2, 502, 107181 },
                           { "c", NOW, 3, 999, 107181 }, /* nobody's place */
                           { "d", NOW, 2, 0, 107182 } }; /* its door tells */
  g_auto (LkAccessReport) here = { 0 }, there = { 0 }, stranger = { 0 };

  start_reading (NOW - LK_HOUR);
  answer_events (events, G_N_ELEMENTS (events), LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 3);
  here = report_at (0);
  there = report_at (1);
  stranger = report_at (2);
  g_assert_cmpstr (here.space, ==, "moncloa");
  g_assert_cmpstr (here.reason, ==, "too_early");
  /* A member of the other space is known here, and has nothing that opens this door. */
  g_assert_cmpstr (there.space, ==, "soho");
  g_assert_cmpint (there.member_id, ==, 9001);
  g_assert_cmpstr (there.reason, ==, "no_claim");
  g_assert_cmpstr (stranger.space, ==, "soho");
  g_assert_cmpint (stranger.place_id, ==, 502);
  g_assert_cmpint (stranger.member_id, ==, 0);
  g_assert_cmpstr (stranger.reason, ==, "unknown_person");
  acknowledge (NULL);
  tear_down ();
}

/* Somebody who turns out to be known gives a better basis, and that is published over the first. */
static void
better_replaces_worse_and_not_the_reverse (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);
  g_auto (LkAccessReport) first = { 0 }, second = { 0 };

  start_reading (NOW - LK_HOUR);
  world.member_space = NULL;
  answer_events (&event, 1, LK_TIME_NONE);
  acknowledge (NULL);
  world.member_space = "moncloa";
  (void)until_called ();
  answer_events (&event, 1, LK_TIME_NONE);
  acknowledge (NULL);
  world.member_space = NULL;
  (void)until_called ();
  answer_events (&event, 1, LK_TIME_NONE);
  acknowledge (NULL);
  g_assert_cmpuint (world.sent->len, ==, 2);
  first = report_at (0);
  second = report_at (1);
  g_assert_cmpstr (first.basis, ==, "none");
  g_assert_cmpint (first.revision, ==, 1);
  g_assert_cmpstr (second.basis, ==, "current");
  g_assert_cmpint (second.revision, ==, 2);
  tear_down ();
}

static void
an_unknown_door_is_asked_for_first (void)
{
  const Event event = { "a", NOW, 3, 501, 107181 };
  g_auto (LkAccessReport) report = { 0 };

  start_reading (NOW - LK_HOUR);
  answer_events (&event, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 0);
  (void)until_called ();
  g_assert_cmpint (world.group, ==, 7001);
  answer_doors (3, 501); /* the group has a new door */
  (void)until_called ();
  answer_doors (2, 502);
  g_assert_cmpuint (world.sent->len, ==, 1);
  report = report_at (0);
  g_assert_cmpstr (report.reason, ==, "too_early");
  acknowledge (NULL);
  tear_down ();
}

static void
unread_doors_hold_up_nothing (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);
  g_auto (LkAccessReport) report = { 0 };

  set_up (NOW - LK_HOUR);
  reports_start (world.reports);
  (void)until_called ();
  answer_verdict (LK_KISI_UNAVAILABLE);
  (void)until_called ();
  answer_doors (2, 502);
  (void)until_called ();
  g_assert_cmpint (world.group, ==, 0);
  answer_events (&event, 1, LK_TIME_NONE);
  /* The door is a surprise, so the groups that can be asked are asked; the other one waits. */
  while (world.sent->len == 0)
    {
      (void)until_called ();
      g_assert_cmpint (world.group, ==, 7002);
      answer_doors (2, 502);
    }
  report = report_at (0);
  g_assert_cmpstr (report.reason, ==, "unknown");
  acknowledge (NULL);
  tear_down ();
}

static void
rights_keep_their_room (void)
{
  gint64 waited;

  set_up (NOW - LK_HOUR);
  for (guint i = 0; i < 3; i++)
    lk_budget_spend (world.budget);
  reports_start (world.reports);
  turn ();
  g_assert_false (world.calling); /* three of five are spent: the rest is for rights */
  waited = until_called ();
  g_assert_cmpint (waited, >, 0);
  g_assert_cmpint (waited, <=, LK_SECOND + 100);
  tear_down ();
}

/* Rights that take all they can leave door events a tenth of the rate. */
static void
door_events_have_their_tenth (void)
{
  gint64 begun;

  set_up (NOW - LK_HOUR);
  for (guint i = 0; i < 4; i++)
    lk_budget_spend (world.budget);
  reports_start (world.reports);
  begun = world.clock.now_steady;
  while (!world.calling)
    {
      g_assert_cmpint (world.clock.now_steady - begun, <=, 4 * LK_SECOND);
      turn (); /* before the rights, as the executor does */
      if (!world.calling && lk_budget_wait_ms (world.budget, 0.05) == 0)
        lk_budget_spend (world.budget);
      lk_fake_clock_advance (&world.clock, 10);
    }
  g_assert_cmpint (world.clock.now_steady - begun, >=, LK_SECOND);
  tear_down ();
}

static void
stopping_drops_what_is_under_way (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);

  start_reading (NOW - LK_HOUR);
  reports_stop (world.reports);
  g_assert_false (world.calling); /* cancelled */
  turn ();
  lk_fake_clock_advance (&world.clock, LK_HOUR);
  turn ();
  g_assert_false (world.calling);

  reports_start (world.reports); /* owner again: doors, then on from the mark */
  (void)until_called ();
  answer_doors (1, 501);
  (void)until_called ();
  answer_doors (2, 502);
  (void)until_called ();
  g_assert_cmpint (world.from, ==, NOW - LK_HOUR - LK_MINUTE);
  answer_events (&event, 1, LK_TIME_NONE);
  reports_stop (world.reports);
  g_assert_cmpuint (reports_pending (world.reports), ==, 1);
  acknowledge (NULL);
  g_assert_cmpuint (reports_pending (world.reports), ==, 0);
  g_assert_cmpuint (world.marks, ==, 0); /* no longer ours to write */
  tear_down ();
}

/* What a former ownership sent and never got acknowledged is part of the next one's reading. */
static void
a_late_loss_is_read_again (void)
{
  const Event event = EVENT ("a", 30 * LK_SECOND);
  g_autoptr (GError) error = g_error_new_literal (LK_ERROR, LK_ERROR_UNKNOWN, "lost");

  start_reading (NOW - LK_HOUR);
  answer_events (&event, 1, LK_TIME_NONE);
  reports_stop (world.reports);
  reports_start (world.reports);
  (void)until_called ();
  answer_doors (1, 501);
  (void)until_called ();
  answer_doors (2, 502);
  (void)until_called ();
  answer_events (&event, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 1); /* it is out */
  g_assert_cmpuint (world.marks, ==, 0);
  acknowledge (error);
  g_assert_cmpuint (world.marks, ==, 0);
  (void)until_called ();
  answer_events (&event, 1, LK_TIME_NONE);
  g_assert_cmpuint (world.sent->len, ==, 2);
  acknowledge (NULL);
  g_assert_cmpuint (world.marks, ==, 1);
  tear_down ();
}

static void
discard (const char *line, gsize len, gpointer data)
{
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  lk_log_set_sink (discard, NULL);
  g_test_add_func ("/reports/reads-on-from-the-mark", reads_on_from_the_mark);
  g_test_add_func ("/reports/begins-now-without-a-mark", begins_now_without_a_mark);
  g_test_add_func ("/reports/marks-by-the-clock-of-kisi", marks_by_the_clock_of_kisi);
  g_test_add_func ("/reports/reads-again-each-interval", reads_again_each_interval);
  g_test_add_func ("/reports/quiet-reads-mark-once-a-minute", quiet_reads_mark_once_a_minute);
  g_test_add_func ("/reports/a-lost-report-is-read-again", a_lost_report_is_read_again);
  g_test_add_func ("/reports/a-full-producer-waits", a_full_producer_waits);
  g_test_add_func ("/reports/a-backlog-is-read-in-slices", a_backlog_is_read_in_slices);
  g_test_add_func ("/reports/no-further-back-than-kisi-keeps", no_further_back_than_kisi_keeps);
  g_test_add_func ("/reports/looks-back-hourly-and-nightly", looks_back_hourly_and_nightly);
  g_test_add_func ("/reports/a-late-event-moves-nothing", a_late_event_moves_nothing);
  g_test_add_func ("/reports/failures-back-off", failures_back_off);
  g_test_add_func ("/reports/too-much-at-once-is-read-in-less", too_much_at_once_is_read_in_less);
  g_test_add_func ("/reports/a-refusal-is-the-executors-to-judge",
                   a_refusal_is_the_executors_to_judge);
  g_test_add_func ("/reports/routes-by-place", routes_by_place);
  g_test_add_func ("/reports/better-replaces-worse-and-not-the-reverse",
                   better_replaces_worse_and_not_the_reverse);
  g_test_add_func ("/reports/an-unknown-door-is-asked-for-first",
                   an_unknown_door_is_asked_for_first);
  g_test_add_func ("/reports/unread-doors-hold-up-nothing", unread_doors_hold_up_nothing);
  g_test_add_func ("/reports/rights-keep-their-room", rights_keep_their_room);
  g_test_add_func ("/reports/door-events-have-their-tenth", door_events_have_their_tenth);
  g_test_add_func ("/reports/stopping-drops-what-is-under-way", stopping_drops_what_is_under_way);
  g_test_add_func ("/reports/a-late-loss-is-read-again", a_late_loss_is_read_again);
  return g_test_run ();
}
