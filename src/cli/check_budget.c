/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey check`: how the hour of one Nexudus login would be spent with this configuration, by
 * the poller's own plan (schedule.h) and the lists that it reads (reads.h), as long as they are
 * now.
 */
#include "check.h"

#include "tables.h"

#include <stdio.h>

static const char *const list_names[READS_COUNT_] = {
  [READS_BUSINESSES] = "locations",
  [READS_PASS_TYPES] = "pass types",
  [READS_RESOURCES] = "resources",
  [READS_CONTRACTS] = "contracts",
  [READS_PAUSES] = "paused periods",
  [READS_COWORKERS] = "people",
  [READS_UNUSED_PASSES] = "unused passes",
  [READS_USED_PASSES] = "passes used of late",
  [READS_BOOKINGS] = "bookings not over yet",
};

void
check_hour_plan (const LkConfigNexudus *config, const gint64 totals[READS_COUNT_], CheckHour *out)
{
  Schedule plan;

  *out = (CheckHour){ .config = config, .spent = -1 };
  for (int i = 0; i < READS_COUNT_; i++)
    {
      out->totals[i] = totals[i];
      out->requests[i] = reads_requests ((ReadsList) i, totals[i]);
      out->listing += out->requests[i];
    }
  plan = schedule_plan (config->poll_interval, SCHEDULE_CYCLE_REQUESTS, config->requests_per_minute,
                        config->requests_per_hour);
  out->interval = plan.interval;
  out->hour = schedule_hour (&plan, SCHEDULE_CYCLE_REQUESTS, out->listing, config->listing_interval,
                             config->requests_per_minute, config->requests_per_hour);
}

static char *
in_seconds (gint64 ms)
{
  return lk_duration_format ((ms + LK_SECOND - 1) / LK_SECOND * LK_SECOND);
}

void
check_hour_judge (const CheckHour *hour, CheckFunc found, gpointer data)
{
  const LkConfigNexudus *config = hour->config;
  g_autofree char *interval = in_seconds (hour->interval);
  g_autofree char *listing = in_seconds (hour->hour.listing_ms);
  g_autoptr (GError) error = NULL;

  (void) lk_fail (&error, LK_ERROR_CONFIG, "the plan of the hour");
  if (hour->interval > config->poll_interval)
    {
      g_autofree char *text = g_strdup_printf ("changes can be read only every %s within the "
                                               "account's limits: set `poll_interval` to it",
                                               interval);
      found (config->account, error, text, data);
    }
  if (hour->hour.listing_ms > config->listing_interval)
    {
      g_autofree char *text = g_strdup_printf (
          "a full listing takes at least %s, longer than `listing_interval`: what vanishes in "
          "Nexudus is noticed that much later; raise `poll_interval`, or divide the account",
          listing);
      found (config->account, error, text, data);
    }
}

/* What the poller has written; -1 where that can't be read. */
void
check_hour_read_spent (Cli *cli, CheckHour *hour)
{
  g_autoptr (GPtrArray) accounts = cli_accounts_load (cli, NULL);

  for (guint i = 0; accounts != NULL && i < accounts->len; i++)
    {
      const CliAccount *account = accounts->pdata[i];
      if (account->kind == LK_KIND_NEXUDUS_ACCOUNT && account->entry != NULL
          && g_str_equal (account->name, hour->config->account))
        hour->spent
            = lk_nexudus_account_spent (&account->entry->nexudus, lk_clock_wall (cli->clock));
    }
}

/* --- telling ------------------------------------------------------------------------------------
 */

static void
add_row (CliTable *table, const char *what, double each, double times, double requests)
{
  cli_table_row (table, g_strdup (what), each < 0 ? g_strdup ("") : g_strdup_printf ("%.0f", each),
                 times < 0 ? g_strdup ("") : g_strdup_printf ("%.1f", times),
                 g_strdup_printf ("%.0f", requests), NULL);
}

void
check_hour_print (const CheckHour *hour)
{
  const ScheduleHour *plan = &hour->hour;
  g_autofree char *interval = in_seconds (hour->interval);
  g_autofree char *listing = in_seconds (plan->listing_ms);
  g_auto (CliTable) table;

  (void) printf ("\nnexudus %s: an hour of %u requests\n", hour->config->account,
                 hour->config->requests_per_hour);
  cli_table_init (&table, "what", "requests each", "times an hour", "requests an hour", NULL);
  add_row (&table, "reading changes", SCHEDULE_CYCLE_REQUESTS, plan->cycles, plan->cycle_requests);
  add_row (&table, "full listings", hour->listing, plan->listings, plan->listing_requests);
  add_row (&table, "left for single rows, logins and retries", -1, -1, plan->rest);
  cli_table_print (&table);
  (void) printf ("Changes are read every %s. A full listing takes at least %s:\n", interval,
                 listing);
  for (int i = 0; i < READS_COUNT_; i++)
    (void) printf ("  %" G_GINT64_FORMAT " %s: %u requests\n", hour->totals[i], list_names[i],
                   hour->requests[i]);
  if (hour->spent >= 0)
    (void) printf ("In the last hour the poller has spent %" G_GINT64_FORMAT ".\n", hour->spent);
}

void
check_hour_write (const CheckHour *hour, LkJsonWriter *writer)
{
  const ScheduleHour *plan = &hour->hour;

  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "account", hour->config->account);
  lk_json_int (writer, "per_minute", hour->config->requests_per_minute);
  lk_json_int (writer, "per_hour", hour->config->requests_per_hour);
  lk_json_int (writer, "interval_ms", hour->interval);
  lk_json_int (writer, "listing_ms", plan->listing_ms);
  lk_json_int (writer, "requests_of_a_cycle", SCHEDULE_CYCLE_REQUESTS);
  lk_json_int (writer, "requests_of_a_listing", hour->listing);
  lk_json_int (writer, "cycles", (gint64) plan->cycle_requests);
  lk_json_int (writer, "listings", (gint64) plan->listing_requests);
  lk_json_int (writer, "rest", (gint64) plan->rest);
  if (hour->spent >= 0)
    lk_json_int (writer, "spent_in_last_hour", hour->spent);
  else
    lk_json_null (writer, "spent_in_last_hour");
  lk_json_begin_array (writer, "lists");
  for (int i = 0; i < READS_COUNT_; i++)
    {
      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "what", list_names[i]);
      lk_json_int (writer, "rows", hour->totals[i]);
      lk_json_int (writer, "requests", hour->requests[i]);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}
