/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The plan of one person as a table (design §6): what the claims give and which rights are held,
 * and the next action. NOW is 1000 s; times in the rows are seconds.
 */
#include "../../src/executor/merge.h"
#include "../../src/executor/plan.h"
#include "../../src/executor/queue.h"

#include <stdlib.h>
#include <string.h>

#define NOW (1000 * LK_SECOND)
#define USER 5

typedef struct
{
  const char *what;
  const char *claims; /* "group from until; …", "*" is open; one command each */
  const char *rights; /* "group from until state user [source]; …" */
  gboolean not_entitled, no_member, one_right, shared, no_user, gives_way;
  const char *blocked; /* "group until [reason]" */
  const char *action;  /* "kind class group from until" or "nothing" */
  gint64 wake;         /* seconds; -1: none; 0: not looked at */
} Row;

static const Row rows[] = {
  { "nothing given, nothing held", "", "", .action = "nothing", .wake = -1 },
  { "a claim that is due: create", "7 500 2000", "", .action = "create gain_due 7 500 2000" },
  { "two claims that overlap are one right", "7 500 2000; 7 1500 3000", "",
    .action = "create gain_due 7 500 3000" },
  { "the user first", "7 500 2000", "", .no_user = TRUE, .action = "user gain_due 7 500 2000" },
  { "a claim of tomorrow is the future", "7 90000 95000", "",
    .action = "create future 7 90000 95000", .wake = 90000 },
  { "beyond the horizon: woken when it comes within it", "7 2000000 2001000", "",
    .action = "nothing", .wake = 2000000 - 1209600 },
  { "a window longer than the horizon that has begun is written whole", "7 500 9000000", "",
    .action = "create gain_due 7 500 9000000" },
  { "a create that waits is planned again when its window ends", "7 500 2000", "",
    .action = "create gain_due 7 500 2000", .wake = 2000 },
  { "what opens too much only later is a loss that is due from then on", "", "7 5000 9000 held 5",
    .action = "delete future 7 5000 9000", .wake = 5000 },
  { "the end of a shorter window hastens the old right's loss", "7 500 1500",
    "7 500 2000 held 5; 7 500 1500 held 5", .action = "delete future 7 500 2000", .wake = 1500 },
  { "a claim that is over gives nothing", "7 100 900", "", .action = "nothing", .wake = -1 },
  { "held as claimed: nothing, awake at its end", "7 500 2000", "7 500 2000 held 5",
    .action = "nothing", .wake = 2000 },
  { "another start in the past is the same right", "7 400 2000", "7 500 2000 held 5",
    .action = "nothing" },
  { "an open end", "7 500 *", "7 500 * held 5", .action = "nothing", .wake = -1 },
  { "no claim any more: taken away at once", "", "7 500 2000 held 5",
    .action = "delete loss_due 7 500 2000" },
  { "its source is nowhere: it stays", "8 500 2000", "7 500 2000 held 5 pass/9; 8 500 2000 held 5",
    .action = "nothing" },
  { "its source stands and gives nothing of this group: taken away", "8 500 2000",
    "7 500 2000 held 5 pass/1; 8 500 2000 held 5", .action = "delete loss_due 7 500 2000" },
  { "its source is nowhere, but had said that it gives nothing: taken away", "8 500 2000",
    "7 500 2000 surplus 5 pass/9; 8 500 2000 held 5", .action = "delete loss_due 7 500 2000" },
  { "nobody has said a word of the member, but once had: taken away", "", "7 500 2000 surplus 5",
    .no_member = TRUE, .action = "delete loss_due 7 500 2000" },
  { "it was surplus and is given again: it stays", "7 500 2000", "7 500 2000 surplus 5 pass/9",
    .action = "nothing" },
  { "one of its two sources is nowhere: it stays", "8 500 2000",
    "7 500 2000 held 5 pass/1,pass/2; 8 500 2000 held 5", .action = "nothing" },
  { "its source is nowhere, it has lapsed: tidied", "", "7 100 900 held 5 pass/9",
    .action = "delete tidy 7 100 900" },
  { "its source is nowhere, another gives more: replaced", "7 500 3000",
    "7 500 2000 held 5 pass/9; 7 500 3000 held 5", .action = "delete tidy 7 500 2000" },
  { "not entitled: a source that is nowhere saves nothing", "", "7 500 2000 held 5 pass/9",
    .not_entitled = TRUE, .action = "delete loss_due 7 500 2000" },
  { "nobody has said a word of the member: it stays", "7 500 2000", "7 500 2000 held 5 pass/1",
    .no_member = TRUE, .action = "nothing" },
  { "not entitled: taken away, whatever the claims", "7 500 2000", "7 500 2000 held 5",
    .not_entitled = TRUE, .action = "delete loss_due 7 500 2000" },
  { "shorter: the new one first, the old one stays meanwhile", "7 500 1500", "7 500 2000 held 5",
    .action = "create gain_due 7 500 1500" },
  { "shorter, the new one is there: the old one goes before it shows", "7 500 1500",
    "7 500 2000 held 5; 7 500 1500 held 5", .action = "delete future 7 500 2000" },
  { "longer: the new one first", "7 500 3000", "7 500 2000 held 5",
    .action = "create gain_due 7 500 3000" },
  { "longer, the new one is there: the old one is tidied", "7 500 3000",
    "7 500 2000 held 5; 7 500 3000 held 5", .action = "delete tidy 7 500 2000" },
  { "moved into the future: what is open now goes first", "7 90000 95000", "7 500 2000 held 5",
    .action = "delete loss_due 7 500 2000" },
  { "a future right that nothing gives any more", "", "7 90000 95000 held 5",
    .action = "delete future 7 90000 95000" },
  { "a loss before a gain", "8 500 2000", "7 500 2000 held 5",
    .action = "delete loss_due 7 500 2000" },
  { "a lapsed right is tidied", "", "7 100 900 held 5", .action = "delete tidy 7 100 900" },
  { "a gain before tidying", "8 500 2000", "7 100 900 held 5",
    .action = "create gain_due 8 500 2000" },
  { "two equal rights: one is surplus", "7 500 2000", "7 500 2000 held 5; 7 500 2000 held 5",
    .action = "delete tidy 7 500 2000" },
  { "the right of an older user is replaced, then taken away", "7 500 2000", "7 500 2000 held 4",
    .action = "create gain_due 7 500 2000" },
  { "the older user's, its successor is there", "7 500 2000",
    "7 500 2000 held 4; 7 500 2000 held 5", .action = "delete tidy 7 500 2000" },
  { "an ended right counts for nothing", "7 500 2000", "7 500 2000 ended 5",
    .action = "create gain_due 7 500 2000" },
  { "an open intent is resolved before anything is created", "7 500 2000", "7 500 2000 intended 5",
    .action = "resolve gain_due 7 500 2000" },
  { "a loss does not wait for an open intent", "", "7 500 2000 held 5; 7 500 3000 intended 5",
    .action = "delete loss_due 7 500 2000" },
  { "blocked in the group: nothing is created, awake when it ends", "7 500 2000", "",
    .blocked = "7 1600", .action = "nothing", .wake = 1600 },
  { "a block that is over", "7 500 2000", "", .blocked = "7 900",
    .action = "create gain_due 7 500 2000" },
  { "a delete that failed waits: nothing, awake when it is tried again", "", "7 500 2000 held 5",
    .blocked = "7 1600 delete_forbidden", .action = "nothing", .wake = 1600 },
  { "a delete that failed waits: its group still gains", "7 1500 3000", "7 500 1200 held 5",
    .blocked = "7 * delete_refused", .action = "create gain_due 7 1500 3000" },
  { "a delete that failed waits: other groups lose", "", "7 500 2000 held 5; 8 500 2000 held 5",
    .blocked = "7 * delete_group_gone", .action = "delete loss_due 8 500 2000" },
  { "blocked: a loss goes on all the same", "", "7 500 2000 held 5", .blocked = "7 *",
    .action = "delete loss_due 7 500 2000" },
  { "blocked: what still rightly opens is kept for want of a successor", "7 500 3000",
    "7 500 2000 held 5", .blocked = "7 *", .action = "nothing" },
  { "blocked: of two that are the same and wait for a successor one is kept", "7 500 2000",
    "7 500 2000 held 4; 7 500 2000 held 4", .blocked = "7 *", .action = "delete tidy 7 500 2000" },
  { "blocked: two that differ are both kept", "7 500 2000", "7 500 2000 held 4; 7 600 2000 held 4",
    .blocked = "7 *", .action = "nothing" },
  { "a shared address makes nothing new", "7 500 2000", "", .shared = TRUE, .action = "nothing" },
  { "a shared address loses like anybody", "", "7 500 2000 held 5", .shared = TRUE,
    .action = "delete loss_due 7 500 2000" },
  { "one right for user and group: it is changed", "7 500 3000", "7 500 2000 held 5",
    .one_right = TRUE, .action = "change gain_due 7 500 3000" },
  { "one right, but an older user's: a new one is made, the old one is not changed", "7 500 2000",
    "7 500 2000 held 4", .one_right = TRUE, .action = "create gain_due 7 500 2000" },
  { "one right: the surplus of an older user is taken away", "7 500 2000",
    "7 500 2000 held 4; 7 500 2000 held 5", .one_right = TRUE, .action = "delete tidy 7 500 2000" },
  { "a delete was begun, and it is wanted again: KISI is asked", "7 500 2000", "7 500 2000 doubt 5",
    .action = "resolve gain_due 7 500 2000" },
  { "a delete was begun, and some of it is wanted: KISI is asked first", "7 500 3000",
    "7 500 2000 doubt 5", .action = "resolve gain_due 7 500 2000" },
  { "a delete was begun, and what came of it can't be told just now: it waits", "7 500 2000",
    "7 500 2000 doubt 5", .blocked = "7 1600 delete_group_gone", .action = "nothing",
    .wake = 1600 },
  { "one right, and it can't be touched just now: it is not changed either", "7 500 3000",
    "7 500 2000 held 5", .one_right = TRUE, .blocked = "7 1600 delete_refused", .action = "nothing",
    .wake = 1600 },
  { "one right that is over and can't be touched: a new one is made all the same", "7 500 3000",
    "7 100 900 held 5", .one_right = TRUE, .blocked = "7 1600 delete_refused",
    .action = "create gain_due 7 500 3000" },
  { "a delete was begun, and is still wanted: once more", "", "7 500 2000 doubt 5",
    .action = "delete loss_due 7 500 2000" },
  { "a delete was begun, and what is open now is too much: once more", "7 1500 2000",
    "7 500 2000 doubt 5", .action = "delete loss_due 7 500 2000" },
  { "an older user's right is in another person's way: it goes first", "7 500 2000",
    "7 500 2000 held 4", .gives_way = TRUE, .action = "delete loss_due 7 500 2000" },
  { "giving way, what is today's user's stays", "7 500 2000", "7 500 2000 held 5",
    .gives_way = TRUE, .action = "nothing" },
  { "one right: what nobody took back is not changed away", "7 90000 95000",
    "7 500 2000 held 5 pass/9", .one_right = TRUE, .action = "nothing" },
  { "one right: only the open window is wanted", "7 500 2000; 7 90000 95000", "7 500 2000 held 5",
    .one_right = TRUE, .action = "nothing" },
};

