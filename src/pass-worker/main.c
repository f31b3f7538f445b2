/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey-pass-worker: passes × rules → commands.
 */
#include "decide.h"

#include <latchkey/program/worker.h>

static gboolean
decide (const char *json, gsize len, const LkRules *rules, LkCommand *out, GError **error)
{
  g_auto (LkPass) pass = { 0 };

  if (!lk_pass_parse (&pass, json, len, error))
    return FALSE;
  pass_decide (&pass, rules, out);
  return TRUE;
}

int
main (int argc, char **argv)
{
  static const LkWorkerSpec spec = {
    .name = "latchkey-pass-worker",
    .program = "pass-worker",
    .summary = "decides which groups each pass opens, and when",
    .input = LK_KIND_PASSES,
    .source = LK_SOURCE_PASS,
    .decide = decide,
  };

  return lk_worker_run (&spec, argc, argv);
}
