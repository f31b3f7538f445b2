/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One account's turn: what changed is planned, what is planned is queued, the most urgent is begun
 * as far as the rate allows. Time alone changes plans too, so each person may have a wake-up.
 */
#include "account_internal.h"

#include "crash.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>

#define RELEASE_MS 2000                   /* calls in flight get that long when ownership ends */
#define TAKE_OVER_HOLD_MS LK_KISI_RATE_MS /* the former owner's second of the rate */
#define CLOCK_SET_MS (10 * LK_SECOND)     /* more than that is no drift: somebody set the clock */
#define SWEEP_MS LK_HOUR

LkTime
account_wall (const Account *account)
{
  return lk_clock_wall (account->clock);
}

static void
due (gpointer data)
{
  ((Account *) data)->timer = NULL; /* the turn that follows does the work */
}

/* A turn of the loop in DELAY_MS at the latest. */
void
account_arm (Account *account, gint64 delay_ms)
{
  gint64 delay = CLAMP (delay_ms, 0, LK_HOUR), at = lk_clock_steady (account->clock) + delay;

  if (account->timer != NULL && account->timer_at <= at)
    return;
  lk_timers_cancel (account->timers, account->timer);
  account->timer = lk_timers_add (account->timers, delay, due, account);
  account->timer_at = at;
}

/* --- what jobs and the audit find out ----------------------------------------------------------
 */

static gboolean
only_one_right (gpointer data)
{
  Account *account = data;

  if (account->record.one_right)
    return FALSE;
  account->record.one_right = TRUE;
  account_write_record (account);
  lk_warning (LK_F (.account = account->config->account, .event = "rights_per_group"),
              "KISI takes only one right for a user and a group: from now on only the open or next "
              "window is written");
  state_foreach (account->state, account_mark_dirty, account);
  return TRUE;
}

static void
in_the_way (Person *owner, gpointer data)
{
  owner->gives_way = TRUE;
  account_mark_dirty (owner, data);
}

/* --- rules ----------------------------------------------------------------------------------- */

static void
unblock_in (Person *person, gpointer space)
{
  Account *account = ((StateSpace *) space)->state_data;

  if (person->space == space)
    account_person_changed (person, TRUE, account);
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

/* --- ownership ------------------------------------------------------------------------------- */

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
    account_new_facts (data, person);
}

static void
begin_acting (Account *account)
{
  account->acting = TRUE;
  account_read_record (account);
  lk_budget_hold (account->budget, TAKE_OVER_HOLD_MS);
  lk_metric_set (LK_M_EXECUTOR_OWNER, 1, account->config->account, NULL);
  lk_info (LK_F (.account = account->config->account, .event = "acting"),
           "acting for this account now");
  state_foreach (account->state, look_at_blocks, account);
  state_foreach (account->state, account_mark_dirty, account);
  reports_start (account->reports);
  audit_start (account->audit, account->record.audited_at);
  wishes_start (account->wishes);
  account->sweep_timer = lk_timers_add (account->timers, SWEEP_MS, sweep, account);
  CRASH_POINT (ACTING);
}

void
account_own (Account *account)
{
  account->owned = TRUE;
  account->release_by = 0;
  state_own (account->state, TRUE);
  wishes_refresh (account->wishes);
  lk_table_own (account->record_table, 0, TRUE);
  lk_table_refresh (account->record_table, 0);
}

static void
stop_acting (Account *account)
{
  account->acting = FALSE;
  lk_metric_set (LK_M_EXECUTOR_OWNER, 0, account->config->account, NULL);
  reports_stop (account->reports);
  audit_stop (account->audit);
  watch_stop (account->watch);
  wishes_stop (account->wishes);
  lk_timers_cancel (account->timers, g_steal_pointer (&account->sweep_timer));
  account_forget_key (account);
  g_queue_clear (&account->dirty);
  state_foreach (account->state, account_forget_plan, account);
}

void
account_disown (Account *account, gboolean lost)
{
  account->owned = FALSE;
  state_own (account->state, FALSE);
  lk_table_own (account->record_table, 0, FALSE);
  if (!account->acting)
    return;
  stop_acting (account);
  account->release_by = lk_clock_steady (account->clock) + RELEASE_MS;
  if (lost)
    account_drop_jobs (account);
}

gboolean
account_is_idle (Account *account)
{
  if (g_hash_table_size (account->jobs) > 0
      && lk_clock_steady (account->clock) >= account->release_by)
    account_drop_jobs (account); /* unknown outcomes from here on */
  return g_hash_table_size (account->jobs) == 0 && state_pending (account->state) == 0
         && lk_table_pending (account->record_table, -1) == 0
         && wishes_pending (account->wishes) == 0 && reports_pending (account->reports) == 0;
}

/* --- life ------------------------------------------------------------------------------------ */

