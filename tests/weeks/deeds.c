/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * People, their plans, passes and bookings, and the places.
 */
#include "deeds.h"

#include "truth.h"

#define ALL (1u << TRUTH_MEMBER | 1u << TRUTH_PASS | 1u << TRUTH_BOOKING)
#define KNOWN_AFTER (2 * NX_HOUR)
#define PERIOD_MAX (3 * NX_DAY)

static const gint64 homes[] = { 11, 12, 11, 12, DEEDS_ELSEWHERE, 0 };

typedef struct
{
  SimWorld *world;
  Nexus *nexus;
  const WeekEvent *event;
} Doing;

/* --- dates ------------------------------------------------------------------------------------ */

static gint64
date_of (gint64 time)
{
  return time - time % NX_DAY;
}

/* A time around now, or a bare date. */
static gint64
some_time (const Doing *doing, gint64 salt)
{
  guint64 n = doing->event->what / 7 + (guint64) salt;
  gint64 time = *doing->nexus->now + NX_MINUTE * ((gint64) (n % 8640) - 1440);

  return n % 3 == 0 ? date_of (time) : time;
}

/* 0: nobody is left. */
static gint64
somebody (const Doing *doing)
{
  const NxEntity *person = nx_pick (doing->nexus, NX_COWORKER, doing->event->what);

  return person == NULL ? 0 : person->id;
}

/* --- making ----------------------------------------------------------------------------------- */

static NxEntity *
make_person (Nexus *nexus, gint64 home, guint number)
{
  NxRow *row;
  NxEntity *person = nx_make (nexus, NX_COWORKER, 0, &row);

  row->business = home;
  row->active = TRUE;
  row->number = number;
  return person;
}

static NxRow *
make_pass (Nexus *nexus, const NxEntity *person, guint64 type)
{
  NxRow *row;

  (void) nx_make (nexus, NX_PASS, 0, &row);
  row->coworker = person->id;
  row->of = nx_pick (nexus, NX_TYPE, type)->id;
  return row;
}

static NxRow *
make_booking (Nexus *nexus, gint64 id, const NxEntity *person, guint64 room)
{
  NxRow *row;

  (void) nx_make (nexus, NX_BOOKING, id, &row);
  row->coworker = person->id;
  row->of = nx_pick (nexus, NX_RESOURCE, room)->id;
  return row;
}

static NxEntity *
make_contract (Nexus *nexus, const NxEntity *person)
{
  NxRow *row;
  NxEntity *contract = nx_make (nexus, NX_CONTRACT, 0, &row);
  gint64 home = nx_row (person)->business;

  row->coworker = person->id;
  row->business = home == 0 ? 11 : home;
  row->active = TRUE;
  row->from = date_of (*nexus->now) - NX_DAY;
  return contract;
}

static void
make_type (Nexus *nexus, gint64 business, gint64 minutes, const gint64 *locations, guint n)
{
  NxRow *row;

  (void) nx_make (nexus, NX_TYPE, 0, &row);
  row->business = business;
  row->minutes = minutes;
  for (guint i = 0; i < n; i++)
    row->locations[row->n_locations++] = locations[i];
}

void
deeds_begin (SimWorld *world, Nexus *nexus)
{
  static const gint64 both[] = { 11, 12 }, second[] = { 12 },
                      rooms[] = { 11, 11, 12, DEEDS_ELSEWHERE };
  NxRow *row;

  (void) world;
  for (gint64 id = DEEDS_ROOT; id <= DEEDS_ELSEWHERE; id++)
    {
      (void) nx_make (nexus, NX_BUSINESS, id, &row);
      row->active = TRUE;
      row->business = id == 11 || id == 12 ? DEEDS_ROOT : 0;
    }
  make_type (nexus, 11, -1, NULL, 0);
  make_type (nexus, 12, -1, NULL, 0);
  make_type (nexus, DEEDS_ROOT, -1, NULL, 0);
  make_type (nexus, 11, -1, both, 2);
  make_type (nexus, 12, 600, second, 1);
  make_type (nexus, DEEDS_ELSEWHERE, -1, NULL, 0);
  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    {
      (void) nx_make (nexus, NX_RESOURCE, 0, &row);
      row->business = rooms[i];
    }
  for (guint i = 0; i < 6; i++)
    {
      const NxEntity *person = make_person (nexus, homes[i], 100 + i);
      if (i % 2 == 0)
        (void) make_pass (nexus, person, i);
      else
        {
          const NxEntity *contract = make_contract (nexus, person);
          row = make_pass (nexus, person, i);
          row->contract = contract->id;
          row->from_plan = TRUE;
        }
      row = make_booking (nexus, 0, person, i);
      row->from = *nexus->now + (gint64) (i + 1) * 12 * NX_HOUR;
      row->until = row->from + NX_HOUR;
    }
}

