/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reading the ledger, KISI's lists, and the ledger again.
 */
#include "rights.h"

/* What the first reading of the ledger said of a right. */
typedef struct
{
  LkRightState state;
  LkWindow window;
} Before;

typedef struct
{
  CliRights *rights;
  GHashTable *groups; /* gint64* */
  GHashTable *before; /* the right's name → Before* */
  GArray *ledger;     /* DriftRight, of the second reading */
} Reading;

static void
add_id (GHashTable *set, gint64 id)
{
  g_hash_table_add (set, g_memdup2 (&id, sizeof id));
}

static void
map_id (GHashTable *map, gpointer key, gint64 member)
{
  g_hash_table_insert (map, key, g_memdup2 (&member, sizeof member));
}

/* --- the ledger ---------------------------------------------------------------------------------
 */

static void
note_before (const char *key, const CliEntry *entry, gpointer data)
{
  Reading *reading = data;
  const LkRight *right = &entry->right;
  Before before;

  if (!entry->is_right)
    return;
  before = (Before){ right->state, right->window };
  g_hash_table_insert (reading->before, g_strdup (right->right),
                       g_memdup2 (&before, sizeof before));
  if (right->state != LK_RIGHT_ENDED)
    add_id (reading->groups, right->group_id);
}

static void
note_after (const char *key, const CliEntry *entry, gpointer data)
{
  Reading *reading = data;
  gint64 user = entry->is_right ? entry->right.kisi_user_id : entry->ledger_member.kisi_user_id;
  gint64 member = entry->is_right ? entry->right.member : entry->ledger_member.member;

  if (user != 0)
    map_id (reading->rights->users, g_memdup2 (&user, sizeof user), member);
  if (entry->is_right)
    {
      DriftRight right = { &entry->right, entry->at };
      g_array_append_val (reading->ledger, right);
    }
}

static void
note_address (const char *key, const CliEntry *entry, gpointer data)
{
  CliRights *rights = data;
  const LkCommand *command = &entry->command;
  char *address;
  const gint64 *other;

  if (command->kind != LK_SOURCE_MEMBER || command->email == NULL)
    return;
  address = g_ascii_strdown (command->email, -1);
  /* Where two share it, the lower id has it (design §6.8). */
  other = g_hash_table_lookup (rights->members, address);
  if (other == NULL || command->member < *other)
    map_id (rights->members, address, command->member);
  else
    g_free (address);
}

/* --- KISI ---------------------------------------------------------------------------------------
 */

static void
note_mapped (const LkRules *rules, GHashTable *groups)
{
  for (guint m = 0; rules != NULL && m < rules->n_mappings; m++)
    for (guint g = 0; g < rules->mappings[m].n_groups; g++)
      add_id (groups, rules->mappings[m].groups[g].id);
}

static gboolean
list_groups (Cli *cli, CliServices *services, Reading *reading, GError **error)
{
  GHashTableIter iter;
  gpointer group;

  g_hash_table_iter_init (&iter, reading->groups);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    {
      g_autoptr (LkKisiAnswer) answer
          = cli_kisi_need (cli, services, CLI_ASK_GROUP_RIGHTS, *(gint64 *) group, error);
      if (answer == NULL)
        return lk_fail_prefix (error, "group %" G_GINT64_FORMAT, *(gint64 *) group);
      g_ptr_array_extend_and_steal (reading->rights->rows, g_steal_pointer (&answer->assignments));
    }
  return TRUE;
}

/* --- what differs -------------------------------------------------------------------------------
 */

/* Whether the first reading of the ledger says the same as the second, by which DRIFT was found. */
static gboolean
stood_before (const Drift *drift, const Reading *reading)
{
  const Before *before
      = drift->right == NULL ? NULL : g_hash_table_lookup (reading->before, drift->right->right);

  if (drift->right == NULL)
    return TRUE;
  /* A right that ended or began while KISI was listed was rightly there, or rightly not. */
  return before != NULL && before->state == drift->right->state
         && lk_window_equal (before->window, drift->right->window);
}

static void
find_drift (Reading *reading, gint64 exclusive_user, LkTime now)
{
  /* When a record was written need not be looked at: what the first reading had was there before
   * KISI was asked. */
  g_autoptr (GArray) found
      = drift_compare (0, reading->rights->rows, reading->ledger, exclusive_user, G_MAXINT64, now);

  for (guint i = 0; i < found->len; i++)
    if (stood_before (&g_array_index (found, Drift, i), reading))
      g_array_append_val (reading->rights->drift, g_array_index (found, Drift, i));
}

/* Whose rights count as ours without a record (`exclusive`); 0: nobody's. */
static gboolean
find_exclusive (Cli *cli, CliServices *services, const LkConfigKisi *config, gint64 *out_user,
                GError **error)
{
  g_autoptr (LkKisiAnswer) answer = NULL;

  *out_user = 0;
  if (!config->exclusive)
    return TRUE;
  answer = cli_kisi_need (cli, services, CLI_ASK_WHOAMI, 0, error);
  if (answer == NULL)
    return FALSE;
  *out_user = ((const LkKisiUser *) answer->users->pdata[0])->id;
  return TRUE;
}

static GHashTable *
id_set (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

CliRights *
cli_rights_read (Cli *cli, CliSpace *space, CliServices *services, GError **error)
{
  g_autoptr (CliRights) rights = g_new0 (CliRights, 1);
  g_autoptr (GHashTable) groups = id_set ();
  g_autoptr (GHashTable) before = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GArray) ledger = g_array_new (FALSE, FALSE, sizeof (DriftRight));
  Reading reading = { rights, groups, before, ledger };
  gint64 exclusive = 0;

  rights->space = space;
  rights->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_kisi_assignment_free);
  rights->drift = g_array_new (FALSE, FALSE, sizeof (Drift));
  rights->users = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  rights->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  cli_space_foreach (space, LK_KIND_LEDGER, 0, note_before, &reading);
  note_mapped (cli_space_rules (space), groups);
  if (!find_exclusive (cli, services, space->space->kisi, &exclusive, error)
      || !list_groups (cli, services, &reading, error)
      || !cli_refresh (cli, space->tables[LK_KIND_COMMANDS], error)
      || !cli_refresh (cli, space->tables[LK_KIND_LEDGER], error))
    return NULL;
  cli_space_foreach (space, LK_KIND_LEDGER, 0, note_after, &reading);
  cli_space_foreach (space, LK_KIND_COMMANDS, 0, note_address, rights);
  find_drift (&reading, exclusive, lk_clock_wall (cli->clock));
  return g_steal_pointer (&rights);
}

void
cli_rights_free (CliRights *rights)
{
  if (rights == NULL)
    return;
  g_array_unref (rights->drift);
  g_ptr_array_unref (rights->rows);
  g_hash_table_unref (rights->users);
  g_hash_table_unref (rights->members);
  g_free (rights);
}

gint64
cli_rights_member (const CliRights *rights, const Drift *drift)
{
  g_autofree char *address = NULL;
  const gint64 *member = NULL;

  if (drift->right != NULL)
    return drift->right->member;
  if (drift->row->user_id != 0)
    member = g_hash_table_lookup (rights->users, &drift->row->user_id);
  if (member == NULL && drift->row->email != NULL)
    {
      address = g_ascii_strdown (drift->row->email, -1);
      member = g_hash_table_lookup (rights->members, address);
    }
  return member == NULL ? 0 : *member;
}
