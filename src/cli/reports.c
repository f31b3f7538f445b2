/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey reports [MEMBER]`: who came, who was denied, and why (design §8). An event is told
 * once, by its highest revision.
 */
#include "stream.h"

#include <latchkey/model/report.h>
#include <stdio.h>

typedef struct
{
  Cli *cli;
  gint64 member; /* 0: all */
  LkTime since;
  GHashTable *reports; /* "space/id" → LkAccessReport*, both owned */
  guint unreadable;
} Reports;

static void
report_free (gpointer data)
{
  lk_access_report_clear (data);
  g_free (data);
}

static gboolean
is_door (const LkAccessReport *report, const char *door)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, report->door_id);

  return g_strcmp0 (report->door_name, door) == 0
         || g_str_equal (g_str_has_prefix (door, "id:") ? door + 3 : door, id);
}

static gboolean
is_asked_for (const Reports *reports, const LkAccessReport *report)
{
  return report->occurred_at >= reports->since
         && (reports->member == 0 || report->member_id == reports->member)
         && (reports->cli->door == NULL || is_door (report, reports->cli->door));
}

static void
add_report (const LkRecord *record, const LkConfigSpace *space, gpointer data)
{
  Reports *reports = data;
  LkAccessReport *report;
  const LkAccessReport *other;
  g_autofree char *key = NULL;

  /* What is older than the oldest that is wanted was written before: no need to read it. */
  if (record->timestamp < reports->since)
    return;
  report = g_new0 (LkAccessReport, 1);
  if (!lk_access_report_parse (report, record->value, record->value_len, NULL))
    {
      reports->unreadable++;
      g_free (report);
      return;
    }
  key = g_strconcat (space->code, "/", report->id, NULL);
  other = g_hash_table_lookup (reports->reports, key);
  if (is_asked_for (reports, report) && (other == NULL || other->revision < report->revision))
    g_hash_table_replace (reports->reports, g_steal_pointer (&key), report);
  else
    report_free (report);
}

static int
by_time (gconstpointer a, gconstpointer b)
{
  const LkAccessReport *x = *(LkAccessReport *const *) a, *y = *(LkAccessReport *const *) b;

  if (x->occurred_at != y->occurred_at)
    return x->occurred_at < y->occurred_at ? -1 : 1;
  return g_strcmp0 (x->id, y->id);
}

/* The reports of one space in order; borrowed from REPORTS. */
static GPtrArray *
in_order (const Reports *reports, const LkConfigSpace *space)
{
  g_autofree char *prefix = g_strconcat (space->code, "/", NULL);
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key, report;

  g_hash_table_iter_init (&iter, reports->reports);
  while (g_hash_table_iter_next (&iter, &key, &report))
    if (g_str_has_prefix (key, prefix))
      g_ptr_array_add (list, report);
  g_ptr_array_sort (list, by_time);
  return list;
}

/* --- shown --------------------------------------------------------------------------------------
 */

typedef struct
{
  guint granted, denied, people;
} Count;

static Count
count (const GPtrArray *list)
{
  g_autoptr (GHashTable) people = g_hash_table_new (g_int64_hash, g_int64_equal);
  Count sum = { 0 };

  for (guint i = 0; i < list->len; i++)
    {
      LkAccessReport *report = list->pdata[i];
      sum.granted += g_strcmp0 (report->result, "granted") == 0;
      sum.denied += g_strcmp0 (report->result, "denied") == 0;
      if (g_strcmp0 (report->result, "granted") == 0 && report->member_id != 0)
        g_hash_table_add (people, &report->member_id);
    }
  sum.people = g_hash_table_size (people);
  return sum;
}

static void
write_space (const char *space, const GPtrArray *list, LkJsonWriter *writer)
{
  Count sum = count (list);

  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "space", space);
  lk_json_int (writer, "granted", sum.granted);
  lk_json_int (writer, "denied", sum.denied);
  lk_json_int (writer, "members", sum.people);
  lk_json_end_object (writer);
}

/* The records as they are in the topic. */
static void
write_reports (const GPtrArray *list, LkJsonWriter *writer)
{
  for (guint i = 0; i < list->len; i++)
    {
      if (writer->comma)
        g_string_append_c (writer->out, ',');
      lk_access_report_write (list->pdata[i], writer->out);
      writer->comma = TRUE;
    }
}

static char *
who (const LkAccessReport *report)
{
  if (report->member_id != 0)
    return g_strdup_printf ("member %" G_GINT64_FORMAT, report->member_id);
  if (report->kisi_user_id != 0)
    return g_strdup_printf ("KISI user %" G_GINT64_FORMAT, report->kisi_user_id);
  return g_strdup (report->actor == NULL ? "-" : report->actor);
}

static void
add_rows (const LkConfigSpace *space, const GPtrArray *list, CliTable *table)
{
  for (guint i = 0; i < list->len; i++)
    {
      const LkAccessReport *report = list->pdata[i];
      char date[16], clock[8], from[LK_TIME_TEXT];
      const char *reason = report->reason == NULL ? "" : report->reason;
      gboolean early = g_str_equal (reason, "too_early") && report->window.from != LK_TIME_NONE;
      cli_table_row (
          table,
          g_strdup_printf ("%s %s", lk_zone_date (space->zone, report->occurred_at, 0, date),
                           lk_zone_clock (space->zone, report->occurred_at, clock)),
          g_strdup (space->code), g_strdup (report->door_name == NULL ? "-" : report->door_name),
          who (report), g_strdup (report->result == NULL ? report->event : report->result),
          early
              ? g_strdup_printf ("%s: from %s", reason, lk_time_format (report->window.from, from))
              : g_strdup (reason),
          NULL);
    }
}

/* --- the command --------------------------------------------------------------------------------
 */

static gboolean
parse_arguments (Cli *cli, Reports *reports, GError **error)
{
  return cli_since (cli, lk_clock_wall (cli->clock) - LK_DAY, &reports->since, error)
         && (cli->words[0] == NULL || cli_member_parse (cli->words[0], &reports->member, error));
}

static int
read_and_show (Cli *cli, Reports *reports, const GPtrArray *spaces, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL), rows = g_string_new (NULL);
  g_auto (CliTable) table = { NULL };
  LkJsonWriter writer = { text, FALSE }, row_writer = { rows, FALSE };

  if (!cli_stream (cli, LK_KIND_ACCESS_REPORTS, spaces, add_report, reports, error))
    return CLI_UNREACHABLE;
  cli_table_init (&table, "WHEN", "SPACE", "DOOR", "WHO", "RESULT", "WHY", NULL);
  lk_json_begin_object (&writer, NULL);
  lk_json_time (&writer, "since", reports->since);
  lk_json_begin_array (&writer, "spaces");
  lk_json_begin_array (&row_writer, NULL);
  for (guint i = 0; i < spaces->len; i++)
    {
      const LkConfigSpace *space = spaces->pdata[i];
      g_autoptr (GPtrArray) list = in_order (reports, space);
      write_space (space->code, list, &writer);
      write_reports (list, &row_writer);
      add_rows (space, list, &table);
      if (!cli->json)
        {
          Count sum = count (list);
          (void) printf ("space %s: granted %u times, to %u members; denied %u times\n",
                         space->code, sum.granted, sum.people, sum.denied);
        }
    }
  lk_json_end_array (&row_writer);
  lk_json_end_array (&writer);
  if (cli->json)
    (void) printf ("%s,\"reports\":%s}\n", text->str, rows->str);
  else if (table.rows->len > 1)
    cli_table_print (&table);
  if (reports->unreadable > 0)
    (void) fprintf (stderr, "latchkey: %u reports could not be understood\n", reports->unreadable);
  return CLI_DONE;
}

int
reports_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) spaces = cli_spaces (cli, error);
  Reports reports = { .cli = cli };
  int status;

  if (spaces == NULL || !parse_arguments (cli, &reports, error))
    return CLI_USAGE;
  reports.reports = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, report_free);
  status = read_and_show (cli, &reports, spaces, error);
  g_hash_table_unref (reports.reports);
  return status;
}
