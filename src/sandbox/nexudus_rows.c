/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of Nexudus: made, merged, removed.
 */
#include "nexudus.h"

#include <string.h>

/* What a row repeats of another: the name of what its id points to. */
static const struct
{
  const char *id_key;
  NxEntity entity;
  const char *copy_key, *source_key;
} copies[] = {
  { "CoworkerId", NX_COWORKERS, "CoworkerFullName", "FullName" },
  { "CoworkerId", NX_COWORKERS, "CoworkerEmail", "Email" },
  { "TimePassId", NX_PASS_TYPES, "TimePassName", "Name" },
  { "ResourceId", NX_RESOURCES, "ResourceName", "Name" },
  { "ResourceId", NX_RESOURCES, "ResourceResourceTypeId", "ResourceTypeId" },
  { "ResourceId", NX_RESOURCES, "ResourceResourceTypeName", "ResourceTypeName" },
  { "BusinessId", NX_BUSINESSES, "BusinessName", "Name" },
  { "InvoicingBusinessId", NX_BUSINESSES, "InvoicingBusinessName", "Name" },
  { "FloorPlanBusinessId", NX_BUSINESSES, "FloorPlanBusinessName", "Name" },
  { "IssuedById", NX_BUSINESSES, "IssuedByName", "Name" },
  { "TariffId", NX_TARIFFS, "TariffName", "Name" },
  { "ProductId", NX_PRODUCTS, "ProductName", "Name" },
  { "CoworkerContractId", NX_CONTRACTS, "CoworkerContractTariffName", "TariffName" },
  { "CoworkerContractId", NX_CONTRACTS, "CoworkerContractCoworkerId", "CoworkerId" },
  { "CoworkerContractId", NX_CONTRACTS, "CoworkerContractCoworkerFullName", "CoworkerFullName" },
};

int
nx_entity (const char *path)
{
  for (int i = 0; i < NX_ENTITIES_; i++)
    if (g_str_equal (nx_infos[i].path, path))
      return i;
  return -1;
}

Table *
nx_table (Nexudus *nexudus, NxEntity entity)
{
  return &nexudus->tables[entity];
}

json_t *
nx_date_text (Nexudus *nexudus, LkTime time)
{
  char buf[LK_TIME_TEXT];
  char digits[8];
  LkTime whole = time - ((time % LK_SECOND) + LK_SECOND) % LK_SECOND;
  guint below = (guint)(scramble (++nexudus->sandbox->drawn) % 10000);
  (void)lk_time_format (whole, buf);
  g_snprintf (digits, sizeof digits, "%03d%04u", (int)(time - whole), below);
  for (gsize len = strlen (digits); len > 0 && digits[len - 1] == '0'; len--)
    digits[len - 1] = '\0';
  buf[strlen (buf) - 1] = '\0'; /* the Z */
  return json_sprintf ("%s%s%sZ", buf, digits[0] ? "." : "", digits);
}

/* Ids jump between ranges, and some need more than 32 bits (nexudus-api.md §2.2). */
static gint64
draw_id (Nexudus *nexudus, NxEntity entity)
{
  for (;;)
    {
      guint64 n = scramble (++nexudus->sandbox->drawn);
      gint64 id = nx_infos[entity].first_id + (gint64)(n % 100000);
      if (entity != NX_ZONES && n % 3 == 0)
        id += (gint64)3000000000;
      if (table_get (&nexudus->tables[entity], id) == NULL)
        return id;
    }
}

void
nx_fill_names (Nexudus *nexudus, NxEntity entity, Row *row)
{
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    {
      const json_t *have = json_object_get (row->data, copies[i].copy_key);
      gint64 id = json_int (row->data, copies[i].id_key, 0);
      if (have == NULL || !json_is_null (have) || id == 0)
        continue;
      const Row *target = table_get (&nexudus->tables[copies[i].entity], id);
      if (target != NULL)
        json_object_set (row->data, copies[i].copy_key,
                         json_object_get (target->data, copies[i].source_key));
    }
  const char *name = json_text (row->data, entity == NX_COWORKERS ? "FullName" : "Name");
  if (json_is_blank (json_object_get (row->data, "ToStringText")) && name != NULL)
    json_set (row->data, "ToStringText", json_string (name));
}

