/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The group: who has the account, and what each process is told of it and when.
 */
#include "owners.h"

#define SESSION_MS (10 * LK_SECOND) /* design §11 */
#define RELEASE_MS (3 * LK_SECOND)  /* include/latchkey/kafka/ownership.h */
#define TOLD_LATE_MS 3000           /* one who wakes hears of it with its next heartbeat */
#define PLACES 2

struct _SimOwners
{
  SimWorld *world;
  const LkConfig *config;
  SimProcess *processes[PLACES];
  SimProcess *owner;    /* NULL: nobody */
  SimProcess *releases; /* who is asked to give it back */
  SimProcess *heir;     /* to whom it then goes */
  GHashTable *lost;     /* SimProcess* → LkTime* since when another had it */
};

typedef struct
{
  SimOwners *owners;
  SimProcess *process;
  guint index;
} Later;

static void
later (SimOwners *owners, gint64 delay, SimFunc func, SimProcess *process, guint index)
{
  Later *entry = g_new (Later, 1);

  *entry = (Later){ owners, process, index };
  sim_after (owners->world, delay, func, entry);
}

SimProcess *
sim_owners_process (SimOwners *owners, guint index)
{
  return owners->processes[index];
}

gboolean
sim_owners_has (const SimOwners *owners, const SimProcess *process)
{
  return owners->owner == process;
}

SimProcess *
sim_owners_owner (const SimOwners *owners)
{
  return owners->owner;
}

LkTime
sim_owners_lost_at (const SimOwners *owners, const SimProcess *process)
{
  const LkTime *lost = g_hash_table_lookup (owners->lost, process);

  return lost == NULL ? LK_TIME_NONE : *lost;
}

/* --- giving ----------------------------------------------------------------------------------- */

static void
give (SimOwners *owners, SimProcess *process)
{
  if (owners->owner != NULL && owners->owner != process)
    g_hash_table_replace (owners->lost, owners->owner,
                          g_memdup2 (&owners->world->now, sizeof owners->world->now));
  owners->owner = process;
  owners->releases = owners->heir = NULL;
  if (process == NULL)
    return;
  (void) g_hash_table_remove (owners->lost, process);
  process->tell_lost = process->owns; /* it has not heard of that yet, and does first */
  process->tell_assigned = TRUE;
  sim_note (owners->world, "the group  gives the account to process %u", process->index);
  sim_process_stir (process, 0);
}

static SimProcess *
anybody (const SimOwners *owners, const SimProcess *but)
{
  for (guint i = 0; i < PLACES; i++)
    if (owners->processes[i] != but && sim_process_runs (owners->processes[i]))
      return owners->processes[i];
  return NULL;
}

/* Whoever has it has been silent for a session. */
static void
session_over (gpointer data)
{
  g_autofree Later *entry = data;
  SimOwners *owners = entry->owners;
  SimProcess *silent = entry->process, *heir;

  if (owners->owner != silent || sim_process_runs (silent)
      || (silent->paused && owners->world->now - silent->paused_at < SESSION_MS))
    return;
  heir = anybody (owners, silent);
  if (heir == NULL)
    later (owners, LK_SECOND, session_over, silent, 0); /* who comes first gets it */
  else
    give (owners, heir);
}

void
sim_owners_move (SimOwners *owners)
{
  SimProcess *owner = owners->owner;
  SimProcess *heir = owner == NULL ? NULL : anybody (owners, owner);

  if (heir == NULL || owners->releases != NULL || !sim_process_runs (owner))
    return;
  sim_count (owners->world, SIM_FAULT_MOVE);
  sim_note (owners->world, "the group  moves the account from process %u to process %u",
            owner->index, heir->index);
  owners->releases = owner;
  owners->heir = heir;
  owner->tell_revoked = TRUE;
  sim_process_stir (owner, 0);
}

/* --- a process's turn ------------------------------------------------------------------------- */

