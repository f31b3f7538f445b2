/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey rules propose`: for every pass type and resource of a space the KISI group that fits. A
 * group is proposed only where somebody has said so, in the configuration or in Nexudus's own
 * screen, or where exactly one has the same name; all else is left to a person, with what is near.
 */
#include "propose.h"

#include "match.h"

#include <stdio.h>

#define NEAR_MAX 3
#define NEAR_LEAST 0.25

/* Pass types and resources alike, as Nexudus has them. */
typedef struct
{
  LkMappingKind kind;
  gint64 id;
  const char *name, *screen; /* screen: KisiGroupId, or NULL */
} What;

static void
proposal_free (gpointer data)
{
  Proposal *proposal = data;

  g_ptr_array_unref (proposal->groups);
  g_array_unref (proposal->near);
  g_ptr_array_unref (proposal->notes);
  g_free (proposal);
}

static void
space_free (gpointer data)
{
  ProposeSpace *space = data;

  g_ptr_array_unref (space->proposals);
  cli_catalog_free (space->catalog);
  g_free (space);
}

/* --- the group that fits ------------------------------------------------------------------------
 */

static gboolean
is_of_place (const ProposeSpace *space, const CliThing *group)
{
  return group->where == 0 || group->where == space->config->place;
}

/* A group's name without the space's prefix. */
static const char *
short_name (const ProposeSpace *space, const CliThing *group)
{
  const char *prefix = space->config->group_prefix;

  return g_str_has_prefix (group->name, prefix) ? group->name + strlen (prefix) : group->name;
}

static const CliThing *
group_of_id (const ProposeSpace *space, gint64 id)
{
  for (guint i = 0; i < space->catalog->groups->len; i++)
    {
      const CliThing *group = space->catalog->groups->pdata[i];
      if (group->id == id && is_of_place (space, group))
        return group;
    }
  return NULL;
}

/* What the configuration says of it; FALSE: nothing that can be followed. */
static gboolean
take_file (const ProposeSpace *space, const What *what, Proposal *proposal)
{
  for (guint i = 0; i < space->config->n_mappings; i++)
    {
      const LkConfigMapping *mapping = &space->config->mappings[i];
      g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GPtrArray) groups = g_ptr_array_new ();
      const CliThing *thing;

      if (mapping->kind != what->kind)
        continue;
      thing = cli_mapping_resolve (space->config, mapping, space->catalog, groups, problems);
      if (thing == NULL || thing->id != what->id)
        continue;
      for (guint p = 0; p < problems->len; p++)
        g_ptr_array_add (proposal->notes, g_strdup (problems->pdata[p]));
      if (problems->len > 0)
        return FALSE;
      g_ptr_array_extend (proposal->groups, groups, NULL, NULL);
      proposal->lead = mapping->lead;
      return TRUE;
    }
  return FALSE;
}

/* KisiGroupId is a text: one id, or several with anything between them. What it names and the key
 * can't see at the place is noted, and then nothing is taken. */
static gboolean
take_screen (const ProposeSpace *space, const What *what, GPtrArray *groups, GPtrArray *notes)
{
  g_auto (GStrv) words = g_strsplit_set (what->screen == NULL ? "" : what->screen, " ,;|[]\"", -1);
  gboolean whole = TRUE;

  for (char **word = words; *word != NULL; word++)
    {
      char *end = NULL;
      gint64 id = g_ascii_strtoll (*word, &end, 10);
      const CliThing *group = *end == '\0' ? group_of_id (space, id) : NULL;

      if (**word == '\0')
        continue;
      if (group == NULL)
        {
          whole = FALSE;
          g_ptr_array_add (notes,
                           g_strdup_printf ("in Nexudus it is mapped to KISI group %s, which "
                                            "the key does not see at this place",
                                            *word));
        }
      else if (!g_ptr_array_find (groups, group, NULL))
        g_ptr_array_add (groups, (gpointer) group);
    }
  if (!whole)
    g_ptr_array_set_size (groups, 0);
  return groups->len > 0;
}

static gboolean
take_name (const ProposeSpace *space, const What *what, Proposal *proposal)
{
  for (guint i = 0; i < space->catalog->groups->len; i++)
    {
      const CliThing *group = space->catalog->groups->pdata[i];
      if (is_of_place (space, group) && match_is_same (what->name, short_name (space, group)))
        g_ptr_array_add (proposal->groups, (gpointer) group);
    }
  if (proposal->groups->len > 1)
    {
      g_ptr_array_add (proposal->notes,
                       g_strdup_printf ("%u groups have that name", proposal->groups->len));
      g_ptr_array_set_size (proposal->groups, 0);
    }
  return proposal->groups->len == 1;
}

static int
by_likeness (gconstpointer a, gconstpointer b)
{
  const Near *x = a, *y = b;

  if (x->likeness != y->likeness)
    return x->likeness > y->likeness ? -1 : 1;
  return x->group->id < y->group->id ? -1 : x->group->id > y->group->id;
}

static void
find_near (const ProposeSpace *space, const What *what, GArray *near)
{
  for (guint i = 0; i < space->catalog->groups->len; i++)
    {
      const CliThing *group = space->catalog->groups->pdata[i];
      const Near one = { group, match_likeness (what->name, short_name (space, group)) };
      if (is_of_place (space, group) && one.likeness >= NEAR_LEAST)
        g_array_append_val (near, one);
    }
  g_array_sort (near, by_likeness);
  if (near->len > NEAR_MAX)
    g_array_set_size (near, NEAR_MAX);
}

static gboolean
has_all (const GPtrArray *groups, GPtrArray *others)
{
  for (guint i = 0; i < groups->len; i++)
    if (!g_ptr_array_find (others, groups->pdata[i], NULL))
      return FALSE;
  return groups->len == others->len;
}

static void
propose (ProposeSpace *space, const What *what)
{
  Proposal *proposal = g_new0 (Proposal, 1);
  g_autoptr (GPtrArray) screen = g_ptr_array_new ();

  *proposal = (Proposal){ .kind = what->kind,
                          .id = what->id,
                          .name = what->name,
                          .groups = g_ptr_array_new (),
                          .lead = -1,
                          .near = g_array_new (FALSE, FALSE, sizeof (Near)),
                          .notes = g_ptr_array_new_with_free_func (g_free) };
  (void) take_screen (space, what, screen, proposal->notes);
  if (take_file (space, what, proposal))
    {
      proposal->basis = BASIS_FILE;
      if (screen->len > 0 && !has_all (screen, proposal->groups))
        g_ptr_array_add (proposal->notes, g_strdup ("in Nexudus it is mapped to other groups"));
    }
  else if (screen->len > 0)
    {
      proposal->basis = BASIS_NEXUDUS;
      g_ptr_array_extend (proposal->groups, screen, NULL, NULL);
    }
  else if (take_name (space, what, proposal))
    proposal->basis = BASIS_NAME;
  else
    find_near (space, what, proposal->near);
  g_ptr_array_add (space->proposals, proposal);
}

static int
by_kind_and_name (gconstpointer a, gconstpointer b)
{
  const Proposal *x = *(Proposal *const *) a, *y = *(Proposal *const *) b;
  int order;

  if (x->kind != y->kind)
    return x->kind < y->kind ? -1 : 1;
  order = g_utf8_collate (x->name, y->name);
  return order != 0 ? order : x->id < y->id ? -1 : x->id > y->id;
}

/* --- the command --------------------------------------------------------------------------------
 */

static ProposeSpace *
propose_space (Cli *cli, const LkConfigSpace *config, const ProposeAccount *account, GError **error)
{
  CliCatalog *catalog = cli_catalog_load (cli, config, error);
  ProposeSpace *space;

  if (catalog == NULL)
    return NULL;
  space = g_new0 (ProposeSpace, 1);
  space->config = config;
  space->catalog = catalog;
  space->proposals = g_ptr_array_new_with_free_func (proposal_free);
  for (guint i = 0; i < account->pass_types->len; i++)
    {
      const LkNexudusPassType *type = account->pass_types->pdata[i];
      const What what = { LK_MAPPING_PASS, type->id, type->name, type->kisi_group };
      if (type->name != NULL && !type->archived && propose_is_usable (account, type, config))
        propose (space, &what);
    }
  for (guint i = 0; i < account->resources->len; i++)
    {
      const LkNexudusResource *resource = account->resources->pdata[i];
      const What what = { LK_MAPPING_RESOURCE, resource->id, resource->name, resource->kisi_group };
      if (resource->name != NULL && !resource->archived && resource->business == config->business)
        propose (space, &what);
    }
  g_ptr_array_sort (space->proposals, by_kind_and_name);
  return space;
}

static const ProposeAccount *
account_of (Cli *cli, GPtrArray *accounts, const LkConfigNexudus *config, GError **error)
{
  ProposeAccount *account;

  for (guint i = 0; i < accounts->len; i++)
    if (((const ProposeAccount *) accounts->pdata[i])->config == config)
      return accounts->pdata[i];
  account = propose_account_read (cli, config, error);
  if (account != NULL)
    g_ptr_array_add (accounts, account);
  return account;
}

static gboolean
is_all_sure (const GPtrArray *spaces)
{
  for (guint s = 0; s < spaces->len; s++)
    {
      const ProposeSpace *space = spaces->pdata[s];
      for (guint i = 0; i < space->proposals->len; i++)
        if (((const Proposal *) space->proposals->pdata[i])->basis == BASIS_NONE)
          return FALSE;
    }
  return TRUE;
}

int
rules_propose_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) chosen = cli_spaces (cli, error);
  g_autoptr (GPtrArray) accounts
      = g_ptr_array_new_with_free_func ((GDestroyNotify) propose_account_free);
  g_autoptr (GPtrArray) spaces = g_ptr_array_new_with_free_func (space_free);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; chosen != NULL && i < chosen->len; i++)
    {
      const LkConfigSpace *config = chosen->pdata[i];
      const ProposeAccount *account = account_of (cli, accounts, config->nexudus, error);
      ProposeSpace *space = account == NULL ? NULL : propose_space (cli, config, account, error);
      if (space == NULL)
        return CLI_UNREACHABLE;
      g_ptr_array_add (spaces, space);
    }
  if (chosen == NULL)
    return CLI_USAGE;
  if (cli->json)
    propose_write_json (spaces, text);
  else
    propose_write_yaml (spaces, text);
  (void) fputs (text->str, stdout);
  return is_all_sure (spaces) ? CLI_DONE : CLI_DIFFERENCES;
}
