/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The hours of the day of a pass type (its time slots in Nexudus) beside those of the groups that
 * it opens (their schedules in KISI). Latchkey keeps neither: it says where they differ (design §5,
 * "Hours of the day"). Both are clock times of the location. Pure.
 */
#pragma once

#include "catalog.h"

G_BEGIN_DECLS

/* From FROM to UNTIL (minutes after midnight) on DAYS one of the two is open and the other not. */
typedef struct
{
  gint64 pass_type, group_id;
  const char *pass_name, *group_name; /* borrowed from the rules */
  gboolean group_opens; /* else the pass is for these hours and the group stays shut */
  guint days;           /* bits, 1 << 0 is Monday */
  int from, until;
} CliHours;

/* Where pass types of RULES and the groups they open differ (CliHours), by mapping, group and time.
 * Single days, holidays and schedules that cancel others are exceptions to the week and not looked
 * at. */
GArray *cli_hours_compare (const LkRules *rules, const CliCatalog *catalog);

/* "Mon Tue 08:00-18:00" */
char *cli_hours_text (const CliHours *hours);

G_END_DECLS
