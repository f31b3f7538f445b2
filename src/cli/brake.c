/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey brake` and `brake release`: what the pollers' brakes hold (design §7), and the word of
 * a person that lets it go. JSON names are stable (design §10).
 */
#include "wishes.h"

#include <latchkey/model/json.h>
#include <stdio.h>

/* A copy of a trip, since the poller goes on writing, and the space whose control it is released
 * by. */
typedef struct
{
  LkTrip trip;
  CliSpace *space;
} Held;

typedef struct
{
  GPtrArray *accounts; /* CliAccount* */
  GPtrArray *spaces;   /* CliSpace* */
  GArray *held;        /* Held, of the chosen spaces */
} Brakes;

static void
held_clear (gpointer held)
{
  lk_trip_clear (&((Held *) held)->trip);
}

static void
brakes_clear (Brakes *brakes)
{
  if (brakes->held != NULL)
    g_array_unref (brakes->held);
  g_clear_pointer (&brakes->accounts, g_ptr_array_unref);
  g_clear_pointer (&brakes->spaces, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Brakes, brakes_clear)

static void
add_trips (const CliAccount *account, CliSpace *space, GArray *held)
{
  if (account->kind != LK_KIND_NEXUDUS_ACCOUNT || account->entry == NULL
      || !g_str_equal (space->space->nexudus->account, account->name))
    return;
  for (guint i = 0; i < account->entry->nexudus.n_trips; i++)
    {
      const LkTrip *trip = &account->entry->nexudus.trips[i];
      Held one = { .space = space };
      if (!g_str_equal (trip->space, space->space->code))
        continue;
      lk_trip_copy (trip, &one.trip);
      g_array_append_val (held, one);
    }
}

static gboolean
load (Cli *cli, Brakes *brakes, GError **error)
{
  brakes->held = g_array_new (FALSE, FALSE, sizeof (Held));
  g_array_set_clear_func (brakes->held, held_clear);
  brakes->spaces = cli_spaces_load (cli, 1u << LK_KIND_CONTROL, 0, error);
  brakes->accounts = brakes->spaces == NULL ? NULL : cli_accounts_load (cli, error);
  if (brakes->accounts == NULL)
    return FALSE;
  for (guint s = 0; s < brakes->spaces->len; s++)
    for (guint a = 0; a < brakes->accounts->len; a++)
      add_trips (brakes->accounts->pdata[a], brakes->spaces->pdata[s], brakes->held);
  return TRUE;
}

/* --- telling ------------------------------------------------------------------------------------
 */

static void
print_trip (const LkTrip *trip)
{
  char since[LK_TIME_TEXT];

  (void) printf ("%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                 " %s of space %s vanished from Nexudus's lists and are kept, since %s\n",
                 trip->id, trip->held, trip->of, trip->kind, trip->space,
                 lk_time_format (trip->since, since));
  for (guint i = 0; i < trip->n_members; i++)
    (void) printf ("%s%" G_GINT64_FORMAT, i == 0 ? "  members " : ", ", trip->members[i]);
  if (trip->n_members > 0)
    (void) printf ("%s\n", trip->n_members == LK_TRIP_MEMBERS_MAX ? ", and perhaps more" : "");
}

static void
print_what_to_do (const GArray *held)
{
  if (held->len == 0)
    (void) printf ("the brake holds nothing\n");
  else
    (void) printf ("Look some of them up in Nexudus. Those that are there again are let be by the "
                   "next full listing.\nIf they are gone for good: latchkey brake release%s%s\n",
                   held->len == 1 ? " " : " TRIP...",
                   held->len == 1 ? g_array_index (held, Held, 0).trip.id : "");
}

static void
write_trip (LkJsonWriter *writer, const LkTrip *trip)
{
  lk_json_begin_object (writer, NULL);
  lk_json_string (writer, "id", trip->id);
  lk_json_string (writer, "space", trip->space);
  lk_json_string (writer, "kind", trip->kind);
  lk_json_int (writer, "held", trip->held);
  lk_json_int (writer, "of", trip->of);
  lk_json_time (writer, "since", trip->since);
  lk_json_begin_array (writer, "members");
  for (guint i = 0; i < trip->n_members; i++)
    lk_json_int (writer, NULL, trip->members[i]);
  lk_json_end_array (writer);
  lk_json_end_object (writer);
}

/* WISHES may be NULL. */
static void
print_json (const GArray *held, const GPtrArray *wishes)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "trips");
  for (guint i = 0; i < held->len; i++)
    write_trip (&writer, &g_array_index (held, Held, i).trip);
  lk_json_end_array (&writer);
  if (wishes != NULL)
    cli_wishes_write_json (wishes, &writer);
  lk_json_end_object (&writer);
  puts (text->str);
}

int
brake_run (Cli *cli, GError **error)
{
  g_auto (Brakes) brakes = { 0 };

  if (!load (cli, &brakes, error))
    return CLI_UNREACHABLE;
  if (cli->json)
    print_json (brakes.held, NULL);
  else
    {
      for (guint i = 0; i < brakes.held->len; i++)
        print_trip (&g_array_index (brakes.held, Held, i).trip);
      print_what_to_do (brakes.held);
    }
  return brakes.held->len > 0 ? CLI_DIFFERENCES : CLI_DONE;
}

/* --- releasing ----------------------------------------------------------------------------------
 */

static gboolean
is_named (char *const *words, const char *id)
{
  return *words == NULL || g_strv_contains ((const char *const *) words, id);
}

/* Leaves those of HELD that the line names; all of them when it names none. */
static gboolean
choose (char *const *words, GArray *held, GError **error)
{
  for (char *const *word = words; *word != NULL; word++)
    {
      guint i = 0;
      while (i < held->len && !g_str_equal (g_array_index (held, Held, i).trip.id, *word))
        i++;
      if (i == held->len)
        return lk_fail (error, LK_ERROR_CONFIG,
                        "TRIP: the brake holds nothing under '%s'; see `latchkey brake`", *word);
    }
  for (guint i = held->len; i-- > 0;)
    if (!is_named (words, g_array_index (held, Held, i).trip.id))
      g_array_remove_index (held, i);
  return TRUE;
}

static gboolean
is_wanted (Cli *cli, const GArray *held, GError **error)
{
  gboolean yes = FALSE;

  if (held->len == 0)
    return FALSE;
  for (guint i = 0; i < held->len && !cli->json; i++)
    print_trip (&g_array_index (held, Held, i).trip);
  return cli_confirm (cli, "Let these be removed?", &yes, error) && yes;
}

int
brake_release_run (Cli *cli, GError **error)
{
  g_auto (Brakes) brakes = { 0 };
  g_autoptr (GPtrArray) wishes = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_wish_free);

  if (!load (cli, &brakes, error))
    return CLI_UNREACHABLE;
  if (!choose (cli->words, brakes.held, error))
    return CLI_USAGE;
  if (is_wanted (cli, brakes.held, error))
    for (guint i = 0; i < brakes.held->len; i++)
      {
        const Held *one = &g_array_index (brakes.held, Held, i);
        const LkWish what = { .wish = (char *) "brake-release", .trip = one->trip.id };
        CliWish *wish = cli_wish_write (cli, one->space, one->trip.id, &what, error);
        if (wish == NULL)
          return CLI_UNREACHABLE;
        g_ptr_array_add (wishes, wish);
      }
  else if (*error != NULL)
    return CLI_USAGE;
  if (!cli_wishes_wait (cli, wishes, error))
    return CLI_UNREACHABLE;
  if (cli->json)
    print_json (brakes.held, wishes);
  else if (brakes.held->len == 0)
    print_what_to_do (brakes.held);
  else
    cli_wishes_print (wishes);
  return wishes->len < brakes.held->len ? CLI_DIFFERENCES : cli_wishes_status (wishes);
}
