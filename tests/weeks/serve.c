/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Requests and answers.
 */
#include "serve_internal.h"

#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const paths[NX_KINDS] = {
  [NX_COWORKER] = "spaces/coworkers",
  [NX_PASS] = "billing/coworkertimepasses",
  [NX_BOOKING] = "spaces/bookings",
  [NX_CANCELLED] = "spaces/cancelledbookings",
  [NX_CONTRACT] = "billing/coworkercontracts",
  [NX_PERIOD] = "billing/contractpausedperiods",
  [NX_TYPE] = "billing/timepasses",
  [NX_RESOURCE] = "spaces/resources",
  [NX_BUSINESS] = "sys/businesses",
};

Server *
server_new (SimWorld *world, Nexus *nexus, ServeFunc asked, ServeFunc between, gpointer data)
{
  Server *server = g_new0 (Server, 1);

  server->world = world;
  server->nexus = nexus;
  server->asked = asked;
  server->between = between;
  server->data = data;
  server->sick = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  server->refresh = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  server->tokens = g_array_new (FALSE, FALSE, sizeof (gint64));
  return server;
}

void
serve_answer_clear (ServeAnswer *answer)
{
  g_free (answer->body);
  *answer = (ServeAnswer){ 0 };
}

void
server_make_sick (Server *server, const NxEntity *entity, gint64 until)
{
  (void) g_hash_table_insert (server->sick, (gpointer) entity, g_memdup2 (&until, sizeof until));
}

void
server_heal (Server *server)
{
  GHashTableIter iter;
  gpointer until;

  g_hash_table_iter_init (&iter, server->sick);
  while (g_hash_table_iter_next (&iter, NULL, &until))
    *(gint64 *) until = MIN (*(gint64 *) until, server->world->now);
}

gint64
server_sick_until (const Server *server, const NxEntity *entity)
{
  const gint64 *until = g_hash_table_lookup (server->sick, entity);

  return until == NULL ? NX_NONE : *until;
}

/* --- answers ---------------------------------------------------------------------------------- */

void
serve_say (ServeAnswer *out, int status, const char *body)
{
  g_free (out->body);
  out->status = status;
  out->body = g_strdup (body);
  out->len = strlen (body);
}

