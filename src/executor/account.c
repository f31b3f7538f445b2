/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One account's turn: what changed is planned, what is planned is queued, the most urgent is begun
 * as far as the rate allows. Time alone changes plans too, so each person may have a wake-up.
 */
#include "account.h"

#include "job.h"
#include "reports.h"

#include <latchkey/base/metrics.h>
#include <latchkey/model/control.h>

#define IN_FLIGHT_MAX 8
#define RELEASE_MS 2000       /* calls in flight get that long when ownership ends */
#define TAKE_OVER_HOLD_MS 1000 /* the former owner's second of the rate */
#define REFUSED_AGAIN_MS (30 * LK_SECOND)
#define SWEEP_MS LK_HOUR

struct _Account
{
  LkProgram *program;
  const LkConfigKisi *config;
  const LkClock *clock;
  LkTimers *timers;
  LkBudget *budget;
  LkKisi *kisi;
  State *state;
  Queue *queue;
  GQueue dirty;       /* Person* to be planned */
  GSequence *wakeups; /* Person* by wake_at */
  GHashTable *jobs;   /* Job* under way */
  GHashTable *addresses; /* addresses a user is being looked for or made under (owned text) */
  JobContext context;
  LkReports *reports;
  LkTable *record_table;
  char *topic;
  LkKisiAccount record;

  gboolean owned, acting, refused;
  gint64 release_by; /* steady; 0: not releasing */
  LkTimer *timer, *sweep_timer, *refused_timer;
  LkKisiCall *probe;
};

static LkTime
wall (const Account *account)
{
  return lk_clock_wall (account->clock);
}

/* --- the account record ------------------------------------------------------------------------- */

static gpointer
record_decode (const LkRecord *record, gpointer data, GError **error)
{
  LkKisiAccount *entry = g_new0 (LkKisiAccount, 1);

  (void) data;
  if (lk_kisi_account_parse (entry, record->value, record->value_len, error))
    return entry;
  g_free (entry);
  return NULL;
}

static void
record_free (gpointer entry)
{
  lk_kisi_account_clear (entry);
  g_free (entry);
}

static void
record_rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void) table;
  lk_warning (LK_F (.account = ((Account *) data)->config->account, .topic = record->topic,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand the account's record; door events are read anew");
}

static const LkTableOps record_ops
    = { .decode = record_decode, .free_entry = record_free, .rejected = record_rejected };

static void
write_record (Account *account)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  lk_kisi_account_write (&account->record, text);
  if (!lk_table_put (account->record_table, 0, account->config->account, text->str, text->len,
                     NULL, NULL, NULL, &error))
    lk_warning (LK_F (.account = account->config->account, .error = error,
                      .event = "write_failed"),
                "can't write the account's record; the next change writes it");
}

static void
read_record (Account *account)
{
  const LkKisiAccount *stands
      = lk_table_get (account->record_table, 0, account->config->account);

  lk_kisi_account_clear (&account->record);
  account->record = (LkKisiAccount){ .account = g_strdup (account->config->account),
                                     .events_until = LK_TIME_NONE,
                                     .audited_at = LK_TIME_NONE };
  if (stands == NULL)
    return;
  account->record.events_until = stands->events_until;
  account->record.audited_at = stands->audited_at;
  account->record.one_right = stands->one_right;
}

/* --- planning ----------------------------------------------------------------------------------- */

static void
mark_dirty (Person *person, gpointer data)
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
  return x < y ? -1 : x > y;
}

static void
set_wake (Account *account, Person *person, LkTime at)
{
  if (person->wake != NULL)
    g_sequence_remove (person->wake);
  person->wake = NULL;
  person->wake_at = at;
  if (at != LK_TIME_NONE)
    person->wake = g_sequence_insert_sorted (account->wakeups, person, by_wake, NULL);
}

/* A user create that was intended and has no result is looked for before it is tried again. */
static void
respect_open_user_intent (const Account *account, const PlanFacts *facts, PlanAction *action)
{
  if (action->kind == PLAN_USER && facts->known != NULL
      && facts->known->intended_at != LK_TIME_NONE)
    action->start_at = facts->known->intended_at + account->config->resolve_after;
}

/* Whether the address serves is told by the facts alone, so the record of it follows them, also where
 * it was the other member who changed while nobody acted. */
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

