/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the three workers share: hold the rules of each space and the commands that stand, read the
 * owned snapshots from the beginning, decide, and publish where what is decided differs from what
 * stands (design §5). A worker is a description and a `decide`. Loop thread.
 */
#pragma once

#include <latchkey/model/command.h>
#include <latchkey/model/rules.h>
#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;    /* "latchkey-pass-worker" */
  const char *program; /* "pass-worker" */
  const char *summary;
  LkKind input;        /* LK_KIND_PASSES */
  LkSourceKind source; /* whose commands it writes */

  /* Snapshot + rules → command. Pure. FALSE with REJECT when the snapshot can't be understood. */
  gboolean (*decide) (const char *json, gsize len, const LkRules *rules, LkCommand *out,
                      GError **error);
} LkWorkerSpec;

int lk_worker_run (const LkWorkerSpec *spec, int argc, char **argv);

G_END_DECLS
