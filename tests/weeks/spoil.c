/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What goes wrong with an answer.
 */
#include "serve_internal.h"

#include <string.h>

static gboolean
strikes (Server *server, SimWeather weather, SimFault fault, gint64 a, gint64 b)
{
  SimWorld *world = server->world;

  if (!sim_chance (world, world->weather[weather], sim_weather_name (weather), a, b))
    return FALSE;
  sim_count (world, fault);
  sim_note (world, "Nexudus    answers with %s", sim_fault_name (fault));
  weeks_trouble (world, 0);
  return TRUE;
}

/* --- instead of an answer --------------------------------------------------------------------- */

static gboolean
throttles (Server *server, gint64 salt, ServeAnswer *out)
{
  SimWorld *world = server->world;
  int wait = 1 + (int) sim_throw (world, 20, "wait", salt, 0);
  g_autofree char *text = NULL;

  if (strikes (server, WEATHER_THROTTLED_409, SIM_FAULT_THROTTLED_409, salt, 0))
    {
      serve_say (out, 409, "");
      g_snprintf (out->retry_after, sizeof out->retry_after, "%d", wait);
    }
  else if (strikes (server, WEATHER_THROTTLED_409_BARE, SIM_FAULT_THROTTLED_409_BARE, salt, 0))
    serve_say (out, 409, "");
  else if (strikes (server, WEATHER_THROTTLED_429, SIM_FAULT_THROTTLED_429, salt, 0))
    {
      serve_say (out, 429, "{\"Message\":\"Too many requests.\"}");
      g_snprintf (out->retry_after, sizeof out->retry_after, "%d", wait);
    }
  else if (strikes (server, WEATHER_THROTTLED_429_TEXT, SIM_FAULT_THROTTLED_429_TEXT, salt, 0))
    {
      text = g_strdup_printf ("You must wait. Wait %d.5 seconds before the next call.", wait);
      serve_say (out, 429, text);
    }
  else if (strikes (server, WEATHER_THROTTLED_429_BARE, SIM_FAULT_THROTTLED_429_BARE, salt, 0))
    serve_say (out, 429, "");
  else
    return FALSE;
  return TRUE;
}

gboolean
serve_goes_wrong (Server *server, const ServeRequest *request, ServeAnswer *out)
{
  SimWorld *world = server->world;
  gint64 salt = g_str_hash (request->method) % 1000;
  gboolean by_id = g_ascii_isdigit (request->url[strlen (request->url) - 1])
                   && strchr (request->url, '?') == NULL;

  if (strikes (server, WEATHER_SLOW, SIM_FAULT_SLOW, salt, 0))
    out->wait = 1000 + sim_throw (world, 25000, "how slow", salt, 0);
  if (throttles (server, salt, out))
    return TRUE;
  if (strikes (server, WEATHER_SERVER_ERROR, SIM_FAULT_SERVER_ERROR, salt, 0))
    serve_say (out, 500, "{\"Message\":\"An error has occurred.\"}");
  else if (strikes (server, WEATHER_CUT, SIM_FAULT_CUT, salt, 0))
    out->wait = sim_throw (world, 2, "never", salt, 0) ? 60000 : out->wait;
  else if (strikes (server, WEATHER_TOO_LARGE, SIM_FAULT_TOO_LARGE, salt, 0))
    out->too_large = TRUE;
  else if (strikes (server, WEATHER_HTML, SIM_FAULT_HTML, salt, 0))
    serve_say (out, by_id ? 404 : 200, "<html><body>Not here.</body></html>");
  else if (g_str_equal (request->method, "GET")
           && strikes (server, WEATHER_UNSUCCESSFUL, SIM_FAULT_UNSUCCESSFUL, salt, 0))
    serve_say (out, 200,
               "{\"Status\":500,\"Message\":\"Ooops!\",\"Value\":null,\"WasSuccessful\":false}");
  else
    {
      if (strikes (server, WEATHER_TOKEN_ENDED, SIM_FAULT_TOKEN_ENDED, salt, 0))
        {
          server_end_tokens (server, sim_throw (world, 2, "refresh", salt, 0) == 0);
          if (strstr (request->url, "page=") != NULL && strstr (request->url, "page=1&") == NULL)
            sim_count (world, SIM_FAULT_TOKEN_ENDED_LISTING);
        }
      return FALSE;
    }
  return TRUE;
}

