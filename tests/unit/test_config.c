/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a configuration becomes: values and defaults, the settings table, secrets, what SIGHUP takes
 * over. What is refused, and in which words, is the corpus's (test_config_corpus.c).
 */
#include <latchkey/config/config.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#define CORPUS LK_SOURCE_DIR "/tests/corpus/config/"

static LkConfig *
load (const char *name)
{
  g_autofree char *path = g_strconcat (CORPUS, "good/", name, NULL);
  g_autoptr (GPtrArray) problems = NULL;
  LkConfig *config = lk_config_load (path, 0, &problems);

  g_assert_nonnull (config);
  return config;
}

static char *
text_of (const char *name)
{
  g_autofree char *path = g_strconcat (CORPUS, "good/", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static LkConfig *
parse (const char *text)
{
  g_autoptr (GPtrArray) problems = NULL;
  LkConfig *config = lk_config_parse (text, strlen (text), "test", &problems);

  g_assert_nonnull (config);
  return config;
}

/* TEXT with its first FROM made TO. */
static char *
replaced (const char *text, const char *from, const char *to)
{
  const char *at = strstr (text, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int) (at - text), text, to, at + strlen (from));
}

/* --- values ----------------------------------------------------------------------------------- */

static void
test_defaults (void)
{
  g_autoptr (LkConfig) config = load ("minimal.yaml");
  const LkConfigSpace *space = &config->spaces[0];

  g_assert_cmpstr (config->kafka.brokers, ==, "kafka:9093");
  g_assert_cmpstr (config->kafka.topic_prefix, ==, "latchkey");
  g_assert_cmpuint (config->kafka.n_properties, ==, 1);
  g_assert_cmpint (config->log_level, ==, LK_LOG_INFO);
  g_assert_false (config->dev);

  g_assert_cmpuint (config->n_nexudus, ==, 1);
  g_assert_cmpstr (config->nexudus[0].account, ==, "main");
  g_assert_false (config->nexudus[0].basic);
  g_assert_cmpint (config->nexudus[0].poll_interval, ==, 30 * LK_SECOND);
  g_assert_cmpint (config->nexudus[0].listing_interval, ==, 30 * LK_MINUTE);
  g_assert_cmpuint (config->nexudus[0].requests_per_minute, ==, 100);
  g_assert_cmpuint (config->nexudus[0].requests_per_hour, ==, 4500);

  g_assert_cmpuint (config->n_kisi, ==, 1);
  g_assert_cmpuint (config->kisi[0].requests_per_second, ==, 5);
  g_assert_cmpint (config->kisi[0].events_interval, ==, 10 * LK_SECOND);
  g_assert_cmpint (config->kisi[0].audit_interval, ==, 6 * LK_HOUR);
  g_assert_cmpint (config->kisi[0].resolve_after, ==, LK_MINUTE);
  g_assert_true (config->kisi[0].invite);
  g_assert_false (config->kisi[0].exclusive);

  g_assert_cmpuint (config->n_spaces, ==, 1);
  g_assert_cmpstr (space->name, ==, "moncloa");
  g_assert_cmpstr (lk_zone_name (space->zone), ==, "Europe/Madrid");
  g_assert_cmpint (space->day_cutoff, ==, 0);
  g_assert_true (space->nexudus == &config->nexudus[0]);
  g_assert_true (space->kisi == &config->kisi[0]);
  g_assert_cmpint (space->business, ==, 1421000001);
  g_assert_cmpint (space->place, ==, 501);
  g_assert_cmpstr (space->group_prefix, ==, "");
  g_assert_cmpint (space->partitions, ==, 3);
  g_assert_false (space->observe);
  g_assert_cmpint (space->horizon, ==, 14 * LK_DAY);
  g_assert_cmpint (space->lead, ==, 15 * LK_MINUTE);
  g_assert_cmpint (space->grace, ==, 0);
  g_assert_false (space->tentative);
  g_assert_false (space->expire_instant);
  g_assert_cmpuint (space->brake_count, ==, 25);
  g_assert_cmpuint (space->brake_share, ==, 20);
  g_assert_cmpuint (space->n_mappings, ==, 0);
}

static void
test_values (void)
{
  g_autoptr (LkConfig) config = load ("local.yaml");
  const LkConfigSpace *space = lk_config_space (config, "a");
  const LkConfigMapping *mapping = space->mappings;

  g_assert_cmpstr (config->kafka.topic_prefix, ==, "t1.Door_s-x");
  g_assert_cmpstr (config->nexudus[0].url, ==, "http://127.0.0.1:8080");
  g_assert_true (config->nexudus[0].basic);
  g_assert_cmpuint (config->nexudus[0].requests_per_hour, ==, 360000);
  g_assert_cmpint (config->kisi[0].events_interval, ==, LK_SECOND);
  g_assert_false (config->kisi[0].invite);
  g_assert_true (config->kisi[0].exclusive);
  g_assert_cmpint (config->log_level, ==, LK_LOG_DEBUG);
  g_assert_true (config->dev);

  g_assert_cmpint (space->day_cutoff, ==, 23 * 60 + 59);
  g_assert_cmpint (space->business, ==, G_MAXINT64);
  g_assert_cmpstr (space->group_prefix, ==, "A - ");
  g_assert_true (space->observe);
  g_assert_cmpint (space->lead, ==, 0);
  g_assert_cmpint (space->grace, ==, 90 * LK_MINUTE);
  g_assert_true (space->tentative);
  g_assert_true (space->expire_instant);
  g_assert_cmpuint (space->brake_count, ==, 0);
  g_assert_cmpuint (space->brake_share, ==, 100);

  g_assert_cmpuint (space->n_mappings, ==, 3);
  g_assert_cmpint (mapping[0].kind, ==, LK_MAPPING_PASS);
  g_assert_cmpstr (mapping[0].what, ==, "id:7");
  g_assert_cmpstr (mapping[0].groups[1], ==, "Café ☕");
  g_assert_cmpstr (mapping[0].groups[2], ==, "quoted \"name\" \\ back");
  g_assert_cmpint (mapping[0].lead, ==, -1);
  g_assert_cmpuint (mapping[0].line, ==, 20);
  g_assert_cmpint (mapping[1].kind, ==, LK_MAPPING_RESOURCE);
  g_assert_cmpint (mapping[1].lead, ==, 500);
  g_assert_cmpuint (g_strv_length (mapping[2].groups), ==, 4);
  g_assert_cmpstr (lk_config_space (config, "b")->name, ==, "null");
}

static void
test_lookups (void)
{
  g_autoptr (LkConfig) config = load ("two-accounts.yaml");

  g_assert_true (lk_config_nexudus (config, "america") == &config->nexudus[1]);
  g_assert_true (lk_config_kisi (config, "other") == &config->kisi[0]);
  g_assert_true (lk_config_space (config, "dumbo")->nexudus == &config->nexudus[1]);
  g_assert_true (lk_config_space (config, "moncloa")->kisi == &config->kisi[0]);
  g_assert_cmpstr (config->kisi[0].url, ==, "https://eu.kisi.example/base");
  g_assert_null (lk_config_nexudus (config, "europe"));
  g_assert_null (lk_config_kisi (config, ""));
  g_assert_null (lk_config_space (config, "soho"));
}

static void
test_durations (void)
{
  static const struct
  {
    const char *text;
    gint64 ms; /* -1: none */
  } rows[] = {
    { "0ms", 0 },
    { "90s", 90000 },
    { "15m", 900000 },
    { "14d", 1209600000 },
    { "6h", 21600000 },
    { "007s", 7000 },
    { "", -1 },
    { "s", -1 },
    { "5", -1 },
    { "5x", -1 },
    { "5 s", -1 },
    { "-5s", -1 },
    { "1.5h", -1 },
    { "1h30m", -1 },
    { "5S", -1 },
    { "+5s", -1 },
    { "5ms ", -1 },
    { "9999999999999999ms", -1 },
    { "999999999999999d", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 ms = -1;

      g_assert_cmpint (lk_duration_parse (rows[i].text, &ms), ==, rows[i].ms >= 0);
      g_assert_cmpint (ms, ==, rows[i].ms);
    }
}

/* --- the settings table ----------------------------------------------------------------------- */

static void
collect (yaml_document_t *document, int id, const char *path, GHashTable *paths)
{
  yaml_node_t *node = yaml_document_get_node (document, id);

  g_assert_nonnull (node);
  if (node->type == YAML_MAPPING_NODE && !g_str_equal (path, "kafka.properties"))
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++)
      {
        yaml_node_t *key = yaml_document_get_node (document, pair->key);
        g_autofree char *below = g_strdup_printf ("%s%s%s", path, *path == '\0' ? "" : ".",
                                                  (const char *) key->data.scalar.value);
        collect (document, pair->value, below, paths);
      }
  else if (node->type == YAML_SEQUENCE_NODE && !g_str_has_suffix (path, ".groups"))
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++)
      {
        g_autofree char *below = g_strconcat (path, "[]", NULL);
        collect (document, *item, below, paths);
      }
  else
    g_hash_table_add (paths, g_strdup (path));
}

