/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Tables and persons.
 */
#include "state_internal.h"

#include <latchkey/base/log.h>
#include <string.h>

#define ENDED_MS (7 * LK_DAY) /* an ended right is kept that long for reports */

/* --- life ------------------------------------------------------------------------------------ */

static LkTable *
open_table (StateSpace *space, LkKind kind, gint32 partitions, const LkTableOps *ops)
{
  LkProgram *program = space->state->program;
  g_autofree char *topic
      = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)), kind, space->config->code);
  LkTable *table = lk_table_new (lk_program_reader (program), lk_program_producer (program), topic,
                                 partitions, ops, space);

  lk_table_follow_all (table);
  return table;
}

static void
space_free (gpointer data)
{
  StateSpace *space = data;

  lk_table_free (space->commands);
  lk_table_free (space->ledger);
  lk_table_free (space->rules);
  g_hash_table_unref (space->users);
  g_free (space->changes_topic);
  g_free (space->refusal);
  g_free (space->ce_source);
  g_free (space);
}

State *
state_new (LkProgram *program, const LkConfigKisi *config, StateChangedFunc changed,
           StateRulesFunc rules_changed_func, gpointer data)
{
  State *state = g_new0 (State, 1);
  const GPtrArray *spaces = lk_program_spaces (program);

  state->program = program;
  state->changed = changed;
  state->rules_changed = rules_changed_func;
  state->data = data;
  state->people
      = g_hash_table_new_full (state_person_hash, state_person_equal, state_person_free, NULL);
  state->addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) g_hash_table_unref);
  state->right_owners = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  state->spaces = g_ptr_array_new_with_free_func (space_free);
  for (guint i = 0; i < spaces->len; i++)
    {
      const LkConfigSpace *one = spaces->pdata[i];
      StateSpace *space;
      if (one->kisi != config)
        continue;
      space = g_new0 (StateSpace, 1);
      space->state = state;
      space->config = one;
      space->users = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                            (GDestroyNotify) g_hash_table_unref);
      space->changes_topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                            LK_KIND_ACCESS_CHANGES, one->code);
      space->ce_source = g_strdup_printf ("/latchkey/executor/%s", one->code);
      g_ptr_array_add (state->spaces, space);
      space->commands = open_table (space, LK_KIND_COMMANDS, one->partitions, &state_command_ops);
      space->ledger = open_table (space, LK_KIND_LEDGER, one->partitions, &state_ledger_ops);
      space->rules = open_table (space, LK_KIND_RULES, 1, &state_rules_ops);
    }
  return state;
}

void
state_free (State *state)
{
  if (state == NULL)
    return;
  g_ptr_array_unref (state->spaces);
  g_hash_table_unref (state->people);
  g_hash_table_unref (state->addresses);
  g_hash_table_unref (state->right_owners);
  g_free (state);
}

LkProgram *
state_program (const State *state)
{
  return state->program;
}

const GPtrArray *
state_spaces (const State *state)
{
  return state->spaces;
}

void
state_own (State *state, gboolean own)
{
  state->owned = own;
  for (guint i = 0; i < state->spaces->len; i++)
    {
      StateSpace *space = state->spaces->pdata[i];
      for (gint32 p = 0; p < space->config->partitions; p++)
        {
          lk_table_own (space->ledger, p, own);
          if (!own)
            continue;
          lk_table_refresh (space->ledger, p);
          lk_table_refresh (space->commands, p);
        }
      if (own)
        lk_table_refresh (space->rules, 0);
    }
}

gboolean
state_is_loaded (const State *state)
{
  for (guint i = 0; i < state->spaces->len; i++)
    {
      const StateSpace *space = state->spaces->pdata[i];
      if (!lk_table_is_all_loaded (space->commands) || !lk_table_is_all_loaded (space->ledger)
          || !lk_table_is_all_loaded (space->rules))
        return FALSE;
    }
  return TRUE;
}

const char *
state_trouble (const State *state)
{
  for (guint i = 0; i < state->spaces->len; i++)
    {
      const StateSpace *space = state->spaces->pdata[i];
      const LkTable *tables[] = { space->commands, space->ledger, space->rules };
      for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
        if (lk_table_trouble (tables[t]) != NULL)
          return lk_table_trouble (tables[t]);
    }
  return NULL;
}

guint
state_pending (const State *state)
{
  guint pending = 0;

  for (guint i = 0; i < state->spaces->len; i++)
    pending += lk_table_pending (((StateSpace *) state->spaces->pdata[i])->ledger, -1);
  return pending;
}

const char *
state_refusal (const State *state)
{
  for (guint i = 0; i < state->spaces->len; i++)
    if (((StateSpace *) state->spaces->pdata[i])->refusal != NULL)
      return ((StateSpace *) state->spaces->pdata[i])->refusal;
  return NULL;
}

gboolean
state_is_enforced (const StateSpace *space)
{
  return !space->config->observe && space->refusal == NULL;
}

/* --- looking --------------------------------------------------------------------------------- */

void
state_foreach (State *state, void (*func) (Person *person, gpointer data), gpointer data)
{
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, state->people);
  while (g_hash_table_iter_next (&iter, &person, NULL))
    func (person, data);
}

