/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * LkNexudus against a server whose answers each case scripts, in the same loop. The clock is a fake
 * one, moved on only when nothing but a timer can bring the next step: back-off and waits cost no
 * time here, and their lengths are known to the millisecond.
 */
#include <latchkey/http/server.h>
#include <latchkey/nexudus/nexudus.h>

#include <latchkey/base/log.h>
#include <glib/gstdio.h>
#include <string.h>

#define GUARD_MS 30000 /* a case that hangs fails */
#define START ((LkTime) 1795500000000)

/* One answer: to the first requests whose path and query contain WHAT, so many times. */
typedef struct
{
  const char *what;
  int status; /* 0: cut; -1: a body without end */
  const char *body;
  const char *header, *value; /* beside, may be NULL */
  guint times;
} Step;

#define ONCE(what, status, body)                                                                   \
  {                                                                                                \
    what, status, body, NULL, NULL, 1                                                              \
  }
#define TIMES(what, status, body, times)                                                           \
  {                                                                                                \
    what, status, body, NULL, NULL, times                                                          \
  }
#define WITH(what, status, body, header, value)                                                    \
  {                                                                                                \
    what, status, body, header, value, 1                                                           \
  }

typedef struct
{
  LkServer *server;
  LkFakeClock clock;
  LkTimers *timers;
  LkBudget *budget;
  LkConfigNexudus config;
  LkNexudus *nexudus;
  char *folder;
  const Step *steps;
  guint n_steps;
  guint *used;
  GPtrArray *asked; /* "path?query" of each request but logins */
  GArray *at;       /* gint64: steady time of each of them */
  GString *logins;  /* the form of each login */
  guint tokens;     /* given out */
  char *authorization, *client;

  /* What came of a read. */
  GString *rows; /* "<id> " of each */
  gboolean done, gone;
  gint64 total;
  LkTime started_at;
  int code; /* -1: none */
  char *message;
} Fixture;

/* --- the server ------------------------------------------------------------------------------- */

static void
see_query (const char *name, const char *value, gpointer data)
{
  g_string_append_printf (data, "%c%s=%s", strchr (((GString *) data)->str, '?') ? '&' : '?', name,
                          value);
}

static void
login (Fixture *fixture, LkServerRequest *request)
{
  static const char *const headers[] = { "Content-Type", "application/json", NULL };
  g_autofree char *text = NULL;
  g_autoptr (GBytes) body = NULL;

  g_string_append_printf (fixture->logins, "%s;", lk_server_body (request, NULL));
  fixture->tokens++;
  text = g_strdup_printf ("{\"access_token\":\"token-%u\",\"token_type\":\"bearer\","
                          "\"expires_in\":604799,\"refresh_token\":\"refresh-%u\"}",
                          fixture->tokens, fixture->tokens);
  body = g_bytes_new (text, strlen (text));
  lk_server_reply (request, 200, headers, body);
}

static const Step *
next_step (Fixture *fixture, const char *asked)
{
  for (guint i = 0; i < fixture->n_steps; i++)
    if (fixture->used[i] < fixture->steps[i].times
        && strstr (asked, fixture->steps[i].what) != NULL)
      {
        fixture->used[i]++;
        return &fixture->steps[i];
      }
  return NULL;
}

static void
on_request (LkServerRequest *request, gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (GString) asked = g_string_new (lk_server_path (request));
  const Step *step;
  g_autoptr (GBytes) body = NULL;

  lk_server_query_each (request, see_query, asked);
  if (g_str_equal (lk_server_path (request), "/api/token"))
    {
      g_free (fixture->client);
      fixture->client = g_strdup (lk_server_header (request, "client_id"));
    }
  else
    {
      g_ptr_array_add (fixture->asked, g_strdup (asked->str));
      g_array_append_val (fixture->at, fixture->clock.now_steady);
      g_free (fixture->authorization);
      fixture->authorization = g_strdup (lk_server_header (request, "Authorization"));
      g_assert_cmpstr (lk_server_header (request, "client_id"), !=, NULL);
      if (!fixture->config.basic)
        g_assert_cmpstr (lk_server_header (request, "client_id"), ==, fixture->client);
    }
  step = next_step (fixture, asked->str);
  if (step == NULL && g_str_equal (lk_server_path (request), "/api/token"))
    {
      login (fixture, request);
      return;
    }
  if (step == NULL)
    g_error ("not in the script: %s", asked->str);
  if (strstr (step->what, "token") != NULL)
    g_string_append_printf (fixture->logins, "%s;", lk_server_body (request, NULL));
  const char *const headers[] = { step->header != NULL ? step->header : "X-None",
                                  step->value != NULL ? step->value : "-", NULL };
  if (step->status < 0)
    /* In large pieces, so that the ceiling is soon reached. */
    body = g_bytes_new_take (g_strnfill (1024 * 1024, 'x'), 1024 * 1024);
  else
    body = g_bytes_new (step->body, step->body != NULL ? strlen (step->body) : 0);
  if (step->status == 0)
    lk_server_cut (request);
  else if (step->status < 0)
    lk_server_reply_broken (request, 200, headers, body, 0);
  else
    lk_server_reply (request, (guint) step->status, headers, body);
}

