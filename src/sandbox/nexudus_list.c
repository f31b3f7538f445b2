/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Lists of Nexudus: order, pages, the envelope (nexudus-api.md §2.2), and batches by id.
 */
#include "nexudus_filter.h"

#include <string.h>

#define SIZE_DEFAULT 25
#define SIZE_CAP 1000
#define INT "%" G_GINT64_FORMAT

typedef struct
{
  Row *row;
  double number; /* numbers, booleans and times */
  const char *text;
} Sortable;

static gint
by_key (gconstpointer a, gconstpointer b, gpointer descending)
{
  const Sortable *left = a, *right = b;
  gint order = (left->number > right->number) - (left->number < right->number);
  if (order == 0)
    order = g_strcmp0 (left->text, right->text);
  if (order == 0)
    order = (left->row->id > right->row->id) - (left->row->id < right->row->id);
  return descending ? -order : order;
}

/* KEY "": an order that is none, but stays. */
static Sortable
sortable (Row *row, const char *key)
{
  const json_t *value = json_object_get (row->data, key);
  Sortable out = { row, 0, NULL };
  LkTime time;
  if (*key == '\0')
    out.number = (double) (scramble ((guint64) row->id) % 1000003);
  else if (g_str_equal (key, "Id"))
    out.number = (double) row->id;
  else if (g_str_equal (key, "UpdatedOn"))
    out.number = (double) row->updated;
  else if (json_is_string (value)
           && lk_time_parse (json_string_value (value), json_string_length (value), &time, NULL))
    out.number = (double) time;
  else if (json_is_string (value))
    out.text = json_string_value (value);
  else
    out.number = json_is_true (value) ? 1 : json_number_value (value);
  return out;
}

/* Three editions of the documentation disagree (§2.2); words work in each. */
static gboolean
is_descending (const Call *call)
{
  const char *dir = lk_server_query (call->request, "dir");
  if (dir == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (dir, "Descending") == 0)
    return TRUE;
  if (switch_is (call->sandbox, SW_NX_DIR, "zero_one"))
    return g_str_equal (dir, "1");
  return switch_is (call->sandbox, SW_NX_DIR, "one_minus_one") && g_str_equal (dir, "-1");
}

/* The rows that match, in the order asked for. */
static GPtrArray *
select_rows (Call *call, NxEntity entity, const NxFilters *filters, const char *order,
             gboolean down)
{
  Table *table = nx_table (call->sandbox->nexudus, entity);
  GPtrArray *some = nx_filters_candidates (filters, table);
  gboolean by_id = g_str_equal (order, "Id") && !down;
  if (by_id && nx_filters_is_empty (filters))
    return g_ptr_array_ref (some);
  GPtrArray *out = g_ptr_array_new ();
  for (guint i = 0; i < some->len; i++)
    if (nx_filters_match (filters, some->pdata[i]))
      g_ptr_array_add (out, some->pdata[i]);
  if (by_id)
    return out;

  g_autofree Sortable *keys = g_new (Sortable, out->len + 1);
  for (guint i = 0; i < out->len; i++)
    keys[i] = sortable (out->pdata[i], order);
  g_qsort_with_data (keys, (gint) out->len, sizeof *keys, by_key, GINT_TO_POINTER (down));
  for (guint i = 0; i < out->len; i++)
    out->pdata[i] = keys[i].row;
  return out;
}

typedef struct
{
  gint64 page, size, pages, total;
  guint first, n; /* index into the rows */
} Page;

