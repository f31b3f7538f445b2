/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The command line as understood: options anywhere, the command's words, help.
 */
#include "cli.h"

#include <string.h>

/* What the help of one command says of an option; the texts are the general help's too. */
static const struct
{
  guint option; /* 0: every command takes it */
  const char *name, *argument, *help;
} options[] = {
  { 0, "config", "FILE", "The configuration file (default " CLI_CONFIG_DEFAULT ")" },
  { 0, "json", NULL, "JSON with stable names on standard output" },
  { 0, "topics-dir", "DIR", "Where the topic files are (default " LK_TOPICS_DIR ")" },
  { CLI_OPTION_SHOW, "show", NULL,
    "check: show the configuration as it applies, defaults too, secrets masked" },
  { CLI_OPTION_YES, "yes", NULL, "Do it without asking" },
  { CLI_OPTION_SPACE, "space", "CODE", "This space only" },
  { CLI_OPTION_MAX_LOSERS, "max-losers", "N",
    "rules: refuse when more members than this would lose a right" },
  { CLI_OPTION_DOOR, "door", "DOOR",
    "explain, reports: this door only, as KISI names it, or id:NUMBER" },
  { CLI_OPTION_AT, "at", "TIME", "explain: as of this time (RFC 3339)" },
  { CLI_OPTION_SINCE, "since", "TIME",
    "reports, rejects: from this time on (RFC 3339), or so long ago (90m, 24h, 7d)" },
  { CLI_OPTION_ALL, "all", NULL, "resync: everybody" },
  { CLI_OPTION_WAIT, "wait", "DURATION",
    "For how long to wait until a wish is done (default 60s)" },
};

static const char *
help_of (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (g_str_equal (options[i].name, name))
      return options[i].help;
  g_assert_not_reached ();
}

static char *
usage (const CliCommand *command)
{
  return g_strdup_printf ("latchkey %s%s%s", command->name, *command->arguments == '\0' ? "" : " ",
                          command->arguments);
}

#define COLUMNS 92

/* TEXT broken at its spaces. */
static void
append_wrapped (GString *out, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  glong column = 0;

  for (guint i = 0; words[i] != NULL; i++)
    {
      glong width = g_utf8_strlen (words[i], -1);
      if (column > 0 && column + 1 + width > COLUMNS)
        {
          g_string_append_c (out, '\n');
          column = 0;
        }
      if (column > 0)
        g_string_append_c (out, ' ');
      g_string_append (out, words[i]);
      column += width + (column > 0);
    }
  g_string_append_c (out, '\n');
}

static void
append_command (GString *out, const CliCommand *command)
{
  g_autofree char *left = g_strdup_printf ("%s %s", command->name, command->arguments);

  g_string_append_printf (out, "  %-24s %s\n", left, command->help);
}

static char *
general_help (GOptionContext *context)
{
  g_autoptr (GString) text = g_string_new ("Commands:\n");
  guint n;
  const CliCommand *commands = cli_commands (&n);

  for (guint i = 0; i < n; i++)
    append_command (text, &commands[i]);
  g_string_append (
      text, "\n`plan` shows, `apply` shows and does. `latchkey COMMAND --help` tells more of one.\n"
            "Exit status: 0 done, 1 differences or problems found, 2 usage or configuration, 3 a\n"
            "service is out of reach.");
  g_option_context_set_description (context, text->str);
  return g_option_context_get_help (context, TRUE, NULL);
}

static char *
command_help (const CliCommand *command)
{
  g_autofree char *line = usage (command);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "Usage:\n  %s [OPTION...]\n\n%s.\n\n", line, command->help);
  append_wrapped (text, command->about);
  g_string_append (text, "\nOptions:\n");
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *left = NULL;
      if (options[i].option != 0 && !(command->options & options[i].option))
        continue;
      left = g_strdup_printf ("--%s%s%s", options[i].name, options[i].argument == NULL ? "" : "=",
                              options[i].argument == NULL ? "" : options[i].argument);
      g_string_append_printf (text, "  %-20s %s\n", left, options[i].help);
    }
  return g_strdup (text->str);
}

/* Of `topics --help` and the like; NULL: no command begins with WORD. */
static char *
group_help (const char *word)
{
  g_autoptr (GPtrArray) commands = cli_commands_of (word);
  g_autoptr (GString) text = g_string_new ("Usage:\n");

  if (commands->len == 0)
    return NULL;
  g_string_append_printf (text, "  latchkey %s COMMAND [OPTION...]\n\nCommands:\n", word);
  for (guint i = 0; i < commands->len; i++)
    append_command (text, commands->pdata[i]);
  return g_strdup (text->str);
}

