/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What KISI lists against the ledger, as a table (design §6.5, §6.9), and when an open intent is
 * looked into. NOW is 1000 s; the list was asked for then; times in the rows are seconds.
 */
#include "../../src/executor/drift.h"
#include "../../src/executor/plan.h"
#include "../../src/executor/sightings.h"

#define NOW (1000 * LK_SECOND)
#define GROUP 7
#define OURSELVES 1

typedef struct
{
  const char *what;
  const char *rows;   /* "id user group from until made-at maker; …", "*" is open or not said */
  const char *rights; /* "id user group from until state recorded-at; …"; id 0: none yet */
  gboolean exclusive;
  const char *drift; /* "class id; …": the row's id, or the right's where there is no row */
} Row;

static const Row rows[] = {
  { "as the ledger has it", "501 5 7 500 2000 400 1", "501 5 7 500 2000 held 400", .drift = "" },
  { "milliseconds don't count", "501 5 7 500 2000.9 400 1", "501 5 7 500.7 2000 held 400",
    .drift = "" },
  { "not listed: missing", "", "501 5 7 500 2000 held 400", .drift = "missing 501" },
  { "recorded since the list was asked for: not missing", "", "501 5 7 500 2000 held 1000",
    .drift = "" },
  { "over: not missing, whether KISI lists it or not", "", "501 5 7 100 900 held 400",
    .drift = "" },
  { "another group's is nobody's business", "", "501 5 8 500 2000 held 400", .drift = "" },
  { "a row of another group", "502 5 8 500 2000 400 1", "", .drift = "" },
  { "another end", "501 5 7 500 3000 400 1", "501 5 7 500 2000 held 400", .drift = "altered 501" },
  { "an open end", "501 5 7 500 * 400 1", "501 5 7 500 2000 held 400", .drift = "altered 501" },
  { "ended, and still there", "501 5 7 500 2000 400 1", "501 5 7 500 2000 ended 400",
    .drift = "surplus 501" },
  { "ended once, adopted since", "501 5 7 500 2000 400 1",
    "501 5 7 500 2000 ended 400; 501 5 7 500 2000 held 500", .drift = "" },
  { "a create under way", "502 5 7 500 2000 990 1", "0 5 7 500 2000 intended 980", .drift = "" },
  { "a create that was given up and happened", "502 5 7 500 2000 990 1", "0 5 7 500 2000 ended 980",
    .drift = "surplus 502" },
  { "made before it was intended, by a clock an hour ahead", "502 5 7 500 2000 -2620 1",
    "0 5 7 500 2000 ended 980", .drift = "surplus 502" },
  { "made before it was intended: somebody else's", "502 5 7 500 2000 -2700 1",
    "0 5 7 500 2000 ended 980", .drift = "foreign 502" },
  { "one intent is one row's", "502 5 7 500 2000 990 1; 503 5 7 500 2000 991 1",
    "0 5 7 500 2000 ended 980", .drift = "surplus 502; foreign 503" },
  { "one made since is the intent's before one that was there",
    "502 5 7 500 2000 -2620 1; 503 5 7 500 2000 981 1", "0 5 7 500 2000 ended 980",
    .drift = "surplus 503; foreign 502" },
  { "of two that were there, the newer", "502 5 7 500 2000 -2620 1; 503 5 7 500 2000 -2600 1",
    "0 5 7 500 2000 ended 980", .drift = "surplus 503; foreign 502" },
  { "another window than was intended", "502 5 7 500 2001 990 1", "0 5 7 500 2000 ended 980",
    .drift = "foreign 502" },
  { "nobody knows it", "502 6 7 500 2000 990 1", "", .drift = "foreign 502" },
  { "our own API user made it, and it is ours alone", "502 6 7 500 2000 990 1", "",
    .exclusive = TRUE, .drift = "surplus 502" },
  { "somebody else made it", "502 6 7 500 2000 990 2", "", .exclusive = TRUE,
    .drift = "foreign 502" },
  { "who made it is not said", "502 6 7 500 2000 990 0", "", .exclusive = TRUE,
    .drift = "foreign 502" },
  { "the id of ours, but another user", "501 6 7 500 2000 400 1", "501 5 7 500 2000 held 400",
    .drift = "foreign 501" },
};

static LkTime
seconds (const char *text)
{
  return g_str_equal (text, "*") ? LK_TIME_NONE
                                 : (LkTime) (g_ascii_strtod (text, NULL) * LK_SECOND + 0.5);
}

static gint64
number (const char *text)
{
  return g_ascii_strtoll (text, NULL, 10);
}

static GPtrArray *
read_rows (const char *text)
{
  g_auto (GStrv) items = g_strsplit (text, "; ", -1);
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; items[i] != NULL && *items[i] != '\0'; i++)
    {
      g_auto (GStrv) part = g_strsplit (items[i], " ", -1);
      LkKisiAssignment *row = g_new0 (LkKisiAssignment, 1);

      g_assert_cmpuint (g_strv_length (part), ==, 7);
      *row = (LkKisiAssignment){ .id = number (part[0]),
                                 .user_id = number (part[1]),
                                 .group_id = number (part[2]),
                                 .window = { seconds (part[3]), seconds (part[4]) },
                                 .created_at = seconds (part[5]),
                                 .created_by_id = number (part[6]) };
      g_ptr_array_add (out, row);
    }
  return out;
}