static Page
cut_page (Call *call, guint len)
{
  const Fault *fault = &call->fault;
  Page page = {
    call_query_int (call, "page", 1), call_query_int (call, "size", SIZE_DEFAULT), 0, len, 0, 0
  };
  page.page = MAX (1, page.page);
  if (page.size < 1)
    page.size = SIZE_DEFAULT;
  if (!switch_is (call->sandbox, SW_NX_SIZE_CAP, "none"))
    page.size = MIN (page.size, SIZE_CAP);
  page.size = MIN (page.size, G_MAXINT);
  if (fault->effect == EFFECT_MOVING_TOTAL)
    page.total += fault->hits;
  if (fault->effect == EFFECT_SHRINKING_TOTAL)
    page.total = MAX (0, page.total - fault->hits);
  if (fault->effect == EFFECT_SHIFT && page.page > 1)
    page.total = MAX (0, page.total - 1);
  page.pages = (page.total + page.size - 1) / page.size;
  if (page.page > page.pages && switch_is (call->sandbox, SW_NX_BAD_PAGE, "last"))
    page.page = MAX (1, page.pages);

  gint64 shown = fault->effect == EFFECT_REPEAT_PAGE ? 1 : page.page;
  gint64 first = MIN ((gint64) len, (MIN (shown, G_MAXINT) - 1) * page.size);
  if (fault->effect == EFFECT_SHIFT && page.page > 1)
    first = MIN ((gint64) len, first + 1);
  if (fault->effect == EFFECT_SHIFT_BACK && page.page > 1 && first > 0)
    first--;
  page.first = (guint) first;
  page.n = (guint) MIN (page.size, (gint64) len - first);
  if (fault->effect == EFFECT_EMPTY_PAGE)
    page.n = 0;
  if (fault->effect == EFFECT_FEWER_ROWS)
    page.n = MIN (page.n, 1);
  return page;
}

void
nx_list (Call *call, NxEntity entity)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  g_autoptr (GError) error = NULL;
  g_autoptr (NxFilters) filters = nx_filters_new (call, entity, &error);
  if (filters == NULL)
    {
      call_reply (call, 400, json_pack ("{s:s}", "Message", error->message));
      return;
    }
  const char *order = lk_server_query (call->request, "orderBy");
  if (order == NULL)
    order = lk_server_query (call->request, "orderby");
  if (order == NULL || json_object_get (nexudus->defaults[entity], order) == NULL)
    order = NULL;
  const char *sort = order != NULL                                        ? order
                     : switch_is (call->sandbox, SW_NX_ORDER, "created")  ? "CreatedOn"
                     : switch_is (call->sandbox, SW_NX_ORDER, "shuffled") ? ""
                                                                          : "Id";
  gboolean down = is_descending (call);
  g_autoptr (GPtrArray) rows = select_rows (call, entity, filters, sort, down);
  Page page = cut_page (call, rows->len);
  if (page.page > MAX (1, page.pages) && switch_is (call->sandbox, SW_NX_BAD_PAGE, "404"))
    {
      nx_not_found (call);
      return;
    }

  gint64 ascending = switch_is (call->sandbox, SW_NX_DIR, "zero_one") ? 0 : 1;
  gint64 descending = switch_is (call->sandbox, SW_NX_DIR, "zero_one") ? 1 : -1;
  call_reply_text (call, 200, "{\"Records\":[");
  for (guint i = 0; i < page.n; i++)
    {
      if (i > 0)
        g_string_append_c (call->out, ',');
      g_string_append (call->out, nx_list_text (nexudus, entity, rows->pdata[page.first + i]));
    }
  g_string_append_printf (
      call->out,
      "],\"CurrentPage\":" INT ",\"CurrentPageSize\":" INT
      ",\"CurrentOrderField\":\"%s\",\"CurrentSortDirection\":" INT ",\"FirstItem\":" INT
      ",\"LastItem\":" INT ",\"TotalItems\":" INT ",\"TotalPages\":" INT
      ",\"HasNextPage\":%s,\"HasPreviousPage\":%s,\"PageNumber\":" INT ",\"PageSize\":" INT "}",
      page.page, page.size, order ? order : "Id", /* a property's name: nothing to escape */
      down ? descending : ascending, page.n > 0 ? (gint64) page.first + 1 : (gint64) 0,
      page.n > 0 ? (gint64) page.first + page.n : (gint64) 0, page.total, page.pages,
      page.page < page.pages ? "true" : "false", page.page > 1 ? "true" : "false", page.page,
      page.size);
}

void
nx_batch (Call *call, NxEntity entity, const char *ids)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  json_t *list = json_loads (ids, 0, NULL);
  if (!json_is_array (list))
    {
      json_decref (list);
      call_reply (call, 400, json_pack ("{s:s}", "Message", "id is a list of numbers"));
      return;
    }
  gboolean whole = switch_is (call->sandbox, SW_NX_BATCH, "whole");
  json_t *out = json_array ();
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      gint64 id = json_integer_value (json_array_get (list, i));
      Row *row = table_get (nx_table (nexudus, entity), id);
      if (row != NULL)
        json_array_append_new (out, nx_render (nexudus, entity, row, !whole));
    }
  json_decref (list);
  call_reply (call, 200, out);
}
