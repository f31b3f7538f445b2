/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Trips, wishes to release them, and what becomes of both.
 */
#include "brake.h"

#include <latchkey/base/metrics.h>
#include <string.h>

#define WISH    "brake-release"
#define PROGRAM "poller"

typedef struct
{
  guint unread; /* missing, and not to be read by id in this round */
  guint room;   /* how many more may be */
} Round;

/* Of a space. */
typedef struct
{
  Brake *brake;
  LkTable *control;
  const LkConfigSpace *config;
  GPtrArray *wishes; /* keys of those that were open when the listing began */
  Round rounds[STORE_KINDS];
} Guard;

struct _Brake
{
  const LkClock *clock;
  const char *account;
  Store *store;
  Record *record;
  BrakeReleasedFunc released;
  gpointer data;
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
  guint i = (guint)(trip - record->trips);

  g_free (record->trips[i].id);
  g_free (record->trips[i].space);
  g_free (record->trips[i].kind);
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

  lk_metric_set (LK_M_BRAKE_HELD, trip == NULL ? 0 : (double)trip->held,
                 brake->guards[space].config->code, kinds[kind], NULL);
}

static void
show_all (const Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    for (guint k = 0; k < STORE_KINDS; k++)
      show (brake, (StoreKind)k, s);
}

/* --- wishes -------------------------------------------------------------------------------------
 */

/* A record of control that is of concern: a wish, or what became of one. */
typedef struct
{
  gboolean is_wish;
  char *trip; /* which it names; may be NULL */
} Wish;

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  g_auto (LkWish) wish = { 0 };
  Wish *entry;

  (void)data;
  if (!g_str_has_prefix (record->key, WISH "/"))
    return NULL;
  if (g_str_has_suffix (record->key, "/" PROGRAM))
    return g_new0 (Wish, 1);
  if (!lk_wish_parse (&wish, record->value, record->value_len, error))
    return NULL;
  entry = g_new (Wish, 1);
  *entry = (Wish){ TRUE, g_steal_pointer (&wish.trip) };
  return entry;
}