static GArray *
read_rights (const char *text)
{
  g_auto (GStrv) items = g_strsplit (text, "; ", -1);
  GArray *out = g_array_new (FALSE, FALSE, sizeof (DriftRight));

  for (guint i = 0; items[i] != NULL && *items[i] != '\0'; i++)
    {
      g_auto (GStrv) part = g_strsplit (items[i], " ", -1);
      LkRight *right = g_new0 (LkRight, 1);
      const DriftRight one = { right, seconds (part[6]) };

      right->right_id = number (part[0]);
      right->kisi_user_id = number (part[1]);
      right->group_id = number (part[2]);
      right->window = (LkWindow){ seconds (part[3]), seconds (part[4]) };
      right->state = g_str_equal (part[5], "held")    ? LK_RIGHT_HELD
                     : g_str_equal (part[5], "ended") ? LK_RIGHT_ENDED
                                                      : LK_RIGHT_INTENDED;
      right->intended_at = seconds (part[6]);
      right->touched_at = right->surplus_since = LK_TIME_NONE;
      g_array_append_val (out, one);
    }
  return out;
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (GPtrArray) list = read_rows (row->rows);
  g_autoptr (GArray) rights = read_rights (row->rights);
  g_autoptr (GArray) drift
      = drift_compare (GROUP, list, rights, row->exclusive ? OURSELVES : 0, NOW, NOW);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < drift->len; i++)
    {
      const Drift *one = &g_array_index (drift, Drift, i);
      g_string_append_printf (text, "%s%s %" G_GINT64_FORMAT, i == 0 ? "" : "; ",
                              drift_class_name (one->class),
                              one->row != NULL ? one->row->id : one->right->right_id);
    }
  g_assert_cmpstr (text->str, ==, row->drift);
  for (guint i = 0; i < rights->len; i++)
    g_free ((LkRight *) g_array_index (rights, DriftRight, i).right);
}

/* Of any group: what was listed is said by the rights. */
static void
test_all_groups (void)
{
  g_autoptr (GPtrArray) list = read_rows ("501 5 7 500 2000 400 1; 502 5 8 500 2000 400 2");
  g_autoptr (GArray) rights = read_rights ("501 5 7 500 2000 held 400; 503 5 9 500 2000 held 400");
  g_autoptr (GArray) drift = drift_compare (0, list, rights, 0, NOW, NOW);

  g_assert_cmpuint (drift->len, ==, 2);
  g_assert_cmpint (g_array_index (drift, Drift, 0).class, ==, DRIFT_FOREIGN);
  g_assert_cmpint (g_array_index (drift, Drift, 1).class, ==, DRIFT_MISSING);
  for (guint i = 0; i < rights->len; i++)
    g_free ((LkRight *) g_array_index (rights, DriftRight, i).right);
}

/* Twice, ten minutes apart; a listing without it begins anew. */
static void
test_sightings (void)
{
  g_autoptr (Sightings) seen = sightings_new ();
  g_autoptr (GArray) groups = NULL;

  sightings_begin (seen);
  g_assert_false (sightings_see (seen, 501, 7, 1000, 600));
  g_assert_false (sightings_see (seen, 502, 7, 1000, 600));
  sightings_end (seen, 7);
  g_assert_cmpint (sightings_next (seen, 600), ==, 1600);
  groups = sightings_groups (seen);
  g_assert_cmpuint (groups->len, ==, 1);
  g_assert_cmpint (g_array_index (groups, gint64, 0), ==, 7);

  sightings_begin (seen); /* of another group: says nothing of these */
  sightings_end (seen, 8);
  sightings_begin (seen);
  g_assert_false (sightings_see (seen, 501, 7, 1599, 600));
  sightings_end (seen, 7);
  sightings_begin (seen);
  g_assert_true (sightings_see (seen, 501, 7, 1600, 600));
  g_assert_false (sightings_see (seen, 502, 7, 1600, 600)); /* it was gone in between */
  sightings_end (seen, 7);
  g_assert_cmpint (sightings_next (seen, 600), ==, 2200);

  sightings_settle (seen, 2200, 600); /* its group could not be listed */
  g_assert_cmpint (sightings_next (seen, 600), ==, G_MAXINT64);
  sightings_begin (seen);
  g_assert_true (sightings_see (seen, 503, 7, 2200, 0)); /* somebody asked */
  sightings_clear (seen);
  g_assert_false (sightings_see (seen, 501, 7, 9000, 600));
}

/* When it has been known for a minute, whatever is done to clocks. */
static void
test_intent_due (void)
{
  static const struct
  {
    LkTime intended, known_for, now, due;
  } cases[] = {
    { 200000, 10, 200010, 200060 }, /* our own, or another's that was followed all the time */
    { 200000, 70, 200070, 200070 }, /* waited for long enough */
    { 200000, 5, 200010, 200065 },  /* read when this process began: it may be that young */
    { 203600, 10, 200010, 200060 }, /* by a clock an hour ahead of ours, before or after */
    { 196400, 10, 200010, 200060 }, /* … or an hour behind it */
    { 113610, 0, 200010, 200010 },  /* of a day ago, by whatever clock */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (plan_intent_due (cases[i].intended * LK_SECOND, cases[i].known_for * LK_SECOND,
                                      LK_MINUTE, cases[i].now * LK_SECOND),
                     ==, cases[i].due * LK_SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/drift/%s", rows[i].what);
      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/drift/all-groups", test_all_groups);
  g_test_add_func ("/sightings", test_sightings);
  g_test_add_func ("/intent-due", test_intent_due);
  return g_test_run ();
}
