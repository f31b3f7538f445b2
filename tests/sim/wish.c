/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Wishes.
 */
#include "wish.h"

#include "truth.h"

#include <latchkey/model/control.h>
#include <latchkey/model/keys.h>
#include <string.h>

typedef struct
{
  SimWishKind kind;
  guint space;
  gint64 member;
  char *key;
  GArray *ids; /* gint64 */
  LkTime at;
  LkTime answered_at; /* by the clock of whoever wrote its outcome; LK_TIME_NONE */
  gboolean over;
  SimWishes *wishes;
} Wish;

struct _SimWishes
{
  SimWorld *world;
  SimWorker *worker;
  GPtrArray *all; /* Wish*, in the order of their writing */
};

static const struct
{
  const char *name, *what;
} kinds[SIM_WISHES] = {
  [SIM_WISH_RESYNC] = { "resync", "is resynced" },
  [SIM_WISH_RESYNC_ALL] = { "resync", "and all others are resynced" },
  [SIM_WISH_ADOPT] = { "adopt", "has what is given adopted" },
  [SIM_WISH_ADOPT_LISTED] = { "adopt", "has all that they have adopted" },
  [SIM_WISH_FORGET] = { "forget", "is forgotten altogether" },
};

const char *
sim_wish_name (SimWishKind kind)
{
  return kinds[kind].what;
}

static SimLog *
log_of (const SimWishes *wishes, LkKind kind, guint space, gint32 partition)
{
  g_autofree char *topic = lk_topic_name ("latchkey", kind, sim_spaces[space]);

  return sim_broker_log (wishes->world->broker, topic, partition);
}

static void
put (const Wish *wish, const char *key, const char *value)
{
  SimLog *log = log_of (wish->wishes, LK_KIND_CONTROL, wish->space, 0);

  sim_note (wish->wishes->world, "operator   writes %s %s = %s", sim_log_topic (log), key, value);
  (void) sim_log_append (log, key, strlen (key), value, strlen (value));
}

/* --- what comes of them ----------------------------------------------------------------------- */

/* The workers write the tombstones of all commands, when the executor has said that nothing is
 * left. */
static void
erase (gpointer data)
{
  const Wish *wish = data;

  sim_worker_erase (wish->wishes->worker, wish->space, wish->member);
}

static void
see_outcome (Wish *wish, const SimRecord *record)
{
  SimWorld *world = wish->wishes->world;
  g_auto (LkOutcome) outcome = { 0 };
  const LkWish written = { .at = wish->at };

  if (!lk_outcome_parse (&outcome, record->value, record->value_len, NULL))
    g_assert_not_reached ();
  wish->answered_at = outcome.at;
  if (wish->over || !lk_wish_is_over (&written, &outcome))
    return;
  wish->over = TRUE;
  if (!g_str_equal (outcome.outcome, "done"))
    {
      sim_count (world, SIM_FAULT_WISH_REFUSED);
      return;
    }
  switch (wish->kind)
    {
    case SIM_WISH_RESYNC:
    case SIM_WISH_RESYNC_ALL:
      sim_count (world, SIM_FAULT_RESYNC);
      break;
    case SIM_WISH_ADOPT:
    case SIM_WISH_ADOPT_LISTED:
      sim_count (world, SIM_FAULT_ADOPT);
      break;
    case SIM_WISH_FORGET:
      sim_count (world, SIM_FAULT_FORGET);
      sim_after (world, 2 * LK_SECOND, erase, wish);
      break;
    case SIM_WISHES:
      break;
    }
}

static void
appended (SimLog *log, const SimRecord *record, gpointer data)
{
  const SimWishes *wishes = data;
  const char *scope, *program = lk_control_program (record->key);
  LkKind kind;

  if (!lk_topic_parse (sim_log_topic (log), "latchkey", &kind, &scope) || kind != LK_KIND_CONTROL
      || record->value == NULL || g_strcmp0 (program, "executor") != 0)
    return;
  for (guint i = 0; i < wishes->all->len; i++)
    {
      Wish *wish = wishes->all->pdata[i];
      if (g_str_equal (sim_spaces[wish->space], scope)
          && strncmp (wish->key, record->key, (gsize) (program - record->key - 1)) == 0
          && wish->key[program - record->key - 1] == '\0')
        see_outcome (wish, record);
    }
}

