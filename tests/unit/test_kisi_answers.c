/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's answers and what they mean. Each file of tests/corpus/kisi-answer is one answer:
 *
 *   <shape> <read|write> <status>
 *   <verdict> <message>
 *   <body, to the end of the file>
 */
#include "../../src/lib/kisi/internal.h"

#include <string.h>

static const char *const shape_names[]
    = { "none",  "user",   "users",       "assignment", "assignments",
        "group", "groups", "group_locks", "schedules",  "events" };

static LkKisiShape
shape_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (shape_names); i++)
    if (g_str_equal (name, shape_names[i]))
      return (LkKisiShape) i;
  g_error ("no such shape: %s", name);
}

static LkKisiAnswer *
judge_file (const char *path, char **out_expected)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;
  gsize len;
  char *second, *body;

  g_file_get_contents (path, &text, &len, &error);
  g_assert_no_error (error);
  second = strchr (text, '\n');
  g_assert_nonnull (second);
  *second++ = '\0';
  body = strchr (second, '\n');
  g_assert_nonnull (body);
  *body++ = '\0';
  words = g_strsplit (text, " ", -1);
  g_assert_cmpuint (g_strv_length (words), ==, 3);
  *out_expected = g_strdup (second);
  return lk_kisi_judge (shape_of (words[0]), g_str_equal (words[1], "write"), atoi (words[2]), body,
                        len - (gsize) (body - text));
}

static guint
row_count (const LkKisiAnswer *answer)
{
  const GPtrArray *const all[] = { answer->users,       answer->assignments, answer->groups,
                                   answer->group_locks, answer->schedules,   answer->events };
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    n += all[i] != NULL ? all[i]->len : 0;
  return n;
}

static void
corpus (gconstpointer data)
{
  const char *kind = data;
  g_autofree char *folder
      = g_build_filename (LK_SOURCE_DIR, "tests", "corpus", "kisi-answer", kind, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *expected = NULL, *got = NULL, *lower = NULL;
      g_autoptr (LkKisiAnswer) answer = judge_file (path, &expected);

      g_test_message ("%s", name);
      got = g_strdup_printf ("%s %s", lk_kisi_verdict_name (answer->verdict), answer->message);
      g_assert_cmpstr (got, ==, expected);
      g_assert_true ((answer->verdict == LK_KISI_OK) == g_str_equal (kind, "good"));
      if (answer->verdict != LK_KISI_OK)
        g_assert_cmpuint (row_count (answer), ==, 0);
      lower = g_ascii_strdown (answer->message, -1);
      g_assert_null (strchr (lower, '@'));
      g_assert_null (strstr (lower, "ada"));
      g_assert_null (strstr (lower, "byron"));
      n++;
    }
  g_assert_cmpuint (n, >, 20);
}

static LkKisiAnswer *
judge_good (const char *name)
{
  g_autofree char *path
      = g_build_filename (LK_SOURCE_DIR, "tests", "corpus", "kisi-answer", "good", name, NULL);
  g_autofree char *expected = NULL;

  return judge_file (path, &expected);
}

static LkTime
at (const char *text)
{
  LkTime time = LK_TIME_NONE;

  g_assert_true (lk_time_parse (text, strlen (text), &time, NULL));
  return time;
}

static void
users (void)
{
  g_autoptr (LkKisiAnswer) answer = judge_good ("users");
  const LkKisiUser *user = answer->users->pdata[0];

  g_assert_cmpuint (answer->users->len, ==, 2);
  g_assert_cmpint (user->id, ==, 107181);
  g_assert_cmpstr (user->email, ==, "ada@example.org");
  g_assert_cmpstr (user->name, ==, "Ada Byron");
  g_assert_true (user->access_enabled);
}

static void
user_with_nulls (void)
{
  g_autoptr (LkKisiAnswer) answer = judge_good ("user-nulls");
  const LkKisiUser *user = answer->users->pdata[0];

  g_assert_null (user->email);
  g_assert_cmpstr (user->name, ==, "");
  g_assert_true (user->access_enabled);
}

static void
ids_are_exact (void)
{
  g_autoptr (LkKisiAnswer) odd = judge_good ("id-beyond-2-53");
  g_autoptr (LkKisiAnswer) largest = judge_good ("id-largest");

  g_assert_cmpint (((LkKisiUser *) odd->users->pdata[0])->id, ==,
                   G_GINT64_CONSTANT (9007199254740993));
  g_assert_cmpint (((LkKisiUser *) largest->users->pdata[0])->id, ==, G_MAXINT64);
}

