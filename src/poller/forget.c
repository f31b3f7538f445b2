/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * From the wish to its outcome, and from the executor's outcome to the tombstones. All of it is
 * looked at again every second, so that what failed is done by the next look.
 */
#include "forget.h"

#define WISH "forget"
#define LOOK_MS LK_SECOND
#define HAS_THEM                                                                                   \
  "Nexudus still has the person: delete them there first, or everything would come back"

struct _Forget
{
  const Desk *desk;
  const GPtrArray *wishes;
  GHashTable *reads; /* "<space> <key of a wish>" → Reading */
  gint64 look_at;    /* steady ms */
};

/* What Nexudus says of a person; neither has nor gone: the read has failed. */
typedef struct
{
  Forget *forget;
  gboolean over, has, gone;
  gint64 revision; /* of that answer */
  gint64 until;    /* steady ms: it is asked again then */
} Reading;

/* One look at a space. */
typedef struct
{
  Forget *forget;
  guint space;
  GPtrArray *open;  /* keys (owned) of wishes without an outcome of ours */
  GArray *erasable; /* gint64 members: nothing of theirs is live any more, all say */
} Look;

static LkWishes *
wishes_of (const Forget *forget, guint space)
{
  return forget->wishes->pdata[space];
}

/* --- asking Nexudus -----------------------------------------------------------------------------
 */

static void
got (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Reading *reading = data;
  const Desk *desk = reading->forget->desk;

  (void) id;
  reading->over = TRUE;
  reading->has = error == NULL && row != NULL;
  reading->gone = error == NULL && row == NULL;
  reading->revision = store_revision (desk->store, read->started_at);
  reading->until = lk_clock_steady (desk->clock) + desk->config->poll_interval;
  forget_soon (reading->forget);
}

/* What is known of MEMBER, asking where nothing is: each wish for itself, so that the answer is no
 * older. NULL: not yet. */
static const Reading *
ask (Forget *forget, guint space, const char *key, gint64 member)
{
  char *name = g_strdup_printf ("%u %s", space, key);
  Reading *reading = g_hash_table_lookup (forget->reads, name);

  if (reading == NULL || (reading->over && lk_clock_steady (forget->desk->clock) >= reading->until))
    {
      reading = g_new0 (Reading, 1);
      reading->forget = forget;
      g_hash_table_insert (forget->reads, name, reading);
      lk_nexudus_get (forget->desk->nexudus, LK_NEXUDUS_COWORKERS, member, LK_NEXUDUS_ROWS, got,
                      reading);
      return NULL;
    }
  g_free (name);
  return reading->has || reading->gone ? reading : NULL;
}

/* --- a wish -------------------------------------------------------------------------------------
 */

static void
answer (Forget *forget, guint space, const char *key, const char *outcome, const char *reason)
{
  g_autofree char *name = g_strdup_printf ("%u %s", space, key);

  lk_wishes_answer (wishes_of (forget, space), key, outcome, reason);
  (void) g_hash_table_remove (forget->reads, name);
}

static void
look_at_open (Forget *forget, guint space, const char *key)
{
  gint64 member = lk_wishes_get (wishes_of (forget, space), key)->member;
  const Reading *reading = member == 0 ? NULL : ask (forget, space, key, member);

  if (member == 0)
    answer (forget, space, key, "refused", "it names no member");
  else if (reading != NULL && reading->has)
    answer (forget, space, key, "refused", HAS_THEM);
  else if (reading != NULL
           && store_part_with (forget->desk->store, space, member, reading->revision))
    answer (forget, space, key, "done", NULL);
}

static void
note_wish (const char *key, const LkWish *wish, gpointer data)
{
  Look *look = data;
  LkWishes *wishes = wishes_of (look->forget, look->space);
  const LkOutcome *ours = lk_wishes_outcome (wishes, key, POLLER_PROGRAM);
  const LkOutcome *executor = lk_wishes_outcome (wishes, key, "executor");

  if (!lk_wish_is_over (wish, ours))
    g_ptr_array_add (look->open, g_strdup (key));
  else if (lk_wish_is_over (wish, executor) && g_str_equal (ours->outcome, "done")
           && g_str_equal (executor->outcome, "done"))
    g_array_append_val (look->erasable, wish->member);
}

static void
look_at_space (Forget *forget, guint space)
{
  g_autoptr (GPtrArray) open = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) erasable = g_array_new (FALSE, FALSE, sizeof (gint64));
  Look look = { forget, space, open, erasable };

  lk_wishes_foreach (wishes_of (forget, space), WISH, note_wish, &look);
  for (guint i = 0; i < open->len; i++)
    look_at_open (forget, space, open->pdata[i]);
  for (guint i = 0; i < erasable->len; i++)
    store_erase (forget->desk->store, space, g_array_index (erasable, gint64, i));
}

void
forget_turn (Forget *forget)
{
  gint64 now = lk_clock_steady (forget->desk->clock);

  if (now < forget->look_at)
    return;
  forget->look_at = now + LOOK_MS;
  for (guint s = 0; s < forget->wishes->len; s++)
    look_at_space (forget, s);
}

void
forget_soon (Forget *forget)
{
  forget->look_at = G_MININT64;
}

void
forget_stop (Forget *forget)
{
  g_hash_table_remove_all (forget->reads);
  forget_soon (forget);
}

/* --- life ---------------------------------------------------------------------------------------
 */

Forget *
forget_new (const Desk *desk, const GPtrArray *wishes)
{
  Forget *forget = g_new0 (Forget, 1);

  forget->desk = desk;
  forget->wishes = wishes;
  forget->reads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  forget_soon (forget);
  return forget;
}

void
forget_free (Forget *forget)
{
  if (forget == NULL)
    return;
  g_hash_table_unref (forget->reads);
  g_free (forget);
}
