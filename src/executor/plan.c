/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The plan of one person. For each group: the windows that should be (D), the rights of ours that
 * are (R). A right that opens now what nothing gives goes first. What is missing is made next. Only
 * then goes what was replaced, so that there is never a gap.
 */
#include "plan.h"

#include <string.h>

#define SOON_MS LK_HOUR

/* What one group comes to. */
typedef struct
{
  gint64 id;
  GArray *wanted;    /* LkWindow: D, sorted, something left of each */
  GPtrArray *rights; /* const LkRight*: held, of ours */
  gboolean *served;  /* per wanted: a right does it */
  gboolean *serves;  /* per right: it does one of D, first come */
  gboolean blocked;  /* nothing is made */
  gboolean kept;     /* nothing can be taken away just now */
} Group;

/* --- windows ------------------------------------------------------------------------------------
 */

static LkTime
whole_second (LkTime time)
{
  return time == LK_TIME_NONE ? time : time - ((time % LK_SECOND) + LK_SECOND) % LK_SECOND;
}

LkWindow
plan_whole_seconds (LkWindow window)
{
  return (LkWindow){ whole_second (window.from), whole_second (window.until) };
}

gboolean
plan_window_serves (LkWindow held, LkWindow wanted, LkTime now)
{
  held = plan_whole_seconds (held);
  wanted = plan_whole_seconds (wanted);
  if (held.until != wanted.until)
    return FALSE;
  return lk_window_from (held) == lk_window_from (wanted)
         || (lk_window_from (held) <= now && lk_window_from (wanted) <= now);
}

GArray *
plan_windows (const PlanFacts *facts, gint64 group, LkTime now)
{
  GArray *windows = g_array_new (FALSE, FALSE, sizeof (LkWindow));
  guint n;

  for (guint i = 0; facts->entitled && i < facts->commands->len; i++)
    {
      const LkCommand *command = facts->commands->pdata[i];
      for (guint c = 0; c < command->n_claims; c++)
        if (command->claims[c].group_id == group)
          {
            LkWindow window = plan_whole_seconds (command->claims[c].window);
            g_array_append_val (windows, window);
          }
    }
  n = lk_windows_union ((LkWindow *) (void *) windows->data, windows->len);
  g_array_set_size (windows, n);
  for (guint i = windows->len; i > 0; i--)
    if (lk_window_until (g_array_index (windows, LkWindow, i - 1)) <= now)
      g_array_remove_index (windows, i - 1);
  return windows;
}

char **
plan_sources (const PlanFacts *facts, gint64 group, LkWindow window, LkVersion *out_version)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  char name[64];
  guint n = 0;

  *out_version = (LkVersion){ 0, 0 };
  for (guint i = 0; i < facts->commands->len; i++)
    {
      const LkCommand *command = facts->commands->pdata[i];
      for (guint c = 0; c < command->n_claims; c++)
        if (command->claims[c].group_id == group
            && !lk_window_is_empty (lk_window_intersect (command->claims[c].window, window)))
          {
            if (n++ < PLAN_SOURCES_MAX)
              g_strv_builder_add (builder,
                                  lk_source_name (command->kind, command->source_id, name));
            if (lk_version_compare (command->version, *out_version) > 0)
              *out_version = command->version;
            break;
          }
    }
  return g_strv_builder_end (builder);
}

/* The first instant ≥ NOW that RIGHT opens and none of WANTED does; LK_TIME_NONE: there is none. */
static LkTime
first_excess (LkWindow right, const GArray *wanted, LkTime now)
{
  return lk_windows_first_outside (right, (const LkWindow *) (const void *) wanted->data,
                                   wanted->len, now);
}

/* --- groups -------------------------------------------------------------------------------------
 */

static void
group_free (gpointer data)
{
  Group *group = data;

  g_array_unref (group->wanted);
  g_ptr_array_unref (group->rights);
  g_free (group->served);
  g_free (group->serves);
  g_free (group);
}

