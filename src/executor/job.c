/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The steps of each kind of action. A job is a chain: each step starts one write or one call and
 * names the step that its answer goes to.
 */
#include "job.h"

#include "record.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <string.h>

#define BLOCK_AGAIN_MS LK_HOUR    /* a foreign right or a missing group is looked at again */
#define RESOLVE_SKEW_MS LK_MINUTE /* KISI's clock against ours, for "created since" */
#define DELETE_AGAIN_MS (5 * LK_MINUTE) /* a right that can't be taken away now */
#define LOST_INTENT_MS (7 * LK_DAY)     /* a create that was given up may show that long after */
#define KEY_RESERVE 0.0

typedef void (*Step) (Job *job);
typedef void (*AnswerStep) (Job *job, LkKisiAnswer *answer);

struct _Job
{
  const JobContext *context;
  Person *person;
  PlanAction action;
  LkRight right;     /* the action's, or the one being made */
  gboolean has_right;
  char *address;         /* that the user was looked for by */
  LkLedgerMember member; /* being written */
  gboolean has_member;
  LkKisiCall *call;
  AnswerStep on_answer;
  Step on_ack;
  LkTimer *timer; /* until the budget has room for the next call of the chain */
  Step on_room;
  gboolean deleting; /* the call under way, or just answered, takes the right away */
  gboolean taken;    /* KISI said that somebody else made the user */
  gboolean waiting;  /* for an acknowledgement */
  gboolean dead;    /* cancelled while waiting for one */
  /* what the result is told as */
  const char *change, *cause;
};

static LkTime
now (const Job *job)
{
  return lk_clock_wall (lk_program_clock (job->context->program));
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
  /* The account finds the job by its person, so it is still whole then. */
  job->context->ended (job->person, outcome, job->context->data);
  job_free (job);
}

void
job_cancel (Job *job)
{
  lk_timers_cancel (lk_program_timers (job->context->program), job->timer);
  job->timer = NULL;
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

/* A chain's next call waits for the budget like its first did; AGAIN is then called. */
static void
have_room (gpointer data)
{
  Job *job = data;

  job->timer = NULL;
  job->on_room (job);
}

static gboolean
may_call (Job *job, Step again_step)
{
  gint64 wait = lk_budget_wait_ms (job->context->budget, 0);

  if (wait <= 0)
    return TRUE;
  job->on_room = again_step;
  job->timer = lk_timers_add (lk_program_timers (job->context->program), wait, have_room, job);
  return FALSE;
}

/* --- waiting ------------------------------------------------------------------------------------- */

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

static void
answered (LkKisiAnswer *answer, gpointer data)
{
  Job *job = data;

  job->call = NULL;
  lk_metric_add (LK_M_KISI_ANSWERS, 1, job->context->config->account,
                 lk_kisi_verdict_name (answer->verdict), NULL);
  job->on_answer (job, answer);
}

static void
write_right (Job *job, Step next)
{
  job->on_ack = next;
  job->waiting = TRUE;
  record_right (job->person, &job->right, acknowledged, job);
}

static void
write_member (Job *job, Step next)
{
  job->on_ack = next;
  job->waiting = TRUE;
  record_member (job->person, &job->member, acknowledged, job);
}

static void
write_change (Job *job, Step next)
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
      name = g_strdup_printf ("blocked/%" G_GINT64_FORMAT "/%s", change.group_id, job->cause);
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
      name = g_strdup_printf ("%s/%s/%" G_GINT64_FORMAT, job->change, job->right.right,
                              job->right.window.until == LK_TIME_NONE ? 0
                                                                      : job->right.window.until);
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

static void
done (Job *job)
{
  finish (job, JOB_DONE);
}

/* --- blocking ------------------------------------------------------------------------------------ */

/* What stops creates and what stops deletes stand side by side: neither may lift the other. */
static void
clear_blocks (LkLedgerMember *member, gint64 group, const char *reason)
{
  guint left = 0;

  for (guint i = 0; i < member->n_blocked; i++)
    if (member->blocked[i].group_id == group
        && plan_block_is_of_delete (member->blocked[i].reason) == plan_block_is_of_delete (reason))
      g_free (member->blocked[i].reason);
    else
      member->blocked[left++] = member->blocked[i];
  member->n_blocked = left;
}

static void
add_block (LkLedgerMember *member, gint64 group, const char *reason, gint64 foreign, LkTime until)
{
  if (group != 0)
    clear_blocks (member, group, reason);
  member->blocked = g_renew (LkBlocked, member->blocked, member->n_blocked + 1);
  member->blocked[member->n_blocked++]
      = (LkBlocked){ group, g_strdup (reason), foreign, until };
}

static gboolean
is_blocked_already (const Person *person, gint64 group, const char *reason)
{
  const LkLedgerMember *known = state_member_record (person);

  for (guint i = 0; known != NULL && i < known->n_blocked; i++)
    if (known->blocked[i].group_id == group && g_str_equal (known->blocked[i].reason, reason))
      return TRUE;
  return FALSE;
}

static void
record_block (Job *job)
{
  write_member (job, done);
}

/* The person can't be served in the action's group: recorded, told, and the plan goes on with the
 * rest. */
static void
block (Job *job, const char *reason, gint64 foreign, LkTime until)
{
  lk_warning (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                    .event = "blocked"),
              "blocked in group %" G_GINT64_FORMAT ": %s", job->action.group_id, reason);
  gboolean told = is_blocked_already (job->person, job->action.group_id, reason);
  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  add_block (&job->member, job->action.group_id, reason, foreign, until);
  job->change = "blocked";
  job->cause = reason;
  if (told) /* the same once more is no change */
    record_block (job);
  else
    write_change (job, record_block);
}

