/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What needs more than one value: accounts and spaces named once, references to accounts, doors
 * that two spaces would fight over, Kafka's security, and the secrets' files. Each looks only at
 * what the walk could read, so that one mistake is one problem.
 */
#include "walk.h"

#include <string.h>
#include <sys/stat.h>

/* --- kafka.properties ------------------------------------------------------------------------- */

static const struct
{
  const char *key, *why;
} refused[] = {
  { "group.id", "each program has its own group, made from kafka.topic_prefix" },
  { "enable.auto.commit", "an offset is committed once what it caused is safe in Kafka" },
  { "auto.commit.enable", "an offset is committed once what it caused is safe in Kafka" },
  { "enable.auto.offset.store", "an offset is stored once what it caused is safe in Kafka" },
  { "auto.offset.reset", "tables are always read from the beginning" },
  { "partition.assignment.strategy", "ownership rests on eager roundrobin" },
  { "acks", "a record counts only once all replicas have it" },
  { "request.required.acks", "a record counts only once all replicas have it" },
  { "enable.idempotence", "without it a retry could reorder the records of a key" },
  { "partitioner", "all programs place a member by murmur2 of its id" },
  { "isolation.level", "nothing here is written in transactions" },
  { "bootstrap.servers", "set kafka.brokers" },
  { "metadata.broker.list", "set kafka.brokers" },
  { "enable.ssl.certificate.verification", "TLS verification has no switch" },
  { "ssl.endpoint.identification.algorithm", "TLS verification has no switch" },
};

const char *
lk_check_property (const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (g_str_equal (refused[i].key, key))
      return refused[i].why;
  return NULL;
}

static void
check_kafka (LkWalk *walk)
{
  const LkConfigKafka *kafka = &walk->config->kafka;
  static const char path[] = "kafka.properties.security.protocol";

  /* Without a kafka section that is the problem, and it is already told. */
  if (walk->dev || lk_walk_mark (walk, "kafka") == NULL || lk_walk_is_broken (walk, path))
    return;
  for (guint i = 0; i < kafka->n_properties; i++)
    if (g_str_equal (kafka->properties[i].key, "security.protocol"))
      {
        if (g_ascii_strcasecmp (kafka->properties[i].value, "ssl") != 0
            && g_ascii_strcasecmp (kafka->properties[i].value, "sasl_ssl") != 0)
          lk_walk_problem (walk, path,
                           "Kafka in plain text: expected ssl or sasl_ssl (dev: true "
                           "allows others)");
        return;
      }
  if (lk_walk_mark (walk, path) == NULL)
    lk_walk_problem (walk, path,
                     "missing, so Kafka would be in plain text: expected ssl or sasl_ssl "
                     "(dev: true allows it)");
}

/* --- once only -------------------------------------------------------------------------------- */

/* What was claimed by whom. */
static GHashTable *
claims_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* The path that has KEY already, or NULL, and PATH has it from now on. Takes KEY. */
static const char *
claim (GHashTable *claims, char *key, const char *path)
{
  const char *first = g_hash_table_lookup (claims, key);

  if (first == NULL)
    g_hash_table_insert (claims, key, g_strdup (path));
  else
    g_free (key);
  return first;
}

static guint
line_of (const LkWalk *walk, const char *path)
{
  const LkMark *mark = lk_walk_mark (walk, path);

  return mark == NULL ? 0 : mark->line;
}

static void
check_name (
    LkWalk *walk, GHashTable *names, const char *list, guint i, const char *field, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s[%u].%s", list, i, field);
  const char *first;
  guint line;

  if (name == NULL || lk_walk_is_broken (walk, path))
    return;
  first = claim (names, g_strdup (name), path);
  if (first == NULL)
    return;
  line = line_of (walk, first);
  if (line != 0)
    lk_walk_problem (walk, path, "'%s' is taken (line %u): each %s has its own", name, line,
                     g_str_equal (field, "code") ? "space" : "account");
  else /* the first has its name by default */
    lk_walk_problem (walk, path,
                     "'%s' is taken, by the account that has no name of its own: each "
                     "account has its own",
                     name);
}

static void
check_names (LkWalk *walk)
{
  const LkConfig *config = walk->config;
  g_autoptr (GHashTable) nexudus = claims_new (), kisi = claims_new (), spaces = claims_new ();

  for (guint i = 0; i < config->n_nexudus; i++)
    check_name (walk, nexudus, "nexudus", i, "account", config->nexudus[i].account);
  for (guint i = 0; i < config->n_kisi; i++)
    check_name (walk, kisi, "kisi", i, "account", config->kisi[i].account);
  for (guint i = 0; i < config->n_spaces; i++)
    check_name (walk, spaces, "spaces", i, "code", config->spaces[i].code);
}

