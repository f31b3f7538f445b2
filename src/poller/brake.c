/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Trips, wishes to release them, and what becomes of both.
 */
#include "brake.h"

#include <latchkey/base/metrics.h>

#define WISH "brake-release"

typedef struct
{
  guint unread;    /* missing, and not to be read by id in this round */
  guint room;      /* how many more may be */
  GArray *members; /* gint64: whose rows are unread; the first few */
} Round;

/* Of a space. */
typedef struct
{
  const LkConfigSpace *config;
  LkWishes *control;
  GPtrArray *wishes; /* keys of those that were open when the listing began */
  Round rounds[STORE_KINDS];
} Guard;

struct _Brake
{
  const LkClock *clock;
  const char *account;
  Store *store;
  Record *record;
  Guard *guards; /* by space */
  guint n;
  gboolean acting;
};

static const char *const kinds[] = { "members", "passes", "bookings" };

/* --- trips --------------------------------------------------------------------------------------
 */

static LkTrip *
find_trip (const Brake *brake, StoreKind kind, guint space)
{
  const LkNexudusAccount *record = record_data (brake->record);

  for (guint i = 0; i < record->n_trips; i++)
    if (g_str_equal (record->trips[i].space, brake->guards[space].config->code)
        && g_str_equal (record->trips[i].kind, kinds[kind]))
      return &record->trips[i];
  return NULL;
}

static void
remove_trip (Brake *brake, const LkTrip *trip)
{
  LkNexudusAccount *record = record_data (brake->record);
  guint i = (guint) (trip - record->trips);

  lk_trip_clear (&record->trips[i]);
  record->trips[i] = record->trips[--record->n_trips];
}

static void
add_trip (Brake *brake, const LkTrip *trip)
{
  LkNexudusAccount *record = record_data (brake->record);

  record->trips = g_renew (LkTrip, record->trips, record->n_trips + 1);
  record->trips[record->n_trips++] = *trip;
}

static void
show (const Brake *brake, StoreKind kind, guint space)
{
  const LkTrip *trip = brake->acting ? find_trip (brake, kind, space) : NULL;

  lk_metric_set (LK_M_BRAKE_HELD, trip == NULL ? 0 : (double) trip->held,
                 brake->guards[space].config->code, kinds[kind], NULL);
}

static void
show_all (const Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    for (guint k = 0; k < STORE_KINDS; k++)
      show (brake, (StoreKind) k, s);
}

/* --- wishes -------------------------------------------------------------------------------------
 */

static void
note_wish (const char *key, const LkWish *wish, gpointer data)
{
  const Guard *guard = data;

  (void) wish;
  if (lk_wishes_is_open (guard->control, key, POLLER_PROGRAM))
    g_ptr_array_add (guard->wishes, g_strdup (key));
}

static const LkWish *
wish_of (const Guard *guard, const char *key)
{
  return lk_wishes_is_open (guard->control, key, POLLER_PROGRAM)
             ? lk_wishes_get (guard->control, key)
             : NULL;
}

