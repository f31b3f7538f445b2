/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Changes and their promises, budgets, and rest.
 */
#include "check_internal.h"

#include "../sim/owners.h"

#include <string.h>

#define STATED_MS (20 * NX_SECOND)  /* design §9, S2 */
#define INFERRED_MS NX_MINUTE       /* …, beside the listing's own duration */
#define STANDBY_MS (90 * NX_SECOND) /* its tables, a login, and what its budget has it wait */
#define SPACING_MS 100              /* nexudus-api.md §2.6 */

static const NxKind kinds[] = { NX_COWORKER, NX_PASS, NX_BOOKING };
static const char *const topics[] = { "members", "passes", "bookings" };

const char *
check_name (const Slot *slot, char buf[96])
{
  const char *code = truth_space (slot->world->truth, slot->space)->code;

  g_snprintf (buf, 96, "%s.%s %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
              topics[slot->entity->kind == NX_COWORKER ? TRUTH_MEMBER
                     : slot->entity->kind == NX_PASS   ? TRUTH_PASS
                                                       : TRUTH_BOOKING],
              code, slot->member, slot->id);
  return buf;
}

char *
check_text (const TruthSaid *said)
{
  if (said->deleted)
    return g_strdup ("deleted");
  return g_strdup_printf ("%s%s%s%s%s", said->own, said->contract[0] == '\0' ? "" : "; ",
                          said->contract, said->pause[0] == '\0' ? "" : "; ", said->pause);
}

gboolean
check_gives_nothing (const TruthSaid *a, const TruthSaid *b)
{
  return a->has_contract && b->has_contract && !a->contract_active && !b->contract_active;
}

Slot *
check_slot (SimWorld *world, TruthKind kind, guint space, gint64 member, gint64 id)
{
  struct _SimCheck *check = world->check;
  char key[96];
  Slot *slot;

  g_snprintf (key, sizeof key, "%u/%u/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, kind, space, member,
              id);
  slot = g_hash_table_lookup (check->slots, key);
  if (slot != NULL)
    return slot;
  slot = g_new0 (Slot, 1);
  *slot = (Slot){ .world = world,
                  .space = space,
                  .member = member,
                  .id = id,
                  .entity = nx_find (check->nexus, kinds[kind], id),
                  .changed_at = NX_NONE,
                  .owed_since = NX_NONE,
                  .opened_until = NX_NONE,
                  .contract_since = NX_NONE };
  if (slot->entity == NULL)
    sim_breach (world, "truth", "there never was %s %s", topics[kind], key);
  (void) g_hash_table_insert (check->slots, g_strdup (key), slot);
  g_ptr_array_add (check->list, slot);
  return slot;
}

gint64
check_recovery (const SimWorld *world)
{
  const CheckPromise *promise = &world->check->promise;

  return promise->listing + 2 * promise->poll + 5 * NX_MINUTE;
}

static gint64
promise_of (const struct _SimCheck *check, gboolean stated)
{
  return stated ? check->promise.poll + STATED_MS
                : check->promise.listing + check->listing_took + INFERRED_MS;
}

void
weeks_trouble (SimWorld *world, gint64 length)
{
  world->check->troubled_until = MAX (world->check->troubled_until, world->now + length);
}

/* --- promises --------------------------------------------------------------------------------- */

typedef struct
{
  Slot *slot;
  gint64 changed_at;
  gboolean stated;
} Due;

static gboolean
opens (const Slot *slot, const TruthSaid *said, gint64 at)
{
  return truth_opens (slot->world->truth, said, at);
}

static gboolean
same_pause (const Slot *slot, gint64 since)
{
  const SimWorld *world = slot->world;
  const gint64 moments[]
      = { world->now, since, world->now - world->check->promise.poll - NX_MINUTE };
  TruthSaid should;

  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    if (truth_say (world->truth, slot->entity, world->now, world->now, moments[i], slot->space,
                   &should)
        && g_str_equal (should.pause, slot->said.pause))
      return TRUE;
  return FALSE;
}

