/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey rejects list` and `rejects show`: records that no program could understand. The list
 * shows where and why; the bytes, which may name people, only `show`.
 */
#include "stream.h"

#include <latchkey/model/report.h>
#include <stdio.h>
#include <string.h>

typedef struct
{
  const char *space; /* borrowed from the configuration */
  gint64 offset;
  char *key;
  LkReject reject;
} Rejected;

typedef struct
{
  LkTime since;
  gint64 only;    /* this offset; -1: all */
  GPtrArray *all; /* Rejected* */
  guint unreadable;
} Rejects;

static void
rejected_free (gpointer data)
{
  Rejected *one = data;

  lk_reject_clear (&one->reject);
  g_free (one->key);
  g_free (one);
}

static void
add_reject (const LkRecord *record, const LkConfigSpace *space, gpointer data)
{
  Rejects *rejects = data;
  Rejected *one;

  if (record->timestamp < rejects->since || (rejects->only >= 0 && record->offset != rejects->only))
    return;
  one = g_new0 (Rejected, 1);
  if (!lk_reject_parse (&one->reject, record->value, record->value_len, NULL))
    {
      rejects->unreadable++;
      g_free (one);
      return;
    }
  one->space = space->code;
  one->offset = record->offset;
  one->key = g_utf8_make_valid (record->key == NULL ? "" : record->key,
                                record->key == NULL ? 0 : (gssize) record->key_len);
  g_ptr_array_add (rejects->all, one);
}

static void
write_reject (const Rejected *one, gboolean whole, LkJsonWriter *writer)
{
  const LkReject *reject = &one->reject;
  g_autofree char *id = g_strdup_printf ("%s/%" G_GINT64_FORMAT, one->space, one->offset);

  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "id", id);
  lk_json_string (writer, "space", one->space);
  lk_json_time (writer, "at", reject->at);
  lk_json_string (writer, "program", reject->program);
  lk_json_string (writer, "topic", reject->topic);
  lk_json_int (writer, "partition", reject->partition);
  lk_json_int (writer, "offset", reject->offset);
  lk_json_string (writer, "key", one->key);
  lk_json_string (writer, "reason", reject->reason);
  if (whole)
    {
      g_autofree char *base64 = g_base64_encode ((const guchar *) reject->value, reject->value_len);
      lk_json_string (writer, "value", base64);
      lk_json_bool (writer, "truncated", reject->truncated);
    }
  lk_json_end_object (writer);
}

static void
print_list (const GPtrArray *all)
{
  g_auto (CliTable) table = { NULL };
  char text[LK_TIME_TEXT];

  cli_table_init (&table, "REJECT", "AT", "PROGRAM", "RECORD", "REASON", NULL);
  for (guint i = 0; i < all->len; i++)
    {
      const Rejected *one = all->pdata[i];
      const LkReject *reject = &one->reject;
      cli_table_row (&table, g_strdup_printf ("%s/%" G_GINT64_FORMAT, one->space, one->offset),
                     g_strdup (lk_time_format (reject->at, text)), g_strdup (reject->program),
                     g_strdup_printf ("%s %d@%" G_GINT64_FORMAT, reject->topic, reject->partition,
                                      reject->offset),
                     g_strdup (reject->reason), NULL);
    }
  if (all->len > 0)
    cli_table_print (&table);
  else
    puts ("Everything was understood.");
}

static void
warn_of_unreadable (const Rejects *rejects)
{
  if (rejects->unreadable > 0)
    (void) fprintf (stderr, "latchkey: %u rejects could not be understood themselves\n",
                    rejects->unreadable);
}

int
rejects_list_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) spaces = cli_spaces (cli, error);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (rejected_free);
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };
  Rejects rejects = { .only = -1, .all = all };

  if (spaces == NULL || !cli_since (cli, 0, &rejects.since, error))
    return CLI_USAGE;
  if (!cli_stream (cli, LK_KIND_REJECTS, spaces, add_reject, &rejects, error))
    return CLI_UNREACHABLE;
  warn_of_unreadable (&rejects);
  if (!cli->json)
    print_list (all);
  else
    {
      lk_json_begin_object (&writer, NULL);
      lk_json_begin_array (&writer, "rejects");
      for (guint i = 0; i < all->len; i++)
        write_reject (all->pdata[i], FALSE, &writer);
      lk_json_end_array (&writer);
      lk_json_end_object (&writer);
      puts (text->str);
    }
  return all->len > 0 ? CLI_DIFFERENCES : CLI_DONE;
}

/* "moncloa/17" */
static gboolean
parse_id (Cli *cli, const LkConfigSpace **out_space, gint64 *out_offset, GError **error)
{
  const char *word = cli->words[0], *slash = strrchr (word, '/');
  g_autofree char *code = slash == NULL ? NULL : g_strndup (word, (gsize) (slash - word));
  char *end = NULL;

  *out_space = code == NULL ? NULL : lk_config_space (cli->config, code);
  *out_offset = slash == NULL ? -1 : g_ascii_strtoll (slash + 1, &end, 10);
  if (*out_space != NULL && end != slash + 1 && *end == '\0' && *out_offset >= 0)
    return TRUE;
  return lk_fail (error, LK_ERROR_CONFIG,
                  "REJECT: expected SPACE/OFFSET, as `latchkey rejects list` shows it, got '%s'",
                  word);
}

static void
print_one (const Rejected *one)
{
  const LkReject *reject = &one->reject;
  g_autofree char *value = g_utf8_make_valid (reject->value, (gssize) reject->value_len);
  char text[LK_TIME_TEXT];

  (void) printf ("at       %s\nprogram  %s\nrecord   %s %d@%" G_GINT64_FORMAT "\nkey      %s\n"
                 "reason   %s\nvalue    %" G_GSIZE_FORMAT " bytes%s\n%s\n",
                 lk_time_format (reject->at, text), reject->program, reject->topic,
                 reject->partition, reject->offset, one->key, reject->reason, reject->value_len,
                 reject->truncated ? ", cut" : "", value);
}

int
rejects_show_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (rejected_free);
  g_autoptr (GPtrArray) spaces = g_ptr_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };
  Rejects rejects = { .all = all };
  const LkConfigSpace *space;

  if (!parse_id (cli, &space, &rejects.only, error))
    return CLI_USAGE;
  g_ptr_array_add (spaces, (gpointer) space);
  if (!cli_stream (cli, LK_KIND_REJECTS, spaces, add_reject, &rejects, error))
    return CLI_UNREACHABLE;
  warn_of_unreadable (&rejects);
  if (all->len == 0)
    {
      (void) lk_fail (error, LK_ERROR_BLOCKED, "there is no reject %s", cli->words[0]);
      return CLI_DIFFERENCES;
    }
  if (!cli->json)
    print_one (all->pdata[0]);
  else
    {
      write_reject (all->pdata[0], TRUE, &writer);
      puts (text->str);
    }
  return CLI_DONE;
}