static const char *const kinds[] = { "nothing", "user", "create", "change", "delete", "resolve" };
static const char *const classes[] = { "loss_due", "gain_due", "future", "tidy" };

static LkTime
seconds (const char *text)
{
  return g_str_equal (text, "*") ? LK_TIME_NONE : g_ascii_strtoll (text, NULL, 10) * LK_SECOND;
}

static void
command_free (gpointer data)
{
  lk_command_clear (data);
  g_free (data);
}

static void
right_free (gpointer data)
{
  lk_right_clear (data);
  g_free (data);
}

static void
add_claims (PlanFacts *facts, const char *text)
{
  g_auto (GStrv) items = g_strsplit (text, "; ", -1);

  for (guint i = 0; items[i] != NULL && *items[i] != '\0'; i++)
    {
      g_auto (GStrv) part = g_strsplit (items[i], " ", -1);
      LkCommand *command = g_new0 (LkCommand, 1);
      command->kind = LK_SOURCE_PASS;
      command->source_id = i + 1;
      command->claims = g_new0 (LkClaim, 1);
      command->n_claims = 1;
      command->claims[0] = (LkClaim){ g_ascii_strtoll (part[0], NULL, 10),
                                      { seconds (part[1]), seconds (part[2]) } };
      g_ptr_array_add (facts->commands, command);
    }
}

