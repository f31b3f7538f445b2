/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * At rest: each right of ours is given, and each thing given is there, but for those who are
 * blocked for a reason that the world itself shows.
 */
#include "check.h"

#include "history.h"

typedef struct
{
  SimWorld *world;
  const SimPerson *person;
  const SimSaid *said;
  const SimUser *user; /* who is there with the address; NULL: nobody */
  const SimGroup *group;
} Place;

static gboolean
opens (const Place *place, LkTime at)
{
  const GPtrArray *rights = sim_service_rights (place->world->service);

  for (guint i = 0; place->user != NULL && i < rights->len; i++)
    {
      const SimRight *right = rights->pdata[i];
      if (right->ours && right->gone_at == LK_TIME_NONE && right->user == place->user->id
          && right->group == place->group->id && lk_window_contains (right->window, at))
        return TRUE;
    }
  return FALSE;
}

static int
by_time (gconstpointer a, gconstpointer b)
{
  const LkTime x = *(const LkTime *) a, y = *(const LkTime *) b;

  return x < y ? -1 : x > y;
}

/* Now, and each later instant at which something begins or ends for PLACE. */
static GArray *
instants (const Place *place)
{
  const GPtrArray *rights = sim_service_rights (place->world->service);
  GArray *all = g_array_new (FALSE, FALSE, sizeof (LkTime));
  LkTime now = place->world->now;

  sim_said_edges (place->said, place->group->id, all);
  for (guint i = 0; place->user != NULL && i < rights->len; i++)
    {
      const SimRight *right = rights->pdata[i];
      if (right->user != place->user->id || right->group != place->group->id)
        continue;
      g_array_append_val (all, right->window.from);
      g_array_append_val (all, right->window.until);
    }
  for (guint i = all->len; i > 0; i--)
    {
      LkTime at = g_array_index (all, LkTime, i - 1);
      if (at <= now || at == G_MAXINT64)
        g_array_remove_index (all, i - 1);
    }
  g_array_append_val (all, now);
  g_array_sort (all, by_time);
  return all;
}

/* --- who is blocked --------------------------------------------------------------------------- */

/* Somebody whom we invited was deleted by hand: not invited again unasked (design §6.7). */
static gboolean
is_user_gone (const Place *place)
{
  const GPtrArray *users = sim_service_users (place->world->service);

  for (guint u = 0; u < users->len; u++)
    {
      const SimUser *user = users->pdata[u];

      if (user->invited && user->gone_at != LK_TIME_NONE
          && sim_person_was_under (place->person, user->email))
        return TRUE;
    }
  return FALSE;
}

/* A right that is not ours, or of another member with the same address, stands where KISI takes no
 * other. */
