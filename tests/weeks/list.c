/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Lists, page by page, as they are when each page is asked for (nexudus-api.md §2.2, §2.3).
 */
#include "serve_internal.h"

#include <stdlib.h>

/* Filters look at the minute. */
static gboolean
is_since (Server *server, gint64 time, gint64 minute)
{
  if (time == NX_NONE || time < minute)
    return FALSE;
  if (time < minute + 2 * NX_MINUTE)
    sim_count (server->world, SIM_FAULT_MINUTE);
  return TRUE;
}

static gboolean
matches (Server *server, const Query *query, const NxEntity *entity)
{
  const NxRow *row = nx_row (entity);

  if (row->gone)
    return FALSE;
  if (entity->kind == NX_COWORKER && row->archived && server->nexus->readings.hides_archived)
    return FALSE;
  switch (query->filter)
    {
    case FILTER_NONE:
      return TRUE;
    case FILTER_UPDATED:
      return is_since (server, row->updated, query->number);
    case FILTER_USED_SINCE:
      return row->used_at != NX_NONE && row->used_at >= query->number;
    case FILTER_UNUSED:
      return !row->used;
    case FILTER_CONTRACT_UID:
      return row->contract != 0
             && g_str_equal (nx_find (server->nexus, NX_CONTRACT, row->contract)->uid, query->text);
    case FILTER_UNTIL:
      return row->until >= query->number;
    case FILTER_CANCELLED:
      return row->cancelled_at >= query->number;
    case FILTER_COWORKER:
      return row->coworker == query->number;
    case FILTER_OF:
      return row->of == query->number;
    }
  return FALSE;
}

static int
by_id (gconstpointer a, gconstpointer b)
{
  const NxEntity *x = *(NxEntity *const *) a, *y = *(NxEntity *const *) b;

  return x->id < y->id ? -1 : x->id > y->id;
}

typedef struct
{
  guint64 salt;
} Mix;

static int
mixed (gconstpointer a, gconstpointer b, gpointer data)
{
  const NxEntity *x = *(NxEntity *const *) a, *y = *(NxEntity *const *) b;
  const Mix *mix = data;
  guint64 p = ((guint64) x->id ^ mix->salt) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  guint64 q = ((guint64) y->id ^ mix->salt) * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);

  return p < q ? -1 : p > q;
}

static GPtrArray *
rows_of (Server *server, const Query *query)
{
  SimWorld *world = server->world;
  const GPtrArray *all = server->nexus->all[query->kind];
  GPtrArray *rows = g_ptr_array_new ();
  Mix mix = { 1 };

  for (guint i = 0; i < all->len; i++)
    if (matches (server, query, all->pdata[i]))
      g_ptr_array_add (rows, all->pdata[i]);
  if (rows->len > 1
      && sim_chance (world, world->weather[WEATHER_MIXED], "mixed", query->kind, query->page))
    {
      sim_count (world, SIM_FAULT_MIXED);
      weeks_trouble (world, 0);
      mix.salt = sim_throw (world, G_MAXINT, "order", query->kind, query->page);
      g_ptr_array_sort_with_data (rows, mixed, &mix);
    }
  else if (server->nexus->readings.order == NX_ORDER_ID)
    g_ptr_array_sort (rows, by_id);
  else if (server->nexus->readings.order == NX_ORDER_MIXED)
    g_ptr_array_sort_with_data (rows, mixed, &mix);
  return rows;
}

static GPtrArray *
slice (const GPtrArray *rows, guint page, guint size)
{
  GPtrArray *slice = g_ptr_array_new ();

  for (guint i = page * size; i < MIN ((page + 1) * size, rows->len); i++)
    g_ptr_array_add (slice, rows->pdata[i]);
  return slice;
}

static void
add_rows (Server *server, const Page *page, GString *text)
{
  for (guint i = 0; i < page->rows->len; i++)
    {
      const NxEntity *entity = page->rows->pdata[i];
      gsize start;

      if (i > 0)
        g_string_append_c (text, ',');
      start = text->len;
      render_row (server->nexus, entity, FALSE, serve_spoils_row (server, entity), text);
      if (i == 0 && page->bad_id)
        {
          /* {"Id":17 becomes {"Id":"17" … */
          g_string_insert_c (text, (gssize) start + 6, '"');
          g_string_insert_c (text, (gssize) start + 7 + 10, '"');
        }
      if (i == 0 && page->twice)
        {
          g_autofree char *again = g_strdup (text->str + start);
          g_string_append_printf (text, ",%s", again);
        }
    }
}

void
serve_list (Server *server, const Query *query, ServeAnswer *out)
{
  g_autoptr (GPtrArray) rows = rows_of (server, query);
  g_autoptr (GPtrArray) here = slice (rows, query->page - 1, query->size);
  g_autoptr (GPtrArray) before
      = query->page > 1 ? slice (rows, query->page - 2, query->size) : g_ptr_array_new ();
  g_autoptr (GString) text = g_string_sized_new (4096);
  Page page = { .rows = here,
                .total = rows->len,
                .pages = (rows->len + query->size - 1) / query->size,
                .page = query->page,
                .size = query->size,
                .has_next = query->page * query->size < rows->len };
  gboolean goes_on = page.has_next;

  serve_spoil_page (server, query, before, &page);
  g_string_append (text, "{\"Records\":[");
  add_rows (server, &page, text);
  g_string_append_printf (
      text,
      "],\"CurrentPage\":%d,\"CurrentPageSize\":%d,\"CurrentOrderField\":\"Id\","
      "\"CurrentSortDirection\":1,\"TotalItems\":%d,\"TotalPages\":%d,\"HasNextPage\":%s,"
      "\"HasPreviousPage\":%s}",
      (int) page.page, (int) page.size, (int) page.total, (int) page.pages,
      page.has_next ? "true" : "false", page.page > 1 ? "true" : "false");
  serve_say (out, 200, text->str);
  serve_spoil_text (server, query, text, out);
  /* A total is asked for with pages of one row. */
  if (goes_on && query->size > 1)
    server->between (server->data);
}
