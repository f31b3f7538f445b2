/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Record headers: CloudEvents 1.0 Kafka binding in binary mode and W3C Trace Context level 1
 * (design §3). Pure; any thread.
 */
#pragma once

#include <latchkey/base/time.h>
#include <latchkey/model/keys.h>

G_BEGIN_DECLS

#define LK_TRACEPARENT 56 /* "00-<32>-<16>-01" with its NUL */

typedef struct
{
  const char *type;    /* ce_type, e.g. "latchkey.claims.set" */
  const char *source;  /* ce_source, e.g. "/latchkey/pass-worker/moncloa" */
  char id[64];         /* ce_id: deterministic */
  LkTime time;         /* ce_time */
  char subject[LK_KEY_MAX]; /* ce_subject: the record key */
  char traceparent[LK_TRACEPARENT]; /* "" leaves it out */
} LkHeaders;

/* ce_id from the parts that make a record what it is: same input, same id. */
void lk_headers_id (LkHeaders *headers, const char *type, const char *key, gint64 a, gint64 b,
                    guint64 digest);

/* A new trace, derived from what started it (never random), e.g. an entity's key and revision. */
void lk_trace_start (char out[LK_TRACEPARENT], const char *key, gint64 revision);
/* The same trace with another parent id; a malformed PARENT gives "". */
void lk_trace_child (char out[LK_TRACEPARENT], const char *parent, gsize len, const char *step);

G_END_DECLS
