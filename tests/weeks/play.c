/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The order of a week: what happens, each at its time or between two pages of a list; then a rest
 * without any fault, and then everything read again by new processes, who have nothing to say.
 */
#include "check.h"
#include "deeds.h"

#include "../sim/owners.h"

#include <fcntl.h>
#include <latchkey/base/log.h>
#include <latchkey/model/control.h>
#include <string.h>
#include <unistd.h>

#define SESSION_MS (12 * LK_SECOND)  /* until a silent process is thrown out, and hears of it */
#define BETWEEN_MAX LK_HOUR          /* for a list of several pages to come by */
#define OPERATOR_MS (30 * LK_MINUTE) /* the operator looks at the brake that often */

const char sim_name[] = "latchkey-weeks";
const char sim_summary[] = "- the poller through weeks in which everything goes wrong";

static const char config_text[]
    = "kafka: {brokers: \"localhost:9092\"}\n"
      "nexudus: [{account: main, url: http://localhost, user: a, password_file: %s,\n"
      "           poll_interval: %ds, listing_interval: %ds, requests_per_minute: %u,\n"
      "           requests_per_hour: %u}]\n"
      "kisi: [{account: main, url: http://localhost, key_file: none}]\n"
      "spaces:\n"
      "  - {code: moncloa, name: Moncloa, time_zone: Europe/Madrid, business: 11, place: 501,\n"
      "     partitions: 2, brake: {count: %u, share: 20%%}}\n"
      "  - {code: dumbo, name: Dumbo, time_zone: America/New_York, business: 12, place: 502,\n"
      "     partitions: 2, brake: {count: %u, share: 20%%}}\n"
      "dev: true\n";

static const TruthSpace spaces[TRUTH_SPACES]
    = { { "moncloa", 11, "Europe/Madrid" }, { "dumbo", 12, "America/New_York" } };

typedef struct
{
  SimWorld *world;
  const SimHistory *history;
  Nexus *nexus;
  GQueue between;       /* Doing* that wait for a list of several pages */
  GQueue busy[2];       /* … for a request; for a record */
  GHashTable *released; /* ids of trips */
} Play;

typedef struct
{
  Play *play;
  const WeekEvent *event;
  gboolean done;
} Doing;

static char *password_file;

/* --- deeds ------------------------------------------------------------------------------------ */

static void
compact (SimLog *log, gpointer data)
{
  (void) data;
  sim_log_compact (log);
}

static void
end_weather (gpointer data)
{
  Doing *doing = data;

  doing->play->world->weather[doing->event->who % WEATHERS] = 0;
}

static void
make_weather (Doing *doing)
{
  SimWorld *world = doing->play->world;
  SimWeather weather = (SimWeather) (doing->event->who % WEATHERS);

  world->weather[weather] = 5 + (guint) (doing->event->what % 50);
  if (weather == WEATHER_LOGIN_REFUSED)
    server_end_tokens (world->service, TRUE); /* else nobody asks for one */
  if (weather <= WEATHER_WRITE_SLOW)
    weeks_trouble (world, doing->event->length + LK_MINUTE);
  sim_after (world, doing->event->length, end_weather, doing);
}

static void
make_sick (Doing *doing)
{
  static const NxKind kinds[] = { NX_COWORKER, NX_PASS, NX_BOOKING, NX_CONTRACT };
  SimWorld *world = doing->play->world;
  const NxEntity *entity = nx_pick (
      doing->play->nexus, kinds[doing->event->what % G_N_ELEMENTS (kinds)], doing->event->who);

  if (entity == NULL)
    return;
  sim_count (world, SIM_FAULT_SICK);
  server_make_sick (world->service, entity, world->now + doing->event->length);
}

/* The process of the event: one that waits for a moment is the owner. */
static guint
process_of (const Doing *doing)
{
  const SimProcess *owner = sim_owners_owner (doing->play->world->owners);

  return doing->event->between && owner != NULL ? owner->index : (guint) (doing->event->who % 2);
}

static void
do_trouble (Doing *doing)
{
  SimWorld *world = doing->play->world;
  const WeekEvent *event = doing->event;

  switch (event->deed)
    {
    case DEED_SICK:
      make_sick (doing);
      break;
    case DEED_CRASH:
      weeks_trouble (world, event->length + SESSION_MS);
      sim_owners_kill (world->owners, process_of (doing), event->length);
      break;
    case DEED_PAUSE_PROCESS:
      weeks_trouble (world, event->length + SESSION_MS);
      sim_owners_pause (world->owners, process_of (doing), event->length);
      break;
    case DEED_MOVE:
      weeks_trouble (world, SESSION_MS);
      sim_owners_move (world->owners);
      break;
    case DEED_COMPACT:
      sim_count (world, SIM_FAULT_COMPACTED);
      sim_broker_foreach (world->broker, compact, NULL);
      break;
    case DEED_TOKENS:
      sim_count (world, SIM_FAULT_TOKEN_ENDED);
      server_end_tokens (world->service, event->who % 2 == 0);
      break;
    default:
      make_weather (doing);
      break;
    }
}

