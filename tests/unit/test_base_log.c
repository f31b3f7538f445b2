/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The shape of a log line: fields and their order, escaping, cutting, levels, one write.
 */
#include <latchkey/base/error.h>
#include <latchkey/base/log.h>
#include <latchkey/base/time.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static GPtrArray *lines;

static void
keep (const char *line, gsize len, gpointer data)
{
  g_assert_cmpuint (len, ==, strlen (line));
  g_assert_cmpuint (len, <=, 8192);
  g_assert_true (g_utf8_validate (line, (gssize) len, NULL));
  g_assert_cmpint (line[len - 1], ==, '\n');
  g_assert_true (memchr (line, '\n', len - 1) == NULL);
  g_ptr_array_add (data, g_strndup (line, len - 1));
}

static void
set_up (gpointer *fixture, gconstpointer data)
{
  lines = g_ptr_array_new_with_free_func (g_free);
  lk_log_init ("latchkey-test", LK_LOG_INFO);
  lk_log_set_sink (keep, lines);
}

static void
tear_down (gpointer *fixture, gconstpointer data)
{
  lk_log_set_sink (NULL, NULL);
  g_ptr_array_unref (lines);
}

/* The only line, without its time, which is checked: "…000Z" to the millisecond, and now. */
static const char *
the_line (void)
{
  const char *line;
  LkTime time = 0;

  g_assert_cmpuint (lines->len, ==, 1);
  line = g_ptr_array_index (lines, 0);
  g_assert_true (g_str_has_prefix (line, "{\"ts\":\""));
  g_assert_true (lk_time_parse (line + 7, 24, &time, NULL));
  g_assert_cmpint (ABS (time - g_get_real_time () / 1000), <, 60 * LK_SECOND);
  g_assert_cmpint (line[7 + 19], ==, '.');
  g_assert_true (g_str_has_prefix (line + 7 + 24, "\","));
  return line + 7 + 26;
}

static void
test_all_fields (gpointer *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  lk_fail (&error, LK_ERROR_RETRY, "timed out after %d s", 10);
  lk_warning (LK_F (.account = "main", .space = "moncloa", .member = 9001, .event = "call_failed",
                    .topic = "latchkey.commands.moncloa", .partition = 2, .offset = 1234567890123,
                    .trace = "00-0af7-b7ad-01", .error = error),
              "retrying in %d s", 4);
  g_assert_cmpstr (the_line (), ==,
                   "\"level\":\"warning\",\"component\":\"latchkey-test\",\"account\":\"main\","
                   "\"space\":\"moncloa\",\"member\":9001,\"event\":\"call_failed\","
                   "\"topic\":\"latchkey.commands.moncloa\",\"partition\":2,"
                   "\"offset\":1234567890123,\"trace\":\"00-0af7-b7ad-01\","
                   "\"error\":\"timed out after 10 s\",\"code\":\"retry\","
                   "\"message\":\"retrying in 4 s\"}");
}

static void
test_no_fields (gpointer *fixture, gconstpointer data)
{
  lk_info (LK_NF, "started");
  g_assert_cmpstr (the_line (), ==,
                   "\"level\":\"info\",\"component\":\"latchkey-test\",\"message\":\"started\"}");
}

/* Partition and offset 0 are said when there is a topic; a foreign error has no code of ours. */
static void
test_zeros_and_foreign_error (gpointer *fixture, gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "no file");

  lk_error (LK_F (.topic = "t", .error = error), "%s", "");
  g_assert_cmpstr (the_line (), ==,
                   "\"level\":\"error\",\"component\":\"latchkey-test\",\"topic\":\"t\","
                   "\"partition\":0,\"offset\":0,\"error\":\"no file\",\"message\":\"\"}");
}

