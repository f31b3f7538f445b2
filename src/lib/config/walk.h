/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The one walk over the document: what it finds goes into the LkConfig, what is wrong into the
 * problems, and where each path stands is kept for the checks that follow. One thread.
 */
#pragma once

#include "schema.h"

#include <yaml.h>

G_BEGIN_DECLS

/* More than anybody reads; it bounds what a file of a megabyte can make us say. */
#define LK_PROBLEMS_MAX 1000

typedef struct
{
  guint line, column; /* from 1 */
  gboolean broken;    /* a problem of it is told: what follows from that is not */
} LkMark;

typedef struct
{
  yaml_document_t *document;
  LkConfig *config;
  GPtrArray *problems;    /* LkConfigProblem * */
  GHashTable *marks;      /* path → LkMark *, of all that was found where it may be */
  GHashTable *references; /* path → the account that a space names */
  gboolean dev; /* dev: true, or it cannot be told: what it lifts is then not complained of */
} LkWalk;

void lk_walk_init (LkWalk *walk, LkConfig *config, GPtrArray *problems);
void lk_walk_clear (LkWalk *walk);

/* Walks DOCUMENT from its root. Everything that the table says of one value is checked, nothing
 * that needs two. */
void lk_walk_document (LkWalk *walk, yaml_document_t *document);

/* Notes a problem of PATH, at its own line or that of the nearest thing around it. */
void lk_walk_problem (LkWalk *walk, const char *path, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* The same at a given place; PATH "" is the whole file. */
void lk_problem_add (GPtrArray *problems, LkMark mark, const char *path, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* Where PATH was found, or NULL. */
const LkMark *lk_walk_mark (const LkWalk *walk, const char *path);

/* A problem of PATH itself, or of what is around it, is told already. */
gboolean lk_walk_is_broken (const LkWalk *walk, const char *path);

/* Reads TEXT into OUT (to be deleted with yaml_document_delete): one document of UTF-8, at most
 * 1 MiB, without aliases and tags. FALSE with PROBLEMS when it is none. */
gboolean lk_document_read (const char *text, gsize len, yaml_document_t *out, GPtrArray *problems);

/* What follows the walk: what needs two values, and what is known only when all is read. */
void lk_check_all (LkWalk *walk);
/* The secrets' files: not readable by everyone. */
void lk_check_secrets (LkWalk *walk, LkSecretUse secrets);

/* Why the property KEY of librdkafka is refused, or NULL. */
const char *lk_check_property (const char *key);

G_END_DECLS
