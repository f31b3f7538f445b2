/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows as Nexudus sends them (nexudus-api.md §2.4, §2.7, §3).
 */
#include "serve.h"

#include "clock.h"

/* Times have 0 to 7 fractional digits, and a zone, or none, or what means the same. */
static void
add_time (const Nexus *nexus, GString *out, const char *name, gint64 time, gint64 salt)
{
  static const char *const zones[] = { "Z", "", "+00:00" };
  guint zone = nexus->readings.zone < 3 ? nexus->readings.zone : (guint) ((salt + time) % 3);
  char text[32];

  if (time == NX_NONE)
    {
      g_string_append_printf (out, ",\"%s\":null", name);
      return;
    }
  g_string_append_printf (out, ",\"%s\":\"%s", name, clock_text (time, text));
  if (time % 1000 != 0 && salt % 2 == 0)
    g_string_append (out, salt % 3 == 0 ? "2471" : "09");
  g_string_append_printf (out, "%s\"", zones[zone]);
}

static void
add_flag (GString *out, const char *name, gboolean flag)
{
  g_string_append_printf (out, ",\"%s\":%s", name, flag ? "true" : "false");
}

static void
add_ref (GString *out, const char *name, gint64 id)
{
  if (id == 0)
    g_string_append_printf (out, ",\"%s\":null", name);
  else
    g_string_append_printf (out, ",\"%s\":%" G_GINT64_FORMAT, name, id);
}

static void
add_coworker (const NxEntity *entity, const NxRow *row, gboolean sick, GString *out)
{
  g_string_append_printf (out,
                          ",\"FullName\":\"Member %" G_GINT64_FORMAT
                          " %u\",\"Email\":\"m%u@example.org\",\"Teams\":[]",
                          entity->id, row->number % 10, row->number);
  if (sick)
    g_string_append (out, ",\"Active\":\"yes\"");
  else
    add_flag (out, "Active", row->active);
  add_flag (out, "Archived", row->archived);
  add_ref (out, "InvoicingBusinessId", row->business);
}

static void
add_pass (const Nexus *nexus, const NxEntity *entity, const NxRow *row, gboolean sick, GString *out)
{
  const NxEntity *contract
      = row->contract == 0 ? NULL : nx_find (nexus, NX_CONTRACT, row->contract);

  add_ref (out, "CoworkerId", row->coworker);
  add_ref (out, "TimePassId", row->of);
  if (sick)
    g_string_append (out, ",\"Used\":\"no\"");
  else
    add_flag (out, "Used", row->used);
  add_flag (out, "IsFromTariff", row->from_plan);
  g_string_append_printf (out, ",\"CoworkerProductUniqueId\":%s",
                          row->from_product ? "\"00000000-1111-4000-8000-000000000001\"" : "null");
  if (contract == NULL)
    g_string_append (out, ",\"CoworkerContractUniqueId\":null");
  else
    g_string_append_printf (out, ",\"CoworkerContractUniqueId\":\"%s\"", contract->uid);
  add_time (nexus, out, "UsedDate", row->used_at, entity->id);
  add_time (nexus, out, "ExpireDate", row->expires_at, entity->id);
}

static void
add_booking (const Nexus *nexus, const NxEntity *entity, const NxRow *row, gboolean sick,
             GString *out)
{
  add_ref (out, "CoworkerId", row->coworker);
  add_ref (out, "ResourceId", row->of);
  if (sick)
    g_string_append (out, ",\"FromTime\":\"tomorrow\"");
  else
    add_time (nexus, out, "FromTime", row->from, entity->id);
  add_time (nexus, out, "ToTime", row->until, entity->id + 1);
  add_flag (out, "Tentative", row->tentative);
}

