/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The part of `latchkey check` that looks for missing rights, endpoint by endpoint. One thread.
 */
#pragma once

#include "services.h"

G_BEGIN_DECLS

/* Something that ACCOUNT may not read, or (ERROR: RETRY) that could not be looked at; TEXT says
 * which and what to do. */
typedef void (*CheckFunc) (const char *account, const GError *error, const char *text,
                           gpointer data);

/* Single rows; lists are check.c's. */
void check_nexudus_rows (Cli *cli, CliServices *services, const char *account, CheckFunc found,
                         gpointer data);
/* GROUP is one that the key sees, 0: none. */
void check_kisi_reads (Cli *cli, CliServices *services, const char *account, gint64 group,
                       CheckFunc found, gpointer data);

G_END_DECLS
