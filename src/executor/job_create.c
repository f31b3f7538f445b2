/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A right is made: intended in the ledger, created in KISI, told, held. And what became of a create
 * whose answer never came: KISI's list tells (design §6.4, §6.5).
 */
#include "job_internal.h"

#include "crash.h"
#include "record.h"

#define GIVE_WAY_MS (15 * LK_SECOND) /* until another person's right is looked for again */

/* --- intents ---------------------------------------------------------------------------------- */

static void
right_made (Job *job)
{
  CRASH_POINT (CREATED_TOLD);
  job->right.state = LK_RIGHT_HELD;
  job_write_right (job, job_done);
  CRASH_POINT (RESULT_WRITTEN);
}

static void
give_up_intent (Job *job, Step next)
{
  job->right.state = LK_RIGHT_ENDED;
  job->right.ended_at = job_now (job);
  job_write_right (job, next);
  CRASH_POINT (INTENT_GIVEN_UP);
}

/* Same user, group and window, made since, and nobody else's of ours. */
static gboolean
is_of_intent (const Job *job, const LkKisiAssignment *assignment, const LkRight *intent)
{
  char key[LK_KEY_MAX];

  state_right_key (job->person, intent, key);
  return drift_is_of_intent (assignment, intent)
         && !state_knows_right_id (job->person, assignment->id, key);
}

/* The change that a right just made is told as: one that had gone missing is restored. */
static void
tell_made (Job *job)
{
  gboolean restored = state_take_restoring (job->person, job->right.group_id);

  job->change = restored ? "restored" : "created";
  job->cause = restored ? "audit" : "claim";
  job_write_change (job, right_made);
}

/* --- create ----------------------------------------------------------------------------------- */

static void
block_refused (Job *job)
{
  /* A refusal of this window says nothing about the next one. */
  job_stop_group (job, "refused", 0, job->right.window.until);
}

/* An intent of ours that was given up and that ASSIGNMENT is the late effect of (design §6.5); into
 * the job, as held from here on ("held" after "ended" without id, merge.h). */
static gboolean
take_lost_intent (Job *job, const LkKisiAssignment *assignment)
{
  PlanFacts facts;
  const LkRight *lost = NULL;

  state_facts (job->person, &facts);
  for (guint i = 0; i < facts.rights->len && lost == NULL; i++)
    {
      const LkRight *right = facts.rights->pdata[i];
      if (drift_is_lost_intent (right, job_now (job)) && is_of_intent (job, assignment, right))
        lost = right;
    }
  if (lost != NULL)
    {
      lk_right_clear (&job->right);
      lk_right_copy (&job->right, lost);
      job->right.right_id = assignment->id;
      job->right.ended_at = LK_TIME_NONE;
    }
  state_facts_clear (&facts);
  return lost != NULL;
}

/* `exclusive`: what our own API user made is ours (design §6.5). */
static gboolean
is_ours_by_maker (const Job *job, const LkKisiAssignment *assignment)
{
  return job->context->own_user_id != 0 && assignment->created_by_id == job->context->own_user_id;
}

