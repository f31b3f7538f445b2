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
  GHashTable *contracts;                           /* UniqueId → Contract */
  GHashTable *uids;   /* gint64* contract → UniqueId (in contracts) */
  GHashTable *pauses; /* gint64* (in the row) → LkNexudusPause */
  GHashTable *paused; /* gint64* contract → GPtrArray of LkNexudusPause (in pauses) */
};

G_END_DECLS
