/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Contracts of Nexudus: begun, paused, renewed, ended, and the passes that they bring
 * (nexudus-api.md §3.10, §3.11, §5).
 */
#include "nexudus.h"

#include <string.h>

#define SYSTEM "[System]"

static LkTime
midnight (LkTime time)
{
  return time - ((time % LK_DAY) + LK_DAY) % LK_DAY;
}

json_t *
nx_bare_date (LkTime time)
{
  return json_time_text (midnight (time));
}

static const char *
unique_id (const Row *row)
{
  return json_text (row->data, "UniqueId");
}

/* The benefits engine changed ROW. */
static void
touch_by_system (Nexudus *nexudus, NxEntity entity, Row *row)
{
  nx_touch (nexudus, entity, row, SYSTEM, switch_is (nexudus->sandbox, SW_NX_SYSTEM, "yes"));
}

/* Time alone changed ROW. */
static void
touch_by_time (Nexudus *nexudus, NxEntity entity, Row *row)
{
  nx_touch (nexudus, entity, row, SYSTEM, switch_is (nexudus->sandbox, SW_NX_TIME, "yes"));
}

gboolean
nx_is_paused (const Row *contract)
{
  return json_flag (contract->data, "InPausedPeriod", FALSE);
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
          touch_by_system (nexudus, NX_PASSES, pass);
        }
    }
}

/* The passes that one line of a plan gives, appended to OUT as by id. */
static void
issue (Nexudus *nexudus, Row *contract, const json_t *line, gboolean renewal, json_t *out)
{
  const char *how = nexudus->sandbox->switches[SW_NX_RENEWAL];
  Row *type = table_get (nx_table (nexudus, NX_PASS_TYPES), json_int (line, "TimePassId", 0));
  gint64 missing = json_int (line, "PassesIncluded", 1);
  LkTime period = period_of (json_int (line, "PassRenewalTime", 3));
  if (type == NULL || json_int (line, "TariffId", 0) != json_int (contract->data, "TariffId", 0))
    return;
  if (renewal)
    {
      g_autoptr (GPtrArray) old = unused_passes (nexudus, contract, type->id);
      if (g_str_equal (how, "topped_up"))
        missing -= old->len;
      end_passes (nexudus, old, how);
    }
  json_t *extra = json_pack ("{s:b,s:s,s:o}", "IsFromTariff", TRUE, "CoworkerContractUniqueId",
                             unique_id (contract), "ExpireDate",
                             nx_bare_date (sandbox_now (nexudus->sandbox) + period));
  for (gint64 n = 0; n < missing; n++)
    {
      Row *pass = nx_give_pass (nexudus, contract->key1, type, extra);
      nx_touch (nexudus, NX_PASSES, pass, SYSTEM, TRUE);
      json_array_append_new (out, nx_render (nexudus, NX_PASSES, pass, FALSE));
    }
  json_decref (extra);
}

json_t *
nx_issue_plan_passes (Nexudus *nexudus, Row *contract, gboolean renewal)
{
  GPtrArray *lines = table_rows (nx_table (nexudus, NX_TARIFF_PASSES));
  json_t *out = json_array ();
  for (guint i = 0; i < lines->len && !nx_is_paused (contract); i++)
    issue (nexudus, contract, ((Row *)lines->pdata[i])->data, renewal, out);
  return out;
}

void
nx_benefit_added (Nexudus *nexudus, const Row *line)
{
  GPtrArray *contracts = table_rows (nx_table (nexudus, NX_CONTRACTS));
  json_t *passes = json_array ();
  for (guint i = 0; i < contracts->len; i++)
    {
      Row *contract = contracts->pdata[i];
      if (json_flag (contract->data, "Active", FALSE) && !nx_is_paused (contract)
          && !g_hash_table_contains (nexudus->waiting, &contract->id)
          && !g_hash_table_contains (nexudus->ended, &contract->id))
        issue (nexudus, contract, line->data, FALSE, passes);
    }
  json_decref (passes);
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

static void
set_of (GHashTable *set, gint64 id)
{
  g_hash_table_add (set, g_memdup2 (&id, sizeof id));
}

/* One that starts later brings its passes then. */
Row *
nx_start_contract (Nexudus *nexudus, const json_t *fields, json_t **out_passes)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  gint64 coworker_id = json_int (fields, "CoworkerId", 0);
  const Row *coworker = table_get (nx_table (nexudus, NX_COWORKERS), coworker_id);
  LkTime starts = json_time (fields, "StartDate");
  json_t *all = json_copy ((json_t *)fields), *passes;
  if (starts == LK_TIME_NONE)
    {
      starts = now;
      json_set (all, "StartDate", nx_bare_date (now));
    }
  if (json_is_blank (json_object_get (all, "RenewalDate")))
    json_set (all, "RenewalDate", nx_bare_date (MAX (starts, now) + 31 * LK_DAY));
  if (json_is_blank (json_object_get (all, "IssuedById")) && coworker != NULL)
    json_object_set (all, "IssuedById", json_object_get (coworker->data, "InvoicingBusinessId"));
  if (starts > now && switch_is (nexudus->sandbox, SW_NX_FUTURE, "inactive"))
    json_set (all, "Active", json_false ());
  Row *contract = nx_create (nexudus, NX_CONTRACTS, all, "admin@example.org");
  json_decref (all);
  if (starts > now)
    {
      set_of (nexudus->waiting, contract->id);
      passes = json_array ();
    }
  else
    passes = nx_issue_plan_passes (nexudus, contract, FALSE);
  nx_tell_coworker (nexudus, coworker_id);
  if (out_passes != NULL)
    *out_passes = passes;
  else
    json_decref (passes);
  return contract;
}