/* The bits of the options that were given. */
static guint
given (const Cli *cli)
{
  return (cli->yes ? CLI_OPTION_YES : 0) | (cli->space != NULL ? CLI_OPTION_SPACE : 0)
         | (cli->max_losers >= 0 ? CLI_OPTION_MAX_LOSERS : 0)
         | (cli->door != NULL ? CLI_OPTION_DOOR : 0) | (cli->at != NULL ? CLI_OPTION_AT : 0)
         | (cli->since != NULL ? CLI_OPTION_SINCE : 0) | (cli->all ? CLI_OPTION_ALL : 0)
         | (cli->show ? CLI_OPTION_SHOW : 0) | (cli->wait_ms >= 0 ? CLI_OPTION_WAIT : 0);
}

static gboolean
check_options (const Cli *cli, const CliCommand *command, GError **error)
{
  guint wrong = given (cli) & ~command->options;

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (wrong & options[i].option)
      return lk_fail (error, LK_ERROR_CONFIG, "--%s: `latchkey %s` takes no such option",
                      options[i].name, command->name);
  return TRUE;
}

static gboolean
check_words (const Cli *cli, const CliCommand *command, GError **error)
{
  g_autofree char *line = usage (command);
  guint n = g_strv_length (cli->words);

  if (n >= command->least && n <= command->most)
    return TRUE;
  return lk_fail (error, LK_ERROR_CONFIG, "usage: %s", line);
}

static const CliCommand *
understand (Cli *cli, GOptionContext *context, char **words, gboolean help, char **out_say,
            GError **error)
{
  const CliCommand *command;
  guint n = 0;

  if (words == NULL && help)
    {
      *out_say = general_help (context);
      return NULL;
    }
  if (words == NULL)
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "which command? Try --help");
      return NULL;
    }
  if (help && words[1] == NULL && (*out_say = group_help (words[0])) != NULL)
    return NULL;
  command = cli_command_find (words, &n, error);
  if (command == NULL)
    return NULL;
  if (help)
    {
      *out_say = command_help (command);
      return NULL;
    }
  cli->words = g_strdupv (words + n);
  return check_options (cli, command, error) && check_words (cli, command, error) ? command : NULL;
}

static gboolean
read_wait (Cli *cli, const char *text, GError **error)
{
  if (text == NULL || lk_duration_parse (text, &cli->wait_ms))
    return TRUE;
  return lk_fail (error, LK_ERROR_CONFIG, "--wait: expected a duration like 90s or 5m, got '%s'",
                  text);
}

const CliCommand *
cli_line_parse (Cli *cli, int argc, char **argv, char **out_say, GError **error)
{
  g_auto (GStrv) words = NULL;
  g_autofree char *wait = NULL;
  gboolean help = FALSE, version = FALSE;
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &cli->config_path, help_of ("config"), "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &cli->json, help_of ("json"), NULL },
    { "show", 0, 0, G_OPTION_ARG_NONE, &cli->show, help_of ("show"), NULL },
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &cli->yes, help_of ("yes"), NULL },
    { "space", 0, 0, G_OPTION_ARG_STRING, &cli->space, help_of ("space"), "CODE" },
    { "topics-dir", 0, 0, G_OPTION_ARG_FILENAME, &cli->topics_dir, help_of ("topics-dir"), "DIR" },
    { "max-losers", 0, 0, G_OPTION_ARG_INT64, &cli->max_losers, help_of ("max-losers"), "N" },
    { "door", 0, 0, G_OPTION_ARG_STRING, &cli->door, help_of ("door"), "DOOR" },
    { "at", 0, 0, G_OPTION_ARG_STRING, &cli->at, help_of ("at"), "TIME" },
    { "since", 0, 0, G_OPTION_ARG_STRING, &cli->since, help_of ("since"), "TIME" },
    { "all", 0, 0, G_OPTION_ARG_NONE, &cli->all, help_of ("all"), NULL },
    { "wait", 0, 0, G_OPTION_ARG_STRING, &wait, help_of ("wait"), "DURATION" },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Print this, or more of one command, and end",
      NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, &version, "Print the version, and end", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND");
  g_autoptr (GError) local = NULL;

  cli->max_losers = cli->wait_ms = -1;
  g_option_context_set_help_enabled (context, FALSE); /* ours knows the commands */
  g_option_context_set_summary (context, "Keeps the doors of coworking spaces in step with their "
                                         "members: the operator's command line.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &local))
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "%s; try --help", local->message);
      return NULL;
    }
  if (!read_wait (cli, wait, error))
    return NULL;
  if (version)
    {
      *out_say = g_strdup ("latchkey " LK_VERSION "\n");
      return NULL;
    }
  if (cli->config_path == NULL)
    cli->config_path = g_strdup (CLI_CONFIG_DEFAULT);
  if (cli->topics_dir == NULL)
    cli->topics_dir = g_strdup (LK_TOPICS_DIR);
  return understand (cli, context, words, help, out_say, error);
}

gboolean
cli_member_parse (const char *word, gint64 *out, GError **error)
{
  char *end = NULL;

  *out = g_ascii_strtoll (word, &end, 10);
  if (*end == '\0' && *out > 0)
    return TRUE;
  return lk_fail (error, LK_ERROR_CONFIG,
                  "MEMBER: expected a Nexudus member id (a positive number), got '%s'", word);
}
