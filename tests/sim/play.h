/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Playing a history in a world of its own: first what happens, then a rest without any fault, then
 * everything read again, then days in which nothing is done but time passes. One thread.
 */
#pragma once

#include "history.h"

G_BEGIN_DECLS

/* What all runs have in common; once, before the first. */
void sim_play_prepare (void);

/* Plays HISTORY without those events whose place in OUT (may be NULL) is TRUE. Returns when nothing
 * was broken; a breach ends the process (sim_breach). */
void sim_play (const SimHistory *history, const gboolean *out, gboolean trace, SimResult *result);

G_END_DECLS
