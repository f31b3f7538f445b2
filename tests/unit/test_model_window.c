/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Windows as tables. A window is written "from..until" in whole numbers, "*" an open end.
 */
#include <latchkey/model/window.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WINDOWS 16

static LkTime
end_of (const char *text, const char **out_rest)
{
  char *rest;
  LkTime time;

  if (*text == '*')
    {
      *out_rest = text + 1;
      return LK_TIME_NONE;
    }
  time = strtoll (text, &rest, 10);
  g_assert_true (rest != text);
  *out_rest = rest;
  return time;
}

/* "1..3 5..*" into OUT; returns how many. */
static guint
windows_of (const char *text, LkWindow out[MAX_WINDOWS])
{
  guint n = 0;

  while (*text != '\0')
    {
      g_assert_cmpuint (n, <, MAX_WINDOWS);
      out[n].from = end_of (text, &text);
      g_assert_true (g_str_has_prefix (text, ".."));
      out[n].until = end_of (text + 2, &text);
      n++;
      while (*text == ' ')
        text++;
    }
  return n;
}

static char *
text_of (const LkWindow *windows, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, i == 0 ? "" : " ");
      if (windows[i].from == LK_TIME_NONE)
        g_string_append_c (text, '*');
      else
        g_string_append_printf (text, "%" G_GINT64_FORMAT, windows[i].from);
      g_string_append (text, "..");
      if (windows[i].until == LK_TIME_NONE)
        g_string_append_c (text, '*');
      else
        g_string_append_printf (text, "%" G_GINT64_FORMAT, windows[i].until);
    }
  return g_string_free (text, FALSE);
}

