/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What world.c (locations, pass types, resources) and world_contracts.c (contracts and pauses)
 * share. Nobody else includes it.
 */
#pragma once

#include "world.h"

G_BEGIN_DECLS

struct _World
{
  const RouteSpaces *spaces;
  const LkZone *const *zones;
  GHashTable *businesses, *pass_types, *resources; /* gint64* (in the row) → row */
  /* Of the same and of pauses: gint64* id → gint64* revision. */
  GHashTable *business_revisions, *type_revisions, *resource_revisions, *pause_revisions;
  GHashTable *seen_businesses;                     /* gint64*, since the last whole list began */
  GHashTable *contracts;                           /* UniqueId → Contract */
  GHashTable *uids;   /* gint64* contract → UniqueId (in contracts) */
  GHashTable *pauses; /* gint64* (in the row) → LkNexudusPause */
  GHashTable *paused; /* gint64* contract → GPtrArray of LkNexudusPause (in pauses) */
};

/* FALSE: what is known of ID in TABLE is newer than REVISION; else that is what is known. */
gboolean world_is_newer (GHashTable *table, gint64 id, gint64 revision);

G_END_DECLS
