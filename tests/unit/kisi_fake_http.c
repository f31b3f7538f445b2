/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The scripted HTTP client. Its functions have the names of lk_http's, which the linker therefore
 * does not take from the library.
 */
#include "kisi_fake_http.h"

#include <latchkey/base/error.h>

#include <string.h>

#define BASE_URL "https://kisi.test"

struct _LkHttp
{
  const LkClock *clock;
  GPtrArray *calls; /* LkHttpCall, in flight */
};

struct _LkHttpCall
{
  const FakeStep *step;
  LkHttpFunc func;
  gpointer data;
};

static struct
{
  const FakeStep *steps;
  guint n, next;
  char **headers;
} script;

void
fake_http_script (const FakeStep *steps, guint n)
{
  script.steps = steps;
  script.n = n;
  script.next = 0;
}

void
fake_http_done (void)
{
  g_assert_cmpuint (script.next, ==, script.n);
}

guint
fake_http_count (void)
{
  return script.next;
}

const char *
fake_http_sent_header (const char *name)
{
  for (guint i = 0; script.headers != NULL && script.headers[i] != NULL; i++)
    if (g_str_has_prefix (script.headers[i], name) && script.headers[i][strlen (name)] == ':')
      return script.headers[i] + strlen (name) + 2;
  return NULL;
}

LkHttp *
lk_http_new (const LkClock *clock, const char *api, const char *account)
{
  LkHttp *http = g_new0 (LkHttp, 1);

  http->clock = clock;
  http->calls = g_ptr_array_new_with_free_func (g_free);
  return http;
}

void
lk_http_free (LkHttp *http)
{
  if (http == NULL)
    return;
  g_ptr_array_unref (http->calls);
  g_clear_pointer (&script.headers, g_strfreev);
  g_free (http);
}

LkHttpCall *
lk_http_send (LkHttp *http, const LkHttpRequest *request, LkHttpFunc func, gpointer data)
{
  LkHttpCall *call = g_new0 (LkHttpCall, 1);
  const FakeStep *step;

  if (script.next >= script.n)
    g_error ("not in the script: %s %s", request->method, request->url);
  step = &script.steps[script.next++];
  g_assert_true (g_str_has_prefix (request->url, BASE_URL));
  g_assert_cmpstr (request->method, ==, step->method);
  g_assert_cmpstr (request->url + strlen (BASE_URL), ==, step->path);
  g_assert_cmpstr (request->body, ==, step->sent);
  g_strfreev (script.headers);
  script.headers = g_strdupv ((char **)request->headers);
  *call = (LkHttpCall){ step, func, data };
  g_ptr_array_add (http->calls, call);
  return call;
}

void
lk_http_cancel (LkHttp *http, LkHttpCall *call)
{
  g_assert_true (g_ptr_array_remove (http->calls, call));
}

guint
lk_http_in_flight (const LkHttp *http)
{
  return http->calls->len;
}

const char *
lk_http_header (const LkHttpCall *call, const char *name)
{
  return g_ascii_strcasecmp (name, "X-Collection-Range") == 0 ? call->step->range : NULL;
}

gint64
lk_http_retry_after_ms (const LkHttpResponse *response)
{
  gint64 ms = response->call->step->retry_after_ms;

  return ms != 0 ? ms : -1;
}

LkTime
lk_http_date (const LkHttpResponse *response)
{
  LkTime date = response->call->step->date;

  return date != 0 ? date : LK_TIME_NONE;
}

void
lk_http_turn (LkHttp *http)
{
  while (http->calls->len > 0)
    {
      g_autofree LkHttpCall *call = g_ptr_array_steal_index (http->calls, 0);
      const FakeStep *step = call->step;
      g_autoptr (GError) error = NULL;
      const char *body = step->body != NULL ? step->body : "";

      if (step->status == 0)
        g_set_error_literal (&error, LK_ERROR, step->unsure ? LK_ERROR_UNKNOWN : LK_ERROR_RETRY,
                             "GET https://kisi.test/users?query=ada%40example.org: timed out");
      const LkHttpResponse response = { .status = step->status,
                                        .body = body,
                                        .body_len = strlen (body),
                                        .started_at = lk_clock_wall (http->clock),
                                        .error = error,
                                        .call = call };
      call->func (&response, call->data);
    }
}
