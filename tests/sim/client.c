/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The client of KISI, played: a call goes out, arrives, has its effect, is answered, and each of
 * these may fail or come late. It spends and tells the budget as the real one does.
 */
#include "process.h"

#include "check.h"
#include "owners.h"

#define CALLS_MAX 60000u             /* of a world: thrice what the longest one needs */
#define DEADLINE_MS (10 * LK_SECOND) /* the real client's, of one call */
/* One who lost the account so long ago should have nothing under way any more: its intents are
 * looked after by then. */
#define LATE_MS (45 * LK_SECOND)

typedef enum
{
  FATE_FINE,
  FATE_CUT_BEFORE,
  FATE_CUT_AFTER,
  FATE_EFFECT_LATE,
  FATE_NEVER_SENT,
  FATE_ERROR,
  FATE_ERROR_AFTER,
  FATE_MALFORMED,
  FATE_THROTTLED,
  FATE_THROTTLED_BARE,
} Fate;

typedef struct
{
  SimRequest request;
  LkKisi *kisi;     /* of the caller, dead or alive */
  LkKisiCall *call; /* NULL: nobody waits for the answer any more */
  Fate fate;
  gboolean on_wire; /* it arrives whatever becomes of the caller */
  gboolean arrived;
  LkKisiAnswer *answer;
} Trip;

struct _LkKisi
{
  SimProcess *process;
  LkBudget *budget;
  GPtrArray *calls; /* LkKisiCall* not answered yet, in the order of their start */
  GPtrArray *held;  /* Trip* that have not left a process that is paused */
};

struct _LkKisiCall
{
  Trip *trip;
  LkKisiFunc func;
  gpointer data;
  gboolean is_here; /* the answer is */
};

/* --- on its way ------------------------------------------------------------------------------- */

static LkKisiAnswer *
fail (const Trip *trip, LkKisiVerdict verdict, int status)
{
  return sim_answer_new (trip->request.op, verdict, status);
}

static LkKisiVerdict
no_answer (const Trip *trip)
{
  return sim_op_writes (trip->request.op) ? LK_KISI_UNKNOWN : LK_KISI_UNAVAILABLE;
}

/* Nothing is looked at after a delete or a change whose outcome is unknown but the right itself, at
 * once: one that has its effect later only an audit sees. */
static gboolean
takes_away (const Trip *trip)
{
  return trip->request.op == SIM_OP_DELETE_RIGHT || trip->request.op == SIM_OP_CHANGE_RIGHT;
}

static void
note_late (Trip *trip)
{
  const LkKisi *kisi = trip->kisi;
  SimWorld *world = kisi->process->world;
  LkTime lost = sim_owners_lost_at (world->owners, kisi->process);

  if (trip->fate == FATE_EFFECT_LATE && takes_away (trip))
    trip->request.late = TRUE;
  if (lost == LK_TIME_NONE || !sim_op_writes (trip->request.op))
    return;
  sim_count (world, SIM_FAULT_LATE_CALL);
  if (trip->request.sent_at >= lost || world->now - lost > LATE_MS || takes_away (trip))
    trip->request.late = TRUE;
}

