/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who owns the account: Kafka's group coordinator, and the two processes of the group. A process
 * that is silent longer than its session is thrown out; when it wakes it goes on until it is told.
 * One thread.
 */
#pragma once

#include "process.h"

G_BEGIN_DECLS

typedef struct _SimOwners SimOwners;

SimOwners *sim_owners_new (SimWorld *world, const LkConfig *config);

SimProcess *sim_owners_process (SimOwners *owners, guint index); /* of that place, now */
/* Whether the group says that PROCESS owns the account. */
gboolean sim_owners_has (const SimOwners *owners, const SimProcess *process);
/* Since when another has owned it, or LK_TIME_NONE. */
LkTime sim_owners_lost_at (const SimOwners *owners, const SimProcess *process);
SimProcess *sim_owners_owner (const SimOwners *owners); /* NULL: nobody just now */

/* The account moves in good order to the other process, when that one runs. */
void sim_owners_move (SimOwners *owners);
/* Kills the process of a place; another starts there after AGAIN ms. */
void sim_owners_kill (SimOwners *owners, guint index, gint64 again);
/* Pauses it for FOR ms. */
void sim_owners_pause (SimOwners *owners, guint index, gint64 length);

/* For process.c: its turn sees what it is told, and whether it is done with releasing. */
void sim_owners_turn (SimOwners *owners, SimProcess *process);

G_END_DECLS
