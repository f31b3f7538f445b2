/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Facts of a right.
 */
#include "merge.h"

/* A right that ended without ever having an id was given up; one that turns up held is the truth.
 */
static int
rank (const LkRight *right)
{
  switch (right->state)
    {
    case LK_RIGHT_INTENDED:
      return 0;
    case LK_RIGHT_ENDED:
      return right->right_id == 0 ? 1 : 3;
    case LK_RIGHT_HELD:
      return 2;
    }
  return 0;
}

int
merge_compare (const LkRight *a, const LkRight *b)
{
  if (rank (a) != rank (b))
    return rank (a) - rank (b);
  if ((a->right_id != 0) != (b->right_id != 0))
    return a->right_id != 0 ? 1 : -1;
  return 0;
}

void
merge_rights (const LkRight *a, const LkRight *b, LkRight *out)
{
  const LkRight *more = merge_compare (a, b) > 0 ? a : b, *less = more == a ? b : a;

  lk_right_copy (out, more);
  if (out->right_id == 0)
    out->right_id = less->right_id;
  if (out->intended_at == LK_TIME_NONE)
    out->intended_at = less->intended_at;
}