LkTime
plan_intent_due (LkTime intended_at, gint64 known_for, gint64 resolve_after, LkTime now)
{
  if (intended_at <= now - PLAN_LONG_AGO_MS)
    return now;
  return now + MAX (0, resolve_after - known_for);
}

gboolean
plan_block_is_of_group (const char *reason)
{
  return g_str_equal (reason, PLAN_GROUP_GONE) || g_str_equal (reason, PLAN_DELETE_GROUP_GONE);
}

static gboolean
is_blocked (const PlanFacts *facts, gint64 group, gboolean of_delete, LkTime now)
{
  for (guint i = 0; facts->known != NULL && i < facts->known->n_blocked; i++)
    {
      const LkBlocked *blocked = &facts->known->blocked[i];
      if (lk_block_is_of_delete (blocked->reason) == of_delete
          && (blocked->group_id == group || blocked->group_id == 0)
          && (blocked->until == LK_TIME_NONE || blocked->until > now))
        return TRUE;
    }
  return FALSE;
}

static gint64
user_of (const PlanFacts *facts)
{
  if (facts->known == NULL || facts->known->kisi_user_id == 0 || facts->email == NULL
      || facts->known->email == NULL || g_ascii_strcasecmp (facts->known->email, facts->email) != 0)
    return 0;
  return facts->known->kisi_user_id;
}

/* Pairs wanted windows with rights that do the same for today's user. */
static void
pair (const PlanFacts *facts, Group *group, LkTime now)
{
  gint64 user = user_of (facts);

  group->served = g_new0 (gboolean, group->wanted->len + 1);
  group->serves = g_new0 (gboolean, group->rights->len + 1);
  for (guint w = 0; w < group->wanted->len; w++)
    for (guint r = 0; r < group->rights->len && !group->served[w]; r++)
      {
        const LkRight *right = group->rights->pdata[r];
        if (!group->serves[r] && right->touched_at == LK_TIME_NONE && right->kisi_user_id == user
            && plan_window_serves (right->window, g_array_index (group->wanted, LkWindow, w), now))
          group->served[w] = group->serves[r] = TRUE;
      }
}

static void
add_id (GArray *ids, gint64 id)
{
  for (guint i = 0; i < ids->len; i++)
    if (g_array_index (ids, gint64, i) == id)
      return;
  g_array_append_val (ids, id);
}

static GPtrArray *
groups_of (const PlanFacts *facts, const PlanSettings *settings, LkTime now)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func (group_free);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < facts->commands->len; i++)
    for (guint c = 0; c < ((const LkCommand *) facts->commands->pdata[i])->n_claims; c++)
      add_id (ids, ((const LkCommand *) facts->commands->pdata[i])->claims[c].group_id);
  for (guint i = 0; i < facts->rights->len; i++)
    add_id (ids, ((const LkRight *) facts->rights->pdata[i])->group_id);
  for (guint i = 0; i < ids->len; i++)
    {
      Group *group = g_new0 (Group, 1);
      group->id = g_array_index (ids, gint64, i);
      group->wanted = plan_windows (facts, group->id, now);
      /* Where KISI takes one right, only the open or next window exists (design §6.6). */
      if (settings->one_right && group->wanted->len > 1)
        g_array_set_size (group->wanted, 1);
      group->rights = g_ptr_array_new ();
      for (guint r = 0; r < facts->rights->len; r++)
        {
          const LkRight *right = facts->rights->pdata[r];
          if (right->group_id == group->id && right->state == LK_RIGHT_HELD)
            g_ptr_array_add (group->rights, (gpointer) right);
        }
      group->blocked = is_blocked (facts, group->id, FALSE, now);
      group->kept = is_blocked (facts, group->id, TRUE, now);
      pair (facts, group, now);
      g_ptr_array_add (groups, group);
    }
  return groups;
}

/* --- choosing -----------------------------------------------------------------------------------
 */

static void
offer (PlanAction *best, const PlanAction *action)
{
  if (best->kind == PLAN_NOTHING
      || action->class < best->class || (action->class == best->class && action->due < best->due))
    {
      LkTime wake = best->wake_at;
      *best = *action;
      best->wake_at = wake;
    }
}

