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

static GHashTable *
revisions_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
}

World *
world_new (const RouteSpaces *spaces, const LkZone *const *zones)
{
  World *world = g_new0 (World, 1);

  world->spaces = spaces;
  world->zones = zones;
  world->businesses = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, business_free);
  world->pass_types = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, pass_type_free);
  world->resources = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, resource_free);
  world->business_revisions = revisions_new ();
  world->type_revisions = revisions_new ();
  world->resource_revisions = revisions_new ();
  world->pause_revisions = revisions_new ();
  world->seen_businesses = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
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
  g_hash_table_unref (world->business_revisions);
  g_hash_table_unref (world->type_revisions);
  g_hash_table_unref (world->resource_revisions);
  g_hash_table_unref (world->pause_revisions);
  g_hash_table_unref (world->seen_businesses);
  g_hash_table_unref (world->uids);
  g_hash_table_unref (world->contracts);
  g_hash_table_unref (world->paused);
  g_hash_table_unref (world->pauses);
  g_free (world);
}

void
world_reset (World *world)
{
  g_hash_table_remove_all (world->businesses);
  g_hash_table_remove_all (world->pass_types);
  g_hash_table_remove_all (world->resources);
  g_hash_table_remove_all (world->business_revisions);
  g_hash_table_remove_all (world->type_revisions);
  g_hash_table_remove_all (world->resource_revisions);
  g_hash_table_remove_all (world->pause_revisions);
  g_hash_table_remove_all (world->seen_businesses);
  g_hash_table_remove_all (world->uids);
  g_hash_table_remove_all (world->contracts);
  g_hash_table_remove_all (world->paused);
  g_hash_table_remove_all (world->pauses);
}

gboolean
world_is_newer (GHashTable *table, gint64 id, gint64 revision)
{
  const gint64 *known = g_hash_table_lookup (table, &id);

  if (known != NULL && *known > revision)
    return FALSE;
  (void)g_hash_table_replace (table, g_memdup2 (&id, sizeof id),
                              g_memdup2 (&revision, sizeof revision));
  return TRUE;
}

static gint64
revision_in (GHashTable *table, gint64 id)
{
  const gint64 *known = g_hash_table_lookup (table, &id);

  return known == NULL ? 0 : *known;
}

void
world_set_business (World *world, LkNexudusBusiness *row, gint64 revision)
{
  LkNexudusBusiness *own;

  (void)g_hash_table_add (world->seen_businesses, g_memdup2 (&row->id, sizeof row->id));
  if (!world_is_newer (world->business_revisions, row->id, revision))
    {
      lk_nexudus_business_clear (row);
      return;
    }
  own = g_memdup2 (row, sizeof *row);
  *row = (LkNexudusBusiness){ 0 };
  (void)g_hash_table_replace (world->businesses, &own->id, own);
}

void
world_begin_businesses (World *world)
{
  g_hash_table_remove_all (world->seen_businesses);
}

GArray *
world_businesses_missing (const World *world)
{
  GArray *missing = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, world->businesses);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (!g_hash_table_contains (world->seen_businesses, id))
      g_array_append_val (missing, *(gint64 *)id);
  for (guint i = 0; i < world->spaces->n; i++)
    if (!g_hash_table_contains (world->seen_businesses, &world->spaces->businesses[i])
        && !g_hash_table_contains (world->businesses, &world->spaces->businesses[i]))
      g_array_append_val (missing, world->spaces->businesses[i]);
  return missing;
}

void
world_drop_business (World *world, gint64 id)
{
  (void)g_hash_table_remove (world->businesses, &id);
}

void
world_set_pass_type (World *world, LkNexudusPassType *row, gint64 revision)
{
  LkNexudusPassType *own;

  if (!world_is_newer (world->type_revisions, row->id, revision))
    {
      lk_nexudus_pass_type_clear (row);
      return;
    }
  own = g_memdup2 (row, sizeof *row);
  *row = (LkNexudusPassType){ 0 };
  (void)g_hash_table_replace (world->pass_types, &own->id, own);
}

void
world_set_resource (World *world, LkNexudusResource *row, gint64 revision)
{
  LkNexudusResource *own;

  if (!world_is_newer (world->resource_revisions, row->id, revision))
    {
      lk_nexudus_resource_clear (row);
      return;
    }
  own = g_memdup2 (row, sizeof *row);
  *row = (LkNexudusResource){ 0 };
  (void)g_hash_table_replace (world->resources, &own->id, own);
}

gint64
world_pass_type_revision (const World *world, gint64 id)
{
  return revision_in (world->type_revisions, id);
}

gint64
world_resource_revision (const World *world, gint64 id)
{
  return revision_in (world->resource_revisions, id);
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
