/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey explain MEMBER`: every pass and booking, what it gives and why, the rights in KISI, and
 * the next change, as of now or of --at.
 */
#include "access.h"

#include "../booking-worker/decide.h"
#include "../member-worker/decide.h"
#include "../pass-worker/decide.h"

#include <latchkey/model/json.h>
#include <stdio.h>
#include <string.h>

#define KINDS                                                                                      \
  (1u << LK_KIND_MEMBERS | 1u << LK_KIND_PASSES | 1u << LK_KIND_BOOKINGS | 1u << LK_KIND_RULES     \
   | 1u << LK_KIND_COMMANDS | 1u << LK_KIND_LEDGER)

/* One source: what its snapshot decides now, and what stands. */
typedef struct
{
  LkCommand decided;
  const LkCommand *stands; /* NULL: none */
} Source;

typedef struct
{
  Cli *cli;
  CliSpace *space;
  const LkRules *rules;
  gint64 member;
  LkTime at;
  GPtrArray *sources; /* Source* */
  gboolean known;
} Explain;

static void
source_free (gpointer data)
{
  lk_command_clear (&((Source *) data)->decided);
  g_free (data);
}

static void
add_source (const char *key, const CliEntry *entry, gpointer data)
{
  Explain *explain = data;
  Source *source = g_new0 (Source, 1);
  char command_key[LK_KEY_MAX];
  const CliEntry *stands;

  explain->known = TRUE;
  if (entry->kind == LK_KIND_MEMBERS)
    member_decide (&entry->member, explain->rules, &source->decided);
  else if (entry->kind == LK_KIND_PASSES)
    pass_decide (&entry->pass, explain->rules, &source->decided);
  else
    booking_decide (&entry->booking, explain->rules, &source->decided);
  (void) lk_command_key (&source->decided, command_key);
  stands = cli_space_get (explain->space, LK_KIND_COMMANDS, explain->member, command_key);
  source->stands = stands == NULL ? NULL : &stands->command;
  g_ptr_array_add (explain->sources, source);
}

static gboolean
is_applied (const Source *source)
{
  if (source->stands == NULL)
    return !source->decided.entitled && source->decided.n_claims == 0;
  return lk_command_digest (&source->decided) == lk_command_digest (source->stands);
}

/* --door: a KISI group by id or name; doors themselves are KISI's to know. */
static gboolean
is_asked_for (const Explain *explain, const CliGroup *group)
{
  const char *door = explain->cli->door;
  char id[32];

  if (door == NULL)
    return TRUE;
  g_snprintf (id, sizeof id, "%" G_GINT64_FORMAT, group->group_id);
  return g_str_equal (door, id) || (g_str_has_prefix (door, "id:") && g_str_equal (door + 3, id))
         || g_strcmp0 (door, group->name) == 0;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void
write_window (LkJsonWriter *writer, LkWindow window)
{
  lk_json_time (writer, "valid_from", window.from);
  lk_json_time (writer, "valid_until", window.until);
}

static void
write_sources (LkJsonWriter *writer, const Explain *explain)
{
  char name[64];

  lk_json_begin_array (writer, "sources");
  for (guint i = 0; i < explain->sources->len; i++)
    {
      const Source *source = explain->sources->pdata[i];
      const LkCommand *decided = &source->decided;
      if (decided->kind == LK_SOURCE_MEMBER)
        continue;
      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "source", lk_source_name (decided->kind, decided->source_id, name));
      lk_json_string (writer, "why", lk_why_name (decided->why));
      lk_json_bool (writer, "applied", is_applied (source));
      lk_json_begin_array (writer, "claims");
      for (guint c = 0; c < decided->n_claims; c++)
        {
          lk_json_begin_object (writer, NULL);
          lk_json_int (writer, "group_id", decided->claims[c].group_id);
          write_window (writer, decided->claims[c].window);
          lk_json_end_object (writer);
        }
      lk_json_end_array (writer);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
}

static void
write_group (LkJsonWriter *writer, const Explain *explain, const CliGroup *group)
{
  lk_json_begin_object (writer, NULL);
  lk_json_int (writer, "group_id", group->group_id);
  lk_json_string (writer, "name", group->name);
  lk_json_bool (writer, "should_open", cli_group_wanted (group, explain->at));
  lk_json_bool (writer, "opens", cli_group_held (group, explain->at));
  lk_json_string (writer, "blocked", group->blocked);
  lk_json_time (writer, "next_change", cli_group_next_change (group, explain->at));
  lk_json_begin_array (writer, "windows");
  for (guint i = 0; i < group->windows->len; i++)
    {
      lk_json_begin_object (writer, NULL);
      write_window (writer, g_array_index (group->windows, LkWindow, i));
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  lk_json_begin_array (writer, "rights");
  for (guint i = 0; i < group->rights->len; i++)
    {
      const LkRight *right = group->rights->pdata[i];
      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "state", lk_right_state_name (right->state));
      if (right->right_id != 0)
        lk_json_int (writer, "right_id", right->right_id);
      else
        lk_json_null (writer, "right_id");
      write_window (writer, right->window);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

static void
write_space (LkJsonWriter *writer, const Explain *explain, const CliAccess *access)
{
  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "space", explain->space->space->code);
  lk_json_bool (writer, "entitled", access->entitled);
  lk_json_string (writer, "why",
                  access->command == NULL ? NULL : lk_why_name (access->command->command.why));
  if (access->ledger != NULL && access->ledger->ledger_member.kisi_user_id != 0)
    lk_json_int (writer, "kisi_user_id", access->ledger->ledger_member.kisi_user_id);
  else
    lk_json_null (writer, "kisi_user_id");
  write_sources (writer, explain);
  lk_json_begin_array (writer, "groups");
  for (guint i = 0; i < access->groups->len; i++)
    if (is_asked_for (explain, access->groups->pdata[i]))
      write_group (writer, explain, access->groups->pdata[i]);
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

/* --- text ------------------------------------------------------------------------------------ */

static char *
window_text (LkWindow window)
{
  char from[LK_TIME_TEXT], until[LK_TIME_TEXT];

  return g_strdup_printf (
      "%s to %s", window.from == LK_TIME_NONE ? "ever" : lk_time_format (window.from, from),
      window.until == LK_TIME_NONE ? "no end" : lk_time_format (window.until, until));
}

static void
print_sources (const Explain *explain)
{
  char name[64];

  for (guint i = 0; i < explain->sources->len; i++)
    {
      const Source *source = explain->sources->pdata[i];
      const LkCommand *decided = &source->decided;
      if (decided->kind == LK_SOURCE_MEMBER)
        continue;
      (void) printf ("  %-14s %s%s\n", lk_source_name (decided->kind, decided->source_id, name),
                     lk_why_name (decided->why), is_applied (source) ? "" : "  (not applied yet)");
      for (guint c = 0; c < decided->n_claims; c++)
        {
          g_autofree char *window = window_text (decided->claims[c].window);
          (void) printf ("                 gives group %" G_GINT64_FORMAT ", %s\n",
                         decided->claims[c].group_id, window);
        }
    }
}

static void
print_group (const Explain *explain, const CliGroup *group)
{
  LkTime next = cli_group_next_change (group, explain->at);
  char text[LK_TIME_TEXT];

  (void) printf (
      "  %s (group %" G_GINT64_FORMAT "): should %s, %s%s%s\n",
      group->name == NULL ? "not mapped now" : group->name, group->group_id,
      cli_group_wanted (group, explain->at) ? "open" : "not open",
      cli_group_held (group, explain->at) ? "opens" : "does not open",
      group->blocked == NULL ? "" : "; blocked: ", group->blocked == NULL ? "" : group->blocked);
  for (guint i = 0; i < group->rights->len; i++)
    {
      const LkRight *right = group->rights->pdata[i];
      g_autofree char *window = window_text (right->window);
      (void) printf ("      right %" G_GINT64_FORMAT " %s, %s\n", right->right_id,
                     lk_right_state_name (right->state), window);
    }
  if (next != LK_TIME_NONE)
    (void) printf ("      next change %s\n", lk_time_format (next, text));
}

static void
print_space (const Explain *explain, const CliAccess *access)
{
  (void) printf ("%s: member %" G_GINT64_FORMAT " is %s (%s)\n", explain->space->space->code,
                 explain->member, access->entitled ? "entitled" : "not entitled",
                 access->command == NULL ? "no command"
                                         : lk_why_name (access->command->command.why));
  print_sources (explain);
  for (guint i = 0; i < access->groups->len; i++)
    if (is_asked_for (explain, access->groups->pdata[i]))
      print_group (explain, access->groups->pdata[i]);
}

/* --- the command ----------------------------------------------------------------------------- */

static gboolean
parse_arguments (Cli *cli, gint64 *out_member, LkTime *out_at, GError **error)
{
  char *end = NULL;

  *out_member = g_ascii_strtoll (cli->words[0], &end, 10);
  if (*end != '\0' || *out_member <= 0)
    return lk_fail (error, LK_ERROR_CONFIG,
                    "MEMBER: expected a Nexudus member id (a positive number), got '%s'",
                    cli->words[0]);
  *out_at = lk_clock_wall (cli->clock);
  if (cli->at != NULL && !lk_time_parse (cli->at, strlen (cli->at), out_at, error))
    return lk_fail_prefix (error, "--at");
  return TRUE;
}

static gboolean
explain_space (Explain *explain, LkJsonWriter *writer, GError **error)
{
  g_autoptr (CliAccess) access = NULL;

  explain->rules = cli_space_rules (explain->space);
  if (explain->rules == NULL)
    return lk_fail (error, LK_ERROR_BLOCKED, "space %s has no rules: run `latchkey rules apply`",
                    explain->space->space->code);
  explain->sources = g_ptr_array_new_with_free_func (source_free);
  cli_space_foreach (explain->space, LK_KIND_MEMBERS, explain->member, add_source, explain);
  cli_space_foreach (explain->space, LK_KIND_PASSES, explain->member, add_source, explain);
  cli_space_foreach (explain->space, LK_KIND_BOOKINGS, explain->member, add_source, explain);
  access = cli_access_of (explain->space, explain->member);
  if (explain->sources->len > 0 || access->command != NULL || access->groups->len > 0)
    {
      explain->known = TRUE;
      if (explain->cli->json)
        write_space (writer, explain, access);
      else
        print_space (explain, access);
    }
  g_ptr_array_unref (explain->sources);
  return TRUE;
}

int
explain_run (Cli *cli, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };
  Explain explain = { .cli = cli };
  g_autoptr (GPtrArray) spaces = NULL;

  if (!parse_arguments (cli, &explain.member, &explain.at, error))
    return CLI_USAGE;
  spaces = cli_spaces_load (cli, KINDS, explain.member, error);
  if (spaces == NULL)
    return CLI_UNREACHABLE;
  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "member", explain.member);
  lk_json_time (&writer, "at", explain.at);
  lk_json_begin_array (&writer, "spaces");
  for (guint i = 0; i < spaces->len; i++)
    {
      explain.space = spaces->pdata[i];
      if (!explain_space (&explain, &writer, error))
        return CLI_DIFFERENCES;
    }
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  if (cli->json)
    puts (text->str);
  else if (!explain.known)
    (void) printf ("Nothing is known of member %" G_GINT64_FORMAT ".\n", explain.member);
  return explain.known ? CLI_DONE : CLI_DIFFERENCES;
}
