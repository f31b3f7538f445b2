/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a booking gives the member or contact who made it (design §5, "Booking"). Pure; any thread.
 */
#pragma once

#include <latchkey/model/command.h>
#include <latchkey/model/rules.h>
#include <latchkey/model/snapshot.h>

G_BEGIN_DECLS

/* Fills OUT (to be cleared by the caller) with the claims of BOOKING under RULES; never fails. */
void booking_decide (const LkBooking *booking, const LkRules *rules, LkCommand *out);

G_END_DECLS
