/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Workers forget a source that has given nothing for 30 days (design §5). What the executor makes
 * of that must not hang on whether the right is gone by then: KISI may have refused the key for all
 * that time. Here the tombstone comes as soon as one owner has had the time to learn that nothing
 * is given and to write what it remembers of it, which in 30 days somebody has.
 */
#include "play_internal.h"

#include "owners.h"

#define LONG_MS (90 * LK_SECOND) /* for a record to be read, and for one to be written */
#define LOOK_MS (5 * LK_SECOND)

typedef struct
{
  Play *play;
  const SimEvent *event;
  const SimProcess *owner; /* who has had the account, in calm, since */
  LkTime since;
} Forget;

static gboolean
is_calm (const SimWorld *world)
{
  return world->weather[WEATHER_WRITE_LOST] == 0 && world->weather[WEATHER_WRITE_UNKNOWN] == 0
         && world->weather[WEATHER_WRITE_SLOW] == 0 && world->ledger_lag == 0;
}

static void
look (gpointer data)
{
  Forget *forget = data;
  SimWorld *world = forget->play->world;
  const SimProcess *owner = sim_owners_owner (world->owners);

  if (!sim_worker_gives_nothing (forget->play->worker, forget->event))
    {
      g_free (forget);
      return;
    }
  if (owner == NULL || owner != forget->owner || !sim_process_runs (owner) || !owner->owns
      || !is_calm (world))
    {
      forget->owner = owner;
      forget->since = world->now;
    }
  if (world->now - forget->since < LONG_MS)
    {
      sim_after (world, LOOK_MS, look, forget);
      return;
    }
  sim_worker_forget (forget->play->worker, forget->event);
  g_free (forget);
}

void
play_forget (Play *play, const SimEvent *event)
{
  Forget *forget = g_new (Forget, 1);

  *forget = (Forget){ .play = play, .event = event, .since = play->world->now };
  look (forget);
}
