/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One action for one person, from its intent in the ledger over the call to its result in the
 * ledger (design §6.4). The order is always: intent acknowledged, call, access-change acknowledged,
 * result acknowledged. A process that dies in between leaves an intent or a held right, from which
 * the next one goes on; the access-change then comes a second time, with the same id (S10). Loop
 * thread.
 */
#pragma once

#include "state.h"

#include <latchkey/kisi/kisi.h>

G_BEGIN_DECLS

typedef struct _Job Job;

/* What a job tells about the whole account; DATA as given in JobContext. */
typedef enum
{
  JOB_DONE,  /* the plan goes on at once */
  JOB_RETRY, /* this person alone waits and tries again */
  JOB_AGAIN, /* nothing happened and nobody is to blame (throttled): at once */
} JobOutcome;

typedef struct
{
  LkProgram *program;
  const LkConfigKisi *config;
  LkKisi *kisi;
  LkBudget *budget;
  State *state;
  gint64 own_user_id; /* `exclusive`: rows that this KISI user made are ours; else 0 */
  /* The job is over; PERSON is free. */
  void (*ended) (Person *person, JobOutcome outcome, gpointer data);
  /* What each call came to. */
  void (*heard) (LkKisiVerdict verdict, gpointer data);
  /* KISI refuses the key (401, or 403 to a read of the key's own user). */
  void (*refused) (const char *reason, gpointer data);
  /* A right of OWNER, of a user who is no longer theirs, stops somebody else's. */
  void (*in_the_way) (Person *owner, gpointer data);
  /* KISI takes only one right for user and group (design §6.6). FALSE: that was known. */
  gboolean (*only_one_right) (gpointer data);
  gpointer data;
} JobContext;

/* For ACTION (copied) of PERSON, who is marked busy until `ended`. Nothing is done yet. */
Job *job_new (const JobContext *context, Person *person, const PlanAction *action);
/* Begins. A write that can't even be queued ends the job, and frees it, before this returns:
 * whoever keeps jobs has to know of it by now. */
void job_start (Job *job);
/* Drops it: its call is an unknown outcome from here on. Nothing is called back. */
void job_cancel (Job *job);
Person *job_person (const Job *job);

/* Records that PERSON can't be served in GROUP (0: in none) until UNTIL; for reasons that need no
 * call. Does nothing when it stands so already. */
void job_block (const JobContext *context, Person *person, gint64 group, const char *reason,
                gint64 foreign_right_id, LkTime until);
/* Forgets all blocks: the member, its claims or the rules changed. */
void job_unblock (const JobContext *context, Person *person);
/* Forgets that of an address that can't be used. */
void job_unblock_address (const JobContext *context, Person *person);
/* Forgets that the key does not see GROUP. FALSE: nothing was stopped by that. */
gboolean job_unblock_group (const JobContext *context, Person *person, gint64 group);

G_END_DECLS