/* Of the rights of this user on this group, one is in the way: ours or somebody else's? */
static void
in_the_way (Job *job, LkKisiAnswer *answer)
{
  g_autoptr (GArray) rights = state_rights_of (job->person);
  const LkKisiAssignment *foreign = NULL;

  if (job_common (job, answer))
    return;
  for (guint i = 0; answer->assignments != NULL && i < answer->assignments->len; i++)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[i];
      if (assignment->group_id != job->action.group_id)
        continue;
      Person *owner = state_right_owner (job->context->state, assignment->id);
      if (owner != NULL && owner != job->person)
        {
          /* Another person's, of a time when this user was theirs. It goes when they have one under
           * their own; until then it is neither ours nor foreign. */
          job->context->in_the_way (owner, job->context->data);
          job_stop_group (
              job, "right_of_another", assignment->id,
              job_now (job)
                  + (job_is_stopped (job, "right_of_another") ? BLOCK_AGAIN_MS : GIVE_WAY_MS));
          return;
        }
      if (job_held_right (rights, assignment->id) != NULL)
        {
          /* Our own: this organization takes one right for user and group. Where that is known the
           * plan comes to the same again: the list shows what is gone, and not what is there. */
          if (job->context->only_one_right (job->context->data))
            job_done (job);
          else
            job_retry (job);
          return;
        }
      if (state_knows_right_id (job->person, assignment->id, ""))
        {
          /* Ours, said to have ended, and there all the same: read by its id, and taken away. */
          (void) state_inspect (job->person, assignment->id, PLAN_ADOPT_NO, PLAN_LOSS_DUE);
          job_retry (job);
          return;
        }
      if (take_lost_intent (job, assignment))
        {
          tell_made (job);
          return;
        }
      if (is_ours_by_maker (job, assignment))
        {
          /* Read by its id and taken into the ledger, then the plan goes on from there. */
          (void) state_inspect (job->person, assignment->id, PLAN_ADOPT_NO, PLAN_LOSS_DUE);
          job_done (job);
          return;
        }
      foreign = assignment;
    }
  if (foreign == NULL)
    {
      job_retry (job); /* it went meanwhile */
      return;
    }
  /* Looked at again when it ends. One that has ended and is in the way all the same is looked at
   * like one without an end, not every second. */
  LkTime until = job_now (job) + BLOCK_AGAIN_MS;
  if (lk_window_until (foreign->window) > job_now (job))
    until = MIN (until, lk_window_until (foreign->window));
  job_stop_group (job, "foreign_right", foreign->id, until);
}

static void
look_in_the_way (Job *job)
{
  if (!job_may_call (job, look_in_the_way))
    return;
  job->on_answer = in_the_way;
  job->call = lk_kisi_list_user_assignments (job->context->kisi, job->right.kisi_user_id,
                                             KEY_RESERVE, job_answered, job);
}

static void
group_checked_for_create (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_GONE)
    job_stop_group (job, PLAN_GROUP_GONE, 0, job_now (job) + BLOCK_AGAIN_MS);
  else if (!job_common (job, answer))
    job_retry (job);
}

static void
check_group_for_create (Job *job)
{
  if (!job_may_call (job, check_group_for_create))
    return;
  job->on_answer = group_checked_for_create;
  job->call = lk_kisi_get_group (job->context->kisi, job->action.group_id, job_answered, job);
}

static void
forget_user (Job *job)
{
  const LkLedgerMember *known = state_member_record (job->person);

  if (known != NULL && known->email != NULL && state_invited_user (job->person, known->email) != 0)
    {
      job_stop_group (job, "user_gone", 0, LK_TIME_NONE);
      return;
    }
  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  job->member.kisi_user_id = 0;
  job_write_member (job, job_done);
}

static void
user_checked_for_create (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_GONE)
    forget_user (job);
  else if (answer->verdict == LK_KISI_OK)
    check_group_for_create (job);
  else if (!job_common (job, answer))
    job_retry (job);
}

/* 404 on a create: the user, or the group. */
static void
look_what_is_gone (Job *job)
{
  if (!job_may_call (job, look_what_is_gone))
    return;
  job->on_answer = user_checked_for_create;
  job->call = lk_kisi_get_user (job->context->kisi, job->right.kisi_user_id, job_answered, job);
}