/* A right that can't be taken away now. The plan leaves it alone for a while: else it would be tried
 * again at once, and before everything else of everybody. */
static void
block_delete (Job *job, const char *reason)
{
  block (job, reason, 0, now (job) + DELETE_AGAIN_MS);
}

static void
block_taken (Job *job)
{
  block (job, "address_taken", 0, now (job) + BLOCK_AGAIN_MS);
}

static void
block_after_change (Job *job)
{
  block (job, job->cause, 0, LK_TIME_NONE);
}

static void
logged (gint64 offset, const GError *error, gpointer data)
{
  (void) offset;
  (void) data;
  /* A block is a note: the next plan comes to the same and writes it again. */
  if (error != NULL)
    lk_warning (LK_F (.event = "write_failed", .error = error), "a block was not recorded");
}

void
job_block (const JobContext *context, Person *person, gint64 group, const char *reason,
           gint64 foreign_right_id, LkTime until)
{
  g_auto (LkLedgerMember) member = { 0 };
  LkAccessChange change = { .change = (char *) "blocked",
                            .cause = (char *) reason,
                            .group_id = group,
                            .window = { LK_TIME_NONE, LK_TIME_NONE } };
  g_autofree char *name = g_strdup_printf ("blocked/%" G_GINT64_FORMAT "/%s", group, reason);

  (void) context;
  if (is_blocked_already (person, group, reason))
    return;
  record_copy_member (person, &member);
  add_block (&member, group, reason, foreign_right_id, until);
  record_change (person, &change, name, NULL, NULL);
  record_member (person, &member, logged, NULL);
}

static gboolean
is_of_address (const char *reason)
{
  return g_str_equal (reason, PLAN_SHARED_ADDRESS) || g_str_equal (reason, PLAN_NO_ADDRESS);
}

static gboolean
is_lifted_by_facts (const char *reason)
{
  return !g_str_equal (reason, "user_gone"); /* only `resync` lifts that */
}

static void
unblock (Person *person, gboolean (*lifts) (const char *reason))
{
  const LkLedgerMember *known = state_member_record (person);
  g_auto (LkLedgerMember) member = { 0 };
  guint left = 0;

  if (known == NULL || known->n_blocked == 0)
    return;
  record_copy_member (person, &member);
  for (guint i = 0; i < member.n_blocked; i++)
    if (!lifts (member.blocked[i].reason))
      member.blocked[left++] = member.blocked[i];
    else
      g_free (member.blocked[i].reason);
  member.n_blocked = left;
  if (left < known->n_blocked)
    record_member (person, &member, logged, NULL);
}

void
job_unblock (const JobContext *context, Person *person)
{
  (void) context;
  unblock (person, is_lifted_by_facts);
}

void
job_unblock_address (const JobContext *context, Person *person)
{
  (void) context;
  unblock (person, is_of_address);
}

/* --- common verdicts ------------------------------------------------------------------------------- */

static void check_key (Job *job);