SimWishes *
sim_wishes_new (SimWorld *world, SimWorker *worker)
{
  SimWishes *wishes = g_new0 (SimWishes, 1);

  wishes->world = world;
  wishes->worker = worker;
  wishes->all = g_ptr_array_new ();
  world->wishes = wishes;
  sim_broker_watch (world->broker, appended, wishes);
  return wishes;
}

/* --- wishing ---------------------------------------------------------------------------------- */

static void
poller_is_done (gpointer data)
{
  const Wish *wish = data;
  const LkOutcome outcome = { .outcome = (char *) "done", .at = wish->at };
  g_autofree char *key = g_strconcat (wish->key, "/poller", NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  lk_outcome_write (&outcome, text);
  put (wish, key, text->str);
}

/* The ids of what the member has in the space by hand. */
static void
list_foreign (const Wish *wish)
{
  const SimWorld *world = wish->wishes->world;
  const char *address = sim_worker_address (wish->wishes->worker, wish->space, wish->member);
  const SimUser *user = address == NULL ? NULL : sim_service_user_of (world->service, address);
  const GPtrArray *rights = sim_service_rights (world->service);

  for (guint i = 0; user != NULL && i < rights->len; i++)
    {
      const SimRight *right = rights->pdata[i];
      if (!right->ours && right->gone_at == LK_TIME_NONE && right->user == user->id
          && sim_service_group (world->service, right->group)->space == wish->space)
        g_array_append_val (wish->ids, right->id);
    }
}

/* Like the command line's: later than any outcome that stands, whoever's clock that was written by.
 */
static LkTime
time_of_wish (const SimWishes *wishes, const Wish *wish)
{
  LkTime at = wishes->world->now;

  for (guint i = 0; i < wishes->all->len; i++)
    {
      const Wish *other = wishes->all->pdata[i];
      if (other->space == wish->space && g_str_equal (other->key, wish->key)
          && other->answered_at != LK_TIME_NONE)
        at = MAX (at, other->answered_at + 1);
    }
  return at;
}

void
sim_wish (SimWishes *wishes, const SimEvent *event)
{
  SimWishKind kind = (SimWishKind) event->a;
  gboolean of_all = kind == SIM_WISH_RESYNC_ALL || kind == SIM_WISH_ADOPT_LISTED;
  g_autoptr (GString) text = g_string_new (NULL);
  Wish *wish = g_new0 (Wish, 1);
  LkWish record;

  *wish = (Wish){ .kind = kind,
                  .space = event->space,
                  .member = of_all ? 0 : event->member,
                  .ids = g_array_new (FALSE, FALSE, sizeof (gint64)),
                  .answered_at = LK_TIME_NONE,
                  .wishes = wishes };
  wish->key = of_all ? g_strconcat (kinds[kind].name, "/all", NULL)
                     : g_strdup_printf ("%s/%" G_GINT64_FORMAT, kinds[kind].name, wish->member);
  wish->at = time_of_wish (wishes, wish);
  if (kind == SIM_WISH_ADOPT_LISTED)
    {
      wish->member = event->member;
      list_foreign (wish);
      wish->member = 0;
    }
  if (kind == SIM_WISH_FORGET)
    {
      const SimEvent leaves = { .space = event->space, .member = event->member, .a = 0, .b = -1 };
      sim_worker_set_member (wishes->worker, &leaves);
      sim_after (wishes->world, 3 * LK_SECOND, poller_is_done, wish);
    }
  g_ptr_array_add (wishes->all, wish);
  record = (LkWish){ .wish = (char *) kinds[kind].name,
                     .member = wish->member,
                     .ids = (gint64 *) (void *) wish->ids->data,
                     .n_ids = wish->ids->len,
                     .at = wish->at };
  lk_wish_write (&record, text);
  put (wish, wish->key, text->str);
}

/* --- what they allow -------------------------------------------------------------------------- */

static gboolean
is_given (const SimWorld *world, guint space, const SimRight *right)
{
  const GPtrArray *people = sim_truth_people (world->truth);

  for (guint i = 0; i < people->len; i++)
    {
      const SimPerson *person = people->pdata[i];
      for (guint s = 0; person->space == space && s < person->said->len; s++)
        {
          const SimSaid *said = person->said->pdata[s];
          /* An open end is still open then. */
          LkTime inside = right->window.until == LK_TIME_NONE ? world->now + 3650 * LK_DAY
                                                              : right->window.until - LK_SECOND;
          if (sim_said_gives (said, right->group, inside)
              && sim_said_run (said, right->group, inside).until == right->window.until)
            return TRUE;
        }
    }
  return FALSE;
}

gboolean
sim_wish_may_adopt (const SimWorld *world, guint space, const SimRight *right)
{
  const SimWishes *wishes = world->wishes;

  for (guint i = 0; i < wishes->all->len; i++)
    {
      const Wish *wish = wishes->all->pdata[i];
      if ((wish->kind != SIM_WISH_ADOPT && wish->kind != SIM_WISH_ADOPT_LISTED)
          || wish->space != space)
        continue;
      for (guint k = 0; k < wish->ids->len; k++)
        if (g_array_index (wish->ids, gint64, k) == right->id)
          return TRUE;
      if (is_given (world, space, right))
        return TRUE;
    }
  return FALSE;
}

gboolean
sim_wish_may_invite (const SimWorld *world, gint64 member, LkTime since)
{
  const SimWishes *wishes = world->wishes;

  for (guint i = 0; i < wishes->all->len; i++)
    {
      const Wish *wish = wishes->all->pdata[i];
      if ((wish->kind == SIM_WISH_RESYNC_ALL
           || ((wish->kind == SIM_WISH_RESYNC || wish->kind == SIM_WISH_FORGET)
               && wish->member == member))
          && wish->at >= since)
        return TRUE;
    }
  return FALSE;
}

/* --- at rest ---------------------------------------------------------------------------------- */

static void
check_erased (const Wish *wish)
{
  SimWorld *world = wish->wishes->world;
  g_autoptr (GHashTable) newest = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, wish->member);
  SimLog *log = log_of (wish->wishes, LK_KIND_LEDGER, wish->space,
                        lk_partition_of_member (wish->member, 2));
  const SimRecord *record;
  GHashTableIter iter;
  gpointer key, value;

  for (gint64 at = 0; (record = sim_log_from (log, at)) != NULL; at = record->offset + 1)
    if (g_str_has_prefix (record->key, first))
      g_hash_table_replace (newest, record->key, (gpointer) record);
  g_hash_table_iter_init (&iter, newest);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (((const SimRecord *) value)->value != NULL)
      sim_breach (world, "L1", "member %s is forgotten, and the ledger has %s", first,
                  (const char *) key);
}

void
sim_wish_check_rest (SimWorld *world)
{
  const SimWishes *wishes = world->wishes;

  for (guint i = 0; i < wishes->all->len; i++)
    {
      const Wish *wish = wishes->all->pdata[i];
      gboolean is_live = wish->kind == SIM_WISH_FORGET
                         && sim_worker_gives (wishes->worker, wish->space, wish->member);

      /* Who is forgotten and comes back is not: that wish waits for them to leave. */
      if (!wish->over && !is_live)
        sim_breach (world, "L1", "nothing came of %s", wish->key);
      if (wish->over && wish->kind == SIM_WISH_FORGET && !is_live)
        check_erased (wish);
    }
}
