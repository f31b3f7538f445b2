/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of `latchkey rules propose` share: what Nexudus has (propose_read.c), the group
 * that fits each of it (propose.c), and how that is told (propose_tell.c). One thread.
 */
#pragma once

#include "catalog.h"

G_BEGIN_DECLS

/* --- propose_read.c --------------------------------------------------------------------------- */

/* An account's rows, each read by its id: lists leave out where a pass type may be used. */
typedef struct
{
  const LkConfigNexudus *config;
  GPtrArray *businesses; /* LkNexudusBusiness* */
  GPtrArray *pass_types; /* LkNexudusPassType* */
  GPtrArray *resources;  /* LkNexudusResource*, of the configured spaces */
} ProposeAccount;

ProposeAccount *propose_account_read (Cli *cli, const LkConfigNexudus *config, GError **error);
void propose_account_free (ProposeAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProposeAccount, propose_account_free)

/* Whether passes of TYPE may be used in SPACE, as the poller routes them (design §7). */
gboolean propose_is_usable (const ProposeAccount *account, const LkNexudusPassType *type,
                            const LkConfigSpace *space);

/* --- propose.c -------------------------------------------------------------------------------- */

/* Why a group is proposed, from the surest. */
typedef enum
{
  BASIS_NONE,    /* nothing is: a person has to decide */
  BASIS_FILE,    /* the configuration maps it so */
  BASIS_NEXUDUS, /* Nexudus's own screen does (KisiGroupId) */
  BASIS_NAME,    /* one group has the same name, but for the prefix, case and punctuation */
} Basis;

typedef struct
{
  const CliThing *group; /* borrowed from the catalog */
  double likeness;       /* match.h */
} Near;

typedef struct
{
  LkMappingKind kind;
  gint64 id;
  const char *name; /* borrowed from the account */
  Basis basis;
  GPtrArray *groups; /* const CliThing*, borrowed from the catalog */
  gint64 lead;       /* ms; -1: none of its own */
  GArray *near;      /* Near, the likest first; where a person has to decide */
  GPtrArray *notes;  /* char*: what is odd about it */
} Proposal;

typedef struct
{
  const LkConfigSpace *config;
  CliCatalog *catalog;
  GPtrArray *proposals; /* Proposal* */
} ProposeSpace;

/* --- propose_tell.c --------------------------------------------------------------------------- */

/* YAML: `spaces`, each with its mappings; what is not sure stands in comments. */
void propose_write_yaml (const GPtrArray *spaces, GString *out);
void propose_write_json (const GPtrArray *spaces, GString *out);

G_END_DECLS