static gboolean
is_foreign_in_the_way (const Place *place, LkWindow run)
{
  const SimReadings *readings = sim_service_readings (place->world->service);
  const GPtrArray *rights = sim_service_rights (place->world->service);
  gboolean is_shared
      = place->user != NULL && sim_truth_was_shared (place->world->truth, place->user->email);

  for (guint i = 0; place->user != NULL && i < rights->len; i++)
    {
      const SimRight *right = rights->pdata[i];
      if ((right->ours && !is_shared) || right->gone_at != LK_TIME_NONE
          || right->user != place->user->id || right->group != place->group->id)
        continue;
      if (readings->duplicates == SIM_DUPLICATES_409 || readings->duplicates == SIM_DUPLICATES_422
          || (readings->duplicates == SIM_DUPLICATES_EQUAL && lk_window_equal (right->window, run)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_blocked (const Place *place, LkWindow run)
{
  SimWorld *world = place->world;

  return place->said->email == NULL
         || sim_truth_holder (world->truth, place->said->email) != place->person->member
         || is_user_gone (place) || is_foreign_in_the_way (place, run)
         || (place->user != NULL
             && sim_check_is_refused (world, place->said, place->user->id, place->group->id));
}

/* --- S1, what is missing ---------------------------------------------------------------------- */

static void
check_given (const Place *place)
{
  SimWorld *world = place->world;
  g_autoptr (GArray) all = instants (place);
  LkTime first = LK_TIME_NONE; /* begin of the first that is given */

  for (guint i = 0; i < all->len; i++)
    {
      LkTime at = g_array_index (all, LkTime, i);
      LkWindow run;
      char window[64];

      if (!sim_said_gives (place->said, place->group->id, at))
        continue;
      run = sim_said_run (place->said, place->group->id, at);
      if (first == LK_TIME_NONE)
        first = lk_window_from (run);
      if (lk_window_from (run) > world->now + sim_check_horizon (world)
          || (sim_check_takes_one_right (world) && lk_window_from (run) != first)
          || opens (place, at) || is_blocked (place, run))
        continue;
      sim_breach (world, "S1",
                  "member %" G_GINT64_FORMAT " is given group %" G_GINT64_FORMAT
                  " for %s, and has no right to it at %s",
                  place->person->member, place->group->id, sim_window_text (world, run, window),
                  sim_clock_text (world, at, (char[24]){ 0 }));
    }
}

/* --- S1, what is too much, S6, S10 ------------------------------------------------------------ */

/* Whether anybody with the address of USER is given GROUP at AT. One whose new address can't be
 * used keeps what they have under the old one (design §6.8, §6.6). */
static gboolean
is_given (SimWorld *world, const SimUser *user, const SimGroup *group, LkTime at)
{
  const GPtrArray *people = sim_truth_people (world->truth);

  for (guint i = 0; i < people->len; i++)
    {
      const SimPerson *person = people->pdata[i];
      const SimSaid *said = sim_person_now (person);
      const Place place
          = { world, person, said,
              said->email == NULL ? NULL : sim_service_user_of (world->service, said->email),
              group };

      if (person->space != group->space || !sim_said_gives (said, group->id, at))
        continue;
      if (said->email != NULL && g_ascii_strcasecmp (said->email, user->email) == 0)
        return TRUE;
      if (!is_blocked (&place, sim_said_run (said, group->id, at)))
        continue;
      if (sim_person_was_under (person, user->email))
        return TRUE;
    }
  return FALSE;
}

/* Whether somebody who has or had the address of USER is blocked in GROUP. What they hold and what
 * still opens something for them is left to them until it opens too much (design §6.6, plan.c). */
static gboolean
is_anybody_blocked (SimWorld *world, const SimUser *user, const SimGroup *group)
{
  const GPtrArray *people = sim_truth_people (world->truth);

  for (guint i = 0; i < people->len; i++)
    {
      const SimPerson *person = people->pdata[i];
      const SimSaid *said = sim_person_now (person);
      const Place place
          = { world, person, said,
              said->email == NULL ? NULL : sim_service_user_of (world->service, said->email),
              group };

      if (person->space == group->space && sim_person_was_under (person, user->email)
          && is_blocked (&place, (LkWindow){ LK_TIME_NONE, LK_TIME_NONE }))
        return TRUE;
    }
  return FALSE;
}

static void
check_surplus (SimWorld *world, const SimRight *right)
{
  const SimUser *user = sim_service_user (world->service, right->user);
  const SimGroup *group = sim_service_group (world->service, right->group);
  const GPtrArray *people = sim_truth_people (world->truth);
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (LkTime));

  for (guint i = 0; i < people->len; i++)
    sim_said_edges (sim_person_now (people->pdata[i]), right->group, all);
  g_array_append_val (all, world->now);
  g_array_append_val (all, right->window.from);
  for (guint i = 0; i < all->len; i++)
    {
      LkTime at = g_array_index (all, LkTime, i);
      char window[64];

      if (at < world->now || !lk_window_contains (right->window, at)
          || is_given (world, user, group, at)
          || (at > world->now && is_anybody_blocked (world, user, group)))
        continue;
      sim_breach (world, "S1",
                  "right %" G_GINT64_FORMAT " %s of user %" G_GINT64_FORMAT
                  " in group %" G_GINT64_FORMAT " opens at %s, and nothing gives that",
                  right->id, sim_window_text (world, right->window, window), right->user,
                  right->group, sim_clock_text (world, at, (char[24]){ 0 }));
    }
}

static void
check_single (SimWorld *world, const SimRight *right)
{
  const GPtrArray *rights = sim_service_rights (world->service);
  const SimUser *user = sim_service_user (world->service, right->user);

  if (sim_truth_was_shared (world->truth, user->email))
    return;
  for (guint i = 0; i < rights->len; i++)
    {
      const SimRight *other = rights->pdata[i];
      if (other->id > right->id && other->ours && !other->mistaken && !right->mistaken
          && sim_right_is_live (world->service, other) && other->user == right->user
          && other->group == right->group && lk_window_equal (other->window, right->window))
        sim_breach (world, "S6",
                    "rights %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " are the same", right->id,
                    other->id);
    }
}

/* Made by us, and taken for somebody else's, since the same was made by hand at that time: KISI
 * can't tell them apart, and so can't we (design §6.5). */
static gboolean
is_confused (SimWorld *world, const SimRight *right)
{
  const GPtrArray *rights = sim_service_rights (world->service);

  for (guint i = 0; i < rights->len; i++)
    {
      const SimRight *twin = rights->pdata[i];
      if (twin != right && twin->mistaken && twin->user == right->user
          && twin->group == right->group && lk_window_equal (twin->window, right->window))
        return TRUE;
    }
  return FALSE;
}

/* Where nobody else has our API user, what it made for somebody whom the ledger knows is ours, so
 * the audit takes it over. */
static void
check_exclusive (SimWorld *world, const SimRight *right)
{
  const SimGroup *group = sim_service_group (world->service, right->group);

  if (world->exclusive && right->by_key && !right->ours && sim_right_is_live (world->service, right)
      && group->gone_at == LK_TIME_NONE && sim_check_is_known (world, group->space, right->user))
    sim_breach (world, "S1", "right %" G_GINT64_FORMAT " is of our own API user, and is not ours",
                right->id);
}

static void
check_right (SimWorld *world, const SimRight *right)
{
  if (sim_check_is_left_alone (world, sim_service_group (world->service, right->group)->space))
    return;
  check_exclusive (world, right);
  if (!right->ours || !sim_right_is_live (world->service, right))
    return;
  if (!sim_check_is_told (world, "created", right->id)
      && !sim_check_is_told (world, "restored", right->id)
      && !sim_check_is_told (world, "adopted", right->id))
    {
      if (is_confused (world, right))
        return;
      sim_breach (world, "S10", "no access-change tells that right %" G_GINT64_FORMAT " was made",
                  right->id);
    }
  check_surplus (world, right);
  check_single (world, right);
}

void
sim_check_rest (SimWorld *world)
{
  const GPtrArray *people = sim_truth_people (world->truth);
  const GPtrArray *rights = sim_service_rights (world->service);
  const GPtrArray *groups = sim_service_groups (world->service);

  world->result->rests++;
  sim_check_all_told (world);
  for (guint i = 0; i < rights->len; i++)
    check_right (world, rights->pdata[i]);
  for (guint p = 0; p < people->len; p++)
    for (guint g = 0; g < groups->len; g++)
      {
        const SimPerson *person = people->pdata[p];
        const SimSaid *said = sim_person_now (person);
        const Place place
            = { world, person, said,
                said->email == NULL ? NULL : sim_service_user_of (world->service, said->email),
                groups->pdata[g] };

        if (!sim_check_is_left_alone (world, person->space) && place.group->space == person->space
            && place.group->gone_at == LK_TIME_NONE)
          check_given (&place);
      }
}
