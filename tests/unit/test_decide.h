/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the three tables of rules share: times and rules in text, claims back to text.
 */
#pragma once

#include <latchkey/model/command.h>
#include <latchkey/model/rules.h>
#include <string.h>

static inline LkTime
at (const char *text)
{
  LkTime time = LK_TIME_NONE;
  g_autoptr (GError) error = NULL;

  if (text == NULL)
    return LK_TIME_NONE;
  g_assert_true (lk_time_parse (text, strlen (text), &time, &error));
  g_assert_no_error (error);
  return time;
}

/* Rules of a space in ZONE: pass type 3001 → group 7001, pass type 3002 → 7001 and 7003, resource
 * 4001 → 7002, resource 4002 → 7002 and 7004 with a lead of its own of 5 min. */
static inline LkRules *
rules_of (const char *zone, const char *cutoff, const char *expire_date, const char *more)
{
  g_autofree char *json = g_strdup_printf (
      "{\"space\":\"moncloa\",\"rules_version\":1000,\"decider\":1,\"time_zone\":\"%s\","
      "\"day_cutoff\":\"%s\",\"expire_date\":\"%s\",%s\"mappings\":{"
      "\"pass_type/3001\":{\"name\":\"Day Pass\",\"groups\":[{\"id\":7001,\"name\":\"Day\"}]},"
      "\"pass_type/3002\":{\"name\":\"24 Hours\",\"groups\":[{\"id\":7001,\"name\":\"Day\"},"
      "{\"id\":7003,\"name\":\"Night\"}]},"
      "\"resource/4001\":{\"name\":\"Green\",\"groups\":[{\"id\":7002,\"name\":\"Green\"}]},"
      "\"resource/4002\":{\"name\":\"Blue\",\"groups\":[{\"id\":7002,\"name\":\"Green\"},"
      "{\"id\":7004,\"name\":\"Blue\"}],\"lead_s\":300}}}",
      zone, cutoff, expire_date,
      more != NULL ? more : "\"lead_s\":900,\"grace_s\":0,\"tentative\":false,");
  g_autoptr (GError) error = NULL;
  LkRules *rules = lk_rules_parse (json, strlen (json), &error);

  g_assert_no_error (error);
  return rules;
}

/* "7001 2026-01-01T00:00:00Z..2026-01-02T00:00:00Z; 7003 *..*" for a failing row to show. */
static inline char *
claims_text (const LkCommand *command)
{
  GString *text = g_string_new (NULL);
  char from[LK_TIME_TEXT], until[LK_TIME_TEXT];

  for (guint i = 0; i < command->n_claims; i++)
    {
      const LkClaim *claim = &command->claims[i];
      g_string_append_printf (
          text, "%s%" G_GINT64_FORMAT " %s..%s", i == 0 ? "" : "; ", claim->group_id,
          claim->window.from == LK_TIME_NONE ? "*" : lk_time_format (claim->window.from, from),
          claim->window.until == LK_TIME_NONE ? "*" : lk_time_format (claim->window.until, until));
    }
  return g_string_free (text, FALSE);
}
