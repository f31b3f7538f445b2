/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey explain MEMBER`: every pass and booking, what it gives and why, the rights in KISI, and
 * the next change, as of now or of --at.
 */
#include "access.h"
#include "doors.h"
#include "reason.h"

#include "../booking-worker/decide.h"
#include "../member-worker/decide.h"
#include "../pass-worker/decide.h"

#include <latchkey/model/json.h>
#include <stdio.h>
#include <string.h>

#define KINDS                                                                                      \
  (1u << LK_KIND_MEMBERS | 1u << LK_KIND_PASSES | 1u << LK_KIND_BOOKINGS | 1u << LK_KIND_RULES     \
   | 1u << LK_KIND_COMMANDS | 1u << LK_KIND_LEDGER)

static const LkKind snapshots[] = { LK_KIND_MEMBERS, LK_KIND_PASSES, LK_KIND_BOOKINGS };

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
  GHashTable *behind; /* gint64*: the groups that open --door; NULL: all are shown */
  gboolean known, unruled;
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

static gboolean
is_asked_for (const Explain *explain, gint64 group)
{
  return explain->behind == NULL || g_hash_table_contains (explain->behind, &group);
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
          lk_json_string (writer, "name",
                          cli_group_name (explain->rules, decided->claims[c].group_id));
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
      cli_json_id (writer, "right_id", right->right_id);
      write_window (writer, right->window);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

/* What a report would say of the member at --door; null without one. */
static void
write_door (LkJsonWriter *writer, const Explain *explain)
{
  gboolean opens;
  g_autofree char *reason = NULL;

  if (explain->behind == NULL)
    {
      lk_json_null (writer, "door");
      return;
    }
  reason = cli_door_reason (explain->space, explain->behind, explain->member, explain->at, &opens);
  lk_json_begin_object (writer, "door");
  lk_json_bool (writer, "opens", opens);
  lk_json_string (writer, "reason", reason);
  lk_json_end_object (writer);
}

static void
write_space (LkJsonWriter *writer, const Explain *explain, const CliAccess *access)
{
  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "space", explain->space->space->code);
  lk_json_bool (writer, "rules", explain->rules != NULL);
  lk_json_bool (writer, "entitled", access->entitled);
  lk_json_string (writer, "why",
                  access->command == NULL ? NULL : lk_why_name (access->command->command.why));
  cli_json_id (writer, "kisi_user_id",
               access->ledger == NULL ? 0 : access->ledger->ledger_member.kisi_user_id);
  write_door (writer, explain);
  write_sources (writer, explain);
  lk_json_begin_array (writer, "groups");
  for (guint i = 0; i < access->groups->len; i++)
    if (is_asked_for (explain, ((CliGroup *) access->groups->pdata[i])->group_id))
      write_group (writer, explain, access->groups->pdata[i]);
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

/* --- text ------------------------------------------------------------------------------------ */

/* As the clocks in the space's rooms show it; its zone is named once, above. */
static const char *
local_text (const Explain *explain, LkTime time, char buf[LK_TIME_TEXT])
{
  const LkZone *zone = explain->space->space->zone;
  char date[16], clock[8];

  g_snprintf (buf, LK_TIME_TEXT, "%s %s", lk_zone_date (zone, time, 0, date),
              lk_zone_clock (zone, time, clock));
  return buf;
}

static char *
window_text (const Explain *explain, LkWindow window)
{
  char from[LK_TIME_TEXT], until[LK_TIME_TEXT];

  return g_strdup_printf (
      "%s to %s", window.from == LK_TIME_NONE ? "ever" : local_text (explain, window.from, from),
      window.until == LK_TIME_NONE ? "no end" : local_text (explain, window.until, until));
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
          g_autofree char *window = window_text (explain, decided->claims[c].window);
          const char *group = cli_group_name (explain->rules, decided->claims[c].group_id);
          (void) printf ("                 gives %s (group %" G_GINT64_FORMAT "), %s\n",
                         group == NULL ? "not mapped now" : group, decided->claims[c].group_id,
                         window);
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
      g_autofree char *window = window_text (explain, right->window);
      (void) printf ("      right %" G_GINT64_FORMAT " %s, %s\n", right->right_id,
                     lk_right_state_name (right->state), window);
    }
  if (next != LK_TIME_NONE)
    (void) printf ("      next change %s\n", local_text (explain, next, text));
}

static void
print_door (const Explain *explain)
{
  gboolean opens;
  g_autofree char *reason = NULL;

  if (explain->behind == NULL)
    return;
  reason = cli_door_reason (explain->space, explain->behind, explain->member, explain->at, &opens);
  (void) printf ("  door '%s': %s (%s)\n", explain->cli->door, opens ? "opens" : "does not open",
                 reason);
}

static void
print_space (const Explain *explain, const CliAccess *access)
{
  const LkConfigSpace *space = explain->space->space;
  char at[LK_TIME_TEXT];
  guint shown = 0;

  (void) printf ("%s: member %" G_GINT64_FORMAT " is %s (%s); %s, times of %s\n", space->code,
                 explain->member, access->entitled ? "entitled" : "not entitled",
                 access->command == NULL ? "no command"
                                         : lk_why_name (access->command->command.why),
                 local_text (explain, explain->at, at), lk_zone_name (space->zone));
  if (explain->rules == NULL)
    (void) printf ("  NO RULES: run `latchkey rules apply`\n");
  print_door (explain);
  print_sources (explain);
  for (guint i = 0; i < access->groups->len; i++)
    if (is_asked_for (explain, ((CliGroup *) access->groups->pdata[i])->group_id))
      {
        print_group (explain, access->groups->pdata[i]);
        shown++;
      }
  if (explain->behind != NULL && shown == 0)
    (void) printf ("  nothing here opens door '%s'\n", explain->cli->door);
}

/* --- the command ----------------------------------------------------------------------------- */

static gboolean
parse_arguments (Cli *cli, gint64 *out_member, LkTime *out_at, GError **error)
{
  if (!cli_member_parse (cli->words[0], out_member, error))
    return FALSE;
  *out_at = lk_clock_wall (cli->clock);
  if (cli->at != NULL && !lk_time_parse (cli->at, strlen (cli->at), out_at, error))
    return lk_fail_prefix (error, "--at");
  return TRUE;
}

static void
explain_space (Explain *explain, LkJsonWriter *writer)
{
  g_autoptr (CliAccess) access = NULL;

  explain->sources = g_ptr_array_new_with_free_func (source_free);
  explain->rules = cli_space_rules (explain->space);
  explain->unruled |= explain->rules == NULL;
  /* Without rules nothing is decided; what stands, and what KISI has, is there all the same. */
  for (guint k = 0; explain->rules != NULL && k < G_N_ELEMENTS (snapshots); k++)
    cli_space_foreach (explain->space, snapshots[k], explain->member, add_source, explain);
  access = cli_access_of (explain->space, explain->member);
  if (explain->sources->len > 0 || access->command != NULL || access->groups->len > 0
      || explain->rules == NULL)
    {
      explain->known |= explain->rules != NULL;
      if (explain->cli->json)
        write_space (writer, explain, access);
      else
        print_space (explain, access);
    }
  g_ptr_array_unref (explain->sources);
}

/* The groups behind --door, of all accounts that the chosen spaces use. */
static gboolean
find_door (Explain *explain, const GPtrArray *spaces, GError **error)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) doors = cli_doors_new ();

  for (guint i = 0; i < spaces->len; i++)
    {
      const LkConfigKisi *account = ((CliSpace *) spaces->pdata[i])->space->kisi;
      if (g_hash_table_add (asked, (gpointer) account)
          && !cli_doors_add (explain->cli, account, doors, error))
        return FALSE;
    }
  explain->behind = cli_doors_groups (doors, explain->cli->door, error);
  return explain->behind != NULL;
}

int
explain_run (Cli *cli, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };
  Explain explain = { .cli = cli };
  g_autoptr (GPtrArray) spaces = NULL;
  g_autoptr (GHashTable) behind = NULL;

  if (!parse_arguments (cli, &explain.member, &explain.at, error))
    return CLI_USAGE;
  spaces = cli_spaces_load (cli, KINDS, explain.member, error);
  if (spaces == NULL || (cli->door != NULL && !find_door (&explain, spaces, error)))
    return CLI_UNREACHABLE;
  behind = explain.behind;
  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "member", explain.member);
  lk_json_time (&writer, "at", explain.at);
  lk_json_begin_array (&writer, "spaces");
  for (guint i = 0; i < spaces->len; i++)
    {
      explain.space = spaces->pdata[i];
      explain_space (&explain, &writer);
    }
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  if (cli->json)
    puts (text->str);
  else if (!explain.known)
    (void) printf ("Nothing is known of member %" G_GINT64_FORMAT ".\n", explain.member);
  return explain.known && !explain.unruled ? CLI_DONE : CLI_DIFFERENCES;
}