static void
key_checked (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_UNAUTHORIZED || answer->verdict == LK_KISI_FORBIDDEN)
    {
      job->context->refused (answer->message, job->context->data);
      finish (job, JOB_RETRY);
    }
  else if (answer->verdict == LK_KISI_OK && job->deleting)
    block_delete (job, "delete_forbidden");
  else if (answer->verdict == LK_KISI_OK)
    block (job, "forbidden", 0, LK_TIME_NONE);
  else
    finish (job, JOB_RETRY);
}

/* What every call may say; TRUE: taken care of, the job goes on by itself or is over. */
static gboolean
common (Job *job, const LkKisiAnswer *answer)
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
      check_key (job);
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

/* --- user ------------------------------------------------------------------------------------------ */

static void start_create_user (Job *job);
static void drop_user_intent (Job *job, Step next);

static void
save_invited_user (Job *job)
{
  write_member (job, done);
}

static void
save_user (Job *job, gint64 user_id)
{
  const LkLedgerMember *known = state_member_record (job->person);
  /* Ours, of an intent whose answer never came: the invitation is told like any other (S10). */
  gboolean ours = !job->taken && job->context->config->invite && known != NULL
                  && known->intended_at != LK_TIME_NONE && known->kisi_user_id == 0
                  && known->email != NULL && g_ascii_strcasecmp (known->email, job->address) == 0;

  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  g_free (job->member.email);
  /* The address that was looked for, not today's: it may have changed since, and this user is not
   * the new address's. */
  job->member.email = g_strdup (job->address);
  job->member.kisi_user_id = user_id;
  if (ours)
    job->member.invited_at = job->member.intended_at;
  job->member.intended_at = LK_TIME_NONE;
  job->member.checked_at = now (job);
  if (ours)
    {
      job->change = "invited";
      job->cause = "claim";
      write_change (job, save_invited_user);
    }
  else
    write_member (job, done);
}

static void
user_found (Job *job, LkKisiAnswer *answer)
{
  const LkLedgerMember *known = state_member_record (job->person);

  if (common (job, answer))
    return;
  if (answer->verdict != LK_KISI_OK)
    {
      block (job, "refused", 0, LK_TIME_NONE);
      return;
    }
  if (answer->users->len > 0)
    {
      save_user (job, ((LkKisiUser *) answer->users->pdata[0])->id);
      return;
    }
  /* Somebody we invited who is gone is not invited again unasked (design §6.7). */
  if (known != NULL && known->invited_at != LK_TIME_NONE && known->kisi_user_id != 0
      && known->email != NULL && g_ascii_strcasecmp (known->email, job->address) == 0)
    {
      block (job, "user_gone", 0, LK_TIME_NONE);
      return;
    }
  /* Taken, by somebody that this key does not see: asked again at once it would say the same. */
  if (job->taken)
    {
      drop_user_intent (job, block_taken);
      return;
    }
  start_create_user (job);
}

static void
find_user (Job *job)
{
  const CommandEntry *command = state_member_command (job->person);

  if (!may_call (job, find_user))
    return;
  if (command == NULL || command->command.email == NULL)
    {
      finish (job, JOB_DONE);
      return;
    }
  g_free (job->address);
  job->address = g_strdup (command->command.email);
  job->on_answer = user_found;
  job->call = lk_kisi_find_user (job->context->kisi, command->command.email, KEY_RESERVE, answered,
                                 job);
}

static void again (Job *job);
static void retry (Job *job);
static void refuse_account (Job *job);

static void
drop_user_intent (Job *job, Step next)
{
  job->member.intended_at = LK_TIME_NONE;
  write_member (job, next);
}

