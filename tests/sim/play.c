/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The deeds of a history, and the order of a run.
 */
#include "play_internal.h"

#include "check.h"
#include "owners.h"

#include "../../src/executor/account.h"

#include <latchkey/base/log.h>
#include <latchkey/model/keys.h>
#include <string.h>

const char sim_name[] = "latchkey-sim";
const char sim_summary[] = "- the executor in worlds where everything goes wrong";

#define REST_MS (3 * LK_HOUR)    /* longer than every wait that the executor knows (an hour) */
#define CALM_MS (25 * LK_MINUTE) /* around a look at rest nothing begins or ends */
#define AGAIN_MS (2 * LK_MINUTE) /* for reading everything again */
#define LEDGER_LAG_MS 4000       /* of a ledger that is read late */

static const char config_text[]
    = "kafka: {brokers: \"localhost:9092\"}\n"
      "nexudus: [{account: main, url: http://localhost, user: a, password_file: none}]\n"
      "kisi: [{account: main, url: http://localhost, key_file: none, requests_per_second: 5,\n"
      "        events_interval: 1h, audit_interval: 2h, resolve_after: 60s, invite: %s,\n"
      "        exclusive: %s}]\n"
      "spaces:\n"
      "  - {code: moncloa, name: Moncloa, time_zone: Europe/Madrid, business: 1, place: 501,\n"
      "     partitions: 2, horizon: 2d}\n"
      "  - {code: dumbo, name: Dumbo, time_zone: America/New_York, business: 2, place: 502,\n"
      "     partitions: 2, horizon: 2d}\n"
      "dev: true\n";

typedef struct
{
  Play *play;
  const SimEvent *event;
} Deed;

/* --- deeds ------------------------------------------------------------------------------------ */

/* The mode of the space in the file of all processes, which read it again. */
static void
observe (Play *play, guint space, gboolean observed)
{
  if (play->config->spaces[space].observe == observed)
    return;
  play->config->spaces[space].observe = observed;
  sim_check_observed (play->world, space, observed);
  for (guint i = 0; i < 2; i++)
    {
      SimProcess *process = sim_owners_process (play->world->owners, i);
      if (process->dead)
        continue;
      account_reloaded (process->account);
      sim_process_stir (process, 0);
    }
}

static void
over (gpointer data)
{
  g_autofree Deed *deed = data;
  const SimEvent *event = deed->event;
  SimWorld *world = deed->play->world;
  SimGroup *group
      = sim_service_group (world->service, sim_group_id (event->space, event->a % SIM_GROUPS));

  switch (event->deed)
    {
    case SIM_DEED_WEATHER:
      world->weather[event->a] = 0;
      break;
    case SIM_DEED_KEY:
      sim_service_set_key (world->service, SIM_KEY_FINE);
      break;
    case SIM_DEED_HIDE:
      sim_service_hide (world->service, group, FALSE);
      break;
    case SIM_DEED_FORBID:
      group->forbidden = FALSE;
      break;
    case SIM_DEED_OBSERVE:
      observe (deed->play, event->space, FALSE);
      break;
    case SIM_DEED_LATE_LEDGERS:
      world->ledger_lag = 0;
      break;
    case SIM_DEED_CLOCK:
      if (!sim_owners_process (world->owners, (guint) event->a)->dead)
        sim_process_shift (sim_owners_process (world->owners, (guint) event->a), 0);
      break;
    default:
      break;
    }
}

static void
end_later (Play *play, const SimEvent *event)
{
  Deed *deed = g_new (Deed, 1);

  *deed = (Deed){ play, event };
  sim_after (play->world, event->length, over, deed);
}

static void
shift_clock (Play *play, const SimEvent *event)
{
  SimProcess *process = sim_owners_process (play->world->owners, (guint) event->a);

  if (!sim_process_runs (process))
    return;
  sim_count (play->world, event->b > 0 ? SIM_FAULT_CLOCK_AHEAD : SIM_FAULT_CLOCK_BEHIND);
  sim_process_shift (process, event->b);
  end_later (play, event);
}

