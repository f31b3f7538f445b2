/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The chain of a job: waiting for acknowledgements, answers and room in the rate, and what every
 * answer may say. The steps of each kind of action are in job_user.c, job_create.c and job_end.c.
 */
#include "job_internal.h"

#include "record.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>

LkTime
job_now (const Job *job)
{
  return lk_clock_wall (lk_program_clock (job->context->program));
}

void
job_claim_call (Job *job)
{
  if (job->claimed)
    return;
  job->claimed = TRUE;
  lk_budget_claim (job->context->budget);
}

static void
end_claim (Job *job)
{
  if (job->claimed)
    lk_budget_unclaim (job->context->budget);
  job->claimed = FALSE;
}

static void
job_free (Job *job)
{
  lk_right_clear (&job->right);
  lk_ledger_member_clear (&job->member);
  g_free (job->address);
  g_free (job);
}

static void
finish (Job *job, JobOutcome outcome)
{
  end_claim (job);
  /* The account finds the job by its person, so it is still whole then. */
  job->context->ended (job->person, outcome, job->context->data);
  job_free (job);
}

void
job_cancel (Job *job)
{
  lk_timers_cancel (lk_program_timers (job->context->program), job->timer);
  job->timer = NULL;
  end_claim (job);
  if (job->call != NULL)
    {
      lk_kisi_cancel (job->context->kisi, job->call);
      job->call = NULL;
    }
  if (job->waiting)
    job->dead = TRUE; /* the acknowledgement frees it */
  else
    job_free (job);
}

Person *
job_person (const Job *job)
{
  return job->person;
}

static void
have_room (gpointer data)
{
  Job *job = data;

  job->timer = NULL;
  job->on_room (job);
}

gboolean
job_may_call (Job *job, Step again_step)
{
  gint64 wait = lk_budget_claimed_wait_ms (job->context->budget);

  if (wait <= 0)
    {
      end_claim (job); /* it is spent now */
      return TRUE;
    }
  job_claim_call (job);
  job->on_room = again_step;
  job->timer = lk_timers_add (lk_program_timers (job->context->program), wait, have_room, job);
  return FALSE;
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void
acknowledged (gint64 offset, const GError *error, gpointer data)
{
  Job *job = data;

  (void) offset;
  job->waiting = FALSE;
  if (job->dead)
    job_free (job);
  else if (error != NULL)
    {
      lk_warning (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                        .event = "write_failed", .error = error),
                  "a record was not acknowledged; the ledger decides what is done next");
      finish (job, JOB_RETRY);
    }
  else
    job->on_ack (job);
}

void
job_answered (LkKisiAnswer *answer, gpointer data)
{
  Job *job = data;

  job->call = NULL;
  job->context->heard (answer->verdict, job->context->data);
  job->on_answer (job, answer);
}

void
job_write_right (Job *job, Step next)
{
  job->on_ack = next;
  job->waiting = TRUE;
  record_right (job->person, &job->right, acknowledged, job);
}

void
job_write_member (Job *job, Step next)
{
  job->on_ack = next;
  job->waiting = TRUE;
  record_member (job->person, &job->member, acknowledged, job);
}

/* A right is made and taken away once; a window may come back, and the version of what was claimed
 * tells one time from the next. */
static char *
right_change_name (const Job *job, LkVersion version)
{
  LkWindow window = job->right.window;

  if (!g_str_equal (job->change, "changed"))
    return g_strdup_printf ("%s/%s", job->change, job->right.right);
  return g_strdup_printf (
      "changed/%s/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT,
      job->right.right, window.from, window.until, version.revision, version.rules);
}

void
job_write_change (Job *job, Step next)
{
  PlanFacts facts;
  LkAccessChange change = { .change = (char *) job->change,
                            .cause = (char *) job->cause,
                            .window = { LK_TIME_NONE, LK_TIME_NONE } };
  g_autofree char *name = NULL;
  g_auto (GStrv) sources = NULL;

  state_facts (job->person, &facts);
  if (g_str_equal (job->change, "blocked"))
    {
      change.group_id = job->action.group_id;
      change.kisi_user_id = job->member.kisi_user_id;
      change.window = job->action.window;
      sources = plan_sources (&facts, change.group_id, change.window, &change.version);
      change.sources = sources;
      name = record_blocked_name (change.group_id, job->cause, change.version);
    }
  else if (job->has_right)
    {
      change.kisi_user_id = job->right.kisi_user_id;
      change.group_id = job->right.group_id;
      change.right_id = job->right.right_id;
      change.window = job->right.window;
      sources = plan_sources (&facts, job->right.group_id, job->right.window, &change.version);
      change.sources = job->right.sources != NULL && job->right.sources[0] != NULL
                           ? job->right.sources
                           : sources;
      name = right_change_name (job, change.version);
    }
  else
    {
      change.kisi_user_id = job->member.kisi_user_id;
      name = g_strdup_printf ("%s/%" G_GINT64_FORMAT, job->change, job->member.kisi_user_id);
    }
  state_facts_clear (&facts);
  lk_metric_add (LK_M_ACCESS_CHANGES, 1, job->person->space->config->code, job->change, NULL);
  job->on_ack = next;
  job->waiting = TRUE;
  record_change (job->person, &change, name, acknowledged, job);
}

