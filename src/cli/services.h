/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The clients of Nexudus and KISI for the command line, which asks one thing after the other and
 * waits. What it asks of KISI keeps to the share of the rate that the executor leaves to it (5 %,
 * design §6), so that it may be used while the daemons run. One thread.
 */
#pragma once

#include "cli.h"

#include <latchkey/kisi/kisi.h>
#include <latchkey/nexudus/nexudus.h>

G_BEGIN_DECLS

typedef struct
{
  LkBudget *nexudus_budget, *kisi_budget;
  LkNexudus *nexudus; /* NULL where not asked for */
  LkKisi *kisi;
} CliServices;

/* Either may be NULL. A secret that can't be read is an error at once. */
CliServices *cli_services_open (Cli *cli, const LkConfigNexudus *nexudus, const LkConfigKisi *kisi,
                                GError **error);
void cli_services_free (CliServices *services);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliServices, cli_services_free)

/* As cli_wait, and turns these clients too. */
gboolean cli_services_wait (Cli *cli, CliServices *services, gboolean (*done) (gpointer data),
                            gpointer data, const char *what, gint64 deadline_ms, GError **error);

/* --- KISI ------------------------------------------------------------------------------------ */

typedef enum
{
  CLI_ASK_WHOAMI,
  CLI_ASK_FIND_USER, /* somebody whom there is not */
  CLI_ASK_GROUPS,
  CLI_ASK_GROUP_LOCKS,  /* id: a group */
  CLI_ASK_GROUP_RIGHTS, /* id: a group */
  CLI_ASK_USER_RIGHTS,  /* id: a user */
  CLI_ASK_SCHEDULES,
  CLI_ASK_EVENTS, /* of the last minute */
} CliAsk;

/* One question, once the rate allows, and its answer (lk_kisi_answer_free). An answer that is not
 * OK is an error: REFUSED for the key's fault, else RETRY. */
LkKisiAnswer *cli_kisi_need (Cli *cli, CliServices *services, CliAsk ask, gint64 id,
                             GError **error);

G_END_DECLS
