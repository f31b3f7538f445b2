/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One run of a history, in a process of its own, so that each begins the same and what it breaks
 * stays its own. One thread.
 */
#pragma once

#include "story.h"

G_BEGIN_DECLS

/* First of all in main: programs walk hash tables whose order follows from addresses, so these must
 * be the same each time, or a seed would not be. Starts the program anew when they are not. */
void sim_run_fixed (char **argv);

/* In memory that the runs see too. */
SimResult *sim_result_new (void);

/* Plays HISTORY, as sim_play does, and tells RESULT what came of it, whatever becomes of the run.
 */
void sim_run (const SimHistory *history, const gboolean *out, gboolean trace, SimResult *result);

G_END_DECLS
