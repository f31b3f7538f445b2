/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which pause of a contract counts (nexudus-api.md §3.10, §5). Pure; any thread.
 */
#pragma once

#include <latchkey/base/time.h>

G_BEGIN_DECLS

/* LK_TIME_NONE: open on that side; on both: no pause. A time of exactly 00:00 UTC is a bare date,
 * and a pause covers both its days (design §5). */
typedef struct
{
  LkTime from, until;
} Pause;

/* Of PAUSES, in any order and saying the same twice or not: the one that is open at NOW, else the
 * next to come, else the last one that was. Those that overlap or meet count as one. Days are those
 * of ZONE, or UTC's when it is NULL. Both sides LK_TIME_NONE when there is none. */
Pause pause_choose (const Pause *pauses, guint n, const LkZone *zone, LkTime now);

G_END_DECLS
