/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Passes of Nexudus: given, chosen at check-in, used (nexudus-api.md §3.3, §3.12, §5).
 */
#include "nexudus.h"

#include <string.h>

#define SYSTEM "[System]"

/* --- the day of a location -------------------------------------------------------------------- */

static const json_t *
settings_of (Nexudus *nexudus, gint64 business)
{
  char key[24];
  g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT, business);
  return json_object_get (nexudus->settings, key);
}

LkZone *
nx_zone (Nexudus *nexudus, gint64 business)
{
  const char *name = json_text (settings_of (nexudus, business), "time_zone");
  LkZone *zone = lk_zone_new (name != NULL ? name : "Etc/UTC", NULL);
  return zone != NULL ? zone : lk_zone_new ("Etc/UTC", NULL);
}

static void
business_date (Nexudus *nexudus, gint64 business, LkTime time, char buf[16])
{
  const char *cutoff = json_text (settings_of (nexudus, business), "cutoff");
  int minutes = 0;
  if (cutoff != NULL && strlen (cutoff) == 5)
    minutes = atoi (cutoff) * 60 + atoi (cutoff + 3);
  g_autoptr (LkZone) zone = nx_zone (nexudus, business);
  if (zone != NULL)
    lk_zone_date (zone, time, minutes, buf);
  else
    g_strlcpy (buf, "", 16); /* a machine without zones: every day is one */
}

/* --- which pass ------------------------------------------------------------------------------- */

/* A location that others name as their root stands for the whole network. */
static gboolean
is_network (Nexudus *nexudus, gint64 business)
{
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_BUSINESSES));
  for (guint i = 0; i < rows->len; i++)
    if (json_int (((Row *)rows->pdata[i])->data, "RootLocationId", 0) == business)
      return TRUE;
  return FALSE;
}

static gboolean
usable_at (Nexudus *nexudus, const json_t *type, gint64 business)
{
  const json_t *list = json_object_get (type, "Businesses");
  gint64 owner = json_int (type, "BusinessId", 0);
  if (json_array_size (list) > 0)
    return json_list_has (list, business);
  return owner == 0 || owner == business || is_network (nexudus, owner);
}

static gboolean
is_day_pass (const json_t *type)
{
  return json_int (type, "MinutesIncluded", 0) == 0;
}

typedef struct
{
  gint64 coworker, business;
  LkTime at;
  char day[16];
} Visit;

/* Who checked in with it; its holder, where nobody knows. */
static gint64
user_of (Nexudus *nexudus, const Row *pass)
{
  const gint64 *user = g_hash_table_lookup (nexudus->used_by, &pass->id);
  return user != NULL ? *user : pass->key1;
}

/* No benefits from a contract that is paused. */
static gboolean
is_frozen (Nexudus *nexudus, const Row *pass)
{
  const char *guid = json_text (pass->data, "CoworkerContractUniqueId");
  GPtrArray *rows = table_rows_of (nx_table (nexudus, NX_CONTRACTS), 1, pass->key1);
  for (guint i = 0; guid != NULL && i < rows->len; i++)
    if (g_strcmp0 (json_text (((Row *)rows->pdata[i])->data, "UniqueId"), guid) == 0)
      return nx_is_paused (rows->pdata[i]);
  return FALSE;
}

static gboolean
is_valid (Nexudus *nexudus, const Row *pass, const Row *type, const Visit *visit)
{
  LkTime expires = nx_end_of (nexudus, visit->business, pass->data, "ExpireDate");
  if (type == NULL || !usable_at (nexudus, type->data, visit->business)
      || (expires != LK_TIME_NONE && expires <= visit->at) || is_frozen (nexudus, pass)
      || !nx_slot_allows (nexudus, type->id, visit->business, visit->at))
    return FALSE;
  if (!json_flag (pass->data, "Used", FALSE))
    return TRUE;
  char used[16];
  LkTime used_at = json_time (pass->data, "UsedDate");
  if (!is_day_pass (type->data) || used_at == LK_TIME_NONE
      || user_of (nexudus, pass) != visit->coworker)
    return FALSE;
  business_date (nexudus, visit->business, used_at, used);
  return g_str_equal (used, visit->day); /* it covers the rest of its day */
}

