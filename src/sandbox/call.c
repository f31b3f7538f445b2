/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One call to a service, from arrival to answer: hold, effect, delay, and what a fault makes of
 * the answer on its way out.
 */
#include "sandbox.h"

#include <string.h>
#include <time.h>

static const char unsuccessful[]
    = "{\"Status\":500,\"Message\":\"Ooops! There was a problem while running this action.\","
      "\"Value\":null,\"OpenInDialog\":false,\"OpenInWindow\":false,\"RedirectURL\":null,"
      "\"JavaScript\":null,\"UpdatedOn\":null,\"UpdatedBy\":null,\"Errors\":null,"
      "\"WasSuccessful\":false}";

static const char html_page[] = "<!DOCTYPE html><html><head><title>Bad gateway</title></head>"
                                "<body><h1>Please try again</h1></body></html>";

static void
call_free (Call *call)
{
  json_decref (call->body);
  json_decref (call->fault.body);
  json_decref (call->fault.headers);
  if (call->out != NULL)
    g_string_free (call->out, TRUE);
  g_ptr_array_unref (call->headers);
  g_free (call);
}

void
call_header (Call *call, const char *name, const char *value)
{
  g_ptr_array_add (call->headers, g_strdup (name));
  g_ptr_array_add (call->headers, g_strdup (value));
}

void
call_reply_text (Call *call, guint status, const char *json)
{
  g_assert (call->status == 0);
  call->status = status;
  call->out = json != NULL ? g_string_new (json) : NULL;
}

static int
append_json (const char *text, size_t len, void *data)
{
  g_string_append_len (data, text, (gssize)len);
  return 0;
}

void
call_reply (Call *call, guint status, json_t *body)
{
  call_reply_text (call, status, body != NULL ? "" : NULL);
  if (body == NULL)
    return;
  (void)json_dump_callback (body, append_json, call->out, JSON_COMPACT | JSON_ENCODE_ANY);
  json_decref (body);
}

gint64
call_query_int (const Call *call, const char *name, gint64 otherwise)
{
  const char *text = lk_server_query (call->request, name);
  gint64 value;
  if (text == NULL || !g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL))
    return otherwise;
  return value;
}

gboolean
call_is (const Call *call, const char *method)
{
  return g_str_equal (call->method, method);
}

gboolean
call_writes (const Call *call)
{
  if (call_is (call, "GET") || call_is (call, "HEAD"))
    return FALSE;
  return !g_str_equal (call->path, "/api/token") && !g_str_equal (call->path, "/event_sets");
}

