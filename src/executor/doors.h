/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which mapped groups open which door, as far as KISI has said: one answer a group, asked for one
 * after the other. Pure but for the time it is given. Loop thread.
 */
#pragma once

#include "judge.h"

G_BEGIN_DECLS

typedef struct _LkDoors LkDoors;

LkDoors *doors_new (void);
void doors_free (LkDoors *doors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkDoors, doors_free)

/* The groups that count from now on (may repeat): new ones are to be asked for, others forgotten.
 */
void doors_want (LkDoors *doors, const gint64 *groups, guint n);
/* Asks for all again; what is known stays until it is answered. */
void doors_refresh (LkDoors *doors);

/* The next group to ask for at NOW (steady ms), 0: none just now. It stays next until answered. */
gint64 doors_next (const LkDoors *doors, gint64 now);
/* KISI's answer for GROUP; LOCKS holds LkKisiGroupLock. */
void doors_answered (LkDoors *doors, gint64 group, const GPtrArray *locks);
/* No answer: asked again from AGAIN_AT on (steady ms); what was known stays. */
void doors_failed (LkDoors *doors, gint64 group, gint64 again_at);

/* The groups of DOOR; borrowed until the doors change. `known` when every group was answered. */
LkJudgeDoor doors_lookup (const LkDoors *doors, gint64 door);
/* The door's place, 0: not known. */
gint64 doors_place (const LkDoors *doors, gint64 door);

/* An event names DOOR, which no group is known to open. TRUE when that is a reason to refresh: not
 * when it was so only recently, for this door or for any. */
gboolean doors_surprise (LkDoors *doors, gint64 door, gint64 now);

G_END_DECLS
