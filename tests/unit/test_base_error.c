/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Errors: filling, prefixing, names of codes, and the nearest name.
 */
#include <latchkey/base/error.h>

#include <string.h>

static gboolean
inner (GError **error)
{
  return lk_fail (error, LK_ERROR_REJECT, "unknown zone '%s'", "Europe/Madird");
}

static void
test_fail (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (inner (&error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_assert_false (lk_fail_prefix (&error, "spaces[%d].time_zone", 2));
  g_assert_false (lk_fail_prefix (&error, "load '%s'", "100%s.yaml"));
  g_assert_cmpstr (error->message, ==,
                   "load '100%s.yaml': spaces[2].time_zone: unknown zone 'Europe/Madird'");
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);

  g_assert_false (inner (NULL));
  g_assert_false (lk_fail_prefix (NULL, "nothing"));
}

static void
test_code_names (void)
{
  static const char *const names[]
      = { "retry", "unknown", "reject", "blocked", "refused", "fatal", "config" };

  for (int code = LK_ERROR_RETRY; code <= LK_ERROR_CONFIG; code++)
    g_assert_cmpstr (lk_error_code_name ((LkErrorCode) code), ==, names[code]);
  g_assert_cmpstr (lk_error_code_name ((LkErrorCode) 99), ==, "other");
}

static void
test_nearest (void)
{
  static const char *const names[]
      = { "time_zone", "day_cutoff", "business", "place", "code", "kisi", "nexudus", "mode" };
  static const struct
  {
    const char *word, *expected;
  } cases[] = {
    { "time_zone", "time_zone" },   /* itself */
    { "timezone", "time_zone" },    /* one left out */
    { "time_zoen", "time_zone" },   /* swapped: one step, not two */
    { "tiem_zoen", "time_zone" },   /* 2 of 9 / 4 + 1 = 3 */
    { "bussiness", "business" },    /* one too many */
    { "buisness", "business" },
    { "plaec", "place" },
    { "coed", "code" },             /* 'code' at 1 beats 'mode' at 2 */
    { "node", "code" },             /* a tie: the first in the table */
    { "kiis", "kisi" },
    { "nexus", "nexudus" },         /* 2 of 5 / 4 + 1 = 2 */
    { "zzzz", NULL },
    { "tz", NULL },
    { "", NULL },
    { "password", NULL },
  };
  g_autofree char *huge = g_strnfill (5000, 'a');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].word);
      g_assert_cmpstr (lk_nearest (cases[i].word, names, G_N_ELEMENTS (names)), ==,
                       cases[i].expected);
    }
  g_assert_null (lk_nearest (huge, names, G_N_ELEMENTS (names)));
  g_assert_null (lk_nearest ("code", (const char *const *) &huge, 1));
  g_assert_null (lk_nearest ("code", NULL, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/error/fail", test_fail);
  g_test_add_func ("/base/error/code-names", test_code_names);
  g_test_add_func ("/base/error/nearest", test_nearest);
  return g_test_run ();
}
