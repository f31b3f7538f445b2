/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Doors through KISI's group locks, which can only be asked for group by group.
 */
#include "doors.h"

#include "services.h"

GPtrArray *
cli_doors_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) lk_kisi_group_lock_free);
}

gboolean
cli_doors_add (Cli *cli, const LkConfigKisi *account, GPtrArray *doors, GError **error)
{
  g_autoptr (CliServices) services = cli_services_open (cli, NULL, account, error);
  g_autoptr (LkKisiAnswer) groups = NULL;

  if (services != NULL)
    groups = cli_kisi_need (cli, services, CLI_ASK_GROUPS, 0, error);
  for (guint i = 0; groups != NULL && i < groups->groups->len; i++)
    {
      gint64 group = ((LkKisiGroup *) groups->groups->pdata[i])->id;
      g_autoptr (LkKisiAnswer) locks
          = cli_kisi_need (cli, services, CLI_ASK_GROUP_LOCKS, group, error);
      if (locks == NULL)
        return FALSE;
      g_ptr_array_extend_and_steal (doors, g_steal_pointer (&locks->group_locks));
    }
  return groups != NULL;
}

/* --- by name -------------------------------------------------------------------------------- */

static gboolean
is_called (const LkKisiGroupLock *door, const char *word)
{
  char id[32];

  g_snprintf (id, sizeof id, "id:%" G_GINT64_FORMAT, door->lock_id);
  return g_str_equal (word, id) || g_str_equal (word, door->lock_name);
}

static void
no_such_door (const GPtrArray *doors, const char *word, GError **error)
{
  g_autofree const char **names = g_new (const char *, doors->len + 1);
  const char *near;

  for (guint i = 0; i < doors->len; i++)
    names[i] = ((LkKisiGroupLock *) doors->pdata[i])->lock_name;
  near = lk_nearest (word, names, doors->len);
  (void) lk_fail (error, LK_ERROR_CONFIG, "--door: no group opens a door '%s'%s%s%s", word,
                  near == NULL ? "" : " (did you mean '", near == NULL ? "" : near,
                  near == NULL ? "" : "'?)");
}

GHashTable *
cli_doors_groups (const GPtrArray *doors, const char *word, GError **error)
{
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  gint64 lock = 0;

  for (guint i = 0; i < doors->len; i++)
    {
      const LkKisiGroupLock *door = doors->pdata[i];
      if (!is_called (door, word))
        continue;
      if (lock != 0 && door->lock_id != lock)
        {
          (void) lk_fail (error, LK_ERROR_CONFIG,
                          "--door: several doors are called '%s': say id:%" G_GINT64_FORMAT
                          " or id:%" G_GINT64_FORMAT,
                          word, lock, door->lock_id);
          return NULL;
        }
      lock = door->lock_id;
      g_hash_table_add (groups, g_memdup2 (&door->group_id, sizeof door->group_id));
    }
  if (lock != 0)
    return g_steal_pointer (&groups);
  no_such_door (doors, word, error);
  return NULL;
}
