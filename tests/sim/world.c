/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Time, agenda, dice, protocol.
 */
#include "world.h"

#include <stdio.h>
#include <unistd.h>

typedef struct
{
  LkTime at;
  guint64 number;
  SimFunc func;
  gpointer data;
} Entry;

struct _SimAgenda
{
  GSequence *entries; /* Entry*, by time and number */
  guint64 number;
  LkTime start;
};

const char *
sim_fault_name (SimFault fault)
{
  static const char *const names[] = {
#define SIM_FAULT(id, what) what,
#include <faults.def>
#undef SIM_FAULT
  };

  return names[fault];
}

const char *
sim_weather_name (SimWeather weather)
{
  static const char *const names[] = {
    "records lost",
    "records written but not acknowledged",
    "records slow",
#define SIM_WEATHER(id, name) name,
#include <weather.def>
#undef SIM_WEATHER
  };

  return names[weather];
}

SimWorld *
sim_world_new (guint64 seed, LkTime start, SimResult *result)
{
  SimWorld *world = g_new0 (SimWorld, 1);

  world->seed = seed;
  world->now = start;
  world->result = result;
  world->agenda = g_new0 (SimAgenda, 1);
  world->agenda->entries = g_sequence_new (g_free);
  world->agenda->start = start;
  world->throws = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return world;
}

/* --- agenda ----------------------------------------------------------------------------------- */

static int
by_time (gconstpointer a, gconstpointer b, gpointer data)
{
  const Entry *x = a, *y = b;

  (void) data;
  if (x->at != y->at)
    return x->at < y->at ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

void
sim_after (SimWorld *world, gint64 delay, SimFunc func, gpointer data)
{
  Entry *entry = g_new (Entry, 1);

  g_assert (delay >= 0);
  *entry = (Entry){ world->now + delay, world->agenda->number++, func, data };
  g_sequence_insert_sorted (world->agenda->entries, entry, by_time, NULL);
}

void
sim_run_until (SimWorld *world, LkTime until)
{
  for (;;)
    {
      GSequenceIter *first = g_sequence_get_begin_iter (world->agenda->entries);
      Entry entry;

      if (g_sequence_iter_is_end (first) || ((Entry *) g_sequence_get (first))->at > until)
        break;
      entry = *(Entry *) g_sequence_get (first);
      g_sequence_remove (first);
      world->now = entry.at;
      entry.func (entry.data);
    }
  world->now = until;
}

/* --- dice ------------------------------------------------------------------------------------- */

static guint64
mix (guint64 z)
{
  z += G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  return z ^ (z >> 31);
}

guint
sim_throw (SimWorld *world, guint sides, const char *what, gint64 a, gint64 b)
{
  guint64 key = mix (mix (mix (world->seed ^ g_str_hash (what)) ^ (guint64) a) ^ (guint64) b);
  guint64 times = 1 + (gsize) g_hash_table_lookup (world->throws, &key);

  g_hash_table_replace (world->throws, g_memdup2 (&key, sizeof key), (gpointer) (gsize) times);
  return (guint) (mix (key ^ mix (times)) % sides);
}

gboolean
sim_chance (SimWorld *world, guint percent, const char *what, gint64 a, gint64 b)
{
  return percent > 0 && sim_throw (world, 100, what, a, b) < percent;
}

/* --- protocol --------------------------------------------------------------------------------- */

void
sim_count (SimWorld *world, SimFault fault)
{
  world->result->faults[fault]++;
}

const char *
sim_clock_text (const SimWorld *world, LkTime time, char buf[24])
{
  gint64 ms;
  char sign = '+';

  if (time == LK_TIME_NONE)
    return "-";
  ms = time - world->agenda->start;
  if (ms < 0)
    {
      sign = '-';
      ms = -ms;
    }
  g_snprintf (buf, 24, "%c%02d:%02d:%02d.%03d", sign, (int) (ms / LK_HOUR),
              (int) (ms / LK_MINUTE % 60), (int) (ms / LK_SECOND % 60), (int) (ms % LK_SECOND));
  return buf;
}

void
sim_note (SimWorld *world, const char *format, ...)
{
  char when[24];
  va_list list;

  if (!world->trace)
    return;
  printf ("%s  ", sim_clock_text (world, world->now, when));
  va_start (list, format);
  vprintf (format, list);
  va_end (list);
  printf ("\n");
}

void
sim_breach (SimWorld *world, const char *invariant, const char *format, ...)
{
  SimResult *result = world->result;
  va_list list;

  va_start (list, format);
  g_vsnprintf (result->message, sizeof result->message, format, list);
  va_end (list);
  g_strlcpy (result->invariant, invariant, sizeof result->invariant);
  result->failed = TRUE;
  sim_note (world, "BREACH of %s: %s", invariant, result->message);
  fflush (stdout);
  /* The state is what it is: nothing of it is to be torn down in good order. */
  _exit (1);
}