static void
user_created (Job *job, LkKisiAnswer *answer)
{
  switch (answer->verdict)
    {
    case LK_KISI_OK:
      /* The invitation is told before the ledger says that it is over (S10). */
      lk_ledger_member_clear (&job->member);
      record_copy_member (job->person, &job->member);
      job->member.kisi_user_id = ((LkKisiUser *) answer->users->pdata[0])->id;
      job->member.intended_at = LK_TIME_NONE;
      job->member.invited_at = job->context->config->invite ? now (job) : LK_TIME_NONE;
      job->change = "invited";
      job->cause = "claim";
      if (job->context->config->invite)
        {
          lk_metric_add (LK_M_INVITATIONS, 1, job->context->config->account, NULL);
          write_change (job, save_invited_user);
        }
      else
        write_member (job, done);
      break;
    case LK_KISI_DUPLICATE:
      job->taken = TRUE;
      find_user (job);
      break;
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      /* The intent stays; after a while it is looked for before anything is tried again. */
      finish (job, JOB_RETRY);
      break;
    case LK_KISI_INVALID:
      job->cause = "address_refused";
      drop_user_intent (job, block_after_change);
      break;
    case LK_KISI_THROTTLED:
      /* Nothing happened: the intent is over, or it would be waited for. */
      drop_user_intent (job, again);
      break;
    case LK_KISI_UNAVAILABLE:
    case LK_KISI_GONE:
      drop_user_intent (job, retry);
      break;
    case LK_KISI_UNAUTHORIZED:
      drop_user_intent (job, refuse_account);
      break;
    case LK_KISI_FORBIDDEN:
      drop_user_intent (job, check_key);
      break;
    }
}

static void
create_user (Job *job)
{
  const CommandEntry *command = state_member_command (job->person);

  if (!may_call (job, create_user))
    return;
  /* Changed since it was looked for: nobody is invited under an address of the past. */
  if (command == NULL || !command->command.entitled
      || g_strcmp0 (command->command.email, job->address) != 0)
    {
      drop_user_intent (job, done);
      return;
    }
  job->on_answer = user_created;
  job->call = lk_kisi_create_user (job->context->kisi, job->address,
                                   command->command.name != NULL ? command->command.name
                                                                 : job->address,
                                   job->context->config->invite, answered, job);
}

static void
start_create_user (Job *job)
{
  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  g_free (job->member.email);
  job->member.email = g_strdup (job->address);
  job->member.kisi_user_id = 0;
  job->member.intended_at = now (job);
  write_member (job, create_user);
}

/* --- create ---------------------------------------------------------------------------------------- */

static void
right_made (Job *job)
{
  job->right.state = LK_RIGHT_HELD;
  write_right (job, done);
}

static void
give_up_intent (Job *job, Step next)
{
  job->right.state = LK_RIGHT_ENDED;
  job->right.ended_at = now (job);
  write_right (job, next);
}

static void
retry (Job *job)
{
  finish (job, JOB_RETRY);
}

static void
again (Job *job)
{
  finish (job, JOB_AGAIN);
}

static void
block_refused (Job *job)
{
  /* A refusal of this window says nothing about the next one. */
  block (job, "refused", 0, job->right.window.until);
}

static void
check_key (Job *job)
{
  if (!may_call (job, check_key))
    return;
  job->on_answer = key_checked;
  job->call = lk_kisi_whoami (job->context->kisi, answered, job);
}

static gboolean is_of_intent (const Job *job, const LkKisiAssignment *assignment,
                              const LkRight *intent);

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
      if (right->state == LK_RIGHT_ENDED && right->right_id == 0
          && right->intended_at != LK_TIME_NONE
          && right->intended_at >= now (job) - LOST_INTENT_MS
          && is_of_intent (job, assignment, right))
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

/* Of the rights of this user on this group, one is in the way: ours or somebody else's? */
static void
in_the_way (Job *job, LkKisiAnswer *answer)
{
  const LkKisiAssignment *foreign = NULL;

  if (common (job, answer))
    return;
  for (guint i = 0; answer->assignments != NULL && i < answer->assignments->len; i++)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[i];
      if (assignment->group_id != job->action.group_id)
        continue;
      if (state_knows_right_id (job->person, assignment->id, ""))
        {
          /* Our own: this organization takes one right for user and group. */
          job->context->only_one_right (job->context->data);
          finish (job, JOB_DONE);
          return;
        }
      if (take_lost_intent (job, assignment))
        {
          job->change = "created";
          job->cause = "claim";
          write_change (job, right_made);
          return;
        }
      foreign = assignment;
    }
  if (foreign == NULL)
    {
      finish (job, JOB_RETRY); /* it went meanwhile */
      return;
    }
  /* Looked at again when it ends. One that has ended and is in the way all the same is looked at like
   * one without an end, not every second. */
  LkTime until = now (job) + BLOCK_AGAIN_MS;
  if (lk_window_until (foreign->window) > now (job))
    until = MIN (until, lk_window_until (foreign->window));
  block (job, "foreign_right", foreign->id, until);
}

static void
look_in_the_way (Job *job)
{
  if (!may_call (job, look_in_the_way))
    return;
  job->on_answer = in_the_way;
  job->call = lk_kisi_list_user_assignments (job->context->kisi, job->right.kisi_user_id,
                                             KEY_RESERVE, answered, job);
}

