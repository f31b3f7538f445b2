/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Doors and groups. The index from doors to groups is built anew with each answer: there are tens
 * of groups, and they change by hand.
 */
#include "doors.h"

#define REFRESH_EVERY_MS (5 * 60 * 1000) /* because of unknown doors */
#define ABSENT_FOR_MS (6 * 60 * 60 * 1000)
#define ABSENT_MAX 1000

typedef struct
{
  gint64 id;
  gboolean wanted, asked_for, answered;
  gint64 not_before; /* steady ms */
  GArray *locks;     /* gint64, in KISI's order */
} Group;

typedef struct
{
  GArray *groups; /* gint64 */
  gint64 place;
} Door;

struct _LkDoors
{
  GPtrArray *groups;  /* Group, in the order of the first wish */
  GHashTable *doors;  /* gint64 → Door */
  GHashTable *places; /* gint64 door → gint64 place, as last heard */
  GHashTable *absent; /* gint64 door → gint64 steady ms since when no group is known to open it */
  gint64 refreshed_at;
};

static void
group_free (gpointer data)
{
  Group *group = data;

  g_array_unref (group->locks);
  g_free (group);
}

static void
door_free (gpointer data)
{
  Door *door = data;

  g_array_unref (door->groups);
  g_free (door);
}

LkDoors *
doors_new (void)
{
  LkDoors *doors = g_new0 (LkDoors, 1);

  doors->groups = g_ptr_array_new_with_free_func (group_free);
  doors->doors = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, door_free);
  doors->places = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  doors->absent = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  doors->refreshed_at = G_MININT64 / 2;
  return doors;
}

void
doors_free (LkDoors *doors)
{
  if (doors == NULL)
    return;
  g_ptr_array_unref (doors->groups);
  g_hash_table_unref (doors->doors);
  g_hash_table_unref (doors->places);
  g_hash_table_unref (doors->absent);
  g_free (doors);
}

static Group *
find_group (const LkDoors *doors, gint64 id)
{
  for (guint i = 0; i < doors->groups->len; i++)
    {
      Group *group = doors->groups->pdata[i];

      if (group->id == id)
        return group;
    }
  return NULL;
}

static void
build (LkDoors *doors)
{
  g_hash_table_remove_all (doors->doors);
  for (guint i = 0; i < doors->groups->len; i++)
    {
      const Group *group = doors->groups->pdata[i];

      for (guint k = 0; k < group->locks->len; k++)
        {
          gint64 lock = g_array_index (group->locks, gint64, k);
          Door *door = g_hash_table_lookup (doors->doors, &lock);

          if (door == NULL)
            {
              door = g_new0 (Door, 1);
              door->groups = g_array_new (FALSE, FALSE, sizeof (gint64));
              g_hash_table_insert (doors->doors, g_memdup2 (&lock, sizeof lock), door);
            }
          g_array_append_val (door->groups, group->id);
          g_hash_table_remove (doors->absent, &lock);
        }
    }
}

void
doors_want (LkDoors *doors, const gint64 *groups, guint n)
{
  for (guint i = 0; i < doors->groups->len; i++)
    ((Group *) doors->groups->pdata[i])->wanted = FALSE;
  for (guint i = 0; i < n; i++)
    {
      Group *group = find_group (doors, groups[i]);

      if (group == NULL)
        {
          group = g_new0 (Group, 1);
          *group = (Group){ .id = groups[i],
                            .asked_for = TRUE,
                            .not_before = G_MININT64,
                            .locks = g_array_new (FALSE, FALSE, sizeof (gint64)) };
          g_ptr_array_add (doors->groups, group);
        }
      group->wanted = TRUE;
    }
  for (guint i = doors->groups->len; i > 0; i--)
    if (!((Group *) doors->groups->pdata[i - 1])->wanted)
      g_ptr_array_remove_index (doors->groups, i - 1);
  build (doors);
}

void
doors_refresh (LkDoors *doors)
{
  for (guint i = 0; i < doors->groups->len; i++)
    ((Group *) doors->groups->pdata[i])->asked_for = TRUE;
}

gint64
doors_next (const LkDoors *doors, gint64 now)
{
  for (guint i = 0; i < doors->groups->len; i++)
    {
      const Group *group = doors->groups->pdata[i];

      if (group->asked_for && group->not_before <= now)
        return group->id;
    }
  return 0;
}

void
doors_answered (LkDoors *doors, gint64 id, const GPtrArray *locks)
{
  Group *group = find_group (doors, id);

  if (group == NULL)
    return; /* not wanted any more */
  group->asked_for = FALSE;
  group->answered = TRUE;
  group->not_before = G_MININT64;
  g_array_set_size (group->locks, 0);
  for (guint i = 0; i < locks->len; i++)
    {
      const LkKisiGroupLock *lock = locks->pdata[i];

      g_array_append_val (group->locks, lock->lock_id);
      if (lock->place_id != 0)
        g_hash_table_replace (doors->places, g_memdup2 (&lock->lock_id, sizeof lock->lock_id),
                              g_memdup2 (&lock->place_id, sizeof lock->place_id));
    }
  build (doors);
}

void
doors_failed (LkDoors *doors, gint64 id, gint64 again_at)
{
  Group *group = find_group (doors, id);

  if (group != NULL)
    group->not_before = again_at;
}

LkJudgeDoor
doors_lookup (const LkDoors *doors, gint64 id)
{
  const Door *door = g_hash_table_lookup (doors->doors, &id);
  LkJudgeDoor out = { .known = TRUE };

  for (guint i = 0; i < doors->groups->len; i++)
    out.known &= ((Group *) doors->groups->pdata[i])->answered;
  if (door != NULL)
    {
      out.groups = (const gint64 *) (gconstpointer) door->groups->data;
      out.n_groups = door->groups->len;
    }
  return out;
}

gint64
doors_place (const LkDoors *doors, gint64 door)
{
  const gint64 *place = g_hash_table_lookup (doors->places, &door);

  return place != NULL ? *place : 0;
}

gboolean
doors_surprise (LkDoors *doors, gint64 door, gint64 now)
{
  const gint64 *since;

  if (door == 0 || g_hash_table_contains (doors->doors, &door))
    return FALSE;
  since = g_hash_table_lookup (doors->absent, &door);
  if ((since != NULL && now - *since < ABSENT_FOR_MS)
      || now - doors->refreshed_at < REFRESH_EVERY_MS)
    return FALSE;
  if (g_hash_table_size (doors->absent) >= ABSENT_MAX)
    g_hash_table_remove_all (doors->absent);
  g_hash_table_replace (doors->absent, g_memdup2 (&door, sizeof door),
                        g_memdup2 (&now, sizeof now));
  doors->refreshed_at = now;
  return TRUE;
}