/* Lower is taken first (nexudus-api.md §5): what covers today already, high priority, day passes,
 * the cheaper, those of plans and products, fewer locations, more minutes left, one's own. */
static double
rank (const Row *pass, const json_t *type, gint64 coworker)
{
  gboolean used = json_flag (pass->data, "Used", FALSE);
  gboolean given = json_flag (pass->data, "IsFromTariff", FALSE)
                   || json_text (pass->data, "CoworkerProductUniqueId") != NULL;
  double price = MIN (json_number_value (json_object_get (type, "Price")), 9999);
  double minutes
      = (double)json_int (pass->data, "RemainingUses", json_int (type, "MinutesIncluded", 0));
  return (used ? 0 : 1e9) - (double)json_int (type, "UsePriority", 0) * 1e8
         + (is_day_pass (type) ? 0 : 1e7) + price * 100 + (given ? 0 : 50)
         + (double)MIN (json_array_size (json_object_get (type, "Businesses")), 40)
         - MIN (minutes, 100000) / 200000 + (pass->key1 == coworker ? 0 : 1e-6);
}

/* The passes that COWORKER may use: their own, and those of team-mates who share theirs. */
static GPtrArray *
passes_for (Nexudus *nexudus, gint64 coworker)
{
  Table *table = nx_table (nexudus, NX_PASSES);
  GPtrArray *teams = table_rows (nx_table (nexudus, NX_TEAMS));
  GPtrArray *out = g_ptr_array_new ();
  g_ptr_array_extend (out, table_rows_of (table, 1, coworker), NULL, NULL);
  for (guint i = 0; i < teams->len; i++)
    {
      const json_t *team = ((Row *)teams->pdata[i])->data;
      const json_t *members = json_object_get (team, "TeamMembers");
      if (!json_flag (team, "ShareTimePasses", FALSE) || !json_list_has (members, coworker))
        continue;
      for (gsize j = 0; j < json_array_size (members); j++)
        {
          gint64 mate = json_integer_value (json_array_get (members, j));
          if (mate != coworker)
            g_ptr_array_extend (out, table_rows_of (table, 1, mate), NULL, NULL);
        }
    }
  return out;
}

static Row *
choose_pass (Nexudus *nexudus, const Visit *visit, const json_t *named)
{
  g_autoptr (GPtrArray) rows = passes_for (nexudus, visit->coworker);
  Row *best = NULL;
  double best_rank = 0;
  for (guint i = 0; i < rows->len; i++)
    {
      Row *pass = rows->pdata[i];
      if (json_is_string (named)
          && g_strcmp0 (json_string_value (named), json_text (pass->data, "UniqueId")) != 0)
        continue;
      const Row *type
          = table_get (nx_table (nexudus, NX_PASS_TYPES), json_int (pass->data, "TimePassId", 0));
      if (!is_valid (nexudus, pass, type, visit))
        continue;
      double r = rank (pass, type->data, visit->coworker);
      if (best == NULL || r < best_rank)
        best = pass, best_rank = r;
    }
  return best;
}

/* --- use -------------------------------------------------------------------------------------- */

static void
touch_used (Nexudus *nexudus, Row *pass)
{
  nx_touch (nexudus, NX_PASSES, pass, SYSTEM, switch_is (nexudus->sandbox, SW_NX_PASS_USE, "yes"));
}

void
nx_use_pass (Nexudus *nexudus, Row *pass, LkTime at)
{
  json_set (pass->data, "Used", json_true ());
  json_set (pass->data, "UsedDate", nx_date_text (nexudus, at));
  touch_used (nexudus, pass);
}