static void
fill_new (Nexudus *nexudus, NxEntity entity, json_t *data, const char *by)
{
  if (json_is_blank (json_object_get (data, "Id")))
    json_set (data, "Id", json_integer (draw_id (nexudus, entity)));
  if (json_is_blank (json_object_get (data, "UniqueId")))
    {
      g_autofree char *uuid = uuid_text ();
      json_set (data, "UniqueId", json_string (uuid));
    }
  if (json_is_blank (json_object_get (data, "CreatedOn")))
    json_set (data, "CreatedOn", nx_date_text (nexudus, sandbox_now (nexudus->sandbox)));
  if (json_is_blank (json_object_get (data, "UpdatedOn")))
    json_object_set (data, "UpdatedOn", json_object_get (data, "CreatedOn"));
  if (json_is_blank (json_object_get (data, "UpdatedBy")))
    json_set (data, "UpdatedBy", json_string (by));
  if (entity != NX_COWORKERS)
    return;

  gint64 home = json_int (data, "InvoicingBusinessId", 0);
  if (json_is_blank (json_object_get (data, "AccessPincode")))
    {
      guint64 pin = scramble ((guint64)json_int (data, "Id", 0)) % 90000 + 10000;
      json_set (data, "AccessPincode", json_sprintf ("%u", (unsigned)pin));
    }
  if (json_array_size (json_object_get (data, "Businesses")) == 0 && home != 0)
    json_set (data, "Businesses", json_pack ("[I]", (json_int_t)home));
}

Row *
nx_create (Nexudus *nexudus, NxEntity entity, const json_t *fields, const char *by)
{
  json_t *data = json_copy (nexudus->defaults[entity]);
  json_object_update (data, (json_t *)fields);
  fill_new (nexudus, entity, data, by);
  Row *row = table_put (&nexudus->tables[entity], data);
  nx_fill_names (nexudus, entity, row);
  return row;
}

void
nx_touch (Nexudus *nexudus, NxEntity entity, Row *row, const char *by, gboolean bump)
{
  if (bump)
    {
      json_set (row->data, "UpdatedOn", nx_date_text (nexudus, sandbox_now (nexudus->sandbox)));
      json_set (row->data, "UpdatedBy", json_string (by));
    }
  table_changed (&nexudus->tables[entity], row);
}

void
nx_merge (Nexudus *nexudus, NxEntity entity, Row *row, const json_t *fields, gboolean bump)
{
  for (guint i = 0; i < G_N_ELEMENTS (copies); i++)
    if (json_object_get (fields, copies[i].id_key) != NULL
        && json_object_get (row->data, copies[i].copy_key) != NULL)
      json_set (row->data, copies[i].copy_key, json_null ());
  json_object_update (row->data, (json_t *)fields);
  json_set (row->data, "Id", json_integer (row->id)); /* which never changes */
  nx_fill_names (nexudus, entity, row);
  nx_touch (nexudus, entity, row, "admin@example.org",
            bump && json_object_get (fields, "UpdatedOn") == NULL);
}

void
nx_row_changed (Nexudus *nexudus, NxEntity entity, const Row *row)
{
  if (entity == NX_PAUSES)
    nx_pauses_changed (nexudus, row->key2);
}

void
nx_row_made (Nexudus *nexudus, NxEntity entity, const Row *row)
{
  if (entity == NX_TARIFF_PASSES)
    nx_benefit_added (nexudus, row);
  nx_row_changed (nexudus, entity, row);
}

void
nx_remove (Nexudus *nexudus, NxEntity entity, Row *row)
{
  gint64 contract = entity == NX_PAUSES ? row->key2 : 0;
  table_remove (&nexudus->tables[entity], row->id);
  if (contract != 0)
    nx_pauses_changed (nexudus, contract);
}
