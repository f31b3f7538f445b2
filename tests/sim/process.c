/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The program around the account, and the turn of its loop: what came from the service, from Kafka,
 * from the group, then what is due, then the account's own turn (design §11).
 */
#include "process.h"

#include "owners.h"

#include "../../src/lib/kafka/internal.h"

#define ASTRAY_MS LK_MINUTE  /* what was begun under a wrong clock is over by then */
#define TURNS_MAX 50         /* in a row, before time goes on */
#define TICK_MS 1000         /* the real loop waits no longer (design §11) */
#define QUIET_TURNS 20       /* after so many of them nothing is expected any more … */
#define QUIET_TICK_MS 300000 /* … but by a timer, so this is often enough */

/* --- the program ------------------------------------------------------------------------------ */

const LkConfig *
lk_program_config (const LkProgram *program)
{
  return program->config;
}

const LkClock *
lk_program_clock (const LkProgram *program)
{
  return &program->clock;
}

LkTimers *
lk_program_timers (const LkProgram *program)
{
  return program->timers;
}

LkKafka *
lk_program_kafka (const LkProgram *program)
{
  return (LkKafka *) program;
}

LkProducer *
lk_program_producer (const LkProgram *program)
{
  return program->producer;
}

LkReader *
lk_program_reader (const LkProgram *program)
{
  return program->reader;
}

const GPtrArray *
lk_program_spaces (const LkProgram *program)
{
  return program->spaces;
}

const GPtrArray *
lk_program_accounts (const LkProgram *program)
{
  return program->accounts;
}

void
lk_program_not_ready (LkProgram *program, const char *what, const char *reason)
{
  (void) program;
  (void) what;
  (void) reason;
}

void
lk_program_reject (LkProgram *program, const LkRecord *record, const char *space, gint64 committed,
                   const GError *error, LkAckFunc func, gpointer data)
{
  (void) space;
  (void) committed;
  (void) func;
  (void) data;
  sim_breach (program->world, "whole", "%s/%d: a record that is not understood: %s", record->topic,
              record->partition, error->message);
}

gboolean
lk_record_header (const LkRecord *record, const char *name, const char **out_value, gsize *out_len)
{
  (void) record;
  (void) name;
  (void) out_value;
  (void) out_len;
  return FALSE;
}

const char *
lk_kafka_prefix (const LkKafka *kafka)
{
  (void) kafka;
  return "latchkey";
}

const LkClock *
lk_kafka_clock (const LkKafka *kafka)
{
  return &((const SimProcess *) kafka)->clock;
}

static LkTime
wall (const LkClock *clock)
{
  const SimProcess *process = (const SimProcess *) clock;

  return process->world->now + process->wall_shift;
}

static gint64
steady (const LkClock *clock)
{
  return ((const SimProcess *) clock)->world->now;
}

/* --- turns ------------------------------------------------------------------------------------ */

static void
one_turn (SimProcess *process, gboolean *something)
{
  gboolean again = TRUE;

  for (guint i = 0; again && i < TURNS_MAX; i++)
    {
      again = sim_client_turn (process->client);
      again |= sim_producer_turn (process->producer);
      sim_owners_turn (process->world->owners, process);
      again |= sim_reader_turn (process->reader);
      (void) lk_timers_run (process->timers);
      again |= sim_actor_turn (process);
      *something |= again;
    }
}

typedef struct
{
  SimProcess *process;
  LkTime at;
} Turn;

static void
turn (gpointer data)
{
  g_autofree Turn *asked = data;
  SimProcess *process = asked->process;
  gboolean something = FALSE;
  gint64 next;

  if (!sim_process_runs (process) || process->turn_at != asked->at)
    return; /* another turn came before it */
  process->turn_at = LK_TIME_NONE;
  one_turn (process, &something);
  process->quiet = something ? 0 : process->quiet + 1;
  next = process->quiet < QUIET_TURNS || process->releasing ? TICK_MS : QUIET_TICK_MS;
  next = MIN (next, MAX (lk_timers_next (process->timers), 1));
  if (process->turn_at == LK_TIME_NONE || process->turn_at > process->world->now + next)
    {
      guint quiet = process->quiet;
      sim_process_stir (process, next);
      process->quiet = quiet;
    }
}

void
sim_process_stir (SimProcess *process, gint64 delay)
{
  LkTime at = process->world->now + delay;
  Turn *asked;

  process->quiet = 0;
  if (!sim_process_runs (process) || (process->turn_at != LK_TIME_NONE && process->turn_at <= at))
    return;
  process->turn_at = at;
  asked = g_new (Turn, 1);
  *asked = (Turn){ process, at };
  sim_after (process->world, delay, turn, asked);
}

/* --- life ------------------------------------------------------------------------------------- */

SimProcess *
sim_process_new (SimWorld *world, guint index, guint life, const LkConfig *config)
{
  SimProcess *process = g_new0 (SimProcess, 1);

  process->clock = (LkClock){ wall, steady };
  process->world = world;
  process->index = index;
  process->life = life;
  process->config = config;
  process->turn_at = process->shifted_at = LK_TIME_NONE;
  process->spaces = g_ptr_array_new ();
  process->accounts = g_ptr_array_new ();
  for (guint i = 0; i < config->n_spaces; i++)
    g_ptr_array_add (process->spaces, &config->spaces[i]);
  process->timers = lk_timers_new (&process->clock);
  process->reader = sim_reader_new (process);
  process->producer = sim_producer_new (process);
  sim_actor_start (process);
  sim_note (world, "process %u  starts", index);
  sim_process_stir (process, 0);
  return process;
}

gboolean
sim_process_runs (const SimProcess *process)
{
  return !process->dead && !process->paused;
}

void
sim_process_kill (SimProcess *process)
{
  sim_note (process->world, "process %u  is killed", process->index);
  sim_count (process->world, SIM_FAULT_CRASH);
  process->paused = FALSE;
  process->dead = TRUE;
  sim_producer_kill (process->producer);
  sim_client_kill (process->client);
  sim_reader_free (process->reader);
}

void
sim_process_pause (SimProcess *process)
{
  sim_note (process->world, "process %u  is paused", process->index);
  process->paused = TRUE;
  process->paused_at = process->world->now;
  process->turn_at = LK_TIME_NONE;
  sim_producer_pause (process->producer);
  sim_client_pause (process->client);
}

void
sim_process_wake (SimProcess *process)
{
  sim_note (process->world, "process %u  wakes", process->index);
  process->paused = FALSE;
  process->woken_at = process->world->now;
  sim_producer_wake (process->producer);
  sim_client_wake (process->client);
  sim_process_stir (process, 0);
}

void
sim_process_shift (SimProcess *process, LkTime shift)
{
  sim_note (process->world, "process %u  clock is off by %d min", process->index,
            (int) (shift / LK_MINUTE));
  process->wall_shift = shift;
  process->shifted_at = process->world->now;
  sim_process_stir (process, 0);
}

gboolean
sim_process_is_astray (const SimProcess *process)
{
  return process->wall_shift != 0
         || (process->shifted_at != LK_TIME_NONE
             && process->world->now - process->shifted_at < ASTRAY_MS);
}
