/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The KISI user of a person: found under their address, or created, which is when KISI mails its
 * invitation. At most once for a person and address (S5): the intent is in the ledger before the
 * call, and one without a result is looked for before it is tried again.
 */
#include "job_internal.h"

#include "crash.h"
#include "record.h"

#include <latchkey/base/metrics.h>

static void
save_invited_user (Job *job)
{
  CRASH_POINT (USER_INVITATION_TOLD);
  job_write_member (job, job_done);
  CRASH_POINT (USER_RESULT_WRITTEN);
}

static void
drop_user_intent (Job *job, Step next)
{
  job->member.intended_at = LK_TIME_NONE;
  job_write_member (job, next);
}

static void
block_taken (Job *job)
{
  job_stop_group (job, "address_taken", 0, job_now (job) + BLOCK_AGAIN_MS);
}

static void
block_after_change (Job *job)
{
  job_stop_group (job, job->cause, 0, LK_TIME_NONE);
}

static void create_user (Job *job);

static void
start_create_user (Job *job)
{
  lk_ledger_member_clear (&job->member);
  record_copy_member (job->person, &job->member);
  g_free (job->member.email);
  job->member.email = g_strdup (job->address);
  job->member.kisi_user_id = 0;
  job->member.invited_at = LK_TIME_NONE; /* that was under another address */
  job->member.intended_at = job_now (job);
  job_write_member (job, create_user);
  CRASH_POINT (USER_INTENT_WRITTEN);
}

/* Whether the person is still to have a user under the address that was looked for: for a group,
 * not where only the outcome of an intent is looked up. */
static gboolean
is_wanted (const Job *job)
{
  const CommandEntry *command = state_member_command (job->person);

  return job->action.group_id != 0 && command != NULL && command->command.entitled
         && command->command.email != NULL && g_str_equal (command->command.email, job->address);
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
  job->member.checked_at = job_now (job);
  if (ours)
    {
      job->change = "invited";
      job->cause = "claim";
      job_write_change (job, save_invited_user);
    }
  else
    job_write_member (job, job_done);
}

static void
invited_looked_for (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_GONE)
    job_stop_group (job, "user_gone", 0, LK_TIME_NONE);
  else if (answer->verdict == LK_KISI_OK)
    save_user (job, ((LkKisiUser *) answer->users->pdata[0])->id);
  else if (!job_common (job, answer))
    job_retry (job);
}

/* The search did not find somebody we invited: it lags behind, or they are gone. */
static void
look_for_invited (Job *job)
{
  if (!job_may_call (job, look_for_invited))
    return;
  job->on_answer = invited_looked_for;
  job->call = lk_kisi_get_user (job->context->kisi, state_invited_user (job->person, job->address),
                                job_answered, job);
}

static void
user_found (Job *job, LkKisiAnswer *answer)
{
  const LkLedgerMember *known = state_member_record (job->person);

  if (job_common (job, answer))
    return;
  if (answer->verdict != LK_KISI_OK)
    {
      if (known != NULL && known->intended_at != LK_TIME_NONE)
        job_retry (job); /* a look-up that is refused says nothing of what came of the intent */
      else
        job_stop_group (job, "refused", 0, LK_TIME_NONE);
      return;
    }
  if (answer->users->len > 0)
    {
      save_user (job, ((LkKisiUser *) answer->users->pdata[0])->id);
      return;
    }
  /* Somebody we invited who is gone is not invited again unasked (design §6.7). */
  if (!(known != NULL && known->intended_at != LK_TIME_NONE)
      && state_invited_user (job->person, job->address) != 0)
    {
      look_for_invited (job);
      return;
    }
  /* Taken, by somebody that this key does not see: asked again at once it would say the same. */
  if (job->taken)
    {
      drop_user_intent (job, block_taken);
      return;
    }
  if (is_wanted (job))
    start_create_user (job);
  else /* it did not happen, and nobody wants it any more */
    {
      lk_ledger_member_clear (&job->member);
      record_copy_member (job->person, &job->member);
      drop_user_intent (job, job_done);
    }
}

void
job_find_user (Job *job)
{
  const CommandEntry *command = state_member_command (job->person);
  const LkLedgerMember *known = state_member_record (job->person);
  const char *address = command == NULL ? NULL : command->command.email;

  if (!job_may_call (job, job_find_user))
    return;
  /* What came of an intent is looked up under its own address, whatever is wanted by now: the mail
   * may be out. */
  if (known != NULL && known->intended_at != LK_TIME_NONE && known->email != NULL)
    address = known->email;
  if (address == NULL)
    {
      job_done (job);
      return;
    }
  if (address != job->address)
    {
      g_free (job->address);
      job->address = g_strdup (address);
    }
  job->on_answer = user_found;
  job->call = lk_kisi_find_user (job->context->kisi, job->address, KEY_RESERVE, job_answered, job);
}

static void
user_created (Job *job, LkKisiAnswer *answer)
{
  CRASH_POINT (USER_CREATE_ANSWERED);
  switch (answer->verdict)
    {
    case LK_KISI_OK:
      /* The invitation is told before the ledger says that it is over (S10). */
      lk_ledger_member_clear (&job->member);
      record_copy_member (job->person, &job->member);
      job->member.kisi_user_id = ((LkKisiUser *) answer->users->pdata[0])->id;
      job->member.intended_at = LK_TIME_NONE;
      job->member.invited_at = job->context->config->invite ? job_now (job) : LK_TIME_NONE;
      job->change = "invited";
      job->cause = "claim";
      if (job->context->config->invite)
        {
          lk_metric_add (LK_M_INVITATIONS, 1, job->context->config->account, NULL);
          job_write_change (job, save_invited_user);
        }
      else
        job_write_member (job, job_done);
      break;
    case LK_KISI_DUPLICATE:
      job->taken = TRUE;
      job_find_user (job);
      break;
    case LK_KISI_UNKNOWN:
    case LK_KISI_MALFORMED:
      /* The intent stays; after a while it is looked for before anything is tried again. */
      job_retry (job);
      break;
    case LK_KISI_INVALID:
      job->cause = "address_refused";
      drop_user_intent (job, block_after_change);
      break;
    case LK_KISI_THROTTLED:
      /* Nothing happened: the intent is over, or it would be waited for. */
      drop_user_intent (job, job_again);
      break;
    case LK_KISI_UNAVAILABLE:
    case LK_KISI_GONE:
      drop_user_intent (job, job_retry);
      break;
    case LK_KISI_UNAUTHORIZED:
      drop_user_intent (job, job_refuse_account);
      break;
    case LK_KISI_FORBIDDEN:
      drop_user_intent (job, job_check_key);
      break;
    }
}

static void
create_user (Job *job)
{
  const CommandEntry *command = state_member_command (job->person);

  CRASH_POINT (USER_INTENT_ACKNOWLEDGED);
  if (!job_may_call (job, create_user))
    return;
  /* Changed since it was looked for: nobody is invited under an address of the past. */
  if (!is_wanted (job))
    {
      drop_user_intent (job, job_done);
      return;
    }
  job->on_answer = user_created;
  job->call
      = lk_kisi_create_user (job->context->kisi, job->address,
                             command->command.name != NULL ? command->command.name : job->address,
                             job->context->config->invite, job_answered, job);
  CRASH_POINT_SOON (USER_CREATE_SENT);
}
