/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey drift`: where KISI differs from the ledger (design §6.9). JSON names are stable.
 */
#include "rights.h"

#include <latchkey/model/json.h>
#include <stdio.h>

/* What KISI or, where it has none, the ledger says of it. */
typedef struct
{
  gint64 group, user, right, member;
  LkWindow window;
} Told;

static Told
told (const CliRights *rights, const Drift *drift)
{
  gint64 member = cli_rights_member (rights, drift);

  if (drift->row == NULL)
    return (Told){ drift->right->group_id, drift->right->kisi_user_id, drift->right->right_id,
                   member, drift->right->window };
  return (Told){ drift->row->group_id, drift->row->user_id, drift->row->id, member,
                 drift->row->window };
}

static void
write_space (const CliRights *rights, LkJsonWriter *writer)
{
  for (guint i = 0; i < rights->drift->len; i++)
    {
      const Drift *drift = &g_array_index (rights->drift, Drift, i);
      Told one = told (rights, drift);
      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "space", rights->space->space->code);
      lk_json_string (writer, "class", drift_class_name (drift->class));
      cli_json_id (writer, "group_id", one.group);
      cli_json_id (writer, "kisi_user_id", one.user);
      cli_json_id (writer, "right_id", one.right);
      cli_json_id (writer, "member_id", one.member);
      lk_json_time (writer, "valid_from", one.window.from);
      lk_json_time (writer, "valid_until", one.window.until);
      lk_json_end_object (writer);
    }
}

static void
add_rows (const CliRights *rights, CliTable *table)
{
  for (guint i = 0; i < rights->drift->len; i++)
    {
      const Drift *drift = &g_array_index (rights->drift, Drift, i);
      Told one = told (rights, drift);
      cli_table_row (table, g_strdup (rights->space->space->code),
                     g_strdup (drift_class_name (drift->class)), cli_id_text (one.group),
                     cli_id_text (one.right), cli_id_text (one.user), cli_id_text (one.member),
                     cli_window_text (one.window), NULL);
    }
}

int
drift_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) spaces = cli_spaces_load (cli, CLI_RIGHTS_KINDS, 0, error);
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (CliTable) table = { NULL };
  LkJsonWriter writer = { text, FALSE };
  guint n = 0;

  if (spaces == NULL)
    return CLI_UNREACHABLE;
  cli_table_init (&table, "SPACE", "CLASS", "GROUP", "RIGHT", "KISI USER", "MEMBER", "WINDOW",
                  NULL);
  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "rights");
  for (guint i = 0; i < spaces->len; i++)
    {
      CliSpace *space = spaces->pdata[i];
      g_autoptr (CliServices) services = cli_services_open (cli, NULL, space->space->kisi, error);
      g_autoptr (CliRights) rights
          = services == NULL ? NULL : cli_rights_read (cli, space, services, error);
      if (rights == NULL)
        return CLI_UNREACHABLE;
      n += rights->drift->len;
      write_space (rights, &writer);
      add_rows (rights, &table);
    }
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  if (cli->json)
    puts (text->str);
  else if (n > 0)
    cli_table_print (&table);
  else
    puts ("KISI has what the ledger has, and nothing else.");
  return n > 0 ? CLI_DIFFERENCES : CLI_DONE;
}
