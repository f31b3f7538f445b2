/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The brake on inferred loss (design §7). A listing that would remove more of a space's live rows
 * of a kind than its configuration allows removes none of them: it trips. What is held waits until
 * it is there again, or until `latchkey brake release` names the trip (a wish in control.<space>,
 * whose outcome is written beside it). Trips stand in the account's record, with the first of those
 * whose rows they hold, so they outlive their owner. A contract that is nowhere takes as much from
 * its passes, and counts as well. What Nexudus states is never held: it does not come
 * by here. Loop thread.
 */
#pragma once

#include "record.h"
#include "store.h"

#include <latchkey/program/wishes.h>

G_BEGIN_DECLS

#define POLLER_PROGRAM "poller" /* in the keys of its outcomes */

typedef struct _Brake Brake;

/* SPACES (LkConfigSpace*) are those of the account, as in STORE, and WISHES (LkWishes*) theirs; all
 * is borrowed. Who hears of a wish to release begins a listing, at whose end it is let go. */
Brake *brake_new (const LkClock *clock, const char *account, const GPtrArray *spaces,
                  const GPtrArray *wishes, Store *store, Record *record);
void brake_free (Brake *brake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Brake, brake_free)

void brake_begin (Brake *brake); /* acting begins: shows what stands in the record */
void brake_end (Brake *brake);   /* and ends */

/* What was wished when a listing begins counts for it. At its end it asks in rounds for the rows
 * that it misses. In each it names every one of them (brake_ask), and reads those by id that the
 * answer is TRUE for: once more are gone than may be removed, the rest need not be read, as nothing
 * is removed anyway. When a round asks for none, what is lost is judged; REVISION is the listing's.
 */
void brake_begin_listing (Brake *brake);
void brake_begin_round (Brake *brake);
gboolean brake_ask (Brake *brake, StoreKind kind, guint space, gint64 member);
void brake_judge (Brake *brake, gint64 revision);

G_END_DECLS
