/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Timers and back-off, all on a fake clock.
 */
#include <latchkey/base/clock.h>

typedef struct
{
  LkFakeClock clock;
  LkTimers *timers;
  GString *fired;
  LkTimer *victim;
} Fixture;

static Fixture *current; /* callbacks get a letter, so the fixture is found here */

static void
set_up (Fixture *f, gconstpointer data)
{
  lk_fake_clock_init (&f->clock, 1000 * LK_DAY);
  f->timers = lk_timers_new (&f->clock.clock);
  f->fired = g_string_new (NULL);
  current = f;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lk_timers_free (f->timers);
  g_string_free (f->fired, TRUE);
}

static void
fire (gpointer data)
{
  g_string_append_c (current->fired, (char) GPOINTER_TO_INT (data));
}

static LkTimer *
add (Fixture *f, gint64 delay, char letter)
{
  return lk_timers_add (f->timers, delay, fire, GINT_TO_POINTER (letter));
}

static void
test_fake_clock (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (lk_clock_wall (&f->clock.clock), ==, 1000 * LK_DAY);
  g_assert_cmpint (lk_clock_steady (&f->clock.clock), ==, 0);
  lk_fake_clock_advance (&f->clock, 1500);
  g_assert_cmpint (lk_clock_wall (&f->clock.clock), ==, 1000 * LK_DAY + 1500);
  g_assert_cmpint (lk_clock_steady (&f->clock.clock), ==, 1500);
}

static void
test_real_clock (void)
{
  const LkClock *clock = lk_clock_real ();
  gint64 first = lk_clock_steady (clock);

  g_assert_cmpint (lk_clock_steady (clock), >=, first);
  g_assert_cmpint (lk_clock_wall (clock), >, 1600000000 * LK_SECOND); /* ms, not s or µs */
  g_assert_cmpint (lk_clock_wall (clock), <, 10000000000 * LK_SECOND);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (lk_timers_next (f->timers), ==, G_MAXINT64);
  g_assert_cmpint (lk_timers_run (f->timers), ==, G_MAXINT64);
  add (f, 30, 'd');
  add (f, 10, 'b');
  add (f, 20, 'c');
  add (f, 10, 'B'); /* the same deadline: in the order of adding */
  add (f, 0, 'a');
  g_assert_cmpint (lk_timers_next (f->timers), ==, 0);
  g_assert_cmpint (lk_timers_run (f->timers), ==, 10);
  g_assert_cmpstr (f->fired->str, ==, "a");
  lk_fake_clock_advance (&f->clock, 9);
  g_assert_cmpint (lk_timers_run (f->timers), ==, 1);
  g_assert_cmpstr (f->fired->str, ==, "a");
  lk_fake_clock_advance (&f->clock, 1);
  g_assert_cmpint (lk_timers_run (f->timers), ==, 10);
  g_assert_cmpstr (f->fired->str, ==, "abB");
  lk_fake_clock_advance (&f->clock, 100); /* late: still oldest first */
  g_assert_cmpint (lk_timers_run (f->timers), ==, G_MAXINT64);
  g_assert_cmpstr (f->fired->str, ==, "abBcd");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  LkTimer *timers[26];

  for (int i = 0; i < 26; i++) /* deadlines in no order */
    timers[i] = add (f, 1 + (i * 7) % 26, (char) ('a' + i));
  for (int i = 0; i < 26; i += 2)
    lk_timers_cancel (f->timers, timers[i]);
  lk_timers_cancel (f->timers, NULL);
  lk_fake_clock_advance (&f->clock, 26);
  g_assert_cmpint (lk_timers_run (f->timers), ==, G_MAXINT64);
  g_assert_cmpstr (f->fired->str, ==, "ptxbfjnrvzdhl"); /* 1 + 7i mod 26 rising, i odd */
}

static void
cancel_victim (gpointer data)
{
  fire (data);
  lk_timers_cancel (current->timers, current->victim);
}

static void
add_at_once (gpointer data)
{
  fire (data);
  add (current, 0, 'n');
}

static void
test_changes_while_running (Fixture *f, gconstpointer data)
{
  lk_timers_add (f->timers, 5, cancel_victim, GINT_TO_POINTER ('c'));
  f->victim = add (f, 5, 'v');
  lk_timers_add (f->timers, 5, add_at_once, GINT_TO_POINTER ('a'));
  add (f, 5, 'z');
  lk_fake_clock_advance (&f->clock, 5);
  g_assert_cmpint (lk_timers_run (f->timers), ==, 0); /* the one just added is due */
  g_assert_cmpstr (f->fired->str, ==, "caz");
  g_assert_cmpint (lk_timers_run (f->timers), ==, G_MAXINT64);
  g_assert_cmpstr (f->fired->str, ==, "cazn");
}

/* A callback that always asks for an immediate repeat runs once a call: the loop goes on. */
static void
repeat (gpointer data)
{
  fire (data);
  lk_timers_add (current->timers, 0, repeat, data);
}

