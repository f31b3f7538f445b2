/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What has been published of one Nexudus account: a short Known per key of its spaces' members,
 * passes and bookings, and for each entity id the keys it lives under. Everything is rebuilt from
 * the topics at start; nothing is on disk (design §7). Loop thread.
 */
#pragma once

#include "diff.h"

#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef enum
{
  STORE_MEMBERS,
  STORE_PASSES,
  STORE_BOOKINGS,
  STORE_KINDS
} StoreKind;

typedef struct _Store Store;

/* An entity was overruled in the log, or is known to differ: read it again by id. */
typedef void (*StoreAgainFunc) (StoreKind kind, gint64 id, gpointer data);

/* SPACES (LkConfigSpace*) are those of the account, borrowed; the index is the space everywhere. */
Store *store_new (LkProgram *program, const GPtrArray *spaces, StoreAgainFunc again, gpointer data);
void store_free (Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Store, store_free)

void store_own (Store *store,
                gboolean own); /* own all partitions, and read to their ends as of now */
gboolean store_is_loaded (const Store *store);
const char *store_trouble (const Store *store);
guint store_pending (const Store *store);

/* The revision of what a request that started at STARTED_AT reads; see revision.h. */
gint64 store_revision (Store *store, LkTime started_at);

/* Publishes what was read where it differs. SPACES (guint) are where it belongs. Live keys of the
 * same entity under another member, or elsewhere because its row names another pass type or
 * resource, are published as deleted; elsewhere because these are now of other places: lost. A
 * revision from store_revision stands in the snapshot already. */
void store_member (Store *store, LkMember *member, const GArray *spaces);
void store_pass (Store *store, LkPass *pass, const GArray *spaces);
/* The same of a pass that gives nothing because its contract is nowhere: where it is live, that is
 * a loss, which is published once the brake has judged it. */
void store_pass_without_contract (Store *store, LkPass *pass, const GArray *spaces);
void store_booking (Store *store, LkBooking *booking, const GArray *spaces);
/* The row says, at REVISION, that it is MEMBER's: published as deleted under any other. That needs
 * nothing that the row refers to. */
void store_not_of_others (Store *store, StoreKind kind, gint64 id, gint64 member, gint64 revision);
/* Nexudus states that it is gone (read at REVISION): published as deleted. */
void store_gone (Store *store, StoreKind kind, gint64 id, gint64 revision);

/* Nexudus states (at REVISION) that it has nobody of that id: what stands of MEMBER in SPACE is
 * published as deleted. TRUE: all of it is, and acknowledged. */
gboolean store_part_with (Store *store, guint space, gint64 member, gint64 revision);
/* Tombstones what is published as deleted of MEMBER in SPACE. */
void store_erase (Store *store, guint space, gint64 member);

/* Losses are inferred, not stated: what was not there at REVISION. They wait for the brake to judge
 * them, and are forgotten when what they are of is read again, or deleted. */
void store_lost (Store *store, StoreKind kind, gint64 id, gint64 revision);
guint store_losses (const Store *store, StoreKind kind, guint space);
GArray *store_losers (const Store *store, StoreKind kind, guint space); /* gint64: whose they are */
/* Published as deleted, or read again and published as it then is. */
void store_let_lost_go (Store *store, StoreKind kind, guint space);
void store_forget_lost (Store *store); /* of all kinds and spaces */
/* The longest that a booking still opens after its end, in any of the spaces (ms). */
gint64 store_grace (const Store *store);
/* How many live keys there are. */
guint store_live (const Store *store, StoreKind kind, guint space);

gboolean store_has_member (const Store *store, guint space, gint64 member); /* live */
/* Spaces (guint) that the member has a live key in are appended. */
void store_member_spaces (const Store *store, gint64 member, GArray *out);
gboolean store_is_live (const Store *store, StoreKind kind, gint64 id);
/* Whether it lives under another pass type or resource than OF. */
gboolean store_names_other (const Store *store, StoreKind kind, gint64 id, gint64 of);
/* Id of the live booking with UniqueId UID, 0: none. */
gint64 store_booking_of_uid (const Store *store, const char *uid);
/* Ids (gint64) of the live bookings of MEMBER for RESOURCE that end at UNTIL. */
GArray *store_bookings_at (const Store *store, gint64 member, gint64 resource, LkTime until);

/* Calls FUNC for each live key that a whole listing begun at STARTED, with REVISION, should have
 * contained, whose id (gint64) is not in SEEN and that is not known to be lost. FUNC may add to
 * SEEN, and must not change the store. */
typedef void (*StoreMissingFunc) (StoreKind kind, gint64 id, guint space, gint64 member,
                                  gpointer data);
void store_each_missing (Store *store, StoreKind kind, GHashTable *seen, gint64 revision,
                         LkTime started, StoreMissingFunc func, gpointer data);

/* Tombstones what has been over for 30 days. */
void store_sweep (Store *store);

G_END_DECLS
