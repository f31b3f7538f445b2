/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Output for people: padded columns, and the question before something is done.
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
          glong pad = c + 1 == row->len
                          ? 0
                          : widths[c] - g_utf8_strlen (row->pdata[c], -1) + 2;
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

gboolean
cli_confirm (Cli *cli, const char *question, gboolean *out_yes, GError **error)
{
  char answer[16] = "";

  if (cli->yes)
    {
      *out_yes = TRUE;
      return TRUE;
    }
  if (!isatty (STDIN_FILENO))
    return lk_fail (error, LK_ERROR_CONFIG, "there is no terminal to ask on: say --yes");
  (void) printf ("%s [y/N] ", question);
  (void) fflush (stdout);
  *out_yes = fgets (answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
  return TRUE;
}
