/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the three workers would write, of what a history says: commands, each of a higher version,
 * and rules. One thread.
 */
#pragma once

#include "broker.h"
#include "history.h"

G_BEGIN_DECLS

typedef struct _SimWorker SimWorker;

SimWorker *sim_worker_new (SimWorld *world);

void sim_worker_write_rules (SimWorker *worker, guint space);
void sim_worker_give (SimWorker *worker, const SimEvent *event);
/* Whether the newest command of the source stands and gives nothing. */
gboolean sim_worker_gives_nothing (SimWorker *worker, const SimEvent *event);
/* A tombstone of it. */
void sim_worker_forget (SimWorker *worker, const SimEvent *event);
/* One member has one address in all spaces. */
void sim_worker_set_member (SimWorker *worker, const SimEvent *event);
/* What a paused worker writes when it wakes: an older version. Whoever owns the partition then
 * writes the newer one again. */
void sim_worker_write_late (SimWorker *worker, const SimEvent *event);

/* Tombstones of all that was said of MEMBER in SPACE, unless they are a member again. */
void sim_worker_erase (SimWorker *worker, guint space, gint64 member);
/* Whether any command of MEMBER stands in SPACE. */
gboolean sim_worker_gives (SimWorker *worker, guint space, gint64 member);

/* Whether a command of MEMBER was ever written, and its address by the newest (NULL: none). */
gboolean sim_worker_knows (SimWorker *worker, guint space, gint64 member);
const char *sim_worker_address (SimWorker *worker, guint space, gint64 member);

G_END_DECLS
