/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Topics read once from their beginning to their end as of now, record by record: reports and
 * rejects, which are no tables. One thread.
 */
#pragma once

#include "cli.h"

G_BEGIN_DECLS

/* The topics KIND of SPACES (LkConfigSpace*), all at once: each partition in log order, the
 * partitions as they come. */
typedef void (*CliStreamFunc) (const LkRecord *record, const LkConfigSpace *space, gpointer data);
gboolean cli_stream (Cli *cli, LkKind kind, const GPtrArray *spaces, CliStreamFunc func,
                     gpointer data, GError **error);

/* --since as a time: RFC 3339, or a duration before now; FALLBACK when it was not given. CONFIG. */
gboolean cli_since (Cli *cli, LkTime fallback, LkTime *out, GError **error);

G_END_DECLS