/* The service has it. */
static void
arrive (gpointer data)
{
  Trip *trip = data;
  LkKisi *kisi = trip->kisi;
  SimWorld *world = kisi->process->world;
  char text[256];

  if ((kisi->process->dead || trip->call == NULL) && !trip->on_wire)
    return; /* it never left */
  if (kisi->process->paused && !trip->on_wire)
    {
      g_ptr_array_add (kisi->held, trip);
      return;
    }
  trip->arrived = TRUE;
  if (trip->fate == FATE_THROTTLED || trip->fate == FATE_THROTTLED_BARE)
    {
      sim_count (world,
                 trip->fate == FATE_THROTTLED ? SIM_FAULT_THROTTLED : SIM_FAULT_THROTTLED_BARE);
      trip->answer = fail (trip, LK_KISI_THROTTLED, 429);
    }
  else if (trip->fate == FATE_CUT_BEFORE || trip->fate == FATE_NEVER_SENT
           || trip->fate == FATE_ERROR)
    {
      sim_count (world, trip->fate == FATE_CUT_BEFORE   ? SIM_FAULT_CUT_BEFORE
                        : trip->fate == FATE_NEVER_SENT ? SIM_FAULT_NEVER_SENT
                                                        : SIM_FAULT_SERVER_ERROR);
      trip->answer
          = fail (trip, trip->fate == FATE_NEVER_SENT ? LK_KISI_UNAVAILABLE : no_answer (trip),
                  trip->fate == FATE_ERROR ? 500 : 0);
    }
  else
    {
      note_late (trip);
      trip->answer = sim_service_serve (world->service, &trip->request);
      sim_note (world, "KISI       %s of process %u: %s%s",
                sim_request_text (world, &trip->request, text), kisi->process->index,
                lk_kisi_verdict_name (trip->answer->verdict), trip->request.late ? "  [late]" : "");
      if (trip->fate != FATE_FINE)
        {
          sim_count (world, trip->fate == FATE_CUT_AFTER     ? SIM_FAULT_CUT_AFTER
                            : trip->fate == FATE_EFFECT_LATE ? SIM_FAULT_EFFECT_LATE
                            : trip->fate == FATE_MALFORMED   ? SIM_FAULT_MALFORMED
                                                             : SIM_FAULT_SERVER_ERROR_AFTER);
          lk_kisi_answer_free (trip->answer);
          trip->answer = fail (trip,
                               trip->fate == FATE_MALFORMED && !sim_op_writes (trip->request.op)
                                   ? LK_KISI_MALFORMED
                                   : no_answer (trip),
                               trip->fate == FATE_MALFORMED ? 200 : 500);
        }
    }
}

/* The answer, or the end of waiting for it. */
static void
return_to_caller (gpointer data)
{
  Trip *trip = data;
  const LkKisi *kisi = trip->kisi;

  if (trip->call == NULL || kisi->process->dead)
    return;
  trip->call->is_here = TRUE;
  sim_process_stir (kisi->process, 0);
}

