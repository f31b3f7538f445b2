/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A right is taken away, or its window changed where KISI takes one right for user and group.
 */
#include "job_internal.h"

#include "crash.h"

#include <latchkey/base/log.h>

/* --- delete ----------------------------------------------------------------------------------- */

static void
right_gone (Job *job)
{
  CRASH_POINT (REMOVED_TOLD);
  job->right.state = LK_RIGHT_ENDED;
  job->right.ended_at = job_now (job);
  job_write_right (job, job_done);
  CRASH_POINT (END_WRITTEN);
}

void
job_tell_removed (Job *job)
{
  job->change = "removed";
  job->cause = job->action.class == PLAN_TIDY ? "lapsed_or_replaced" : "claim";
  job_write_change (job, right_gone);
}

/* Whether the key sees any of the groups that the rules map. */
static gboolean
sees_a_mapped_group (const State *state, const GPtrArray *groups)
{
  g_autoptr (GArray) mapped = state_mapped_groups (state);

  for (guint i = 0; i < groups->len; i++)
    for (guint m = 0; m < mapped->len; m++)
      if (((const LkKisiGroup *) groups->pdata[i])->id == g_array_index (mapped, gint64, m))
        return TRUE;
  return FALSE;
}

/* One group is gone, or the key was moved to where it sees none (design §6.7). */
static void
groups_listed (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict != LK_KISI_OK)
    {
      if (!job_common (job, answer))
        job_retry (job);
      return;
    }
  if (!sees_a_mapped_group (job->context->state, answer->groups))
    {
      job->context->refused ("the key sees none of the groups that the rules map",
                             job->context->data);
      job_retry (job);
      return;
    }
  lk_error (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                  .event = "group_gone"),
            "the key no longer sees group %" G_GINT64_FORMAT
            ": whether its rights are gone can't be told; they wait",
            job->right.group_id);
  /* One that stays away has as many rights as it had, each of which would cost its calls; when it
   * is seen again is watched for (watch.h). */
  job_stop_delete (job, PLAN_DELETE_GROUP_GONE, BLOCK_AGAIN_MS);
}

void
job_group_gone (Job *job)
{
  if (!job_may_call (job, job_group_gone))
    return;
  job->on_answer = groups_listed;
  job->call = lk_kisi_list_groups (job->context->kisi, KEY_RESERVE, job_answered, job);
}

/* 404 on a delete is done only while the key still sees the group of the right (design §6.7). */
static void
group_checked_for_delete (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_OK)
    job_tell_removed (job);
  else if (answer->verdict == LK_KISI_GONE)
    job_group_gone (job);
  else if (!job_common (job, answer))
    job_retry (job);
}

static void
check_group_for_delete (Job *job)
{
  if (!job_may_call (job, check_group_for_delete))
    return;
  job->on_answer = group_checked_for_delete;
  job->call = lk_kisi_get_group (job->context->kisi, job->right.group_id, job_answered, job);
}

/* What is refused did not happen, but what was tried before may have: the right then stays touched,
 * so that whoever finds it gone tells that it was us (S10). */
void
job_not_deleted (Job *job, Step next)
{
  if (job->in_doubt)
    {
      next (job);
      return;
    }
  job->right.touched_at = LK_TIME_NONE;
  job_write_right (job, next);
}

static void
stop_refused (Job *job)
{
  /* As such: a later try may pass. One that opens nothing too much is in no hurry. */
  job_stop_delete (job, "delete_refused",
                   job->action.class == PLAN_TIDY && job_is_stopped (job, "delete_refused")
                       ? BLOCK_AGAIN_MS
                       : DELETE_AGAIN_MS);
}

static void
right_deleted (Job *job, LkKisiAnswer *answer)
{
  CRASH_POINT (DELETE_ANSWERED);
  if (answer->verdict == LK_KISI_OK)
    job_tell_removed (job);
  else if (answer->verdict == LK_KISI_GONE)
    {
      job->in_doubt = TRUE; /* a key that may not see the group says nothing about the right */
      check_group_for_delete (job);
    }
  else if (answer->verdict == LK_KISI_INVALID || answer->verdict == LK_KISI_DUPLICATE)
    job_not_deleted (job, stop_refused);
  else
    (void) job_common (job, answer);
}

static void
delete_right (Job *job)
{
  CRASH_POINT (TOUCH_ACKNOWLEDGED);
  if (!job_may_call (job, delete_right))
    return;
  job->deleting = TRUE;
  job->on_answer = right_deleted;
  job->call
      = lk_kisi_delete_assignment (job->context->kisi, job->right.right_id, job_answered, job);
  CRASH_POINT_SOON (DELETE_SENT);
}