static void
group_checked_for_create (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_GONE)
    block (job, "group_gone", 0, now (job) + BLOCK_AGAIN_MS);
  else if (!common (job, answer))
    finish (job, JOB_RETRY);
}

static void
check_group_for_create (Job *job)
{
  if (!may_call (job, check_group_for_create))
    return;
  job->on_answer = group_checked_for_create;
  job->call = lk_kisi_get_group (job->context->kisi, job->action.group_id, answered, job);
}

static void
forget_user (Job *job)
{
  const LkLedgerMember *known = state_member_record (job->person);

  if (known != NULL && known->invited_at != LK_TIME_NONE)
    {
      block (job, "user_gone", 0, LK_TIME_NONE);
      return;
    }
  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  job->member.kisi_user_id = 0;
  write_member (job, done);
}

static void
user_checked_for_create (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_GONE)
    forget_user (job);
  else if (answer->verdict == LK_KISI_OK)
    check_group_for_create (job);
  else if (!common (job, answer))
    finish (job, JOB_RETRY);
}

/* 404 on a create: the user, or the group. */
static void
look_what_is_gone (Job *job)
{
  if (!may_call (job, look_what_is_gone))
    return;
  job->on_answer = user_checked_for_create;
  job->call = lk_kisi_get_user (job->context->kisi, job->right.kisi_user_id, answered, job);
}

static void
refuse_account (Job *job)
{
  job->context->refused ("the key is not accepted (401)", job->context->data);
  finish (job, JOB_RETRY);
}

static void
right_created (Job *job, LkKisiAnswer *answer)
{
  switch (answer->verdict)
    {
    case LK_KISI_OK:
      job->right.right_id = ((LkKisiAssignment *) answer->assignments->pdata[0])->id;
      job->change = "created";
      job->cause = "claim";
      write_change (job, right_made);
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
      give_up_intent (job, check_key);
      break;
    case LK_KISI_UNAUTHORIZED:
      give_up_intent (job, refuse_account);
      break;
    case LK_KISI_THROTTLED:
      give_up_intent (job, again);
      break;
    case LK_KISI_UNAVAILABLE:
      give_up_intent (job, retry);
      break;
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      /* It may have happened: the intent stays open and is resolved by reading (design §6.4). */
      finish (job, JOB_RETRY);
      break;
    }
}

static void
create_right (Job *job)
{
  if (!may_call (job, create_right))
    return;
  if (lk_window_until (job->right.window) <= now (job))
    {
      give_up_intent (job, done); /* it ended while it waited for the rate */
      return;
    }
  job->on_answer = right_created;
  job->call = lk_kisi_create_assignment (job->context->kisi, job->right.kisi_user_id,
                                         job->right.group_id, job->right.window, answered, job);
}

static void
start_create (Job *job)
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
                          .intended_at = now (job),
                          .ended_at = LK_TIME_NONE };
  job->right.sources
      = plan_sources (&facts, job->action.group_id, job->action.window, &version);
  job->has_right = TRUE;
  state_facts_clear (&facts);
  write_right (job, create_right);
}

/* --- resolve ----------------------------------------------------------------------------------------- */

/* Same user, group and window, made since, and nobody else's of ours. */
static gboolean
is_of_intent (const Job *job, const LkKisiAssignment *assignment, const LkRight *intent)
{
  LkWindow a = plan_whole_seconds (assignment->window), b = plan_whole_seconds (intent->window);
  char key[LK_KEY_MAX];

  state_right_key (job->person, intent, key);
  return assignment->user_id == intent->kisi_user_id && assignment->group_id == intent->group_id
         && lk_window_equal (a, b)
         && (assignment->created_at == LK_TIME_NONE || intent->intended_at == LK_TIME_NONE
             || assignment->created_at >= intent->intended_at - RESOLVE_SKEW_MS)
         && !state_knows_right_id (job->person, assignment->id, key);
}

static void
resolved (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict != LK_KISI_GONE && common (job, answer))
    return;
  for (guint i = 0; answer->verdict == LK_KISI_OK && i < answer->assignments->len; i++)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[i];
      if (!is_of_intent (job, assignment, &job->right))
        continue;
      job->right.right_id = assignment->id;
      job->change = "created";
      job->cause = "claim";
      write_change (job, right_made);
      return;
    }
  give_up_intent (job, done);
}

