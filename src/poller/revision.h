/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Revisions: the wall clock at which a row was asked for, moved past everything that was written
 * before, by whomever, so that what is read now counts (design §4). It also holds when the wall
 * clock is set back. Pure; any thread.
 */
#pragma once

#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 ahead;   /* ms that revisions run ahead of the wall clock */
  gint64 highest; /* of all that were read and written */
} Revisions;

/* Whether a record written at WRITTEN_AT (its own time stamp) can have REVISION: one that is more
 * than a day ahead of both that and NOW is no fact, and following it would leave no room for what
 * comes. */
gboolean revision_is_sane (gint64 revision, LkTime written_at, LkTime now);

/* REVISION was read in a topic: what comes from NOW on is newer, and newer again each time. */
void revision_read (Revisions *revisions, gint64 revision, LkTime now);
/* REVISION, from revision_of, was written. */
void revision_written (Revisions *revisions, gint64 revision);

/* Of a request that started at STARTED_AT. */
gint64 revision_of (Revisions *revisions, LkTime started_at, LkTime now);

G_END_DECLS
