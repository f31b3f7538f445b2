/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The ledger is made to say what KISI holds: one row, read by its id, or all of one person. Nothing
 * here gives or takes access but one thing: a row of ours that the ledger says is gone is deleted.
 * The rest is the plan's, which goes on from the ledger (design §6.9, wishes of §6).
 */
#include "job_internal.h"

#include "crash.h"
#include "record.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>

/* --- one row ---------------------------------------------------------------------------------- */

static void
inspected (Job *job)
{
  state_inspected (job->person, job->action.right_id);
  job_done (job);
}

static void
take_right (Job *job, const LkRight *right)
{
  lk_right_clear (&job->right);
  lk_right_copy (&job->right, right);
  job->has_right = TRUE;
  job->action.group_id = right->group_id;
  job->action.window = right->window;
}

static void
held (Job *job)
{
  job->right.state = LK_RIGHT_HELD;
  job->right.ended_at = job->right.touched_at = LK_TIME_NONE;
  job_write_right (job, inspected);
}

/* Gone without us: the plan makes it again, and it is then told as restored. */
static void
note_missing (Job *job)
{
  const LkConfigSpace *space = job->person->space->config;

  lk_warning (LK_F (.space = space->code, .member = job->person->member, .event = "right_missing"),
              "right %" G_GINT64_FORMAT " on group %" G_GINT64_FORMAT
              " is gone without us; it is made again as far as it is still claimed",
              job->right.right_id, job->right.group_id);
  lk_metric_add (LK_M_AUDIT_REPAIRS, 1, space->code, "missing", NULL);
  state_note_restoring (job->person, job->right.group_id);
  job->right.state = LK_RIGHT_ENDED;
  job->right.ended_at = job_now (job);
  job_write_right (job, inspected);
}

static void
group_checked (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_OK && job->right.touched_at != LK_TIME_NONE)
    {
      /* By us: what became of that call, or of telling it, was not known. */
      state_inspected (job->person, job->action.right_id);
      job_tell_removed (job);
    }
  else if (answer->verdict == LK_KISI_OK)
    note_missing (job);
  else if (answer->verdict == LK_KISI_GONE)
    {
      /* Whether it is gone can't be told: it stays held until the group is seen again. */
      state_inspected (job->person, job->action.right_id);
      job_group_gone (job);
    }
  else if (!job_common (job, answer))
    job_retry (job);
}

static void
check_group (Job *job)
{
  if (!job_may_call (job, check_group))
    return;
  job->on_answer = group_checked;
  job->call = lk_kisi_get_group (job->context->kisi, job->right.group_id, job_answered, job);
}

const LkRight *
job_held_right (const GArray *rights, gint64 right_id)
{
  for (guint i = 0; i < rights->len; i++)
    {
      const LkRight *right = g_array_index (rights, DriftRight, i).right;
      if (right->right_id == right_id && right->state == LK_RIGHT_HELD)
        return right;
    }
  return NULL;
}

/* What KISI says of the window is so; the plan sees that it does not serve. */
static void
note_altered (Job *job, const LkRight *right, const LkKisiAssignment *row)
{
  lk_warning (LK_F (.space = job->person->space->config->code, .member = job->person->member,
                    .event = "right_altered"),
              "right %" G_GINT64_FORMAT
              " has another window in KISI than was written; it is replaced",
              row->id);
  lk_metric_add (LK_M_AUDIT_REPAIRS, 1, job->person->space->config->code, "altered", NULL);
  take_right (job, right);
  job->right.window = row->window;
  held (job);
}

static void
tell_adopted (Job *job)
{
  job_write_change (job, held);
}

