/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Runs many seeds, each in a process of its own, so that each begins the same and what it breaks
 * stays its own. A seed that fails is made as short as it can be and still fail the same way, and
 * then shown.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHRINKS_MAX 600 /* runs, to make one history shorter */

typedef struct
{
  gint64 seeds, from;
  gboolean trace, keep_going, rare_is_fine, stories;
} Options;

/* --- shorter ---------------------------------------------------------------------------------- */

typedef struct
{
  const SimHistory *history;
  SimResult *result;
  char invariant[sizeof ((SimResult *) 0)->invariant];
  gboolean *out;
  guint runs;
} Shrink;

/* Leaves out the N events from FIRST on; puts them back when it does not fail so any more. */
static gboolean
without (Shrink *shrink, guint first, guint n)
{
  guint len = sim_history_length (shrink->history);
  g_autofree gboolean *out = g_memdup2 (shrink->out, len * sizeof *out);
  gboolean changed = FALSE;

  for (guint i = first; i < MIN (first + n, len); i++)
    {
      changed |= !out[i];
      out[i] = TRUE;
    }
  if (!changed || shrink->runs >= SHRINKS_MAX)
    return FALSE;
  shrink->runs++;
  sim_run (shrink->history, out, FALSE, shrink->result);
  if (!shrink->result->failed || !g_str_equal (shrink->result->invariant, shrink->invariant))
    return FALSE;
  memcpy (shrink->out, out, len * sizeof *out);
  return TRUE;
}

static void
make_shorter (Shrink *shrink)
{
  guint len = sim_history_length (shrink->history);
  gboolean shorter = TRUE;

  for (guint n = len / 2; n > 1; n /= 2)
    for (guint end = len; end > 0; end = end > n ? end - n : 0)
      (void) without (shrink, end > n ? end - n : 0, n);
  while (shorter)
    {
      shorter = FALSE;
      for (guint i = len; i > 0; i--)
        shorter |= without (shrink, i - 1, 1);
    }
}

static void
show (const SimHistory *history, SimResult *result)
{
  Shrink shrink = { .history = history, .result = result };
  g_autofree char *readings = sim_history_readings (history);
  guint left = 0;

  shrink.out = g_new0 (gboolean, sim_history_length (history));
  g_strlcpy (shrink.invariant, result->invariant, sizeof shrink.invariant);
  make_shorter (&shrink);
  printf ("its shortest history (%u runs):\n  %s\n", shrink.runs, readings);
  for (guint i = 0; i < sim_history_length (history); i++)
    if (!shrink.out[i])
      {
        g_autofree char *text = sim_history_event (history, i);
        printf ("  %s\n", text);
        left++;
      }
  printf ("%u events; what happens:\n", left);
  sim_run (history, shrink.out, TRUE, result);
  printf ("%s: %s\n", result->invariant, result->message);
  g_free (shrink.out);
}

/* --- many runs -------------------------------------------------------------------------------- */

static void
add (SimResult *sum, const SimResult *result)
{
  for (guint i = 0; i < SIM_FAULTS; i++)
    sum->faults[i] += result->faults[i];
  sum->calls += result->calls;
  sum->writes += result->writes;
  sum->records += result->records;
  sum->rests += result->rests;
}

/* TRUE when each fault happened that should. */
static gboolean
print_faults (const SimResult *sum)
{
  gboolean all = TRUE;

  for (guint i = 0; i < SIM_FAULTS; i++)
    {
      if (sim_is_left_out ((SimFault) i))
        continue;
      printf ("%9u  %s\n", sum->faults[i], sim_fault_name ((SimFault) i));
      all &= sum->faults[i] > 0;
    }
  return all;
}

/* "none", or how many seeds broke which: "S2 3, removal 1". */
static char *
violations_text (GHashTable *violations)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (violations), (GCompareFunc) strcmp);
  g_autoptr (GString) text = g_string_new (names == NULL ? "none" : NULL);

  for (const GList *at = names; at != NULL; at = at->next)
    g_string_append_printf (text, "%s%s %u", at == names ? "" : ", ", (const char *) at->data,
                            GPOINTER_TO_UINT (g_hash_table_lookup (violations, at->data)));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static int
run_all (const Options *options, SimResult *result)
{
  SimResult sum = { 0 };
  guint failed = 0;
  gint64 begin = g_get_monotonic_time (), n = options->stories ? sim_stories () : options->seeds;
  g_autoptr (GHashTable) violations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *text = NULL, *violated = NULL;
  gboolean all;

  for (gint64 i = 0; i < n; i++)
    {
      SimHistory *history = options->stories ? sim_story_new ((guint) i)
                                             : sim_history_new ((guint64) (options->from + i));

      sim_run (history, NULL, options->trace, result);
      add (&sum, result);
      if (result->failed)
        {
          guint before = GPOINTER_TO_UINT (g_hash_table_lookup (violations, result->invariant));
          failed++;
          g_hash_table_replace (violations, g_strdup (result->invariant),
                                GUINT_TO_POINTER (before + 1));
          if (options->stories)
            printf ("story '%s' breaks ", sim_story_name ((guint) i));
          else
            printf ("seed %" G_GINT64_FORMAT " breaks ", options->from + i);
          printf ("%s: %s\n", result->invariant, result->message);
          if (!options->keep_going)
            {
              show (history, result);
              return 1;
            }
        }
      sim_history_free (history);
    }
  if (options->stories)
    {
      printf ("%" G_GINT64_FORMAT " stories, %u failed\n", n, failed);
      return failed > 0;
    }
  all = print_faults (&sum);
  text = sim_sum_text (&sum);
  violated = violations_text (violations);
  printf ("%" G_GINT64_FORMAT " seeds from %" G_GINT64_FORMAT
          " in %.1f s: %s, %u seeds failed; violations: %s\n",
          options->seeds, options->from,
          (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC, text, failed, violated);
  if (!all && !options->rare_is_fine)
    printf ("a fault never happened: nothing is known about it\n");
  return failed > 0 || (!all && !options->rare_is_fine);
}

static gboolean
parse (int *argc, char ***argv, Options *options)
{
  const GOptionEntry entries[] = {
    { "seeds", 'n', 0, G_OPTION_ARG_INT64, &options->seeds, "How many (100)", "N" },
    { "from", 'f', 0, G_OPTION_ARG_INT64, &options->from, "The first one (1)", "S" },
    { "trace", 't', 0, G_OPTION_ARG_NONE, &options->trace, "Show all that happens", NULL },
    { "keep-going", 'k', 0, G_OPTION_ARG_NONE, &options->keep_going,
      "Name every seed that fails, and show none", NULL },
    { "stories", 's', 0, G_OPTION_ARG_NONE, &options->stories,
      "Play what is written instead of what is drawn", NULL },
    { "rare-is-fine", 'r', 0, G_OPTION_ARG_NONE, &options->rare_is_fine,
      "Don't fail because a fault never happened", NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (sim_summary);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      fprintf (stderr, "%s: %s\n", sim_name, error->message);
      return FALSE;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  Options options = { .seeds = 100, .from = 1 };
  SimResult *result;

  sim_run_fixed (argv);
  if (!parse (&argc, &argv, &options))
    return 2;
  result = sim_result_new ();
  sim_play_prepare ();
  return run_all (&options, result);
}
