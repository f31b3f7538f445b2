/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One round after the other: which groups there are, then each listed and compared. A round is of
 * all groups (by the clock), of those with something surplus (the second sighting), or of one space
 * (somebody asked).
 */
#include "audit.h"

#include "share.h"
#include "sightings.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>

#define RESERVE 0.6 /* of the rate, for rights and door events */
#define SHARE 20    /* percent of the rate that the audit may insist on */
#define APART_MS (10 * LK_MINUTE)
#define TRIES 5 /* of one group, in a row, before a round goes on without it */

typedef enum
{
  ROUND_NONE,
  ROUND_ALL,
  ROUND_SECOND_LOOK,
  ROUND_REQUEST,
} RoundKind;

typedef struct
{
  RoundKind kind;
  StateSpace *space; /* of REQUEST */
  LkTime began;
  gboolean listed; /* the groups that the key sees are known */
  GArray *groups;  /* gint64: to be listed */
  guint next, tries;
  gboolean whole; /* no group was left out */
} Round;

struct _Audit
{
  LkProgram *program;
  const LkConfigKisi *config;
  LkKisi *kisi;
  LkBudget *budget;
  State *state;
  const AuditHandler *handler;
  gpointer data;
  const LkClock *clock;

  gboolean started;
  gint64 exclusive_user;
  gint64 next_at;    /* steady ms: the next round of all groups */
  gint64 not_before; /* steady ms: after a failure */
  GQueue requests;   /* StateSpace* */
  Sightings *surplus;
  Round round;
  LkKisiCall *call;
  LkTimer *wake;
  Share share;
  LkBackoff backoff;
  GHashTable *drift; /* StateSpace* → guint[DRIFT_CLASSES], of the round */
};

static gint64
steady (const Audit *audit)
{
  return lk_clock_steady (audit->clock);
}

/* --- life ------------------------------------------------------------------------------------- */

Audit *
audit_new (LkProgram *program, const LkConfigKisi *config, LkKisi *kisi, LkBudget *budget,
           State *state, const AuditHandler *handler, gpointer data)
{
  Audit *audit = g_new0 (Audit, 1);

  audit->program = program;
  audit->config = config;
  audit->kisi = kisi;
  audit->budget = budget;
  audit->state = state;
  audit->handler = handler;
  audit->data = data;
  audit->clock = lk_program_clock (program);
  audit->share = (Share){ .reserve = RESERVE, .percent = SHARE };
  audit->round.groups = g_array_new (FALSE, FALSE, sizeof (gint64));
  audit->surplus = sightings_new ();
  audit->drift = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&audit->requests);
  lk_backoff_init (&audit->backoff, LK_SECOND, 5 * LK_MINUTE, 0);
  return audit;
}

static gint64
until_next (const Audit *audit, LkTime audited_at)
{
  gint64 left = audited_at == LK_TIME_NONE
                    ? 0
                    : audited_at + audit->config->audit_interval - lk_clock_wall (audit->clock);

  /* A record from a clock that went ahead puts it off by an interval, not for ever. */
  return steady (audit) + CLAMP (left, 0, audit->config->audit_interval);
}

void
audit_start (Audit *audit, LkTime audited_at)
{
  audit->started = TRUE;
  audit->next_at = until_next (audit, audited_at);
  audit->not_before = 0;
}

static void
end_round (Audit *audit)
{
  audit->round.kind = ROUND_NONE;
  g_array_set_size (audit->round.groups, 0);
}

void
audit_stop (Audit *audit)
{
  if (audit->call != NULL)
    lk_kisi_cancel (audit->kisi, g_steal_pointer (&audit->call));
  lk_timers_cancel (lk_program_timers (audit->program), g_steal_pointer (&audit->wake));
  share_stop (&audit->share, audit->budget);
  end_round (audit);
  g_queue_clear (&audit->requests);
  sightings_clear (audit->surplus);
  audit->started = FALSE;
}

void
audit_free (Audit *audit)
{
  if (audit == NULL)
    return;
  audit_stop (audit);
  g_array_unref (audit->round.groups);
  sightings_free (audit->surplus);
  g_hash_table_unref (audit->drift);
  g_free (audit);
}

void
audit_reloaded (Audit *audit)
{
  audit->next_at = MIN (audit->next_at, steady (audit) + audit->config->audit_interval);
}

void
audit_request (Audit *audit, StateSpace *space)
{
  if (g_queue_find (&audit->requests, space) == NULL)
    g_queue_push_tail (&audit->requests, space);
}

void
audit_set_exclusive_user (Audit *audit, gint64 user)
{
  audit->exclusive_user = user;
}

/* --- one group against the ledger ------------------------------------------------------------- */

static gint64
apart (const Audit *audit)
{
  return MIN (APART_MS, audit->config->audit_interval);
}

/* Whether the surplus ROW has been seen for long enough. Where somebody asked, once is. */
static gboolean
is_seen_enough (Audit *audit, const LkKisiAssignment *row)
{
  return sightings_see (audit->surplus, row->id, row->group_id, steady (audit),
                        audit->round.kind == ROUND_REQUEST ? 0 : apart (audit));
}

