/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows and what they were.
 */
#include "nexus.h"

Nexus *
nx_new (const gint64 *now, const NxReadings *readings)
{
  Nexus *nexus = g_new0 (Nexus, 1);

  nexus->now = now;
  nexus->readings = *readings;
  for (guint k = 0; k < NX_KINDS; k++)
    {
      nexus->all[k] = g_ptr_array_new ();
      nexus->by_id[k] = g_hash_table_new (g_int64_hash, g_int64_equal);
    }
  return nexus;
}

gint64
nx_clock (const Nexus *nexus)
{
  return *nexus->now + nexus->readings.skew;
}

/* Ids are neither in the order of creation nor within 32 bits (nexudus-api.md §2.2). */
static gint64
fresh_id (Nexus *nexus, NxKind kind)
{
  return G_GINT64_CONSTANT (5000000000) + 1000000 * (gint64) kind + nexus->made * 7919 % 99991;
}

NxEntity *
nx_make (Nexus *nexus, NxKind kind, gint64 id, NxRow **out_row)
{
  NxEntity *entity = id == 0 ? NULL : nx_find (nexus, kind, id);
  NxRow row = { .since = *nexus->now,
                .created = nx_clock (nexus),
                .updated = nx_clock (nexus),
                .minutes = -1,
                .from = NX_NONE,
                .until = NX_NONE,
                .paused_from = NX_NONE,
                .paused_until = NX_NONE,
                .used_at = NX_NONE,
                .expires_at = NX_NONE,
                .cancelled_at = NX_NONE };

  nexus->made++;
  if (entity == NULL)
    {
      entity = g_new0 (NxEntity, 1);
      entity->kind = kind;
      entity->id = id == 0 ? fresh_id (nexus, kind) : id;
      entity->uid = g_strdup_printf ("%08x-0000-4000-8000-%012" G_GINT64_MODIFIER "x", (guint) kind,
                                     (guint64) entity->id);
      entity->rows = g_array_new (FALSE, FALSE, sizeof (NxRow));
      g_ptr_array_add (nexus->all[kind], entity);
      (void) g_hash_table_insert (nexus->by_id[kind], &entity->id, entity);
    }
  g_array_append_val (entity->rows, row);
  *out_row = &g_array_index (entity->rows, NxRow, entity->rows->len - 1);
  return entity;
}

NxRow *
nx_change (Nexus *nexus, NxEntity *entity, gboolean bump)
{
  NxRow row = *nx_row (entity);

  row.since = *nexus->now;
  if (bump)
    row.updated = nx_clock (nexus);
  g_array_append_val (entity->rows, row);
  return &g_array_index (entity->rows, NxRow, entity->rows->len - 1);
}

void
nx_drop (Nexus *nexus, NxEntity *entity)
{
  nx_change (nexus, entity, FALSE)->gone = TRUE;
}

NxEntity *
nx_find (const Nexus *nexus, NxKind kind, gint64 id)
{
  return g_hash_table_lookup (nexus->by_id[kind], &id);
}

const NxRow *
nx_row (const NxEntity *entity)
{
  return &g_array_index (entity->rows, NxRow, entity->rows->len - 1);
}

const NxRow *
nx_row_at (const NxEntity *entity, gint64 at)
{
  for (guint i = entity->rows->len; i > 0; i--)
    if (g_array_index (entity->rows, NxRow, i - 1).since <= at)
      return &g_array_index (entity->rows, NxRow, i - 1);
  return NULL;
}

gboolean
nx_lives (const NxEntity *entity)
{
  return entity != NULL && !nx_row (entity)->gone;
}

NxEntity *
nx_pick (const Nexus *nexus, NxKind kind, guint64 n)
{
  const GPtrArray *all = nexus->all[kind];
  guint living = 0;

  for (guint i = 0; i < all->len; i++)
    living += nx_lives (all->pdata[i]);
  if (living == 0)
    return NULL;
  n %= living;
  for (guint i = 0;; i++)
    if (nx_lives (all->pdata[i]) && n-- == 0)
      return all->pdata[i];
}