static void
assignments (void)
{
  g_autoptr (LkKisiAnswer) whole = judge_good ("assignment");
  g_autoptr (LkKisiAnswer) old = judge_good ("assignment-old-form");
  g_autoptr (LkKisiAnswer) place = judge_good ("assignment-place");
  g_autoptr (LkKisiAnswer) team = judge_good ("assignment-team");
  const LkKisiAssignment *a = whole->assignments->pdata[0];

  g_assert_cmpint (a->id, ==, 501);
  g_assert_cmpint (a->user_id, ==, 107181);
  g_assert_cmpint (a->group_id, ==, 45274);
  g_assert_cmpstr (a->role_id, ==, "group_basic");
  g_assert_cmpint (a->window.from, ==, at ("2030-05-24T14:15:22Z"));
  g_assert_cmpint (a->window.until, ==, LK_TIME_NONE);
  g_assert_cmpint (a->created_at, ==, at ("2026-09-01T08:00:00Z"));
  g_assert_cmpint (a->created_by_id, ==, 1);

  a = old->assignments->pdata[0];
  g_assert_cmpint (a->user_id, ==, 107181);
  g_assert_cmpint (a->group_id, ==, 45274);
  g_assert_cmpint (a->created_at, ==, LK_TIME_NONE);

  /* Ids of other types are not a group's or a user's, whatever their number. */
  a = place->assignments->pdata[0];
  g_assert_cmpint (a->group_id, ==, 0);
  g_assert_cmpint (a->user_id, ==, 107181);
  a = team->assignments->pdata[0];
  g_assert_cmpint (a->user_id, ==, 0);
  g_assert_cmpint (a->group_id, ==, 45274);
}

static void
times (void)
{
  g_autoptr (LkKisiAnswer) fractions = judge_good ("assignment-fractions");
  const LkKisiAssignment *a = fractions->assignments->pdata[0];

  g_assert_cmpint (a->window.from, ==, at ("2030-05-24T14:15:22Z") + 500);
  g_assert_cmpint (a->window.until, ==, at ("2030-05-24T16:15:22Z"));
}

static void
group_locks (void)
{
  g_autoptr (LkKisiAnswer) answer = judge_good ("group-locks");
  const LkKisiGroupLock *lock = answer->group_locks->pdata[0];

  g_assert_cmpint (lock->group_id, ==, 7001);
  g_assert_cmpint (lock->lock_id, ==, 16721);
  g_assert_cmpint (lock->place_id, ==, 501);
  g_assert_cmpstr (lock->lock_name, ==, "Main entrance");
  lock = answer->group_locks->pdata[1];
  g_assert_cmpint (lock->place_id, ==, 0);
  g_assert_cmpstr (lock->lock_name, ==, "");
}

static void
schedules (void)
{
  g_autoptr (LkKisiAnswer) answer = judge_good ("schedules");
  g_autoptr (LkKisiAnswer) groups = judge_good ("groups-restricted");
  const LkKisiSchedule *weekly = answer->schedules->pdata[0];
  const LkKisiSchedule *door = answer->schedules->pdata[1];
  const LkKisiSchedule *once = answer->schedules->pdata[2];

  g_assert_cmpint (weekly->group_id, ==, 7001);
  g_assert_true (weekly->enabled && weekly->allows && weekly->recurs && !weekly->overrides);
  g_assert_cmpuint (weekly->days, ==, 1u << 0 | 1u << 4); /* Monday and Friday */
  g_assert_cmpint (weekly->from, ==, 8 * 60 + 30);
  g_assert_cmpint (weekly->until, ==, 24 * 60);
  g_assert_cmpint (door->group_id, ==, 0);
  g_assert_false (door->allows);
  g_assert_true (once->overrides && !once->recurs && !once->enabled);
  g_assert_true (((LkKisiGroup *) groups->groups->pdata[0])->time_restricted);
  g_assert_false (((LkKisiGroup *) groups->groups->pdata[1])->time_restricted);
}

