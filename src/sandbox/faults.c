/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The list of faults, and which of them hits a call.
 */
#include "sandbox.h"

#include <string.h>

typedef struct
{
  json_t *spec; /* as it was given */
  int service;  /* -1: both */
  const char *method, *path, *query;
  gint64 skip, count; /* count 0: all */
  double probability;
  Effect effect;
  gint64 matched, hits;
} Entry;

struct _Faults
{
  GPtrArray *entries;
};

static const struct
{
  const char *name;
  Effect effect;
} effect_names[] = {
  { "status", EFFECT_STATUS },
  { "unsuccessful", EFFECT_UNSUCCESSFUL },
  { "cut_before", EFFECT_CUT_BEFORE },
  { "cut_after", EFFECT_CUT_AFTER },
  { "short", EFFECT_SHORT },
  { "malformed", EFFECT_MALFORMED },
  { "html", EFFECT_HTML },
  { "repeat_page", EFFECT_REPEAT_PAGE },
  { "moving_total", EFFECT_MOVING_TOTAL },
  { "shift", EFFECT_SHIFT },
  { "shift_back", EFFECT_SHIFT_BACK },
  { "shrinking_total", EFFECT_SHRINKING_TOTAL },
  { "empty_page", EFFECT_EMPTY_PAGE },
  { "fewer_rows", EFFECT_FEWER_ROWS },
  { "endless", EFFECT_ENDLESS },
};

static const char *const known_fields[]
    = { "service",  "method", "path",   "query",  "skip", "count",   "probability", "hold_ms",
        "delay_ms", "after",  "effect", "status", "body", "headers", "hits" };

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  json_decref (entry->spec);
  g_free (entry);
}

Faults *
faults_new (void)
{
  Faults *faults = g_new0 (Faults, 1);
  faults->entries = g_ptr_array_new_with_free_func (entry_free);
  return faults;
}

void
faults_free (Faults *faults)
{
  if (faults == NULL)
    return;
  g_ptr_array_unref (faults->entries);
  g_free (faults);
}

static void
print_list (GString *out, const char *name, gboolean is_last)
{
  const char *line = strrchr (out->str, '\n');
  gboolean is_full = line != NULL && strlen (line) + strlen (name) > 96;
  g_string_append_printf (out, "%s%s%s", is_full ? "\n  " : " ", name, is_last ? "\n" : ",");
}

void
faults_print_help (GString *out)
{
  gsize n = G_N_ELEMENTS (effect_names), n_fields = G_N_ELEMENTS (known_fields);
  g_string_append (out, "\nFaults (PUT /sandbox/faults); effects:\n ");
  for (gsize i = 0; i < n; i++)
    print_list (out, effect_names[i].name, i + 1 == n);
  g_string_append (out, "Fields of a fault:\n ");
  for (gsize i = 0; i < n_fields; i++)
    print_list (out, known_fields[i], i + 1 == n_fields);
}

json_t *
faults_get (const Faults *faults)
{
  json_t *out = json_array ();
  for (guint i = 0; i < faults->entries->len; i++)
    {
      const Entry *entry = faults->entries->pdata[i];
      json_t *row = json_copy (entry->spec);
      json_set (row, "hits", json_integer (entry->hits));
      json_array_append_new (out, row);
    }
  return out;
}

static gboolean
parse_effect (const char *name, Effect *out, GError **error)
{
  *out = EFFECT_NONE;
  if (name == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (effect_names); i++)
    if (g_str_equal (effect_names[i].name, name))
      {
        *out = effect_names[i].effect;
        return TRUE;
      }
  return lk_fail (error, LK_ERROR_REJECT, "no effect '%s'", name);
}

static gboolean
check_fields (const json_t *spec, GError **error)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *)spec, name, value)
  {
    gboolean known = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS (known_fields); i++)
      known |= g_str_equal (known_fields[i], name);
    if (!known)
      return lk_fail (error, LK_ERROR_REJECT, "a fault has no field '%s'", name);
  }
  return TRUE;
}

