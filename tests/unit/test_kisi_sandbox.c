/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * lk_kisi over real HTTP, against the sandbox: long lists, the rate, errors, event sets, and
 * connections that break before or after the effect. The sandbox is a process of its own, started
 * once on a free port; each case begins with its reset. No waiting: where nothing is under way the
 * clock jumps to the next timer, and the sandbox has no rate limits but where they are the point.
 */
#include <latchkey/kisi/kisi.h>

#include <glib/gstdio.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define READY_WITHIN_MS  10000
#define ANSWER_WITHIN_MS 30000

/* The machine's clock, and what was skipped of it. */
static gint64 skipped_ms;
static gboolean may_skip = TRUE;

static LkTime
clock_wall (const LkClock *clock)
{
  (void)clock;
  return lk_clock_wall (lk_clock_real ());
}

static gint64
clock_steady (const LkClock *clock)
{
  (void)clock;
  return lk_clock_steady (lk_clock_real ()) + skipped_ms;
}

static const LkClock skipping = { clock_wall, clock_steady };

static struct
{
  char *folder, *key_file, *ready_file, *url, *side;
  GPid pid;
  LkTimers *timers;
  LkBudget *budget;
  LkHttp *http; /* for the side door */
  LkConfigKisi config;
  LkKisi *kisi;
  LkKisiAnswer *answer; /* the newest, kept */
} world;

/* --- the loop --------------------------------------------------------------------------------- */

/* Lets MS pass, or at least something happen. */
static void
pass (gint64 ms)
{
  int running = 0;

  (void)curl_multi_perform (lk_http_multi (), &running);
  if (running == 0 && may_skip)
    skipped_ms += ms;
  else
    (void)curl_multi_poll (lk_http_multi (), NULL, 0, (int)CLAMP (ms, 0, 100), NULL);
}

/* Waits first, so that whoever asks after a turn learns at once what it brought. */
static void
one_turn (void)
{
  pass (MIN (lk_timers_next (world.timers), 100));
  lk_http_turn (world.http);
  lk_kisi_turn (world.kisi);
  (void)lk_timers_run (world.timers);
}

typedef struct
{
  gboolean over;
  int status;
  char *body;
} Side;

static void
side_answered (const LkHttpResponse *response, gpointer data)
{
  Side *side = data;

  g_assert_no_error (response->error);
  side->over = TRUE;
  side->status = response->status;
  side->body = g_strndup (response->body, response->body_len);
}

/* Asks the side door; the answer's body, free with g_free. */
static char *
side (const char *method, const char *path, const char *body)
{
  g_autofree char *url = g_strconcat (world.side, path, NULL);
  static const char *const headers[] = { "Content-Type: application/json", NULL };
  const LkHttpRequest request
      = { .method = method, .url = url, .headers = headers, .body = body, .body_len = -1 };
  Side answer = { 0 };
  gint64 until = g_get_monotonic_time () / 1000 + ANSWER_WITHIN_MS;

  lk_http_send (world.http, &request, side_answered, &answer);
  while (!answer.over)
    {
      g_assert_cmpint (g_get_monotonic_time () / 1000, <, until);
      one_turn ();
    }
  if (answer.status < 200 || answer.status > 299)
    g_error ("%s %s: %d %s", method, path, answer.status, answer.body);
  return answer.body;
}

static void
side_do (const char *method, const char *path, const char *body)
{
  g_free (side (method, path, body));
}

static void
keep (LkKisiAnswer *answer, gpointer data)
{
  LkKisiAnswer *kept = g_memdup2 (answer, sizeof *answer);

  g_assert_null (world.answer);
  world.answer = kept;
  memset (answer, 0, sizeof *answer); /* its contents are ours now */
  answer->message = g_strdup ("taken");
}

/* Runs until the call has answered. */
static LkKisiAnswer *
await (LkKisiVerdict verdict)
{
  gint64 until = g_get_monotonic_time () / 1000 + ANSWER_WITHIN_MS;
  LkKisiAnswer *answer;

  while (world.answer == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time () / 1000, <, until);
      one_turn ();
    }
  answer = g_steal_pointer (&world.answer);
  g_test_message ("%s: %s", lk_kisi_verdict_name (answer->verdict), answer->message);
  g_assert_cmpstr (lk_kisi_verdict_name (answer->verdict), ==, lk_kisi_verdict_name (verdict));
  return answer;
}