static void
embedded_address (void)
{
  g_autoptr (LkKisiAnswer) with = judge_good ("assignment-embedded-address");
  g_autoptr (LkKisiAnswer) without = judge_good ("assignment-old-form");

  g_assert_cmpstr (((LkKisiAssignment *)with->assignments->pdata[0])->email, ==, "ada@example.org");
  g_assert_null (((LkKisiAssignment *)without->assignments->pdata[0])->email);
}

static void
events (void)
{
  g_autoptr (LkKisiAnswer) whole = judge_good ("events");
  g_autoptr (LkKisiAnswer) text = judge_good ("events-success-text");
  g_autoptr (LkKisiAnswer) nobody = judge_good ("events-nobody");
  const LkKisiEvent *e = whole->events->pdata[0];

  g_assert_cmpstr (e->uuid, ==, "d7cf0237-a492-4e5d-b20c-f58fc3ef4eff");
  g_assert_cmpstr (e->type, ==, "lock.unlock");
  g_assert_cmpint (e->object_id, ==, 16721);
  g_assert_cmpstr (e->object_name, ==, "Main entrance");
  g_assert_cmpstr (e->actor_type, ==, "User");
  g_assert_cmpint (e->actor_id, ==, 107181);
  g_assert_cmpstr (e->authenticated_by_type, ==, "Card");
  g_assert_cmpint (e->authorized_by_id, ==, 501);
  g_assert_false (e->success);
  g_assert_cmpstr (e->code, ==, "f35ade");
  g_assert_cmpint (e->place_id, ==, 51);
  g_assert_cmpint (e->created_at, ==, at ("2030-05-24T14:15:22Z"));
  e = text->events->pdata[0];
  g_assert_false (e->success);
  e = nobody->events->pdata[0];
  g_assert_null (e->actor_type);
  g_assert_null (e->code);
  g_assert_cmpint (e->place_id, ==, 0);
}

static void
codes (void)
{
  static const char body[] = "{\"code\":\"afc516\",\"error\":\"x\"}";
  g_autoptr (LkKisiAnswer) answer
      = lk_kisi_judge (LK_KISI_SHAPE_USER, FALSE, 401, body, strlen (body));

  g_assert_cmpstr (answer->code, ==, "afc516");
  g_assert_cmpint (answer->status, ==, 401);
}

/* Each file of tests/corpus/kisi-range is one X-Collection-Range. */
static void
ranges (gconstpointer data)
{
  const char *kind = data;
  g_autofree char *folder
      = g_build_filename (LK_SOURCE_DIR, "tests", "corpus", "kisi-range", kind, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
      gint64 start, total;

      g_test_message ("%s", name);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      g_assert_true (kisi_range_parse (text, &start, &total) == g_str_equal (kind, "good"));
      n++;
    }
  g_assert_cmpuint (n, >=, 5);
}

static void
range_values (void)
{
  gint64 start = 0, total = 0;

  g_assert_true (kisi_range_parse ("10-19/15", &start, &total));
  g_assert_cmpint (start, ==, 10);
  g_assert_cmpint (total, ==, 15);
  g_assert_true (kisi_range_parse ("*/0", &start, &total));
  g_assert_cmpint (start, ==, -1);
  g_assert_cmpint (total, ==, 0);
  g_assert_false (kisi_range_parse (NULL, &start, &total));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/kisi/answers/good", "good", corpus);
  g_test_add_data_func ("/kisi/answers/bad", "bad", corpus);
  g_test_add_func ("/kisi/answers/users", users);
  g_test_add_func ("/kisi/answers/user-with-nulls", user_with_nulls);
  g_test_add_func ("/kisi/answers/ids-are-exact", ids_are_exact);
  g_test_add_func ("/kisi/answers/assignments", assignments);
  g_test_add_func ("/kisi/answers/times", times);
  g_test_add_func ("/kisi/answers/group-locks", group_locks);
  g_test_add_func ("/kisi/answers/embedded-address", embedded_address);
  g_test_add_func ("/kisi/answers/schedules", schedules);
  g_test_add_func ("/kisi/answers/events", events);
  g_test_add_func ("/kisi/answers/codes", codes);
  g_test_add_data_func ("/kisi/ranges/good", "good", ranges);
  g_test_add_data_func ("/kisi/ranges/bad", "bad", ranges);
  g_test_add_func ("/kisi/ranges/values", range_values);
  return g_test_run ();
}
