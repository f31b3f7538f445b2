/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A space's wishes (topic control, design §6) as one program sees them: those that it knows, which
 * of them are open, and its outcomes beside them. What comes of a wish is the caller's. Reading the
 * topic again repeats nothing: a wish with an outcome that is not older is over. Loop thread.
 */
#pragma once

#include <latchkey/model/control.h>
#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _LkWishes LkWishes;

/* KEY came, changed (WISH), or went (NULL); an outcome's key is none. */
typedef void (*LkWishesChanged) (const char *key, const LkWish *wish, gpointer data);

/* Follows the topic of SPACE (borrowed) at once. AS is the last part of the keys of this program's
 * outcomes, "poller". CHANGED is called after every change of the topic but our own outcomes; may
 * be NULL. */
LkWishes *lk_wishes_new (LkProgram *program, const LkConfigSpace *space, const char *as,
                         LkWishesChanged changed, gpointer data);
void lk_wishes_free (LkWishes *wishes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkWishes, lk_wishes_free)

void lk_wishes_refresh (LkWishes *wishes); /* read on to the end as of now */
gboolean lk_wishes_are_loaded (const LkWishes *wishes);
guint lk_wishes_pending (const LkWishes *wishes); /* unacknowledged outcomes */
const char *lk_wishes_trouble (const LkWishes *wishes);

/* Borrowed until the topic changes; NULL: there is none. */
const LkWish *lk_wishes_get (const LkWishes *wishes, const char *key);
/* What PROGRAM made of the wish of that key. */
const LkOutcome *lk_wishes_outcome (const LkWishes *wishes, const char *key, const char *program);
/* Whether there is such a wish without an outcome of PROGRAM that is its own. */
gboolean lk_wishes_is_open (const LkWishes *wishes, const char *key, const char *program);

/* All wishes of the kind WISH ("forget"; NULL: of every kind), open or over. FUNC must not answer.
 */
void lk_wishes_foreach (const LkWishes *wishes, const char *wish, LkWishesChanged func,
                        gpointer data);

/* Writes this program's OUTCOME beside the wish; REASON may be NULL. One that can't be written
 * leaves the wish open. */
void lk_wishes_answer (LkWishes *wishes, const char *key, const char *outcome, const char *reason);

G_END_DECLS
