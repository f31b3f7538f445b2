/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The executor's own judgement of somebody who stands before a door.
 */
#include "reason.h"

#include "../executor/judge.h"

static void
add_command (const char *key, const CliEntry *entry, gpointer data)
{
  LkJudgeFacts *facts = data;

  if (entry->command.kind != LK_SOURCE_MEMBER)
    lk_judge_facts_add_command (facts, &entry->command, entry->at);
  else
    {
      facts->entitled = entry->command.entitled;
      facts->recorded_at = entry->at;
    }
}

static void
add_right (const char *key, const CliEntry *entry, gpointer data)
{
  if (entry->is_right)
    lk_judge_facts_add_right (data, &entry->right, entry->at);
}

/* As far as the ledger knows: an ended one until it ended, and none before it was made. */
static gboolean
opens (const LkRight *right, LkTime t)
{
  if (right->state == LK_RIGHT_INTENDED || !lk_window_contains (right->window, t))
    return FALSE;
  return (right->state == LK_RIGHT_HELD || (right->right_id != 0 && t < right->ended_at))
         && (right->intended_at == LK_TIME_NONE || right->intended_at <= t);
}

char *
cli_door_reason (CliSpace *space, GHashTable *behind, gint64 member, LkTime t, gboolean *out_opens)
{
  g_auto (LkJudgeFacts) facts = { 0 };
  g_auto (LkAccessReport) report = { 0 };
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (gint64));
  LkJudgeDoor door = { .known = TRUE };
  LkKisiEvent event = { .uuid = (char *) "explain",
                        .type = (char *) "lock.unlock",
                        .actor_type = (char *) "User",
                        .created_at = t };
  GHashTableIter iter;
  gpointer group;

  g_hash_table_iter_init (&iter, behind);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    g_array_append_val (groups, *(gint64 *) group);
  door.groups = (const gint64 *) (void *) groups->data;
  door.n_groups = groups->len;
  lk_judge_facts_init (&facts);
  facts.member = member;
  cli_space_foreach (space, LK_KIND_COMMANDS, member, add_command, &facts);
  cli_space_foreach (space, LK_KIND_LEDGER, member, add_right, &facts);
  for (guint i = 0; i < facts.rights->len; i++)
    {
      const LkRight *right = g_array_index (facts.rights, LkJudgeRight, i).right;
      if (g_hash_table_contains (behind, &right->group_id) && opens (right, t))
        event.success = TRUE;
    }
  lk_judge_event (&event, space->space->code, t, &door, &facts, &report);
  *out_opens = event.success;
  return g_strdup (report.reason);
}
