/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One simulated executor process: the real account with the real tables, on a clock, a loop and
 * Kafka clients that are played. What <latchkey/program/program.h>, <latchkey/kafka/reader.h>,
 * <latchkey/kafka/producer.h> and <latchkey/kisi/kisi.h> declare is defined in process.c, reader.c,
 * producer.c and client.c for it, an LkProgram being a SimProcess. Two of them, of one account,
 * live in one world.
 *
 * A process that is paused stands still between two steps of its loop: what it had sent goes on,
 * what it had not sent is sent when it wakes. One that is killed leaves what it had sent. One
 * thread.
 */
#pragma once

#include "broker.h"
#include "service.h"

#include <latchkey/kafka/ownership.h>
#include <latchkey/program/program.h>

#include "../../src/executor/account.h"

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
  LkKisi *kisi; /* of the account, once it is made */
  Account *account;

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

/* client.c */
gboolean sim_client_turn (LkKisi *kisi);
void sim_client_kill (LkKisi *kisi);
void sim_client_pause (LkKisi *kisi);
void sim_client_wake (LkKisi *kisi);
guint sim_client_in_flight (const LkKisi *kisi);

G_END_DECLS
