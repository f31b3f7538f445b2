/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of Rows share: rows.c (passes, bookings), people.c (people), byid.c (reading one
 * by its id), references.c (what rows refer to and wait for), contracts.c (contracts and their
 * passes). Nobody else includes it.
 */
#pragma once

#include "rows.h"

G_BEGIN_DECLS

struct _Rows
{
  char *account;
  Store *store;
  World *world;
  LkNexudus *nexudus;
  const RouteSpaces *spaces;
  const LkClock *clock;
  GHashTable *open;          /* "<what>/<id>": reads under way */
  GHashTable *wanted_spaces; /* gint64* member → GArray of guint: where a person is needed */
  GHashTable *people; /* gint64* in Person → Person, as last read; NULL: nobody is remembered */
  GHashTable *held;   /* "<what>/<id>" of a reference → GPtrArray of Held that wait for it */
  GHashTable *owed;   /* "<what>/<id>" → Owed: reads by id that have failed */
  GHashTable *pauses; /* gint64* ids of the paused periods that the listing had so far */
  gboolean no_pauses; /* the login may not read them */
  gboolean composed;  /* composites were read whole */
  guint gone[STORE_KINDS];
  guint failures; /* reads that changes and rows led to, and that failed */
  /* gint64* id of a cancelled booking's row → gint64* when it was last listed (steady). The lists
   * overlap: a cancellation comes several times and is counted once. */
  GHashTable *cancelled;
  GHashTable
      *unlisted; /* uid (in OfContract) → OfContract: contracts whose passes are to be read */
  /* UniqueIds of contracts whose rows could not be read since the last whole list began, and
   * ANY_CONTRACT for one that does not even say that. They are not nowhere. */
  GHashTable *unread_contracts;
  GHashTable *cancellations; /* gint64* bookings said to be cancelled, until read → counted */
};

/* A row of ENTITY could not be read. */
void rows_unreadable (Rows *rows, LkNexudusEntity entity, const GError *error);

/* A read that a row led to has ended; counted where there is an ERROR. */
void rows_count_failure (Rows *rows, const GError *error);

/* A row is not published, WHY being a label of the metric; counted. */
void rows_skip (Rows *rows, const char *why);

/* --- people.c */

/* Members come before what refers to them. TRUE: all of SPACES have the person; else the person is
 * read by id, and the row KIND ID after them. */
gboolean rows_has_person (Rows *rows, gint64 member, const GArray *spaces, StoreKind kind,
                          gint64 id);
/* Nexudus has nobody of that id. */
void rows_forget_person (Rows *rows, gint64 id);

/* --- references.c: a row waits for REFERENCE ("pass_type/3001"), and is then read again */

/* Whether a read of "WHAT/ID" is to be started: FALSE when one is under way. */
gboolean rows_open_once (Rows *rows, const char *what, gint64 id);
void rows_close_one (Rows *rows, const char *what, gint64 id);
/* Reads by id what composites may have lost, each of IDS (gint64) once at a time; GOT closes it. */
void rows_confirm (Rows *rows, const char *what, LkNexudusEntity entity, const GArray *ids,
                   LkNexudusGetFunc got);
void rows_hold (Rows *rows, const char *reference, StoreKind kind, gint64 id);
/* What waited for REFERENCE is read again: it may have changed meanwhile. Not RESOLVED: it is
 * forgotten, and the next listing brings it. */
void rows_release (Rows *rows, const char *reference, gboolean resolved);
void rows_want_pass_type (Rows *rows, gint64 id);
void rows_want_resource (Rows *rows, gint64 id);

/* --- contracts.c */

/* Looks for the contract UID among those of its holder. */
void rows_want_contract (Rows *rows, gint64 coworker, const char *uid);
GHashTable *rows_unlisted_new (void);
/* Lists the passes of changed contracts again where that has failed. */
void rows_list_unlisted (Rows *rows);
/* A changed contract changes what its passes give: they are listed. */
void rows_contract_changed (Rows *rows, const char *uid);

/* --- pauses.c */

/* Lists the paused periods of a contract, to see whether one has gone. */
void rows_want_pauses_of (Rows *rows, gint64 contract);

G_END_DECLS