gint32
state_partition (const Person *person)
{
  return lk_partition_of_member (person->member, person->space->config->partitions);
}

static void
first_of (const Person *person, char first[32])
{
  g_snprintf (first, 32, "%" G_GINT64_FORMAT, person->member);
}

static void
add_command (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  PlanFacts *facts = data;
  const LkCommand *command = &((CommandEntry *) entry)->command;

  (void) table;
  (void) partition;
  (void) key;
  if (command->kind != LK_SOURCE_MEMBER)
    g_ptr_array_add (facts->commands, (gpointer) command);
}

static void
add_record (LkTable *table, gint32 partition, const char *key, gpointer data, gpointer user)
{
  PlanFacts *facts = user;
  const LedgerEntry *entry = data;

  (void) table;
  (void) partition;
  (void) key;
  if (entry->is_right)
    g_ptr_array_add (facts->rights, (gpointer) &entry->right);
  else
    facts->known = &entry->member;
}

void
state_facts (Person *person, PlanFacts *out)
{
  const CommandEntry *own = state_member_command (person);
  char first[32];

  *out = (PlanFacts){ .commands = g_ptr_array_new (), .rights = g_ptr_array_new () };
  first_of (person, first);
  lk_table_foreach_of (person->space->commands, state_partition (person), first, add_command, out);
  lk_table_foreach_of (person->space->ledger, state_partition (person), first, add_record, out);
  out->gives_way = person->gives_way;
  if (own == NULL)
    return;
  out->has_member = TRUE;
  out->entitled = own->command.entitled;
  out->email = own->command.email;
  out->address_is_shared = state_is_shared (person->space, &own->command);
}

void
state_facts_clear (PlanFacts *facts)
{
  g_ptr_array_unref (facts->commands);
  g_ptr_array_unref (facts->rights);
}

const CommandEntry *
state_member_command (const Person *person)
{
  char key[32];

  first_of (person, key);
  return lk_table_get (person->space->commands, state_partition (person), key);
}

const LkLedgerMember *
state_member_record (const Person *person)
{
  char key[32];
  const LedgerEntry *entry;

  first_of (person, key);
  entry = lk_table_get (person->space->ledger, state_partition (person), key);
  return entry == NULL ? NULL : &entry->member;
}

static void
newest_entry (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const CommandEntry **newest = data, *command = entry;

  (void) table;
  (void) partition;
  (void) key;
  if (*newest == NULL
      || lk_version_compare (command->command.version, (*newest)->command.version) > 0)
    *newest = command;
}

/* Of PERSON's commands the one of the highest version; NULL: none. */
static const CommandEntry *
newest_of (const Person *person)
{
  const CommandEntry *newest = NULL;
  char first[32];

  first_of (person, first);
  lk_table_foreach_of (person->space->commands, state_partition (person), first, newest_entry,
                       &newest);
  return newest;
}

LkVersion
state_newest_version (const Person *person)
{
  const CommandEntry *newest = newest_of (person);

  return newest == NULL ? (LkVersion){ 0, 0 } : newest->command.version;
}

gboolean
state_trace (const Person *person, char out[LK_TRACEPARENT])
{
  const CommandEntry *newest = newest_of (person);

  out[0] = '\0';
  if (newest != NULL && newest->traceparent[0] != '\0')
    lk_trace_child (out, newest->traceparent, strlen (newest->traceparent),
                    person->space->ce_source);
  return out[0] != '\0';
}

static void
newest_command (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  LkTime *newest = data;

  (void) table;
  (void) partition;
  (void) key;
  *newest = MAX (*newest, ((const CommandEntry *) entry)->at);
}

gboolean
state_block_is_stale (const Person *person)
{
  const StateSpace *space = person->space;
  const LkRules *rules = lk_table_get (space->rules, 0, space->config->code);
  LkTime newest = rules == NULL ? 0 : rules->rules_version; /* it is the time of its making */
  const LedgerEntry *entry;
  char first[32];

  first_of (person, first);
  entry = lk_table_get (space->ledger, state_partition (person), first);
  if (entry == NULL || entry->is_right || entry->member.n_blocked == 0)
    return FALSE;
  lk_table_foreach_of (space->commands, state_partition (person), first, newest_command, &newest);
  return newest > entry->at;
}

const LkRight *
state_right (const Person *person, const char *key)
{
  const LedgerEntry *entry = lk_table_get (person->space->ledger, state_partition (person), key);

  return entry == NULL || !entry->is_right ? NULL : &entry->right;
}

gint64
state_intent_age (const Person *person, const LkRight *right)
{
  char key[LK_KEY_MAX];
  const LedgerEntry *entry;

  if (right != NULL)
    state_right_key (person, right, key);
  else
    first_of (person, key);
  entry = lk_table_get (person->space->ledger, state_partition (person), key);
  return entry == NULL
             ? 0
             : lk_clock_steady (lk_program_clock (person->space->state->program)) - entry->seen_at;
}

void
state_right_key (const Person *person, const LkRight *right, char key[LK_KEY_MAX])
{
  g_snprintf (key, LK_KEY_MAX, "%" G_GINT64_FORMAT "/%s", person->member, right->right);
}

