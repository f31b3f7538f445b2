/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The clock that everything with a deadline asks, so that tests can replace it, and the timers and
 * back-off that run on it. Wall time may jump; the steady clock never goes back. One thread.
 */
#pragma once

#include <glib.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct _LkClock LkClock;
struct _LkClock
{
  LkTime (*wall) (const LkClock *clock);   /* ms since 1970 UTC */
  gint64 (*steady) (const LkClock *clock); /* ms since some fixed point */
};

/* The machine's clocks. Static; never freed. */
const LkClock *lk_clock_real (void);

static inline LkTime
lk_clock_wall (const LkClock *clock)
{
  return clock->wall (clock);
}

static inline gint64
lk_clock_steady (const LkClock *clock)
{
  return clock->steady (clock);
}

/* A clock for tests: lk_fake_clock_init, then lk_fake_clock_advance. */
typedef struct
{
  LkClock clock; /* first member: pass &c.clock */
  LkTime now_wall;
  gint64 now_steady;
} LkFakeClock;

void lk_fake_clock_init (LkFakeClock *clock, LkTime wall);
void lk_fake_clock_advance (LkFakeClock *clock, gint64 ms); /* both clocks */

/* Timers: a heap of one-shot deadlines on the steady clock. */
typedef struct _LkTimers LkTimers;
typedef struct _LkTimer LkTimer; /* owned by LkTimers; gone once fired or cancelled */
typedef void (*LkTimerFunc) (gpointer data);

LkTimers *lk_timers_new (const LkClock *clock);
void lk_timers_free (LkTimers *timers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTimers, lk_timers_free)

/* Calls FUNC once, DELAY_MS (≥ 0) from now, from lk_timers_run. The returned handle stays valid
 * until it fires or is cancelled; a callback may add and cancel timers. */
LkTimer *lk_timers_add (LkTimers *timers, gint64 delay_ms, LkTimerFunc func, gpointer data);
void lk_timers_cancel (LkTimers *timers, LkTimer *timer); /* NULL is fine */

/* Fires what is due, oldest first; timers added meanwhile with delay 0 wait for the next call.
 * Returns ms until the next one, 0 when one is due, G_MAXINT64 when there is none. */
gint64 lk_timers_run (LkTimers *timers);
gint64 lk_timers_next (const LkTimers *timers);

/* Exponential back-off with full jitter: the n-th delay is uniform in [min, min(cap, min·2ⁿ)].
 * Give SEED for a repeatable schedule (tests), 0 for a random one. Kept by value. */
typedef struct
{
  gint64 min_ms, cap_ms;
  guint failures; /* in a row */
  guint64 rng;
} LkBackoff;

void lk_backoff_init (LkBackoff *backoff, gint64 min_ms, gint64 cap_ms, guint64 seed);
gint64 lk_backoff_next (LkBackoff *backoff); /* counts a failure; ms to wait */
void lk_backoff_reset (LkBackoff *backoff);

G_END_DECLS
