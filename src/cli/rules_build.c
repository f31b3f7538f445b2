/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Mappings by name → rules by id (design §10: a pass, resource or group is named exactly or as
 * id:123; a group is looked up as prefix + name, then as written; two hits are an error).
 */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

CliThing *
cli_thing_new (gint64 id, const char *name, gint64 where)
{
  CliThing *thing = g_new (CliThing, 1);

  *thing = (CliThing){ id, g_strdup (name), where, FALSE };
  return thing;
}

static void problem (GPtrArray *problems, const LkConfigMapping *mapping, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
problem (GPtrArray *problems, const LkConfigMapping *mapping, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (problems, g_strdup_printf ("line %u: %s", mapping->line, text));
}

/* "id:123" → 123, else 0. */
static gint64
id_of (const char *word)
{
  char *end = NULL;
  gint64 id;

  if (!g_str_has_prefix (word, "id:"))
    return 0;
  id = g_ascii_strtoll (word + 3, &end, 10);
  return *end == '\0' && id > 0 ? id : 0;
}

static const char *
near_name (const GPtrArray *things, const char *word)
{
  g_autofree const char **names = g_new (const char *, things->len + 1);

  for (guint i = 0; i < things->len; i++)
    names[i] = ((CliThing *) things->pdata[i])->name;
  return lk_nearest (word, names, things->len);
}

const CliThing *
cli_catalog_find (const GPtrArray *things, const char *name, gint64 where, guint *out_hits)
{
  const CliThing *here = NULL, *any = NULL;
  guint n_here = 0, n_any = 0;

  for (guint i = 0; i < things->len; i++)
    {
      const CliThing *thing = things->pdata[i];
      if (!g_str_equal (thing->name, name))
        continue;
      any = thing;
      n_any++;
      if (where != 0 && thing->where == where)
        {
          here = thing;
          n_here++;
        }
    }
  *out_hits = n_here > 0 ? n_here : n_any;
  return n_here > 0 ? here : any;
}

static const CliThing *
find_id (const GPtrArray *things, gint64 id)
{
  for (guint i = 0; i < things->len; i++)
    if (((CliThing *) things->pdata[i])->id == id)
      return things->pdata[i];
  return NULL;
}

static const CliThing *
find_what (const LkConfigSpace *space, const LkConfigMapping *mapping, const CliCatalog *catalog,
           GPtrArray *problems)
{
  gboolean is_pass = mapping->kind == LK_MAPPING_PASS;
  const char *word = is_pass ? "pass" : "resource";
  const GPtrArray *things = is_pass ? catalog->pass_types : catalog->resources;
  const CliThing *thing;
  guint hits = 0;

  if (id_of (mapping->what) != 0)
    {
      thing = find_id (things, id_of (mapping->what));
      if (thing == NULL)
        problem (problems, mapping, "%s '%s': Nexudus has none with that id", word, mapping->what);
      return thing;
    }
  thing = cli_catalog_find (things, mapping->what, space->business, &hits);
  if (hits > 1)
    {
      problem (problems, mapping, "%s '%s': Nexudus has %u of that name; say id:NUMBER", word,
               mapping->what, hits);
      return NULL;
    }
  if (thing == NULL)
    {
      const char *near = near_name (things, mapping->what);
      if (near != NULL)
        problem (problems, mapping, "%s '%s': not in Nexudus (did you mean '%s'?)", word,
                 mapping->what, near);
      else
        problem (problems, mapping, "%s '%s': not in Nexudus", word, mapping->what);
    }
  return thing;
}

static const CliThing *
group_by_id (const LkConfigMapping *mapping, const char *word, const CliCatalog *catalog,
             GPtrArray *problems)
{
  const CliThing *group = find_id (catalog->groups, id_of (word));

  if (group == NULL)
    problem (problems, mapping, "group '%s': this KISI key sees none with that id", word);
  return group;
}

static const CliThing *
group_by_name (const LkConfigSpace *space, const LkConfigMapping *mapping, const char *word,
               const CliCatalog *catalog, GPtrArray *problems)
{
  g_autofree char *prefixed = g_strconcat (space->group_prefix, word, NULL);
  const CliThing *group;
  const char *near;
  guint hits = 0;

  group = cli_catalog_find (catalog->groups, prefixed, space->place, &hits);
  if (group == NULL && *space->group_prefix != '\0')
    group = cli_catalog_find (catalog->groups, word, space->place, &hits);
  if (hits > 1)
    {
      problem (problems, mapping, "group '%s': KISI has %u of that name; say id:NUMBER", word,
               hits);
      return NULL;
    }
  if (group != NULL)
    return group;
  near = near_name (catalog->groups, prefixed);
  if (near == NULL)
    near = near_name (catalog->groups, word);
  if (near != NULL)
    problem (problems, mapping, "group '%s': not in KISI (did you mean '%s'?)", word, near);
  else
    problem (problems, mapping, "group '%s': not in KISI, neither as '%s' nor as written", word,
             prefixed);
  return NULL;
}

static const CliThing *
find_group (const LkConfigSpace *space, const LkConfigMapping *mapping, const char *word,
            const CliCatalog *catalog, GPtrArray *problems)
{
  const CliThing *group = id_of (word) != 0
                              ? group_by_id (mapping, word, catalog, problems)
                              : group_by_name (space, mapping, word, catalog, problems);

  if (group == NULL || group->where == 0 || group->where == space->place)
    return group;
  problem (problems, mapping,
           "group '%s': it is of place %" G_GINT64_FORMAT ", this space is place %" G_GINT64_FORMAT,
           word, group->where, space->place);
  return NULL;
}

const CliThing *
cli_mapping_resolve (const LkConfigSpace *space, const LkConfigMapping *mapping,
                     const CliCatalog *catalog, GPtrArray *out_groups, GPtrArray *problems)
{
  const CliThing *what = find_what (space, mapping, catalog, problems);

  for (char **word = mapping->groups; *word != NULL; word++)
    {
      const CliThing *group = find_group (space, mapping, *word, catalog, problems);
      if (group != NULL && !g_ptr_array_find (out_groups, group, NULL))
        g_ptr_array_add (out_groups, (gpointer) group);
    }
  return what;
}

static void
add_mapping (LkRules *rules, const LkConfigSpace *space, const LkConfigMapping *from,
             const CliCatalog *catalog, GPtrArray *problems)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new ();
  const CliThing *what = cli_mapping_resolve (space, from, catalog, groups, problems);
  LkMapping mapping
      = { .target = from->kind == LK_MAPPING_PASS ? LK_TARGET_PASS_TYPE : LK_TARGET_RESOURCE,
          .lead_s = from->lead < 0 ? -1 : from->lead / LK_SECOND };

  mapping.groups = g_new0 (LkGroup, groups->len);
  for (guint i = 0; i < groups->len; i++)
    {
      const CliThing *group = groups->pdata[i];
      mapping.groups[mapping.n_groups++] = (LkGroup){ group->id, g_strdup (group->name) };
    }
  if (what != NULL)
    {
      mapping.id = what->id;
      mapping.name = g_strdup (what->name);
      for (guint i = 0; i < rules->n_mappings; i++)
        if (rules->mappings[i].target == mapping.target && rules->mappings[i].id == mapping.id)
          problem (problems, from, "'%s' is mapped twice; name all its groups in one mapping",
                   from->what);
    }
  rules->mappings[rules->n_mappings++] = mapping;
}

