/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Topic names, keys, partitions, ce_id and traceparent.
 */
#include <latchkey/model/control.h>
#include <latchkey/model/command.h>
#include <latchkey/model/headers.h>
#include <latchkey/model/keys.h>
#include <string.h>

/* Values of the Java client's own murmur2, which decide where every key is. */
static void
test_partitioner_is_kafkas (void)
{
  static const struct
  {
    const char *key;
    gint32 hash;
  } rows[] = {
    { "21", -973932308 },
    { "foobar", -790332482 },
    { "a-little-bit-long-string", -985981536 },
    { "a-little-bit-longer-string", -1486304829 },
    { "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971 },
    { "abc", 479470107 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gint32 n = 1; n <= 64; n++)
      g_assert_cmpint (lk_partition_of_key (rows[i].key, strlen (rows[i].key), n), ==,
                       (rows[i].hash & 0x7fffffff) % n);
  g_assert_cmpint (lk_partition_of_key ("21", 2, G_MAXINT32), ==, -973932308 & 0x7fffffff);
}

static void
test_member_goes_by_its_decimal_id (void)
{
  g_assert_cmpint (lk_partition_of_member (21, G_MAXINT32), ==, -973932308 & 0x7fffffff);
  for (gint64 member = 1; member < G_MAXINT64 / 7; member *= 7)
    {
      g_autofree char *key = g_strdup_printf ("%" G_GINT64_FORMAT, member);

      g_assert_cmpint (lk_partition_of_member (member, 12), ==,
                       lk_partition_of_key (key, strlen (key), 12));
    }
}

/* "partitions: 3" or "partitions: per_member" of the file of TOPICS that declares KIND. */
static char *
declared_partitions (const char *kind)
{
  g_autofree char *folder = g_build_filename (LK_SOURCE_DIR, "topics", NULL);
  g_autofree char *ending = g_strdup_printf ("-%s.yaml", kind);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      const char *found;

      /* "20-rules.yaml": two digits before the kind. */
      if (strlen (name) != 2 + strlen (ending) || !g_str_has_suffix (name, ending))
        continue;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      found = strstr (text, "\npartitions: ");
      g_assert_nonnull (found);
      found += strlen ("\npartitions: ");
      return g_strndup (found, strcspn (found, "\n"));
    }
  return NULL;
}

static void
test_partitions_are_as_the_files_say (void)
{
  for (int kind = 0; kind < LK_KIND_COUNT_; kind++)
    {
      g_autofree char *declared = declared_partitions (lk_kind_name ((LkKind) kind));
      g_autofree char *ours = g_strdup_printf ("%d", lk_kind_partitions ((LkKind) kind, 7));

      g_test_message ("%s: %s", lk_kind_name ((LkKind) kind), declared);
      g_assert_nonnull (declared);
      if (g_str_equal (declared, "per_member"))
        g_assert_cmpstr (ours, ==, "7");
      else
        g_assert_cmpstr (ours, ==, declared);
    }
}

static void
test_topics (void)
{
  static const char *const foreign[] = {
    "latchkey",          "latchkey.",           "latchkey.members",    "latchkey.members.",
    "latchkey.people.x", "latchkeys.members.x", "other.members.x",     "latchkey.member.x",
    ".members.x",        "latchkey..x",         "latchkey.memberss.x",
  };
  const char *scope;
  LkKind kind;

  for (guint i = 0; i < LK_KIND_COUNT_; i++)
    {
      g_autofree char *topic = lk_topic_name ("a.b", (LkKind) i, "moncloa");

      g_assert_true (lk_topic_parse (topic, "a.b", &kind, &scope));
      g_assert_cmpint (kind, ==, i);
      g_assert_cmpstr (scope, ==, "moncloa");
      g_assert_true (lk_kind_parse (lk_kind_name ((LkKind) i), &kind));
      g_assert_cmpint (kind, ==, i);
    }
  g_assert_true (lk_topic_parse ("latchkey.access-reports.chamberi", "latchkey", &kind, &scope));
  g_assert_cmpint (kind, ==, LK_KIND_ACCESS_REPORTS);
  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++)
    g_assert_false (lk_topic_parse (foreign[i], "latchkey", &kind, &scope));
  g_assert_false (lk_kind_parse ("", &kind));
}