static guint
living (const Nexus *nexus, gboolean *changed)
{
  guint n = 0;

  for (guint k = 0; k < NX_KINDS; k++)
    for (guint i = 0; i < nexus->all[k]->len; i++)
      {
        n += nx_lives (nexus->all[k]->pdata[i]);
        *changed |= nx_row (nexus->all[k]->pdata[i])->since == *nexus->now;
      }
  return n;
}

static void
do_deed (Doing *doing)
{
  SimWorld *world = doing->play->world;
  g_autofree char *text
      = world->trace ? sim_history_event (
            doing->play->history,
            (guint) (doing->event
                     - (const WeekEvent *) (gconstpointer) doing->play->history->events->data))
                     : NULL;

  doing->done = TRUE;
  sim_note (world, "-- %s", text);
  if (doing->event->deed >= DEED_SICK)
    do_trouble (doing);
  else
    check_changed (world, deeds_do (world, doing->play->nexus, doing->event));
}

static void
deed_is_due (gpointer data)
{
  Doing *doing = data;

  if (!doing->done)
    do_deed (doing);
}

static void
wait_for_it (gpointer data)
{
  Doing *doing = data;

  if (doing->event->deed < DEED_CRASH)
    g_queue_push_tail (&doing->play->between, doing);
  else
    g_queue_push_tail (&doing->play->busy[doing->event->what % 2], doing);
  sim_after (doing->play->world, BETWEEN_MAX, deed_is_due, doing);
}

static Doing *
next_of (GQueue *queue)
{
  Doing *doing;

  do
    doing = g_queue_pop_head (queue);
  while (doing != NULL && doing->done);
  return doing;
}

/* The owner reads or writes: what waits for that strikes in the midst of it. */
static void
is_busy (Play *play, guint with)
{
  Doing *doing = next_of (&play->busy[with]);

  if (doing != NULL)
    sim_after (play->world, sim_throw (play->world, 60, "strikes", with, 0), deed_is_due, doing);
}

static void
asked (gpointer data)
{
  is_busy (data, 0);
}

static void
wrote (SimLog *log, const SimRecord *record, gpointer data)
{
  (void) record;
  if (!g_str_has_prefix (sim_log_topic (log), "latchkey.nexudus-account."))
    is_busy (data, 1);
}

/* A page was sent, and others follow. */
static void
between_pages (gpointer data)
{
  Play *play = data;
  Doing *doing = next_of (&play->between);
  gboolean changed = FALSE;
  guint before, after;

  if (doing == NULL)
    return;
  before = living (play->nexus, &changed);
  changed = FALSE;
  do_deed (doing);
  after = living (play->nexus, &changed);
  if (!changed)
    return;
  sim_count (play->world, after > before   ? SIM_FAULT_SHIFT_ADDED
                          : after < before ? SIM_FAULT_SHIFT_REMOVED
                                           : SIM_FAULT_SHIFT_CHANGED);
  /* A row that was there all the time may have been on neither page. */
  if (after < before)
    weeks_trouble (play->world, 0);
}

/* --- the operator ----------------------------------------------------------------------------- */

typedef struct
{
  Play *play;
  char *space, *trip;
} Release;

static void
release (gpointer data)
{
  Release *wish = data;
  const LkWish row
      = { .wish = (char *) "brake-release", .trip = wish->trip, .at = wish->play->world->now };
  g_autofree char *topic = g_strdup_printf ("latchkey.control.%s", wish->space);
  g_autofree char *key = g_strdup_printf ("brake-release/%s", wish->trip);
  g_autoptr (GString) text = g_string_new (NULL);

  sim_count (wish->play->world, SIM_FAULT_RELEASED);
  sim_note (wish->play->world, "operator   releases %s", wish->trip);
  lk_wish_write (&row, text);
  (void) sim_log_append (sim_broker_log (wish->play->world->broker, topic, 0), key, strlen (key),
                         text->str, text->len);
}

static void
look_at_brake (gpointer data)
{
  Play *play = data;
  GHashTableIter iter;
  gpointer name, trip;

  g_hash_table_iter_init (&iter, check_trips (play->world));
  while (g_hash_table_iter_next (&iter, &name, &trip))
    if (g_hash_table_add (play->released, g_strdup (trip)))
      {
        Release *wish = g_new (Release, 1);
        *wish = (Release){ play, g_strndup (name, strcspn (name, "/")), g_strdup (trip) };
        sim_count (play->world, SIM_FAULT_TRIPPED);
        sim_after (play->world, LK_MINUTE * (1 + sim_throw (play->world, 180, "released", 0, 0)),
                   release, wish);
      }
  sim_after (play->world, OPERATOR_MS, look_at_brake, play);
}

/* --- the order of a run ----------------------------------------------------------------------- */

