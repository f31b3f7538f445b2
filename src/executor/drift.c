/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of KISI and rights of the ledger, by the id that KISI gave; where there is none, by what was
 * intended.
 */
#include "drift.h"

#include "plan.h"

#define CREATED_SKEW_MS LK_MINUTE   /* KISI's clock against ours, when neither is wrong */
#define LOST_INTENT_MS (7 * LK_DAY) /* a create that was given up may show that long after */

struct _DriftIndex
{
  GHashTable *by_id;  /* &right_id → const LkRight*; a held one before an ended one */
  GPtrArray *intents; /* const LkRight*: open, or given up of late; taken ones leave */
};

const char *
drift_class_name (DriftClass class)
{
  static const char *const names[DRIFT_CLASSES]
      = { "none", "missing", "altered", "surplus", "foreign" };

  return names[class];
}

gboolean
drift_is_of_intent (const LkKisiAssignment *row, const LkRight *intent)
{
  return row->user_id == intent->kisi_user_id && row->group_id == intent->group_id
         && lk_window_equal (plan_whole_seconds (row->window), plan_whole_seconds (intent->window))
         && (row->created_at == LK_TIME_NONE || intent->intended_at == LK_TIME_NONE
             || row->created_at >= intent->intended_at - PLAN_CLOCK_OFF_MS);
}

gboolean
drift_is_since (const LkKisiAssignment *row, const LkRight *intent)
{
  return row->created_at == LK_TIME_NONE || intent->intended_at == LK_TIME_NONE
         || row->created_at >= intent->intended_at - CREATED_SKEW_MS;
}

gboolean
drift_is_lost_intent (const LkRight *intent, LkTime now)
{
  return intent->state == LK_RIGHT_ENDED && intent->right_id == 0
         && intent->intended_at != LK_TIME_NONE && intent->intended_at >= now - LOST_INTENT_MS;
}

DriftIndex *
drift_index_new (const GArray *rights, LkTime now)
{
  DriftIndex *index = g_new (DriftIndex, 1);

  index->by_id = g_hash_table_new (g_int64_hash, g_int64_equal);
  index->intents = g_ptr_array_new ();
  for (guint i = 0; i < rights->len; i++)
    {
      const LkRight *right = g_array_index (rights, DriftRight, i).right;
      const LkRight *other;

      if (right->right_id == 0)
        {
          if (right->state == LK_RIGHT_INTENDED || drift_is_lost_intent (right, now))
            g_ptr_array_add (index->intents, (gpointer) right);
          continue;
        }
      other = g_hash_table_lookup (index->by_id, &right->right_id);
      if (other == NULL || other->state == LK_RIGHT_ENDED)
        g_hash_table_replace (index->by_id, (gpointer) &right->right_id, (gpointer) right);
    }
  return index;
}

void
drift_index_free (DriftIndex *index)
{
  if (index == NULL)
    return;
  g_hash_table_unref (index->by_id);
  g_ptr_array_unref (index->intents);
  g_free (index);
}

static const LkRight *
take_intent (DriftIndex *index, const LkKisiAssignment *row)
{
  for (guint i = 0; i < index->intents->len; i++)
    if (drift_is_of_intent (row, index->intents->pdata[i]))
      return g_ptr_array_remove_index_fast (index->intents, i);
  return NULL;
}

static DriftClass
judge_known (const LkKisiAssignment *row, const LkRight *right)
{
  if (right->state == LK_RIGHT_ENDED)
    return DRIFT_SURPLUS;
  return lk_window_equal (plan_whole_seconds (row->window), plan_whole_seconds (right->window))
             ? DRIFT_NONE
             : DRIFT_ALTERED;
}

