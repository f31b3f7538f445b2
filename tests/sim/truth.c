/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The commands of the log, the highest version of each counting.
 */
#include "truth.h"

#include <latchkey/model/command.h>
#include <string.h>

struct _SimTruth
{
  SimWorld *world;
  const char *const *spaces;
  GPtrArray *people;
};

static LkTime
second (LkTime time, LkTime open)
{
  return time == LK_TIME_NONE ? open : time / LK_SECOND * LK_SECOND;
}

static SimPerson *
person_of (SimTruth *truth, guint space, gint64 member)
{
  SimPerson *person;

  for (guint i = 0; i < truth->people->len; i++)
    {
      person = truth->people->pdata[i];
      if (person->space == space && person->member == member)
        return person;
    }
  person = g_new0 (SimPerson, 1);
  *person
      = (SimPerson){ .space = space,
                     .member = member,
                     .versions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
                     .said = g_ptr_array_new () };
  g_ptr_array_add (truth->people, person);
  return person;
}

/* A copy of what was said last, to be changed. */
static SimSaid *
say_on (SimTruth *truth, SimPerson *person)
{
  SimSaid *said = g_new0 (SimSaid, 1);

  said->since = truth->world->now;
  said->claims = g_array_new (FALSE, FALSE, sizeof (SimClaim));
  if (person->said->len > 0)
    {
      const SimSaid *last = sim_person_now (person);
      said->entitled = last->entitled;
      said->email = g_strdup (last->email);
      if (last->claims->len > 0)
        g_array_append_vals (said->claims, last->claims->data, last->claims->len);
    }
  g_ptr_array_add (person->said, said);
  return said;
}

static void
drop_claims (SimSaid *said, gint64 source)
{
  for (guint i = said->claims->len; i > 0; i--)
    if (g_array_index (said->claims, SimClaim, i - 1).source == source)
      g_array_remove_index (said->claims, i - 1);
}

static gboolean
is_same (const SimSaid *a, const SimSaid *b)
{
  if (a->entitled != b->entitled || g_strcmp0 (a->email, b->email) != 0
      || a->claims->len != b->claims->len)
    return FALSE;
  for (guint i = 0; i < a->claims->len; i++)
    {
      const SimClaim *x = &g_array_index (a->claims, SimClaim, i);
      const SimClaim *y = &g_array_index (b->claims, SimClaim, i);
      if (x->source != y->source || x->group != y->group || x->from != y->from
          || x->until != y->until)
        return FALSE;
    }
  return TRUE;
}

/* The same once more is nothing new. */
static void
settle (SimPerson *person)
{
  guint n = person->said->len;

  if (n > 1 && is_same (person->said->pdata[n - 2], person->said->pdata[n - 1]))
    g_ptr_array_set_size (person->said, (int) n - 1);
}

static void
apply (SimTruth *truth, SimPerson *person, const LkCommand *command)
{
  SimSaid *said = say_on (truth, person);

  if (command->kind == LK_SOURCE_MEMBER)
    {
      said->entitled = command->entitled;
      g_free (said->email);
      said->email = g_strdup (command->email);
      return;
    }
  drop_claims (said, command->source_id);
  for (guint i = 0; i < command->n_claims; i++)
    {
      const LkClaim *from = &command->claims[i];
      const SimClaim claim
          = { command->source_id, from->group_id, second (from->window.from, G_MININT64),
              second (from->window.until, G_MAXINT64) };
      g_array_append_val (said->claims, claim);
    }
}

static void
forget (SimTruth *truth, SimPerson *person, const char *rest)
{
  SimSaid *said = say_on (truth, person);

  if (rest == NULL)
    {
      said->entitled = FALSE;
      g_clear_pointer (&said->email, g_free);
    }
  else
    drop_claims (said, g_ascii_strtoll (strchr (rest, '/') + 1, NULL, 10));
}

