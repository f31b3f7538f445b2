/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * From a door event to an acknowledged record in access-reports: which space it belongs to, whom it
 * is about, whether it is new, and whether it has arrived. Loop thread.
 */
#pragma once

#include "doors.h"
#include "reports.h"

G_BEGIN_DECLS

typedef struct _LkPublisher LkPublisher;

/* Everything is borrowed and outlives the result. */
LkPublisher *publisher_new (LkProgram *program, const LkConfigKisi *config, const LkDoors *doors,
                            const LkReportsLookup *lookup, gpointer data);
void publisher_free (LkPublisher *publisher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkPublisher, publisher_free)

/* The space whose place the event is at; NULL: none of this account's. */
const LkConfigSpace *publisher_route (const LkPublisher *publisher, const LkKisiEvent *event);

/* Publishes EVENT unless it is out already with a basis as good. FALSE: the producer is full. */
gboolean publisher_event (LkPublisher *publisher, const LkKisiEvent *event);
/* Not yet acknowledged. */
guint publisher_pending (const LkPublisher *publisher);

/* Since the last publisher_begin: reports sent, and whether one that was sent before or since was
 * not acknowledged. Such a one counts as new again: its span has to be read again. */
guint publisher_published (const LkPublisher *publisher);
gboolean publisher_failed (const LkPublisher *publisher);
void publisher_begin (LkPublisher *publisher);

G_END_DECLS
