/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's state as a whole: made, put back, its clock.
 */
#include "sandbox.h"

#include "kisi.h"
#include "nexudus.h"

#define DICE_SEED 20300101

static void
start_empty (Sandbox *sandbox)
{
  switches_reset (sandbox);
  limits_reset (sandbox);
  sandbox->clock_offset = 0;
  sandbox->drawn = 0;
  sandbox->dice = g_rand_new_with_seed (DICE_SEED);
  sandbox->faults = faults_new ();
  sandbox->calls = calls_new ();
  sandbox->nexudus = nexudus_new (sandbox);
  sandbox->kisi = kisi_new (sandbox);
}

static void
drop_all (Sandbox *sandbox)
{
  kisi_free (sandbox->kisi);
  nexudus_free (sandbox->nexudus);
  calls_free (sandbox->calls);
  faults_free (sandbox->faults);
  g_rand_free (sandbox->dice);
}

Sandbox *
sandbox_new (LkTimers *timers)
{
  Sandbox *sandbox = g_new0 (Sandbox, 1);
  sandbox->timers = timers;
  sandbox->waiting = g_hash_table_new (NULL, NULL);
  start_empty (sandbox);
  return sandbox;
}

void
sandbox_reset (Sandbox *sandbox)
{
  call_drop_waiting (sandbox, TRUE);
  drop_all (sandbox);
  start_empty (sandbox);
}

void
sandbox_free (Sandbox *sandbox)
{
  call_drop_waiting (sandbox, FALSE);
  g_hash_table_unref (sandbox->waiting);
  drop_all (sandbox);
  for (int i = 0; i < SWITCHES_; i++)
    g_free (sandbox->switches[i]);
  g_free (sandbox);
}

LkTime
sandbox_now (const Sandbox *sandbox)
{
  return lk_clock_wall (lk_clock_real ()) + sandbox->clock_offset;
}

gint64
sandbox_steady (const Sandbox *sandbox)
{
  return lk_clock_steady (lk_clock_real ()) + sandbox->skipped;
}

void
sandbox_set_offset (Sandbox *sandbox, gint64 offset_ms)
{
  sandbox->skipped += MAX (0, offset_ms - sandbox->clock_offset);
  sandbox->clock_offset = offset_ms;
  sandbox_tick (sandbox);
}

void
sandbox_tick (Sandbox *sandbox)
{
  nexudus_tick (sandbox->nexudus);
}