static void
wake (PlanAction *best, LkTime at)
{
  if (at != LK_TIME_NONE && (best->wake_at == LK_TIME_NONE || at < best->wake_at))
    best->wake_at = at;
}

/* Whether every wanted window that RIGHT helps to open has a right of its own. What begins beyond
 * HORIZON gets one when it comes within it. */
static gboolean
is_replaced (const Group *group, const LkRight *right, LkTime horizon)
{
  for (guint w = 0; w < group->wanted->len; w++)
    if (!group->served[w] && lk_window_from (g_array_index (group->wanted, LkWindow, w)) <= horizon
        && !lk_window_is_empty (
            lk_window_intersect (right->window, g_array_index (group->wanted, LkWindow, w))))
      return FALSE;
  return TRUE;
}

static gboolean
has_command (const PlanFacts *facts, const char *source)
{
  char name[64];

  for (guint i = 0; i < facts->commands->len; i++)
    {
      const LkCommand *command = facts->commands->pdata[i];
      if (g_str_equal (lk_source_name (command->kind, command->source_id, name), source))
        return TRUE;
    }
  return FALSE;
}

/* Whether somebody has said that RIGHT gives too much: the member is not entitled, or each source
 * it was made for still stands and gives less. A source whose command is nowhere has said nothing:
 * a lost topic is no reason to take rights away (design §5). Where the ledger remembers that it was
 * said, commands may have been forgotten since. */
static gboolean
loss_is_stated (const PlanFacts *facts, const LkRight *right)
{
  if (right->surplus_since != LK_TIME_NONE)
    return TRUE;
  if (!facts->has_member)
    return FALSE;
  for (guint i = 0; facts->entitled && right->sources != NULL && right->sources[i] != NULL; i++)
    if (!has_command (facts, right->sources[i]))
      return FALSE;
  return TRUE;
}

static gboolean
names (char *const *sources, const char *source)
{
  return sources != NULL && g_strv_contains ((const char *const *) sources, source);
}

char **
plan_new_sources (const PlanFacts *facts, const LkRight *right)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  LkVersion version;
  g_auto (GStrv) given = plan_sources (facts, right->group_id, right->window, &version);
  guint n = g_strv_length (given), old = 0;
  gboolean same = TRUE;

  if (n == 0)
    return NULL;
  g_strv_builder_addv (builder, (const char **) given);
  for (guint i = 0; i < n; i++)
    same = same && names (right->sources, given[i]);
  for (; right->sources != NULL && right->sources[old] != NULL; old++)
    if (!names (given, right->sources[old]))
      {
        if (has_command (facts, right->sources[old]) || right->surplus_since != LK_TIME_NONE
            || n == PLAN_SOURCES_MAX)
          same = FALSE;
        else
          {
            g_strv_builder_add (builder, right->sources[old]);
            n++;
          }
      }
  return same ? NULL : g_strv_builder_end (builder);
}

static gboolean
is_partly_wanted (const LkRight *right, const GArray *wanted)
{
  for (guint w = 0; w < wanted->len; w++)
    if (!lk_window_is_empty (
            lk_window_intersect (right->window, g_array_index (wanted, LkWindow, w))))
      return TRUE;
  return FALSE;
}

LkTime
plan_surplus_since (const PlanFacts *facts, const LkRight *right, LkTime now)
{
  g_autoptr (GArray) wanted = plan_windows (facts, right->group_id, now);
  LkTime excess = first_excess (right->window, wanted, now);
  gboolean partly = is_partly_wanted (right, wanted);

  if (excess == LK_TIME_NONE || (excess > now && partly))
    return partly ? LK_TIME_NONE : right->surplus_since;
  if (right->surplus_since != LK_TIME_NONE)
    return right->surplus_since;
  return loss_is_stated (facts, right) ? now : LK_TIME_NONE;
}

/* A delete or change of RIGHT was begun, and whether it happened is not known: where something of
 * it is wanted, KISI is asked before anything else is done for the group. */
static gboolean
is_to_be_read (const Group *group, const LkRight *right)
{
  return right->touched_at != LK_TIME_NONE && is_partly_wanted (right, group->wanted);
}

