/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Planning: whoever has changed, or whom time has woken, gets the one next action, which waits in
 * the queue.
 */
#include "account_internal.h"

#include "record.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <string.h>

void
account_mark_dirty (Person *person, gpointer data)
{
  Account *account = data;

  if (!account->acting || person->dirty)
    return;
  person->dirty = TRUE;
  g_queue_push_tail (&account->dirty, person);
}

static int
by_wake (gconstpointer a, gconstpointer b, gpointer data)
{
  const Person *x = a, *y = b;

  (void) data;
  if (x->wake_at != y->wake_at)
    return x->wake_at < y->wake_at ? -1 : 1;
  if (x->member != y->member)
    return x->member < y->member ? -1 : 1;
  return strcmp (x->space->config->code, y->space->config->code);
}

void
account_set_wake (Account *account, Person *person, LkTime at)
{
  if (person->wake != NULL)
    g_sequence_remove (person->wake);
  person->wake = NULL;
  person->wake_at = at;
  if (at != LK_TIME_NONE)
    person->wake = g_sequence_insert_sorted (account->wakeups, person, by_wake, NULL);
}

/* What was intended and has no result is looked for before it is tried again. A user create also
 * when nobody wants it any more: the invitation may be out, and has to be told. */
static void
respect_open_intent (const Account *account, const Person *person, const PlanFacts *facts,
                     LkTime now, PlanAction *action)
{
  const LkRight *right = action->kind == PLAN_RESOLVE ? action->right : NULL;
  LkTime intended_at = LK_TIME_NONE, wake_at = action->wake_at;

  if (right != NULL && right->state == LK_RIGHT_INTENDED)
    intended_at = right->intended_at;
  else if ((action->kind == PLAN_USER || action->kind == PLAN_NOTHING) && facts->known != NULL)
    intended_at = facts->known->intended_at;
  if (intended_at == LK_TIME_NONE)
    return;
  if (action->kind == PLAN_NOTHING)
    *action = (PlanAction){ .kind = PLAN_USER,
                            .class = PLAN_TIDY,
                            .due = intended_at,
                            .window = { LK_TIME_NONE, LK_TIME_NONE },
                            .wake_at = wake_at };
  action->start_at = plan_intent_due (intended_at, state_intent_age (person, right),
                                      account->config->resolve_after, now);
}

/* Whether the address serves is told by the facts alone, so the record of it follows them, also
 * where it was the other member who changed while nobody acted. */
static void
note_address (Account *account, Person *person, const PlanFacts *facts)
{
  gboolean wanted = facts->entitled && facts->commands->len > 0;

  if (wanted && facts->address_is_shared)
    job_block (&account->context, person, 0, PLAN_SHARED_ADDRESS, 0, LK_TIME_NONE);
  else if (wanted && facts->email == NULL)
    job_block (&account->context, person, 0, PLAN_NO_ADDRESS, 0, LK_TIME_NONE);
  else
    job_unblock_address (&account->context, person);
}

/* What is to be read for the person goes before what the plan has, where it is as urgent. */
static void
prefer_reading (const Person *person, gboolean enforced, LkTime now, PlanAction *action)
{
  const Inspection *inspection = state_next_inspection (person);
  const PlanAction reading = { .kind = person->resync ? PLAN_RESYNC : PLAN_INSPECT,
                               .class = person->resync ? PLAN_GAIN_DUE : PLAN_TIDY,
                               .due = now,
                               .start_at = LK_TIME_NONE,
                               .window = { LK_TIME_NONE, LK_TIME_NONE },
                               .wake_at = action->wake_at };
  PlanAction wanted = reading;

  if (!person->resync)
    {
      if (inspection == NULL || (!enforced && inspection->adopt == PLAN_ADOPT_NO))
        return;
      wanted.class = inspection->class;
      wanted.right_id = inspection->right_id;
      wanted.adopt = inspection->adopt;
    }
  if (action->kind == PLAN_NOTHING
      || wanted.class < action->class || (person->resync && action->class != PLAN_LOSS_DUE))
    *action = wanted;
}

/* In a space that is only observed: whether something would be done for PERSON. */
static void
note_waiting (Person *person, gboolean waits)
{
  StateSpace *space = person->space;

  if (person->waits == waits)
    return;
  person->waits = waits;
  space->waiting += waits ? 1 : -1;
  lk_metric_set (LK_M_OBSERVED, space->waiting, space->config->code, NULL);
}