/* Whose row it is; NULL: nobody's that the ledger knows. */
static Person *
person_of (StateSpace *space, const Drift *drift)
{
  if (drift->right != NULL)
    return state_find_person (space, drift->right->member);
  return state_find_person (space, state_member_of_user (space, drift->row->user_id));
}

static void
see (Audit *audit, StateSpace *space, const Drift *drift)
{
  Person *person = person_of (space, drift);
  LkWindow window = drift->row != NULL ? drift->row->window : drift->right->window;
  gboolean open = lk_window_contains (window, lk_clock_wall (audit->clock));
  /* Not before what is planned as urgently: a row that can't be read must not hold its person up.
   */
  PlanClass class = open ? PLAN_GAIN_DUE : PLAN_FUTURE;

  if (drift->class == DRIFT_FOREIGN)
    {
      if (audit->round.kind == ROUND_REQUEST)
        audit->handler->foreign (space, drift->row, audit->data);
      return;
    }
  if (drift->class == DRIFT_SURPLUS && !is_seen_enough (audit, drift->row))
    return;
  if (person == NULL || !state_is_enforced (space))
    return; /* shown by the counts, and by `latchkey drift` */
  if (state_inspect (person, drift->row != NULL ? drift->row->id : drift->right->right_id,
                     PLAN_ADOPT_NO, class))
    audit->handler->found (person, audit->data);
}

static void
compare (Audit *audit, gint64 group, const LkKisiAnswer *answer)
{
  StateSpace *space = state_space_of_group (audit->state, group);
  g_autoptr (GArray) rights = NULL;
  g_autoptr (GArray) drift = NULL;
  guint *counts;

  if (space == NULL || space->refusal != NULL)
    return; /* the rules changed meanwhile */
  counts = g_hash_table_lookup (audit->drift, space);
  if (counts == NULL)
    {
      counts = g_new0 (guint, DRIFT_CLASSES);
      g_hash_table_insert (audit->drift, space, counts);
    }
  rights = state_rights (space, group);
  drift = drift_compare (group, answer->assignments, rights, audit->exclusive_user,
                         answer->started_at, lk_clock_wall (audit->clock));
  sightings_begin (audit->surplus);
  for (guint i = 0; i < drift->len; i++)
    {
      const Drift *one = &g_array_index (drift, Drift, i);
      counts[one->class]++;
      see (audit, space, one);
    }
  sightings_end (audit->surplus, group);
}

/* --- rounds ----------------------------------------------------------------------------------- */

static void
want_group (Audit *audit, gint64 group)
{
  for (guint i = 0; i < audit->round.groups->len; i++)
    if (g_array_index (audit->round.groups, gint64, i) == group)
      return;
  g_array_append_val (audit->round.groups, group);
}

static gboolean
is_of_round (const Audit *audit, gint64 group)
{
  StateSpace *space = state_space_of_group (audit->state, group);

  if (space == NULL || space->refusal != NULL)
    return FALSE;
  return audit->round.kind != ROUND_REQUEST || space == audit->round.space;
}

static void
begin_round (Audit *audit, RoundKind kind, StateSpace *space)
{
  g_autoptr (GArray) groups = NULL;

  audit->round.kind = kind;
  audit->round.space = space;
  audit->round.began = lk_clock_wall (audit->clock);
  audit->round.listed = FALSE;
  audit->round.whole = TRUE;
  audit->round.next = audit->round.tries = 0;
  g_array_set_size (audit->round.groups, 0);
  g_hash_table_remove_all (audit->drift);
  groups = kind == ROUND_SECOND_LOOK ? sightings_groups (audit->surplus)
                                     : state_mapped_groups (audit->state);
  for (guint i = 0; i < groups->len; i++)
    if (is_of_round (audit, g_array_index (groups, gint64, i)))
      want_group (audit, g_array_index (groups, gint64, i));
  if (kind == ROUND_ALL)
    audit->handler->begun (audit->data);
  if (kind == ROUND_REQUEST)
    audit->handler->request_begun (space, audit->data);
}

static void
choose_round (Audit *audit)
{
  gint64 now = steady (audit);

  if (!g_queue_is_empty (&audit->requests))
    begin_round (audit, ROUND_REQUEST, g_queue_pop_head (&audit->requests));
  else if (now >= audit->next_at)
    {
      audit->next_at = now + audit->config->audit_interval;
      begin_round (audit, ROUND_ALL, NULL);
    }
  else if (now >= sightings_next (audit->surplus, apart (audit)))
    begin_round (audit, ROUND_SECOND_LOOK, NULL);
}

static void
show_drift (const Audit *audit)
{
  const GPtrArray *spaces = state_spaces (audit->state);

  for (guint i = 0; i < spaces->len; i++)
    {
      const StateSpace *space = spaces->pdata[i];
      const guint *counts = g_hash_table_lookup (audit->drift, space);
      for (DriftClass class = DRIFT_MISSING; class < DRIFT_CLASSES; class ++)
        lk_metric_set (LK_M_AUDIT_DRIFT, counts == NULL ? 0 : counts[class], space->config->code,
                       drift_class_name (class), NULL);
    }
}

