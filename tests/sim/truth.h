/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What should be: a statement of design §5 and §6 of its own, made from nothing but the commands in
 * the log. It works by asking of single instants whether they are given, so that it shares neither
 * code nor manner with the executor's unions of windows. One thread.
 */
#pragma once

#include "broker.h"

#include <latchkey/model/window.h>

G_BEGIN_DECLS

typedef struct _SimTruth SimTruth;

typedef struct
{
  gint64 source; /* which command it is of */
  gint64 group;
  LkTime from, until; /* whole seconds; G_MININT64 and G_MAXINT64 where open */
} SimClaim;

/* What the commands said of one person since an instant, until the next one. */
typedef struct
{
  LkTime since;
  gboolean entitled;
  char *email;    /* NULL: none */
  GArray *claims; /* SimClaim */
} SimSaid;

typedef struct
{
  guint space;
  gint64 member;
  GHashTable *versions; /* key of a command → its highest version (owned) */
  GPtrArray *said;      /* SimSaid*, oldest first; never empty */
} SimPerson;

/* SPACES are their codes, NULL-terminated, borrowed; it watches their commands. */
SimTruth *sim_truth_new (SimWorld *world, SimBroker *broker, const char *const *spaces);

const GPtrArray *sim_truth_people (const SimTruth *truth); /* SimPerson* */
const SimSaid *sim_person_now (const SimPerson *person);
gboolean sim_said_is_under (const SimSaid *said, const char *email);
gboolean sim_person_was_under (const SimPerson *person, const char *email); /* or is */

/* Whether SAID gives GROUP at the instant AT. */
gboolean sim_said_gives (const SimSaid *said, gint64 group, LkTime at);
/* All that is given without a break around AT, at which something is. */
LkWindow sim_said_run (const SimSaid *said, gint64 group, LkTime at);
/* Every instant at which what SAID gives of GROUP may change is added to AT (element: LkTime). */
void sim_said_edges (const SimSaid *said, gint64 group, GArray *at);

/* Who may be served under the address of SAID, which must have one: of all members entitled now
 * with it, the lowest (design §6.8). 0: nobody. */
gint64 sim_truth_holder (const SimTruth *truth, const char *email);
/* Whether two members ever had EMAIL. */
gboolean sim_truth_was_shared (const SimTruth *truth, const char *email);

G_END_DECLS
