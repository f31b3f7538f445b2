/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * JSON rows → typed rows.
 */
#include <latchkey/nexudus/rows.h>

#include <latchkey/model/json.h>
#include <string.h>

#define LOCATIONS_MAX 1000
#define DATE_LEN 10 /* 2026-09-01 */

/* Texts have a ceiling where they come in, so that no record outgrows its own. */
#define NAME_MAX_CHARS 200 /* shown to people, who know themselves by the beginning */
#define ADDRESS_MAX 254    /* bytes that mail takes (RFC 5321); a longer one reaches nobody */
#define UID_MAX 128        /* bytes; they are UUIDs */

static gboolean
get_id (json_t *row, gint64 *out, GError **error)
{
  const char *unreadable = json_string_value (json_object_get (row, LK_NEXUDUS_UNREADABLE));

  if (!lk_json_get_int (row, "Id", out, error))
    return FALSE;
  if (unreadable != NULL)
    return lk_fail (error, LK_ERROR_REJECT, "the row of id %" G_GINT64_FORMAT ": %s", *out,
                    unreadable);
  if (*out <= 0)
    return lk_fail (error, LK_ERROR_REJECT,
                    "Id: expected a positive integer, got %" G_GINT64_FORMAT, *out);
  return TRUE;
}

/* A reference to another row; absent, null and 0 are "none". */
static gboolean
get_ref (json_t *row, const char *key, gint64 *out, GError **error)
{
  if (!lk_json_get_int_opt (row, key, 0, out, error))
    return FALSE;
  *out = MAX (*out, 0);
  return TRUE;
}

static gboolean
get_text (json_t *row, const char *key, char **out, GError **error)
{
  const char *text = NULL;

  if (!lk_json_get_string_opt (row, key, &text, error))
    return FALSE;
  *out = text == NULL || *text == '\0' ? NULL : g_strdup (text);
  return TRUE;
}

static void
cut_name (char *name)
{
  if (name != NULL && g_utf8_strlen (name, -1) > NAME_MAX_CHARS)
    *g_utf8_offset_to_pointer (name, NAME_MAX_CHARS) = '\0';
}

/* A part of an address or an id would be another's, so one that is too long is as if not there. */
static void
leave_out_long (char **text, gsize max)
{
  if (*text != NULL && strlen (*text) > max)
    g_clear_pointer (text, g_free);
}

/* Without it a pass would be from no contract and give more, so a long one is a fault of the row.
 */
static gboolean
get_contract_uid (json_t *row, const char *key, char **out, GError **error)
{
  if (!get_text (row, key, out, error))
    return FALSE;
  if (*out != NULL && strlen (*out) > UID_MAX)
    return lk_fail (error, LK_ERROR_REJECT, "%s: over %d bytes", key, UID_MAX);
  return TRUE;
}

/* A time, with or without a zone, or nothing but a date, which is its midnight UTC as well
 * (nexudus-api.md §2.7). Absent and null are LK_TIME_NONE. */
static gboolean
get_time (json_t *row, const char *key, LkTime *out, GError **error)
{
  const char *text = json_string_value (json_object_get (row, key));
  g_autofree char *whole = NULL;
  g_autoptr (GError) local = NULL;

  if (text == NULL || strlen (text) != DATE_LEN)
    return lk_json_get_time_opt (row, key, out, error);
  whole = g_strconcat (text, "T00:00:00Z", NULL);
  if (lk_time_parse (whole, strlen (whole), out, &local))
    return TRUE;
  return lk_fail (error, LK_ERROR_REJECT, "%s: %s", key, local->message);
}

/* A field that decides a door: a row without it can't be trusted, since a list may leave out what
 * it likes (nexudus-api.md §2.4). */
static gboolean
get_flag (json_t *row, const char *key, gboolean *out, GError **error)
{
  return lk_json_get_bool (row, key, out, error);
}

gboolean
lk_nexudus_coworker_read (LkNexudusCoworker *out, json_t *row, GError **error)
{
  *out = (LkNexudusCoworker){ 0 };
  if (get_id (row, &out->id, error) && get_flag (row, "Active", &out->active, error)
      && lk_json_get_bool_opt (row, "Archived", FALSE, &out->archived, error)
      && get_text (row, "Email", &out->email, error)
      && get_text (row, "FullName", &out->name, error)
      && get_ref (row, "InvoicingBusinessId", &out->business, error)
      && get_time (row, "UpdatedOn", &out->updated_at, error))
    {
      cut_name (out->name);
      leave_out_long (&out->email, ADDRESS_MAX);
      return TRUE;
    }
  lk_nexudus_coworker_clear (out);
  return FALSE;
}

void
lk_nexudus_coworker_clear (LkNexudusCoworker *row)
{
  g_free (row->email);
  g_free (row->name);
  *row = (LkNexudusCoworker){ 0 };
}

