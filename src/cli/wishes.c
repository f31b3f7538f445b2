/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Writing wishes, waiting for what comes of them, and tidying up behind them.
 */
#include "wishes.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS (60 * LK_SECOND)
#define KEPT_MS (7 * LK_DAY)
#define PROGRAMS_MAX 2

/* Whose outcome ends which wish. */
static const struct
{
  const char *wish;
  const char *programs[PROGRAMS_MAX + 1];
} kinds[] = {
  { "resync", { "executor" } },
  { "adopt", { "executor" } },
  { "brake-release", { "poller" } },
  { "forget", { "poller", "executor" } },
};

static const char *const *
programs_of (const char *wish)
{
  static const char *const nobody[] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].wish, wish))
      return kinds[i].programs;
  return nobody; /* of a newer release: it is never over for us */
}

static const LkOutcome *
outcome_of (CliSpace *control, const char *wish_key, const char *program)
{
  g_autofree char *key = g_strconcat (wish_key, "/", program, NULL);
  const CliEntry *entry = lk_table_get (control->tables[LK_KIND_CONTROL], 0, key);

  return entry == NULL || !entry->is_outcome ? NULL : &entry->outcome;
}

/* The time of its last outcome, or LK_TIME_NONE while one is missing. */
static LkTime
over_since (CliSpace *control, const char *key, const LkWish *wish)
{
  const char *const *programs = programs_of (wish->wish);
  LkTime since = LK_TIME_NONE;

  for (guint i = 0; programs[i] != NULL; i++)
    {
      const LkOutcome *outcome = outcome_of (control, key, programs[i]);
      if (!lk_wish_is_over (wish, outcome))
        return LK_TIME_NONE;
      since = MAX (since, outcome->at);
    }
  return since;
}

static const LkWish *
standing (CliSpace *control, const char *key)
{
  const CliEntry *entry = lk_table_get (control->tables[LK_KIND_CONTROL], 0, key);

  return entry == NULL || entry->is_outcome ? NULL : &entry->wish;
}

/* --- tidying up ---------------------------------------------------------------------------------
 */

typedef struct
{
  CliSpace *control;
  LkTime before;
  GPtrArray *wishes, *outcomes; /* keys (owned) */
} Old;

static void
note_old (const char *key, const CliEntry *entry, gpointer data)
{
  Old *old = data;
  LkTime since;

  if (!entry->is_outcome)
    {
      since = over_since (old->control, key, &entry->wish);
      if (since != LK_TIME_NONE && since < old->before)
        g_ptr_array_add (old->wishes, g_strdup (key));
    }
  else
    {
      g_autofree char *wish_key = g_strndup (key, lk_control_program (key) - 1 - key);
      const LkWish *wish = standing (old->control, wish_key);
      since = wish == NULL ? entry->outcome.at : over_since (old->control, wish_key, wish);
      if (since != LK_TIME_NONE && since < old->before)
        g_ptr_array_add (old->outcomes, g_strdup (key));
    }
}

static gboolean
bury (Cli *cli, CliSpace *control, const GPtrArray *keys, GError **error)
{
  const char *topic = lk_table_topic (control->tables[LK_KIND_CONTROL]);

  for (guint i = 0; i < keys->len; i++)
    if (!cli_write (cli, topic, 0, keys->pdata[i], NULL, 0, NULL, error))
      return FALSE;
  return TRUE;
}

/* Wishes first: an outcome that is gone before its wish would open it again. */
static gboolean
tidy (Cli *cli, CliSpace *control, GError **error)
{
  g_autoptr (GPtrArray) wishes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) outcomes = g_ptr_array_new_with_free_func (g_free);
  Old old = { control, lk_clock_wall (cli->clock) - KEPT_MS, wishes, outcomes };

  cli_space_foreach (control, LK_KIND_CONTROL, 0, note_old, &old);
  return bury (cli, control, wishes, error) && bury (cli, control, outcomes, error);
}

/* --- wishing ------------------------------------------------------------------------------------
 */

void
cli_wish_free (CliWish *wish)
{
  if (wish == NULL)
    return;
  g_free (wish->key);
  g_free (wish->ids);
  g_free (wish->outcome);
  g_free (wish->reason);
  g_free (wish);
}

static gboolean
same_ids (const LkWish *wish, const gint64 *ids, guint n_ids)
{
  return wish->n_ids == n_ids && (n_ids == 0 || memcmp (wish->ids, ids, n_ids * sizeof *ids) == 0);
}

/* Later than any outcome that stands, whoever's clock that was written by: else it would count as
 * over at once. */
static LkTime
time_of_wish (Cli *cli, CliSpace *control, const char *key, const char *wish)
{
  const char *const *programs = programs_of (wish);
  LkTime at = lk_clock_wall (cli->clock);

  for (guint i = 0; programs[i] != NULL; i++)
    {
      const LkOutcome *outcome = outcome_of (control, key, programs[i]);
      if (outcome != NULL)
        at = MAX (at, outcome->at + 1);
    }
  return at;
}

