/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * LkServer under real requests: libcurl is the client, and both sides turn in one loop, as in a
 * daemon. Nothing waits for a time; each case ends when its transfer does.
 */
#include <latchkey/http/server.h>

#include <curl/curl.h>
#include <string.h>

#define BODY_MAX 1000
#define GUARD_MS 20000 /* a case that hangs fails */

typedef struct
{
  LkServer *server;
  CURLM *multi;
  GPtrArray *later; /* requests that a handler kept */
  GString *seen;    /* what the handler saw */
  guint handled;
} Fixture;

typedef struct
{
  CURL *easy;
  GString *body, *headers;
  CURLcode result;
  long status;
  gboolean done;
} Call;

static GBytes *
bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static void
see_query (const char *name, const char *value, gpointer data)
{
  g_string_append_printf (data, "%s=%s;", name, value != NULL ? value : "-");
}

static void
on_request (LkServerRequest *request, gpointer data)
{
  static const char *const headers[]
      = { "Content-Type", "text/plain", "X-Twice", "a", "X-Twice", "b", NULL };
  Fixture *fixture = data;
  const char *path = lk_server_path (request);
  g_autoptr (GBytes) body = bytes ("hello");
  gsize len;
  const char *sent = lk_server_body (request, &len);
  const char *mark = lk_server_header (request, "x-mark");

  fixture->handled++;
  g_string_append_printf (fixture->seen, "%s %s [%" G_GSIZE_FORMAT ":%s] %s ",
                          lk_server_method (request), path, len, sent, mark != NULL ? mark : "-");
  lk_server_query_each (request, see_query, fixture->seen);
  if (g_str_equal (path, "/later"))
    g_ptr_array_add (fixture->later, request);
  else if (g_str_equal (path, "/cut"))
    lk_server_cut (request);
  else if (g_str_equal (path, "/short"))
    lk_server_reply_broken (request, 200, headers, body, 100);
  else if (g_str_equal (path, "/endless"))
    lk_server_reply_broken (request, 200, headers, body, 0);
  else if (g_str_equal (path, "/empty"))
    lk_server_reply (request, 204, NULL, NULL);
  else
    lk_server_reply (request, 200, headers, body);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->server = lk_server_new ("127.0.0.1:0", BODY_MAX, on_request, fixture, &error);
  g_assert_no_error (error);
  fixture->multi = curl_multi_init ();
  fixture->later = g_ptr_array_new ();
  fixture->seen = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  lk_server_free (fixture->server);
  curl_multi_cleanup (fixture->multi);
  g_ptr_array_unref (fixture->later);
  g_string_free (fixture->seen, TRUE);
}

/* --- the client ------------------------------------------------------------------------------- */

static size_t
take (char *data, size_t size, size_t n, void *out)
{
  g_string_append_len (out, data, (gssize)(size * n));
  return size * n;
}

/* A body without end is given up after a while, as a client's ceiling would. */
static size_t
take_some (char *data, size_t size, size_t n, void *out)
{
  GString *body = out;
  g_string_append_len (body, data, (gssize)(size * n));
  return body->len > 200000 ? 0 : size * n;
}

static Call *
call_new (Fixture *fixture, const char *path, const char *post)
{
  Call *call = g_new0 (Call, 1);
  g_autofree char *url = g_strconcat (lk_server_url (fixture->server), path, NULL);
  call->easy = curl_easy_init ();
  call->body = g_string_new (NULL);
  call->headers = g_string_new (NULL);
  curl_easy_setopt (call->easy, CURLOPT_URL, url);
  curl_easy_setopt (call->easy, CURLOPT_PROXY, "");
  curl_easy_setopt (call->easy, CURLOPT_PRIVATE, call);
  curl_easy_setopt (call->easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt (call->easy, CURLOPT_WRITEDATA, call->body);
  curl_easy_setopt (call->easy, CURLOPT_HEADERFUNCTION, take);
  curl_easy_setopt (call->easy, CURLOPT_HEADERDATA, call->headers);
  if (post != NULL)
    curl_easy_setopt (call->easy, CURLOPT_COPYPOSTFIELDS, post);
  curl_multi_add_handle (fixture->multi, call->easy);
  return call;
}

static void
call_free (Fixture *fixture, Call *call)
{
  curl_multi_remove_handle (fixture->multi, call->easy);
  curl_easy_cleanup (call->easy);
  g_string_free (call->body, TRUE);
  g_string_free (call->headers, TRUE);
  g_free (call);
}

/* One turn of both sides. */
static void
turn (Fixture *fixture)
{
  struct curl_waitfd extra = { lk_server_fd (fixture->server), CURL_WAIT_POLLIN, 0 };
  int timeout = lk_server_timeout_ms (fixture->server);
  int running, left;
  CURLMsg *message;

  curl_multi_poll (fixture->multi, &extra, 1, timeout < 0 ? 100 : MIN (timeout, 100), &running);
  lk_server_run (fixture->server);
  curl_multi_perform (fixture->multi, &running);
  while ((message = curl_multi_info_read (fixture->multi, &left)) != NULL)
    {
      Call *call;
      curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, &call);
      curl_easy_getinfo (message->easy_handle, CURLINFO_RESPONSE_CODE, &call->status);
      call->result = message->data.result;
      call->done = TRUE;
    }
}

