/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What rows refer to: locations, pass types, resources, contracts and their pauses. Listed whole,
 * held in memory, and asked before anything that refers to them is published (design §7,
 * "Composites"). Loop thread.
 */
#pragma once

#include "route.h"

#include <latchkey/model/snapshot.h>
#include <latchkey/nexudus/rows.h>

G_BEGIN_DECLS

typedef struct _World World;

/* ZONES are those of SPACES, index by index; all borrowed. */
World *world_new (const RouteSpaces *spaces, const LkZone *const *zones);
void world_free (World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* Nothing is known any more: somebody else reads from here on. */
void world_reset (World *world);

/* Each row comes with its REVISION (store_revision): one that was asked for before what is known of
 * it changes nothing, however late its answer came. */

/* Take over ROW (moved out of; the caller's is cleared). */
void world_set_business (World *world, LkNexudusBusiness *row, gint64 revision);
void world_set_pass_type (World *world, LkNexudusPassType *row, gint64 revision); /* read by id */
void world_set_resource (World *world, LkNexudusResource *row, gint64 revision);
/* A whole list of locations begins; then: Ids (gint64) of those known, and of those that have a
 * space, that no row has named since. ID is gone. */
void world_begin_businesses (World *world);
GArray *world_businesses_missing (const World *world);
void world_drop_business (World *world, gint64 id);
/* TRUE when what a pass depends on differs from what was known of this contract. Its pause is the
 * one open at NOW or coming next, of what its own row and its paused periods say. */
gboolean world_set_contract (World *world, const LkNexudusContract *row, gint64 revision,
                             LkTime now);
/* UID was looked for and is nowhere: its passes have an inactive contract. */
void world_set_contract_missing (World *world, const char *uid);
/* A whole list of contracts begins; then: Ids (gint64) of the contracts that give something and
 * that no row has named since. CONTRACT, known by its Id, is gone: as if looked for. */
void world_begin_contracts (World *world);
GArray *world_contracts_missing (const World *world);
void world_drop_contract (World *world, gint64 contract);

/* A paused period, and one that is gone. Returns the UniqueId of a contract that this changes for
 * its passes, or NULL; borrowed until the next change. */
const char *world_set_pause (World *world, const LkNexudusPause *row, gint64 revision, LkTime now);
const char *world_drop_pause (World *world, gint64 id, LkTime now);
/* Ids (gint64) of the paused periods known of CONTRACT (0: of all) that are not in LISTED. */
GArray *world_pauses_missing (const World *world, gint64 contract, GHashTable *listed);
/* UniqueIds (borrowed) of the contracts whose next pause counts at NOW, the former being over. */
GPtrArray *world_pass_pauses (World *world, LkTime now);
/* Whether this contract is known with another UPDATED_AT and has paused periods: one of them may
 * have gone, which leaves no trace but this. */
gboolean world_may_have_lost_pause (const World *world, const LkNexudusContract *row);

const LkNexudusPassType *world_pass_type (const World *world, gint64 id);
const LkNexudusResource *world_resource (const World *world, gint64 id);
/* When that was asked for, as a revision; 0: it is not known. */
gint64 world_pass_type_revision (const World *world, gint64 id);
gint64 world_resource_revision (const World *world, gint64 id);
/* UID was looked for and is nowhere. */
gboolean world_contract_is_missing (const World *world, const char *uid);
/* FALSE: not known (yet). */
gboolean world_contract (const World *world, const char *uid, LkContract *out);

/* Spaces (guint) of a pass of TYPE, of a booking of RESOURCE. */
void world_route_pass (const World *world, const LkNexudusPassType *type, GArray *out);
void world_route_booking (const World *world, const LkNexudusResource *resource, GArray *out);

G_END_DECLS
