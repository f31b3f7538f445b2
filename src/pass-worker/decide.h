/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a pass gives its holder (design §5, "Pass"). Pure; any thread.
 */
#pragma once

#include <latchkey/model/command.h>
#include <latchkey/model/rules.h>
#include <latchkey/model/snapshot.h>

G_BEGIN_DECLS

/* Fills OUT (to be cleared by the caller) with the claims of PASS under RULES and why; never
 * fails. The result depends on nothing but the arguments: every window is absolute. */
void pass_decide (const LkPass *pass, const LkRules *rules, LkCommand *out);

G_END_DECLS
