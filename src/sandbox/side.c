/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The side door: data, switches, limits, faults, counts, the clock (README.md).
 */
#include "side.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

gboolean
side_is (const Side *side, const char *method)
{
  return g_str_equal (side->method, method);
}

void
side_reply (Side *side, json_t *out)
{
  side->status = 200;
  side->out = out;
}

void
side_fail (Side *side, guint status, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (side->out != NULL)
    json_decref (side->out);
  side->status = status;
  side->out = json_pack ("{s:s}", "error", text);
}

const char *
side_text (const Side *side, const char *key)
{
  const char *text = json_text (side->body, key);

  return text != NULL ? text : lk_server_query (side->request, key);
}

gint64
side_int (const Side *side, const char *key)
{
  const char *text = lk_server_query (side->request, key);

  if (json_object_get (side->body, key) != NULL)
    return json_int (side->body, key, 0);
  return text == NULL ? 0 : g_ascii_strtoll (text, NULL, 10);
}

LkTime
side_time (const Side *side, const char *key, LkTime otherwise)
{
  LkTime time = json_time (side->body, key);

  return time == LK_TIME_NONE ? otherwise : time;
}

/* --- filters on rows -------------------------------------------------------------------------- */

static void
add_filter (const char *name, const char *value, gpointer filters)
{
  json_set (filters, name, json_string (value != NULL ? value : ""));
}

gboolean
side_read_filters (Side *side, const json_t *sample)
{
  const char *name;
  json_t *value;

  side->filters = json_object ();
  lk_server_query_each (side->request, add_filter, side->filters);
  json_object_foreach (side->filters, name, value)
  {
    if (json_object_get (sample, name) == NULL)
      {
        side_fail (side, 400, "rows there have no '%s'", name);
        return FALSE;
      }
  }
  return TRUE;
}

static gboolean
is_text_of (const json_t *value, const char *text)
{
  if (json_is_string (value))
    return g_str_equal (json_string_value (value), text);
  if (json_is_boolean (value))
    return g_str_equal (json_is_true (value) ? "true" : "false", text);
  if (json_is_number (value))
    return json_number_value (value) == g_ascii_strtod (text, NULL);
  return json_is_null (value) && (*text == '\0' || g_str_equal (text, "null"));
}

gboolean
side_filters_match (const Side *side, const json_t *row)
{
  const char *name;
  json_t *wanted;

  json_object_foreach (side->filters, name, wanted)
  {
    if (!is_text_of (json_object_get (row, name), json_string_value (wanted)))
      return FALSE;
  }
  return TRUE;
}

/* --- the general ones ---------------------------------------------------------------------------
 */

static json_t *
now_of (const Sandbox *sandbox)
{
  return json_pack ("{s:o,s:I}", "now", json_time_text (sandbox_now (sandbox)), "offset_ms",
                    (json_int_t)sandbox->clock_offset);
}

static void
clock_put (Side *side)
{
  Sandbox *sandbox = side->sandbox;
  LkTime now = json_time (side->body, "now");

  if (now != LK_TIME_NONE)
    sandbox_set_offset (sandbox, now - lk_clock_wall (lk_clock_real ()));
  else if (json_object_get (side->body, "advance_ms") != NULL)
    sandbox_set_offset (sandbox, sandbox->clock_offset + json_int (side->body, "advance_ms", 0));
  else
    sandbox_set_offset (sandbox, json_int (side->body, "offset_ms", 0));
  side_reply (side, now_of (sandbox));
}

static void
data (Side *side)
{
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox = side->sandbox;

  if (side_is (side, "GET"))
    {
      side_reply (side, json_pack ("{s:o,s:o}", "nexudus", nexudus_dump (sandbox->nexudus), "kisi",
                                   kisi_dump (sandbox->kisi)));
      return;
    }
  json_t *nexudus_counts = json_object (), *kisi_counts = json_object ();
  const json_t *nexudus = json_object_get (side->body, "nexudus");
  const json_t *kisi = json_object_get (side->body, "kisi");
  gboolean adding = side_is (side, "POST");
  gboolean ok = (nexudus == NULL
                 || nexudus_load (sandbox->nexudus, nexudus, adding, nexudus_counts, &error))
                && (kisi == NULL || kisi_load (sandbox->kisi, kisi, adding, kisi_counts, &error));
  json_t *out = json_pack ("{s:o,s:o}", "nexudus", nexudus_counts, "kisi", kisi_counts);
  if (ok)
    side_reply (side, out);
  else
    {
      json_decref (out);
      side_fail (side, 400, "%s", error->message);
    }
}

