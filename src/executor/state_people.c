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

  /* By name, not by address: who is looked at first is the same in each process (tests/sim). */
  return g_int64_hash (&person->member) * 31 + g_str_hash (person->space->config->code);
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
  g_clear_pointer (&person->inspections, g_array_unref);
  g_clear_pointer (&person->restoring, g_array_unref);
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

Person *
state_find_person (const StateSpace *space, gint64 member)
{
  Person key = { .space = (StateSpace *) space, .member = member };

  return g_hash_table_lookup (space->state->people, &key);
}

/* --- rows to be read ------------------------------------------------------------------------- */

static Inspection *
find_inspection (const Person *person, gint64 right_id)
{
  for (guint i = 0; person->inspections != NULL && i < person->inspections->len; i++)
    if (g_array_index (person->inspections, Inspection, i).right_id == right_id)
      return &g_array_index (person->inspections, Inspection, i);
  return NULL;
}

gboolean
state_inspect (Person *person, gint64 right_id, PlanAdopt adopt, PlanClass class)
{
  Inspection *stands = find_inspection (person, right_id);
  const Inspection fresh = { right_id, adopt, class };

  if (stands != NULL && stands->adopt >= adopt && stands->class <= class)
    return FALSE;
  if (stands != NULL)
    {
      stands->adopt = MAX (stands->adopt, adopt);
      stands->class = MIN (stands->class, class);
      return TRUE;
    }
  if (person->inspections == NULL)
    person->inspections = g_array_new (FALSE, FALSE, sizeof (Inspection));
  g_array_append_val (person->inspections, fresh);
  return TRUE;
}

void
state_inspected (Person *person, gint64 right_id)
{
  const Inspection *done = find_inspection (person, right_id);

  if (done == NULL)
    return;
  g_array_remove_index (person->inspections,
                        (guint) (done - (const Inspection *) (void *) person->inspections->data));
  if (person->inspections->len == 0)
    g_clear_pointer (&person->inspections, g_array_unref);
}

const Inspection *
state_next_inspection (const Person *person)
{
  const Inspection *first = NULL;

  for (guint i = 0; person->inspections != NULL && i < person->inspections->len; i++)
    {
      const Inspection *one = &g_array_index (person->inspections, Inspection, i);
      if (first == NULL || one->class < first->class)
        first = one;
    }
  return first;
}

void
state_note_restoring (Person *person, gint64 group)
{
  if (person->restoring == NULL)
    person->restoring = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (person->restoring, group);
}

gboolean
state_take_restoring (Person *person, gint64 group)
{
  gboolean found = FALSE;

  for (guint i = person->restoring == NULL ? 0 : person->restoring->len; i > 0; i--)
    if (g_array_index (person->restoring, gint64, i - 1) == group)
      {
        g_array_remove_index (person->restoring, i - 1);
        found = TRUE;
      }
  if (found && person->restoring->len == 0)
    g_clear_pointer (&person->restoring, g_array_unref);
  return found;
}

/* --- addresses ------------------------------------------------------------------------------- */

/* Who shares an address is asked within one Nexudus account (design §6.8): a person who is a member
 * in two has two ids. Free with g_free. */
static char *
address_key (const StateSpace *space, const char *address)
{
  g_autofree char *lower = g_ascii_strdown (address, -1);

  return g_strdup_printf ("%s\n%s", space->config->nexudus->account, lower);
}

static GHashTable *
members_of_address (const StateSpace *space, const char *address)
{
  g_autofree char *key = address_key (space, address);

  return g_hash_table_lookup (space->state->addresses, key);
}

/* Which members (of any space; one person has the same id in all) are entitled under an address. */
void
state_note_address (StateSpace *space, const LkCommand *command, int by)
{
  GHashTable *members;
  gpointer count;

  if (command->email == NULL || !command->entitled)
    return;
  members = members_of_address (space, command->email);
  if (members == NULL)
    {
      members = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
      g_hash_table_insert (space->state->addresses, address_key (space, command->email), members);
    }
  count = g_hash_table_lookup (members, &command->member);
  int now = GPOINTER_TO_INT (count) + by;
  if (now > 0)
    g_hash_table_replace (members, g_memdup2 (&command->member, sizeof command->member),
                          GINT_TO_POINTER (now));
  else
    (void) g_hash_table_remove (members, &command->member);
  if (g_hash_table_size (members) == 0)
    {
      g_autofree char *key = address_key (space, command->email);
      (void) g_hash_table_remove (space->state->addresses, key);
    }
}

/* Somebody of a lower id has the same address. */
gboolean
state_is_shared (const StateSpace *space, const LkCommand *command)
{
  GHashTable *members;
  GHashTableIter iter;
  gpointer member;

  if (command->email == NULL)
    return FALSE;
  members = members_of_address (space, command->email);
  if (members == NULL || g_hash_table_size (members) < 2)
    return FALSE;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    if (*(gint64 *) member < command->member)
      return TRUE;
  return FALSE;
}

