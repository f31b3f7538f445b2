/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One simulated world: its time, what is to happen when, its dice and its protocol. Everything that
 * happens in it follows from the seed and the history that is played, so a run can be had again,
 * and had again with parts of the history left out.
 *
 * A run is a process of its own (main.c forks it): whatever it breaks is found by the parent, and
 * the first breach of an invariant ends it. One thread.
 */
#pragma once

#include <latchkey/base/time.h>

#include "weather.h"

G_BEGIN_DECLS

typedef enum
{
#define SIM_FAULT(id, what) SIM_FAULT_##id,
#include <faults.def>
#undef SIM_FAULT
  SIM_FAULTS
} SimFault;

const char *sim_fault_name (SimFault fault);

/* What a run tells its parent, in memory that both see. */
typedef struct
{
  gboolean failed;
  char invariant[16]; /* "S1" */
  char message[512];
  guint faults[SIM_FAULTS]; /* how often each really happened */
  guint calls, writes, records, rests;
} SimResult;

typedef struct _SimWorld SimWorld;
typedef struct _SimAgenda SimAgenda;

struct _SimWorld
{
  guint64 seed;
  LkTime now;         /* the true time; the steady clocks run on it too */
  SimResult *result;  /* borrowed */
  gboolean exclusive; /* rows that our API user made are ours */
  gboolean trace;     /* the protocol goes to standard output */
  SimAgenda *agenda;
  guint weather[WEATHERS]; /* percent, now */
  gint64 ledger_lag;       /* ms that a record of a ledger is read later, now */
  GHashTable *throws;      /* dice: how often each was thrown */

  /* The parts; each knows its own. */
  struct _SimBroker *broker;
  struct _SimService *service;
  struct _SimTruth *truth;
  struct _SimOwners *owners;
  struct _SimCheck *check;
  struct _SimWishes *wishes;
};

SimWorld *sim_world_new (guint64 seed, LkTime start, SimResult *result);

/* FUNC (DATA) after DELAY ms (≥ 0); what is due at the same instant in the order it was asked for.
 */
typedef void (*SimFunc) (gpointer data);
void sim_after (SimWorld *world, gint64 delay, SimFunc func, gpointer data);
/* Lets time pass until UNTIL, doing what is due. */
void sim_run_until (SimWorld *world, LkTime until);

/* The dice, 0 … SIDES - 1. They fall by what they are thrown for, and the how-many-th time it is,
 * so that leaving out a part of the history leaves the rest of it mostly alone. */
guint sim_throw (SimWorld *world, guint sides, const char *what, gint64 a, gint64 b);
/* TRUE with PERCENT. */
gboolean sim_chance (SimWorld *world, guint percent, const char *what, gint64 a, gint64 b);

void sim_count (SimWorld *world, SimFault fault);
/* A line of the protocol, when there is one. */
void sim_note (SimWorld *world, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* INVARIANT does not hold: the run is over. */
void sim_breach (SimWorld *world, const char *invariant, const char *format, ...)
    G_GNUC_PRINTF (3, 4) G_GNUC_NORETURN;

/* "+01:02:03.456", the time since the start, into BUF (24); returns BUF. */
const char *sim_clock_text (const SimWorld *world, LkTime time, char buf[24]);

G_END_DECLS