#define AWAIT(verdict)                                                                             \
  g_autoptr (LkKisiAnswer) answer = await (verdict);                                               \
  (void)answer

/* A call that has to wait for the rate, as the programs do. */
static void
wait_for_rate (void)
{
  while (lk_budget_wait_ms (world.budget, 0) > 0)
    pass (lk_budget_wait_ms (world.budget, 0));
}

/* --- set-up ----------------------------------------------------------------------------------- */

#define DATA                                                                                       \
  "{\"nexudus\":{},\"kisi\":{\"places\":[{\"id\":501,\"name\":\"Moncloa\"}],"                      \
  "\"locks\":[{\"id\":16721,\"name\":\"Main entrance\",\"place_id\":501}],"                        \
  "\"groups\":[{\"id\":7001,\"name\":\"Members\",\"place_id\":501},"                               \
  "{\"id\":7002,\"name\":\"Green\",\"place_id\":501}],"                                            \
  "\"group_locks\":[{\"group_id\":7001,\"lock_id\":16721}]%s}}"

#define NO_LIMITS "{\"kisi_per_second\":0,\"kisi_event_sets_per_second\":0}"
#define LIMITS    "{\"kisi_per_second\":5,\"kisi_event_sets_per_second\":1}"

static void
load (const char *more)
{
  g_autofree char *data = g_strdup_printf (DATA, more);

  side_do ("POST", "/reset", NULL);
  side_do ("PUT", "/limits", NO_LIMITS);
  side_do ("PUT", "/data", data);
}

/* As many users and rights on group 7001 as rows are wanted. */
static void
load_rights (guint n)
{
  g_autoptr (GString) users = g_string_new (",\"users\":[{\"id\":1,\"email\":\"o@example.org\"}");
  g_autoptr (GString) rights = g_string_new ("],\"role_assignments\":[");
  g_autofree char *more = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (users, ",{\"id\":%u,\"email\":\"u%u@example.org\",\"name\":\"U\"}",
                              1000 + i, i);
      g_string_append_printf (rights, "%s{\"user_id\":%u,\"group_id\":7001}", i > 0 ? "," : "",
                              1000 + i);
    }
  more = g_strconcat (users->str, rights->str, "]", NULL);
  load (more);
}

static void
start_sandbox (void)
{
  const char *const argv[]
      = { LK_SANDBOX, "--listen", "127.0.0.1:0", "--ready-file", world.ready_file, NULL };
  gint64 until = g_get_monotonic_time () / 1000 + READY_WITHIN_MS;
  g_autoptr (GError) error = NULL;
  g_autofree char *ready = NULL;
  json_t *root;

  g_spawn_async (NULL, (char **)argv, NULL,
                 G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL
                     | G_SPAWN_STDERR_TO_DEV_NULL,
                 NULL, NULL, &world.pid, &error);
  g_assert_no_error (error);
  while (!g_file_get_contents (world.ready_file, &ready, NULL, NULL) || ready[0] == '\0')
    {
      g_clear_pointer (&ready, g_free);
      g_assert_cmpint (g_get_monotonic_time () / 1000, <, until);
      g_assert_cmpint (waitpid (world.pid, NULL, WNOHANG), ==, 0);
      (void)curl_multi_poll (lk_http_multi (), NULL, 0, 20, NULL);
    }
  root = json_loads (ready, 0, NULL);
  g_assert_nonnull (root);
  world.url = g_strdup (json_string_value (json_object_get (root, "kisi")));
  world.side = g_strdup (json_string_value (json_object_get (root, "side")));
  g_assert_nonnull (world.url);
  g_assert_nonnull (world.side);
  json_decref (root);
}