static void
add_original (const Nexus *nexus, const NxRow *row, GString *out)
{
  const NxEntity *original = nx_find (nexus, NX_BOOKING, row->original);

  switch (nexus->readings.reference)
    {
    case NX_REFERENCE_ID:
      add_ref (out, "OriginalBookingId", row->original);
      break;
    case NX_REFERENCE_TEXT:
      g_string_append_printf (out, ",\"OriginalBookingId\":\"%" G_GINT64_FORMAT "\"",
                              row->original);
      break;
    case NX_REFERENCE_UID:
      g_string_append_printf (out, ",\"OriginalBookingUniqueId\":\"%s\"", original->uid);
      break;
    case NX_REFERENCE_OWN_UID:
    case NX_REFERENCE_OWN_ID:
    case NX_REFERENCE_NONE:
    case NX_REFERENCES:
      break;
    }
}

static void
add_contract (const Nexus *nexus, const NxEntity *entity, const NxRow *row, gboolean sick,
              GString *out)
{
  add_ref (out, "CoworkerId", row->coworker);
  add_ref (out, "IssuedById", row->business);
  if (sick)
    g_string_append (out, ",\"Active\":1");
  else
    add_flag (out, "Active", row->active);
  add_flag (out, "Cancelled", row->cancelled);
  add_flag (out, "InPausedPeriod", row->paused);
  add_time (nexus, out, "StartDate", row->from, entity->id);
  add_time (nexus, out, "CancellationDate", row->until, entity->id);
  add_time (nexus, out, "InPausedPeriodFrom", row->paused_from, entity->id);
  add_time (nexus, out, "InPausedPeriodUntil", row->paused_until, entity->id);
}

static void
add_type (const NxRow *row, gboolean by_id, GString *out)
{
  g_string_append (out, ",\"Name\":\"A pass\",\"Businesses\":[");
  for (guint i = 0; by_id && i < row->n_locations; i++)
    g_string_append_printf (out, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", row->locations[i]);
  g_string_append_c (out, ']');
  add_ref (out, "BusinessId", row->business);
  if (row->minutes >= 0)
    add_ref (out, "MinutesIncluded", row->minutes);
}

void
render_row (const Nexus *nexus, const NxEntity *entity, gboolean by_id, gboolean sick, GString *out)
{
  const NxRow *row = nx_row (entity);
  const char *uid = entity->uid;

  if (entity->kind == NX_CANCELLED && nexus->readings.reference == NX_REFERENCE_OWN_UID)
    uid = nx_find (nexus, NX_BOOKING, row->original)->uid;
  g_string_append_printf (out, "{\"Id\":%" G_GINT64_FORMAT ",\"UniqueId\":\"%s\"", entity->id, uid);
  switch (entity->kind)
    {
    case NX_COWORKER:
      add_coworker (entity, row, sick, out);
      break;
    case NX_PASS:
      add_pass (nexus, entity, row, sick, out);
      break;
    case NX_CANCELLED:
      add_booking (nexus, entity, row, sick, out);
      add_time (nexus, out, "CancelledOn", row->cancelled_at, entity->id);
      add_original (nexus, row, out);
      break;
    case NX_BOOKING:
      add_booking (nexus, entity, row, sick, out);
      break;
    case NX_CONTRACT:
      add_contract (nexus, entity, row, sick, out);
      break;
    case NX_PERIOD:
      add_ref (out, "CoworkerContractId", row->of);
      add_time (nexus, out, "PauseFrom", row->from, entity->id);
      add_time (nexus, out, "PauseUntil", row->until, entity->id);
      break;
    case NX_TYPE:
      add_type (row, by_id, out);
      break;
    case NX_RESOURCE:
      add_ref (out, "BusinessId", row->business);
      break;
    case NX_BUSINESS:
      g_string_append_printf (out, ",\"Name\":\"Location %" G_GINT64_FORMAT "\"", entity->id);
      add_ref (out, "RootLocationId", row->business);
      add_flag (out, "Suspended", !row->active);
      break;
    case NX_KINDS:
      break;
    }
  add_time (nexus, out, "CreatedOn", row->created, entity->id);
  add_time (nexus, out, "UpdatedOn", row->updated, entity->id);
  g_string_append (out, ",\"UpdatedBy\":\"[System]\"}");
}