static void
switches (Side *side)
{
  g_autoptr (GError) error = NULL;

  if (side_is (side, "DELETE"))
    switches_reset (side->sandbox);
  else if (side_is (side, "PUT") && !switches_put (side->sandbox, side->body, &error))
    {
      side_fail (side, 400, "%s", error->message);
      return;
    }
  nx_forget_texts (side->sandbox->nexudus);
  side_reply (side, switches_get (side->sandbox));
}

static void
limits (Side *side)
{
  g_autoptr (GError) error = NULL;

  if (side_is (side, "DELETE"))
    limits_reset (side->sandbox);
  else if (side_is (side, "PUT") && !limits_put (side->sandbox, side->body, &error))
    {
      side_fail (side, 400, "%s", error->message);
      return;
    }
  side_reply (side, limits_get (side->sandbox));
}

static void
faults (Side *side)
{
  g_autoptr (GError) error = NULL;
  json_t *none = json_array ();
  gboolean ok = TRUE;

  if (side_is (side, "DELETE"))
    ok = faults_put (side->sandbox->faults, none, &error);
  else if (side_is (side, "PUT"))
    ok = faults_put (side->sandbox->faults, side->body, &error);
  json_decref (none);
  if (ok)
    side_reply (side, faults_get (side->sandbox->faults));
  else
    side_fail (side, 400, "%s", error->message);
}

static void
calls (Side *side)
{
  if (side->n_parts > 1 && g_str_equal (side->parts[1], "log"))
    {
      side_reply (side, calls_log (side->sandbox->calls));
      return;
    }
  if (side_is (side, "DELETE"))
    {
      calls_free (side->sandbox->calls);
      side->sandbox->calls = calls_new ();
    }
  side_reply (side, calls_get (side->sandbox->calls, side_text (side, "service"),
                               side_text (side, "method"), side_text (side, "path")));
}

static void
invitations (Side *side)
{
  GHashTable *table = side->sandbox->kisi->invitations;
  json_t *out = json_object ();
  GHashTableIter iter;
  gpointer address, count;

  if (side_is (side, "DELETE"))
    g_hash_table_remove_all (table);
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &address, &count))
    json_set (out, address, json_integer (GPOINTER_TO_UINT (count)));
  side_reply (side, out);
}

static void
route (Side *side)
{
  const char *what = side->n_parts > 0 ? side->parts[0] : "";

  if (g_str_equal (what, "nexudus"))
    side_nexudus (side);
  else if (g_str_equal (what, "kisi"))
    side_kisi (side);
  else if (g_str_equal (what, "now"))
    side_reply (side, now_of (side->sandbox));
  else if (g_str_equal (what, "clock"))
    clock_put (side);
  else if (g_str_equal (what, "reset"))
    {
      sandbox_reset (side->sandbox);
      side_reply (side, json_object ());
    }
  else if (g_str_equal (what, "data"))
    data (side);
  else if (g_str_equal (what, "switches"))
    switches (side);
  else if (g_str_equal (what, "limits"))
    limits (side);
  else if (g_str_equal (what, "faults"))
    faults (side);
  else if (g_str_equal (what, "calls"))
    calls (side);
  else if (g_str_equal (what, "invitations"))
    invitations (side);
  if (side->status == 0)
    side_fail (side, 404, "no '%s %s' here: see src/sandbox/README.md", side->method,
               lk_server_path (side->request));
}

static void
send_answer (Side *side)
{
  static const char *const headers[] = { "Content-Type", "application/json", NULL };
  char *text = json_dumps (side->out, JSON_COMPACT | JSON_ENCODE_ANY);
  g_autoptr (GBytes) body
      = g_bytes_new_with_free_func (text, strlen (text), (GDestroyNotify)free, text);

  lk_server_reply (side->request, side->status, headers, body);
}

void
side_answer (Sandbox *sandbox, LkServerRequest *request, const char *path)
{
  gsize len = 0;
  const char *text = lk_server_body (request, &len);
  g_auto (GStrv) parts = g_strsplit (*path == '/' ? path + 1 : path, "/", -1);
  Side side = { .sandbox = sandbox,
                .request = request,
                .method = lk_server_method (request),
                .parts = parts,
                .n_parts = g_strv_length (parts) };

  sandbox_tick (sandbox);
  side.body = len == 0 ? json_object () : json_loadb (text, len, JSON_REJECT_DUPLICATES, NULL);
  if (side.body == NULL)
    {
      side.body = json_object ();
      side_fail (&side, 400, "the body is no JSON object or array");
    }
  else
    route (&side);
  send_answer (&side);
  json_decref (side.body);
  json_decref (side.out);
  json_decref (side.filters);
}