static void
begin_use (Nexudus *nexudus, Row *pass, LkTime at)
{
  const Row *type
      = table_get (nx_table (nexudus, NX_PASS_TYPES), json_int (pass->data, "TimePassId", 0));
  gint64 minutes = json_int (type->data, "MinutesIncluded", 0);
  if (json_flag (pass->data, "Used", FALSE))
    return; /* today's day pass: nothing more is consumed */
  json_set (pass->data, "CheckedIn", json_true ());
  if (minutes == 0)
    json_set (pass->data, "Used", json_true ());
  else if (json_is_null (json_object_get (pass->data, "RemainingUses")))
    {
      json_set (pass->data, "TotalUses", json_integer (minutes));
      json_set (pass->data, "RemainingUses", json_integer (minutes));
    }
  json_set (pass->data, "UsedDate", nx_date_text (nexudus, at));
  touch_used (nexudus, pass);
}

Row *
nx_check_in (Nexudus *nexudus, const json_t *fields, LkTime at, Row **out_pass, GError **error)
{
  Visit visit = { json_int (fields, "CoworkerId", 0), json_int (fields, "BusinessId", 0), at, "" };
  business_date (nexudus, visit.business, at, visit.day);
  Row *pass = choose_pass (nexudus, &visit, json_object_get (fields, "CoworkerTimePassGuid"));
  if (pass == NULL)
    {
      lk_fail (error, LK_ERROR_REJECT,
               "The customer does not have a valid time pass to check in at this location.");
      return NULL;
    }
  begin_use (nexudus, pass, at);
  g_hash_table_insert (nexudus->used_by, g_memdup2 (&pass->id, sizeof pass->id),
                       g_memdup2 (&visit.coworker, sizeof visit.coworker));
  Row *checkin = nx_create (nexudus, NX_CHECKINS, fields, SYSTEM);
  json_object_set (checkin->data, "CoworkerTimePassGuid", json_object_get (pass->data, "UniqueId"));
  if (json_is_blank (json_object_get (checkin->data, "FromTime")))
    json_set (checkin->data, "FromTime", nx_date_text (nexudus, at));
  table_changed (nx_table (nexudus, NX_CHECKINS), checkin);
  if (out_pass != NULL)
    *out_pass = pass;
  return checkin;
}

Row *
nx_check_out (Nexudus *nexudus, Row *checkin, LkTime at)
{
  const char *guid = json_text (checkin->data, "CoworkerTimePassGuid");
  GPtrArray *rows = table_rows (nx_table (nexudus, NX_PASSES));
  LkTime from = json_time (checkin->data, "FromTime");
  json_set (checkin->data, "ToTime", nx_date_text (nexudus, at));
  nx_touch (nexudus, NX_CHECKINS, checkin, SYSTEM, TRUE);
  for (guint i = 0; guid != NULL && i < rows->len; i++)
    {
      Row *pass = rows->pdata[i];
      if (g_strcmp0 (guid, json_text (pass->data, "UniqueId")) != 0)
        continue;
      gint64 left = json_int (pass->data, "RemainingUses", -1);
      if (left >= 0 && from != LK_TIME_NONE)
        {
          left = MAX (0, left - (at - from) / LK_MINUTE);
          json_set (pass->data, "RemainingUses", json_integer (left));
          json_set (pass->data, "Used", json_boolean (left == 0));
        }
      json_set (pass->data, "CheckedIn", json_false ());
      touch_used (nexudus, pass);
      return pass;
    }
  return NULL;
}

Row *
nx_give_pass (Nexudus *nexudus, gint64 coworker, Row *type, const json_t *extra)
{
  json_t *fields
      = json_pack ("{s:I,s:I,s:O,s:O}", "CoworkerId", (json_int_t)coworker, "TimePassId",
                   (json_int_t)type->id, "BusinessId", json_object_get (type->data, "BusinessId"),
                   "Price", json_object_get (type->data, "Price"));
  if (extra != NULL)
    json_object_update (fields, (json_t *)extra);
  Row *pass = nx_create (nexudus, NX_PASSES, fields, "admin@example.org");
  json_decref (fields);
  return pass;
}
