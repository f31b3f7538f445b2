/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a report of a member at a door would say (design §8). For `explain`. Pure but for the tables
 * that it reads.
 */
#pragma once

#include "tables.h"

G_BEGIN_DECLS

/* Whether a right of ours opens for MEMBER at T the door of the groups BEHIND (gint64*, a set), and
 * the reason that a report would give. SPACE needs commands and ledger. Free with g_free. */
char *cli_door_reason (CliSpace *space, GHashTable *behind, gint64 member, LkTime t,
                       gboolean *out_opens);

G_END_DECLS
