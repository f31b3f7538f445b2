/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * How alike two names are. Words are runs of letters and digits; case, accents and all between the
 * words don't count. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether both are the same words in the same order (and there are any). */
gboolean match_is_same (const char *a, const char *b);

/* Dice's measure of their words, each counted once: twice those that both have, by all of both. 1:
 * the same words; 0: none in common. */
double match_likeness (const char *a, const char *b);

G_END_DECLS