static void
begin (void)
{
  const LkBudgetWindow window = { LK_KISI_RATE_MS, 5 };

  world.folder = g_dir_make_tmp ("kisi-sandbox-XXXXXX", NULL);
  g_assert_nonnull (world.folder);
  world.key_file = g_build_filename (world.folder, "key", NULL);
  world.ready_file = g_build_filename (world.folder, "ready.json", NULL);
  g_assert_true (g_file_set_contents (world.key_file, "sandbox-key\n", -1, NULL));
  g_assert_cmpint (g_chmod (world.key_file, 0600), ==, 0);
  world.timers = lk_timers_new (&skipping);
  world.budget = lk_budget_new (&skipping, &window, 1);
  world.http = lk_http_new (lk_clock_real (), "side", "test");
  start_sandbox ();
  world.config = (LkConfigKisi){ .account = (char *)"main",
                                 .url = world.url,
                                 .key_file = world.key_file,
                                 .requests_per_second = 5 };
  world.kisi = lk_kisi_new (&world.config, &skipping, world.timers, world.budget);
}

static void
end (void)
{
  lk_kisi_free (world.kisi);
  lk_http_free (world.http);
  lk_budget_free (world.budget);
  lk_timers_free (world.timers);
  kill (world.pid, SIGTERM);
  (void)waitpid (world.pid, NULL, 0);
  g_unlink (world.key_file);
  g_unlink (world.ready_file);
  g_rmdir (world.folder);
  g_free (world.folder);
  g_free (world.key_file);
  g_free (world.ready_file);
  g_free (world.url);
  g_free (world.side);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
who_am_i (void)
{
  load ("");
  wait_for_rate ();
  lk_kisi_whoami (world.kisi, keep, NULL);
  AWAIT (LK_KISI_OK);
  g_assert_cmpint (((LkKisiUser *)answer->users->pdata[0])->id, ==, 1);
  g_assert_cmpint (answer->date, !=, LK_TIME_NONE);
}

static void
a_wrong_key (void)
{
  load ("");
  g_assert_true (g_file_set_contents (world.key_file, "not-the-key", -1, NULL));
  g_assert_cmpint (g_chmod (world.key_file, 0600), ==, 0);
  wait_for_rate ();
  lk_kisi_whoami (world.kisi, keep, NULL);
  AWAIT (LK_KISI_UNAUTHORIZED);
  g_assert_true (g_file_set_contents (world.key_file, "sandbox-key\n", -1, NULL));
  g_assert_cmpint (g_chmod (world.key_file, 0600), ==, 0);
}

/* Makes a person and a right, changes it, finds it, takes it away twice. */
static void
a_right_from_end_to_end (void)
{
  const LkTime now = lk_clock_wall (lk_clock_real ()) / LK_SECOND * LK_SECOND;
  LkWindow window = { now, now + LK_HOUR };
  gint64 user, right;

  load ("");
  wait_for_rate ();
  lk_kisi_create_user (world.kisi, "ada+1@example.org", "Ada", TRUE, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    user = ((LkKisiUser *)answer->users->pdata[0])->id;
  }
  wait_for_rate ();
  lk_kisi_find_user (world.kisi, "ADA+1@example.org", 0, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    g_assert_cmpuint (answer->users->len, ==, 1);
    g_assert_cmpint (((LkKisiUser *)answer->users->pdata[0])->id, ==, user);
  }
  wait_for_rate ();
  lk_kisi_create_assignment (world.kisi, user, 7001, window, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    const LkKisiAssignment *a = answer->assignments->pdata[0];
    right = a->id;
    g_assert_true (lk_window_equal (a->window, window));
    g_assert_cmpint (a->created_by_id, ==, 1);
  }
  window.until = LK_TIME_NONE;
  wait_for_rate ();
  lk_kisi_change_assignment (world.kisi, right, window, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
  }
  wait_for_rate ();
  lk_kisi_list_user_assignments (world.kisi, user, 0, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    g_assert_cmpuint (answer->assignments->len, ==, 1);
    const LkKisiAssignment *a = answer->assignments->pdata[0];
    g_assert_cmpint (a->id, ==, right);
    g_assert_true (lk_window_equal (a->window, window));
  }
  wait_for_rate ();
  lk_kisi_delete_assignment (world.kisi, right, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
  }
  wait_for_rate ();
  lk_kisi_delete_assignment (world.kisi, right, keep, NULL);
  {
    AWAIT (LK_KISI_GONE);
  }
  wait_for_rate ();
  lk_kisi_get_assignment (world.kisi, right, keep, NULL);
  AWAIT (LK_KISI_GONE);
}

static void
duplicates (void)
{
  static const char *const switches[]
      = { "{\"kisi_duplicate_user\":\"409\"}", "{\"kisi_duplicate_user\":\"422\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      load (",\"users\":[{\"id\":1,\"email\":\"o@example.org\"},"
            "{\"id\":2,\"email\":\"ada@example.org\"}]");
      side_do ("PUT", "/switches", switches[i]);
      wait_for_rate ();
      lk_kisi_create_user (world.kisi, "ada@example.org", "Ada", FALSE, keep, NULL);
      AWAIT (LK_KISI_DUPLICATE);
    }
  side_do ("DELETE", "/switches", NULL);
}

