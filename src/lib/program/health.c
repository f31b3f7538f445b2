/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The three endpoints.
 */
#include "health.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <latchkey/http/server.h>
#include <latchkey/model/json.h>

struct _LkHealth
{
  LkServer *server;
  GHashTable *reasons; /* what → why not; both owned */
};

static void
reply (LkServerRequest *request, guint status, const char *type, GString *text)
{
  const char *const headers[] = { "Content-Type", type, NULL };
  g_autoptr (GBytes) body = g_string_free_to_bytes (text);

  lk_server_reply (request, status, headers, body);
}

static GString *
readiness (const LkHealth *health)
{
  GString *text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };
  g_autoptr (GList) keys
      = g_list_sort (g_hash_table_get_keys (health->reasons), (GCompareFunc) g_strcmp0);

  lk_json_begin_object (&writer, NULL);
  lk_json_bool (&writer, "ready", keys == NULL);
  lk_json_begin_object (&writer, "reasons");
  for (GList *l = keys; l != NULL; l = l->next)
    lk_json_string (&writer, l->data, g_hash_table_lookup (health->reasons, l->data));
  lk_json_end_object (&writer);
  lk_json_end_object (&writer);
  g_string_append_c (text, '\n');
  return text;
}

static void
handle (LkServerRequest *request, gpointer data)
{
  LkHealth *health = data;
  const char *path = lk_server_path (request);
  const char *method = lk_server_method (request);

  if (!g_str_equal (method, "GET") && !g_str_equal (method, "HEAD"))
    reply (request, 405, "text/plain", g_string_new ("only GET\n"));
  else if (g_str_equal (path, "/healthz"))
    reply (request, 200, "text/plain", g_string_new ("ok\n"));
  else if (g_str_equal (path, "/readyz"))
    reply (request, g_hash_table_size (health->reasons) == 0 ? 200 : 503, "application/json",
           readiness (health));
  else if (g_str_equal (path, "/metrics"))
    {
      GString *text = g_string_new (NULL);
      lk_metric_set (LK_M_READY, g_hash_table_size (health->reasons) == 0, NULL);
      lk_metrics_render (text);
      reply (request, 200, "text/plain; version=0.0.4", text);
    }
  else
    reply (request, 404, "text/plain", g_string_new ("try /healthz, /readyz or /metrics\n"));
}

LkHealth *
lk_health_new (const char *listen, GError **error)
{
  g_autoptr (LkHealth) health = g_new0 (LkHealth, 1);

  health->reasons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  health->server = lk_server_new (listen, 0, handle, health, error);
  if (health->server == NULL)
    {
      (void) lk_fail_prefix (error, "--listen '%s'", listen);
      return NULL;
    }
  return g_steal_pointer (&health);
}

void
lk_health_free (LkHealth *health)
{
  if (health == NULL)
    return;
  lk_server_free (health->server);
  g_hash_table_unref (health->reasons);
  g_free (health);
}

void
lk_health_set (LkHealth *health, const char *what, const char *reason)
{
  const char *before = g_hash_table_lookup (health->reasons, what);

  if (g_strcmp0 (before, reason) == 0)
    return;
  if (reason != NULL)
    {
      lk_info (LK_F (.event = "not_ready"), "not ready, %s: %s", what, reason);
      g_hash_table_insert (health->reasons, g_strdup (what), g_strdup (reason));
      return;
    }
  g_hash_table_remove (health->reasons, what);
  if (g_hash_table_size (health->reasons) == 0)
    lk_info (LK_F (.event = "ready"), "ready");
}

int
lk_health_fd (const LkHealth *health)
{
  return lk_server_fd (health->server);
}

int
lk_health_timeout_ms (const LkHealth *health)
{
  return lk_server_timeout_ms (health->server);
}

void
lk_health_turn (LkHealth *health)
{
  lk_server_run (health->server);
}
