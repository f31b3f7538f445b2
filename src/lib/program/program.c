/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * From main to exit: options, configuration, clients, the loop, the end. Read lk_program_run at
 * the bottom first.
 */
#include <latchkey/program/program.h>

#include "health.h"
#include "options.h"
#include "scope.h"
#include "topics_wait.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <latchkey/http/client.h>
#include <latchkey/model/json.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define WAIT_MAX_MS     1000
#define STOP_MAX_MS     8000 /* SIGTERM ends a daemon within 10 s */
#define SECRET_CHECK_MS 5000 /* while one is missing */

/* Read by jemalloc at its start. Loading the tables leaves as much freed memory as the tables hold;
 * without its thread, jemalloc gives that back only while somebody allocates. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:2,background_thread:true,dirty_decay_ms:1000";

struct _LkProgram
{
  const LkProgramSpec *spec;
  LkOptions options;
  LkConfig *config;
  const LkClock *clock;
  LkTimers *timers;
  LkKafka *kafka;
  LkProducer *producer;
  LkReader *reader;
  LkOwnership *ownership;
  LkTopicsWait *topics_wait;
  LkHealth *health;
  LkScoped scoped;
  gpointer state;

  int signal_fd;
  gboolean stopping;
  gint64 stop_deadline; /* steady */
  int status;
};

/* --- what the program is asked ---------------------------------------------------------------- */

gconstpointer
lk_program_data (const LkProgram *program)
{
  return program->spec->data;
}

const LkConfig *
lk_program_config (const LkProgram *program)
{
  return program->config;
}

const LkClock *
lk_program_clock (const LkProgram *program)
{
  return program->clock;
}

LkTimers *
lk_program_timers (const LkProgram *program)
{
  return program->timers;
}

LkKafka *
lk_program_kafka (const LkProgram *program)
{
  return program->kafka;
}

LkProducer *
lk_program_producer (const LkProgram *program)
{
  return program->producer;
}

LkReader *
lk_program_reader (const LkProgram *program)
{
  return program->reader;
}

LkOwnership *
lk_program_ownership (const LkProgram *program)
{
  return program->ownership;
}

const GPtrArray *
lk_program_spaces (const LkProgram *program)
{
  return program->scoped.spaces;
}

const GPtrArray *
lk_program_accounts (const LkProgram *program)
{
  return program->scoped.accounts;
}

void
lk_program_not_ready (LkProgram *program, const char *what, const char *reason)
{
  lk_health_set (program->health, what, reason);
}

void
lk_program_end (LkProgram *program, int status, const char *reason)
{
  if (program->stopping)
    return;
  lk_info (LK_F (.event = "stopping"), "stopping: %s", reason);
  program->stopping = TRUE;
  program->status = status;
  program->stop_deadline = lk_clock_steady (program->clock) + STOP_MAX_MS;
  lk_health_set (program->health, "stopping", reason);
  if (program->state != NULL)
    program->spec->stop (program->state);
  if (program->ownership != NULL)
    lk_ownership_leave (program->ownership);
}

/* --- topics, secrets, start ------------------------------------------------------------------- */

static gboolean
open_ownership (LkProgram *program, GError **error)
{
  g_autoptr (GPtrArray) topics = lk_scope_owned (&program->scoped);

  program->ownership = lk_ownership_new (program->kafka, (const char *const *)topics->pdata,
                                         &program->spec->ownership, program->state, error);
  return program->ownership != NULL;
}

static void
prepare_topic (gpointer topic, gpointer partitions, gpointer data)
{
  lk_producer_prepare (((LkProgram *)data)->producer, topic);
}

static void
prepare_producer (LkProgram *program)
{
  g_autoptr (GHashTable) topics = lk_scope_topics (&program->scoped, LK_USE_WRITE);

  g_hash_table_foreach (topics, prepare_topic, program);
}

