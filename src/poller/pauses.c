/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Paused periods of contracts. One that is removed leaves no trace but a newer date in its
 * contract, at best, so they are listed whole with the composites, and by contract when that has
 * changed; what is not there is confirmed by id.
 */
#include "rows_internal.h"

#include <latchkey/base/log.h>

static void
changed (Rows *rows, const char *uid)
{
  if (uid != NULL)
    rows_contract_changed (rows, uid);
}

/* The row's id, or 0. */
static gint64
take (Rows *rows, json_t *row, const LkNexudusRead *read)
{
  gint64 revision = store_revision (rows->store, read->started_at);
  LkNexudusPause pause;
  g_autoptr (GError) error = NULL;

  if (!lk_nexudus_pause_read (&pause, row, &error))
    {
      rows_unreadable (rows, LK_NEXUDUS_PAUSES, error);
      return 0;
    }
  changed (rows, world_set_pause (rows->world, &pause, revision, lk_clock_wall (rows->clock)));
  return pause.id;
}

void
rows_pause (json_t *row, const LkNexudusRead *read, gpointer data)
{
  (void) take (data, row, read);
}

static void
note (GHashTable *ids, json_t *row)
{
  gint64 id = json_integer_value (json_object_get (row, "Id"));

  (void) g_hash_table_add (ids, g_memdup2 (&id, sizeof id));
}

/* --- what is not there any more -----------------------------------------------------------------
 */

static void
got_pause (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Rows *rows = data;

  rows_close_one (rows, "pause", id);
  rows_count_failure (rows, error);
  if (row != NULL)
    (void) take (rows, row, read);
  else if (error == NULL)
    changed (rows, world_drop_pause (rows->world, id, lk_clock_wall (rows->clock)));
}

static void
confirm (Rows *rows, gint64 contract, GHashTable *listed)
{
  g_autoptr (GArray) missing = world_pauses_missing (rows->world, contract, listed);

  rows_confirm (rows, "pause", LK_NEXUDUS_PAUSES, missing, got_pause);
}

void
rows_pause_listed (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;

  note (rows->pauses, row);
  (void) take (rows, row, read);
}

void
rows_pauses_listed (Rows *rows, gboolean whole)
{
  if (whole)
    confirm (rows, 0, rows->pauses);
  g_hash_table_remove_all (rows->pauses);
}

/* --- of one contract ----------------------------------------------------------------------------
 */

typedef struct
{
  Rows *rows;
  gint64 contract;
  GHashTable *listed;
} OfOne;

static void
of_one_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  OfOne *of = data;

  note (of->listed, row);
  (void) take (of->rows, row, read);
}

static void
of_one_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  OfOne *of = data;

  (void) read;
  rows_close_one (of->rows, "pauses", of->contract);
  rows_count_failure (of->rows, rows_pauses_refused (of->rows, error) ? NULL : error);
  if (error == NULL) /* else the full listing finds it */
    confirm (of->rows, of->contract, of->listed);
  g_hash_table_unref (of->listed);
  g_free (of);
}

void
rows_want_pauses_of (Rows *rows, gint64 contract)
{
  g_autofree char *query
      = g_strdup_printf ("ContractPausedPeriod_CoworkerContract=%" G_GINT64_FORMAT, contract);
  OfOne *of;

  if (rows->no_pauses || !rows_open_once (rows, "pauses", contract))
    return;
  of = g_new (OfOne, 1);
  *of = (OfOne){ rows, contract,
                 g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL) };
  lk_nexudus_list (rows->nexudus, LK_NEXUDUS_PAUSES, query, LK_NEXUDUS_ROWS, of_one_row,
                   of_one_done, of);
}

/* --- a login that may not read them
 * --------------------------------------------------------------- */

gboolean
rows_pauses_refused (Rows *rows, const GError *error)
{
  gboolean refused = error != NULL && error->code == LK_ERROR_REFUSED;

  if (refused && !rows->no_pauses)
    lk_warning (
        LK_F (.account = rows->account, .event = "pauses_refused", .error = error),
        "the login may not read paused periods (give its user ContractPausedPeriod-List and "
        "-Read); contracts have only the pause in their own row");
  if (refused || error == NULL)
    rows->no_pauses = refused;
  return refused;
}

gboolean
rows_reads_pauses (const Rows *rows)
{
  return !rows->no_pauses;
}

/* --- time passes --------------------------------------------------------------------------------
 */

void
rows_pass_pauses (Rows *rows)
{
  g_autoptr (GPtrArray) uids = world_pass_pauses (rows->world, lk_clock_wall (rows->clock));

  for (guint i = 0; i < uids->len; i++)
    rows_contract_changed (rows, uids->pdata[i]);
}
