/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The typed getters and their messages, the limits of parsing, and the writer.
 */
#include <latchkey/model/json.h>
#include <string.h>

static json_t *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_t *root = lk_json_parse (text, strlen (text), LK_RECORD_MAX, &error);

  g_assert_no_error (error);
  return root;
}

static void
test_parse_refuses (void)
{
  static const struct
  {
    const char *text, *error;
  } rows[] = {
    { "", "not JSON: unexpected token at line 1, column 0" },
    { "{", "not JSON: string or '}' expected at line 1, column 1" },
    { "{} x", "not JSON: end of file expected at line 1, column 4" },
    { "{\"a\":1,\"a\":2}", "not JSON: duplicate object key at line 1, column 10" },
    { "{\"a\":ada@example.org}", "not JSON: invalid token at line 1, column 8" },
    { "{\"a\":\"\\u0000\"}", "not JSON: \\u0000 is not allowed without JSON_ALLOW_NUL at line 1, "
                             "column 13" },
    { "[99999999999999999999]", "not JSON: too big integer at line 1, column 21" },
    { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", "not JSON we read: more than 32 levels deep" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) root
          = lk_json_parse (rows[i].text, strlen (rows[i].text), LK_RECORD_MAX, &error);

      g_assert_null (root);
      g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
      g_assert_cmpstr (error->message, ==, rows[i].error);
    }
}

static void
test_parse_limits (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) brackets = parse ("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"");
  g_autoptr (json_t) deep
      = parse ("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");

  g_assert_true (json_is_string (brackets));
  g_assert_true (json_is_array (deep));
  g_assert_null (lk_json_parse ("[1,2]", 5, 4, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_assert_cmpstr (error->message, ==, "too long: 5 bytes, at most 4");
}

/* What each getter says of each type. */
static void
test_getters_refuse (void)
{
  static const char *const got[][2] = {
    { "int", "an integer" },  { "real", "a number with a fraction" },
    { "text", "a string" },   { "yes", "true" },
    { "no", "false" },        { "object", "an object" },
    { "array", "an array" },  { "null", "null" },
    { "missing", "nothing" },
  };
  g_autoptr (json_t) root = parse ("{\"int\":7,\"real\":1.5,\"text\":\"x\",\"yes\":true,"
                                   "\"no\":false,\"object\":{},\"array\":[],\"null\":null}");

  for (guint i = 0; i < G_N_ELEMENTS (got); i++)
    {
      const char *key = got[i][0];
      gint64 number = 4711;
      gboolean truth;
      const char *text;
      LkTime time;
      json_t *child;
      struct
      {
        const char *what;
        gboolean ok, ok_opt, may, may_opt;
        GError *error;
      } rows[] = {
        { "an integer", FALSE, FALSE, i == 0, i == 0 || i >= 7, NULL },
        { "true or false", FALSE, FALSE, i == 3 || i == 4, i == 3 || i == 4 || i >= 7, NULL },
        { "a string", FALSE, FALSE, i == 2, i == 2 || i >= 7, NULL },
        { "an object", FALSE, FALSE, i == 5, i == 5 || i >= 7, NULL },
        { "an array", FALSE, FALSE, i == 6, i == 6 || i >= 7, NULL },
      };

      rows[0].ok_opt = lk_json_get_int_opt (root, key, -3, &number, NULL);
      if (i >= 7)
        g_assert_cmpint (number, ==, -3);
      rows[0].ok = lk_json_get_int (root, key, &number, &rows[0].error);
      rows[1].ok_opt = lk_json_get_bool_opt (root, key, TRUE, &truth, NULL);
      rows[1].ok = lk_json_get_bool (root, key, &truth, &rows[1].error);
      rows[2].ok_opt = lk_json_get_string_opt (root, key, &text, NULL);
      rows[2].ok = lk_json_get_string (root, key, &text, &rows[2].error);
      rows[3].ok_opt = lk_json_get_object_opt (root, key, &child, NULL);
      rows[3].ok = lk_json_get_object (root, key, &child, &rows[3].error);
      rows[4].ok_opt = lk_json_get_array_opt (root, key, &child, NULL);
      rows[4].ok = lk_json_get_array (root, key, &child, &rows[4].error);
      for (guint j = 0; j < G_N_ELEMENTS (rows); j++)
        {
          g_autofree char *want
              = g_strdup_printf ("%s: expected %s, got %s", key, rows[j].what, got[i][1]);

          g_assert_cmpint (rows[j].ok, ==, rows[j].may);
          g_assert_cmpint (rows[j].ok_opt, ==, rows[j].may_opt);
          if (!rows[j].ok)
            {
              g_assert_error (rows[j].error, LK_ERROR, LK_ERROR_REJECT);
              g_assert_cmpstr (rows[j].error->message, ==, want);
              g_clear_error (&rows[j].error);
            }
        }
      g_assert_cmpint (lk_json_get_time_opt (root, key, &time, NULL), ==, i >= 7);
    }
}

static void
test_get_time (void)
{
  g_autoptr (json_t) root = parse ("{\"good\":\"2026-09-01T10:00:00Z\",\"bad\":\"yesterday\"}");
  g_autoptr (GError) error = NULL;
  LkTime time = 0;

  g_assert_true (lk_json_get_time (root, "good", &time, &error));
  g_assert_cmpint (time, ==, G_GINT64_CONSTANT (1788256800000));
  g_assert_true (lk_json_get_time_opt (root, "none", &time, &error));
  g_assert_cmpint (time, ==, LK_TIME_NONE);
  g_assert_false (lk_json_get_time (root, "bad", &time, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_assert_true (g_str_has_prefix (error->message, "bad: not an RFC 3339 time"));
}

static void
test_getters_want_an_object (void)
{
  g_autoptr (json_t) root = parse ("[1]");
  g_autoptr (GError) error = NULL;
  gint64 number;

  g_assert_false (lk_json_get_int (root, "a", &number, &error));
  g_assert_cmpstr (error->message, ==, "expected an object, got an array");
}

static void
test_writer (void)
{
  g_autoptr (GString) out = g_string_new ("before ");
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "least", G_MININT64);
  lk_json_int (&writer, "most", G_MAXINT64);
  lk_json_int (&writer, "zero", 0);
  lk_json_bool (&writer, "yes", TRUE);
  lk_json_bool (&writer, "no", FALSE);
  lk_json_string (&writer, "text", "a \"b\" \\ /\n\r\t\b\x1f\x7f \xc3\xa9 \xf0\x9f\x94\x91");
  lk_json_string (&writer, "none", NULL);
  lk_json_string (&writer, "ke\"y", "");
  lk_json_time (&writer, "at", G_GINT64_CONSTANT (1788256800000));
  lk_json_time (&writer, "never", LK_TIME_NONE);
  lk_json_begin_array (&writer, "list");
  lk_json_int (&writer, NULL, 1);
  lk_json_begin_object (&writer, NULL);
  lk_json_end_object (&writer);
  lk_json_begin_array (&writer, NULL);
  lk_json_end_array (&writer);
  lk_json_null (&writer, NULL);
  lk_json_end_array (&writer);
  lk_json_begin_object (&writer, "inner");
  lk_json_string (&writer, "a", "b");
  lk_json_end_object (&writer);
  lk_json_int (&writer, "last", -1);
  lk_json_end_object (&writer);
  g_assert_cmpstr (out->str, ==,
                   "before {\"least\":-9223372036854775808,\"most\":9223372036854775807,\"zero\":0,"
                   "\"yes\":true,\"no\":false,"
                   "\"text\":\"a \\\"b\\\" \\\\ /\\n\\r\\t\\u0008\\u001f\x7f \xc3\xa9 "
                   "\xf0\x9f\x94\x91\",\"none\":null,\"ke\\\"y\":\"\","
                   "\"at\":\"2026-09-01T10:00:00Z\",\"never\":null,"
                   "\"list\":[1,{},[],null],\"inner\":{\"a\":\"b\"},\"last\":-1}");
  g_assert_cmpuint (out->len, ==, strlen (out->str));
}

static void
test_writer_mends_utf8 (void)
{
  static const char *const rows[][2] = {
    { "\xff", "\xef\xbf\xbd" },
    { "a\xc3", "a\xef\xbf\xbd" },
    { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },                 /* overlong */
    { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* half a surrogate pair */
    { "\xc3\xa9\x80z", "\xc3\xa9\xef\xbf\xbdz" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);

      lk_json_escape (out, rows[i][0], -1);
      g_assert_cmpstr (out->str, ==, rows[i][1]);
      g_assert_true (g_utf8_validate (out->str, (gssize)out->len, NULL));
    }
}

/* Whatever the text, what is written reads back the same. */
static void
test_writer_reads_back (void)
{
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (json_t) root = NULL;
  LkJsonWriter writer = { out, FALSE };
  const char *text;

  for (gunichar c = 1; c < 0x2100; c++)
    g_string_append_unichar (all, c);
  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "all", all->str);
  lk_json_end_object (&writer);
  root = parse (out->str);
  g_assert_true (lk_json_get_string (root, "all", &text, NULL));
  g_assert_cmpstr (text, ==, all->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/parse-refuses", test_parse_refuses);
  g_test_add_func ("/json/parse-limits", test_parse_limits);
  g_test_add_func ("/json/getters-refuse", test_getters_refuse);
  g_test_add_func ("/json/get-time", test_get_time);
  g_test_add_func ("/json/getters-want-an-object", test_getters_want_an_object);
  g_test_add_func ("/json/writer", test_writer);
  g_test_add_func ("/json/writer-mends-utf8", test_writer_mends_utf8);
  g_test_add_func ("/json/writer-reads-back", test_writer_reads_back);
  return g_test_run ();
}