static void
add_rights (PlanFacts *facts, const char *text)
{
  g_auto (GStrv) items = g_strsplit (text, "; ", -1);

  for (guint i = 0; items[i] != NULL && *items[i] != '\0'; i++)
    {
      g_auto (GStrv) part = g_strsplit (items[i], " ", -1);
      LkRight *right = g_new0 (LkRight, 1);
      right->group_id = g_ascii_strtoll (part[0], NULL, 10);
      right->window = (LkWindow){ seconds (part[1]), seconds (part[2]) };
      right->state = g_str_equal (part[3], "intended") ? LK_RIGHT_INTENDED
                     : g_str_equal (part[3], "ended")  ? LK_RIGHT_ENDED
                                                       : LK_RIGHT_HELD;
      right->kisi_user_id = g_ascii_strtoll (part[4], NULL, 10);
      right->right_id = 500 + i;
      right->intended_at = NOW - LK_HOUR;
      right->touched_at = g_str_equal (part[3], "doubt") ? NOW - LK_MINUTE : LK_TIME_NONE;
      right->surplus_since = g_str_equal (part[3], "surplus") ? NOW - LK_DAY : LK_TIME_NONE;
      if (part[5] != NULL)
        right->sources = g_strsplit (part[5], ",", -1);
      g_ptr_array_add (facts->rights, right);
    }
}