/* full.yaml, which people read, has every setting, and nothing else. */
static void
test_settings_are_those_of_the_example (void)
{
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *text = text_of ("full.yaml");
  yaml_document_t document;
  yaml_parser_t parser;
  guint n;
  const LkSetting *settings = lk_settings (&n);

  g_assert_true (yaml_parser_initialize (&parser));
  yaml_parser_set_input_string (&parser, (const unsigned char *) text, strlen (text));
  g_assert_true (yaml_parser_load (&parser, &document));
  collect (&document, 1, "", paths);
  yaml_document_delete (&document);
  yaml_parser_delete (&parser);

  for (guint i = 0; i < n; i++)
    if (!g_hash_table_remove (paths, settings[i].path))
      g_error ("%s is not in full.yaml", settings[i].path);
  g_assert_cmpuint (g_hash_table_size (paths), ==, 0);
}

static void
test_settings_are_told (void)
{
  guint n;
  const LkSetting *settings = lk_settings (&n);
  gboolean seen = FALSE;

  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpstr (settings[i].help, !=, "");
      g_assert_cmpstr (settings[i].type, !=, "");
      if (g_str_equal (settings[i].path, "kisi[].audit_interval"))
        {
          seen = TRUE;
          g_assert_cmpstr (settings[i].type, ==, "duration");
          g_assert_cmpstr (settings[i].default_value, ==, "6h");
          g_assert_cmpstr (settings[i].range, ==, "5s…7d");
        }
    }
  g_assert_true (seen);
}

