/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What is sent to KISI, how lists and event sets are read whole, and what comes of a connection
 * that breaks. The clock is a fake one; each case is a script of requests and answers.
 */
#include "kisi_fake_http.h"

#include <latchkey/kisi/kisi.h>

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NOW G_GINT64_CONSTANT (1900000000000) /* 2030-03-17T17:46:40Z */

typedef struct
{
  LkFakeClock clock;
  LkTimers *timers;
  LkBudget *budget;
  LkConfigKisi config;
  char *key_file;
  LkKisi *kisi;
  /* the answer */
  guint answers;
  LkKisiVerdict verdict;
  char *message;
  GString *ids; /* of its rows */
  LkTime date, started_at;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const LkBudgetWindow window = { 1000, 5 };
  int fd = g_file_open_tmp ("kisi-key-XXXXXX", &f->key_file, NULL);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_true (g_file_set_contents (f->key_file, "first-key\n", -1, NULL));
  g_assert_cmpint (g_chmod (f->key_file, 0600), ==, 0);
  lk_fake_clock_init (&f->clock, NOW);
  f->timers = lk_timers_new (&f->clock.clock);
  f->budget = lk_budget_new (&f->clock.clock, &window, 1);
  f->config = (LkConfigKisi){ .account = (char *)"main",
                              .url = (char *)"https://kisi.test",
                              .key_file = f->key_file,
                              .requests_per_second = 5 };
  f->kisi = lk_kisi_new (&f->config, &f->clock.clock, f->timers, f->budget);
  f->ids = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lk_kisi_free (f->kisi);
  lk_budget_free (f->budget);
  lk_timers_free (f->timers);
  g_unlink (f->key_file);
  g_free (f->key_file);
  g_free (f->message);
  g_string_free (f->ids, TRUE);
}

static void
note (GString *ids, gint64 id)
{
  g_string_append_printf (ids, "%s%" G_GINT64_FORMAT, ids->len > 0 ? " " : "", id);
}

static void
answered (LkKisiAnswer *answer, gpointer data)
{
  Fixture *f = data;

  f->answers++;
  f->verdict = answer->verdict;
  g_free (f->message);
  f->message = g_strdup (answer->message);
  f->date = answer->date;
  f->started_at = answer->started_at;
  g_string_truncate (f->ids, 0);
  for (guint i = 0; answer->users != NULL && i < answer->users->len; i++)
    note (f->ids, ((LkKisiUser *)answer->users->pdata[i])->id);
  for (guint i = 0; answer->assignments != NULL && i < answer->assignments->len; i++)
    note (f->ids, ((LkKisiAssignment *)answer->assignments->pdata[i])->id);
  for (guint i = 0; answer->groups != NULL && i < answer->groups->len; i++)
    note (f->ids, ((LkKisiGroup *)answer->groups->pdata[i])->id);
  for (guint i = 0; answer->group_locks != NULL && i < answer->group_locks->len; i++)
    note (f->ids, ((LkKisiGroupLock *)answer->group_locks->pdata[i])->lock_id);
  for (guint i = 0; answer->events != NULL && i < answer->events->len; i++)
    g_string_append_printf (f->ids, "%s%s", i > 0 ? " " : "",
                            ((LkKisiEvent *)answer->events->pdata[i])->uuid);
}

/* Runs the loop until the call has answered; time passes only where nothing else can happen. */
static void
run (Fixture *f)
{
  while (f->answers == 0)
    {
      guint before = fake_http_count ();
      gint64 next;

      lk_kisi_turn (f->kisi);
      next = lk_timers_run (f->timers);
      if (f->answers > 0 || fake_http_count () != before)
        continue;
      g_assert_cmpint (next, <, G_MAXINT64); /* else it would hang for ever */
      lk_fake_clock_advance (&f->clock, next);
    }
  g_assert_cmpuint (f->answers, ==, 1);
  g_assert_cmpuint (lk_kisi_in_flight (f->kisi), ==, 0);
  g_assert_cmpint (lk_timers_next (f->timers), ==, G_MAXINT64);
  fake_http_done ();
}

