/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What happens to members of Nexudus: sales, cancelled bookings, teams, departures
 * (nexudus-api.md §3.6, §3.11, §5).
 */
#include "nexudus.h"

#include <string.h>

#define SYSTEM "[System]"

/* --- sales ------------------------------------------------------------------------------------ */

/* ExpirationType: 1 PricePlan, 2 Day, 3 Week, 4 Month, 5 Year, 6 LastDayOfMonth. */
static LkTime
product_end (const json_t *rule, LkTime now)
{
  static const LkTime units[]
      = { 31 * LK_DAY, 31 * LK_DAY, LK_DAY, 7 * LK_DAY, 31 * LK_DAY, 365 * LK_DAY, 31 * LK_DAY };
  gint64 type = CLAMP (json_int (rule, "ExpirationType", 4), 0, 6);
  return now + units[type] * MAX (1, json_int (rule, "ExpiresIn", 1));
}

json_t *
nx_sell (Nexudus *nexudus, const json_t *fields, gboolean paid, Row **out_sale)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  gint64 product = json_int (fields, "ProductId", 0);
  gint64 quantity = json_int (fields, "Quantity", 1);
  json_t *all = json_copy ((json_t *)fields);
  json_set (all, "Activated", json_boolean (paid));
  json_set (all, "CoworkerInvoicePaid", json_boolean (paid));
  json_set (all, "SaleDate", nx_date_text (nexudus, now));
  Row *sale = nx_create (nexudus, NX_SALES, all, "admin@example.org");
  json_decref (all);

  GPtrArray *rules = table_rows (nx_table (nexudus, NX_PRODUCT_PASSES));
  json_t *out = json_array ();
  for (guint i = 0; paid && i < rules->len; i++)
    {
      const json_t *rule = ((Row *)rules->pdata[i])->data;
      Row *type = table_get (nx_table (nexudus, NX_PASS_TYPES), json_int (rule, "TimePassId", 0));
      if (json_int (rule, "ProductId", 0) != product || type == NULL)
        continue;
      json_t *extra
          = json_pack ("{s:s,s:o}", "CoworkerProductUniqueId", json_text (sale->data, "UniqueId"),
                       "ExpireDate", nx_bare_date (product_end (rule, now)));
      for (gint64 n = 0; n < quantity * json_int (rule, "PassesIncluded", 1); n++)
        {
          Row *pass = nx_give_pass (nexudus, json_int (fields, "CoworkerId", 0), type, extra);
          json_array_append_new (out, nx_render (nexudus, NX_PASSES, pass, FALSE));
        }
      json_decref (extra);
    }
  *out_sale = sale;
  return out;
}

/* --- the rest --------------------------------------------------------------------------------- */

static json_t *
original_reference (const Nexudus *nexudus, const Row *booking)
{
  if (switch_is (nexudus->sandbox, SW_NX_ORIGINAL, "guid"))
    return json_incref (json_object_get (booking->data, "UniqueId"));
  if (switch_is (nexudus->sandbox, SW_NX_ORIGINAL, "text"))
    return json_sprintf ("%" G_GINT64_FORMAT, booking->id);
  return switch_is (nexudus->sandbox, SW_NX_ORIGINAL, "null") ? json_null ()
                                                              : json_integer (booking->id);
}

Row *
nx_cancel_booking (Nexudus *nexudus, Row *booking, gint64 reason, const char *by)
{
  json_t *fields = json_copy (booking->data);
  json_set (fields, "OriginalBookingId", original_reference (nexudus, booking));
  static const char *const own[] = { "Id", "UniqueId", "CreatedOn", "UpdatedOn" };
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    json_object_del (fields, own[i]);
  json_set (fields, "CancellationReason", json_integer (reason));
  json_set (fields, "CancelledOn", nx_date_text (nexudus, sandbox_now (nexudus->sandbox)));
  json_set (fields, "CancelledBy", json_string (by));
  Row *cancelled = nx_create (nexudus, NX_CANCELLED, fields, by);
  json_decref (fields);
  g_hash_table_insert (nexudus->originals, g_memdup2 (&cancelled->id, sizeof cancelled->id),
                       json_incref (booking->data));
  table_remove (nx_table (nexudus, NX_BOOKINGS), booking->id);
  return cancelled;
}

