/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who gains and who loses what when rules change: every snapshot decided by both (design §10,
 * `rules plan`). Pure but for the tables it reads.
 */
#pragma once

#include "tables.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 member, group_id;
  gboolean gains; /* else loses */
  LkTime from;    /* when the first difference begins to matter; never before NOW */
} CliEffect;

/* Differences from NOW on, by member and group (element: CliEffect). OLD may be NULL (no rules
 * yet: everything is a gain). SPACE needs members, passes and bookings. */
GArray *cli_effect_of (CliSpace *space, const LkRules *old_rules, const LkRules *new_rules,
                       LkTime now);
/* How many members lose something. */
guint cli_effect_losers (const GArray *effects);

G_END_DECLS
