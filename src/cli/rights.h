/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A space's rights as KISI lists them beside the ledger (design §6.9), while the executor may be
 * changing both: the ledger is read before and after, and only what both readings say is a
 * difference. For `drift` and `adopt`. One thread.
 */
#pragma once

#include "services.h"
#include "tables.h"

#include "../executor/drift.h"

G_BEGIN_DECLS

/* What cli_rights_read wants of a space. */
#define CLI_RIGHTS_KINDS (1u << LK_KIND_RULES | 1u << LK_KIND_COMMANDS | 1u << LK_KIND_LEDGER)

typedef struct
{
  CliSpace *space;     /* borrowed */
  GPtrArray *rows;     /* LkKisiAssignment*: all groups that the space manages */
  GArray *drift;       /* Drift, which borrows from `rows` and from the ledger's table; valid until
                        * the clients are turned again */
  GHashTable *users;   /* KISI user id → member id (gint64*) */
  GHashTable *members; /* address in lower case → member id (gint64*) */
} CliRights;

/* Lists each group that is mapped or has a right of ours, in the command line's share of the rate.
 * SERVICES has the space's KISI account. */
CliRights *cli_rights_read (Cli *cli, CliSpace *space, CliServices *services, GError **error);
void cli_rights_free (CliRights *rights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliRights, cli_rights_free)

/* Whose it is: of the ledger, by the ledger's users, or by the address that the row names; 0:
 * nobody's that Latchkey knows. */
gint64 cli_rights_member (const CliRights *rights, const Drift *drift);

G_END_DECLS
