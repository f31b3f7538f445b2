/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files that play a history have in common.
 */
#pragma once

#include "history.h"
#include "wish.h"

#include <latchkey/config/config.h>

G_BEGIN_DECLS

typedef struct
{
  SimWorld *world;
  const SimHistory *history;
  LkConfig *config;
  SimWorker *worker;
  SimWishes *wishes;
} Play;

/* --- hand.c --- */

void play_make_foreign (Play *play, const SimEvent *event);
/* The rights of the member's user in the space that are ours, or that are not, MOST of them. */
void play_drop_rights (Play *play, const SimEvent *event, gboolean ours, guint most);
void play_drop_user (Play *play, const SimEvent *event);

/* --- tombstone.c --- */

/* The source is forgotten, if it gives nothing, once that has been known for long. */
void play_forget (Play *play, const SimEvent *event);

G_END_DECLS