static void
duplicate_rights (void)
{
  static const char *const switches[]
      = { "{\"kisi_duplicate_assignment\":\"409\"}", "{\"kisi_duplicate_assignment\":\"422\"}" };
  const LkWindow always = { LK_TIME_NONE, LK_TIME_NONE };

  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      load_rights (1);
      side_do ("PUT", "/switches", switches[i]);
      wait_for_rate ();
      lk_kisi_create_assignment (world.kisi, 1000, 7001, always, keep, NULL);
      AWAIT (LK_KISI_DUPLICATE);
    }
  side_do ("DELETE", "/switches", NULL);
}

static void
long_lists (void)
{
  static const guint lengths[] = { 0, 1, 249, 250, 251, 520 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      load_rights (lengths[i]);
      wait_for_rate ();
      lk_kisi_list_group_assignments (world.kisi, 7001, 0, keep, NULL);
      AWAIT (LK_KISI_OK);
      g_assert_cmpuint (answer->assignments->len, ==, lengths[i]);
    }
}

/* A search that finds more than a page of near hits. */
static void
a_long_search (void)
{
  load_rights (230);
  wait_for_rate ();
  lk_kisi_find_user (world.kisi, "u7@example.org", 0, keep, NULL);
  AWAIT (LK_KISI_OK);
  g_assert_cmpuint (answer->users->len, ==, 1);
  g_assert_cmpint (((LkKisiUser *)answer->users->pdata[0])->id, ==, 1007);
}

static void
groups_and_doors (void)
{
  load ("");
  wait_for_rate ();
  lk_kisi_list_groups (world.kisi, 0, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    g_assert_cmpuint (answer->groups->len, ==, 2);
    g_assert_cmpint (((LkKisiGroup *)answer->groups->pdata[0])->place_id, ==, 501);
  }
  wait_for_rate ();
  lk_kisi_list_group_locks (world.kisi, 7001, 0, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    g_assert_cmpuint (answer->group_locks->len, ==, 1);
    g_assert_cmpint (((LkKisiGroupLock *)answer->group_locks->pdata[0])->lock_id, ==, 16721);
  }
  wait_for_rate ();
  lk_kisi_get_group (world.kisi, 7999, keep, NULL);
  AWAIT (LK_KISI_GONE);
}

static void
list_recent_events (void)
{
  LkTime now = lk_clock_wall (lk_clock_real ());

  wait_for_rate ();
  lk_kisi_list_events (world.kisi, now - LK_HOUR, now, 0, 0, keep, NULL);
}

/* Long lists and event sets keep the rates by themselves, by the machine's clock: nothing is
 * throttled. */
static void
the_rate_is_kept (void)
{
  g_autofree char *calls = NULL;

  load_rights (1300);
  side_do ("PUT", "/limits", LIMITS);
  side_do ("DELETE", "/calls", NULL);
  may_skip = FALSE;
  wait_for_rate ();
  lk_kisi_list_group_assignments (world.kisi, 7001, 0, keep, NULL);
  {
    AWAIT (LK_KISI_OK);
    g_assert_cmpuint (answer->assignments->len, ==, 1300);
  }
  for (guint i = 0; i < 2; i++)
    {
      list_recent_events ();
      AWAIT (LK_KISI_OK);
    }
  may_skip = TRUE;
  calls = side ("GET", "/calls?service=kisi", NULL);
  g_assert_nonnull (strstr (calls, "\"throttled\":0"));
  g_assert_null (strstr (calls, "\"throttled\":1"));
}