/* --- references ------------------------------------------------------------------------------- */

/* Some account has a name that could not be read, so that what is not found may be that one. */
static gboolean
is_unclear (const LkWalk *walk, const char *list, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s[%u].account", list, i);

      if (lk_walk_is_broken (walk, path))
        return TRUE;
    }
  return FALSE;
}

/* The index of the account that a space means, or -1 with a problem where there is one to tell. */
static int
resolve (LkWalk *walk, guint space, const char *list, char **names, guint n)
{
  g_autofree char *path = g_strdup_printf ("spaces[%u].%s", space, list);
  const char *wanted = g_hash_table_lookup (walk->references, path);
  g_autofree char *all = g_strjoinv (", ", names);
  const char *near;

  if (wanted == NULL)
    {
      if (lk_walk_is_broken (walk, path) || n == 0)
        return -1;
      if (n > 1 && !is_unclear (walk, list, n))
        lk_walk_problem (walk, path, "missing: there are several accounts (%s)", all);
      return n == 1 ? 0 : -1;
    }
  for (guint i = 0; i < n; i++)
    if (g_str_equal (names[i], wanted))
      return (int) i;
  if (n == 0 || is_unclear (walk, list, n))
    return -1;
  near = lk_nearest (wanted, (const char *const *) names, n);
  if (near != NULL)
    lk_walk_problem (walk, path, "no account '%s' under %s (did you mean '%s'?)", wanted, list,
                     near);
  else
    lk_walk_problem (walk, path, "no account '%s' under %s: expected one of %s", wanted, list, all);
  return -1;
}

static void
resolve_accounts (LkWalk *walk)
{
  LkConfig *config = walk->config;
  g_auto (GStrv) nexudus = g_new0 (char *, config->n_nexudus + 1);
  g_auto (GStrv) kisi = g_new0 (char *, config->n_kisi + 1);

  for (guint i = 0; i < config->n_nexudus; i++)
    nexudus[i] = g_strdup (config->nexudus[i].account);
  for (guint i = 0; i < config->n_kisi; i++)
    kisi[i] = g_strdup (config->kisi[i].account);
  for (guint i = 0; i < config->n_spaces; i++)
    {
      int at = resolve (walk, i, "nexudus", nexudus, config->n_nexudus);

      config->spaces[i].nexudus = at < 0 ? NULL : &config->nexudus[at];
      at = resolve (walk, i, "kisi", kisi, config->n_kisi);
      config->spaces[i].kisi = at < 0 ? NULL : &config->kisi[at];
      if (config->spaces[i].name == NULL)
        config->spaces[i].name = g_strdup (config->spaces[i].code);
    }
}

/* --- one door, one space ---------------------------------------------------------------------- */

static void
check_places (LkWalk *walk)
{
  const LkConfig *config = walk->config;
  g_autoptr (GHashTable) claims = claims_new ();

  for (guint i = 0; i < config->n_spaces; i++)
    {
      const LkConfigSpace *space = &config->spaces[i];
      g_autofree char *place = g_strdup_printf ("spaces[%u].place", i);
      g_autofree char *business = g_strdup_printf ("spaces[%u].business", i);
      const char *first = NULL;

      if (space->kisi != NULL && space->place > 0)
        first = claim (
            claims, g_strdup_printf ("k/%p/%" G_GINT64_FORMAT, space->kisi, space->place), place);
      if (first != NULL)
        lk_walk_problem (walk, place,
                         "the same place as another space's of KISI account '%s' (line "
                         "%u)",
                         space->kisi->account, line_of (walk, first));
      first = NULL;
      if (space->nexudus != NULL && space->business > 0)
        first = claim (claims,
                       g_strdup_printf ("n/%p/%" G_GINT64_FORMAT, space->nexudus, space->business),
                       business);
      if (first != NULL)
        lk_walk_problem (walk, business,
                         "the same business as another space's of Nexudus account "
                         "'%s' (line %u)",
                         space->nexudus->account, line_of (walk, first));
    }
}

typedef struct
{
  guint space;
  char *path;
} GroupOwner;

static void
group_owner_free (gpointer data)
{
  GroupOwner *owner = data;

  g_free (owner->path);
  g_free (owner);
}

