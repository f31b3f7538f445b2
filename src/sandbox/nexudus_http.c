/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Nexudus by HTTP: from a path to what answers it, with the role that it takes
 * (nexudus-api.md §1, §2.1, §3.1).
 */
#include "nexudus.h"

#include <string.h>

static void
no_route (Call *call)
{
  call_reply (call, 404, json_pack ("{s:s}", "Message", "No HTTP resource was found."));
}

static gboolean
may (Call *call, NxEntity entity, const char *what)
{
  if (nx_user_may (call->login, nx_infos[entity].name, what))
    return TRUE;
  call_reply (call, 401, json_pack ("{s:s}", "Message", "Access Denied"));
  return FALSE;
}

static void
get_one (Call *call, NxEntity entity, gint64 id)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  Row *row = table_get (nx_table (nexudus, entity), id);
  if (row == NULL)
    nx_not_found (call);
  else
    call_reply (call, 200, nx_render (nexudus, entity, row, FALSE));
}

static void
on_collection (Call *call, NxEntity entity)
{
  const char *ids = lk_server_query (call->request, "id");
  if (call_is (call, "GET") && ids != NULL && *ids == '[')
    {
      if (may (call, entity, "Read"))
        nx_batch (call, entity, ids);
    }
  else if (call_is (call, "GET"))
    {
      if (may (call, entity, "List"))
        nx_list (call, entity);
    }
  else if (nx_infos[entity].read_only)
    call_reply (call, 405, NULL);
  else if (call_is (call, "POST"))
    {
      if (may (call, entity, "Create"))
        nx_post (call, entity);
    }
  else if (call_is (call, "PUT"))
    {
      if (may (call, entity, "Edit"))
        nx_put (call, entity);
    }
  else
    call_reply (call, 405, NULL);
}

static void
on_record (Call *call, NxEntity entity, gint64 id)
{
  if (call_is (call, "GET"))
    {
      if (may (call, entity, "Read"))
        get_one (call, entity, id);
    }
  else if (!call_is (call, "DELETE") || nx_infos[entity].no_delete || nx_infos[entity].read_only)
    call_reply (call, 405, NULL);
  else if (may (call, entity, "Delete"))
    nx_delete (call, entity, id);
}

static void
list_commands (Call *call, NxEntity entity)
{
  static const struct
  {
    NxEntity entity;
    const char *key;
  } commands[] = {
    { NX_BOOKINGS, "CANCEL_BOOKING" },
    { NX_CONTRACTS, "CANCEL_CONTRACT" },
    { NX_CONTRACTS, "DELETE_CONTRACT" },
  };
  json_t *out = json_array ();
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (commands[i].entity == entity)
      json_array_append_new (out, json_pack ("{s:s}", "Key", commands[i].key));
  call_reply (call, 200, out);
}

void
nexudus_answer (Call *call)
{
  g_auto (GStrv) parts = g_strsplit (call->path, "/", -1);
  guint n = g_strv_length (parts); /* "", "api", module, entity, id or word */
  if (n > 3 && *parts[n - 1] == '\0')
    n--;
  if (n >= 3 && g_str_equal (parts[2], "token"))
    {
      nx_token (call);
      return;
    }
  call->login = nx_login (call);
  if (call->login == NULL)
    return;
  int entity = n >= 4 && n <= 5 ? nx_entity (parts[3]) : -1;
  gint64 id;
  if (entity < 0
      || (!g_str_equal (nx_infos[entity].module, parts[2])
          && !switch_is (call->sandbox, SW_NX_MODULE, "any")))
    no_route (call);
  else if (n == 4)
    on_collection (call, entity);
  else if (g_ascii_string_to_signed (parts[4], 10, 1, G_MAXINT64, &id, NULL))
    on_record (call, entity, id);
  else if (g_str_equal (parts[4], "commands") && call_is (call, "GET"))
    list_commands (call, entity);
  else if (g_str_equal (parts[4], "runcommand") && call_is (call, "POST"))
    {
      if (may (call, entity, "Edit"))
        nx_command (call, entity);
    }
  else
    no_route (call);
}
