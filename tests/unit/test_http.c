/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * LkHttp under real requests: LkServer answers them in the same loop. What matters most is the
 * verdict on a call that brought no answer: RETRY only when it surely had no effect.
 */
#include <latchkey/http/client.h>
#include <latchkey/http/server.h>

#include <latchkey/base/error.h>
#include <latchkey/base/metrics.h>
#include <string.h>

#define GUARD_MS 30000 /* a case that hangs fails */

typedef struct
{
  LkServer *server;
  LkFakeClock clock;
  LkHttp *http;
  GString *seen;      /* "METHOD path [body] x-mark " of each request */
  GString *large;     /* the body of /large */
  const char *header; /* name and value that each answer has beside */
  const char *value;
  guint handled;
} Fixture;

typedef struct
{
  Fixture *fixture;
  gboolean done;
  int status;
  GString *body;
  gboolean too_large;
  int code; /* of the error; -1: none */
  char *message;
  LkTime started_at, date;
  gint64 retry_after;
  LkHttpCall *cancel; /* cancelled by this one's callback */
} Call;

static void
on_request (LkServerRequest *request, gpointer data)
{
  Fixture *fixture = data;
  const char *path = lk_server_path (request);
  const char *mark = lk_server_header (request, "X-Mark");
  const char *const headers[] = { fixture->header != NULL ? fixture->header : "X-None",
                                  fixture->header != NULL ? fixture->value : "-", NULL };
  const char *const moved[] = { "Location", "/elsewhere", NULL };
  g_autoptr (GBytes) hello = g_bytes_new_static ("hello", 5);
  g_autoptr (GBytes) large = g_bytes_new (fixture->large->str, fixture->large->len);
  gsize len;
  const char *body = lk_server_body (request, &len);

  fixture->handled++;
  g_string_append_printf (fixture->seen, "%s %s [%s] %s ", lk_server_method (request), path, body,
                          mark != NULL ? mark : "-");
  if (g_str_equal (path, "/cut"))
    lk_server_cut (request);
  else if (g_str_equal (path, "/short"))
    lk_server_reply_broken (request, 200, headers, hello, 100);
  else if (g_str_equal (path, "/endless"))
    /* In large pieces, so that the ceiling is soon reached. */
    lk_server_reply_broken (request, 200, headers, large, 0);
  else if (g_str_equal (path, "/large"))
    lk_server_reply (request, 200, headers, large);
  else if (g_str_equal (path, "/moved"))
    lk_server_reply (request, 302, moved, hello);
  else if (g_str_equal (path, "/500"))
    lk_server_reply (request, 500, headers, hello);
  else if (!g_str_equal (path, "/never"))
    lk_server_reply (request, 200, headers, hello);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  lk_metrics_reset ();
  lk_fake_clock_init (&fixture->clock, 1795500000000);
  fixture->server = lk_server_new ("127.0.0.1:0", 0, on_request, fixture, &error);
  g_assert_no_error (error);
  fixture->http = lk_http_new (&fixture->clock.clock, "test", "main");
  fixture->seen = g_string_new (NULL);
  fixture->large = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  lk_http_free (fixture->http);
  g_assert_null (lk_http_multi ());
  lk_server_free (fixture->server);
  g_string_free (fixture->seen, TRUE);
  g_string_free (fixture->large, TRUE);
}

static void
answered (const LkHttpResponse *response, gpointer data)
{
  Call *call = data;

  g_assert_false (call->done);
  call->done = TRUE;
  call->status = response->status;
  g_assert_cmpint (response->body[response->body_len], ==, '\0');
  g_string_append_len (call->body, response->body, (gssize) response->body_len);
  call->too_large = response->too_large;
  call->code = response->error == NULL ? -1 : response->error->code;
  call->message = response->error == NULL ? NULL : g_strdup (response->error->message);
  call->started_at = response->started_at;
  call->retry_after = lk_http_retry_after_ms (response);
  call->date = lk_http_date (response);
  if (call->cancel != NULL)
    lk_http_cancel (call->fixture->http, call->cancel);
}

static Call *
call_new (Fixture *fixture)
{
  Call *call = g_new0 (Call, 1);

  call->fixture = fixture;
  call->body = g_string_new (NULL);
  return call;
}

