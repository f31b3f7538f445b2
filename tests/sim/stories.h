/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Histories that are written, not drawn: each leads to a place that chance seldom finds, where a
 * safeguard of the executor is all that stands between it and a breach. They are played and checked
 * like any other.
 */
#pragma once

#include "history.h"

G_BEGIN_DECLS

guint sim_stories (void); /* how many there are */
const char *sim_story_name (guint index);
/* Free with sim_history_free. */
SimHistory *sim_story_new (guint index);

G_END_DECLS
