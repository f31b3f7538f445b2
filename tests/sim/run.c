/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Fork, play, wait.
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_S 60 /* a run that takes so long never ends */

void
sim_run_fixed (char **argv)
{
  if ((personality (0xffffffff) & ADDR_NO_RANDOMIZE) == 0 && personality (ADDR_NO_RANDOMIZE) >= 0)
    (void) execv ("/proc/self/exe", argv);
}

SimResult *
sim_result_new (void)
{
  SimResult *result
      = mmap (NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  g_assert (result != MAP_FAILED);
  return result;
}

void
sim_run (const SimHistory *history, const gboolean *out, gboolean trace, SimResult *result)
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
