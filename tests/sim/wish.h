/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the operator wishes through the control topics, what the poller and the workers do about it,
 * and whether each wish comes to its end. One thread.
 */
#pragma once

#include "worker.h"

G_BEGIN_DECLS

typedef struct _SimWishes SimWishes;

typedef enum
{
  SIM_WISH_RESYNC,
  SIM_WISH_RESYNC_ALL,
  SIM_WISH_ADOPT,        /* of the member, what claims give */
  SIM_WISH_ADOPT_LISTED, /* of the space, and what the member has in any case */
  SIM_WISH_FORGET,
  SIM_WISHES
} SimWishKind;

SimWishes *sim_wishes_new (SimWorld *world, SimWorker *worker);
const char *sim_wish_name (SimWishKind kind);

/* The wish EVENT.a of EVENT's member and space. */
void sim_wish (SimWishes *wishes, const SimEvent *event);

/* Whether it was wished that RIGHT, which stands in SPACE and is not ours, may become so. */
gboolean sim_wish_may_adopt (const SimWorld *world, guint space, const SimRight *right);
/* Whether MEMBER may be invited once more to an address under which they were at SINCE. */
gboolean sim_wish_may_invite (const SimWorld *world, gint64 member, LkTime since);

/* At rest: each wish has its outcome, and of who is forgotten nothing is left in the ledger. */
void sim_wish_check_rest (SimWorld *world);

G_END_DECLS