static void
compact (SimLog *log, gpointer data)
{
  LkKind kind;
  const char *scope;

  if (lk_topic_parse (sim_log_topic (log), "latchkey", &kind, &scope)
      && kind != LK_KIND_ACCESS_CHANGES && kind != LK_KIND_ACCESS_REPORTS)
    sim_log_compact (log);
}

static void
reread (Play *play, guint index, LkKind kind, guint space)
{
  SimProcess *process = sim_owners_process (play->world->owners, index);
  g_autofree char *topic = lk_topic_name ("latchkey", kind, sim_spaces[space]);

  if (!sim_process_runs (process))
    return;
  sim_note (play->world, "process %u  has to read %s again", index, topic);
  for (gint32 p = 0; p < 2; p++)
    sim_reader_reread (process->reader, sim_broker_log (play->world->broker, topic, p));
  sim_process_stir (process, 0);
}

/* Of the member of EVENT; a release that knows more than ours has it. */
static void
write_newer (Play *play, const SimEvent *event)
{
  g_autofree char *topic = lk_topic_name ("latchkey", LK_KIND_LEDGER, sim_spaces[event->space]);
  g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT, event->member);
  static const char value[] = "{\"format\":99}";

  (void) sim_log_append (
      sim_broker_log (play->world->broker, topic, lk_partition_of_member (event->member, 2)), key,
      strlen (key), value, strlen (value));
  sim_check_leave_alone (play->world, event->space);
}

static void
do_deed (Play *play, const SimEvent *event)
{
  SimWorld *world = play->world;
  SimGroup *group
      = sim_service_group (world->service, sim_group_id (event->space, event->a % SIM_GROUPS));

  switch (event->deed)
    {
    case SIM_DEED_CLAIM:
      sim_worker_give (play->worker, event);
      break;
    case SIM_DEED_TOMBSTONE:
      play_forget (play, event);
      break;
    case SIM_DEED_MEMBER:
      sim_worker_set_member (play->worker, event);
      break;
    case SIM_DEED_RULES:
      sim_count (world, SIM_FAULT_RULES);
      sim_worker_write_rules (play->worker, event->space);
      break;
    case SIM_DEED_LATE_COMMAND:
      sim_worker_write_late (play->worker, event);
      break;
    case SIM_DEED_FOREIGN:
      play_make_foreign (play, event);
      break;
    case SIM_DEED_FOREIGN_GONE:
      play_drop_rights (play, event, FALSE, G_MAXUINT);
      break;
    case SIM_DEED_USER_MADE:
      if (sim_worker_address (play->worker, event->space, event->member) != NULL)
        (void) sim_service_make_user (
            world->service, sim_worker_address (play->worker, event->space, event->member));
      break;
    case SIM_DEED_USER_GONE:
      play_drop_user (play, event);
      break;
    case SIM_DEED_GROUP_GONE:
      if (sim_service_drop_group (world->service, group->id))
        sim_count (world, SIM_FAULT_GROUP_GONE);
      break;
    case SIM_DEED_RIGHT_GONE:
      play_drop_rights (play, event, TRUE, 1);
      break;
    case SIM_DEED_WISH:
      sim_wish (play->wishes, event);
      break;
    case SIM_DEED_CRASH:
      sim_owners_kill (world->owners, (guint) event->a, event->length);
      break;
    case SIM_DEED_PAUSE:
      sim_owners_pause (world->owners, (guint) event->a, event->length);
      break;
    case SIM_DEED_MOVE:
      sim_owners_move (world->owners);
      break;
    case SIM_DEED_REREAD:
      reread (play, (guint) event->a, event->b ? LK_KIND_LEDGER : LK_KIND_COMMANDS, event->space);
      break;
    case SIM_DEED_COMPACT:
      sim_count (world, SIM_FAULT_COMPACTED);
      sim_broker_foreach (world->broker, compact, NULL);
      break;
    case SIM_DEED_WEATHER:
      world->weather[event->a] = (guint) event->b;
      end_later (play, event);
      break;
    case SIM_DEED_KEY:
      sim_service_set_key (world->service, (SimKey) event->a);
      end_later (play, event);
      break;
    case SIM_DEED_HIDE:
      sim_service_hide (world->service, group, TRUE);
      end_later (play, event);
      break;
    case SIM_DEED_FORBID:
      group->forbidden = TRUE;
      end_later (play, event);
      break;
    case SIM_DEED_OBSERVE:
      observe (play, event->space, TRUE);
      end_later (play, event);
      break;
    case SIM_DEED_CLOCK:
      shift_clock (play, event);
      break;
    case SIM_DEED_LATE_LEDGERS:
      world->ledger_lag = LEDGER_LAG_MS;
      end_later (play, event);
      break;
    case SIM_DEED_NEWER:
      write_newer (play, event);
      break;
    case SIM_DEED_LOOK:
      sim_check_rest (world);
      break;
    case SIM_DEED_DUPLICATES:
      sim_service_set_duplicates (world->service, (SimDuplicates) event->a);
      break;
    case SIM_DEEDS:
      break;
    }
}

