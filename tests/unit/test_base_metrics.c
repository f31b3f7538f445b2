/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Metrics: the table's own rules, and what is rendered.
 */
#include <latchkey/base/metrics.h>

#include <string.h>

static void
set_up (gpointer *fixture, gconstpointer data)
{
  lk_metrics_reset ();
}

static char *
render (void)
{
  GString *out = g_string_new (NULL);

  lk_metrics_render (out);
  return g_string_free (out, FALSE);
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("missing: %s\nin:\n%s", part, text);
}

/* Prometheus's rules for names, and ours: base units, _total on counters and on nothing else,
 * labels that the text format allows, a help text for each, no name twice. */
static void
test_table (gpointer *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GRegex) name = g_regex_new ("^latchkey_[a-z][a-z0-9_]*$", 0, 0, NULL);
  g_autoptr (GRegex) labels = g_regex_new ("^([a-z][a-z_]*(,[a-z][a-z_]*){0,3})?$", 0, 0, NULL);

  for (guint id = 0; id < LK_M_COUNT_; id++)
    {
      const LkMetricInfo *info = lk_metric_info ((LkMetricId) id);

      g_test_message ("%s", info->name);
      g_assert_true (g_regex_match (name, info->name, 0, NULL));
      g_assert_true (g_regex_match (labels, info->labels, 0, NULL));
      g_assert_null (strstr (info->labels, "le,"));
      g_assert_true (g_str_has_suffix (info->name, "_total") == (info->kind == LK_METRIC_COUNTER));
      if (info->kind == LK_METRIC_HISTOGRAM)
        g_assert_true (g_str_has_suffix (info->name, "_seconds"));
      g_assert_cmpuint (strlen (info->help), >, 3);
      g_assert_false (g_str_has_suffix (info->help, "."));
      g_assert_true (g_hash_table_add (seen, (gpointer) info->name));
    }
}

static void
test_counter (gpointer *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  lk_metric_add (LK_M_RECORDS_READ, 1, "moncloa", "passes", NULL);
  lk_metric_add (LK_M_RECORDS_READ, 2, "moncloa", "passes", NULL);
  lk_metric_add (LK_M_RECORDS_READ, 1e15, "atocha", "members", NULL);
  g_assert_cmpfloat (lk_metric_get (LK_M_RECORDS_READ, "moncloa", "passes", NULL), ==, 3);
  g_assert_cmpfloat (lk_metric_get (LK_M_RECORDS_READ, "moncloa", "members", NULL), ==, 0);
  text = render ();
  assert_has (text, "\n# HELP latchkey_records_read_total Records read from topics\n"
                    "# TYPE latchkey_records_read_total counter\n"
                    "latchkey_records_read_total{space=\"atocha\",kind=\"members\"} 1e+15\n"
                    "latchkey_records_read_total{space=\"moncloa\",kind=\"passes\"} 3\n");
}

/* Without labels a metric is there from the start; with labels, once it has a value. */
static void
test_absent (gpointer *fixture, gconstpointer data)
{
  g_autofree char *text = render ();

  assert_has (text, "# TYPE latchkey_ready gauge\nlatchkey_ready 0\n");
  assert_has (text, "\nlatchkey_loop_turns_total 0\n");
  assert_has (text, "\nlatchkey_loop_turn_seconds_bucket{le=\"+Inf\"} 0\n"
                    "latchkey_loop_turn_seconds_sum 0\nlatchkey_loop_turn_seconds_count 0\n");
  g_assert_null (strstr (text, "latchkey_records_read_total"));
}

static void
test_gauge (gpointer *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  lk_metric_set (LK_M_READY, 1, NULL);
  lk_metric_set (LK_M_TABLE_ENTRIES, 0.1, "moncloa", "ledger", NULL);
  lk_metric_set (LK_M_TABLE_ENTRIES, -2.5, "atocha", "ledger", NULL);
  lk_metric_set (LK_M_READY, 0, NULL);
  lk_metric_set (LK_M_READY, 1, NULL);
  g_assert_cmpfloat (lk_metric_get (LK_M_READY, NULL), ==, 1);
  text = render ();
  assert_has (text, "\nlatchkey_ready 1\n");
  assert_has (text, "\nlatchkey_table_entries{space=\"atocha\",kind=\"ledger\"} -2.5\n"
                    "latchkey_table_entries{space=\"moncloa\",kind=\"ledger\"} 0.1\n");
}

