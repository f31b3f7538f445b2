/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey rules plan` and `rules apply` (design §4, §10).
 */
#include "catalog.h"
#include "effect.h"
#include "hours.h"

#include <latchkey/model/headers.h>
#include <latchkey/model/json.h>
#include <stdio.h>

#define SHOWN_MAX 40 /* effects printed a space; JSON has all */
#define WRITES_MAX 3
#define KINDS                                                                                      \
  (1u << LK_KIND_MEMBERS | 1u << LK_KIND_PASSES | 1u << LK_KIND_BOOKINGS | 1u << LK_KIND_RULES)

typedef struct
{
  const LkConfigSpace *config;
  CliSpace *space;
  const LkRules *standing; /* borrowed from SPACE; NULL: none */
  LkRules *rules;
  gboolean differs;
  GArray *effects;
  GArray *hours;  /* CliHours; NULL: not compared */
  char *no_hours; /* why */
} Plan;

static void
plan_free (gpointer data)
{
  Plan *plan = data;

  lk_rules_free (plan->rules);
  cli_space_free (plan->space);
  if (plan->effects != NULL)
    g_array_unref (plan->effects);
  if (plan->hours != NULL)
    g_array_unref (plan->hours);
  g_free (plan->no_hours);
  g_free (plan);
}

static gint64
next_version (const LkRules *standing, LkTime now)
{
  return standing == NULL ? now : MAX (standing->rules_version + 1, now);
}

/* Takes over SPACE. */
static Plan *
plan_space (Cli *cli, CliSpace *space, GPtrArray *problems, GError **error)
{
  Plan *plan = g_new0 (Plan, 1);
  LkTime now = lk_clock_wall (cli->clock);
  const LkConfigSpace *config = space->space;
  g_autoptr (CliCatalog) catalog = cli_catalog_load (cli, config, error);

  plan->config = config;
  plan->space = space;
  if (catalog == NULL)
    {
      plan_free (plan);
      return NULL;
    }
  plan->standing = cli_space_rules (plan->space);
  plan->rules = cli_rules_build (cli->config, config, catalog, next_version (plan->standing, now),
                                 problems);
  if (plan->rules != NULL)
    {
      plan->differs = plan->standing == NULL || !lk_rules_equal (plan->standing, plan->rules);
      plan->effects = cli_effect_of (plan->space, plan->standing, plan->rules, now);
      plan->no_hours = g_steal_pointer (&catalog->no_hours);
      if (plan->no_hours == NULL)
        plan->hours = cli_hours_compare (plan->rules, catalog);
    }
  return plan;
}

/* A group serves one space (design §10): the same door can't be kept by two. */
static void
check_groups_are_apart (const GPtrArray *plans, GPtrArray *problems)
{
  g_autoptr (GHashTable) owner = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < plans->len; i++)
    {
      const Plan *plan = plans->pdata[i];
      for (guint m = 0; plan->rules != NULL && m < plan->rules->n_mappings; m++)
        for (guint g = 0; g < plan->rules->mappings[m].n_groups; g++)
          {
            LkGroup *group = &plan->rules->mappings[m].groups[g];
            const char *other = g_hash_table_lookup (owner, &group->id);
            if (other != NULL && !g_str_equal (other, plan->config->code))
              g_ptr_array_add (problems,
                               g_strdup_printf ("group '%s' (id:%" G_GINT64_FORMAT
                                                ") is mapped in space %s and "
                                                "in space %s: use one group per space, same door",
                                                group->name, group->id, other, plan->config->code));
            g_hash_table_insert (owner, &group->id, plan->config->code);
          }
    }
}

static GPtrArray *
make_plans (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) spaces = cli_spaces_load (cli, KINDS, 0, error);
  g_autoptr (GPtrArray) plans = g_ptr_array_new_with_free_func (plan_free);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);

  if (spaces == NULL)
    return NULL;
  for (guint i = 0; i < spaces->len; i++)
    {
      Plan *plan = plan_space (cli, g_steal_pointer (&spaces->pdata[i]), problems, error);
      if (plan == NULL)
        return NULL;
      g_ptr_array_add (plans, plan);
    }
  check_groups_are_apart (plans, problems);
  if (problems->len > 0)
    {
      g_ptr_array_add (problems, NULL);
      g_autofree char *all = g_strjoinv ("\n  ", (char **) problems->pdata);
      (void) lk_fail (error, LK_ERROR_CONFIG, "%s: the mappings have problems:\n  %s",
                      cli->config->path, all);
      return NULL;
    }
  return g_steal_pointer (&plans);
}

static void
write_hours (LkJsonWriter *writer, const Plan *plan)
{
  lk_json_begin_array (writer, "hours");
  for (guint i = 0; plan->hours != NULL && i < plan->hours->len; i++)
    {
      const CliHours *hours = &g_array_index (plan->hours, CliHours, i);
      g_autofree char *when = cli_hours_text (hours);
      lk_json_begin_object (writer, NULL);
      lk_json_int (writer, "pass_type", hours->pass_type);
      lk_json_int (writer, "group_id", hours->group_id);
      lk_json_string (writer, "when", when);
      lk_json_string (writer, "open", hours->group_opens ? "group" : "pass");
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  lk_json_string (writer, "hours_unknown", plan->no_hours);
}

static void
write_plan (LkJsonWriter *writer, const Plan *plan)
{
  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "space", plan->config->code);
  lk_json_bool (writer, "differs", plan->differs);
  if (plan->standing == NULL)
    lk_json_null (writer, "rules_version");
  else
    lk_json_int (writer, "rules_version", plan->standing->rules_version);
  lk_json_int (writer, "mappings", plan->rules->n_mappings);
  lk_json_int (writer, "losers", cli_effect_losers (plan->effects));
  lk_json_begin_array (writer, "effects");
  for (guint i = 0; i < plan->effects->len; i++)
    {
      const CliEffect *effect = &g_array_index (plan->effects, CliEffect, i);
      lk_json_begin_object (writer, NULL);
      lk_json_int (writer, "member", effect->member);
      lk_json_int (writer, "group_id", effect->group_id);
      lk_json_string (writer, "effect", effect->gains ? "gains" : "loses");
      lk_json_time (writer, "from", effect->from);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  write_hours (writer, plan);
  lk_json_end_object (writer);
}

static void
print_hours (const Plan *plan)
{
  if (plan->no_hours != NULL)
    (void) printf ("  hours of the day are not compared: %s\n", plan->no_hours);
  for (guint i = 0; plan->hours != NULL && i < plan->hours->len; i++)
    {
      const CliHours *hours = &g_array_index (plan->hours, CliHours, i);
      g_autofree char *when = cli_hours_text (hours);
      (void) printf ("  hours differ, %s: %s '%s', not %s '%s'\n", when,
                     hours->group_opens ? "open for group" : "for pass",
                     hours->group_opens ? hours->group_name : hours->pass_name,
                     hours->group_opens ? "for pass" : "open for group",
                     hours->group_opens ? hours->pass_name : hours->group_name);
    }
}

static void
print_plan (const Plan *plan)
{
  char text[LK_TIME_TEXT];

  (void) printf ("space %s: %u mappings, %s\n", plan->config->code, plan->rules->n_mappings,
                 plan->standing == NULL ? "no rules yet"
                 : plan->differs        ? "the rules differ"
                                        : "the rules stand");
  for (guint m = 0; m < plan->rules->n_mappings; m++)
    {
      const LkMapping *mapping = &plan->rules->mappings[m];
      (void) printf ("  %s '%s' (id:%" G_GINT64_FORMAT ") opens",
                     mapping->target == LK_TARGET_PASS_TYPE ? "pass" : "resource", mapping->name,
                     mapping->id);
      for (guint g = 0; g < mapping->n_groups; g++)
        (void) printf ("%s '%s' (id:%" G_GINT64_FORMAT ")", g == 0 ? "" : ",",
                       mapping->groups[g].name, mapping->groups[g].id);
      (void) putchar ('\n');
    }
  for (guint i = 0; i < plan->effects->len && i < SHOWN_MAX; i++)
    {
      const CliEffect *effect = &g_array_index (plan->effects, CliEffect, i);
      (void) printf ("  member %" G_GINT64_FORMAT " %s group %" G_GINT64_FORMAT " from %s\n",
                     effect->member, effect->gains ? "gains" : "loses", effect->group_id,
                     lk_time_format (effect->from, text));
    }
  if (plan->effects->len > SHOWN_MAX)
    (void) printf ("  … and %u more (--json has all)\n", plan->effects->len - SHOWN_MAX);
  print_hours (plan);
}

static void
show (Cli *cli, const GPtrArray *plans, gboolean applied)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  if (!cli->json)
    {
      for (guint i = 0; i < plans->len; i++)
        print_plan (plans->pdata[i]);
      return;
    }
  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "spaces");
  for (guint i = 0; i < plans->len; i++)
    write_plan (&writer, plans->pdata[i]);
  lk_json_end_array (&writer);
  lk_json_bool (&writer, "applied", applied);
  lk_json_end_object (&writer);
  puts (text->str);
}

static guint
differing (const GPtrArray *plans)
{
  guint n = 0;

  for (guint i = 0; i < plans->len; i++)
    n += ((Plan *) plans->pdata[i])->differs;
  return n;
}

int
rules_plan_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) plans = make_plans (cli, error);

  if (plans == NULL)
    return CLI_USAGE;
  show (cli, plans, FALSE);
  return differing (plans) > 0 ? CLI_DIFFERENCES : CLI_DONE;
}

/* Writes the rules and reads them back: unless they are both last and highest somebody else applied
 * at the same moment, and they are written again above it (design §4). */
static gboolean
apply_space (Cli *cli, Plan *plan, GError **error)
{
  const char *code = plan->config->code;
  LkTable *table = plan->space->tables[LK_KIND_RULES];

  for (guint i = 0; i < WRITES_MAX; i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      LkHeaders headers = { .type = "rules.set", .source = "/latchkey/cli" };

      headers.time = lk_clock_wall (cli->clock);
      g_strlcpy (headers.subject, code, sizeof headers.subject);
      lk_headers_id (&headers, headers.type, code, plan->rules->rules_version, 0, 0);
      lk_trace_start (headers.traceparent, code, plan->rules->rules_version);
      lk_rules_write (plan->rules, text);
      if (!cli_write (cli, lk_table_topic (table), 0, code, text->str, text->len, &headers, error))
        return FALSE;
      if (!cli_refresh (cli, table, error))
        return FALSE;
      const LkRules *standing = cli_space_rules (plan->space);
      if (standing != NULL && standing->rules_version == plan->rules->rules_version
          && lk_rules_equal (standing, plan->rules))
        return TRUE;
      plan->rules->rules_version = next_version (standing, lk_clock_wall (cli->clock));
    }
  return lk_fail (error, LK_ERROR_RETRY,
                  "space %s: other rules were applied at the same moment, %d times; look at "
                  "`latchkey rules plan`",
                  code, WRITES_MAX);
}

static gboolean
check_losers (Cli *cli, const GPtrArray *plans, GError **error)
{
  guint losers = 0;

  for (guint i = 0; i < plans->len; i++)
    losers += cli_effect_losers (((Plan *) plans->pdata[i])->effects);
  if (cli->max_losers >= 0 && losers > cli->max_losers)
    return lk_fail (error, LK_ERROR_BLOCKED,
                    "%u members would lose a right, --max-losers allows %" G_GINT64_FORMAT
                    "; nothing was done",
                    losers, cli->max_losers);
  return TRUE;
}

int
rules_apply_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) plans = make_plans (cli, error);
  gboolean yes = TRUE;

  if (plans == NULL)
    return CLI_USAGE;
  if (!cli->json)
    show (cli, plans, FALSE);
  if (!check_losers (cli, plans, error))
    return CLI_DIFFERENCES;
  if (differing (plans) > 0 && !cli_confirm (cli, "Publish these rules?", &yes, error))
    return CLI_USAGE;
  for (guint i = 0; yes && i < plans->len; i++)
    {
      Plan *plan = plans->pdata[i];
      if (plan->differs && !apply_space (cli, plan, error))
        return CLI_UNREACHABLE;
    }
  if (cli->json)
    show (cli, plans, yes);
  else
    puts (!yes                    ? "Nothing was done."
          : differing (plans) > 0 ? "The rules are published."
                                  : "Nothing to do.");
  return yes ? CLI_DONE : CLI_DIFFERENCES;
}