gboolean
lk_nexudus_pass_read (LkNexudusPass *out, json_t *row, GError **error)
{
  g_autofree char *product = NULL;

  *out = (LkNexudusPass){ 0 };
  if (get_id (row, &out->id, error) && get_ref (row, "CoworkerId", &out->coworker, error)
      && lk_json_get_int (row, "TimePassId", &out->type, error)
      && get_flag (row, "Used", &out->used, error)
      && lk_json_get_bool_opt (row, "IsFromTariff", FALSE, &out->from_plan, error)
      && get_text (row, "CoworkerProductUniqueId", &product, error)
      && get_contract_uid (row, "CoworkerContractUniqueId", &out->contract_uid, error)
      && get_time (row, "CreatedOn", &out->created_at, error)
      && get_time (row, "UsedDate", &out->used_at, error)
      && get_time (row, "ExpireDate", &out->expires_at, error)
      && get_time (row, "UpdatedOn", &out->updated_at, error))
    {
      out->from_product = product != NULL;
      return TRUE;
    }
  lk_nexudus_pass_clear (out);
  return FALSE;
}

void
lk_nexudus_pass_clear (LkNexudusPass *row)
{
  g_free (row->contract_uid);
  *row = (LkNexudusPass){ 0 };
}

static gboolean
read_locations (LkNexudusPassType *out, json_t *row, GError **error)
{
  json_t *list = NULL;

  if (!lk_json_get_array_opt (row, "Businesses", &list, error) || list == NULL)
    return list == NULL && (error == NULL || *error == NULL);
  if (json_array_size (list) > LOCATIONS_MAX)
    return lk_fail (error, LK_ERROR_REJECT, "Businesses: more than %d", LOCATIONS_MAX);
  out->locations = g_new (gint64, json_array_size (list) + 1);
  for (size_t i = 0; i < json_array_size (list); i++)
    {
      json_t *item = json_array_get (list, i);
      if (!json_is_integer (item))
        return lk_fail (error, LK_ERROR_REJECT, "Businesses[%zu]: expected an integer", i);
      out->locations[out->n_locations++] = json_integer_value (item);
    }
  return TRUE;
}

gboolean
lk_nexudus_pass_type_read (LkNexudusPassType *out, json_t *row, GError **error)
{
  *out = (LkNexudusPassType){ 0 };
  if (get_id (row, &out->id, error) && get_ref (row, "BusinessId", &out->business, error)
      && get_text (row, "Name", &out->name, error)
      && get_text (row, "KisiGroupId", &out->kisi_group, error)
      && lk_json_get_int_opt (row, "MinutesIncluded", -1, &out->minutes, error)
      && lk_json_get_bool_opt (row, "Archived", FALSE, &out->archived, error)
      && read_locations (out, row, error))
    return TRUE;
  lk_nexudus_pass_type_clear (out);
  return FALSE;
}

void
lk_nexudus_pass_type_clear (LkNexudusPassType *row)
{
  g_free (row->name);
  g_free (row->kisi_group);
  g_free (row->locations);
  *row = (LkNexudusPassType){ 0 };
}

gboolean
lk_nexudus_booking_read (LkNexudusBooking *out, json_t *row, GError **error)
{
  *out = (LkNexudusBooking){ 0 };
  if (get_id (row, &out->id, error) && get_ref (row, "CoworkerId", &out->coworker, error)
      && lk_json_get_int (row, "ResourceId", &out->resource, error)
      && get_text (row, "UniqueId", &out->uid, error)
      && lk_json_get_time (row, "FromTime", &out->from, error)
      && lk_json_get_time (row, "ToTime", &out->until, error)
      && lk_json_get_bool_opt (row, "Tentative", FALSE, &out->tentative, error)
      && get_time (row, "UpdatedOn", &out->updated_at, error))
    {
      /* Without it a cancellation still finds the booking, by its id or by who, where and when. */
      leave_out_long (&out->uid, UID_MAX);
      return TRUE;
    }
  lk_nexudus_booking_clear (out);
  return FALSE;
}

void
lk_nexudus_booking_clear (LkNexudusBooking *row)
{
  g_free (row->uid);
  *row = (LkNexudusBooking){ 0 };
}

/* A reference to the original booking: a string or a number, an id or a UniqueId. */
static void
read_original (LkNexudusCancelled *out, json_t *row)
{
  const char *key;
  json_t *value;

  json_object_foreach (row, key, value)
  {
    if (g_ascii_strncasecmp (key, "Original", 8) != 0)
      continue;
    if (json_is_integer (value))
      out->original_id = json_integer_value (value);
    else if (json_is_string (value) && *json_string_value (value) != '\0')
      {
        char *end = NULL;
        gint64 id = g_ascii_strtoll (json_string_value (value), &end, 10);
        if (*end == '\0' && id > 0)
          out->original_id = id;
        else if (out->original_uid == NULL)
          out->original_uid = g_strdup (json_string_value (value));
      }
  }
}

