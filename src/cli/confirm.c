/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The question before something is done.
 */
#include "cli.h"

#include <stdio.h>
#include <unistd.h>

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
