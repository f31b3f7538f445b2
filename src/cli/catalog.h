/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a space's mappings name: pass types and resources in Nexudus, groups in KISI, read once.
 */
#pragma once

#include "cli.h"

#include <latchkey/kisi/kisi.h>
#include <latchkey/model/rules.h>
#include <latchkey/nexudus/rows.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 id;
  char *name;
  gint64 where;        /* Nexudus: owning location; KISI: place; 0: none */
  gboolean restricted; /* a KISI group that opens only in its hours */
} CliThing;

typedef struct
{
  GPtrArray *pass_types, *resources, *groups; /* CliThing* */
  GArray *slots;                              /* LkNexudusSlot */
  GPtrArray *schedules;                       /* LkKisiSchedule* */
  char *no_hours; /* why slots and schedules could not be read, or NULL: rules need neither */
} CliCatalog;

/* Reads it from the space's Nexudus and KISI accounts. Problems of a service are RETRY or REFUSED
 * with what was asked. */
CliCatalog *cli_catalog_load (Cli *cli, const LkConfigSpace *space, GError **error);
void cli_catalog_free (CliCatalog *catalog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliCatalog, cli_catalog_free)
CliThing *cli_thing_new (gint64 id, const char *name, gint64 where);

/* The one that is called NAME at WHERE (0: anywhere); *OUT_HITS is how many there are. A thing of
 * the location itself goes before one of the same name elsewhere. Borrowed; NULL: none. */
const CliThing *cli_catalog_find (const GPtrArray *things, const char *name, gint64 where,
                                  guint *out_hits);

/* What one mapping comes to: its thing, and its groups (const CliThing*, borrowed) appended. NULL:
 * the thing can't be found; groups that can't be are left out. Both goes to PROBLEMS. Pure. */
const CliThing *cli_mapping_resolve (const LkConfigSpace *space, const LkConfigMapping *mapping,
                                     const CliCatalog *catalog, GPtrArray *out_groups,
                                     GPtrArray *problems);

/* The rules that the space's mappings come to. What can't be found, is found twice or belongs to
 * another space goes to PROBLEMS (char*: "line 41: group 'X': …"), and NULL is returned. Pure. */
LkRules *cli_rules_build (const LkConfig *config, const LkConfigSpace *space,
                          const CliCatalog *catalog, gint64 rules_version, GPtrArray *problems);

G_END_DECLS
