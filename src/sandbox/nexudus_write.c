/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What Nexudus does with POST, PUT, DELETE and commands, and the envelope it answers with
 * (nexudus-api.md §2.5). 200 does not mean success there: WasSuccessful does.
 */
#include "nexudus.h"

#include <string.h>

/* Takes VALUE and ERRORS. */
static void
envelope (Call *call, guint status, const char *message, json_t *value, json_t *errors)
{
  const NxUser *user = call->login;
  gboolean good = errors == NULL && value != NULL;
  json_t *at
      = good ? nx_date_text (call->sandbox->nexudus, sandbox_now (call->sandbox)) : json_null ();
  call_reply (call, status,
              json_pack ("{s:i,s:s,s:o,s:b,s:b,s:n,s:n,s:o,s:s,s:o,s:b}", "Status",
                         good ? 200 : 500, "Message", message, "Value",
                         value != NULL ? value : json_null (), "OpenInDialog", FALSE,
                         "OpenInWindow", FALSE, "RedirectURL", "JavaScript", "UpdatedOn", at,
                         "UpdatedBy", user->email, "Errors", errors != NULL ? errors : json_null (),
                         "WasSuccessful", good));
}

void
nx_not_found (Call *call)
{
  if (switch_is (call->sandbox, SW_NX_MISSING, "empty"))
    call_reply (call, 404, NULL);
  else if (switch_is (call->sandbox, SW_NX_MISSING, "envelope"))
    envelope (call, 404, "Not found", NULL, NULL);
  else
    call_reply_text (call, 404, "\"Not found\"");
}

static void
refuse (Call *call, const char *message)
{
  envelope (call, 200, message, NULL, NULL);
}

static void
invalid (Call *call, const char *property, const char *message)
{
  g_autofree char *text = g_strdup_printf ("%s: %s", property, message);
  envelope (
      call, 400, text, NULL,
      json_pack ("[{s:n,s:s,s:s}]", "AttemptedValue", "Message", text, "PropertyName", property));
}

static gboolean
is_filled (Call *call, NxEntity entity)
{
  if (!json_is_object (call->body))
    {
      envelope (call, 400, "The request is invalid.", NULL, json_array ());
      return FALSE;
    }
  g_auto (GStrv) required = g_strsplit (nx_infos[entity].required, ",", -1);
  for (char **name = required; *name != NULL; name++)
    if (**name != '\0' && json_is_blank (json_object_get (call->body, *name)))
      {
        invalid (call, *name, "is a required field");
        return FALSE;
      }
  return TRUE;
}

static void
created (Call *call, NxEntity entity, Row *row)
{
  envelope (call, 200, "The record was created successfully.",
            nx_render (call->sandbox->nexudus, entity, row, FALSE), NULL);
}

/* --- create ----------------------------------------------------------------------------------- */

static gboolean
clashes (Nexudus *nexudus, const json_t *wanted)
{
  gint64 resource = json_int (wanted, "ResourceId", 0);
  const Row *row = table_get (nx_table (nexudus, NX_RESOURCES), resource);
  LkTime from = json_time (wanted, "FromTime"), to = json_time (wanted, "ToTime");
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_BOOKINGS));
  if (row != NULL && json_flag (row->data, "AllowMultipleBookings", FALSE))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const json_t *other = ((Row *)rows->pdata[i])->data;
      if (json_int (other, "ResourceId", 0) == resource && json_time (other, "FromTime") < to
          && json_time (other, "ToTime") > from)
        return TRUE;
    }
  return FALSE;
}

static void
post_checkin (Call *call)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  LkTime now = sandbox_now (call->sandbox);
  LkTime from = json_time (call->body, "FromTime");
  g_autoptr (GError) error = NULL;
  if (from == LK_TIME_NONE
      || (json_is_blank (json_object_get (call->body, "ToTime")) && ABS (from - now) > LK_DAY))
    {
      call_reply (call, 400, NULL); /* an open check-in must be dated today */
      return;
    }
  Row *row = nx_check_in (nexudus, call->body, from, NULL, &error);
  if (row == NULL)
    refuse (call, error->message);
  else
    created (call, NX_CHECKINS, row);
}

static void
post_passes (Call *call)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const NxUser *user = call->login;
  gint64 copies = CLAMP (json_int (call->body, "CreateMultiple", 1), 1, 1000);
  Row *row = NULL;
  Row *type = table_get (nx_table (nexudus, NX_PASS_TYPES), json_int (call->body, "TimePassId", 0));
  if (type == NULL)
    {
      invalid (call, "TimePassId", "does not exist");
      return;
    }
  json_t *fields = json_copy (call->body);
  json_object_del (fields, "Id");
  if (json_is_blank (json_object_get (fields, "BusinessId")))
    json_object_set (fields, "BusinessId", json_object_get (type->data, "BusinessId"));
  for (gint64 i = 0; i < copies; i++)
    row = nx_create (nexudus, NX_PASSES, fields, user->email);
  json_decref (fields);
  created (call, NX_PASSES, row);
}

void
nx_post (Call *call, NxEntity entity)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const NxUser *user = call->login;
  Row *row;
  if (!is_filled (call, entity))
    return;
  json_object_del (call->body, "Id"); /* which Nexudus gives */
  switch (entity)
    {
    case NX_CHECKINS:
      post_checkin (call);
      return;
    case NX_PASSES:
      post_passes (call);
      return;
    case NX_CONTRACTS:
      created (call, entity, nx_start_contract (nexudus, call->body, NULL));
      return;
    case NX_SALES:
      json_decref (nx_sell (nexudus, call->body, FALSE, &row));
      created (call, entity, row);
      return;
    case NX_BOOKINGS:
      if (clashes (nexudus, call->body))
        {
          refuse (call, "The resource is already booked at that time.");
          return;
        }
      break;
    default:
      break;
    }
  row = nx_create (nexudus, entity, call->body, user->email);
  nx_row_made (nexudus, entity, row);
  created (call, entity, row);
}