#define SCRIPT(...)                                                                                \
  const FakeStep steps[] = { __VA_ARGS__ };                                                        \
  fake_http_script (steps, G_N_ELEMENTS (steps))

/* Rows FROM … TO of a list, as JSON; free with g_free. */
static char *
rows (int from, int to, const char *more)
{
  GString *out = g_string_new ("[");

  for (int i = from; i <= to; i++)
    g_string_append_printf (out, "%s{\"id\":%d%s}", i > from ? "," : "", i, more);
  g_string_append_c (out, ']');
  return g_string_free (out, FALSE);
}

static void
expect (Fixture *f, LkKisiVerdict verdict, const char *ids)
{
  g_assert_cmpstr (lk_kisi_verdict_name (f->verdict), ==, lk_kisi_verdict_name (verdict));
  g_assert_cmpstr (f->ids->str, ==, ids);
}

/* The ids 1 … N, as `expect` wants them; free with g_free. */
static char *
ids_to (int n)
{
  GString *out = g_string_new (NULL);

  for (int i = 1; i <= n; i++)
    note (out, i);
  return g_string_free (out, FALSE);
}

/* --- single requests -------------------------------------------------------------------------- */

static void
creates_a_right (Fixture *f, gconstpointer data)
{
  const LkWindow window = { NOW, LK_TIME_NONE };

  SCRIPT ({ .method = "POST",
            .path = "/role_assignments",
            .sent = "{\"role_assignment\":{\"applies_to_type\":\"Group\",\"applies_to_id\":7001,"
                    "\"assignee_type\":\"User\",\"assignee_id\":107181,\"role_id\":\"group_basic\","
                    "\"notify\":false,\"valid_from\":\"2030-03-17T17:46:40Z\"}}",
            .status = 200,
            .body = "{\"id\":501,\"user_id\":107181,\"group_id\":7001}" });
  lk_kisi_create_assignment (f->kisi, 107181, 7001, window, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "501");
  g_assert_cmpstr (fake_http_sent_header ("Authorization"), ==, "KISI-LOGIN first-key");
  g_assert_cmpstr (fake_http_sent_header ("Content-Type"), ==, "application/json");
  g_assert_null (fake_http_sent_header ("X-Kisi-Integration-Contact"));
  g_assert_cmpint (f->started_at, ==, NOW);
}

static void
another_right_is_no_answer (Fixture *f, gconstpointer data)
{
  const LkWindow window = { LK_TIME_NONE, NOW };

  SCRIPT ({ .method = "POST",
            .path = "/role_assignments",
            .sent = "{\"role_assignment\":{\"applies_to_type\":\"Group\",\"applies_to_id\":7001,"
                    "\"assignee_type\":\"User\",\"assignee_id\":107181,\"role_id\":\"group_basic\","
                    "\"notify\":false,\"valid_until\":\"2030-03-17T17:46:40Z\"}}",
            .status = 200,
            .body = "{\"id\":501,\"user_id\":107182,\"group_id\":7001}" });
  lk_kisi_create_assignment (f->kisi, 107181, 7001, window, answered, f);
  run (f);
  expect (f, LK_KISI_UNKNOWN, "");
}

static void
changes_a_right (Fixture *f, gconstpointer data)
{
  const LkWindow window = { NOW, LK_TIME_NONE };

  SCRIPT ({ .method = "PATCH",
            .path = "/role_assignments/501",
            .sent
            = "{\"role_assignment\":{\"notify\":false,\"valid_from\":\"2030-03-17T17:46:40Z\","
              "\"valid_until\":null}}",
            .status = 204 });
  lk_kisi_change_assignment (f->kisi, 501, window, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "");
}

static void
deletes_a_right (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "DELETE",
            .path = "/role_assignments/501",
            .status = 404,
            .body = "{\"code\":\"ffffff\"}" });
  lk_kisi_delete_assignment (f->kisi, 501, answered, f);
  run (f);
  expect (f, LK_KISI_GONE, "");
  g_assert_null (fake_http_sent_header ("Content-Type"));
}

