/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The tables of store.h.
 */
#include "store.h"

#include <string.h>

typedef struct
{
  gint64 key;
  RowList list;
} Bucket;

/* Where a word begins in its row's `words`. */
typedef struct
{
  const char *text;
  Row *row;
} Word;

/* --- rows in order ---------------------------------------------------------------------------- */

gint
row_by_id (gconstpointer a, gconstpointer b)
{
  const Row *left = *(Row *const *)a, *right = *(Row *const *)b;
  return (left->id > right->id) - (left->id < right->id);
}

static void
list_add (RowList *list, Row *row)
{
  gboolean in_order
      = list->sorted == list->rows->len
        && (list->sorted == 0 || ((Row *)list->rows->pdata[list->sorted - 1])->id < row->id);
  g_ptr_array_add (list->rows, row);
  list->sorted += in_order;
}

/* Sorts what came last and merges it into the rest. */
static void
list_sort (RowList *list)
{
  gpointer *rows = list->rows->pdata;
  guint len = list->rows->len, tail = len - list->sorted;
  if (tail == 0)
    return;
  g_autofree gpointer *last = g_memdup2 (rows + list->sorted, tail * sizeof *rows);
  qsort (last, tail, sizeof *last, row_by_id);
  guint from = list->sorted, to = len;
  while (tail > 0)
    {
      gboolean head_is_larger = from > 0 && row_by_id (&rows[from - 1], &last[tail - 1]) > 0;
      rows[--to] = head_is_larger ? rows[--from] : last[--tail];
    }
  list->sorted = len;
}

static void
list_remove (RowList *list, const Row *row)
{
  list_sort (list);
  guint low = 0, high = list->rows->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      if (((Row *)list->rows->pdata[middle])->id < row->id)
        low = middle + 1;
      else
        high = middle;
    }
  g_assert (list->rows->pdata[low] == row);
  list->sorted--;
  g_ptr_array_remove_index (list->rows, low);
}

static void
bucket_free (gpointer data)
{
  Bucket *bucket = data;
  g_ptr_array_unref (bucket->list.rows);
  g_free (bucket);
}

/* --- words ------------------------------------------------------------------------------------ */

static gint
word_order (gconstpointer a, gconstpointer b, gpointer data)
{
  const Word *left = a, *right = b;
  int order = strcmp (left->text, right->text);
  (void)data;
  if (order != 0)
    return order;
  return (left->row->id > right->row->id) - (left->row->id < right->row->id);
}

static gboolean
is_word_char (char c)
{
  return g_ascii_isalnum (c) || (guchar)c >= 0x80;
}

/* The next word after TEXT's first, or the first (IS_FIRST); NULL: none. */
static const char *
next_word (const char *text, gboolean is_first)
{
  while (!is_first && is_word_char (*text))
    text++;
  while (*text != '\0' && !is_word_char (*text))
    text++;
  return *text != '\0' ? text : NULL;
}

static void
forget_words (Table *table, Row *row)
{
  for (const char *at = row->words ? next_word (row->words, TRUE) : NULL; at != NULL;
       at = next_word (at, FALSE))
    {
      Word word = { at, row };
      g_tree_remove (table->by_word, &word);
    }
  g_clear_pointer (&row->words, g_free);
}

static void
update_words (Table *table, Row *row)
{
  g_autofree char *words = table->words (row);
  if (g_strcmp0 (words, row->words) == 0)
    return;
  if (table->by_word == NULL)
    table->by_word = g_tree_new_full (word_order, NULL, g_free, NULL);
  forget_words (table, row);
  row->words = g_steal_pointer (&words);
  for (const char *at = next_word (row->words, TRUE); at != NULL; at = next_word (at, FALSE))
    {
      Word *word = g_new (Word, 1);
      *word = (Word){ at, row };
      g_tree_insert (table->by_word, word, NULL);
    }
}

gboolean
row_has_word (const Row *row, const char *folded)
{
  for (const char *at = row->words ? next_word (row->words, TRUE) : NULL; at != NULL;
       at = next_word (at, FALSE))
    if (g_str_has_prefix (at, folded))
      return TRUE;
  return FALSE;
}

GPtrArray *
table_search (const Table *table, const char *folded)
{
  Row before_all = { .id = G_MININT64 };
  const Word first = { folded, &before_all };
  GPtrArray *out = g_ptr_array_new ();
  gsize len = strlen (folded);
  GTreeNode *node = table->by_word ? g_tree_lower_bound (table->by_word, &first) : NULL;
  for (; node != NULL; node = g_tree_node_next (node))
    {
      const Word *word = g_tree_node_key (node);
      if (strncmp (word->text, folded, len) != 0)
        break;
      g_ptr_array_add (out, word->row);
    }
  g_ptr_array_sort (out, row_by_id);
  guint n = 0;
  for (guint i = 0; i < out->len; i++)
    if (n == 0 || out->pdata[n - 1] != out->pdata[i])
      out->pdata[n++] = out->pdata[i];
  g_ptr_array_set_size (out, (gint)n);
  return out;
}

