/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Runs many seeds, each in a process of its own, so that each begins the same and what it breaks
 * stays its own. A seed that fails is made as short as it can be and still fail the same way, and
 * then shown.
 */
#include "play.h"

#include "stories.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_S 20       /* a run that takes so long never ends */
#define SHRINKS_MAX 600 /* runs, to make one history shorter */

typedef struct
{
  gint64 seeds, from;
  gboolean trace, keep_going, rare_is_fine, stories;
} Options;

/* --- one run ---------------------------------------------------------------------------------- */

static void
run (const SimHistory *history, const gboolean *out, const Options *options, gboolean trace,
     SimResult *result)
{
  int status;
  pid_t child;

  memset (result, 0, sizeof *result);
  (void) fflush (stdout);
  child = fork ();
  if (child < 0)
    g_error ("fork: %s", g_strerror (errno));
  if (child == 0)
    {
      (void) alarm (HANG_S);
      sim_play (history, out, trace, result);
      (void) fflush (stdout);
      _exit (0);
    }
  while (waitpid (child, &status, 0) < 0)
    g_assert (errno == EINTR);
  if (result->failed || (WIFEXITED (status) && WEXITSTATUS (status) == 0))
    return;
  result->failed = TRUE;
  g_strlcpy (result->invariant, "whole", sizeof result->invariant);
  if (WIFSIGNALED (status))
    g_snprintf (result->message, sizeof result->message, "the process ended by signal %d (%s)",
                WTERMSIG (status), g_strsignal (WTERMSIG (status)));
  else
    g_snprintf (result->message, sizeof result->message, "the process ended with status %d",
                WEXITSTATUS (status));
}

/* --- shorter ---------------------------------------------------------------------------------- */

typedef struct
{
  const SimHistory *history;
  const Options *options;
  SimResult *result;
  char invariant[sizeof ((SimResult *) 0)->invariant];
  gboolean *out;
  guint runs;
} Shrink;

/* Leaves out the N events from FIRST on; puts them back when it does not fail so any more. */
static gboolean
without (Shrink *shrink, guint first, guint n)
{
  guint len = shrink->history->events->len;
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
  run (shrink->history, out, shrink->options, FALSE, shrink->result);
  if (!shrink->result->failed || !g_str_equal (shrink->result->invariant, shrink->invariant))
    return FALSE;
  memcpy (shrink->out, out, len * sizeof *out);
  return TRUE;
}

static void
make_shorter (Shrink *shrink)
{
  guint len = shrink->history->events->len;
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
show (const SimHistory *history, const Options *options, SimResult *result)
{
  Shrink shrink = { .history = history, .options = options, .result = result };
  g_autofree char *readings = sim_readings_text (history);
  guint left = 0;

  shrink.out = g_new0 (gboolean, history->events->len);
  g_strlcpy (shrink.invariant, result->invariant, sizeof shrink.invariant);
  make_shorter (&shrink);
  printf ("its shortest history (%u runs):\n  %s\n", shrink.runs, readings);
  for (guint i = 0; i < history->events->len; i++)
    if (!shrink.out[i])
      {
        g_autofree char *text = sim_event_text (&g_array_index (history->events, SimEvent, i));
        printf ("  %s\n", text);
        left++;
      }
  printf ("%u events; what happens:\n", left);
  run (history, shrink.out, options, TRUE, result);
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
      printf ("%9u  %s\n", sum->faults[i], sim_fault_name ((SimFault) i));
      all &= sum->faults[i] > 0;
    }
  return all;
}

static int
run_all (const Options *options, SimResult *result)
{
  SimResult sum = { 0 };
  guint failed = 0;
  gint64 begin = g_get_monotonic_time (), n = options->stories ? sim_stories () : options->seeds;
  gboolean all;

  for (gint64 i = 0; i < n; i++)
    {
      SimHistory *history = options->stories ? sim_story_new ((guint) i)
                                             : sim_history_new ((guint64) (options->from + i));

      run (history, NULL, options, options->trace, result);
      add (&sum, result);
      if (result->failed)
        {
          failed++;
          if (options->stories)
            printf ("story '%s' breaks ", sim_story_name ((guint) i));
          else
            printf ("seed %" G_GINT64_FORMAT " breaks ", options->from + i);
          printf ("%s: %s\n", result->invariant, result->message);
          if (!options->keep_going)
            {
              show (history, options, result);
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
  printf ("%" G_GINT64_FORMAT " seeds from %" G_GINT64_FORMAT " in %.1f s: %u calls, %u of them "
          "writing, %u records, %u looks at rest, %u seeds failed\n",
          options->seeds, options->from,
          (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC, sum.calls, sum.writes,
          sum.records, sum.rests, failed);
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
  g_autoptr (GOptionContext) context
      = g_option_context_new ("- the executor in worlds where everything goes wrong");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      fprintf (stderr, "latchkey-sim: %s\n", error->message);
      return FALSE;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  Options options = { .seeds = 100, .from = 1 };
  SimResult *result;

  /* The executor walks hash tables whose order follows from addresses: those must be the same each
   * time, or a seed would not be. */
  if ((personality (0xffffffff) & ADDR_NO_RANDOMIZE) == 0 && personality (ADDR_NO_RANDOMIZE) >= 0)
    (void) execv ("/proc/self/exe", argv);
  if (!parse (&argc, &argv, &options))
    return 2;
  result = mmap (NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert (result != MAP_FAILED);
  sim_play_prepare ();
  return run_all (&options, result);
}
