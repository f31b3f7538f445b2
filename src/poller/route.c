/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Routing, see route.h.
 */
#include "route.h"

void
route_business (const RouteSpaces *spaces, gint64 business, GArray *out)
{
  for (guint i = 0; i < spaces->n; i++)
    if (business != 0 && spaces->businesses[i] == business)
      g_array_append_val (out, i);
}

static gboolean
contains (const gint64 *list, guint n, gint64 what)
{
  for (guint i = 0; i < n; i++)
    if (list[i] == what)
      return TRUE;
  return FALSE;
}

void
route_pass_type (const RouteSpaces *spaces, const gint64 *locations, guint n_locations,
                 gint64 business, gboolean is_network, GArray *out)
{
  for (guint i = 0; i < spaces->n; i++)
    {
      gboolean here = n_locations > 0 ? contains (locations, n_locations, spaces->businesses[i])
                                      : is_network || spaces->businesses[i] == business;
      if (here)
        g_array_append_val (out, i);
    }
}
