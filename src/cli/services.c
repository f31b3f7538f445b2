/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Opening, turning, asking and closing the services' clients.
 */
#include "services.h"

#define ASK_MS (5 * LK_MINUTE) /* a long list, in the command line's share of the rate */
#define NOBODY "latchkey-check@example.org"

static gboolean
can_read (const char *file, GError **error)
{
  char *secret = lk_secret_read (file, error);

  if (secret == NULL)
    return FALSE;
  lk_secret_free (secret);
  return TRUE;
}

/* One in twenty. In any one second at least one call, which is what is left of a rate of 5 by an
 * executor that keeps 5 % free; over a minute no more than the share. */
static void
kisi_windows (const LkConfigKisi *config, LkBudgetWindow out[2])
{
  out[0] = (LkBudgetWindow){ LK_KISI_RATE_MS, MAX (1, config->requests_per_second / 20) };
  out[1] = (LkBudgetWindow){ LK_MINUTE, 3 * config->requests_per_second };
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
      LkBudgetWindow windows[2];
      if (!can_read (kisi->key_file, error))
        return NULL;
      kisi_windows (kisi, windows);
      services->kisi_budget = lk_budget_new (cli->clock, windows, G_N_ELEMENTS (windows));
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

/* What an answer that is not OK means for the command. */
static LkErrorCode
error_code_of (const LkKisiAnswer *answer)
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

/* --- KISI ------------------------------------------------------------------------------------ */

/* What it asks of KISI, for messages. */
static const char *
endpoint_of (CliAsk ask)
{
  static const char *const endpoints[] = { "GET /user",
                                           "GET /users",
                                           "GET /groups",
                                           "GET /group_locks",
                                           "GET /role_assignments",
                                           "GET /role_assignments",
                                           "GET /schedules",
                                           "POST /event_sets" };

  return endpoints[ask];
}

typedef struct
{
  CliServices *services;
  LkKisiAnswer *answer; /* NULL: not there yet */
} Question;

static void
answered (LkKisiAnswer *answer, gpointer data)
{
  Question *question = data;

  /* The library frees its own as soon as we return; all that it owns moves over. */
  question->answer = g_memdup2 (answer, sizeof *answer);
  answer->message = NULL;
  answer->users = answer->assignments = answer->groups = answer->group_locks = NULL;
  answer->events = answer->schedules = NULL;
}

static gboolean
is_answered (gpointer data)
{
  return ((Question *) data)->answer != NULL;
}

static gboolean
is_our_turn (gpointer data)
{
  return lk_budget_wait_ms (((Question *) data)->services->kisi_budget, 0) == 0;
}

static LkKisiCall *
start (Cli *cli, LkKisi *kisi, CliAsk ask, gint64 id, Question *question)
{
  LkTime now = lk_clock_wall (cli->clock);

  switch (ask)
    {
    case CLI_ASK_WHOAMI:
      return lk_kisi_whoami (kisi, answered, question);
    case CLI_ASK_FIND_USER:
      return lk_kisi_find_user (kisi, NOBODY, 0, answered, question);
    case CLI_ASK_GROUPS:
      return lk_kisi_list_groups (kisi, 0, answered, question);
    case CLI_ASK_GROUP_LOCKS:
      return lk_kisi_list_group_locks (kisi, id, 0, answered, question);
    case CLI_ASK_GROUP_RIGHTS:
      return lk_kisi_list_group_assignments (kisi, id, 0, answered, question);
    case CLI_ASK_USER_RIGHTS:
      return lk_kisi_list_user_assignments (kisi, id, 0, answered, question);
    case CLI_ASK_SCHEDULES:
      return lk_kisi_list_schedules (kisi, 0, answered, question);
    case CLI_ASK_EVENTS:
      return lk_kisi_list_events (kisi, now - LK_MINUTE, now, 0, 0, answered, question);
    }
  g_assert_not_reached ();
}

/* The answer, whatever it is. */
static LkKisiAnswer *
ask_until_answered (Cli *cli, CliServices *services, CliAsk ask, gint64 id, GError **error)
{
  Question question = { services, NULL };
  g_autofree char *what = g_strdup_printf ("asking KISI: %s", endpoint_of (ask));
  gint64 end = lk_clock_steady (cli->clock) + ASK_MS;

  for (;;)
    {
      gint64 left = MAX (end - lk_clock_steady (cli->clock), 1);
      LkKisiCall *call;
      if (!cli_services_wait (cli, services, is_our_turn, &question, what, left, error))
        return NULL;
      call = start (cli, services->kisi, ask, id, &question);
      if (!cli_services_wait (cli, services, is_answered, &question, what, left, error))
        {
          lk_kisi_cancel (services->kisi, call);
          return NULL;
        }
      /* No attempt: others use the same rate. The budget knows how long to wait. */
      if (question.answer->verdict != LK_KISI_THROTTLED || lk_clock_steady (cli->clock) >= end)
        return question.answer;
      g_clear_pointer (&question.answer, lk_kisi_answer_free);
    }
}

LkKisiAnswer *
cli_kisi_need (Cli *cli, CliServices *services, CliAsk ask, gint64 id, GError **error)
{
  g_autoptr (LkKisiAnswer) answer = ask_until_answered (cli, services, ask, id, error);

  if (answer == NULL || answer->verdict == LK_KISI_OK)
    return g_steal_pointer (&answer);
  (void) lk_fail (error, error_code_of (answer), "KISI: %s: %s", endpoint_of (ask),
                  answer->message);
  return NULL;
}