/* Once the topics are there: the program's own state, then its place in the group. */
static void
start_when_topics_exist (LkProgram *program)
{
  g_autoptr (GError) error = NULL;

  lk_program_not_ready (program, "topics", lk_topics_wait_reason (program->topics_wait));
  if (program->state != NULL || !lk_topics_wait_is_over (program->topics_wait))
    return;
  prepare_producer (program);
  program->state = program->spec->start (program, &error);
  if (program->state == NULL || !open_ownership (program, &error))
    {
      lk_error (LK_F (.error = error, .event = "start_failed"), "can't start");
      lk_program_end (program, g_error_matches (error, LK_ERROR, LK_ERROR_CONFIG) ? 2 : 3,
                      "the start failed");
    }
}

/* The clients of the APIs read the secrets themselves; here a missing one makes us unready. */
static void
check_secrets (gpointer data)
{
  LkProgram *program = data;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < program->scoped.accounts->len && error == NULL; i++)
    {
      gpointer account = program->scoped.accounts->pdata[i];
      const char *file = program->spec->scope == LK_SCOPE_NEXUDUS
                             ? ((LkConfigNexudus *)account)->password_file
                             : ((LkConfigKisi *)account)->key_file;
      lk_secret_free (lk_secret_read (file, &error));
    }
  lk_program_not_ready (program, "secrets", error == NULL ? NULL : error->message);
  if (error != NULL)
    (void)lk_timers_add (program->timers, SECRET_CHECK_MS, check_secrets, program);
}

/* --- signals ---------------------------------------------------------------------------------- */

static int
block_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGHUP);
  /* Before any thread exists, so that librdkafka's threads inherit the mask. */
  sigprocmask (SIG_BLOCK, &set, NULL);
  (void)signal (SIGPIPE, SIG_IGN); /* a closed peer is an error of write(2), not our end */
  return signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
reload (LkProgram *program)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (LkConfig) fresh
      = lk_config_load (program->options.config_path, program->spec->secrets, &problems);

  if (fresh == NULL)
    {
      for (guint i = 0; i < problems->len; i++)
        {
          const LkConfigProblem *problem = problems->pdata[i];
          lk_error (LK_F (.event = "configuration_problem"), "%s:%u: %s%s%s",
                    program->options.config_path, problem->line, problem->path,
                    *problem->path == '\0' ? "" : ": ", problem->message);
        }
      lk_error (LK_F (.event = "reload_failed"), "the configuration is not read again; what was "
                                                 "loaded before goes on");
      return;
    }

  g_auto (GStrv) restart = lk_config_reload (program->config, fresh);
  lk_log_set_level (program->config->log_level);
  for (char **path = restart; *path != NULL; path++)
    lk_warning (LK_F (.event = "restart_needed"), "%s changed: takes effect with a restart", *path);
  lk_info (LK_F (.event = "reloaded"), "the configuration is read again");
  if (program->state != NULL && program->spec->reloaded != NULL)
    program->spec->reloaded (program->state);
}