static void
deed_is_due (gpointer data)
{
  g_autofree Deed *deed = data;

  if (deed->play->world->trace)
    {
      g_autofree char *text = sim_event_text (deed->event);
      sim_note (deed->play->world, "-- %s", text);
    }
  do_deed (deed->play, deed->event);
}

/* --- rest ------------------------------------------------------------------------------------- */

/* Whether something begins, ends or comes within the horizon near AT. */
static gboolean
is_near_an_edge (Play *play, LkTime at)
{
  const GPtrArray *people = sim_truth_people (play->world->truth);

  for (guint i = 0; i < people->len; i++)
    {
      const SimSaid *said = sim_person_now (people->pdata[i]);
      for (guint c = 0; c < said->claims->len; c++)
        {
          const SimClaim *claim = &g_array_index (said->claims, SimClaim, c);
          const LkTime edges[] = { claim->from, claim->until, claim->from - SIM_HORIZON };
          for (guint e = 0; e < G_N_ELEMENTS (edges); e++)
            if (edges[e] > at - CALM_MS && edges[e] < at + CALM_MS)
              return TRUE;
        }
    }
  return FALSE;
}

static void
rest_until (Play *play, LkTime at)
{
  while (is_near_an_edge (play, at))
    at += 5 * LK_MINUTE;
  sim_run_until (play->world, at);
  sim_note (play->world, "at rest");
  sim_check_rest (play->world);
  sim_wish_check_rest (play->world);
}

/* Restart, replay and another owner change nothing. */
static void
read_all_again (Play *play)
{
  SimWorld *world = play->world;
  guint before = world->result->writes;

  for (guint index = 0; index < 2; index++)
    for (guint space = 0; space < SIM_SPACES; space++)
      {
        reread (play, index, LK_KIND_COMMANDS, space);
        reread (play, index, LK_KIND_LEDGER, space);
      }
  sim_run_until (world, world->now + AGAIN_MS);
  sim_owners_move (world->owners);
  sim_run_until (world, world->now + AGAIN_MS);
  sim_broker_foreach (world->broker, compact, NULL);
  for (guint index = 0; index < 2; index++)
    {
      sim_owners_kill (world->owners, index, LK_SECOND);
      sim_run_until (world, world->now + AGAIN_MS);
    }
  if (world->result->writes != before)
    sim_breach (world, "S4", "%u writing calls, and nothing had changed",
                world->result->writes - before);
  sim_check_rest (world);
}

/* Time alone brings windows within the horizon, and to their end; after a week, in every fourth
 * world, ended rights leave the ledger. */
