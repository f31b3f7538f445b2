/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Hash tables of the composites.
 */
#include "world.h"

struct _World
{
  const RouteSpaces *spaces;
  GHashTable *businesses, *pass_types, *resources; /* gint64* (in the row) → row */
  GHashTable *contracts;                           /* UniqueId → LkContract */
};

#define FREE_ROW(name, Type)                                                                       \
  static void name##_free (gpointer data)                                                          \
  {                                                                                                \
    lk_nexudus_##name##_clear (data);                                                              \
    g_free (data);                                                                                 \
  }

FREE_ROW (business, LkNexudusBusiness)
FREE_ROW (pass_type, LkNexudusPassType)
FREE_ROW (resource, LkNexudusResource)

World *
world_new (const RouteSpaces *spaces)
{
  World *world = g_new0 (World, 1);

  world->spaces = spaces;
  world->businesses = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, business_free);
  world->pass_types = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, pass_type_free);
  world->resources = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, resource_free);
  world->contracts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return world;
}

void
world_free (World *world)
{
  if (world == NULL)
    return;
  g_hash_table_unref (world->businesses);
  g_hash_table_unref (world->pass_types);
  g_hash_table_unref (world->resources);
  g_hash_table_unref (world->contracts);
  g_free (world);
}

void
world_set_business (World *world, LkNexudusBusiness *row)
{
  LkNexudusBusiness *own = g_memdup2 (row, sizeof *row);

  *row = (LkNexudusBusiness){ 0 };
  (void)g_hash_table_replace (world->businesses, &own->id, own);
}

void
world_set_pass_type (World *world, LkNexudusPassType *row)
{
  LkNexudusPassType *own = g_memdup2 (row, sizeof *row);

  *row = (LkNexudusPassType){ 0 };
  (void)g_hash_table_replace (world->pass_types, &own->id, own);
}

void
world_set_resource (World *world, LkNexudusResource *row)
{
  LkNexudusResource *own = g_memdup2 (row, sizeof *row);

  *row = (LkNexudusResource){ 0 };
  (void)g_hash_table_replace (world->resources, &own->id, own);
}

static gboolean
contract_equal (const LkContract *a, const LkContract *b)
{
  return a->active == b->active && a->cancelled == b->cancelled && a->starts_at == b->starts_at
         && a->ends_at == b->ends_at && a->paused_from == b->paused_from
         && a->paused_until == b->paused_until;
}

gboolean
world_set_contract (World *world, LkNexudusContract *row)
{
  const LkContract contract = { .active = row->active,
                                .cancelled = row->cancelled,
                                .starts_at = row->starts_at,
                                .ends_at = row->ends_at,
                                .paused_from = row->paused_from,
                                .paused_until = row->paused_until };
  const LkContract *before;

  if (row->uid == NULL)
    return FALSE;
  before = g_hash_table_lookup (world->contracts, row->uid);
  if (before != NULL && contract_equal (before, &contract))
    return FALSE;
  (void)g_hash_table_replace (world->contracts, g_strdup (row->uid),
                              g_memdup2 (&contract, sizeof contract));
  return TRUE;
}

void
world_set_contract_missing (World *world, const char *uid)
{
  const LkContract nowhere = { .starts_at = LK_TIME_NONE,
                               .ends_at = LK_TIME_NONE,
                               .paused_from = LK_TIME_NONE,
                               .paused_until = LK_TIME_NONE };

  (void)g_hash_table_replace (world->contracts, g_strdup (uid),
                              g_memdup2 (&nowhere, sizeof nowhere));
}

const LkNexudusPassType *
world_pass_type (const World *world, gint64 id)
{
  return g_hash_table_lookup (world->pass_types, &id);
}

const LkNexudusResource *
world_resource (const World *world, gint64 id)
{
  return g_hash_table_lookup (world->resources, &id);
}

gboolean
world_contract (const World *world, const char *uid, LkContract *out)
{
  const LkContract *contract = g_hash_table_lookup (world->contracts, uid);

  if (contract == NULL)
    return FALSE;
  *out = *contract;
  return TRUE;
}

static gboolean
is_network (const World *world, gint64 business)
{
  GHashTableIter iter;
  gpointer row;

  g_hash_table_iter_init (&iter, world->businesses);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    if (((const LkNexudusBusiness *)row)->root == business && business != 0
        && ((const LkNexudusBusiness *)row)->id != business)
      return TRUE;
  return FALSE;
}

void
world_route_pass (const World *world, const LkNexudusPassType *type, GArray *out)
{
  route_pass_type (world->spaces, type->locations, type->n_locations, type->business,
                   is_network (world, type->business), out);
}

void
world_route_booking (const World *world, const LkNexudusResource *resource, GArray *out)
{
  route_business (world->spaces, resource->business, out);
}
