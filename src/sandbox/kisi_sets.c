/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's event sets: asked for, polled until they are finished, read by cursor (kisi-api.md §3.1).
 * A set holds what there was when it was made.
 */
#include "kisi.h"

#include <string.h>

#define WINDOW_MAX   (90 * LK_DAY)
#define PAGE_DEFAULT 50

typedef struct
{
  gint64 id, user;
  json_t *filters; /* as they were asked */
  GPtrArray *events;
  LkTime created_at, from, until;
  gint64 polls_left; /* until it is finished */
  gboolean failed;
} EventSet;

static const char *const filter_keys[] = { "interval",
                                           "event_type",
                                           "event_success",
                                           "event_actor_type",
                                           "event_actor_id",
                                           "event_object_type",
                                           "event_object_id",
                                           "event_authenticated_by_type",
                                           "event_authenticated_by_id",
                                           "event_uuid",
                                           "event_sequence",
                                           "event_place_id" };

void
ki_set_free (gpointer data)
{
  EventSet *set = data;
  json_decref (set->filters);
  g_ptr_array_unref (set->events);
  g_free (set);
}

/* --- the interval ----------------------------------------------------------------------------- */

/* "P90D", "PT1H30M": days and smaller. */
static gboolean
parse_duration (const char *text, LkTime *out)
{
  gboolean in_time = FALSE;
  LkTime total = 0;
  if (*text++ != 'P' || *text == '\0')
    return FALSE;
  while (*text != '\0')
    {
      char *end;
      if (*text == 'T')
        {
          in_time = TRUE;
          text++;
          continue;
        }
      gint64 n = g_ascii_strtoll (text, &end, 10);
      if (end == text || n < 0 || n > 1000000)
        return FALSE;
      LkTime unit = *end == 'W'              ? 7 * LK_DAY
                    : *end == 'D'            ? LK_DAY
                    : *end == 'H' && in_time ? LK_HOUR
                    : *end == 'M' && in_time ? LK_MINUTE
                    : *end == 'S' && in_time ? LK_SECOND
                                             : 0;
      if (unit == 0)
        return FALSE;
      total += n * unit;
      text = end + 1;
    }
  *out = total;
  return TRUE;
}

static gboolean
parse_interval (const char *text, LkTime now, LkTime *from, LkTime *until)
{
  LkTime span;
  *until = now;
  *from = now - WINDOW_MAX;
  if (text == NULL)
    return TRUE;
  const char *slash = strchr (text, '/');
  if (slash == NULL)
    return FALSE;
  g_autofree char *left = g_strndup (text, (gsize)(slash - text));
  const char *right = slash + 1;
  if (*left == 'P')
    {
      if (!parse_duration (left, &span) || !lk_time_parse (right, strlen (right), until, NULL))
        return FALSE;
      *from = *until - span;
    }
  else if (!lk_time_parse (left, strlen (left), from, NULL))
    return FALSE;
  else if (*right == 'P')
    {
      if (!parse_duration (right, &span))
        return FALSE;
      *until = *from + span;
    }
  else if (!lk_time_parse (right, strlen (right), until, NULL))
    return FALSE;
  return *from <= *until;
}

/* --- which events ----------------------------------------------------------------------------- */

/* LIST is separated by commas; NULL takes any. */
static gboolean
in_list (const char *list, const char *value)
{
  if (list == NULL)
    return TRUE;
  g_auto (GStrv) parts = g_strsplit (list, ",", -1);
  return value != NULL && g_strv_contains ((const char *const *)parts, value);
}

static gboolean
equals (const json_t *filters, const char *filter, const json_t *event, const char *key)
{
  const json_t *wanted = json_object_get (filters, filter);
  return wanted == NULL || json_is_null (wanted)
         || json_equal (wanted, json_object_get (event, key));
}

