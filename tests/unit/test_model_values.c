/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What messages are beyond their text: values that were read, mappings found, rules compared,
 * digests, rights copied, newer formats refused.
 */
#include <latchkey/model/command.h>
#include <latchkey/model/ledger.h>
#include <latchkey/model/report.h>
#include <latchkey/model/rules.h>
#include <latchkey/model/snapshot.h>
#include <string.h>

#define RULES                                                                                      \
  "{\"space\":\"moncloa\",\"rules_version\":1000,\"decider\":1,\"time_zone\":\"Europe/Madrid\","   \
  "\"day_cutoff\":\"04:30\",\"lead_s\":900,\"grace_s\":60,\"tentative\":true,"                     \
  "\"expire_date\":\"instant\",\"mappings\":{"                                                     \
  "\"resource/4001\":{\"name\":\"Green\",\"groups\":[{\"id\":7002,\"name\":\"Green\"}],"           \
  "\"lead_s\":300},"                                                                               \
  "\"pass_type/3002\":{\"name\":\"24 Hours\",\"groups\":[{\"id\":7001,\"name\":\"Day\"},"          \
  "{\"id\":7003,\"name\":\"Night\"}]},"                                                            \
  "\"team/1\":{\"of\":\"a newer writer\"},"                                                        \
  "\"pass_type/3001\":{\"name\":\"Day\",\"groups\":[{\"id\":7001,\"name\":\"Day\"}]}}}"

static LkRules *
rules_of (const char *json)
{
  g_autoptr (GError) error = NULL;
  LkRules *rules = lk_rules_parse (json, strlen (json), &error);

  g_assert_no_error (error);
  return rules;
}

static void
test_rules_values (void)
{
  g_autoptr (LkRules) rules = rules_of (RULES);
  const LkMapping *mapping;

  g_assert_cmpstr (rules->space, ==, "moncloa");
  g_assert_cmpint (rules->day_cutoff, ==, 4 * 60 + 30);
  g_assert_cmpint (rules->lead_s, ==, 900);
  g_assert_cmpint (rules->grace_s, ==, 60);
  g_assert_true (rules->tentative);
  g_assert_true (rules->expire_instant);
  g_assert_cmpstr (lk_zone_name (rules->zone), ==, "Europe/Madrid");
  g_assert_cmpuint (rules->n_mappings, ==, 3);

  mapping = lk_rules_find (rules, LK_TARGET_PASS_TYPE, 3002);
  g_assert_nonnull (mapping);
  g_assert_cmpuint (mapping->n_groups, ==, 2);
  g_assert_cmpint (mapping->groups[1].id, ==, 7003);
  g_assert_cmpint (mapping->lead_s, ==, -1);
  g_assert_cmpint (lk_rules_find (rules, LK_TARGET_RESOURCE, 4001)->lead_s, ==, 300);
  g_assert_null (lk_rules_find (rules, LK_TARGET_RESOURCE, 3002));
  g_assert_null (lk_rules_find (rules, LK_TARGET_PASS_TYPE, 3003));
  g_assert_true (lk_rules_has_group (rules, 7003));
  g_assert_false (lk_rules_has_group (rules, 7004));
}

static void
test_rules_without_mappings (void)
{
  g_autoptr (LkRules) rules = rules_of (
      "{\"space\":\"a\",\"rules_version\":1,\"decider\":1,\"time_zone\":\"UTC\",\"day_cutoff\":"
      "\"00:00\",\"lead_s\":0,\"grace_s\":0,\"tentative\":false,\"expire_date\":\"of a newer "
      "writer\",\"mappings\":{}}");

  g_assert_false (rules->expire_instant);
  g_assert_null (lk_rules_find (rules, LK_TARGET_PASS_TYPE, 1));
  g_assert_false (lk_rules_has_group (rules, 1));
}

