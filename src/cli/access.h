/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One member's access in one space: what the commands give, group by group, beside the rights that
 * the ledger holds (design §5, "union", and §6). For `status` and `explain`. Pure.
 */
#pragma once

#include "tables.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 group_id;
  const char *name;    /* of the rules, or NULL; borrowed */
  GArray *windows;     /* LkWindow: what should be, a union */
  GPtrArray *rights;   /* const LkRight*, intended and held; borrowed */
  const char *blocked; /* reason, or NULL; of several one that stops creates; borrowed */
  LkTime told_at;      /* newest record timestamp of the claims, of the commands of the rights'
                        * sources, which may give nothing now, or of the member's own */
} CliGroup;

typedef struct
{
  const CliEntry *command; /* member.set; NULL when there is none */
  const CliEntry *ledger;  /* the member's ledger record, or NULL */
  gboolean entitled;
  const char *blocked; /* why in every group, or NULL; borrowed */
  GPtrArray *groups;   /* CliGroup*, by id */
} CliAccess;

CliAccess *cli_access_of (CliSpace *space, gint64 member);
void cli_access_free (CliAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliAccess, cli_access_free)

/* What RULES (may be NULL) call the group, or NULL where nothing is mapped to it. Borrowed. */
const char *cli_group_name (const LkRules *rules, gint64 id);

/* Whether it should be open at T, whether a held right makes it so, and since when a difference of
 * the two has been due (LK_TIME_NONE: there is none). */
gboolean cli_group_wanted (const CliGroup *group, LkTime t);
gboolean cli_group_held (const CliGroup *group, LkTime t);
LkTime cli_group_due_since (const CliGroup *group, LkTime t);
/* The next instant after T at which what should be changes, or LK_TIME_NONE. */
LkTime cli_group_next_change (const CliGroup *group, LkTime t);

G_END_DECLS