void
job_done (Job *job)
{
  finish (job, JOB_DONE);
}

void
job_retry (Job *job)
{
  finish (job, JOB_RETRY);
}

void
job_again (Job *job)
{
  finish (job, JOB_AGAIN);
}

/* --- what every answer may say ---------------------------------------------------------------- */

void
job_refuse_account (Job *job)
{
  job->context->refused ("the key is not accepted (401)", job->context->data);
  finish (job, JOB_RETRY);
}

/* Whether what a block of its group stops is what JOB is about: not where it only looks. */
static gboolean
is_making (const Job *job)
{
  return job->action.group_id != 0
         && (job->action.kind == PLAN_USER || job->action.kind == PLAN_CREATE
             || job->action.kind == PLAN_CHANGE);
}

static void
stop_forbidden (Job *job)
{
  job_stop_delete (job, "delete_forbidden", DELETE_AGAIN_MS);
}

static void
key_checked (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_UNAUTHORIZED || answer->verdict == LK_KISI_FORBIDDEN)
    {
      job->context->refused (answer->message, job->context->data);
      finish (job, JOB_RETRY);
    }
  else if (answer->verdict == LK_KISI_OK && job->deleting)
    job_not_deleted (job, stop_forbidden);
  else if (answer->verdict == LK_KISI_OK && is_making (job))
    /* Nobody tells when the key may again, or whether it could do nothing just then. */
    job_stop_group (job, "forbidden", 0, job_now (job) + BLOCK_AGAIN_MS);
  else /* a look that no block would stop: it waits longer each time */
    finish (job, JOB_RETRY);
}

void
job_check_key (Job *job)
{
  if (!job_may_call (job, job_check_key))
    return;
  job->on_answer = key_checked;
  job->call = lk_kisi_whoami (job->context->kisi, job_answered, job);
}

/* What every call may say; TRUE: taken care of, the job goes on by itself or is over. */
gboolean
job_common (Job *job, const LkKisiAnswer *answer)
{
  switch (answer->verdict)
    {
    case LK_KISI_THROTTLED:
      finish (job, JOB_AGAIN);
      return TRUE;
    case LK_KISI_UNAUTHORIZED:
      job->context->refused (answer->message, job->context->data);
      finish (job, JOB_RETRY);
      return TRUE;
    case LK_KISI_FORBIDDEN:
      /* This one object, or the key altogether: its own user tells (design §6.7). */
      job_check_key (job);
      return TRUE;
    case LK_KISI_UNAVAILABLE:
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      lk_info (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                     .event = "kisi_failed"),
               "KISI: %s; trying again", answer->message);
      finish (job, JOB_RETRY);
      return TRUE;
    default:
      return FALSE;
    }
}

/* --- start ------------------------------------------------------------------------------------ */

Job *
job_new (const JobContext *context, Person *person, const PlanAction *action)
{
  Job *job = g_new0 (Job, 1);

  job->context = context;
  job->person = person;
  job->action = *action;
  job->action.right = NULL;
  person->busy = TRUE;
  job_claim_call (job);
  if (action->right != NULL)
    {
      lk_right_copy (&job->right, action->right);
      job->has_right = TRUE;
    }
  return job;
}

void
job_start (Job *job)
{
  switch (job->action.kind)
    {
    case PLAN_USER:
      job_find_user (job);
      break;
    case PLAN_CREATE:
      job_start_create (job);
      break;
    case PLAN_RESOLVE:
      if (job->right.state == LK_RIGHT_INTENDED)
        job_start_resolve (job);
      else
        job_start_look (job);
      break;
    case PLAN_DELETE:
      job_start_delete (job);
      break;
    case PLAN_CHANGE:
      job_start_change (job);
      break;
    case PLAN_INSPECT:
      job_start_inspect (job);
      break;
    case PLAN_RESYNC:
      job_start_resync (job);
      break;
    case PLAN_NOTHING:
      g_assert_not_reached ();
    }
}