static void
right_created (Job *job, LkKisiAnswer *answer)
{
  CRASH_POINT (CREATE_ANSWERED);
  switch (answer->verdict)
    {
    case LK_KISI_OK:
      job->right.right_id = ((LkKisiAssignment *) answer->assignments->pdata[0])->id;
      tell_made (job);
      break;
    case LK_KISI_DUPLICATE:
      give_up_intent (job, look_in_the_way);
      break;
    case LK_KISI_GONE:
      give_up_intent (job, look_what_is_gone);
      break;
    case LK_KISI_INVALID:
      give_up_intent (job, block_refused);
      break;
    case LK_KISI_FORBIDDEN:
      give_up_intent (job, job_check_key);
      break;
    case LK_KISI_UNAUTHORIZED:
      give_up_intent (job, job_refuse_account);
      break;
    case LK_KISI_THROTTLED:
      give_up_intent (job, job_again);
      break;
    case LK_KISI_UNAVAILABLE:
      give_up_intent (job, job_retry);
      break;
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      /* It may have happened: the intent stays open and is resolved by reading (design §6.4). */
      job_retry (job);
      break;
    }
}

static void
create_right (Job *job)
{
  CRASH_POINT (INTENT_ACKNOWLEDGED);
  if (!job_may_call (job, create_right))
    return;
  if (lk_window_until (job->right.window) <= job_now (job))
    {
      give_up_intent (job, job_done); /* it ended while it waited for the rate */
      return;
    }
  job->on_answer = right_created;
  job->call = lk_kisi_create_assignment (job->context->kisi, job->right.kisi_user_id,
                                         job->right.group_id, job->right.window, job_answered, job);
  CRASH_POINT_SOON (CREATE_SENT);
}

void
job_start_create (Job *job)
{
  PlanFacts facts;
  LkVersion version;

  state_facts (job->person, &facts);
  job->right = (LkRight){ .format = LK_LEDGER_FORMAT,
                          .member = job->person->member,
                          .space = g_strdup (job->person->space->config->code),
                          /* The one identity made by chance, so that two owners' creates never
                           * share a record (design §6). */
                          .right = g_uuid_string_random (),
                          .state = LK_RIGHT_INTENDED,
                          .kisi_user_id = facts.known->kisi_user_id,
                          .group_id = job->action.group_id,
                          .window = job->action.window,
                          .intended_at = job_now (job),
                          .ended_at = LK_TIME_NONE,
                          .touched_at = LK_TIME_NONE,
                          .surplus_since = LK_TIME_NONE };
  job->right.sources = plan_sources (&facts, job->action.group_id, job->action.window, &version);
  job->has_right = TRUE;
  state_facts_clear (&facts);
  job_write_right (job, create_right);
  CRASH_POINT (INTENT_WRITTEN);
}

/* --- resolve ---------------------------------------------------------------------------------- */

/* The row that the job's intent made: one that was made since, or, where there is none, one that
 * was so by a clock that was wrong, the newest. */
static const LkKisiAssignment *
row_of_intent (const Job *job, const GPtrArray *rows)
{
  const LkKisiAssignment *found = NULL;

  for (guint i = 0; i < rows->len; i++)
    {
      const LkKisiAssignment *row = rows->pdata[i];
      if (!is_of_intent (job, row, &job->right))
        continue;
      if (drift_is_since (row, &job->right))
        return row;
      if (found == NULL || row->id > found->id)
        found = row;
    }
  return found;
}

static void
resolved (Job *job, LkKisiAnswer *answer)
{
  const LkKisiAssignment *found;

  CRASH_POINT (RESOLVE_ANSWERED);
  /* Only a list without it, or a user who is gone, says that it did not happen. */
  if (answer->verdict != LK_KISI_OK && answer->verdict != LK_KISI_GONE)
    {
      if (!job_common (job, answer))
        job_retry (job);
      return;
    }
  found = answer->verdict == LK_KISI_OK ? row_of_intent (job, answer->assignments) : NULL;
  if (found == NULL)
    {
      give_up_intent (job, job_done);
      return;
    }
  job->right.right_id = found->id;
  tell_made (job);
}

void
job_start_resolve (Job *job)
{
  if (!job_may_call (job, job_start_resolve))
    return;
  job->on_answer = resolved;
  job->call = lk_kisi_list_user_assignments (job->context->kisi, job->right.kisi_user_id,
                                             KEY_RESERVE, job_answered, job);
}