/* --- people ----------------------------------------------------------------------------------- */

static void
drop_all_of (Nexus *nexus, NxKind kind, gint64 person)
{
  const GPtrArray *all = nexus->all[kind];

  for (guint i = 0; i < all->len; i++)
    if (nx_lives (all->pdata[i]) && nx_row (all->pdata[i])->coworker == person)
      nx_drop (nexus, all->pdata[i]);
}

static void
give_all_of (Nexus *nexus, NxKind kind, gint64 from, gint64 to)
{
  const GPtrArray *all = nexus->all[kind];

  for (guint i = 0; i < all->len; i++)
    if (nx_lives (all->pdata[i]) && nx_row (all->pdata[i])->coworker == from)
      nx_change (nexus, all->pdata[i], nexus->readings.merge_bumps)->coworker = to;
}

static guint
leave (const Doing *doing, NxEntity *person)
{
  static const NxKind theirs[] = { NX_PASS, NX_BOOKING, NX_CONTRACT };

  sim_count (doing->world, SIM_FAULT_DELETED);
  for (guint i = 0; i < G_N_ELEMENTS (theirs); i++)
    drop_all_of (doing->nexus, theirs[i], person->id);
  nx_drop (doing->nexus, person);
  return 0;
}

static guint
merge (const Doing *doing, NxEntity *person)
{
  static const NxKind theirs[] = { NX_PASS, NX_BOOKING, NX_CONTRACT };
  const NxEntity *other = nx_pick (doing->nexus, NX_COWORKER, doing->event->what);

  if (other == person)
    return 0;
  sim_count (doing->world, SIM_FAULT_MERGED);
  for (guint i = 0; i < G_N_ELEMENTS (theirs); i++)
    give_all_of (doing->nexus, theirs[i], person->id, other->id);
  nx_drop (doing->nexus, person);
  return doing->nexus->readings.merge_bumps ? ALL & ~(1u << TRUTH_MEMBER) : 0;
}

static guint
archive (const Doing *doing, NxEntity *person)
{
  NxRow *row = nx_change (doing->nexus, person, TRUE);

  row->archived = !row->archived;
  sim_count (doing->world, row->archived ? SIM_FAULT_ARCHIVED : SIM_FAULT_BACK);
  if (!row->archived || !doing->nexus->readings.hides_archived)
    return ALL;
  sim_count (doing->world, SIM_FAULT_ARCHIVED_HIDDEN);
  return 0;
}

static guint
change_person (const Doing *doing, NxEntity *person)
{
  NxRow *row;

  switch (doing->event->deed)
    {
    case DEED_SUSPEND:
      row = nx_change (doing->nexus, person, TRUE);
      row->active = !row->active;
      sim_count (doing->world, row->active ? SIM_FAULT_BACK : SIM_FAULT_SUSPENDED);
      return ALL;
    case DEED_ARCHIVE:
      return archive (doing, person);
    case DEED_LEAVE:
      return leave (doing, person);
    case DEED_MERGE:
      return merge (doing, person);
    case DEED_RENAME:
      sim_count (doing->world, SIM_FAULT_RENAMED);
      nx_change (doing->nexus, person, TRUE)->number = (guint) (doing->nexus->made++ + 1000);
      return ALL;
    default:
      sim_count (doing->world, SIM_FAULT_REHOMED);
      nx_change (doing->nexus, person, TRUE)->business
          = homes[doing->event->what % G_N_ELEMENTS (homes)];
      return ALL;
    }
}

