/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The controller of one KISI account: who acts, who is planned, who is served next (design §6).
 * Loop thread.
 */
#pragma once

#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _Account Account;

Account *account_new (LkProgram *program, const LkConfigKisi *config);
void account_free (Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Account, account_free)

const char *account_topic (const Account *account); /* kisi-account.<account> */

void account_own (Account *account);
/* Ownership ends: nothing new is started. LOST: what is under way is dropped at once. */
void account_disown (Account *account, gboolean lost);
/* Nothing is under way any more, or it has had its 2 s and is now an unknown outcome. */
gboolean account_is_idle (Account *account);

gboolean account_turn (Account *account); /* TRUE: again at once */
void account_reloaded (Account *account);
const char *account_trouble (const Account *account); /* why it can't work, or NULL; borrowed */

G_END_DECLS