static void
finish_round (Audit *audit)
{
  const Round round = audit->round;

  end_round (audit);
  if (round.kind == ROUND_SECOND_LOOK)
    sightings_settle (audit->surplus, steady (audit), apart (audit));
  if (round.kind == ROUND_REQUEST)
    audit->handler->request_done (round.space, round.whole, audit->data);
  if (round.kind != ROUND_ALL)
    return;
  lk_metric_add (LK_M_AUDITS, 1, audit->config->account, round.whole ? "done" : "failed", NULL);
  show_drift (audit);
  if (!round.whole)
    return;
  lk_metric_set (LK_M_AUDITED_AT, (double) round.began / 1000.0, audit->config->account, NULL);
  audit->handler->done (round.began, audit->data);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* TRUE: ANSWER is one to go on from, also where it says that a group is not there. */
static gboolean
is_answer (Audit *audit, const LkKisiAnswer *answer)
{
  gint64 wait;

  if (answer->verdict == LK_KISI_OK || answer->verdict == LK_KISI_GONE)
    {
      lk_backoff_reset (&audit->backoff);
      audit->round.tries = 0;
      return TRUE;
    }
  if (answer->verdict == LK_KISI_UNAUTHORIZED)
    audit->handler->refused (answer->message, audit->data);
  if (answer->verdict == LK_KISI_THROTTLED)
    return FALSE; /* the budget knows when */
  wait = lk_backoff_next (&audit->backoff);
  audit->not_before = steady (audit) + wait;
  lk_info (LK_F (.account = audit->config->account, .event = "audit_failed"),
           "audit: KISI: %s; trying again", answer->message);
  return FALSE;
}

static gboolean
is_listed (const LkKisiAnswer *answer, gint64 group)
{
  for (guint i = 0; i < answer->groups->len; i++)
    if (((const LkKisiGroup *) answer->groups->pdata[i])->id == group)
      return TRUE;
  return FALSE;
}

/* A group that the key doesn't see lists nothing, which says nothing about its rights. */
static void
groups_read (LkKisiAnswer *answer, gpointer data)
{
  Audit *audit = data;
  GArray *groups = audit->round.groups;
  guint gone = 0;

  audit->call = NULL;
  if (!is_answer (audit, answer))
    return;
  if (answer->verdict != LK_KISI_OK)
    {
      audit->round.whole = FALSE;
      finish_round (audit);
      return;
    }
  for (guint i = groups->len; i > 0; i--)
    if (!is_listed (answer, g_array_index (groups, gint64, i - 1)))
      {
        gone++;
        lk_error (LK_F (.account = audit->config->account, .event = "group_gone"),
                  "the key does not see group %" G_GINT64_FORMAT
                  ", which the rules map: its rights are left as they are; see `latchkey check`",
                  g_array_index (groups, gint64, i - 1));
        g_array_remove_index (groups, i - 1);
      }
  if (audit->round.kind == ROUND_ALL)
    lk_metric_set (LK_M_GROUPS_GONE, gone, audit->config->account, NULL);
  audit->round.listed = TRUE;
}

static void
rights_read (LkKisiAnswer *answer, gpointer data)
{
  Audit *audit = data;
  gint64 group = g_array_index (audit->round.groups, gint64, audit->round.next);

  audit->call = NULL;
  if (is_answer (audit, answer))
    {
      if (answer->verdict == LK_KISI_OK)
        compare (audit, group, answer);
      else
        audit->round.whole = FALSE;
      audit->round.next++;
    }
  else if (answer->verdict != LK_KISI_THROTTLED && ++audit->round.tries >= TRIES)
    {
      audit->round.tries = 0;
      audit->round.whole = FALSE;
      audit->round.next++; /* the next audit comes to it again */
    }
}

static void
woken (gpointer data)
{
  ((Audit *) data)->wake = NULL;
}

static void
wake_in (Audit *audit, gint64 delay_ms)
{
  LkTimers *timers = lk_program_timers (audit->program);

  lk_timers_cancel (timers, audit->wake);
  audit->wake = lk_timers_add (timers, MAX (delay_ms, 1), woken, audit);
}

static void
call_next (Audit *audit)
{
  gint64 now = steady (audit), wait = audit->not_before - now;

  if (wait <= 0)
    wait = share_wait_ms (&audit->share, audit->budget, audit->config->requests_per_second, now);
  if (wait > 0)
    wake_in (audit, wait);
  else if (!audit->round.listed)
    audit->call = lk_kisi_list_groups (audit->kisi, RESERVE, groups_read, audit);
  else
    audit->call = lk_kisi_list_group_assignments (
        audit->kisi, g_array_index (audit->round.groups, gint64, audit->round.next), RESERVE,
        rights_read, audit);
}

void
audit_turn (Audit *audit)
{
  if (!audit->started || audit->call != NULL || !audit->handler->may_call (audit->data))
    return;
  if (audit->round.kind == ROUND_NONE)
    choose_round (audit);
  if (audit->round.kind == ROUND_NONE)
    return;
  if (audit->round.listed && audit->round.next >= audit->round.groups->len)
    finish_round (audit);
  else
    call_next (audit);
}
