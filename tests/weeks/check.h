/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What must always hold of the poller, looked at from outside: of each request its budget, of each
 * record that it says what was true when it was read, of each change in the simulated Nexudus that
 * it is published within its promise (design §9, S2), and at rest that the snapshots are the truth.
 * A breach ends the run. One thread.
 */
#pragma once

#include "serve.h"
#include "truth.h"

#include "../sim/broker.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 poll, listing; /* intervals, ms */
  guint per_minute, per_hour;
} CheckPromise;

void check_new (SimWorld *world, Nexus *nexus, const CheckPromise *promise);

/* A request leaves PROCESS; it is answered. */
void check_sent (SimWorld *world, gconstpointer process);
void check_answered (SimWorld *world, gconstpointer process, const ServeAnswer *answer);

/* What the last deed changed is to be published: of the kinds in STATED (1 << TruthKind) within the
 * poll interval, of others within the listing's. */
void check_changed (SimWorld *world, guint stated);

/* The brake's trips of the account, as its record tells them: "moncloa/passes" → id (both owned by
 * the table). */
GHashTable *check_trips (SimWorld *world);

/* Nothing has gone wrong for long: the snapshots are the truth. */
void check_rest (SimWorld *world);
/* A month later: what was deleted then is forgotten. */
void check_forgotten (SimWorld *world);
/* PROCESS has become owner: it has to act soon. */
void check_owner (SimWorld *world, gconstpointer process);
/* Records of members, passes and bookings so far. */
guint check_records (SimWorld *world);

G_END_DECLS
