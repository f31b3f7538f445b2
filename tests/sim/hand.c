/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What people do in KISI by hand.
 */
#include "play_internal.h"

#include "truth.h"

#define OLD_ENOUGH (10 * LK_MINUTE) /* of a user to be deleted by hand: its record is written */

static SimUser *
user_of (Play *play, const SimEvent *event)
{
  const char *address = sim_worker_address (play->worker, event->space, event->member);

  return address == NULL ? NULL : sim_service_user_of (play->world->service, address);
}

/* What a right with WINDOW is to what is given of the group: covers one run of it, a part of one,
 * or nothing of the next. */
static void
count_foreign (Play *play, const SimSaid *said, gint64 group, LkWindow window)
{
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (LkTime));
  gboolean covers = FALSE, partly = FALSE, before = FALSE;

  sim_said_edges (said, group, edges);
  g_array_append_val (edges, play->world->now);
  for (guint i = 0; i < edges->len; i++)
    {
      LkTime at = g_array_index (edges, LkTime, i);
      LkWindow run, both;

      if (at < play->world->now || !sim_said_gives (said, group, at))
        continue;
      run = sim_said_run (said, group, at);
      both = lk_window_intersect (run, window);
      if (lk_window_is_empty (both))
        before |= lk_window_until (window) <= lk_window_from (run);
      else if (lk_window_until (window) >= lk_window_until (run)
               && MAX (lk_window_from (run), play->world->now) >= lk_window_from (window))
        covers = TRUE;
      else
        partly = TRUE;
    }
  if (covers)
    sim_count (play->world, SIM_FAULT_FOREIGN_COVERS);
  if (partly)
    sim_count (play->world, SIM_FAULT_FOREIGN_PARTLY);
  if (before)
    sim_count (play->world, SIM_FAULT_FOREIGN_BEFORE);
}

static const SimPerson *
person_of (Play *play, const SimEvent *event)
{
  const GPtrArray *people = sim_truth_people (play->world->truth);

  for (guint i = 0; i < people->len; i++)
    {
      const SimPerson *person = people->pdata[i];
      if (person->space == event->space && person->member == event->member)
        return person;
    }
  return NULL;
}

void
play_make_foreign (Play *play, const SimEvent *event)
{
  const char *address = sim_worker_address (play->worker, event->space, event->member);
  const SimGift *gift = &event->claims[0];
  gint64 group = sim_group_id (event->space, gift->group);
  LkTime now = play->world->now;
  LkWindow window
      = { now + gift->from, gift->until == LK_TIME_NONE ? LK_TIME_NONE : now + gift->until };
  const SimUser *user;
  const SimPerson *person = person_of (play, event);
  const SimSaid *said = person == NULL ? NULL : sim_person_now (person);
  char text[64];

  if (address == NULL || sim_service_group (play->world->service, group)->gone_at != LK_TIME_NONE)
    return;
  user = sim_service_make_user (play->world->service, address);
  /* Half of them the very same that we should make. */
  if (said != NULL && sim_said_gives (said, group, now)
      && sim_throw (play->world, 2, "the same", user->id, group) == 0)
    window = sim_said_run (said, group, now);
  sim_count (play->world, SIM_FAULT_FOREIGN);
  if (said != NULL)
    count_foreign (play, said, group, window);
  sim_note (play->world, "operator   gives user %" G_GINT64_FORMAT " group %" G_GINT64_FORMAT " %s",
            user->id, group, sim_window_text (play->world, window, text));
  /* Some with the very key that we have: where it is ours alone, they are taken for ours. */
  (void) sim_service_make_right (play->world->service, user->id, group, window,
                                 sim_throw (play->world, 2, "by the key", user->id, group) == 0);
}

void
play_drop_rights (Play *play, const SimEvent *event, gboolean ours, guint most)
{
  const GPtrArray *rights = sim_service_rights (play->world->service);
  const SimUser *user = user_of (play, event);

  for (guint i = 0; user != NULL && i < rights->len && most > 0; i++)
    {
      SimRight *right = rights->pdata[i];
      if (right->user != user->id || right->ours != ours
          || sim_service_group (play->world->service, right->group)->space != event->space
          || !sim_service_drop_right (play->world->service, right))
        continue;
      right->taken = TRUE;
      sim_note (play->world, "operator   takes away right %" G_GINT64_FORMAT, right->id);
      sim_count (play->world, ours ? SIM_FAULT_RIGHT_GONE : SIM_FAULT_FOREIGN_GONE);
      most--;
    }
}

void
play_drop_user (Play *play, const SimEvent *event)
{
  SimUser *user = user_of (play, event);

  if (user == NULL || play->world->now - user->made_at < OLD_ENOUGH
      || !sim_service_drop_user (play->world->service, user))
    return;
  sim_count (play->world, SIM_FAULT_USER_GONE);
  sim_note (play->world, "operator   deletes user %" G_GINT64_FORMAT, user->id);
}
