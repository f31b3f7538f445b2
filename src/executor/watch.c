/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Waiting for groups. A group that is listed, and whose rights can't be had all the same, is waited
 * for longer each time: else each of its rights would cost its calls with every list.
 */
#include "watch.h"

#include "share.h"

#include <latchkey/base/log.h>

#define RESERVE 0.6 /* of the rate, for rights and door events */
#define SHARE 5     /* percent of the rate that may be insisted on */
#define ASK_MS (3 * LK_MINUTE)
#define ASK_MAX_MS LK_HOUR

/* One that somebody was planned anew for, until it is not listed again. */
typedef struct
{
  gint64 wait;       /* until it may be so once more */
  gint64 not_before; /* steady */
} Seen;

struct _Watch
{
  const JobContext *context;
  const LkClock *clock;
  GHashTable *people; /* Person* who wait (borrowed) */
  GHashTable *seen;   /* gint64 group → Seen */
  gint64 next_at;     /* steady */
  Share share;
  LkKisiCall *call;
  LkTimer *timer;
};

Watch *
watch_new (const JobContext *context)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->context = context;
  watch->clock = lk_program_clock (context->program);
  watch->people = g_hash_table_new (NULL, NULL);
  watch->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  watch->share = (Share){ .reserve = RESERVE, .percent = SHARE };
  return watch;
}

void
watch_stop (Watch *watch)
{
  if (watch->call != NULL)
    lk_kisi_cancel (watch->context->kisi, g_steal_pointer (&watch->call));
  lk_timers_cancel (lk_program_timers (watch->context->program), g_steal_pointer (&watch->timer));
  g_hash_table_remove_all (watch->people);
  g_hash_table_remove_all (watch->seen);
  watch->share.waiting_since = 0;
}

void
watch_free (Watch *watch)
{
  if (watch == NULL)
    return;
  watch_stop (watch);
  g_hash_table_unref (watch->people);
  g_hash_table_unref (watch->seen);
  g_free (watch);
}

/* --- who waits ---------------------------------------------------------------------------------
 */

static gboolean
waits_for (const LkBlocked *blocked, LkTime now)
{
  return plan_block_is_of_group (blocked->reason)
         && (blocked->until == LK_TIME_NONE || blocked->until > now);
}

void
watch_person (Watch *watch, Person *person, const LkLedgerMember *known, LkTime now)
{
  gboolean waits = FALSE;

  for (guint i = 0; known != NULL && i < known->n_blocked && !waits; i++)
    waits = waits_for (&known->blocked[i], now);
  if (!waits)
    {
      (void) g_hash_table_remove (watch->people, person);
      return;
    }
  if (g_hash_table_size (watch->people) == 0)
    watch->next_at = lk_clock_steady (watch->clock) + ASK_MS;
  (void) g_hash_table_add (watch->people, person);
}

/* Planned anew, those for whom nothing is under way; the others with the next list. */
static guint
stop_waiting (Watch *watch, gint64 group)
{
  g_autoptr (GList) people = g_hash_table_get_keys (watch->people);
  guint n = 0;

  for (const GList *one = people; one != NULL; one = one->next)
    {
      Person *person = one->data;
      if (!person->busy && state_is_enforced (person->space)
          && job_unblock_group (watch->context, person, group))
        n++;
    }
  return n;
}

/* --- which there are ---------------------------------------------------------------------------
 */

static void
see (Watch *watch, gint64 group)
{
  gint64 now = lk_clock_steady (watch->clock);
  Seen *seen = g_hash_table_lookup (watch->seen, &group);
  guint n;

  if (seen != NULL && now < seen->not_before)
    return;
  n = stop_waiting (watch, group);
  if (n == 0)
    return;
  lk_info (LK_F (.account = watch->context->config->account, .event = "group_seen"),
           "the key sees group %" G_GINT64_FORMAT " again: %u people who waited for it are served",
           group, n);
  if (seen == NULL)
    {
      seen = g_new0 (Seen, 1);
      g_hash_table_insert (watch->seen, g_memdup2 (&group, sizeof group), seen);
    }
  seen->wait = seen->wait == 0 ? ASK_MS : MIN (seen->wait * 2, ASK_MAX_MS);
  seen->not_before = now + seen->wait;
}

static gboolean
is_not_listed (gpointer group, gpointer seen, gpointer data)
{
  const GPtrArray *groups = data;

  (void) seen;
  for (guint i = 0; i < groups->len; i++)
    if (((const LkKisiGroup *) groups->pdata[i])->id == *(const gint64 *) group)
      return FALSE;
  return TRUE;
}

static void
listed (LkKisiAnswer *answer, gpointer data)
{
  Watch *watch = data;

  watch->call = NULL;
  if (answer->verdict == LK_KISI_UNAUTHORIZED)
    watch->context->refused (answer->message, watch->context->data);
  if (answer->verdict != LK_KISI_OK)
    return;
  (void) g_hash_table_foreach_remove (watch->seen, is_not_listed, answer->groups);
  for (guint i = 0; i < answer->groups->len; i++)
    see (watch, ((const LkKisiGroup *) answer->groups->pdata[i])->id);
}

static void
woken (gpointer data)
{
  ((Watch *) data)->timer = NULL; /* the turn that follows asks */
}

void
watch_turn (Watch *watch)
{
  const JobContext *context = watch->context;
  LkTimers *timers = lk_program_timers (context->program);
  gint64 now = lk_clock_steady (watch->clock), wait = watch->next_at - now;

  if (watch->call != NULL || g_hash_table_size (watch->people) == 0)
    return;
  if (wait <= 0)
    wait
        = share_wait_ms (&watch->share, context->budget, context->config->requests_per_second, now);
  if (wait <= 0)
    {
      watch->next_at = now + ASK_MS;
      watch->call = lk_kisi_list_groups (context->kisi, RESERVE, listed, watch);
      return;
    }
  lk_timers_cancel (timers, watch->timer);
  watch->timer = lk_timers_add (timers, wait, woken, watch);
}
