/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Whether a member may have keys at all (design §5, "Member"). Pure; any thread.
 */
#pragma once

#include <latchkey/model/command.h>
#include <latchkey/model/rules.h>
#include <latchkey/model/snapshot.h>

G_BEGIN_DECLS

/* Fills OUT (to be cleared by the caller); never fails. */
void member_decide (const LkMember *member, const LkRules *rules, LkCommand *out);

G_END_DECLS
