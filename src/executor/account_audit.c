/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the audit finds, handed to plans, reports, wishes and the account's record.
 */
#include "account_internal.h"

static gboolean
may_call (gpointer data)
{
  const Account *account = data;

  return account->acting && !account->refused;
}

static void
begun (gpointer data)
{
  reports_refresh_doors (((Account *) data)->reports);
}

static void
done (LkTime at, gpointer data)
{
  Account *account = data;

  account->record.audited_at = at;
  account_write_record (account);
}

static void
request_begun (StateSpace *space, gpointer data)
{
  wishes_listing_begun (((Account *) data)->wishes, space);
}

static void
request_done (StateSpace *space, gboolean ok, gpointer data)
{
  wishes_listed (((Account *) data)->wishes, space, ok);
}

static void
foreign (StateSpace *space, const LkKisiAssignment *row, gpointer data)
{
  wishes_foreign_row (((Account *) data)->wishes, space, row);
}

const AuditHandler account_audit_handler = { .found = account_mark_dirty,
                                             .refused = account_refuse,
                                             .may_call = may_call,
                                             .begun = begun,
                                             .done = done,
                                             .request_begun = request_begun,
                                             .request_done = request_done,
                                             .foreign = foreign };
