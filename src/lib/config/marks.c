/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Problems, and the places they are told at: each path of the document has its mark.
 */
#include "walk.h"

#include <string.h>

static void
add_problem (GPtrArray *problems, LkMark mark, const char *path, char *message)
{
  LkConfigProblem *problem;

  if (problems->len >= LK_PROBLEMS_MAX)
    {
      g_free (message);
      return;
    }
  problem = g_new0 (LkConfigProblem, 1);
  problem->line = mark.line;
  problem->column = mark.column;
  problem->path = g_strdup (path);
  problem->message = message;
  g_ptr_array_add (problems, problem);
}

void
lk_problem_add (GPtrArray *problems, LkMark mark, const char *path, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  add_problem (problems, mark, path, g_strdup_vprintf (format, args));
  va_end (args);
}

const LkMark *
lk_walk_mark (const LkWalk *walk, const char *path)
{
  return g_hash_table_lookup (walk->marks, path);
}

/* Cuts PATH at what is around it: spaces[2].place, spaces[2], spaces, "". */
static void
cut_last (char *path)
{
  char *dot = strrchr (path, '.'), *bracket = strrchr (path, '[');

  *(dot == NULL && bracket == NULL ? path : MAX (dot, bracket)) = '\0';
}

gboolean
lk_walk_is_broken (const LkWalk *walk, const char *path)
{
  g_autofree char *around = g_strdup (path);

  for (;; cut_last (around))
    {
      const LkMark *mark = lk_walk_mark (walk, around);

      if (mark != NULL && mark->broken)
        return TRUE;
      if (*around == '\0')
        return FALSE;
    }
}

void
lk_walk_problem (LkWalk *walk, const char *path, const char *format, ...)
{
  g_autofree char *around = g_strdup (path);
  LkMark *mark = g_hash_table_lookup (walk->marks, around);
  va_list args;

  if (mark != NULL)
    mark->broken = TRUE;
  while (mark == NULL && *around != '\0')
    {
      cut_last (around);
      mark = g_hash_table_lookup (walk->marks, around);
    }
  va_start (args, format);
  add_problem (walk->problems, mark == NULL ? (LkMark){ .line = 1, .column = 1 } : *mark, path,
               g_strdup_vprintf (format, args));
  va_end (args);
}

void
lk_walk_init (LkWalk *walk, LkConfig *config, GPtrArray *problems)
{
  *walk = (LkWalk){
    .config = config,
    .problems = problems,
    .marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .references = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
  };
}

void
lk_walk_clear (LkWalk *walk)
{
  g_clear_pointer (&walk->marks, g_hash_table_unref);
  g_clear_pointer (&walk->references, g_hash_table_unref);
}
