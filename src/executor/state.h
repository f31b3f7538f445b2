/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the executor of one KISI account knows: commands and ledger of its spaces as tables, and a
 * Person for each (space, member) that occurs in them. Loop thread.
 */
#pragma once

#include "drift.h"
#include "plan.h"
#include "queue.h"

#include <latchkey/model/rules.h>
#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _State State;
typedef struct _StateSpace StateSpace;

/* A row of KISI that is to be read by id for its person. */
typedef struct
{
  gint64 right_id;
  PlanAdopt adopt;
  PlanClass class;
} Inspection;

typedef struct
{
  StateSpace *space;
  gint64 member;
  QueueItem queued;    /* in the account's queue */
  gboolean dirty;      /* to be planned again */
  gboolean busy;       /* an action is under way */
  gboolean told;       /* new facts came since the last plan */
  GSequenceIter *wake; /* in the account's wake-ups; NULL: none */
  LkTime wake_at;
  LkBackoff backoff;
  LkTime retry_at;     /* after a failure; LK_TIME_NONE */
  PlanAction action;   /* what is queued; `right` is not kept, see right_key */
  char *right_key;     /* of the action's right in the ledger, or NULL */
  gboolean gives_way;  /* rights of a former user of theirs are in another person's way */
  char *held_address;  /* that nobody else may look for or make a user under, or NULL */
  GArray *inspections; /* Inspection, in the order they were wanted; NULL: none */
  GArray *restoring;   /* gint64: groups where a right of ours had gone missing; NULL: none */
  gboolean resync;     /* the operator wishes it */
  gint64 losing_since; /* steady: something is surplus that the ledger does not say yet; 0: none */
  gboolean waits;      /* in a space that is observed: something would be done */
} Person;

/* One record of the ledger. */
typedef struct
{
  gboolean is_right;
  LkTime at;      /* record timestamp */
  gint64 seen_at; /* steady: since when this process knows the intent that it says; see below */
  union
  {
    LkRight right;
    LkLedgerMember member;
  };
} LedgerEntry;

typedef struct
{
  LkCommand command;
  LkTime at;
  char traceparent[LK_TRACEPARENT]; /* of its record, or "" */
} CommandEntry;

struct _StateSpace
{
  State *state;
  const LkConfigSpace *config;
  LkTable *commands, *ledger, *rules;
  char *changes_topic, *ce_source;
  GHashTable *users;   /* gint64* KISI user → set of gint64* member, of the ledger */
  char *refusal;       /* why nothing is done for this space, or NULL */
  guint waiting;       /* people with `waits` */
  gpointer state_data; /* the account's, for walks over its people */
};

/* PERSON has something new to be planned; TOLD: it may lift what they are blocked for, as a command
 * does and a record of their own in our ledger does not. Called while the tables change: nothing is
 * written to them from it. */
typedef void (*StateChangedFunc) (Person *person, gboolean told, gpointer data);
/* Other rules stand for SPACE. */
typedef void (*StateRulesFunc) (StateSpace *space, gpointer data);

State *state_new (LkProgram *program, const LkConfigKisi *config, StateChangedFunc changed,
                  StateRulesFunc rules_changed, gpointer data);
