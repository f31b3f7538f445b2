/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Calls over one libcurl multi handle.
 */
#include <latchkey/http/client.h>

#include <errno.h>
#include <latchkey/base/error.h>
#include <latchkey/base/metrics.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 5000L
#define HEADERS_MAX (64 * 1024)

struct _LkHttpCall
{
  LkHttp *http;
  CURL *easy;
  struct curl_slist *headers;
  char *body;
  GString *answer;
  gsize header_bytes;
  gboolean too_large;
  LkTime started_at;
  gint64 started_steady;
  LkHttpFunc func;
  gpointer data;
  char why[CURL_ERROR_SIZE];
};

struct _LkHttp
{
  const LkClock *clock;
  char *api, *account;
  GHashTable *calls; /* LkHttpCall* */
};

static CURLM *multi;
static guint clients;

CURLM *
lk_http_multi (void)
{
  return multi;
}

LkHttp *
lk_http_new (const LkClock *clock, const char *api, const char *account)
{
  LkHttp *http = g_new0 (LkHttp, 1);

  http->clock = clock;
  http->api = g_strdup (api);
  http->account = g_strdup (account);
  http->calls = g_hash_table_new (NULL, NULL);
  if (clients++ == 0)
    {
      if (curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK)
        g_error ("libcurl can't be initialised");
      multi = curl_multi_init ();
      (void) curl_multi_setopt (multi, CURLMOPT_MAX_HOST_CONNECTIONS, 16L);
      (void) curl_multi_setopt (multi, CURLMOPT_PIPELINING, (long) CURLPIPE_NOTHING);
    }
  return http;
}

static void
call_free (LkHttpCall *call)
{
  (void) curl_multi_remove_handle (multi, call->easy);
  curl_easy_cleanup (call->easy);
  curl_slist_free_all (call->headers);
  g_string_free (call->answer, TRUE);
  g_free (call->body);
  g_free (call);
}

void
lk_http_free (LkHttp *http)
{
  GHashTableIter iter;
  gpointer call;

  if (http == NULL)
    return;
  g_hash_table_iter_init (&iter, http->calls);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    call_free (call);
  g_hash_table_unref (http->calls);
  g_free (http->api);
  g_free (http->account);
  g_free (http);
  if (--clients == 0)
    {
      (void) curl_multi_cleanup (multi);
      multi = NULL;
      curl_global_cleanup ();
    }
}

static size_t
take_body (char *data, size_t size, size_t n, void *user)
{
  LkHttpCall *call = user;

  if (call->answer->len + size * n > LK_HTTP_BODY_MAX)
    {
      call->too_large = TRUE;
      return 0; /* ends the transfer with CURLE_WRITE_ERROR */
    }
  g_string_append_len (call->answer, data, (gssize) (size * n));
  return size * n;
}

static size_t
take_header (char *data, size_t size, size_t n, void *user)
{
  LkHttpCall *call = user;

  call->header_bytes += size * n;
  return call->header_bytes > HEADERS_MAX ? 0 : size * n;
}

static void
set_method (LkHttpCall *call, const LkHttpRequest *request)
{
  gsize len = request->body == NULL     ? 0
              : request->body_len >= 0 ? (gsize) request->body_len
                                       : strlen (request->body);

  if (request->body != NULL)
    {
      call->body = g_memdup2 (request->body, len);
      (void) curl_easy_setopt (call->easy, CURLOPT_POSTFIELDS, call->body == NULL ? "" : call->body);
      (void) curl_easy_setopt (call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) len);
    }
  else if (g_str_equal (request->method, "POST"))
    {
      (void) curl_easy_setopt (call->easy, CURLOPT_POSTFIELDS, "");
      (void) curl_easy_setopt (call->easy, CURLOPT_POSTFIELDSIZE, 0L);
    }
  if (g_str_equal (request->method, "GET") && request->body == NULL)
    (void) curl_easy_setopt (call->easy, CURLOPT_HTTPGET, 1L);
  else if (!g_str_equal (request->method, "POST"))
    (void) curl_easy_setopt (call->easy, CURLOPT_CUSTOMREQUEST, request->method);
}

