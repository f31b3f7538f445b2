/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What KISI lists against what the ledger holds (design §6.5, §6.9): whose a row is, and which of
 * our rights have none. The audit acts on it, the command line shows it. Pure (of KISI it needs no
 * more than the row's struct); one thread.
 */
#pragma once

#include <latchkey/kisi/kisi.h>
#include <latchkey/model/ledger.h>

G_BEGIN_DECLS

typedef enum
{
  DRIFT_NONE,    /* a right of ours as the ledger has it, or one that is just being made */
  DRIFT_MISSING, /* the ledger holds it, KISI has no such row */
  DRIFT_ALTERED, /* a right of ours whose window is another one in KISI */
  DRIFT_SURPLUS, /* ours, and the ledger does not hold it */
  DRIFT_FOREIGN, /* not ours: never changed */
  DRIFT_CLASSES
} DriftClass;

const char *drift_class_name (DriftClass class);

typedef struct
{
  const LkRight *right;
  LkTime recorded_at; /* the record's timestamp */
} DriftRight;

typedef struct
{
  DriftClass class;
  const LkRight *right; /* of MISSING, ALTERED, and SURPLUS that the ledger knows of; or NULL */
  const LkKisiAssignment *row; /* NULL for MISSING */
} Drift;

/* Rights of the ledger, of any state, to be looked up; RIGHTS (DriftRight) is borrowed. */
typedef struct _DriftIndex DriftIndex;

DriftIndex *drift_index_new (const GArray *rights, LkTime now);
void drift_index_free (DriftIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DriftIndex, drift_index_free)

/* What ROW is. EXCLUSIVE_USER: rows that this KISI user made are ours (`exclusive`); 0: none is by
 * that alone. *OUT_RIGHT (may be NULL) is the right of the ledger it belongs to, or NULL. A row
 * that is the late effect of an intent is taken for one intent only, so each row is judged once. */
DriftClass drift_judge (DriftIndex *index, const LkKisiAssignment *row, gint64 exclusive_user,
                        const LkRight **out_right);

/* ROWS (LkKisiAssignment) is KISI's whole list of GROUP, asked for at LISTED_AT; of RIGHTS, those
 * of that group count. GROUP 0: of any, so that RIGHTS say what was listed. All that is not as it
 * should be (element: Drift; free with g_array_unref). A right that was recorded since is not
 * missing, nor is one that is over. */
GArray *drift_compare (gint64 group, const GPtrArray *rows, const GArray *rights,
                       gint64 exclusive_user, LkTime listed_at, LkTime now);

/* Whether ROW is what a create of INTENT would have made: same user, group and window, and not
 * there before (design §6.5), by a clock that may have been off by PLAN_CLOCK_OFF_MS. */
gboolean drift_is_of_intent (const LkKisiAssignment *row, const LkRight *intent);
/* Whether it was made since, also if no clock was wrong: such a row is the intent's before others.
 */
gboolean drift_is_since (const LkKisiAssignment *row, const LkRight *intent);

/* INTENT was given up without an id at most 7 days before NOW: its create may show all the same. */
gboolean drift_is_lost_intent (const LkRight *intent, LkTime now);

G_END_DECLS
