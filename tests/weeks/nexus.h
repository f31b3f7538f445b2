/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The simulated Nexudus: its rows, each with all that it ever was, and how it reads what its
 * reference leaves open (nexudus-api.md §9). What is true of it is here; how it answers is
 * serve.h's. Times are ms since 1970 UTC. It imports nothing from src. One thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define NX_NONE G_MININT64 /* no time */
#define NX_SECOND ((gint64) 1000)
#define NX_MINUTE (60 * NX_SECOND)
#define NX_HOUR (60 * NX_MINUTE)
#define NX_DAY (24 * NX_HOUR)
#define NX_LOCATIONS 4

typedef enum
{
  NX_COWORKER,
  NX_PASS,
  NX_BOOKING,
  NX_CANCELLED, /* what is left of a cancelled booking */
  NX_CONTRACT,
  NX_PERIOD, /* a paused period of a contract */
  NX_TYPE,   /* of passes */
  NX_RESOURCE,
  NX_BUSINESS,
  NX_KINDS
} NxKind;

/* A row of any kind, as it was from SINCE on; each kind has its part of the fields. */
typedef struct
{
  gint64 since;
  gboolean gone;
  gint64 created, updated;
  gint64 coworker; /* 0: nobody */
  gint64 business; /* where it is, was issued, or is at home; of a location: its root. 0: none */
  gint64 of;       /* a pass's type, a booking's resource, a period's contract */
  gint64 contract; /* of a pass; 0: none */
  gint64 minutes;  /* of a type; -1: a day pass */
  gint64 locations[NX_LOCATIONS];
  guint n_locations;
  /* A booking's times, a contract's start and cancellation, a period's ends. */
  gint64 from, until;
  gint64 paused_from, paused_until; /* in a contract's own row */
  gint64 used_at, expires_at;
  gint64 cancelled_at;
  gint64 original; /* of a cancelled booking */
  guint number;    /* of a name or address */
  gboolean active, archived, used, tentative, cancelled, paused, from_plan, from_product;
} NxRow;

typedef struct
{
  NxKind kind;
  gint64 id;
  char *uid;
  GArray *rows; /* NxRow, by time; the last one is how it is */
} NxEntity;

typedef enum
{
  NX_ORDER_ID,
  NX_ORDER_MADE,
  NX_ORDER_MIXED,
  NX_ORDERS
} NxOrder;

/* How a cancelled booking names what it was. */
typedef enum
{
  NX_REFERENCE_ID,
  NX_REFERENCE_TEXT, /* its id as a string */
  NX_REFERENCE_UID,
  NX_REFERENCE_OWN_UID, /* the row has the booking's UniqueId */
  NX_REFERENCE_OWN_ID,  /* … or its Id */
  NX_REFERENCE_NONE,
  NX_REFERENCES
} NxReference;

typedef struct
{
  guint size_cap;
  NxOrder order;
  NxReference reference;
  guint missing;     /* the body of a 404: text, nothing, envelope */
  guint zone;        /* of times: Z, none, +00:00, mixed */
  gint64 skew;       /* of its clock against the true time */
  gint64 token_life; /* ms */
  gboolean hides_archived, use_bumps, merge_bumps, pause_bumps, flip_bumps, system_bumps;
} NxReadings;

typedef struct
{
  const gint64 *now; /* the true time */
  NxReadings readings;
  GPtrArray *all[NX_KINDS]; /* NxEntity*, in the order in which they were made */
  GHashTable *by_id[NX_KINDS];
  gint64 made; /* entities so far */
} Nexus;

Nexus *nx_new (const gint64 *now, const NxReadings *readings);

/* Its clock: what it stamps rows with. */
gint64 nx_clock (const Nexus *nexus);

/* A new row with a fresh id (0) or ID, which may have been one that is gone. Returned for filling
 * in. */
NxEntity *nx_make (Nexus *nexus, NxKind kind, gint64 id, NxRow **out_row);
/* The row of ENTITY from now on, a copy of what it was, for changing; BUMP: UpdatedOn moves. */
NxRow *nx_change (Nexus *nexus, NxEntity *entity, gboolean bump);
void nx_drop (Nexus *nexus, NxEntity *entity);

NxEntity *nx_find (const Nexus *nexus, NxKind kind, gint64 id); /* gone ones too; may be NULL */
const NxRow *nx_row (const NxEntity *entity);                   /* as it is */
const NxRow *nx_row_at (const NxEntity *entity, gint64 at);     /* as it was; NULL: not yet */
gboolean nx_lives (const NxEntity *entity);
/* The N-th living one (modulo their number), or NULL. */
NxEntity *nx_pick (const Nexus *nexus, NxKind kind, guint64 n);

G_END_DECLS
