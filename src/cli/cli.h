/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What all commands of `latchkey` stand on: the line as understood, the configuration, and a small
 * loop over the Kafka clients that waits for one thing. One thread; blocking is fine here.
 */
#pragma once

#include <latchkey/base/clock.h>
#include <latchkey/config/config.h>
#include <latchkey/kafka/table.h>
#include <latchkey/kafka/topics.h>

G_BEGIN_DECLS

/* Exit status (design §10). */
enum
{
  CLI_DONE = 0,
  CLI_DIFFERENCES = 1,
  CLI_USAGE = 2,
  CLI_UNREACHABLE = 3,
};

typedef struct
{
  /* the line */
  char *config_path, *topics_dir;
  gboolean json, yes, show;
  gint64 max_losers; /* -1: not given */
  char *space;       /* --space; NULL: all */
  char *door, *at;   /* explain */
  char **words;      /* what is not an option, without the command itself; NULL-terminated */

  /* what it needs */
  LkConfig *config;
  const LkClock *clock;
  LkTimers *timers;
  LkKafka *kafka;
  LkProducer *producer;
  LkReader *reader;
} Cli;

/* A command: its words ("topics plan"), its line of help, and whether it takes a member. Returns
 * the exit status; an ERROR is printed by main, and its code gives the status. */
typedef struct
{
  const char *name, *arguments, *help;
  int (*run) (Cli *cli, GError **error);
} CliCommand;

int check_run (Cli *cli, GError **error);
int topics_plan_run (Cli *cli, GError **error);
int topics_apply_run (Cli *cli, GError **error);
int rules_plan_run (Cli *cli, GError **error);
int rules_apply_run (Cli *cli, GError **error);
int status_run (Cli *cli, GError **error);
int explain_run (Cli *cli, GError **error);

/* --- Kafka ---------------------------------------------------------------------------------- */

/* Opens the Kafka clients (once); FALSE with RETRY when no broker answers in 10 s. */
gboolean cli_open_kafka (Cli *cli, GError **error);

/* One turn of the clients, then a wait until something happens, at most TIMEOUT_MS. */
void cli_turn (Cli *cli, gint64 timeout_ms);

/* Turns until DONE says TRUE; FALSE with RETRY and "waiting for WHAT" after DEADLINE_MS. */
gboolean cli_wait (Cli *cli, gboolean (*done) (gpointer data), gpointer data, const char *what,
                   gint64 deadline_ms, GError **error);

/* A loaded TABLE, read on to the end as of now. */
gboolean cli_refresh (Cli *cli, LkTable *table, GError **error);

/* Writes one record and waits for its acknowledgement. */
gboolean cli_write (Cli *cli, const char *topic, gint32 partition, const char *key,
                    const char *value, gsize len, const LkHeaders *headers, GError **error);

/* The chosen spaces: all, or the one of --space (CONFIG when it is unknown). Elements borrowed. */
GPtrArray *cli_spaces (Cli *cli, GError **error);

/* --- people ---------------------------------------------------------------------------------- */

/* Asks on the terminal, unless --yes; without a terminal and --yes: CONFIG. */
gboolean cli_confirm (Cli *cli, const char *question, gboolean *out_yes, GError **error);

G_END_DECLS
