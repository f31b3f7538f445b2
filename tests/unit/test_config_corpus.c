/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The corpus of configurations. Each of bad/NAME.yaml gives exactly the problems of
 * bad/NAME.expect, "line: path: message" a line; each of good/ loads, and what it shows reads back
 * as the same. With --print FILE it prints the problems of one file, to be judged and kept.
 */
#include <latchkey/config/config.h>

#include <stdio.h>
#include <string.h>

#define CORPUS LK_SOURCE_DIR "/tests/corpus/config/"

static char *
problems_of (const char *path)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (LkConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  GString *out = g_string_new (NULL);
  gsize len;

  g_assert_true (g_file_get_contents (path, &text, &len, &error));
  config = lk_config_parse (text, len, path, &problems);
  g_assert_true ((config == NULL) == (problems != NULL));
  for (guint i = 0; problems != NULL && i < problems->len; i++)
    {
      const LkConfigProblem *problem = problems->pdata[i];

      g_string_append_printf (out, "%u: %s%s%s\n", problem->line, problem->path,
                              *problem->path == '\0' ? "" : ": ", problem->message);
    }
  return g_string_free (out, FALSE);
}

static void
test_bad (gconstpointer data)
{
  const char *path = data;
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen (".yaml"));
  g_autofree char *expect_path = g_strconcat (stem, ".expect", NULL);
  g_autofree char *expected = NULL;
  g_autofree char *got = problems_of (path);
  g_autoptr (GError) error = NULL;

  g_file_get_contents (expect_path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (got, !=, "");
  g_assert_cmpstr (got, ==, expected);
}

static void
test_good (gconstpointer data)
{
  const char *path = data;
  g_autofree char *problems = problems_of (path);
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (LkConfig) config = NULL;
  g_autoptr (LkConfig) again = NULL;
  g_autofree char *shown = NULL, *shown_again = NULL;

  g_assert_cmpstr (problems, ==, "");
  config = lk_config_load (path, 0, &none);
  g_assert_nonnull (config);
  g_assert_cmpstr (config->path, ==, path);
  shown = lk_config_show (config);
  again = lk_config_parse (shown, strlen (shown), path, &none);
  g_assert_nonnull (again);
  shown_again = lk_config_show (again);
  g_assert_cmpstr (shown, ==, shown_again);

  /* The same by value too: masked properties are all that differ. */
  g_auto (GStrv) differ = lk_config_reload (config, again);
  gboolean masked = strstr (shown, "********") != NULL;
  g_assert_cmpuint (g_strv_length (differ), ==, masked ? 1 : 0);
  if (masked)
    g_assert_cmpstr (differ[0], ==, "kafka.properties");
}

static guint
add_all (const char *folder, GTestDataFunc test)
{
  g_autofree char *path = g_strconcat (CORPUS, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".yaml"))
      {
        g_autofree char *test_path = g_strdup_printf ("/config/%s/%s", folder, name);

        g_test_add_data_func_full (test_path, g_strconcat (path, "/", name, NULL), test, g_free);
        n++;
      }
  return n;
}

int
main (int argc, char **argv)
{
  guint good, bad;

  if (argc == 3 && g_str_equal (argv[1], "--print"))
    {
      g_autofree char *problems = problems_of (argv[2]);

      (void) fputs (problems, stdout);
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  good = add_all ("good", test_good);
  bad = add_all ("bad", test_bad);
  /* A folder that is not found would test nothing. */
  g_assert_cmpuint (good, >=, 5);
  g_assert_cmpuint (bad, >=, 40);
  return g_test_run ();
}
