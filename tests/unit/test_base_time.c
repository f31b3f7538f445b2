/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * RFC 3339 times: the corpus of good and bad texts, the calendar against GLib's, and the edges.
 */
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

#include <string.h>

#define CORPUS LK_SOURCE_DIR "/tests/corpus/time"

static char *
read_file (const char *folder, const char *name, const char *end, gsize *out_len)
{
  g_autofree char *file = g_strconcat (name, end, NULL);
  g_autofree char *path = g_build_filename (CORPUS, folder, file, NULL);
  char *text;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, out_len, &error);
  g_assert_no_error (error);
  return text;
}

/* Calls CHECK with the text and the expectation of each case of the folder. */
static void
each_case (const char *folder, void (*check) (const char *text, gsize len, const char *expected))
{
  g_autofree char *path = g_build_filename (CORPUS, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *file;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((file = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *name = g_strdup (file);
      g_autofree char *text = NULL;
      g_autofree char *expected = NULL;
      gsize len, expected_len;

      if (!g_str_has_suffix (file, ".txt"))
        continue;
      name[strlen (name) - strlen (".txt")] = '\0';
      g_test_message ("%s/%s", folder, name);
      text = read_file (folder, name, ".txt", &len);
      expected = read_file (folder, name, ".expect", &expected_len);
      check (text, len, g_strchomp (expected));
      n++;
    }
  g_assert_cmpuint (n, >=, 20);
}

static void
check_good (const char *text, gsize len, const char *expected)
{
  g_autoptr (GError) error = NULL;
  /* A heap copy of the exact length, so that a sanitizer sees any byte read past it. */
  g_autofree char *exact = g_memdup2 (text, len);
  LkTime time = LK_TIME_NONE;
  char buf[LK_TIME_TEXT];

  g_assert_true (lk_time_parse (exact, len, &time, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (lk_time_format (time, buf), ==, expected);
}

static void
check_bad (const char *text, gsize len, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *exact = g_memdup2 (text, len);
  LkTime time = 42;

  g_assert_false (lk_time_parse (exact, len, &time, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_assert_cmpstr (error->message, ==, expected);
  g_assert_cmpint (time, ==, 42);
}

static void
test_good (void)
{
  each_case ("good", check_good);
}

static void
test_bad (void)
{
  each_case ("bad", check_bad);
}

/* Our calendar arithmetic against GLib's, on each day of some centuries and across the rest. */
static void
test_calendar (void)
{
  for (gint64 day = -719162; day <= 2932896; day += day > -40000 && day < 60000 ? 1 : 97)
    {
      g_autoptr (GDateTime) theirs = g_date_time_new_from_unix_utc (day * 86400 + 45296);
      g_autofree char *expected = g_date_time_format (theirs, "%Y-%m-%dT%H:%M:%SZ");
      LkTime time = day * LK_DAY + 45296 * LK_SECOND, parsed = 0;
      char buf[LK_TIME_TEXT];

      (void) lk_time_format (time, buf);
      if (strlen (expected) == 20) /* GLib doesn't pad the year */
        g_assert_cmpstr (buf, ==, expected);
      g_assert_true (lk_time_parse (buf, strlen (buf), &parsed, NULL));
      g_assert_cmpint (parsed, ==, time);
    }
}

static void
test_format_edges (void)
{
  char buf[LK_TIME_TEXT];

  g_assert_cmpstr (lk_time_format (LK_TIME_NONE, buf), ==, "none");
  g_assert_cmpstr (lk_time_format (G_MAXINT64, buf), ==, "out of range");
  g_assert_cmpstr (lk_time_format (253402300800000, buf), ==, "out of range");
  g_assert_cmpstr (lk_time_format (253402300799999, buf), ==, "9999-12-31T23:59:59.999Z");
  g_assert_cmpstr (lk_time_format (-62135596800000, buf), ==, "0001-01-01T00:00:00Z");
  g_assert_cmpstr (lk_time_format (-62135596800001, buf), ==, "out of range");
  g_assert_cmpstr (lk_time_format (-1, buf), ==, "1969-12-31T23:59:59.999Z");
}

static void
test_midnight (void)
{
  g_assert_true (lk_time_is_midnight_utc (0));
  g_assert_true (lk_time_is_midnight_utc (-LK_DAY));
  g_assert_true (lk_time_is_midnight_utc (20000 * LK_DAY));
  g_assert_false (lk_time_is_midnight_utc (20000 * LK_DAY + 1));
  g_assert_false (lk_time_is_midnight_utc (20000 * LK_DAY - LK_MINUTE));
  g_assert_false (lk_time_is_midnight_utc (LK_TIME_NONE));
}

/* A caller that does not want the reason passes no error. */
static void
test_no_error_wanted (void)
{
  LkTime time = 7;

  g_assert_false (lk_time_parse ("x", 1, &time, NULL));
  g_assert_cmpint (time, ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/time/good", test_good);
  g_test_add_func ("/base/time/bad", test_bad);
  g_test_add_func ("/base/time/calendar", test_calendar);
  g_test_add_func ("/base/time/format-edges", test_format_edges);
  g_test_add_func ("/base/time/midnight", test_midnight);
  g_test_add_func ("/base/time/no-error-wanted", test_no_error_wanted);
  return g_test_run ();
}