/* The second call of a second that has one, answered in each form. */
static void
throttled (void)
{
  static const char *const switches[]
      = { "{\"kisi_throttle\":\"bare\"}", "{\"kisi_throttle\":\"retry_after\"}",
          "{\"kisi_throttle\":\"json\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      load ("");
      side_do ("PUT", "/switches", switches[i]);
      side_do ("PUT", "/limits", "{\"kisi_per_second\":1}");
      side_do ("PUT", "/clock", "{\"advance_ms\":2000}"); /* what came before is long ago */
      wait_for_rate ();
      lk_kisi_whoami (world.kisi, keep, NULL);
      {
        AWAIT (LK_KISI_OK);
      }
      wait_for_rate ();
      lk_kisi_whoami (world.kisi, keep, NULL);
      {
        AWAIT (LK_KISI_THROTTLED);
        g_assert_cmpint (lk_budget_wait_ms (world.budget, 0), >, 0);
      }
      side_do ("PUT", "/limits", NO_LIMITS);
      wait_for_rate ();
      lk_kisi_whoami (world.kisi, keep, NULL);
      AWAIT (LK_KISI_OK);
    }
  side_do ("DELETE", "/switches", NULL);
}

/* What each fault looks like to a reading and to a writing call. */
static void
faults (void)
{
  static const struct
  {
    const char *effect;
    LkKisiVerdict read, write;
    guint rows; /* that the write left */
  } rows[] = {
    { "\"status\",\"status\":500", LK_KISI_UNAVAILABLE, LK_KISI_UNKNOWN, 0 },
    { "\"status\",\"status\":503,\"after\":true", LK_KISI_UNAVAILABLE, LK_KISI_UNKNOWN, 1 },
    { "\"status\",\"status\":403", LK_KISI_FORBIDDEN, LK_KISI_FORBIDDEN, 0 },
    { "\"cut_before\"", LK_KISI_UNAVAILABLE, LK_KISI_UNKNOWN, 0 },
    { "\"cut_after\"", LK_KISI_UNAVAILABLE, LK_KISI_UNKNOWN, 1 },
    { "\"malformed\"", LK_KISI_MALFORMED, LK_KISI_UNKNOWN, 1 },
    { "\"html\"", LK_KISI_MALFORMED, LK_KISI_UNKNOWN, 1 },
  };
  const LkWindow always = { LK_TIME_NONE, LK_TIME_NONE };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *fault
          = g_strdup_printf ("[{\"service\":\"kisi\",\"effect\":%s,\"count\":0}]", rows[i].effect);

      g_test_message ("%s", rows[i].effect);
      load (",\"users\":[{\"id\":1,\"email\":\"o@example.org\"},"
            "{\"id\":2,\"email\":\"ada@example.org\"}]");
      side_do ("PUT", "/faults", fault);
      wait_for_rate ();
      lk_kisi_list_group_assignments (world.kisi, 7001, 0, keep, NULL);
      {
        AWAIT (rows[i].read);
        g_assert_cmpuint (answer->assignments->len, ==, 0);
      }
      wait_for_rate ();
      lk_kisi_create_assignment (world.kisi, 2, 7001, always, keep, NULL);
      {
        AWAIT (rows[i].write);
      }
      side_do ("DELETE", "/faults", NULL);
      wait_for_rate ();
      lk_kisi_list_user_assignments (world.kisi, 2, 0, keep, NULL);
      AWAIT (LK_KISI_OK);
      g_assert_cmpuint (answer->assignments->len, ==, rows[i].rows);
    }
}

/* A list that the server gets wrong is an error, never a shorter list. */
static void
broken_lists (void)
{
  static const char *const effects[] = { "repeat_page", "empty_page", "shift", "short" };

  for (guint i = 0; i < G_N_ELEMENTS (effects); i++)
    {
      g_autofree char *fault = g_strdup_printf (
          "[{\"service\":\"kisi\",\"path\":\"/role_assignments\",\"effect\":\"%s\",\"count\":0}]",
          effects[i]);

      g_test_message ("%s", effects[i]);
      load_rights (520);
      side_do ("PUT", "/faults", fault);
      wait_for_rate ();
      lk_kisi_list_group_assignments (world.kisi, 7001, 0, keep, NULL);
      {
        g_autoptr (LkKisiAnswer) answer = NULL;

        while (world.answer == NULL)
          one_turn ();
        answer = g_steal_pointer (&world.answer);
        g_test_message ("%s: %s", lk_kisi_verdict_name (answer->verdict), answer->message);
        g_assert_true (answer->verdict == LK_KISI_MALFORMED
                       || answer->verdict == LK_KISI_UNAVAILABLE);
        g_assert_cmpuint (answer->assignments->len, ==, 0);
      }
    }
  side_do ("DELETE", "/faults", NULL);
}

