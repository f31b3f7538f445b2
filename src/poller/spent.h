/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The hour's spent requests in the account's record (design §3, §7): by the minute, so that whoever
 * acts next, after a restart or a change of owner, goes on within what the login has left. Minutes
 * are of the wall clock. Loop thread.
 */
#pragma once

#include <latchkey/http/budget.h>
#include <latchkey/model/control.h>

G_BEGIN_DECLS

/* What BUDGET remembers of the hour that ends now replaces what RECORD says. */
void spent_note (const LkBudget *budget, const LkClock *clock, LkNexudusAccount *record);

/* BUDGET counts what RECORD says too, where that is more than it remembers itself. Each minute's
 * requests are taken to have been its last, so never too few still count. */
void spent_carry (LkBudget *budget, const LkClock *clock, const LkNexudusAccount *record);

G_END_DECLS