/* The example's values are the defaults: loading it says the same as leaving them out. */
static void
test_example_shows_the_defaults (void)
{
  g_autofree char *full = text_of ("full.yaml");
  g_autoptr (LkConfig) config = parse (full);
  g_autofree char *shown = lk_config_show (config);
  guint n;
  const LkSetting *settings = lk_settings (&n);

  for (guint i = 0; i < n; i++)
    {
      const char *dot = strrchr (settings[i].path, '.');
      const char *key = dot == NULL ? settings[i].path : dot + 1;
      g_autofree char *line = g_strdup_printf ("%s: %s\n", key, settings[i].default_value);

      if (settings[i].default_value != NULL && *settings[i].default_value != '\0'
          && !g_str_equal (key, "properties"))
        g_assert_nonnull (strstr (shown, line));
    }
}

static void
test_show_masks (void)
{
  g_autoptr (LkConfig) config = load ("anchor-and-json.yaml");
  g_autofree char *shown = lk_config_show (config);

  g_assert_null (strstr (shown, "hunter2"));
  g_assert_nonnull (strstr (shown, "sasl.password: \"********\""));
  g_assert_nonnull (strstr (shown, "ssl.key.password: \"********\""));
  g_assert_nonnull (strstr (shown, "ssl.ca.location: /etc/ca.pem"));
  g_assert_nonnull (strstr (shown, "sasl.username: latchkey"));
  g_assert_nonnull (strstr (shown, "client.rack: \"\""));
  for (guint i = 0; i < config->kafka.n_properties; i++)
    if (g_str_equal (config->kafka.properties[i].key, "sasl.password"))
      g_assert_cmpstr (config->kafka.properties[i].value, ==, "hunter2");
}

