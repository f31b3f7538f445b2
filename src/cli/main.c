/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey: the operator's command line. Finds the command, loads the configuration, runs it, and
 * turns its error into a line and a status.
 */
#include "cli.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_DEFAULT "/etc/latchkey/latchkey.yaml"

static const CliCommand commands[] = {
  { "check", "", "Check the configuration, then every connection: whose key, which rights",
    check_run },
  { "topics plan", "", "Show what `topics apply` would create or alter", topics_plan_run },
  { "topics apply", "", "Make the cluster's topics agree with the files; never deletes",
    topics_apply_run },
  { "rules plan", "", "Show what the mappings come to: who gains, who loses", rules_plan_run },
  { "rules apply", "", "Publish the rules, so that the workers decide by them", rules_apply_run },
  { "status", "", "How each space and account stands", status_run },
  { "explain", "MEMBER", "Every pass and booking of a member, what it gives, the right in KISI",
    explain_run },
};

static void
print_commands (GString *out)
{
  g_string_append (out, "Commands:\n");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *left = g_strdup_printf ("%s %s", commands[i].name, commands[i].arguments);
      g_string_append_printf (out, "  %-24s %s\n", left, commands[i].help);
    }
  g_string_append (out,
                   "\n`plan` shows, `apply` shows and does. Exit status: 0 done, 1 differences "
                   "or problems found,\n2 usage or configuration, 3 a service is out of reach.");
}

/* The command that the words begin with; *OUT_WORDS is how many of them are its name. */
static const CliCommand *
find_command (char **words, guint *out_words)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (GStrv) name = g_strsplit (commands[i].name, " ", -1);
      guint n = 0;
      while (name[n] != NULL && words[n] != NULL && g_str_equal (name[n], words[n]))
        n++;
      if (name[n] == NULL)
        {
          *out_words = n;
          return &commands[i];
        }
    }
  return NULL;
}

static void
unknown_command (char **words, GError **error)
{
  const char *names[G_N_ELEMENTS (commands)];
  g_autofree char *said = g_strjoinv (" ", words);
  const char *near;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  near = lk_nearest (said, names, G_N_ELEMENTS (names));
  if (near != NULL)
    (void) lk_fail (error, LK_ERROR_CONFIG, "unknown command '%s' (did you mean '%s'?)", said,
                    near);
  else
    (void) lk_fail (error, LK_ERROR_CONFIG, "unknown command '%s'; try --help", said);
}

static const CliCommand *
parse_line (Cli *cli, int argc, char **argv, gboolean *out_version, GError **error)
{
  g_auto (GStrv) words = NULL;
  gint64 max_losers = -1;
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &cli->config_path,
      "The configuration file (default " CONFIG_DEFAULT ")", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &cli->json, "JSON with stable names on standard output",
      NULL },
    { "show", 0, 0, G_OPTION_ARG_NONE, &cli->show,
      "check: show the configuration as it applies, defaults too, secrets masked", NULL },
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &cli->yes, "Do it without asking", NULL },
    { "space", 0, 0, G_OPTION_ARG_STRING, &cli->space, "This space only", "CODE" },
    { "topics-dir", 0, 0, G_OPTION_ARG_FILENAME, &cli->topics_dir,
      "Where the topic files are (default " LK_TOPICS_DIR ")", "DIR" },
    { "max-losers", 0, 0, G_OPTION_ARG_INT64, &max_losers,
      "rules: refuse when more members than this would lose a right", "N" },
    { "door", 0, 0, G_OPTION_ARG_STRING, &cli->door,
      "explain: this door only, as KISI names it, or id:NUMBER", "DOOR" },
    { "at", 0, 0, G_OPTION_ARG_STRING, &cli->at, "explain: as of this time (RFC 3339)", "TIME" },
    { "version", 'V', 0, G_OPTION_ARG_NONE, out_version, "Print the version, and end", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND");
  g_autoptr (GString) help = g_string_new (NULL);
  g_autoptr (GError) local = NULL;
  const CliCommand *command;
  guint n = 0;

  g_option_context_set_summary (context, "Keeps the doors of coworking spaces in step with their "
                                         "members: the operator's command line.");
  print_commands (help);
  g_option_context_set_description (context, help->str);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &local))
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "%s; try --help", local->message);
      return NULL;
    }
  if (*out_version)
    return NULL;
  if (words == NULL)
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "which command? Try --help");
      return NULL;
    }
  command = find_command (words, &n);
  if (command == NULL)
    {
      unknown_command (words, error);
      return NULL;
    }
  cli->max_losers = max_losers;
  cli->words = g_strdupv (words + n);
  if ((*command->arguments == '\0') != (cli->words[0] == NULL)
      || (cli->words[0] != NULL && cli->words[1] != NULL))
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "usage: latchkey %s%s%s", command->name,
                      *command->arguments == '\0' ? "" : " ", command->arguments);
      return NULL;
    }
  if (cli->config_path == NULL)
    cli->config_path = g_strdup (CONFIG_DEFAULT);
  if (cli->topics_dir == NULL)
    cli->topics_dir = g_strdup (LK_TOPICS_DIR);
  return command;
}

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
  gboolean version = FALSE;
  g_autoptr (GError) error = NULL;
  const CliCommand *command = parse_line (&cli, argc, argv, &version, &error);
  int status = CLI_DONE;

  (void) signal (SIGPIPE, SIG_IGN);
  /* People read this program's own lines; the libraries' logs only where something is wrong. */
  lk_log_init ("latchkey", LK_LOG_ERROR);
  if (version)
    (void) printf ("latchkey %s\n", LK_VERSION);
  else if (command != NULL)
    {
      if (!load_config (&cli))
        status = CLI_USAGE;
      else
        {
          cli.timers = lk_timers_new (cli.clock);
          status = command->run (&cli, &error);
        }
    }
  if (error != NULL)
    {
      (void) fprintf (stderr, "latchkey: %s\n", error->message);
      status = status_of (error);
    }
  cli_clear (&cli);
  return status;
}
