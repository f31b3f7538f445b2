/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What rows refer to: locations, pass types, resources, read by lists or by id, and the rows that
 * wait for one of them.
 */
#include "rows_internal.h"

#include <latchkey/base/log.h>

/* A row that waits for something it refers to. */
typedef struct
{
  StoreKind kind;
  gint64 id;
} Held;

gboolean
rows_open_once (Rows *rows, const char *what, gint64 id)
{
  return g_hash_table_add (rows->open, g_strdup_printf ("%s/%" G_GINT64_FORMAT, what, id));
}

void
rows_close_one (Rows *rows, const char *what, gint64 id)
{
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, what, id);

  (void) g_hash_table_remove (rows->open, key);
}

void
rows_confirm (Rows *rows, const char *what, LkNexudusEntity entity, const GArray *ids,
              LkNexudusGetFunc got)
{
  for (guint i = 0; i < ids->len; i++)
    {
      gint64 id = g_array_index (ids, gint64, i);
      if (rows_open_once (rows, what, id))
        lk_nexudus_get (rows->nexudus, entity, id, rows_urgency (rows, LK_NEXUDUS_ROWS), got, rows);
    }
}

void
rows_hold (Rows *rows, const char *reference, StoreKind kind, gint64 id)
{
  GPtrArray *waiting = g_hash_table_lookup (rows->held, reference);
  Held held = { kind, id };

  if (waiting == NULL)
    {
      waiting = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (rows->held, g_strdup (reference), waiting);
    }
  g_ptr_array_add (waiting, g_memdup2 (&held, sizeof held));
}

void
rows_release (Rows *rows, const char *reference, gboolean resolved)
{
  g_autofree char *key = NULL;
  g_autoptr (GPtrArray) waiting = NULL;

  if (!g_hash_table_steal_extended (rows->held, reference, (gpointer *) &key,
                                    (gpointer *) &waiting))
    return;
  /* A read that failed: the next listing brings the rows again. */
  for (guint i = 0; resolved && i < waiting->len; i++)
    {
      const Held *held = waiting->pdata[i];
      rows_read_again (rows, held->kind, held->id);
    }
}

static void
got_pass_type (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error,
               gpointer data)
{
  Rows *rows = data;
  LkNexudusPassType type = { 0 };
  g_autoptr (GError) local = NULL;
  g_autofree char *reference = g_strdup_printf ("pass_type/%" G_GINT64_FORMAT, id);

  rows_close_one (rows, "pass_type", id);
  rows_count_failure (rows, error);
  if (row != NULL && lk_nexudus_pass_type_read (&type, row, &local))
    {
      world_set_pass_type (rows->world, &type, store_revision (rows->store, read->started_at));
      rows_release (rows, reference, TRUE);
      return;
    }
  if (local != NULL)
    rows_unreadable (rows, LK_NEXUDUS_PASS_TYPES, local);
  else if (row == NULL && error == NULL)
    lk_warning (LK_F (.account = rows->account, .event = "reference_missing"),
                "pass type %" G_GINT64_FORMAT " is not in Nexudus; its passes are left as they are",
                id);
  rows_release (rows, reference, FALSE);
}

void
rows_want_pass_type (Rows *rows, gint64 id)
{
  if (rows_open_once (rows, "pass_type", id))
    lk_nexudus_get (rows->nexudus, LK_NEXUDUS_PASS_TYPES, id, rows_urgency (rows, LK_NEXUDUS_ROWS),
                    got_pass_type, rows);
}

static void
got_resource (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Rows *rows = data;
  LkNexudusResource resource = { 0 };
  g_autoptr (GError) local = NULL;
  g_autofree char *reference = g_strdup_printf ("resource/%" G_GINT64_FORMAT, id);
  gboolean resolved = FALSE;

  rows_close_one (rows, "resource", id);
  rows_count_failure (rows, error);
  if (row != NULL && lk_nexudus_resource_read (&resource, row, &local))
    {
      world_set_resource (rows->world, &resource, store_revision (rows->store, read->started_at));
      resolved = TRUE;
    }
  else if (local != NULL)
    rows_unreadable (rows, LK_NEXUDUS_RESOURCES, local);
  rows_release (rows, reference, resolved);
}

void
rows_want_resource (Rows *rows, gint64 id)
{
  if (rows_open_once (rows, "resource", id))
    lk_nexudus_get (rows->nexudus, LK_NEXUDUS_RESOURCES, id, LK_NEXUDUS_ROWS, got_resource, rows);
}

void
rows_business (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  LkNexudusBusiness business = { 0 };
  g_autoptr (GError) error = NULL;

  if (lk_nexudus_business_read (&business, row, &error))
    world_set_business (rows->world, &business, store_revision (rows->store, read->started_at));
  else
    rows_unreadable (rows, LK_NEXUDUS_BUSINESSES, error);
}

static void
got_business (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Rows *rows = data;

  rows_close_one (rows, "business", id);
  rows_count_failure (rows, error);
  if (row != NULL)
    rows_business (row, read, rows);
  else if (error == NULL)
    world_drop_business (rows->world, id);
}

void
rows_begin_businesses (Rows *rows)
{
  world_begin_businesses (rows->world);
}

void
rows_businesses_listed (Rows *rows)
{
  g_autoptr (GArray) missing = world_businesses_missing (rows->world);

  rows_confirm (rows, "business", LK_NEXUDUS_BUSINESSES, missing, got_business);
}

void
rows_resource (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  LkNexudusResource resource = { 0 };
  g_autoptr (GError) error = NULL;

  if (lk_nexudus_resource_read (&resource, row, &error))
    world_set_resource (rows->world, &resource, store_revision (rows->store, read->started_at));
  else
    rows_unreadable (rows, LK_NEXUDUS_RESOURCES, error);
}

void
rows_pass_type (json_t *row, const LkNexudusRead *read, gpointer data)
{
  g_auto (LkNexudusPassType) type = { 0 };
  g_autoptr (GError) error = NULL;

  (void) read;
  /* Its list of locations is left out of lists (nexudus-api.md §2.4). */
  if (lk_nexudus_pass_type_read (&type, row, &error))
    rows_want_pass_type (data, type.id);
  else
    rows_unreadable (data, LK_NEXUDUS_PASS_TYPES, error);
}
