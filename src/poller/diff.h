/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What stands for one key of an entity topic, in short, and what a newly read row does to it
 * (design §4 and §7). Pure; any thread.
 */
#pragma once

#include <latchkey/model/snapshot.h>

G_BEGIN_DECLS

#define DIFF_ENDED_MS (30 * LK_DAY) /* rows over for so long are tombstoned and skipped */

typedef struct
{
  gint64 revision;
  guint64 digest; /* of all content but the revision */
  gint64 of;      /* its pass type or resource; 0: none */
  LkTime written_at;
  LkTime listed_until; /* until when listings should contain it; G_MAXINT64: for good */
  LkTime ended_at;     /* LK_TIME_NONE: may still give something */
  gboolean idle;       /* a pass from a contract that is not active: it gives nothing */
  gboolean deleted;
} Known;

/* KNOWN of a snapshot. LISTED_AFTER_USE: how long a used pass is still listed (ms). */
void known_of_member (const LkMember *member, LkTime written_at, Known *out);
void known_of_pass (const LkPass *pass, LkTime written_at, gint64 listed_after_use, Known *out);
/* GRACE: how long it still opens after its end, and so is listed (ms). */
void known_of_booking (const LkBooking *booking, LkTime written_at, gint64 grace, Known *out);

typedef enum
{
  DIFF_SAME,    /* nothing to do */
  DIFF_PUBLISH, /* it differs and is newer */
  DIFF_READ,    /* it differs but was read no later than what stands: read it again by id */
  DIFF_SKIP,    /* over for long and not known: left out */
} DiffVerdict;

/* What FRESH (just read) does to STANDS (NULL: nothing stands) at NOW. */
DiffVerdict diff_judge (const Known *stands, const Known *fresh, LkTime now);

/* Whether a whole listing of its kind that began at STARTED should have contained STANDS, so that
 * its absence has to be confirmed. REVISION is the listing's: revisions may run ahead of the time.
 */
gboolean diff_is_missing (const Known *stands, gint64 revision, LkTime started);

/* How many of LIVE rows of a kind in a space a listing may remove without a person's word: COUNT,
 * or SHARE percent of them, whichever is more (design §7, "Brake"). */
guint diff_brake_limit (guint count, guint share, guint live);

/* Whether STANDS is to be tombstoned at NOW: deleted or ended for 30 days. */
gboolean diff_is_over (const Known *stands, LkTime now);

G_END_DECLS
