/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * /healthz, /readyz and /metrics of a daemon. Healthy: the loop turns, so it answers. Ready: no
 * reason why not is left. Loop thread.
 */
#pragma once

#include <latchkey/base/error.h>

G_BEGIN_DECLS

typedef struct _LkHealth LkHealth;

LkHealth *lk_health_new (const char *listen, GError **error);
void lk_health_free (LkHealth *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkHealth, lk_health_free)

/* WHAT is a short fixed word; REASON NULL clears it. A change is logged. */
void lk_health_set (LkHealth *health, const char *what, const char *reason);

int lk_health_fd (const LkHealth *health);
int lk_health_timeout_ms (const LkHealth *health); /* -1: none */
void lk_health_turn (LkHealth *health);

G_END_DECLS