static void
released (SimOwners *owners, SimProcess *process)
{
  process->releasing = FALSE;
  if (owners->releases != process)
    return;
  if (sim_process_runs (owners->heir))
    give (owners, owners->heir);
  else
    give (owners, process); /* the heir is gone meanwhile */
}

void
sim_owners_turn (SimOwners *owners, SimProcess *process)
{
  if (process->tell_lost)
    {
      process->tell_lost = process->tell_revoked = FALSE;
      process->tell_assigned = process->tell_assigned && sim_owners_has (owners, process);
      process->releasing = FALSE;
      sim_note (owners->world, "process %u  hears that it has lost the account", process->index);
      process->owns = FALSE;
      sim_actor_disown (process, TRUE);
    }
  if (process->tell_revoked)
    {
      process->tell_revoked = FALSE;
      process->owns = FALSE;
      sim_actor_disown (process, FALSE);
      process->releasing = TRUE;
      process->release_until = owners->world->now + RELEASE_MS;
    }
  if (process->releasing)
    {
      if (sim_client_in_flight (process->client) > 0 && sim_actor_is_idle (process))
        sim_count (owners->world, SIM_FAULT_MOVE_UNKNOWN);
      if (sim_actor_is_idle (process) || owners->world->now >= process->release_until)
        released (owners, process);
      else
        sim_process_stir (process, 100);
    }
  if (process->tell_assigned && sim_owners_has (owners, process))
    {
      process->tell_assigned = FALSE;
      process->owns = TRUE;
      sim_actor_own (process);
    }
}

/* --- trouble ---------------------------------------------------------------------------------- */

static void
start (gpointer data)
{
  g_autofree Later *entry = data;
  SimOwners *owners = entry->owners;
  guint index = entry->index;

  owners->processes[index]
      = sim_process_new (owners->world, index, owners->processes[index]->life + 1, owners->config);
}

void
sim_owners_kill (SimOwners *owners, guint index, gint64 again)
{
  SimProcess *process = owners->processes[index];

  if (process->dead)
    return;
  sim_process_kill (process);
  if (owners->owner == process)
    later (owners, SESSION_MS, session_over, process, 0);
  later (owners, again, start, NULL, index);
}

static void
hear (gpointer data)
{
  g_autofree Later *entry = data;

  if (entry->process->dead || sim_owners_has (entry->owners, entry->process))
    return;
  entry->process->tell_lost = TRUE;
  sim_process_stir (entry->process, 0);
}

static void
wake (gpointer data)
{
  g_autofree Later *entry = data;
  SimOwners *owners = entry->owners;
  SimProcess *process = entry->process;

  if (process->dead || !process->paused)
    return;
  sim_process_wake (process);
  if (sim_owners_has (owners, process))
    {
      sim_count (owners->world, SIM_FAULT_PAUSE);
      return;
    }
  if (!process->owns && !process->releasing)
    return;
  sim_count (owners->world, SIM_FAULT_PAUSE_LOST);
  later (owners, sim_throw (owners->world, TOLD_LATE_MS, "hears late", process->index, 0), hear,
         process, 0);
}

void
sim_owners_pause (SimOwners *owners, guint index, gint64 length)
{
  SimProcess *process = owners->processes[index];

  if (!sim_process_runs (process))
    return;
  sim_process_pause (process);
  if (owners->owner == process)
    later (owners, SESSION_MS, session_over, process, 0);
  later (owners, length, wake, process, 0);
}

SimOwners *
sim_owners_new (SimWorld *world, const LkConfig *config)
{
  SimOwners *owners = g_new0 (SimOwners, 1);

  owners->world = world;
  owners->config = config;
  owners->lost = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  world->owners = owners;
  for (guint i = 0; i < PLACES; i++)
    owners->processes[i] = sim_process_new (world, i, 0, config);
  give (owners, owners->processes[0]);
  return owners;
}