/* RULES with the first FROM replaced by TO, against RULES. */
static void
test_rules_equal (void)
{
  static const struct
  {
    const char *from, *to;
    gboolean equal;
  } rows[] = {
    { "1000", "2000", TRUE },
    { "24 Hours", "Whole day", TRUE },
    { "\"name\":\"Night\"", "\"name\":\"Noche\"", TRUE },
    { "moncloa", "chamberi", FALSE },
    { "Europe/Madrid", "Europe/Paris", FALSE },
    { "\"decider\":1", "\"decider\":2", FALSE },
    { "04:30", "04:31", FALSE },
    { "900", "901", FALSE },
    { "\"grace_s\":60", "\"grace_s\":0", FALSE },
    { "true", "false", FALSE },
    { "instant", "end_of_day", FALSE },
    { "resource/4001", "resource/4002", FALSE },
    { "resource/4001", "pass_type/4001", FALSE },
    { "7003", "7004", FALSE },
    { "\"lead_s\":300", "\"lead_s\":0", FALSE },
    { ",\"lead_s\":300", "", FALSE },
    { "{\"id\":7001,\"name\":\"Day\"},{\"id\":7003,\"name\":\"Night\"}",
      "{\"id\":7003,\"name\":\"Night\"},{\"id\":7001,\"name\":\"Day\"}", TRUE },
    { ",{\"id\":7003,\"name\":\"Night\"}", "", FALSE },
    { "team/1", "team/2", TRUE },
  };
  g_autoptr (LkRules) rules = rules_of (RULES);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) text = g_string_new (RULES);
      g_autoptr (LkRules) other = NULL;

      g_assert_cmpuint (g_string_replace (text, rows[i].from, rows[i].to, 1), ==, 1);
      other = rules_of (text->str);
      g_test_message ("%s -> %s", rows[i].from, rows[i].to);
      g_assert_cmpint (lk_rules_equal (rules, other), ==, rows[i].equal);
      g_assert_cmpint (lk_rules_equal (other, rules), ==, rows[i].equal);
    }
}

static void
test_zone_is_a_configuration_problem (void)
{
  g_autoptr (GString) text = g_string_new (RULES);
  g_autoptr (GError) error = NULL;

  g_string_replace (text, "Europe/Madrid", "Europe/Madird", 1);
  g_assert_null (lk_rules_parse (text->str, text->len, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, "time_zone: "));
}

static LkCommand
command_of (const char *json)
{
  g_autoptr (GError) error = NULL;
  LkCommand command = { 0 };

  g_assert_true (lk_command_parse (&command, json, strlen (json), &error));
  g_assert_no_error (error);
  return command;
}