static guint
do_person (const Doing *doing, NxEntity *person)
{
  guint stated = change_person (doing, person);

  /* Somebody who is in no list is in none of changes either. */
  return doing->nexus->readings.hides_archived && nx_row (person)->archived
             ? stated & ~(1u << TRUTH_MEMBER)
             : stated;
}

/* --- plans ------------------------------------------------------------------------------------ */

static void
issue (const Doing *doing, const NxEntity *person, const NxEntity *contract)
{
  for (guint i = 0; i < 1 + doing->event->what % 3; i++)
    {
      NxRow *pass = make_pass (doing->nexus, person, doing->event->what / 3);
      pass->contract = contract->id;
      pass->from_plan = TRUE;
      if (doing->event->what % 2 == 0)
        pass->expires_at = date_of (*doing->nexus->now) + 30 * NX_DAY;
    }
}

static guint
begin_plan (const Doing *doing, const NxEntity *person)
{
  NxEntity *contract = make_contract (doing->nexus, person);

  sim_count (doing->world, SIM_FAULT_PLAN);
  issue (doing, person, contract);
  return ALL;
}

/* Unused passes are deleted, expire, or stay; new ones come (nexudus-api.md §5). */
static guint
renew (const Doing *doing, const NxEntity *contract)
{
  const GPtrArray *all = doing->nexus->all[NX_PASS];
  guint n = all->len;

  sim_count (doing->world, SIM_FAULT_RENEWED);
  for (guint i = 0; i < n; i++)
    {
      NxEntity *pass = all->pdata[i];
      if (!nx_lives (pass) || nx_row (pass)->contract != contract->id || nx_row (pass)->used)
        continue;
      if (doing->event->who / 7 % 3 == 0)
        nx_drop (doing->nexus, pass);
      else if (doing->event->who / 7 % 3 == 1)
        nx_change (doing->nexus, pass, doing->nexus->readings.system_bumps)->expires_at
            = *doing->nexus->now;
    }
  issue (doing, nx_find (doing->nexus, NX_COWORKER, nx_row (contract)->coworker), contract);
  return 0;
}

static guint
pause_contract (const Doing *doing, NxEntity *contract)
{
  gint64 from = some_time (doing, 0), until = from + 1 + (gint64) (doing->event->who % PERIOD_MAX);
  gboolean bumps = doing->nexus->readings.pause_bumps;
  NxRow *row;

  if (doing->event->what % 5 == 0)
    until = NX_NONE;
  else if (doing->event->what % 2 == 0)
    until = date_of (until);
  switch (doing->event->who % 4)
    {
    case 0:
      sim_count (doing->world, SIM_FAULT_PAUSED_ROW);
      row = nx_change (doing->nexus, contract, bumps);
      row->paused_from = from;
      row->paused_until = until;
      return bumps ? ALL : 0;
    case 1:
      sim_count (doing->world, SIM_FAULT_PAUSED_WORD);
      row = nx_change (doing->nexus, contract, bumps);
      row->paused = !row->paused;
      return bumps ? ALL : 0;
    default:
      sim_count (doing->world, SIM_FAULT_PAUSED_PERIOD);
      (void) nx_make (doing->nexus, NX_PERIOD, 0, &row);
      row->of = contract->id;
      row->from = from;
      row->until = until;
      if (bumps)
        (void) nx_change (doing->nexus, contract, TRUE);
      return ALL;
    }
}

