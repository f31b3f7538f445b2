/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Equality (`Booking_Coworker=7`, `CoworkerTimePass_TimePass_Name=Day`), ranges
 * (`from_Booking_UpdatedOn=…`), and whatever is neither is ignored, as the real service does.
 */
#include "nexudus_filter.h"

#include <string.h>

#define PATH_MAX_ 3 /* joins go two levels deep */

typedef enum
{
  OP_EQUAL,
  OP_FROM,
  OP_TO,
} Op;

typedef struct
{
  Op op;
  char *keys[PATH_MAX_]; /* "TimePassId", then "Name" in the table it points to */
  const Table *joins[PATH_MAX_];
  guint depth;
  gboolean by_updated, by_owner, by_contract; /* the row's own numbers answer */
  char *text;
  gboolean is_number;
  double number;
  gint64 integer;
  LkTime time;
} Filter;

struct _NxFilters
{
  GPtrArray *list;
  gboolean contains, prefix; /* text filters match a part, or the beginning */
  gboolean hide_archived;
};

typedef struct
{
  Call *call;
  NxEntity entity;
  NxFilters *filters;
  GError *error;
} Reading;

/* What a foreign key's name stands for. */
static const struct
{
  const char *name;
  NxEntity entity;
} targets[] = {
  { "Coworker", NX_COWORKERS },
  { "TimePass", NX_PASS_TYPES },
  { "Business", NX_BUSINESSES },
  { "IssuedBy", NX_BUSINESSES },
  { "InvoicingBusiness", NX_BUSINESSES },
  { "FloorPlanBusiness", NX_BUSINESSES },
  { "Resource", NX_RESOURCES },
  { "Tariff", NX_TARIFFS },
  { "Product", NX_PRODUCTS },
  { "FloorPlanDesk", NX_DESKS },
  { "SimpleTimeZone", NX_ZONES },
  { "CoworkerContract", NX_CONTRACTS },
};

static void
filter_free (gpointer data)
{
  Filter *filter = data;
  for (guint i = 0; i < filter->depth; i++)
    g_free (filter->keys[i]);
  g_free (filter->text);
  g_free (filter);
}

static int
target_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    if (g_str_equal (targets[i].name, name))
      return (int)targets[i].entity;
  return -1;
}

/* PARTS of a property path, from ENTITY: FALSE when there is no such property. */
static gboolean
resolve (Reading *reading, Filter *filter, char **parts)
{
  Nexudus *nexudus = reading->call->sandbox->nexudus;
  int entity = (int)reading->entity;
  for (; *parts != NULL; parts++)
    {
      if (filter->depth == PATH_MAX_ || entity < 0)
        return FALSE;
      const json_t *fields = nexudus->defaults[entity];
      g_autofree char *id_key = g_strconcat (*parts, "Id", NULL);
      gboolean is_key = json_object_get (fields, id_key) != NULL;
      if (!is_key && json_object_get (fields, *parts) == NULL)
        return FALSE;
      int target = is_key ? target_of (*parts) : -1;
      filter->keys[filter->depth] = is_key ? g_strdup (id_key) : g_strdup (*parts);
      filter->joins[filter->depth] = target >= 0 ? &nexudus->tables[target] : NULL;
      filter->depth++;
      entity = target;
    }
  return filter->depth > 0;
}

/* A clock of the account's first location with a zone, taken as UTC, as the instant it means. */
static LkTime
from_local (Nexudus *nexudus, LkTime clock)
{
  const char *business;
  json_t *settings;
  json_object_foreach (nexudus->settings, business, settings)
  {
    g_autoptr (LkZone) zone = nx_zone (nexudus, g_ascii_strtoll (business, NULL, 10));
    char date[16], hours[8];
    LkTime shown;
    if (json_text (settings, "time_zone") == NULL || zone == NULL)
      continue;
    g_autofree char *text = g_strdup_printf ("%sT%s:00", lk_zone_date (zone, clock, 0, date),
                                             lk_zone_clock (zone, clock, hours));
    if (lk_time_parse (text, strlen (text), &shown, NULL))
      return clock - (shown - (clock - clock % LK_MINUTE));
  }
  return clock;
}