static void
begin_contract (Nexudus *nexudus, Row *contract)
{
  json_set (contract->data, "Active", json_true ());
  touch_by_time (nexudus, NX_CONTRACTS, contract);
  json_decref (nx_issue_plan_passes (nexudus, contract, FALSE));
  nx_tell_coworker (nexudus, contract->key1);
}

static void
end_contract (Nexudus *nexudus, Row *contract)
{
  const char *flips = nexudus->sandbox->switches[SW_NX_FLIP];
  if (g_str_equal (flips, "both") || g_str_equal (flips, "active"))
    json_set (contract->data, "Active", json_false ());
  if (g_str_equal (flips, "both") || g_str_equal (flips, "cancelled"))
    json_set (contract->data, "Cancelled", json_true ());
  if (!g_str_equal (flips, "none"))
    touch_by_time (nexudus, NX_CONTRACTS, contract);
  set_of (nexudus->ended, contract->id);
  g_autoptr (GPtrArray) passes = unused_passes (nexudus, contract, 0);
  end_passes (nexudus, passes, nexudus->sandbox->switches[SW_NX_CONTRACT_END]);
  nx_tell_coworker (nexudus, contract->key1);
}

LkTime
nx_end_of (Nexudus *nexudus, gint64 business, const json_t *row, const char *key)
{
  LkTime end = json_time (row, key);
  if (end == LK_TIME_NONE || end % LK_DAY != 0
      || switch_is (nexudus->sandbox, SW_NX_DATE_END, "instant"))
    return end;
  g_autoptr (LkZone) zone = nx_zone (nexudus, business);
  return zone != NULL ? lk_zone_day_end (zone, end) : end + LK_DAY;
}

void
nx_cancel_contract (Nexudus *nexudus, Row *contract, LkTime at)
{
  json_set (contract->data, "CancellationDate", json_time_text (at));
  nx_touch (nexudus, NX_CONTRACTS, contract, "admin@example.org", TRUE);
  nx_tell_coworker (nexudus, contract->key1);
  nexudus->ticked = LK_TIME_NONE;
  nexudus_tick (nexudus);
}

/* --- pauses ----------------------------------------------------------------------------------- */

typedef struct
{
  LkTime from, until; /* LK_TIME_NONE: no pause; until: without end */
} Pause;

/* The pause that runs, else the next one. */
static Pause
pause_of (Nexudus *nexudus, const Row *contract)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  GPtrArray *rows = table_rows_of (nx_table (nexudus, NX_PAUSES), 2, contract->id);
  Pause best = { LK_TIME_NONE, LK_TIME_NONE };
  for (guint i = 0; i < rows->len; i++)
    {
      const json_t *row = ((Row *)rows->pdata[i])->data;
      Pause pause = { json_time (row, "PauseFrom"), json_time (row, "PauseUntil") };
      if (pause.from == LK_TIME_NONE || (pause.until != LK_TIME_NONE && pause.until <= now))
        continue;
      if (best.from == LK_TIME_NONE || pause.from < best.from)
        best = pause;
    }
  if (rows->len == 0 && switch_is (nexudus->sandbox, SW_NX_PAUSE, "contract"))
    best = (Pause){ json_time (contract->data, "InPausedPeriodFrom"),
                    json_time (contract->data, "InPausedPeriodUntil") };
  return best;
}

/* Writes what a contract says of its pause. */
static void
tell_pause (Nexudus *nexudus, Row *contract)
{
  const Sandbox *sandbox = nexudus->sandbox;
  LkTime now = sandbox_now (sandbox);
  Pause pause = pause_of (nexudus, contract);
  gboolean runs = pause.from != LK_TIME_NONE && pause.from <= now
                  && (pause.until == LK_TIME_NONE || now < pause.until);
  gboolean was = nx_is_paused (contract);
  if (switch_is (sandbox, SW_NX_PAUSE, "rows"))
    runs = FALSE;
  if (switch_is (sandbox, SW_NX_PAUSE, "rows")
      || (!runs && switch_is (sandbox, SW_NX_PAUSE, "both_when_begun")))
    pause = (Pause){ LK_TIME_NONE, LK_TIME_NONE };
  json_t *fields = json_pack ("{s:b,s:o,s:o}", "InPausedPeriod", runs, "InPausedPeriodFrom",
                              json_time_text (pause.from), "InPausedPeriodUntil",
                              json_time_text (pause.until));
  if (runs != was && switch_is (sandbox, SW_NX_PAUSED_ACTIVE, "no"))
    json_set (fields, "Active",
              json_boolean (!runs && !g_hash_table_contains (nexudus->ended, &contract->id)));
  json_object_update (contract->data, fields);
  json_decref (fields);
  if (runs == was)
    {
      table_changed (nx_table (nexudus, NX_CONTRACTS), contract);
      return;
    }
  touch_by_time (nexudus, NX_CONTRACTS, contract);
  nx_tell_coworker (nexudus, contract->key1);
}