/* Why the slot is not as it should be since SINCE, or NULL; free with g_free. */
static char *
fault_of (const Slot *slot, gint64 since)
{
  const SimWorld *world = slot->world;
  gboolean is_there = slot->stands && !slot->said.deleted;
  gboolean listed = truth_is_listed (world->truth, slot->owed ? &slot->should : &slot->said);
  g_autofree char *should = NULL, *does = NULL;

  if (!slot->owed)
    {
      /* What no listing has any more goes unnoticed, and opens nothing. */
      if (!is_there || (!listed && !opens (slot, &slot->said, world->now)))
        return NULL;
      does = check_text (&slot->said);
      return g_strdup_printf ("it is there still (%s), and should not be", does);
    }
  if (!is_there)
    {
      /* Whom no list has, nobody comes to know. */
      if (slot->should.archived && world->check->nexus->readings.hides_archived)
        return NULL;
      if (!listed
          || !truth_belongs (world->truth, slot->entity, slot->space, since,
                             since - promise_of (world->check, FALSE)))
        return NULL;
      should = check_text (&slot->should);
      return g_strdup_printf ("it is not there, and should be (%s)", should);
    }
  if (g_str_equal (slot->said.own, slot->should.own)
      && (check_gives_nothing (&slot->said, &slot->should)
          || (g_str_equal (slot->said.contract, slot->should.contract)
              && same_pause (slot, since))))
    return NULL;
  if (!listed && !opens (slot, &slot->said, world->now))
    return NULL;
  should = check_text (&slot->should);
  does = check_text (&slot->said);
  return g_strdup_printf ("it says '%s', and should say '%s'", does, should);
}

/* What the slot's snapshot is made of: FUNC of each. */
typedef void (*PartFunc) (const struct _SimCheck *check, const NxEntity *part, gint64 *until);

static void
each_part (const Slot *slot, PartFunc func, gint64 *until)
{
  const struct _SimCheck *check = slot->world->check;
  const NxRow *row = nx_row (slot->entity);
  const GPtrArray *locations = check->nexus->all[NX_BUSINESS];

  func (check, slot->entity, until);
  func (check, nx_find (check->nexus, NX_COWORKER, slot->member), until);
  if (row->contract != 0)
    func (check, nx_find (check->nexus, NX_CONTRACT, row->contract), until);
  if (row->of != 0)
    func (check,
          nx_find (check->nexus, slot->entity->kind == NX_PASS ? NX_TYPE : NX_RESOURCE, row->of),
          until);
  for (guint i = 0; i < locations->len; i++)
    func (check, locations->pdata[i], until);
}

static void
silent_until (const struct _SimCheck *check, const NxEntity *part, gint64 *until)
{
  const gint64 *silent = g_hash_table_lookup (check->silent, part);

  if (silent != NULL)
    *until = MAX (*until, *silent);
}

static void
sick_until (const struct _SimCheck *check, const NxEntity *part, gint64 *until)
{
  *until = MAX (*until, server_sick_until (check->world->service, part));
}

/* Whether something had gone wrong, or was held, so that it may still be late now. */
static gint64
excused_until (const Slot *slot, gint64 deadline)
{
  const SimWorld *world = slot->world;
  const struct _SimCheck *check = world->check;
  gint64 recovery = check_recovery (world), trouble = check->troubled_until, until = deadline;

  each_part (slot, sick_until, &trouble);
  if (g_hash_table_size (check->trips) > 0)
    trouble = MAX (trouble, world->now);
  if (check->tripped_at != NX_NONE)
    trouble = MAX (trouble, check->tripped_at);
  if (trouble + recovery > slot->changed_at)
    until = MAX (until, trouble + recovery);
  return until;
}

static void
is_due (gpointer data)
{
  Due *due = data;
  Slot *slot = due->slot;
  SimWorld *world = slot->world;
  const struct _SimCheck *check = world->check;
  gint64 promise = promise_of (check, due->stated);
  gint64 deadline = due->changed_at + promise, until = excused_until (slot, deadline);
  g_autofree char *fault = NULL;
  char name[96];

  /* What is stated of one part says nothing of another that changed before it. */
  each_part (slot, silent_until, &until);
  if (until > world->now)
    {
      sim_after (world, until - world->now, is_due, due);
      return;
    }
  if (slot->changed_at == due->changed_at)
    fault = fault_of (slot, due->changed_at);
  else if (slot->stands && !slot->said.deleted && opens (slot, &slot->said, world->now)
           && !(slot->owed && opens (slot, &slot->should, world->now))
           && slot->opened_until < due->changed_at)
    fault = check_text (&slot->said);
  if (fault != NULL)
    sim_breach (world, "S2", "%s, %d s after it changed: %s", check_name (slot, name),
                (int) ((world->now - due->changed_at) / NX_SECOND), fault);
  sim_count (world, deadline < until ? SIM_FAULT_KEPT_TROUBLED
                    : due->stated    ? SIM_FAULT_KEPT_STATED
                                     : SIM_FAULT_KEPT_INFERRED);
  g_free (due);
}

/* --- changes ---------------------------------------------------------------------------------- */

static gboolean
changed_now (const struct _SimCheck *check, NxKind kind, gint64 id)
{
  const NxEntity *entity = id == 0 ? NULL : nx_find (check->nexus, kind, id);

  return entity != NULL && nx_row (entity)->since == check->world->now;
}

