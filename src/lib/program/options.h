/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The command line that all daemons share (design §10).
 */
#pragma once

#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct
{
  char *config_path, *listen;
  char **names; /* --space or --account, NULL-terminated; NULL: all */
  gboolean check_config, describe, version;
} LkOptions;

/* LK_ERROR_CONFIG when the line is wrong. --help prints and sets *OUT_DONE. */
gboolean lk_options_parse (LkOptions *out, const LkProgramSpec *spec, int argc, char **argv,
                           GError **error);
void lk_options_clear (LkOptions *options);

/* What the program is, reads and writes, as JSON on standard output. Needs no configuration. */
void lk_program_describe (const LkProgramSpec *spec);

G_END_DECLS