static gboolean
has_one_to_be_read (const Group *group)
{
  for (guint r = 0; r < group->rights->len; r++)
    if (is_to_be_read (group, group->rights->pdata[r]))
      return TRUE;
  return FALSE;
}

static void
offer_reading (const LkRight *right, LkTime now, PlanAction *best)
{
  const PlanAction action
      = { .kind = PLAN_RESOLVE,
          .class = lk_window_contains (right->window, now) ? PLAN_GAIN_DUE : PLAN_FUTURE,
          .due = MAX (lk_window_from (right->window), now),
          .group_id = right->group_id,
          .right = right,
          .window = right->window,
          .start_at = LK_TIME_NONE };

  offer (best, &action);
}

/* Whether one that comes before the right of number R opens the same for the same user. */
static gboolean
is_second (const Group *group, guint r)
{
  const LkRight *right = group->rights->pdata[r];

  for (guint i = 0; i < r; i++)
    {
      const LkRight *other = group->rights->pdata[i];
      if (other->touched_at == LK_TIME_NONE && other->kisi_user_id == right->kisi_user_id
          && lk_window_equal (plan_whole_seconds (other->window),
                              plan_whole_seconds (right->window)))
        return TRUE;
    }
  return FALSE;
}

static void
offer_losses (const PlanFacts *facts, const PlanSettings *settings, const Group *group, LkTime now,
              PlanAction *best)
{
  for (guint r = 0; r < group->rights->len; r++)
    {
      const LkRight *right = group->rights->pdata[r];
      PlanAction action = { .kind = PLAN_DELETE,
                            .group_id = group->id,
                            .right = right,
                            .window = right->window,
                            .start_at = LK_TIME_NONE };
      LkTime excess;
      gboolean stated;

      wake (best, right->window.until > now ? right->window.until : LK_TIME_NONE);
      if (group->serves[r])
        continue;
      excess = first_excess (right->window, group->wanted, now);
      stated = excess == LK_TIME_NONE || loss_is_stated (facts, right);
      if (group->kept)
        continue;
      if (is_to_be_read (group, right) && (excess == LK_TIME_NONE || excess > now || !stated))
        {
          offer_reading (right, now, best);
          continue;
        }
      if (!stated)
        continue;
      if (excess != LK_TIME_NONE && excess > now)
        wake (best, excess); /* from then on it is a loss that is due, however long the queue */
      if (excess != LK_TIME_NONE && excess <= now)
        {
          action.class = PLAN_LOSS_DUE;
          action.due = now;
        }
      else if (facts->gives_way && right->kisi_user_id != user_of (facts))
        {
          action.class = PLAN_LOSS_DUE;
          action.due = now;
        }
      else if (!group->blocked && !is_replaced (group, right, now + settings->horizon))
        continue; /* its successor comes first */
      else
        {
          action.class = excess == LK_TIME_NONE ? PLAN_TIDY : PLAN_FUTURE;
          action.due = excess == LK_TIME_NONE ? now : excess;
          /* Blocked: what it still rightly opens is not taken away for want of a successor. */
          if (group->blocked && !is_second (group, r)
              && !is_replaced (group, right, now + settings->horizon))
            {
              wake (best, excess);
              continue;
            }
        }
      offer (best, &action);
    }
}

static gboolean
has_lapsed (const LkRight *right, LkTime now)
{
  return lk_window_until (right->window) <= now;
}

/* Where one right is all there may be, the one of today's user that serves nothing is changed. One
 * of another user would never do for this one, whatever its window. Neither does one that is over
 * where KISI neither changes nor deletes such (kisi-api.md §7, 5): nobody waits for that one. */
static const LkRight *
right_to_change (const PlanFacts *facts, const Group *group, LkTime now)
{
  for (guint r = 0; r < group->rights->len; r++)
    {
      const LkRight *right = group->rights->pdata[r];
      if (!group->serves[r] && right->kisi_user_id == user_of (facts)
          && !(group->kept && has_lapsed (right, now)))
        return right;
    }
  return NULL;
}

