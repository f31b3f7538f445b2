/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Drawing a week, and putting it into words.
 */
#include "history.h"

#include <latchkey/base/time.h>

#define EVENTS 85
#define WEEK (7 * LK_DAY)
/* Every eighth world is one of hours, at the intervals that are the defaults. */
#define EVENTS_OF_HOURS 45
#define HOURS (8 * LK_HOUR)

typedef struct
{
  GRand *rand;
  SimHistory *history;
} Draw;

static const struct
{
  guint weight;
  const char *what;
} deeds[] = {
#define WEEKS_DEED(id, weight, what) { weight, what },
#include "deeds.def"
#undef WEEKS_DEED
};

/* --- drawing ---------------------------------------------------------------------------------- */

static guint
draw (Draw *from, guint sides)
{
  return (guint) g_rand_int_range (from->rand, 0, (gint32) sides);
}

static Deed
draw_deed (Draw *from)
{
  guint all = 0, at;

  for (guint i = 0; i < DEEDS; i++)
    all += deeds[i].weight;
  at = draw (from, all);
  for (guint i = 0;; i++)
    {
      if (at < deeds[i].weight)
        return (Deed) i;
      at -= deeds[i].weight;
    }
}

static int
by_time (gconstpointer a, gconstpointer b)
{
  const WeekEvent *x = a, *y = b;

  return x->at < y->at ? -1 : x->at > y->at;
}

static gint64
draw_length (Draw *from, Deed deed)
{
  switch (deed)
    {
    case DEED_PAUSE_PROCESS:
      return LK_SECOND * (1 + draw (from, draw (from, 2) ? 12 : 120));
    case DEED_CRASH:
      return LK_SECOND * (1 + draw (from, 60));
    case DEED_SICK:
      return from->history->length / 168 * (1 + draw (from, 20));
    default:
      return LK_MINUTE * (5 + draw (from, draw (from, 2) ? 30 : 180));
    }
}

/* Half of what happens does so close to something else, and some of it between two pages. */
static void
draw_events (Draw *from)
{
  SimHistory *history = from->history;
  gint64 near = 0;

  for (guint i = 0; i < (history->length < WEEK ? EVENTS_OF_HOURS : EVENTS); i++)
    {
      WeekEvent event = { .deed = draw_deed (from),
                          .who = g_rand_int (from->rand),
                          .what = g_rand_int (from->rand) };
      event.at = i == 0 || draw (from, 2)
                     ? (gint64) (g_rand_double (from->rand) * (double) history->length)
                     : near + LK_SECOND * draw (from, 1200);
      event.length = draw_length (from, event.deed);
      event.between = draw (from, 3) == 0;
      if (event.deed >= DEED_CRASH && event.deed <= DEED_MOVE)
        event.between = draw (from, 8) > 0; /* while it is busy */
      else if (event.deed >= DEED_SICK)
        event.between = FALSE;
      near = event.at;
      g_array_append_val (history->events, event);
    }
  g_array_sort (history->events, by_time);
}

static void
draw_readings (Draw *from)
{
  static const guint caps[] = { 2, 3, 5, 1000 };
  static const gint64 skews[] = { 0, 0, 90 * NX_SECOND, -90 * NX_SECOND, 10 * NX_MINUTE, -NX_HOUR };
  static const gint64 lives[] = { 604799 * NX_SECOND, 2 * NX_DAY, 6 * NX_HOUR };
  NxReadings *readings = &from->history->readings;

  readings->size_cap = caps[draw (from, G_N_ELEMENTS (caps))];
  readings->order = (NxOrder) draw (from, NX_ORDERS);
  readings->reference = (NxReference) draw (from, NX_REFERENCES);
  readings->missing = draw (from, 3);
  readings->zone = draw (from, 4);
  readings->skew = skews[draw (from, G_N_ELEMENTS (skews))];
  readings->token_life = lives[draw (from, G_N_ELEMENTS (lives))];
  readings->hides_archived = draw (from, 2) == 0;
  readings->use_bumps = draw (from, 2) == 0;
  readings->merge_bumps = draw (from, 2) == 0;
  readings->pause_bumps = draw (from, 2) == 0;
  readings->flip_bumps = draw (from, 2) == 0;
  readings->system_bumps = draw (from, 2) == 0;
}

