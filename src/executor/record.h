/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Writing the ledger and access-changes. Loop thread.
 */
#pragma once

#include "state.h"

#include <latchkey/model/report.h>

G_BEGIN_DECLS

/* Each is acknowledged through FUNC (exactly once, at once with an error when it can't be queued).
 */
void record_right (Person *person, const LkRight *right, LkAckFunc func, gpointer data);
void record_member (Person *person, const LkLedgerMember *member, LkAckFunc func, gpointer data);
/* CHANGE's space, member, time and id are filled in: the id from NAME, which says what happened
 * once and for all ("created/<right>"). */
void record_change (Person *person, LkAccessChange *change, const char *name, LkAckFunc func,
                    gpointer data);

/* What names a block for record_change: the version of what was claimed tells one time from the
 * next. Free with g_free. */
char *record_blocked_name (gint64 group, const char *reason, LkVersion version);

/* A copy whose blocks and times may be changed; with EMAIL and the ids of PERSON when there is no
 * record yet. Clear with lk_ledger_member_clear. */
void record_copy_member (const Person *person, LkLedgerMember *out);

G_END_DECLS
