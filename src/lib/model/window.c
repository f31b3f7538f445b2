/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Windows: comparison, union and subtraction of half-open intervals. Everything compares through
 * lk_window_from and lk_window_until, where an open end is an ordinary large number.
 */
#include <latchkey/model/window.h>

#include <stdlib.h>

static inline LkWindow
window_of (LkTime from, LkTime until)
{
  return (LkWindow){ from == G_MININT64 ? LK_TIME_NONE : from,
                     until == G_MAXINT64 ? LK_TIME_NONE : until };
}

gboolean
lk_window_is_empty (LkWindow w)
{
  return lk_window_until (w) <= lk_window_from (w);
}

gboolean
lk_window_equal (LkWindow a, LkWindow b)
{
  return a.from == b.from && a.until == b.until;
}

gboolean
lk_window_contains (LkWindow w, LkTime t)
{
  return lk_window_from (w) <= t && t < lk_window_until (w);
}

gboolean
lk_window_covers (LkWindow outer, LkWindow inner)
{
  return lk_window_from (outer) <= lk_window_from (inner)
         && lk_window_until (inner) <= lk_window_until (outer);
}

LkWindow
lk_window_intersect (LkWindow a, LkWindow b)
{
  return window_of (MAX (lk_window_from (a), lk_window_from (b)),
                    MIN (lk_window_until (a), lk_window_until (b)));
}

static int
compare_from (const void *a, const void *b)
{
  LkTime x = lk_window_from (*(const LkWindow *)a), y = lk_window_from (*(const LkWindow *)b);

  return x < y ? -1 : x > y;
}

guint
lk_windows_union (LkWindow *windows, guint n)
{
  guint kept = 0;

  if (n > 1)
    qsort (windows, n, sizeof *windows, compare_from);
  for (guint i = 0; i < n; i++)
    {
      LkWindow w = windows[i];

      if (lk_window_is_empty (w))
        continue;
      if (kept > 0 && lk_window_from (w) <= lk_window_until (windows[kept - 1]))
        {
          if (lk_window_until (w) > lk_window_until (windows[kept - 1]))
            windows[kept - 1].until = w.until;
        }
      else
        windows[kept++] = w;
    }
  return kept;
}

guint
lk_windows_subtract (const LkWindow *windows, guint n, LkWindow hole, LkWindow *out)
{
  gint64 hole_from = lk_window_from (hole), hole_until = lk_window_until (hole);
  gboolean nothing = lk_window_is_empty (hole);
  guint kept = 0;

  for (guint i = 0; i < n; i++)
    {
      gint64 from = lk_window_from (windows[i]), until = lk_window_until (windows[i]);

      if (lk_window_is_empty (windows[i]))
        continue;
      if (nothing || hole_until <= from || until <= hole_from)
        {
          out[kept++] = windows[i];
          continue;
        }
      if (from < hole_from)
        out[kept++] = window_of (from, hole_from);
      if (hole_until < until)
        out[kept++] = window_of (hole_until, until);
    }
  return kept;
}

LkTime
lk_windows_first_outside (LkWindow window, const LkWindow *others, guint n, LkTime at)
{
  LkTime first = MAX (lk_window_from (window), at);

  for (guint i = 0; i < n && lk_window_from (others[i]) <= first; i++)
    first = MAX (first, lk_window_until (others[i]));
  return first < lk_window_until (window) ? first : LK_TIME_NONE;
}
