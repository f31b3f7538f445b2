/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * How often each call came: the tests' proof that nothing was written twice.
 */
#include "sandbox.h"

#include <string.h>

#define LOG_MAX 1000

typedef struct
{
  Service service;
  char *method, *path; /* path with {id} for ids */
  guint64 count, throttled, failed;
} Counter;

struct _Calls
{
  GHashTable *by_key; /* text → Counter */
  GPtrArray *order;
  guint64 writes[SERVICES_], reads[SERVICES_];
  GQueue log; /* of json_t */
};

static const char *const service_names[] = { "nexudus", "kisi" };

static void
counter_free (gpointer data)
{
  Counter *counter = data;
  g_free (counter->method);
  g_free (counter->path);
  g_free (counter);
}

Calls *
calls_new (void)
{
  Calls *calls = g_new0 (Calls, 1);
  calls->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  calls->order = g_ptr_array_new_with_free_func (counter_free);
  g_queue_init (&calls->log);
  return calls;
}

void
calls_free (Calls *calls)
{
  if (calls == NULL)
    return;
  g_hash_table_unref (calls->by_key);
  g_ptr_array_unref (calls->order);
  g_queue_clear_full (&calls->log, json_free);
  g_free (calls);
}

static gboolean
is_id (const char *part, gsize len)
{
  gboolean digits = len > 0;
  for (gsize i = 0; i < len; i++)
    digits &= g_ascii_isdigit (part[i]);
  return digits || (len == 36 && part[8] == '-');
}

/* "/role_assignments/17" → "/role_assignments/{id}" */
static void
path_class (const char *path, GString *out)
{
  while (*path == '/')
    {
      gsize len = strcspn (++path, "/");
      g_string_append_c (out, '/');
      if (is_id (path, len))
        g_string_append (out, "{id}");
      else
        g_string_append_len (out, path, (gssize)len);
      path += len;
    }
}

static void
append_query (const char *name, const char *value, gpointer data)
{
  GString *text = data;
  g_string_append_printf (text, "%s%s=%s", text->len > 0 ? "&" : "", name, value ? value : "");
}

static void
log_call (Calls *calls, const Call *call, guint status)
{
  g_autoptr (GString) query = g_string_new (NULL);
  lk_server_query_each (call->request, append_query, query);
  json_t *row
      = json_pack ("{s:o,s:s,s:s,s:s,s:s,s:i}", "at", json_time_text (sandbox_now (call->sandbox)),
                   "service", service_names[call->service], "method", call->method, "path",
                   call->path, "query", query->str, "status", (int)status);
  if (row == NULL)
    return; /* a path that is no UTF-8 */
  g_queue_push_tail (&calls->log, row);
  if (g_queue_get_length (&calls->log) > LOG_MAX)
    json_decref (g_queue_pop_head (&calls->log));
}

void
calls_count (Calls *calls, const Call *call, guint status)
{
  g_autoptr (GString) key = g_string_new (NULL);
  g_string_append_printf (key, "%d %s ", call->service, call->method);
  gsize path_at = key->len;
  path_class (call->path, key);

  Counter *counter = g_hash_table_lookup (calls->by_key, key->str);
  if (counter == NULL)
    {
      counter = g_new0 (Counter, 1);
      counter->service = call->service;
      counter->method = g_strdup (call->method);
      counter->path = g_strdup (key->str + path_at);
      g_ptr_array_add (calls->order, counter);
      g_hash_table_insert (calls->by_key, g_strdup (key->str), counter);
    }
  counter->count++;
  counter->throttled += status == 429 || (status == 409 && call->service == SERVICE_NEXUDUS);
  counter->failed += status == 0 || status >= 400;
  if (call_writes (call))
    calls->writes[call->service]++;
  else
    calls->reads[call->service]++;
  log_call (calls, call, status);
}

static gboolean
wanted (const char *filter, const char *value)
{
  return filter == NULL || g_str_equal (filter, value);
}

json_t *
calls_get (const Calls *calls, const char *service, const char *method, const char *path)
{
  json_t *rows = json_array ();
  for (guint i = 0; i < calls->order->len; i++)
    {
      const Counter *counter = calls->order->pdata[i];
      if (!wanted (service, service_names[counter->service]) || !wanted (method, counter->method)
          || !wanted (path, counter->path))
        continue;
      json_array_append_new (
          rows, json_pack ("{s:s,s:s,s:s,s:I,s:I,s:I}", "service", service_names[counter->service],
                           "method", counter->method, "path", counter->path, "count",
                           (json_int_t)counter->count, "throttled", (json_int_t)counter->throttled,
                           "failed", (json_int_t)counter->failed));
    }
  return json_pack ("{s:{s:I,s:I},s:{s:I,s:I},s:o}", "writes", "nexudus",
                    (json_int_t)calls->writes[SERVICE_NEXUDUS], "kisi",
                    (json_int_t)calls->writes[SERVICE_KISI], "reads", "nexudus",
                    (json_int_t)calls->reads[SERVICE_NEXUDUS], "kisi",
                    (json_int_t)calls->reads[SERVICE_KISI], "calls", rows);
}

json_t *
calls_log (const Calls *calls)
{
  json_t *out = json_array ();
  for (const GList *item = calls->log.head; item != NULL; item = item->next)
    json_array_append (out, item->data);
  return out;
}