static void
script (Fixture *fixture, const Step *steps, guint n)
{
  fixture->steps = steps;
  fixture->n_steps = n;
  g_free (fixture->used);
  fixture->used = g_new0 (guint, n + 1);
}

#define SCRIPT(fixture, ...)                                                                       \
  static const Step steps_[] = { __VA_ARGS__ };                                                    \
  script (fixture, steps_, G_N_ELEMENTS (steps_))

/* --- set-up ----------------------------------------------------------------------------------- */

static void
set_password (Fixture *fixture, const char *password)
{
  g_assert_true (g_file_set_contents (fixture->config.password_file, password, -1, NULL));
  g_assert_cmpint (g_chmod (fixture->config.password_file, 0600), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const LkBudgetWindow wide = { 1000, 10000 };
  g_autoptr (GError) error = NULL;

  lk_fake_clock_init (&fixture->clock, START);
  fixture->timers = lk_timers_new (&fixture->clock.clock);
  fixture->budget = lk_budget_new (&fixture->clock.clock, &wide, 1);
  fixture->server = lk_server_new ("127.0.0.1:0", 0, on_request, fixture, &error);
  g_assert_no_error (error);
  fixture->folder = g_dir_make_tmp ("nexudus-client-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->config
      = (LkConfigNexudus){ .account = (char *) "main",
                           .url = (char *) lk_server_url (fixture->server),
                           .user = (char *) "api+1@example.org",
                           .password_file = g_build_filename (fixture->folder, "password", NULL),
                           .basic = data != NULL };
  set_password (fixture, "s&cret word");
  fixture->nexudus
      = lk_nexudus_new (&fixture->config, &fixture->clock.clock, fixture->timers, fixture->budget);
  fixture->asked = g_ptr_array_new_with_free_func (g_free);
  fixture->at = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture->logins = g_string_new (NULL);
  fixture->rows = g_string_new (NULL);
  fixture->code = -1;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < fixture->n_steps; i++)
    g_assert_cmpuint (fixture->used[i], ==, fixture->steps[i].times);
  lk_nexudus_free (fixture->nexudus);
  lk_server_free (fixture->server);
  lk_budget_free (fixture->budget);
  lk_timers_free (fixture->timers);
  g_unlink (fixture->config.password_file);
  g_rmdir (fixture->folder);
  g_free (fixture->config.password_file);
  g_free (fixture->folder);
  g_free (fixture->used);
  g_ptr_array_unref (fixture->asked);
  g_array_unref (fixture->at);
  g_string_free (fixture->logins, TRUE);
  g_string_free (fixture->rows, TRUE);
  g_free (fixture->message);
  g_free (fixture->authorization);
  g_free (fixture->client);
}

/* --- reads ------------------------------------------------------------------------------------ */

static void
on_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Fixture *fixture = data;

  g_assert_false (fixture->done);
  fixture->started_at = read->started_at;
  g_string_append_printf (fixture->rows, "%" JSON_INTEGER_FORMAT " ",
                          json_integer_value (json_object_get (row, "Id")));
}

static void
on_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Fixture *fixture = data;

  g_assert_false (fixture->done);
  fixture->done = TRUE;
  fixture->total = read->total;
  fixture->code = error == NULL ? -1 : error->code;
  g_free (fixture->message);
  fixture->message = error == NULL ? NULL : g_strdup (error->message);
}

static void
on_got (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Fixture *fixture = data;

  if (row != NULL)
    on_row (row, read, fixture);
  fixture->gone = row == NULL && error == NULL;
  on_done (read, error, fixture);
}

/* Moves on until a read has ended: the network first, the clock when that is quiet. */
static void
turn (Fixture *fixture)
{
  struct curl_waitfd extra = { lk_server_fd (fixture->server), CURL_WAIT_POLLIN, 0 };
  gint64 next;
  int ready, running = 0, wait = 50;

  lk_nexudus_turn (fixture->nexudus);
  next = lk_timers_run (fixture->timers);
  (void) curl_multi_perform (lk_http_multi (), &running);
  if (running == 0 && next > 0 && next < G_MAXINT64)
    {
      lk_fake_clock_advance (&fixture->clock, next);
      return;
    }
  if (running == 0)
    wait = 0;
  else if (lk_server_timeout_ms (fixture->server) >= 0)
    wait = MIN (wait, lk_server_timeout_ms (fixture->server));
  (void) curl_multi_poll (lk_http_multi (), &extra, 1, wait, &ready);
  lk_server_run (fixture->server);
}

