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

static const char *const whats[] = { "coworker", "pass", "booking" };

/* A read that has failed is tried in the next cycles; then the next full listing finds it again. */
#define OWED_CYCLES 3

typedef struct
{
  StoreKind kind;
  gint64 id;
  guint cycles; /* how many have tried */
  gboolean due;
} Owed;

/* FALSE: it has been tried often enough, or what is wrong does not pass by itself. */
static gboolean
owe (Rows *rows, StoreKind kind, gint64 id, const GError *error)
{
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, whats[kind], id);
  Owed *owed = g_hash_table_lookup (rows->owed, key);

  if (error->code != LK_ERROR_RETRY || (owed != NULL && owed->cycles >= OWED_CYCLES))
    {
      (void) g_hash_table_remove (rows->owed, key);
      return FALSE;
    }
  if (owed == NULL)
    {
      owed = g_new (Owed, 1);
      *owed = (Owed){ kind, id, 0, FALSE };
      g_hash_table_insert (rows->owed, g_steal_pointer (&key), owed);
    }
  owed->cycles++;
  owed->due = TRUE;
  return TRUE;
}

static void
settle (Rows *rows, StoreKind kind, gint64 id)
{
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, whats[kind], id);

  (void) g_hash_table_remove (rows->owed, key);
}

void
rows_try_again (Rows *rows)
{
  GHashTableIter iter;
  gpointer value;

  rows_list_unlisted (rows);
  g_hash_table_iter_init (&iter, rows->owed);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Owed *owed = value;
      if (owed->due)
        rows_read_again (rows, owed->kind, owed->id);
      owed->due = FALSE;
    }
}

static void
got_entity (Rows *rows, StoreKind kind, gint64 id, json_t *row, const LkNexudusRead *read,
            const GError *error)
{
  static const LkNexudusRowFunc funcs[] = { rows_coworker, rows_pass, rows_booking };
  gboolean stated;
  gpointer counted = NULL;
  g_autofree gint64 *said = NULL;

  rows_close_one (rows, whats[kind], id);
  rows_count_failure (rows, error);
  /* What refers to somebody who can't be read just now goes on waiting. */
  if (error != NULL && owe (rows, kind, id, error))
    return;
  if (row == NULL && kind == STORE_MEMBERS)
    {
      /* What refers to them is brought again by the next listing. */
      g_autofree char *reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, id);
      (void) g_hash_table_remove (rows->wanted_spaces, &id);
      if (error == NULL)
        rows_forget_person (rows, id);
      rows_release (rows, reference, FALSE);
    }
  if (error != NULL)
    return;
  settle (rows, kind, id);
  stated = kind == STORE_BOOKINGS
           && g_hash_table_steal_extended (rows->cancellations, &id, (gpointer *) &said, &counted);
  if (row != NULL)
    funcs[kind](row, read, rows);
  else
    {
      gint64 revision = store_revision (rows->store, read->started_at);
      rows->gone[kind] += counted == NULL;
      lk_info (LK_F (.account = rows->account, .event = "gone"),
               "%s/%" G_GINT64_FORMAT " is gone from Nexudus", lk_nexudus_path (entities[kind]),
               id);
      if (stated)
        store_gone (rows->store, kind, id, revision);
      else
        store_lost (rows->store, kind, id, revision);
    }
}

static void
got_coworker (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_MEMBERS, id, row, read, error);
}

static void
got_pass (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_PASSES, id, row, read, error);
}

static void
got_booking (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  got_entity (data, STORE_BOOKINGS, id, row, read, error);
}

void
rows_read_again (Rows *rows, StoreKind kind, gint64 id)
{
  static const LkNexudusGetFunc funcs[] = { got_coworker, got_pass, got_booking };

  if (rows_open_once (rows, whats[kind], id))
    lk_nexudus_get (rows->nexudus, entities[kind], id, LK_NEXUDUS_ROWS, funcs[kind], rows);
}
