/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Wishes from their record to their outcome.
 */
#include "wishes_internal.h"

#include "crash.h"

#define PROGRAM "executor"
#define LOOK_MS LK_SECOND /* besides every change of the topic */

struct _Wishes
{
  Account *account;
  GPtrArray *sets;     /* WishSet* */
  GHashTable *running; /* Wish*, by "<space> <key>" (owned) */
  gboolean started, changed;
  gint64 look_at; /* steady ms */
};

Account *
wish_account (const Wish *wish)
{
  return wish->set->wishes->account;
}

/* --- the topic -------------------------------------------------------------------------------- */

static void
changed (const char *key, const LkWish *wish, gpointer data)
{
  (void) key;
  (void) wish;
  ((WishSet *) data)->wishes->changed = TRUE;
}

/* --- from record to outcome ------------------------------------------------------------------- */

static const WishKind *const kinds[] = { &wish_resync, &wish_adopt, &wish_forget };

static const WishKind *
kind_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i]->name, name))
      return kinds[i];
  return NULL; /* another program's, or a newer release's */
}

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  if (wish->kind->drop != NULL)
    wish->kind->drop (wish);
  g_array_unref (wish->ids);
  g_ptr_array_unref (wish->people);
  g_free (wish->key);
  g_free (wish);
}

static void
begin (WishSet *set, const char *key, const WishKind *kind, const LkWish *record)
{
  Wishes *wishes = set->wishes;
  char *name = g_strdup_printf ("%s %s", set->space->config->code, key);
  Wish *wish;

  if (g_hash_table_contains (wishes->running, name))
    {
      g_free (name);
      return;
    }
  wish = g_new0 (Wish, 1);
  wish->set = set;
  wish->key = g_strdup (key);
  wish->kind = kind;
  wish->at = record->at;
  wish->member = record->member;
  wish->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_vals (wish->ids, record->ids, record->n_ids);
  wish->people = g_ptr_array_new ();
  g_hash_table_insert (wishes->running, name, wish);
  if (set->space->refusal == NULL)
    kind->begin (wish);
}

typedef struct
{
  WishSet *set;
  GPtrArray *open;  /* keys (owned) */
  GArray *erasable; /* gint64: members */
} Scan;

static void
scan_wish (const char *key, const LkWish *wish, gpointer data)
{
  Scan *scan = data;
  const LkOutcome *outcome = lk_wishes_outcome (scan->set->control, key, PROGRAM);

  if (kind_of (wish->wish) == NULL)
    return;
  if (!lk_wish_is_over (wish, outcome))
    g_ptr_array_add (scan->open, g_strdup (key));
  else if (kind_of (wish->wish) == &wish_forget && g_str_equal (outcome->outcome, "done"))
    g_array_append_val (scan->erasable, wish->member);
}

static void
scan (WishSet *set)
{
  g_autoptr (GPtrArray) open = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) erasable = g_array_new (FALSE, FALSE, sizeof (gint64));
  Scan found = { set, open, erasable };

  lk_wishes_foreach (set->control, NULL, scan_wish, &found);
  for (guint i = 0; i < open->len; i++)
    {
      const LkWish *wish = lk_wishes_get (set->control, open->pdata[i]);
      begin (set, open->pdata[i], kind_of (wish->wish), wish);
    }
  for (guint i = 0; i < erasable->len; i++)
    wish_forget_erase (set, g_array_index (erasable, gint64, i));
}

/* TRUE: it is over, or its record is gone. */
static gboolean
look_at (gpointer name, gpointer value, gpointer data)
{
  Wish *wish = value;
  g_autofree char *reason = NULL;
  const char *outcome;

  (void) name;
  (void) data;
  if (lk_wishes_get (wish->set->control, wish->key) == NULL)
    return TRUE;
  if (wish->set->space->refusal != NULL)
    {
      lk_wishes_answer (wish->set->control, wish->key, "failed",
                        "the space's ledger was written by a newer release");
      return TRUE;
    }
  outcome = wish->kind->look (wish, &reason);
  if (outcome == NULL)
    return FALSE;
  lk_wishes_answer (wish->set->control, wish->key, outcome, reason);
  CRASH_POINT (OUTCOME_WRITTEN);
  return TRUE;
}

