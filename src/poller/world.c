/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Hash tables of locations, pass types and resources.
 */
#include "world_internal.h"

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
world_new (const RouteSpaces *spaces, const LkZone *const *zones)
{
  World *world = g_new0 (World, 1);

  world->spaces = spaces;
  world->zones = zones;
  world->businesses = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, business_free);
  world->pass_types = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, pass_type_free);
  world->resources = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, resource_free);
  world->contracts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  world->uids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  world->pauses = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  world->paused = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                         (GDestroyNotify)g_ptr_array_unref);
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
  g_hash_table_unref (world->uids);
  g_hash_table_unref (world->contracts);
  g_hash_table_unref (world->paused);
  g_hash_table_unref (world->pauses);
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
