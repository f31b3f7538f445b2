/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The one run loop of every daemon (design §11). A program's main.c is a description handed to
 * lk_program_run: options, configuration, logs, health server, Kafka clients, signals and the loop
 * are the same for all. One thread owns all state; nothing here blocks.
 *
 * Each turn: HTTP results, Kafka events (producer first, then ownership, then the reader, which
 * rests while the producer is over 80 % full), due timers, the program's own turn, the health
 * server. Then it waits for a descriptor or the nearest deadline, at most 1 s.
 */
#pragma once

#include <latchkey/base/clock.h>
#include <latchkey/config/config.h>
#include <latchkey/kafka/ownership.h>
#include <latchkey/kafka/table.h>

G_BEGIN_DECLS

typedef struct _LkProgram LkProgram;

typedef enum
{
  LK_SCOPE_SPACES,   /* works for spaces: --space CODE */
  LK_SCOPE_NEXUDUS,  /* works for Nexudus accounts: --account NAME */
  LK_SCOPE_KISI,     /* works for KISI accounts: --account NAME */
} LkScope;

typedef enum
{
  LK_USE_READ = 1 << 0,
  LK_USE_WRITE = 1 << 1,
  LK_USE_OWN = 1 << 2, /* work is owned through this topic's partitions */
} LkUse;

typedef struct
{
  LkKind kind;
  guint use; /* LkUse bits */
} LkTopicUse;

typedef struct
{
  const char *name;    /* "latchkey-pass-worker" */
  const char *program; /* group and client name: "pass-worker" */
  const char *summary; /* one line for --help and --describe */
  LkScope scope;
  LkSecretUse secrets;
  const LkTopicUse *topics; /* ends with use 0 */
  guint linger_ms;          /* how long what is written may wait for more to go with it */
  gconstpointer data;       /* for lk_program_data: what a shared `start` works from */

  /* Builds the program's state; the clients below exist, and so do all topics of the description,
   * with the partitions that the configuration names (until then the program is alive, unready).
   * NULL with ERROR (CONFIG: exit status 2, else 3) ends the process. */
  gpointer (*start) (LkProgram *program, GError **error);
  /* One turn of the program's own work; must not block. Returns TRUE to be called again at once. */
  gboolean (*turn) (gpointer state);
  /* SIGTERM or the fatal end: start nothing new. Then `stopped` is asked each turn until it says
   * TRUE, 8 s at most; the group is left before, so revocations happen in between. */
  void (*stop) (gpointer state);
  gboolean (*stopped) (gpointer state);
  /* SIGHUP changed what may change; may be NULL. */
  void (*reloaded) (gpointer state);
  void (*free) (gpointer state);

  /* Ownership of the topics that have LK_USE_OWN; DATA is the state. */
  LkOwnershipHandler ownership;
} LkProgramSpec;

/* Runs it to its end; returns the exit status. */
int lk_program_run (const LkProgramSpec *spec, int argc, char **argv);

gconstpointer lk_program_data (const LkProgram *program);
const LkConfig *lk_program_config (const LkProgram *program);
const LkClock *lk_program_clock (const LkProgram *program);
LkTimers *lk_program_timers (const LkProgram *program);
LkKafka *lk_program_kafka (const LkProgram *program);
LkProducer *lk_program_producer (const LkProgram *program);
LkReader *lk_program_reader (const LkProgram *program);
LkOwnership *lk_program_ownership (const LkProgram *program); /* NULL until topics exist */

/* What --space or --account chose, in the order of the configuration. Elements are borrowed:
 * LkConfigSpace* (spaces of the chosen accounts too), LkConfigNexudus* or LkConfigKisi*. */
const GPtrArray *lk_program_spaces (const LkProgram *program);
const GPtrArray *lk_program_accounts (const LkProgram *program);

/* Readiness: each WHAT (a short fixed word) may hold a reason why not; NULL clears it. /readyz is
 * 200 when none is left. Topics, secrets and ownership's first assignment are seen to by the
 * loop. */
void lk_program_not_ready (LkProgram *program, const char *what, const char *reason);

/* A record that can't be understood goes to its space's rejects topic, once: only when we own its
 * partition and its offset is not below what the group has committed. FUNC (may be NULL) is called
 * with the acknowledgement, at once when nothing is written. */
void lk_program_reject (LkProgram *program, const LkRecord *record, const char *space,
                        gint64 committed, const GError *error, LkAckFunc func, gpointer data);

/* Ends the loop in good order with STATUS; logs REASON. */
void lk_program_end (LkProgram *program, int status, const char *reason);

/* For tests and the CLI, which have a loop of their own: waits on HTTP and FD until something
 * happens or TIMEOUT_MS pass. */
void lk_wait (int fd, gint64 timeout_ms);

G_END_DECLS
