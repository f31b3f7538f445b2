/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Writing commands.
 */
#include "worker.h"

#include "truth.h"

#include <latchkey/model/command.h>
#include <latchkey/model/rules.h>
#include <stdlib.h>
#include <string.h>

struct _SimWorker
{
  SimWorld *world;
  GHashTable *written; /* topic and key of a command → its newest value (owned) */
  GHashTable *members; /* "space/member" → address (owned, or NULL), of the newest command */
  gint64 revision;     /* of the newest command */
  gint64 rules_version;
};

SimWorker *
sim_worker_new (SimWorld *world)
{
  SimWorker *worker = g_new0 (SimWorker, 1);

  worker->world = world;
  worker->written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  worker->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return worker;
}

static char *
topic_of (LkKind kind, guint space)
{
  return lk_topic_name ("latchkey", kind, sim_spaces[space]);
}

static SimLog *
log_of (SimWorker *worker, LkKind kind, guint space, gint64 member)
{
  g_autofree char *topic = topic_of (kind, space);

  return sim_broker_log (worker->world->broker, topic, lk_partition_of_member (member, 2));
}

static void
put (SimWorker *worker, guint space, gint64 member, const char *key, const char *value)
{
  SimLog *log = log_of (worker, LK_KIND_COMMANDS, space, member);

  sim_note (worker->world, "worker     writes %s %s = %s", sim_log_topic (log), key,
            value == NULL ? "(tombstone)" : value);
  (void) sim_log_append (log, key, strlen (key), value, value == NULL ? 0 : strlen (value));
}

static char *
name_of (guint space, const char *key)
{
  return g_strdup_printf ("%u/%s", space, key);
}

static LkVersion
next_version (SimWorker *worker)
{
  worker->revision = MAX (worker->revision + 1, worker->world->now);
  return (LkVersion){ worker->revision, worker->rules_version };
}

static void
write_command (SimWorker *worker, guint space, LkCommand *command, gboolean remember)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char key[LK_KEY_MAX];

  command->space = (char *) sim_spaces[space];
  lk_command_write (command, text);
  (void) lk_command_key (command, key);
  if (remember)
    g_hash_table_replace (worker->written, name_of (space, key), g_strdup (text->str));
  put (worker, space, command->member, key, text->str);
}

static int
by_group (gconstpointer a, gconstpointer b)
{
  const LkClaim *x = a, *y = b;

  return x->group_id < y->group_id ? -1 : x->group_id > y->group_id;
}

static void
give (SimWorker *worker, const SimEvent *event, LkVersion version, gboolean remember)
{
  LkClaim claims[SIM_CLAIMS];
  LkCommand command = { .kind = event->source <= 3 ? LK_SOURCE_PASS : LK_SOURCE_BOOKING,
                        .member = event->member,
                        .source_id = event->source,
                        .version = version,
                        .claims = claims,
                        .n_claims = event->n_claims,
                        .why = LK_WHY_UNUSED };

  for (guint i = 0; i < event->n_claims; i++)
    {
      const SimGift *gift = &event->claims[i];
      LkTime begin = SIM_START + event->at;
      claims[i] = (LkClaim){ sim_group_id (event->space, gift->group),
                             { begin + gift->from,
                               gift->until == LK_TIME_NONE ? LK_TIME_NONE : begin + gift->until } };
    }
  qsort (claims, event->n_claims, sizeof *claims, by_group);
  write_command (worker, event->space, &command, remember);
}

static char *
source_key (const SimEvent *event)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT "/%s/%" G_GINT64_FORMAT, event->member,
                          event->source <= 3 ? "pass" : "booking", event->source);
}

const char *
sim_worker_address (SimWorker *worker, guint space, gint64 member)
{
  g_autofree char *name = g_strdup_printf ("%u/%" G_GINT64_FORMAT, space, member);

  return g_hash_table_lookup (worker->members, name);
}

gboolean
sim_worker_knows (SimWorker *worker, guint space, gint64 member)
{
  g_autofree char *name = g_strdup_printf ("%u/%" G_GINT64_FORMAT, space, member);

  return g_hash_table_contains (worker->members, name);
}

static void
write_member (SimWorker *worker, guint space, gint64 member, const char *address, gboolean entitled)
{
  LkCommand command = { .kind = LK_SOURCE_MEMBER,
                        .member = member,
                        .version = next_version (worker),
                        .email = (char *) address,
                        .name = (char *) "Somebody",
                        .entitled = entitled,
                        .why = entitled ? LK_WHY_ENTITLED : LK_WHY_SUSPENDED };
  g_autofree char *name = g_strdup_printf ("%u/%" G_GINT64_FORMAT, space, member);

  g_hash_table_replace (worker->members, g_steal_pointer (&name), g_strdup (address));
  write_command (worker, space, &command, TRUE);
}

