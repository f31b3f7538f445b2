/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Output for people: padded columns, and cells.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static void
add_row (CliTable *table, char *first, va_list more)
{
  GPtrArray *row = g_ptr_array_new_with_free_func (g_free);

  for (char *cell = first; cell != NULL; cell = va_arg (more, char *))
    g_ptr_array_add (row, cell);
  g_ptr_array_add (table->rows, row);
}

void
cli_table_init (CliTable *table, const char *first, ...)
{
  GPtrArray *header = g_ptr_array_new_with_free_func (g_free);
  va_list more;

  table->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  va_start (more, first);
  for (const char *cell = first; cell != NULL; cell = va_arg (more, const char *))
    g_ptr_array_add (header, g_strdup (cell));
  va_end (more);
  g_ptr_array_add (table->rows, header);
}

void
cli_table_row (CliTable *table, char *first, ...)
{
  va_list more;

  va_start (more, first);
  add_row (table, first, more);
  va_end (more);
}

void
cli_table_print (CliTable *table)
{
  const GPtrArray *header = table->rows->pdata[0];
  g_autofree glong *widths = g_new0 (glong, header->len);

  for (guint r = 0; r < table->rows->len; r++)
    {
      const GPtrArray *row = table->rows->pdata[r];
      for (guint c = 0; c < row->len && c < header->len; c++)
        widths[c] = MAX (widths[c], g_utf8_strlen (row->pdata[c], -1));
    }
  for (guint r = 0; r < table->rows->len; r++)
    {
      const GPtrArray *row = table->rows->pdata[r];
      for (guint c = 0; c < row->len && c < header->len; c++)
        {
          glong pad = c + 1 == row->len ? 0 : widths[c] - g_utf8_strlen (row->pdata[c], -1) + 2;
          (void) printf ("%s%*s", (const char *) row->pdata[c], (int) pad, "");
        }
      (void) putchar ('\n');
    }
}

void
cli_table_clear (CliTable *table)
{
  g_clear_pointer (&table->rows, g_ptr_array_unref);
}

char *
cli_id_text (gint64 id)
{
  return id == 0 ? g_strdup ("-") : g_strdup_printf ("%" G_GINT64_FORMAT, id);
}

void
cli_json_id (LkJsonWriter *writer, const char *key, gint64 id)
{
  if (id != 0)
    lk_json_int (writer, key, id);
  else
    lk_json_null (writer, key);
}

char *
cli_window_text (LkWindow window)
{
  char from[LK_TIME_TEXT], until[LK_TIME_TEXT];

  return g_strdup_printf (
      "%s to %s", window.from == LK_TIME_NONE ? "ever" : lk_time_format (window.from, from),
      window.until == LK_TIME_NONE ? "no end" : lk_time_format (window.until, until));
}
