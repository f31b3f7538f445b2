/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey-member-worker: members × rules → commands.
 */
#include "decide.h"

#include <latchkey/program/worker.h>

static gboolean
decide (const char *json, gsize len, const LkRules *rules, LkCommand *out, GError **error)
{
  g_auto (LkMember) member = { 0 };

  if (!lk_member_parse (&member, json, len, error))
    return FALSE;
  member_decide (&member, rules, out);
  return TRUE;
}

int
main (int argc, char **argv)
{
  static const LkWorkerSpec spec = {
    .name = "latchkey-member-worker",
    .program = "member-worker",
    .summary = "decides whether each member may have keys at all",
    .input = LK_KIND_MEMBERS,
    .source = LK_SOURCE_MEMBER,
    .decide = decide,
  };

  return lk_worker_run (&spec, argc, argv);
}
