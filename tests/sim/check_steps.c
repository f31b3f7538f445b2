/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The order of steps around a call: who may make it, what the ledger says by then, and how often it
 * is made. That something goes wrong only when a process dies at the right instant, and that the
 * audit repairs it in the end, is no reason to find it only then.
 */
#include "check_internal.h"

#include "owners.h"

#define AGAIN_MAX 40 /* times in a minute that one process makes the very same call */

void
sim_check_steps_init (SimCheck *check)
{
  check->touched = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  check->owed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  check->calls
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
}

/* A person who fails waits longer each time, and a right that can't be had is left alone. */
static void
check_again (SimWorld *world, const SimRequest *request)
{
  char text[256];
  g_autofree char *key
      = g_strdup_printf ("%p %s", request->caller, sim_request_text (world, request, text));
  GArray *times = g_hash_table_lookup (world->check->calls, key);

  if (times == NULL)
    {
      times = g_array_new (FALSE, FALSE, sizeof (LkTime));
      g_hash_table_insert (world->check->calls, g_steal_pointer (&key), times);
    }
  while (times->len > 0 && g_array_index (times, LkTime, 0) <= world->now - LK_MINUTE)
    g_array_remove_index (times, 0);
  g_array_append_val (times, world->now);
  if (times->len > AGAIN_MAX)
    sim_breach (world, "L2", "%s, for the %u. time in a minute", text, times->len);
}

/* --- spaces ----------------------------------------------------------------------------------- */

void
sim_check_leave_alone (SimWorld *world, guint space)
{
  world->check->left_alone[space] = TRUE;
}

gboolean
sim_check_is_left_alone (const SimWorld *world, guint space)
{
  return world->check->left_alone[space];
}

static void
check_space (SimWorld *world, const SimRequest *request)
{
  char text[256];
  gint64 user;
  guint space;

  if (sim_check_subject (world, request, &user, &space) && sim_check_is_left_alone (world, space))
    sim_breach (world, "S4", "%s, in a space that is to be left alone",
                sim_request_text (world, request, text));
}

/* --- calls ------------------------------------------------------------------------------------ */

void
sim_check_steps_sent (SimWorld *world, const SimRequest *request)
{
  const SimProcess *process = request->caller;
  char text[256];

  if (!process->owns && !process->releasing)
    sim_breach (world, "S7", "%s, by one who knows that the account is another's",
                sim_request_text (world, request, text));
  check_again (world, request);
  check_space (world, request);
  /* What another has written since, nobody can help who was not told of it yet. */
  if ((request->op == SIM_OP_DELETE_RIGHT || request->op == SIM_OP_CHANGE_RIGHT)
      && sim_owners_has (world->owners, process)
      && !g_hash_table_contains (world->check->touched, &request->id))
    sim_breach (world, "L3", "the ledger does not say that it is about to be touched: %s",
                sim_request_text (world, request, text));
}

/* --- what came of it -------------------------------------------------------------------------- */

/* CHANGE has had its effect in KISI. */
void
sim_check_owe (SimWorld *world, const char *change, gint64 id)
{
  (void) g_hash_table_add (world->check->owed,
                           g_strdup_printf ("%s/%" G_GINT64_FORMAT, change, id));
}

/* A removal whose telling was lost, of a right whose group was deleted before it was told again:
 * the right waits for the group, since nobody can say what became of it (design §6.7). */
static gboolean
waits_for_group (SimWorld *world, const char *change)
{
  const SimRight *right;
  const SimGroup *group;

  if (!g_str_has_prefix (change, "removed/"))
    return FALSE;
  right = sim_service_right (world->service,
                             g_ascii_strtoll (change + strlen ("removed/"), NULL, 10));
  group = right == NULL ? NULL : sim_service_group (world->service, right->group);
  return group != NULL && group->gone_at != LK_TIME_NONE;
}

void
sim_check_all_told (SimWorld *world)
{
  GHashTableIter iter;
  gpointer change;

  g_hash_table_iter_init (&iter, world->check->owed);
  while (g_hash_table_iter_next (&iter, &change, NULL))
    if (!g_hash_table_contains (world->check->told, change) && !waits_for_group (world, change))
      sim_breach (world, "S10", "no access-change tells %s", (const char *) change);
}

void
sim_check_steps_right (SimWorld *world, const LkRight *record)
{
  const SimRight *right;

  if (record->right_id == 0)
    return;
  if (record->touched_at != LK_TIME_NONE)
    (void) g_hash_table_add (world->check->touched,
                             g_memdup2 (&record->right_id, sizeof record->right_id));
  else
    (void) g_hash_table_remove (world->check->touched, &record->right_id);
  right = sim_service_right (world->service, record->right_id);
  if (record->state == LK_RIGHT_ENDED && right != NULL && right->gone_at == LK_TIME_NONE
      && !sim_check_is_spoilt (world, right->user, right->group))
    sim_breach (world, "S1",
                "the ledger says that right %" G_GINT64_FORMAT " is gone, and it is there",
                right->id);
}
