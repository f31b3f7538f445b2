/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The clock of revisions.
 */
#include "revision.h"

#define SANE_MS LK_DAY

gboolean
revision_is_sane (gint64 revision, LkTime written_at, LkTime now)
{
  LkTime latest = MAX (written_at, now);

  return latest <= G_MAXINT64 - SANE_MS && revision <= latest + SANE_MS;
}

void
revision_read (Revisions *revisions, gint64 revision, LkTime now)
{
  if (revision <= revisions->highest)
    return;
  revisions->highest = revision;
  revisions->ahead = MAX (revisions->ahead, revision + 1 - now);
}

void
revision_written (Revisions *revisions, gint64 revision)
{
  revisions->highest = MAX (revisions->highest, revision);
}

gint64
revision_of (Revisions *revisions, LkTime started_at, LkTime now)
{
  /* Only a clock that was set back is behind what it has given out. */
  if (now + revisions->ahead < revisions->highest)
    revisions->ahead = revisions->highest + 1 - now;
  /* A request may have started before that, by the clock as it was. */
  return MIN (started_at, now) + revisions->ahead;
}
