/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a program's description means under one configuration: the spaces and accounts it serves,
 * and their topics. Pure.
 */
#pragma once

#include <latchkey/program/program.h>

G_BEGIN_DECLS

/* Borrowed but for the two arrays. */
typedef struct
{
  const LkProgramSpec *spec;
  const char *prefix;
  GPtrArray *spaces;   /* LkConfigSpace* */
  GPtrArray *accounts; /* LkConfigNexudus* or LkConfigKisi*, by the scope; empty for workers */
} LkScoped;

/* Those that NAMES (--space, --account; NULL: all) choose. FALSE (CONFIG) when a name is not in the
 * configuration. SCOPED, zeroed before, is cleared with lk_scope_clear either way. */
gboolean lk_scope_choose (LkScoped *scoped, const LkProgramSpec *spec, LkConfig *config,
                          char **names, GError **error);
void lk_scope_clear (LkScoped *scoped);

/* Every topic that is used as any of USES (LkUse) → its partitions (GINT_TO_POINTER). Free with
 * g_hash_table_unref. */
GHashTable *lk_scope_topics (const LkScoped *scoped, guint uses);
/* The topics whose partitions are shared out in the group (char*, and a NULL at the end). Free with
 * g_ptr_array_unref. */
GPtrArray *lk_scope_owned (const LkScoped *scoped);

G_END_DECLS
