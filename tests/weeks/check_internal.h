/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What check.c (changes and their promises) and check_log.c (records) share. Nobody else includes
 * it.
 */
#pragma once

#include "check.h"

G_BEGIN_DECLS

/* A key of a topic: what should stand there, and what does. */
typedef struct
{
  SimWorld *world;
  guint space;
  gint64 member, id;
  const NxEntity *entity;

  /* By the truth. */
  gboolean touched;
  gboolean owed;       /* it says something there */
  gboolean routed;     /* it was not owed before because of a type, a room or a location */
  TruthSaid should;    /* while owed */
  gint64 changed_at;   /* the last change of that */
  gint64 owed_since;   /* NX_NONE: never */
  gint64 opened_until; /* when it last opened a door; NX_NONE: never */

  /* By the log. */
  gboolean stands;
  TruthSaid said;        /* of the highest revision */
  gint64 said_at;        /* when it was written */
  gint64 last_revision;  /* of the last record */
  gint64 contract_since; /* of the row of the contract that it said last */
} Slot;

struct _SimCheck
{
  SimWorld *world;
  Nexus *nexus;
  CheckPromise promise;
  GHashTable *slots;  /* "kind/space/member/id" → Slot* */
  GPtrArray *list;    /* Slot*, in the order in which they came up */
  GHashTable *silent; /* NxEntity* → gint64* until when its last silent change may be late */
  GHashTable *sent;   /* process → GArray of gint64 */
  GHashTable *waits;  /* process → gint64* before which it must not ask */
  GHashTable *trips;  /* "space/kind" → id */
  gint64 tripped_at;  /* a trip was there then */
  gint64 began;
  gint64 listed_at;      /* when the newest listing began that has ended */
  gint64 listing_took;   /* the longest of them */
  gint64 troubled_until; /* something goes wrong, or went */
  guint records;
};

/* The key's slot, made if need be. */
Slot *check_slot (SimWorld *world, TruthKind kind, guint space, gint64 member, gint64 id);
/* check_log.c: looks at each record from now on. */
void check_watch (SimWorld *world);
/* How long after trouble something may still be late. */
gint64 check_recovery (const SimWorld *world);
/* "passes moncloa 9001/17" into BUF (96); returns BUF. */
const char *check_name (const Slot *slot, char buf[96]);
/* Both are from a contract that gives nothing, be it inactive or gone: nobody asks for what was
 * inactive already whether it is there still, and it is all the same. */
gboolean check_gives_nothing (const TruthSaid *a, const TruthSaid *b);
/* All that is said, for a message; free with g_free. */
char *check_text (const TruthSaid *said);

G_END_DECLS