static void
plan_person (Account *account, Person *person)
{
  LkTime now = wall (account);
  const PlanSettings settings = { .horizon = person->space->config->horizon,
                                  .one_right = account->record.one_right,
                                  .resolve_after = account->config->resolve_after };
  PlanFacts facts;
  PlanAction action;

  person->dirty = FALSE;
  if (person->busy)
    return; /* planned again when its action is over */
  state_facts (person, &facts);
  if (!person->space->config->observe)
    note_address (account, person, &facts);
  state_facts_clear (&facts);
  state_facts (person, &facts); /* the record was perhaps written again */
  plan_next (&facts, &settings, now, &action);
  respect_open_user_intent (account, &facts, &action);
  set_wake (account, person, action.wake_at);
  g_clear_pointer (&person->right_key, g_free);
  /* Observing, nothing is written to KISI (design §6.10). */
  if (action.kind == PLAN_NOTHING || person->space->config->observe)
    queue_remove (account->queue, &person->queued);
  else
    {
      LkTime start = action.start_at;
      if (person->retry_at != LK_TIME_NONE)
        start = start == LK_TIME_NONE ? person->retry_at : MAX (start, person->retry_at);
      if (action.right != NULL)
        {
          char key[LK_KEY_MAX];
          state_right_key (person, action.right, key);
          person->right_key = g_strdup (key);
          action.right = NULL;
        }
      person->action = action;
      queue_put (account->queue, &person->queued, action.class, action.due, start);
    }
  state_facts_clear (&facts);
}

static void
plan_dirty (Account *account)
{
  LkTime now = wall (account);
  GSequenceIter *first = g_sequence_get_begin_iter (account->wakeups);
  Person *person;

  while (!g_sequence_iter_is_end (first)
         && ((Person *) g_sequence_get (first))->wake_at <= now)
    {
      person = g_sequence_get (first);
      set_wake (account, person, LK_TIME_NONE);
      mark_dirty (person, account);
      first = g_sequence_get_begin_iter (account->wakeups);
    }
  while ((person = g_queue_pop_head (&account->dirty)) != NULL)
    plan_person (account, person);
}

/* What was refused before may pass now (design §6.7). */
static void
new_facts (Account *account, Person *person)
{
  person->told = FALSE;
  person->retry_at = LK_TIME_NONE;
  job_unblock (&account->context, person);
}

static void
person_changed (Person *person, gboolean told, gpointer data)
{
  Account *account = data;

  if (!account->acting)
    return;
  if (told && person->busy)
    person->told = TRUE; /* what is under way was begun without it */
  else if (told)
    new_facts (account, person);
  mark_dirty (person, account);
}

/* --- serving ------------------------------------------------------------------------------------ */

static Person *
person_of_item (QueueItem *item)
{
  return (Person *) (void *) ((char *) item - G_STRUCT_OFFSET (Person, queued));
}

static const char *
address_of (const Person *person)
{
  const CommandEntry *command = state_member_command (person);

  return command == NULL ? NULL : command->command.email;
}

/* Two spaces of one account must not make the same person at once (design §6.4). */
static gboolean
may_start (QueueItem *item, gpointer data)
{
  const Account *account = data;
  const Person *person = person_of_item (item);
  g_autofree char *address = NULL;

  if (person->action.kind != PLAN_USER)
    return TRUE;
  if (address_of (person) == NULL)
    return TRUE;
  address = g_ascii_strdown (address_of (person), -1);
  return !g_hash_table_contains (account->addresses, address);
}

static void arm (Account *account, gint64 delay_ms);

static void
begin (Account *account, Person *person)
{
  PlanAction action = person->action;
  Job *job;

  if (person->right_key != NULL)
    {
      action.right = state_right (person, person->right_key);
      if (action.right == NULL)
        {
          mark_dirty (person, account); /* it is gone: plan again */
          return;
        }
    }
  if (action.kind == PLAN_USER && address_of (person) != NULL)
    {
      g_free (person->held_address);
      person->held_address = g_ascii_strdown (address_of (person), -1);
      (void) g_hash_table_add (account->addresses, g_strdup (person->held_address));
    }
  job = job_new (&account->context, person, &action);
  (void) g_hash_table_add (account->jobs, job);
  job_start (job);
}

static void
serve (Account *account)
{
  while (g_hash_table_size (account->jobs) < IN_FLIGHT_MAX)
    {
      LkTime now = wall (account), next;
      gint64 wait = lk_budget_wait_ms (account->budget, 0);
      QueueItem *item;

      if (wait > 0)
        {
          arm (account, wait);
          return;
        }
      item = queue_take (account->queue, now, may_start, account, &next);
      if (item == NULL)
        {
          if (next != LK_TIME_NONE)
            arm (account, next - now);
          return;
        }
      begin (account, person_of_item (item));
    }
}