void state_free (State *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (State, state_free)

LkProgram *state_program (const State *state);
const GPtrArray *state_spaces (const State *state); /* StateSpace* */
void state_own (State *state, gboolean own);        /* owning reads on to the ends as of now */
gboolean state_is_loaded (const State *state);
const char *state_trouble (const State *state);
guint state_pending (const State *state);
/* Of the first space whose ledger has a record of a newer format: this process does nothing for
 * that one (`refusal`), and goes on with the others. NULL: none. */
const char *state_refusal (const State *state);
/* Whether rights of SPACE may be written: it is not observed, and not refused. */
gboolean state_is_enforced (const StateSpace *space);

/* Every person, in no order. */
void state_foreach (State *state, void (*func) (Person *person, gpointer data), gpointer data);

/* The one of MEMBER; NULL: nothing was ever said of them. */
Person *state_find_person (const StateSpace *space, gint64 member);
/* Whose address (but for case) this is, of those who are entitled; the lowest id, as for a shared
 * one. NULL: nobody's. */
Person *state_person_of_address (const StateSpace *space, const char *address);

/* Row RIGHT_ID is to be read for PERSON. FALSE: it is already, as urgently and as freely. */
gboolean state_inspect (Person *person, gint64 right_id, PlanAdopt adopt, PlanClass class);
/* It was. */
void state_inspected (Person *person, gint64 right_id);
const Inspection *state_next_inspection (const Person *person); /* NULL: none */
/* Notes that GROUP lost a right of ours, so that the next one made there is told as restored. */
void state_note_restoring (Person *person, gint64 group);
/* Whether it did; forgets it. */
gboolean state_take_restoring (Person *person, gint64 group);

/* Facts for a plan; arrays are new, what they point to is borrowed until the tables change. */
void state_facts (Person *person, PlanFacts *out);
void state_facts_clear (PlanFacts *facts);

/* The member's own command, the ledger's records; NULL: none. Borrowed. */
const CommandEntry *state_member_command (const Person *person);
const LkLedgerMember *state_member_record (const Person *person);
const LkRight *state_right (const Person *person, const char *key);
/* For how long (ms) this process has known the intent of RIGHT, or, NULL, of PERSON's user: by the
 * steady clock, since the wall clock of whoever wrote it, and our own, may be set at any time. 0:
 * there is none. */
gint64 state_intent_age (const Person *person, const LkRight *right);
gint32 state_partition (const Person *person);
/* The newest version of what is said of PERSON; {0, 0}: nothing. */
LkVersion state_newest_version (const Person *person);
/* The trace of PERSON's newest command, a step further; FALSE: it has none. */
gboolean state_trace (const Person *person, char out[LK_TRACEPARENT]);
/* "<member>/<right>" into KEY. */
void state_right_key (const Person *person, const LkRight *right, char key[LK_KEY_MAX]);
/* The member of SPACE whose KISI user is USER, by the ledger; 0: nobody. */
gint64 state_member_of_user (StateSpace *space, gint64 user);
/* The KISI user as whom PERSON was invited under ADDRESS, in any space: KISI mails once (S5). 0:
 * none. */
gint64 state_invited_user (const Person *person, const char *address);
/* Whose right it is that has the KISI id RIGHT_ID; NULL: none of ours. */
Person *state_right_owner (const State *state, gint64 right_id);
/* Whether a right of ours has the KISI id RIGHT_ID, other than that of PERSON's KEY ("": any). */
gboolean state_knows_right_id (const Person *person, gint64 right_id, const char *key);

const LkRules *state_rules (const State *state, const char *space);
StateSpace *state_space (const State *state, const char *code);
/* The groups that the rules of all spaces map, some perhaps twice (gint64). Free with
 * g_array_unref. */
GArray *state_mapped_groups (const State *state);

/* Whether claims give PERSON the very WINDOW on GROUP. */
gboolean state_claims_window (Person *person, gint64 group, LkWindow window, LkTime now);

/* The space whose rules map GROUP; NULL: none. */
StateSpace *state_space_of_group (const State *state, gint64 group);
/* All rights of GROUP (0: of any) in the ledger of SPACE, of any state (DriftRight, borrowed until
 * the ledger changes; free with g_array_unref). */
GArray *state_rights (const StateSpace *space, gint64 group);
/* Those of PERSON. */
GArray *state_rights_of (const Person *person);

/* Whether what blocks PERSON was recorded before their newest command or the rules: it then speaks
 * of other facts than those of now. */
gboolean state_block_is_stale (const Person *person);

/* Tombstones rights that ended over 7 days ago. */
void state_sweep (State *state);

G_END_DECLS