/* A listing honours what was wished when it began: it has read all of it by id. */
static gboolean
is_released (const Guard *guard, const LkTrip *trip)
{
  for (guint i = 0; trip != NULL && i < guard->wishes->len; i++)
    {
      const LkWish *wish = wish_of (guard, guard->wishes->pdata[i]);
      if (wish != NULL && g_strcmp0 (wish->trip, trip->id) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Of the wishes that name TRIP; NULL: of all that are left. */
static void
answer (const Guard *guard, const char *trip, const char *outcome, const char *reason)
{
  for (guint i = 0; i < guard->wishes->len; i++)
    {
      const LkWish *wish = wish_of (guard, guard->wishes->pdata[i]);
      if (wish != NULL && (trip == NULL || g_strcmp0 (wish->trip, trip) == 0))
        lk_wishes_answer (guard->control, guard->wishes->pdata[i], outcome, reason);
    }
}

/* --- judging ------------------------------------------------------------------------------------
 */

static guint
limit_of (const Brake *brake, StoreKind kind, guint space)
{
  const LkConfigSpace *config = brake->guards[space].config;

  return diff_brake_limit (config->brake_count, config->brake_share,
                           store_live (brake->store, kind, space));
}

void
brake_begin_listing (Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    {
      Guard *guard = &brake->guards[s];
      g_ptr_array_set_size (guard->wishes, 0);
      lk_wishes_foreach (guard->control, WISH, note_wish, guard);
    }
}

void
brake_begin_round (Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    for (guint k = 0; k < STORE_KINDS; k++)
      {
        Guard *guard = &brake->guards[s];
        guint enough = limit_of (brake, (StoreKind) k, s) + 1;
        guint lost = store_losses (brake->store, (StoreKind) k, s);
        gboolean all = is_released (guard, find_trip (brake, (StoreKind) k, s));
        Round *round = &guard->rounds[k];
        round->unread = 0;
        round->room = all ? G_MAXUINT : lost < enough ? enough - lost : 0;
        g_array_set_size (round->members, 0);
      }
}

gboolean
brake_ask (Brake *brake, StoreKind kind, guint space, gint64 member)
{
  Round *round = &brake->guards[space].rounds[kind];

  if (round->room == 0)
    {
      round->unread++;
      if (round->members->len < LK_TRIP_MEMBERS_MAX)
        g_array_append_val (round->members, member);
      return FALSE;
    }
  round->room--;
  return TRUE;
}

static int
by_id (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

/* Whose rows are held, each once and in order: the first few of them. */
static void
name_members (const Brake *brake, StoreKind kind, guint space, LkTrip *trip)
{
  g_autoptr (GArray) members = store_losers (brake->store, kind, space);
  const GArray *unread = brake->guards[space].rounds[kind].members;
  guint n = 0;

  g_array_append_vals (members, unread->data, unread->len);
  g_array_sort (members, by_id);
  g_free (trip->members);
  trip->members = g_new (gint64, members->len);
  for (guint i = 0; i < members->len && n < LK_TRIP_MEMBERS_MAX; i++)
    {
      gint64 member = g_array_index (members, gint64, i);
      if (n == 0 || trip->members[n - 1] != member)
        trip->members[n++] = member;
    }
  trip->n_members = n;
}

static void
trip (Brake *brake, StoreKind kind, guint space, guint held, gint64 revision)
{
  const char *code = brake->guards[space].config->code;
  LkTrip *stands = find_trip (brake, kind, space);
  guint live = store_live (brake->store, kind, space);

  if (stands != NULL && stands->held == held)
    {
      stands->of = live;
      name_members (brake, kind, space, stands);
      return;
    }
  if (stands == NULL)
    {
      LkTrip fresh
          = { .id = g_strdup_printf ("%s-%s-%" G_GINT64_FORMAT, code, kinds[kind], revision),
              .space = g_strdup (code),
              .kind = g_strdup (kinds[kind]),
              .since = lk_clock_wall (brake->clock) };
      add_trip (brake, &fresh);
      stands = find_trip (brake, kind, space);
    }
  stands->held = held;
  stands->of = live;
  name_members (brake, kind, space, stands);
  lk_error (LK_F (.account = brake->account, .space = code, .event = "brake"),
            "ALARM: a listing would remove %u of %u %s, and removes none until they are there "
            "again; if they are gone for good: latchkey brake release %s",
            held, live, kinds[kind], stands->id);
}

/* What is lost goes; TRIPPED (or NULL) is over. */
static void
let_go (Brake *brake, StoreKind kind, guint space, LkTrip *tripped)
{
  guint lost = store_losses (brake->store, kind, space);

  if (tripped != NULL)
    {
      lk_info (LK_F (.account = brake->account, .space = tripped->space, .event = "brake_over"),
               "the brake lets go of the %s: %u are removed", kinds[kind], lost);
      answer (&brake->guards[space], tripped->id, "done", NULL);
      remove_trip (brake, tripped);
    }
  store_let_lost_go (brake->store, kind, space);
}

static void
judge (Brake *brake, StoreKind kind, guint space, gint64 revision)
{
  const Guard *guard = &brake->guards[space];
  LkTrip *tripped = find_trip (brake, kind, space);
  guint lost = store_losses (brake->store, kind, space) + guard->rounds[kind].unread;
  guint limit = limit_of (brake, kind, space);

  if (lost <= limit)
    let_go (brake, kind, space, tripped);
  else if (!is_released (guard, tripped))
    trip (brake, kind, space, lost, revision);
  else if (lost <= (guint) tripped->held + limit)
    let_go (brake, kind, space, tripped);
  else
    {
      /* More than whoever released it has seen. */
      answer (guard, tripped->id, "refused", "a new listing would remove more; see the new trip");
      remove_trip (brake, tripped);
      trip (brake, kind, space, lost, revision);
    }
  show (brake, kind, space);
}

void
brake_judge (Brake *brake, gint64 revision)
{
  for (guint s = 0; s < brake->n; s++)
    {
      for (guint k = 0; k < STORE_KINDS; k++)
        judge (brake, (StoreKind) k, s, revision);
      answer (&brake->guards[s], NULL, "refused", "there is no such trip");
    }
}

/* --- life ---------------------------------------------------------------------------------------
 */

Brake *
brake_new (const LkClock *clock, const char *account, const GPtrArray *spaces,
           const GPtrArray *wishes, Store *store, Record *record)
{
  Brake *brake = g_new0 (Brake, 1);

  brake->clock = clock;
  brake->account = account;
  brake->store = store;
  brake->record = record;
  brake->n = spaces->len;
  brake->guards = g_new0 (Guard, spaces->len + 1);
  for (guint s = 0; s < spaces->len; s++)
    {
      Guard *guard = &brake->guards[s];
      guard->config = spaces->pdata[s];
      guard->control = wishes->pdata[s];
      guard->wishes = g_ptr_array_new_with_free_func (g_free);
      for (guint k = 0; k < STORE_KINDS; k++)
        guard->rounds[k].members = g_array_new (FALSE, FALSE, sizeof (gint64));
    }
  show_all (brake);
  return brake;
}

void
brake_free (Brake *brake)
{
  if (brake == NULL)
    return;
  for (guint s = 0; s < brake->n; s++)
    {
      g_ptr_array_unref (brake->guards[s].wishes);
      for (guint k = 0; k < STORE_KINDS; k++)
        g_array_unref (brake->guards[s].rounds[k].members);
    }
  g_free (brake->guards);
  g_free (brake);
}

void
brake_begin (Brake *brake)
{
  brake->acting = TRUE;
  show_all (brake);
}

void
brake_end (Brake *brake)
{
  brake->acting = FALSE;
  store_forget_lost (brake->store);
  show_all (brake);
}
