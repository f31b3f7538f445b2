/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which groups open a door, as KISI has it now (kisi-api.md §2.5). One thread.
 */
#pragma once

#include "cli.h"

#include <latchkey/kisi/kisi.h>

G_BEGIN_DECLS

/* LkKisiGroupLock*; free with g_ptr_array_unref. */
GPtrArray *cli_doors_new (void);

/* Adds what each group that the account's key sees opens. RETRY or REFUSED with what was asked. */
gboolean cli_doors_add (Cli *cli, const LkConfigKisi *account, GPtrArray *doors, GError **error);

/* The ids (gint64*, a set) of the groups that open the door called WORD, or with WORD's id
 * (id:123). CONFIG with a near name when there is no such door, or when several have the name. */
GHashTable *cli_doors_groups (const GPtrArray *doors, const char *word, GError **error);

G_END_DECLS
