/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Design §5, "Member", as a table.
 */
#include "../../src/member-worker/decide.h"
#include "test_decide.h"

typedef struct
{
  const char *what;
  gboolean active, archived, deleted, entitled;
  LkWhy why;
} Row;

static const Row rows[] = {
  { "active", TRUE, FALSE, FALSE, TRUE, LK_WHY_ENTITLED },
  { "suspended", FALSE, FALSE, FALSE, FALSE, LK_WHY_SUSPENDED },
  { "archived", TRUE, TRUE, FALSE, FALSE, LK_WHY_ARCHIVED },
  { "archived and suspended", FALSE, TRUE, FALSE, FALSE, LK_WHY_ARCHIVED },
  { "deleted", TRUE, FALSE, TRUE, FALSE, LK_WHY_DELETED },
};

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (LkRules) rules = rules_of ("Europe/Madrid", "00:00", "end_of_day", NULL);
  const LkMember member = { .member = 9001,
                            .space = (char *) "moncloa",
                            .revision = 500,
                            .email = (char *) "ada@example.org",
                            .name = (char *) "Ada",
                            .active = row->active,
                            .archived = row->archived,
                            .deleted = row->deleted };
  g_auto (LkCommand) command = { 0 };

  member_decide (&member, rules, &command);
  g_assert_cmpint (command.entitled, ==, row->entitled);
  g_assert_cmpstr (lk_why_name (command.why), ==, lk_why_name (row->why));
  g_assert_cmpstr (command.email, ==, "ada@example.org");
  g_assert_cmpstr (command.name, ==, "Ada");
  g_assert_cmpint (command.kind, ==, LK_SOURCE_MEMBER);
  g_assert_cmpuint (command.n_claims, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/decide/member/%s", rows[i].what);
      g_test_add_data_func (path, &rows[i], test_row);
    }
  return g_test_run ();
}