static void
finish (Fixture *fixture)
{
  gint64 guard = g_get_monotonic_time () + GUARD_MS * 1000;

  while (!fixture->done)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, guard);
      turn (fixture);
    }
  fixture->done = FALSE;
}

static void
list (Fixture *fixture)
{
  g_string_truncate (fixture->rows, 0);
  lk_nexudus_list (fixture->nexudus, LK_NEXUDUS_COWORKERS, NULL, LK_NEXUDUS_ROWS, on_row, on_done,
                   fixture);
  finish (fixture);
}

static void
get_one (Fixture *fixture)
{
  g_string_truncate (fixture->rows, 0);
  lk_nexudus_get (fixture->nexudus, LK_NEXUDUS_PASSES, 17, LK_NEXUDUS_ROWS, on_got, fixture);
  finish (fixture);
}

static void
assert_asked (const Fixture *fixture, guint i, const char *expected)
{
  g_assert_cmpuint (fixture->asked->len, >, i);
  g_assert_cmpstr (fixture->asked->pdata[i], ==, expected);
}

static gint64
waited (const Fixture *fixture, guint i)
{
  return g_array_index (fixture->at, gint64, i) - g_array_index (fixture->at, gint64, i - 1);
}

#define PAGE(n, pages, total, next, rows)                                                          \
  "{\"Records\":[" rows "],\"CurrentPage\":" #n ",\"TotalItems\":" #total                          \
  ",\"TotalPages\":" #pages ",\"HasNextPage\":" #next "}"
#define ID(n) "{\"Id\":" #n "}"
#define ONE PAGE (1, 1, 1, false, ID (7))

/* --- login ------------------------------------------------------------------------------------ */

static void
one_login_for_all (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, TIMES ("page=1", 200, ONE, 2));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "7 ");
  g_assert_cmpstr (fixture->authorization, ==, "Bearer token-1");
  g_assert_true (g_str_has_prefix (fixture->client, "latchkey-"));
  g_assert_cmpstr (fixture->logins->str, ==,
                   "grant_type=password&username=api%2B1%40example.org&password=s%26cret%20word;");
  assert_asked (fixture, 0, "/api/spaces/coworkers?page=1&size=500");
  list (fixture);
  g_assert_cmpuint (fixture->tokens, ==, 1);
}

static void
each_process_is_another_client (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;

  SCRIPT (fixture, TIMES ("page=1", 200, ONE, 2));
  list (fixture);
  first = g_strdup (fixture->client);
  lk_nexudus_free (fixture->nexudus);
  fixture->nexudus
      = lk_nexudus_new (&fixture->config, &fixture->clock.clock, fixture->timers, fixture->budget);
  list (fixture);
  g_assert_cmpstr (fixture->client, !=, first);
}

static void
a_bad_token_is_refreshed (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1", 401, ""), ONCE ("page=1", 200, ONE));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->authorization, ==, "Bearer token-2");
  g_assert_nonnull (
      strstr (fixture->logins->str, ";grant_type=refresh_token&refresh_token=refresh-1;"));
}

static void
a_refused_refresh_is_a_new_login (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1", 401, ""), ONCE ("page=1", 200, ONE));
  list (fixture);
  g_clear_pointer (&fixture->message, g_free);
  {
    static const Step steps[]
        = { ONCE ("page=1", 401, ""), ONCE ("token", 400, "{\"error\":\"invalid_grant\"}"),
            ONCE ("page=1", 200, ONE) };
    script (fixture, steps, G_N_ELEMENTS (steps));
    set_password (fixture, "another");
    list (fixture);
  }
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_true (g_str_has_suffix (fixture->logins->str, "&password=another;")); /* read again */
}