LkHttpCall *
lk_http_send (LkHttp *http, const LkHttpRequest *request, LkHttpFunc func, gpointer data)
{
  LkHttpCall *call = g_new0 (LkHttpCall, 1);
  gint64 deadline = request->deadline_ms > 0 ? request->deadline_ms : LK_HTTP_DEADLINE_MS;

  call->http = http;
  call->func = func;
  call->data = data;
  call->answer = g_string_new (NULL);
  call->easy = curl_easy_init ();
  call->started_at = lk_clock_wall (http->clock);
  call->started_steady = lk_clock_steady (http->clock);
  for (guint i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
    call->headers = curl_slist_append (call->headers, request->headers[i]);
  /* libcurl would wait a second for a "100 Continue" that neither service sends. */
  call->headers = curl_slist_append (call->headers, "Expect:");
  (void) curl_easy_setopt (call->easy, CURLOPT_URL, request->url);
  (void) curl_easy_setopt (call->easy, CURLOPT_PROTOCOLS_STR, "http,https");
  (void) curl_easy_setopt (call->easy, CURLOPT_FOLLOWLOCATION, 0L);
  (void) curl_easy_setopt (call->easy, CURLOPT_HTTPHEADER, call->headers);
  (void) curl_easy_setopt (call->easy, CURLOPT_TIMEOUT_MS, (long) deadline);
  (void) curl_easy_setopt (call->easy, CURLOPT_CONNECTTIMEOUT_MS, MIN (CONNECT_MS, (long) deadline));
  (void) curl_easy_setopt (call->easy, CURLOPT_NOSIGNAL, 1L);
  (void) curl_easy_setopt (call->easy, CURLOPT_ACCEPT_ENCODING, "");
  (void) curl_easy_setopt (call->easy, CURLOPT_USERAGENT, "latchkey/" LK_VERSION);
  (void) curl_easy_setopt (call->easy, CURLOPT_WRITEFUNCTION, take_body);
  (void) curl_easy_setopt (call->easy, CURLOPT_WRITEDATA, call);
  (void) curl_easy_setopt (call->easy, CURLOPT_HEADERFUNCTION, take_header);
  (void) curl_easy_setopt (call->easy, CURLOPT_HEADERDATA, call);
  (void) curl_easy_setopt (call->easy, CURLOPT_ERRORBUFFER, call->why);
  (void) curl_easy_setopt (call->easy, CURLOPT_PRIVATE, call);
  /* libcurl sends a request again, a POST too, up to five times, when a reused connection turns out
   * to be closed: each call has a connection of its own, so that a write happens at most once (S4,
   * S5) and no request is made that the budget has not counted (S11). */
  (void) curl_easy_setopt (call->easy, CURLOPT_FRESH_CONNECT, 1L);
  (void) curl_easy_setopt (call->easy, CURLOPT_FORBID_REUSE, 1L);
  set_method (call, request);
  (void) g_hash_table_add (http->calls, call);
  if (curl_multi_add_handle (multi, call->easy) != CURLM_OK)
    g_error ("libcurl can't take a request");
  return call;
}

void
lk_http_cancel (LkHttp *http, LkHttpCall *call)
{
  if (g_hash_table_remove (http->calls, call))
    call_free (call);
}

guint
lk_http_in_flight (const LkHttp *http)
{
  return g_hash_table_size (http->calls);
}

const char *
lk_http_header (const LkHttpCall *call, const char *name)
{
  struct curl_header *header;

  if (curl_easy_header (call->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
    return NULL;
  return header->value;
}

/* Whether any byte of the request can have reached the server: a write may then have happened. */
static gboolean
was_sent (const LkHttpCall *call)
{
  curl_off_t connect = 0;
  long bytes = 0;

  (void) curl_easy_getinfo (call->easy, CURLINFO_PRETRANSFER_TIME_T, &connect);
  (void) curl_easy_getinfo (call->easy, CURLINFO_REQUEST_SIZE, &bytes);
  return connect > 0 || bytes > 0;
}

static const char *
status_class (int status)
{
  if (status == 429)
    return "429";
  return status >= 500 ? "5xx" : status >= 400 ? "4xx" : status >= 300 ? "3xx" : "2xx";
}

static void
finish (LkHttpCall *call, CURLcode code)
{
  LkHttp *http = call->http;
  g_autoptr (GError) error = NULL;
  LkHttpResponse response = { .call = call };
  long status = 0;

  (void) curl_easy_getinfo (call->easy, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK)
    {
      (void) lk_fail (&error, was_sent (call) ? LK_ERROR_UNKNOWN : LK_ERROR_RETRY, "%s",
                      call->too_large         ? "the body is larger than 4 MiB"
                      : call->why[0] != '\0' ? call->why
                                              : curl_easy_strerror (code));
      status = 0;
    }
  response.status = (int) status;
  response.body = call->answer->str;
  response.body_len = call->answer->len;
  response.too_large = call->too_large;
  response.started_at = call->started_at;
  response.duration_ms = lk_clock_steady (http->clock) - call->started_steady;
  response.error = error;
  lk_metric_add (LK_M_HTTP_REQUESTS, 1, http->api, http->account,
                 error != NULL ? "error" : status_class (response.status), NULL);
  lk_metric_observe (LK_M_HTTP_SECONDS, (double) response.duration_ms / 1000, http->api,
                     http->account, NULL);
  call->func (&response, call->data);
  call_free (call);
}

void
lk_http_turn (LkHttp *http)
{
  CURLMsg *message;
  int running, left;

  (void) http;
  (void) curl_multi_perform (multi, &running);
  /* All clients share the multi handle, so whoever turns first serves the others' ends too. One at
   * a time: a callback may cancel another call, whose message libcurl then drops. */
  while (multi != NULL && (message = curl_multi_info_read (multi, &left)) != NULL)
    {
      CURLcode code = message->data.result;
      LkHttpCall *call = NULL;

      if (message->msg != CURLMSG_DONE)
        continue;
      (void) curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **) &call);
      (void) g_hash_table_remove (call->http->calls, call);
      finish (call, code);
    }
}