static void
finish (Fixture *fixture, Call *call)
{
  gint64 guard = g_get_monotonic_time () + GUARD_MS * 1000;
  while (!call->done)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, guard);
      turn (fixture);
    }
}

static void
until_kept (Fixture *fixture, guint n)
{
  gint64 guard = g_get_monotonic_time () + GUARD_MS * 1000;
  while (fixture->later->len < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, guard);
      turn (fixture);
    }
}

/* --- cases ------------------------------------------------------------------------------------ */

static void
answers_at_once (Fixture *fixture, gconstpointer data)
{
  Call *call = call_new (fixture, "/a%20b?x=1&x=2&y=a%2Bb+c&z", NULL);
  struct curl_slist *list = curl_slist_append (NULL, "X-Mark: me");
  curl_easy_setopt (call->easy, CURLOPT_HTTPHEADER, list);
  finish (fixture, call);
  g_assert_cmpint (call->result, ==, CURLE_OK);
  g_assert_cmpint (call->status, ==, 200);
  g_assert_cmpstr (call->body->str, ==, "hello");
  g_assert_nonnull (strstr (call->headers->str, "X-Twice: a\r\n"));
  g_assert_nonnull (strstr (call->headers->str, "X-Twice: b\r\n"));
  g_assert_nonnull (strstr (call->headers->str, "Date: "));
  g_assert_cmpstr (fixture->seen->str, ==, "GET /a b [0:] me x=1;x=2;y=a+b c;z=-;");
  call_free (fixture, call);
  curl_slist_free_all (list);
}

static void
takes_a_body (Fixture *fixture, gconstpointer data)
{
  Call *call = call_new (fixture, "/body", "some bytes");
  finish (fixture, call);
  g_assert_cmpint (call->status, ==, 200);
  g_assert_cmpstr (fixture->seen->str, ==, "POST /body [10:some bytes] - ");
  call_free (fixture, call);
}

static void
body_at_and_above_the_ceiling (Fixture *fixture, gconstpointer data)
{
  g_autofree char *fits = g_strnfill (BODY_MAX, 'x');
  g_autofree char *large = g_strnfill (BODY_MAX + 1, 'x');
  Call *first = call_new (fixture, "/body", fits);
  finish (fixture, first);
  g_assert_cmpint (first->status, ==, 200);
  Call *second = call_new (fixture, "/body", large);
  finish (fixture, second);
  g_assert_cmpint (second->status, ==, 413);
  g_assert_cmpuint (fixture->handled, ==, 1);
  call_free (fixture, first);
  call_free (fixture, second);
}

typedef struct
{
  gsize left;
} Upload;

static size_t
give (char *out, size_t size, size_t n, void *data)
{
  Upload *upload = data;
  gsize len = MIN (size * n, upload->left);
  memset (out, 'x', len);
  upload->left -= len;
  return len;
}

/* Without a Content-Length the size shows only while it comes. */
static void
chunked_body_above_the_ceiling (Fixture *fixture, gconstpointer data)
{
  Upload upload = { BODY_MAX * 50 };
  Call *call = call_new (fixture, "/body", NULL);
  curl_easy_setopt (call->easy, CURLOPT_POST, 1L);
  curl_easy_setopt (call->easy, CURLOPT_READFUNCTION, give);
  curl_easy_setopt (call->easy, CURLOPT_READDATA, &upload);
  struct curl_slist *list = curl_slist_append (NULL, "Transfer-Encoding: chunked");
  list = curl_slist_append (list, "Expect:");
  curl_easy_setopt (call->easy, CURLOPT_HTTPHEADER, list);
  finish (fixture, call);
  g_assert_cmpint (call->status, ==, 413);
  g_assert_cmpuint (fixture->handled, ==, 0);
  call_free (fixture, call);
  curl_slist_free_all (list);
}

/* Both wait; the second is answered first. */
static void
answers_later (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) one = bytes ("one");
  g_autoptr (GBytes) two = bytes ("two");
  Call *first = call_new (fixture, "/later", NULL);
  until_kept (fixture, 1);
  Call *second = call_new (fixture, "/later", "x");
  until_kept (fixture, 2);
  g_assert_false (first->done || second->done);

  lk_server_reply (fixture->later->pdata[1], 201, NULL, two);
  g_assert_cmpint (lk_server_timeout_ms (fixture->server), ==, 0);
  finish (fixture, second);
  g_assert_cmpint (second->status, ==, 201);
  g_assert_cmpstr (second->body->str, ==, "two");
  g_assert_false (first->done);

  lk_server_reply (fixture->later->pdata[0], 500, NULL, one);
  finish (fixture, first);
  g_assert_cmpint (first->status, ==, 500);
  g_assert_cmpstr (first->body->str, ==, "one");
  call_free (fixture, first);
  call_free (fixture, second);
}