/* The server's own Date header is the machine's; with a moved clock ours replaces it. */
static void
add_date (Call *call)
{
  char text[64];
  struct tm parts;
  time_t now = (time_t)(sandbox_now (call->sandbox) / LK_SECOND);
  if (call->sandbox->clock_offset == 0)
    return;
  gmtime_r (&now, &parts);
  strftime (text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  call_header (call, "Date", text);
}

static void
apply_status_fault (Call *call)
{
  const char *name;
  json_t *value;
  if (call->out != NULL)
    g_string_free (g_steal_pointer (&call->out), TRUE);
  g_ptr_array_set_size (call->headers, 0);
  call->status = 0;
  json_t *body = call->fault.body;
  if (call->fault.effect == EFFECT_UNSUCCESSFUL)
    call_reply_text (call, call->fault.status, unsuccessful);
  else if (json_is_string (body))
    call_reply_text (call, call->fault.status, json_string_value (body));
  else
    call_reply (call, call->fault.status, json_incref (body));
  json_object_foreach (call->fault.headers, name, value)
  {
    if (json_is_string (value))
      call_header (call, name, json_string_value (value));
  }
}

static void
spoil (Call *call)
{
  switch (call->fault.effect)
    {
    case EFFECT_STATUS:
    case EFFECT_UNSUCCESSFUL:
      apply_status_fault (call);
      break;
    case EFFECT_HTML:
      if (call->out != NULL)
        g_string_free (call->out, TRUE);
      call->out = g_string_new (html_page);
      call->status = call->fault.status;
      break;
    case EFFECT_MALFORMED:
      if (call->out != NULL && call->out->len > 0)
        g_string_truncate (call->out, call->out->len - 1);
      else
        call->out = call->out != NULL ? g_string_append (call->out, "{") : g_string_new ("{");
      break;
    default:
      break;
    }
}

static GBytes *
take_out (Call *call)
{
  return g_string_free_to_bytes (g_steal_pointer (&call->out));
}

static void
send_call (Call *call)
{
  spoil (call);
  calls_count (call->sandbox->calls, call, call->status);
  if (call->fault.effect == EFFECT_CUT_BEFORE || call->fault.effect == EFFECT_CUT_AFTER)
    {
      lk_server_cut (call->request);
      call_free (call);
      return;
    }

  add_date (call);
  if (call->out != NULL)
    call_header (call, "Content-Type",
                 call->fault.effect == EFFECT_HTML ? "text/html; charset=utf-8"
                                                   : "application/json; charset=utf-8");
  g_ptr_array_add (call->headers, NULL);
  const char *const *headers = (const char *const *)call->headers->pdata;
  gboolean has_body = call->out != NULL && call->out->len > 0;
  g_autoptr (GBytes) body = call->out != NULL ? take_out (call) : NULL;
  if (has_body && call->fault.effect == EFFECT_SHORT)
    {
      gsize whole = g_bytes_get_size (body);
      g_autoptr (GBytes) half = g_bytes_new_from_bytes (body, 0, whole / 2);
      lk_server_reply_broken (call->request, call->status, headers, half, whole);
    }
  else if (has_body && call->fault.effect == EFFECT_ENDLESS)
    lk_server_reply_broken (call->request, call->status, headers, body, 0);
  else
    lk_server_reply (call->request, call->status, headers, body);
  call_free (call);
}

static void
wait_for (Call *call, gint64 ms, LkTimerFunc func)
{
  g_hash_table_insert (call->sandbox->waiting, call,
                       lk_timers_add (call->sandbox->timers, ms, func, call));
}

static void
on_delayed (gpointer data)
{
  Call *call = data;
  g_hash_table_remove (call->sandbox->waiting, call);
  send_call (call);
}

void
call_drop_waiting (Sandbox *sandbox, gboolean cut)
{
  GHashTableIter iter;
  gpointer key, timer;
  g_hash_table_iter_init (&iter, sandbox->waiting);
  while (g_hash_table_iter_next (&iter, &key, &timer))
    {
      Call *call = key;
      lk_timers_cancel (sandbox->timers, timer);
      if (cut)
        lk_server_cut (call->request);
      g_hash_table_iter_remove (&iter);
      call_free (call);
    }
}

static void
act (Call *call)
{
  gboolean skip
      = call->fault.effect == EFFECT_CUT_BEFORE
        || ((call->fault.effect == EFFECT_STATUS || call->fault.effect == EFFECT_UNSUCCESSFUL)
            && !call->fault.after);
  if (!skip && call->service == SERVICE_NEXUDUS)
    nexudus_answer (call);
  else if (!skip)
    kisi_answer (call);
  if (call->fault.delay_ms > 0)
    wait_for (call, call->fault.delay_ms, on_delayed);
  else
    send_call (call);
}

static void
on_held (gpointer data)
{
  Call *call = data;
  g_hash_table_remove (call->sandbox->waiting, call);
  act (call);
}

void
call_handle (Sandbox *sandbox, Service service, LkServerRequest *request)
{
  gsize len;
  const char *text = lk_server_body (request, &len);
  Call *call = g_new0 (Call, 1);
  call->sandbox = sandbox;
  call->request = request;
  call->service = service;
  call->method = lk_server_method (request);
  call->path = lk_server_path (request);
  call->headers = g_ptr_array_new_with_free_func (g_free);
  if (len > 0)
    {
      call->body = json_loadb (text, len, JSON_REJECT_DUPLICATES, NULL);
      call->is_bad = call->body == NULL;
    }
  sandbox_tick (sandbox);
  faults_choose (sandbox->faults, call);
  if (call->fault.hold_ms > 0)
    wait_for (call, call->fault.hold_ms, on_held);
  else
    act (call);
}
