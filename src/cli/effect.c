/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Per (member, group) the union of what all sources give, under the old rules and under the new,
 * and the first instant from now on at which one gives what the other does not.
 */
#include "effect.h"

#include "../booking-worker/decide.h"
#include "../pass-worker/decide.h"

#include <latchkey/model/window.h>

typedef struct
{
  gint64 member, group_id;
} Access;

typedef struct
{
  GHashTable *old_access, *new_access; /* Access* → GArray of LkWindow */
  CliSpace *space;
  const LkRules *old_rules, *new_rules;
} Effects;

static guint
access_hash (gconstpointer key)
{
  const Access *access = key;

  return g_int64_hash (&access->member) * 31 + g_int64_hash (&access->group_id);
}

static gboolean
access_equal (gconstpointer a, gconstpointer b)
{
  const Access *x = a, *y = b;

  return x->member == y->member && x->group_id == y->group_id;
}

static GHashTable *
access_table (void)
{
  return g_hash_table_new_full (access_hash, access_equal, g_free, (GDestroyNotify) g_array_unref);
}

static void
add_claims (GHashTable *table, const LkCommand *command)
{
  for (guint i = 0; i < command->n_claims; i++)
    {
      Access key = { command->member, command->claims[i].group_id };
      GArray *windows = g_hash_table_lookup (table, &key);
      if (windows == NULL)
        {
          windows = g_array_new (FALSE, FALSE, sizeof (LkWindow));
          g_hash_table_insert (table, g_memdup2 (&key, sizeof key), windows);
        }
      g_array_append_val (windows, command->claims[i].window);
    }
}

static gboolean
is_entitled (Effects *effects, gint64 member)
{
  char key[32];
  const CliEntry *entry;

  g_snprintf (key, sizeof key, "%" G_GINT64_FORMAT, member);
  entry = cli_space_get (effects->space, LK_KIND_MEMBERS, member, key);
  return entry != NULL && entry->member.active && !entry->member.archived && !entry->member.deleted;
}

static void
decide_with (const CliEntry *entry, const LkRules *rules, GHashTable *into)
{
  g_auto (LkCommand) command = { 0 };

  if (rules == NULL)
    return;
  if (entry->kind == LK_KIND_PASSES)
    pass_decide (&entry->pass, rules, &command);
  else
    booking_decide (&entry->booking, rules, &command);
  add_claims (into, &command);
}

static void
add_snapshot (const char *key, const CliEntry *entry, gpointer data)
{
  Effects *effects = data;
  gint64 member = entry->kind == LK_KIND_PASSES ? entry->pass.member : entry->booking.member;

  if (!is_entitled (effects, member))
    return;
  decide_with (entry, effects->old_rules, effects->old_access);
  decide_with (entry, effects->new_rules, effects->new_access);
}

/* The first instant ≥ NOW that WINDOWS open and OTHERS (NULL: none), both sorted, do not. */
static LkTime
first_only_in (const GArray *windows, const GArray *others, LkTime now)
{
  LkTime first = LK_TIME_NONE;

  for (guint i = 0; i < windows->len && first == LK_TIME_NONE; i++)
    first = lk_windows_first_outside (
        g_array_index (windows, LkWindow, i),
        others == NULL ? NULL : (const LkWindow *) (const void *) others->data,
        others == NULL ? 0 : others->len, now);
  return first;
}

static void
normalise (GHashTable *table)
{
  GHashTableIter iter;
  gpointer windows;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &windows))
    {
      GArray *array = windows;
      g_array_set_size (array, lk_windows_union ((LkWindow *) (void *) array->data, array->len));
    }
}

static void
compare (GHashTable *from, GHashTable *against, gboolean gains, LkTime now, GArray *out)
{
  GHashTableIter iter;
  gpointer key, windows;

  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &key, &windows))
    {
      const Access *access = key;
      LkTime first = first_only_in (windows, g_hash_table_lookup (against, access), now);
      CliEffect effect = { access->member, access->group_id, gains, first };
      if (first != LK_TIME_NONE)
        g_array_append_val (out, effect);
    }
}

static int
by_member (gconstpointer a, gconstpointer b)
{
  const CliEffect *x = a, *y = b;

  if (x->gains != y->gains)
    return x->gains ? 1 : -1; /* losers first: they are what must be looked at */
  if (x->member != y->member)
    return x->member < y->member ? -1 : 1;
  return x->group_id < y->group_id ? -1 : x->group_id > y->group_id;
}

GArray *
cli_effect_of (CliSpace *space, const LkRules *old_rules, const LkRules *new_rules, LkTime now)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (CliEffect));
  g_autoptr (GHashTable) old_access = access_table ();
  g_autoptr (GHashTable) new_access = access_table ();
  Effects effects = { old_access, new_access, space, old_rules, new_rules };

  cli_space_foreach (space, LK_KIND_PASSES, 0, add_snapshot, &effects);
  cli_space_foreach (space, LK_KIND_BOOKINGS, 0, add_snapshot, &effects);
  normalise (old_access);
  normalise (new_access);
  compare (new_access, old_access, TRUE, now, out);
  compare (old_access, new_access, FALSE, now, out);
  g_array_sort (out, by_member);
  return out;
}

guint
cli_effect_losers (const GArray *effects)
{
  guint losers = 0;
  gint64 last = 0;

  for (guint i = 0; i < effects->len; i++)
    {
      const CliEffect *effect = &g_array_index (effects, CliEffect, i);
      if (!effect->gains && effect->member != last)
        {
          losers++;
          last = effect->member;
        }
    }
  return losers;
}
