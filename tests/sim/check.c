/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Each call and each effect, held against what was said when it was decided on.
 */
#include "check_internal.h"

#include "owners.h"
#include "wish.h"

/* A decision may be as old as this when its call leaves: a record takes up to 5 s to be read, and a
 * record to be acknowledged before the call up to 10 s. */
#define SLACK_MS (16 * LK_SECOND)

/* --- calls ------------------------------------------------------------------------------------ */

static void
check_intent (SimWorld *world, const SimRequest *request)
{
  char text[256];

  for (guint i = 0; i < world->check->intents->len; i++)
    {
      SimIntent *intent = &g_array_index (world->check->intents, SimIntent, i);
      if (intent->used || intent->user != request->id || intent->group != request->group
          || !lk_window_equal (intent->window, sim_check_whole (request->window)))
        continue;
      intent->used = TRUE;
      return;
    }
  sim_breach (world, "S4", "no intent is in the ledger for %s",
              sim_request_text (world, request, text));
}

static void
check_rate (SimWorld *world, const SimRequest *request)
{
  SimCheck *check = world->check;
  const LkTime *wait = g_hash_table_lookup (check->waits, request->caller);
  guint in_second = 0;

  if (wait != NULL && world->now < *wait)
    sim_breach (world, "S11", "a call %d ms before the end of the wait that KISI asked for",
                (int) (*wait - world->now));
  /* What somebody does who was not yet told that the account is another's, nobody can help. */
  if (!sim_owners_has (world->owners, request->caller))
    return;
  g_array_append_val (check->sent, world->now);
  for (guint i = check->sent->len; i > 0; i--)
    {
      if (g_array_index (check->sent, LkTime, i - 1) <= world->now - LK_SECOND)
        break;
      in_second++;
    }
  if (in_second > check->rate)
    sim_breach (world, "S11", "%u calls in a second, %u are allowed", in_second, check->rate);
}

void
sim_check_told_to_wait (SimWorld *world, gconstpointer process, gint64 wait)
{
  const LkTime until = world->now + wait;

  g_hash_table_replace (world->check->waits, (gpointer) process, g_memdup2 (&until, sizeof until));
}

gboolean
sim_check_subject (SimWorld *world, const SimRequest *request, gint64 *out_user, guint *out_space)
{
  const SimRight *right;
  const SimGroup *group;

  switch (request->op)
    {
    case SIM_OP_CREATE_RIGHT:
      *out_user = request->id;
      group = sim_service_group (world->service, request->group);
      break;
    case SIM_OP_CHANGE_RIGHT:
    case SIM_OP_DELETE_RIGHT:
      right = sim_service_right (world->service, request->id);
      if (right == NULL)
        return FALSE;
      *out_user = right->user;
      group = sim_service_group (world->service, right->group);
      break;
    default:
      return FALSE;
    }
  if (group == NULL)
    return FALSE;
  *out_space = group->space;
  return TRUE;
}

void
sim_check_observed (SimWorld *world, guint space, gboolean observed)
{
  world->check->observed_since[space] = observed ? world->now : LK_TIME_NONE;
}

/* What was begun before the space was only observed may go on for a while (design §6.10). */
static void
check_observed (SimWorld *world, const SimRequest *request)
{
  const SimProcess *process = request->caller;
  char text[256];
  LkTime since;
  gint64 user;
  guint space;

  if (!sim_op_writes (request->op) || !sim_check_subject (world, request, &user, &space))
    return;
  since = world->check->observed_since[space];
  if (since == LK_TIME_NONE || world->now - since < SLACK_MS
      || world->now - process->woken_at < SLACK_MS)
    return;
  sim_breach (world, "S8", "%s in a space that is only observed",
              sim_request_text (world, request, text));
}

void
sim_check_sent (SimWorld *world, const SimRequest *request)
{
  const SimRight *right;

  check_rate (world, request);
  check_observed (world, request);
  sim_check_steps_sent (world, request);
  if (request->op == SIM_OP_CREATE_RIGHT)
    check_intent (world, request);
  if (request->op != SIM_OP_DELETE_RIGHT && request->op != SIM_OP_CHANGE_RIGHT)
    return;
  right = sim_service_right (world->service, request->id);
  if (right != NULL && !right->ours && !sim_check_looks_like_ours (world->check, right))
    sim_breach (world, "S8", "%s %" G_GINT64_FORMAT ", which is not ours",
                sim_op_name (request->op), request->id);
}

