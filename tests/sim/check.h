/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What must always hold (design §9), looked at from outside: S3 to S8 and S11 with every call and
 * every effect (check.c), S1, S3, S6 and S10 at rest (rest.c). What should be comes from truth.h,
 * what is from service.h and the logs. A breach ends the run. One thread.
 */
#pragma once

#include "service.h"
#include "truth.h"

G_BEGIN_DECLS

typedef struct _SimCheck SimCheck;

/* RATE: calls in a second that KISI allows; HORIZON in ms; SPACES as for the truth. */
SimCheck *sim_check_new (SimWorld *world, SimBroker *broker, guint rate, gint64 horizon);

/* A call leaves its process. */
void sim_check_sent (SimWorld *world, const SimRequest *request);
/* … while that process still waits for the answer to OTHER. */
void sim_check_pair (SimWorld *world, const SimRequest *request, const SimRequest *other);
/* SPACE is only observed from here on, or no longer. */
void sim_check_observed (SimWorld *world, guint space, gboolean observed);
/* PROCESS was told to call nothing for WAIT ms. */
void sim_check_told_to_wait (SimWorld *world, gconstpointer process, gint64 wait);

/* REQUEST has this effect: it was had just now (made), or is about to be had (-ing). */
void sim_check_user_made (SimWorld *world, const SimRequest *request, SimUser *user);
void sim_check_made (SimWorld *world, const SimRequest *request, const SimRight *right);
void sim_check_changing (SimWorld *world, const SimRequest *request, const SimRight *right);
void sim_check_deleting (SimWorld *world, const SimRequest *request, const SimRight *right);
/* USER's right in GROUP was refused as such: the person is blocked there until something changes.
 */
void sim_check_refused (SimWorld *world, gint64 user, gint64 group);

/* What was done to USER in GROUP (0: in each) is only seen by an audit from here on. */
void sim_check_spoil (SimWorld *world, gint64 user, gint64 group);

/* From here on nobody may write anything of SPACE (index) to KISI, whatever is given. */
void sim_check_leave_alone (SimWorld *world, guint space);
gboolean sim_check_is_left_alone (const SimWorld *world, guint space);

/* Nothing has gone wrong for long, and nothing new has come. */
void sim_check_rest (SimWorld *world);

/* --- between check.c and rest.c --------------------------------------------------------------- */

gboolean sim_check_is_spoilt (SimWorld *world, gint64 user, gint64 group);
/* Whether a refusal of SAID's person in GROUP stands since before SAID was said. */
gboolean sim_check_is_refused (SimWorld *world, const SimSaid *said, gint64 user, gint64 group);
/* Whether USER was ever refused in GROUP. */
gboolean sim_check_was_refused (SimWorld *world, gint64 user, gint64 group);
gboolean sim_check_takes_one_right (SimWorld *world); /* rights_per_group: one */
gint64 sim_check_horizon (SimWorld *world);
/* Whether the ledger of SPACE names USER as somebody's. */
gboolean sim_check_is_known (SimWorld *world, guint space, gint64 user);
/* Whether the access-changes tell CHANGE of the right ID, or of the user where it is about none. */
gboolean sim_check_is_told (SimWorld *world, const char *change, gint64 id);
/* Whatever we did is told (S10). */
void sim_check_all_told (SimWorld *world);

G_END_DECLS
