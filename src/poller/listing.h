/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The full listing: every listing interval, what pass types and contracts say, then all that can
 * open a door; whatever should have been there and was not is confirmed by id. Loop thread.
 */
#pragma once

#include "desk.h"

G_BEGIN_DECLS

typedef struct _Listing Listing;

/* All that rows refer to is known, so that changes can be read too; and the same again when a
 * listing has ended. */
typedef void (*ListingReadyFunc) (gpointer data);

Listing *listing_new (const Desk *desk, ListingReadyFunc ready, gpointer data);
void listing_free (Listing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listing, listing_free)

/* Begins one now; the others follow by themselves. While one goes on, another begins behind it. */
void listing_start (Listing *listing);
void listing_stop (Listing *listing); /* its reads have been cancelled */
void listing_turn (Listing *listing); /* each turn of the loop */

G_END_DECLS