/* --- problems --------------------------------------------------------------------------------- */

static void
test_print (void)
{
  static const char text[] = "dev: maybe\nkafak: {}\n";
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  const char *first, *second;

  g_assert_null (lk_config_parse (text, strlen (text), "x", &problems));
  lk_config_print_problems ("x", problems, out);
  first = strstr (out->str, "x:1: dev: expected true or false, got 'maybe'\n");
  second = strstr (out->str, "x:2: kafak: unknown key (did you mean 'kafka'?)\n");
  g_assert_nonnull (first);
  g_assert_nonnull (second);
  g_assert_true (first < second);
}

static void
test_no_file (void)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GString) out = g_string_new (NULL);

  g_assert_null (lk_config_load ("/nonexistent/latchkey.yaml", 0, &problems));
  lk_config_print_problems ("/nonexistent/latchkey.yaml", problems, out);
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_true (g_str_has_prefix (out->str, "/nonexistent/latchkey.yaml: "));
  g_assert_nonnull (strstr (out->str, "No such file"));
}

static void
test_too_long (void)
{
  g_autoptr (GPtrArray) problems = NULL, fewer = NULL;
  g_autofree char *text = g_malloc (1024 * 1024 + 1);
  const LkConfigProblem *problem;

  memset (text, '\n', 1024 * 1024 + 1);
  g_assert_null (lk_config_parse (text, 1024 * 1024 + 1, "x", &problems));
  problem = problems->pdata[0];
  g_assert_cmpstr (problem->message, ==, "1048577 bytes long, at most 1048576");
  g_assert_null (lk_config_parse (text, 1024 * 1024, "x", &fewer));
  problem = fewer->pdata[0];
  g_assert_cmpstr (problem->message, ==, "empty: expected kafka, nexudus, kisi and spaces");
}

/* A file made to make us talk is bounded. */
static void
test_many_problems (void)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 5000; i++)
    g_string_append_printf (text, "colour%d: red\n", i);
  g_assert_null (lk_config_parse (text->str, text->len, "x", &problems));
  g_assert_cmpuint (problems->len, ==, 1000);
}

/* --- secrets ---------------------------------------------------------------------------------- */