static void
start_resolve (Job *job)
{
  if (!may_call (job, start_resolve))
    return;
  job->on_answer = resolved;
  job->call = lk_kisi_list_user_assignments (job->context->kisi, job->right.kisi_user_id,
                                             KEY_RESERVE, answered, job);
}

/* --- delete ------------------------------------------------------------------------------------------ */

static void
right_gone (Job *job)
{
  job->right.state = LK_RIGHT_ENDED;
  job->right.ended_at = now (job);
  write_right (job, done);
}

static void
tell_removed (Job *job)
{
  job->change = "removed";
  job->cause = job->action.class == PLAN_TIDY ? "lapsed_or_replaced" : "claim";
  write_change (job, right_gone);
}

/* 404 on a delete is done only while the key still sees the group of the right (design §6.7). */
static void
group_checked_for_delete (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_OK)
    tell_removed (job);
  else if (answer->verdict == LK_KISI_GONE)
    {
      lk_error (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                      .event = "group_gone"),
                "the key no longer sees group %" G_GINT64_FORMAT
                ": whether its rights are gone can't be told; they wait",
                job->right.group_id);
      block_delete (job, "delete_group_gone");
    }
  else if (!common (job, answer))
    finish (job, JOB_RETRY);
}

static void
check_group_for_delete (Job *job)
{
  if (!may_call (job, check_group_for_delete))
    return;
  job->on_answer = group_checked_for_delete;
  job->call = lk_kisi_get_group (job->context->kisi, job->right.group_id, answered, job);
}

static void
right_deleted (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_OK)
    tell_removed (job);
  else if (answer->verdict == LK_KISI_GONE)
    check_group_for_delete (job);
  else if (answer->verdict == LK_KISI_INVALID || answer->verdict == LK_KISI_DUPLICATE)
    block_delete (job, "delete_refused"); /* as such: a later try may pass */
  else
    (void) common (job, answer);
}

static void
start_delete (Job *job)
{
  if (!may_call (job, start_delete))
    return;
  job->deleting = TRUE;
  job->on_answer = right_deleted;
  job->call = lk_kisi_delete_assignment (job->context->kisi, job->right.right_id, answered, job);
}

/* --- change ------------------------------------------------------------------------------------------ */

static void
window_changed (Job *job)
{
  job->right.state = LK_RIGHT_HELD;
  write_right (job, done);
}

static void
change_read_back (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_OK)
    {
      const LkKisiAssignment *assignment = answer->assignments->pdata[0];
      if (plan_window_serves (assignment->window, job->action.window, now (job)))
        {
          job->right.window = job->action.window;
          job->change = "changed";
          job->cause = "claim";
          write_change (job, window_changed);
          return;
        }
      start_delete (job); /* the times are ignored: delete, and the plan creates */
    }
  else if (answer->verdict == LK_KISI_GONE)
    tell_removed (job);
  else if (!common (job, answer))
    finish (job, JOB_RETRY);
}

static void
read_back (Job *job)
{
  if (!may_call (job, read_back))
    return;
  job->on_answer = change_read_back;
  job->call = lk_kisi_get_assignment (job->context->kisi, job->right.right_id, answered, job);
}

static void
change_answered (Job *job, LkKisiAnswer *answer)
{
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
      start_delete (job);
      break;
    default:
      (void) common (job, answer);
      break;
    }
}

static void
start_change (Job *job)
{
  if (!may_call (job, start_change))
    return;
  job->on_answer = change_answered;
  job->call = lk_kisi_change_assignment (job->context->kisi, job->right.right_id,
                                         job->action.window, answered, job);
}

/* --- start ------------------------------------------------------------------------------------------- */

Job *
job_new (const JobContext *context, Person *person, const PlanAction *action)
{
  Job *job = g_new0 (Job, 1);

  job->context = context;
  job->person = person;
  job->action = *action;
  job->action.right = NULL;
  person->busy = TRUE;
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
      find_user (job);
      break;
    case PLAN_CREATE:
      start_create (job);
      break;
    case PLAN_RESOLVE:
      start_resolve (job);
      break;
    case PLAN_DELETE:
      start_delete (job);
      break;
    case PLAN_CHANGE:
      start_change (job);
      break;
    case PLAN_NOTHING:
      g_assert_not_reached ();
    }
}