static void
let_days_pass (Play *play)
{
  static const gint64 days[] = { LK_DAY, SIM_HORIZON, 2 * SIM_HORIZON, 9 * LK_DAY };
  const GPtrArray *rights = sim_service_rights (play->world->service);
  LkTime start = play->world->now;

  for (guint i = 0; i < G_N_ELEMENTS (days) - (play->history->seed % 4 != 0); i++)
    {
      guint before = rights->len;
      rest_until (play, start + days[i]);
      for (; before < rights->len; before++)
        sim_count (play->world, SIM_FAULT_HORIZON_PASSED);
    }
}

static void
log_line (const char *line, gsize len, gpointer data)
{
  SimWorld *world = data;

  if (world->trace)
    sim_note (world, "log        %.*s", (int) len - 1, line);
}

static LkConfig *configs[2][2]; /* to invite or not; exclusive or not */

static LkConfig *
make_config (gboolean invite, gboolean exclusive)
{
  g_autofree char *text
      = g_strdup_printf (config_text, invite ? "email" : "none", exclusive ? "true" : "false");
  GPtrArray *problems = NULL;
  LkConfig *config = lk_config_parse (text, strlen (text), "sim", &problems);

  if (config == NULL)
    {
      g_autoptr (GString) what = g_string_new (NULL);
      lk_config_print_problems ("sim", problems, what);
      g_error ("%s", what->str);
    }
  return config;
}

static void
make_world (Play *play, gboolean trace, SimResult *result)
{
  SimWorld *world = sim_world_new (play->history->seed, SIM_START, result);

  play->world = world;
  world->trace = trace;
  lk_log_init ("executor", trace ? LK_LOG_INFO : LK_LOG_ERROR);
  lk_log_set_sink (log_line, world);
  world->broker = sim_broker_new (world);
  play->worker = sim_worker_new (world);
  world->service = sim_service_new (world, &play->history->readings);
  for (guint space = 0; space < SIM_SPACES; space++)
    for (guint g = 0; g < SIM_GROUPS; g++)
      sim_service_add_group (world->service, sim_group_id (space, g), space);
  world->truth = sim_truth_new (world, world->broker, sim_spaces);
  world->exclusive = play->history->exclusive;
  world->check = sim_check_new (world, world->broker, SIM_RATE, SIM_HORIZON);
  play->wishes = sim_wishes_new (world, play->worker);
  for (guint space = 0; space < SIM_SPACES; space++)
    sim_worker_write_rules (play->worker, space);
  (void) sim_owners_new (world, play->config);
}

void
sim_play_prepare (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (configs); i++)
    for (guint k = 0; k < G_N_ELEMENTS (configs[i]); k++)
      configs[i][k] = make_config (i == 1, k == 1);
}

void
sim_play (const SimHistory *history, const gboolean *out, gboolean trace, SimResult *result)
{
  Play play = { .history = history, .config = configs[history->invite][history->exclusive] };
  LkTime end = SIM_START;

  /* UUIDs and back-off draw from here. */
  g_random_set_seed ((guint32) (history->seed ^ (history->seed >> 32)));
  make_world (&play, trace, result);
  for (guint i = 0; i < history->events->len; i++)
    {
      const SimEvent *event = &g_array_index (history->events, SimEvent, i);
      Deed *deed;

      if (out != NULL && out[i])
        continue;
      deed = g_new (Deed, 1);
      *deed = (Deed){ &play, event };
      sim_after (play.world, event->at, deed_is_due, deed);
      end = MAX (end, SIM_START + event->at + event->length);
    }
  sim_run_until (play.world, end); /* only then is it known what begins and ends when */
  rest_until (&play, end + REST_MS);
  read_all_again (&play);
  let_days_pass (&play);
}

gboolean
sim_is_left_out (SimFault fault)
{
  (void) fault;
  return FALSE;
}

char *
sim_sum_text (const SimResult *sum)
{
  return g_strdup_printf ("%u calls, %u of them writing, %u records, %u looks at rest", sum->calls,
                          sum->writes, sum->records, sum->rests);
}
