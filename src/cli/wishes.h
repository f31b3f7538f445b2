/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Wishes (topic control, design §6): the only thing that the command line writes besides rules. A
 * wish is written once, its outcomes are waited for, and wishes that have been over for 7 days
 * leave. One thread.
 */
#pragma once

#include "tables.h"

#include <latchkey/model/json.h>

G_BEGIN_DECLS

typedef struct
{
  CliSpace *control; /* borrowed: LK_KIND_CONTROL is loaded */
  char *key;         /* "resync/9001" */
  gint64 member;     /* 0: none */
  gint64 *ids;
  guint n_ids;
  gboolean stood; /* it had been wished before, and was not over: not written again */
  /* What came of it, once known: the first program's that did not do it, else the last's. */
  char *outcome, *reason; /* NULL: nothing yet */
} CliWish;

void cli_wish_free (CliWish *wish);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CliWish, cli_wish_free)

/* Wishes WHAT (its time is seen to) for SUBJECT ("9001", "all") in the space of CONTROL, whose old
 * wishes are tidied up. */
CliWish *cli_wish_write (Cli *cli, CliSpace *control, const char *subject, const LkWish *what,
                         GError **error);

/* Waits until all of WISHES (CliWish*) have their outcomes, as long as --wait says, and fills those
 * in. That some have none is no error. */
gboolean cli_wishes_wait (Cli *cli, const GPtrArray *wishes, GError **error);

/* An array "wishes" of WRITER. */
void cli_wishes_write_json (const GPtrArray *wishes, LkJsonWriter *writer);
/* A line each. */
void cli_wishes_print (const GPtrArray *wishes);
/* CLI_DONE when all are done, else CLI_DIFFERENCES. */
int cli_wishes_status (const GPtrArray *wishes);

/* Wishes of CONTROL that wait for an outcome (const CliEntry*, borrowed), as FUNC is told them. */
void cli_wishes_open (CliSpace *control, CliEntryFunc func, gpointer data);

G_END_DECLS