/* What is decided counts, the version, the cause and the order of claims do not. */
static void
test_digest (void)
{
#define CLAIMS(space, member, version, source, claims, why)                                        \
  "{\"member\":" member ",\"space\":\"" space "\",\"version\":" version ",\"source\":\"" source    \
  "\",\"claims\":[" claims "],\"cause\":{\"why\":\"" why "\"}}"
#define ONE(group, from, until)                                                                    \
  "{\"group_id\":" group ",\"valid_from\":" from ",\"valid_until\":" until "}"
#define A ONE ("7001", "\"2026-09-01T00:00:00Z\"", "null")
#define B ONE ("7002", "null", "\"2026-09-01T00:00:00Z\"")
#define MEMBER(email, name, entitled)                                                              \
  "{\"member\":1,\"space\":\"a\",\"version\":[1,1],\"email\":" email ",\"name\":" name             \
  ",\"entitled\":" entitled "}"
  static const char *const same[][2] = {
    { CLAIMS ("a", "1", "[1,1]", "pass/17", A "," B, "unused"),
      CLAIMS ("a", "1", "[9,9]", "pass/17", B "," A, "used_today") },
    { CLAIMS ("a", "1", "[1,1]", "pass/17", "", "deleted"),
      CLAIMS ("a", "1", "[1,2]", "pass/17", "", "of_a_newer_writer") },
    { MEMBER ("\"a@b\"", "\"c\"", "true"),
      "{\"version\":[7,7],\"entitled\":true,\"name\":\"c\",\"email\":\"a@b\",\"space\":\"a\","
      "\"member\":1,\"more\":[]}" },
  };
  static const char *const distinct[] = {
    CLAIMS ("a", "1", "[1,1]", "pass/17", A "," B, "unused"),
    CLAIMS ("b", "1", "[1,1]", "pass/17", A "," B, "unused"),
    CLAIMS ("a", "2", "[1,1]", "pass/17", A "," B, "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/18", A "," B, "unused"),
    CLAIMS ("a", "1", "[1,1]", "booking/17", A "," B, "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/17", A, "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/17", B, "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/17", A "," A, "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/17", "", "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/17", ONE ("7001", "null", "null"), "unused"),
    CLAIMS ("a", "1", "[1,1]", "pass/17", ONE ("7001", "null", "\"2026-09-01T00:00:00Z\""), "x"),
    MEMBER ("\"a@b\"", "\"c\"", "true"),
    MEMBER ("\"a@b\"", "\"c\"", "false"),
    MEMBER ("\"a@b\"", "null", "true"),
    MEMBER ("\"a@b\"", "\"\"", "true"),
    MEMBER ("null", "\"c\"", "true"),
    MEMBER ("\"a@bc\"", "\"\"", "true"),
    MEMBER ("\"c\"", "\"a@b\"", "true"),
  };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    {
      g_auto (LkCommand) a = command_of (same[i][0]);
      g_auto (LkCommand) b = command_of (same[i][1]);

      g_assert_cmpuint (lk_command_digest (&a), ==, lk_command_digest (&b));
    }
  for (guint i = 0; i < G_N_ELEMENTS (distinct); i++)
    {
      g_auto (LkCommand) command = command_of (distinct[i]);
      guint64 digest = lk_command_digest (&command);

      g_test_message ("%s", distinct[i]);
      g_assert_true (g_hash_table_add (seen, g_memdup2 (&digest, sizeof digest)));
    }
}

static void
test_commands_are_told_apart (void)
{
  g_auto (LkCommand) claims = command_of (CLAIMS ("a", "1", "[3,4]", "booking/5", A, "booked"));
  g_auto (LkCommand) member = command_of (MEMBER ("null", "\"\\\"source\\\"\"", "true"));
  g_auto (LkCommand) suspended = command_of (MEMBER ("null", "null", "false"));

  g_assert_cmpint (claims.kind, ==, LK_SOURCE_BOOKING);
  g_assert_cmpint (claims.source_id, ==, 5);
  g_assert_cmpint (claims.version.revision, ==, 3);
  g_assert_cmpint (claims.version.rules, ==, 4);
  g_assert_cmpint (claims.why, ==, LK_WHY_BOOKED);
  g_assert_cmpint (claims.claims[0].window.until, ==, LK_TIME_NONE);
  g_assert_cmpstr (lk_command_type (&claims), ==, "claims.set");
  g_assert_cmpint (member.kind, ==, LK_SOURCE_MEMBER);
  g_assert_cmpstr (member.name, ==, "\"source\"");
  g_assert_cmpint (member.why, ==, LK_WHY_ENTITLED);
  g_assert_cmpint (suspended.why, ==, LK_WHY_OTHER);
  g_assert_cmpstr (lk_command_type (&member), ==, "member.set");
}