/* A row that no record has becomes ours, under its own id. */
static void
take_row (Job *job, const LkKisiAssignment *row, const char *cause)
{
  const LkLedgerMember *known = state_member_record (job->person);
  const CommandEntry *command = state_member_command (job->person);
  PlanFacts facts;
  LkVersion version;

  lk_right_clear (&job->right);
  job->right = (LkRight){ .format = LK_LEDGER_FORMAT,
                          .member = job->person->member,
                          .space = g_strdup (job->person->space->config->code),
                          .right = g_strdup_printf ("kisi-%" G_GINT64_FORMAT, row->id),
                          .kisi_user_id = row->user_id,
                          .group_id = row->group_id,
                          .right_id = row->id,
                          .window = row->window,
                          .intended_at = LK_TIME_NONE,
                          .ended_at = LK_TIME_NONE,
                          .touched_at = LK_TIME_NONE,
                          .surplus_since = LK_TIME_NONE };
  job->has_right = TRUE;
  state_facts (job->person, &facts);
  job->right.sources = plan_sources (&facts, row->group_id, row->window, &version);
  state_facts_clear (&facts);
  job->change = "adopted";
  job->cause = cause;
  if (known != NULL && known->kisi_user_id != 0)
    {
      tell_adopted (job);
      return;
    }
  /* Whose row it is was found by the address. */
  record_copy_member (job->person, &job->member);
  g_free (job->member.email);
  job->member.email = command == NULL ? NULL : g_strdup (command->command.email);
  job->member.kisi_user_id = row->user_id;
  job_write_member (job, tell_adopted);
}

static void
delete_surplus (Job *job, const LkRight *right)
{
  lk_metric_add (LK_M_AUDIT_REPAIRS, 1, job->person->space->config->code, "surplus", NULL);
  take_right (job, right);
  state_inspected (job->person, job->action.right_id);
  job_start_delete (job);
}

static void
take_surplus (Job *job, const LkRight *right, const LkKisiAssignment *row)
{
  if (right == NULL)
    {
      take_row (job, row, "exclusive");
      return;
    }
  if (right->right_id != 0)
    {
      delete_surplus (job, right);
      return;
    }
  take_right (job, right); /* the late effect of an intent that was given up (design §6.5) */
  job->right.right_id = row->id;
  job->change = "created";
  job->cause = "claim";
  job_write_change (job, held);
}

static gboolean
may_adopt (Job *job, const LkKisiAssignment *row)
{
  return state_space_of_group (job->context->state, row->group_id) == job->person->space
         && (job->action.adopt == PLAN_ADOPT_LISTED
             || (job->action.adopt == PLAN_ADOPT_EQUAL
                 && state_claims_window (job->person, row->group_id, row->window, job_now (job))));
}

static void
row_read (Job *job, LkKisiAnswer *answer)
{
  g_autoptr (GArray) rights = state_rights_of (job->person);
  g_autoptr (DriftIndex) index = drift_index_new (rights, job_now (job));
  const LkKisiAssignment *row;
  const Person *owner;
  const LkRight *right = job_held_right (rights, job->action.right_id);

  CRASH_POINT (ROW_INSPECTED);
  if (answer->verdict == LK_KISI_GONE && right != NULL)
    {
      take_right (job, right);
      check_group (job);
      return;
    }
  if (answer->verdict == LK_KISI_GONE)
    {
      inspected (job);
      return;
    }
  if (answer->verdict != LK_KISI_OK)
    {
      if (!job_common (job, answer))
        job_retry (job);
      return;
    }
  row = answer->assignments->pdata[0];
  owner = state_right_owner (job->context->state, row->id);
  if (owner != NULL && owner != job->person)
    {
      inspected (job); /* another person's, of a time when this user was theirs */
      return;
    }
  switch (drift_judge (index, row, job->context->own_user_id, &right))
    {
    case DRIFT_ALTERED:
      note_altered (job, right, row);
      break;
    case DRIFT_SURPLUS:
      take_surplus (job, right, row);
      break;
    case DRIFT_FOREIGN:
      if (may_adopt (job, row))
        {
          take_row (job, row, "adopt");
          break;
        }
      inspected (job);
      break;
    default:
      inspected (job);
      break;
    }
}