/* One member has one address in all spaces. */
void
sim_worker_set_member (SimWorker *worker, const SimEvent *event)
{
  g_autofree char *address = sim_address (event->member, event->b);
  const char *former = sim_worker_address (worker, event->space, event->member);

  if (!event->a)
    sim_count (worker->world, SIM_FAULT_LEFT);
  if (former != NULL && address != NULL && strcmp (former, address) != 0)
    sim_count (worker->world, SIM_FAULT_ADDRESS_CHANGED);
  for (guint space = 0; space < SIM_SPACES; space++)
    if (space == event->space || sim_worker_knows (worker, space, event->member))
      write_member (worker, space, event->member, address, event->a != 0);
  if (address != NULL && sim_truth_was_shared (worker->world->truth, address))
    sim_count (worker->world, SIM_FAULT_ADDRESS_SHARED);
}

gboolean
sim_worker_gives_nothing (SimWorker *worker, const SimEvent *event)
{
  g_autofree char *key = source_key (event);
  g_autofree char *name = name_of (event->space, key);
  const char *value = g_hash_table_lookup (worker->written, name);

  return value != NULL && strstr (value, "\"claims\":[]") != NULL;
}

void
sim_worker_forget (SimWorker *worker, const SimEvent *event)
{
  g_autofree char *key = source_key (event);
  g_autofree char *name = name_of (event->space, key);

  (void) g_hash_table_remove (worker->written, name);
  put (worker, event->space, event->member, key, NULL);
}

/* The keys of what stands of MEMBER in SPACE. */
static GPtrArray *
keys_of (SimWorker *worker, guint space, gint64 member)
{
  g_autofree char *own = g_strdup_printf ("%u/%" G_GINT64_FORMAT, space, member);
  g_autofree char *first = g_strconcat (own, "/", NULL);
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, worker->written);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (g_str_equal (name, own) || g_str_has_prefix (name, first))
      g_ptr_array_add (keys, g_strdup (strchr (name, '/') + 1));
  return keys;
}

gboolean
sim_worker_gives (SimWorker *worker, guint space, gint64 member)
{
  g_autoptr (GPtrArray) keys = keys_of (worker, space, member);

  return keys->len > 0;
}

void
sim_worker_erase (SimWorker *worker, guint space, gint64 member)
{
  g_autoptr (GPtrArray) keys = keys_of (worker, space, member);
  g_autofree char *own = g_strdup_printf ("%u/%" G_GINT64_FORMAT, space, member);
  const char *value = g_hash_table_lookup (worker->written, own);

  if (value == NULL || strstr (value, "\"entitled\":false") == NULL)
    return;
  for (guint i = 0; i < keys->len; i++)
    {
      g_autofree char *name = name_of (space, keys->pdata[i]);
      (void) g_hash_table_remove (worker->written, name);
      put (worker, space, member, keys->pdata[i], NULL);
    }
  (void) g_hash_table_remove (worker->members, own);
}

typedef struct
{
  SimWorker *worker;
  const SimEvent *event;
} Repair;

/* The worker that owns the partition sees the loser, and writes the winner again. */
static void
repair (gpointer data)
{
  g_autofree Repair *late = data;
  const SimEvent *event = late->event;
  g_autofree char *key = source_key (event);
  g_autofree char *name = name_of (event->space, key);
  const char *value = g_hash_table_lookup (late->worker->written, name);

  if (value != NULL)
    put (late->worker, event->space, event->member, key, value);
}

void
sim_worker_write_late (SimWorker *worker, const SimEvent *event)
{
  g_autofree char *key = source_key (event);
  g_autofree char *name = name_of (event->space, key);
  Repair *late;

  if (!g_hash_table_contains (worker->written, name))
    return;
  sim_count (worker->world, SIM_FAULT_LATE_COMMAND);
  give (worker, event, (LkVersion){ SIM_START - 1, worker->rules_version }, FALSE);
  late = g_new (Repair, 1);
  *late = (Repair){ worker, event };
  sim_after (worker->world, MIN (event->length, 20 * LK_SECOND), repair, late);
}

void
sim_worker_give (SimWorker *worker, const SimEvent *event)
{
  give (worker, event, next_version (worker), TRUE);
}

void
sim_worker_write_rules (SimWorker *worker, guint space)
{
  g_autofree char *topic = topic_of (LK_KIND_RULES, space);
  g_autoptr (GString) text = g_string_new (NULL);
  LkGroup groups[SIM_GROUPS];
  LkMapping mapping = { .target = LK_TARGET_PASS_TYPE,
                        .id = 3001,
                        .name = (char *) "Day Pass",
                        .groups = groups,
                        .n_groups = SIM_GROUPS,
                        .lead_s = -1 };
  LkRules rules = { .space = (char *) sim_spaces[space],
                    .decider = LK_DECIDER,
                    .time_zone = (char *) "Etc/UTC", /* cheap to load */
                    .lead_s = 900,
                    .mappings = &mapping,
                    .n_mappings = 1 };

  for (guint g = 0; g < SIM_GROUPS; g++)
    groups[g] = (LkGroup){ sim_group_id (space, g), (char *) "group" };
  rules.rules_version = worker->rules_version = MAX (worker->rules_version + 1, worker->world->now);
  lk_rules_write (&rules, text);
  (void) sim_log_append (sim_broker_log (worker->world->broker, topic, 0), sim_spaces[space],
                         strlen (sim_spaces[space]), text->str, text->len);
}
