/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Likeness of names, as a table.
 */
#include "../../src/cli/match.h"

static const struct
{
  const char *a, *b;
  gboolean same;
  int percent;
} rows[] = {
  { "Green meeting room", "Green meeting room", TRUE, 100 },
  { "Green meeting room", "  green  MEETING-room!", TRUE, 100 },
  { "Café", "CAFE", TRUE, 100 },
  { "Cafe\xcc\x81", "Caf\xc3\xa9", TRUE, 100 },
  { "Straße 5", "STRASSE 5", TRUE, 100 },
  { "Room Green", "Green Room", FALSE, 100 }, /* the same words, but not the same name */
  { "Room 1", "Room 11", FALSE, 50 },
  { "24 Hours Pass", "Members with 24 hours access", FALSE, 50 },
  { "Day Pass (8HRS)", "Members with day access", FALSE, 28 },
  { "a a b", "a b b", FALSE, 100 }, /* each word once */
  { "会議室", "会議室", TRUE, 100 },
  { "Green", "Blue", FALSE, 0 },
  { "", "", FALSE, 0 },
  { "---", "!", FALSE, 0 },
  { "\xff\xfe", "Green", FALSE, 0 }, /* no text at all */
};

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s | %s", rows[i].a, rows[i].b);
      g_assert_cmpint (match_is_same (rows[i].a, rows[i].b), ==, rows[i].same);
      g_assert_cmpint (match_is_same (rows[i].b, rows[i].a), ==, rows[i].same);
      g_assert_cmpint ((int) (100 * match_likeness (rows[i].a, rows[i].b)), ==, rows[i].percent);
      g_assert_cmpint ((int) (100 * match_likeness (rows[i].b, rows[i].a)), ==, rows[i].percent);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/match/table", test_table);
  return g_test_run ();
}