/* --- update and delete ------------------------------------------------------------------------ */

/* A full replacement: what the body leaves out is back at its default (§2.1). */
void
nx_put (Call *call, NxEntity entity)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const NxUser *user = call->login;
  gint64 id = json_int (call->body, "Id", 0);
  Row *row = table_get (nx_table (nexudus, entity), id);
  if (row == NULL)
    {
      nx_not_found (call);
      return;
    }
  if (!is_filled (call, entity))
    return;
  if (entity == NX_CHECKINS && json_is_blank (json_object_get (row->data, "ToTime"))
      && json_time (call->body, "ToTime") != LK_TIME_NONE)
    nx_check_out (nexudus, row, json_time (call->body, "ToTime"));

  json_t *data = json_copy (nexudus->defaults[entity]);
  json_object_update (data, call->body);
  static const char *const kept[] = { "UniqueId", "CreatedOn" };
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    json_object_set (data, kept[i], json_object_get (row->data, kept[i]));
  json_set (data, "UpdatedOn", nx_date_text (nexudus, sandbox_now (call->sandbox)));
  json_set (data, "UpdatedBy", json_string (user->email));
  row = table_put (nx_table (nexudus, entity), data);
  nx_fill_names (nexudus, entity, row);
  nx_row_changed (nexudus, entity, row);
  envelope (call, 200, "The record was updated successfully.",
            json_pack ("{s:I}", "Id", (json_int_t)id), NULL);
}

static gboolean
has_children (Nexudus *nexudus, NxEntity entity, gint64 id)
{
  static const struct
  {
    NxEntity parent, child;
    const char *key;
  } links[] = {
    { NX_PASS_TYPES, NX_PASSES, "TimePassId" },
    { NX_RESOURCES, NX_BOOKINGS, "ResourceId" },
    { NX_TARIFFS, NX_CONTRACTS, "TariffId" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      GPtrArray *rows = table_rows (nx_table (nexudus, links[i].child));
      for (guint j = 0; links[i].parent == entity && j < rows->len; j++)
        if (json_int (((Row *)rows->pdata[j])->data, links[i].key, 0) == id)
          return TRUE;
    }
  return FALSE;
}

static void
deleted (Call *call)
{
  if (switch_is (call->sandbox, SW_NX_DELETE, "empty"))
    call_reply (call, 200, NULL);
  else
    envelope (call, 200, "The record was deleted successfully.", json_null (), NULL);
}

void
nx_delete (Call *call, NxEntity entity, gint64 id)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const NxUser *user = call->login;
  Row *row = table_get (nx_table (nexudus, entity), id);
  if (row == NULL)
    nx_not_found (call);
  else if (has_children (nexudus, entity, id))
    refuse (call, "This record cannot be deleted because other records depend on it.");
  else if (entity == NX_BOOKINGS && json_flag (row->data, "Invoiced", FALSE))
    refuse (call, "This booking has already been charged.");
  else if (entity == NX_BOOKINGS)
    {
      nx_cancel_booking (nexudus, row, 0, user->email);
      deleted (call);
    }
  else
    {
      nx_remove (nexudus, entity, row);
      deleted (call);
    }
}

/* --- commands --------------------------------------------------------------------------------- */

static gint64
parameter (const json_t *body, const char *name)
{
  const json_t *list = json_object_get (body, "Parameters");
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      const json_t *entry = json_array_get (list, i);
      const json_t *value = json_object_get (entry, "Value");
      if (g_strcmp0 (json_text (entry, "Name"), name) != 0)
        continue;
      return json_is_string (value) ? g_ascii_strtoll (json_string_value (value), NULL, 10)
                                    : json_integer_value (value);
    }
  return 0;
}

/* FALSE when the entity has no such command. */
static gboolean
run_command (Call *call, NxEntity entity, const char *key, Row *row)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const NxUser *user = call->login;
  if (entity == NX_BOOKINGS && g_str_equal (key, "CANCEL_BOOKING"))
    nx_cancel_booking (nexudus, row, parameter (call->body, "Cancellation Reason"), user->email);
  else if (entity == NX_COWORKERS && g_str_equal (key, "COWORKER_DELETE"))
    nx_delete_coworker (nexudus, row);
  else if (entity == NX_CONTRACTS && g_str_equal (key, "CANCEL_CONTRACT"))
    nx_cancel_contract (nexudus, row, sandbox_now (call->sandbox));
  else if (entity == NX_CONTRACTS && g_str_equal (key, "DELETE_CONTRACT"))
    {
      gint64 coworker = row->key1;
      table_remove (nx_table (nexudus, entity), row->id);
      nx_tell_coworker (nexudus, coworker);
    }
  else
    return FALSE;
  return TRUE;
}

void
nx_command (Call *call, NxEntity entity)
{
  const char *key = json_text (call->body, "Key");
  const json_t *ids = json_object_get (call->body, "Ids");
  if (key == NULL || !json_is_array (ids))
    {
      envelope (call, 400, "The request is invalid.", NULL, json_array ());
      return;
    }
  for (gsize i = 0; i < json_array_size (ids); i++)
    {
      gint64 id = json_integer_value (json_array_get (ids, i));
      Row *row = table_get (nx_table (call->sandbox->nexudus, entity), id);
      if (row == NULL || !run_command (call, entity, key, row))
        {
          refuse (call, "Ooops! There was a problem while running this action.");
          return;
        }
    }
  envelope (call, 200, "The command was executed.", json_null (), NULL);
}