static void
serve_signals (LkProgram *program)
{
  struct signalfd_siginfo info;

  while (read (program->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
    {
      if (info.ssi_signo == SIGHUP)
        {
          if (!program->stopping)
            reload (program);
        }
      else if (program->stopping)
        {
          lk_warning (LK_F (.event = "stopped"), "a second signal: ending at once");
          _exit (128 + (int)info.ssi_signo);
        }
      else
        lk_program_end (program, 0, info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
    }
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Waits on HTTP, the descriptors and TIMEOUT_MS; without an HTTP client poll(2) does. */
static void
wait_for_events (struct curl_waitfd *fds, guint n, gint64 timeout_ms)
{
  CURLM *multi = lk_http_multi ();

  if (multi != NULL)
    {
      (void)curl_multi_poll (multi, fds, n, (int)timeout_ms, NULL);
      return;
    }
  GPollFD polls[4];
  g_assert (n <= G_N_ELEMENTS (polls));
  for (guint i = 0; i < n; i++)
    polls[i] = (GPollFD){ (gint)fds[i].fd, G_IO_IN, 0 };
  (void)g_poll (polls, n, (gint)timeout_ms);
}

void
lk_wait (int fd, gint64 timeout_ms)
{
  struct curl_waitfd wait = { fd, CURL_WAIT_POLLIN, 0 };

  wait_for_events (&wait, fd >= 0 ? 1 : 0, timeout_ms);
}

/* One turn; TRUE when there is more to do without waiting. */
static gboolean
turn (LkProgram *program)
{
  gboolean more = FALSE;

  serve_signals (program);
  lk_kafka_drain_fd (program->kafka);
  more |= lk_producer_turn (program->producer);
  more |= lk_kafka_turn (program->kafka);
  if (program->ownership != NULL)
    more |= lk_ownership_turn (program->ownership);
  /* Reading makes writes: it rests while the acknowledgements catch up. */
  if (!lk_producer_is_full (program->producer))
    more |= lk_reader_turn (program->reader);
  (void)lk_timers_run (program->timers);
  if (!program->stopping)
    start_when_topics_exist (program);
  if (program->state != NULL)
    more |= program->spec->turn (program->state);
  if (program->ownership != NULL)
    {
      lk_program_not_ready (program, "group",
                            lk_ownership_joined (program->ownership) ? NULL : "joining the group");
      lk_metric_set (LK_M_PARTITIONS_OWNED, lk_ownership_count (program->ownership), NULL);
    }
  lk_health_turn (program->health);
  return more;
}

static gboolean
is_stopped (LkProgram *program)
{
  if (!program->stopping)
    return FALSE;
  if (lk_clock_steady (program->clock) >= program->stop_deadline)
    {
      lk_warning (LK_F (.event = "stopped"),
                  "not everything ended in %d s; what is open is found again at the next start",
                  STOP_MAX_MS / 1000);
      return TRUE;
    }
  return (program->state == NULL || program->spec->stopped (program->state))
         && (program->ownership == NULL || lk_ownership_left (program->ownership))
         && lk_producer_pending (program->producer) == 0;
}

static void
loop (LkProgram *program)
{
  while (!is_stopped (program))
    {
      gint64 started = g_get_monotonic_time ();
      gboolean more = turn (program);

      lk_metric_add (LK_M_LOOP_TURNS, 1, NULL);
      lk_metric_observe (LK_M_LOOP_TURN_SECONDS,
                         (double)(g_get_monotonic_time () - started) / G_USEC_PER_SEC, NULL);

      gint64 timeout = more ? 0 : MIN (lk_timers_next (program->timers), WAIT_MAX_MS);
      timeout = MIN (timeout, lk_reader_wait_ms (program->reader));
      if (lk_health_timeout_ms (program->health) >= 0)
        timeout = MIN (timeout, lk_health_timeout_ms (program->health));
      if (program->stopping)
        timeout = MIN (timeout, 50); /* `stopped` has no wake-up of its own */
      struct curl_waitfd fds[] = {
        { lk_kafka_fd (program->kafka), CURL_WAIT_POLLIN, 0 },
        { program->signal_fd, CURL_WAIT_POLLIN, 0 },
        { lk_health_fd (program->health), CURL_WAIT_POLLIN, 0 },
      };
      wait_for_events (fds, G_N_ELEMENTS (fds), timeout);
    }
}

/* --- from main to exit ------------------------------------------------------------------------ */

static void
log_start (const LkProgram *program)
{
  g_autoptr (GString) spaces = g_string_new (NULL);
  g_autoptr (GString) in = g_string_new (NULL), out = g_string_new (NULL);

  for (guint i = 0; i < program->scoped.spaces->len; i++)
    g_string_append_printf (spaces, "%s%s", i == 0 ? "" : " ",
                            ((LkConfigSpace *)program->scoped.spaces->pdata[i])->code);
  for (const LkTopicUse *use = program->spec->topics; use->use != 0; use++)
    {
      if (use->use & LK_USE_READ)
        g_string_append_printf (in, " %s", lk_kind_name (use->kind));
      if (use->use & LK_USE_WRITE)
        g_string_append_printf (out, " %s", lk_kind_name (use->kind));
    }
  lk_info (LK_F (.event = "started"),
           "%s %s (librdkafka %s, libcurl %s, jansson %s, GLib %u.%u.%u); configuration %s; spaces "
           "%s; topics in:%s; topics out:%s",
           program->spec->name, LK_VERSION, rd_kafka_version_str (),
           curl_version_info (CURLVERSION_NOW)->version, jansson_version_str (), glib_major_version,
           glib_minor_version, glib_micro_version, program->config->path, spaces->str, in->str,
           out->str);
}

static gboolean
load_config (LkProgram *program)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  program->config
      = lk_config_load (program->options.config_path, program->spec->secrets, &problems);
  if (program->config != NULL)
    return TRUE;
  lk_config_print_problems (program->options.config_path, problems, text);
  (void)fputs (text->str, stderr);
  return FALSE;
}

static gboolean
open_clients (LkProgram *program, GError **error)
{
  g_autoptr (GHashTable) topics = NULL;

  program->health = lk_health_new (program->options.listen, error);
  if (program->health == NULL)
    return FALSE;
  program->kafka
      = lk_kafka_new (&program->config->kafka, program->spec->program, program->clock, error);
  if (program->kafka == NULL)
    return FALSE;
  program->producer = lk_producer_new (program->kafka, program->spec->linger_ms, error);
  if (program->producer == NULL)
    return FALSE;
  program->reader = lk_reader_new (program->kafka, error);
  if (program->reader == NULL)
    return FALSE;
  topics = lk_scope_topics (&program->scoped, LK_USE_READ | LK_USE_WRITE | LK_USE_OWN);
  program->topics_wait = lk_topics_wait_new (program->kafka, program->timers, topics);
  check_secrets (program);
  return TRUE;
}

static void
program_clear (LkProgram *program)
{
  /* In the order of use: state, then the clients it used. */
  if (program->state != NULL)
    program->spec->free (program->state);
  lk_ownership_free (program->ownership);
  lk_topics_wait_free (program->topics_wait);
  lk_reader_free (program->reader);
  lk_producer_free (program->producer);
  lk_kafka_free (program->kafka);
  lk_health_free (program->health);
  lk_timers_free (program->timers);
  lk_scope_clear (&program->scoped);
  lk_config_free (program->config);
  lk_options_clear (&program->options);
  if (program->signal_fd >= 0)
    (void)close (program->signal_fd);
}

static int
usage_error (const LkProgramSpec *spec, const GError *error)
{
  (void)fprintf (stderr, "%s: %s\n", spec->name, error->message);
  return error->code == LK_ERROR_CONFIG ? 2 : 3;
}

static int
run_configured (LkProgram *program)
{
  g_autoptr (GError) error = NULL;

  if (!load_config (program))
    return 2;
  if (!lk_scope_choose (&program->scoped, program->spec, program->config, program->options.names,
                        &error))
    return usage_error (program->spec, error);
  if (program->options.check_config)
    {
      (void)printf ("%s: no problems found\n", program->config->path);
      return 0;
    }

  lk_log_init (program->spec->program, program->config->log_level);
  log_start (program);
  lk_metric_set (LK_M_BUILD_INFO, 1, program->spec->program, LK_VERSION, NULL);
  program->signal_fd = block_signals ();
  program->clock = lk_clock_real ();
  program->timers = lk_timers_new (program->clock);
  if (!open_clients (program, &error))
    return usage_error (program->spec, error);

  loop (program);
  lk_info (LK_F (.event = "stopped"), "stopped");
  return program->status;
}

int
lk_program_run (const LkProgramSpec *spec, int argc, char **argv)
{
  LkProgram program = { .spec = spec, .signal_fd = -1 };
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!lk_options_parse (&program.options, spec, argc, argv, &error))
    status = usage_error (spec, error);
  else if (program.options.version)
    (void)printf ("%s %s\n", spec->name, LK_VERSION);
  else if (program.options.describe)
    lk_program_describe (spec);
  else
    status = run_configured (&program);
  program_clear (&program);
  return status;
}
