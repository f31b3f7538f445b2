/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The login of one Nexudus account: a token with refresh, or Basic (nexudus-api.md §1). Loop
 * thread.
 */
#pragma once

#include <latchkey/nexudus/nexudus.h>

G_BEGIN_DECLS

typedef struct _LkSession LkSession;

LkSession *lk_session_new (const LkConfigNexudus *config, const LkClock *clock, LkHttp *http,
                           LkBudget *budget);
void lk_session_free (LkSession *session);

/* The Authorization header's line to use now, or NULL: a login is needed or under way. Borrowed. */
const char *lk_session_header (LkSession *session);
const char *lk_session_client_header (const LkSession *session); /* "client_id: …" */

/* Starts a login when none is under way, it is not too early, and the budget has room. */
void lk_session_login (LkSession *session);
/* The token was refused: forget it. */
void lk_session_expire (LkSession *session);
/* ms until a login may be tried again; 0: now, or one is under way. */
gint64 lk_session_wait_ms (const LkSession *session);
/* Why the last login failed, or NULL. Borrowed. */
const GError *lk_session_fault (const LkSession *session);

G_END_DECLS
