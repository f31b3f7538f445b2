/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * An event's reason. What KISI says of the door itself comes first (a lockdown holds for all), then
 * who it was, then the claims on the groups that open the door, at the event's own time.
 *
 * Which right opened a door KISI may say (authorized_by); otherwise our rights' windows tell.
 */
#include "judge.h"

#include <string.h>

#define ENDED_KEPT (7 * LK_DAY) /* how long the ledger keeps an ended right (design §6) */
#define SPREAD (2 * LK_MINUTE)  /* a new right may take so long to get to the reader */

typedef struct
{
  const LkKisiEvent *event;
  const LkJudgeDoor *door;
  const LkJudgeFacts *facts;
  LkTime observed_at;
  gboolean exact;
  LkAccessReport *out;
} Case;

/* --- facts ------------------------------------------------------------------------------------ */

void
lk_judge_facts_init (LkJudgeFacts *facts)
{
  *facts = (LkJudgeFacts){ .recorded_at = LK_TIME_NONE,
                           .commands = g_array_new (FALSE, FALSE, sizeof (LkJudgeCommand)),
                           .rights = g_array_new (FALSE, FALSE, sizeof (LkJudgeRight)) };
}

void
lk_judge_facts_clear (LkJudgeFacts *facts)
{
  g_clear_pointer (&facts->commands, g_array_unref);
  g_clear_pointer (&facts->rights, g_array_unref);
}

void
lk_judge_facts_add_command (LkJudgeFacts *facts, const LkCommand *command, LkTime recorded_at)
{
  const LkJudgeCommand item = { command, recorded_at };

  g_array_append_val (facts->commands, item);
}

void
lk_judge_facts_add_right (LkJudgeFacts *facts, const LkRight *right, LkTime recorded_at)
{
  const LkJudgeRight item = { right, recorded_at };

  g_array_append_val (facts->rights, item);
}

static gboolean
is_older (LkTime recorded_at, LkTime than)
{
  return recorded_at != LK_TIME_NONE && recorded_at <= than;
}

/* Whether all that stands already stood at T. What has been taken away since shows too: its record
 * stays for a while, empty or ended, and is newer. */
static gboolean
stood_at (const LkJudgeFacts *facts, LkTime t)
{
  if (!is_older (facts->recorded_at, t))
    return FALSE;
  for (guint i = 0; i < facts->commands->len; i++)
    if (!is_older (g_array_index (facts->commands, LkJudgeCommand, i).recorded_at, t))
      return FALSE;
  for (guint i = 0; i < facts->rights->len; i++)
    if (!is_older (g_array_index (facts->rights, LkJudgeRight, i).recorded_at, t))
      return FALSE;
  return TRUE;
}

/* --- words ------------------------------------------------------------------------------------ */

typedef struct
{
  const char *theirs, *ours;
} Word;

static const Word types[] = {
  { "lock.unlock", "unlock" },       { "lock.forced_open", "forced_open" },
  { "lock.held_open", "held_open" }, { "lock.tailgate", "tailgate" },
  { "lock.lock_down", "lock_down" }, { "lock.cancel_lockdown", "cancel_lockdown" },
};

static const Word actors[] = {
  { "User", "user" },
  { "Guest", "guest" },
  { "GroupLink", "link" },
};

static const Word credentials[] = {
  { "Card", "card" },
  { "Login", "app" },
  { "GroupLink", "link" },
  { "ApplePassInstance", "apple_pass" },
  { "OauthAccessToken", "oauth" },
  { "AccessKey", "access_key" },
};

static const char *
word_of (const Word *words, gsize n, const char *theirs, const char *otherwise)
{
  for (gsize i = 0; i < n; i++)
    if (g_strcmp0 (words[i].theirs, theirs) == 0)
      return words[i].ours;
  return otherwise;
}

#define WORD_OF(words, theirs, otherwise) word_of (words, G_N_ELEMENTS (words), theirs, otherwise)

gboolean
lk_judge_reports_type (const char *type)
{
  return WORD_OF (types, type, NULL) != NULL;
}

/* Codes that are about the door, its hardware, its hours or the way of opening it rather than about
 * anybody's right (kisi-api.md Appendix A). KISI adds codes without notice, and related ones share
 * their first characters. */