/* Told to wait, it neither asks again at once nor takes the refresh token for a bad one. */
static void
a_throttled_refresh_waits (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    Step no;
    gint64 least;
  } rows[] = {
    { WITH ("token", 409, "", "Retry-After", "20"), 20000 },
    { WITH ("token", 429, "", "Retry-After", "7"), 7000 },
    { ONCE ("token", 429, "You must wait. Wait 12.5 seconds before the next call."), 12500 },
    { ONCE ("token", 500, "{\"Message\":\"An error has occurred.\"}"), 1000 },
  };

  SCRIPT (fixture, ONCE ("page=1", 200, ONE));
  list (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Step steps[] = { ONCE ("page=1", 401, ""), rows[i].no, ONCE ("page=1", 200, ONE) };
      g_clear_pointer (&fixture->message, g_free);
      script (fixture, steps, G_N_ELEMENTS (steps));
      g_string_truncate (fixture->logins, 0);
      list (fixture);
      g_assert_cmpint (fixture->code, ==, -1);
      g_assert_cmpint (waited (fixture, fixture->at->len - 1), >=, rows[i].least);
      g_assert_null (strstr (fixture->logins->str, "password"));
    }
}

/* 401 twice is no matter of the token (nexudus-api.md §1). */
static void
twice_unauthorized_is_a_permission (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, TIMES ("page=1", 401, "", 2));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, LK_ERROR_REFUSED);
  g_assert_cmpstr (fixture->message, ==,
                   "spaces/coworkers page 1: the login is not allowed to read this (give its user "
                   "the List and Read roles of the entity)");
  g_assert_cmpuint (fixture->tokens, ==, 2);
}

static void
basic_needs_no_login (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1", 200, ONE));
  list (fixture);
  g_assert_cmpuint (fixture->tokens, ==, 0);
  /* "api+1@example.org:s&cret word" */
  g_assert_cmpstr (fixture->authorization, ==, "Basic YXBpKzFAZXhhbXBsZS5vcmc6cyZjcmV0IHdvcmQ=");
}

static void
a_token_is_renewed_before_it_ends (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, TIMES ("page=1", 200, ONE, 3));
  list (fixture);
  lk_fake_clock_advance (&fixture->clock, (604799 - 3700) * LK_SECOND);
  list (fixture);
  g_assert_cmpuint (fixture->tokens, ==, 1);
  lk_fake_clock_advance (&fixture->clock, 200 * LK_SECOND);
  list (fixture);
  g_assert_cmpuint (fixture->tokens, ==, 2);
}

static void
a_login_that_fails_is_tried_again (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("token", 500, "{\"Message\":\"An error has occurred.\"}"),
          ONCE ("token", 0, NULL), ONCE ("token", 200, "<html>"),
          WITH ("token", 429, "", "Retry-After", "2"), ONCE ("page=1", 200, ONE));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpuint (fixture->tokens, ==, 1);
}

/* Until nothing is in flight. */
static void
settle (Fixture *fixture)
{
  int running;

  do
    {
      turn (fixture);
      (void) curl_multi_perform (lk_http_multi (), &running);
    }
  while (running > 0);
  lk_nexudus_turn (fixture->nexudus);
}

static void
a_refused_login_fails_what_waits (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("token", 400, "{\"error\":\"invalid_grant\"}"), ONCE ("page=1", 200, ONE));
  lk_nexudus_get (fixture->nexudus, LK_NEXUDUS_PASSES, 17, LK_NEXUDUS_LISTING, on_got, fixture);
  finish (fixture);
  g_assert_cmpint (fixture->code, ==, LK_ERROR_REFUSED);
  g_assert_cmpstr (fixture->message, ==, "api/token: status 400: invalid_grant");
  g_assert_false (fixture->gone);
  g_assert_cmpuint (lk_nexudus_pending (fixture->nexudus), ==, 0);
  /* Too early for another login: at once, without asking. */
  list (fixture);
  g_assert_cmpint (fixture->code, ==, LK_ERROR_REFUSED);
  g_assert_cmpuint (fixture->asked->len, ==, 0);
  lk_fake_clock_advance (&fixture->clock, 60000);
  list (fixture); /* starts the login, and does not wait for it either */
  settle (fixture);
  g_assert_cmpuint (fixture->tokens, ==, 1);
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "7 ");
}

/* --- pages ------------------------------------------------------------------------------------ */

static void
walks_all_pages (Fixture *fixture, gconstpointer data)
{
  /* The second is said by TotalPages alone, the third by HasNextPage alone. */
  SCRIPT (fixture, ONCE ("page=1&", 200, PAGE (1, 3, 5, false, ID (1) "," ID (2))),
          ONCE ("page=2&", 200, PAGE (2, 0, 6, true, ID (3) "," ID (4))),
          ONCE ("page=3&", 200, PAGE (3, 3, 5, false, ID (5))));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "1 2 3 4 5 ");
  g_assert_cmpint (fixture->total, ==, 5); /* it moved: no reason to begin again */
  g_assert_cmpuint (fixture->asked->len, ==, 3);
}