static void
draw_settings (Draw *from)
{
  static const gint64 polls[] = { 20 * LK_MINUTE, 30 * LK_MINUTE, LK_HOUR, LK_HOUR };
  static const gint64 listings[] = { 3 * LK_HOUR, 4 * LK_HOUR, 8 * LK_HOUR };
  /* Any week; one in which Europe, then one in which America sets its clocks. */
  static const gint64 starts[]
      = { G_GINT64_CONSTANT (1795490450972), G_GINT64_CONSTANT (1792663200123),
          G_GINT64_CONSTANT (1804942800500) };
  SimHistory *history = from->history;
  guint start = draw (from, G_N_ELEMENTS (starts));

  history->start = starts[start];
  history->is_change = start > 0;
  history->poll = polls[draw (from, G_N_ELEMENTS (polls))];
  history->listing = listings[draw (from, G_N_ELEMENTS (listings))];
  history->per_minute = draw (from, 2) ? 100 : 40;
  history->per_hour = draw (from, 2) ? 4500 : 1200;
  history->brake_count = draw (from, 3) == 0 ? 1 : 25;
  history->length = WEEK;
  if (draw (from, 8) > 0)
    return;
  history->length = HOURS;
  history->poll = 30 * LK_SECOND;
  history->listing = 30 * LK_MINUTE;
  history->per_minute = 100;
  history->per_hour = 4500;
}

SimHistory *
sim_history_new (guint64 seed)
{
  SimHistory *history = g_new0 (SimHistory, 1);
  const guint32 words[] = { (guint32) seed, (guint32) (seed >> 32) };
  Draw from = { g_rand_new_with_seed_array (words, G_N_ELEMENTS (words)), history };

  history->seed = seed;
  history->events = g_array_new (FALSE, FALSE, sizeof (WeekEvent));
  draw_readings (&from);
  draw_settings (&from);
  draw_events (&from);
  g_rand_free (from.rand);
  return history;
}

void
sim_history_free (SimHistory *history)
{
  g_array_unref (history->events);
  g_free (history);
}

guint
sim_history_length (const SimHistory *history)
{
  return history->events->len;
}

/* Those have a test of their own, test_cases.c. */
guint
sim_stories (void)
{
  return 0;
}

const char *
sim_story_name (guint index)
{
  (void) index;
  return "";
}

SimHistory *
sim_story_new (guint index)
{
  (void) index;
  return NULL;
}

gboolean
sim_is_left_out (SimFault fault)
{
  /* A log that its reader begins again is shown with the executor; a read has no effect, so none is
   * waited for when the account moves. */
  return fault == SIM_FAULT_REREAD || fault == SIM_FAULT_MOVE_UNKNOWN;
}

/* --- words ------------------------------------------------------------------------------------ */

char *
sim_history_event (const SimHistory *history, guint event)
{
  const WeekEvent *row = &g_array_index (history->events, WeekEvent, event);
  g_autoptr (GString) text = g_string_new (deeds[row->deed].what);

  if (row->deed == DEED_WEATHER)
    g_string_append_printf (text, " %u%% %s", 5 + (guint) (row->what % 50),
                            sim_weather_name ((SimWeather) (row->who % WEATHERS)));
  if (row->deed >= DEED_SICK)
    g_string_append_printf (text, " for %d s", (int) (row->length / LK_SECOND));
  if (row->between)
    g_string_append (text, row->deed >= DEED_CRASH ? ", while it is busy" : ", between two pages");
  return g_strdup_printf ("%d:%02d:%02d:%02d  %s (%u, %u)", (int) (row->at / LK_DAY),
                          (int) (row->at / LK_HOUR % 24), (int) (row->at / LK_MINUTE % 60),
                          (int) (row->at / LK_SECOND % 60), text->str, (guint) row->who,
                          (guint) row->what);
}

char *
sim_history_readings (const SimHistory *history)
{
  static const char *const orders[] = { "by id", "by age", "in no order" };
  static const char *const references[]
      = { "by id",     "by id as text", "by UniqueId", "with the same UniqueId", "with the same Id",
          "by nothing" };
  const NxReadings *r = &history->readings;

  return g_strdup_printf (
      "changes every %.1f min, listings every %d min, %u requests a minute, %u an hour, brake at "
      "%u; "
      "Nexudus: pages of %u, %s; cancelled bookings named %s; clock %d s off; tokens live %d h; "
      "archived members are %s; UpdatedOn moves with:%s%s%s%s%s",
      (double) history->poll / LK_MINUTE, (int) (history->listing / LK_MINUTE), history->per_minute,
      history->per_hour, history->brake_count, r->size_cap, orders[r->order],
      references[r->reference], (int) (r->skew / LK_SECOND), (int) (r->token_life / LK_HOUR),
      r->hides_archived ? "hidden" : "listed", r->use_bumps ? " use" : "",
      r->merge_bumps ? " merging" : "", r->pause_bumps ? " pauses" : "",
      r->flip_bumps ? " contracts' state" : "", r->system_bumps ? " renewal" : "");
}
