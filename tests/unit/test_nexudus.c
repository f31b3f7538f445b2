/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Pages, rows and logins of Nexudus from the corpora: tests/corpus/nexudus-page, nexudus-row and
 * nexudus-token, good and bad; beside each bad one, NAME.expect holds the message.
 */
#include <latchkey/model/json.h>
#include <latchkey/nexudus/nexudus.h>
#include <latchkey/nexudus/rows.h>
#include <string.h>

#include "nexudus_rows.h"

static char *
corpus (const char *name, const char *sort)
{
  return g_build_filename (LK_SOURCE_DIR, "tests", "corpus", name, sort, NULL);
}

typedef gboolean (*CheckFunc) (const char *name, const char *text, gsize len, GError **error);

static gboolean
check_page (const char *name, const char *text, gsize len, GError **error)
{
  LkNexudusPage page;

  (void) name;
  if (!lk_nexudus_page_parse (&page, text, len, 1, error))
    return FALSE;
  lk_nexudus_page_clear (&page);
  return TRUE;
}

/* The file's name begins with the kind of its row: "coworker-….json". */
static gboolean
check_row (const char *name, const char *text, gsize len, GError **error)
{
  g_autoptr (json_t) row = lk_json_parse (text, len, LK_HTTP_BODY_MAX, error);
  g_auto (GStrv) parts = g_strsplit (name, "-", 2);

  return row != NULL && nexudus_read_row (parts[0], row, error);
}

static gboolean
check_login (const char *name, const char *text, gsize len, GError **error)
{
  g_auto (LkNexudusToken) token = { 0 };

  (void) name;
  return lk_nexudus_token_parse (&token, text, len, error);
}

static void
run_corpus (const char *corpus_name, CheckFunc check)
{
  static const char *const sorts[] = { "good", "bad" };
  guint seen = 0;

  for (guint s = 0; s < 2; s++)
    {
      g_autofree char *folder = corpus (corpus_name, sorts[s]);
      g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
      const char *name;

      g_assert_nonnull (dir);
      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (folder, name, NULL);
          g_autofree char *expect_path = g_strconcat (path, ".expect", NULL);
          g_autofree char *text = NULL, *expected = NULL;
          g_autoptr (GError) error = NULL;
          gsize len;

          if (g_str_has_suffix (name, ".expect"))
            continue;
          seen++;
          g_assert_true (g_file_get_contents (path, &text, &len, NULL));
          gboolean ok = check (name, text, len, &error);
          g_test_message ("%s: %s", path, ok ? "taken" : error->message);
          if (s == 0)
            g_assert_no_error (error);
          else
            {
              g_assert_false (ok);
              g_assert_true (g_file_get_contents (expect_path, &expected, NULL, NULL));
              g_assert_cmpstr (error->message, ==, g_strchomp (expected));
            }
        }
    }
  g_assert_cmpuint (seen, >, 10);
}

static void
test_pages (void)
{
  run_corpus ("nexudus-page", check_page);
}

static void
test_rows (void)
{
  run_corpus ("nexudus-row", check_row);
}

static void
test_logins (void)
{
  run_corpus ("nexudus-token", check_login);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *body, *word;
  } cases[] = {
    { "{\"error\":\"invalid_grant\",\"error_description\":\"ann@example.com\"}", "invalid_grant" },
    { "{\"error\":\"ann@example.com\"}", NULL },
    { "{\"error\":\"\"}", NULL },
    { "{\"error\":7}", NULL },
    { "[]", NULL },
    { "<html>", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *word = lk_nexudus_refusal_word (cases[i].body, strlen (cases[i].body));

      g_assert_cmpstr (word, ==, cases[i].word);
    }
}

/* TEMPLATE with %s as a text of so many CHARACTERS. */
static json_t *
long_row (const char *template, guint characters)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) parts = g_strsplit (template, "%s", 2);
  json_t *row;

  for (guint i = 0; i < characters; i++)
    g_string_append (text, "é");
  g_string_prepend (text, parts[0]);
  g_string_append (text, parts[1]);
  row = json_loads (text->str, 0, NULL);
  g_assert_nonnull (row);
  return row;
}