static gboolean
is_door_code (const char *code)
{
  static const char *const prefixes[]
      = { "fad", "fac0", "ff42", "ecc", "fbc", "34", "a3", "a7", "bb", "aaa", "adf", "f01337" };

  for (guint i = 0; code != NULL && i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (code, prefixes[i]))
      return TRUE;
  return FALSE;
}

/* --- claims and rights on the door ------------------------------------------------------------ */

static gboolean
opens (const LkJudgeDoor *door, gint64 group_id)
{
  for (guint i = 0; i < door->n_groups; i++)
    if (door->groups[i] == group_id)
      return TRUE;
  return FALSE;
}

static void
show (Case *c, gint64 group_id, LkWindow window)
{
  c->out->group_id = group_id;
  c->out->window = window;
}

/* All sources that claim exactly what is shown. */
static void
show_claim (Case *c, const LkClaim *claim)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new ();
  char buf[64];

  show (c, claim->group_id, claim->window);
  for (guint i = 0; i < c->facts->commands->len; i++)
    {
      const LkCommand *command = g_array_index (c->facts->commands, LkJudgeCommand, i).command;

      for (guint k = 0; k < command->n_claims; k++)
        if (command->claims[k].group_id == claim->group_id
            && lk_window_equal (command->claims[k].window, claim->window))
          {
            g_ptr_array_add (sources,
                             g_strdup (lk_source_name (command->kind, command->source_id, buf)));
            break;
          }
    }
  g_ptr_array_add (sources, NULL);
  c->out->sources = (char **) g_ptr_array_free (g_steal_pointer (&sources), FALSE);
}

static void
show_right (Case *c, const LkRight *right)
{
  show (c, right->group_id, right->window);
  c->out->sources = g_strdupv (right->sources);
}

/* How far T is outside of W: 0 inside, < 0 before it, > 0 after it. */
static gint64
distance (LkWindow w, LkTime t)
{
  if (lk_window_contains (w, t))
    return 0;
  if (t < lk_window_from (w))
    return t - lk_window_from (w);
  return t - lk_window_until (w) + 1;
}

/* The claim on the door that is nearest to the event's time; of two as near, the one to come. */
static const LkClaim *
nearest_claim (const Case *c, gint64 *out_distance)
{
  const LkClaim *best = NULL;

  for (guint i = 0; i < c->facts->commands->len; i++)
    {
      const LkCommand *command = g_array_index (c->facts->commands, LkJudgeCommand, i).command;

      for (guint k = 0; k < command->n_claims; k++)
        {
          const LkClaim *claim = &command->claims[k];
          gint64 d;

          if (!opens (c->door, claim->group_id) || lk_window_is_empty (claim->window))
            continue;
          d = distance (claim->window, c->event->created_at);
          if (best != NULL
              && (ABS (d) > ABS (*out_distance)
                  || (ABS (d) == ABS (*out_distance) && d >= *out_distance)))
            continue;
          best = claim;
          *out_distance = d;
        }
    }
  return best;
}

static const LkRight *
right_of_id (const Case *c, gint64 right_id)
{
  for (guint i = 0; i < c->facts->rights->len; i++)
    {
      const LkRight *right = g_array_index (c->facts->rights, LkJudgeRight, i).right;

      if (right->right_id == right_id)
        return right;
    }
  return NULL;
}

/* A right of ours that KISI had at the event's time, as far as the ledger knows: one whose create
 * has an unknown outcome may have been there. */
static const LkRight *
right_at_event (const Case *c, gboolean surely)
{
  LkTime t = c->event->created_at;

  for (guint i = 0; i < c->facts->rights->len; i++)
    {
      const LkRight *right = g_array_index (c->facts->rights, LkJudgeRight, i).right;

      if (!opens (c->door, right->group_id) || !lk_window_contains (right->window, t))
        continue;
      if (right->intended_at != LK_TIME_NONE && right->intended_at + (surely ? SPREAD : 0) > t)
        continue;
      if (right->state == LK_RIGHT_ENDED
          && (right->right_id == 0 || right->ended_at == LK_TIME_NONE || right->ended_at < t))
        continue;
      if (right->state == LK_RIGHT_INTENDED && surely)
        continue;
      return right;
    }
  return NULL;
}

/* --- reasons ---------------------------------------------------------------------------------- */