static void
free_wish (gpointer entry)
{
  g_free (((Wish *)entry)->trip);
  g_free (entry);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void)table;
  lk_warning (LK_F (.space = ((Guard *)data)->config->code, .topic = record->topic,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand this wish; nothing comes of it");
}

static char *
outcome_key (const char *wish_key)
{
  return g_strconcat (wish_key, "/" PROGRAM, NULL);
}

static gboolean
is_open (LkTable *control, const char *key)
{
  g_autofree char *outcome = outcome_key (key);

  return lk_table_get (control, 0, outcome) == NULL;
}

static void
look_at (LkTable *control, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  const Wish *wish = entry;

  (void)partition;
  if (wish->is_wish && is_open (control, key))
    g_ptr_array_add (data, g_strdup (key));
}

static const Wish *
wish_of (const Guard *guard, const char *key)
{
  const Wish *wish = lk_table_get (guard->control, 0, key);

  return wish != NULL && is_open (guard->control, key) ? wish : NULL;
}

/* A listing honours what was wished when it began: it has read all of it by id. */
static gboolean
is_released (const Guard *guard, const LkTrip *trip)
{
  for (guint i = 0; trip != NULL && i < guard->wishes->len; i++)
    {
      const Wish *wish = wish_of (guard, guard->wishes->pdata[i]);
      if (wish != NULL && g_strcmp0 (wish->trip, trip->id) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
write_outcome (const Guard *guard, const char *wish_key, const char *outcome, const char *reason)
{
  const LkOutcome record = { .outcome = (char *)outcome,
                             .reason = (char *)reason,
                             .at = lk_clock_wall (guard->brake->clock) };
  g_autofree char *key = outcome_key (wish_key);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  lk_outcome_write (&record, text);
  if (!lk_table_put (guard->control, 0, key, text->str, text->len, NULL, NULL, NULL, &error))
    /* The wish stays open and is answered by the next listing. */
    lk_warning (LK_F (.space = guard->config->code, .error = error, .event = "write_failed"),
                "can't write what became of a wish");
}

/* Of the wishes that name TRIP; NULL: of all that are left. */
static void
answer (const Guard *guard, const char *trip, const char *outcome, const char *reason)
{
  for (guint i = 0; i < guard->wishes->len; i++)
    {
      const Wish *wish = wish_of (guard, guard->wishes->pdata[i]);
      if (wish != NULL && (trip == NULL || g_strcmp0 (wish->trip, trip) == 0))
        write_outcome (guard, guard->wishes->pdata[i], outcome, reason);
    }
}

static void
changed (LkTable *table,
         gint32 partition,
         const char *key,
         gconstpointer old_entry,
         gpointer new_entry,
         gpointer data)
{
  const Guard *guard = data;
  const Wish *wish = new_entry;

  (void)partition;
  (void)old_entry;
  if (guard->brake->acting && wish != NULL && wish->is_wish && is_open (table, key))
    guard->brake->released (guard->brake->data);
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
      lk_table_foreach (guard->control, look_at, guard->wishes);
    }
}

void
brake_begin_round (Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    for (guint k = 0; k < STORE_KINDS; k++)
      {
        Guard *guard = &brake->guards[s];
        guint enough = limit_of (brake, (StoreKind)k, s) + 1;
        guint lost = store_losses (brake->store, (StoreKind)k, s);
        gboolean all = is_released (guard, find_trip (brake, (StoreKind)k, s));
        guard->rounds[k] = (Round){ 0, all ? G_MAXUINT : lost < enough ? enough - lost : 0 };
      }
}

gboolean
brake_ask (Brake *brake, StoreKind kind, guint space)
{
  Round *round = &brake->guards[space].rounds[kind];

  if (round->room == 0)
    {
      round->unread++;
      return FALSE;
    }
  round->room--;
  return TRUE;
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
  else if (lost <= (guint)tripped->held + limit)
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
        judge (brake, (StoreKind)k, s, revision);
      answer (&brake->guards[s], NULL, "refused", "there is no such trip");
    }
}

/* --- life ---------------------------------------------------------------------------------------
 */

Brake *
brake_new (LkProgram *program,
           const char *account,
           const GPtrArray *spaces,
           Store *store,
           Record *record,
           BrakeReleasedFunc released,
           gpointer data)
{
  static const LkTableOps ops
      = { .decode = decode, .free_entry = free_wish, .rejected = rejected, .changed = changed };
  Brake *brake = g_new0 (Brake, 1);

  brake->clock = lk_program_clock (program);
  brake->account = account;
  brake->store = store;
  brake->record = record;
  brake->released = released;
  brake->data = data;
  brake->n = spaces->len;
  brake->guards = g_new0 (Guard, spaces->len + 1);
  for (guint s = 0; s < spaces->len; s++)
    {
      Guard *guard = &brake->guards[s];
      guard->brake = brake;
      guard->config = spaces->pdata[s];
      guard->wishes = g_ptr_array_new_with_free_func (g_free);
      g_autofree char *topic = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)),
                                              LK_KIND_CONTROL, guard->config->code);
      guard->control = lk_table_new (lk_program_reader (program), lk_program_producer (program),
                                     topic, 1, &ops, guard);
      lk_table_follow_all (guard->control);
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
      lk_table_free (brake->guards[s].control);
      g_ptr_array_unref (brake->guards[s].wishes);
    }
  g_free (brake->guards);
  g_free (brake);
}

gboolean
brake_is_loaded (const Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    if (!lk_table_is_all_loaded (brake->guards[s].control))
      return FALSE;
  return TRUE;
}

gboolean
brake_is_idle (const Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    if (lk_table_pending (brake->guards[s].control, -1) > 0)
      return FALSE;
  return TRUE;
}

const char *
brake_trouble (const Brake *brake)
{
  for (guint s = 0; s < brake->n; s++)
    if (lk_table_trouble (brake->guards[s].control) != NULL)
      return lk_table_trouble (brake->guards[s].control);
  return NULL;
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
