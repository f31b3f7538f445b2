/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of one account's controller have in common. Loop thread.
 */
#pragma once

#include "account.h"

#include "audit.h"
#include "job.h"
#include "reports.h"
#include "watch.h"
#include "wishes.h"

#include <latchkey/model/control.h>

G_BEGIN_DECLS

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
  GQueue dirty;          /* Person* to be planned */
  GSequence *wakeups;    /* Person* by wake_at */
  GHashTable *jobs;      /* Job* under way */
  GHashTable *addresses; /* addresses a user is being looked for or made under (owned text) */
  JobContext context;
  LkReports *reports;
  Audit *audit;
  Watch *watch;
  Wishes *wishes;
  LkTable *record_table;
  char *topic;
  LkKisiAccount record;

  gboolean owned, acting, refused;
  guint silent;      /* calls in a row that had no answer of KISI's */
  gint64 release_by; /* steady; 0: not releasing */
  LkTimer *timer, *sweep_timer, *refused_timer;
  gint64 timer_at; /* steady: when `timer` is due */
  LkKisiCall *probe, *self;
  gint64 self_at;      /* steady: not before then is it asked who the key's user is */
  gint64 clock_offset; /* of the wall clock to the steady one */
};

/* --- account.c --- */

LkTime account_wall (const Account *account);
/* A turn of the loop in DELAY_MS at the latest. */
void account_arm (Account *account, gint64 delay_ms);

/* --- account_serve.c --- */

/* A call came to VERDICT. */
void account_heard (LkKisiVerdict verdict, gpointer account);

/* --- account_key.c --- */

/* KISI refuses the key: no call is made until it is accepted again (design §6.7). */
void account_refuse (const char *reason, gpointer account);
/* Where it matters whose the key is, it is known; else it is asked for. */
gboolean account_is_identified (Account *account);
/* Nothing is asked and nothing is known of it any more. */
void account_forget_key (Account *account);

/* --- account_plan.c: who has something to be done, and what --- */

void account_mark_dirty (Person *person, gpointer account);
void account_set_wake (Account *account, Person *person, LkTime at);
void account_plan_dirty (Account *account);
/* What was refused before may pass now (design §6.7). */
void account_new_facts (Account *account, Person *person);
/* A StateChangedFunc. */
void account_person_changed (Person *person, gboolean told, gpointer account);
void account_forget_plan (Person *person, gpointer account);

/* --- account_serve.c: the most urgent is begun, as far as the rate allows --- */

void account_serve (Account *account);
void account_job_ended (Person *person, JobOutcome outcome, gpointer account);
/* What is under way is an unknown outcome from here on. */
void account_drop_jobs (Account *account);

/* --- account_record.c: the account's own record --- */

extern const LkTableOps account_record_ops;
void account_read_record (Account *account);
void account_write_record (Account *account);

/* --- account_facts.c: what reports ask of the executor --- */

extern const LkReportsLookup account_reports_lookup;

/* --- account_audit.c: what the audit tells the executor --- */

extern const AuditHandler account_audit_handler;

G_END_DECLS