static void
a_query_goes_with_each_page (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=", 200, PAGE (1, 2, 2, true, ID (1))),
          ONCE ("page=", 200, PAGE (2, 2, 2, false, ID (2))));
  lk_nexudus_list (fixture->nexudus, LK_NEXUDUS_PASSES,
                   "from_CoworkerTimePass_UpdatedOn=2026-11-24T05%3A58", LK_NEXUDUS_ROWS, on_row,
                   on_done, fixture);
  finish (fixture);
  assert_asked (fixture, 0,
                "/api/billing/coworkertimepasses?page=1&size=500"
                "&from_CoworkerTimePass_UpdatedOn=2026-11-24T05:58");
  assert_asked (fixture, 1,
                "/api/billing/coworkertimepasses?page=2&size=500"
                "&from_CoworkerTimePass_UpdatedOn=2026-11-24T05:58");
}

/* A row moved between pages: both versions are handed over, each with its own request's start. */
static void
a_shift_is_no_fault (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1&", 200, PAGE (1, 2, 3, true, ID (1) "," ID (2))),
          ONCE ("page=2&", 200, PAGE (2, 2, 3, false, ID (2) "," ID (3))));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "1 2 2 3 ");
}

static void
pages_that_are_faults (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *page;
    const char *message;
  } rows[] = {
    { PAGE (2, 3, 6, true, ID (2) "," ID (1)),
      "spaces/coworkers page 2: brings no id that earlier pages did not have" },
    { PAGE (2, 3, 6, true, ),
      "spaces/coworkers page 2: a page without rows, although there are 6 in all" },
    { PAGE (1, 3, 6, true, ID (1)), "spaces/coworkers page 2: asked for page 2, got page 1" },
    { PAGE (2, 3, 6, true, ID (3) "," ID (3)), "spaces/coworkers page 2: id 3 is there twice" },
    { "{\"Status\":500,\"Message\":\"x\",\"Value\":null,\"WasSuccessful\":false}",
      "spaces/coworkers page 2: says WasSuccessful: false, with Status 500" },
    { "<!DOCTYPE html><p>Wait", "spaces/coworkers page 2: not JSON: '[' or '{' expected" },
    { "", "spaces/coworkers page 2: not JSON: '[' or '{' expected" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Step steps[] = { ONCE ("page=1&", 200, PAGE (1, 3, 6, true, ID (1) "," ID (2))),
                             TIMES ("page=2&", 200, rows[i].page, 4) };
      script (fixture, steps, G_N_ELEMENTS (steps));
      list (fixture);
      g_test_message ("%s", fixture->message);
      g_assert_cmpint (fixture->code, ==, LK_ERROR_RETRY);
      if (strstr (rows[i].message, "not JSON") == NULL)
        g_assert_cmpstr (fixture->message, ==, rows[i].message);
      else
        g_assert_true (g_str_has_prefix (fixture->message, "spaces/coworkers page 2: not JSON"));
      g_assert_cmpstr (fixture->rows->str, ==, "1 2 "); /* nothing of the bad page */
      fixture->n_steps = 0;
    }
}

/* Nothing says that the list goes on, but it was not seen whole. */
static void
fewer_rows_than_the_total (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *first, *last;
    const char *message;
  } rows[] = {
    { PAGE (1, 2, 3, true, ID (1)), PAGE (2, 2, 3, false, ID (2)),
      "spaces/coworkers page 2: ends a list of 3 rows with 2" },
    { PAGE (1, 1, 1100, false, ID (1)), NULL,
      "spaces/coworkers page 1: ends a list of 1100 rows with 1" },
    { "{\"Records\":[{\"Id\":1}],\"TotalItems\":2}", NULL,
      "spaces/coworkers page 1: ends a list of 2 rows with 1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Step steps[] = { TIMES ("page=1&", 200, rows[i].first, 2),
                             TIMES ("page=2&", 200, rows[i].last, rows[i].last == NULL ? 0 : 2) };
      script (fixture, steps, G_N_ELEMENTS (steps));
      list (fixture);
      g_assert_cmpint (fixture->code, ==, LK_ERROR_RETRY);
      g_assert_cmpstr (fixture->message, ==, rows[i].message);
      fixture->n_steps = 0;
    }
}

/* The rows and their total may be counted at two moments. */
static void
fewer_rows_once_are_read_again (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1&", 200, PAGE (1, 1, 2, false, ID (1))),
          ONCE ("page=1&", 200, PAGE (1, 1, 2, false, ID (1) "," ID (2))));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "1 1 2 ");
}