static char *
write_secret (const char *dir, const char *name, const char *text, gssize len, int mode)
{
  char *path = g_build_filename (dir, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, len, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  return path;
}

static void
test_secret_read (void)
{
  static const struct
  {
    const char *text;
    gssize len;
    int mode;
    const char *secret; /* or the error's end */
    int code;           /* -1: read */
  } rows[] = {
    { "s3cret\n", -1, 0600, "s3cret", -1 },
    { "s3 cret", -1, 0440, "s3 cret", -1 },
    { "s3cret\r\n\n", -1, 0600, "s3cret", -1 },
    { "", 0, 0600, "is empty", LK_ERROR_RETRY },
    { "\n", -1, 0600, "is empty", LK_ERROR_RETRY },
    { "a\nb\n", -1, 0600, "is more than one line of text", LK_ERROR_RETRY },
    { "a\0b", 3, 0600, "is more than one line of text", LK_ERROR_RETRY },
    { "s3cret\n", -1, 0604, "is readable by everyone: chmod o-r it", LK_ERROR_CONFIG },
  };
  g_autofree char *dir = g_dir_make_tmp ("lk-config-XXXXXX", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = write_secret (dir, "secret", rows[i].text, rows[i].len, rows[i].mode);
      g_autoptr (GError) error = NULL;
      char *secret = lk_secret_read (path, &error);

      if (rows[i].code < 0)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (secret, ==, rows[i].secret);
        }
      else
        {
          g_assert_null (secret);
          g_assert_error (error, LK_ERROR, rows[i].code);
          g_assert_nonnull (strstr (error->message, path));
          g_assert_true (g_str_has_suffix (error->message, rows[i].secret));
        }
      lk_secret_free (secret);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_secret_away (void)
{
  g_autofree char *dir = g_dir_make_tmp ("lk-config-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "none", NULL);
  g_autofree char *long_text = g_strnfill (4097, 'x');
  g_autofree char *long_path = write_secret (dir, "long", long_text, -1, 0600);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  const char *paths[] = { path, dir, long_path, fifo };

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (lk_secret_read (paths[i], &error));
      g_assert_error (error, LK_ERROR, LK_ERROR_RETRY);
      g_assert_nonnull (strstr (error->message, paths[i]));
    }
  lk_secret_free (NULL);
  g_assert_cmpint (g_unlink (fifo), ==, 0);
  g_assert_cmpint (g_unlink (long_path), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* Only the secrets that the program opens are looked at, and a missing one is no problem. */
static void
test_secrets_of_the_program (void)
{
  g_autofree char *dir = g_dir_make_tmp ("lk-config-XXXXXX", NULL);
  g_autofree char *key = write_secret (dir, "key", "x", -1, 0644);
  g_autofree char *minimal = text_of ("minimal.yaml");
  g_autofree char *text = replaced (minimal, "/run/secrets/kisi", key);
  g_autofree char *path = write_secret (dir, "latchkey.yaml", text, -1, 0600);
  g_autofree char *expected = g_strdup_printf ("'%s' is readable by everyone: chmod o-r it", key);
  g_autoptr (GPtrArray) none = NULL, problems = NULL;
  g_autoptr (LkConfig) other = lk_config_load (path, LK_SECRET_NEXUDUS, &none);
  g_autoptr (LkConfig) config
      = lk_config_load (path, LK_SECRET_NEXUDUS | LK_SECRET_KISI, &problems);
  const LkConfigProblem *problem;

  g_assert_nonnull (other);
  g_assert_null (config);
  g_assert_cmpuint (problems->len, ==, 1);
  problem = problems->pdata[0];
  g_assert_cmpstr (problem->path, ==, "kisi[0].key_file");
  g_assert_cmpuint (problem->line, ==, 10);
  g_assert_cmpstr (problem->message, ==, expected);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_unlink (key), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* --- reload ----------------------------------------------------------------------------------- */

static void
test_reload_takes (void)
{
  static const char *const changes[][2] = {
    { "poll_interval: 30s", "poll_interval: 20s" },
    { "listing_interval: 30m", "listing_interval: 20m" },
    { "requests_per_minute: 100", "requests_per_minute: 50" },
    { "requests_per_hour: 4500", "requests_per_hour: 450" },
    { "requests_per_second: 5", "requests_per_second: 2" },
    { "events_interval: 10s", "events_interval: 5s" },
    { "audit_interval: 6h", "audit_interval: 1h" },
    { "resolve_after: 1m", "resolve_after: 30s" },
    { "mode: enforce", "mode: observe" },
    { "level: info", "level: debug" },
  };
  g_autofree char *text = text_of ("full.yaml");
  g_autoptr (LkConfig) config = parse (text);
  g_autoptr (LkConfig) fresh = NULL;
  g_autofree char *now = NULL, *wished = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      char *next = replaced (text, changes[i][0], changes[i][1]);

      g_free (text);
      text = next;
    }
  fresh = parse (text);
  g_auto (GStrv) restart = lk_config_reload (config, fresh);
  g_assert_cmpuint (g_strv_length (restart), ==, 0);
  now = lk_config_show (config);
  wished = lk_config_show (fresh);
  g_assert_cmpstr (now, ==, wished);
  g_assert_cmpint (config->log_level, ==, LK_LOG_DEBUG);
  g_assert_true (config->spaces[0].observe);
}

static void
test_reload_tells (void)
{
  static const struct
  {
    const char *from, *to, *path;
  } rows[] = {
    { "topic_prefix: latchkey", "topic_prefix: other", "kafka.topic_prefix" },
    { "{security.protocol: ssl}", "{security.protocol: ssl, linger.ms: 1}", "kafka.properties" },
    { "password_file: /run", "password_file: /var", "nexudus[0].password_file" },
    { "invite: email", "invite: none", "kisi[0].invite" },
    { "time_zone: Europe/Madrid", "time_zone: Europe/Paris", "spaces[0].time_zone" },
    { "lead: 15m, grace", "lead: 16m, grace", "spaces[0].bookings.lead" },
    { "lead: 15m  ", "lead: 16m  ", "spaces[0].mappings" },
    { "pass: 24 Hours Pass", "pass: Day Pass", "spaces[0].mappings" },
    { "code: moncloa", "code: soho", "spaces" },
    { "dev: false", "dev: true", "dev" },
  };
  g_autofree char *text = text_of ("full.yaml");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *changed = replaced (text, rows[i].from, rows[i].to);
      g_autoptr (LkConfig) config = parse (text);
      g_autoptr (LkConfig) fresh = parse (changed);
      g_auto (GStrv) restart = lk_config_reload (config, fresh);
      g_autofree char *before = lk_config_show (config);
      g_autoptr (LkConfig) same = parse (text);
      g_autofree char *after = lk_config_show (same);

      g_assert_cmpuint (g_strv_length (restart), ==, 1);
      g_assert_cmpstr (restart[0], ==, rows[i].path);
      g_assert_cmpstr (before, ==, after);
    }
}

/* A line moved in the file changes nothing: accounts and spaces are matched by name. */
static void
test_reload_by_name (void)
{
  g_autoptr (LkConfig) config = load ("two-accounts.yaml");
  g_autoptr (LkConfig) fresh = load ("two-accounts.yaml");
  LkConfigNexudus swapped = fresh->nexudus[0];

  fresh->nexudus[0] = fresh->nexudus[1];
  fresh->nexudus[1] = swapped;
  fresh->nexudus[1].poll_interval = 7 * LK_SECOND;
  fresh->spaces[0].nexudus = &fresh->nexudus[1];
  fresh->spaces[1].nexudus = &fresh->nexudus[0];
  g_auto (GStrv) restart = lk_config_reload (config, fresh);
  g_assert_cmpuint (g_strv_length (restart), ==, 0);
  g_assert_cmpint (lk_config_nexudus (config, "main")->poll_interval, ==, 7 * LK_SECOND);
  g_assert_cmpint (lk_config_nexudus (config, "america")->poll_interval, ==, 30 * LK_SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/values/defaults", test_defaults);
  g_test_add_func ("/config/values/given", test_values);
  g_test_add_func ("/config/values/lookups", test_lookups);
  g_test_add_func ("/config/values/durations", test_durations);
  g_test_add_func ("/config/settings/are-those-of-the-example",
                   test_settings_are_those_of_the_example);
  g_test_add_func ("/config/settings/are-told", test_settings_are_told);
  g_test_add_func ("/config/settings/example-shows-the-defaults", test_example_shows_the_defaults);
  g_test_add_func ("/config/show/masks", test_show_masks);
  g_test_add_func ("/config/problems/print", test_print);
  g_test_add_func ("/config/problems/no-file", test_no_file);
  g_test_add_func ("/config/problems/too-long", test_too_long);
  g_test_add_func ("/config/problems/bounded", test_many_problems);
  g_test_add_func ("/config/secrets/read", test_secret_read);
  g_test_add_func ("/config/secrets/away", test_secret_away);
  g_test_add_func ("/config/secrets/of-the-program", test_secrets_of_the_program);
  g_test_add_func ("/config/reload/takes", test_reload_takes);
  g_test_add_func ("/config/reload/tells", test_reload_tells);
  g_test_add_func ("/config/reload/by-name", test_reload_by_name);
  return g_test_run ();
}
