/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the checks know from the logs and from what was told to them, and what rest.c asks of it.
 */
#include "check_internal.h"

#include "wish.h"

#include <latchkey/model/control.h>
#include <latchkey/model/keys.h>
#include <latchkey/model/ledger.h>
#include <latchkey/model/report.h>
#include <string.h>

#define SKEW_MS (2 * LK_HOUR) /* design §6.5, "created since", by a clock that may be off */

LkWindow
sim_check_whole (LkWindow window)
{
  if (window.from != LK_TIME_NONE)
    window.from = window.from / LK_SECOND * LK_SECOND;
  if (window.until != LK_TIME_NONE)
    window.until = window.until / LK_SECOND * LK_SECOND;
  return window;
}

/* --- the logs --------------------------------------------------------------------------------- */

gboolean
sim_check_looks_like_ours (const SimCheck *check, const SimRight *right)
{
  for (guint i = 0; i < check->intents->len; i++)
    {
      const SimIntent *intent = &g_array_index (check->intents, SimIntent, i);
      if (intent->user == right->user && intent->group == right->group
          && lk_window_equal (intent->window, right->window)
          && right->made_at >= intent->at - SKEW_MS)
        return TRUE;
    }
  return FALSE;
}

/* The ledger says that RIGHT is ours. */
static void
see_held (SimWorld *world, SimRight *right)
{
  if (right->ours)
    return;
  if (world->exclusive && right->by_key)
    {
      sim_count (world, SIM_FAULT_EXCLUSIVE);
      right->ours = TRUE;
      return;
    }
  if (sim_wish_may_adopt (world, sim_service_group (world->service, right->group)->space, right)
      && !sim_check_looks_like_ours (world->check, right))
    {
      sim_count (world, SIM_FAULT_ADOPTED);
      right->ours = TRUE;
      return;
    }
  if (!sim_check_looks_like_ours (world->check, right))
    sim_breach (world, "S8", "right %" G_GINT64_FORMAT " is held, and it is not ours", right->id);
  right->ours = right->mistaken = TRUE;
  /* What became of the one that we meant to make only an audit finds out. */
  sim_check_spoil (world, right->user, right->group);
}

static void
see_right (SimWorld *world, const SimRecord *record)
{
  SimCheck *check = world->check;
  g_auto (LkRight) right = { 0 };

  if (!lk_right_parse (&right, record->value, record->value_len, NULL))
    g_assert_not_reached ();
  sim_check_steps_right (world, &right);
  /* The same intent may be written again, for what else its record says. */
  if (right.state == LK_RIGHT_INTENDED
      && g_hash_table_add (check->intended, g_strdup (right.right)))
    {
      const SimIntent intent = { right.kisi_user_id, right.group_id, sim_check_whole (right.window),
                                 world->now, FALSE };
      g_array_append_val (check->intents, intent);
    }
  if (right.right_id != 0 && right.state == LK_RIGHT_HELD)
    see_held (world, sim_service_right (world->service, right.right_id));
}

/* Whose KISI user is whose, by the ledger; RECORD may be a tombstone. */
static void
see_member (SimWorld *world, const char *code, const SimRecord *record)
{
  g_auto (LkLedgerMember) member = { 0 };

  if (record->value != NULL
      && !lk_ledger_member_parse (&member, record->value, record->value_len, NULL))
    return; /* a newer release's */
  g_hash_table_replace (world->check->known, g_strdup_printf ("%s %s", code, record->key),
                        g_memdup2 (&member.kisi_user_id, sizeof member.kisi_user_id));
}

static void
see_change (SimWorld *world, const SimRecord *record)
{
  SimCheck *check = world->check;
  g_auto (LkAccessChange) change = { 0 };

  if (!lk_access_change_parse (&change, record->value, record->value_len, NULL))
    g_assert_not_reached ();
  if (g_str_equal (change.change, "blocked"))
    sim_count (world, SIM_FAULT_BLOCKED);
  (void) g_hash_table_add (
      check->told, g_strdup_printf ("%s/%" G_GINT64_FORMAT, change.change,
                                    change.right_id != 0 ? change.right_id : change.kisi_user_id));
}

static void
see_account (SimWorld *world, const SimRecord *record)
{
  SimCheck *check = world->check;
  g_auto (LkKisiAccount) account = { 0 };

  if (!lk_kisi_account_parse (&account, record->value, record->value_len, NULL))
    g_assert_not_reached ();
  if (account.one_right && !check->one_right)
    sim_count (world, SIM_FAULT_ONE_RIGHT);
  check->one_right = account.one_right;
}