static gboolean
any_changed_now (const struct _SimCheck *check, NxKind kind)
{
  const GPtrArray *all = check->nexus->all[kind];

  for (guint i = 0; i < all->len; i++)
    if (nx_row (all->pdata[i])->since == check->world->now)
      return TRUE;
  return FALSE;
}

static gboolean
is_touched (const struct _SimCheck *check, const NxEntity *entity)
{
  const NxRow *row = nx_row (entity);

  if (row->since == check->world->now || changed_now (check, NX_COWORKER, row->coworker))
    return TRUE;
  if (entity->kind == NX_BOOKING)
    return changed_now (check, NX_RESOURCE, row->of);
  return entity->kind == NX_PASS
         && (changed_now (check, NX_TYPE, row->of)
             || changed_now (check, NX_CONTRACT, row->contract));
}

static void
set_should (Slot *slot, gboolean owed, const TruthSaid *should, gboolean routed, gboolean stated)
{
  SimWorld *world = slot->world;
  const struct _SimCheck *check = world->check;
  gint64 promise = promise_of (check, stated);
  Due *due;

  slot->touched = TRUE;
  if (slot->owed == owed
      && (!owed
          || (g_str_equal (slot->should.own, should->own)
              && g_str_equal (slot->should.contract, should->contract)
              && g_str_equal (slot->should.pause, should->pause))))
    return;
  if (slot->owed && opens (slot, &slot->should, world->now))
    slot->opened_until = world->now;
  if (owed && !slot->owed)
    slot->owed_since = world->now;
  if (!owed)
    slot->routed = routed;
  slot->owed = owed;
  if (owed)
    slot->should = *should;
  slot->changed_at = world->now;
  due = g_new (Due, 1);
  *due = (Due){ slot, world->now, stated };
  sim_after (world, promise, is_due, due);
}

static void
look_at (struct _SimCheck *check, TruthKind kind, const NxEntity *entity, guint stated)
{
  SimWorld *world = check->world;
  const NxRow *row = nx_row (entity);

  for (guint s = 0; s < TRUTH_SPACES; s++)
    {
      TruthSaid should;
      gboolean says
          = truth_say (world->truth, entity, world->now, world->now, world->now, s, &should);
      /* Somebody stays where they were once needed. */
      gboolean owed = says
                      && (kind == TRUTH_MEMBER
                          || truth_belongs (world->truth, entity, s, world->now, world->now));
      gint64 member = kind == TRUTH_MEMBER ? entity->id : row->coworker;

      if (owed || (member != 0 && says))
        set_should (check_slot (world, kind, s, member, entity->id), owed, &should, says && !owed,
                    (stated >> kind) & 1);
    }
}

/* What stood elsewhere, or is of nobody any more. */
static void
drop_untouched (struct _SimCheck *check, guint stated)
{
  for (guint i = 0; i < check->list->len; i++)
    {
      Slot *slot = check->list->pdata[i];
      TruthKind kind = slot->entity->kind == NX_COWORKER ? TRUTH_MEMBER
                       : slot->entity->kind == NX_PASS   ? TRUTH_PASS
                                                         : TRUTH_BOOKING;
      const NxRow *row = nx_row (slot->entity);
      gboolean is_here
          = nx_lives (slot->entity) && (kind == TRUTH_MEMBER || row->coworker == slot->member);

      if (!is_here && slot->owed)
        set_should (slot, FALSE, NULL, FALSE, (stated >> kind) & 1);
    }
}

/* Of what changed now nobody says so. */
static void
note_silent (struct _SimCheck *check)
{
  gint64 until = check->world->now + promise_of (check, FALSE);

  for (guint k = 0; k < NX_KINDS; k++)
    for (guint i = 0; i < check->nexus->all[k]->len; i++)
      {
        NxEntity *entity = check->nexus->all[k]->pdata[i];
        if (nx_row (entity)->since != check->world->now)
          continue;
        if (k == NX_PERIOD)
          entity = nx_find (check->nexus, NX_CONTRACT, nx_row (entity)->of);
        (void) g_hash_table_insert (check->silent, entity, g_memdup2 (&until, sizeof until));
      }
}

void
check_changed (SimWorld *world, guint stated)
{
  struct _SimCheck *check = world->check;
  gboolean all = any_changed_now (check, NX_BUSINESS) || any_changed_now (check, NX_PERIOD);

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      const GPtrArray *entities = check->nexus->all[kinds[k]];
      for (guint i = 0; i < entities->len; i++)
        if (all || is_touched (check, entities->pdata[i]))
          look_at (check, (TruthKind) k, entities->pdata[i], stated);
    }
  drop_untouched (check, stated);
  if (stated == 0)
    note_silent (check);
}

/* --- requests --------------------------------------------------------------------------------- */

