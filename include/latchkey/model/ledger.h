/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The ledger: what the executor did in KISI (topic ledger, design §6). One record per member (its
 * KISI user, a cache) and one per right (its life: intended, held, ended). Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/model/window.h>

G_BEGIN_DECLS

#define LK_LEDGER_FORMAT 1 /* a reader refuses a higher one (design §3) */

typedef struct
{
  gint64 group_id;         /* 0 (null in JSON): in every group */
  char *reason;            /* a word, e.g. "foreign_right", "refused", "user_gone" */
  gint64 foreign_right_id; /* 0: none */
  LkTime until;            /* LK_TIME_NONE: until something changes */
} LkBlocked;

typedef struct
{
  gint64 format;
  gint64 member;
  char *space;
  gint64 kisi_user_id; /* 0: not known yet (an intent to create the user is then open) */
  char *email;
  LkTime invited_at; /* LK_TIME_NONE: not by us */
  LkTime intended_at; /* a user create was about to start then; LK_TIME_NONE once its result is in */
  LkTime checked_at;
  LkBlocked *blocked;
  guint n_blocked;
} LkLedgerMember;

gboolean lk_ledger_member_parse (LkLedgerMember *out, const char *json, gsize len, GError **error);
void lk_ledger_member_write (const LkLedgerMember *member, GString *out);
void lk_ledger_member_clear (LkLedgerMember *member);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkLedgerMember, lk_ledger_member_clear)
/* Whether REASON of a block is about taking a right away: it then stops deletes in its group and
 * nothing else. Every other reason stops creates, and deletes go on. */
gboolean lk_block_is_of_delete (const char *reason);

typedef enum
{
  LK_RIGHT_INTENDED, /* a create may be under way or have happened */
  LK_RIGHT_HELD,
  LK_RIGHT_ENDED,
} LkRightState;

typedef struct
{
  gint64 format;
  gint64 member;
  char *space;
  char *right; /* UUID, or "kisi-<id>" */
  LkRightState state;
  gint64 kisi_user_id, group_id;
  gint64 right_id; /* KISI role assignment; 0: not known */
  LkWindow window;
  char **sources;      /* NULL-terminated: "pass/17" */
  LkTime intended_at;  /* when the create was about to start */
  LkTime ended_at;     /* LK_TIME_NONE unless ended */
  /* A delete or change of it in KISI was about to start then, and what came of it is not known yet;
   * LK_TIME_NONE once it is. */
  LkTime touched_at;
  /* Since when it opens what nothing gives, by commands that said so and may be gone by now;
   * LK_TIME_NONE: it does not, or nobody said so. */
  LkTime surplus_since;
} LkRight;

gboolean lk_right_parse (LkRight *out, const char *json, gsize len, GError **error);
void lk_right_write (const LkRight *right, GString *out);
void lk_right_clear (LkRight *right);
void lk_right_copy (LkRight *out, const LkRight *right);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkRight, lk_right_clear)
const char *lk_right_state_name (LkRightState state);

G_END_DECLS