static gboolean
write_wish (Cli *cli, CliSpace *control, const char *key, const LkWish *wish, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkHeaders headers = { .type = "control.wish", .source = "/latchkey/cli", .time = wish->at };

  g_strlcpy (headers.subject, key, sizeof headers.subject);
  lk_headers_id (&headers, headers.type, key, wish->at, 0, 0);
  lk_trace_start (headers.traceparent, key, wish->at);
  lk_wish_write (wish, text);
  return cli_write (cli, lk_table_topic (control->tables[LK_KIND_CONTROL]), 0, key, text->str,
                    text->len, &headers, error)
         && cli_refresh (cli, control->tables[LK_KIND_CONTROL], error);
}

CliWish *
cli_wish_write (Cli *cli, CliSpace *control, const char *subject, const LkWish *what,
                GError **error)
{
  g_autoptr (CliWish) made = g_new0 (CliWish, 1);
  const LkWish *before;
  LkWish record = *what;

  made->control = control;
  made->key = g_strconcat (what->wish, "/", subject, NULL);
  made->member = what->member;
  made->ids = g_memdup2 (what->ids, what->n_ids * sizeof *what->ids);
  made->n_ids = what->n_ids;
  if (!tidy (cli, control, error) || !cli_refresh (cli, control->tables[LK_KIND_CONTROL], error))
    return NULL;
  before = standing (control, made->key);
  made->stood = before != NULL && same_ids (before, what->ids, what->n_ids)
                && over_since (control, made->key, before) == LK_TIME_NONE;
  record.at = time_of_wish (cli, control, made->key, what->wish);
  if (!made->stood && !write_wish (cli, control, made->key, &record, error))
    return NULL;
  return g_steal_pointer (&made);
}

/* --- what comes of it ---------------------------------------------------------------------------
 */

/* Fills in the outcome; FALSE while one is missing. */
static gboolean
look (CliWish *wish)
{
  const LkWish *record = standing (wish->control, wish->key);
  const char *const *programs;

  if (wish->outcome != NULL)
    return TRUE;
  if (record == NULL || over_since (wish->control, wish->key, record) == LK_TIME_NONE)
    return FALSE;
  programs = programs_of (record->wish);
  for (guint i = 0; programs[i] != NULL; i++)
    {
      const LkOutcome *outcome = outcome_of (wish->control, wish->key, programs[i]);
      gboolean bad = wish->outcome != NULL && !g_str_equal (wish->outcome, "done");
      if (bad)
        break;
      g_free (wish->outcome);
      g_free (wish->reason);
      wish->outcome = g_strdup (outcome->outcome);
      wish->reason = g_strdup (outcome->reason);
    }
  return TRUE;
}

typedef struct
{
  Cli *cli;
  const GPtrArray *wishes;
  gint64 end; /* steady ms */
} Wait;

static gboolean
is_over (gpointer data)
{
  const Wait *wait = data;
  gboolean all = TRUE;

  for (guint i = 0; i < wait->wishes->len; i++)
    all &= look (wait->wishes->pdata[i]);
  return all || lk_clock_steady (wait->cli->clock) >= wait->end;
}

gboolean
cli_wishes_wait (Cli *cli, const GPtrArray *wishes, GError **error)
{
  gint64 ms = cli->wait_ms >= 0 ? cli->wait_ms : WAIT_MS;
  Wait wait = { cli, wishes, lk_clock_steady (cli->clock) + ms };

  /* The end is the predicate's own, so the deadline of the wait is never met. */
  return cli_wait (cli, is_over, &wait, "waiting for what comes of a wish", ms + LK_MINUTE, error);
}

void
cli_wishes_write_json (const GPtrArray *wishes, LkJsonWriter *writer)
{
  lk_json_begin_array (writer, "wishes");
  for (guint i = 0; i < wishes->len; i++)
    {
      const CliWish *wish = wishes->pdata[i];
      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "space", wish->control->space->code);
      lk_json_string (writer, "wish", wish->key);
      lk_json_string (writer, "outcome", wish->outcome);
      lk_json_string (writer, "reason", wish->reason);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
}

void
cli_wishes_print (const GPtrArray *wishes)
{
  for (guint i = 0; i < wishes->len; i++)
    {
      const CliWish *wish = wishes->pdata[i];
      (void) printf ("space %s: %s %s", wish->control->space->code, wish->key,
                     wish->outcome == NULL
                         ? "is wished, and not done yet: `latchkey status` lists it"
                         : wish->outcome);
      (void) printf ("%s%s\n", wish->reason == NULL ? "" : ": ",
                     wish->reason == NULL ? "" : wish->reason);
    }
}

int
cli_wishes_status (const GPtrArray *wishes)
{
  for (guint i = 0; i < wishes->len; i++)
    if (g_strcmp0 (((const CliWish *) wishes->pdata[i])->outcome, "done") != 0)
      return CLI_DIFFERENCES;
  return CLI_DONE;
}

typedef struct
{
  CliSpace *control;
  CliEntryFunc func;
  gpointer data;
} Each;

static void
each_open (const char *key, const CliEntry *entry, gpointer data)
{
  const Each *each = data;

  if (!entry->is_outcome && over_since (each->control, key, &entry->wish) == LK_TIME_NONE)
    each->func (key, entry, each->data);
}

void
cli_wishes_open (CliSpace *control, CliEntryFunc func, gpointer data)
{
  Each each = { control, func, data };

  cli_space_foreach (control, LK_KIND_CONTROL, 0, each_open, &each);
}
