/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Instants, RFC 3339 text, civil days and time zones. An LkTime is milliseconds since 1970-01-01
 * UTC. LK_TIME_NONE stands for "not given" (null in JSON). Pure; any thread, but a GTimeZone
 * wrapped here is immutable and may be shared.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef gint64 LkTime;

#define LK_TIME_NONE G_MININT64
#define LK_SECOND ((LkTime) 1000)
#define LK_MINUTE (60 * LK_SECOND)
#define LK_HOUR (60 * LK_MINUTE)
#define LK_DAY (24 * LK_HOUR)

/* Big enough for any time written by lk_time_format, with its NUL. */
#define LK_TIME_TEXT 32

/* Reads an RFC 3339 / ISO 8601 time: 'T' or space, 0 to 9 fractional digits (truncated to ms),
 * 'Z', an offset, or nothing, which counts as UTC (Nexudus leaves it out at times; nexudus-api.md
 * §2.7). Years 1 to 9999. FALSE with LK_ERROR_REJECT and OUT untouched when it is none. */
gboolean lk_time_parse (const char *text, gsize len, LkTime *out, GError **error);

/* Writes TIME as RFC 3339 UTC, with ".mmm" only when there are milliseconds; returns BUF. A time
 * outside the years 1 to 9999 reads "out of range", LK_TIME_NONE "none". */
const char *lk_time_format (LkTime time, char buf[LK_TIME_TEXT]);

/* Exactly 00:00:00.000 UTC: how Nexudus sends a bare date (design §5). */
gboolean lk_time_is_midnight_utc (LkTime time);

typedef struct _LkZone LkZone; /* an IANA time zone */

/* LK_ERROR_CONFIG when NAME is not an IANA zone with data on this machine; the message suggests a
 * near name. Free with lk_zone_free. */
LkZone *lk_zone_new (const char *name, GError **error);
void lk_zone_free (LkZone *zone);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkZone, lk_zone_free)
const char *lk_zone_name (const LkZone *zone);

/* The first instant strictly after AFTER whose local time is MINUTES after midnight (0…1439).
 * In a gap of the clock it is the gap's end, in an overlap the first of the two (design §5); so
 * each date has one. Clock changes are known from 1970 to 2037, as for all that follows. */
LkTime lk_zone_next_local (const LkZone *zone, LkTime after, int minutes);

/* Start of the local day that has the calendar date of UTC_MIDNIGHT (a bare date as sent). */
LkTime lk_zone_day_start (const LkZone *zone, LkTime utc_midnight);

/* End of that same local day = start of the next one. */
LkTime lk_zone_day_end (const LkZone *zone, LkTime utc_midnight);

/* Local calendar date of TIME as "2026-09-01" into BUF (16 bytes); returns BUF. CUTOFF minutes
 * after midnight still belong to the day before (business date, design §8). */
const char *lk_zone_date (const LkZone *zone, LkTime time, int cutoff, char buf[16]);

/* Local wall clock "10:00" of TIME into BUF (8 bytes); for what people read. Returns BUF. */
const char *lk_zone_clock (const LkZone *zone, LkTime time, char buf[8]);

G_END_DECLS
