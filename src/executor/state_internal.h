/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of the executor's state have in common. Loop thread.
 */
#pragma once

#include "state.h"

G_BEGIN_DECLS

struct _State
{
  LkProgram *program;
  GPtrArray *spaces;     /* StateSpace* */
  GHashTable *people;    /* Person* → itself, by (space, member) */
  GHashTable *addresses; /* Nexudus account and lower-case address → GHashTable of gint64* member
                            → its entitled commands */
  GHashTable *right_owners; /* gint64* KISI right → the Person whose ledger names it */
  StateChangedFunc changed;
  StateRulesFunc rules_changed;
  gpointer data;
  gboolean owned; /* this process is the account's owner */
};

/* --- state_people.c: people, and who has which address --- */

guint state_person_hash (gconstpointer person);
gboolean state_person_equal (gconstpointer a, gconstpointer b);
void state_person_free (gpointer person);
/* The one of MEMBER, made when there is none yet. */
Person *state_person (StateSpace *space, gint64 member);
/* COMMAND says (BY 1), or no longer says (BY -1), that its member is entitled under its address. */
void state_note_address (StateSpace *space, const LkCommand *command, int by);
/* Somebody of a lower id is entitled under the same address. */
gboolean state_is_shared (const StateSpace *space, const LkCommand *command);
/* The others who have the address of COMMAND (may be NULL) are planned again. */
void state_address_changed (StateSpace *space, const LkCommand *command);
/* RIGHT of MEMBER is over: it may have been in the way of the others who have its KISI user. */
void state_right_ended (StateSpace *space, gint64 member, const LkRight *right);
/* ENTRY of MEMBER stands in the ledger of SPACE, or (ADD FALSE) no longer does. */
void state_index_entry (StateSpace *space, gint64 member, const LedgerEntry *entry, gboolean add);

/* --- state_tables.c: records of the three tables; data is the StateSpace --- */

extern const LkTableOps state_command_ops, state_ledger_ops, state_rules_ops;
gint64 state_member_of_key (const char *key);

G_END_DECLS
