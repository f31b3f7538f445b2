/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One row a list.
 */
#include "reads.h"

#define USED_BACK_MS (2 * LK_DAY)

LkNexudusEntity
reads_entity (ReadsList list)
{
  static const LkNexudusEntity entities[] = {
    [READS_BUSINESSES] = LK_NEXUDUS_BUSINESSES, [READS_PASS_TYPES] = LK_NEXUDUS_PASS_TYPES,
    [READS_RESOURCES] = LK_NEXUDUS_RESOURCES,   [READS_CONTRACTS] = LK_NEXUDUS_CONTRACTS,
    [READS_PAUSES] = LK_NEXUDUS_PAUSES,         [READS_COWORKERS] = LK_NEXUDUS_COWORKERS,
    [READS_UNUSED_PASSES] = LK_NEXUDUS_PASSES,  [READS_USED_PASSES] = LK_NEXUDUS_PASSES,
    [READS_BOOKINGS] = LK_NEXUDUS_BOOKINGS,
  };

  return entities[list];
}

static char *
since (const char *field, LkTime time)
{
  g_autofree char *minute = lk_nexudus_minute (time);

  return g_strdup_printf ("from_%s=%s", field, minute);
}

char *
reads_query (ReadsList list, LkTime started, gint64 grace)
{
  switch (list)
    {
    case READS_UNUSED_PASSES:
      return g_strdup ("CoworkerTimePass_Used=false");
    case READS_USED_PASSES:
      return since ("CoworkerTimePass_UsedDate", started - USED_BACK_MS);
    case READS_BOOKINGS:
      /* Bookings are over when their grace is. */
      return since ("Booking_ToTime", started - grace);
    default:
      return NULL;
    }
}

guint
reads_requests (ReadsList list, gint64 total)
{
  guint rows = (guint) CLAMP (total, 0, G_MAXINT);
  guint pages = MAX (1, (rows + LK_NEXUDUS_PAGE - 1) / LK_NEXUDUS_PAGE);

  return list == READS_PASS_TYPES ? pages + rows : pages;
}