void
wishes_turn (Wishes *wishes)
{
  gint64 now = lk_clock_steady (wishes->account->clock);

  if (!wishes->started)
    return;
  if (wishes->changed || now >= wishes->look_at)
    {
      wishes->changed = FALSE;
      wishes->look_at = now + LOOK_MS;
      for (guint i = 0; i < wishes->sets->len; i++)
        scan (wishes->sets->pdata[i]);
    }
  (void) g_hash_table_foreach_remove (wishes->running, look_at, NULL);
}

/* --- listings --------------------------------------------------------------------------------- */

void
wish_list (Wish *wish)
{
  wish->listing = LISTING_WANTED;
  audit_request (wish_account (wish)->audit, wish->set->space);
}

static void
set_listing (Wishes *wishes, const StateSpace *space, Listing from, Listing to)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, wishes->running);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Wish *) value)->set->space == space && ((Wish *) value)->listing == from)
      ((Wish *) value)->listing = to;
}

void
wishes_listing_begun (Wishes *wishes, StateSpace *space)
{
  set_listing (wishes, space, LISTING_WANTED, LISTING_BEGUN);
}

void
wishes_listed (Wishes *wishes, StateSpace *space, gboolean ok)
{
  set_listing (wishes, space, LISTING_BEGUN, ok ? LISTING_DONE : LISTING_FAILED);
}

void
wishes_foreign_row (Wishes *wishes, StateSpace *space, const LkKisiAssignment *row)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, wishes->running);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Wish *wish = value;
      if (wish->set->space == space && wish->listing == LISTING_BEGUN
          && wish->kind->foreign_row != NULL)
        wish->kind->foreign_row (wish, row);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static void
set_free (gpointer data)
{
  WishSet *set = data;

  lk_wishes_free (set->control);
  g_free (set);
}

Wishes *
wishes_new (gpointer data)
{
  Wishes *wishes = g_new0 (Wishes, 1);
  Account *account = data;
  const GPtrArray *spaces = state_spaces (account->state);

  wishes->account = account;
  wishes->running = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, wish_free);
  wishes->sets = g_ptr_array_new_with_free_func (set_free);
  for (guint i = 0; i < spaces->len; i++)
    {
      WishSet *set = g_new0 (WishSet, 1);

      set->wishes = wishes;
      set->space = spaces->pdata[i];
      set->control = lk_wishes_new (account->program, set->space->config, PROGRAM, changed, set);
      g_ptr_array_add (wishes->sets, set);
    }
  return wishes;
}

void
wishes_stop (Wishes *wishes)
{
  wishes->started = FALSE;
  g_hash_table_remove_all (wishes->running);
}

void
wishes_free (Wishes *wishes)
{
  if (wishes == NULL)
    return;
  wishes_stop (wishes);
  g_hash_table_unref (wishes->running);
  g_ptr_array_unref (wishes->sets);
  g_free (wishes);
}

void
wishes_start (Wishes *wishes)
{
  wishes->started = wishes->changed = TRUE;
}

void
wishes_refresh (Wishes *wishes)
{
  for (guint i = 0; i < wishes->sets->len; i++)
    lk_wishes_refresh (((WishSet *) wishes->sets->pdata[i])->control);
}

gboolean
wishes_are_loaded (const Wishes *wishes)
{
  for (guint i = 0; i < wishes->sets->len; i++)
    if (!lk_wishes_are_loaded (((WishSet *) wishes->sets->pdata[i])->control))
      return FALSE;
  return TRUE;
}

guint
wishes_pending (const Wishes *wishes)
{
  guint pending = 0;

  for (guint i = 0; i < wishes->sets->len; i++)
    pending += lk_wishes_pending (((WishSet *) wishes->sets->pdata[i])->control);
  return pending;
}