static void
events (void)
{
  static const char *const switches[]
      = { "{}", "{\"kisi_event_set\":\"in_progress_2\"}", "{\"kisi_event_order\":\"oldest_first\"}",
          "{\"kisi_times\":\"fraction\"}", "{\"kisi_times\":\"offset\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      g_test_message ("%s", switches[i]);
      load (",\"users\":[{\"id\":1,\"email\":\"o@example.org\"},"
            "{\"id\":2,\"email\":\"ada@example.org\"}]");
      side_do ("PUT", "/switches", switches[i]);
      side_do ("POST", "/kisi/door/16721/unlock", "{\"user_id\":2,\"credential\":\"Card\"}");
      side_do ("POST", "/kisi/rights", "{\"user_id\":2,\"group_id\":7001}");
      side_do ("POST", "/kisi/door/16721/unlock", "{\"user_id\":2,\"credential\":\"Login\"}");
      side_do ("POST", "/kisi/events", "{\"type\":\"lock.forced_open\",\"lock\":16721}");
      list_recent_events ();
      AWAIT (LK_KISI_OK);
      g_assert_cmpuint (answer->events->len, ==, 3);
      for (guint k = 0; k < 3; k++)
        {
          const LkKisiEvent *event = answer->events->pdata[k];

          g_assert_cmpint (event->object_id, ==, 16721);
          g_assert_cmpint (event->place_id, ==, 501);
          if (k > 0)
            g_assert_cmpint (event->created_at, >=,
                             ((LkKisiEvent *)answer->events->pdata[k - 1])->created_at);
        }
      side_do ("DELETE", "/switches", NULL);
    }
}

/* More than KISI gives in a page, and more than a set shows when it is made. */
static void
many_events (void)
{
  static const guint lengths[] = { 49, 51, 200, 450 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GString) made = g_string_new (NULL);

      load ("");
      for (guint k = 0; k < lengths[i]; k++)
        g_string_append_printf (made, "%s{\"type\":\"lock.held_open\",\"lock\":16721}",
                                k > 0 ? "," : "[");
      side_do ("POST", "/kisi/events", g_string_append_c (made, ']')->str);
      list_recent_events ();
      AWAIT (LK_KISI_OK);
      g_assert_cmpuint (answer->events->len, ==, lengths[i]);
    }
}

static void
event_sets_that_fail (void)
{
  static const char *const switches[]
      = { "{\"kisi_event_set\":\"failed\"}", "{\"kisi_event_set\":\"503\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      load ("");
      side_do ("PUT", "/switches", switches[i]);
      list_recent_events ();
      AWAIT (LK_KISI_UNAVAILABLE);
      side_do ("DELETE", "/switches", NULL);
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  begin ();
  g_test_add_func ("/kisi/sandbox/who-am-i", who_am_i);
  g_test_add_func ("/kisi/sandbox/a-wrong-key", a_wrong_key);
  g_test_add_func ("/kisi/sandbox/a-right-from-end-to-end", a_right_from_end_to_end);
  g_test_add_func ("/kisi/sandbox/duplicates", duplicates);
  g_test_add_func ("/kisi/sandbox/duplicate-rights", duplicate_rights);
  g_test_add_func ("/kisi/sandbox/long-lists", long_lists);
  g_test_add_func ("/kisi/sandbox/a-long-search", a_long_search);
  g_test_add_func ("/kisi/sandbox/groups-and-doors", groups_and_doors);
  g_test_add_func ("/kisi/sandbox/the-rate-is-kept", the_rate_is_kept);
  g_test_add_func ("/kisi/sandbox/throttled", throttled);
  g_test_add_func ("/kisi/sandbox/faults", faults);
  g_test_add_func ("/kisi/sandbox/broken-lists", broken_lists);
  g_test_add_func ("/kisi/sandbox/events", events);
  g_test_add_func ("/kisi/sandbox/many-events", many_events);
  g_test_add_func ("/kisi/sandbox/event-sets-that-fail", event_sets_that_fail);
  status = g_test_run ();
  end ();
  return status;
}
