/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey check`: each right that the programs need besides those to list, asked for one by one.
 * Of Nexudus a row is read under an id that nobody has: 404 means that it may be read
 * (nexudus-api.md §1). Of KISI only reads are asked; a write would be one.
 */
#include "check.h"

#define READ_MS 30000
#define NOBODY 1 /* live ids are far above (nexudus-api.md §2.2) */

/* --- Nexudus ------------------------------------------------------------------------------------
 */

/* What the poller reads one by one. */
static const struct
{
  LkNexudusEntity entity;
  const char *role;
} rows[] = {
  { LK_NEXUDUS_COWORKERS, "Coworker-Read" },  { LK_NEXUDUS_PASSES, "CoworkerTimePass-Read" },
  { LK_NEXUDUS_PASS_TYPES, "TimePass-Read" }, { LK_NEXUDUS_BOOKINGS, "Booking-Read" },
  { LK_NEXUDUS_RESOURCES, "Resource-Read" },  { LK_NEXUDUS_PAUSES, "ContractPausedPeriod-Read" },
};

typedef struct
{
  guint *open;
  GError *error;
} Probe;

static void
got (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Probe *probe = data;

  --*probe->open;
  if (error != NULL)
    probe->error = g_error_copy (error);
}

static gboolean
is_over (gpointer data)
{
  return *(guint *) data == 0;
}

void
check_nexudus_rows (Cli *cli, CliServices *services, const char *account, CheckFunc found,
                    gpointer data)
{
  Probe probes[G_N_ELEMENTS (rows)] = { 0 };
  guint open = G_N_ELEMENTS (rows);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      probes[i].open = &open;
      lk_nexudus_get (services->nexudus, rows[i].entity, NOBODY, LK_NEXUDUS_ROWS, got, &probes[i]);
    }
  if (!cli_services_wait (cli, services, is_over, &open, "asking Nexudus", READ_MS, &error))
    {
      /* Whatever is still asked must not find its probe gone. */
      lk_nexudus_cancel_all (services->nexudus);
      found (account, error, error->message, data);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (probes[i].error != NULL)
      {
        g_autofree char *text
            = probes[i].error->code == LK_ERROR_REFUSED
                  ? g_strdup_printf ("GET /api/%s/{id}: the login is not allowed to: give its user "
                                     "the role %s",
                                     lk_nexudus_path (rows[i].entity), rows[i].role)
                  : g_strdup (probes[i].error->message);
        found (account, probes[i].error, text, data);
        g_clear_error (&probes[i].error);
      }
}

/* --- KISI ---------------------------------------------------------------------------------------
 */

/* What is read besides the key's user, its roles and the groups. */
static const struct
{
  CliAsk ask;
  const char *needed_for;
} reads[] = {
  { CLI_ASK_GROUP_LOCKS, "which doors a group opens" },
  { CLI_ASK_GROUP_RIGHTS, "the audit" },
  { CLI_ASK_FIND_USER, "every new person" },
  { CLI_ASK_SCHEDULES, "the hours of the day" },
  { CLI_ASK_EVENTS, "reports of who came" },
};

void
check_kisi_reads (Cli *cli, CliServices *services, const char *account, gint64 group,
                  CheckFunc found, gpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LkKisiAnswer) answer = NULL;

      if (group == 0
          && (reads[i].ask == CLI_ASK_GROUP_LOCKS || reads[i].ask == CLI_ASK_GROUP_RIGHTS))
        continue;
      answer = cli_kisi_need (cli, services, reads[i].ask, group, &error);
      if (answer == NULL)
        {
          g_autofree char *text = g_strdup_printf (
              "%s (needed for %s)%s", error->message, reads[i].needed_for,
              error->code == LK_ERROR_REFUSED ? ": give the key's user that right" : "");
          found (account, error, text, data);
        }
    }
}
