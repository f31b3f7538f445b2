/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Names as words.
 */
#include "match.h"

/* The words of NAME, in order. */
static GPtrArray *
words_of (const char *name)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *apart = g_utf8_normalize (name, -1, G_NORMALIZE_ALL);
  g_autofree char *folded = apart == NULL ? g_strdup ("") : g_utf8_casefold (apart, -1);
  g_autoptr (GString) word = g_string_new (NULL);

  for (const char *at = folded;; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      if (c != 0 && g_unichar_ismark (c))
        continue; /* an accent, now apart from its letter */
      if (c != 0 && g_unichar_isalnum (c))
        g_string_append_unichar (word, c);
      else if (word->len > 0)
        {
          g_ptr_array_add (words, g_strdup (word->str));
          g_string_truncate (word, 0);
        }
      if (c == 0)
        return words;
    }
}

gboolean
match_is_same (const char *a, const char *b)
{
  g_autoptr (GPtrArray) x = words_of (a), y = words_of (b);

  if (x->len == 0 || x->len != y->len)
    return FALSE;
  for (guint i = 0; i < x->len; i++)
    if (!g_str_equal (x->pdata[i], y->pdata[i]))
      return FALSE;
  return TRUE;
}

static GHashTable *
set_of (const GPtrArray *words)
{
  GHashTable *set = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < words->len; i++)
    (void) g_hash_table_add (set, words->pdata[i]);
  return set;
}

double
match_likeness (const char *a, const char *b)
{
  g_autoptr (GPtrArray) x = words_of (a), y = words_of (b);
  g_autoptr (GHashTable) of_x = set_of (x), of_y = set_of (y);
  guint all = g_hash_table_size (of_x) + g_hash_table_size (of_y), both = 0;
  GHashTableIter iter;
  gpointer word;

  g_hash_table_iter_init (&iter, of_x);
  while (g_hash_table_iter_next (&iter, &word, NULL))
    both += g_hash_table_contains (of_y, word);
  return all == 0 ? 0 : 2.0 * both / all;
}
