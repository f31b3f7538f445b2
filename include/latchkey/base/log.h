/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Logs: one JSON object a line on standard error, the same fields everywhere, in this order:
 * ts level component account space member event topic partition offset trace error message.
 * Ids only, never names, addresses, bodies or secrets (S12). A line is one write(2) of at most
 * 8 KiB. The process has one log; any thread may write, only main sets it up.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  LK_LOG_DEBUG,
  LK_LOG_INFO,
  LK_LOG_WARNING,
  LK_LOG_ERROR,
} LkLogLevel;

/* What a line is about. Zero or NULL leaves a field out; partition and offset go with topic. */
typedef struct
{
  const char *account, *space;
  gint64 member;
  const char *event; /* a stable lower-case word, e.g. "listing_failed" */
  const char *topic;
  gint32 partition;
  gint64 offset;
  const char *trace;   /* W3C trace id or traceparent */
  const GError *error; /* its message becomes `error`, its code's name `code` */
} LkLogFields;

void lk_log_init (const char *component, LkLogLevel level); /* COMPONENT is copied */
void lk_log_set_level (LkLogLevel level);
LkLogLevel lk_log_level (void);
gboolean lk_log_level_parse (const char *name, LkLogLevel *out); /* debug info warning error */

void lk_log (LkLogLevel level, const LkLogFields *fields, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* lk_info (LK_F (.event = "listing", .space = code), "listed %u rows", n) */
#define LK_F(...) (&(const LkLogFields){ __VA_ARGS__ })
#define LK_NF ((const LkLogFields *) NULL)
#define lk_debug(fields, ...) lk_log (LK_LOG_DEBUG, fields, __VA_ARGS__)
#define lk_info(fields, ...) lk_log (LK_LOG_INFO, fields, __VA_ARGS__)
#define lk_warning(fields, ...) lk_log (LK_LOG_WARNING, fields, __VA_ARGS__)
#define lk_error(fields, ...) lk_log (LK_LOG_ERROR, fields, __VA_ARGS__)

/* Where lines go instead of standard error, for tests; NULL restores. LINE has its newline and a
 * NUL after it. */
void lk_log_set_sink (void (*sink) (const char *line, gsize len, gpointer data), gpointer data);

G_END_DECLS
