/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * How far a partition is done: a record may be committed only when all that it and every record
 * before it caused is acknowledged (S9). Most records cause nothing and are never noted here.
 * Loop thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _LkProgress LkProgress;

LkProgress *lk_progress_new (void);
void lk_progress_free (LkProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkProgress, lk_progress_free)

/* The record at OFFSET (never below an earlier one) has caused something: a ticket for its
 * acknowledgement. */
guint64 lk_progress_begin (LkProgress *progress, gint64 offset);
/* It is acknowledged. A ticket from before a reset is ignored. */
void lk_progress_end (LkProgress *progress, guint64 ticket);
/* Offset of TICKET, -1 when it is from before a reset or already passed. */
gint64 lk_progress_offset (const LkProgress *progress, guint64 ticket);

/* Reading starts again elsewhere: nothing outstanding counts any more. */
void lk_progress_reset (LkProgress *progress);

/* The offset that may be committed when NEXT is the next to be read. */
gint64 lk_progress_position (const LkProgress *progress, gint64 next);
guint lk_progress_pending (const LkProgress *progress);

G_END_DECLS
