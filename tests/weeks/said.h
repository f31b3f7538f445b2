/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a record of members, passes or bookings says, read with nothing from src. Pure.
 */
#pragma once

#include "truth.h"

G_BEGIN_DECLS

/* FALSE: it is none; OUT_WHY (256) then says why. */
gboolean said_read (TruthKind kind, guint space, const char *code, const char *json, gsize len,
                    TruthSaid *out, char *out_why);

G_END_DECLS
