/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey: the operator's command line. Loads the configuration, runs the command, and turns its
 * error into a line and a status.
 */
#include "cli.h"

#include <signal.h>
#include <stdio.h>

static gboolean
load_config (Cli *cli)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  cli->config = lk_config_load (cli->config_path, 0, &problems);
  if (cli->config != NULL)
    return TRUE;
  lk_config_print_problems (cli->config_path, problems, text);
  (void) fputs (text->str, stderr);
  return FALSE;
}

static void
cli_clear (Cli *cli)
{
  lk_reader_free (cli->reader);
  lk_producer_free (cli->producer);
  lk_kafka_free (cli->kafka);
  lk_timers_free (cli->timers);
  lk_config_free (cli->config);
  g_free (cli->config_path);
  g_free (cli->topics_dir);
  g_free (cli->space);
  g_free (cli->door);
  g_free (cli->at);
  g_free (cli->since);
  g_strfreev (cli->words);
}

static int
status_of (const GError *error)
{
  switch (error->code)
    {
    case LK_ERROR_CONFIG:
    case LK_ERROR_REJECT:
      return CLI_USAGE;
    case LK_ERROR_BLOCKED:
      return CLI_DIFFERENCES;
    default:
      return CLI_UNREACHABLE;
    }
}

int
main (int argc, char **argv)
{
  Cli cli = { .clock = lk_clock_real () };
  g_autofree char *say = NULL;
  g_autoptr (GError) error = NULL;
  const CliCommand *command = cli_line_parse (&cli, argc, argv, &say, &error);
  int status = CLI_DONE;

  (void) signal (SIGPIPE, SIG_IGN);
  /* People read this program's own lines; the libraries' logs only where something is wrong. */
  lk_log_init ("latchkey", LK_LOG_ERROR);
  if (say != NULL)
    (void) fputs (say, stdout);
  else if (command != NULL && !load_config (&cli))
    status = CLI_USAGE;
  else if (command != NULL)
    {
      cli.timers = lk_timers_new (cli.clock);
      status = command->run (&cli, &error);
    }
  if (error != NULL)
    {
      (void) fprintf (stderr, "latchkey: %s\n", error->message);
      status = status_of (error);
    }
  cli_clear (&cli);
  return status;
}