static Entry *
entry_new (json_t *spec, GError **error)
{
  Effect effect;
  if (!json_is_object (spec) || !check_fields (spec, error))
    return json_is_object (spec) ? NULL
                                 : (lk_fail (error, LK_ERROR_REJECT, "a fault is an object"), NULL);
  if (!parse_effect (json_text (spec, "effect"), &effect, error))
    return NULL;

  const char *service = json_text (spec, "service");
  if (service != NULL && !g_str_equal (service, "nexudus") && !g_str_equal (service, "kisi"))
    {
      lk_fail (error, LK_ERROR_REJECT, "no service '%s'", service);
      return NULL;
    }
  const json_t *probability = json_object_get (spec, "probability");
  Entry *entry = g_new0 (Entry, 1);
  entry->spec = json_incref (spec);
  entry->service = service == NULL                    ? -1
                   : g_str_equal (service, "nexudus") ? SERVICE_NEXUDUS
                                                      : SERVICE_KISI;
  entry->method = json_text (spec, "method");
  entry->path = json_text (spec, "path");
  entry->query = json_text (spec, "query");
  entry->skip = json_int (spec, "skip", 0);
  entry->count = json_int (spec, "count", 1);
  entry->probability = probability ? json_number_value (probability) : 1.0;
  entry->effect = effect;
  return entry;
}

gboolean
faults_put (Faults *faults, const json_t *list, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
  if (!json_is_array (list))
    return lk_fail (error, LK_ERROR_REJECT, "faults are a list");
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      Entry *entry = entry_new (json_array_get (list, i), error);
      if (entry == NULL)
        return FALSE;
      g_ptr_array_add (entries, entry);
    }
  g_ptr_array_unref (faults->entries);
  faults->entries = g_steal_pointer (&entries);
  return TRUE;
}

static void
append_query (const char *name, const char *value, gpointer data)
{
  GString *text = data;
  g_string_append_printf (text, "%s%s=%s", text->len > 0 ? "&" : "", name, value ? value : "");
}

static gboolean
entry_matches (const Entry *entry, const Call *call, GString *query)
{
  if (entry->service >= 0 && entry->service != (int)call->service)
    return FALSE;
  if (entry->method != NULL && g_strcmp0 (entry->method, call->method) != 0)
    return FALSE;
  if (entry->path != NULL && !g_str_has_prefix (call->path, entry->path))
    return FALSE;
  if (entry->query == NULL)
    return TRUE;
  if (query->len == 0)
    lk_server_query_each (call->request, append_query, query);
  return strstr (query->str, entry->query) != NULL;
}

static gint64
default_status (Effect effect)
{
  return effect == EFFECT_HTML || effect == EFFECT_UNSUCCESSFUL ? 200 : 500;
}

void
faults_choose (Faults *faults, Call *call)
{
  g_autoptr (GString) query = g_string_new (NULL);
  for (guint i = 0; i < faults->entries->len; i++)
    {
      Entry *entry = faults->entries->pdata[i];
      if ((entry->count > 0 && entry->hits >= entry->count) || !entry_matches (entry, call, query))
        continue;
      if (entry->matched++ < entry->skip)
        continue;
      if (entry->probability < 1.0 && g_rand_double (call->sandbox->dice) >= entry->probability)
        continue;
      entry->hits++;
      call->fault.effect = entry->effect;
      call->fault.hits = (guint)entry->hits;
      call->fault.hold_ms = json_int (entry->spec, "hold_ms", 0);
      call->fault.delay_ms = json_int (entry->spec, "delay_ms", 0);
      call->fault.after = json_flag (entry->spec, "after", FALSE);
      call->fault.status = (guint)json_int (entry->spec, "status", default_status (entry->effect));
      /* The list may be replaced while the call waits. */
      call->fault.body = json_incref (json_object_get (entry->spec, "body"));
      call->fault.headers = json_incref (json_object_get (entry->spec, "headers"));
      return;
    }
}
