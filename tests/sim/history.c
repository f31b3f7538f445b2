/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Drawing a history, and putting it into words.
 */
#include "history.h"

#include "wish.h"

#include <string.h>

#define EVENTS 45
#define MEMBERS 5 /* of a space; the last two of the first are the first two of the second */
#define FIRST_MEMBER 9001

typedef struct
{
  GRand *rand;
  SimHistory *history;
  LkTime at;
} Draw;

const char *const sim_spaces[] = { "moncloa", "dumbo", NULL };

char *
sim_address (gint64 member, gint64 number)
{
  if (number < 0)
    return NULL;
  if (number > 1000)
    return g_strdup_printf ("m%" G_GINT64_FORMAT "@example.org", number);
  if (number == 0)
    return g_strdup_printf ("m%" G_GINT64_FORMAT "@example.org", member);
  return g_strdup_printf ("m%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT "@Example.org", member, number);
}

gint64
sim_group_id (guint space, guint group)
{
  return 7001 + 100 * (gint64) space + group;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static gint64
pick (Draw *draw, gint64 from, gint64 to)
{
  return from + (gint64) (g_rand_double (draw->rand) * (double) (to - from));
}

static guint throw (Draw * draw, guint sides)
{
  return (guint) g_rand_int_range (draw->rand, 0, (gint32) sides);
}

static void
draw_gift (Draw *draw, SimEvent *event, guint group)
{
  SimGift *gift = &event->claims[event->n_claims++];

  gift->group = group;
  switch (throw (draw, 6))
    {
    case 0: /* a pass without an end */
      gift->from = -(gint64) throw (draw, LK_HOUR);
      gift->until = LK_TIME_NONE;
      break;
    case 1: /* one that ends soon */
      gift->from = -pick (draw, 0, LK_DAY);
      gift->until = pick (draw, LK_SECOND, 30 * LK_MINUTE);
      break;
    case 2: /* one that ends some day, perhaps behind the horizon */
      gift->from = -pick (draw, 0, LK_DAY);
      gift->until = pick (draw, LK_HOUR, 3 * SIM_HORIZON);
      break;
    case 3: /* a booking of today */
      gift->from = pick (draw, 0, LK_HOUR);
      gift->until = gift->from + pick (draw, LK_MINUTE, 2 * LK_HOUR);
      break;
    case 4: /* one of the next days */
      gift->from = pick (draw, LK_HOUR, 2 * SIM_HORIZON);
      gift->until = gift->from + pick (draw, LK_HOUR, 8 * LK_HOUR);
      break;
    default: /* at the whole hour, so that windows touch, and may be the same */
      gift->from = LK_HOUR * throw (draw, 4) - (draw->at % LK_HOUR);
      gift->until = gift->from + LK_HOUR * (1 + throw (draw, 3));
      break;
    }
}

static void
draw_person (Draw *draw, SimEvent *event)
{
  event->space = throw (draw, SIM_SPACES);
  event->member = FIRST_MEMBER + event->space * (MEMBERS - 2) + throw (draw, MEMBERS);
}

static void
draw_claim (Draw *draw, SimEvent *event)
{
  guint n = throw (draw, SIM_CLAIMS + 1); /* 0: it gives nothing any more */

  event->source = 1 + throw (draw, 6);
  for (guint i = 0; i < n; i++)
    draw_gift (draw, event,
               i == 0 ? throw (draw, SIM_GROUPS) : (event->claims[0].group + i) % SIM_GROUPS);
}

static void
draw_weather (Draw *draw, SimEvent *event)
{
  event->a = throw (draw, WEATHERS);
  event->b = 10 + throw (draw, 70);
  if (event->a == WEATHER_THROTTLED || event->a == WEATHER_THROTTLED_BARE
      || event->a == WEATHER_REFUSED)
    event->b /= 2;
  event->length = pick (draw, 5 * LK_SECOND, 3 * LK_MINUTE);
}

static void
draw_address (Draw *draw, SimEvent *event)
{
  event->a = throw (draw, 10) > 0;
  switch (throw (draw, 8))
    {
    case 0:
      event->b = -1;
      break;
    case 1:
    case 2:
      event->b = FIRST_MEMBER + throw (draw, 2 * MEMBERS - 2);
      break;
    case 3:
      event->b = 0;
      break;
    default:
      event->b = throw (draw, 3);
      break;
    }
}

static const struct
{
  SimDeed deed;
  guint weight;
} weights[] = {
  { SIM_DEED_CLAIM, 34 },       { SIM_DEED_MEMBER, 8 },       { SIM_DEED_TOMBSTONE, 2 },
  { SIM_DEED_RULES, 1 },        { SIM_DEED_LATE_COMMAND, 2 }, { SIM_DEED_FOREIGN, 4 },
  { SIM_DEED_FOREIGN_GONE, 2 }, { SIM_DEED_USER_MADE, 2 },    { SIM_DEED_USER_GONE, 1 },
  { SIM_DEED_GROUP_GONE, 1 },   { SIM_DEED_RIGHT_GONE, 2 },   { SIM_DEED_CRASH, 5 },
  { SIM_DEED_PAUSE, 5 },        { SIM_DEED_MOVE, 4 },         { SIM_DEED_REREAD, 2 },
  { SIM_DEED_COMPACT, 2 },      { SIM_DEED_WEATHER, 14 },     { SIM_DEED_KEY, 2 },
  { SIM_DEED_HIDE, 2 },         { SIM_DEED_FORBID, 2 },       { SIM_DEED_CLOCK, 1 },
  { SIM_DEED_OBSERVE, 1 },      { SIM_DEED_WISH, 4 },
};

static SimDeed
draw_deed (Draw *draw)
{
  guint all = 0, at;

  for (guint i = 0; i < G_N_ELEMENTS (weights); i++)
    all += weights[i].weight;
  at = throw (draw, all);
  for (guint i = 0;; i++)
    {
      if (at < weights[i].weight)
        return weights[i].deed;
      at -= weights[i].weight;
    }
}

static void
draw_event (Draw *draw)
{
  SimEvent event = { .at = draw->at, .deed = draw_deed (draw) };

  draw_person (draw, &event);
  event.a = throw (draw, 2);
  event.b = throw (draw, 2);
  event.source = 1 + throw (draw, 6);
  event.length = pick (draw, LK_SECOND, 20 * LK_SECOND);
  switch (event.deed)
    {
    case SIM_DEED_CLAIM:
      draw_claim (draw, &event);
      break;
    case SIM_DEED_LATE_COMMAND:
    case SIM_DEED_FOREIGN:
      draw_gift (draw, &event, throw (draw, SIM_GROUPS));
      break;
    case SIM_DEED_MEMBER:
      if (throw (draw, 3) == 0)
        event.a = event.b = 0; /* leaves */
      else
        draw_address (draw, &event);
      break;
    case SIM_DEED_GROUP_GONE:
      /* Its rights are tried again for ever, which takes long to play. */
      if (throw (draw, 4) > 0)
        return;
      event.a = throw (draw, SIM_GROUPS);
      break;
    case SIM_DEED_HIDE:
    case SIM_DEED_FORBID:
      event.a = throw (draw, SIM_GROUPS);
      event.length = pick (draw, 5 * LK_SECOND, 5 * LK_MINUTE);
      break;
    case SIM_DEED_PAUSE:
      event.length = throw (draw, 2) ? pick (draw, LK_SECOND, 12 * LK_SECOND)
                                     : pick (draw, 10 * LK_SECOND, 3 * LK_MINUTE);
      break;
    case SIM_DEED_WEATHER:
      draw_weather (draw, &event);
      break;
    case SIM_DEED_KEY:
      event.a = 1 + throw (draw, SIM_KEYS - 1);
      event.length = pick (draw, 5 * LK_SECOND, 2 * LK_MINUTE);
      break;
    case SIM_DEED_WISH:
      event.a = throw (draw, SIM_WISHES);
      break;
    case SIM_DEED_OBSERVE:
      event.length = pick (draw, LK_MINUTE, 30 * LK_MINUTE);
      break;
    case SIM_DEED_CLOCK:
      event.b = event.b ? LK_HOUR : -LK_HOUR;
      event.length = pick (draw, LK_MINUTE, 20 * LK_MINUTE);
      break;
    default:
      break;
    }
  g_array_append_val (draw->history->events, event);
  /* Passes that give nothing are always forgotten, bookings now and then. */
  if (event.deed == SIM_DEED_CLAIM && event.n_claims == 0 && event.source <= 3)
    {
      event.deed = SIM_DEED_TOMBSTONE;
      g_array_append_val (draw->history->events, event);
    }
}

/* Everybody who is a member at the start, with something. */
static void
draw_start (Draw *draw)
{
  for (guint space = 0; space < SIM_SPACES; space++)
    for (guint i = 0; i < MEMBERS; i++)
      {
        SimEvent event = { .at = draw->at,
                           .deed = SIM_DEED_MEMBER,
                           .space = space,
                           .member = FIRST_MEMBER + space * (MEMBERS - 2) + i,
                           .a = 1 };
        if (throw (draw, 4) == 0)
          continue;
        g_array_append_val (draw->history->events, event);
        event.deed = SIM_DEED_CLAIM;
        draw_claim (draw, &event);
        g_array_append_val (draw->history->events, event);
      }
}

static void
draw_readings (Draw *draw)
{
  static const gint64 lags[] = { 0, 0, 3 * LK_SECOND, 20 * LK_SECOND };
  SimReadings *readings = &draw->history->readings;

  readings->duplicates = throw (draw, 2) ? SIM_DUPLICATES_MADE : (SimDuplicates) throw (draw, 4);
  readings->patch = (SimPatch) throw (draw, 3);
  readings->drops_lapsed = throw (draw, 2) == 0;
  readings->refuses_past = throw (draw, 2) == 0;
  readings->list_lag = lags[throw (draw, G_N_ELEMENTS (lags))];
  draw->history->invite = throw (draw, 4) > 0;
  draw->history->exclusive = throw (draw, 4) == 0;
}

SimHistory *
sim_history_new (guint64 seed)
{
  SimHistory *history = g_new0 (SimHistory, 1);
  const guint32 words[] = { (guint32) seed, (guint32) (seed >> 32) };
  Draw draw = { g_rand_new_with_seed_array (words, G_N_ELEMENTS (words)), history, 0 };

  history->seed = seed;
  history->events = g_array_new (FALSE, FALSE, sizeof (SimEvent));
  draw_readings (&draw);
  draw_start (&draw);
  for (guint i = 0; i < EVENTS; i++)
    {
      guint gap = throw (&draw, 20);
      draw.at += gap < 14   ? pick (&draw, 0, 15 * LK_SECOND)
                 : gap < 19 ? pick (&draw, 0, 2 * LK_MINUTE)
                            : pick (&draw, 0, 20 * LK_MINUTE);
      draw_event (&draw);
    }
  g_rand_free (draw.rand);
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

/* --- words ------------------------------------------------------------------------------------ */

static void
add_duration (GString *text, gint64 ms)
{
  if (ms < 0)
    g_string_append_c (text, '-');
  ms = ABS (ms);
  if (ms >= LK_HOUR)
    g_string_append_printf (text, "%.2f h", (double) ms / (double) LK_HOUR);
  else
    g_string_append_printf (text, "%.3f s", (double) ms / (double) LK_SECOND);
}

static void
add_gifts (GString *text, const SimEvent *event)
{
  for (guint i = 0; i < event->n_claims; i++)
    {
      const SimGift *gift = &event->claims[i];
      g_string_append_printf (text, "%s group %" G_GINT64_FORMAT " from ", i > 0 ? "," : "",
                              sim_group_id (event->space, gift->group));
      add_duration (text, gift->from);
      g_string_append (text, " until ");
      if (gift->until == LK_TIME_NONE)
        g_string_append (text, "ever");
      else
        add_duration (text, gift->until);
    }
}

static const char *const duplicates[]
    = { "made", "refused with 409", "refused with 422", "refused where they are equal" };

static const char *const deeds[SIM_DEEDS] = {
  [SIM_DEED_TOMBSTONE] = "is forgotten, if it gives nothing",
  [SIM_DEED_LATE_COMMAND] = "is written late in an older version:",
  [SIM_DEED_FOREIGN] = "is given a right by hand:",
  [SIM_DEED_FOREIGN_GONE] = "loses the rights made by hand",
  [SIM_DEED_USER_MADE] = "is made a user by hand",
  [SIM_DEED_USER_GONE] = "'s user is deleted by hand",
  [SIM_DEED_RIGHT_GONE] = "loses a right of ours by hand",
  [SIM_DEED_CRASH] = "is killed, and another started",
  [SIM_DEED_PAUSE] = "is paused",
  [SIM_DEED_GROUP_GONE] = "is deleted by hand",
  [SIM_DEED_HIDE] = "can't be seen by the key",
  [SIM_DEED_FORBID] = "is forbidden to the key",
};

static void
add_what (GString *text, const SimEvent *event)
{
  switch (event->deed)
    {
    case SIM_DEED_CLAIM:
      g_string_append_printf (text,
                              "member %" G_GINT64_FORMAT " source %" G_GINT64_FORMAT " gives%s",
                              event->member, event->source, event->n_claims == 0 ? " nothing" : "");
      add_gifts (text, event);
      break;
    case SIM_DEED_MEMBER:
      {
        g_autofree char *address = sim_address (event->member, event->b);
        g_string_append_printf (text, "member %" G_GINT64_FORMAT " is %s, as %s", event->member,
                                event->a ? "entitled" : "not entitled",
                                address == NULL ? "nobody" : address);
      }
      break;
    case SIM_DEED_TOMBSTONE:
    case SIM_DEED_LATE_COMMAND:
      g_string_append_printf (text, "member %" G_GINT64_FORMAT " source %" G_GINT64_FORMAT " %s",
                              event->member, event->source, deeds[event->deed]);
      add_gifts (text, event);
      break;
    case SIM_DEED_WISH:
      g_string_append_printf (text, "member %" G_GINT64_FORMAT " %s", event->member,
                              sim_wish_name ((SimWishKind) event->a));
      break;
    case SIM_DEED_CRASH:
    case SIM_DEED_PAUSE:
      g_string_append_printf (text, "process %d %s", (int) event->a, deeds[event->deed]);
      break;
    case SIM_DEED_GROUP_GONE:
    case SIM_DEED_HIDE:
    case SIM_DEED_FORBID:
      g_string_append_printf (text, "group %" G_GINT64_FORMAT " %s",
                              sim_group_id (event->space, (guint) event->a), deeds[event->deed]);
      break;
    case SIM_DEED_RULES:
      g_string_append_printf (text, "new rules for space %u", event->space);
      break;
    case SIM_DEED_MOVE:
      g_string_append (text, "the account moves");
      break;
    case SIM_DEED_LATE_LEDGERS:
      g_string_append (text, "ledgers are read late");
      break;
    case SIM_DEED_NEWER:
      g_string_append_printf (text, "a newer release writes to the ledger of space %u",
                              event->space);
      break;
    case SIM_DEED_LOOK:
      g_string_append (text, "a look at what there is");
      break;
    case SIM_DEED_DUPLICATES:
      g_string_append_printf (text, "KISI: second rights are %s from now on", duplicates[event->a]);
      break;
    case SIM_DEED_REREAD:
      g_string_append_printf (text, "process %d reads the %s of space %u again", (int) event->a,
                              event->b ? "ledger" : "commands", event->space);
      break;
    case SIM_DEED_COMPACT:
      g_string_append (text, "all logs are compacted");
      break;
    case SIM_DEED_WEATHER:
      g_string_append_printf (text, "%d%% %s", (int) event->b,
                              sim_weather_name ((SimWeather) event->a));
      break;
    case SIM_DEED_KEY:
      g_string_append (text, event->a == SIM_KEY_REFUSED     ? "the key is refused"
                             : event->a == SIM_KEY_FORBIDDEN ? "the key is forbidden everything"
                                                             : "the key sees no group");
      break;
    case SIM_DEED_OBSERVE:
      g_string_append_printf (text, "space %u is only observed", event->space);
      break;
    case SIM_DEED_CLOCK:
      g_string_append_printf (text, "the clock of process %d is off by ", (int) event->a);
      add_duration (text, event->b);
      break;
    default:
      g_string_append_printf (text, "member %" G_GINT64_FORMAT " %s", event->member,
                              deeds[event->deed]);
      add_gifts (text, event);
      break;
    }
}

char *
sim_event_text (const SimEvent *event)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%9.3f s  ", (double) event->at / (double) LK_SECOND);
  if (event->deed < SIM_DEED_CRASH && event->deed != SIM_DEED_RULES
      && event->deed != SIM_DEED_GROUP_GONE)
    g_string_append_printf (text, "space %u ", event->space);
  add_what (text, event);
  if (event->deed >= SIM_DEED_CRASH && event->deed != SIM_DEED_MOVE
      && event->deed != SIM_DEED_REREAD && event->deed != SIM_DEED_COMPACT)
    {
      g_string_append (text, " for ");
      add_duration (text, event->length);
    }
  return g_string_free (text, FALSE);
}

char *
sim_history_readings (const SimHistory *history)
{
  static const char *const patches[] = { "taken", "ignored", "refused" };
  const SimReadings *readings = &history->readings;

  return g_strdup_printf (
      "KISI: second rights are %s, changes are %s, lapsed rights are %s, windows that are over are "
      "%s, lists are %d s behind; we %s%s",
      duplicates[readings->duplicates], patches[readings->patch],
      readings->drops_lapsed ? "not listed" : "listed",
      readings->refuses_past ? "refused" : "taken", (int) (readings->list_lag / LK_SECOND),
      history->invite ? "invite" : "do not invite",
      history->exclusive ? ", and nobody else has our API user" : "");
}

char *
sim_history_event (const SimHistory *history, guint event)
{
  return sim_event_text (&g_array_index (history->events, SimEvent, event));
}