Account *
account_new (LkProgram *program, const LkConfigKisi *config)
{
  const LkBudgetWindow window = { LK_KISI_RATE_MS, config->requests_per_second };
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
  account->record_table = lk_table_new (lk_program_reader (program), lk_program_producer (program),
                                        account->topic, 1, &account_record_ops, account);
  lk_table_follow_all (account->record_table);
  account->state = state_new (program, config, account_person_changed, rules_changed, account);
  account->context = (JobContext){ .program = program,
                                   .config = config,
                                   .kisi = account->kisi,
                                   .budget = account->budget,
                                   .state = account->state,
                                   .ended = account_job_ended,
                                   .heard = account_heard,
                                   .refused = account_refuse,
                                   .in_the_way = in_the_way,
                                   .only_one_right = only_one_right,
                                   .data = account };
  account->reports = reports_new (program, config, account->kisi, account->budget,
                                  &account_reports_lookup, account);
  account->audit = audit_new (program, config, account->kisi, account->budget, account->state,
                              &account_audit_handler, account);
  account->watch = watch_new (&account->context);
  account->wishes = wishes_new (account);
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
  account_drop_jobs (account);
  lk_timers_cancel (account->timers, account->timer);
  reports_free (account->reports);
  audit_free (account->audit);
  watch_free (account->watch);
  wishes_free (account->wishes);
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
  for (guint c = PLAN_LOSS_DUE; c <= PLAN_GAIN_DUE; c++)
    {
      LkTime due = queue_oldest_due (account->queue, (PlanClass) c);
      gint64 late = due == LK_TIME_NONE ? 0 : MAX (0, account_wall (account) - due);
      lk_metric_set (LK_M_OLDEST_DUE, (double) late / 1000, account->config->account, names[c],
                     NULL);
    }
  lk_metric_set (LK_M_BUSY, g_hash_table_size (account->jobs), account->config->account, NULL);
}

static void
plan_anew (Person *person, gpointer data)
{
  Account *account = data;

  queue_remove (account->queue, &person->queued);
  person->retry_at = LK_TIME_NONE;
  account_mark_dirty (person, account);
}

/* Plans and waits name times of the wall clock: when that is set they are made anew. */
static void
watch_clock (Account *account)
{
  gint64 offset = account_wall (account) - lk_clock_steady (account->clock);
  gint64 jump = offset - account->clock_offset;

  account->clock_offset = offset;
  if (!account->acting || ABS (jump) < CLOCK_SET_MS)
    return;
  lk_metric_add (LK_M_CLOCK_SET, 1, NULL);
  lk_warning (LK_F (.account = account->config->account, .event = "clock_set"),
              "the clock was set by %" G_GINT64_FORMAT " s: everybody is planned anew",
              jump / LK_SECOND);
  state_foreach (account->state, plan_anew, account);
}

/* Whether what is to be and what is are known, each to the end of its log. */
static gboolean
is_loaded (const Account *account)
{
  return state_is_loaded (account->state) && lk_table_is_all_loaded (account->record_table)
         && wishes_are_loaded (account->wishes);
}

/* Half of a log that begins again says what it once said: nothing is decided from that, and what is
 * under way is an unknown outcome. Read to its end it is taken over like another's work. */
static void
follow_tables (Account *account)
{
  if (account->acting && !is_loaded (account))
    {
      lk_warning (LK_F (.account = account->config->account, .event = "reading_anew"),
                  "a topic is read from its beginning: nothing is done for this account until its "
                  "end is reached");
      stop_acting (account);
      account_drop_jobs (account);
    }
  /* A record of ours on its way stands already, and may fail yet: no call is to rest on it. */
  if (account->owned && !account->acting && is_loaded (account)
      && state_pending (account->state) == 0)
    begin_acting (account);
}

gboolean
account_turn (Account *account)
{
  gboolean more = FALSE;

  lk_kisi_turn (account->kisi);
  watch_clock (account);
  follow_tables (account);
  if (!account->acting)
    return FALSE;
  wishes_turn (account->wishes);
  account_plan_dirty (account);
  more = reports_turn (account->reports);
  if (lk_kisi_has_key (account->kisi, NULL) && account_is_identified (account) && !account->refused)
    {
      audit_turn (account->audit);
      watch_turn (account->watch);
      account_serve (account);
    }
  show_queue (account);
  if (!g_sequence_is_empty (account->wakeups))
    {
      const Person *first = g_sequence_get (g_sequence_get_begin_iter (account->wakeups));
      account_arm (account, first->wake_at - account_wall (account));
    }
  return more || account->dirty.length > 0;
}

void
account_reloaded (Account *account)
{
  const LkBudgetWindow window = { LK_KISI_RATE_MS, account->config->requests_per_second };

  lk_budget_set (account->budget, &window, 1);
  if (!account->acting)
    return;
  audit_reloaded (account->audit);
  /* The mode of a space may have changed. */
  state_foreach (account->state, account_mark_dirty, account);
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
