/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Proposals as YAML for the configuration, and as JSON.
 */
#include "propose.h"

static const char *const kind_words[] = { "pass", "resource" };
static const char *const basis_words[] = { NULL, "configuration", "nexudus", "name" };
static const char *const basis_texts[]
    = { NULL, "as it is configured", "as it is mapped in Nexudus", "of the same name" };

/* --- names --------------------------------------------------------------------------------------
 */

/* TEXT on one line: names come from outside, and a line's end would end a comment. */
static void
write_comment_text (GString *out, const char *text)
{
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      g_string_append_unichar (out, g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029 ? ' ' : c);
    }
}

static void
write_id (GString *out, gint64 id)
{
  g_string_append_printf (out, "id:%" G_GINT64_FORMAT, id);
}

/* The word by which `rules plan` finds it again: its name, unless that is another's too. */
static void
write_what (GString *out, const ProposeSpace *space, const Proposal *proposal)
{
  const CliCatalog *catalog = space->catalog;
  guint hits;
  const CliThing *found = cli_catalog_find (proposal->kind == LK_MAPPING_PASS ? catalog->pass_types
                                                                              : catalog->resources,
                                            proposal->name, space->config->business, &hits);

  if (found != NULL && hits == 1 && found->id == proposal->id)
    lk_config_write_name (out, proposal->name, proposal->id);
  else
    write_id (out, proposal->id);
}

/* The same of a group, which is looked up with the prefix first and then without. */
static void
write_group (GString *out, const ProposeSpace *space, const CliThing *group)
{
  const char *prefix = space->config->group_prefix;
  gboolean has_prefix = *prefix != '\0' && g_str_has_prefix (group->name, prefix);
  const char *name = has_prefix ? group->name + strlen (prefix) : group->name;
  g_autofree char *prefixed = g_strconcat (prefix, name, NULL);
  guint hits, others = 0;
  const CliThing *found
      = cli_catalog_find (space->catalog->groups, group->name, space->config->place, &hits);

  if (!has_prefix && *prefix != '\0')
    (void) cli_catalog_find (space->catalog->groups, prefixed, space->config->place, &others);
  if (found == group && hits == 1 && others == 0)
    lk_config_write_name (out, name, group->id);
  else
    write_id (out, group->id);
}

static void
write_groups (GString *out, const ProposeSpace *space, const GPtrArray *groups)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < groups->len; i++)
    {
      if (i > 0)
        g_string_append (out, ", ");
      write_group (out, space, groups->pdata[i]);
    }
  g_string_append_c (out, ']');
}

/* --- YAML ---------------------------------------------------------------------------------------
 */

static void
write_notes (GString *out, const Proposal *proposal)
{
  for (guint i = 0; i < proposal->notes->len; i++)
    {
      g_string_append (out, "      # ");
      write_comment_text (out, proposal->notes->pdata[i]);
      g_string_append_c (out, '\n');
    }
}

static void
write_sure (GString *out, const ProposeSpace *space, const Proposal *proposal)
{
  write_notes (out, proposal);
  g_string_append_printf (out, "      - %s: ", kind_words[proposal->kind]);
  write_what (out, space, proposal);
  g_string_append_printf (out, "  # id:%" G_GINT64_FORMAT ", %s\n        groups: ", proposal->id,
                          basis_texts[proposal->basis]);
  write_groups (out, space, proposal->groups);
  g_string_append_c (out, '\n');
  if (proposal->lead >= 0)
    {
      g_autofree char *lead = lk_duration_format (proposal->lead);
      g_string_append_printf (out, "        lead: %s\n", lead);
    }
}

