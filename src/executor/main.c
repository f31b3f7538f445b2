/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * latchkey-executor: commands → KISI, and door events → access-reports.
 */
#include "account.h"

#include "crash.h"

typedef struct
{
  LkProgram *program;
  GPtrArray *accounts; /* Account* */
} Executor;

static Account *
account_of_topic (Executor *executor, const char *topic)
{
  for (guint i = 0; i < executor->accounts->len; i++)
    if (g_str_equal (account_topic (executor->accounts->pdata[i]), topic))
      return executor->accounts->pdata[i];
  return NULL;
}

static void
assigned (const char *topic, gint32 partition, gint64 committed, gpointer data)
{
  Account *account = account_of_topic (data, topic);

  (void) partition;
  (void) committed;
  CRASH_POINT (ASSIGNED);
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
  if (lost)
    CRASH_POINT (LOST);
  else
    CRASH_POINT (REVOKED);
}

static gboolean
released (const char *topic, gint32 partition, gpointer data)
{
  Account *account = account_of_topic (data, topic);

  (void) partition;
  if (account != NULL && !account_is_idle (account))
    return FALSE;
  CRASH_POINT (RELEASED);
  return TRUE;
}

static void
account_free_entry (gpointer account)
{
  account_free (account);
}

static gpointer
start (LkProgram *program, GError **error)
{
  Executor *executor = g_new0 (Executor, 1);
  const GPtrArray *accounts = lk_program_accounts (program);

  (void) error;
  executor->program = program;
  executor->accounts = g_ptr_array_new_with_free_func (account_free_entry);
  for (guint i = 0; i < accounts->len; i++)
    g_ptr_array_add (executor->accounts, account_new (program, accounts->pdata[i]));
  return executor;
}

static gboolean
turn (gpointer state)
{
  Executor *executor = state;
  const char *trouble = NULL;
  gboolean more = FALSE;

  for (guint i = 0; i < executor->accounts->len; i++)
    {
      more |= account_turn (executor->accounts->pdata[i]);
      if (trouble == NULL)
        trouble = account_trouble (executor->accounts->pdata[i]);
    }
  lk_program_not_ready (executor->program, "tables", trouble);
  return more;
}

static void
stop (gpointer state)
{
  Executor *executor = state;

  for (guint i = 0; i < executor->accounts->len; i++)
    account_disown (executor->accounts->pdata[i], FALSE);
}

static gboolean
stopped (gpointer state)
{
  Executor *executor = state;

  for (guint i = 0; i < executor->accounts->len; i++)
    if (!account_is_idle (executor->accounts->pdata[i]))
      return FALSE;
  return TRUE;
}

static void
reloaded (gpointer state)
{
  Executor *executor = state;

  for (guint i = 0; i < executor->accounts->len; i++)
    account_reloaded (executor->accounts->pdata[i]);
}

static void
free_state (gpointer state)
{
  Executor *executor = state;

  g_ptr_array_unref (executor->accounts);
  g_free (executor);
}

int
main (int argc, char **argv)
{
  static const LkTopicUse topics[] = {
    { LK_KIND_KISI_ACCOUNT, LK_USE_READ | LK_USE_WRITE | LK_USE_OWN },
    { LK_KIND_COMMANDS, LK_USE_READ },
    { LK_KIND_RULES, LK_USE_READ },
    { LK_KIND_LEDGER, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_CONTROL, LK_USE_READ | LK_USE_WRITE },
    { LK_KIND_REJECTS, LK_USE_WRITE },
    { LK_KIND_ACCESS_CHANGES, LK_USE_WRITE },
    { LK_KIND_ACCESS_REPORTS, LK_USE_WRITE },
    { LK_KIND_COUNT_, 0 },
  };
  static const LkProgramSpec spec = {
    .name = "latchkey-executor",
    .program = "executor",
    .summary = "makes KISI agree with the commands and publishes door events as access reports",
    .scope = LK_SCOPE_KISI,
    .secrets = LK_SECRET_KISI,
    .topics = topics,
    .start = start,
    .turn = turn,
    .stop = stop,
    .stopped = stopped,
    .reloaded = reloaded,
    .free = free_state,
    .ownership = { assigned, revoked, released },
  };

  if (!crash_setup ())
    return 2;
  return lk_program_run (&spec, argc, argv);
}