static void
creates_a_person_with_mail (Fixture *f, gconstpointer data)
{
  SCRIPT (
      { .method = "POST",
        .path = "/users",
        .sent = "{\"user\":{\"email\":\"ada@example.org\",\"name\":\"Ada\",\"send_emails\":true}}",
        .status = 200,
        .body = "{\"id\":7,\"email\":\"Ada@Example.org\"}" });
  lk_kisi_create_user (f->kisi, "ada@example.org", "Ada", TRUE, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "7");
}

static void
creates_a_managed_person (Fixture *f, gconstpointer data)
{
  SCRIPT (
      { .method = "POST",
        .path = "/users",
        .sent = "{\"user\":{\"email\":\"ada@example.org\",\"send_emails\":false,\"confirm\":true}}",
        .status = 422,
        .body = "{\"errors\":{\"email\":[\"has already been taken\"]}}" });
  lk_kisi_create_user (f->kisi, "ada@example.org", NULL, FALSE, answered, f);
  run (f);
  expect (f, LK_KISI_DUPLICATE, "");
}

static void
no_answer_to_a_write_is_unknown (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "DELETE", .path = "/role_assignments/501", .status = 0, .unsure = TRUE });
  lk_kisi_delete_assignment (f->kisi, 501, answered, f);
  run (f);
  expect (f, LK_KISI_UNKNOWN, "");
  g_assert_null (strstr (f->message, "ada"));
  g_assert_null (strstr (f->message, "%40"));
}

static void
never_sent_is_unavailable (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "DELETE", .path = "/role_assignments/501", .status = 0 });
  lk_kisi_delete_assignment (f->kisi, 501, answered, f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
no_answer_to_a_read_is_unavailable (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET", .path = "/user", .status = 0, .unsure = TRUE });
  lk_kisi_whoami (f->kisi, answered, f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
without_a_key_nothing_is_sent (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_unlink (f->key_file);
  fake_http_script (NULL, 0);
  g_assert_false (lk_kisi_has_key (f->kisi, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_RETRY);
  lk_kisi_delete_assignment (f->kisi, 501, answered, f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
a_new_key_is_taken (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET",
            .path = "/groups/7001",
            .status = 200,
            .body = "{\"id\":7001,\"name\":\"Members\"}" },
          { .method = "GET",
            .path = "/groups/7001",
            .status = 200,
            .body = "{\"id\":7002,\"name\":\"Other\"}" });
  lk_kisi_get_group (f->kisi, 7001, answered, f);
  lk_kisi_turn (f->kisi);
  expect (f, LK_KISI_OK, "7001");
  g_assert_cmpstr (fake_http_sent_header ("Authorization"), ==, "KISI-LOGIN first-key");

  g_assert_true (g_file_set_contents (f->key_file, "another-key", -1, NULL));
  g_assert_cmpint (g_chmod (f->key_file, 0600), ==, 0);
  f->answers = 0;
  lk_kisi_get_group (f->kisi, 7001, answered, f);
  run (f);
  expect (f, LK_KISI_MALFORMED, ""); /* another group than was asked for */
  g_assert_cmpstr (fake_http_sent_header ("Authorization"), ==, "KISI-LOGIN another-key");
}

static void
a_key_with_a_line_break_is_refused (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (f->key_file, "a\nX-Other: b", -1, NULL));
  g_assert_cmpint (g_chmod (f->key_file, 0600), ==, 0);
  g_assert_false (lk_kisi_has_key (f->kisi, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_RETRY);
  g_assert_nonnull (strstr (error->message, f->key_file));
}

static void
throttling_is_told_to_the_budget (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET", .path = "/user", .status = 429, .retry_after_ms = 7000 });
  lk_kisi_whoami (f->kisi, answered, f);
  run (f);
  expect (f, LK_KISI_THROTTLED, "");
  g_assert_cmpint (lk_budget_wait_ms (f->budget, 0), ==, 7000);
}

static void
cancelled_calls_say_nothing (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET", .path = "/user", .status = 200, .body = "{\"id\":1}" });
  lk_kisi_cancel (f->kisi, lk_kisi_whoami (f->kisi, answered, f));
  lk_kisi_turn (f->kisi);
  g_assert_cmpuint (f->answers, ==, 0);
  g_assert_cmpuint (lk_kisi_in_flight (f->kisi), ==, 0);
}

/* --- lists ------------------------------------------------------------------------------------ */

#define GROUP_LIST "/role_assignments?applies_to_type=Group&applies_to_id=7001"
#define IN_GROUP   ",\"group_id\":7001,\"user_id\":9"

static void
search_is_not_equality (Fixture *f, gconstpointer data)
{
  SCRIPT (
      { .method = "GET",
        .path = "/users?query=ada%2Bx%40example.org&limit=100&offset=0",
        .status = 200,
        .range = "0-99/3",
        .body
        = "[{\"id\":1,\"email\":\"ada@example.org\"},{\"id\":2,\"email\":\"ADA+x@example.org\"},"
          "{\"id\":3,\"email\":null}]" });
  lk_kisi_find_user (f->kisi, "ada+x@example.org", 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "2");
}

static void
an_empty_list (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET",
            .path = "/groups?limit=250&offset=0",
            .status = 200,
            .range = "*/0",
            .body = "[]" });
  lk_kisi_list_groups (f->kisi, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "");
}

static void
an_empty_list_without_range (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET", .path = "/groups?limit=250&offset=0", .status = 200, .body = "[]" });
  lk_kisi_list_groups (f->kisi, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "");
}

static void
pages_overlap_by_a_row (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *second = rows (250, 260, IN_GROUP);
  g_autofree char *all = ids_to (260);

  /* The range's end is the requested one. */
  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first,
            .date = NOW - 5 },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/260",
            .body = second,
            .date = NOW + 5 });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, all);
  g_assert_cmpint (f->date, ==, NOW - 5); /* of the first answer */
}