static guint
unpause (const Doing *doing, NxEntity *contract)
{
  NxEntity *period = nx_pick (doing->nexus, NX_PERIOD, doing->event->what);
  gboolean bumps = doing->nexus->readings.pause_bumps;
  NxRow *row;

  sim_count (doing->world, SIM_FAULT_UNPAUSED);
  if (doing->event->who % 2 == 0 && period != NULL)
    {
      contract = nx_find (doing->nexus, NX_CONTRACT, nx_row (period)->of);
      nx_drop (doing->nexus, period);
      if (bumps && nx_lives (contract))
        (void) nx_change (doing->nexus, contract, TRUE);
      return bumps ? ALL : 0;
    }
  row = nx_change (doing->nexus, contract, bumps);
  row->paused = FALSE;
  row->paused_from = row->paused_until = NX_NONE;
  return bumps ? ALL : 0;
}

static guint
do_contract (const Doing *doing, NxEntity *contract)
{
  NxRow *row;

  switch (doing->event->deed)
    {
    case DEED_RENEW:
      return renew (doing, contract);
    case DEED_CONTRACT_END:
      sim_count (doing->world, SIM_FAULT_CONTRACT_ENDED);
      row = nx_change (doing->nexus, contract, TRUE);
      row->cancelled = doing->event->what % 2 == 0;
      row->until = doing->event->what % 5 == 0 ? NX_NONE : some_time (doing, 1);
      return ALL;
    case DEED_CONTRACT_FLIP:
      sim_count (doing->world, SIM_FAULT_CONTRACT_FLIPPED);
      row = nx_change (doing->nexus, contract, doing->nexus->readings.flip_bumps);
      row->active = !row->active;
      return doing->nexus->readings.flip_bumps ? ALL : 0;
    case DEED_CONTRACT_GONE:
      sim_count (doing->world, SIM_FAULT_CONTRACT_GONE);
      nx_drop (doing->nexus, contract);
      return 0;
    case DEED_PAUSE:
      return pause_contract (doing, contract);
    default:
      return unpause (doing, contract);
    }
}

/* --- passes ----------------------------------------------------------------------------------- */

static guint
use_pass (const Doing *doing, NxEntity *pass)
{
  gboolean bumps = doing->nexus->readings.use_bumps;
  NxRow *row;

  if (nx_row (pass)->used)
    return ALL;
  sim_count (doing->world, SIM_FAULT_USED);
  if (!bumps)
    sim_count (doing->world, SIM_FAULT_USED_SILENTLY);
  row = nx_change (doing->nexus, pass, bumps);
  row->used = TRUE;
  row->used_at = nx_clock (doing->nexus);
  return ALL;
}

static guint
do_pass (const Doing *doing, NxEntity *pass)
{
  switch (doing->event->deed)
    {
    case DEED_USE:
      return use_pass (doing, pass);
    case DEED_EXPIRE:
      sim_count (doing->world, SIM_FAULT_EXPIRED);
      nx_change (doing->nexus, pass, TRUE)->expires_at = some_time (doing, 2);
      return ALL;
    case DEED_PASS_GONE:
      sim_count (doing->world, SIM_FAULT_PASS_GONE);
      nx_drop (doing->nexus, pass);
      return 0;
    case DEED_PASS_MOVE:
      sim_count (doing->world, SIM_FAULT_PASS_MOVED);
      nx_change (doing->nexus, pass, TRUE)->coworker
          = doing->event->what % 8 == 0 ? 0 : somebody (doing);
      return ALL;
    default:
      sim_count (doing->world, SIM_FAULT_PASS_RETYPED);
      nx_change (doing->nexus, pass, TRUE)->of
          = nx_pick (doing->nexus, NX_TYPE, doing->event->what)->id;
      return ALL;
    }
}

static guint
buy (const Doing *doing, const NxEntity *person)
{
  NxRow *row = make_pass (doing->nexus, person, doing->event->what);

  sim_count (doing->world, SIM_FAULT_BOUGHT);
  row->from_product = doing->event->who % 3 == 0;
  if (doing->event->who % 2 == 0)
    row->expires_at = some_time (doing, 3) + 2 * NX_DAY;
  return ALL;
}

static guint
purge (const Doing *doing)
{
  const GPtrArray *all = doing->nexus->all[NX_PASS];

  for (guint i = 0; i < all->len; i++)
    if (nx_lives (all->pdata[i]) && i % 2 == doing->event->what % 2)
      nx_drop (doing->nexus, all->pdata[i]);
  return 0;
}

