/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey-poller: Nexudus → members, passes, bookings.
 */
#include "account.h"

/* The loop turns at least once a second. Who has stood still for half a session (10 s, design §11)
 * may have lost it, and not have heard of that yet. */
#define STOOD_STILL_MS (5 * LK_SECOND)

typedef struct
{
  LkProgram *program;
  GPtrArray *accounts; /* Account* */
  gint64 turned_at;    /* steady */
} Poller;

static Account *
account_of_topic (Poller *poller, const char *topic)
{
  for (guint i = 0; i < poller->accounts->len; i++)
    if (g_str_equal (account_topic (poller->accounts->pdata[i]), topic))
      return poller->accounts->pdata[i];
  return NULL;
}

static void
assigned (const char *topic, gint32 partition, gint64 committed, gpointer data)
{
  Account *account = account_of_topic (data, topic);

  (void) partition;
  (void) committed;
  if (account != NULL)
    account_own (account);
}

static void
revoked (const char *topic, gint32 partition, gboolean lost, gpointer data)
{
  Account *account = account_of_topic (data, topic);

  (void) partition;
  if (account != NULL)
    account_disown (account, lost);
}

static gboolean
released (const char *topic, gint32 partition, gpointer data)
{
  const Account *account = account_of_topic (data, topic);

  (void) partition;
  return account == NULL || account_is_idle (account);
}

static void
account_free_entry (gpointer account)
{
  account_free (account);
}

static gpointer
start (LkProgram *program, GError **error)
{
  Poller *poller = g_new0 (Poller, 1);
  const GPtrArray *accounts = lk_program_accounts (program);

  (void) error;
  poller->program = program;
  poller->turned_at = lk_clock_steady (lk_program_clock (program));
  poller->accounts = g_ptr_array_new_with_free_func (account_free_entry);
  for (guint i = 0; i < accounts->len; i++)
    g_ptr_array_add (poller->accounts, account_new (program, accounts->pdata[i]));
  return poller;
}

static gboolean
turn (gpointer state)
{
  Poller *poller = state;
  const char *trouble = NULL;
  gint64 now = lk_clock_steady (lk_program_clock (poller->program));
  gint64 still = now - poller->turned_at;

  poller->turned_at = now;
  for (guint i = 0; i < poller->accounts->len; i++)
    {
      if (still >= STOOD_STILL_MS)
        account_stood_still (poller->accounts->pdata[i], still);
      account_turn (poller->accounts->pdata[i]);
      if (trouble == NULL)
        trouble = account_trouble (poller->accounts->pdata[i]);
    }
  lk_program_not_ready (poller->program, "tables", trouble);
  return FALSE;
}

static void
stop (gpointer state)
{
  Poller *poller = state;

  for (guint i = 0; i < poller->accounts->len; i++)
    account_disown (poller->accounts->pdata[i], FALSE);
}

static gboolean
stopped (gpointer state)
{
  Poller *poller = state;

  for (guint i = 0; i < poller->accounts->len; i++)
    if (!account_is_idle (poller->accounts->pdata[i]))
      return FALSE;
  return TRUE;
}

static void
reloaded (gpointer state)
{
  Poller *poller = state;

  for (guint i = 0; i < poller->accounts->len; i++)
    account_reloaded (poller->accounts->pdata[i]);
}

static void
free_state (gpointer state)
{
  Poller *poller = state;

  g_ptr_array_unref (poller->accounts);
  g_free (poller);
}

int
main (int argc, char **argv)
{
  static const LkTopicUse topics[] = {
    { LK_KIND_NEXUDUS_ACCOUNT, LK_USE_READ | LK_USE_WRITE | LK_USE_OWN },
    { LK_KIND_MEMBERS, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_PASSES, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_BOOKINGS, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_CONTROL, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_COUNT_, 0 },
  };
  static const LkProgramSpec spec = {
    .name = "latchkey-poller",
    .program = "poller",
    .summary = "reads Nexudus and publishes members, passes and bookings",
    .scope = LK_SCOPE_NEXUDUS,
    .secrets = LK_SECRET_NEXUDUS,
    .topics = topics,
    .start = start,
    .turn = turn,
    .stop = stop,
    .stopped = stopped,
    .reloaded = reloaded,
    .free = free_state,
    .ownership = { assigned, revoked, released },
  };

  return lk_program_run (&spec, argc, argv);
}