static void
job_ended (Person *person, JobOutcome outcome, gpointer data)
{
  Account *account = data;
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, account->jobs);
  while (g_hash_table_iter_next (&iter, &job, NULL))
    if (job_person (job) == person)
      {
        g_hash_table_iter_remove (&iter);
        break;
      }
  /* The one it was begun under: the person's may have changed since. */
  if (person->held_address != NULL)
    (void) g_hash_table_remove (account->addresses, person->held_address);
  g_clear_pointer (&person->held_address, g_free);
  person->busy = FALSE;
  if (outcome == JOB_RETRY)
    person->retry_at = wall (account) + lk_backoff_next (&person->backoff);
  else
    {
      person->retry_at = LK_TIME_NONE;
      if (outcome == JOB_DONE)
        lk_backoff_reset (&person->backoff);
    }
  if (person->told && account->acting)
    new_facts (account, person);
  person->dirty = FALSE;
  mark_dirty (person, account);
  arm (account, 0);
}

static void
due (gpointer data)
{
  ((Account *) data)->timer = NULL; /* the turn that follows does the work */
}

/* A turn of the loop in DELAY_MS at the latest. */
static void
arm (Account *account, gint64 delay_ms)
{
  lk_timers_cancel (account->timers, account->timer);
  account->timer = lk_timers_add (account->timers, CLAMP (delay_ms, 0, LK_HOUR), due, account);
}

/* --- refused ------------------------------------------------------------------------------------ */

static void probe (gpointer data);

static void
probed (LkKisiAnswer *answer, gpointer data)
{
  Account *account = data;

  account->probe = NULL;
  if (answer->verdict == LK_KISI_OK)
    {
      account->refused = FALSE;
      g_clear_pointer (&account->record.fault, g_free);
      write_record (account);
      lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "kisi", account->config->account, NULL);
      lk_info (LK_F (.account = account->config->account, .event = "accepted"),
               "KISI accepts the key again");
      return;
    }
  account->refused_timer = lk_timers_add (account->timers, REFUSED_AGAIN_MS, probe, account);
}

static void
probe (gpointer data)
{
  Account *account = data;

  account->refused_timer = NULL;
  account->probe = lk_kisi_whoami (account->kisi, probed, account);
}

static void
account_refused (const char *reason, gpointer data)
{
  Account *account = data;

  if (account->refused)
    return;
  account->refused = TRUE;
  g_free (account->record.fault);
  account->record.fault = g_strdup (reason);
  write_record (account);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 1, "kisi", account->config->account, NULL);
  lk_error (LK_F (.account = account->config->account, .event = "refused"),
            "KISI refuses the key (%s): no call is made until it is accepted again; rights that "
            "were written keep working",
            reason);
  account->refused_timer = lk_timers_add (account->timers, REFUSED_AGAIN_MS, probe, account);
}

static void
only_one_right (gpointer data)
{
  Account *account = data;

  if (account->record.one_right)
    return;
  account->record.one_right = TRUE;
  write_record (account);
  lk_warning (LK_F (.account = account->config->account, .event = "rights_per_group"),
              "KISI takes only one right for a user and a group: from now on only the open or next "
              "window is written");
  state_foreach (account->state, mark_dirty, account);
}

/* --- reports ------------------------------------------------------------------------------------ */

static const LkRules *
rules_of (const char *space, gpointer data)
{
  return state_rules (((Account *) data)->state, space);
}

static void
add_judge_command (LkTable *table, gint32 partition, const char *key, gpointer entry,
                   gpointer data)
{
  const CommandEntry *command = entry;

  (void) table;
  (void) partition;
  (void) key;
  if (command->command.kind != LK_SOURCE_MEMBER)
    lk_judge_facts_add_command (data, &command->command, command->at);
}

static void
add_judge_right (LkTable *table, gint32 partition, const char *key, gpointer data, gpointer facts)
{
  const LedgerEntry *entry = data;

  (void) table;
  (void) partition;
  (void) key;
  if (entry->is_right)
    lk_judge_facts_add_right (facts, &entry->right, entry->at);
}

static gboolean
facts_of (const char *code, gint64 kisi_user_id, LkJudgeFacts *facts, gpointer data)
{
  StateSpace *space = state_space (((Account *) data)->state, code);
  const gint64 *member = space == NULL ? NULL : g_hash_table_lookup (space->users, &kisi_user_id);
  Person person = { .space = space };
  const CommandEntry *own;
  char first[32];

  if (member == NULL)
    return FALSE;
  person.member = *member;
  own = state_member_command (&person);
  facts->member = *member;
  facts->entitled = own != NULL && own->command.entitled;
  facts->recorded_at = own == NULL ? LK_TIME_NONE : own->at;
  g_snprintf (first, sizeof first, "%" G_GINT64_FORMAT, *member);
  lk_table_foreach_of (space->commands, state_partition (&person), first, add_judge_command,
                       facts);
  lk_table_foreach_of (space->ledger, state_partition (&person), first, add_judge_right, facts);
  return TRUE;
}

