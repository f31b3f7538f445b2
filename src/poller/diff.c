/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Digests and verdicts.
 */
#include "diff.h"

#include <string.h>

/* A listing's own filters look at the minute, and go by Nexudus's reading of it: what ends within
 * two of a listing's start may rightly be in it or not. It has almost no time left to give. */
#define MARGIN_MS (2 * LK_MINUTE)

/* FNV-1a, 64 bit: content is compared with content of the same key only. */
static guint64
digest (const GString *text)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < text->len; i++)
    hash = (hash ^ (guchar) text->str[i]) * G_GUINT64_CONSTANT (1099511628211);
  return hash;
}

void
known_of_member (const LkMember *member, LkTime written_at, Known *out)
{
  g_autoptr (GString) text = g_string_sized_new (256);
  LkMember content = *member;

  content.revision = 1;
  lk_member_write (&content, text);
  *out = (Known){ .revision = member->revision,
                  .digest = digest (text),
                  .written_at = written_at,
                  .listed_until = G_MAXINT64,
                  .ended_at = LK_TIME_NONE,
                  .deleted = member->deleted };
}

void
known_of_pass (const LkPass *pass, LkTime written_at, gint64 listed_after_use, Known *out)
{
  g_autoptr (GString) text = g_string_sized_new (512);
  LkPass content = *pass;

  content.revision = 1;
  lk_pass_write (&content, text);
  *out
      = (Known){ .revision = pass->revision,
                 .digest = digest (text),
                 .of = pass->deleted ? 0 : pass->type,
                 .written_at = written_at,
                 .listed_until = !pass->used                     ? G_MAXINT64
                                 : pass->used_at == LK_TIME_NONE ? G_MININT64 + 1
                                                                 : pass->used_at + listed_after_use,
                 .ended_at
                 = pass->used && pass->used_at != LK_TIME_NONE ? pass->used_at : pass->expires_at,
                 .idle = pass->has_contract && !pass->contract.active,
                 .deleted = pass->deleted };
  if (pass->used && pass->used_at == LK_TIME_NONE)
    out->ended_at = pass->created_at;
}

void
known_of_booking (const LkBooking *booking, LkTime written_at, gint64 grace, Known *out)
{
  g_autoptr (GString) text = g_string_sized_new (256);
  LkBooking content = *booking;

  content.revision = 1;
  lk_booking_write (&content, text);
  *out = (Known){ .revision = booking->revision,
                  .digest = digest (text),
                  .of = booking->deleted ? 0 : booking->resource,
                  .written_at = written_at,
                  .listed_until = booking->deleted ? G_MININT64 + 1 : booking->until + grace,
                  .ended_at = booking->deleted ? LK_TIME_NONE : booking->until + grace,
                  .deleted = booking->deleted };
}

DiffVerdict
diff_judge (const Known *stands, const Known *fresh, LkTime now)
{
  if (stands == NULL)
    {
      /* A deletion of what was never published, or what is over for long, says nothing new. */
      if (fresh->deleted
          || (fresh->ended_at != LK_TIME_NONE && fresh->ended_at < now - DIFF_ENDED_MS))
        return DIFF_SKIP;
      return DIFF_PUBLISH;
    }
  if (stands->digest == fresh->digest && stands->deleted == fresh->deleted)
    return DIFF_SAME;
  return fresh->revision > stands->revision ? DIFF_PUBLISH : DIFF_READ;
}

gboolean
diff_is_missing (const Known *stands, gint64 revision, LkTime started)
{
  return !stands->deleted && stands->revision < revision
         && (stands->listed_until == G_MAXINT64 || stands->listed_until > started + MARGIN_MS);
}

guint
diff_brake_limit (guint count, guint share, guint live)
{
  return MAX (count, (guint) ((guint64) live * share / 100));
}

gboolean
diff_is_over (const Known *stands, LkTime now)
{
  if (stands->deleted)
    return stands->written_at < now - DIFF_ENDED_MS;
  return stands->ended_at != LK_TIME_NONE && stands->ended_at < now - DIFF_ENDED_MS
         && stands->written_at < now - DIFF_ENDED_MS;
}