static void
call_free (Call *call)
{
  g_string_free (call->body, TRUE);
  g_free (call->message);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
turn (Fixture *fixture)
{
  struct curl_waitfd extra = { 0, CURL_WAIT_POLLIN, 0 };
  int timeout = 100, ready;

  if (fixture->server != NULL)
    {
      extra.fd = lk_server_fd (fixture->server);
      if (lk_server_timeout_ms (fixture->server) >= 0)
        timeout = MIN (timeout, lk_server_timeout_ms (fixture->server));
    }
  (void) curl_multi_poll (lk_http_multi (), &extra, fixture->server != NULL, timeout, &ready);
  if (fixture->server != NULL)
    lk_server_run (fixture->server);
  lk_http_turn (fixture->http);
}

static void
finish (Fixture *fixture, const Call *call)
{
  gint64 guard = g_get_monotonic_time () + GUARD_MS * 1000;

  while (!call->done)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, guard);
      turn (fixture);
    }
}

static LkHttpCall *
send_to (Fixture *fixture, const LkHttpRequest *request, const char *path, Call *call)
{
  g_autofree char *url = g_strconcat (lk_server_url (fixture->server), path, NULL);
  LkHttpRequest whole = *request;

  whole.url = url;
  return lk_http_send (fixture->http, &whole, answered, call);
}

/* A GET of PATH, to its end. */
static Call *
get (Fixture *fixture, const char *path)
{
  Call *call = call_new (fixture);

  send_to (fixture, &(LkHttpRequest){ .method = "GET" }, path, call);
  finish (fixture, call);
  return call;
}

static double
counted (const char *status)
{
  return lk_metric_get (LK_M_HTTP_REQUESTS, "test", "main", status, NULL);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void
a_plain_answer (Fixture *fixture, gconstpointer data)
{
  LkTime wall = lk_clock_wall (lk_clock_real ());
  g_autoptr (Call) call = get (fixture, "/a");

  g_assert_cmpint (call->code, ==, -1);
  g_assert_cmpint (call->status, ==, 200);
  g_assert_cmpstr (call->body->str, ==, "hello");
  g_assert_cmpint (call->started_at, ==, 1795500000000);
  g_assert_cmpint (call->retry_after, ==, -1);
  g_assert_cmpint (ABS (call->date - wall), <, GUARD_MS);
  g_assert_cmpstr (fixture->seen->str, ==, "GET /a [] - ");
  g_assert_cmpuint (lk_http_in_flight (fixture->http), ==, 0);
  g_assert_cmpfloat (counted ("2xx"), ==, 1);
}

static void
methods_and_bodies (Fixture *fixture, gconstpointer data)
{
  static const char *const mark[] = { "X-Mark: me", NULL };
  static const struct
  {
    LkHttpRequest request;
    const char *seen;
  } rows[] = {
    { { .method = "GET" }, "GET /x [] - " },
    { { .method = "DELETE" }, "DELETE /x [] - " },
    { { .method = "POST" }, "POST /x [] - " },
    { { .method = "POST", .body = "one=1", .body_len = -1 }, "POST /x [one=1] - " },
    { { .method = "POST", .body = "onetwo", .body_len = 3, .headers = mark }, "POST /x [one] me " },
    { { .method = "PATCH", .body = "{}", .body_len = -1 }, "PATCH /x [{}] - " },
    { { .method = "PUT", .body = "{}", .body_len = -1 }, "PUT /x [{}] - " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Call) call = call_new (fixture);

      g_string_truncate (fixture->seen, 0);
      send_to (fixture, &rows[i].request, "/x", call);
      finish (fixture, call);
      g_assert_cmpint (call->status, ==, 200);
      g_assert_cmpstr (fixture->seen->str, ==, rows[i].seen);
    }
}

/* What was given may go as soon as the call has begun. */
static void
everything_is_copied (Fixture *fixture, gconstpointer data)
{
  char body[] = "first", header[] = "X-Mark: first", method[] = "POST";
  const char *headers[] = { header, NULL };
  g_autoptr (Call) call = call_new (fixture);

  send_to (fixture,
           &(LkHttpRequest){ .method = method, .headers = headers, .body = body, .body_len = -1 },
           "/x", call);
  memset (body, 'z', 5);
  memset (header, 'z', strlen (header));
  memset (method, 'Z', 4);
  headers[0] = NULL;
  finish (fixture, call);
  g_assert_cmpstr (fixture->seen->str, ==, "POST /x [first] first ");
}

static void
a_redirect_is_an_answer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) call = get (fixture, "/moved");

  g_assert_cmpint (call->status, ==, 302);
  g_assert_cmpuint (fixture->handled, ==, 1);
  g_assert_cmpfloat (counted ("3xx"), ==, 1);
}

static void
an_error_status_is_an_answer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) call = get (fixture, "/500");

  g_assert_cmpint (call->code, ==, -1);
  g_assert_cmpint (call->status, ==, 500);
  g_assert_cmpstr (call->body->str, ==, "hello");
  g_assert_cmpfloat (counted ("5xx"), ==, 1);
}

