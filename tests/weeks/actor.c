/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The poller, as a process of the simulation runs it.
 */
#include "check.h"

#include "../sim/process.h"

#include "../../src/poller/account.h"

void
sim_actor_start (SimProcess *process)
{
  g_ptr_array_add (process->accounts, &process->config->nexudus[0]);
  process->account = account_new (process, &process->config->nexudus[0]);
}

void
sim_actor_own (SimProcess *process)
{
  check_owner (process->world, process);
  account_own (process->account);
}

void
sim_actor_disown (SimProcess *process, gboolean lost)
{
  account_disown (process->account, lost);
}

gboolean
sim_actor_is_idle (const SimProcess *process)
{
  return account_is_idle (process->account);
}

gboolean
sim_actor_turn (SimProcess *process)
{
  /* Nothing comes of a turn but requests and timers, which bring the next one. */
  account_turn (process->account);
  return FALSE;
}
