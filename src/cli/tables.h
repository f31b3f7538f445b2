/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A space's topics as tables of whole messages, read to their end. One thread.
 */
#pragma once

#include "cli.h"

#include <latchkey/model/command.h>
#include <latchkey/model/control.h>
#include <latchkey/model/ledger.h>
#include <latchkey/model/rules.h>
#include <latchkey/model/snapshot.h>

G_BEGIN_DECLS

/* One entry of any of the tables; KIND, IS_RIGHT and IS_OUTCOME say which of the union it is. */
typedef struct
{
  LkKind kind;
  gboolean is_right;   /* of the ledger */
  gboolean is_outcome; /* of control */
  LkTime at;           /* record timestamp */
  char *newer;         /* why a ledger's record is of a release to come; then nothing is below */
  union
  {
    LkMember member;
    LkPass pass;
    LkBooking booking;
    LkRules *rules;
    LkCommand command;
    LkLedgerMember ledger_member;
    LkRight right;
    LkWish wish;
    LkOutcome outcome;
    LkNexudusAccount nexudus;
    LkKisiAccount kisi;
  };
} CliEntry;

typedef struct
{
  const LkConfigSpace *space;
  LkTable *tables[LK_KIND_COUNT_]; /* NULL where not asked for */
} CliSpace;

/* Fails (REFUSED) where a ledger has records of a newer format: they may say that a right is held,
 * so nothing can be told without them (design §3). Loads the topics of KINDS (bits 1 << LkKind) of each chosen space (CliSpace*, in the order of
 * cli_spaces); MEMBER > 0: only the partition that the member's records are in. */
GPtrArray *cli_spaces_load (Cli *cli, guint kinds, gint64 member, GError **error);
void cli_space_free (CliSpace *space);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliSpace, cli_space_free)

/* The rules that stand, or NULL. Borrowed. */
const LkRules *cli_space_rules (const CliSpace *space);

/* An account of either service and the newest record of its topic. */
typedef struct
{
  LkKind kind;           /* LK_KIND_NEXUDUS_ACCOUNT or LK_KIND_KISI_ACCOUNT */
  const char *name;      /* of the configuration */
  const CliEntry *entry; /* NULL: nobody has written one yet; borrowed from TABLE */
  LkTable *table;
} CliAccount;

/* All accounts of the configuration (CliAccount*), Nexudus's first. */
GPtrArray *cli_accounts_load (Cli *cli, GError **error);

/* Calls FUNC for each entry of KIND of one member, or of all (member 0). */
typedef void (*CliEntryFunc) (const char *key, const CliEntry *entry, gpointer data);
void cli_space_foreach (CliSpace *space, LkKind kind, gint64 member, CliEntryFunc func,
                        gpointer data);
/* The entry of one key, or NULL. */
const CliEntry *cli_space_get (CliSpace *space, LkKind kind, gint64 member, const char *key);

G_END_DECLS