static gboolean
event_matches (const json_t *filters, gint64 place, const json_t *event)
{
  static const char *const pairs[][2]
      = { { "event_success", "success" },
          { "event_actor_type", "actor_type" },
          { "event_actor_id", "actor_id" },
          { "event_object_type", "object_type" },
          { "event_object_id", "object_id" },
          { "event_authenticated_by_type", "authenticated_by_type" },
          { "event_authenticated_by_id", "authenticated_by_id" },
          { "event_place_id", "place_id" } };
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (!equals (filters, pairs[i][0], event, pairs[i][1]))
      return FALSE;
  return (place == 0 || json_int (event, "place_id", 0) == place)
         && in_list (json_text (filters, "event_type"), json_text (event, "type"))
         && in_list (json_text (filters, "event_uuid"), json_text (event, "uuid"))
         && in_list (json_text (filters, "event_sequence"), json_text (event, "sequence"));
}

static gboolean
sees_event (const KiLogin *login, const json_t *event)
{
  return login->places == NULL || json_list_has (login->places, json_int (event, "place_id", 0));
}

static gint
by_time (gconstpointer a, gconstpointer b, gpointer newest_first)
{
  const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
  gint64 l = ki_time (left, "created_at"), r = ki_time (right, "created_at");
  gint order = (l > r) - (l < r);
  if (order == 0)
    order = (gint)(g_ascii_strtoll (json_text (left, "sequence"), NULL, 10)
                   - g_ascii_strtoll (json_text (right, "sequence"), NULL, 10));
  return newest_first ? -order : order;
}

static void
collect (Call *call, EventSet *set)
{
  Kisi *kisi = call->sandbox->kisi;
  gint64 place = json_int (set->filters, "place_id", 0);
  g_ptr_array_set_size (set->events, 0);
  for (guint i = 0; i < kisi->events->len; i++)
    {
      json_t *event = kisi->events->pdata[i];
      LkTime at = ki_time (event, "created_at");
      if (at >= set->from && at <= set->until && event_matches (set->filters, place, event)
          && sees_event (call->login, event))
        g_ptr_array_add (set->events, json_incref (event));
    }
  gboolean newest = switch_is (call->sandbox, SW_KI_EVENT_ORDER, "newest_first");
  g_ptr_array_sort_with_data (set->events, by_time, GINT_TO_POINTER (newest));
}

/* --- answers ---------------------------------------------------------------------------------- */

/* How the last page is told from the others is open. */
static void
put_cursor (Call *call, json_t *out, gint64 offset, gboolean has_more, gint64 next, gint64 shown)
{
  const Sandbox *sandbox = call->sandbox;
  if (has_more || (shown > 0 && switch_is (sandbox, SW_KI_CURSOR, "empty_page")))
    json_set (out, "cursor", json_sprintf ("s%d", (int)next));
  else if (switch_is (sandbox, SW_KI_CURSOR, "absent"))
    json_object_del (out, "cursor");
  else if (switch_is (sandbox, SW_KI_CURSOR, "repeated") && offset > 0)
    json_set (out, "cursor", json_sprintf ("s%d", (int)offset));
}

static void
show (Call *call, EventSet *set, gint64 offset, gint64 limit)
{
  Kisi *kisi = call->sandbox->kisi;
  gboolean finished = !set->failed && set->polls_left == 0;
  json_t *out = json_copy (set->filters);
  json_set (out, "id", json_integer (set->id));
  json_set (out, "created_at", ki_time_json (kisi, set->created_at));
  json_set (out, "status",
            json_string (set->failed ? "failed"
                         : finished  ? "finished"
                                     : "in_progress"));
  json_set (out, "cursor", json_null ());
  if (finished)
    {
      gint64 shown = call->fault.effect == EFFECT_REPEAT_PAGE ? 0 : offset;
      gint64 end = MIN (shown + limit, (gint64)set->events->len);
      json_t *events = json_array ();
      for (gint64 i = shown; i < end && call->fault.effect != EFFECT_EMPTY_PAGE; i++)
        json_array_append_new (events, ki_render_event (kisi, set->events->pdata[i]));
      json_set (out, "events", events);
      put_cursor (call, out, offset, offset + limit < (gint64)set->events->len,
                  MIN (offset + limit, (gint64)set->events->len), end - shown);
    }
  call_reply (call, 200, out);
}

