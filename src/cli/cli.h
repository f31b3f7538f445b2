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
#include <latchkey/model/json.h>
#include <latchkey/model/window.h>

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
  gboolean json, yes, show, all;
  gint64 max_losers; /* -1: not given */
  gint64 wait_ms;    /* for what a wish comes to; -1: not given */
  char *space;       /* --space; NULL: all */
  char *door;        /* explain, reports */
  char *at, *since;  /* as written */
  char **words;      /* what is not an option, without the command itself; NULL-terminated */

  /* what it needs */
  LkConfig *config;
  const LkClock *clock;
  LkTimers *timers;
  LkKafka *kafka;
  LkProducer *producer;
  LkReader *reader;
} Cli;

/* Options that not every command takes. */
typedef enum
{
  CLI_OPTION_YES = 1 << 0,
  CLI_OPTION_SPACE = 1 << 1,
  CLI_OPTION_MAX_LOSERS = 1 << 2,
  CLI_OPTION_DOOR = 1 << 3,
  CLI_OPTION_AT = 1 << 4,
  CLI_OPTION_SINCE = 1 << 5,
  CLI_OPTION_ALL = 1 << 6,
  CLI_OPTION_WAIT = 1 << 7,
  CLI_OPTION_SHOW = 1 << 8,
} CliOption;

/* A command. RUN returns the exit status; an ERROR is printed by main, and its code gives the
 * status. */
typedef struct
{
  const char *name;      /* its words: "topics plan" */
  const char *arguments; /* as usage shows them: "MEMBER" */
  const char *help;      /* one line */
  const char *about;     /* what `--help` behind it tells besides: one paragraph, unbroken */
  guint options;         /* CliOption bits */
  guint least, most;     /* how many words may follow */
  int (*run) (Cli *cli, GError **error);
} CliCommand;

int check_run (Cli *cli, GError **error);
int topics_plan_run (Cli *cli, GError **error);
int topics_apply_run (Cli *cli, GError **error);
int rules_propose_run (Cli *cli, GError **error);
int rules_plan_run (Cli *cli, GError **error);
int rules_apply_run (Cli *cli, GError **error);
int adopt_plan_run (Cli *cli, GError **error);
int adopt_apply_run (Cli *cli, GError **error);
int status_run (Cli *cli, GError **error);
int explain_run (Cli *cli, GError **error);
int drift_run (Cli *cli, GError **error);
int reports_run (Cli *cli, GError **error);
int rejects_list_run (Cli *cli, GError **error);
int rejects_show_run (Cli *cli, GError **error);
int resync_run (Cli *cli, GError **error);
int forget_run (Cli *cli, GError **error);
int brake_run (Cli *cli, GError **error);
int brake_release_run (Cli *cli, GError **error);

/* --- the line (line.c, commands.c) ------------------------------------------------------------ */

#define CLI_CONFIG_DEFAULT "/etc/latchkey/latchkey.yaml"

/* Fills CLI from the line. NULL with ERROR (CONFIG), or with *OUT_SAY set: what was asked for
 * (--help, --version; free with g_free). */
const CliCommand *cli_line_parse (Cli *cli, int argc, char **argv, char **out_say, GError **error);

const CliCommand *cli_commands (guint *out_n);
/* Those that begin with WORD, CliCommand*, borrowed: of "topics", which is none itself. */
GPtrArray *cli_commands_of (const char *word);
/* The command that WORDS begin with; *OUT_WORDS is how many of them are its name. NULL with CONFIG,
 * which names the nearest one. */
const CliCommand *cli_command_find (char **words, guint *out_words, GError **error);

/* The n-th word as a member's id; CONFIG when it is none. */
gboolean cli_member_parse (const char *word, gint64 *out, GError **error);

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

/* A table for people: g_ptr_array rows of strv, first one the header; columns padded. */
typedef struct
{
  GPtrArray *rows;
} CliTable;

void cli_table_init (CliTable *table, const char *first, ...) G_GNUC_NULL_TERMINATED;
/* Takes over the strings (g_malloc'ed). */
void cli_table_row (CliTable *table, char *first, ...) G_GNUC_NULL_TERMINATED;
void cli_table_print (CliTable *table);
void cli_table_clear (CliTable *table);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliTable, cli_table_clear)

/* An id as a cell, "-" for none (0); and in JSON, null for none. */
char *cli_id_text (gint64 id);
void cli_json_id (LkJsonWriter *writer, const char *key, gint64 id);
/* "2026-09-01T08:00:00Z to no end". Free with g_free. */
char *cli_window_text (LkWindow window);

/* Asks on the terminal, unless --yes; without a terminal and --yes: CONFIG. */
gboolean cli_confirm (Cli *cli, const char *question, gboolean *out_yes, GError **error);

G_END_DECLS