static void
retry_after (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *value;
    gint64 ms;
  } rows[] = {
    { "3", 3000 },
    { "0", 0 },
    { "1.5", 1500 },
    { "-1", -1 },
    { "99999999", -1 },
    { "soon", -1 },
    { "Tue, 24 Nov 2026 06:00:05 GMT", 5000 }, /* the clock says 06:00:00 */
    { "Tue, 24 Nov 2026 05:59:00 GMT", 0 },    /* past */
  };

  fixture->header = "Retry-After";
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (Call) call = NULL;

      fixture->value = rows[i].value;
      call = get (fixture, "/a");
      g_test_message ("%s", rows[i].value);
      g_assert_cmpint (call->retry_after, ==, rows[i].ms);
    }
}

/* --- no answer -------------------------------------------------------------------------------- */

static void
assert_failed (const Call *call, LkErrorCode code)
{
  g_test_message ("%s", call->message);
  g_assert_cmpint (call->code, ==, (int) code);
  g_assert_cmpint (call->status, ==, 0);
}

static void
nobody_listens (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) call = call_new (fixture);
  g_autofree char *url = g_strconcat (lk_server_url (fixture->server), "/a", NULL);

  g_clear_pointer (&fixture->server, lk_server_free);
  lk_http_send (fixture->http, &(LkHttpRequest){ .method = "POST", .url = url }, answered, call);
  finish (fixture, call);
  assert_failed (call, LK_ERROR_RETRY);
  g_assert_cmpfloat (counted ("error"), ==, 1);
}

static void
other_schemes (Fixture *fixture, gconstpointer data)
{
  static const char *const urls[]
      = { "file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "nonsense://x/", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (Call) call = call_new (fixture);

      lk_http_send (fixture->http, &(LkHttpRequest){ .method = "GET", .url = urls[i] }, answered,
                    call);
      finish (fixture, call);
      assert_failed (call, LK_ERROR_RETRY);
      g_assert_cmpuint (call->body->len, ==, 0);
    }
}

/* The server answers in plain text: nothing of the request has left. */
static void
no_tls_no_request (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) call = call_new (fixture);
  g_autofree char *url
      = g_strdup_printf ("https://127.0.0.1:%u/a", lk_server_port (fixture->server));

  lk_http_send (fixture->http, &(LkHttpRequest){ .method = "POST", .url = url }, answered, call);
  finish (fixture, call);
  assert_failed (call, LK_ERROR_RETRY);
  g_assert_cmpuint (fixture->handled, ==, 0);
}

/* The server took the request: it may have done it. And it is not sent a second time. */
static void
cut_without_an_answer (Fixture *fixture, gconstpointer data)
{
  static const char *const methods[] = { "GET", "POST", "DELETE" };
  g_autoptr (Call) first = get (fixture, "/a"); /* a connection that could be used again */

  g_assert_cmpint (first->status, ==, 200);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (Call) call = call_new (fixture);

      fixture->handled = 0;
      send_to (fixture, &(LkHttpRequest){ .method = methods[i] }, "/cut", call);
      finish (fixture, call);
      assert_failed (call, LK_ERROR_UNKNOWN);
      g_assert_cmpuint (fixture->handled, ==, 1);
    }
}

static void
a_body_cut_short (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) call = get (fixture, "/short");

  assert_failed (call, LK_ERROR_UNKNOWN);
  g_assert_false (call->too_large);
}

static void
past_the_deadline (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) call = call_new (fixture);

  send_to (fixture, &(LkHttpRequest){ .method = "POST", .deadline_ms = 200 }, "/never", call);
  finish (fixture, call);
  assert_failed (call, LK_ERROR_UNKNOWN);
  g_assert_cmpuint (fixture->handled, ==, 1);
}

static void
the_ceiling_of_a_body (Fixture *fixture, gconstpointer data)
{
  g_string_set_size (fixture->large, LK_HTTP_BODY_MAX);
  memset (fixture->large->str, 'x', LK_HTTP_BODY_MAX);
  {
    g_autoptr (Call) call = get (fixture, "/large");
    g_assert_cmpint (call->code, ==, -1);
    g_assert_cmpuint (call->body->len, ==, LK_HTTP_BODY_MAX);
  }
  g_string_append_c (fixture->large, 'x');
  {
    g_autoptr (Call) call = get (fixture, "/large");
    assert_failed (call, LK_ERROR_UNKNOWN);
    g_assert_true (call->too_large);
  }
  {
    g_autoptr (Call) call = get (fixture, "/endless");
    assert_failed (call, LK_ERROR_UNKNOWN);
    g_assert_true (call->too_large);
    g_assert_cmpuint (call->body->len, <=, LK_HTTP_BODY_MAX);
  }
}