static void
cuts_now_and_later (Fixture *fixture, gconstpointer data)
{
  Call *now = call_new (fixture, "/cut", NULL);
  finish (fixture, now);
  g_assert_cmpint (now->result, ==, CURLE_GOT_NOTHING);
  Call *later = call_new (fixture, "/later", NULL);
  until_kept (fixture, 1);
  lk_server_cut (fixture->later->pdata[0]);
  finish (fixture, later);
  g_assert_cmpint (later->result, ==, CURLE_GOT_NOTHING);
  call_free (fixture, now);
  call_free (fixture, later);
}

static void
short_body (Fixture *fixture, gconstpointer data)
{
  Call *call = call_new (fixture, "/short", NULL);
  finish (fixture, call);
  g_assert_cmpint (call->result, ==, CURLE_PARTIAL_FILE);
  g_assert_cmpstr (call->body->str, ==, "hello");
  g_assert_nonnull (strstr (call->headers->str, "Content-Length: 100\r\n"));
  call_free (fixture, call);
}

static void
endless_body (Fixture *fixture, gconstpointer data)
{
  Call *call = call_new (fixture, "/endless", NULL);
  curl_easy_setopt (call->easy, CURLOPT_WRITEFUNCTION, take_some);
  finish (fixture, call);
  g_assert_cmpint (call->result, ==, CURLE_WRITE_ERROR);
  g_assert_cmpuint (call->body->len, >, 200000);
  g_assert_true (g_str_has_prefix (call->body->str, "hellohellohello"));
  call_free (fixture, call);
}

static void
no_body (Fixture *fixture, gconstpointer data)
{
  Call *call = call_new (fixture, "/empty", NULL);
  finish (fixture, call);
  g_assert_cmpint (call->status, ==, 204);
  g_assert_cmpuint (call->body->len, ==, 0);
  call_free (fixture, call);
}

/* What is unanswered when the server goes is cut, not leaked (the sanitizers would tell). */
static void
goes_with_requests_open (Fixture *fixture, gconstpointer data)
{
  Call *call = call_new (fixture, "/later", NULL);
  until_kept (fixture, 1);
  lk_server_free (g_steal_pointer (&fixture->server));
  int running = 1;
  gint64 guard = g_get_monotonic_time () + GUARD_MS * 1000;
  while (running > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, guard);
      curl_multi_poll (fixture->multi, NULL, 0, 100, NULL);
      curl_multi_perform (fixture->multi, &running);
    }
  int left;
  CURLMsg *message = curl_multi_info_read (fixture->multi, &left);
  g_assert_nonnull (message);
  g_assert_cmpint (message->data.result, !=, CURLE_OK);
  call_free (fixture, call);
}

static void
addresses (void)
{
  static const struct
  {
    const char *listen, *message;
  } bad[] = {
    { "", "'' is not ADDRESS:PORT" },
    { "8080", "'8080' is not ADDRESS:PORT" },
    { "127.0.0.1:", "'127.0.0.1:' is not ADDRESS:PORT" },
    { "127.0.0.1:65536", "'127.0.0.1:65536' is not ADDRESS:PORT" },
    { "localhost:80", "'localhost:80': 'localhost' is not a numeric address" },
    { "[::1:80", "'[::1:80': '[::1' is not a numeric address" },
    { "192.0.2.1:0", "listen on '192.0.2.1:0': Cannot assign requested address" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (lk_server_new (bad[i].listen, 0, on_request, NULL, &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_CONFIG);
      g_assert_cmpstr (error->message, ==, bad[i].message);
    }
}

static void
taken_port (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LkServer) first = lk_server_new ("127.0.0.1:0", 0, on_request, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (lk_server_port (first), !=, 0);
  g_autofree char *same = g_strdup_printf ("127.0.0.1:%u", lk_server_port (first));
  g_assert_null (lk_server_new (same, 0, on_request, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_RETRY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  curl_global_init (CURL_GLOBAL_DEFAULT);
#define CASE(path, func) g_test_add ("/server/" path, Fixture, NULL, set_up, func, tear_down)
  CASE ("answers-at-once", answers_at_once);
  CASE ("takes-a-body", takes_a_body);
  CASE ("body-at-and-above-the-ceiling", body_at_and_above_the_ceiling);
  CASE ("chunked-body-above-the-ceiling", chunked_body_above_the_ceiling);
  CASE ("answers-later", answers_later);
  CASE ("cuts-now-and-later", cuts_now_and_later);
  CASE ("short-body", short_body);
  CASE ("endless-body", endless_body);
  CASE ("no-body", no_body);
  CASE ("goes-with-requests-open", goes_with_requests_open);
  g_test_add_func ("/server/addresses", addresses);
  g_test_add_func ("/server/taken-port", taken_port);
  int status = g_test_run ();
  curl_global_cleanup ();
  return status;
}