DriftClass
drift_judge (DriftIndex *index, const LkKisiAssignment *row, gint64 exclusive_user,
             const LkRight **out_right)
{
  const LkRight *right = g_hash_table_lookup (index->by_id, &row->id);
  DriftClass class = DRIFT_FOREIGN;

  /* Under the id of ours, and yet somebody else's: not the right that we made. */
  if (right != NULL && (right->kisi_user_id != row->user_id || right->group_id != row->group_id))
    right = NULL;
  else if (right != NULL)
    class = judge_known (row, right);
  else if ((right = take_intent (index, row)) != NULL)
    class = right->state == LK_RIGHT_INTENDED ? DRIFT_NONE : DRIFT_SURPLUS;
  else if (exclusive_user != 0 && row->created_by_id == exclusive_user)
    class = DRIFT_SURPLUS;
  if (out_right != NULL)
    *out_right = right;
  return class;
}

/* Whether ROW is an intent's only if a clock was wrong: one that is so for certain takes it first.
 */
static gboolean
is_doubtful (const DriftIndex *index, const LkKisiAssignment *row)
{
  gboolean is_of_one = FALSE;

  if (g_hash_table_contains (index->by_id, &row->id))
    return FALSE;
  for (guint i = 0; i < index->intents->len; i++)
    {
      const LkRight *intent = index->intents->pdata[i];
      if (!drift_is_of_intent (row, intent))
        continue;
      if (drift_is_since (row, intent))
        return FALSE;
      is_of_one = TRUE;
    }
  return is_of_one;
}

static void
compare_row (DriftIndex *index, LkKisiAssignment *row, gint64 exclusive_user, GArray *drift)
{
  Drift found = { .row = row };

  found.class = drift_judge (index, row, exclusive_user, &found.right);
  if (found.class != DRIFT_NONE)
    g_array_append_val (drift, found);
}

/* The ids of ours that KISI lists. */
static GHashTable *
ids_of (const GPtrArray *rows, gint64 group)
{
  GHashTable *ids = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < rows->len; i++)
    {
      LkKisiAssignment *row = rows->pdata[i];
      if (group == 0 || row->group_id == group)
        (void) g_hash_table_add (ids, &row->id);
    }
  return ids;
}

static GArray *
rights_of (const GArray *rights, gint64 group)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (DriftRight));

  for (guint i = 0; i < rights->len; i++)
    {
      const DriftRight *right = &g_array_index (rights, DriftRight, i);
      if (group == 0 || right->right->group_id == group)
        g_array_append_val (out, *right);
    }
  return out;
}

GArray *
drift_compare (gint64 group, const GPtrArray *rows, const GArray *all, gint64 exclusive_user,
               LkTime listed_at, LkTime now)
{
  g_autoptr (GArray) rights = rights_of (all, group);
  g_autoptr (DriftIndex) index = drift_index_new (rights, now);
  g_autoptr (GHashTable) listed = ids_of (rows, group);
  g_autoptr (GPtrArray) doubtful = g_ptr_array_new ();
  GArray *drift = g_array_new (FALSE, FALSE, sizeof (Drift));

  for (guint i = 0; i < rows->len; i++)
    {
      LkKisiAssignment *row = rows->pdata[i];
      if (group != 0 && row->group_id != group)
        continue;
      if (is_doubtful (index, row))
        g_ptr_array_add (doubtful, row);
      else
        compare_row (index, row, exclusive_user, drift);
    }
  for (guint i = doubtful->len; i > 0; i--) /* the newest first */
    compare_row (index, doubtful->pdata[i - 1], exclusive_user, drift);
  for (guint i = 0; i < rights->len; i++)
    {
      const DriftRight *one = &g_array_index (rights, DriftRight, i);
      Drift found = { DRIFT_MISSING, one->right, NULL };
      if (one->right->state == LK_RIGHT_HELD && one->right->right_id != 0
          && one->recorded_at < listed_at && lk_window_until (one->right->window) > now
          && !g_hash_table_contains (listed, &one->right->right_id))
        g_array_append_val (drift, found);
    }
  return drift;
}