gboolean
state_knows_right_id (const Person *person, gint64 right_id, const char *key)
{
  PlanFacts facts;
  gboolean known = FALSE;
  char own[LK_KEY_MAX];

  const Person *owner = state_right_owner (person->space->state, right_id);

  if (owner != NULL && owner != person
      && (owner->space != person->space || owner->member != person->member))
    return TRUE;
  state_facts ((Person *) person, &facts);
  for (guint i = 0; i < facts.rights->len && !known; i++)
    {
      const LkRight *right = facts.rights->pdata[i];
      state_right_key (person, right, own);
      known = right->right_id == right_id && !g_str_equal (own, key);
    }
  state_facts_clear (&facts);
  return known;
}

StateSpace *
state_space (const State *state, const char *code)
{
  for (guint i = 0; i < state->spaces->len; i++)
    if (g_str_equal (((StateSpace *) state->spaces->pdata[i])->config->code, code))
      return state->spaces->pdata[i];
  return NULL;
}

const LkRules *
state_rules (const State *state, const char *code)
{
  const StateSpace *space = state_space (state, code);

  return space == NULL ? NULL : lk_table_get (space->rules, 0, code);
}

GArray *
state_mapped_groups (const State *state)
{
  GArray *groups = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < state->spaces->len; i++)
    {
      const StateSpace *space = state->spaces->pdata[i];
      const LkRules *rules = state_rules (state, space->config->code);
      for (guint m = 0; rules != NULL && m < rules->n_mappings; m++)
        for (guint g = 0; g < rules->mappings[m].n_groups; g++)
          g_array_append_val (groups, rules->mappings[m].groups[g].id);
    }
  return groups;
}

gboolean
state_claims_window (Person *person, gint64 group, LkWindow window, LkTime now)
{
  g_autoptr (GArray) wanted = NULL;
  gboolean found = FALSE;
  PlanFacts facts;

  state_facts (person, &facts);
  wanted = plan_windows (&facts, group, now);
  state_facts_clear (&facts);
  for (guint i = 0; i < wanted->len && !found; i++)
    found = plan_window_serves (window, g_array_index (wanted, LkWindow, i), now);
  return found;
}

StateSpace *
state_space_of_group (const State *state, gint64 group)
{
  for (guint i = 0; i < state->spaces->len; i++)
    {
      StateSpace *space = state->spaces->pdata[i];
      const LkRules *rules = lk_table_get (space->rules, 0, space->config->code);
      if (rules != NULL && lk_rules_has_group (rules, group))
        return space;
    }
  return NULL;
}

typedef struct
{
  gint64 group;
  GArray *rights;
} Collect;

static void
collect_right (LkTable *table, gint32 partition, const char *key, gpointer data, gpointer user)
{
  const LedgerEntry *entry = data;
  const Collect *collect = user;
  const DriftRight right = { &entry->right, entry->at };

  (void) table;
  (void) partition;
  (void) key;
  if (entry->is_right && (collect->group == 0 || entry->right.group_id == collect->group))
    g_array_append_val (collect->rights, right);
}

GArray *
state_rights (const StateSpace *space, gint64 group)
{
  Collect collect = { group, g_array_new (FALSE, FALSE, sizeof (DriftRight)) };

  lk_table_foreach (space->ledger, collect_right, &collect);
  return collect.rights;
}

GArray *
state_rights_of (const Person *person)
{
  Collect collect = { 0, g_array_new (FALSE, FALSE, sizeof (DriftRight)) };
  char first[32];

  first_of (person, first);
  lk_table_foreach_of (person->space->ledger, state_partition (person), first, collect_right,
                       &collect);
  return collect.rights;
}

/* --- sweeping -------------------------------------------------------------------------------- */

typedef struct
{
  LkTime before;
  GPtrArray *keys;
} Sweep;

static void
sweep_entry (LkTable *table, gint32 partition, const char *key, gpointer data, gpointer user)
{
  const LedgerEntry *entry = data;
  Sweep *sweep = user;

  if (lk_table_owns (table, partition) && entry->is_right && entry->right.state == LK_RIGHT_ENDED
      && MAX (entry->at, entry->right.ended_at) < sweep->before)
    g_ptr_array_add (sweep->keys, g_strdup (key));
}

void
state_sweep (State *state)
{
  LkTime now = lk_clock_wall (lk_program_clock (state->program));

  for (guint i = 0; i < state->spaces->len; i++)
    {
      StateSpace *space = state->spaces->pdata[i];
      g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
      Sweep sweep = { now - ENDED_MS, keys };

      if (space->refusal != NULL)
        continue;
      lk_table_foreach (space->ledger, sweep_entry, &sweep);
      for (guint k = 0; k < keys->len; k++)
        /* A failure leaves it for the next sweep. */
        (void) lk_table_put (space->ledger,
                             lk_partition_of_member (state_member_of_key (keys->pdata[k]),
                                                     space->config->partitions),
                             keys->pdata[k], NULL, 0, NULL, NULL, NULL, NULL);
    }
}
