/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The people of an account, and who has which address.
 */
#include "state_internal.h"

guint
state_person_hash (gconstpointer key)
{
  const Person *person = key;

  return g_int64_hash (&person->member) * 31 + g_direct_hash (person->space);
}

gboolean
state_person_equal (gconstpointer a, gconstpointer b)
{
  const Person *x = a, *y = b;

  return x->space == y->space && x->member == y->member;
}

void
state_person_free (gpointer data)
{
  Person *person = data;

  g_free (person->right_key);
  g_free (person->held_address);
  g_free (person);
}

Person *
state_person (StateSpace *space, gint64 member)
{
  Person key = { .space = space, .member = member };
  Person *person = g_hash_table_lookup (space->state->people, &key);

  if (person != NULL)
    return person;
  person = g_new0 (Person, 1);
  person->space = space;
  person->member = member;
  person->wake_at = person->retry_at = LK_TIME_NONE;
  lk_backoff_init (&person->backoff, 1000, 5 * LK_MINUTE, 0);
  g_hash_table_add (space->state->people, person);
  return person;
}

/* --- addresses ------------------------------------------------------------------------------- */

/* Which members (of any space; one person has the same id in all) are entitled under an address. */
void
state_note_address (State *state, const LkCommand *command, int by)
{
  g_autofree char *address = NULL;
  GHashTable *members;
  gpointer count;

  if (command->email == NULL || !command->entitled)
    return;
  address = g_ascii_strdown (command->email, -1);
  members = g_hash_table_lookup (state->addresses, address);
  if (members == NULL)
    {
      members = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
      g_hash_table_insert (state->addresses, g_strdup (address), members);
    }
  count = g_hash_table_lookup (members, &command->member);
  int now = GPOINTER_TO_INT (count) + by;
  if (now > 0)
    g_hash_table_replace (members, g_memdup2 (&command->member, sizeof command->member),
                          GINT_TO_POINTER (now));
  else
    (void) g_hash_table_remove (members, &command->member);
  if (g_hash_table_size (members) == 0)
    (void) g_hash_table_remove (state->addresses, address);
}

/* Somebody of a lower id has the same address. */
gboolean
state_is_shared (const State *state, const LkCommand *command)
{
  g_autofree char *address = NULL;
  GHashTable *members;
  GHashTableIter iter;
  gpointer member;

  if (command->email == NULL)
    return FALSE;
  address = g_ascii_strdown (command->email, -1);
  members = g_hash_table_lookup (state->addresses, address);
  if (members == NULL || g_hash_table_size (members) < 2)
    return FALSE;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    if (*(gint64 *) member < command->member)
      return TRUE;
  return FALSE;
}

/* When an address is taken or left, the others who have it are planned again. */
void
state_address_changed (State *state, const LkCommand *command)
{
  g_autofree char *address = NULL;
  GHashTable *members;
  GHashTableIter iter;
  gpointer member;

  if (command == NULL || command->email == NULL)
    return;
  address = g_ascii_strdown (command->email, -1);
  members = g_hash_table_lookup (state->addresses, address);
  if (members == NULL)
    return;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    if (*(gint64 *) member != command->member)
      for (guint i = 0; i < state->spaces->len; i++)
        {
          Person key = { .space = state->spaces->pdata[i], .member = *(gint64 *) member };
          Person *person = g_hash_table_lookup (state->people, &key);
          if (person != NULL)
            state->changed (person, TRUE, state->data);
        }
}
