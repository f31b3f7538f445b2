/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Door events of one KISI account → access-reports of its spaces (design §8): when to read which
 * span of time, which groups open which door, whom the event is about, and that a span counts as
 * read only when all its reports are acknowledged. What is known about people it asks of the
 * executor. Loop thread.
 *
 * The rate: rights come first. A call starts only where it leaves 40 % of the account's rate to
 * them, unless it has waited so long that it has not had its own tenth of the rate; so reports_turn
 * is called before the executor starts calls of its own in the same turn.
 */
#pragma once

#include <latchkey/model/rules.h>
#include <latchkey/program/program.h>

#include "judge.h"

G_BEGIN_DECLS

/* What the executor answers; DATA is the pointer given to reports_new. All are called only between
 * reports_start and reports_stop, from reports_turn or lk_kisi_turn or the producer's turn. */
typedef struct
{
  /* The groups that the rules map, whose doors are read (gint64; free with g_array_unref). */
  GArray *(*groups) (gpointer data);
  /* Fills FACTS (initialised, empty) with what stands in SPACE for the member whose KISI user is
   * KISI_USER_ID, borrowed until the loop's next turn; FALSE when the ledger of SPACE has no such
   * user. Where several members do (one address twice), the entitled one. */
  gboolean (*facts) (const char *space, gint64 kisi_user_id, LkJudgeFacts *facts, gpointer data);
  /* `events_until` of kisi-account.<account>, LK_TIME_NONE at first. */
  LkTime (*events_until) (gpointer data);
  /* Writes it. All reports up to there are acknowledged. */
  void (*set_events_until) (LkTime until, gpointer data);
  /* FALSE while the account is refused (design §6.7): no call is started. */
  gboolean (*may_call) (gpointer data);
  /* KISI said 401 or 403 to one of these calls: for the executor to judge the account. */
  void (*refused) (const LkKisiAnswer *answer, gpointer data);
  /* KISI answered one of these calls as it should. */
  void (*answered) (gpointer data);
} LkReportsLookup;

typedef struct _LkReports LkReports;

/* Everything is borrowed and outlives the result. */
LkReports *reports_new (LkProgram *program, const LkConfigKisi *config, LkKisi *kisi,
                        LkBudget *budget, const LkReportsLookup *lookup, gpointer data);
void
reports_free (LkReports *reports); /* before the KISI client; unacknowledged ones are dropped */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkReports, reports_free)

/* Becoming the account's owner, tables loaded: reads on from the recorded mark. Stop: starts
 * nothing new and drops the read under way; what was sent still waits for its acknowledgement. */
void reports_start (LkReports *reports);
void reports_stop (LkReports *reports);

/* TRUE to be called again at once. */
gboolean reports_turn (LkReports *reports);

/* Sent and not yet acknowledged. */
guint reports_pending (const LkReports *reports);

/* The rules changed: the doors of groups that are new are read. With each audit: all of them. */
void reports_rules_changed (LkReports *reports);
void reports_refresh_doors (LkReports *reports);

/* Unix ms of the newest span that is wholly reported, for status; LK_TIME_NONE: none yet. */
LkTime reports_until (const LkReports *reports);

G_END_DECLS
