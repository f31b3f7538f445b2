/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What becomes of a row: what it refers to is resolved first, then it is published where it belongs
 * (design §7). Nothing is published with a gap: a row whose type, resource, contract or person is
 * not known waits for that to be read, and is then itself read again. Loop thread.
 */
#pragma once

#include "store.h"
#include "world.h"

#include <latchkey/nexudus/nexudus.h>

G_BEGIN_DECLS

typedef struct _Rows Rows;

Rows *rows_new (const char *account, Store *store, World *world, LkNexudus *nexudus,
                const RouteSpaces *spaces, const LkClock *clock);
void rows_free (Rows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rows, rows_free)

/* Row functions for lk_nexudus_list; DATA is the Rows. */
void rows_coworker (json_t *row, const LkNexudusRead *read, gpointer data);
void rows_pass (json_t *row, const LkNexudusRead *read, gpointer data);
void rows_booking (json_t *row, const LkNexudusRead *read, gpointer data);
void rows_cancelled (json_t *row, const LkNexudusRead *read, gpointer data);
/* From now on, people are remembered as they were last read, so that what refers to one of them in
 * a space where they are not yet costs no read; or are forgotten. For the time of a full listing.
 */
void rows_remember_people (Rows *rows, gboolean remember);
void rows_contract_listed (json_t *row, const LkNexudusRead *read, gpointer data);
/* A whole list of contracts begins; it was seen, and what it did not have is read by id. */
void rows_begin_contracts (Rows *rows);
void rows_contracts_listed (Rows *rows);
/* Composites were read whole: from now on passes of a contract that changes are listed by it.
 * Before that a contract is known in part, and a listing of all passes follows anyway. */
void rows_know_composites (Rows *rows);
gboolean rows_knows_composites (const Rows *rows);
/* Of reads that composites need: USUAL, but before they are known nothing else can begin, not even
 * the reading of changes. */
LkNexudusUrgency rows_urgency (const Rows *rows, LkNexudusUrgency usual);
/* As changed since the last cycle: its passes are then listed too. */
void rows_contract (json_t *row, const LkNexudusRead *read, gpointer data);
/* Paused periods of contracts, changed and in a full listing. */
void rows_pause (json_t *row, const LkNexudusRead *read, gpointer data);
void rows_pause_listed (json_t *row, const LkNexudusRead *read, gpointer data);
/* That listing has ended; what it did not have, when it was seen WHOLE, is read by id. */
void rows_pauses_listed (Rows *rows, gboolean whole);
/* Each cycle: where a pause is over, the next one of the contract counts. */
void rows_pass_pauses (Rows *rows);
/* What Nexudus answered to reading them; TRUE when ERROR says that the login may not: contracts
 * then have only the pause in their own row, which is said once. */
gboolean rows_pauses_refused (Rows *rows, const GError *error);
/* Whether changes are worth asking for: not while they are refused. */
gboolean rows_reads_pauses (const Rows *rows);
/* A whole list of locations begins; it was seen, and what it did not have is read by id. */
void rows_begin_businesses (Rows *rows);
void rows_businesses_listed (Rows *rows);
void rows_business (json_t *row, const LkNexudusRead *read, gpointer data);
void rows_resource (json_t *row, const LkNexudusRead *read, gpointer data);
void rows_pass_type (json_t *row, const LkNexudusRead *read,
                     gpointer data); /* then reads it by id */

/* What has failed is asked for again: passes of changed contracts, and rows by id; each cycle. */
void rows_try_again (Rows *rows);

/* Reads an entity by id and does as it says: published, or gone. Once at a time for each. */
void rows_read_again (Rows *rows, StoreKind kind, gint64 id);
/* Everything that waits is dropped (the reads were cancelled). */
void rows_reset (Rows *rows);
/* Reads of pass types and of rows that wait: 0 when all is resolved. */
guint rows_open (const Rows *rows);
/* How many reads that rows led to have failed since the start: what asks for them must not count as
 * read while this goes up. */
guint rows_failures (const Rows *rows);
/* How many rows are known to have gone from Nexudus since the last call, by kind: those found gone
 * by id, and cancelled bookings, each once. */
guint rows_take_gone (Rows *rows, StoreKind kind);

G_END_DECLS
