/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What happens to members of Nexudus: contracts and the passes they bring, sales, cancelled
 * bookings, teams, departures (nexudus-api.md §3.6, §3.10, §3.11, §5).
 */
#include "nexudus.h"

#include <string.h>

#define SYSTEM "[System]"

static LkTime
midnight (LkTime time)
{
  return time - ((time % LK_DAY) + LK_DAY) % LK_DAY;
}

static json_t *
bare_date (LkTime time)
{
  return json_time_text (midnight (time));
}

static const char *
unique_id (const Row *row)
{
  return json_text (row->data, "UniqueId");
}

/* --- passes of a plan ------------------------------------------------------------------------- */

/* PassRenewalTime: 1 Week, 2 CalendarMonth, 3 TariffMonth, 4 Year, 5 Day. */
static LkTime
period_of (gint64 renewal)
{
  switch (renewal)
    {
    case 1:
      return 7 * LK_DAY;
    case 4:
      return 365 * LK_DAY;
    case 5:
      return LK_DAY;
    default:
      return 31 * LK_DAY;
    }
}

/* Unused passes that CONTRACT brought, of TYPE (0: any). Pointers into the table. */
static GPtrArray *
unused_passes (Nexudus *nexudus, const Row *contract, gint64 type)
{
  GPtrArray *rows
      = table_rows_of (nx_table (nexudus, NX_PASSES), 2, nx_contract_key (unique_id (contract)));
  GPtrArray *out = g_ptr_array_new ();
  for (guint i = 0; i < rows->len; i++)
    {
      Row *pass = rows->pdata[i];
      if (g_strcmp0 (json_text (pass->data, "CoworkerContractUniqueId"), unique_id (contract)) == 0
          && !json_flag (pass->data, "Used", FALSE)
          && (type == 0 || json_int (pass->data, "TimePassId", 0) == type))
        g_ptr_array_add (out, pass);
    }
  return out;
}

/* HOW: kept, expired, deleted. */
static void
end_passes (Nexudus *nexudus, GPtrArray *passes, const char *how)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  for (guint i = 0; i < passes->len; i++)
    {
      Row *pass = passes->pdata[i];
      LkTime expires = json_time (pass->data, "ExpireDate");
      if (g_str_equal (how, "deleted"))
        table_remove (nx_table (nexudus, NX_PASSES), pass->id);
      else if (g_str_equal (how, "expired") && (expires == LK_TIME_NONE || expires > now))
        {
          json_set (pass->data, "ExpireDate", nx_date_text (nexudus, now));
          nx_touch (nexudus, NX_PASSES, pass, SYSTEM, TRUE);
        }
    }
}

json_t *
nx_issue_plan_passes (Nexudus *nexudus, Row *contract, gboolean renewal)
{
  const char *how = nexudus->sandbox->switches[SW_NX_RENEWAL];
  gint64 tariff = json_int (contract->data, "TariffId", 0);
  gint64 coworker = json_int (contract->data, "CoworkerId", 0);
  LkTime now = sandbox_now (nexudus->sandbox);
  GPtrArray *rules = table_rows (nx_table (nexudus, NX_TARIFF_PASSES));
  json_t *out = json_array ();
  for (guint i = 0; i < rules->len; i++)
    {
      const json_t *rule = ((Row *)rules->pdata[i])->data;
      Row *type = table_get (nx_table (nexudus, NX_PASS_TYPES), json_int (rule, "TimePassId", 0));
      if (json_int (rule, "TariffId", 0) != tariff || type == NULL)
        continue;
      gint64 missing = json_int (rule, "PassesIncluded", 1);
      if (renewal)
        {
          g_autoptr (GPtrArray) old = unused_passes (nexudus, contract, type->id);
          if (g_str_equal (how, "topped_up"))
            missing -= old->len;
          end_passes (nexudus, old, how);
        }
      json_t *extra = json_pack (
          "{s:b,s:s,s:o}", "IsFromTariff", TRUE, "CoworkerContractUniqueId", unique_id (contract),
          "ExpireDate", bare_date (now + period_of (json_int (rule, "PassRenewalTime", 3))));
      for (gint64 n = 0; n < missing; n++)
        {
          Row *pass = nx_give_pass (nexudus, coworker, type, extra);
          nx_touch (nexudus, NX_PASSES, pass, SYSTEM, TRUE);
          json_array_append_new (out, nx_render (nexudus, NX_PASSES, pass, FALSE));
        }
      json_decref (extra);
    }
  return out;
}

/* --- contracts -------------------------------------------------------------------------------- */

/* What a coworker's record says of its contracts. */
void
nx_tell_coworker (Nexudus *nexudus, gint64 id)
{
  Row *coworker = table_get (nx_table (nexudus, NX_COWORKERS), id);
  GPtrArray *rows = table_rows_of (nx_table (nexudus, NX_CONTRACTS), 1, id);
  g_autoptr (GString) ids = g_string_new (NULL);
  g_autoptr (GString) names = g_string_new (NULL);
  const json_t *main_contract = NULL;
  if (coworker == NULL)
    return;
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *contract = rows->pdata[i];
      const char *name = json_text (contract->data, "TariffName");
      if (!json_flag (contract->data, "Active", FALSE))
        continue;
      g_string_append_printf (ids, "%s%" G_GINT64_FORMAT, ids->len > 0 ? "," : "", contract->id);
      g_string_append_printf (names, "%s%s", names->len > 0 ? "," : "", name ? name : "");
      main_contract = contract->data;
    }
  static const char *const shared[]
      = { "TariffId", "TariffName", "StartDate", "RenewalDate", "CancellationDate", "BillingDay" };
  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    {
      json_t *value = json_object_get (main_contract, shared[i]);
      json_set (coworker->data, shared[i], value != NULL ? json_incref (value) : json_null ());
    }
  json_set (coworker->data, "CoworkerContractIds",
            ids->len > 0 ? json_string (ids->str) : json_null ());
  json_set (coworker->data, "CoworkerContractTariffNames",
            ids->len > 0 ? json_string (names->str) : json_null ());
  nx_touch (nexudus, NX_COWORKERS, coworker, SYSTEM, TRUE);
}

