/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey check`: the configuration (main has read it by now), then each connection: whose key,
 * what it sees, what to do.
 */
#include "check.h"

#include <latchkey/model/json.h>
#include <latchkey/nexudus/rows.h>
#include <stdio.h>

#define CONNECT_MS 30000
#define SKEW_MAX_MS (10 * LK_SECOND)

typedef enum
{
  FOUND_WELL,
  FOUND_PROBLEM,
  FOUND_AWAY, /* nothing could be seen: the service is out of reach */
} Found;

typedef struct
{
  const char *what; /* kafka, topics, nexudus, kisi */
  const char *account;
  Found found;
  char *text;
} Finding;

static void
finding_free (gpointer data)
{
  g_free (((Finding *) data)->text);
  g_free (data);
}

static void
add (GPtrArray *findings, const char *what, const char *account, Found found, char *text)
{
  Finding *finding = g_new (Finding, 1);

  *finding = (Finding){ what, account, found, text };
  g_ptr_array_add (findings, finding);
}

/* A failed call: later it may do, or somebody has to change something first. */
static Found
found_by (const GError *error)
{
  return error->code == LK_ERROR_RETRY ? FOUND_AWAY : FOUND_PROBLEM;
}

static void
missing_nexudus (const char *account, const GError *error, const char *text, gpointer findings)
{
  add (findings, "nexudus", account, found_by (error), g_strdup (text));
}

static void
missing_kisi (const char *account, const GError *error, const char *text, gpointer findings)
{
  add (findings, "kisi", account, found_by (error), g_strdup (text));
}

/* --- Kafka --------------------------------------------------------------------------------------
 */

/* TRUE: topics can be read. */
static gboolean
check_kafka (Cli *cli, GPtrArray *findings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (LkTopicsPlan) plan = NULL;

  if (!cli_open_kafka (cli, &error))
    {
      add (findings, "kafka", NULL, found_by (error), g_strdup (error->message));
      return FALSE;
    }
  add (findings, "kafka", NULL, FOUND_WELL,
       g_strdup_printf ("%s answers", cli->config->kafka.brokers));
  files = lk_topic_files_load (cli->topics_dir, &error);
  if (files != NULL)
    plan = lk_topics_plan (cli->kafka, files, cli->config, CONNECT_MS, &error);
  if (plan == NULL)
    add (findings, "topics", NULL, found_by (error), g_strdup (error->message));
  else if (plan->creates + plan->alters + plan->refused > 0)
    add (findings, "topics", NULL, FOUND_PROBLEM,
         g_strdup_printf ("%u to create, %u to alter, %u refused: see `latchkey topics plan`",
                          plan->creates, plan->alters, plan->refused));
  else
    add (findings, "topics", NULL, FOUND_WELL,
         g_strdup_printf ("all %u are there", plan->topics->len));
  return plan != NULL && plan->creates + plan->refused == 0;
}

/* --- Nexudus ------------------------------------------------------------------------------------
 */

typedef struct
{
  gboolean over;
  GError *error;
  GString *seen; /* locations, or whose key */
  GHashTable *ids;
  gint64 group; /* one that it sees; 0: none */
  gint64 total; /* of the list that was looked at */
  const LkClock *clock;
  LkTime date, answered_at; /* of the first answer that says the service's time */
} Look;

static void
note_date (Look *look, LkTime date)
{
  if (date == LK_TIME_NONE || look->date != LK_TIME_NONE)
    return;
  look->date = date;
  look->answered_at = lk_clock_wall (look->clock);
}

/* Windows begin and end by the service's clock, and are decided by this one. A Date has whole
 * seconds and is written before the answer travels: less than a second says nothing. */
static void
check_clock (const Look *look, const char *what, const char *account, GPtrArray *findings)
{
  gint64 ahead = look->date - look->answered_at;
  gint64 seconds = (ABS (ahead) + 500) / 1000;

  if (look->date == LK_TIME_NONE)
    add (findings, what, account, FOUND_WELL,
         g_strdup ("it does not say its time: no Date in its answer"));
  else if (ABS (ahead) > SKEW_MAX_MS)
    add (findings, what, account, FOUND_PROBLEM,
         g_strdup_printf ("its clock is %" G_GINT64_FORMAT
                          " s %s this machine's: set this one by NTP, or doors open and close so "
                          "much too early or late",
                          seconds, ahead > 0 ? "ahead of" : "behind"));
  else
    add (findings, what, account, FOUND_WELL,
         g_strdup_printf ("its clock and this machine's agree within %" G_GINT64_FORMAT " s",
                          seconds + 1));
}

static gboolean
is_over (gpointer data)
{
  return ((Look *) data)->over;
}

static void
business_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Look *look = data;
  g_auto (LkNexudusBusiness) business = { 0 };

  (void) read;
  if (!lk_nexudus_business_read (&business, row, NULL))
    return;
  g_string_append_printf (look->seen, "%s%s (%" G_GINT64_FORMAT ")",
                          look->seen->len == 0 ? "" : ", ",
                          business.name == NULL ? "" : business.name, business.id);
  g_hash_table_add (look->ids, g_memdup2 (&business.id, sizeof business.id));
}

static void
listed (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Look *look = data;

  look->over = TRUE;
  if (error != NULL)
    look->error = g_error_copy (error);
  else
    note_date (look, read->date);
  look->total = read->total;
}

/* Lists (or counts, of QUERY) one entity; FALSE when it is not allowed or out of reach. */
static gboolean
look_at (Cli *cli, CliServices *services, LkNexudusEntity entity, const char *query, Look *look,
         GError **error)
{
  look->over = FALSE;
  if (entity == LK_NEXUDUS_BUSINESSES)
    lk_nexudus_list (services->nexudus, entity, NULL, LK_NEXUDUS_ROWS, business_row, listed, look);
  else
    lk_nexudus_count (services->nexudus, entity, query, listed, look);
  if (!cli_services_wait (cli, services, is_over, look, "asking Nexudus", CONNECT_MS, error))
    return FALSE;
  if (look->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&look->error));
  return FALSE;
}

static void
check_spaces_are_seen (Cli *cli, const LkConfigNexudus *config, const Look *look,
                       GPtrArray *findings)
{
  for (guint i = 0; i < cli->config->n_spaces; i++)
    {
      const LkConfigSpace *space = &cli->config->spaces[i];
      if (space->nexudus == config && !g_hash_table_contains (look->ids, &space->business))
        add (findings, "nexudus", config->account, FOUND_PROBLEM,
             g_strdup_printf ("space %s: the login does not see location %" G_GINT64_FORMAT
                              ": set `business`, or give the user access to it",
                              space->code, space->business));
    }
}

static gint64
grace_of (const Cli *cli, const LkConfigNexudus *config)
{
  gint64 grace = 0;

  for (guint i = 0; i < cli->config->n_spaces; i++)
    if (cli->config->spaces[i].nexudus == config)
      grace = MAX (grace, cli->config->spaces[i].grace);
  return grace;
}

/* Counts what a full listing lists, and asks whether the other lists may be read. LOOK has the
 * locations. When all could be counted, the plan of the account's hour goes to HOURS (CheckHour).
 */
static void
look_at_lists (Cli *cli, CliServices *services, const LkConfigNexudus *config, Look *look,
               GPtrArray *findings, GArray *hours)
{
  static const LkNexudusEntity others[] = { LK_NEXUDUS_CANCELLED, LK_NEXUDUS_SLOTS };
  gint64 totals[READS_COUNT_] = { [READS_BUSINESSES] = look->total };
  LkTime now = lk_clock_wall (cli->clock);
  gboolean refused[LK_NEXUDUS_ENTITY_COUNT_] = { FALSE };
  gboolean whole = TRUE;
  CheckHour hour;

  for (int i = READS_BUSINESSES + 1; i < READS_COUNT_; i++)
    {
      LkNexudusEntity entity = reads_entity ((ReadsList) i);
      g_autofree char *query = reads_query ((ReadsList) i, now, grace_of (cli, config));
      g_autoptr (GError) error = NULL;

      if (refused[entity])
        continue; /* said once */
      if (look_at (cli, services, entity, query, look, &error))
        {
          totals[i] = look->total;
          continue;
        }
      whole = FALSE;
      refused[entity] = TRUE;
      missing_nexudus (config->account, error, error->message, findings);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;
      if (!look_at (cli, services, others[i], NULL, look, &error))
        missing_nexudus (config->account, error, error->message, findings);
    }
  if (!whole)
    return;
  check_hour_plan (config, totals, &hour);
  check_hour_judge (&hour, missing_nexudus, findings);
  g_array_append_val (hours, hour);
}

static void
check_nexudus (Cli *cli, const LkConfigNexudus *config, GPtrArray *findings, GArray *hours)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CliServices) services = cli_services_open (cli, config, NULL, &error);
  Look look = { .seen = g_string_new (NULL),
                .ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
                .clock = cli->clock,
                .date = LK_TIME_NONE };

  if (services == NULL)
    add (findings, "nexudus", config->account, FOUND_PROBLEM, g_strdup (error->message));
  else if (!look_at (cli, services, LK_NEXUDUS_BUSINESSES, NULL, &look, &error))
    add (findings, "nexudus", config->account, found_by (error),
         error->code == LK_ERROR_RETRY
             ? g_strdup (error->message)
             : g_strdup_printf ("%s: set `user`, and put its password in %s", error->message,
                                config->password_file));
  else
    {
      add (findings, "nexudus", config->account, FOUND_WELL,
           g_strdup_printf ("%s is logged in and sees: %s", config->user, look.seen->str));
      check_clock (&look, "nexudus", config->account, findings);
      check_spaces_are_seen (cli, config, &look, findings);
      look_at_lists (cli, services, config, &look, findings, hours);
      check_nexudus_rows (cli, services, config->account, missing_nexudus, findings);
    }
  g_string_free (look.seen, TRUE);
  g_hash_table_unref (look.ids);
}

/* --- KISI ---------------------------------------------------------------------------------------
 */

/* `GET /user` says nothing of its role (kisi-api.md §2.6); the user's own assignments may. */
static void
note_roles (Look *look, const LkKisiAnswer *answer)
{
  g_autoptr (GPtrArray) named = g_ptr_array_new ();

  for (guint i = 0; i < answer->assignments->len; i++)
    {
      const LkKisiAssignment *one = answer->assignments->pdata[i];
      /* A role in a group opens doors, and manages nothing that Latchkey does. */
      if (one->group_id != 0 || *one->role_id == '\0'
          || g_ptr_array_find_with_equal_func (named, one->role_id, g_str_equal, NULL))
        continue;
      g_string_append_printf (look->seen, "%s%s", named->len == 0 ? " (" : ", ", one->role_id);
      g_ptr_array_add (named, one->role_id);
    }
  g_string_append (look->seen, named->len == 0 ? " (KISI names no role)" : ")");
}

static void
note_groups (Look *look, const LkKisiAnswer *answer)
{
  g_string_append_printf (look->seen, " and sees %u groups", answer->groups->len);
  for (guint i = 0; i < answer->groups->len; i++)
    {
      const LkKisiGroup *group = answer->groups->pdata[i];
      g_hash_table_add (look->ids, g_memdup2 (&group->place_id, sizeof group->place_id));
      look->group = group->id;
    }
}

static gboolean
look_at_kisi (Cli *cli, CliServices *services, Look *look, GError **error)
{
  g_autoptr (LkKisiAnswer) user = cli_kisi_need (cli, services, CLI_ASK_WHOAMI, 0, error);
  g_autoptr (LkKisiAnswer) roles = NULL, groups = NULL;
  gint64 id;

  if (user == NULL)
    return FALSE;
  note_date (look, user->date);
  id = ((LkKisiUser *) user->users->pdata[0])->id;
  g_string_printf (look->seen, "the key is user %" G_GINT64_FORMAT "'s", id);
  roles = cli_kisi_need (cli, services, CLI_ASK_USER_RIGHTS, id, error);
  if (roles != NULL)
    groups = cli_kisi_need (cli, services, CLI_ASK_GROUPS, 0, error);
  if (groups == NULL)
    return FALSE;
  note_roles (look, roles);
  note_groups (look, groups);
  return TRUE;
}

static void
check_places_are_seen (Cli *cli, const LkConfigKisi *config, const Look *look, GPtrArray *findings)
{
  for (guint i = 0; i < cli->config->n_spaces; i++)
    {
      const LkConfigSpace *space = &cli->config->spaces[i];
      if (space->kisi == config && !g_hash_table_contains (look->ids, &space->place))
        add (findings, "kisi", config->account, FOUND_PROBLEM,
             g_strdup_printf ("space %s: the key sees no group of place %" G_GINT64_FORMAT
                              ": set `place`, or give its user rights there",
                              space->code, space->place));
    }
}

static void
check_kisi (Cli *cli, const LkConfigKisi *config, GPtrArray *findings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CliServices) services = cli_services_open (cli, NULL, config, &error);
  Look look = { .seen = g_string_new (NULL),
                .ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
                .clock = cli->clock,
                .date = LK_TIME_NONE };

  if (services == NULL)
    add (findings, "kisi", config->account, FOUND_PROBLEM, g_strdup (error->message));
  else if (!look_at_kisi (cli, services, &look, &error))
    add (findings, "kisi", config->account, found_by (error),
         error->code == LK_ERROR_RETRY
             ? g_strdup (error->message)
             : g_strdup_printf ("%s: make a key from the organization's owner account, and put it "
                                "in %s",
                                error->message, config->key_file));
  else
    {
      add (findings, "kisi", config->account, FOUND_WELL, g_strdup (look.seen->str));
      add (findings, "kisi", config->account, FOUND_WELL,
           g_strdup ("whether the key may write is known only when something is written: its user "
                     "has to be the organization's owner or an administrator"));
      check_clock (&look, "kisi", config->account, findings);
      check_places_are_seen (cli, config, &look, findings);
      check_kisi_reads (cli, services, config->account, look.group, missing_kisi, findings);
    }
  g_string_free (look.seen, TRUE);
  g_hash_table_unref (look.ids);
}

/* --- the command --------------------------------------------------------------------------------
 */

static void
print_json (const GPtrArray *findings, const GArray *hours, const char *shown)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "findings");
  for (guint i = 0; i < findings->len; i++)
    {
      const Finding *finding = findings->pdata[i];
      lk_json_begin_object (&writer, NULL);
      lk_json_string (&writer, "what", finding->what);
      lk_json_string (&writer, "account", finding->account);
      lk_json_bool (&writer, "ok", finding->found == FOUND_WELL);
      lk_json_bool (&writer, "out_of_reach", finding->found == FOUND_AWAY);
      lk_json_string (&writer, "text", finding->text);
      lk_json_end_object (&writer);
    }
  lk_json_end_array (&writer);
  lk_json_begin_array (&writer, "hours");
  for (guint i = 0; i < hours->len; i++)
    check_hour_write (&g_array_index (hours, CheckHour, i), &writer);
  lk_json_end_array (&writer);
  if (shown != NULL)
    lk_json_string (&writer, "configuration", shown);
  lk_json_end_object (&writer);
  puts (text->str);
}

int
check_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) findings = g_ptr_array_new_with_free_func (finding_free);
  g_autoptr (GArray) hours = g_array_new (FALSE, FALSE, sizeof (CheckHour));
  g_autofree char *shown = cli->show ? lk_config_show (cli->config) : NULL;
  gboolean problems = FALSE, away = FALSE, has_topics;

  (void) error;
  if (shown != NULL && !cli->json)
    (void) printf ("%s\n", shown);
  if (!cli->json)
    (void) printf ("ok       configuration %s: %u spaces\n", cli->config->path,
                   cli->config->n_spaces);
  has_topics = check_kafka (cli, findings);
  for (guint i = 0; i < cli->config->n_nexudus; i++)
    check_nexudus (cli, &cli->config->nexudus[i], findings, hours);
  for (guint i = 0; i < cli->config->n_kisi; i++)
    check_kisi (cli, &cli->config->kisi[i], findings);
  for (guint i = 0; i < findings->len; i++)
    {
      const Finding *finding = findings->pdata[i];
      problems |= finding->found == FOUND_PROBLEM;
      away |= finding->found == FOUND_AWAY;
      if (!cli->json)
        (void) printf ("%-8s %s%s%s: %s\n", finding->found == FOUND_WELL ? "ok" : "PROBLEM",
                       finding->what, finding->account == NULL ? "" : " ",
                       finding->account == NULL ? "" : finding->account, finding->text);
    }
  for (guint i = 0; i < hours->len && has_topics; i++)
    check_hour_read_spent (cli, &g_array_index (hours, CheckHour, i));
  for (guint i = 0; i < hours->len && !cli->json; i++)
    check_hour_print (&g_array_index (hours, CheckHour, i));
  if (cli->json)
    print_json (findings, hours, shown);
  /* What could not be looked at may hold more problems: that is said before those found. */
  return away ? CLI_UNREACHABLE : problems ? CLI_DIFFERENCES : CLI_DONE;
}
