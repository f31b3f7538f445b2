/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a simulation is made of, for the runner (main.c): a history that is drawn from a seed, and
 * the playing of it in a world of its own. Each simulation defines all of it. One thread.
 */
#pragma once

#include "world.h"

G_BEGIN_DECLS

/* For --help, and what goes wrong in it. */
extern const char sim_name[], sim_summary[];

/* What happens, each at its time; drawn before anything is played, so that parts can be left out.
 */
typedef struct _SimHistory SimHistory;

SimHistory *sim_history_new (guint64 seed);
void sim_history_free (SimHistory *history);
guint sim_history_length (const SimHistory *history); /* events */
/* One line each, without a newline; free with g_free. */
char *sim_history_event (const SimHistory *history, guint event);
char *sim_history_readings (const SimHistory *history);

/* Histories that are written, not drawn: how many there are, and one of them. */
guint sim_stories (void);
const char *sim_story_name (guint index);
/* Free with sim_history_free. */
SimHistory *sim_story_new (guint index);

/* Whether FAULT can't happen in it. */
gboolean sim_is_left_out (SimFault fault);

/* What all runs have in common; once, before the first. */
void sim_play_prepare (void);

/* Plays HISTORY without those events whose place in OUT (may be NULL) is TRUE. Returns when nothing
 * was broken; a breach ends the process (sim_breach). */
void sim_play (const SimHistory *history, const gboolean *out, gboolean trace, SimResult *result);

/* One line of figures of many runs; free with g_free. */
char *sim_sum_text (const SimResult *sum);

G_END_DECLS
