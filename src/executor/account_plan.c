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

#define REMEMBER_AFTER_MS LK_MINUTE /* that nothing gives a right which is still there */

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
right_written (gint64 offset, const GError *error, gpointer data)
{
  (void) offset;
  (void) data;
  /* The next plan of that person writes them again. */
  if (error != NULL)
    lk_warning (LK_F (.event = "write_failed", .error = error),
                "what a right is held for, or that nothing gives it, was not recorded");
}

static void
right_free (gpointer right)
{
  lk_right_clear (right);
  g_free (right);
}

/* Whether the ledger is to say now that a right is surplus. One that can be taken away at once says
 * it with that (job_end.c); what waits for whatever reason says it after a while, long before the
 * commands that say so are forgotten. */
static gboolean
is_to_be_remembered (Account *account, Person *person, gboolean *waits)
{
  gint64 steady = lk_clock_steady (account->clock);

  if (person->losing_since == 0)
    person->losing_since = steady;
  if (steady - person->losing_since >= REMEMBER_AFTER_MS)
    return TRUE;
  *waits = TRUE;
  return FALSE;
}

/* RIGHT as the ledger is to say it, by what it is held for and by what nothing gives any more;
 * NULL: as it stands. */
static LkRight *
right_by_facts (Account *account, Person *person, const PlanFacts *facts, const LkRight *right,
                gboolean *waits)
{
  LkTime surplus = plan_surplus_since (facts, right, account_wall (account));
  char **sources = plan_new_sources (facts, right);
  LkRight *copy;

  if (surplus != right->surplus_since && surplus != LK_TIME_NONE
      && !is_to_be_remembered (account, person, waits))
    surplus = right->surplus_since;
  if (sources == NULL && surplus == right->surplus_since)
    return NULL;
  copy = g_new0 (LkRight, 1);
  lk_right_copy (copy, right);
  copy->surplus_since = surplus;
  if (sources != NULL)
    {
      g_strfreev (copy->sources);
      copy->sources = sources;
    }
  return copy;
}

/* What the ledger says of rights follows the commands, also where none may be written to KISI. When
 * to plan again for it; LK_TIME_NONE: never. */
static LkTime
note_rights (Account *account, Person *person, const PlanFacts *facts)
{
  g_autoptr (GPtrArray) changed = g_ptr_array_new_with_free_func (right_free);
  gboolean waits = FALSE;

  for (guint i = 0; i < facts->rights->len; i++)
    {
      const LkRight *right = facts->rights->pdata[i];
      LkRight *copy = right->state != LK_RIGHT_ENDED
                          ? right_by_facts (account, person, facts, right, &waits)
                          : NULL;
      if (copy != NULL)
        g_ptr_array_add (changed, copy);
    }
  for (guint i = 0; i < changed->len; i++)
    record_right (person, changed->pdata[i], right_written, NULL);
  if (!waits)
    person->losing_since = 0;
  return waits ? account_wall (account) + REMEMBER_AFTER_MS
                     - (lk_clock_steady (account->clock) - person->losing_since)
               : LK_TIME_NONE;
}

static void
plan_person (Account *account, Person *person)
{
  LkTime now = account_wall (account), remember_at = LK_TIME_NONE;
  const PlanSettings settings
      = { .horizon = person->space->config->horizon, .one_right = account->record.one_right };
  gboolean enforced = state_is_enforced (person->space);
  PlanFacts facts;
  PlanAction action;

  if (person->told && !person->busy)
    account_new_facts (account, person);
  person->dirty = FALSE;
  if (person->busy)
    return; /* planned again when its action is over */
  state_facts (person, &facts);
  if (enforced)
    {
      note_address (account, person, &facts);
      state_facts_clear (&facts);
      state_facts (person, &facts);
    }
  if (person->space->refusal == NULL)
    remember_at = note_rights (account, person, &facts);
  state_facts_clear (&facts);
  state_facts (person, &facts); /* the record was perhaps written again */
  watch_person (account->watch, person, facts.known, now);
  plan_next (&facts, &settings, now, &action);
  if (action.kind != PLAN_DELETE)
    person->gives_way = FALSE;
  respect_open_intent (account, person, &facts, now, &action);
  if (remember_at != LK_TIME_NONE
      && (action.wake_at == LK_TIME_NONE || remember_at < action.wake_at))
    action.wake_at = remember_at;
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
  person->told |= told; /* what is under way was begun without it */
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
  person->losing_since = 0;
  g_clear_pointer (&person->inspections, g_array_unref);
  g_clear_pointer (&person->restoring, g_array_unref);
}