/* The documented form has minutes and no zone; seconds are a switch. */
static gboolean
read_time (Reading *reading, const char *value, LkTime *out)
{
  g_autofree char *text = g_strdup (value);
  if (strlen (text) == 10)
    text = (g_free (text), g_strconcat (value, "T00:00:00", NULL));
  else if (strlen (text) == 16)
    text = (g_free (text), g_strconcat (value, ":00", NULL));
  else if (switch_is (reading->call->sandbox, SW_NX_SECONDS, "400"))
    return lk_fail (&reading->error, LK_ERROR_REJECT, "%s is not a date", value);
  if (!lk_time_parse (text, strlen (text), out, NULL))
    return lk_fail (&reading->error, LK_ERROR_REJECT, "%s is not a date", value);
  if (switch_is (reading->call->sandbox, SW_NX_SECONDS, "truncated"))
    *out -= *out % LK_MINUTE;
  if (switch_is (reading->call->sandbox, SW_NX_FILTER_ZONE, "local"))
    *out = from_local (reading->call->sandbox->nexudus, *out);
  return TRUE;
}

static void
read_value (Reading *reading, Filter *filter, const char *value)
{
  char *end;
  filter->text = g_strdup (value);
  filter->number = g_ascii_strtod (value, &end);
  filter->is_number = *value != '\0' && *end == '\0';
  filter->integer = filter->is_number ? g_ascii_strtoll (value, NULL, 10) : 0;
  filter->time = LK_TIME_NONE;
  if (filter->is_number)
    return;
  if (filter->op != OP_EQUAL)
    (void)read_time (reading, value, &filter->time); /* an error is kept in READING */
  else if (strlen (value) >= 10)
    (void)lk_time_parse (value, strlen (value), &filter->time, NULL); /* most texts are no time */
}

static void
on_parameter (const char *name, const char *value, gpointer data)
{
  Reading *reading = data;
  const char *entity = nx_infos[reading->entity].name;
  g_autofree Filter *filter = g_new0 (Filter, 1);
  if (value == NULL || reading->error != NULL)
    return;
  if (g_str_has_prefix (name, "from_"))
    filter->op = OP_FROM, name += 5;
  else if (g_str_has_prefix (name, "to_"))
    filter->op = OP_TO, name += 3;

  gsize len = strlen (entity);
  if (g_str_has_prefix (name, entity) && name[len] == '_')
    name += len + 1;
  else if (!g_str_equal (name, "Id") && !g_str_equal (name, "UniqueId"))
    return;
  if (reading->entity == NX_CONTRACTS
      && switch_is (reading->call->sandbox, SW_NX_CONTRACT_FILTERS, "listed")
      && (g_str_equal (name, "Active") || g_str_equal (name, "Cancelled")))
    return;
  Nexudus *nexudus = reading->call->sandbox->nexudus;
  if (json_is_array (json_object_get (nexudus->defaults[reading->entity], name))
      && switch_is (reading->call->sandbox, SW_NX_ARRAY_FILTERS, "ignored"))
    return;
  g_auto (GStrv) parts = g_strsplit (name, "_", -1);
  if (!resolve (reading, filter, parts))
    {
      for (guint i = 0; i < filter->depth; i++)
        g_free (filter->keys[i]);
      return;
    }
  filter->by_updated = filter->depth == 1 && g_str_equal (filter->keys[0], "UpdatedOn");
  filter->by_owner = filter->depth == 1 && g_str_equal (filter->keys[0], "CoworkerId");
  filter->by_contract
      = filter->depth == 1 && g_str_equal (filter->keys[0], "CoworkerContractUniqueId");
  read_value (reading, filter, value);
  g_ptr_array_add (reading->filters->list, g_steal_pointer (&filter));
}

NxFilters *
nx_filters_new (Call *call, NxEntity entity, GError **error)
{
  NxFilters *filters = g_new0 (NxFilters, 1);
  Reading reading = { call, entity, filters, NULL };
  filters->list = g_ptr_array_new_with_free_func (filter_free);
  filters->contains = switch_is (call->sandbox, SW_NX_TEXT, "contains");
  filters->prefix = switch_is (call->sandbox, SW_NX_TEXT, "prefix");
  filters->hide_archived
      = entity == NX_COWORKERS && switch_is (call->sandbox, SW_NX_ARCHIVED, "hidden");
  lk_server_query_each (call->request, on_parameter, &reading);
  if (reading.error == NULL)
    return filters;
  g_propagate_error (error, reading.error);
  nx_filters_free (filters);
  return NULL;
}

