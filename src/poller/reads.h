/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a full listing asks Nexudus for: everything that can open a door (design §7), list by list.
 * The poller reads by it, and `latchkey check` counts by it. Pure; any thread.
 */
#pragma once

#include <latchkey/nexudus/nexudus.h>

G_BEGIN_DECLS

typedef enum
{
  READS_BUSINESSES,
  READS_PASS_TYPES, /* each is then read by its id */
  READS_RESOURCES,
  READS_CONTRACTS,
  READS_PAUSES,
  READS_COWORKERS,
  READS_UNUSED_PASSES,
  READS_USED_PASSES, /* recently: they open to the cut-off of their day */
  READS_BOOKINGS,    /* that are not over */
  READS_COUNT_
} ReadsList;

LkNexudusEntity reads_entity (ReadsList list);

/* The query of a listing that begins at STARTED, or NULL: everything. GRACE (ms): the longest that
 * a booking still opens after its end. Free with g_free. */
char *reads_query (ReadsList list, LkTime started, gint64 grace);

/* How many requests a list of TOTAL rows takes. */
guint reads_requests (ReadsList list, gint64 total);

G_END_DECLS