/* --- bookings --------------------------------------------------------------------------------- */

static void
set_times (const Doing *doing, NxRow *row)
{
  row->from = *doing->nexus->now + NX_MINUTE * 15 * ((gint64) (doing->event->what / 3 % 300) - 2);
  row->until = row->from + NX_MINUTE * 15 * (1 + (gint64) (doing->event->who / 5 % 16));
}

static guint
cancel (const Doing *doing, NxEntity *booking)
{
  Nexus *nexus = doing->nexus;
  gint64 id = nexus->readings.reference == NX_REFERENCE_OWN_ID ? booking->id : 0;
  NxRow was = *nx_row (booking), *row;

  sim_count (doing->world, SIM_FAULT_CANCELLED);
  (void) nx_make (nexus, NX_CANCELLED, id, &row);
  row->original = booking->id;
  row->coworker = was.coworker;
  row->of = was.of;
  row->from = was.from;
  row->until = was.until;
  row->cancelled_at = nx_clock (nexus);
  nx_drop (nexus, booking);
  /* Told by who, where and when alone, it is found by nobody who does not know of these yet. */
  return nexus->readings.reference == NX_REFERENCE_NONE && *nexus->now - was.since < KNOWN_AFTER
             ? 0
             : ALL;
}

static guint
reappear (const Doing *doing)
{
  Nexus *nexus = doing->nexus;
  const NxEntity *cancelled = nx_pick (nexus, NX_CANCELLED, doing->event->who);
  NxEntity *booking
      = cancelled == NULL ? NULL : nx_find (nexus, NX_BOOKING, nx_row (cancelled)->original);
  const NxEntity *person;
  NxRow *row;

  if (booking == NULL || nx_lives (booking))
    return 0;
  person = nx_find (nexus, NX_COWORKER, nx_row (booking)->coworker);
  if (!nx_lives (person))
    return 0;
  sim_count (doing->world, SIM_FAULT_REAPPEARED);
  row = make_booking (nexus, booking->id, person, doing->event->what);
  set_times (doing, row);
  return ALL;
}

static guint
do_booking (const Doing *doing, NxEntity *booking)
{
  NxRow *row;

  switch (doing->event->deed)
    {
    case DEED_BOOKING_MOVE:
      sim_count (doing->world, SIM_FAULT_BOOKING_MOVED);
      set_times (doing, nx_change (doing->nexus, booking, TRUE));
      return ALL;
    case DEED_BOOKING_ROOM:
      sim_count (doing->world, SIM_FAULT_BOOKING_ROOM);
      nx_change (doing->nexus, booking, TRUE)->of
          = nx_pick (doing->nexus, NX_RESOURCE, doing->event->what)->id;
      return ALL;
    case DEED_BOOKING_PERSON:
      sim_count (doing->world, SIM_FAULT_BOOKING_PERSON);
      nx_change (doing->nexus, booking, TRUE)->coworker
          = doing->event->what % 4 == 0 ? 0 : somebody (doing);
      return ALL;
    case DEED_TENTATIVE:
      sim_count (doing->world, SIM_FAULT_TENTATIVE);
      row = nx_change (doing->nexus, booking, TRUE);
      row->tentative = !row->tentative;
      return ALL;
    case DEED_CANCEL:
      return cancel (doing, booking);
    default:
      sim_count (doing->world, SIM_FAULT_BOOKING_GONE);
      nx_drop (doing->nexus, booking);
      return 0;
    }
}

static guint
book (const Doing *doing, const NxEntity *person)
{
  NxRow *row = make_booking (doing->nexus, 0, person, doing->event->what / 11);

  sim_count (doing->world, SIM_FAULT_BOOKED);
  set_times (doing, row);
  row->tentative = doing->event->who % 6 == 0;
  return ALL;
}

/* --- places ----------------------------------------------------------------------------------- */

