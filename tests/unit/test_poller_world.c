/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the poller knows of locations, pass types, rooms, contracts and pauses: an answer that was
 * asked for earlier and comes later changes nothing, and what has gone from a list is asked for.
 */
#include "../../src/poller/world.h"

#define NOW ((LkTime) 1795500000000)

static const gint64 businesses[] = { 11, 12 };
static const RouteSpaces spaces = { businesses, 2 };
static const LkZone *const zones[] = { NULL, NULL };

static void
set_business (World *world, gint64 id, gint64 root, gint64 revision)
{
  LkNexudusBusiness row = { .id = id, .root = root };

  world_set_business (world, &row, revision);
}

static void
set_type (World *world, gint64 business, gint64 revision)
{
  LkNexudusPassType row = { .id = 3001, .business = business, .minutes = -1 };

  world_set_pass_type (world, &row, revision);
}

static void
set_contract (World *world, gboolean active, gint64 revision)
{
  LkNexudusContract row = { .id = 7,
                            .uid = (char *) "c-7",
                            .active = active,
                            .starts_at = LK_TIME_NONE,
                            .ends_at = LK_TIME_NONE,
                            .paused_from = LK_TIME_NONE,
                            .paused_until = LK_TIME_NONE };

  (void) world_set_contract (world, &row, revision, NOW);
}

static guint
routes (const World *world)
{
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (guint));

  world_route_pass (world, world_pass_type (world, 3001), out);
  return out->len;
}

static void
the_newer_request_counts (void)
{
  g_autoptr (World) world = world_new (&spaces, zones);
  LkNexudusResource room = { .id = 4001, .business = 12 };
  LkNexudusPause pause = { 5, 7, NOW, LK_TIME_NONE };
  LkContract contract;

  set_type (world, 11, 200);
  set_type (world, 12, 100);
  g_assert_cmpint (world_pass_type (world, 3001)->business, ==, 11);
  g_assert_cmpint (world_pass_type_revision (world, 3001), ==, 200);
  world_set_resource (world, &room, 200);
  room = (LkNexudusResource){ .id = 4001, .business = 11 };
  world_set_resource (world, &room, 199);
  g_assert_cmpint (world_resource (world, 4001)->business, ==, 12);
  set_contract (world, FALSE, 200);
  set_contract (world, TRUE, 100);
  g_assert_true (world_contract (world, "c-7", &contract));
  g_assert_false (contract.active);
  set_contract (world, TRUE, 300);
  g_assert_true (world_contract (world, "c-7", &contract));
  g_assert_true (contract.active);
  g_assert_nonnull (world_set_pause (world, &pause, 200, NOW));
  pause.from = NOW + LK_DAY;
  g_assert_null (world_set_pause (world, &pause, 100, NOW));
  g_assert_true (world_contract (world, "c-7", &contract));
  g_assert_cmpint (contract.paused_from, ==, NOW);
}

/* An old row of a contract still shows that it is there. */
static void
an_old_row_is_a_row (void)
{
  g_autoptr (World) world = world_new (&spaces, zones);
  g_autoptr (GArray) missing = NULL;

  set_contract (world, TRUE, 200);
  world_begin_contracts (world);
  set_contract (world, TRUE, 100);
  missing = world_contracts_missing (world);
  g_assert_cmpuint (missing->len, ==, 0);
}

static void
locations_that_go (void)
{
  g_autoptr (World) world = world_new (&spaces, zones);
  g_autoptr (GArray) none = NULL;
  g_autoptr (GArray) one = NULL;
  g_autoptr (GArray) both = world_businesses_missing (world);

  g_assert_cmpuint (both->len, ==, 2); /* those with a space are asked for in any case */
  set_type (world, 10, 100);
  set_business (world, 10, 0, 100);
  set_business (world, 11, 10, 100);
  set_business (world, 12, 0, 100);
  none = world_businesses_missing (world);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (routes (world), ==, 2);
  world_begin_businesses (world);
  set_business (world, 10, 0, 200);
  set_business (world, 12, 0, 200);
  one = world_businesses_missing (world);
  g_assert_cmpuint (one->len, ==, 1);
  g_assert_cmpint (g_array_index (one, gint64, 0), ==, 11);
  world_drop_business (world, 11);
  g_assert_cmpuint (routes (world), ==, 0);
}

static void
nothing_is_known_any_more (void)
{
  g_autoptr (World) world = world_new (&spaces, zones);
  LkContract contract;

  set_type (world, 11, 200);
  set_contract (world, TRUE, 200);
  world_reset (world);
  g_assert_null (world_pass_type (world, 3001));
  g_assert_false (world_contract (world, "c-7", &contract));
  set_type (world, 12, 100);
  g_assert_cmpint (world_pass_type (world, 3001)->business, ==, 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/poller/world/the-newer-request-counts", the_newer_request_counts);
  g_test_add_func ("/poller/world/an-old-row-is-a-row", an_old_row_is_a_row);
  g_test_add_func ("/poller/world/locations-that-go", locations_that_go);
  g_test_add_func ("/poller/world/nothing-is-known-any-more", nothing_is_known_any_more);
  return g_test_run ();
}
