/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Options by GLib's parser, and --describe.
 */
#include "options.h"

#include <latchkey/base/metrics.h>
#include <latchkey/model/json.h>
#include <stdio.h>

#define LISTEN_DEFAULT "127.0.0.1:9464"

gboolean
lk_options_parse (LkOptions *out, const LkProgramSpec *spec, int argc, char **argv, GError **error)
{
  gboolean spaces = spec->scope == LK_SCOPE_SPACES;
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &out->config_path,
      "The configuration file (default /etc/latchkey/latchkey.yaml)", "FILE" },
    { "listen", 'l', 0, G_OPTION_ARG_STRING, &out->listen,
      "Where /healthz, /readyz and /metrics are served (default " LISTEN_DEFAULT ")",
      "ADDRESS:PORT" },
    { spaces ? "space" : "account", 0, 0, G_OPTION_ARG_STRING_ARRAY, &out->names,
      spaces ? "Work for this space only; may be given again (default: all)"
             : "Work for this account only; may be given again (default: all)",
      spaces ? "CODE" : "NAME" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &out->check_config,
      "Check the configuration, print every problem, and end", NULL },
    { "describe", 0, 0, G_OPTION_ARG_NONE, &out->describe,
      "Print what the program reads and writes as JSON, and end", NULL },
    { "version", 'V', 0, G_OPTION_ARG_NONE, &out->version, "Print the version, and end", NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) local = NULL;

  g_option_context_set_summary (context, spec->summary);
  g_option_context_set_description (
      context, "Signals: TERM and INT end in good order (a second one at once), HUP reads the\n"
               "configuration again. Exit status: 0 done, 1 ended early, 2 usage or configuration,\n"
               "3 a service is out of reach.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &local))
    return lk_fail (error, LK_ERROR_CONFIG, "%s; try --help", local->message);
  if (argc > 1)
    return lk_fail (error, LK_ERROR_CONFIG, "unexpected argument '%s'; try --help", argv[1]);
  if (out->config_path == NULL)
    out->config_path = g_strdup ("/etc/latchkey/latchkey.yaml");
  if (out->listen == NULL)
    out->listen = g_strdup (LISTEN_DEFAULT);
  return TRUE;
}

void
lk_options_clear (LkOptions *options)
{
  g_clear_pointer (&options->config_path, g_free);
  g_clear_pointer (&options->listen, g_free);
  g_clear_pointer (&options->names, g_strfreev);
}

static void
describe_topics (LkJsonWriter *writer, const LkProgramSpec *spec)
{
  lk_json_begin_array (writer, "topics");
  for (const LkTopicUse *topic = spec->topics; topic->use != 0; topic++)
    {
      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "kind", lk_kind_name (topic->kind));
      lk_json_bool (writer, "read", (topic->use & LK_USE_READ) != 0);
      lk_json_bool (writer, "write", (topic->use & LK_USE_WRITE) != 0);
      lk_json_bool (writer, "own", (topic->use & LK_USE_OWN) != 0);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
}

void
lk_program_describe (const LkProgramSpec *spec)
{
  static const char *const scopes[] = { "spaces", "nexudus", "kisi" };
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "name", spec->name);
  lk_json_string (&writer, "version", LK_VERSION);
  lk_json_string (&writer, "summary", spec->summary);
  lk_json_string (&writer, "scope", scopes[spec->scope]);
  lk_json_string (&writer, "group", spec->program);
  lk_json_begin_array (&writer, "secrets");
  if (spec->secrets & LK_SECRET_NEXUDUS)
    lk_json_string (&writer, NULL, "nexudus[].password_file");
  if (spec->secrets & LK_SECRET_KISI)
    lk_json_string (&writer, NULL, "kisi[].key_file");
  lk_json_end_array (&writer);
  describe_topics (&writer, spec);
  lk_json_begin_array (&writer, "endpoints");
  lk_json_string (&writer, NULL, "/healthz");
  lk_json_string (&writer, NULL, "/readyz");
  lk_json_string (&writer, NULL, "/metrics");
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  puts (text->str);
}
