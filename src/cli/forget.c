/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey forget MEMBER`: a wish in each space that knows the person, which poller, workers and
 * executor turn into tombstones (design §6), and what is left then. JSON names are stable.
 */
#include "wishes.h"

#include <latchkey/kafka/topics.h>
#include <latchkey/model/json.h>
#include <stdio.h>

#define LEAVE_MS (60 * LK_SECOND) /* for the tombstones, once everyone is done */

static const LkKind tables[]
    = { LK_KIND_MEMBERS, LK_KIND_PASSES, LK_KIND_BOOKINGS, LK_KIND_COMMANDS, LK_KIND_LEDGER };
/* Where ids, and in rejects perhaps more, stay until they are too old. */
static const LkKind logs[] = { LK_KIND_ACCESS_REPORTS, LK_KIND_ACCESS_CHANGES, LK_KIND_REJECTS };

typedef struct
{
  gint64 member;
  GPtrArray *loaded; /* CliSpace*: all */
  GPtrArray *known;  /* CliSpace*: those that know the person (borrowed) */
  GPtrArray *wishes; /* CliWish*, one of each of KNOWN */
  GArray *users;     /* gint64: whom the ledger knows them as in KISI */
  GPtrArray *files;  /* LkTopicFile* */
  gint64 end;        /* steady ms */
  const LkClock *clock;
} Person;

static void
person_clear (Person *person)
{
  g_clear_pointer (&person->wishes, g_ptr_array_unref);
  g_clear_pointer (&person->known, g_ptr_array_unref);
  g_clear_pointer (&person->loaded, g_ptr_array_unref);
  g_clear_pointer (&person->users, g_array_unref);
  g_clear_pointer (&person->files, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Person, person_clear)

/* --- what there is ------------------------------------------------------------------------------
 */

static void
count_entry (const char *key, const CliEntry *entry, gpointer data)
{
  (void) key;
  (void) entry;
  ++*(guint *) data;
}

static guint
count_of (CliSpace *space, LkKind kind, gint64 member)
{
  guint n = 0;

  cli_space_foreach (space, kind, member, count_entry, &n);
  return n;
}

static guint
count_all (CliSpace *space, gint64 member)
{
  guint n = 0;

  for (gsize k = 0; k < G_N_ELEMENTS (tables); k++)
    n += count_of (space, tables[k], member);
  return n;
}

static void
note_user (const char *key, const CliEntry *entry, gpointer data)
{
  GArray *users = data;
  gint64 id = entry->is_right ? 0 : entry->ledger_member.kisi_user_id;

  (void) key;
  for (guint i = 0; i < users->len; i++)
    if (g_array_index (users, gint64, i) == id)
      return;
  if (id != 0)
    g_array_append_val (users, id);
}

static gboolean
load (Cli *cli, Person *person, GError **error)
{
  guint kinds = 1u << LK_KIND_CONTROL;

  person->clock = cli->clock;
  person->wishes = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_wish_free);
  person->known = g_ptr_array_new ();
  person->users = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!cli_member_parse (cli->words[0], &person->member, error))
    return FALSE;
  person->files = lk_topic_files_load (cli->topics_dir, error);
  for (gsize k = 0; k < G_N_ELEMENTS (tables); k++)
    kinds |= 1u << tables[k];
  person->loaded
      = person->files == NULL ? NULL : cli_spaces_load (cli, kinds, person->member, error);
  if (person->loaded == NULL)
    return FALSE;
  for (guint i = 0; i < person->loaded->len; i++)
    if (count_all (person->loaded->pdata[i], person->member) > 0)
      {
        g_ptr_array_add (person->known, person->loaded->pdata[i]);
        cli_space_foreach (person->loaded->pdata[i], LK_KIND_LEDGER, person->member, note_user,
                           person->users);
      }
  return TRUE;
}

/* --- telling ------------------------------------------------------------------------------------
 */

/* A setting of the file of KIND in ms, 0: it has none. */
static gint64
setting_of (const Person *person, LkKind kind, const char *name)
{
  for (guint i = 0; i < person->files->len; i++)
    {
      const LkTopicFile *file = person->files->pdata[i];
      for (guint c = 0; file->kind == kind && file->config_names[c] != NULL; c++)
        if (g_str_equal (file->config_names[c], name))
          return g_ascii_strtoll (file->config_values[c], NULL, 10);
    }
  return 0;
}

static void
print_what_there_is (const Person *person)
{
  for (guint i = 0; i < person->known->len; i++)
    {
      CliSpace *space = person->known->pdata[i];
      (void) printf ("space %s:", space->space->code);
      for (gsize k = 0; k < G_N_ELEMENTS (tables); k++)
        (void) printf ("%s %u in %s", k == 0 ? "" : ",",
                       count_of (space, tables[k], person->member), lk_kind_name (tables[k]));
      (void) putchar ('\n');
    }
}

static void
print_what_is_left (const Person *person)
{
  for (guint i = 0; i < person->known->len; i++)
    for (gsize k = 0; k < G_N_ELEMENTS (tables); k++)
      {
        CliSpace *space = person->known->pdata[i];
        guint n = count_of (space, tables[k], person->member);
        if (n > 0)
          (void) printf ("LEFT: %u records in %s.%s: see `latchkey status` (orphaned, blocked)\n",
                         n, lk_kind_name (tables[k]), space->space->code);
      }
  (void) printf (
      "From the log of these topics it goes when Kafka compacts it, at most %" G_GINT64_FORMAT
      " days after the\npartition is written to again.\n",
      setting_of (person, LK_KIND_MEMBERS, "max.compaction.lag.ms") / LK_DAY);
  for (gsize k = 0; k < G_N_ELEMENTS (logs); k++)
    (void) printf ("%s keeps what names the member for %" G_GINT64_FORMAT " days, and can't be "
                   "erased before.\n",
                   lk_kind_name (logs[k]), setting_of (person, logs[k], "retention.ms") / LK_DAY);
  (void) printf ("control keeps this wish, which names the member's id, for 7 days.\n");
  for (guint i = 0; i < person->users->len; i++)
    (void) printf ("In KISI there still is user %" G_GINT64_FORMAT
                   ", without a key of Latchkey's: delete it there.\n",
                   g_array_index (person->users, gint64, i));
}

static void
write_left (const Person *person, LkJsonWriter *writer)
{
  lk_json_begin_array (writer, "left");
  for (guint i = 0; i < person->known->len; i++)
    for (gsize k = 0; k < G_N_ELEMENTS (tables); k++)
      {
        CliSpace *space = person->known->pdata[i];
        guint n = count_of (space, tables[k], person->member);
        if (n == 0)
          continue;
        lk_json_begin_object (writer, NULL);
        lk_json_string (writer, "space", space->space->code);
        lk_json_string (writer, "topic", lk_kind_name (tables[k]));
        lk_json_int (writer, "records", n);
        lk_json_end_object (writer);
      }
  lk_json_end_array (writer);
}

static void
print_json (const Person *person)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "member", person->member);
  cli_wishes_write_json (person->wishes, &writer);
  write_left (person, &writer);
  lk_json_int (&writer, "compacted_within_s",
               setting_of (person, LK_KIND_MEMBERS, "max.compaction.lag.ms") / LK_SECOND);
  lk_json_begin_array (&writer, "ages_out");
  for (gsize k = 0; k < G_N_ELEMENTS (logs); k++)
    {
      lk_json_begin_object (&writer, NULL);
      lk_json_string (&writer, "topic", lk_kind_name (logs[k]));
      lk_json_int (&writer, "retention_s",
                   setting_of (person, logs[k], "retention.ms") / LK_SECOND);
      lk_json_end_object (&writer);
    }
  lk_json_end_array (&writer);
  lk_json_begin_array (&writer, "kisi_users");
  for (guint i = 0; i < person->users->len; i++)
    lk_json_int (&writer, NULL, g_array_index (person->users, gint64, i));
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
  puts (text->str);
}

/* --- the command --------------------------------------------------------------------------------
 */

static gboolean
wish (Cli *cli, Person *person, GError **error)
{
  g_autofree char *subject = g_strdup_printf ("%" G_GINT64_FORMAT, person->member);
  const LkWish what = { .wish = (char *) "forget", .member = person->member };

  for (guint i = 0; i < person->known->len; i++)
    {
      CliWish *made = cli_wish_write (cli, person->known->pdata[i], subject, &what, error);
      if (made == NULL)
        return FALSE;
      g_ptr_array_add (person->wishes, made);
    }
  return cli_wishes_wait (cli, person->wishes, error);
}

static gboolean
is_gone (gpointer data)
{
  const Person *person = data;
  guint left = 0;

  for (guint i = 0; i < person->known->len; i++)
    left += count_all (person->known->pdata[i], person->member);
  return left == 0 || lk_clock_steady (person->clock) >= person->end;
}

/* The tombstones follow one another from program to program. */
static gboolean
wait_until_gone (Cli *cli, Person *person, GError **error)
{
  gint64 ms = cli->wait_ms >= 0 ? cli->wait_ms : LEAVE_MS;

  person->end = lk_clock_steady (cli->clock) + ms;
  /* The end is the predicate's own, so the deadline of the wait is never met. */
  return cli_wait (cli, is_gone, person, "waiting for the tombstones", ms + LK_MINUTE, error);
}

int
forget_run (Cli *cli, GError **error)
{
  g_auto (Person) person = { 0 };
  gboolean yes = FALSE;
  int status;

  if (!load (cli, &person, error))
    return CLI_UNREACHABLE;
  if (person.known->len == 0)
    (void) lk_fail (error, LK_ERROR_BLOCKED, "nothing is known of member %" G_GINT64_FORMAT,
                    person.member);
  if (*error == NULL && !cli->json)
    print_what_there_is (&person);
  if (*error != NULL || !cli_confirm (cli, "Forget this person for good?", &yes, error)
      || (yes && !wish (cli, &person, error)))
    return CLI_UNREACHABLE;
  status = yes ? cli_wishes_status (person.wishes) : CLI_DIFFERENCES;
  if (yes && status == CLI_DONE && !wait_until_gone (cli, &person, error))
    return CLI_UNREACHABLE;
  person.end = G_MAXINT64;
  if (status == CLI_DONE && !is_gone (&person))
    status = CLI_DIFFERENCES;
  if (cli->json)
    print_json (&person);
  else
    cli_wishes_print (person.wishes);
  if (!cli->json && yes && cli_wishes_status (person.wishes) == CLI_DONE)
    print_what_is_left (&person);
  return status;
}