/* --- what is in an answer --------------------------------------------------------------------- */

gboolean
serve_spoils_row (Server *server, const NxEntity *entity)
{
  static const gboolean can[NX_KINDS]
      = { [NX_COWORKER] = TRUE, [NX_PASS] = TRUE, [NX_BOOKING] = TRUE, [NX_CONTRACT] = TRUE };

  if (!can[entity->kind])
    return FALSE;
  if (server_sick_until (server, entity) > server->world->now)
    return TRUE;
  return strikes (server, WEATHER_MISTYPED, SIM_FAULT_MISTYPED, entity->kind, entity->id);
}

/* That somebody has none can't be told from the truth. */
static gboolean
is_of_one (const Query *query)
{
  return query->filter == FILTER_COWORKER || query->filter == FILTER_OF
         || query->filter == FILTER_CONTRACT_UID;
}

static void
nothing (Page *page, gboolean says_so)
{
  g_ptr_array_set_size (page->rows, 0);
  if (says_so)
    {
      page->total = page->pages = 0;
      page->has_next = FALSE;
    }
}

void
serve_spoil_page (Server *server, const Query *query, const GPtrArray *before, Page *page)
{
  gint64 k = query->kind, p = query->page;

  if (page->rows->len > 0 && strikes (server, WEATHER_BAD_ID, SIM_FAULT_BAD_ID, k, p))
    page->bad_id = TRUE;
  else if (page->rows->len > 0
           && strikes (server, WEATHER_REPEATED_ID, SIM_FAULT_REPEATED_ID, k, p))
    page->twice = TRUE;
  else if (before->len > 0
           && strikes (server, WEATHER_REPEATED_PAGE, SIM_FAULT_REPEATED_PAGE, k, p))
    {
      g_ptr_array_set_size (page->rows, 0);
      for (guint i = 0; i < before->len; i++)
        g_ptr_array_add (page->rows, before->pdata[i]);
    }
  else if (page->has_next && page->rows->len > 1
           && strikes (server, WEATHER_SHORT_PAGE, SIM_FAULT_SHORT_PAGE, k, p))
    g_ptr_array_set_size (page->rows, page->rows->len - 1);
  else if (page->rows->len > 0 && strikes (server, WEATHER_EMPTY_PAGE, SIM_FAULT_EMPTY_PAGE, k, p))
    nothing (page, FALSE);
  else if (page->rows->len > 0 && !is_of_one (query)
           && strikes (server, WEATHER_NOTHING, SIM_FAULT_NOTHING, k, p))
    nothing (page, TRUE);
  else if (strikes (server, WEATHER_TOTAL_UP, SIM_FAULT_TOTAL_UP, k, p))
    page->total += 1 + sim_throw (server->world, 3, "how many", k, p);
  else if (page->total > 0 && strikes (server, WEATHER_TOTAL_DOWN, SIM_FAULT_TOTAL_DOWN, k, p))
    page->total -= 1 + sim_throw (server->world, (guint) page->total, "how few", k, p);
  else if (strikes (server, WEATHER_OTHER_PAGE, SIM_FAULT_OTHER_PAGE, k, p))
    page->page += 1;
  else if (!page->has_next && strikes (server, WEATHER_MORE, SIM_FAULT_MORE, k, p))
    page->has_next = TRUE;
}

void
serve_spoil_text (Server *server, const Query *query, GString *text, ServeAnswer *out)
{
  if (!strikes (server, WEATHER_MALFORMED, SIM_FAULT_MALFORMED, query->kind, query->page))
    return;
  g_string_truncate (
      text,
      1 + sim_throw (server->world, (guint) text->len - 1, "cut at", query->kind, query->page));
  serve_say (out, 200, text->str);
}