static void
enqueue (Account *account, Person *person, LkTime now, PlanAction *action)
{
  LkTime start = action->start_at;

  /* Due is due since it first was, however often it is planned. */
  if (person->queued.iter != NULL && person->queued.class == action->class && action->due == now)
    action->due = MIN (action->due, person->queued.due);

  if (person->retry_at != LK_TIME_NONE)
    start = start == LK_TIME_NONE ? person->retry_at : MAX (start, person->retry_at);
  if (action->right != NULL)
    {
      char key[LK_KEY_MAX];
      state_right_key (person, action->right, key);
      person->right_key = g_strdup (key);
      action->right = NULL;
    }
  person->action = *action;
  queue_put (account->queue, &person->queued, action->class, action->due, start);
}

static void
sources_written (gint64 offset, const GError *error, gpointer data)
{
  (void) offset;
  (void) data;
  /* The next plan of that person writes them again. */
  if (error != NULL)
    lk_warning (LK_F (.event = "write_failed", .error = error),
                "what a right is held for was not recorded");
}

static void
right_free (gpointer right)
{
  lk_right_clear (right);
  g_free (right);
}

/* What rights are held for follows the claims. */
static void
note_sources (Person *person, const PlanFacts *facts)
{
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (right_free);

  for (guint i = 0; i < facts->rights->len; i++)
    {
      const LkRight *right = facts->rights->pdata[i];
      char **sources = right->state == LK_RIGHT_HELD ? plan_new_sources (facts, right) : NULL;
      if (sources == NULL)
        continue;
      LkRight *copy = g_new0 (LkRight, 1);
      lk_right_copy (copy, right);
      g_strfreev (copy->sources);
      copy->sources = sources;
      g_ptr_array_add (changed, copy);
    }
  for (guint i = 0; i < changed->len; i++)
    record_right (person, changed->pdata[i], sources_written, NULL);
}

static void
plan_person (Account *account, Person *person)
{
  LkTime now = account_wall (account);
  const PlanSettings settings
      = { .horizon = person->space->config->horizon, .one_right = account->record.one_right };
  gboolean enforced = state_is_enforced (person->space);
  PlanFacts facts;
  PlanAction action;

  person->dirty = FALSE;
  if (person->busy)
    return; /* planned again when its action is over */
  state_facts (person, &facts);
  if (enforced)
    {
      note_address (account, person, &facts);
      state_facts_clear (&facts);
      state_facts (person, &facts);
      note_sources (person, &facts);
    }
  state_facts_clear (&facts);
  state_facts (person, &facts); /* the record was perhaps written again */
  plan_next (&facts, &settings, now, &action);
  if (action.kind != PLAN_DELETE)
    person->gives_way = FALSE;
  respect_open_intent (account, person, &facts, now, &action);
  account_set_wake (account, person, action.wake_at);
  note_waiting (person, !enforced && action.kind != PLAN_NOTHING);
  g_clear_pointer (&person->right_key, g_free);
  if (!enforced) /* nothing is written to KISI (design §6.10) */
    action.kind = PLAN_NOTHING;
  else if (action.kind == PLAN_NOTHING && person->inspections == NULL)
    g_clear_pointer (&person->restoring, g_array_unref); /* nothing is left to be restored */
  prefer_reading (person, enforced, now, &action);
  if (action.kind == PLAN_NOTHING)
    queue_remove (account->queue, &person->queued);
  else
    enqueue (account, person, now, &action);
  state_facts_clear (&facts);
}

void
account_plan_dirty (Account *account)
{
  LkTime now = account_wall (account);
  GSequenceIter *first = g_sequence_get_begin_iter (account->wakeups);
  Person *person;

  while (!g_sequence_iter_is_end (first) && ((Person *) g_sequence_get (first))->wake_at <= now)
    {
      person = g_sequence_get (first);
      account_set_wake (account, person, LK_TIME_NONE);
      account_mark_dirty (person, account);
      first = g_sequence_get_begin_iter (account->wakeups);
    }
  while ((person = g_queue_pop_head (&account->dirty)) != NULL)
    plan_person (account, person);
}

/* What was refused before may pass now (design §6.7). */
void
account_new_facts (Account *account, Person *person)
{
  person->told = FALSE;
  person->retry_at = LK_TIME_NONE;
  if (person->space->refusal != NULL)
    return; /* what its ledger says is not understood, so nothing is written over it */
  job_unblock (&account->context, person);
}

void
account_person_changed (Person *person, gboolean told, gpointer data)
{
  Account *account = data;

  if (!account->acting)
    return;
  if (told && person->busy)
    person->told = TRUE; /* what is under way was begun without it */
  else if (told)
    account_new_facts (account, person);
  account_mark_dirty (person, account);
}

void
account_forget_plan (Person *person, gpointer data)
{
  Account *account = data;

  queue_remove (account->queue, &person->queued);
  account_set_wake (account, person, LK_TIME_NONE);
  person->dirty = person->told = person->resync = FALSE;
  person->retry_at = LK_TIME_NONE;
  g_clear_pointer (&person->inspections, g_array_unref);
  g_clear_pointer (&person->restoring, g_array_unref);
}
