/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The account's key: whether KISI accepts it, and, where rows that its user made count as ours
 * (`exclusive`), who that user is.
 */
#include "account_internal.h"

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>

#define AGAIN_MS (30 * LK_SECOND)

static void probe (gpointer data);

static void
probed (LkKisiAnswer *answer, gpointer data)
{
  Account *account = data;

  account->probe = NULL;
  if (answer->verdict == LK_KISI_OK)
    {
      account->refused = FALSE;
      g_clear_pointer (&account->record.fault, g_free);
      account_write_record (account);
      lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "kisi", account->config->account, NULL);
      lk_info (LK_F (.account = account->config->account, .event = "accepted"),
               "KISI accepts the key again");
      return;
    }
  account->refused_timer = lk_timers_add (account->timers, AGAIN_MS, probe, account);
}

static void
probe (gpointer data)
{
  Account *account = data;

  account->refused_timer = NULL;
  account->probe = lk_kisi_whoami (account->kisi, probed, account);
}

void
account_refuse (const char *reason, gpointer data)
{
  Account *account = data;

  /* What one hears who no longer acts is the next owner's to find out. */
  if (account->refused || !account->acting)
    return;
  account->refused = TRUE;
  g_free (account->record.fault);
  account->record.fault = g_strdup (reason);
  account_write_record (account);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 1, "kisi", account->config->account, NULL);
  lk_error (LK_F (.account = account->config->account, .event = "refused"),
            "KISI refuses the key (%s): no call is made until it is accepted again; rights that "
            "were written keep working",
            reason);
  account->refused_timer = lk_timers_add (account->timers, AGAIN_MS, probe, account);
}

/* --- whose it is ------------------------------------------------------------------------------ */

static void
identified (LkKisiAnswer *answer, gpointer data)
{
  Account *account = data;

  account->self = NULL;
  if (answer->verdict == LK_KISI_OK)
    {
      account->context.own_user_id = ((LkKisiUser *) answer->users->pdata[0])->id;
      audit_set_exclusive_user (account->audit, account->context.own_user_id);
      account_arm (account, 0);
    }
  else if (answer->verdict == LK_KISI_UNAUTHORIZED || answer->verdict == LK_KISI_FORBIDDEN)
    account_refuse (answer->message, account);
  else
    account->self_at = lk_clock_steady (account->clock) + AGAIN_MS;
}

gboolean
account_is_identified (Account *account)
{
  if (!account->config->exclusive || account->context.own_user_id != 0)
    return TRUE;
  if (account->self == NULL && !account->refused
      && lk_clock_steady (account->clock) >= account->self_at
      && lk_budget_wait_ms (account->budget, 0) == 0)
    account->self = lk_kisi_whoami (account->kisi, identified, account);
  return FALSE;
}

void
account_forget_key (Account *account)
{
  lk_timers_cancel (account->timers, g_steal_pointer (&account->refused_timer));
  if (account->probe != NULL)
    lk_kisi_cancel (account->kisi, g_steal_pointer (&account->probe));
  if (account->self != NULL)
    lk_kisi_cancel (account->kisi, g_steal_pointer (&account->self));
  account->refused = FALSE;
  account->self_at = 0;
  account->context.own_user_id = 0; /* the key may be another one next time */
}
