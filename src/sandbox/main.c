/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey-sandbox: options, listeners, the loop. What it plays stands in nexudus_*.c and
 * kisi_*.c, how it is steered in side*.c; README.md describes it all.
 */
#include "sandbox.h"

#include <errno.h>
#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SIDE_PREFIX    "/sandbox"
#define DEFAULT_LISTEN "127.0.0.1:9464"
#define BODY_MAX       (256 * 1024 * 1024) /* a data set of 100 000 rows */
#define WAIT_MAX_MS    1000

typedef enum
{
  LISTEN_ALL,
  LISTEN_NEXUDUS,
  LISTEN_KISI,
  LISTEN_SIDE,
  LISTENERS_,
} Listener;

static const char *const listener_names[LISTENERS_] = { "all", "nexudus", "kisi", "side" };

static char *listen_on[LISTENERS_];
static char *ready_file;
static gboolean show_version;

static const GOptionEntry option_entries[] = {
  { "listen", 0, 0, G_OPTION_ARG_STRING, &listen_on[LISTEN_ALL],
    "Everything on one port (default " DEFAULT_LISTEN ")", "ADDRESS:PORT" },
  { "listen-nexudus", 0, 0, G_OPTION_ARG_STRING, &listen_on[LISTEN_NEXUDUS], "Nexudus alone",
    "ADDRESS:PORT" },
  { "listen-kisi", 0, 0, G_OPTION_ARG_STRING, &listen_on[LISTEN_KISI], "KISI alone",
    "ADDRESS:PORT" },
  { "listen-side", 0, 0, G_OPTION_ARG_STRING, &listen_on[LISTEN_SIDE], "The side door alone",
    "ADDRESS:PORT" },
  { "ready-file", 0, 0, G_OPTION_ARG_FILENAME, &ready_file,
    "Write the addresses there once all listen", "FILE" },
  { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Print the version", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

/* --- who gets a request ----------------------------------------------------------------------- */

static void
reply_plain (LkServerRequest *request, const char *type, GString *text)
{
  const char *headers[] = { "Content-Type", type, NULL };
  g_autoptr (GBytes) body = g_string_free_to_bytes (text);
  lk_server_reply (request, 200, headers, body);
}

static void
on_all (LkServerRequest *request, gpointer data)
{
  const char *path = lk_server_path (request);
  if (g_str_has_prefix (path, SIDE_PREFIX "/"))
    side_answer (data, request, path + strlen (SIDE_PREFIX));
  else if (g_str_equal (path, "/healthz") || g_str_equal (path, "/readyz"))
    reply_plain (request, "text/plain", g_string_new ("ok\n"));
  else if (g_str_equal (path, "/metrics"))
    {
      GString *text = g_string_new (NULL);
      lk_metrics_render (text);
      reply_plain (request, "text/plain; version=0.0.4", text);
    }
  else
    call_handle (data, g_str_has_prefix (path, "/api/") ? SERVICE_NEXUDUS : SERVICE_KISI, request);
}

static void
on_nexudus (LkServerRequest *request, gpointer data)
{
  call_handle (data, SERVICE_NEXUDUS, request);
}

static void
on_kisi (LkServerRequest *request, gpointer data)
{
  call_handle (data, SERVICE_KISI, request);
}

static void
on_side (LkServerRequest *request, gpointer data)
{
  const char *path = lk_server_path (request);
  if (g_str_has_prefix (path, SIDE_PREFIX "/"))
    path += strlen (SIDE_PREFIX);
  side_answer (data, request, path);
}

/* --- start and end ---------------------------------------------------------------------------- */

static gboolean
write_ready_file (LkServer *const *servers, GError **error)
{
  json_t *urls = json_object ();
  for (int i = 0; i < LISTENERS_; i++)
    if (servers[i] != NULL)
      json_set (urls, listener_names[i], json_string (lk_server_url (servers[i])));
  LkServer *side = servers[LISTEN_SIDE] ? servers[LISTEN_SIDE] : servers[LISTEN_ALL];
  if (side != NULL)
    {
      g_autofree char *url = g_strconcat (lk_server_url (side), SIDE_PREFIX, NULL);
      json_set (urls, "side", json_string (url));
    }
  for (int i = LISTEN_NEXUDUS; i <= LISTEN_KISI; i++)
    if (servers[i] == NULL && servers[LISTEN_ALL] != NULL)
      json_set (urls, listener_names[i], json_string (lk_server_url (servers[LISTEN_ALL])));
  char *text = json_dumps (urls, JSON_COMPACT);
  json_decref (urls);
  gboolean written = ready_file == NULL || g_file_set_contents (ready_file, text, -1, error);
  lk_info (LK_F (.event = "listening"), "listening: %s", text);
  free (text);
  return written;
}

static gboolean
open_servers (Sandbox *sandbox, LkServer **servers, GError **error)
{
  static const LkServerFunc funcs[LISTENERS_] = { on_all, on_nexudus, on_kisi, on_side };
  for (int i = 0; i < LISTENERS_; i++)
    {
      if (listen_on[i] == NULL)
        continue;
      servers[i] = lk_server_new (listen_on[i], BODY_MAX, funcs[i], sandbox, error);
      if (servers[i] == NULL)
        return FALSE;
    }
  return write_ready_file (servers, error);
}

static void
watch (int epoll, int fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
  int failed = epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event);
  g_assert (failed == 0);
}

static int
wait_ms (LkServer *const *servers, LkTimers *timers)
{
  gint64 wait = MIN (WAIT_MAX_MS, lk_timers_next (timers));
  for (int i = 0; i < LISTENERS_; i++)
    {
      int timeout = servers[i] != NULL ? lk_server_timeout_ms (servers[i]) : -1;
      if (timeout >= 0)
        wait = MIN (wait, timeout);
    }
  return (int)MAX (0, wait);
}

static void
run (Sandbox *sandbox, LkServer *const *servers)
{
  sigset_t signals;
  sigemptyset (&signals);
  sigaddset (&signals, SIGTERM);
  sigaddset (&signals, SIGINT);
  sigprocmask (SIG_BLOCK, &signals, NULL);
  int signal_fd = signalfd (-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  g_assert (signal_fd >= 0 && epoll >= 0);
  watch (epoll, signal_fd);
  for (int i = 0; i < LISTENERS_; i++)
    if (servers[i] != NULL)
      watch (epoll, lk_server_fd (servers[i]));

  for (gboolean stopping = FALSE; !stopping;)
    {
      struct epoll_event events[LISTENERS_ + 1];
      int n = epoll_wait (epoll, events, G_N_ELEMENTS (events), wait_ms (servers, sandbox->timers));
      g_assert (n >= 0 || errno == EINTR);
      for (int i = 0; i < n; i++)
        stopping |= events[i].data.fd == signal_fd;
      lk_timers_run (sandbox->timers);
      for (int i = 0; i < LISTENERS_; i++)
        if (servers[i] != NULL)
          lk_server_run (servers[i]);
    }
  lk_info (LK_F (.event = "stopped"), "stopping on a signal");
  close (epoll);
  close (signal_fd);
}

static gboolean
parse_options (int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GString) help = g_string_new (NULL);
  switches_print_help (help);
  faults_print_help (help);
  g_option_context_set_summary (context, "Plays Nexudus and KISI over HTTP, for tests and demos.");
  g_option_context_set_description (context, help->str);
  g_option_context_add_main_entries (context, option_entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    return lk_fail (error, LK_ERROR_CONFIG, "what is '%s'? (see --help)", (*argv)[1]);
  for (int i = 0; i < LISTENERS_; i++)
    if (listen_on[i] != NULL)
      return TRUE;
  listen_on[LISTEN_ALL] = g_strdup (DEFAULT_LISTEN);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (!parse_options (&argc, &argv, &error))
    {
      g_printerr ("latchkey-sandbox: %s\n", error->message);
      return 2;
    }
  if (show_version)
    {
      g_print ("latchkey-sandbox %s\n", LK_VERSION);
      return 0;
    }

  lk_log_init ("sandbox", LK_LOG_INFO);
  lk_metric_set (LK_M_BUILD_INFO, 1, "latchkey-sandbox", LK_VERSION, NULL);
  g_autoptr (LkTimers) timers = lk_timers_new (lk_clock_real ());
  Sandbox *sandbox = sandbox_new (timers);
  LkServer *servers[LISTENERS_] = { NULL };
  gboolean open = open_servers (sandbox, servers, &error);
  if (open)
    run (sandbox, servers);
  else
    lk_error (LK_F (.event = "not_started", .error = error), "not started");
  for (int i = 0; i < LISTENERS_; i++)
    lk_server_free (servers[i]);
  sandbox_free (sandbox);
  if (open)
    return 0;
  return g_error_matches (error, LK_ERROR, LK_ERROR_RETRY) ? 3 : 2;
}
