/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Event sets (kisi-api.md §3.1): made from filters, read by cursor, gone after a day.
 */
#include "kisi.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 50
#define SPAN_MAX (90 * LK_DAY)

static void
set_free (EventSet *set)
{
  json_decref (set->filters);
  json_decref (set->events);
  g_free (set->status);
  g_free (set);
}

void
ki_event_sets_clear (Kisi *kisi)
{
  for (guint i = 0; i < kisi->sets->len; i++)
    set_free (kisi->sets->pdata[i]);
  g_ptr_array_set_size (kisi->sets, 0);
}

/* "start/end" of ISO 8601; FALSE when it is none of the forms. */
static gboolean
read_interval (const char *text, LkTime now, LkTime *from, LkTime *until)
{
  const char *slash = text == NULL ? NULL : strchr (text, '/');

  *until = now + LK_SECOND;
  *from = now - SPAN_MAX;
  if (text == NULL)
    return TRUE;
  if (slash == NULL || !lk_time_parse (text, (gsize) (slash - text), from, NULL))
    return FALSE;
  return lk_time_parse (slash + 1, strlen (slash + 1), until, NULL) && *until >= *from
         && *until - *from <= SPAN_MAX + LK_MINUTE;
}

static gboolean
in_list (const char *list, const char *word)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  return g_strv_contains ((const char *const *) words, word);
}

static gboolean
matches (const json_t *event, const json_t *filters, LkTime from, LkTime until)
{
  LkTime at = json_time (event, "created_at");
  const char *types = json_text (filters, "event_type");
  gint64 place = json_int (filters, "event_place_id", json_int (filters, "place_id", 0));

  return at >= from && at <= until
         && (types == NULL || in_list (types, json_text (event, "type")))
         && (place == 0 || json_int (event, "place_id", 0) == place);
}

static int
by_time (gconstpointer a, gconstpointer b)
{
  LkTime x = json_time (*(json_t *const *) a, "created_at");
  LkTime y = json_time (*(json_t *const *) b, "created_at");

  return x < y ? -1 : x > y;
}

static json_t *
collect (Kisi *kisi, const json_t *filters, LkTime from, LkTime until)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  gboolean oldest = switch_is (kisi->sandbox, SW_KI_EVENT_ORDER, "oldest_first");
  json_t *events = json_array ();

  for (guint i = 0; i < kisi->events->len; i++)
    if (matches (kisi->events->pdata[i], filters, from, until))
      g_ptr_array_add (found, kisi->events->pdata[i]);
  g_ptr_array_sort (found, by_time);
  for (guint i = 0; i < found->len; i++)
    {
      json_t *event = json_copy (found->pdata[oldest ? i : found->len - 1 - i]);
      json_set (event, "created_at", ki_time (kisi, json_time (event, "created_at")));
      json_array_append_new (events, event);
    }
  return events;
}

/* The set as it is read at CURSOR, LIMIT events of it. */
static json_t *
render (Kisi *kisi, const EventSet *set, size_t cursor, size_t limit)
{
  json_t *out = json_copy (set->filters);
  size_t total = json_array_size (set->events), end = MIN (cursor + limit, total);

  json_set (out, "id", json_integer (set->id));
  json_set (out, "created_at", ki_time (kisi, set->created_at));
  json_set (out, "status", json_string (set->status));
  json_set (out, "cursor", json_null ());
  if (!g_str_equal (set->status, "finished"))
    return out;
  json_t *page = json_array ();
  for (size_t i = cursor; i < end; i++)
    json_array_append (page, json_array_get (set->events, i));
  json_set (out, "events", page);
  if (end < total)
    json_set (out, "cursor", json_sprintf ("c%zu", end));
  return out;
}

static size_t
limit_of (Call *call)
{
  gint64 limit = call_query_int (call, "limit", PAGE_DEFAULT);

  return (size_t) CLAMP (limit, 1, call->sandbox->limits[LIM_KI_EVENT_PAGE]);
}

void
ki_event_sets_post (Call *call)
{
  Kisi *kisi = call->sandbox->kisi;
  const json_t *filters = json_object_get (call->body, "event_set");
  LkTime now = sandbox_now (call->sandbox), from, until;
  EventSet *set;

  if (switch_is (call->sandbox, SW_KI_EVENT_SET, "503"))
    {
      ki_error (call, 503, "ffffff", "Service unavailable.");
      return;
    }
  if (!json_is_object (filters) || !read_interval (json_text (filters, "interval"), now, &from, &until))
    {
      ki_invalid (call, "interval", "is invalid");
      return;
    }
  set = g_new0 (EventSet, 1);
  set->id = ++kisi->next_id;
  set->created_at = now;
  set->filters = json_deep_copy (filters);
  set->events = collect (kisi, filters, from, until);
  set->reads_left = switch_number (call->sandbox, SW_KI_EVENT_SET);
  set->status = g_strdup (switch_is (call->sandbox, SW_KI_EVENT_SET, "failed") ? "failed"
                          : set->reads_left > 0                                ? "in_progress"
                                                                               : "finished");
  g_ptr_array_add (kisi->sets, set);
  call_reply (call, 200, render (kisi, set, 0, limit_of (call)));
}

void
ki_event_sets_get (Call *call, gint64 id)
{
  Kisi *kisi = call->sandbox->kisi;
  LkTime now = sandbox_now (call->sandbox);
  const char *cursor = lk_server_query (call->request, "cursor");
  char *end = NULL;
  guint64 at = 0;

  for (guint i = 0; i < kisi->sets->len; i++)
    {
      EventSet *set = kisi->sets->pdata[i];
      if (set->id != id
          || now > set->created_at + call->sandbox->limits[LIM_KI_EVENT_SET_LIFE] * LK_SECOND)
        continue;
      if (cursor != NULL)
        at = *cursor == 'c' ? g_ascii_strtoull (cursor + 1, &end, 10) : 0;
      if (cursor != NULL && (*cursor != 'c' || *end != '\0'))
        {
          ki_error (call, 400, "ffffff", "The cursor is invalid.");
          return;
        }
      if (g_str_equal (set->status, "in_progress") && --set->reads_left <= 0)
        {
          g_free (set->status);
          set->status = g_strdup ("finished");
        }
      call_reply (call, 200, render (kisi, set, (size_t) at, limit_of (call)));
      return;
    }
  ki_error (call, 404, "ffffff", "The requested resource could not be found.");
}