/* --- what is kept beside a row ---------------------------------------------------------------- */

static void
move_bucket (Table *table, guint which, Row *row, gint64 old_key, gint64 key)
{
  GHashTable *buckets = table->by_key[which];
  Bucket *bucket = NULL;
  if (old_key == key)
    return;
  if (old_key != 0)
    {
      bucket = g_hash_table_lookup (buckets, &old_key);
      list_remove (&bucket->list, row);
    }
  if (key == 0)
    return;
  bucket = g_hash_table_lookup (buckets, &key);
  if (bucket == NULL)
    {
      bucket = g_new0 (Bucket, 1);
      bucket->key = key;
      bucket->list.rows = g_ptr_array_new ();
      g_hash_table_insert (buckets, &bucket->key, bucket);
    }
  list_add (&bucket->list, row);
}

static void
forget_name (Table *table, Row *row)
{
  if (row->name != NULL && g_hash_table_lookup (table->names, row->name) == row)
    g_hash_table_remove (table->names, row->name);
  g_clear_pointer (&row->name, g_free);
}

static void
update_name (Table *table, Row *row)
{
  const char *text = json_string_value (json_object_get (row->data, table->name_key));
  g_autofree char *name = text != NULL ? g_utf8_strdown (text, -1) : NULL;
  if (g_strcmp0 (name, row->name) == 0)
    return;
  forget_name (table, row);
  row->name = g_steal_pointer (&name);
  if (row->name != NULL)
    g_hash_table_replace (table->names, row->name, row);
}

void
table_changed (Table *table, Row *row)
{
  gint64 old[2] = { row->key1, row->key2 };
  g_clear_pointer (&row->list_text, g_free);
  row->updated = LK_TIME_NONE;
  const char *text = table->updated_key
                         ? json_string_value (json_object_get (row->data, table->updated_key))
                         : NULL;
  if (text != NULL)
    (void)lk_time_parse (text, strlen (text), &row->updated, NULL); /* none stays none */
  if (table->index != NULL)
    table->index (row);
  move_bucket (table, 0, row, old[0], row->key1);
  move_bucket (table, 1, row, old[1], row->key2);
  if (table->name_key != NULL)
    update_name (table, row);
  if (table->words != NULL)
    update_words (table, row);
}

/* --- the table -------------------------------------------------------------------------------- */

static void
row_free (gpointer data)
{
  Row *row = data;
  json_decref (row->data);
  g_free (row->name);
  g_free (row->words);
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
  table->list.rows = g_ptr_array_new_with_free_func (row_free);
  table->names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < G_N_ELEMENTS (table->by_key); i++)
    table->by_key[i] = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, bucket_free);
}

void
table_clear (Table *table)
{
  g_clear_pointer (&table->by_word, g_tree_unref);
  for (guint i = 0; i < G_N_ELEMENTS (table->by_key); i++)
    g_clear_pointer (&table->by_key[i], g_hash_table_unref);
  g_clear_pointer (&table->names, g_hash_table_unref);
  g_clear_pointer (&table->by_id, g_hash_table_unref);
  g_clear_pointer (&table->list.rows, g_ptr_array_unref);
}

void
table_empty (Table *table)
{
  g_clear_pointer (&table->by_word, g_tree_unref);
  for (guint i = 0; i < G_N_ELEMENTS (table->by_key); i++)
    g_hash_table_remove_all (table->by_key[i]);
  g_hash_table_remove_all (table->names);
  g_hash_table_remove_all (table->by_id);
  g_ptr_array_set_size (table->list.rows, 0);
  table->list.sorted = 0;
}

Row *
table_put (Table *table, json_t *data)
{
  gint64 id = json_integer_value (json_object_get (data, table->id_key));
  Row *row = table_get (table, id);
  if (row != NULL)
    {
      json_decref (row->data);
      row->data = data;
    }
  else
    {
      row = g_new0 (Row, 1);
      row->id = id;
      row->data = data;
      row->until = LK_TIME_NONE;
      list_add (&table->list, row);
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
  return g_hash_table_lookup (table->names, key);
}

GPtrArray *
table_rows (Table *table)
{
  list_sort (&table->list);
  return table->list.rows;
}

GPtrArray *
table_rows_of (Table *table, guint which, gint64 key)
{
  static GPtrArray *none;
  Bucket *bucket = g_hash_table_lookup (table->by_key[which - 1], &key);
  if (none == NULL)
    none = g_ptr_array_new ();
  if (bucket == NULL)
    return none;
  list_sort (&bucket->list);
  return bucket->list.rows;
}

gboolean
table_remove (Table *table, gint64 id)
{
  Row *row = table_get (table, id);
  if (row == NULL)
    return FALSE;
  move_bucket (table, 0, row, row->key1, 0);
  move_bucket (table, 1, row, row->key2, 0);
  forget_name (table, row);
  forget_words (table, row);
  g_hash_table_remove (table->by_id, &id);
  list_remove (&table->list, row); /* frees it */
  return TRUE;
}

guint
table_size (const Table *table)
{
  return table->list.rows->len;
}