static void
test_version_order (void)
{
  static const LkVersion sorted[] = { { 0, 0 }, { 0, 5 }, { 1, 0 }, { 1, 1 }, { 2, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (sorted); i++)
    for (guint j = 0; j < G_N_ELEMENTS (sorted); j++)
      g_assert_cmpint (lk_version_compare (sorted[i], sorted[j]), ==, i < j ? -1 : i > j);
}

static void
test_why_names (void)
{
  for (guint i = 0; i < LK_WHY_COUNT_; i++)
    g_assert_cmpint (lk_why_parse (lk_why_name ((LkWhy)i)), ==, i);
  g_assert_cmpint (lk_why_parse ("of_a_newer_writer"), ==, LK_WHY_OTHER);
}

static void
test_pass_values (void)
{
  static const char json[]
      = "{\"pass\":17,\"member\":9001,\"space\":\"moncloa\",\"revision\":5,\"type\":3001,"
        "\"minutes\":null,\"created_at\":\"2026-09-01T10:00:00.250+02:00\",\"expires_at\":null,"
        "\"used\":true,\"used_at\":\"2026-09-01T10:00:00Z\",\"origin\":\"gift\","
        "\"contract\":{\"active\":true,\"cancelled\":false,\"starts_at\":null,\"ends_at\":"
        "\"2026-10-01T00:00:00Z\",\"paused_from\":null,\"paused_until\":null,\"more\":1},"
        "\"deleted\":false}";
  g_auto (LkPass) pass = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_pass_parse (&pass, json, strlen (json), &error));
  g_assert_no_error (error);
  g_assert_cmpint (pass.minutes, ==, -1);
  g_assert_cmpint (pass.created_at, ==, G_GINT64_CONSTANT (1788249600250));
  g_assert_cmpint (pass.expires_at, ==, LK_TIME_NONE);
  g_assert_cmpint (pass.used_at, ==, G_GINT64_CONSTANT (1788256800000));
  g_assert_cmpint (pass.origin, ==, LK_ORIGIN_OTHER);
  g_assert_true (pass.has_contract);
  g_assert_cmpint (pass.contract.starts_at, ==, LK_TIME_NONE);
  g_assert_cmpint (pass.contract.ends_at, ==, G_GINT64_CONSTANT (1790812800000));
}

/* A deleted one gives ids only, whatever else its writer put in. */
static void
test_deleted (void)
{
  static const char *const rows[] = {
    "{\"pass\":17,\"member\":9001,\"space\":\"moncloa\",\"revision\":5,\"deleted\":true}",
    "{\"deleted\":true,\"pass\":17,\"member\":9001,\"space\":\"moncloa\",\"revision\":5,"
    "\"used\":\"no\",\"type\":3001}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (LkPass) pass = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) out = g_string_new (NULL);

      g_assert_true (lk_pass_parse (&pass, rows[i], strlen (rows[i]), &error));
      g_assert_no_error (error);
      g_assert_true (pass.deleted);
      g_assert_cmpint (pass.type, ==, 0);
      g_assert_cmpint (pass.minutes, ==, -1);
      g_assert_cmpint (pass.expires_at, ==, LK_TIME_NONE);
      lk_pass_write (&pass, out);
      g_assert_cmpstr (out->str, ==, rows[0]);
    }
}

static void
test_untouched_on_failure (void)
{
  LkMember member = { .member = 5, .revision = 6 };

  g_assert_false (lk_member_parse (&member, "{\"member\":9001}", 15, NULL));
  g_assert_cmpint (member.member, ==, 5);
  g_assert_cmpint (member.revision, ==, 6);
  g_assert_null (member.space);
}

#define RIGHT(format)                                                                              \
  "{\"format\":" format ",\"member\":9001,\"space\":\"moncloa\",\"right\":\"kisi-501\","           \
  "\"state\":\"held\",\"kisi_user_id\":107181,\"group_id\":7001,\"right_id\":501,"                 \
  "\"valid_from\":null,\"valid_until\":null,\"sources\":[\"pass/17\",\"booking/555\"]}"

/* Whatever it holds: its reader must not get as far as finding it wrong. */
static void
test_newer_ledger_is_refused (void)
{
  static const char *const rows[] = { RIGHT ("2"), "{\"format\":9,\"member\":\"m-9001\"}" };
  g_auto (LkLedgerMember) member = { 0 };
  g_auto (LkRight) right = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (lk_right_parse (&right, rows[i], strlen (rows[i]), &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_REFUSED);
      g_assert_true (g_str_has_prefix (error->message, "format: written by a newer version: "));
      g_clear_error (&error);
      g_assert_false (lk_ledger_member_parse (&member, rows[i], strlen (rows[i]), &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_REFUSED);
    }
}

static void
test_right_copy (void)
{
  g_auto (LkRight) copy = { 0 };
  g_autoptr (GString) want = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);

  {
    g_auto (LkRight) right = { 0 };

    g_assert_true (lk_right_parse (&right, RIGHT ("1"), strlen (RIGHT ("1")), NULL));
    g_assert_cmpint (right.state, ==, LK_RIGHT_HELD);
    g_assert_cmpint (right.intended_at, ==, LK_TIME_NONE);
    g_assert_cmpuint (g_strv_length (right.sources), ==, 2);
    lk_right_copy (&copy, &right);
    lk_right_write (&right, want);
  }
  lk_right_write (&copy, got);
  g_assert_cmpstr (got->str, ==, want->str);
}

