/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * People, passes and bookings read one by one: what a listing has missed, what must be read again,
 * and what was said to have gone.
 */
#include "rows_internal.h"

#include <latchkey/base/log.h>

static const LkNexudusEntity entities[]
    = { LK_NEXUDUS_COWORKERS, LK_NEXUDUS_PASSES, LK_NEXUDUS_BOOKINGS };

static void
got_entity (Rows *rows,
            StoreKind kind,
            const char *what,
            gint64 id,
            json_t *row,
            const LkNexudusRead *read,
            const GError *error)
{
  static const LkNexudusRowFunc funcs[] = { rows_coworker, rows_pass, rows_booking };
  gboolean counted;

  rows_close_one (rows, what, id);
  if (row == NULL && kind == STORE_MEMBERS)
    {
      /* What refers to somebody who can't be read is brought again by the next listing. */
      g_autofree char *reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, id);
      (void)g_hash_table_remove (rows->wanted_spaces, &id);
      rows_release (rows, reference, FALSE);
    }
  if (error != NULL)
    return; /* the next listing finds it again */
  counted = kind == STORE_BOOKINGS && g_hash_table_remove (rows->explained, &id);
  if (row != NULL)
    funcs[kind](row, read, rows);
  else
    {
      rows->gone[kind] += !counted;
      lk_info (LK_F (.account = rows->account, .event = "gone"),
               "%s/%" G_GINT64_FORMAT " is gone from Nexudus", lk_nexudus_path (entities[kind]),
               id);
      store_gone (rows->store, kind, id, store_revision (rows->store, read->started_at));
    }
}

static void
got_coworker (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_MEMBERS, "coworker", id, row, read, error);
}

static void
got_pass (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_PASSES, "pass", id, row, read, error);
}

static void
got_booking (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_BOOKINGS, "booking", id, row, read, error);
}

void
rows_read_again (Rows *rows, StoreKind kind, gint64 id)
{
  static const char *const whats[] = { "coworker", "pass", "booking" };
  static const LkNexudusGetFunc funcs[] = { got_coworker, got_pass, got_booking };

  if (rows_open_once (rows, whats[kind], id))
    lk_nexudus_get (rows->nexudus, entities[kind], id, TRUE, funcs[kind], rows);
}
