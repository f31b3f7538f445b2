/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The brake on inferred loss (design §7). A listing that would remove more of a space's live rows
 * of a kind than its configuration allows removes none of them: it trips. What is held waits until
 * it is there again, or until `latchkey brake release` names the trip (a wish in control.<space>,
 * whose outcome is written beside it). Trips stand in the account's record, so they outlive their
 * owner. A contract that is nowhere takes
 * as much from its passes, and counts as well. What Nexudus states is never held: it does not come
 * by here. Loop thread.
 */
#pragma once

#include "record.h"
#include "store.h"

G_BEGIN_DECLS

typedef struct _Brake Brake;

/* Somebody wishes that a trip be released: a listing is to begin, at whose end it is let go. */
typedef void (*BrakeReleasedFunc) (gpointer data);

/* SPACES (LkConfigSpace*) are those of the account, as in STORE; all is borrowed. */
Brake *brake_new (LkProgram *program, const char *account, const GPtrArray *spaces, Store *store,
                  Record *record, BrakeReleasedFunc released, gpointer data);
void brake_free (Brake *brake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Brake, brake_free)

gboolean brake_is_loaded (const Brake *brake);
gboolean brake_is_idle (const Brake *brake); /* no write is unacknowledged */
const char *brake_trouble (const Brake *brake);

void brake_begin (Brake *brake); /* acting begins: shows what stands in the record */
void brake_end (Brake *brake);   /* and ends */

/* What was wished when a listing begins counts for it. At its end it asks in rounds for the rows
 * that it misses. In each it names every one of them (brake_ask), and reads those by id that the
 * answer is TRUE for: once more are gone than may be removed, the rest need not be read, as nothing
 * is removed anyway. When a round asks for none, what is lost is judged; REVISION is the listing's.
 */
void brake_begin_listing (Brake *brake);
void brake_begin_round (Brake *brake);
gboolean brake_ask (Brake *brake, StoreKind kind, guint space);
void brake_judge (Brake *brake, gint64 revision);

G_END_DECLS
