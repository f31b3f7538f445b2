/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Ledger records as JSON. `format` is the first row, so that a record of a newer version is
 * refused as such before any of its fields is found wrong.
 */
#include <latchkey/model/ledger.h>

#include "shape.h"
#include "write.h"

#define BLOCKED_MAX 512
#define SOURCES_MAX 4096

static const LkField blocked_fields[] = {
  LK_FIELD (ID_NULL, LkBlocked, group_id),
  LK_FIELD (TEXT, LkBlocked, reason),
  LK_FIELD (ID_NULL, LkBlocked, foreign_right_id),
  LK_FIELD (TIME_NULL, LkBlocked, until),
};

static const LkShape blocked_shape
    = { blocked_fields, G_N_ELEMENTS (blocked_fields), sizeof (LkBlocked), -1, NULL };

static const LkField member_fields[] = {
  LK_FIELD (FORMAT, LkLedgerMember, format),
  LK_FIELD (ID, LkLedgerMember, member),
  LK_FIELD (TEXT, LkLedgerMember, space),
  LK_FIELD (ID_NULL, LkLedgerMember, kisi_user_id),
  LK_FIELD (TEXT_NULL, LkLedgerMember, email),
  LK_FIELD (TIME_NULL, LkLedgerMember, invited_at),
  LK_FIELD (TIME_NULL, LkLedgerMember, intended_at, .flags = LK_FIELD_SPARE),
  LK_FIELD (TIME_NULL, LkLedgerMember, checked_at),
  LK_FIELD (LIST,
            LkLedgerMember,
            blocked,
            .count_at = offsetof (LkLedgerMember, n_blocked),
            .max = BLOCKED_MAX,
            .shape = &blocked_shape),
};

const LkShape lk_ledger_member_shape
    = { member_fields, G_N_ELEMENTS (member_fields), sizeof (LkLedgerMember), -1, NULL };

gboolean
lk_ledger_member_parse (LkLedgerMember *out, const char *json, gsize len, GError **error)
{
  LkLedgerMember member;

  if (!lk_shape_parse (&lk_ledger_member_shape, &member, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = member;
  return TRUE;
}

void
lk_ledger_member_write (const LkLedgerMember *member, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "format", LK_LEDGER_FORMAT);
  lk_json_int (&writer, "member", member->member);
  lk_json_string (&writer, "space", member->space);
  lk_json_id (&writer, "kisi_user_id", member->kisi_user_id);
  lk_json_string (&writer, "email", member->email);
  lk_json_time (&writer, "invited_at", member->invited_at);
  lk_json_time (&writer, "intended_at", member->intended_at);
  lk_json_time (&writer, "checked_at", member->checked_at);
  lk_json_begin_array (&writer, "blocked");
  for (guint i = 0; i < member->n_blocked; i++)
    {
      const LkBlocked *blocked = &member->blocked[i];

      lk_json_begin_object (&writer, NULL);
      lk_json_id (&writer, "group_id", blocked->group_id);
      lk_json_string (&writer, "reason", blocked->reason);
      lk_json_id (&writer, "foreign_right_id", blocked->foreign_right_id);
      lk_json_time (&writer, "until", blocked->until);
      lk_json_end_object (&writer);
    }
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
}

void
lk_ledger_member_clear (LkLedgerMember *member)
{
  lk_shape_clear (&lk_ledger_member_shape, member);
}

gboolean
lk_block_is_of_delete (const char *reason)
{
  return g_str_has_prefix (reason, "delete_");
}

static const char *const state_names[] = {
  [LK_RIGHT_INTENDED] = "intended",
  [LK_RIGHT_HELD] = "held",
  [LK_RIGHT_ENDED] = "ended",
};

const char *
lk_right_state_name (LkRightState state)
{
  g_assert ((guint)state < G_N_ELEMENTS (state_names));
  return state_names[state];
}

/* A state that we do not know is no enum value to pass over: what would we do with the right? */
static int
state_of (const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (g_str_equal (state_names[i], text))
      return (int)i;
  return -1;
}

static const LkField right_fields[] = {
  LK_FIELD (FORMAT, LkRight, format),
  LK_FIELD (ID, LkRight, member),
  LK_FIELD (TEXT, LkRight, space),
  LK_FIELD (TEXT, LkRight, right),
  LK_FIELD (WORD, LkRight, state, .word = state_of),
  LK_FIELD (ID, LkRight, kisi_user_id),
  LK_FIELD (ID, LkRight, group_id),
  LK_FIELD (ID_NULL, LkRight, right_id),
  LK_FIELD_AS ("valid_from", TIME_NULL, LkRight, window.from),
  LK_FIELD_AS ("valid_until", TIME_NULL, LkRight, window.until),
  LK_FIELD (TEXTS, LkRight, sources, .max = SOURCES_MAX),
  LK_FIELD (TIME_NULL, LkRight, intended_at, .flags = LK_FIELD_SPARE),
  LK_FIELD (TIME_NULL, LkRight, ended_at, .flags = LK_FIELD_SPARE),
  LK_FIELD (TIME_NULL, LkRight, touched_at, .flags = LK_FIELD_SPARE),
  LK_FIELD (TIME_NULL, LkRight, surplus_since, .flags = LK_FIELD_SPARE),
};

const LkShape lk_right_shape
    = { right_fields, G_N_ELEMENTS (right_fields), sizeof (LkRight), -1, NULL };

gboolean
lk_right_parse (LkRight *out, const char *json, gsize len, GError **error)
{
  LkRight right;

  if (!lk_shape_parse (&lk_right_shape, &right, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = right;
  return TRUE;
}

void
lk_right_write (const LkRight *right, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "format", LK_LEDGER_FORMAT);
  lk_json_int (&writer, "member", right->member);
  lk_json_string (&writer, "space", right->space);
  lk_json_string (&writer, "right", right->right);
  lk_json_string (&writer, "state", lk_right_state_name (right->state));
  lk_json_int (&writer, "kisi_user_id", right->kisi_user_id);
  lk_json_int (&writer, "group_id", right->group_id);
  lk_json_id (&writer, "right_id", right->right_id);
  lk_json_time (&writer, "valid_from", right->window.from);
  lk_json_time (&writer, "valid_until", right->window.until);
  lk_json_texts (&writer, "sources", right->sources);
  lk_json_time (&writer, "intended_at", right->intended_at);
  lk_json_time (&writer, "ended_at", right->ended_at);
  lk_json_time (&writer, "touched_at", right->touched_at);
  lk_json_time (&writer, "surplus_since", right->surplus_since);
  lk_json_end_object (&writer);
}

void
lk_right_clear (LkRight *right)
{
  lk_shape_clear (&lk_right_shape, right);
}

void
lk_right_copy (LkRight *out, const LkRight *right)
{
  *out = *right;
  out->space = g_strdup (right->space);
  out->right = g_strdup (right->right);
  out->sources = g_strdupv (right->sources);
}