static void
test_no_starving (Fixture *f, gconstpointer data)
{
  repeat (GINT_TO_POINTER ('r'));
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (lk_timers_run (f->timers), ==, 0);
  g_assert_cmpstr (f->fired->str, ==, "rrrr");
}

static void
test_far (Fixture *f, gconstpointer data)
{
  lk_fake_clock_advance (&f->clock, 1000);
  add (f, G_MAXINT64, 'x');
  g_assert_cmpint (lk_timers_run (f->timers), ==, G_MAXINT64 - 1000);
  g_assert_cmpstr (f->fired->str, ==, "");
}

/* Against a plain sorted list: 2 000 steps of adding, cancelling and firing. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  gint64 steady = 0;
  LkTimer *live[64] = { NULL };
  gint64 due[64];
  guint expected = 0;

  for (guint step = 0; step < 2000; step++)
    {
      guint slot = (guint) g_rand_int_range (rand, 0, 64);

      if (live[slot] != NULL)
        {
          lk_timers_cancel (f->timers, live[slot]);
          live[slot] = NULL;
        }
      else
        {
          gint64 delay = g_rand_int_range (rand, 0, 500);

          live[slot] = add (f, delay, '.');
          due[slot] = steady + delay;
        }
      if (step % 8 == 7)
        {
          gint64 next = G_MAXINT64;

          lk_fake_clock_advance (&f->clock, 40);
          steady += 40;
          for (guint i = 0; i < 64; i++)
            if (live[i] != NULL && due[i] <= steady)
              {
                live[i] = NULL;
                expected++;
              }
            else if (live[i] != NULL)
              next = MIN (next, due[i] - steady);
          g_assert_cmpint (lk_timers_run (f->timers), ==, next);
          g_assert_cmpuint (f->fired->len, ==, expected);
        }
    }
  g_assert_cmpuint (expected, >, 100);
}

static void
test_backoff_schedule (void)
{
  static const gint64 tops[]
      = { 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000 };
  LkBackoff a, b;
  gboolean jitter = FALSE;

  lk_backoff_init (&a, 1000, 300000, 42);
  lk_backoff_init (&b, 1000, 300000, 42);
  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (tops); i++)
        {
          gint64 delay = lk_backoff_next (&a);

          g_assert_cmpint (delay, >=, 1000);
          g_assert_cmpint (delay, <=, tops[i]);
          g_assert_cmpint (delay, ==, lk_backoff_next (&b)); /* the seed decides */
          g_assert_cmpuint (a.failures, ==, i + 1);
          jitter = jitter || delay != tops[i];
        }
      lk_backoff_reset (&a);
      lk_backoff_reset (&b);
    }
  g_assert_true (jitter);
}

/* The exact delays of one seed, so that a change of the schedule is seen. */
static void
test_backoff_exact (void)
{
  static const gint64 expected[] = { 1240, 2125, 7435, 5116, 25666, 8058, 6670, 18979 };
  LkBackoff backoff;

  lk_backoff_init (&backoff, 1000, 30000, 1);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (lk_backoff_next (&backoff), ==, expected[i]);
}

/* "Uniform in [min, top]": both halves of the first interval are hit about equally often. */
static void
test_backoff_spread (void)
{
  guint low = 0;

  for (guint64 seed = 1; seed <= 2000; seed++)
    {
      LkBackoff backoff;

      lk_backoff_init (&backoff, 1000, 60000, seed);
      low += lk_backoff_next (&backoff) < 1500;
    }
  g_assert_cmpuint (low, >, 900);
  g_assert_cmpuint (low, <, 1100);
}

static void
test_backoff_edges (void)
{
  LkBackoff backoff;

  lk_backoff_init (&backoff, 5, 5, 1); /* no room for jitter */
  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (lk_backoff_next (&backoff), ==, 5);

  lk_backoff_init (&backoff, 1, G_MAXINT64 / 2, 1);
  for (guint i = 0; i < 200; i++) /* the shift must not overflow */
    {
      gint64 delay = lk_backoff_next (&backoff);

      g_assert_cmpint (delay, >=, 1);
      g_assert_cmpint (delay, <=, G_MAXINT64 / 2);
    }

  lk_backoff_init (&backoff, 1000, 2000, 3);
  backoff.failures = G_MAXUINT;
  g_assert_cmpint (lk_backoff_next (&backoff), <=, 2000);
  g_assert_cmpuint (backoff.failures, ==, G_MAXUINT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/base/clock/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("fake", test_fake_clock);
  ADD ("order", test_order);
  ADD ("cancel", test_cancel);
  ADD ("changes-while-running", test_changes_while_running);
  ADD ("no-starving", test_no_starving);
  ADD ("far", test_far);
  ADD ("many", test_many);
  g_test_add_func ("/base/clock/real", test_real_clock);
  g_test_add_func ("/base/backoff/schedule", test_backoff_schedule);
  g_test_add_func ("/base/backoff/exact", test_backoff_exact);
  g_test_add_func ("/base/backoff/spread", test_backoff_spread);
  g_test_add_func ("/base/backoff/edges", test_backoff_edges);
  return g_test_run ();
}