/* Once is forgiven: the same page is asked for again, not the list. */
static void
a_fault_once_costs_one_page (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1&", 200, PAGE (1, 2, 2, true, ID (1))),
          ONCE ("page=2&", 200, "<html>"),
          ONCE ("page=2&", 500, "{\"Message\":\"An error has occurred.\"}"),
          ONCE ("page=2&", 0, NULL), ONCE ("page=2&", 200, PAGE (2, 2, 2, false, ID (2))));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "1 2 ");
  g_assert_cmpuint (fixture->asked->len, ==, 5);
}

static void
too_large_is_asked_for_in_halves (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1&size=500", 200, PAGE (1, 2, 3, true, ID (1))),
          ONCE ("page=2&size=500", -1, NULL), ONCE ("page=1&size=250", -1, NULL),
          ONCE ("page=1&size=125", 200, PAGE (1, 1, 3, false, ID (1) "," ID (2) "," ID (3))));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "1 1 2 3 ");
}

static void
an_empty_list (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1", 200, PAGE (1, 0, 0, false, )));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpint (fixture->total, ==, 0);
}

static void
only_the_total (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("page=1&size=1", 200, PAGE (1, 4711, 4711, true, ID (1))));
  lk_nexudus_count (fixture->nexudus, LK_NEXUDUS_BOOKINGS, NULL, on_done, fixture);
  finish (fixture);
  g_assert_cmpint (fixture->total, ==, 4711);
  assert_asked (fixture, 0, "/api/spaces/bookings?page=1&size=1");
}

/* --- one row ---------------------------------------------------------------------------------- */

static void
a_row_by_id (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("/17", 200, ID (17)));
  get_one (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpstr (fixture->rows->str, ==, "17 ");
  assert_asked (fixture, 0, "/api/billing/coworkertimepasses/17");
  g_assert_cmpint (fixture->started_at, >=, START);
}

static void
gone (Fixture *fixture, gconstpointer data)
{
  static const char *const bodies[]
      = { "\"Not found\"", "{\"Status\":404,\"Message\":\"Not found\",\"WasSuccessful\":false}",
          "" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      const Step steps[] = { ONCE ("/17", 404, bodies[i]) };
      script (fixture, steps, G_N_ELEMENTS (steps));
      fixture->gone = FALSE;
      get_one (fixture);
      g_assert_cmpint (fixture->code, ==, -1);
      g_assert_true (fixture->gone);
      g_assert_cmpuint (fixture->asked->len, ==, i + 1);
      fixture->n_steps = 0;
    }
}

/* None of these says that the row is gone. */
static void
not_gone (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    int status;
    const char *body;
    const char *message;
  } rows[] = {
    { 200, "null", "expected an object" },
    { 200, "{}", "Id: expected an integer, got nothing" },
    { 200, "[]", "expected an object" },
    { 200, "[{\"Id\":17}]", "expected an object" },
    { 200, "{\"Id\":18}", "asked for id 17, got 18" },
    { 200, "{\"Id\":\"17\"}", "Id: expected an integer, got a string" },
    { 200, "{\"Status\":500,\"WasSuccessful\":false}",
      "says WasSuccessful: false, with Status 500" },
    { 200, "{\"Id\":17,\"WasSuccessful\":false}", "says WasSuccessful: false, with Status 0" },
    { 200, "{\"Id\":17,\"Id\":18}", "not JSON: duplicate object key at line 1, column 13" },
    { 204, "", "status 204" },
    { 302, "", "status 302" },
    { 400, "{\"Message\":\"Ooops!\"}", "status 400" },
    { 404, "<html><h1>404 Not Found</h1></html>", "status 404" },
    { 410, "", "status 410" },
    { 500, "{\"Message\":\"An error has occurred.\"}", "status 500" },
    { 503, "<html>", "status 503" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Step steps[] = { TIMES ("/17", rows[i].status, rows[i].body, 4) };
      g_autofree char *expected
          = g_strconcat ("billing/coworkertimepasses/17: ", rows[i].message, NULL);
      script (fixture, steps, G_N_ELEMENTS (steps));
      get_one (fixture);
      g_test_message ("%d %s: %s", rows[i].status, rows[i].body, fixture->message);
      g_assert_false (fixture->gone);
      g_assert_cmpint (fixture->code, ==, LK_ERROR_RETRY);
      g_assert_cmpstr (fixture->message, ==, expected);
      fixture->n_steps = 0;
    }
}

