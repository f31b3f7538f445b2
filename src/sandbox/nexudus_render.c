/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of Nexudus as its API shows them: what lists leave out, and times and dates in each form
 * that the sources have (nexudus-api.md §2.4, §2.7, §6).
 */
#include "nexudus.h"

#include <string.h>

static const char *const date_keys[]
    = { "ExpireDate",     "StartDate", "RenewalDate", "CancellationDate",   "ContractTerm",
        "InvoicedPeriod", "PauseFrom", "PauseUntil",  "InPausedPeriodFrom", "InPausedPeriodUntil" };

static void
drop_zone (json_t *data, const char *key)
{
  const char *text = json_text (data, key);
  gsize len = text != NULL ? strlen (text) : 0;
  if (len > 0 && text[len - 1] == 'Z')
    json_set (data, key, json_stringn (text, len - 1));
}

static gint64
home_of (const json_t *row)
{
  static const char *const keys[] = { "BusinessId", "IssuedById", "InvoicingBusinessId" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (json_int (row, keys[i], 0) != 0)
      return json_int (row, keys[i], 0);
  return 0;
}

/* --- dates ------------------------------------------------------------------------------------ */

static void
restyle_dates (Nexudus *nexudus, json_t *out)
{
  gboolean alone = switch_is (nexudus->sandbox, SW_NX_DATES, "date_only");
  g_autoptr (LkZone) zone = nx_zone (nexudus, home_of (out));
  for (guint i = 0; i < G_N_ELEMENTS (date_keys); i++)
    {
      const char *text = json_text (out, date_keys[i]);
      if (text == NULL || !g_str_has_suffix (text, "T00:00:00Z"))
        continue;
      LkTime date = json_time (out, date_keys[i]);
      if (alone)
        json_set (out, date_keys[i], json_stringn (text, 10));
      else if (zone != NULL)
        json_set (out, date_keys[i], json_time_text (lk_zone_day_start (zone, date)));
    }
}

/* The `...Local` twins that pages document and captures do not have. */
static void
add_local_twins (Nexudus *nexudus, json_t *out)
{
  static const char *const keys[] = { "FromTime",         "ToTime",    "StartDate", "RenewalDate",
                                      "CancellationDate", "PauseFrom", "PauseUntil" };
  g_autoptr (LkZone) zone = nx_zone (nexudus, home_of (out));
  for (guint i = 0; zone != NULL && i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *name = g_strconcat (keys[i], "Local", NULL);
      char date[16], clock[8];
      LkTime time = json_time (out, keys[i]);
      if (json_object_get (out, keys[i]) == NULL)
        continue;
      if (time == LK_TIME_NONE)
        json_set (out, name, json_null ());
      else
        json_set (out, name,
                  json_sprintf ("%sT%s:00", lk_zone_date (zone, time, 0, date),
                                lk_zone_clock (zone, time, clock)));
    }
}

/* --- times ------------------------------------------------------------------------------------ */

typedef enum
{
  FORM_Z,
  FORM_NONE,
  FORM_ZERO,    /* +00:00 */
  FORM_SHIFTED, /* +01:00 */
  FORMS_
} TimeForm;

static gboolean
is_time (const json_t *value)
{
  const char *text = json_string_value (value);
  gsize len = json_string_length (value);
  return text != NULL && len >= 20 && text[4] == '-' && text[10] == 'T' && text[len - 1] == 'Z';
}

static json_t *
restyled (const json_t *value, TimeForm form)
{
  const char *text = json_string_value (value);
  int len = (int)json_string_length (value) - 1; /* without the Z */
  LkTime time;
  if (form == FORM_NONE)
    return json_stringn (text, (gsize)len);
  if (form == FORM_ZERO)
    return json_sprintf ("%.*s+00:00", len, text);
  if (form == FORM_Z || !lk_time_parse (text, (gsize)len + 1, &time, NULL))
    return json_incref ((json_t *)value);
  char shifted[LK_TIME_TEXT];
  lk_time_format (time - time % LK_SECOND + LK_HOUR, shifted);
  return json_sprintf ("%.19s%.*s+01:00", shifted, len - 19, text + 19);
}

static void
restyle_times (const Sandbox *sandbox, const Row *row, json_t *out)
{
  gboolean mixed = switch_is (sandbox, SW_NX_TIMES, "mixed");
  TimeForm form = switch_is (sandbox, SW_NX_TIMES, "none") ? FORM_NONE : FORM_ZERO;
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe (out, next, key, value)
  {
    if (!is_time (value))
      continue;
    if (mixed)
      form = scramble ((guint64)row->id + g_str_hash (key)) % FORMS_;
    json_set (out, key, restyled (value, form));
  }
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Not the unit but the number: minutes left of a pass of minutes. */
static void
restyle_uses (const Sandbox *sandbox, json_t *out)
{
  static const char *const keys[] = { "RemainingUses", "TotalUses" };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const json_t *value = json_object_get (out, keys[i]);
      if (!json_is_integer (value))
        continue;
      json_set (out, keys[i],
                switch_is (sandbox, SW_NX_USES, "null")
                    ? json_null ()
                    : json_integer (json_integer_value (value) / 60));
    }
}

static void
leave_out (const Sandbox *sandbox, NxEntity entity, json_t *out)
{
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe (out, next, key, value)
  {
    if (json_is_array (value))
      json_set (out, key, json_array ());
  }
  if (switch_is (sandbox, SW_NX_LIST_FIELDS, "full"))
    return;
  g_auto (GStrv) names = g_strsplit (nx_infos[entity].list_nulls, ",", -1);
  for (char **name = names; *name != NULL; name++)
    if (**name != '\0' && switch_is (sandbox, SW_NX_LIST_FIELDS, "absent"))
      json_object_del (out, *name);
    else if (**name != '\0')
      json_set (out, *name, json_null ());
}

json_t *
nx_render (Nexudus *nexudus, NxEntity entity, Row *row, gboolean in_list)
{
  json_t *out = json_copy (row->data);
  const Sandbox *sandbox = nexudus->sandbox;
  if (entity == NX_PASS_TYPES && !in_list && switch_is (sandbox, SW_NX_TYPE_SLOTS, "filled"))
    json_set (out, "TimeSlots", nx_slots_of (nexudus, row->id));
  if (entity == NX_PASSES && !switch_is (sandbox, SW_NX_USES, "minutes"))
    restyle_uses (sandbox, out);
  if (switch_is (sandbox, SW_NX_LOCAL, "present") && entity != NX_PASS_SLOTS)
    add_local_twins (nexudus, out);
  if (!switch_is (sandbox, SW_NX_DATES, "midnight"))
    restyle_dates (nexudus, out);
  if (switch_is (sandbox, SW_NX_ZONE, "always")
      || (switch_is (sandbox, SW_NX_ZONE, "some") && row->id % 2 != 0))
    drop_zone (out, "ToTime");
  if (!switch_is (sandbox, SW_NX_TIMES, "z") && entity != NX_PASS_SLOTS)
    restyle_times (sandbox, row, out);
  if (in_list)
    leave_out (sandbox, entity, out);
  return out;
}

const char *
nx_list_text (Nexudus *nexudus, NxEntity entity, Row *row)
{
  if (row->list_text != NULL)
    return row->list_text;
  json_t *out = nx_render (nexudus, entity, row, TRUE);
  char *text = json_dumps (out, JSON_COMPACT);
  row->list_text = g_strdup (text);
  free (text);
  json_decref (out);
  return row->list_text;
}

void
nx_forget_texts (Nexudus *nexudus)
{
  for (int i = 0; i < NX_ENTITIES_; i++)
    {
      GPtrArray *rows = table_rows (&nexudus->tables[i]);
      for (guint j = 0; j < rows->len; j++)
        g_clear_pointer (&((Row *)rows->pdata[j])->list_text, g_free);
    }
}
