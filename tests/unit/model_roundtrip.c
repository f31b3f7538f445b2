/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * lk-model-roundtrip MESSAGE: reads messages from standard input, one a line, and prints for each
 * one line, what our writer makes of it, or "error CODE: MESSAGE". With --kinds it prints the kinds
 * of topics, with --messages the messages. For the tests that hold topics/ and the code together.
 */
#include "model_messages.h"

#include <latchkey/base/error.h>
#include <latchkey/model/keys.h>
#include <stdio.h>
#include <stdlib.h>

static int
list (gboolean kinds)
{
  if (kinds)
    for (guint i = 0; i < LK_KIND_COUNT_; i++)
      puts (lk_kind_name ((LkKind)i));
  else
    for (guint i = 0; i < n_messages; i++)
      puts (messages[i].name);
  return 0;
}

int
main (int argc, char **argv)
{
  const Message *message;
  g_autoptr (GString) out = g_string_new (NULL);
  char *line = NULL;
  size_t room = 0;
  ssize_t len;

  if (argc == 2 && (g_str_equal (argv[1], "--kinds") || g_str_equal (argv[1], "--messages")))
    return list (g_str_equal (argv[1], "--kinds"));
  message = argc == 2 ? message_find (argv[1]) : NULL;
  if (message == NULL)
    {
      fprintf (stderr, "usage: lk-model-roundtrip MESSAGE|--kinds|--messages\n");
      return 2;
    }
  while ((len = getline (&line, &room, stdin)) > 0)
    {
      g_autoptr (GError) error = NULL;

      if (line[len - 1] == '\n')
        len--;
      g_string_truncate (out, 0);
      if (message->rewrite (line, (gsize)len, out, &error))
        puts (out->str);
      else
        printf ("error %s: %s\n", lk_error_code_name ((LkErrorCode)error->code), error->message);
    }
  free (line);
  return 0;
}