static void
a_list_that_is_not_found_is_a_fault (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, TIMES ("page=1", 404, "\"Not found\"", 4));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, LK_ERROR_RETRY);
  g_assert_cmpstr (fixture->message, ==, "spaces/coworkers page 1: status 404");
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void
told_to_wait (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    Step no;
    gint64 least, most; /* ms between the two requests */
  } rows[] = {
    { WITH ("page=1", 409, "", "Retry-After", "7"), 7000, 7500 },
    { WITH ("page=1", 429, "", "Retry-After", "7"), 7000, 7500 },
    { WITH ("page=1", 429, "Slow down. Wait 2.5 seconds, please", NULL, NULL), 2500, 3000 },
    { WITH ("page=1", 429, "Wait 60 seconds", "Retry-After", "1"), 1000, 1500 }, /* the header */
    { WITH ("page=1", 429, "", NULL, NULL), 1000, 2500 },
    { WITH ("page=1", 409, "You must wait before accessing this url again.", NULL, NULL), 1000,
      2500 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Step steps[] = { rows[i].no, ONCE ("page=1", 200, ONE) };
      script (fixture, steps, G_N_ELEMENTS (steps));
      g_ptr_array_set_size (fixture->asked, 0);
      g_array_set_size (fixture->at, 0);
      list (fixture);
      g_assert_cmpint (fixture->code, ==, -1);
      g_test_message ("%s: %" G_GINT64_FORMAT " ms", rows[i].no.body, waited (fixture, 1));
      g_assert_cmpint (waited (fixture, 1), >=, rows[i].least);
      g_assert_cmpint (waited (fixture, 1), <=, rows[i].most);
      fixture->n_steps = 0;
    }
}

/* However often: that is the rate's business, not the read's. */
static void
throttling_never_fails_a_read (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, TIMES ("page=1", 429, "Wait 1 seconds", 20), ONCE ("page=1", 200, ONE));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, -1);
  g_assert_cmpuint (fixture->asked->len, ==, 21);
}

static void
back_off_grows (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, TIMES ("page=1", 500, "", 4));
  list (fixture);
  g_assert_cmpint (fixture->code, ==, LK_ERROR_RETRY);
  for (guint i = 1; i < 4; i++)
    {
      g_assert_cmpint (waited (fixture, i), >=, 1000);
      g_assert_cmpint (waited (fixture, i), <=, (1000 << i) + 25);
    }
}

/* The urgent goes first, whatever waited before it. */
static void
urgent_first (Fixture *fixture, gconstpointer data)
{
  const LkBudgetWindow narrow = { 1000, 1 };

  SCRIPT (fixture, ONCE ("coworkers?", 200, ONE), ONCE ("/17", 200, ID (17)),
          ONCE ("bookings?", 200, ONE));
  lk_budget_set (fixture->budget, &narrow, 1);
  lk_nexudus_list (fixture->nexudus, LK_NEXUDUS_COWORKERS, NULL, LK_NEXUDUS_LISTING, on_row,
                   on_done, fixture);
  lk_nexudus_list (fixture->nexudus, LK_NEXUDUS_BOOKINGS, NULL, LK_NEXUDUS_LISTING, on_row, on_done,
                   fixture);
  lk_nexudus_get (fixture->nexudus, LK_NEXUDUS_PASSES, 17, LK_NEXUDUS_ROWS, on_got, fixture);
  g_assert_cmpuint (lk_nexudus_pending (fixture->nexudus), ==, 3);
  for (guint i = 0; i < 3; i++)
    finish (fixture);
  assert_asked (fixture, 0, "/api/billing/coworkertimepasses/17");
  assert_asked (fixture, 1, "/api/spaces/coworkers?page=1&size=500");
  assert_asked (fixture, 2, "/api/spaces/bookings?page=1&size=500");
  g_assert_cmpint (waited (fixture, 1), >=, 1000);
  g_assert_cmpint (waited (fixture, 2), >=, 1000);
  g_assert_cmpuint (lk_nexudus_pending (fixture->nexudus), ==, 0);
}

static void
count_one (const LkNexudusRead *read, const GError *error, gpointer data)
{
  g_assert_no_error (error);
  (*(guint *) data)++;
}