static LkTime
events_until (gpointer data)
{
  return ((Account *) data)->record.events_until;
}

static void
set_events_until (LkTime until, gpointer data)
{
  Account *account = data;

  account->record.events_until = until;
  write_record (account);
}

static gboolean
may_call (gpointer data)
{
  const Account *account = data;

  return account->acting && !account->refused;
}

static void
reports_refused (const LkKisiAnswer *answer, gpointer data)
{
  if (answer->verdict == LK_KISI_UNAUTHORIZED)
    account_refused (answer->message, data);
}

static void
unblock_in (Person *person, gpointer space)
{
  Account *account = ((StateSpace *) space)->state_data;

  if (person->space == space)
    person_changed (person, TRUE, account);
}

static void
rules_changed (StateSpace *space, gpointer data)
{
  Account *account = data;

  if (!account->acting)
    return;
  reports_rules_changed (account->reports);
  space->state_data = account;
  state_foreach (account->state, unblock_in, space);
}

/* --- ownership ---------------------------------------------------------------------------------- */

static void
sweep (gpointer data)
{
  Account *account = data;

  state_sweep (account->state);
  account->sweep_timer = lk_timers_add (account->timers, SWEEP_MS, sweep, account);
}

/* What changed while nobody acted lifts blocks like what changes now. */
static void
look_at_blocks (Person *person, gpointer data)
{
  if (state_block_is_stale (person))
    new_facts (data, person);
}

static void
begin_acting (Account *account)
{
  account->acting = TRUE;
  read_record (account);
  lk_budget_hold (account->budget, TAKE_OVER_HOLD_MS);
  lk_metric_set (LK_M_EXECUTOR_OWNER, 1, account->config->account, NULL);
  lk_info (LK_F (.account = account->config->account, .event = "acting"),
           "acting for this account now");
  state_foreach (account->state, look_at_blocks, account);
  state_foreach (account->state, mark_dirty, account);
  reports_start (account->reports);
  account->sweep_timer = lk_timers_add (account->timers, SWEEP_MS, sweep, account);
}

void
account_own (Account *account)
{
  account->owned = TRUE;
  account->release_by = 0;
  state_own (account->state, TRUE);
  lk_table_own (account->record_table, 0, TRUE);
  lk_table_refresh (account->record_table, 0);
}

static void
drop_jobs (Account *account)
{
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, account->jobs);
  while (g_hash_table_iter_next (&iter, &job, NULL))
    {
      job_person (job)->busy = FALSE;
      job_cancel (job);
    }
  g_hash_table_remove_all (account->jobs);
  g_hash_table_remove_all (account->addresses);
}

static void
forget_plan (Person *person, gpointer data)
{
  Account *account = data;

  queue_remove (account->queue, &person->queued);
  set_wake (account, person, LK_TIME_NONE);
  person->dirty = person->told = FALSE;
  person->retry_at = LK_TIME_NONE;
}

void
account_disown (Account *account, gboolean lost)
{
  account->owned = FALSE;
  state_own (account->state, FALSE);
  lk_table_own (account->record_table, 0, FALSE);
  if (!account->acting)
    return;
  account->acting = FALSE;
  lk_metric_set (LK_M_EXECUTOR_OWNER, 0, account->config->account, NULL);
  reports_stop (account->reports);
  lk_timers_cancel (account->timers, account->sweep_timer);
  lk_timers_cancel (account->timers, account->refused_timer);
  account->sweep_timer = account->refused_timer = NULL;
  if (account->probe != NULL)
    lk_kisi_cancel (account->kisi, account->probe);
  account->probe = NULL;
  account->refused = FALSE;
  g_queue_clear (&account->dirty);
  state_foreach (account->state, forget_plan, account);
  account->release_by = lk_clock_steady (account->clock) + RELEASE_MS;
  if (lost)
    drop_jobs (account);
}

gboolean
account_is_idle (Account *account)
{
  if (g_hash_table_size (account->jobs) > 0
      && lk_clock_steady (account->clock) >= account->release_by)
    drop_jobs (account); /* unknown outcomes from here on */
  return g_hash_table_size (account->jobs) == 0 && state_pending (account->state) == 0
         && lk_table_pending (account->record_table, -1) == 0
         && reports_pending (account->reports) == 0;
}

