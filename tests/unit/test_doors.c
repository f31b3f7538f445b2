/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which groups open which door: asked for group by group, and again when a door is a surprise.
 */
#include "../../src/executor/doors.h"

#define MINUTE ((gint64)60000)

static void
answer (LkDoors *doors, gint64 group, gint64 first, gint64 second)
{
  g_autoptr (GPtrArray) locks = g_ptr_array_new_with_free_func (g_free);
  const gint64 ids[] = { first, second };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      LkKisiGroupLock *lock = g_new0 (LkKisiGroupLock, 1);

      *lock = (LkKisiGroupLock){ .group_id = group, .lock_id = ids[i], .place_id = 501 };
      if (ids[i] != 0)
        g_ptr_array_add (locks, lock);
      else
        g_free (lock);
    }
  doors_answered (doors, group, locks);
}

static void
assert_groups (LkDoors *doors, gint64 door, gint64 first, gint64 second)
{
  LkJudgeDoor found = doors_lookup (doors, door);
  guint n = (first != 0) + (second != 0);

  g_assert_cmpuint (found.n_groups, ==, n);
  if (first != 0)
    g_assert_cmpint (found.groups[0], ==, first);
  if (second != 0)
    g_assert_cmpint (found.groups[1], ==, second);
}

static void
asks_for_each_group (void)
{
  static const gint64 groups[] = { 7001, 7002, 7001 };
  g_autoptr (LkDoors) doors = doors_new ();

  g_assert_cmpint (doors_next (doors, 0), ==, 0);
  doors_want (doors, groups, G_N_ELEMENTS (groups));
  g_assert_cmpint (doors_next (doors, 0), ==, 7001);
  g_assert_cmpint (doors_next (doors, 0), ==, 7001); /* until it is answered */
  answer (doors, 7001, 1, 2);
  g_assert_false (doors_lookup (doors, 1).known);
  g_assert_cmpint (doors_next (doors, 0), ==, 7002);
  answer (doors, 7002, 2, 0);
  g_assert_cmpint (doors_next (doors, 0), ==, 0);
  g_assert_true (doors_lookup (doors, 1).known);
  assert_groups (doors, 1, 7001, 0);
  assert_groups (doors, 2, 7001, 7002);
  assert_groups (doors, 3, 0, 0);
  g_assert_cmpint (doors_place (doors, 2), ==, 501);
  g_assert_cmpint (doors_place (doors, 3), ==, 0);
}

static void
what_is_known_stays_until_answered (void)
{
  static const gint64 groups[] = { 7001 };
  g_autoptr (LkDoors) doors = doors_new ();

  doors_want (doors, groups, 1);
  answer (doors, 7001, 1, 0);
  doors_refresh (doors);
  assert_groups (doors, 1, 7001, 0);
  g_assert_true (doors_lookup (doors, 1).known);
  doors_failed (doors, 7001, MINUTE);
  assert_groups (doors, 1, 7001, 0);
  g_assert_cmpint (doors_next (doors, MINUTE - 1), ==, 0);
  g_assert_cmpint (doors_next (doors, MINUTE), ==, 7001);
  answer (doors, 7001, 2, 0);
  assert_groups (doors, 1, 0, 0);
  assert_groups (doors, 2, 7001, 0);
}

static void
groups_come_and_go (void)
{
  static const gint64 first[] = { 7001, 7002 }, second[] = { 7002, 7003 };
  g_autoptr (LkDoors) doors = doors_new ();

  doors_want (doors, first, 2);
  answer (doors, 7001, 1, 0);
  answer (doors, 7002, 2, 0);
  doors_want (doors, second, 2);
  assert_groups (doors, 1, 0, 0);
  assert_groups (doors, 2, 7002, 0);
  g_assert_cmpint (doors_next (doors, 0), ==, 7003); /* the other one is known */
  answer (doors, 7001, 1, 0);                        /* late, for one that is not wanted */
  assert_groups (doors, 1, 0, 0);
}

static void
surprises_are_bounded (void)
{
  static const gint64 groups[] = { 7001 };
  g_autoptr (LkDoors) doors = doors_new ();

  doors_want (doors, groups, 1);
  answer (doors, 7001, 1, 0);
  g_assert_false (doors_surprise (doors, 0, 0)); /* no door at all */
  g_assert_false (doors_surprise (doors, 1, 0)); /* known */
  g_assert_true (doors_surprise (doors, 2, 0));
  g_assert_false (doors_surprise (doors, 3, 0)); /* only just refreshed */
  g_assert_true (doors_surprise (doors, 3, 5 * MINUTE));
  g_assert_false (doors_surprise (doors, 2, 10 * MINUTE)); /* not again so soon */
  g_assert_true (doors_surprise (doors, 2, 360 * MINUTE));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/doors/asks-for-each-group", asks_for_each_group);
  g_test_add_func ("/doors/what-is-known-stays-until-answered", what_is_known_stays_until_answered);
  g_test_add_func ("/doors/groups-come-and-go", groups_come_and_go);
  g_test_add_func ("/doors/surprises-are-bounded", surprises_are_bounded);
  return g_test_run ();
}
