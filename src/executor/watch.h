/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Groups that the key did not see, and for which somebody waits: a right in one can be neither made
 * nor taken away (design §6.7). To try each again costs its own calls, so that is done seldom; but
 * a group that is seen again opens its doors again, also to whoever should be out. So as long as
 * somebody waits the account asks now and then which groups there are, one call for all, and who
 * waits for one of them is planned anew. Loop thread.
 */
#pragma once

#include "job.h"

G_BEGIN_DECLS

typedef struct _Watch Watch;

/* All is borrowed. */
Watch *watch_new (const JobContext *context);
void watch_free (Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Watch, watch_free)

/* What the ledger says of PERSON (KNOWN; NULL: nothing) at NOW: they wait for a group or for none.
 */
void watch_person (Watch *watch, Person *person, const LkLedgerMember *known, LkTime now);
/* Nobody waits any more, and nothing is asked. */
void watch_stop (Watch *watch);
/* Asks when it is time to. Called while the account may call, before rights are served. */
void watch_turn (Watch *watch);

G_END_DECLS