static void
create (Call *call)
{
  Kisi *kisi = call->sandbox->kisi;
  const KiLogin *login = call->login;
  const json_t *body = json_object_get (call->body, "event_set");
  LkTime now = sandbox_now (call->sandbox), from, until;
  if (switch_is (call->sandbox, SW_KI_EVENT_SET, "503"))
    {
      ki_error (call, 503, "ffffff", "The service is unavailable.");
      return;
    }
  if (!parse_interval (json_text (body, "interval"), now, &from, &until)
      || until - from > WINDOW_MAX)
    {
      ki_invalid (call, "interval", "is invalid");
      return;
    }
  EventSet *set = g_new0 (EventSet, 1);
  set->id = kisi->next_set++;
  set->user = login->user_id;
  set->created_at = now;
  set->polls_left = switch_number (call->sandbox, SW_KI_EVENT_SET);
  set->failed = switch_is (call->sandbox, SW_KI_EVENT_SET, "failed");
  set->events = g_ptr_array_new_with_free_func (json_free);
  set->filters = json_object ();
  for (guint i = 0; i < G_N_ELEMENTS (filter_keys); i++)
    {
      json_t *value = json_object_get (body, filter_keys[i]);
      json_set (set->filters, filter_keys[i], value != NULL ? json_incref (value) : json_null ());
    }
  json_set (set->filters, "place_id", json_int_or_null (json_int (body, "place_id", 0)));
  set->from = from;
  set->until = until;
  collect (call, set);
  g_hash_table_insert (kisi->sets, g_memdup2 (&set->id, sizeof set->id), set);
  show (call, set, 0, PAGE_DEFAULT);
}

static void
read_set (Call *call, EventSet *set)
{
  const char *cursor = lk_server_query (call->request, "cursor");
  gint64 limit = call_query_int (call, "limit", PAGE_DEFAULT);
  gint64 max = call->sandbox->limits[LIM_KI_EVENT_PAGE];
  gint64 offset = 0;
  if (cursor != NULL
      && (*cursor != 's'
          || !g_ascii_string_to_signed (cursor + 1, 10, 0, set->events->len, &offset, NULL)))
    {
      ki_error (call, 400, "ffffff", "The cursor is invalid.");
      return;
    }
  if (limit < 1)
    limit = PAGE_DEFAULT;
  if (max > 0)
    limit = MIN (limit, max);
  if (set->polls_left > 0)
    set->polls_left--;
  if (switch_is (call->sandbox, SW_KI_LATE, "in"))
    collect (call, set);
  show (call, set, offset, MIN (limit, G_MAXINT));
}

void
ki_event_sets (Call *call, char **parts)
{
  Kisi *kisi = call->sandbox->kisi;
  const KiLogin *login = call->login;
  gint64 id = 0;
  if (parts[0] == NULL && call_is (call, "POST"))
    create (call);
  if (parts[0] == NULL || parts[1] != NULL || !call_is (call, "GET"))
    return; /* not answered here: no such endpoint */
  gboolean is_id = g_ascii_string_to_signed (parts[0], 10, 1, G_MAXINT64, &id, NULL);
  EventSet *set = is_id ? g_hash_table_lookup (kisi->sets, &id) : NULL;
  LkTime life = call->sandbox->limits[LIM_KI_EVENT_SET_LIFE] * LK_SECOND;
  if (set != NULL && life > 0 && set->created_at + life <= sandbox_now (call->sandbox))
    {
      g_hash_table_remove (kisi->sets, &id);
      set = NULL;
    }
  if (set == NULL || set->user != login->user_id)
    ki_not_found (call);
  else
    read_set (call, set);
}
