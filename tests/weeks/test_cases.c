/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Weeks with a name: each is the shortest history in which the poller once did what it must not,
 * with all that the simulation checks.
 */
#include "history.h"

#include "../sim/run.h"

#include <latchkey/base/time.h>
#include <string.h>

#define EVENTS_MAX 12
/* Of an event: what is chosen of N, where it is taken modulo N. */
#define DAYS(d, h, m) ((d) *LK_DAY + (h) *LK_HOUR + (m) *LK_MINUTE)

typedef struct
{
  const char *name;
  NxReadings readings;
  gint64 poll, listing;
  WeekEvent events[EVENTS_MAX]; /* until one at 0 */
} Case;

#define READINGS(cap)                                                                              \
  {                                                                                                \
    .size_cap = (cap), .token_life = 604799 * NX_SECOND                                            \
  }

static const Case cases[] = {
  /* Twelve paused periods over several pages: a new owner, who has read one page of them, must not
   * publish passes by what it has so far. */
  { "a new owner knows all pauses before it says so",
    READINGS (2),
    30 * LK_MINUTE,
    3 * LK_HOUR,
    { { DAYS (1, 0, 1), DEED_PAUSE, 6, 5, 0, FALSE },
      { DAYS (1, 1, 1), DEED_PAUSE, 6, 1, 0, FALSE },
      { DAYS (1, 2, 1), DEED_PAUSE, 7, 6, 0, FALSE },
      { DAYS (1, 3, 1), DEED_PAUSE, 6, 7000, 0, FALSE },
      { DAYS (1, 4, 1), DEED_PAUSE, 7, 9001, 0, FALSE },
      { DAYS (1, 5, 1), DEED_PAUSE, 6, 20001, 0, FALSE },
      { DAYS (1, 6, 1), DEED_PAUSE, 6, 30005, 0, FALSE },
      { DAYS (1, 7, 1), DEED_PAUSE, 7, 40000, 0, FALSE } } },
  /* Both locations leave the list, so nobody names the network's root any more. */
  { "a location that has gone names no root",
    READINGS (1000),
    30 * LK_MINUTE,
    3 * LK_HOUR,
    { { DAYS (2, 0, 1), DEED_LOCATION_OFF, 1, 0, 0, FALSE },
      { DAYS (2, 0, 2), DEED_LOCATION_OFF, 2, 0, 0, FALSE } } },
  /* The first list of locations says that there are none: a new owner asks for those with a space.
   */
  { "a list of nothing takes no location away",
    READINGS (1000),
    LK_HOUR,
    4 * LK_HOUR,
    { { DAYS (1, 0, 1), DEED_WEATHER, WEATHER_NOTHING, 49, LK_HOUR, FALSE },
      { DAYS (1, 0, 10), DEED_MOVE, 0, 0, 0, FALSE },
      { DAYS (1, 0, 20), DEED_MOVE, 0, 0, 0, FALSE },
      { DAYS (1, 0, 30), DEED_MOVE, 0, 0, 0, FALSE },
      { DAYS (1, 0, 40), DEED_MOVE, 0, 0, 0, FALSE },
      { DAYS (1, 0, 50), DEED_MOVE, 0, 0, 0, FALSE } } },
  /* The row of a contract can't be read, and a new owner has no other. */
  { "a contract that can't be read is not nowhere",
    READINGS (3),
    20 * LK_MINUTE,
    8 * LK_HOUR,
    { { DAYS (2, 22, 10), DEED_SICK, 0, 3, 14 * LK_HOUR, FALSE },
      { DAYS (2, 22, 11), DEED_SICK, 1, 3, 14 * LK_HOUR, FALSE },
      { DAYS (2, 22, 12), DEED_SICK, 2, 3, 14 * LK_HOUR, FALSE },
      { DAYS (3, 2, 24), DEED_MOVE, 0, 0, 0, FALSE } } },
  /* … and the pass is somebody else's meanwhile, among whose contracts it is not. */
  { "nor is it when the pass has moved",
    READINGS (3),
    20 * LK_MINUTE,
    8 * LK_HOUR,
    { { DAYS (1, 10, 0), DEED_PASS_MOVE, 1, 1, 0, FALSE },
      { DAYS (1, 10, 1), DEED_PASS_MOVE, 3, 1, 0, FALSE },
      { DAYS (1, 10, 2), DEED_PASS_MOVE, 5, 1, 0, FALSE },
      { DAYS (2, 22, 10), DEED_SICK, 0, 3, 14 * LK_HOUR, FALSE },
      { DAYS (2, 22, 11), DEED_SICK, 1, 3, 14 * LK_HOUR, FALSE },
      { DAYS (2, 22, 12), DEED_SICK, 2, 3, 14 * LK_HOUR, FALSE },
      { DAYS (3, 2, 24), DEED_MOVE, 0, 0, 0, FALSE } } },
  /* A pass of the first location alone becomes one of the last type, which has just become usable
   * there. */
  { "a type is looked at before a pass is taken away for it",
    READINGS (3),
    20 * LK_MINUTE,
    3 * LK_HOUR,
    { { DAYS (1, 10, 5), DEED_TYPE_MOVE, 5, 2, 0, FALSE },
      { DAYS (1, 10, 24), DEED_PASS_RETYPE, 0, 5, 0, FALSE } } },
  /* What stood gave nothing already. */
  { "a pass whose contract is gone is still changed by what its row says",
    READINGS (1000),
    20 * LK_MINUTE,
    8 * LK_HOUR,
    { { DAYS (1, 0, 0), DEED_CONTRACT_GONE, 0, 0, 0, FALSE },
      { DAYS (1, 0, 1), DEED_CONTRACT_GONE, 0, 0, 0, FALSE },
      { DAYS (1, 0, 2), DEED_CONTRACT_GONE, 0, 0, 0, FALSE },
      { DAYS (3, 0, 0), DEED_PASS_RETYPE, 1, 2, 0, FALSE },
      { DAYS (3, 0, 1), DEED_PASS_RETYPE, 3, 2, 0, FALSE },
      { DAYS (3, 0, 2), DEED_PASS_RETYPE, 5, 2, 0, FALSE } } },
  /* The pass of one member is another's, who is not known where it is usable, and can't be read. */
  { "a pass leaves its former owner whoever has it now",
    READINGS (1000),
    20 * LK_MINUTE,
    8 * LK_HOUR,
    { { DAYS (2, 23, 30), DEED_SICK, 5, 0, 10 * LK_HOUR, FALSE },
      { DAYS (2, 23, 41), DEED_PASS_MOVE, 1, 5, 0, FALSE } } },
  /* Listings lack some rows for hours; then they are whole again, and as frequent. */
  { "listings are in their interval after some that lacked rows",
    { .size_cap = 3, .token_life = 604799 * NX_SECOND, .hides_archived = TRUE },
    LK_HOUR,
    4 * LK_HOUR,
    { { DAYS (0, 1, 0), DEED_ARCHIVE, 1, 0, 0, FALSE },
      { DAYS (0, 12, 0), DEED_WEATHER, WEATHER_OTHER_ROW, 49, 4 * LK_HOUR, FALSE },
      { DAYS (0, 16, 1), DEED_SUSPEND, 1, 0, 0, FALSE },
      { DAYS (1, 12, 0), DEED_WEATHER, WEATHER_OTHER_ROW, 49, 4 * LK_HOUR, FALSE },
      { DAYS (1, 16, 1), DEED_SUSPEND, 1, 0, 0, FALSE },
      { DAYS (2, 12, 0), DEED_WEATHER, WEATHER_OTHER_ROW, 49, 4 * LK_HOUR, FALSE },
      { DAYS (2, 16, 1), DEED_SUSPEND, 1, 0, 0, FALSE },
      { DAYS (3, 12, 0), DEED_WEATHER, WEATHER_OTHER_ROW, 49, 4 * LK_HOUR, FALSE },
      { DAYS (3, 16, 1), DEED_SUSPEND, 1, 0, 0, FALSE } } },
};

static SimResult *result;

static void
play (gconstpointer data)
{
  const Case *one = data;
  SimHistory history = { .seed = 1,
                         .start = G_GINT64_CONSTANT (1795490450972),
                         .readings = one->readings,
                         .poll = one->poll,
                         .listing = one->listing,
                         .length = 4 * LK_DAY,
                         .per_minute = 100,
                         .per_hour = 4500,
                         .brake_count = 25,
                         .events = g_array_new (FALSE, FALSE, sizeof (WeekEvent)) };

  for (guint i = 0; i < EVENTS_MAX && one->events[i].at > 0; i++)
    g_array_append_val (history.events, one->events[i]);
  sim_run (&history, NULL, FALSE, result);
  if (result->failed)
    g_test_message ("%s: %s", result->invariant, result->message);
  g_assert_false (result->failed);
  g_assert_cmpuint (result->rests, >=, 2);
  g_array_unref (history.events);
}

int
main (int argc, char **argv)
{
  sim_run_fixed (argv);
  g_test_init (&argc, &argv, NULL);
  result = sim_result_new ();
  sim_play_prepare ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/weeks/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], play);
    }
  return g_test_run ();
}
