/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * UniqueIds of the live bookings, by which cancellations may name them. Pure; loop thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Uids Uids;

Uids *uids_new (void);
void uids_free (Uids *uids);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Uids, uids_free)

/* ID has UID from now on, in place of what it had. Where two have one, the newer is found. */
void uids_set (Uids *uids, gint64 id, const char *uid);
void uids_drop (Uids *uids, gint64 id);               /* it is not live any more */
gint64 uids_find (const Uids *uids, const char *uid); /* 0: nobody's */
guint uids_count (const Uids *uids);

G_END_DECLS