/* What the ledger is to remember, and by which sources a right is held then. */
typedef struct
{
  const char *what, *claims, *right;
  gboolean not_entitled, no_member;
  gint64 since;        /* seconds; -1: nothing */
  const char *sources; /* NULL: as they stand */
} Memory;

static const Memory memories[] = {
  { "all of it is given", "7 500 2000", "7 500 2000 held 5 pass/1", .since = -1 },
  { "nothing gives it", "8 500 2000", "7 500 2000 held 5 pass/1", .since = 1000 },
  { "not entitled", "", "7 500 2000 held 5 pass/9", .not_entitled = TRUE, .since = 1000 },
  { "nobody says anything", "", "7 500 2000 held 5 pass/9", .since = -1 },
  { "nobody says anything of the member", "", "7 500 2000 held 5", .no_member = TRUE,
    .since = -1 },
  { "nobody says anything any more", "", "7 500 2000 surplus 5 pass/9", .no_member = TRUE,
    .since = 1000 - 86400 },
  { "nothing gives a future one", "8 500 2000", "7 90000 95000 held 5 pass/1", .since = 1000 },
  { "some of it is given, not now", "7 1500 2000", "7 500 2000 held 5 pass/1", .since = 1000 },
  { "some of it is given, and later too much", "7 500 1500", "7 500 2000 held 5 pass/1",
    .since = -1 },
  { "given again", "7 500 2000", "7 500 2000 surplus 5 pass/9", .since = -1,
    .sources = "pass/1" },
  { "some of it given again, and later too much", "7 500 1500", "7 500 2000 surplus 5 pass/9",
    .since = -1, .sources = "pass/1" },
  { "some of it given again, not now", "7 1500 2000", "7 500 2000 surplus 5 pass/9",
    .since = 1000 - 86400, .sources = "pass/1" },
  { "given again, its old source is lost", "7 500 2000", "7 500 2000 held 5 pass/9",
    .since = -1, .sources = "pass/1,pass/9" },
  { "over meanwhile", "", "7 500 900 surplus 5 pass/9", .since = 1000 - 86400 },
};

