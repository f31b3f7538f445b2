/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One account: who acts, and what begins when. The owner lists everything; once all that rows refer
 * to is known, incremental cycles go on beside the listings.
 */
#include "account.h"

#include "forget.h"
#include "incremental.h"
#include "listing.h"

#include <latchkey/base/metrics.h>

#define SWEEP_MS LK_HOUR

typedef struct
{
  StoreKind kind;
  gint64 id;
} Again;

struct _Account
{
  Desk desk;
  GPtrArray *spaces; /* LkConfigSpace* of this account */
  gint64 *businesses;
  const LkZone **zones;
  GPtrArray *wishes; /* LkWishes*, by space */
  RouteSpaces route;
  LkBudget *budget;
  World *world;
  Incremental *incremental;
  Listing *listing;
  Forget *forget;
  LkTimer *sweep_timer;

  gboolean owned, acting; /* acting: owned, and the tables are read to their ends */
  GArray *again;          /* Again, of what was overruled before composites were read */
};

/* --- what begins when ---------------------------------------------------------------------------
 */

static void
can_read_changes (gpointer data)
{
  Account *account = data;

  rows_know_composites (account->desk.rows);
  for (guint i = 0; i < account->again->len; i++)
    {
      const Again *again = &g_array_index (account->again, Again, i);
      rows_read_again (account->desk.rows, again->kind, again->id);
    }
  g_array_set_size (account->again, 0);
  incremental_start (account->incremental);
}

static void
cycle_ended (gboolean lacks, gpointer data)
{
  if (lacks)
    listing_start (((Account *) data)->listing);
}

static void
wished (const char *key, const LkWish *wish, gpointer data)
{
  const Account *account = data;

  (void) key;
  if (account->forget != NULL)
    forget_soon (account->forget);
  if (account->acting && wish != NULL && g_str_equal (wish->wish, "brake-release"))
    listing_start (account->listing); /* at whose end it is answered */
}

static void
sweep (gpointer data)
{
  Account *account = data;

  store_sweep (account->desk.store);
  account->sweep_timer = lk_timers_add (account->desk.timers, SWEEP_MS, sweep, account);
}

static void
begin_acting (Account *account)
{
  const char *name = account->desk.config->account;

  record_begin (account->desk.record);
  brake_begin (account->desk.brake);
  account->acting = TRUE;
  lk_info (LK_F (.account = name, .event = "acting"), "polling this account now");
  lk_metric_set (LK_M_POLLER_OWNER, 1, name, NULL);
  account->sweep_timer = lk_timers_add (account->desk.timers, SWEEP_MS, sweep, account);
  listing_start (account->listing);
}

static void
end_acting (Account *account)
{
  const char *name = account->desk.config->account;

  account->acting = FALSE;
  lk_metric_set (LK_M_POLLER_OWNER, 0, name, NULL);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "nexudus", name, NULL);
  lk_nexudus_cancel_all (account->desk.nexudus);
  rows_reset (account->desk.rows);
  forget_stop (account->forget);
  world_reset (account->world);
  incremental_stop (account->incremental);
  listing_stop (account->listing);
  brake_end (account->desk.brake);
  lk_timers_cancel (account->desk.timers, account->sweep_timer);
  account->sweep_timer = NULL;
}

/* --- ownership ----------------------------------------------------------------------------------
 */

void
account_own (Account *account)
{
  account->owned = TRUE;
  store_own (account->desk.store, TRUE);
  record_own (account->desk.record, TRUE);
}

void
account_disown (Account *account, gboolean lost)
{
  if (account->acting && !lost)
    record_write (account->desk.record, TRUE);
  account->owned = FALSE;
  g_array_set_size (account->again, 0); /* the next owner finds them by itself */
  store_own (account->desk.store, FALSE);
  record_own (account->desk.record, FALSE);
  if (account->acting)
    end_acting (account);
}

void
account_stood_still (Account *account, gint64 ms)
{
  if (!account->owned)
    return;
  lk_warning (LK_F (.account = account->desk.config->account, .event = "stood_still"),
              "this process stood still for %" G_GINT64_FORMAT
              " ms; if the account is still ours, it is read from the beginning",
              ms);
  account_disown (account, TRUE);
  account_own (account);
}

static guint
pending_outcomes (const Account *account)
{
  guint pending = 0;

  for (guint i = 0; i < account->wishes->len; i++)
    pending += lk_wishes_pending (account->wishes->pdata[i]);
  return pending;
}

static gboolean
wishes_are_loaded (const Account *account)
{
  for (guint i = 0; i < account->wishes->len; i++)
    if (!lk_wishes_are_loaded (account->wishes->pdata[i]))
      return FALSE;
  return TRUE;
}

static const char *
wishes_trouble (const Account *account)
{
  for (guint i = 0; i < account->wishes->len; i++)
    if (lk_wishes_trouble (account->wishes->pdata[i]) != NULL)
      return lk_wishes_trouble (account->wishes->pdata[i]);
  return NULL;
}

gboolean
account_is_idle (const Account *account)
{
  return store_pending (account->desk.store) == 0 && record_is_idle (account->desk.record)
         && pending_outcomes (account) == 0;
}