/* --- life --------------------------------------------------------------------------------------- */

Account *
account_new (LkProgram *program, const LkConfigKisi *config)
{
  static const LkReportsLookup lookup = { .rules = rules_of,
                                          .facts = facts_of,
                                          .events_until = events_until,
                                          .set_events_until = set_events_until,
                                          .may_call = may_call,
                                          .refused = reports_refused };
  const LkBudgetWindow window = { LK_SECOND, config->requests_per_second };
  Account *account = g_new0 (Account, 1);

  account->program = program;
  account->config = config;
  account->clock = lk_program_clock (program);
  account->timers = lk_program_timers (program);
  account->budget = lk_budget_new (account->clock, &window, 1);
  account->kisi = lk_kisi_new (config, account->clock, account->timers, account->budget);
  account->queue = queue_new ();
  g_queue_init (&account->dirty);
  account->wakeups = g_sequence_new (NULL);
  account->jobs = g_hash_table_new (NULL, NULL);
  account->addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  account->topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                  LK_KIND_KISI_ACCOUNT, config->account);
  account->record_table
      = lk_table_new (lk_program_reader (program), lk_program_producer (program), account->topic,
                      1, &record_ops, account);
  lk_table_follow_all (account->record_table);
  account->state = state_new (program, config, person_changed, rules_changed, account);
  account->context = (JobContext){ .program = program,
                                   .config = config,
                                   .kisi = account->kisi,
                                   .budget = account->budget,
                                   .state = account->state,
                                   .ended = job_ended,
                                   .refused = account_refused,
                                   .only_one_right = only_one_right,
                                   .data = account };
  account->reports
      = reports_new (program, config, account->kisi, account->budget, &lookup, account);
  lk_metric_set (LK_M_EXECUTOR_OWNER, 0, config->account, NULL);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "kisi", config->account, NULL);
  return account;
}

void
account_free (Account *account)
{
  if (account == NULL)
    return;
  if (account->acting)
    account_disown (account, TRUE);
  drop_jobs (account);
  lk_timers_cancel (account->timers, account->timer);
  reports_free (account->reports);
  lk_kisi_free (account->kisi);
  state_free (account->state);
  lk_table_free (account->record_table);
  queue_free (account->queue);
  g_sequence_free (account->wakeups);
  g_hash_table_unref (account->jobs);
  g_hash_table_unref (account->addresses);
  lk_budget_free (account->budget);
  lk_kisi_account_clear (&account->record);
  g_free (account->topic);
  g_free (account);
}

const char *
account_topic (const Account *account)
{
  return account->topic;
}

static void
show_queue (const Account *account)
{
  static const char *const names[] = { "loss_due", "gain_due", "future", "tidy" };

  for (guint c = 0; c < PLAN_CLASSES; c++)
    lk_metric_set (LK_M_QUEUE, queue_length (account->queue, (PlanClass) c),
                   account->config->account, names[c], NULL);
  lk_metric_set (LK_M_BUSY, g_hash_table_size (account->jobs), account->config->account, NULL);
}

gboolean
account_turn (Account *account)
{
  gboolean more = FALSE;

  lk_kisi_turn (account->kisi);
  if (account->owned && !account->acting && state_is_loaded (account->state)
      && lk_table_is_all_loaded (account->record_table) && state_refusal (account->state) == NULL)
    begin_acting (account);
  if (!account->acting)
    return FALSE;
  plan_dirty (account);
  more = reports_turn (account->reports);
  if (!account->refused && lk_kisi_has_key (account->kisi, NULL))
    serve (account);
  show_queue (account);
  if (!g_sequence_is_empty (account->wakeups) && account->timer == NULL)
    {
      const Person *first = g_sequence_get (g_sequence_get_begin_iter (account->wakeups));
      arm (account, first->wake_at - wall (account));
    }
  return more || account->dirty.length > 0;
}

void
account_reloaded (Account *account)
{
  const LkBudgetWindow window = { LK_SECOND, account->config->requests_per_second };

  lk_budget_set (account->budget, &window, 1);
  if (account->acting) /* the mode of a space may have changed */
    state_foreach (account->state, mark_dirty, account);
}

const char *
account_trouble (const Account *account)
{
  if (state_refusal (account->state) != NULL)
    return state_refusal (account->state);
  if (state_trouble (account->state) != NULL)
    return state_trouble (account->state);
  if (account->refused)
    return "KISI refuses the key";
  return state_is_loaded (account->state) ? NULL : "reading the topics";
}
