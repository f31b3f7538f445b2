/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Wishes of the operator in the topics control.<space> of one account, and what becomes of them
 * (design §6): resync, adopt, forget. Each is begun when it is read without an outcome of ours, and
 * ends with one beside it; so reading the topic again repeats nothing, and one whose outcome was
 * not written in time is begun again, which each of them bears. Loop thread.
 */
#pragma once

#include "state.h"

#include <latchkey/kisi/kisi.h>

G_BEGIN_DECLS

typedef struct _Wishes Wishes;

/* ACCOUNT (an Account) is borrowed and outlives the result. */
Wishes *wishes_new (gpointer account);
void wishes_free (Wishes *wishes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Wishes, wishes_free)

/* Becoming the owner: reads on to the ends as of now. */
void wishes_refresh (Wishes *wishes);
gboolean wishes_are_loaded (const Wishes *wishes);
void wishes_start (Wishes *wishes);
/* Drops what is under way; the next owner begins it again. */
void wishes_stop (Wishes *wishes);
guint wishes_pending (const Wishes *wishes); /* unacknowledged outcomes */

void wishes_turn (Wishes *wishes);

/* Of the listing that audit_request asked for. */
void wishes_listing_begun (Wishes *wishes, StateSpace *space);
void wishes_foreign_row (Wishes *wishes, StateSpace *space, const LkKisiAssignment *row);
void wishes_listed (Wishes *wishes, StateSpace *space, gboolean ok);

G_END_DECLS
