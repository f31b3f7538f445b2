/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey resync MEMBER|--all`: a wish in each space that knows the member (design §6).
 */
#include "wishes.h"

#include <stdio.h>

#define KINDS (1u << LK_KIND_COMMANDS | 1u << LK_KIND_LEDGER | 1u << LK_KIND_CONTROL)

static void
note_known (const char *key, const CliEntry *entry, gpointer data)
{
  *(gboolean *) data = TRUE;
}

static gboolean
knows (CliSpace *space, gint64 member)
{
  gboolean known = FALSE;

  cli_space_foreach (space, LK_KIND_COMMANDS, member, note_known, &known);
  cli_space_foreach (space, LK_KIND_LEDGER, member, note_known, &known);
  return known;
}

static gboolean
wish_in (Cli *cli, CliSpace *space, gint64 member, GPtrArray *wishes, GError **error)
{
  g_autofree char *subject
      = member == 0 ? g_strdup ("all") : g_strdup_printf ("%" G_GINT64_FORMAT, member);
  const LkWish what = { .wish = (char *) "resync", .member = member };
  CliWish *wish = cli_wish_write (cli, space, subject, &what, error);

  if (wish == NULL)
    return FALSE;
  g_ptr_array_add (wishes, wish);
  return TRUE;
}

static int
tell (Cli *cli, const GPtrArray *wishes)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  if (!cli->json)
    cli_wishes_print (wishes);
  else
    {
      lk_json_begin_object (&writer, NULL);
      cli_wishes_write_json (wishes, &writer);
      lk_json_end_object (&writer);
      puts (text->str);
    }
  return cli_wishes_status (wishes);
}

int
resync_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) loaded = NULL;
  g_autoptr (GPtrArray) wishes = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_wish_free);
  gint64 member = 0;

  if (cli->all == (cli->words[0] != NULL))
    (void) lk_fail (error, LK_ERROR_CONFIG, "resync: name one MEMBER, or say --all");
  else if (!cli->all)
    (void) cli_member_parse (cli->words[0], &member, error);
  if (*error != NULL)
    return CLI_USAGE;
  loaded = cli_spaces_load (cli, member == 0 ? 1u << LK_KIND_CONTROL : KINDS, member, error);
  if (loaded == NULL)
    return CLI_UNREACHABLE;
  for (guint i = 0; i < loaded->len; i++)
    if ((member == 0 || knows (loaded->pdata[i], member))
        && !wish_in (cli, loaded->pdata[i], member, wishes, error))
      return CLI_UNREACHABLE;
  if (wishes->len == 0)
    (void) lk_fail (error, LK_ERROR_BLOCKED, "nothing is known of member %" G_GINT64_FORMAT,
                    member);
  else if (cli_wishes_wait (cli, wishes, error))
    return tell (cli, wishes);
  return CLI_UNREACHABLE;
}