/* That it is about to be touched is in the ledger before the call: whoever comes after a call
 * without an answer must not take the right for what the ledger says of it. So is that nothing
 * gives it: the call may fail for longer than the commands that say so stand. */
static void
touch (Job *job, Step next)
{
  PlanFacts facts;

  if (job->right.touched_at != LK_TIME_NONE)
    {
      job->in_doubt = TRUE;
      next (job);
      return;
    }
  state_facts (job->person, &facts);
  job->right.surplus_since = plan_surplus_since (&facts, &job->right, job_now (job));
  state_facts_clear (&facts);
  job->right.touched_at = job_now (job);
  job_write_right (job, next);
  CRASH_POINT (TOUCH_WRITTEN);
}

void
job_start_delete (Job *job)
{
  touch (job, delete_right);
}

/* --- change ----------------------------------------------------------------------------------- */

static void
window_changed (Job *job)
{
  CRASH_POINT (CHANGE_TOLD);
  job->right.state = LK_RIGHT_HELD;
  job_write_right (job, job_done);
}

/* KISI has WINDOW for the right, and so for those that give it. */
static void
tell_changed (Job *job, LkWindow window)
{
  PlanFacts facts;
  LkVersion version;

  job->right.window = window;
  job->right.touched_at = LK_TIME_NONE;
  state_facts (job->person, &facts);
  g_auto (GStrv) sources = plan_sources (&facts, job->right.group_id, window, &version);
  state_facts_clear (&facts);
  if (sources[0] != NULL)
    {
      g_strfreev (job->right.sources);
      job->right.sources = g_steal_pointer (&sources);
      job->right.surplus_since = LK_TIME_NONE;
    }
  job->change = "changed";
  job->cause = "claim";
  job_write_change (job, window_changed);
}

static void
change_read_back (Job *job, LkKisiAnswer *answer)
{
  CRASH_POINT (CHANGE_READ_BACK);
  if (answer->verdict == LK_KISI_OK)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[0];
      if (plan_window_serves (assignment->window, job->action.window, job_now (job)))
        {
          tell_changed (job, job->action.window);
          return;
        }
      job_start_delete (job); /* the times are ignored: delete, and the plan creates */
    }
  else if (answer->verdict == LK_KISI_GONE)
    check_group_for_delete (job);
  else if (!job_common (job, answer))
    job_retry (job);
}

static void
read_back (Job *job)
{
  if (!job_may_call (job, read_back))
    return;
  job->on_answer = change_read_back;
  job->call = lk_kisi_get_assignment (job->context->kisi, job->right.right_id, job_answered, job);
}

static void
change_answered (Job *job, LkKisiAnswer *answer)
{
  CRASH_POINT (CHANGE_ANSWERED);
  switch (answer->verdict)
    {
    case LK_KISI_OK:
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      /* The answer proves nothing (kisi-api.md §4.4). */
      read_back (job);
      break;
    case LK_KISI_INVALID:
    case LK_KISI_DUPLICATE:
    case LK_KISI_GONE:
      job_start_delete (job);
      break;
    default:
      (void) job_common (job, answer);
      break;
    }
}

static void
change_right (Job *job)
{
  if (!job_may_call (job, change_right))
    return;
  job->on_answer = change_answered;
  job->call = lk_kisi_change_assignment (job->context->kisi, job->right.right_id,
                                         job->action.window, job_answered, job);
  CRASH_POINT_SOON (CHANGE_SENT);
}

void
job_start_change (Job *job)
{
  touch (job, change_right);
}

/* --- look ------------------------------------------------------------------------------------- */

static void
right_looked_up (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_OK)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[0];
      LkWindow before = plan_whole_seconds (job->right.window),
               after = plan_whole_seconds (assignment->window);
      if (lk_window_equal (before, after))
        {
          job->right.touched_at = LK_TIME_NONE;
          job_write_right (job, job_done);
        }
      else
        tell_changed (job, after);
    }
  else if (answer->verdict == LK_KISI_GONE)
    check_group_for_delete (job);
  else if (!job_common (job, answer))
    job_retry (job);
}

void
job_start_look (Job *job)
{
  if (!job_may_call (job, job_start_look))
    return;
  job->on_answer = right_looked_up;
  job->call = lk_kisi_get_assignment (job->context->kisi, job->right.right_id, job_answered, job);
}
