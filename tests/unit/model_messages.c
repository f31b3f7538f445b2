/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The table of messages.
 */
#include "model_messages.h"

#include <latchkey/model/command.h>
#include <latchkey/model/control.h>
#include <latchkey/model/ledger.h>
#include <latchkey/model/report.h>
#include <latchkey/model/rules.h>
#include <latchkey/model/snapshot.h>

#include "../../src/lib/model/shape.h"

#define REWRITE(Type, stem)                                                                        \
  static gboolean rewrite_##stem (const char *json, gsize len, GString *out, GError **error)       \
  {                                                                                                \
    g_auto (Type) message = { 0 };                                                                 \
                                                                                                   \
    if (!lk_##stem##_parse (&message, json, len, error))                                           \
      return FALSE;                                                                                \
    lk_##stem##_write (&message, out);                                                             \
    return TRUE;                                                                                   \
  }                                                                                                \
                                                                                                   \
  static void write_##stem (const void *message, GString *out)                                     \
  {                                                                                                \
    lk_##stem##_write (message, out);                                                              \
  }

REWRITE (LkMember, member)
REWRITE (LkPass, pass)
REWRITE (LkBooking, booking)
REWRITE (LkCommand, command)
REWRITE (LkLedgerMember, ledger_member)
REWRITE (LkRight, right)
REWRITE (LkWish, wish)
REWRITE (LkOutcome, outcome)
REWRITE (LkNexudusAccount, nexudus_account)
REWRITE (LkKisiAccount, kisi_account)
REWRITE (LkAccessReport, access_report)
REWRITE (LkAccessChange, access_change)
REWRITE (LkReject, reject)

static gboolean
rewrite_rules (const char *json, gsize len, GString *out, GError **error)
{
  g_autoptr (LkRules) rules = lk_rules_parse (json, len, error);

  if (rules == NULL)
    return FALSE;
  lk_rules_write (rules, out);
  return TRUE;
}

const Message messages[] = {
  { "member", rewrite_member, write_member, &lk_member_shape, NULL },
  { "pass", rewrite_pass, write_pass, &lk_pass_shape, NULL },
  { "booking", rewrite_booking, write_booking, &lk_booking_shape, NULL },
  { "rules", rewrite_rules, NULL, NULL, NULL },
  { "command", rewrite_command, write_command, &lk_claims_set_shape, &lk_member_set_shape },
  { "ledger-member", rewrite_ledger_member, write_ledger_member, &lk_ledger_member_shape, NULL },
  { "right", rewrite_right, write_right, &lk_right_shape, NULL },
  { "wish", rewrite_wish, write_wish, &lk_wish_shape, NULL },
  { "outcome", rewrite_outcome, write_outcome, &lk_outcome_shape, NULL },
  { "nexudus-account", rewrite_nexudus_account, write_nexudus_account, &lk_nexudus_account_shape,
    NULL },
  { "kisi-account", rewrite_kisi_account, write_kisi_account, &lk_kisi_account_shape, NULL },
  { "access-change", rewrite_access_change, write_access_change, &lk_access_change_shape, NULL },
  { "access-report", rewrite_access_report, write_access_report, &lk_access_report_shape, NULL },
  { "reject", rewrite_reject, write_reject, NULL, NULL },
};
const guint n_messages = G_N_ELEMENTS (messages);

const Message *
message_find (const char *name)
{
  for (guint i = 0; i < n_messages; i++)
    if (g_str_equal (messages[i].name, name))
      return &messages[i];
  return NULL;
}