void
sim_check_pair (SimWorld *world, const SimRequest *request, const SimRequest *other)
{
  gint64 one, two;
  guint here, there;

  if (request->op == SIM_OP_CREATE_USER && other->op == SIM_OP_CREATE_USER
      && g_ascii_strcasecmp (request->email, other->email) == 0)
    sim_breach (world, "S5", "two creates of one user are under way");
  if (!sim_check_subject (world, request, &one, &here)
      || !sim_check_subject (world, other, &two, &there) || one != two || here != there
      || sim_truth_was_shared (world->truth, sim_service_user (world->service, one)->email))
    return;
  sim_breach (world, "S7", "two calls for user %" G_GINT64_FORMAT " are under way: %s, %s", one,
              sim_op_name (other->op), sim_op_name (request->op));
}

/* --- effects ---------------------------------------------------------------------------------- */

typedef gboolean (*SaidFunc) (SimWorld *world, const SimSaid *said, const SimRight *right,
                              const SimRequest *request);

/* Calls FUNC for each thing that was said of somebody with the address EMAIL (EVER: who has it, or
 * had it once) in SPACE (-1: in any), and that was known, or just not known any more, when REQUEST
 * left. TRUE as soon as FUNC is. */
static gboolean
any_said (SimWorld *world, const SimRequest *request, const char *email, int space, gboolean ever,
          const SimRight *right, SaidFunc func)
{
  const GPtrArray *people = sim_truth_people (world->truth);

  for (guint i = 0; i < people->len; i++)
    {
      const SimPerson *person = people->pdata[i];

      if ((space >= 0 && person->space != (guint) space) || !sim_person_was_under (person, email))
        continue;
      for (guint s = 0; s < person->said->len; s++)
        {
          const SimSaid *said = person->said->pdata[s];
          LkTime ended = s + 1 < person->said->len ? ((SimSaid *) person->said->pdata[s + 1])->since
                                                   : G_MAXINT64;
          if (ended >= request->sent_at - SLACK_MS && (ever || sim_said_is_under (said, email))
              && func (world, said, right, request))
            return TRUE;
        }
    }
  return FALSE;
}

static gboolean
gives_anything (SimWorld *world, const SimSaid *said, const SimRight *right,
                const SimRequest *request)
{
  (void) right;
  for (guint i = 0; said->entitled && i < said->claims->len; i++)
    if (g_array_index (said->claims, SimClaim, i).until > request->sent_at - SLACK_MS)
      return TRUE;
  return FALSE;
}

void
sim_check_user_made (SimWorld *world, const SimRequest *request, SimUser *user)
{
  const GPtrArray *users = sim_service_users (world->service);

  if (user->invited && !request->late)
    sim_check_owe (world, "invited", user->id);
  user->holder = sim_truth_holder (world->truth, user->email);
  for (guint i = 0; i < users->len; i++)
    {
      const SimUser *other = users->pdata[i];
      if (other != user && other->invited && user->invited && other->holder == user->holder
          && !sim_wish_may_invite (world, user->holder, other->made_at)
          && g_ascii_strcasecmp (other->email, user->email) == 0)
        sim_breach (world, "S5", "a second invitation of %s", user->email);
    }
  if (!request->late && !sim_process_is_astray (request->caller)
      && !any_said (world, request, user->email, -1, FALSE, NULL, gives_anything))
    sim_breach (world, "S5", "%s is invited, and nothing is given to them", user->email);
}

static gboolean
gives_exactly (SimWorld *world, const SimSaid *said, const SimRight *right,
               const SimRequest *request)
{
  LkWindow window = sim_check_whole (request->window);
  LkTime inside = window.from != LK_TIME_NONE ? window.from : window.until - LK_SECOND;
  gint64 group = request->op == SIM_OP_CREATE_RIGHT ? request->group : right->group;

  (void) world;
  return sim_said_gives (said, group, inside)
         && lk_window_equal (sim_said_run (said, group, inside), window);
}

