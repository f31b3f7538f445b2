/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A week: what people do in Nexudus, and what goes wrong, each at its time. It is drawn from the
 * seed before anything is played, so that parts of it can be left out. Pure; one thread.
 */
#pragma once

#include "../sim/story.h"

#include "nexus.h"

G_BEGIN_DECLS

typedef enum
{
#define WEEKS_DEED(id, weight, what) DEED_##id,
#include "deeds.def"
#undef WEEKS_DEED
  DEEDS
} Deed;

typedef struct
{
  gint64 at; /* after the start */
  Deed deed;
  guint64 who, what; /* which of those there are then, and what of the ways it may be */
  gint64 length;
  gboolean between; /* … two pages of the next list that has several; of a process: while it reads
                     * or writes */
} WeekEvent;

struct _SimHistory
{
  guint64 seed;
  gint64 start;       /* ms since 1970 UTC */
  gboolean is_change; /* clocks are set in that week */
  NxReadings readings;
  gint64 poll, listing, length;
  guint per_minute, per_hour;
  guint brake_count;
  GArray *events; /* WeekEvent, by time */
};

G_END_DECLS
