/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Windows of time: half-open [from, until). LK_TIME_NONE as `until` is open-ended, as `from` it
 * is "since ever". Pure; any thread.
 */
#pragma once

#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  LkTime from, until;
} LkWindow;

static inline LkTime
lk_window_from (LkWindow w)
{
  return w.from == LK_TIME_NONE ? G_MININT64 : w.from;
}

static inline LkTime
lk_window_until (LkWindow w)
{
  return w.until == LK_TIME_NONE ? G_MAXINT64 : w.until;
}

gboolean lk_window_is_empty (LkWindow w);
gboolean lk_window_equal (LkWindow a, LkWindow b);
gboolean lk_window_contains (LkWindow w, LkTime t);
gboolean lk_window_covers (LkWindow outer, LkWindow inner);
LkWindow lk_window_intersect (LkWindow a, LkWindow b); /* maybe empty: until ≤ from */

/* Sorts the N windows and joins those that overlap or touch, in place; empty ones go. Returns how
 * many are left (design §5: a member's access is the union of all claims). */
guint lk_windows_union (LkWindow *windows, guint n);

/* WINDOWS (a union) without HOLE; OUT has room for n + 1. Returns how many (pauses, design §5). */
guint lk_windows_subtract (const LkWindow *windows, guint n, LkWindow hole, LkWindow *out);

/* The first instant ≥ AT that is in WINDOW and in none of the N sorted OTHERS; LK_TIME_NONE: there
 * is none. */
LkTime lk_windows_first_outside (LkWindow window, const LkWindow *others, guint n, LkTime at);

G_END_DECLS
