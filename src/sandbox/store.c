/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The tables of store.h.
 */
#include "store.h"

#include <string.h>

static void
row_free (gpointer data)
{
  Row *row = data;
  json_decref (row->data);
  g_free (row->list_text);
  g_free (row);
}

void
table_init (Table *table, const char *id_key, const char *updated_key)
{
  memset (table, 0, sizeof *table);
  table->id_key = id_key;
  table->updated_key = updated_key;
  table->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  table->rows = g_ptr_array_new_with_free_func (row_free);
}

void
table_clear (Table *table)
{
  g_clear_pointer (&table->by_id, g_hash_table_unref);
  g_clear_pointer (&table->names, g_hash_table_unref);
  g_clear_pointer (&table->rows, g_ptr_array_unref);
}

void
table_empty (Table *table)
{
  g_hash_table_remove_all (table->by_id);
  if (table->names != NULL)
    g_hash_table_remove_all (table->names);
  g_ptr_array_set_size (table->rows, 0);
  table->unsorted = FALSE;
}

static const char *
row_name (const Table *table, const Row *row)
{
  return table->name_key ? json_string_value (json_object_get (row->data, table->name_key)) : NULL;
}

static void
forget_name (Table *table, Row *row)
{
  GHashTableIter iter;
  gpointer value;
  const char *name = row_name (table, row);
  g_autofree char *key = name ? g_utf8_strdown (name, -1) : NULL;
  if (key != NULL && g_hash_table_lookup (table->names, key) == row)
    {
      g_hash_table_remove (table->names, key);
      return;
    }
  /* Its name changed since: look everywhere. */
  g_hash_table_iter_init (&iter, table->names);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (value == row)
      g_hash_table_iter_remove (&iter);
}

void
table_changed (Table *table, Row *row)
{
  g_clear_pointer (&row->list_text, g_free);
  row->updated = LK_TIME_NONE;
  const char *text = table->updated_key
                         ? json_string_value (json_object_get (row->data, table->updated_key))
                         : NULL;
  if (text != NULL)
    (void)lk_time_parse (text, strlen (text), &row->updated, NULL); /* none stays none */
  if (table->index != NULL)
    table->index (row);
  const char *name = row_name (table, row);
  if (name == NULL)
    return;
  if (table->names == NULL)
    table->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (table->names, g_utf8_strdown (name, -1), row);
}

Row *
table_put (Table *table, json_t *data)
{
  gint64 id = json_integer_value (json_object_get (data, table->id_key));
  Row *row = table_get (table, id);
  if (row != NULL)
    {
      if (table->names != NULL)
        forget_name (table, row);
      json_decref (row->data);
      row->data = data;
    }
  else
    {
      row = g_new0 (Row, 1);
      row->id = id;
      row->data = data;
      if (table->rows->len > 0)
        {
          const Row *last = table->rows->pdata[table->rows->len - 1];
          table->unsorted |= last->id > id;
        }
      g_ptr_array_add (table->rows, row);
      g_hash_table_insert (table->by_id, &row->id, row);
    }
  table_changed (table, row);
  return row;
}

Row *
table_get (const Table *table, gint64 id)
{
  return g_hash_table_lookup (table->by_id, &id);
}

Row *
table_by_name (const Table *table, const char *name)
{
  g_autofree char *key = g_utf8_strdown (name, -1);
  return table->names ? g_hash_table_lookup (table->names, key) : NULL;
}

static gint
by_id (gconstpointer a, gconstpointer b)
{
  const Row *left = *(Row *const *)a, *right = *(Row *const *)b;
  return (left->id > right->id) - (left->id < right->id);
}

GPtrArray *
table_rows (Table *table)
{
  if (table->unsorted)
    g_ptr_array_sort (table->rows, by_id);
  table->unsorted = FALSE;
  return table->rows;
}

gboolean
table_remove (Table *table, gint64 id)
{
  Row *row = table_get (table, id);
  if (row == NULL)
    return FALSE;
  if (table->names != NULL)
    forget_name (table, row);
  g_hash_table_remove (table->by_id, &id);
  GPtrArray *rows = table_rows (table);
  guint low = 0, high = rows->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      if (((Row *)rows->pdata[middle])->id < id)
        low = middle + 1;
      else
        high = middle;
    }
  g_ptr_array_remove_index (rows, low);
  return TRUE;
}

guint
table_size (const Table *table)
{
  return table->rows->len;
}