static void
test_memory (gconstpointer data)
{
  const Memory *memory = data;
  PlanFacts facts = { .entitled = !memory->not_entitled && !memory->no_member,
                      .has_member = !memory->no_member,
                      .commands = g_ptr_array_new_with_free_func (command_free),
                      .rights = g_ptr_array_new_with_free_func (right_free) };
  g_auto (GStrv) sources = NULL;
  g_autofree char *text = NULL;

  add_claims (&facts, memory->claims);
  add_rights (&facts, memory->right);
  g_assert_cmpint (plan_surplus_since (&facts, facts.rights->pdata[0], NOW), ==,
                   memory->since == -1 ? LK_TIME_NONE : memory->since * LK_SECOND);
  sources = plan_new_sources (&facts, facts.rights->pdata[0]);
  text = sources == NULL ? NULL : g_strjoinv (",", sources);
  g_assert_cmpstr (text, ==, memory->sources);
  g_ptr_array_unref (facts.commands);
  g_ptr_array_unref (facts.rights);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  const PlanSettings settings = { .horizon = 14 * LK_DAY, .one_right = row->one_right };
  LkBlocked blocked = { 0 };
  LkLedgerMember known = { .kisi_user_id = row->no_user ? 0 : USER, .email = (char *) "A@b.org" };
  PlanFacts facts = { .entitled = !row->not_entitled && !row->no_member,
                      .has_member = !row->no_member,
                      .email = "a@B.org",
                      .known = &known,
                      .gives_way = row->gives_way,
                      .address_is_shared = row->shared,
                      .commands = g_ptr_array_new_with_free_func (command_free),
                      .rights = g_ptr_array_new_with_free_func (right_free) };
  PlanAction action;
  g_autofree char *text = NULL;
  g_auto (GStrv) part = NULL;

  if (row->blocked != NULL)
    {
      part = g_strsplit (row->blocked, " ", -1);
      blocked = (LkBlocked){ g_ascii_strtoll (part[0], NULL, 10), (char *) "refused", 0,
                             seconds (part[1]) };
      if (part[2] != NULL)
        blocked.reason = part[2];
      known.blocked = &blocked;
      known.n_blocked = 1;
    }
  add_claims (&facts, row->claims);
  add_rights (&facts, row->rights);
  plan_next (&facts, &settings, NOW, &action);
  if (action.kind == PLAN_NOTHING)
    text = g_strdup ("nothing");
  else
    {
      g_autofree char *until
          = action.window.until == LK_TIME_NONE
                ? g_strdup ("*")
                : g_strdup_printf ("%" G_GINT64_FORMAT, action.window.until / LK_SECOND);
      text = g_strdup_printf ("%s %s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
                              kinds[action.kind], classes[action.class], action.group_id,
                              action.window.from / LK_SECOND, until);
    }
  g_assert_cmpstr (text, ==, row->action);
  if (row->wake != 0)
    g_assert_cmpint (action.wake_at, ==, row->wake < 0 ? LK_TIME_NONE : row->wake * LK_SECOND);
  g_ptr_array_unref (facts.commands);
  g_ptr_array_unref (facts.rights);
}

/* --- merge --------------------------------------------------------------------------------------
 */

static LkRight
right_of (LkRightState state, gint64 id)
{
  return (LkRight){ .right = g_strdup ("r"),
                    .space = g_strdup ("s"),
                    .state = state,
                    .right_id = id,
                    .intended_at = LK_TIME_NONE,
                    .ended_at = LK_TIME_NONE,
                    .touched_at = LK_TIME_NONE,
                    .surplus_since = state == LK_RIGHT_HELD ? NOW : LK_TIME_NONE };
}