/* 64 KiB of anything survive; more is cut and said to be. */
static void
test_reject_keeps_bytes (void)
{
  static const struct
  {
    gsize len, kept;
    gboolean truncated;
  } rows[] = { { 0, 0, FALSE }, { 3, 3, FALSE }, { 65536, 65536, FALSE }, { 65537, 65536, TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *bytes = g_malloc (rows[i].len + 1);
      LkReject reject = { .topic = (char *)"latchkey.passes.moncloa",
                          .partition = 2,
                          .offset = 41,
                          .program = (char *)"latchkey-pass-worker",
                          .reason = (char *)"not JSON",
                          .value = bytes,
                          .value_len = rows[i].len,
                          .at = 0 };
      g_autoptr (GString) out = g_string_new (NULL);
      g_auto (LkReject) back = { 0 };
      g_autoptr (GError) error = NULL;

      for (gsize at = 0; at < rows[i].len; at++)
        bytes[at] = (char)(at * 7);
      lk_reject_write (&reject, out);
      g_assert_cmpuint (out->len, <, LK_REJECT_MAX);
      g_assert_true (lk_reject_parse (&back, out->str, out->len, &error));
      g_assert_no_error (error);
      g_assert_cmpmem (back.value, back.value_len, bytes, rows[i].kept);
      g_assert_cmpint (back.truncated, ==, rows[i].truncated);
      g_assert_cmpint (back.partition, ==, 2);
      g_assert_cmpint (back.offset, ==, 41);
    }
}

static void
test_report_writes_null_for_none (void)
{
  LkAccessReport report = { .id = (char *)"e",
                            .revision = 1,
                            .space = (char *)"a",
                            .business_date = (char *)"1970-01-01",
                            .event = (char *)"held_open",
                            .place_id = 501,
                            .actor = (char *)"none",
                            .window = { LK_TIME_NONE, LK_TIME_NONE } };
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (LkAccessReport) back = { 0 };

  lk_access_report_write (&report, out);
  g_assert_nonnull (strstr (out->str, "\"member_id\":null"));
  g_assert_nonnull (strstr (out->str, "\"sources\":[]"));
  g_assert_nonnull (strstr (out->str, "\"result\":null"));
  g_assert_true (lk_access_report_parse (&back, out->str, out->len, NULL));
  g_assert_cmpint (back.member_id, ==, 0);
  g_assert_null (back.result);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rules/values", test_rules_values);
  g_test_add_func ("/rules/without-mappings", test_rules_without_mappings);
  g_test_add_func ("/rules/equal", test_rules_equal);
  g_test_add_func ("/rules/zone-is-a-configuration-problem", test_zone_is_a_configuration_problem);
  g_test_add_func ("/command/digest", test_digest);
  g_test_add_func ("/command/told-apart", test_commands_are_told_apart);
  g_test_add_func ("/command/version-order", test_version_order);
  g_test_add_func ("/command/why-names", test_why_names);
  g_test_add_func ("/snapshot/pass-values", test_pass_values);
  g_test_add_func ("/snapshot/deleted", test_deleted);
  g_test_add_func ("/snapshot/untouched-on-failure", test_untouched_on_failure);
  g_test_add_func ("/ledger/newer-is-refused", test_newer_ledger_is_refused);
  g_test_add_func ("/ledger/right-copy", test_right_copy);
  g_test_add_func ("/report/reject-keeps-bytes", test_reject_keeps_bytes);
  g_test_add_func ("/report/null-for-none", test_report_writes_null_for_none);
  return g_test_run ();
}