void
nx_filters_free (NxFilters *filters)
{
  if (filters == NULL)
    return;
  g_ptr_array_unref (filters->list);
  g_free (filters);
}

static gboolean
text_matches (const NxFilters *filters, const Filter *filter, const char *text)
{
  if (filter->time != LK_TIME_NONE)
    {
      LkTime time;
      return lk_time_parse (text, strlen (text), &time, NULL) && time == filter->time;
    }
  if (filters->prefix)
    return g_ascii_strncasecmp (text, filter->text, strlen (filter->text)) == 0;
  if (!filters->contains)
    return g_ascii_strcasecmp (text, filter->text) == 0;
  g_autofree char *whole = g_ascii_strdown (text, -1);
  g_autofree char *part = g_ascii_strdown (filter->text, -1);
  return strstr (whole, part) != NULL;
}

static gboolean
in_range (const Filter *filter, double value, double limit)
{
  return filter->op == OP_FROM ? value >= limit : value <= limit;
}

static gboolean
value_matches (const NxFilters *filters, const Filter *filter, const json_t *value)
{
  if (filter->op == OP_EQUAL)
    {
      if (json_is_string (value))
        return text_matches (filters, filter, json_string_value (value));
      if (json_is_boolean (value))
        return json_is_true (value)
               == (g_ascii_strcasecmp (filter->text, "true") == 0
                   || g_str_equal (filter->text, "1"));
      if (json_is_integer (value))
        return filter->is_number && json_integer_value (value) == filter->integer;
      if (json_is_array (value))
        return filter->is_number && json_list_has (value, filter->integer);
      return json_is_real (value) && filter->is_number && json_real_value (value) == filter->number;
    }
  if (json_is_number (value))
    return filter->is_number && in_range (filter, json_number_value (value), filter->number);
  LkTime time;
  if (!json_is_string (value) || filter->time == LK_TIME_NONE
      || !lk_time_parse (json_string_value (value), json_string_length (value), &time, NULL))
    return FALSE;
  return filter->op == OP_FROM ? time >= filter->time : time <= filter->time;
}

static gboolean
filter_matches (const NxFilters *filters, const Filter *filter, const Row *row)
{
  if (filter->by_updated && filter->op != OP_EQUAL)
    return row->updated != LK_TIME_NONE
           && (filter->op == OP_FROM ? row->updated >= filter->time : row->updated <= filter->time);
  if (filter->by_owner && filter->op == OP_EQUAL)
    return filter->is_number && row->key1 == filter->integer;
  for (guint i = 0;; i++)
    {
      const json_t *value = json_object_get (row->data, filter->keys[i]);
      if (i + 1 == filter->depth)
        return value_matches (filters, filter, value);
      row = filter->joins[i] ? table_get (filter->joins[i], json_integer_value (value)) : NULL;
      if (row == NULL)
        return FALSE;
    }
}

GPtrArray *
nx_filters_candidates (const NxFilters *filters, Table *table)
{
  for (guint i = 0; i < filters->list->len; i++)
    {
      const Filter *filter = filters->list->pdata[i];
      if (filter->op == OP_EQUAL && filter->by_owner && filter->is_number && filter->integer != 0)
        return table_rows_of (table, 1, filter->integer);
      if (filter->op == OP_EQUAL && filter->by_contract && !filters->contains && !filters->prefix)
        return table_rows_of (table, 2, nx_contract_key (filter->text));
    }
  return table_rows (table);
}

gboolean
nx_filters_is_empty (const NxFilters *filters)
{
  return filters->list->len == 0 && !filters->hide_archived;
}

gboolean
nx_filters_match (const NxFilters *filters, const Row *row)
{
  if (filters->hide_archived && json_flag (row->data, "Archived", FALSE))
    return FALSE;
  for (guint i = 0; i < filters->list->len; i++)
    if (!filter_matches (filters, filters->list->pdata[i], row))
      return FALSE;
  return TRUE;
}