/* A group opens the same doors whoever maps it, so that a second space would open the first one's.
 * What is told here is what the text shows; `rules plan` looks the groups up and tells the rest. */
static void
check_group (LkWalk *walk, GHashTable *owners, guint i, const char *group, const char *path)
{
  const LkConfigSpace *space = &walk->config->spaces[i];
  const char *prefix
      = g_str_has_prefix (group, "id:") || space->group_prefix == NULL ? "" : space->group_prefix;
  g_autofree char *key = g_strdup_printf ("%p/%s%s", space->kisi, prefix, group);
  const GroupOwner *first = g_hash_table_lookup (owners, key);

  if (first == NULL)
    {
      GroupOwner *owner = g_new (GroupOwner, 1);

      *owner = (GroupOwner){ i, g_strdup (path) };
      g_hash_table_insert (owners, g_steal_pointer (&key), owner);
    }
  else if (first->space != i)
    lk_walk_problem (walk, path,
                     "'%s%s' serves another space (line %u): one group per space, same "
                     "door",
                     prefix, group, line_of (walk, first->path));
}

static void
check_mapping (LkWalk *walk, GHashTable *claims, const LkConfigMapping *mapping, const char *path)
{
  g_autofree char *pass = g_strdup_printf ("%s.pass", path);
  g_autofree char *resource = g_strdup_printf ("%s.resource", path);
  g_autofree char *lead = g_strdup_printf ("%s.lead", path);
  gboolean has_pass = lk_walk_mark (walk, pass) != NULL;
  gboolean has_resource = lk_walk_mark (walk, resource) != NULL;
  const char *at = has_pass ? pass : resource, *first;

  if (has_pass && has_resource)
    lk_walk_problem (walk, path, "pass and resource in one mapping: make it two");
  else if (!has_pass && !has_resource && !lk_walk_is_broken (walk, path))
    lk_walk_problem (walk, path, "missing: either pass or resource");
  else if (has_pass && lk_walk_mark (walk, lead) != NULL)
    lk_walk_problem (walk, lead, "only a resource has a lead: a pass opens from its creation");
  if (has_pass == has_resource || mapping->what == NULL)
    return;
  first = claim (claims, g_strdup_printf ("%d/%s", mapping->kind, mapping->what), at);
  if (first != NULL)
    lk_walk_problem (walk, at, "'%s' is mapped already (line %u): name all its groups there",
                     mapping->what, line_of (walk, first));
}

static void
check_mappings (LkWalk *walk)
{
  const LkConfig *config = walk->config;
  g_autoptr (GHashTable) owners
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, group_owner_free);

  for (guint i = 0; i < config->n_spaces; i++)
    {
      const LkConfigSpace *space = &config->spaces[i];
      g_autoptr (GHashTable) claims = claims_new ();

      for (guint j = 0; j < space->n_mappings; j++)
        {
          const LkConfigMapping *mapping = &space->mappings[j];
          g_autofree char *path = g_strdup_printf ("spaces[%u].mappings[%u]", i, j);

          check_mapping (walk, claims, mapping, path);
          for (guint k = 0;
               space->kisi != NULL && mapping->groups != NULL && mapping->groups[k] != NULL; k++)
            {
              g_autofree char *group = g_strdup_printf ("%s.groups[%u]", path, k);

              check_group (walk, owners, i, mapping->groups[k], group);
            }
        }
    }
}

void
lk_check_all (LkWalk *walk)
{
  check_kafka (walk);
  check_names (walk);
  resolve_accounts (walk);
  check_places (walk);
  check_mappings (walk);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static void
check_secret (LkWalk *walk, const char *list, guint i, const char *field, const char *file)
{
  g_autofree char *path = g_strdup_printf ("%s[%u].%s", list, i, field);
  struct stat status;

  if (file != NULL && stat (file, &status) == 0 && (status.st_mode & S_IROTH) != 0)
    lk_walk_problem (walk, path, "'%s' is readable by everyone: chmod o-r it", file);
}

void
lk_check_secrets (LkWalk *walk, LkSecretUse secrets)
{
  const LkConfig *config = walk->config;

  for (guint i = 0; (secrets & LK_SECRET_NEXUDUS) != 0 && i < config->n_nexudus; i++)
    check_secret (walk, "nexudus", i, "password_file", config->nexudus[i].password_file);
  for (guint i = 0; (secrets & LK_SECRET_KISI) != 0 && i < config->n_kisi; i++)
    check_secret (walk, "kisi", i, "key_file", config->kisi[i].key_file);
}
