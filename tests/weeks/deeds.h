/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What people do in the simulated Nexudus: its rows change, in the way that its readings say. One
 * thread.
 */
#pragma once

#include "history.h"
#include "serve.h"

G_BEGIN_DECLS

/* Locations: a network's root that is no space, two spaces, and one that is elsewhere. */
#define DEEDS_ROOT 10
#define DEEDS_ELSEWHERE 13

/* Pass types, rooms, locations, and some people. */
void deeds_begin (SimWorld *world, Nexus *nexus);

/* Does it, where there is something to do it to. Which kinds (1 << TruthKind) Nexudus states the
 * change of, by an UpdatedOn or a cancellation: a listing need not infer those. */
guint deeds_do (SimWorld *world, Nexus *nexus, const WeekEvent *event);

G_END_DECLS