gboolean
lk_nexudus_cancelled_read (LkNexudusCancelled *out, json_t *row, GError **error)
{
  *out = (LkNexudusCancelled){ 0 };
  if (get_id (row, &out->id, error) && get_text (row, "UniqueId", &out->uid, error)
      && get_ref (row, "CoworkerId", &out->coworker, error)
      && get_ref (row, "ResourceId", &out->resource, error)
      && get_time (row, "ToTime", &out->until, error))
    {
      read_original (out, row);
      return TRUE;
    }
  lk_nexudus_cancelled_clear (out);
  return FALSE;
}

void
lk_nexudus_cancelled_clear (LkNexudusCancelled *row)
{
  g_free (row->original_uid);
  g_free (row->uid);
  *row = (LkNexudusCancelled){ 0 };
}

gboolean
lk_nexudus_resource_read (LkNexudusResource *out, json_t *row, GError **error)
{
  *out = (LkNexudusResource){ 0 };
  if (get_id (row, &out->id, error) && get_ref (row, "BusinessId", &out->business, error)
      && get_text (row, "Name", &out->name, error)
      && get_text (row, "KisiGroupId", &out->kisi_group, error)
      && lk_json_get_bool_opt (row, "Archived", FALSE, &out->archived, error))
    return TRUE;
  lk_nexudus_resource_clear (out);
  return FALSE;
}

void
lk_nexudus_resource_clear (LkNexudusResource *row)
{
  g_free (row->name);
  g_free (row->kisi_group);
  *row = (LkNexudusResource){ 0 };
}

gboolean
lk_nexudus_business_read (LkNexudusBusiness *out, json_t *row, GError **error)
{
  *out = (LkNexudusBusiness){ 0 };
  if (get_id (row, &out->id, error) && get_ref (row, "RootLocationId", &out->root, error)
      && get_text (row, "Name", &out->name, error))
    return TRUE;
  lk_nexudus_business_clear (out);
  return FALSE;
}

void
lk_nexudus_business_clear (LkNexudusBusiness *row)
{
  g_free (row->name);
  *row = (LkNexudusBusiness){ 0 };
}

gboolean
lk_nexudus_contract_read (LkNexudusContract *out, json_t *row, GError **error)
{
  *out = (LkNexudusContract){ 0 };
  if (get_id (row, &out->id, error) && get_ref (row, "CoworkerId", &out->coworker, error)
      && get_ref (row, "IssuedById", &out->business, error)
      && get_contract_uid (row, "UniqueId", &out->uid, error)
      && get_flag (row, "Active", &out->active, error)
      && lk_json_get_bool_opt (row, "InPausedPeriod", FALSE, &out->paused, error)
      && lk_json_get_bool_opt (row, "Cancelled", FALSE, &out->cancelled, error)
      && get_time (row, "StartDate", &out->starts_at, error)
      && get_time (row, "CancellationDate", &out->ends_at, error)
      && get_time (row, "InPausedPeriodFrom", &out->paused_from, error)
      && get_time (row, "InPausedPeriodUntil", &out->paused_until, error)
      && get_time (row, "UpdatedOn", &out->updated_at, error))
    return TRUE;
  lk_nexudus_contract_clear (out);
  return FALSE;
}

void
lk_nexudus_contract_clear (LkNexudusContract *row)
{
  g_free (row->uid);
  *row = (LkNexudusContract){ 0 };
}

gboolean
lk_nexudus_pause_read (LkNexudusPause *out, json_t *row, GError **error)
{
  *out = (LkNexudusPause){ 0 };
  if (get_id (row, &out->id, error)
      && lk_json_get_int (row, "CoworkerContractId", &out->contract, error)
      && get_time (row, "PauseFrom", &out->from, error)
      && get_time (row, "PauseUntil", &out->until, error))
    return TRUE;
  *out = (LkNexudusPause){ 0 };
  return FALSE;
}

static gboolean
get_clock (json_t *row, const char *key, int *out, GError **error)
{
  LkTime time = 0;

  if (!lk_json_get_time (row, key, &time, error))
    return FALSE;
  *out = (int) ((time % LK_DAY + LK_DAY) % LK_DAY / LK_MINUTE);
  return TRUE;
}

gboolean
lk_nexudus_slot_read (LkNexudusSlot *out, json_t *row, GError **error)
{
  LkNexudusSlot slot = { 0 };
  gint64 day = 0;

  if (!get_id (row, &slot.id, error) || !lk_json_get_int (row, "TimePassId", &slot.type, error)
      || !lk_json_get_int (row, "DayOfWeek", &day, error)
      || !get_clock (row, "FromTime", &slot.from, error)
      || !get_clock (row, "ToTime", &slot.until, error))
    return FALSE;
  if (day < 0 || day > 6)
    return lk_fail (error, LK_ERROR_REJECT, "DayOfWeek: expected 0 to 6, got %" G_GINT64_FORMAT,
                    day);
  slot.day = (int) (day + 6) % 7;
  *out = slot;
  return TRUE;
}