void
job_start_inspect (Job *job)
{
  if (!job_may_call (job, job_start_inspect))
    return;
  job->on_answer = row_read;
  job->call = lk_kisi_get_assignment (job->context->kisi, job->action.right_id, job_answered, job);
}

/* --- all of a person -------------------------------------------------------------------------- */

static void
resynced (Job *job)
{
  job->person->resync = FALSE;
  job_done (job);
}

/* Each row that is not as the ledger has it is read by id next: at once, since somebody waits. */
static void
rows_listed (Job *job, LkKisiAnswer *answer)
{
  g_autoptr (GArray) rights = state_rights_of (job->person);
  g_autoptr (GArray) drift = NULL;

  if (answer->verdict != LK_KISI_OK)
    {
      if (answer->verdict == LK_KISI_GONE)
        resynced (job);
      else if (!job_common (job, answer))
        job_retry (job);
      return;
    }
  for (guint i = rights->len; i > 0; i--)
    if (g_array_index (rights, DriftRight, i - 1).right->kisi_user_id != job->member.kisi_user_id)
      g_array_remove_index_fast (rights, i - 1);
  drift = drift_compare (0, answer->assignments, rights, job->context->own_user_id,
                         answer->started_at, job_now (job));
  for (guint i = 0; i < drift->len && state_is_enforced (job->person->space); i++)
    {
      const Drift *one = &g_array_index (drift, Drift, i);
      if (one->class == DRIFT_FOREIGN
          || (one->right == NULL
              && state_space_of_group (job->context->state, one->row->group_id)
                     != job->person->space))
        continue;
      (void) state_inspect (job->person, one->row != NULL ? one->row->id : one->right->right_id,
                            PLAN_ADOPT_NO, PLAN_GAIN_DUE);
    }
  resynced (job);
}

static void
list_rows (Job *job)
{
  if (job->member.kisi_user_id == 0)
    {
      resynced (job);
      return;
    }
  if (!job_may_call (job, list_rows))
    return;
  job->on_answer = rows_listed;
  job->call = lk_kisi_list_user_assignments (job->context->kisi, job->member.kisi_user_id,
                                             KEY_RESERVE, job_answered, job);
}

static void
user_looked_up (Job *job, LkKisiAnswer *answer)
{
  if (answer->verdict != LK_KISI_OK)
    {
      if (!job_common (job, answer))
        job_retry (job);
      return;
    }
  g_free (job->member.email);
  job->member.email = g_strdup (job->address);
  job->member.checked_at = job_now (job);
  job->member.kisi_user_id
      = answer->users->len == 0 ? 0 : ((LkKisiUser *) answer->users->pdata[0])->id;
  /* Gone, and to be invited once more, which is what was asked for (S5): that is intended from here
   * on, whatever becomes of this process, and done as soon as nobody is found again. */
  if (answer->users->len == 0 && state_invited_user (job->person, job->address) != 0)
    job->member.intended_at = job_now (job) - PLAN_LONG_AGO_MS;
  job_write_member (job, list_rows);
}

static void
look_up_user (Job *job)
{
  if (!job_may_call (job, look_up_user))
    return;
  job->on_answer = user_looked_up;
  job->call = lk_kisi_find_user (job->context->kisi, job->address, KEY_RESERVE, job_answered, job);
}

void
job_start_resync (Job *job)
{
  const CommandEntry *command = state_member_command (job->person);
  const LkLedgerMember *known = state_member_record (job->person);

  if (known == NULL)
    {
      resynced (job); /* never served: the plan starts from nothing as it is */
      return;
    }
  record_copy_member (job->person, &job->member);
  for (guint i = 0; i < job->member.n_blocked; i++)
    g_free (job->member.blocked[i].reason);
  job->member.n_blocked = 0;
  /* A create of the user whose answer never came is the plan's to look into. */
  if (command == NULL || command->command.email == NULL || !command->command.entitled
      || known->intended_at != LK_TIME_NONE)
    {
      job_write_member (job, list_rows);
      return;
    }
  job->address = g_strdup (command->command.email);
  look_up_user (job);
}