Row *
nx_start_contract (Nexudus *nexudus, const json_t *fields, json_t **out_passes)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  gint64 coworker_id = json_int (fields, "CoworkerId", 0);
  const Row *coworker = table_get (nx_table (nexudus, NX_COWORKERS), coworker_id);
  LkTime starts = json_time (fields, "StartDate");
  json_t *all = json_copy ((json_t *)fields);
  if (starts == LK_TIME_NONE)
    {
      starts = now;
      json_set (all, "StartDate", bare_date (now));
    }
  if (json_is_blank (json_object_get (all, "RenewalDate")))
    json_set (all, "RenewalDate", bare_date (MAX (starts, now) + 31 * LK_DAY));
  if (json_is_blank (json_object_get (all, "IssuedById")) && coworker != NULL)
    json_object_set (all, "IssuedById", json_object_get (coworker->data, "InvoicingBusinessId"));
  Row *contract = nx_create (nexudus, NX_CONTRACTS, all, "admin@example.org");
  json_decref (all);
  json_t *passes = nx_issue_plan_passes (nexudus, contract, FALSE);
  nx_tell_coworker (nexudus, coworker_id);
  if (out_passes != NULL)
    *out_passes = passes;
  else
    json_decref (passes);
  return contract;
}

static void
end_contract (Nexudus *nexudus, Row *contract)
{
  json_set (contract->data, "Active", json_false ());
  json_set (contract->data, "Cancelled", json_true ());
  nx_touch (nexudus, NX_CONTRACTS, contract, SYSTEM, TRUE);
  g_autoptr (GPtrArray) passes = unused_passes (nexudus, contract, 0);
  end_passes (nexudus, passes, nexudus->sandbox->switches[SW_NX_CONTRACT_END]);
  nx_tell_coworker (nexudus, contract->key1);
}

void
nx_cancel_contract (Nexudus *nexudus, Row *contract, LkTime at)
{
  json_set (contract->data, "CancellationDate", json_time_text (at));
  nx_touch (nexudus, NX_CONTRACTS, contract, "admin@example.org", TRUE);
  nx_tell_coworker (nexudus, contract->key1);
  if (at <= sandbox_now (nexudus->sandbox))
    end_contract (nexudus, contract);
}

/* Walks the contracts at most once a second, since each call comes by here. */
void
nexudus_tick (Nexudus *nexudus)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  if (now >= nexudus->ticked && now < nexudus->ticked + LK_SECOND)
    return;
  nexudus->ticked = now;
  g_autoptr (GPtrArray) ending = g_ptr_array_new ();
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_CONTRACTS));
  for (guint i = 0; i < rows->len; i++)
    {
      Row *contract = rows->pdata[i];
      const char *text = json_text (contract->data, "CancellationDate");
      if (text == NULL || !json_flag (contract->data, "Active", FALSE))
        continue;
      LkTime end = json_time (contract->data, "CancellationDate");
      if (end != LK_TIME_NONE && end <= now)
        g_ptr_array_add (ending, contract);
    }
  for (guint i = 0; i < ending->len; i++)
    end_contract (nexudus, ending->pdata[i]);
}

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
      json_t *extra = json_pack ("{s:s,s:o}", "CoworkerProductUniqueId", unique_id (sale),
                                 "ExpireDate", bare_date (product_end (rule, now)));
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

Row *
nx_cancel_booking (Nexudus *nexudus, Row *booking, gint64 reason, const char *by)
{
  gboolean by_guid = switch_is (nexudus->sandbox, SW_NX_ORIGINAL, "guid");
  json_t *fields = json_copy (booking->data);
  json_set (fields, "OriginalBookingId",
            by_guid ? json_incref (json_object_get (booking->data, "UniqueId"))
                    : json_integer (booking->id));
  static const char *const own[] = { "Id", "UniqueId", "CreatedOn", "UpdatedOn" };
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    json_object_del (fields, own[i]);
  json_set (fields, "CancellationReason", json_integer (reason));
  json_set (fields, "CancelledOn", nx_date_text (nexudus, sandbox_now (nexudus->sandbox)));
  json_set (fields, "CancelledBy", json_string (by));
  Row *cancelled = nx_create (nexudus, NX_CANCELLED, fields, by);
  json_decref (fields);
  table_remove (nx_table (nexudus, NX_BOOKINGS), booking->id);
  return cancelled;
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

void
nx_delete_coworker (Nexudus *nexudus, Row *coworker)
{
  static const NxEntity owned[] = { NX_PASSES, NX_BOOKINGS, NX_CONTRACTS, NX_SALES, NX_CHECKINS };
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