static void
add_date (const Server *server, ServeAnswer *out)
{
  time_t seconds = (time_t) (nx_clock (server->nexus) / 1000);
  struct tm tm;

  (void) gmtime_r (&seconds, &tm);
  (void) strftime (out->date, sizeof out->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* --- tokens (nexudus-api.md §1) --------------------------------------------------------------- */

void
server_end_tokens (Server *server, gboolean refresh)
{
  server->ended = (gint64) server->tokens->len;
  if (refresh)
    g_hash_table_remove_all (server->refresh);
}

static gboolean
token_is_good (const Server *server, const char *authorization)
{
  gint64 token;

  if (authorization == NULL || !g_str_has_prefix (authorization, "Bearer t"))
    return FALSE;
  token = g_ascii_strtoll (authorization + strlen ("Bearer t"), NULL, 10);
  return token >= server->ended && token < (gint64) server->tokens->len
         && g_array_index (server->tokens, gint64, token) > server->world->now;
}

static void
give_token (Server *server, const ServeRequest *request, ServeAnswer *out)
{
  gint64 life = server->nexus->readings.token_life, ends = server->world->now + life;
  guint token = server->tokens->len;
  g_autofree char *text
      = g_strdup_printf ("{\"access_token\":\"t%u\",\"token_type\":\"bearer\",\"expires_in\":%d,"
                         "\"refresh_token\":\"r%u\"}",
                         token, (int) (life / 1000), token);

  g_array_append_val (server->tokens, ends);
  (void) g_hash_table_insert (server->refresh, g_strdup (request->client),
                              GUINT_TO_POINTER (token + 1));
  serve_say (out, 200, text);
}

static void
answer_login (Server *server, const ServeRequest *request, ServeAnswer *out)
{
  const char *refresh = strstr (request->body, "refresh_token=r");

  if (sim_chance (server->world, server->world->weather[WEATHER_LOGIN_REFUSED], "login", 0, 0))
    {
      sim_count (server->world, SIM_FAULT_LOGIN_REFUSED);
      weeks_trouble (server->world, NX_MINUTE);
      serve_say (out, server->nexus->readings.missing == 0 ? 400 : 401,
                 "{\"error\":\"invalid_grant\"}");
    }
  else if (refresh != NULL
           && GPOINTER_TO_UINT (g_hash_table_lookup (server->refresh, request->client))
                  != (guint) atoi (refresh + strlen ("refresh_token=r")) + 1)
    {
      sim_count (server->world, SIM_FAULT_REFRESH_ENDED);
      serve_say (out, 400, "{\"error\":\"invalid_grant\"}");
    }
  else
    give_token (server, request, out);
}

/* --- what is asked for ------------------------------------------------------------------------ */

static gint64
number_of (const char *value)
{
  return g_ascii_strtoll (value, NULL, 10);
}

static gint64
minute_of (Server *server, const char *value)
{
  gint64 minute = 0;

  if (strlen (value) != strlen ("2026-09-01T10:00") || !clock_parse (value, &minute))
    sim_breach (server->world, "whole", "a filter asks from '%s'", value);
  return minute;
}

static void
take_filter (Server *server, Query *query, const char *name, const char *value)
{
  static const struct
  {
    const char *name;
    NxKind kind;
    FilterKind filter;
  } filters[] = {
    { "from_Coworker_UpdatedOn", NX_COWORKER, FILTER_UPDATED },
    { "from_CoworkerContract_UpdatedOn", NX_CONTRACT, FILTER_UPDATED },
    { "from_ContractPausedPeriod_UpdatedOn", NX_PERIOD, FILTER_UPDATED },
    { "from_CoworkerTimePass_UpdatedOn", NX_PASS, FILTER_UPDATED },
    { "from_CoworkerTimePass_UsedDate", NX_PASS, FILTER_USED_SINCE },
    { "CoworkerTimePass_Used", NX_PASS, FILTER_UNUSED },
    { "CoworkerTimePass_CoworkerContractUniqueId", NX_PASS, FILTER_CONTRACT_UID },
    { "from_Booking_UpdatedOn", NX_BOOKING, FILTER_UPDATED },
    { "from_Booking_ToTime", NX_BOOKING, FILTER_UNTIL },
    { "from_CancelledBooking_CancelledOn", NX_CANCELLED, FILTER_CANCELLED },
    { "CoworkerContract_Coworker", NX_CONTRACT, FILTER_COWORKER },
    { "ContractPausedPeriod_CoworkerContract", NX_PERIOD, FILTER_OF },
  };

  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    if (filters[i].kind == query->kind && g_str_equal (filters[i].name, name))
      {
        query->filter = filters[i].filter;
        if (query->filter == FILTER_CONTRACT_UID)
          query->text = g_strdup (value);
        else if (query->filter == FILTER_COWORKER || query->filter == FILTER_OF)
          query->number = number_of (value);
        else if (query->filter != FILTER_UNUSED)
          query->number = minute_of (server, value);
        else if (!g_str_equal (value, "false"))
          sim_breach (server->world, "whole", "a filter asks for used passes");
        return;
      }
  /* Nexudus would ignore it, and return everything. */
  sim_breach (server->world, "whole", "%s has no parameter '%s'", paths[query->kind], name);
}

static void
take_parameter (Server *server, Query *query, const char *pair)
{
  const char *equals = strchr (pair, '=');
  g_autofree char *name = g_strndup (pair, (gsize) (equals - pair));
  g_autofree char *value = g_uri_unescape_string (equals + 1, NULL);

  if (g_str_equal (name, "page"))
    query->page = (guint) number_of (value);
  else if (g_str_equal (name, "size"))
    query->size = MIN ((guint) number_of (value), server->nexus->readings.size_cap);
  else
    take_filter (server, query, name, value);
}

/* "/api/spaces/coworkers/17" or "/api/spaces/coworkers?page=1". */
static void
read_url (Server *server, const char *url, Query *query)
{
  const char *path = url + strlen ("/api/");
  gsize len = strcspn (path, "?");

  *query = (Query){ .kind = NX_KINDS, .page = 1, .size = 25 };
  for (guint k = 0; k < NX_KINDS; k++)
    if (strncmp (path, paths[k], strlen (paths[k])) == 0
        && (len == strlen (paths[k]) || path[strlen (paths[k])] == '/'))
      query->kind = (NxKind) k;
  if (!g_str_has_prefix (url, "/api/") || query->kind == NX_KINDS)
    sim_breach (server->world, "whole", "there is no %s", url);
  if (len > strlen (paths[query->kind]))
    {
      query->by_id = TRUE;
      query->number = number_of (path + strlen (paths[query->kind]) + 1);
      return;
    }
  if (path[len] == '?')
    {
      g_auto (GStrv) pairs = g_strsplit (path + len + 1, "&", -1);
      for (guint i = 0; pairs[i] != NULL; i++)
        take_parameter (server, query, pairs[i]);
    }
}

/* --- answering -------------------------------------------------------------------------------- */

static void
answer_missing (const Server *server, ServeAnswer *out)
{
  static const char *const bodies[]
      = { "\"Not found\"", "",
          "{\"Status\":404,\"Message\":\"Not found\",\"WasSuccessful\":false}" };

  serve_say (out, 404, bodies[server->nexus->readings.missing % G_N_ELEMENTS (bodies)]);
}

static void
answer_row (Server *server, const Query *query, ServeAnswer *out)
{
  SimWorld *world = server->world;
  const NxEntity *entity = nx_find (server->nexus, query->kind, query->number);
  g_autoptr (GString) text = g_string_new (NULL);

  if (entity == NULL)
    sim_breach (world, "whole", "there never was a %s/%" G_GINT64_FORMAT, paths[query->kind],
                query->number);
  if (!nx_lives (entity))
    {
      answer_missing (server, out);
      return;
    }
  if (sim_chance (world, world->weather[WEATHER_OTHER_ROW], "other row", query->kind, entity->id))
    {
      sim_count (world, SIM_FAULT_OTHER_ROW);
      weeks_trouble (world, 0);
      entity = nx_pick (server->nexus, query->kind, (guint64) entity->id);
    }
  render_row (server->nexus, entity, TRUE, serve_spoils_row (server, entity), text);
  serve_say (out, 200, text->str);
}

void
server_answer (Server *server, const ServeRequest *request, ServeAnswer *out)
{
  Query query;

  server->asked (server->data);
  add_date (server, out);
  if (serve_goes_wrong (server, request, out))
    return;
  if (g_str_equal (request->method, "POST"))
    {
      answer_login (server, request, out);
      return;
    }
  if (!token_is_good (server, request->authorization))
    {
      serve_say (out, 401, "{\"Message\":\"Authorization has been denied for this request.\"}");
      return;
    }
  read_url (server, request->url, &query);
  if (sim_chance (server->world, server->world->weather[WEATHER_FORBIDDEN], "forbidden", query.kind,
                  0))
    {
      sim_count (server->world, SIM_FAULT_FORBIDDEN);
      weeks_trouble (server->world, 0);
      serve_say (out, 401, "");
    }
  else if (query.by_id)
    answer_row (server, &query, out);
  else
    serve_list (server, &query, out);
  g_free (query.text);
}
