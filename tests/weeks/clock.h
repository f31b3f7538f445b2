/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Days of time zones, and times as text, on GLib alone. Times are ms since 1970 UTC. Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Exactly 00:00 UTC is how Nexudus sends a date. */
gboolean clock_is_date (gint64 time);
gint64 clock_day_start (GTimeZone *zone, gint64 date);      /* of that local day */
gint64 clock_day_end (GTimeZone *zone, gint64 date);        /* of that local day */
gint64 clock_next_midnight (GTimeZone *zone, gint64 after); /* local */

/* "2026-09-01T10:00:00.123" (".123" only when there are ms), UTC; returns BUF. */
const char *clock_text (gint64 time, char buf[32]);
/* Of that form, or without seconds, with or without "Z"; FALSE when it is none. */
gboolean clock_parse (const char *text, gint64 *out);

G_END_DECLS