static int
by_target_and_id (gconstpointer a, gconstpointer b)
{
  const LkMapping *x = a, *y = b;

  if (x->target != y->target)
    return x->target < y->target ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

LkRules *
cli_rules_build (const LkConfig *config, const LkConfigSpace *space, const CliCatalog *catalog,
                 gint64 rules_version, GPtrArray *problems)
{
  g_autoptr (LkRules) rules = g_new0 (LkRules, 1);
  guint before = problems->len;

  rules->space = g_strdup (space->code);
  rules->rules_version = rules_version;
  rules->decider = LK_DECIDER;
  rules->time_zone = g_strdup (lk_zone_name (space->zone));
  rules->zone = lk_zone_new (rules->time_zone, NULL);
  rules->day_cutoff = space->day_cutoff;
  rules->lead_s = space->lead / LK_SECOND;
  rules->grace_s = space->grace / LK_SECOND;
  rules->tentative = space->tentative;
  rules->expire_instant = space->expire_instant;
  rules->mappings = g_new0 (LkMapping, space->n_mappings);
  for (guint i = 0; i < space->n_mappings; i++)
    add_mapping (rules, space, &space->mappings[i], catalog, problems);
  if (problems->len > before)
    return NULL;
  if (rules->n_mappings > 1)
    qsort (rules->mappings, rules->n_mappings, sizeof *rules->mappings, by_target_and_id);
  return g_steal_pointer (&rules);
}