/* Changed, it would no longer open what nobody has taken back. */
static gboolean
may_change (const PlanFacts *facts, const Group *group, const LkRight *right, LkTime now)
{
  return first_excess (right->window, group->wanted, now) == LK_TIME_NONE
         || loss_is_stated (facts, right);
}

static void
offer_gains (const PlanFacts *facts, const PlanSettings *settings, const Group *group, LkTime now,
             PlanAction *best)
{
  for (guint w = 0; w < group->wanted->len; w++)
    {
      LkWindow window = g_array_index (group->wanted, LkWindow, w);
      PlanAction action = { .kind = PLAN_CREATE,
                            .group_id = group->id,
                            .window = window,
                            .start_at = LK_TIME_NONE,
                            .due = MAX (lk_window_from (window), now) };

      wake (best, lk_window_from (window) > now ? window.from : LK_TIME_NONE);
      if (group->served[w])
        continue;
      wake (best, window.until); /* one that waits must not be made when it is over */
      if (lk_window_from (window) > now + settings->horizon)
        {
          wake (best, window.from - settings->horizon);
          continue;
        }
      if (group->blocked || facts->address_is_shared || facts->email == NULL
          || has_one_to_be_read (group))
        continue;
      action.class = action.due <= now + SOON_MS ? PLAN_GAIN_DUE : PLAN_FUTURE;
      if (user_of (facts) == 0)
        action.kind = PLAN_USER;
      else if (settings->one_right && right_to_change (facts, group, now) != NULL)
        {
          if (group->kept)
            continue; /* it can't be changed either, and would be tried at once and for ever */
          action.kind = PLAN_CHANGE;
          action.right = right_to_change (facts, group, now);
          if (!may_change (facts, group, action.right, now))
            continue;
        }
      offer (best, &action);
    }
}

/* An intent without a result stands before everything of its person but a loss: until it is known
 * what became of it nothing may be created (design §6.4). */
static const LkRight *
open_intent (const PlanFacts *facts)
{
  for (guint i = 0; i < facts->rights->len; i++)
    if (((const LkRight *) facts->rights->pdata[i])->state == LK_RIGHT_INTENDED)
      return facts->rights->pdata[i];
  return NULL;
}

static void
offer_resolve (const PlanFacts *facts, LkTime now, PlanAction *best)
{
  const LkRight *intent = open_intent (facts);
  PlanAction action = { .kind = PLAN_RESOLVE, .right = intent, .start_at = LK_TIME_NONE };

  if (intent == NULL)
    return;
  action.group_id = intent->group_id;
  action.window = intent->window;
  action.class = lk_window_contains (intent->window, now) ? PLAN_GAIN_DUE : PLAN_FUTURE;
  action.due = MAX (lk_window_from (intent->window), now);
  if (best->kind == PLAN_DELETE && best->class == PLAN_LOSS_DUE)
    return;
  LkTime at = best->wake_at;
  *best = action;
  best->wake_at = at;
}

static void
wake_for_blocks (const PlanFacts *facts, LkTime now, PlanAction *best)
{
  for (guint i = 0; facts->known != NULL && i < facts->known->n_blocked; i++)
    if (facts->known->blocked[i].until != LK_TIME_NONE && facts->known->blocked[i].until > now)
      wake (best, facts->known->blocked[i].until);
}

void
plan_next (const PlanFacts *facts, const PlanSettings *settings, LkTime now, PlanAction *out)
{
  g_autoptr (GPtrArray) groups = groups_of (facts, settings, now);

  *out = (PlanAction){ .kind = PLAN_NOTHING,
                       .class = PLAN_TIDY,
                       .due = LK_TIME_NONE,
                       .start_at = LK_TIME_NONE,
                       .wake_at = LK_TIME_NONE };
  for (guint i = 0; i < groups->len; i++)
    {
      offer_losses (facts, settings, groups->pdata[i], now, out);
      offer_gains (facts, settings, groups->pdata[i], now, out);
    }
  offer_resolve (facts, now, out);
  wake_for_blocks (facts, now, out);
}