/* The mapping that it would be, in a comment: a wrong guess opens a door. */
static void
write_unsure (GString *out, const ProposeSpace *space, const Proposal *proposal)
{
  g_string_append_printf (out, "      # to decide: id:%" G_GINT64_FORMAT ", %s\n", proposal->id,
                          proposal->near->len > 0 ? "no group of that name; near ones"
                                                  : "no group of that name, nor a near one");
  write_notes (out, proposal);
  g_string_append_printf (out, "      # - %s: ", kind_words[proposal->kind]);
  write_what (out, space, proposal);
  g_string_append_c (out, '\n');
  for (guint i = 0; i < proposal->near->len; i++)
    {
      const Near *near = &g_array_index (proposal->near, Near, i);
      g_string_append (out, "      #   groups: [");
      write_group (out, space, near->group);
      g_string_append_printf (out, "]  # id:%" G_GINT64_FORMAT ", %d %% alike: ", near->group->id,
                              (int) (100 * near->likeness));
      write_comment_text (out, near->group->name);
      g_string_append_c (out, '\n');
    }
}

static guint
count_sure (const ProposeSpace *space)
{
  guint sure = 0;

  for (guint i = 0; i < space->proposals->len; i++)
    sure += ((const Proposal *) space->proposals->pdata[i])->basis != BASIS_NONE;
  return sure;
}

void
propose_write_yaml (const GPtrArray *spaces, GString *out)
{
  g_string_append (out, "# Each space's `mappings`, to replace those of the configuration. What is "
                        "not sure is a comment.\nspaces:\n");
  for (guint s = 0; s < spaces->len; s++)
    {
      const ProposeSpace *space = spaces->pdata[s];
      guint sure = count_sure (space);

      g_string_append (out, "  - code: ");
      lk_config_write_name (out, space->config->code, 0);
      g_string_append_printf (out, "  # %u mapped, %u to decide\n    mappings:%s\n", sure,
                              space->proposals->len - sure, sure == 0 ? " []" : "");
      for (guint i = 0; i < space->proposals->len; i++)
        {
          const Proposal *proposal = space->proposals->pdata[i];
          if (proposal->basis == BASIS_NONE)
            write_unsure (out, space, proposal);
          else
            write_sure (out, space, proposal);
        }
    }
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void
write_group_json (LkJsonWriter *writer, const CliThing *group, double likeness)
{
  lk_json_begin_object (writer, NULL);
  lk_json_int (writer, "id", group->id);
  lk_json_string (writer, "name", group->name);
  if (likeness >= 0)
    lk_json_int (writer, "percent", (gint64) (100 * likeness));
  lk_json_end_object (writer);
}

static void
write_proposal_json (LkJsonWriter *writer, const Proposal *proposal)
{
  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "kind", kind_words[proposal->kind]);
  lk_json_int (writer, "id", proposal->id);
  lk_json_string (writer, "name", proposal->name);
  lk_json_string (writer, "basis", basis_words[proposal->basis]);
  lk_json_begin_array (writer, "groups");
  for (guint i = 0; i < proposal->groups->len; i++)
    write_group_json (writer, proposal->groups->pdata[i], -1);
  lk_json_end_array (writer);
  lk_json_begin_array (writer, "near");
  for (guint i = 0; i < proposal->near->len; i++)
    {
      const Near *near = &g_array_index (proposal->near, Near, i);
      write_group_json (writer, near->group, near->likeness);
    }
  lk_json_end_array (writer);
  lk_json_begin_array (writer, "notes");
  for (guint i = 0; i < proposal->notes->len; i++)
    lk_json_string (writer, NULL, proposal->notes->pdata[i]);
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

void
propose_write_json (const GPtrArray *spaces, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "spaces");
  for (guint s = 0; s < spaces->len; s++)
    {
      const ProposeSpace *space = spaces->pdata[s];
      lk_json_begin_object (&writer, NULL);
      lk_json_string (&writer, "space", space->config->code);
      lk_json_begin_array (&writer, "mappings");
      for (guint i = 0; i < space->proposals->len; i++)
        write_proposal_json (&writer, space->proposals->pdata[i]);
      lk_json_end_array (&writer);
      lk_json_end_object (&writer);
    }
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  g_string_append_c (out, '\n');
}