static void
test_key_parse (void)
{
  static const struct
  {
    const char *key;
    gint64 member;
    const char *rest;
    const char *error;
  } rows[] = {
    { "9001", 9001, NULL, NULL },
    { "9001/pass/17", 9001, "pass/17", NULL },
    { "1/x", 1, "x", NULL },
    { "9223372036854775807", G_MAXINT64, NULL, NULL },
    { "9223372036854775808", 0, NULL, "key: the member is not an id" },
    { "99999999999999999999", 0, NULL, "key: the member is not an id" },
    { "0", 0, NULL, "key: the member is not an id" },
    { "0017", 0, NULL, "key: the member is not an id" },
    { "", 0, NULL, "key: expected '<member>' or '<member>/<id>'" },
    { "/17", 0, NULL, "key: expected '<member>' or '<member>/<id>'" },
    { "-5", 0, NULL, "key: expected '<member>' or '<member>/<id>'" },
    { "ada@example.org", 0, NULL, "key: expected '<member>' or '<member>/<id>'" },
    { "17 ", 0, NULL, "key: expected '<member>' or '<member>/<id>'" },
    { "17/", 0, NULL, "key: nothing after '<member>/'" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      const char *rest = "untouched";
      gint64 member = -1;
      gboolean ok = lk_key_parse (rows[i].key, strlen (rows[i].key), &member, &rest, &error);

      if (rows[i].error == NULL)
        {
          g_assert_no_error (error);
          g_assert_true (ok);
          g_assert_cmpint (member, ==, rows[i].member);
          g_assert_cmpstr (rest, ==, rows[i].rest);
          continue;
        }
      g_assert_false (ok);
      g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
      g_assert_cmpstr (error->message, ==, rows[i].error);
      g_assert_cmpint (member, ==, -1);
      g_assert_cmpstr (rest, ==, "untouched");
    }
}

static void
test_key_ends_where_it_ends (void)
{
  const char *rest;
  gint64 member;

  g_assert_true (lk_key_parse ("9001/pass/17", 2, &member, &rest, NULL));
  g_assert_cmpint (member, ==, 90);
  g_assert_null (rest);
}

static void
test_command_keys (void)
{
  static const struct
  {
    LkSourceKind kind;
    gint64 id;
    const char *key, *source;
  } rows[] = {
    { LK_SOURCE_MEMBER, 0, "9001", "member" },
    { LK_SOURCE_PASS, 17, "9001/pass/17", "pass/17" },
    { LK_SOURCE_BOOKING, G_MAXINT64, "9001/booking/9223372036854775807",
      "booking/9223372036854775807" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LkCommand command = { .kind = rows[i].kind, .member = 9001, .source_id = rows[i].id };
      char key[LK_KEY_MAX], source[64];

      g_assert_cmpuint (lk_command_key (&command, key), ==, strlen (rows[i].key));
      g_assert_cmpstr (key, ==, rows[i].key);
      g_assert_cmpstr (lk_source_name (rows[i].kind, rows[i].id, source), ==, rows[i].source);
    }
}

static void
test_id_tells_records_apart (void)
{
  static const struct
  {
    const char *type, *key;
    gint64 a, b;
    guint64 digest;
  } rows[] = {
    { "claims.set", "9001/pass/17", 1, 2, 3 }, { "member.set", "9001/pass/17", 1, 2, 3 },
    { "claims.set", "9001/pass/1", 1, 2, 3 },  { "claims.set", "9001/pass/17", 2, 1, 3 },
    { "claims.set", "9001/pass/17", 1, 2, 4 }, { "claims.set", "9001/pass/17", 1, 3, 3 },
    { "claims.set", "9001/pass/17", 2, 2, 3 }, { "claims.set9", "001/pass/17", 1, 2, 3 },
  };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LkHeaders headers, again;

      lk_headers_id (&headers, rows[i].type, rows[i].key, rows[i].a, rows[i].b, rows[i].digest);
      lk_headers_id (&again, rows[i].type, rows[i].key, rows[i].a, rows[i].b, rows[i].digest);
      g_assert_cmpstr (headers.id, ==, again.id);
      g_assert_cmpuint (strlen (headers.id), ==, 32);
      g_assert_cmpuint (strspn (headers.id, "0123456789abcdef"), ==, 32);
      g_assert_true (g_hash_table_add (seen, g_strdup (headers.id)));
    }
}

static void
check_traceparent (const char *text)
{
  g_assert_cmpuint (strlen (text), ==, LK_TRACEPARENT - 1);
  g_assert_true (
      g_regex_match_simple ("^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$", text, 0, 0));
}

static void
test_trace (void)
{
  char start[LK_TRACEPARENT], again[LK_TRACEPARENT], other[LK_TRACEPARENT], child[LK_TRACEPARENT];

  lk_trace_start (start, "9001/pass/17", 1000);
  lk_trace_start (again, "9001/pass/17", 1000);
  lk_trace_start (other, "9001/pass/17", 1001);
  check_traceparent (start);
  check_traceparent (other);
  g_assert_cmpstr (start, ==, again);
  g_assert_cmpint (memcmp (start, other, 36), !=, 0);

  lk_trace_child (child, start, strlen (start), "/latchkey/pass-worker/moncloa");
  check_traceparent (child);
  g_assert_cmpint (memcmp (child, start, 36), ==, 0);
  g_assert_cmpint (memcmp (child + 36, start + 36, 16), !=, 0);
  lk_trace_child (other, start, strlen (start), "/latchkey/executor/main");
  g_assert_cmpstr (child, !=, other);
  lk_trace_child (again, start, strlen (start), "/latchkey/pass-worker/moncloa");
  g_assert_cmpstr (child, ==, again);
  lk_trace_child (start, start, strlen (start), "/latchkey/pass-worker/moncloa"); /* in place */
  g_assert_cmpstr (child, ==, start);
}

static void
test_trace_from_outside (void)
{
  static const struct
  {
    const char *parent;
    gboolean valid;
  } rows[] = {
    { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", TRUE },
    { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", TRUE },
    { "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later", TRUE },
    { "", FALSE },
    { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", FALSE },
    { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", FALSE },
    { "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more", FALSE },
    { "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", FALSE },
    { "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", FALSE },
    { "00-00000000000000000000000000000000-00f067aa0ba902b7-01", FALSE },
    { "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", FALSE },
    { "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", FALSE },
    { "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", FALSE },
    { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char child[LK_TRACEPARENT] = "as before";

      lk_trace_child (child, rows[i].parent, strlen (rows[i].parent), "step");
      if (!rows[i].valid)
        g_assert_cmpstr (child, ==, "");
      else
        {
          check_traceparent (child);
          g_assert_cmpint (memcmp (child + 3, rows[i].parent + 3, 32), ==, 0);
        }
    }
}

/* A wish is over once an outcome stands that is not older; wished again, it is open again. */
static void
test_wishes (void)
{
  const LkWish wish = { .at = 1000 };
  const LkOutcome same = { .at = 1000 }, older = { .at = 999 };

  g_assert_false (lk_wish_is_over (&wish, NULL));
  g_assert_false (lk_wish_is_over (&wish, &older));
  g_assert_true (lk_wish_is_over (&wish, &same));
  g_assert_null (lk_control_program ("resync/9001"));
  g_assert_null (lk_control_program ("resync"));
  g_assert_cmpstr (lk_control_program ("resync/9001/executor"), ==, "executor");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/partitioner-is-kafkas", test_partitioner_is_kafkas);
  g_test_add_func ("/keys/member-goes-by-its-decimal-id", test_member_goes_by_its_decimal_id);
  g_test_add_func ("/keys/partitions-are-as-the-files-say", test_partitions_are_as_the_files_say);
  g_test_add_func ("/keys/topics", test_topics);
  g_test_add_func ("/keys/parse", test_key_parse);
  g_test_add_func ("/keys/parse-ends-where-it-ends", test_key_ends_where_it_ends);
  g_test_add_func ("/keys/commands", test_command_keys);
  g_test_add_func ("/keys/wishes", test_wishes);
  g_test_add_func ("/headers/id-tells-records-apart", test_id_tells_records_apart);
  g_test_add_func ("/headers/trace", test_trace);
  g_test_add_func ("/headers/trace-from-outside", test_trace_from_outside);
  return g_test_run ();
}