Row *
nx_restore_booking (Nexudus *nexudus, Row *cancelled)
{
  json_t *data = g_hash_table_lookup (nexudus->originals, &cancelled->id);
  if (data == NULL)
    return NULL;
  Row *booking = table_put (nx_table (nexudus, NX_BOOKINGS), json_incref (data));
  g_hash_table_remove (nexudus->originals, &cancelled->id);
  table_remove (nx_table (nexudus, NX_CANCELLED), cancelled->id);
  nx_touch (nexudus, NX_BOOKINGS, booking, "admin@example.org", TRUE);
  return booking;
}

static json_t *
with_member (const json_t *list, gint64 id, gboolean join)
{
  json_t *out = json_array ();
  for (gsize i = 0; i < json_array_size (list); i++)
    if (json_integer_value (json_array_get (list, i)) != id)
      json_array_append (out, json_array_get (list, i));
  if (join)
    json_array_append_new (out, json_integer (id));
  return out;
}

static void
leave_teams (Nexudus *nexudus, gint64 id)
{
  static const char *const keys[] = { "TeamMembers", "TeamAdministrators" };
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_TEAMS));
  for (guint i = 0; i < rows->len; i++)
    {
      Row *team = rows->pdata[i];
      gboolean was_in = FALSE;
      for (guint j = 0; j < G_N_ELEMENTS (keys); j++)
        {
          const json_t *list = json_object_get (team->data, keys[j]);
          json_t *rest = with_member (list, id, FALSE);
          was_in |= json_array_size (rest) != json_array_size (list);
          json_set (team->data, keys[j], rest);
        }
      if (was_in)
        nx_touch (nexudus, NX_TEAMS, team, SYSTEM, TRUE);
    }
}

static const NxEntity owned[] = { NX_PASSES, NX_BOOKINGS, NX_CONTRACTS, NX_SALES, NX_CHECKINS };

void
nx_merge_coworkers (Nexudus *nexudus, Row *from, const Row *into)
{
  json_t *fields = json_pack ("{s:I}", "CoworkerId", (json_int_t)into->id);
  for (guint i = 0; i < G_N_ELEMENTS (owned); i++)
    {
      GPtrArray *rows = table_rows_of (nx_table (nexudus, owned[i]), 1, from->id);
      for (guint j = rows->len; j > 0; j--)
        nx_merge (nexudus, owned[i], rows->pdata[j - 1], fields, TRUE);
    }
  json_decref (fields);
  nx_delete_coworker (nexudus, from);
  nx_tell_coworker (nexudus, into->id);
}

void
nx_delete_coworker (Nexudus *nexudus, Row *coworker)
{
  gint64 id = coworker->id;
  for (guint i = 0; i < G_N_ELEMENTS (owned); i++)
    {
      Table *table = nx_table (nexudus, owned[i]);
      GPtrArray *rows = table_rows_of (table, 1, id);
      for (guint j = rows->len; j > 0; j--)
        table_remove (table, ((Row *)rows->pdata[j - 1])->id);
    }
  leave_teams (nexudus, id);
  table_remove (nx_table (nexudus, NX_COWORKERS), id);
}

void
nx_join_team (Nexudus *nexudus, Row *coworker, Row *team, gboolean join)
{
  json_set (team->data, "TeamMembers",
            with_member (json_object_get (team->data, "TeamMembers"), coworker->id, join));
  nx_touch (nexudus, NX_TEAMS, team, "admin@example.org", TRUE);
  json_t *teams = with_member (json_object_get (coworker->data, "Teams"), team->id, join);
  g_autoptr (GString) ids = g_string_new (NULL);
  for (gsize i = 0; i < json_array_size (teams); i++)
    g_string_append_printf (ids, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "",
                            (gint64)json_integer_value (json_array_get (teams, i)));
  json_set (coworker->data, "Teams", teams);
  json_set (coworker->data, "TeamIds", ids->len > 0 ? json_string (ids->str) : json_null ());
  nx_touch (nexudus, NX_COWORKERS, coworker, "admin@example.org",
            switch_is (nexudus->sandbox, SW_NX_TEAM, "yes"));
}
