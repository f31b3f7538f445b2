/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which spaces a row belongs to (design §7, "Routing"). Pure; any thread.
 */
#pragma once

#include <latchkey/base/time.h>

G_BEGIN_DECLS

/* The spaces of one Nexudus account: space i has location businesses[i]. */
typedef struct
{
  const gint64 *businesses;
  guint n;
} RouteSpaces;

/* Indexes (guint) of the spaces of BUSINESS are appended to OUT; none when it is no space. */
void route_business (const RouteSpaces *spaces, gint64 business, GArray *out);

/* Of a pass type: its list of LOCATIONS; when that is empty its own BUSINESS, or every space of
 * the account when that one is a network location (IS_NETWORK: others name it as their root). Each
 * space once, in order. */
void route_pass_type (const RouteSpaces *spaces, const gint64 *locations, guint n_locations,
                      gint64 business, gboolean is_network, GArray *out);

G_END_DECLS
