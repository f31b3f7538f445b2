/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of a job have in common. A job is a chain: each step starts one write or one call
 * and names the step that its answer goes to. Loop thread.
 */
#pragma once

#include "job.h"

G_BEGIN_DECLS

#define BLOCK_AGAIN_MS LK_HOUR          /* what stands in the way of a right is looked at again */
#define DELETE_AGAIN_MS (5 * LK_MINUTE) /* a right that can't be taken away now */
#define KEY_RESERVE 0.0

typedef void (*Step) (Job *job);
typedef void (*AnswerStep) (Job *job, LkKisiAnswer *answer);

struct _Job
{
  const JobContext *context;
  Person *person;
  PlanAction action;
  LkRight right; /* the action's, or the one being made */
  gboolean has_right;
  char *address;         /* that the user was looked for by */
  LkLedgerMember member; /* being written */
  LkKisiCall *call;
  AnswerStep on_answer;
  Step on_ack;
  LkTimer *timer; /* until the budget has room for the next call of the chain */
  gboolean claimed; /* that call is the job's own in the budget */
  Step on_room;
  gboolean deleting; /* the call under way, or just answered, takes the right away */
  gboolean in_doubt; /* a delete or change of the right may have had its effect already */
  gboolean taken;    /* KISI said that somebody else made the user */
  gboolean waiting;  /* for an acknowledgement */
  gboolean dead;     /* cancelled while waiting for one */
  /* what the result is told as */
  const char *change, *cause;
};

/* --- job.c: the chain --- */

LkTime job_now (const Job *job);
/* The chain's next call is its own from here on: nothing that is begun later comes before it. */
void job_claim_call (Job *job);
/* FALSE: the budget has no room for the chain's next call yet; AGAIN is called when it has. */
gboolean job_may_call (Job *job, Step again);
/* Of every call: the LkKisiFunc whose data is the job; goes on with on_answer. */
void job_answered (LkKisiAnswer *answer, gpointer data);
/* Each writes one record and goes on with NEXT when it is acknowledged. */
void job_write_right (Job *job, Step next);
void job_write_member (Job *job, Step next);
/* The access-change of `change` and `cause`, about the right if the job has one, else the member.
 */
void job_write_change (Job *job, Step next);

/* What every call may say; TRUE: taken care of, the job goes on by itself or is over. */
gboolean job_common (Job *job, const LkKisiAnswer *answer);
/* KISI said 403: to this one object, or to the key altogether? Its own user tells (design §6.7). */
void job_check_key (Job *job);
void job_refuse_account (Job *job);

/* The ends; the job is freed. */
void job_done (Job *job);
void job_retry (Job *job);
void job_again (Job *job);

/* --- job_inspect.c --- */

/* Of RIGHTS (DriftRight) the one that is held under that id in KISI; NULL: none. */
const LkRight *job_held_right (const GArray *rights, gint64 right_id);

/* --- job_end.c --- */

/* The right is gone, and it was us: told, and then ended. */
void job_tell_removed (Job *job);
/* KISI refuses to take the right away; goes on with NEXT. */
void job_not_deleted (Job *job, Step next);

/* KISI says 404 to the right's group: it is gone and its rights wait, or the key sees none of ours
 * any more and the account is refused (design §6.7). */
void job_group_gone (Job *job);

/* --- job_block.c: what can't be done for this person --- */

/* The person can't be served in the action's group: recorded, told, and the plan goes on with the
 * rest. Looked at again at UNTIL; LK_TIME_NONE: when the facts change. */
void job_stop_group (Job *job, const char *reason, gint64 foreign, LkTime until);
/* Whether the ledger says so of the action's group already. */
gboolean job_is_stopped (const Job *job, const char *reason);
/* A right that can't be taken away now. The plan leaves it alone for AGAIN ms: else it would be
 * tried again at once, and before everything else of everybody. */
void job_stop_delete (Job *job, const char *reason, gint64 again);

/* --- the first step of each kind of action --- */

void job_find_user (Job *job);     /* job_user.c */
void job_start_create (Job *job);  /* job_create.c */
void job_start_resolve (Job *job); /* job_create.c */
void job_start_delete (Job *job);  /* job_end.c */
void job_start_change (Job *job);  /* job_end.c */
void job_start_look (Job *job);    /* job_end.c */
void job_start_inspect (Job *job); /* job_inspect.c */
void job_start_resync (Job *job);  /* job_inspect.c */

G_END_DECLS