static void
pages_without_range (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *second = rows (250, 250, IN_GROUP);
  g_autofree char *all = ids_to (250);

  SCRIPT (
      { .method = "GET", .path = GROUP_LIST "&limit=250&offset=0", .status = 200, .body = first },
      { .method = "GET",
        .path = GROUP_LIST "&limit=250&offset=249",
        .status = 200,
        .body = second });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, all);
}

static void
a_lower_limit_of_the_server (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 3, IN_GROUP), *second = rows (3, 5, IN_GROUP);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-2/5",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=2",
            .status = 200,
            .range = "2-4/5",
            .body = second });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "1 2 3 4 5");
}

static void
rows_of_others_are_left_out (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET",
            .path = "/role_assignments?assignee_type=User&assignee_id=9&limit=250&offset=0",
            .status = 200,
            .range = "0-249/3",
            .body = "[{\"id\":1,\"user_id\":9,\"group_id\":7001},{\"id\":2,\"user_id\":8},"
                    "{\"id\":3,\"assignee_type\":\"Team\",\"assignee_id\":9}]" });
  lk_kisi_list_user_assignments (f->kisi, 9, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "1");
}

static void
a_short_list_is_malformed (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 3, IN_GROUP), *second = rows (3, 3, IN_GROUP);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/5",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=2",
            .status = 200,
            .range = "2-251/5",
            .body = second });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_MALFORMED, "");
}

static void
an_empty_first_page_of_some_is_malformed (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET",
            .path = "/groups?limit=250&offset=0",
            .status = 200,
            .range = "0-249/5",
            .body = "[]" });
  lk_kisi_list_groups (f->kisi, 0, answered, f);
  run (f);
  expect (f, LK_KISI_MALFORMED, "");
}

static void
another_start_is_malformed (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "GET",
            .path = "/groups?limit=250&offset=0",
            .status = 200,
            .range = "10-259/500",
            .body = "[{\"id\":1,\"name\":\"a\"}]" });
  lk_kisi_list_groups (f->kisi, 0, answered, f);
  run (f);
  expect (f, LK_KISI_MALFORMED, "");
}