static Fate
fate_of (SimWorld *world, const SimRequest *request)
{
  static const struct
  {
    SimWeather weather;
    Fate fate;
    gboolean only_writes;
  } rows[] = {
    { WEATHER_CUT_BEFORE, FATE_CUT_BEFORE, FALSE },
    { WEATHER_CUT_AFTER, FATE_CUT_AFTER, TRUE },
    { WEATHER_EFFECT_LATE, FATE_EFFECT_LATE, TRUE },
    { WEATHER_NEVER_SENT, FATE_NEVER_SENT, FALSE },
    { WEATHER_SERVER_ERROR, FATE_ERROR, FALSE },
    { WEATHER_SERVER_ERROR_AFTER, FATE_ERROR_AFTER, TRUE },
    { WEATHER_MALFORMED, FATE_MALFORMED, FALSE },
    { WEATHER_THROTTLED, FATE_THROTTLED, FALSE },
    { WEATHER_THROTTLED_BARE, FATE_THROTTLED_BARE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if ((!rows[i].only_writes || sim_op_writes (request->op))
        && sim_chance (world, world->weather[rows[i].weather], sim_weather_name (rows[i].weather),
                       request->op, request->id))
      return rows[i].fate;
  return FATE_FINE;
}

/* What could not be done, and is tried again from time to time all the same, or by the next owner:
 * rights of a group that was deleted by hand, one that a right made by hand stands in the way of,
 * and one that was refused (design §6.6, §6.7). */
static gboolean
is_hopeless (SimWorld *world, const SimRequest *request)
{
  const SimRight *right = request->op == SIM_OP_DELETE_RIGHT || request->op == SIM_OP_CHANGE_RIGHT
                              ? sim_service_right (world->service, request->id)
                              : NULL;

  if (right != NULL)
    return sim_service_group (world->service, right->group)->gone_at != LK_TIME_NONE
           || sim_check_was_refused (world, right->user, right->group);
  return request->op == SIM_OP_CREATE_RIGHT
         && (sim_service_group (world->service, request->group)->gone_at != LK_TIME_NONE
             || sim_service_is_foreign_there (world->service, request->id, request->group)
             || sim_truth_was_shared (world->truth,
                                      sim_service_user (world->service, request->id)->email)
             || sim_check_was_refused (world, request->id, request->group));
}

/* Takes over what REQUEST owns. */
static LkKisiCall *
start (LkKisi *kisi, SimRequest request, LkKisiFunc func, gpointer data)
{
  SimWorld *world = kisi->process->world;
  Trip *trip = g_new0 (Trip, 1);
  LkKisiCall *call = g_new0 (LkKisiCall, 1);
  gint64 there, back;
  char text[256];

  request.caller = kisi->process;
  request.sent_at = world->now;
  lk_budget_spend (kisi->budget);
  if (++world->result->calls > CALLS_MAX)
    sim_breach (world, "L1", "%u calls, and no end of them", CALLS_MAX);
  world->result->writes += sim_op_writes (request.op) && !is_hopeless (world, &request);
  sim_note (world, "process %u  calls %s", kisi->process->index,
            sim_request_text (world, &request, text));
  for (guint i = 0; i < kisi->calls->len; i++)
    sim_check_pair (world, &request, &((LkKisiCall *) kisi->calls->pdata[i])->trip->request);
  sim_check_sent (world, &request);
  *trip
      = (Trip){ .request = request, .kisi = kisi, .call = call, .fate = fate_of (world, &request) };
  *call = (LkKisiCall){ trip, func, data, FALSE };
  g_ptr_array_add (kisi->calls, call);
  there = 5 + sim_throw (world, 150, "there", request.op, request.id);
  back = 5 + sim_throw (world, 150, "back", request.op, request.id);
  if (sim_chance (world, world->weather[WEATHER_SLOW], "slow", request.op, request.id))
    {
      gint64 more = 1000 + sim_throw (world, 8000, "how slow", request.op, request.id);
      sim_count (world, SIM_FAULT_SLOW);
      if (sim_throw (world, 2, "which way", request.op, request.id) == 0)
        there += more;
      else
        back += more;
    }
  if (trip->fate == FATE_EFFECT_LATE)
    {
      there = DEADLINE_MS + sim_throw (world, 20000, "how late", request.op, request.id);
      back = 0;
      trip->on_wire = TRUE;
      trip->answer = fail (trip, LK_KISI_UNKNOWN, 0);
    }
  sim_after (world, there, arrive, trip);
  sim_after (world, trip->fate == FATE_EFFECT_LATE ? DEADLINE_MS : there + back, return_to_caller,
             trip);
  return trip->call;
}

/* --- what the account calls ------------------------------------------------------------------- */

LkKisi *
lk_kisi_new (const LkConfigKisi *config, const LkClock *clock, LkTimers *timers, LkBudget *budget)
{
  LkKisi *kisi = g_new0 (LkKisi, 1);

  (void) config;
  (void) timers;
  kisi->process = (SimProcess *) (void *) clock;
  kisi->budget = budget;
  kisi->calls = g_ptr_array_new ();
  kisi->held = g_ptr_array_new ();
  kisi->process->client = (SimClient *) kisi;
  return kisi;
}

void
lk_kisi_free (LkKisi *kisi)
{
  /* What it sent still points to it. */
  (void) kisi;
}

void
lk_kisi_turn (LkKisi *kisi)
{
  /* HTTP results come before everything else in a turn of the loop (sim_client_turn). */
  (void) kisi;
}

gboolean
lk_kisi_has_key (LkKisi *kisi, GError **error)
{
  (void) kisi;
  (void) error;
  return TRUE;
}

guint
lk_kisi_in_flight (const LkKisi *kisi)
{
  return kisi->calls->len;
}

void
lk_kisi_cancel (LkKisi *kisi, LkKisiCall *call)
{

  if (call == NULL)
    return;
  g_assert (g_ptr_array_remove (kisi->calls, call));
  if (!call->trip->arrived)
    call->trip->on_wire |= sim_chance (kisi->process->world, 50, "cancelled on the wire",
                                       call->trip->request.op, call->trip->request.id);
  call->trip->call = NULL;
  g_free (call);
}

LkKisiCall *
lk_kisi_whoami (LkKisi *kisi, LkKisiFunc func, gpointer data)
{
  return start (kisi, (SimRequest){ .op = SIM_OP_WHOAMI }, func, data);
}

LkKisiCall *
lk_kisi_find_user (LkKisi *kisi, const char *email, double reserve, LkKisiFunc func, gpointer data)
{
  (void) reserve;
  return start (kisi, (SimRequest){ .op = SIM_OP_FIND_USER, .email = g_strdup (email) }, func,
                data);
}

LkKisiCall *
lk_kisi_get_user (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return start (kisi, (SimRequest){ .op = SIM_OP_GET_USER, .id = id }, func, data);
}

LkKisiCall *
lk_kisi_create_user (LkKisi *kisi, const char *email, const char *name, gboolean invite,
                     LkKisiFunc func, gpointer data)
{
  (void) name;
  return start (
      kisi, (SimRequest){ .op = SIM_OP_CREATE_USER, .email = g_strdup (email), .invite = invite },
      func, data);
}

LkKisiCall *
lk_kisi_list_user_assignments (LkKisi *kisi, gint64 user_id, double reserve, LkKisiFunc func,
                               gpointer data)
{
  (void) reserve;
  return start (kisi, (SimRequest){ .op = SIM_OP_LIST_USER_RIGHTS, .id = user_id }, func, data);
}

LkKisiCall *
lk_kisi_list_group_assignments (LkKisi *kisi, gint64 group_id, double reserve, LkKisiFunc func,
                                gpointer data)
{
  (void) reserve;
  return start (kisi, (SimRequest){ .op = SIM_OP_LIST_GROUP_RIGHTS, .id = group_id }, func, data);
}

LkKisiCall *
lk_kisi_get_assignment (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return start (kisi, (SimRequest){ .op = SIM_OP_GET_RIGHT, .id = id }, func, data);
}

LkKisiCall *
lk_kisi_create_assignment (LkKisi *kisi, gint64 user_id, gint64 group_id, LkWindow window,
                           LkKisiFunc func, gpointer data)
{
  return start (
      kisi,
      (SimRequest){ .op = SIM_OP_CREATE_RIGHT, .id = user_id, .group = group_id, .window = window },
      func, data);
}

LkKisiCall *
lk_kisi_change_assignment (LkKisi *kisi, gint64 id, LkWindow window, LkKisiFunc func, gpointer data)
{
  return start (kisi, (SimRequest){ .op = SIM_OP_CHANGE_RIGHT, .id = id, .window = window }, func,
                data);
}

LkKisiCall *
lk_kisi_delete_assignment (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return start (kisi, (SimRequest){ .op = SIM_OP_DELETE_RIGHT, .id = id }, func, data);
}

LkKisiCall *
lk_kisi_get_group (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data)
{
  return start (kisi, (SimRequest){ .op = SIM_OP_GET_GROUP, .id = id }, func, data);
}

LkKisiCall *
lk_kisi_list_groups (LkKisi *kisi, double reserve, LkKisiFunc func, gpointer data)
{
  (void) reserve;
  return start (kisi, (SimRequest){ .op = SIM_OP_LIST_GROUPS }, func, data);
}

LkKisiCall *
lk_kisi_list_group_locks (LkKisi *kisi, gint64 group_id, double reserve, LkKisiFunc func,
                          gpointer data)
{
  (void) reserve;
  return start (kisi, (SimRequest){ .op = SIM_OP_LIST_GROUP_LOCKS, .id = group_id }, func, data);
}

LkKisiCall *
lk_kisi_list_events (LkKisi *kisi, LkTime from, LkTime until, gint64 place_id, double reserve,
                     LkKisiFunc func, gpointer data)
{
  (void) from;
  (void) until;
  (void) place_id;
  (void) reserve;
  return start (kisi, (SimRequest){ .op = SIM_OP_LIST_EVENTS }, func, data);
}

/* --- what its process calls ------------------------------------------------------------------- */

static void
tell_budget (LkKisi *kisi, const Trip *trip)
{
  SimWorld *world = kisi->process->world;
  gint64 wait = -1;

  if (trip->fate == FATE_THROTTLED)
    {
      wait = 1000 + sim_throw (world, 5000, "wait", trip->request.op, trip->request.id);
      sim_check_told_to_wait (world, kisi->process, wait);
    }
  if (trip->answer->verdict == LK_KISI_THROTTLED)
    lk_budget_throttled (kisi->budget, wait);
  else if (trip->answer->status != 0 && trip->answer->status < 500)
    lk_budget_ok (kisi->budget);
}

gboolean
sim_client_turn (SimClient *client)
{
  LkKisi *kisi = (LkKisi *) client;
  gboolean something = FALSE;

  for (guint i = 0; i < kisi->calls->len;)
    {
      LkKisiCall *call = kisi->calls->pdata[i];
      Trip *trip = call->trip;
      LkKisiAnswer *answer = trip->answer;

      if (!call->is_here)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index (kisi->calls, i);
      trip->call = NULL;
      tell_budget (kisi, trip);
      sim_note (kisi->process->world, "process %u  is answered %s: %s", kisi->process->index,
                sim_op_name (trip->request.op), lk_kisi_verdict_name (answer->verdict));
      trip->answer = NULL;
      answer->started_at = trip->request.sent_at + kisi->process->wall_shift;
      call->func (answer, call->data);
      lk_kisi_answer_free (answer);
      g_free (call);
      something = TRUE;
      i = 0; /* it may have cancelled or started others */
    }
  return something;
}

/* What is in flight has left the process, or not. */
static void
split (LkKisi *kisi)
{
  for (guint i = 0; i < kisi->calls->len; i++)
    {
      Trip *trip = ((LkKisiCall *) kisi->calls->pdata[i])->trip;
      if (!trip->arrived)
        trip->on_wire |= sim_chance (kisi->process->world, 50, "on the wire", trip->request.op,
                                     trip->request.id);
    }
}

void
sim_client_kill (SimClient *client)
{
  LkKisi *kisi = (LkKisi *) client;

  split (kisi);
  if (kisi->calls->len > 0)
    sim_count (kisi->process->world, SIM_FAULT_CRASH_IN_CALL);
  for (guint i = 0; i < kisi->calls->len; i++)
    ((LkKisiCall *) kisi->calls->pdata[i])->trip->call = NULL;
  g_ptr_array_set_size (kisi->calls, 0);
}

void
sim_client_pause (SimClient *client)
{
  split ((LkKisi *) client);
}

void
sim_client_wake (SimClient *client)
{
  LkKisi *kisi = (LkKisi *) client;
  SimWorld *world = kisi->process->world;

  for (guint i = 0; i < kisi->held->len; i++)
    {
      Trip *trip = kisi->held->pdata[i];
      trip->on_wire = TRUE;
      arrive (trip);
    }
  g_ptr_array_set_size (kisi->held, 0);
  for (guint i = 0; i < kisi->calls->len; i++)
    {
      LkKisiCall *call = kisi->calls->pdata[i];
      Trip *trip = call->trip;

      if (world->now - trip->request.sent_at < DEADLINE_MS
          || sim_throw (world, 2, "too late", trip->request.op, trip->request.id) == 0)
        continue;
      lk_kisi_answer_free (trip->answer);
      trip->answer = fail (trip, no_answer (trip), 0);
      call->is_here = TRUE;
    }
}

guint
sim_client_in_flight (const SimClient *client)
{
  return ((const LkKisi *) client)->calls->len;
}