/* Rows start only while there is room beyond what the changes of the next second may need. */
static void
rows_leave_room_for_changes (Fixture *fixture, gconstpointer data)
{
  const LkBudgetWindow four = { 1000, 4 };
  guint counted = 0;

  SCRIPT (fixture, ONCE ("/17", 200, ID (17)), TIMES ("bookings?", 200, ONE, 3));
  lk_budget_set (fixture->budget, &four, 1);
  lk_nexudus_reserve (fixture->nexudus, LK_NEXUDUS_ROWS, 0.75);
  for (guint i = 0; i < 3; i++)
    lk_nexudus_count (fixture->nexudus, LK_NEXUDUS_BOOKINGS, NULL, count_one, &counted);
  lk_nexudus_get (fixture->nexudus, LK_NEXUDUS_PASSES, 17, LK_NEXUDUS_ROWS, on_got, fixture);
  while (lk_nexudus_pending (fixture->nexudus) > 0)
    turn (fixture);
  g_assert_cmpuint (counted, ==, 3);
  assert_asked (fixture, 3, "/api/billing/coworkertimepasses/17");
  g_assert_cmpint (waited (fixture, 3), >=, 900);
  g_assert_cmpuint (lk_nexudus_requests (fixture->nexudus, LK_NEXUDUS_CHANGES), ==, 3);
  g_assert_cmpuint (lk_nexudus_requests (fixture->nexudus, LK_NEXUDUS_ROWS), ==, 1);
  g_assert_cmpuint (lk_nexudus_requests (fixture->nexudus, LK_NEXUDUS_LISTING), ==, 0);
}

static void
cancelled_reads_are_silent (Fixture *fixture, gconstpointer data)
{
  SCRIPT (fixture, ONCE ("/17", 200, ID (17)));
  lk_nexudus_list (fixture->nexudus, LK_NEXUDUS_COWORKERS, NULL, LK_NEXUDUS_LISTING, on_row,
                   on_done, fixture);
  lk_nexudus_list (fixture->nexudus, LK_NEXUDUS_BOOKINGS, NULL, LK_NEXUDUS_ROWS, on_row, on_done,
                   fixture);
  lk_nexudus_cancel_all (fixture->nexudus);
  g_assert_cmpuint (lk_nexudus_pending (fixture->nexudus), ==, 0);
  get_one (fixture);
  g_assert_cmpstr (fixture->rows->str, ==, "17 ");
  g_assert_cmpuint (fixture->asked->len, ==, 1);
}

static void
drop_line (const char *line, gsize len, gpointer data)
{
  /* What must never be in a log (S12). */
  g_assert_null (strstr (line, "cret"));
  g_assert_null (strstr (line, "token-"));
  g_assert_null (strstr (line, "refresh-"));
  g_assert_null (strstr (line, "@example"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("no_proxy", "*", TRUE);
  lk_log_set_sink (drop_line, NULL);
#define CASE(path, func)                                                                           \
  g_test_add ("/nexudus-client/" path, Fixture, NULL, set_up, func, tear_down)
  CASE ("one-login-for-all", one_login_for_all);
  CASE ("each-process-is-another-client", each_process_is_another_client);
  CASE ("a-bad-token-is-refreshed", a_bad_token_is_refreshed);
  CASE ("a-refused-refresh-is-a-new-login", a_refused_refresh_is_a_new_login);
  CASE ("a-throttled-refresh-waits", a_throttled_refresh_waits);
  CASE ("twice-unauthorized-is-a-permission", twice_unauthorized_is_a_permission);
  g_test_add ("/nexudus-client/basic-needs-no-login", Fixture, "basic", set_up,
              basic_needs_no_login, tear_down);
  CASE ("a-token-is-renewed-before-it-ends", a_token_is_renewed_before_it_ends);
  CASE ("a-login-that-fails-is-tried-again", a_login_that_fails_is_tried_again);
  CASE ("a-refused-login-fails-what-waits", a_refused_login_fails_what_waits);
  CASE ("walks-all-pages", walks_all_pages);
  CASE ("a-query-goes-with-each-page", a_query_goes_with_each_page);
  CASE ("a-shift-is-no-fault", a_shift_is_no_fault);
  CASE ("pages-that-are-faults", pages_that_are_faults);
  CASE ("fewer-rows-than-the-total", fewer_rows_than_the_total);
  CASE ("fewer-rows-once-are-read-again", fewer_rows_once_are_read_again);
  CASE ("a-fault-once-costs-one-page", a_fault_once_costs_one_page);
  CASE ("too-large-is-asked-for-in-halves", too_large_is_asked_for_in_halves);
  CASE ("an-empty-list", an_empty_list);
  CASE ("only-the-total", only_the_total);
  CASE ("a-row-by-id", a_row_by_id);
  CASE ("gone", gone);
  CASE ("not-gone", not_gone);
  CASE ("a-list-that-is-not-found-is-a-fault", a_list_that_is_not_found_is_a_fault);
  CASE ("told-to-wait", told_to_wait);
  CASE ("throttling-never-fails-a-read", throttling_never_fails_a_read);
  CASE ("back-off-grows", back_off_grows);
  CASE ("urgent-first", urgent_first);
  CASE ("rows-leave-room-for-changes", rows_leave_room_for_changes);
  CASE ("cancelled-reads-are-silent", cancelled_reads_are_silent);
  return g_test_run ();
}