/* One row ahead of the second page goes away: the row that slips over the edge must not be lost. */
static void
a_list_that_shrinks_is_read_again (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *shifted = rows (251, 260, IN_GROUP);
  g_autofree char *again = rows (2, 251, IN_GROUP), *rest = rows (251, 260, IN_GROUP);
  GString *all = g_string_new (NULL);

  for (int i = 2; i <= 260; i++)
    note (all, i);
  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/259",
            .body = shifted },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/259",
            .body = again },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/259",
            .body = rest });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, all->str);
  g_string_free (all, TRUE);
}

/* One goes and one comes: the total tells nothing, the overlapping row does. */
static void
a_list_that_shifts_is_read_again (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *shifted = rows (251, 261, IN_GROUP);
  g_autofree char *again = rows (2, 251, IN_GROUP), *rest = rows (251, 261, IN_GROUP);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/260",
            .body = shifted },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = again },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/260",
            .body = rest });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  g_assert_cmpint (f->verdict, ==, LK_KISI_OK);
}

static void
a_list_that_grows_is_read_on (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *second = rows (250, 261, IN_GROUP);
  g_autofree char *all = ids_to (261);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/261",
            .body = second });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, all);
}

static void
a_server_that_repeats_its_page_is_given_up (Fixture *f, gconstpointer data)
{
  g_autofree char *page = rows (1, 250, IN_GROUP);
  FakeStep steps[8];

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    steps[i] = (FakeStep){ .method = "GET",
                           .path = i % 2 == 0 ? GROUP_LIST "&limit=250&offset=0"
                                              : GROUP_LIST "&limit=250&offset=249",
                           .status = 200,
                           .body = page };
  fake_http_script (steps, G_N_ELEMENTS (steps));
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_MALFORMED, "");
}

static void
a_failing_page_fails_the_list (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 502,
            .body = "<html>" });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
a_throttled_page_waits (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *second = rows (250, 260, IN_GROUP);
  g_autofree char *all = ids_to (260);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 429,
            .retry_after_ms = 3000 },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/260",
            .body = second });
  lk_kisi_list_group_assignments (f->kisi, 7001, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, all);
  g_assert_cmpint (lk_clock_wall (&f->clock.clock), >=, NOW + 3000);
}

static void
pages_leave_the_reserve (Fixture *f, gconstpointer data)
{
  g_autofree char *first = rows (1, 250, IN_GROUP), *second = rows (250, 260, IN_GROUP);

  SCRIPT ({ .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=0",
            .status = 200,
            .range = "0-249/260",
            .body = first },
          { .method = "GET",
            .path = GROUP_LIST "&limit=250&offset=249",
            .status = 200,
            .range = "249-498/260",
            .body = second });
  lk_budget_spend (f->budget);
  lk_budget_spend (f->budget);
  lk_kisi_list_group_assignments (f->kisi, 7001, 0.4, answered, f); /* the third of five */
  lk_kisi_turn (f->kisi);
  g_assert_cmpuint (fake_http_count (), ==, 1); /* two are for others */
  run (f);
  g_assert_cmpint (f->verdict, ==, LK_KISI_OK);
  g_assert_cmpint (lk_clock_wall (&f->clock.clock), >=, NOW + 1000);
}

/* --- event sets ------------------------------------------------------------------------------- */

#define MAKE                                                                                       \
  "{\"event_set\":{\"interval\":\"2030-03-17T17:46:39Z/2030-03-17T17:46:50Z\","                    \
  "\"event_type\":\"lock.unlock,lock.forced_open,lock.held_open,lock.tailgate,lock.lock_down,"     \
  "lock.cancel_lockdown\"}}"
#define EVENT(uuid, second)                                                                        \
  "{\"uuid\":\"" uuid "\",\"type\":\"lock.unlock\",\"success\":true,\"created_at\":"               \
  "\"2030-03-17T17:46:" second "Z\"}"
#define SET(status, cursor, events)                                                                \
  "{\"id\":77,\"status\":\"" status "\",\"cursor\":" cursor ",\"events\":[" events "]}"

static void
list_events (Fixture *f)
{
  /* Whole seconds, outwards. */
  lk_kisi_list_events (f->kisi, NOW - 1000 + 1, NOW + 9999, 0, 0, answered, f);
}