static void
test_union (void)
{
  static const char *const rows[][2] = {
    { "", "" },
    { "1..3", "1..3" },
    { "3..3", "" },
    { "5..2", "" },
    { "1..3 3..5", "1..5" },
    { "1..3 4..5", "1..3 4..5" },
    { "4..5 1..3", "1..3 4..5" },
    { "1..9 2..3", "1..9" },
    { "2..3 1..9 4..12", "1..12" },
    { "1..* 2..3", "1..*" },
    { "2..3 1..*", "1..*" },
    { "*..4 3..9", "*..9" },
    { "*..4 6..*", "*..4 6..*" },
    { "*..4 4..*", "*..*" },
    { "*..* 1..2", "*..*" },
    { "1..2 1..2 1..2", "1..2" },
    { "8..9 1..2 2..2 6..8 1..3", "1..3 6..9" },
    { "-5..-1 -2..4", "-5..4" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LkWindow windows[MAX_WINDOWS];
      guint n = windows_of (rows[i][0], windows);
      g_autofree char *got = text_of (windows, lk_windows_union (windows, n));

      g_assert_cmpstr (got, ==, rows[i][1]);
    }
}

static void
test_subtract (void)
{
  static const struct
  {
    const char *windows, *hole, *left;
  } rows[] = {
    { "1..9", "3..5", "1..3 5..9" },
    { "1..9", "1..5", "5..9" },
    { "1..9", "5..9", "1..5" },
    { "1..9", "0..10", "" },
    { "1..9", "1..9", "" },
    { "1..9", "9..12", "1..9" },
    { "1..9", "*..1", "1..9" },
    { "1..9", "*..3", "3..9" },
    { "1..9", "3..*", "1..3" },
    { "1..9", "*..*", "" },
    { "1..9", "5..5", "1..9" },
    { "1..9", "6..4", "1..9" },
    { "1..*", "3..5", "1..3 5..*" },
    { "*..9", "3..5", "*..3 5..9" },
    { "*..*", "3..5", "*..3 5..*" },
    { "*..*", "3..*", "*..3" },
    { "1..3 4..6 7..9", "2..8", "1..2 8..9" },
    { "", "1..2", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LkWindow windows[MAX_WINDOWS], hole[MAX_WINDOWS], left[MAX_WINDOWS + 1];
      guint n = windows_of (rows[i].windows, windows);
      g_autofree char *got = NULL;

      g_assert_cmpuint (windows_of (rows[i].hole, hole), ==, 1);
      got = text_of (left, lk_windows_subtract (windows, n, hole[0], left));
      g_assert_cmpstr (got, ==, rows[i].left);
    }
}

static void
test_first_outside (void)
{
  static const struct
  {
    const char *window, *others;
    LkTime at, first;
  } rows[] = {
    { "1..9", "", 0, 1 },
    { "1..9", "", 4, 4 },
    { "1..9", "", 9, LK_TIME_NONE },
    { "1..9", "0..3", 0, 3 },
    { "1..9", "2..3", 0, 1 },
    { "1..9", "2..3", 2, 3 },
    { "1..9", "1..4 4..9", 0, LK_TIME_NONE },
    { "1..9", "1..4 3..6", 0, 6 },
    { "1..9", "1..4 5..9", 0, 4 },
    { "1..9", "1..4 5..9", 5, LK_TIME_NONE },
    { "1..9", "0..10", 0, LK_TIME_NONE },
    { "1..9", "9..12", 0, 1 },
    { "1..*", "0..5", 0, 5 },
    { "1..*", "3..*", 3, LK_TIME_NONE },
    { "*..9", "*..5", 2, 5 },
    { "*..*", "", 7, 7 },
    { "*..*", "*..*", 7, LK_TIME_NONE },
    { "3..3", "", 0, LK_TIME_NONE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LkWindow window[MAX_WINDOWS], others[MAX_WINDOWS];
      guint n = windows_of (rows[i].others, others);

      g_test_message ("%s but %s", rows[i].window, rows[i].others);
      g_assert_cmpuint (windows_of (rows[i].window, window), ==, 1);
      g_assert_cmpint (lk_windows_first_outside (window[0], others, n, rows[i].at), ==,
                       rows[i].first);
    }
}

static void
test_relations (void)
{
  static const struct
  {
    const char *a, *b;
    gboolean equal, covers;
    const char *intersection; /* NULL: empty */
  } rows[] = {
    { "1..5", "1..5", TRUE, TRUE, "1..5" },   { "1..5", "2..5", FALSE, TRUE, "2..5" },
    { "1..5", "2..6", FALSE, FALSE, "2..5" }, { "1..5", "5..6", FALSE, FALSE, NULL },
    { "1..*", "2..6", FALSE, TRUE, "2..6" },  { "2..6", "1..*", FALSE, FALSE, "2..6" },
    { "*..*", "1..*", FALSE, TRUE, "1..*" },  { "*..*", "*..*", TRUE, TRUE, "*..*" },
    { "*..4", "2..*", FALSE, FALSE, "2..4" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      LkWindow a[MAX_WINDOWS], b[MAX_WINDOWS], both;
      g_autofree char *got = NULL;

      g_assert_cmpuint (windows_of (rows[i].a, a), ==, 1);
      g_assert_cmpuint (windows_of (rows[i].b, b), ==, 1);
      g_assert_cmpint (lk_window_equal (a[0], b[0]), ==, rows[i].equal);
      g_assert_cmpint (lk_window_covers (a[0], b[0]), ==, rows[i].covers);
      both = lk_window_intersect (a[0], b[0]);
      g_assert_cmpint (lk_window_is_empty (both), ==, rows[i].intersection == NULL);
      got = text_of (&both, 1);
      if (rows[i].intersection != NULL)
        g_assert_cmpstr (got, ==, rows[i].intersection);
    }
}

static void
test_contains (void)
{
  LkWindow closed = { 10, 20 }, ever = { LK_TIME_NONE, LK_TIME_NONE };

  g_assert_false (lk_window_contains (closed, 9));
  g_assert_true (lk_window_contains (closed, 10));
  g_assert_true (lk_window_contains (closed, 19));
  g_assert_false (lk_window_contains (closed, 20));
  g_assert_true (lk_window_contains (ever, 0));
  g_assert_false (lk_window_is_empty (ever));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/window/union", test_union);
  g_test_add_func ("/window/subtract", test_subtract);
  g_test_add_func ("/window/first-outside", test_first_outside);
  g_test_add_func ("/window/relations", test_relations);
  g_test_add_func ("/window/contains", test_contains);
  return g_test_run ();
}