/* --- calls and clients ------------------------------------------------------------------------ */

static void
a_cancelled_call_is_silent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) cancelled = call_new (fixture);
  g_autoptr (Call) other = NULL;
  LkHttpCall *call = send_to (fixture, &(LkHttpRequest){ .method = "GET" }, "/a", cancelled);

  g_assert_cmpuint (lk_http_in_flight (fixture->http), ==, 1);
  lk_http_cancel (fixture->http, call);
  g_assert_cmpuint (lk_http_in_flight (fixture->http), ==, 0);
  other = get (fixture, "/b");
  g_assert_false (cancelled->done);
}

/* Both end in one turn; whichever is called back first takes the other away. */
static void
a_callback_cancels_another (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Call) one = call_new (fixture);
  g_autoptr (Call) two = call_new (fixture);
  g_autoptr (Call) other = NULL;
  LkHttpCall *first = send_to (fixture, &(LkHttpRequest){ .method = "GET" }, "/a", one);
  LkHttpCall *second = send_to (fixture, &(LkHttpRequest){ .method = "GET" }, "/b", two);

  one->cancel = second;
  two->cancel = first;
  other = get (fixture, "/c");
  while (lk_http_in_flight (fixture->http) > 0)
    turn (fixture);
  g_assert_cmpint (one->done + two->done, ==, 1);
}

static void
clients_share_one_multi (Fixture *fixture, gconstpointer data)
{
  LkHttp *second = lk_http_new (&fixture->clock.clock, "other", "main");
  g_autoptr (Call) call = call_new (fixture);
  g_autoptr (Call) dropped = call_new (fixture);
  g_autofree char *url = g_strconcat (lk_server_url (fixture->server), "/a", NULL);

  lk_http_send (second, &(LkHttpRequest){ .method = "GET", .url = url }, answered, call);
  finish (fixture, call); /* the first one's turns serve it */
  g_assert_cmpint (call->status, ==, 200);
  g_assert_cmpfloat (lk_metric_get (LK_M_HTTP_REQUESTS, "other", "main", "2xx", NULL), ==, 1);
  g_assert_cmpfloat (counted ("2xx"), ==, 0);
  lk_http_send (second, &(LkHttpRequest){ .method = "GET", .url = url }, answered, dropped);
  lk_http_free (second); /* with a call in flight, which is not called back */
  {
    g_autoptr (Call) other = get (fixture, "/b");
    g_assert_cmpint (other->status, ==, 200);
  }
  g_assert_false (dropped->done);
}

static void
many_at_once (Fixture *fixture, gconstpointer data)
{
  Call *calls[50];

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      calls[i] = call_new (fixture);
      send_to (fixture, &(LkHttpRequest){ .method = "GET" }, "/a", calls[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      finish (fixture, calls[i]);
      g_assert_cmpint (calls[i]->status, ==, 200);
      call_free (calls[i]);
    }
  g_assert_cmpuint (fixture->handled, ==, G_N_ELEMENTS (calls));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* All requests go to this machine. */
  g_setenv ("no_proxy", "*", TRUE);
#define CASE(path, func) g_test_add ("/http/" path, Fixture, NULL, set_up, func, tear_down)
  CASE ("a-plain-answer", a_plain_answer);
  CASE ("methods-and-bodies", methods_and_bodies);
  CASE ("everything-is-copied", everything_is_copied);
  CASE ("a-redirect-is-an-answer", a_redirect_is_an_answer);
  CASE ("an-error-status-is-an-answer", an_error_status_is_an_answer);
  CASE ("retry-after", retry_after);
  CASE ("nobody-listens", nobody_listens);
  CASE ("other-schemes", other_schemes);
  CASE ("no-tls-no-request", no_tls_no_request);
  CASE ("cut-without-an-answer", cut_without_an_answer);
  CASE ("a-body-cut-short", a_body_cut_short);
  CASE ("past-the-deadline", past_the_deadline);
  CASE ("the-ceiling-of-a-body", the_ceiling_of_a_body);
  CASE ("a-cancelled-call-is-silent", a_cancelled_call_is_silent);
  CASE ("a-callback-cancels-another", a_callback_cancels_another);
  CASE ("clients-share-one-multi", clients_share_one_multi);
  CASE ("many-at-once", many_at_once);
  return g_test_run ();
}
