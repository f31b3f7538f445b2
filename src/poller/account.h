/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Polling of one Nexudus account: who acts, when which list is read, and what becomes of each row.
 * One process in the group owns the account and acts; the others only follow the topics. Loop
 * thread.
 */
#pragma once

#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _Account Account;

Account *account_new (LkProgram *program, const LkConfigNexudus *config);
void account_free (Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_free)

const char *account_topic (const Account *account); /* nexudus-account.<account> */

void account_own (Account *account); /* act, once the tables are read to their ends */
/* Stop at once; nothing under way counts. Not LOST: the record is written before. */
void account_disown (Account *account, gboolean lost);
/* Nothing ran for MS, in which another may have become owner: answers that came meanwhile are not
 * news. An owner begins again, from the tables as they are by then. */
void account_stood_still (Account *account, gint64 ms);
gboolean account_is_idle (const Account *account); /* no write is unacknowledged */

void account_turn (Account *account);
void account_reloaded (Account *account);
/* Why it can't work just now, or NULL. Borrowed. */
const char *account_trouble (const Account *account);

G_END_DECLS
