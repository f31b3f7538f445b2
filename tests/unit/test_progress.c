/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which offset may be committed while acknowledgements come in any order (S9).
 */
#include "../../src/lib/program/progress.h"

static void
test_in_order (void)
{
  g_autoptr (LkProgress) progress = lk_progress_new ();

  g_assert_cmpint (lk_progress_position (progress, 10), ==, 10);
  guint64 a = lk_progress_begin (progress, 10);
  guint64 b = lk_progress_begin (progress, 12);
  g_assert_cmpint (lk_progress_position (progress, 20), ==, 10);
  lk_progress_end (progress, a);
  g_assert_cmpint (lk_progress_position (progress, 20), ==, 12);
  lk_progress_end (progress, b);
  g_assert_cmpint (lk_progress_position (progress, 20), ==, 20);
  g_assert_cmpuint (lk_progress_pending (progress), ==, 0);
}

static void
test_out_of_order (void)
{
  g_autoptr (LkProgress) progress = lk_progress_new ();
  guint64 tickets[1000];

  for (guint i = 0; i < 1000; i++)
    tickets[i] = lk_progress_begin (progress, (gint64) i * 2);
  for (guint i = 999; i > 0; i--)
    {
      lk_progress_end (progress, tickets[i]);
      lk_progress_end (progress, tickets[i]); /* twice counts once */
      g_assert_cmpint (lk_progress_position (progress, 5000), ==, 0);
    }
  g_assert_cmpuint (lk_progress_pending (progress), ==, 1);
  g_assert_cmpint (lk_progress_offset (progress, tickets[0]), ==, 0);
  lk_progress_end (progress, tickets[0]);
  g_assert_cmpint (lk_progress_position (progress, 5000), ==, 5000);
}

static void
test_reset_voids_tickets (void)
{
  g_autoptr (LkProgress) progress = lk_progress_new ();
  guint64 old = lk_progress_begin (progress, 7);

  lk_progress_reset (progress);
  g_assert_cmpint (lk_progress_offset (progress, old), ==, -1);
  guint64 fresh = lk_progress_begin (progress, 3);
  lk_progress_end (progress, old);
  g_assert_cmpint (lk_progress_position (progress, 9), ==, 3);
  lk_progress_end (progress, fresh);
  g_assert_cmpint (lk_progress_position (progress, 9), ==, 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/progress/in-order", test_in_order);
  g_test_add_func ("/progress/out-of-order", test_out_of_order);
  g_test_add_func ("/progress/reset-voids-tickets", test_reset_voids_tickets);
  return g_test_run ();
}