static void
events_at_once (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "null", EVENT ("b", "41") "," EVENT ("a", "40")) });
  list_events (f);
  run (f);
  expect (f, LK_KISI_OK, "a b"); /* in order of time */
}

static void
events_of_a_place (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = "{\"event_set\":{\"interval\":\"2030-03-17T17:46:40Z/2030-03-17T17:46:41Z\","
                    "\"event_type\":\"lock.unlock,lock.forced_open,lock.held_open,lock.tailgate,"
                    "lock.lock_down,lock.cancel_lockdown\",\"event_place_id\":501}}",
            .status = 200,
            .body = SET ("finished", "null", "") });
  lk_kisi_list_events (f->kisi, NOW, NOW, 501, 0, answered, f);
  run (f);
  expect (f, LK_KISI_OK, "");
}

static void
events_of_many_pages (Fixture *f, gconstpointer data)
{
  /* The first page has the making's own size: the set is read again from its beginning. */
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "\"c1\"", EVENT ("z", "49")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 200,
            .body = SET ("finished", "\"a/b=\"", EVENT ("z", "49") "," EVENT ("y", "48")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200&cursor=a%2Fb%3D",
            .status = 200,
            .body = SET ("finished", "\"c3\"", EVENT ("y", "48") "," EVENT ("x", "47")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200&cursor=c3",
            .status = 200,
            .body = SET ("finished", "null", EVENT ("w", "46")) });
  list_events (f);
  run (f);
  expect (f, LK_KISI_OK, "w x y z");
}

static void
an_unchanged_cursor_ends (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "\"c\"", EVENT ("a", "40")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 200,
            .body = SET ("finished", "\"c\"", EVENT ("a", "40")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200&cursor=c",
            .status = 200,
            .body = SET ("finished", "\"c\"", EVENT ("b", "41")) });
  list_events (f);
  run (f);
  expect (f, LK_KISI_OK, "a b");
}

static void
an_empty_page_ends (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "\"c\"", EVENT ("a", "40")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 200,
            .body = SET ("finished", "\"d\"", EVENT ("a", "40")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200&cursor=d",
            .status = 200,
            .body = SET ("finished", "\"e\"", "") });
  list_events (f);
  run (f);
  expect (f, LK_KISI_OK, "a");
}

static void
a_circle_is_malformed (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "\"c\"", EVENT ("a", "40")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 200,
            .body = SET ("finished", "\"d\"", EVENT ("a", "40")) },
          { .method = "GET",
            .path = "/event_sets/77?limit=200&cursor=d",
            .status = 200,
            .body = SET ("finished", "\"e\"", EVENT ("a", "40")) });
  list_events (f);
  run (f);
  expect (f, LK_KISI_MALFORMED, "");
}

static void
a_set_in_progress_is_awaited (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = "{\"id\":77,\"status\":\"in_progress\"}" },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 200,
            .body = "{\"id\":77,\"status\":\"in_progress\"}" },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 200,
            .body = SET ("finished", "null", EVENT ("a", "40")) });
  list_events (f);
  run (f);
  expect (f, LK_KISI_OK, "a");
  g_assert_cmpint (lk_clock_wall (&f->clock.clock), ==, NOW + 1500);
}

