/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One request at the side door (README.md): what was asked, and the answer being made. One thread.
 */
#pragma once

#include "kisi.h"
#include "nexudus.h"

G_BEGIN_DECLS

typedef struct
{
  Sandbox *sandbox;
  LkServerRequest *request;
  const char *method;
  char **parts; /* of the path */
  guint n_parts;
  json_t *body; /* an object or array, never NULL */
  guint status; /* 0: not answered yet */
  json_t *out;
  json_t *filters; /* of the query, once read: name → text */
} Side;

gboolean side_is (const Side *side, const char *method);
void side_reply (Side *side, json_t *out); /* 200; takes OUT */
void side_fail (Side *side, guint status, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Of the body or, without one, the query. */
const char *side_text (const Side *side, const char *key);
gint64 side_int (const Side *side, const char *key);
/* `at` and the like; NOW when it is not given. */
LkTime side_time (const Side *side, const char *key, LkTime otherwise);

/* The query as filters on rows, `?Field=value`; each is a key of SAMPLE, or it is refused: FALSE,
 * answered with 400. */
gboolean side_read_filters (Side *side, const json_t *sample);
gboolean side_filters_match (const Side *side, const json_t *row);

void side_nexudus (Side *side); /* behind /nexudus */
void side_kisi (Side *side);    /* behind /kisi */

G_END_DECLS