static void
test_histogram (gpointer *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  lk_metric_observe (LK_M_HTTP_SECONDS, 0.001, "kisi", "main", NULL); /* a bound belongs to it */
  lk_metric_observe (LK_M_HTTP_SECONDS, 0.0011, "kisi", "main", NULL);
  lk_metric_observe (LK_M_HTTP_SECONDS, 7, "kisi", "main", NULL);
  lk_metric_observe (LK_M_HTTP_SECONDS, 1000, "kisi", "main", NULL); /* beyond the last one */
  g_assert_cmpfloat (lk_metric_get (LK_M_HTTP_SECONDS, "kisi", "main", NULL), ==, 4);
  text = render ();
#define H "latchkey_http_request_seconds"
#define L "{api=\"kisi\",account=\"main\""
  assert_has (text, "# TYPE " H " histogram\n" H "_bucket" L ",le=\"0.001\"} 1\n" H "_bucket" L
                    ",le=\"0.0025\"} 2\n");
  assert_has (text, H "_bucket" L ",le=\"5\"} 2\n" H "_bucket" L ",le=\"10\"} 3\n");
  assert_has (text, H "_bucket" L ",le=\"300\"} 3\n" H "_bucket" L ",le=\"+Inf\"} 4\n" H "_sum" L
                    "} 1007.0021\n" H "_count" L "} 4\n");
}

static void
test_escaping (gpointer *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  lk_metric_add (LK_M_REJECTS, 1, "a\"b\\c\nd", "\xFFx", NULL);
  text = render ();
  assert_has (text, "latchkey_rejects_total{space=\"a\\\"b\\\\c\\nd\",kind=\"\xEF\xBF\xBDx\"} 1\n");
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

/* Values that only meet when they are joined are two series. */
static void
test_labels_apart (gpointer *fixture, gconstpointer data)
{
  lk_metric_add (LK_M_REJECTS, 1, "ab", "c", NULL);
  lk_metric_add (LK_M_REJECTS, 2, "a", "bc", NULL);
  lk_metric_add (LK_M_REJECTS, 4, "", "", NULL);
  g_assert_cmpfloat (lk_metric_get (LK_M_REJECTS, "ab", "c", NULL), ==, 1);
  g_assert_cmpfloat (lk_metric_get (LK_M_REJECTS, "a", "bc", NULL), ==, 2);
  g_assert_cmpfloat (lk_metric_get (LK_M_REJECTS, "", "", NULL), ==, 4);
}

static void
refresh (gpointer data)
{
  lk_metric_set (LK_M_PARTITIONS_OWNED, ++*(guint *) data, NULL);
}

static void
test_hook (gpointer *fixture, gconstpointer data)
{
  static guint calls; /* hooks outlive this test */
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  lk_metrics_on_render (refresh, &calls);
  first = render ();
  assert_has (first, "\nlatchkey_partitions_owned 1\n");
  second = render ();
  assert_has (second, "\nlatchkey_partitions_owned 2\n");
}

/* The wrong number of labels, or the wrong kind, is our mistake and ends the process. */
static void
test_mistakes (gpointer *fixture, gconstpointer data)
{
  static const char *const names[] = { "few", "many", "kind" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("/base/metrics/mistake/subprocess/", names[i], NULL);

      g_test_trap_subprocess (path, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr ("*assertion failed*");
    }
}

static void
mistake_few (void)
{
  lk_metric_add (LK_M_RECORDS_READ, 1, "moncloa", NULL);
}

static void
mistake_many (void)
{
  lk_metric_add (LK_M_RECORDS_READ, 1, "moncloa", "passes", "more", NULL);
}

static void
mistake_kind (void)
{
  lk_metric_set (LK_M_RECORDS_READ, 1, "moncloa", "passes", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/base/metrics/" name, gpointer, NULL, set_up, func, NULL)
  ADD ("table", test_table);
  ADD ("counter", test_counter);
  ADD ("absent", test_absent);
  ADD ("gauge", test_gauge);
  ADD ("histogram", test_histogram);
  ADD ("escaping", test_escaping);
  ADD ("labels-apart", test_labels_apart);
  ADD ("hook", test_hook);
  ADD ("mistakes", test_mistakes);
  g_test_add_func ("/base/metrics/mistake/subprocess/few", mistake_few);
  g_test_add_func ("/base/metrics/mistake/subprocess/many", mistake_many);
  g_test_add_func ("/base/metrics/mistake/subprocess/kind", mistake_kind);
  return g_test_run ();
}