static void
test_escaping (gpointer *fixture, gconstpointer data)
{
  lk_info (LK_F (.space = "a\"b\\c"), "tab\there\nnew\x01\x1f\x7f caf\xC3\xA9 \xF0\x9F\x9A\xAA"
                                      " bad \xFF\xC3( cut \xE2\x82");
  g_assert_cmpstr (
      the_line (), ==,
      "\"level\":\"info\",\"component\":\"latchkey-test\",\"space\":\"a\\\"b\\\\c\","
      "\"message\":\"tab\\there\\nnew\\u0001\\u001f\\u007f caf\xC3\xA9 \xF0\x9F\x9A\xAA"
      " bad \xEF\xBF\xBD\xEF\xBF\xBD( cut \xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

/* However long the texts and whatever is at the place of the cut, the line is whole: keep() has
 * checked its size and its UTF-8, here its end and that no escape is cut in two. */
static void
test_cut (gpointer *fixture, gconstpointer data)
{
  static const char *const units[] = { "x", "\"", "\n", "\x01", "\xC3\xA9", "\xF0\x9F\x9A\xAA", "\xFF" };

  for (guint u = 0; u < G_N_ELEMENTS (units); u++)
    for (guint shift = 0; shift < 8; shift++)
      {
        GString *text = g_string_new (NULL);
        g_autoptr (GError) error = NULL;
        const char *line, *end;
        guint backslashes = 0;

        for (guint i = 0; i < shift; i++)
          g_string_append_c (text, '-');
        while (text->len < 20000)
          g_string_append (text, units[u]);
        error = g_error_new_literal (LK_ERROR, LK_ERROR_REJECT, text->str);
        lk_error (LK_F (.account = text->str, .space = text->str, .event = text->str,
                        .topic = text->str, .trace = text->str, .error = error),
                  "%s", text->str);
        g_string_free (text, TRUE);

        line = g_ptr_array_index (lines, lines->len - 1);
        g_assert_cmpuint (strlen (line), >, 7900); /* the room is used */
        g_assert_true (g_str_has_suffix (line, "\xE2\x80\xA6\"}"));
        g_assert_nonnull (strstr (line, "\xE2\x80\xA6\",\"code\":\"reject\",\"message\":\""));
        for (end = line + strlen (line) - strlen ("\xE2\x80\xA6\"}") - 1; *end == '\\'; end--)
          backslashes++;
        g_assert_cmpuint (backslashes % 2, ==, 0);
      }
}

/* A text that just fits is not marked as cut. */
static void
test_not_cut (gpointer *fixture, gconstpointer data)
{
  g_autofree char *fits = g_strnfill (256, 'a');
  g_autofree char *over = g_strnfill (257, 'a');
  g_autofree char *quoted = g_strconcat (",\"space\":\"", fits, "\",", NULL);

  lk_info (LK_F (.space = fits), "fits");
  g_assert_nonnull (strstr (g_ptr_array_index (lines, 0), quoted));
  lk_info (LK_F (.space = over), "over");
  g_assert_nonnull (strstr (g_ptr_array_index (lines, 1), "aaa\xE2\x80\xA6\","));
}

static void
test_levels (gpointer *fixture, gconstpointer data)
{
  static const char *const names[] = { "debug", "info", "warning", "error" };
  LkLogLevel level = LK_LOG_ERROR;

  lk_debug (LK_NF, "below the level: no line");
  g_assert_cmpuint (lines->len, ==, 0);
  for (guint set = 0; set < 4; set++)
    {
      g_assert_true (lk_log_level_parse (names[set], &level));
      g_assert_cmpint ((int) level, ==, (int) set);
      lk_log_set_level (level);
      g_assert_cmpint ((int) lk_log_level (), ==, (int) set);
      for (guint used = 0; used < 4; used++)
        lk_log ((LkLogLevel) used, LK_NF, "x");
      g_assert_cmpuint (lines->len, ==, 4 - set);
      g_ptr_array_set_size (lines, 0);
    }
  g_assert_false (lk_log_level_parse ("Info", &level));
  g_assert_false (lk_log_level_parse ("", &level));
  g_assert_cmpint ((int) level, ==, LK_LOG_ERROR);
}

/* What GLib has to say is a line like any other. */
static void
test_library_messages (gpointer *fixture, gconstpointer data)
{
  g_log_structured ("GLib-Net", G_LOG_LEVEL_MESSAGE, "MESSAGE", "hello \"%s\"", "there");
  g_assert_cmpstr (the_line (), ==,
                   "\"level\":\"info\",\"component\":\"latchkey-test\",\"event\":\"library\","
                   "\"message\":\"hello \\\"there\\\"\"}");
  g_log_structured ("GLib-Net", G_LOG_LEVEL_DEBUG, "MESSAGE", "below");
  g_assert_cmpuint (lines->len, ==, 1);
}

/* On a pipe in packet mode one read returns what one write wrote. */
static void
test_one_write (gpointer *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (20000, 'y');
  char read_back[16384];
  int ends[2], saved = dup (STDERR_FILENO);
  gssize n;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC | O_DIRECT), ==, 0);
  g_assert_cmpint (dup2 (ends[1], STDERR_FILENO), ==, STDERR_FILENO);
  lk_log_set_sink (NULL, NULL);
  lk_info (LK_NF, "short");
  lk_info (LK_NF, "%.3000s", text);
  g_assert_cmpint (dup2 (saved, STDERR_FILENO), ==, STDERR_FILENO);
  (void) close (saved);
  (void) close (ends[1]);

  n = read (ends[0], read_back, sizeof read_back);
  g_assert_cmpint (n, >, 0);
  g_assert_true (memcmp (read_back + n - 9, "\"short\"}\n", 9) == 0);
  n = read (ends[0], read_back, sizeof read_back);
  g_assert_cmpint (n, >, 3000);
  g_assert_true (memcmp (read_back + n - 4, "y\"}\n", 4) == 0);
  g_assert_cmpint (read (ends[0], read_back, sizeof read_back), ==, 0);
  (void) close (ends[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/base/log/" name, gpointer, NULL, set_up, func, tear_down)
  ADD ("all-fields", test_all_fields);
  ADD ("no-fields", test_no_fields);
  ADD ("zeros-and-foreign-error", test_zeros_and_foreign_error);
  ADD ("escaping", test_escaping);
  ADD ("cut", test_cut);
  ADD ("not-cut", test_not_cut);
  ADD ("levels", test_levels);
  ADD ("library-messages", test_library_messages);
  ADD ("one-write", test_one_write);
  return g_test_run ();
}
