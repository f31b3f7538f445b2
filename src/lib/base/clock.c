/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The machine's clocks, the fake ones, and back-off.
 */
#include <latchkey/base/clock.h>

static LkTime
real_wall (const LkClock *clock)
{
  return g_get_real_time () / 1000;
}

static gint64
real_steady (const LkClock *clock)
{
  return g_get_monotonic_time () / 1000;
}

const LkClock *
lk_clock_real (void)
{
  static const LkClock clock = { real_wall, real_steady };
  return &clock;
}

static LkTime
fake_wall (const LkClock *clock)
{
  return ((const LkFakeClock *) clock)->now_wall;
}

static gint64
fake_steady (const LkClock *clock)
{
  return ((const LkFakeClock *) clock)->now_steady;
}

void
lk_fake_clock_init (LkFakeClock *clock, LkTime wall)
{
  *clock = (LkFakeClock){ .clock = { fake_wall, fake_steady }, .now_wall = wall };
}

void
lk_fake_clock_advance (LkFakeClock *clock, gint64 ms)
{
  g_assert (ms >= 0);
  clock->now_wall += ms;
  clock->now_steady += ms;
}

void
lk_backoff_init (LkBackoff *backoff, gint64 min_ms, gint64 cap_ms, guint64 seed)
{
  g_assert (min_ms > 0 && cap_ms >= min_ms);
  if (seed == 0)
    seed = ((guint64) g_random_int () << 32) | g_random_int ();
  *backoff = (LkBackoff){ .min_ms = min_ms, .cap_ms = cap_ms, .rng = seed };
}

/* SplitMix64: any seed will do, and its state is the one word that the struct keeps. */
static guint64
next_random (guint64 *state)
{
  guint64 z = *state += G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  return z ^ (z >> 31);
}

gint64
lk_backoff_next (LkBackoff *backoff)
{
  gint64 top = backoff->cap_ms;

  if (backoff->failures < G_MAXUINT)
    backoff->failures++;
  if (backoff->failures < 62 && backoff->min_ms <= backoff->cap_ms >> backoff->failures)
    top = backoff->min_ms << backoff->failures;
  return backoff->min_ms
         + (gint64) (next_random (&backoff->rng) % (guint64) (top - backoff->min_ms + 1));
}

void
lk_backoff_reset (LkBackoff *backoff)
{
  backoff->failures = 0;
}
