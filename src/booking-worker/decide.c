/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The rules of a booking, in the order of design §5.
 */
#include "decide.h"

/* Whether BOOKING opens anything at all, and why (not). */
static LkWhy
why_of (const LkBooking *booking, const LkRules *rules, const LkMapping *mapping)
{
  if (booking->deleted)
    return LK_WHY_DELETED;
  if (booking->cancelled)
    return LK_WHY_CANCELLED;
  if (mapping == NULL)
    return LK_WHY_NOT_MAPPED;
  if (booking->tentative && !rules->tentative)
    return LK_WHY_TENTATIVE;
  /* Ends before it begins: without this the lead alone would open the room. */
  if (booking->until <= booking->from)
    return LK_WHY_EXPIRED;
  return LK_WHY_BOOKED;
}

void
booking_decide (const LkBooking *booking, const LkRules *rules, LkCommand *out)
{
  const LkMapping *mapping = lk_rules_find (rules, LK_TARGET_RESOURCE, booking->resource);

  *out = (LkCommand){ .kind = LK_SOURCE_BOOKING,
                      .member = booking->member,
                      .source_id = booking->booking,
                      .space = g_strdup (booking->space),
                      .version = { booking->revision, rules->rules_version },
                      .why = why_of (booking, rules, mapping) };
  if (out->why != LK_WHY_BOOKED || mapping == NULL)
    return;

  gint64 lead_s = mapping->lead_s >= 0 ? mapping->lead_s : rules->lead_s;
  LkWindow window = { booking->from - lead_s * LK_SECOND,
                      booking->until + rules->grace_s * LK_SECOND };

  out->claims = g_new0 (LkClaim, mapping->n_groups);
  for (guint g = 0; g < mapping->n_groups; g++)
    out->claims[out->n_claims++] = (LkClaim){ mapping->groups[g].id, window };
}