void
check_sent (SimWorld *world, gconstpointer process)
{
  struct _SimCheck *check = world->check;
  const CheckPromise *promise = &check->promise;
  GArray *sent = g_hash_table_lookup (check->sent, process);
  const gint64 *wait = g_hash_table_lookup (check->waits, process);
  const struct
  {
    gint64 period;
    guint limit;
  } windows[]
      = { { SPACING_MS, 1 }, { NX_MINUTE, promise->per_minute }, { NX_HOUR, promise->per_hour } };

  world->result->calls++;
  if (sent == NULL)
    {
      sent = g_array_new (FALSE, FALSE, sizeof (gint64));
      g_hash_table_insert (check->sent, (gpointer) process, sent);
    }
  for (guint i = 0; i < G_N_ELEMENTS (windows); i++)
    if (sent->len >= windows[i].limit
        && world->now - g_array_index (sent, gint64, sent->len - windows[i].limit)
               < windows[i].period)
      sim_breach (world, "S11", "over %u requests in %d ms", windows[i].limit,
                  (int) windows[i].period);
  if (wait != NULL && world->now < *wait)
    sim_breach (world, "S11", "a request %d ms before it was told to come again",
                (int) (*wait - world->now));
  g_array_append_val (sent, world->now);
}

void
check_answered (SimWorld *world, gconstpointer process, const ServeAnswer *answer)
{
  gint64 until;

  if ((answer->status != 409 && answer->status != 429) || answer->retry_after[0] == '\0')
    return;
  until = world->now + g_ascii_strtoll (answer->retry_after, NULL, 10) * NX_SECOND;
  g_hash_table_replace (world->check->waits, (gpointer) process, g_memdup2 (&until, sizeof until));
}

/* --- rest ------------------------------------------------------------------------------------- */

void
check_rest (SimWorld *world)
{
  const struct _SimCheck *check = world->check;

  world->result->rests++;
  for (guint i = 0; i < check->list->len; i++)
    {
      Slot *slot = check->list->pdata[i];
      char name[96];
      g_autofree char *fault = fault_of (slot, world->now - check->promise.poll);

      if (slot->stands && slot->last_revision != slot->said.revision)
        sim_breach (world, "rest", "%s: its last record is not its newest",
                    check_name (slot, name));
      if (fault != NULL)
        sim_breach (world, "rest", "%s: %s", check_name (slot, name), fault);
    }
}

void
check_forgotten (SimWorld *world)
{
  const struct _SimCheck *check = world->check;

  for (guint i = 0; i < check->list->len; i++)
    {
      const Slot *slot = check->list->pdata[i];
      char name[96];

      if (slot->stands && slot->said.deleted && slot->said_at < world->now - 31 * NX_DAY)
        sim_breach (world, "rest", "%s: deleted over a month ago, and not forgotten",
                    check_name (slot, name));
    }
}

/* --- owners ----------------------------------------------------------------------------------- */

typedef struct
{
  SimWorld *world;
  gconstpointer process;
  guint asked; /* requests that it had made before */
} Newcomer;

static guint
requests_of (const SimWorld *world, gconstpointer process)
{
  const GArray *sent = g_hash_table_lookup (world->check->sent, process);

  return sent == NULL ? 0 : sent->len;
}

static void
must_have_asked (gpointer data)
{
  g_autofree Newcomer *newcomer = data;
  SimWorld *world = newcomer->world;

  if (sim_owners_owner (world->owners) != newcomer->process
      || !sim_process_runs (newcomer->process))
    return;
  if (requests_of (world, newcomer->process) == newcomer->asked)
    sim_breach (world, "owner", "a new owner has asked nothing for %d s",
                (int) (STANDBY_MS / NX_SECOND));
  sim_count (world, SIM_FAULT_TAKEN_OVER);
}

void
check_owner (SimWorld *world, gconstpointer process)
{
  Newcomer *newcomer;

  if (world->now == world->check->began)
    return;
  newcomer = g_new (Newcomer, 1);
  *newcomer = (Newcomer){ world, process, requests_of (world, process) };
  sim_after (world, STANDBY_MS, must_have_asked, newcomer);
}

GHashTable *
check_trips (SimWorld *world)
{
  return world->check->trips;
}

guint
check_records (SimWorld *world)
{
  return world->check->records;
}

void
check_new (SimWorld *world, Nexus *nexus, const CheckPromise *promise)
{
  struct _SimCheck *check = g_new0 (struct _SimCheck, 1);

  world->check = check;
  check->world = world;
  check->nexus = nexus;
  check->promise = *promise;
  check->slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  check->list = g_ptr_array_new ();
  check->silent = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  check->sent = g_hash_table_new (NULL, NULL);
  check->waits = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  check->trips = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  check->tripped_at = NX_NONE;
  check->listing_took = 2 * NX_MINUTE; /* until one has ended */
  check->troubled_until = check->began = world->now;
  check_watch (world);
}
