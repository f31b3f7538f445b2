/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Records → TruthSaid.
 */
#include "said.h"

#include "clock.h"

#include <jansson.h>

typedef struct
{
  json_t *row;
  char *why;
} Reading;

static void
blame (Reading *reading, const char *key)
{
  if (*reading->why == '\0')
    g_snprintf (reading->why, 256, "%s is missing, or of another type", key);
}

static gint64
get_int (Reading *reading, json_t *row, const char *key)
{
  json_t *value = json_object_get (row, key);

  if (!json_is_integer (value))
    blame (reading, key);
  return json_integer_value (value);
}

static gboolean
get_flag (Reading *reading, json_t *row, const char *key)
{
  json_t *value = json_object_get (row, key);

  if (!json_is_boolean (value))
    blame (reading, key);
  return json_is_true (value);
}

static const char *
get_text (Reading *reading, json_t *row, const char *key)
{
  json_t *value = json_object_get (row, key);

  if (!json_is_string (value))
    blame (reading, key);
  return json_is_string (value) ? json_string_value (value) : "";
}

static gint64
get_time (Reading *reading, json_t *row, const char *key)
{
  json_t *value = json_object_get (row, key);
  gint64 time = NX_NONE;

  if (json_is_null (value))
    return NX_NONE;
  if (!json_is_string (value) || !clock_parse (json_string_value (value), &time))
    blame (reading, key);
  return time;
}

static void
read_contract (Reading *reading, TruthSaid *out)
{
  json_t *contract = json_object_get (reading->row, "contract");

  out->has_contract = json_is_object (contract);
  if (!out->has_contract)
    {
      if (!json_is_null (contract))
        blame (reading, "contract");
      return;
    }
  out->contract_active = get_flag (reading, contract, "active");
  out->cancelled = get_flag (reading, contract, "cancelled");
  out->starts_at = get_time (reading, contract, "starts_at");
  out->ends_at = get_time (reading, contract, "ends_at");
  out->paused_from = get_time (reading, contract, "paused_from");
  out->paused_until = get_time (reading, contract, "paused_until");
}

static void
read_pass (Reading *reading, TruthSaid *out)
{
  json_t *minutes = json_object_get (reading->row, "minutes");

  out->minutes = json_is_null (minutes) ? -1 : get_int (reading, reading->row, "minutes");
  out->from = get_time (reading, reading->row, "created_at");
  out->until = get_time (reading, reading->row, "expires_at");
  out->used = get_flag (reading, reading->row, "used");
  out->used_at = get_time (reading, reading->row, "used_at");
  read_contract (reading, out);
  truth_text_pass (out, get_int (reading, reading->row, "type"),
                   get_text (reading, reading->row, "origin"));
}

static void
read_booking (Reading *reading, TruthSaid *out)
{
  out->from = get_time (reading, reading->row, "from");
  out->until = get_time (reading, reading->row, "until");
  out->tentative = get_flag (reading, reading->row, "tentative");
  if (get_flag (reading, reading->row, "cancelled"))
    blame (reading, "cancelled"); /* such a row is not read anywhere */
  truth_text_booking (out, get_text (reading, reading->row, "uid"),
                      get_int (reading, reading->row, "resource"));
}

gboolean
said_read (TruthKind kind, guint space, const char *code, const char *json, gsize len,
           TruthSaid *out, char *out_why)
{
  static const char *const ids[] = { "member", "pass", "booking" };
  json_t *row = json_loadb (json, len, JSON_REJECT_DUPLICATES, NULL);
  Reading reading = { row, out_why };

  *out_why = '\0';
  *out = (TruthSaid){ .kind = kind, .space = space };
  out->starts_at = out->ends_at = out->paused_from = out->paused_until = NX_NONE;
  if (!json_is_object (row))
    blame (&reading, "an object");
  out->member = get_int (&reading, row, "member");
  out->id = get_int (&reading, row, ids[kind]);
  out->revision = get_int (&reading, row, "revision");
  out->deleted = get_flag (&reading, row, "deleted");
  if (!g_str_equal (get_text (&reading, row, "space"), code))
    blame (&reading, "the space");
  if (!out->deleted && kind == TRUTH_MEMBER)
    {
      out->active = get_flag (&reading, row, "active");
      out->archived = get_flag (&reading, row, "archived");
      truth_text_member (out, get_text (&reading, row, "email"), get_text (&reading, row, "name"));
    }
  else if (!out->deleted && kind == TRUTH_PASS)
    read_pass (&reading, out);
  else if (!out->deleted)
    read_booking (&reading, out);
  json_decref (row);
  return *out_why == '\0';
}