static void
a_set_that_never_ends_is_given_up (Fixture *f, gconstpointer data)
{
  FakeStep steps[16] = { { .method = "POST",
                           .path = "/event_sets",
                           .sent = MAKE,
                           .status = 200,
                           .body = "{\"id\":77,\"status\":\"in_progress\"}" } };

  for (guint i = 1; i < G_N_ELEMENTS (steps); i++)
    steps[i] = (FakeStep){ .method = "GET",
                           .path = "/event_sets/77?limit=200",
                           .status = 200,
                           .body = "{\"id\":77,\"status\":\"queued\"}" };
  fake_http_script (steps, G_N_ELEMENTS (steps));
  list_events (f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
a_failed_set_is_unavailable (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = "{\"id\":77,\"status\":\"failed\"}" });
  list_events (f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
a_set_that_is_over_is_unavailable (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = "{\"id\":77,\"status\":\"in_progress\"}" },
          { .method = "GET",
            .path = "/event_sets/77?limit=200",
            .status = 404,
            .body = "{\"code\":\"ffffff\"}" });
  list_events (f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
no_set_is_unavailable (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST", .path = "/event_sets", .sent = MAKE, .status = 503 });
  list_events (f);
  run (f);
  expect (f, LK_KISI_UNAVAILABLE, "");
}

static void
one_set_a_second (Fixture *f, gconstpointer data)
{
  SCRIPT ({ .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "null", "") },
          { .method = "POST",
            .path = "/event_sets",
            .sent = MAKE,
            .status = 200,
            .body = SET ("finished", "null", "") });
  list_events (f);
  lk_kisi_turn (f->kisi);
  g_assert_cmpuint (f->answers, ==, 1);
  f->answers = 0;
  list_events (f);
  run (f);
  g_assert_cmpint (lk_clock_wall (&f->clock.clock), ==, NOW + LK_KISI_RATE_MS);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "creates-a-right", creates_a_right },
    { "another-right-is-no-answer", another_right_is_no_answer },
    { "changes-a-right", changes_a_right },
    { "deletes-a-right", deletes_a_right },
    { "creates-a-person-with-mail", creates_a_person_with_mail },
    { "creates-a-managed-person", creates_a_managed_person },
    { "no-answer-to-a-write-is-unknown", no_answer_to_a_write_is_unknown },
    { "never-sent-is-unavailable", never_sent_is_unavailable },
    { "no-answer-to-a-read-is-unavailable", no_answer_to_a_read_is_unavailable },
    { "without-a-key-nothing-is-sent", without_a_key_nothing_is_sent },
    { "a-new-key-is-taken", a_new_key_is_taken },
    { "a-key-with-a-line-break-is-refused", a_key_with_a_line_break_is_refused },
    { "throttling-is-told-to-the-budget", throttling_is_told_to_the_budget },
    { "cancelled-calls-say-nothing", cancelled_calls_say_nothing },
    { "search-is-not-equality", search_is_not_equality },
    { "an-empty-list", an_empty_list },
    { "an-empty-list-without-range", an_empty_list_without_range },
    { "pages-overlap-by-a-row", pages_overlap_by_a_row },
    { "pages-without-range", pages_without_range },
    { "a-lower-limit-of-the-server", a_lower_limit_of_the_server },
    { "rows-of-others-are-left-out", rows_of_others_are_left_out },
    { "a-short-list-is-malformed", a_short_list_is_malformed },
    { "an-empty-first-page-of-some-is-malformed", an_empty_first_page_of_some_is_malformed },
    { "another-start-is-malformed", another_start_is_malformed },
    { "a-list-that-shrinks-is-read-again", a_list_that_shrinks_is_read_again },
    { "a-list-that-shifts-is-read-again", a_list_that_shifts_is_read_again },
    { "a-list-that-grows-is-read-on", a_list_that_grows_is_read_on },
    { "a-server-that-repeats-its-page-is-given-up", a_server_that_repeats_its_page_is_given_up },
    { "a-failing-page-fails-the-list", a_failing_page_fails_the_list },
    { "a-throttled-page-waits", a_throttled_page_waits },
    { "pages-leave-the-reserve", pages_leave_the_reserve },
    { "events-at-once", events_at_once },
    { "events-of-a-place", events_of_a_place },
    { "events-of-many-pages", events_of_many_pages },
    { "an-unchanged-cursor-ends", an_unchanged_cursor_ends },
    { "an-empty-page-ends", an_empty_page_ends },
    { "a-circle-is-malformed", a_circle_is_malformed },
    { "a-set-in-progress-is-awaited", a_set_in_progress_is_awaited },
    { "a-set-that-never-ends-is-given-up", a_set_that_never_ends_is_given_up },
    { "a-failed-set-is-unavailable", a_failed_set_is_unavailable },
    { "a-set-that-is-over-is-unavailable", a_set_that_is_over_is_unavailable },
    { "no-set-is-unavailable", no_set_is_unavailable },
    { "one-set-a-second", one_set_a_second },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/kisi/calls/", tests[i].name, NULL);
      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
