/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The HTTP client of <latchkey/http/client.h>, played: a request takes its time to the simulated
 * Nexudus, and its answer the same back. Everything above it is as it is built: paging, parsing,
 * retries, the login, the budget. One thread.
 */
#include "check.h"

#include "../sim/owners.h"

#include <latchkey/base/error.h>
#include <latchkey/http/client.h>
#include <string.h>

#define BASE "http://localhost"

struct _LkHttp
{
  SimProcess *process;
  GPtrArray *calls; /* LkHttpCall*, in the order in which they were sent */
};

struct _LkHttpCall
{
  LkHttp *http; /* NULL: cancelled */
  SimProcess *process;
  char *method, *url, *authorization, *client, *body;
  LkHttpFunc func;
  gpointer data;
  LkTime started_at; /* by its process's clock */
  gint64 sent_at, deadline;
  ServeAnswer answer;
  gboolean is_here, timed_out;
};

/* --- on the way ------------------------------------------------------------------------------- */

static void
come_back (gpointer data)
{
  LkHttpCall *call = data;

  if (call->http == NULL)
    return;
  call->is_here = TRUE;
  sim_process_stir (call->process, 0);
}

static void
arrive (gpointer data)
{
  LkHttpCall *call = data;
  SimWorld *world = call->process->world;
  const ServeRequest request
      = { call->method, call->url + strlen (BASE), call->authorization, call->client, call->body };
  gint64 back = 5 + sim_throw (world, 100, "back", 0, 0), left;

  if (call->http == NULL)
    return; /* it never left */
  server_answer (world->service, &request, &call->answer);
  sim_note (world, "process %u  %s %s: %d, %.*s", call->process->index, call->method,
            call->url + strlen (BASE), call->answer.status, call->answer.status == 200 ? 1500 : 200,
            call->answer.body == NULL ? "" : call->answer.body);
  back += call->answer.wait;
  left = call->sent_at + call->deadline - world->now;
  if (back >= left)
    {
      call->timed_out = TRUE;
      back = MAX (left, 0);
    }
  sim_after (world, back, come_back, call);
}

LkHttp *
lk_http_new (const LkClock *clock, const char *api, const char *account)
{
  LkHttp *http = g_new0 (LkHttp, 1);

  (void) api;
  (void) account;
  http->process = (SimProcess *) (void *) clock;
  http->calls = g_ptr_array_new ();
  http->process->client = (SimClient *) http;
  return http;
}

void
lk_http_free (LkHttp *http)
{
  (void) http; /* its process is dead, and stays */
}

static char *
header_of (const LkHttpRequest *request, const char *name)
{
  for (guint i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
    if (g_str_has_prefix (request->headers[i], name))
      return g_strdup (request->headers[i] + strlen (name));
  return NULL;
}

LkHttpCall *
lk_http_send (LkHttp *http, const LkHttpRequest *request, LkHttpFunc func, gpointer data)
{
  SimWorld *world = http->process->world;
  LkHttpCall *call = g_new0 (LkHttpCall, 1);

  g_assert (g_str_has_prefix (request->url, BASE "/"));
  call->http = http;
  call->process = http->process;
  call->method = g_strdup (request->method);
  call->url = g_strdup (request->url);
  call->authorization = header_of (request, "Authorization: ");
  call->client = header_of (request, "client_id: ");
  call->body = g_strdup (request->body);
  call->func = func;
  call->data = data;
  call->started_at = lk_clock_wall (&http->process->clock);
  call->sent_at = world->now;
  call->deadline = request->deadline_ms > 0 ? request->deadline_ms : LK_HTTP_DEADLINE_MS;
  g_ptr_array_add (http->calls, call);
  check_sent (world, http->process);
  sim_after (world, 5 + sim_throw (world, 100, "there", 0, 0), arrive, call);
  return call;
}

void
lk_http_cancel (LkHttp *http, LkHttpCall *call)
{
  g_assert (g_ptr_array_remove (http->calls, call));
  call->http = NULL; /* what is on its way still points to it */
}

guint
lk_http_in_flight (const LkHttp *http)
{
  return http->calls->len;
}

const char *
lk_http_header (const LkHttpCall *call, const char *name)
{
  if (g_str_equal (name, "Date"))
    return call->answer.date;
  if (g_str_equal (name, "Retry-After") && call->answer.retry_after[0] != '\0')
    return call->answer.retry_after;
  return NULL;
}

void
lk_http_turn (LkHttp *http)
{
  (void) http; /* results come before everything else in a turn (sim_client_turn) */
}

/* --- what its process calls ------------------------------------------------------------------- */

static void
hand_over (LkHttpCall *call)
{
  SimWorld *world = call->process->world;
  g_autoptr (GError) error = NULL;
  LkHttpResponse response = { .call = call,
                              .started_at = call->started_at,
                              .duration_ms = world->now - call->sent_at,
                              .too_large = call->answer.too_large,
                              .body = "" };

  if (call->timed_out || call->answer.status == 0)
    (void) lk_fail (&error, LK_ERROR_UNKNOWN, "%s",
                    call->answer.too_large ? "the body is larger than 4 MiB"
                    : call->timed_out      ? "timed out"
                                           : "the connection was cut");
  else
    {
      response.status = call->answer.status;
      response.body = call->answer.body;
      response.body_len = call->answer.len;
    }
  response.error = error;
  if (error == NULL && sim_owners_lost_at (world->owners, call->process) != LK_TIME_NONE)
    sim_count (world, SIM_FAULT_OLD_PAGE);
  if (error == NULL)
    check_answered (world, call->process, &call->answer);
  call->func (&response, call->data);
}

gboolean
sim_client_turn (SimClient *client)
{
  LkHttp *http = (LkHttp *) client;
  gboolean something = FALSE;

  for (guint i = 0; i < http->calls->len;)
    {
      LkHttpCall *call = http->calls->pdata[i];

      if (!call->is_here)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index (http->calls, i);
      hand_over (call);
      serve_answer_clear (&call->answer);
      call->http = NULL; /* its events may still point to it */
      something = TRUE;
      i = 0; /* it may have cancelled or started others */
    }
  return something;
}

void
sim_client_kill (SimClient *client)
{
  LkHttp *http = (LkHttp *) client;

  if (http->calls->len > 0)
    sim_count (http->process->world, SIM_FAULT_SILENT);
  for (guint i = 0; i < http->calls->len; i++)
    ((LkHttpCall *) http->calls->pdata[i])->http = NULL;
  g_ptr_array_set_size (http->calls, 0);
}

void
sim_client_pause (SimClient *client)
{
  (void) client; /* what was sent goes on, and waits for it to wake */
}

/* What came meanwhile is in its sockets, or was given up by its own clock. */
void
sim_client_wake (SimClient *client)
{
  LkHttp *http = (LkHttp *) client;
  SimWorld *world = http->process->world;

  for (guint i = 0; i < http->calls->len; i++)
    {
      LkHttpCall *call = http->calls->pdata[i];
      if (world->now - call->sent_at >= call->deadline
          && sim_throw (world, 2, "too late", 0, 0) == 0)
        call->timed_out = call->is_here = TRUE;
    }
}

guint
sim_client_in_flight (const SimClient *client)
{
  return ((const LkHttp *) client)->calls->len;
}