static void
test_merge (void)
{
  static const struct
  {
    LkRightState a;
    gint64 a_id;
    LkRightState b;
    gint64 b_id;
    LkRightState merged;
    gint64 id;
  } cases[] = {
    { LK_RIGHT_INTENDED, 0, LK_RIGHT_HELD, 9, LK_RIGHT_HELD, 9 },
    { LK_RIGHT_HELD, 9, LK_RIGHT_ENDED, 9, LK_RIGHT_ENDED, 9 },
    { LK_RIGHT_INTENDED, 0, LK_RIGHT_ENDED, 0, LK_RIGHT_ENDED, 0 },
    { LK_RIGHT_ENDED, 0, LK_RIGHT_HELD, 9, LK_RIGHT_HELD, 9 }, /* it had happened after all */
    { LK_RIGHT_ENDED, 9, LK_RIGHT_HELD, 9, LK_RIGHT_ENDED, 9 },
    { LK_RIGHT_ENDED, 9, LK_RIGHT_INTENDED, 0, LK_RIGHT_ENDED, 9 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint turned = 0; turned < 2; turned++)
      {
        g_auto (LkRight) a = right_of (cases[i].a, cases[i].a_id);
        g_auto (LkRight) b = right_of (cases[i].b, cases[i].b_id);
        g_auto (LkRight) out = { 0 };
        merge_rights (turned ? &b : &a, turned ? &a : &b, &out);
        g_assert_cmpint (out.state, ==, cases[i].merged);
        g_assert_cmpint (out.right_id, ==, cases[i].id);
        g_assert_cmpint (out.surplus_since, ==,
                         out.state == LK_RIGHT_HELD ? NOW : LK_TIME_NONE);
      }
}

/* --- queue --------------------------------------------------------------------------------------
 */

static gboolean
not_second (QueueItem *item, gpointer data)
{
  return item != data;
}

static void
test_queue (void)
{
  g_autoptr (Queue) queue = queue_new ();
  QueueItem a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
  LkTime next;

  queue_put (queue, &a, PLAN_TIDY, 5, LK_TIME_NONE);
  queue_put (queue, &b, PLAN_GAIN_DUE, 10, LK_TIME_NONE);
  queue_put (queue, &c, PLAN_GAIN_DUE, 9, LK_TIME_NONE);
  queue_put (queue, &d, PLAN_LOSS_DUE, 99, 50);
  g_assert_cmpuint (queue_length (queue, PLAN_GAIN_DUE), ==, 2);
  g_assert_cmpint (queue_oldest_due (queue, PLAN_GAIN_DUE), ==, 9);
  g_assert_cmpint (queue_oldest_due (queue, PLAN_LOSS_DUE), ==, 99);
  g_assert_cmpint (queue_oldest_due (queue, PLAN_FUTURE), ==, LK_TIME_NONE);
  /* The loss is first but may not start yet. */
  g_assert_true (queue_take (queue, 20, NULL, NULL, &next) == &c);
  g_assert_cmpint (next, ==, 50);
  g_assert_true (queue_take (queue, 60, NULL, NULL, &next) == &d);
  g_assert_true (queue_take (queue, 60, not_second, &b, &next) == &a);
  /* A newer plan takes the place of a waiting one. */
  queue_put (queue, &b, PLAN_LOSS_DUE, 1, LK_TIME_NONE);
  g_assert_cmpuint (queue_length (queue, PLAN_GAIN_DUE), ==, 0);
  g_assert_true (queue_take (queue, 60, NULL, NULL, &next) == &b);
  g_assert_null (queue_take (queue, 60, NULL, NULL, &next));
  g_assert_cmpint (next, ==, LK_TIME_NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plan/%s", rows[i].what);
      g_test_add_data_func (path, &rows[i], test_row);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (memories); i++)
    {
      g_autofree char *path = g_strdup_printf ("/memory/%s", memories[i].what);
      g_test_add_data_func (path, &memories[i], test_memory);
    }
  g_test_add_func ("/merge", test_merge);
  g_test_add_func ("/queue", test_queue);
  return g_test_run ();
}
