/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The wish `forget`, the executor's part: it says when no live right is left, and ends the ledger's
 * records when no command is left (design §6).
 */
#include "wishes_internal.h"

static gboolean
has_live_right (const Person *person)
{
  g_autoptr (GArray) rights = state_rights_of (person);

  for (guint i = 0; i < rights->len; i++)
    if (g_array_index (rights, DriftRight, i).right->state != LK_RIGHT_ENDED)
      return TRUE;
  return FALSE;
}

static void
forget_begin (Wish *wish)
{
  (void) wish; /* the poller publishes the person as deleted; the plan takes the rights away */
}

static const char *
forget_look (Wish *wish, char **out_reason)
{
  const LkOutcome *poller = lk_wishes_outcome (wish->set->control, wish->key, "poller");
  const Person *person = state_find_person (wish->set->space, wish->member);
  const CommandEntry *command = person == NULL ? NULL : state_member_command (person);

  if (poller != NULL && poller->at >= wish->at && !g_str_equal (poller->outcome, "done"))
    {
      *out_reason = g_strdup ("the poller did not publish the person as deleted");
      return "refused";
    }
  if (person == NULL)
    return "done";
  if (wish->set->space->config->observe && has_live_right (person))
    {
      *out_reason = g_strdup ("the space is only observed: its rights stay");
      return "refused";
    }
  if (person->busy || (command != NULL && command->command.entitled) || has_live_right (person))
    return NULL;
  return "done";
}

const WishKind wish_forget = { "forget", forget_begin, forget_look, NULL, NULL };

static void
collect_key (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  (void) table;
  (void) partition;
  (void) entry;
  g_ptr_array_add (data, g_strdup (key));
}

/* When the workers have written the tombstones of all commands, those of the ledger follow. */
void
wish_forget_erase (const WishSet *set, gint64 member)
{
  const Person *person = state_find_person (set->space, member);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, member);
  guint commands;

  if (person == NULL || person->busy || set->space->refusal != NULL)
    return;
  lk_table_foreach_of (set->space->commands, state_partition (person), first, collect_key, keys);
  commands = keys->len;
  g_ptr_array_set_size (keys, 0);
  lk_table_foreach_of (set->space->ledger, state_partition (person), first, collect_key, keys);
  if (commands > 0 || keys->len == 0 || has_live_right (person))
    return;
  for (guint i = 0; i < keys->len; i++)
    /* A failure leaves it for the next look. */
    (void) lk_table_put (set->space->ledger, state_partition (person), keys->pdata[i], NULL, 0,
                         NULL, NULL, NULL, NULL);
}
