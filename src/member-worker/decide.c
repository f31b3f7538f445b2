/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Entitled = active, not archived, not deleted (design §5).
 */
#include "decide.h"

static LkWhy
why_of (const LkMember *member)
{
  if (member->deleted)
    return LK_WHY_DELETED;
  if (member->archived)
    return LK_WHY_ARCHIVED;
  if (!member->active)
    return LK_WHY_SUSPENDED;
  return LK_WHY_ENTITLED;
}

void
member_decide (const LkMember *member, const LkRules *rules, LkCommand *out)
{
  LkWhy why = why_of (member);

  *out = (LkCommand){ .kind = LK_SOURCE_MEMBER,
                      .member = member->member,
                      .space = g_strdup (member->space),
                      .version = { member->revision, rules->rules_version },
                      .email = g_strdup (member->email),
                      .name = g_strdup (member->name),
                      .entitled = why == LK_WHY_ENTITLED,
                      .why = why };
}
