/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Opening, turning and closing the services' clients.
 */
#include "services.h"

static gboolean
can_read (const char *file, GError **error)
{
  char *secret = lk_secret_read (file, error);

  if (secret == NULL)
    return FALSE;
  lk_secret_free (secret);
  return TRUE;
}

CliServices *
cli_services_open (Cli *cli, const LkConfigNexudus *nexudus, const LkConfigKisi *kisi,
                   GError **error)
{
  g_autoptr (CliServices) services = g_new0 (CliServices, 1);

  if (nexudus != NULL)
    {
      LkBudgetWindow windows[LK_NEXUDUS_WINDOWS];
      if (!can_read (nexudus->password_file, error))
        return NULL;
      lk_nexudus_windows (nexudus, windows);
      services->nexudus_budget = lk_budget_new (cli->clock, windows, LK_NEXUDUS_WINDOWS);
      services->nexudus
          = lk_nexudus_new (nexudus, cli->clock, cli->timers, services->nexudus_budget);
    }
  if (kisi != NULL)
    {
      const LkBudgetWindow window = { LK_KISI_RATE_MS, kisi->requests_per_second };
      if (!can_read (kisi->key_file, error))
        return NULL;
      services->kisi_budget = lk_budget_new (cli->clock, &window, 1);
      services->kisi = lk_kisi_new (kisi, cli->clock, cli->timers, services->kisi_budget);
    }
  return g_steal_pointer (&services);
}

void
cli_services_free (CliServices *services)
{
  if (services == NULL)
    return;
  lk_nexudus_free (services->nexudus);
  lk_kisi_free (services->kisi);
  g_clear_pointer (&services->nexudus_budget, lk_budget_free);
  g_clear_pointer (&services->kisi_budget, lk_budget_free);
  g_free (services);
}

LkErrorCode
cli_kisi_error_code (const LkKisiAnswer *answer)
{
  switch (answer->verdict)
    {
    case LK_KISI_UNAVAILABLE:
    case LK_KISI_THROTTLED:
    case LK_KISI_MALFORMED:
      return LK_ERROR_RETRY;
    default:
      return LK_ERROR_REFUSED;
    }
}

typedef struct
{
  CliServices *services;
  gboolean (*done) (gpointer data);
  gpointer data;
} Wait;

static gboolean
turn_and_ask (gpointer data)
{
  Wait *wait = data;

  if (wait->services->nexudus != NULL)
    lk_nexudus_turn (wait->services->nexudus);
  if (wait->services->kisi != NULL)
    lk_kisi_turn (wait->services->kisi);
  return wait->done (wait->data);
}

gboolean
cli_services_wait (Cli *cli, CliServices *services, gboolean (*done) (gpointer data), gpointer data,
                   const char *what, gint64 deadline_ms, GError **error)
{
  Wait wait = { services, done, data };

  return cli_wait (cli, turn_and_ask, &wait, what, deadline_ms, error);
}
