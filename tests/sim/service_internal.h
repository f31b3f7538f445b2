/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Between service.c and serve.c.
 */
#pragma once

#include "service.h"

G_BEGIN_DECLS

struct _SimService
{
  SimWorld *world;
  SimReadings readings;
  GPtrArray *users, *groups, *rights;
  gint64 next_user, next_right;
  SimKey key;
};

static inline LkTime
sim_whole_second (LkTime time)
{
  return time == LK_TIME_NONE ? time : time / LK_SECOND * LK_SECOND;
}

/* OURS: by a call. Times of a right are kept in whole seconds. */
SimUser *sim_service_add_user (SimService *service, const char *email, gboolean ours,
                               gboolean invited);
SimRight *sim_service_add_right (SimService *service, gint64 user, gint64 group, LkWindow window,
                                 gboolean ours);

G_END_DECLS