static void
appended (SimLog *log, const SimRecord *record, gpointer data)
{
  SimTruth *truth = data;
  const char *scope = NULL, *rest = NULL;
  g_auto (LkCommand) command = { 0 };
  SimPerson *person;
  LkVersion *version;
  LkKind kind;
  gint64 member;
  guint space = 0;

  if (!lk_topic_parse (sim_log_topic (log), "latchkey", &kind, &scope) || kind != LK_KIND_COMMANDS)
    return;
  while (!g_str_equal (truth->spaces[space], scope))
    space++;
  if (!lk_key_parse (record->key, record->key_len, &member, &rest, NULL))
    g_assert_not_reached ();
  person = person_of (truth, space, member);
  if (record->value == NULL)
    {
      (void) g_hash_table_remove (person->versions, record->key);
      forget (truth, person, rest);
      settle (person);
      return;
    }
  if (!lk_command_parse (&command, record->value, record->value_len, NULL))
    g_assert_not_reached ();
  version = g_hash_table_lookup (person->versions, record->key);
  if (version != NULL && lk_version_compare (command.version, *version) < 0)
    return;
  g_hash_table_replace (person->versions, g_strdup (record->key),
                        g_memdup2 (&command.version, sizeof command.version));
  apply (truth, person, &command);
  settle (person);
}

SimTruth *
sim_truth_new (SimWorld *world, SimBroker *broker, const char *const *spaces)
{
  SimTruth *truth = g_new0 (SimTruth, 1);

  truth->world = world;
  truth->spaces = spaces;
  truth->people = g_ptr_array_new ();
  sim_broker_watch (broker, appended, truth);
  return truth;
}

const GPtrArray *
sim_truth_people (const SimTruth *truth)
{
  return truth->people;
}

const SimSaid *
sim_person_now (const SimPerson *person)
{
  return person->said->pdata[person->said->len - 1];
}

gboolean
sim_said_is_under (const SimSaid *said, const char *email)
{
  return said->email != NULL && g_ascii_strcasecmp (said->email, email) == 0;
}

gboolean
sim_person_was_under (const SimPerson *person, const char *email)
{
  for (guint s = 0; s < person->said->len; s++)
    if (sim_said_is_under (person->said->pdata[s], email))
      return TRUE;
  return FALSE;
}

gboolean
sim_said_gives (const SimSaid *said, gint64 group, LkTime at)
{
  for (guint i = 0; said->entitled && i < said->claims->len; i++)
    {
      const SimClaim *claim = &g_array_index (said->claims, SimClaim, i);
      if (claim->group == group && claim->from <= at && at < claim->until)
        return TRUE;
    }
  return FALSE;
}

LkWindow
sim_said_run (const SimSaid *said, gint64 group, LkTime at)
{
  LkTime from = at, until = at;
  gboolean grew = TRUE;

  while (grew)
    {
      grew = FALSE;
      for (guint i = 0; i < said->claims->len; i++)
        {
          const SimClaim *claim = &g_array_index (said->claims, SimClaim, i);
          if (claim->group != group || claim->from >= claim->until || claim->from > until
              || claim->until < from)
            continue;
          grew |= claim->from < from || claim->until > until;
          from = MIN (from, claim->from);
          until = MAX (until, claim->until);
        }
    }
  return (LkWindow){ from == G_MININT64 ? LK_TIME_NONE : from,
                     until == G_MAXINT64 ? LK_TIME_NONE : until };
}

void
sim_said_edges (const SimSaid *said, gint64 group, GArray *at)
{
  for (guint i = 0; i < said->claims->len; i++)
    {
      const SimClaim *claim = &g_array_index (said->claims, SimClaim, i);
      if (claim->group != group)
        continue;
      g_array_append_val (at, claim->from);
      g_array_append_val (at, claim->until);
    }
}

gint64
sim_truth_holder (const SimTruth *truth, const char *email)
{
  gint64 holder = 0;

  for (guint i = 0; i < truth->people->len; i++)
    {
      const SimPerson *person = truth->people->pdata[i];
      const SimSaid *said = sim_person_now (person);
      if (said->entitled && sim_said_is_under (said, email)
          && (holder == 0 || person->member < holder))
        holder = person->member;
    }
  return holder;
}

gboolean
sim_truth_was_shared (const SimTruth *truth, const char *email)
{
  gint64 first = 0;

  for (guint i = 0; i < truth->people->len; i++)
    {
      const SimPerson *person = truth->people->pdata[i];
      if (!sim_person_was_under (person, email))
        continue;
      if (first != 0 && first != person->member)
        return TRUE;
      first = person->member;
    }
  return FALSE;
}