static guint
move_type (const Doing *doing)
{
  NxRow *row = nx_change (doing->nexus, nx_pick (doing->nexus, NX_TYPE, doing->event->who), TRUE);

  sim_count (doing->world, SIM_FAULT_TYPE_MOVED);
  row->n_locations = 0;
  for (guint i = 0; i < NX_LOCATIONS; i++)
    if (doing->event->what >> i & 1)
      row->locations[row->n_locations++] = DEEDS_ROOT + i;
  return 0;
}

static guint
move_resource (const Doing *doing)
{
  sim_count (doing->world, SIM_FAULT_RESOURCE_MOVED);
  nx_change (doing->nexus, nx_pick (doing->nexus, NX_RESOURCE, doing->event->who), TRUE)->business
      = DEEDS_ROOT + (gint64) (doing->event->what % 4);
  return 0;
}

/* Suspended, or not listed at all any more. */
static guint
switch_location (const Doing *doing)
{
  NxEntity *location
      = nx_find (doing->nexus, NX_BUSINESS, DEEDS_ROOT + (gint64) (doing->event->who % 4));
  NxRow *row = nx_change (doing->nexus, location, TRUE);

  sim_count (doing->world, SIM_FAULT_LOCATION_OFF);
  if (row->gone || !row->active)
    {
      row->gone = FALSE;
      row->active = TRUE;
    }
  else
    {
      row->active = FALSE;
      row->gone = doing->event->what % 2 == 0;
    }
  return 0;
}

static guint
move_root (const Doing *doing)
{
  NxEntity *location = nx_find (doing->nexus, NX_BUSINESS, 11 + (gint64) (doing->event->who % 2));
  NxRow *row = nx_change (doing->nexus, location, TRUE);

  sim_count (doing->world, SIM_FAULT_ROOT_MOVED);
  row->business = row->business == 0 ? DEEDS_ROOT : 0;
  return 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

guint
deeds_do (SimWorld *world, Nexus *nexus, const WeekEvent *event)
{
  const Doing doing = { world, nexus, event };
  static const struct
  {
    Deed first, last;
    NxKind kind;
    guint (*func) (const Doing *doing, NxEntity *entity);
  } ranges[] = {
    { DEED_SUSPEND, DEED_REHOME, NX_COWORKER, do_person },
    { DEED_RENEW, DEED_UNPAUSE, NX_CONTRACT, do_contract },
    { DEED_USE, DEED_PASS_RETYPE, NX_PASS, do_pass },
    { DEED_BOOKING_MOVE, DEED_CANCEL, NX_BOOKING, do_booking },
    { DEED_BOOKING_GONE, DEED_BOOKING_GONE, NX_BOOKING, do_booking },
  };
  NxEntity *entity;

  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    if (event->deed >= ranges[i].first && event->deed <= ranges[i].last)
      {
        entity = nx_pick (nexus, ranges[i].kind, event->who);
        return entity == NULL ? 0 : ranges[i].func (&doing, entity);
      }
  entity = nx_pick (nexus, NX_COWORKER, event->who);
  switch (event->deed)
    {
    case DEED_JOIN:
      entity = make_person (nexus, homes[event->what % G_N_ELEMENTS (homes)],
                            (guint) (nexus->made + 1000));
      return event->who % 2 ? buy (&doing, entity) : ALL;
    case DEED_PLAN:
      return entity == NULL ? 0 : begin_plan (&doing, entity);
    case DEED_BUY:
      return entity == NULL ? 0 : buy (&doing, entity);
    case DEED_BOOK:
      return entity == NULL ? 0 : book (&doing, entity);
    case DEED_REAPPEAR:
      return reappear (&doing);
    case DEED_TYPE_MOVE:
      return move_type (&doing);
    case DEED_RESOURCE_MOVE:
      return move_resource (&doing);
    case DEED_LOCATION_OFF:
      return switch_location (&doing);
    case DEED_ROOT:
      return move_root (&doing);
    case DEED_PURGE:
      return purge (&doing);
    default:
      return 0;
    }
}