/* S7, and S8 the other way: what is made was given, as a whole and not more. */
static void
check_founded (SimWorld *world, const SimRequest *request, const SimRight *right)
{
  const SimUser *user = sim_service_user (world->service, right->user);
  const SimGroup *group = sim_service_group (world->service, right->group);
  char text[256];

  if (sim_process_is_astray (request->caller))
    return;
  if (!any_said (world, request, user->email, (int) group->space, FALSE, right, gives_exactly))
    sim_breach (world, "S7", "%s: nobody had said that when it was sent, at %s",
                sim_request_text (world, request, text),
                sim_clock_text (world, request->sent_at, (char[24]){ 0 }));
}

void
sim_check_made (SimWorld *world, const SimRequest *request, const SimRight *right)
{
  const GPtrArray *rights = sim_service_rights (world->service);
  const SimUser *user = sim_service_user (world->service, right->user);

  if (request->late)
    {
      sim_check_spoil (world, right->user, right->group);
      return;
    }
  for (guint i = 0; i < rights->len; i++)
    {
      const SimRight *other = rights->pdata[i];
      if (other != right && other->ours && sim_right_is_live (world->service, other)
          && other->user == right->user && other->group == right->group
          && lk_window_equal (other->window, right->window)
          && !sim_check_is_spoilt (world, right->user, right->group)
          && !sim_truth_was_shared (world->truth, user->email))
        sim_breach (world, "S4", "right %" G_GINT64_FORMAT " is made again as %" G_GINT64_FORMAT,
                    other->id, right->id);
    }
  check_founded (world, request, right);
}

void
sim_check_changing (SimWorld *world, const SimRequest *request, const SimRight *right)
{
  if (request->late)
    sim_check_spoil (world, right->user, right->group);
  else
    check_founded (world, request, right);
}

/* Whether, as far as can be known, something of ours but RIGHT opens GROUP for USER at AT. */
static gboolean
opens (SimWorld *world, const SimRight *right, gint64 user, LkTime at)
{
  const GPtrArray *rights = sim_service_rights (world->service);

  for (guint i = 0; i < rights->len; i++)
    {
      const SimRight *other = rights->pdata[i];
      if (other != right && other->ours && (other->gone_at == LK_TIME_NONE || other->taken)
          && other->user == user && other->group == right->group
          && lk_window_contains (other->window, at))
        return TRUE;
    }
  return FALSE;
}

/* Whether nothing of what SAID gives is lost with RIGHT. */
static gboolean
needs_it_no_more (SimWorld *world, const SimSaid *said, const SimRight *right,
                  const SimRequest *request)
{
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (LkTime));
  const SimUser *user
      = said->email == NULL ? NULL : sim_service_user_of (world->service, said->email);

  (void) request;
  if (lk_window_until (right->window) <= world->now
      || (lk_window_contains (right->window, world->now)
          && !sim_said_gives (said, right->group, world->now)))
    return TRUE;
  sim_said_edges (said, right->group, edges);
  g_array_append_val (edges, world->now);
  g_array_append_val (edges, right->window.from);
  for (guint i = 0; i < edges->len; i++)
    {
      LkTime at = g_array_index (edges, LkTime, i);
      if (at >= world->now && lk_window_contains (right->window, at)
          && sim_said_gives (said, right->group, at)
          && lk_window_from (sim_said_run (said, right->group, at))
                 <= world->now + world->check->horizon
          && !opens (world, right, right->user, at)
          && (user == NULL || !opens (world, right, user->id, at)))
        return FALSE;
    }
  return TRUE;
}

void
sim_check_deleting (SimWorld *world, const SimRequest *request, const SimRight *right)
{
  const SimUser *user = sim_service_user (world->service, right->user);
  const SimGroup *group = sim_service_group (world->service, right->group);
  char window[64];

  if (request->late)
    {
      sim_check_spoil (world, right->user, right->group);
      return;
    }
  sim_check_owe (world, "removed", right->id);
  /* Where there is only one right, its window is changed by taking it away. */
  if (sim_check_takes_one_right (world) || !right->ours || sim_process_is_astray (request->caller)
      || sim_check_is_spoilt (world, right->user, right->group))
    return;
  if (!any_said (world, request, user->email, (int) group->space, TRUE, right, needs_it_no_more))
    sim_breach (world, "S3",
                "right %" G_GINT64_FORMAT " %s of user %" G_GINT64_FORMAT
                " in group %" G_GINT64_FORMAT " is taken away, and nothing gives what it gave",
                right->id, sim_window_text (world, right->window, window), right->user,
                right->group);
}
