/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The incremental cycle: every poll interval, what has changed since the last one that ended whole,
 * and how many rows each list has. Loop thread.
 */
#pragma once

#include "desk.h"

G_BEGIN_DECLS

typedef struct _Incremental Incremental;

/* After each cycle; LACKS: rows have gone without a trace, and only a listing finds out which. */
typedef void (*IncrementalEndedFunc) (gboolean lacks, gpointer data);

Incremental *incremental_new (const Desk *desk, IncrementalEndedFunc ended, gpointer data);
void incremental_free (Incremental *incremental);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Incremental, incremental_free)

/* Begins the first cycle, behind a mark to read from (record's read_until); the others follow by
 * themselves. Nothing happens when they go on already. */
void incremental_start (Incremental *incremental);
void incremental_stop (Incremental *incremental); /* its reads have been cancelled */

G_END_DECLS
