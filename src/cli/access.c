/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Joins commands and ledger of one member.
 */
#include "access.h"

#include <latchkey/model/window.h>

static void
group_free (gpointer data)
{
  CliGroup *group = data;

  g_array_unref (group->windows);
  g_ptr_array_unref (group->rights);
  g_free (group);
}

static CliGroup *
group_of (CliAccess *access, gint64 id)
{
  CliGroup *group;

  for (guint i = 0; i < access->groups->len; i++)
    {
      group = access->groups->pdata[i];
      if (group->group_id == id)
        return group;
    }
  group = g_new0 (CliGroup, 1);
  group->group_id = id;
  group->told_at = LK_TIME_NONE;
  group->windows = g_array_new (FALSE, FALSE, sizeof (LkWindow));
  group->rights = g_ptr_array_new ();
  g_ptr_array_add (access->groups, group);
  return group;
}

static void
add_command (const char *key, const CliEntry *entry, gpointer data)
{
  CliAccess *access = data;
  const LkCommand *command = &entry->command;

  if (command->kind == LK_SOURCE_MEMBER)
    {
      access->command = entry;
      access->entitled = command->entitled;
      return;
    }
  for (guint i = 0; i < command->n_claims; i++)
    {
      CliGroup *group = group_of (access, command->claims[i].group_id);
      g_array_append_val (group->windows, command->claims[i].window);
      group->told_at = MAX (group->told_at, entry->at);
    }
}

/* A block of GROUP: one that stops creates is shown before one that stops deletes. */
static void
add_block (CliGroup *group, const char *reason)
{
  if (group->blocked == NULL || lk_block_is_of_delete (group->blocked))
    group->blocked = reason;
}

static void
add_ledger (const char *key, const CliEntry *entry, gpointer data)
{
  CliAccess *access = data;

  if (!entry->is_right)
    {
      access->ledger = entry;
      for (guint i = 0; i < entry->ledger_member.n_blocked; i++)
        if (entry->ledger_member.blocked[i].group_id == 0)
          access->blocked = entry->ledger_member.blocked[i].reason;
        else
          add_block (group_of (access, entry->ledger_member.blocked[i].group_id),
                     entry->ledger_member.blocked[i].reason);
    }
  else if (entry->right.state != LK_RIGHT_ENDED)
    {
      CliGroup *group = group_of (access, entry->right.group_id);
      g_ptr_array_add (group->rights, (gpointer) &entry->right);
    }
}

/* A source that gives nothing any more has no claim to say in which group: its right does. */
static void
note_told (const char *key, const CliEntry *entry, gpointer data)
{
  const CliAccess *access = data;
  char source[64];

  if (entry->command.kind == LK_SOURCE_MEMBER)
    return;
  (void) lk_source_name (entry->command.kind, entry->command.source_id, source);
  for (guint i = 0; i < access->groups->len; i++)
    {
      CliGroup *group = access->groups->pdata[i];
      for (guint r = 0; r < group->rights->len; r++)
        {
          const LkRight *right = group->rights->pdata[r];
          if (right->sources != NULL
              && g_strv_contains ((const char *const *) right->sources, source))
            group->told_at = MAX (group->told_at, entry->at);
        }
    }
}

static int
by_id (gconstpointer a, gconstpointer b)
{
  gint64 x = (*(const CliGroup *const *) a)->group_id, y = (*(const CliGroup *const *) b)->group_id;

  return x < y ? -1 : x > y;
}

const char *
cli_group_name (const LkRules *rules, gint64 id)
{
  for (guint m = 0; rules != NULL && m < rules->n_mappings; m++)
    for (guint g = 0; g < rules->mappings[m].n_groups; g++)
      if (rules->mappings[m].groups[g].id == id)
        return rules->mappings[m].groups[g].name;
  return NULL;
}

CliAccess *
cli_access_of (CliSpace *space, gint64 member)
{
  CliAccess *access = g_new0 (CliAccess, 1);
  const LkRules *rules = space->tables[LK_KIND_RULES] == NULL ? NULL : cli_space_rules (space);

  access->groups = g_ptr_array_new_with_free_func (group_free);
  cli_space_foreach (space, LK_KIND_COMMANDS, member, add_command, access);
  cli_space_foreach (space, LK_KIND_LEDGER, member, add_ledger, access);
  cli_space_foreach (space, LK_KIND_COMMANDS, member, note_told, access);
  for (guint i = 0; i < access->groups->len; i++)
    {
      CliGroup *group = access->groups->pdata[i];
      group->name = cli_group_name (rules, group->group_id);
      if (access->blocked != NULL)
        add_block (group, access->blocked);
      if (!access->entitled)
        {
          g_array_set_size (group->windows, 0);
          if (access->command != NULL)
            group->told_at = MAX (group->told_at, access->command->at);
        }
      g_array_set_size (
          group->windows,
          lk_windows_union ((LkWindow *) (void *) group->windows->data, group->windows->len));
    }
  g_ptr_array_sort (access->groups, by_id);
  return access;
}

void
cli_access_free (CliAccess *access)
{
  if (access == NULL)
    return;
  g_ptr_array_unref (access->groups);
  g_free (access);
}

gboolean
cli_group_wanted (const CliGroup *group, LkTime t)
{
  for (guint i = 0; i < group->windows->len; i++)
    if (lk_window_contains (g_array_index (group->windows, LkWindow, i), t))
      return TRUE;
  return FALSE;
}

gboolean
cli_group_held (const CliGroup *group, LkTime t)
{
  for (guint i = 0; i < group->rights->len; i++)
    {
      const LkRight *right = group->rights->pdata[i];
      if (right->state == LK_RIGHT_HELD && lk_window_contains (right->window, t))
        return TRUE;
    }
  return FALSE;
}

LkTime
cli_group_due_since (const CliGroup *group, LkTime t)
{
  gboolean wanted = cli_group_wanted (group, t);
  LkTime since = group->told_at;

  if (wanted == cli_group_held (group, t))
    return LK_TIME_NONE;
  /* A change that came by itself is due since its window began or ended, not since it was told. */
  for (guint i = 0; i < group->windows->len; i++)
    {
      LkWindow window = g_array_index (group->windows, LkWindow, i);
      LkTime edge = wanted ? window.from : window.until;
      if (edge != LK_TIME_NONE && edge <= t)
        since = MAX (since, edge);
    }
  return since == LK_TIME_NONE ? t : since;
}

LkTime
cli_group_next_change (const CliGroup *group, LkTime t)
{
  LkTime next = LK_TIME_NONE;

  for (guint i = 0; i < group->windows->len; i++)
    {
      LkWindow window = g_array_index (group->windows, LkWindow, i);
      LkTime edges[] = { window.from, window.until };
      for (gsize e = 0; e < G_N_ELEMENTS (edges); e++)
        if (edges[e] != LK_TIME_NONE && edges[e] > t && (next == LK_TIME_NONE || edges[e] < next))
          next = edges[e];
    }
  return next;
}