/* --- life ---------------------------------------------------------------------------------------
 */

static void
read_again (StoreKind kind, gint64 id, gpointer data)
{
  Account *account = data;
  const Again again = { kind, id };

  if (account->acting && rows_knows_composites (account->desk.rows))
    rows_read_again (account->desk.rows, kind, id);
  else
    g_array_append_val (account->again, again);
}

static void
find_spaces (Account *account, const GPtrArray *spaces, const LkConfigNexudus *config)
{
  account->spaces = g_ptr_array_new ();
  for (guint i = 0; i < spaces->len; i++)
    if (((LkConfigSpace *) spaces->pdata[i])->nexudus == config)
      g_ptr_array_add (account->spaces, spaces->pdata[i]);
  account->businesses = g_new (gint64, account->spaces->len + 1);
  account->zones = g_new (const LkZone *, account->spaces->len + 1);
  for (guint i = 0; i < account->spaces->len; i++)
    {
      const LkConfigSpace *space = account->spaces->pdata[i];
      account->businesses[i] = space->business;
      account->zones[i] = space->zone;
    }
  account->route = (RouteSpaces){ account->businesses, account->spaces->len };
}

static void
wishes_free (gpointer wishes)
{
  lk_wishes_free (wishes);
}

Account *
account_new (LkProgram *program, const LkConfigNexudus *config)
{
  Account *account = g_new0 (Account, 1);
  Desk *desk = &account->desk;
  LkBudgetWindow windows[LK_NEXUDUS_WINDOWS];

  find_spaces (account, lk_program_spaces (program), config);
  account->again = g_array_new (FALSE, FALSE, sizeof (Again));
  desk->config = config;
  desk->clock = lk_program_clock (program);
  desk->timers = lk_program_timers (program);
  lk_nexudus_windows (config, windows);
  account->budget = lk_budget_new (desk->clock, windows, LK_NEXUDUS_WINDOWS);
  desk->nexudus = lk_nexudus_new (config, desk->clock, desk->timers, account->budget);
  desk->store = store_new (program, account->spaces, read_again, account);
  account->world = world_new (&account->route, account->zones);
  desk->rows = rows_new (config->account, desk->store, account->world, desk->nexudus,
                         &account->route, desk->clock);
  desk->record = record_new (program, config, account->budget);
  account->wishes = g_ptr_array_new_with_free_func (wishes_free);
  for (guint i = 0; i < account->spaces->len; i++)
    g_ptr_array_add (account->wishes, lk_wishes_new (program, account->spaces->pdata[i],
                                                     POLLER_PROGRAM, wished, account));
  desk->brake = brake_new (desk->clock, config->account, account->spaces, account->wishes,
                           desk->store, desk->record);
  account->incremental = incremental_new (desk, cycle_ended, account);
  account->listing = listing_new (desk, can_read_changes, account);
  account->forget = forget_new (desk, account->wishes);
  lk_metric_set (LK_M_POLLER_OWNER, 0, config->account, NULL);
  lk_metric_set (LK_M_ACCOUNT_REFUSED, 0, "nexudus", config->account, NULL);
  return account;
}

void
account_free (Account *account)
{
  if (account == NULL)
    return;
  if (account->acting)
    account_disown (account, TRUE);
  forget_free (account->forget);
  listing_free (account->listing);
  incremental_free (account->incremental);
  brake_free (account->desk.brake);
  g_ptr_array_unref (account->wishes);
  record_free (account->desk.record);
  rows_free (account->desk.rows);
  lk_nexudus_free (account->desk.nexudus);
  world_free (account->world);
  store_free (account->desk.store);
  lk_budget_free (account->budget);
  g_array_unref (account->again);
  g_ptr_array_unref (account->spaces);
  g_free (account->businesses);
  g_free (account->zones);
  g_free (account);
}

const char *
account_topic (const Account *account)
{
  return record_topic (account->desk.record);
}

void
account_turn (Account *account)
{
  if (account->owned && !account->acting && store_is_loaded (account->desk.store)
      && record_is_loaded (account->desk.record) && wishes_are_loaded (account))
    begin_acting (account);
  if (!account->acting)
    return;
  lk_nexudus_turn (account->desk.nexudus);
  listing_turn (account->listing);
  forget_turn (account->forget);
  record_turn (account->desk.record);
}

void
account_reloaded (Account *account)
{
  LkBudgetWindow windows[LK_NEXUDUS_WINDOWS];

  lk_nexudus_windows (account->desk.config, windows);
  lk_budget_set (account->budget, windows, LK_NEXUDUS_WINDOWS);
}

const char *
account_trouble (const Account *account)
{
  if (store_trouble (account->desk.store) != NULL)
    return store_trouble (account->desk.store);
  if (record_trouble (account->desk.record) != NULL)
    return record_trouble (account->desk.record);
  if (wishes_trouble (account) != NULL)
    return wishes_trouble (account);
  /* What is read just now is nothing, as the executor says of a key that KISI refuses. */
  if (account->acting && record_data (account->desk.record)->fault != NULL)
    return record_data (account->desk.record)->fault;
  return store_is_loaded (account->desk.store) ? NULL : "reading the topics";
}
