/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Why a door event came out as it did (design §8): from the event, the groups that open its door
 * and what stands for the person, to the access report. Pure; links base and model only (of KISI
 * it needs no more than the event's struct).
 */
#pragma once

#include <latchkey/kisi/kisi.h>
#include <latchkey/model/command.h>
#include <latchkey/model/ledger.h>
#include <latchkey/model/report.h>

G_BEGIN_DECLS

/* A record that stands, and when it was written (the record's timestamp): what is older than the
 * event makes the basis exact. LK_TIME_NONE: not known. Both are borrowed. */
typedef struct
{
  const LkCommand *command; /* claims.set of a pass or booking, empty ones too */
  LkTime recorded_at;
} LkJudgeCommand;

typedef struct
{
  const LkRight *right; /* of any state */
  LkTime recorded_at;
} LkJudgeRight;

/* What stands for one member in one space. */
typedef struct
{
  gint64 member;      /* 0: the event's person is nobody we know */
  gboolean entitled;  /* of its member.set */
  LkTime recorded_at; /* of its member.set */
  GArray *commands;   /* LkJudgeCommand */
  GArray *rights;     /* LkJudgeRight */
} LkJudgeFacts;

void lk_judge_facts_init (LkJudgeFacts *facts);
void lk_judge_facts_clear (LkJudgeFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkJudgeFacts, lk_judge_facts_clear)
void lk_judge_facts_add_command (LkJudgeFacts *facts, const LkCommand *command, LkTime recorded_at);
void lk_judge_facts_add_right (LkJudgeFacts *facts, const LkRight *right, LkTime recorded_at);

/* Which mapped groups open the event's door. */
typedef struct
{
  gboolean
      known; /* FALSE: not (wholly) read from KISI yet, so that a missing group means nothing */
  const gint64 *groups;
  guint n_groups;
} LkJudgeDoor;

/* Whether TYPE (of a KISI event) is one that is reported. */
gboolean lk_judge_reports_type (const char *type);

/* The report of EVENT, judged at its own time, all but `business_date`, which the caller sets; OUT
 * is overwritten and then owned by the caller (lk_access_report_clear). The event's type is one
 * that is reported. OBSERVED_AT is when it was read: of long past events the ledger has forgotten
 * the rights. */
void lk_judge_event (const LkKisiEvent *event, const char *space, LkTime observed_at,
                     const LkJudgeDoor *door, const LkJudgeFacts *facts, LkAccessReport *out);

G_END_DECLS