static void
rest (Play *play)
{
  SimWorld *world = play->world;
  const SimHistory *history = play->history;

  memset (world->weather, 0, sizeof world->weather);
  server_heal (world->service);
  sim_run_until (world, world->now + 3 * history->listing + 4 * history->poll + LK_HOUR);
  while (g_hash_table_size (check_trips (world)) > 0)
    sim_run_until (world, world->now + history->listing + 4 * LK_HOUR);
  sim_note (world, "at rest");
  check_rest (world);
}

/* Others read it all, and find nothing to say. */
static void
read_all_again (Play *play)
{
  SimWorld *world = play->world;
  guint before = check_records (world);

  sim_broker_foreach (world->broker, compact, NULL);
  for (guint index = 0; index < 2; index++)
    {
      sim_owners_kill (world->owners, index, LK_SECOND);
      sim_run_until (world, world->now + LK_MINUTE);
    }
  sim_run_until (world, world->now + play->history->poll + LK_MINUTE);
  if (check_records (world) != before)
    sim_breach (world, "S4", "%u records, and nothing had changed", check_records (world) - before);
  check_rest (world);
}

/* What is gone, or over, for a month is forgotten, and nothing else. */
static void
let_month_pass (Play *play)
{
  SimWorld *world = play->world;

  sim_run_until (world, world->now + 32 * LK_DAY);
  check_rest (world);
  check_forgotten (world);
}

static void
log_line (const char *line, gsize len, gpointer data)
{
  SimWorld *world = data;

  if (world->trace)
    sim_note (world, "log        %.*s", (int) len - 1, line);
}

static LkConfig *
make_config (const SimHistory *history)
{
  g_autofree char *text
      = g_strdup_printf (config_text, password_file, (int) (history->poll / LK_SECOND),
                         (int) (history->listing / LK_SECOND), history->per_minute,
                         history->per_hour, history->brake_count, history->brake_count);
  GPtrArray *problems = NULL;
  LkConfig *config = lk_config_parse (text, strlen (text), "weeks", &problems);

  if (config == NULL)
    {
      g_autoptr (GString) what = g_string_new (NULL);
      lk_config_print_problems ("weeks", problems, what);
      g_error ("%s", what->str);
    }
  return config;
}

static void
make_world (Play *play, gboolean trace, SimResult *result)
{
  const SimHistory *history = play->history;
  const CheckPromise promise
      = { history->poll, history->listing, history->per_minute, history->per_hour };
  SimWorld *world = sim_world_new (history->seed, history->start, result);

  play->world = world;
  world->trace = trace;
  lk_log_init ("poller", trace ? LK_LOG_INFO : LK_LOG_ERROR);
  lk_log_set_sink (log_line, world);
  world->broker = sim_broker_new (world);
  play->nexus = nx_new (&world->now, &history->readings);
  world->service = server_new (world, play->nexus, asked, between_pages, play);
  world->truth = truth_new (play->nexus, spaces);
  check_new (world, play->nexus, &promise);
  deeds_begin (world, play->nexus);
  check_changed (world, 0);
  if (history->is_change)
    sim_count (world, SIM_FAULT_CLOCK_CHANGE);
  (void) sim_owners_new (world, make_config (history));
  sim_broker_watch (world->broker, wrote, play);
  sim_after (world, OPERATOR_MS, look_at_brake, play);
}

static void
forget_password (void)
{
  (void) unlink (password_file);
}

void
sim_play_prepare (void)
{
  int fd = g_file_open_tmp ("latchkey-weeks-XXXXXX", &password_file, NULL);

  if (fd < 0 || write (fd, "secret\n", 7) != 7 || close (fd) != 0)
    g_error ("can't write a password file");
  (void) atexit (forget_password);
}

void
sim_play (const SimHistory *history, const gboolean *out, gboolean trace, SimResult *result)
{
  Play play = { .history = history };
  LkTime end = history->start;

  /* UUIDs and back-off draw from here. */
  g_random_set_seed ((guint32) (history->seed ^ (history->seed >> 32)));
  play.released = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&play.between);
  g_queue_init (&play.busy[0]);
  g_queue_init (&play.busy[1]);
  make_world (&play, trace, result);
  for (guint i = 0; i < history->events->len; i++)
    {
      const WeekEvent *event = &g_array_index (history->events, WeekEvent, i);
      Doing *doing;

      if (out != NULL && out[i])
        continue;
      doing = g_new (Doing, 1);
      *doing = (Doing){ &play, event, FALSE };
      sim_after (play.world, event->at, event->between ? wait_for_it : deed_is_due, doing);
      end = MAX (end, history->start + event->at);
    }
  sim_run_until (play.world, MAX (end, history->start + history->length) + BETWEEN_MAX);
  rest (&play);
  read_all_again (&play);
  if (history->poll == LK_HOUR && history->seed % 16 == 0)
    let_month_pass (&play);
}

char *
sim_sum_text (const SimResult *sum)
{
  return g_strdup_printf ("%u requests, %u records, %u looks at rest", sum->calls, sum->records,
                          sum->rests);
}