void
nx_pauses_changed (Nexudus *nexudus, gint64 contract_id)
{
  Row *contract = table_get (nx_table (nexudus, NX_CONTRACTS), contract_id);
  if (contract == NULL)
    return;
  set_of (nexudus->pausing, contract_id);
  tell_pause (nexudus, contract);
  nx_touch (nexudus, NX_CONTRACTS, contract, "admin@example.org",
            switch_is (nexudus->sandbox, SW_NX_PAUSE_BUMPS, "yes"));
}

void
nx_pause_contract (Nexudus *nexudus, Row *contract, LkTime from, LkTime until)
{
  json_t *row
      = json_pack ("{s:I,s:o,s:o}", "CoworkerContractId", (json_int_t)contract->id, "PauseFrom",
                   json_time_text (from), "PauseUntil", json_time_text (until));
  if (switch_is (nexudus->sandbox, SW_NX_PAUSE, "contract"))
    {
      json_set (contract->data, "InPausedPeriodFrom", json_time_text (from));
      json_set (contract->data, "InPausedPeriodUntil", json_time_text (until));
    }
  else
    nx_create (nexudus, NX_PAUSES, row, "admin@example.org");
  json_decref (row);
  nx_pauses_changed (nexudus, contract->id);
}

void
nx_resume_contract (Nexudus *nexudus, Row *contract)
{
  GPtrArray *rows = table_rows_of (nx_table (nexudus, NX_PAUSES), 2, contract->id);
  for (guint i = rows->len; i > 0; i--)
    table_remove (nx_table (nexudus, NX_PAUSES), ((Row *)rows->pdata[i - 1])->id);
  json_set (contract->data, "InPausedPeriodFrom", json_null ());
  json_set (contract->data, "InPausedPeriodUntil", json_null ());
  nx_pauses_changed (nexudus, contract->id);
}

/* --- by time alone ---------------------------------------------------------------------------- */

static void
tick_pauses (Nexudus *nexudus)
{
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_PAUSES));
  GHashTableIter iter;
  gpointer id;
  for (guint i = 0; i < rows->len; i++)
    set_of (nexudus->pausing, ((Row *)rows->pdata[i])->key2);
  g_hash_table_iter_init (&iter, nexudus->pausing);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      Row *contract = table_get (nx_table (nexudus, NX_CONTRACTS), *(gint64 *)id);
      if (contract != NULL)
        tell_pause (nexudus, contract);
    }
}

static gboolean
is_over (Nexudus *nexudus, const Row *contract, LkTime now)
{
  if (json_text (contract->data, "CancellationDate") == NULL
      || !json_flag (contract->data, "Active", FALSE))
    return FALSE;
  LkTime end = nx_end_of (nexudus, json_int (contract->data, "IssuedById", 0), contract->data,
                          "CancellationDate");
  if (end == LK_TIME_NONE || end > now)
    {
      g_hash_table_remove (nexudus->ended, &contract->id);
      return FALSE;
    }
  return !g_hash_table_contains (nexudus->ended, &contract->id);
}

static gboolean
is_due (Nexudus *nexudus, const Row *contract, LkTime now)
{
  LkTime starts;
  if (!g_hash_table_contains (nexudus->waiting, &contract->id))
    return FALSE;
  starts = json_time (contract->data, "StartDate");
  return starts == LK_TIME_NONE || starts <= now;
}

/* Walks the contracts at most once a second, since each call comes by here. */
void
nexudus_tick (Nexudus *nexudus)
{
  LkTime now = sandbox_now (nexudus->sandbox);
  if (nexudus->ticked != LK_TIME_NONE && now >= nexudus->ticked
      && now < nexudus->ticked + LK_SECOND)
    return;
  nexudus->ticked = now;
  g_autoptr (GPtrArray) beginning = g_ptr_array_new ();
  g_autoptr (GPtrArray) ending = g_ptr_array_new ();
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_CONTRACTS));
  for (guint i = 0; i < rows->len; i++)
    {
      if (is_due (nexudus, rows->pdata[i], now))
        g_ptr_array_add (beginning, rows->pdata[i]);
      if (is_over (nexudus, rows->pdata[i], now))
        g_ptr_array_add (ending, rows->pdata[i]);
    }
  for (guint i = 0; i < beginning->len; i++)
    {
      Row *contract = beginning->pdata[i];
      g_hash_table_remove (nexudus->waiting, &contract->id);
      begin_contract (nexudus, contract);
    }
  for (guint i = 0; i < ending->len; i++)
    end_contract (nexudus, ending->pdata[i]);
  tick_pauses (nexudus);
}
