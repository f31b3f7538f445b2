/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The record of one account in nexudus-account.<account>: how far reading has come, for the next
 * owner and for `latchkey status`. The topic's one partition is also the ownership of the account.
 * Loop thread.
 */
#pragma once

#include <latchkey/http/budget.h>
#include <latchkey/model/control.h>
#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _Record Record;

/* CONFIG and BUDGET are borrowed. What is spent of BUDGET stands in the record, at most half a
 * minute late; a killed owner's last half minute is what the ceiling of an hour is below Nexudus's
 * for. */
Record *record_new (LkProgram *program, const LkConfigNexudus *config, LkBudget *budget);
void record_free (Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Record, record_free)

const char *record_topic (const Record *record);
void record_own (Record *record, gboolean own); /* own, and read to the end as of now */
gboolean record_is_loaded (const Record *record);
gboolean record_is_idle (const Record *record); /* no write is unacknowledged */
const char *record_trouble (const Record *record);

/* Goes on from what stands, within what is left of the hour. What is changed through the returned
 * record is written by the next record_write. */
void record_begin (Record *record);
LkNexudusAccount *record_data (Record *record);

void record_turn (Record *record); /* each turn of who acts: what was spent is written in time */
/* AT_ONCE, or when it was last written a while ago: the marks only save reading. */
void record_write (Record *record, gboolean at_once);
/* Why the account is refused, written at once when that changes; an ERROR of another kind, or
 * NULL: it is not. */
void record_set_fault (Record *record, const GError *error);

G_END_DECLS
