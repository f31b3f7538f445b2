/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What rows refer to: locations, pass types, resources, contracts. Listed whole, held in memory,
 * and asked before anything that refers to them is published (design §7, "Composites"). Loop
 * thread.
 */
#pragma once

#include "route.h"

#include <latchkey/model/snapshot.h>
#include <latchkey/nexudus/rows.h>

G_BEGIN_DECLS

typedef struct _World World;

World *world_new (const RouteSpaces *spaces);
void world_free (World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* Take over ROW (moved out of; the caller's is cleared). */
void world_set_business (World *world, LkNexudusBusiness *row);
void world_set_pass_type (World *world, LkNexudusPassType *row); /* one read by id */
void world_set_resource (World *world, LkNexudusResource *row);
/* TRUE when what a pass depends on differs from what was known of this contract. */
gboolean world_set_contract (World *world, LkNexudusContract *row);
/* UID was looked for and is nowhere: its passes have an inactive contract. */
void world_set_contract_missing (World *world, const char *uid);

const LkNexudusPassType *world_pass_type (const World *world, gint64 id);
const LkNexudusResource *world_resource (const World *world, gint64 id);
/* FALSE: not known (yet). */
gboolean world_contract (const World *world, const char *uid, LkContract *out);

/* Spaces (guint) of a pass of TYPE, of a booking of RESOURCE. */
void world_route_pass (const World *world, const LkNexudusPassType *type, GArray *out);
void world_route_booking (const World *world, const LkNexudusResource *resource, GArray *out);

G_END_DECLS