static gboolean
says_which_right (const LkKisiEvent *event)
{
  return event->authorized_by_id != 0
         && (event->authorized_by_type == NULL
             || g_str_equal (event->authorized_by_type, "RoleAssignment")
             || g_str_equal (event->authorized_by_type, "Share"));
}

static const char *
granted_by (Case *c, const LkRight *right)
{
  gint64 d = 0;

  show_right (c, right);
  /* Opened by our right after its reason had gone: we were late to take it away. Only said where
   * it is certain that nothing has changed since. */
  if (c->exact && (!c->facts->entitled || nearest_claim (c, &d) == NULL || d != 0))
    return "not_yet_applied";
  return "entitled";
}

static const char *
why_granted (Case *c)
{
  const LkRight *right;

  if (c->event->actor_type == NULL)
    return "unknown"; /* a button at the door, a schedule */
  if (c->facts->member == 0)
    return "foreign";
  if (says_which_right (c->event))
    {
      right = right_of_id (c, c->event->authorized_by_id);
      if (right != NULL)
        return granted_by (c, right);
      /* Perhaps a create of ours whose answer is not in yet. */
      right = right_at_event (c, FALSE);
      if (right != NULL && right->right_id == 0)
        return granted_by (c, right);
      return c->observed_at - c->event->created_at < ENDED_KEPT ? "foreign" : "unknown";
    }
  right = right_at_event (c, FALSE);
  if (right != NULL)
    return granted_by (c, right);
  return c->door->known && c->observed_at - c->event->created_at < ENDED_KEPT ? "foreign"
                                                                              : "unknown";
}

static const char *
why_denied (Case *c)
{
  const char *code = c->event->code;
  const LkClaim *claim;
  gint64 d = 0;

  if (is_door_code (code))
    return "door_restriction";
  if (c->facts->member == 0)
    return "unknown_person";
  if (!c->facts->entitled || g_strcmp0 (code, "fcd8ff") == 0)
    return "suspended";
  claim = nearest_claim (c, &d);
  if (claim == NULL)
    return c->door->known ? "no_claim" : "unknown";
  show_claim (c, claim);
  if (d < 0)
    return "too_early";
  if (d > 0)
    return "too_late";
  /* Entitled, and yet denied: because KISI didn't have the right yet, or for a reason that its code
   * doesn't tell. */
  return right_at_event (c, TRUE) == NULL ? "not_yet_applied" : "unknown";
}

void
lk_judge_event (const LkKisiEvent *event, const char *space, LkTime observed_at,
                const LkJudgeDoor *door, const LkJudgeFacts *facts, LkAccessReport *out)
{
  Case c = { event, door, facts, observed_at, FALSE, out };
  const char *what = WORD_OF (types, event->type, NULL);

  g_assert (what != NULL);
  *out = (LkAccessReport){ .id = g_strdup (event->uuid),
                           .revision = 1,
                           .space = g_strdup (space),
                           .occurred_at = event->created_at,
                           .observed_at = observed_at,
                           .event = g_strdup (what),
                           .place_id = event->place_id,
                           .window = { LK_TIME_NONE, LK_TIME_NONE } };
  if (g_strcmp0 (event->object_type, "Lock") == 0)
    {
      out->door_id = event->object_id;
      out->door_name = g_strdup (event->object_name);
    }
  out->actor = g_strdup (event->actor_type == NULL ? "none"
                                                   : WORD_OF (actors, event->actor_type, "other"));
  if (g_strcmp0 (event->actor_type, "User") == 0)
    {
      out->kisi_user_id = event->actor_id;
      out->member_id = facts->member;
    }
  out->credential = event->authenticated_by_type == NULL
                        ? NULL
                        : g_strdup (WORD_OF (credentials, event->authenticated_by_type, "other"));
  if (!g_str_equal (what, "unlock"))
    return;
  c.exact = facts->member != 0 && stood_at (facts, event->created_at);
  out->result = g_strdup (event->success ? "granted" : "denied");
  /* "ffffff" fills the place of a code where there is none. */
  if (event->code != NULL && !(event->success && g_str_equal (event->code, "ffffff")))
    out->code = g_strdup (event->code);
  out->reason = g_strdup (event->success ? why_granted (&c) : why_denied (&c));
  out->basis = g_strdup (facts->member == 0 ? "none" : c.exact ? "exact" : "current");
  out->revision = facts->member == 0 ? 1 : c.exact ? 3 : 2;
}