static void
see_command (SimWorld *world, const char *code)
{
  for (guint i = 0; i < SIM_SPACES; i++)
    if (g_str_equal (sim_spaces[i], code) && world->check->observed_since[i] != LK_TIME_NONE)
      sim_count (world, SIM_FAULT_OBSERVED);
}

static void
appended (SimLog *log, const SimRecord *record, gpointer data)
{
  SimWorld *world = data;
  const char *scope;
  LkKind kind;

  if (!lk_topic_parse (sim_log_topic (log), "latchkey", &kind, &scope))
    return;
  if (kind == LK_KIND_LEDGER && strchr (record->key, '/') == NULL)
    see_member (world, scope, record);
  if (record->value == NULL)
    return;
  if (kind == LK_KIND_COMMANDS)
    see_command (world, scope);
  else if (kind == LK_KIND_LEDGER && strchr (record->key, '/') != NULL)
    see_right (world, record);
  else if (kind == LK_KIND_ACCESS_CHANGES)
    see_change (world, record);
  else if (kind == LK_KIND_KISI_ACCOUNT)
    see_account (world, record);
}

SimCheck *
sim_check_new (SimWorld *world, SimBroker *broker, guint rate, gint64 horizon)
{
  SimCheck *check = g_new0 (SimCheck, 1);

  check->rate = rate;
  check->horizon = horizon;
  check->intended = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  check->intents = g_array_new (FALSE, FALSE, sizeof (SimIntent));
  check->spoilt = g_array_new (FALSE, FALSE, sizeof (SimPlace));
  check->refusals = g_array_new (FALSE, FALSE, sizeof (SimPlace));
  check->sent = g_array_new (FALSE, FALSE, sizeof (LkTime));
  for (guint i = 0; i < SIM_SPACES; i++)
    check->observed_since[i] = LK_TIME_NONE;
  check->waits = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  check->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  check->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sim_check_steps_init (check);
  sim_broker_watch (broker, appended, world);
  return check;
}

/* --- what rest.c asks ------------------------------------------------------------------------- */

gint64
sim_check_horizon (SimWorld *world)
{
  return world->check->horizon;
}

gboolean
sim_check_takes_one_right (SimWorld *world)
{
  SimDuplicates duplicates = sim_service_readings (world->service)->duplicates;

  /* What was found out may be known, and not be in the log. */
  return world->check->one_right || duplicates == SIM_DUPLICATES_409
         || duplicates == SIM_DUPLICATES_422;
}

gboolean
sim_check_is_told (SimWorld *world, const char *change, gint64 id)
{
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, change, id);

  return g_hash_table_contains (world->check->told, key);
}

gboolean
sim_check_is_known (SimWorld *world, guint space, gint64 user)
{
  GHashTableIter iter;
  gpointer name, known;

  g_hash_table_iter_init (&iter, world->check->known);
  while (g_hash_table_iter_next (&iter, &name, &known))
    if (*(const gint64 *) known == user && g_str_has_prefix (name, sim_spaces[space]))
      return TRUE;
  return FALSE;
}

void
sim_check_spoil (SimWorld *world, gint64 user, gint64 group)
{
  const SimPlace place = { user, group, world->now };

  g_array_append_val (world->check->spoilt, place);
}

gboolean
sim_check_is_spoilt (SimWorld *world, gint64 user, gint64 group)
{
  for (guint i = 0; i < world->check->spoilt->len; i++)
    {
      const SimPlace *place = &g_array_index (world->check->spoilt, SimPlace, i);
      if (place->user == user && (place->group == 0 || place->group == group))
        return TRUE;
    }
  return FALSE;
}

void
sim_check_refused (SimWorld *world, gint64 user, gint64 group)
{
  const SimPlace place = { user, group, world->now };

  g_array_append_val (world->check->refusals, place);
}

gboolean
sim_check_was_refused (SimWorld *world, gint64 user, gint64 group)
{
  for (guint i = 0; i < world->check->refusals->len; i++)
    {
      const SimPlace *place = &g_array_index (world->check->refusals, SimPlace, i);
      if (place->user == user && place->group == group)
        return TRUE;
    }
  return FALSE;
}

gboolean
sim_check_is_refused (SimWorld *world, const SimSaid *said, gint64 user, gint64 group)
{
  for (guint i = 0; i < world->check->refusals->len; i++)
    {
      const SimPlace *place = &g_array_index (world->check->refusals, SimPlace, i);
      if (place->user == user && place->group == group && place->at >= said->since)
        return TRUE;
    }
  return FALSE;
}
