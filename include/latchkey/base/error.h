/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Errors of the whole project. A fallible function returns FALSE or NULL and fills a GError of
 * domain LK_ERROR whose code says what to do about it, not what happened; the message says what,
 * where and what the user can do. Libraries only return errors; the place that decides logs.
 * Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LK_ERROR (lk_error_quark ())
GQuark lk_error_quark (void);

typedef enum
{
  LK_ERROR_RETRY,   /* try again later, with back-off; nothing happened */
  LK_ERROR_UNKNOWN, /* it may have happened: read before trying again */
  LK_ERROR_REJECT,  /* this input can never be understood: set it aside and go on */
  LK_ERROR_BLOCKED, /* this person in this group cannot be served until something changes */
  LK_ERROR_REFUSED, /* this account refuses us: stop calling it, alarm, go on reading */
  LK_ERROR_FATAL,   /* our own state is not to be trusted any more: end the process */
  LK_ERROR_CONFIG,  /* configuration or usage: exit status 2 */
} LkErrorCode;

/* Lower-case name of CODE for logs and metrics, e.g. "retry". Never NULL. */
const char *lk_error_code_name (LkErrorCode code);

/* Sets ERROR (which may be NULL) and returns FALSE, so that a failing function reads
 * `return lk_fail (error, LK_ERROR_REJECT, "...")`. */
gboolean lk_fail (GError **error, LkErrorCode code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Puts context in front of an error on its way up: "load 'x': <message>". Returns FALSE. */
gboolean lk_fail_prefix (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The nearest of the N names to WORD by edit distance (transpositions count one), or NULL when
 * none is near enough to be what was meant (distance ≤ 1 + length / 4). Borrowed from NAMES. */
const char *lk_nearest (const char *word, const char *const *names, gsize n);

G_END_DECLS
