/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The wish `forget`, the poller's part (design §6): refused while Nexudus still has the person;
 * else what stands of them in that space is published as deleted, which Nexudus states, so the
 * brake has no say. When the executor says that no live right is left, the tombstones follow, which
 * the workers answer with those of their commands. Loop thread.
 */
#pragma once

#include "desk.h"

#include <latchkey/program/wishes.h>

G_BEGIN_DECLS

typedef struct _Forget Forget;

/* WISHES (LkWishes*) are the account's spaces', in the order of the store; all is borrowed. */
Forget *forget_new (const Desk *desk, const GPtrArray *wishes);
void forget_free (Forget *forget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Forget, forget_free)

void forget_turn (Forget *forget); /* each turn of who acts */
void forget_soon (Forget *forget); /* a wish, or what became of one, has come */
void
forget_stop (Forget *forget); /* reads under way were cancelled; whoever acts next begins anew */

G_END_DECLS
