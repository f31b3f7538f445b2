/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What one record costs a worker before and after Kafka: reading the snapshot, deciding, writing
 * the command. CPU time of this thread, so that it can be set against a worker's whole CPU time.
 * Prints one JSON object.
 */
#include "../../src/pass-worker/decide.h"

#include <latchkey/model/headers.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RECORDS 500000

static const char snapshot[]
    = "{\"pass\":2023000017,\"member\":1423009001,\"space\":\"moncloa\",\"revision\":1795490450972,"
      "\"type\":3001,\"minutes\":null,\"created_at\":\"2026-08-27T08:40:26.933Z\",\"expires_at\":"
      "\"2026-12-31T00:00:00Z\",\"used\":false,\"used_at\":null,\"origin\":\"plan\",\"contract\":{"
      "\"active\":true,\"cancelled\":false,\"starts_at\":\"2026-01-05T00:00:00Z\",\"ends_at\":null,"
      "\"paused_from\":null,\"paused_until\":null},\"deleted\":false}";

static const char rules_text[]
    = "{\"space\":\"moncloa\",\"rules_version\":1,\"decider\":1,\"time_zone\":\"Europe/Madrid\","
      "\"day_cutoff\":\"00:00\",\"lead_s\":900,\"grace_s\":0,\"tentative\":false,\"expire_date\":"
      "\"end_of_day\",\"mappings\":{\"pass_type/3001\":{\"name\":\"Day Pass\",\"groups\":[{\"id\":"
      "7001,\"name\":\"Members\"}]}}}";

static double
cpu_ns (void)
{
  struct timespec now;

  (void) clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkRules) rules = lk_rules_parse (rules_text, strlen (rules_text), &error);
  g_autoptr (GString) text = g_string_new (NULL);
  double parse = 0, decide = 0, write = 0;
  guint64 digests = 0;

  if (rules == NULL)
    {
      (void) fprintf (stderr, "rules: %s\n", error->message);
      return 1;
    }
  for (guint i = 0; i < RECORDS; i++)
    {
      g_auto (LkPass) pass = { 0 };
      g_auto (LkCommand) command = { 0 };
      double t0 = cpu_ns ();
      if (!lk_pass_parse (&pass, snapshot, strlen (snapshot), &error))
        {
          (void) fprintf (stderr, "snapshot: %s\n", error->message);
          return 1;
        }
      double t1 = cpu_ns ();
      pass_decide (&pass, rules, &command);
      digests ^= lk_command_digest (&command) + i;
      double t2 = cpu_ns ();
      g_string_truncate (text, 0);
      lk_command_write (&command, text);
      double t3 = cpu_ns ();
      parse += t1 - t0;
      decide += t2 - t1;
      write += t3 - t2;
    }
  (void) printf ("{\"records\":%d,\"snapshot_bytes\":%zu,\"read_ns\":%.0f,\"decide_ns\":%.0f,"
                 "\"write_ns\":%.0f,\"check\":%" G_GUINT64_FORMAT "}\n",
                 RECORDS, strlen (snapshot), parse / RECORDS, decide / RECORDS, write / RECORDS,
                 digests);
  return 0;
}