Person *
state_person_of_address (const StateSpace *space, const char *address)
{
  GHashTable *members = members_of_address (space, address);
  Person *first = NULL;
  GHashTableIter iter;
  gpointer member;

  if (members == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    {
      Person *person = state_find_person (space, *(gint64 *) member);
      if (person != NULL && (first == NULL || person->member < first->member))
        first = person;
    }
  return first;
}

/* When an address is taken or left, the others who have it are planned again. */
void
state_address_changed (StateSpace *space, const LkCommand *command)
{
  State *state = space->state;
  GHashTable *members;
  GHashTableIter iter;
  gpointer member;

  if (command == NULL || command->email == NULL)
    return;
  members = members_of_address (space, command->email);
  if (members == NULL)
    return;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    if (*(gint64 *) member != command->member)
      for (guint i = 0; i < state->spaces->len; i++)
        {
          StateSpace *one = state->spaces->pdata[i];
          Person key = { .space = one, .member = *(gint64 *) member };
          Person *person = g_hash_table_lookup (state->people, &key);
          if (person != NULL && one->config->nexudus == space->config->nexudus)
            state->changed (person, TRUE, state->data);
        }
}

gint64
state_invited_user (const Person *person, const char *address)
{
  const State *state = person->space->state;

  for (guint i = 0; i < state->spaces->len; i++)
    {
      StateSpace *space = state->spaces->pdata[i];
      const Person there = { .space = space, .member = person->member };
      const LkLedgerMember *known = state_member_record (&there);
      if (space->config->nexudus == person->space->config->nexudus && known != NULL
          && known->invited_at != LK_TIME_NONE && known->kisi_user_id != 0 && known->email != NULL
          && g_ascii_strcasecmp (known->email, address) == 0)
        return known->kisi_user_id;
    }
  return 0;
}

/* --- what the ledger names ------------------------------------------------------------------- */

static void
index_user (StateSpace *space, gint64 user, gint64 member, gboolean add)
{
  GHashTable *members = g_hash_table_lookup (space->users, &user);

  if (members == NULL && add)
    {
      members = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
      g_hash_table_insert (space->users, g_memdup2 (&user, sizeof user), members);
    }
  if (add)
    (void) g_hash_table_add (members, g_memdup2 (&member, sizeof member));
  else if (members != NULL && g_hash_table_remove (members, &member)
           && g_hash_table_size (members) == 0)
    (void) g_hash_table_remove (space->users, &user);
}

void
state_index_entry (StateSpace *space, gint64 member, const LedgerEntry *entry, gboolean add)
{
  GHashTable *owners = space->state->right_owners;
  Person *person;

  if (!entry->is_right)
    {
      if (entry->member.kisi_user_id != 0)
        index_user (space, entry->member.kisi_user_id, member, add);
      return;
    }
  if (entry->right.right_id == 0)
    return;
  person = state_person (space, member);
  if (add)
    g_hash_table_replace (owners, g_memdup2 (&entry->right.right_id, sizeof entry->right.right_id),
                          person);
  else if (g_hash_table_lookup (owners, &entry->right.right_id) == person)
    (void) g_hash_table_remove (owners, &entry->right.right_id);
}

Person *
state_right_owner (const State *state, gint64 right_id)
{
  return g_hash_table_lookup (state->right_owners, &right_id);
}

/* Two members have one user after an address was handed on. Where KISI takes one right for user and
 * group, the one who has it now waits for the end of what the former one had. */
void
state_right_ended (StateSpace *space, gint64 member, const LkRight *right)
{
  GHashTable *members = g_hash_table_lookup (space->users, &right->kisi_user_id);
  GHashTableIter iter;
  gpointer other;

  if (members == NULL)
    return;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &other, NULL))
    if (*(gint64 *) other != member)
      space->state->changed (state_person (space, *(gint64 *) other), TRUE, space->state->data);
}

/* Of several, as after an address was handed on, the entitled one whose address it is. */
gint64
state_member_of_user (StateSpace *space, gint64 user)
{
  GHashTable *members = g_hash_table_lookup (space->users, &user);
  gint64 best = 0;
  int best_rank = -1;
  GHashTableIter iter;
  gpointer member;

  if (members == NULL)
    return 0;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &member, NULL))
    {
      const Person person = { .space = space, .member = *(gint64 *) member };
      const CommandEntry *command = state_member_command (&person);
      const LkLedgerMember *known = state_member_record (&person);
      int rank = 0;
      if (command != NULL && command->command.entitled)
        rank = 1
               + (command->command.email != NULL && known != NULL && known->email != NULL
                  && g_ascii_strcasecmp (command->command.email, known->email) == 0);
      if (rank > best_rank || (rank == best_rank && person.member < best))
        {
          best = person.member;
          best_rank = rank;
        }
    }
  return best;
}
