/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The audit of one KISI account (design §6.9): each mapped group is listed and compared with the
 * ledger. What is missing or altered is read by id at once; what is surplus after two sightings,
 * ten minutes apart (or the audit's interval, where that is shorter). Either is then one row to be
 * inspected for its person, in the order of urgency with everything else (job_inspect.c). Foreign
 * rights are counted. It remembers nothing but sightings: whoever wants to see the drift compares
 * anew with drift.h. Loop thread.
 *
 * The rate: a fifth of it, behind rights and door events (share.h); so audit_turn is called before
 * the executor starts calls of its own in the same turn.
 */
#pragma once

#include "state.h"

#include <latchkey/kisi/kisi.h>

G_BEGIN_DECLS

typedef struct
{
  /* PERSON has a row to be inspected. */
  void (*found) (Person *person, gpointer data);
  /* KISI refuses the key. */
  void (*refused) (const char *reason, gpointer data);
  gboolean (*may_call) (gpointer data);
  /* An audit of all groups began. */
  void (*begun) (gpointer data);
  /* One of all groups ended whole; it began at AT. */
  void (*done) (LkTime at, gpointer data);
  /* The one that audit_request asked for. OK: each of its groups was listed. */
  void (*request_begun) (StateSpace *space, gpointer data);
  void (*request_done) (StateSpace *space, gboolean ok, gpointer data);
  /* Of such a one, each row that is not ours; borrowed until it returns. */
  void (*foreign) (StateSpace *space, const LkKisiAssignment *row, gpointer data);
} AuditHandler;

typedef struct _Audit Audit;

/* Everything is borrowed and outlives the result. */
Audit *audit_new (LkProgram *program, const LkConfigKisi *config, LkKisi *kisi, LkBudget *budget,
                  State *state, const AuditHandler *handler, gpointer data);
void audit_free (Audit *audit); /* before the KISI client */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Audit, audit_free)

/* Becoming the owner: the next audit is due an interval after the last one began at AUDITED_AT, at
 * once when there was none. Stop drops the read under way, sightings and requests. */
void audit_start (Audit *audit, LkTime audited_at);
void audit_stop (Audit *audit);
/* The interval may have changed. */
void audit_reloaded (Audit *audit);

/* Lists the groups of SPACE next; what is surplus is inspected at the first sighting. */
void audit_request (Audit *audit, StateSpace *space);

/* The KISI user of `exclusive` accounts; 0: not exclusive. Rows count as ours by it only here. */
void audit_set_exclusive_user (Audit *audit, gint64 user);

void audit_turn (Audit *audit);

G_END_DECLS
