/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One simulated process of the executor, or of the poller: its real account with the real tables,
 * on a clock, a loop and Kafka clients that are played. What <latchkey/program/program.h>,
 * <latchkey/kafka/reader.h> and <latchkey/kafka/producer.h> declare is defined in process.c,
 * reader.c and producer.c for it, an LkProgram being a SimProcess; what is different between the
 * two, and the way to the outside service, is each simulation's own (actor.c, client.c). Two of
 * them, of one account, live in one world.
 *
 * A process that is paused stands still between two steps of its loop: what it had sent goes on,
 * what it had not sent is sent when it wakes. One that is killed leaves what it had sent. One
 * thread.
 */
#pragma once

#include "broker.h"

#include <latchkey/kafka/ownership.h>
#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _LkProgram SimProcess;

struct _LkProgram
{
  LkClock clock; /* first: a clock is its process */
  SimWorld *world;
  guint index;       /* 0 or 1 */
  guint life;        /* how many processes there were before it in this place */
  LkTime wall_shift; /* of its machine's clock against the true time */
  LkTime shifted_at; /* when that changed last */
  const LkConfig *config;
  GPtrArray *spaces, *accounts;
  LkTimers *timers;
  LkReader *reader;
  LkProducer *producer;
  struct _SimClient *client; /* of the account, once it is made */
  struct _Account *account;

  gboolean dead, paused;
  LkTime paused_at, woken_at;
  /* Ownership as it was told (owners.c). */
  gboolean owns;      /* it was told so, and nothing else since */
  gboolean releasing; /* revoked in good order, and not yet idle */
  LkTime release_until;
  gboolean tell_assigned, tell_revoked, tell_lost; /* with the next turn */

  LkTime turn_at; /* the next turn that is asked for; LK_TIME_NONE */
  guint quiet;    /* turns in a row in which nothing came */
};

/* Starts it; it reads from the beginning. CONFIG is borrowed. */
SimProcess *sim_process_new (SimWorld *world, guint index, guint life, const LkConfig *config);
/* Kills it. The struct itself stays, dead, since what it sent still points to it. */
void sim_process_kill (SimProcess *process);
void sim_process_pause (SimProcess *process);
void sim_process_wake (SimProcess *process);
gboolean sim_process_runs (const SimProcess *process); /* neither dead nor paused */

/* A turn of its loop in DELAY ms at the latest; SOMETHING came for it. */
void sim_process_stir (SimProcess *process, gint64 delay);
/* Its clock jumps. */
void sim_process_shift (SimProcess *process, LkTime shift);
/* What it decides now may follow from a wrong clock. */
gboolean sim_process_is_astray (const SimProcess *process);

/* reader.c */
LkReader *sim_reader_new (SimProcess *process);
void sim_reader_free (LkReader *reader);
gboolean sim_reader_turn (LkReader *reader); /* TRUE when something came */
/* The place to go on from in LOG is gone. */
void sim_reader_reread (LkReader *reader, SimLog *log);

/* producer.c */
LkProducer *sim_producer_new (SimProcess *process);
gboolean sim_producer_turn (LkProducer *producer);
void sim_producer_kill (LkProducer *producer);
void sim_producer_pause (LkProducer *producer);
void sim_producer_wake (LkProducer *producer);

/* client.c: what is on its way to the service, and what came back from there. */
typedef struct _SimClient SimClient;
gboolean sim_client_turn (SimClient *client);
void sim_client_kill (SimClient *client);
void sim_client_pause (SimClient *client);
void sim_client_wake (SimClient *client);
guint sim_client_in_flight (const SimClient *client);

/* actor.c: the program. */
/* Makes the account of process->accounts, whose configuration is added there; it makes a client. */
void sim_actor_start (SimProcess *process);
void sim_actor_own (SimProcess *process);
void sim_actor_disown (SimProcess *process, gboolean lost); /* LOST: another may have it already */
gboolean sim_actor_is_idle (const SimProcess *process);
gboolean sim_actor_turn (SimProcess *process); /* TRUE when it did something */

G_END_DECLS