/* What is published of a row stays far below the 64 KiB of a record. */
static void
test_long_texts (void)
{
  g_autoptr (json_t) name = long_row ("{\"Id\":1,\"Active\":true,\"FullName\":\"%s\"}", 60000);
  g_autoptr (json_t) address = long_row ("{\"Id\":1,\"Active\":true,\"Email\":\"%s\"}", 60000);
  g_autoptr (json_t) booking
      = long_row ("{\"Id\":1,\"ResourceId\":2,\"FromTime\":\"2026-09-01T10:00:00Z\","
                  "\"ToTime\":\"2026-09-01T11:00:00Z\",\"UniqueId\":\"%s\"}",
                  60000);
  g_autoptr (json_t) pass = long_row ("{\"Id\":1,\"TimePassId\":2,\"Used\":false,"
                                      "\"CoworkerContractUniqueId\":\"%s\"}",
                                      60000);
  g_auto (LkNexudusCoworker) named = { 0 }, addressed = { 0 };
  g_auto (LkNexudusBooking) booked = { 0 };
  g_auto (LkNexudusPass) passed = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_nexudus_coworker_read (&named, name, NULL));
  g_assert_cmpint (g_utf8_strlen (named.name, -1), ==, 200);
  g_assert_true (g_utf8_validate (named.name, -1, NULL));
  g_assert_true (lk_nexudus_coworker_read (&addressed, address, NULL));
  g_assert_null (addressed.email);
  g_assert_true (lk_nexudus_booking_read (&booked, booking, NULL));
  g_assert_null (booked.uid);
  g_assert_false (lk_nexudus_pass_read (&passed, pass, &error));
  g_assert_cmpstr (error->message, ==, "CoworkerContractUniqueId: over 128 bytes");
}

static json_t *
row_of (const LkNexudusPage *page, size_t i)
{
  return json_array_get (page->records, i);
}

/* The others are read, and its id is known: it is there, and what it says is not. */
static void
test_a_row_that_is_no_json (void)
{
  static const char *const bad[] = {
    "{\"Id\": 2, \"Active\":true,\"FullName\":\"a\\u0000b\"}",
    "{\"FullName\":\"\\ud800 { [ \\\" , \",\"Active\":true,\"Id\":2 }",
    "{\"Id\":2,\"Active\":true,\"Active\":false}",
    "{\"Id\":2,\"Active\":true,\"FullName\":\"\xff\"}",
    "{\"Id\":2,\"Active\":yes,\"Team\":{\"Id\":7}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "{\"CurrentPage\":1, \"Records\" : [ {\"Id\":1,\"Active\":true}, %s ,\n"
          "{\"Id\":3,\"Active\":true}],\"TotalItems\":3,\"TotalPages\":1}",
          bad[i]);
      LkNexudusPage page;
      g_auto (LkNexudusCoworker) first = { 0 }, second = { 0 }, third = { 0 };
      g_autoptr (GError) error = NULL;
      g_assert_true (lk_nexudus_page_parse (&page, text, strlen (text), 1, &error));
      g_assert_no_error (error);
      g_assert_cmpint (json_array_size (page.records), ==, 3);
      g_assert_true (lk_nexudus_coworker_read (&first, row_of (&page, 0), NULL));
      g_assert_true (lk_nexudus_coworker_read (&third, row_of (&page, 2), NULL));
      g_assert_cmpint (json_integer_value (json_object_get (row_of (&page, 1), "Id")), ==, 2);
      g_assert_false (lk_nexudus_coworker_read (&second, row_of (&page, 1), &error));
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_prefix (error->message, "the row of id 2: not JSON: "));
      lk_nexudus_page_clear (&page);
    }
}

static void
test_wait_of_text (void)
{
  static const struct
  {
    const char *text;
    gint64 ms;
  } rows[] = {
    { "Wait 3 seconds", 3001 },
    { "{\"Message\":\"Too many. Wait 1.5 seconds before trying again\"}", 1501 },
    { "You must wait before accessing this url again.", -1 },
    { "wait 2 minutes", -1 },
    { "wait -5 seconds", -1 },
    { "", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (lk_nexudus_wait_of_text (rows[i].text, strlen (rows[i].text)), ==, rows[i].ms);
}

static void
test_minute (void)
{
  LkTime time = 0;
  g_autofree char *text = NULL;

  g_assert_true (lk_time_parse ("2026-11-24T10:59:59.999Z", 24, &time, NULL));
  text = lk_nexudus_minute (time);
  g_assert_cmpstr (text, ==, "2026-11-24T10%3A59");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nexudus/pages", test_pages);
  g_test_add_func ("/nexudus/rows", test_rows);
  g_test_add_func ("/nexudus/logins", test_logins);
  g_test_add_func ("/nexudus/refusals", test_refusals);
  g_test_add_func ("/nexudus/long-texts", test_long_texts);
  g_test_add_func ("/nexudus/a-row-that-is-no-json", test_a_row_that_is_no_json);
  g_test_add_func ("/nexudus/wait-of-text", test_wait_of_text);
  g_test_add_func ("/nexudus/minute", test_minute);
  return g_test_run ();
}
