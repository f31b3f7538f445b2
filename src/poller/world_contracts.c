/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Contracts and their paused periods. A pause is told in up to three ways: by times in the
 * contract's own row, by rows of contractpausedperiods, or by nothing but the word that there is
 * one (nexudus-api.md §3.10). All of them count.
 */
#include "world_internal.h"

#include "pause.h"

typedef struct
{
  gint64 id;
  gint64 revision; /* of the row that says this */
  LkTime updated_at;
  const LkZone *zone; /* of the location that issued it; NULL: no space at all */
  Pause own;
  gboolean paused;     /* its row says that it is, with or without times */
  gboolean seen;       /* since the last whole list began */
  LkContract contract; /* what its passes carry, with the pause that counts */
} Contract;

static const LkZone *
zone_of (const World *world, gint64 business)
{
  for (guint i = 0; i < world->spaces->n; i++)
    if (world->spaces->businesses[i] == business)
      return world->zones[i];
  return world->spaces->n > 0 ? world->zones[0] : NULL;
}

static Pause
pause_of (const World *world, const Contract *contract, LkTime now)
{
  const GPtrArray *rows = g_hash_table_lookup (world->paused, &contract->id);
  guint n = rows == NULL ? 0 : rows->len;
  g_autofree Pause *pauses = g_new (Pause, n + 1);
  Pause chosen;

  for (guint i = 0; i < n; i++)
    {
      const LkNexudusPause *row = rows->pdata[i];
      pauses[i] = (Pause){ row->from, row->until };
    }
  pauses[n] = contract->own;
  chosen = pause_choose (pauses, n + 1, contract->zone, now);
  /* Paused since nobody says when. Where there are times they decide: no row is touched when time
   * passes it, so the word may be an old one. */
  if (contract->paused && chosen.from == LK_TIME_NONE && chosen.until == LK_TIME_NONE)
    chosen.from = contract->contract.starts_at != LK_TIME_NONE ? contract->contract.starts_at : 0;
  return chosen;
}

/* TRUE when another pause counts. */
static gboolean
set_pause_of (const World *world, Contract *contract, LkTime now)
{
  Pause pause = pause_of (world, contract, now);
  LkContract *shown = &contract->contract;

  if (shown->paused_from == pause.from && shown->paused_until == pause.until)
    return FALSE;
  shown->paused_from = pause.from;
  shown->paused_until = pause.until;
  return TRUE;
}

static gboolean
contract_equal (const LkContract *a, const LkContract *b)
{
  return a->active == b->active && a->cancelled == b->cancelled && a->starts_at == b->starts_at
         && a->ends_at == b->ends_at && a->paused_from == b->paused_from
         && a->paused_until == b->paused_until;
}

static void
keep (World *world, const char *uid, const Contract *contract)
{
  char *key = g_strdup (uid);

  if (contract->id != 0)
    (void) g_hash_table_replace (world->uids, g_memdup2 (&contract->id, sizeof contract->id), key);
  (void) g_hash_table_replace (world->contracts, key, g_memdup2 (contract, sizeof *contract));
}

gboolean
world_set_contract (World *world, const LkNexudusContract *row, gint64 revision, LkTime now)
{
  Contract contract = { .id = row->id,
                        .revision = revision,
                        .updated_at = row->updated_at,
                        .zone = zone_of (world, row->business),
                        .own = { row->paused_from, row->paused_until },
                        .paused = row->paused,
                        .seen = TRUE,
                        .contract = { .active = row->active,
                                      .cancelled = row->cancelled,
                                      .starts_at = row->starts_at,
                                      .ends_at = row->ends_at,
                                      .paused_from = LK_TIME_NONE,
                                      .paused_until = LK_TIME_NONE } };
  Contract *before;
  gboolean same;

  if (row->uid == NULL)
    return FALSE;
  before = g_hash_table_lookup (world->contracts, row->uid);
  if (before != NULL && before->revision > revision)
    {
      before->seen = TRUE;
      return FALSE;
    }
  (void) set_pause_of (world, &contract, now);
  same = before != NULL && contract_equal (&before->contract, &contract.contract);
  keep (world, row->uid, &contract);
  return !same;
}

void
world_set_contract_missing (World *world, const char *uid)
{
  const Contract nowhere = { .own = { LK_TIME_NONE, LK_TIME_NONE },
                             .contract = { .starts_at = LK_TIME_NONE,
                                           .ends_at = LK_TIME_NONE,
                                           .paused_from = LK_TIME_NONE,
                                           .paused_until = LK_TIME_NONE } };
  const Contract *before = g_hash_table_lookup (world->contracts, uid);

  if (before != NULL)
    (void) g_hash_table_remove (world->uids, &before->id);
  keep (world, uid, &nowhere);
}

void
world_begin_contracts (World *world)
{
  GHashTableIter iter;
  gpointer contract;

  g_hash_table_iter_init (&iter, world->contracts);
  while (g_hash_table_iter_next (&iter, NULL, &contract))
    ((Contract *) contract)->seen = FALSE;
}

GArray *
world_contracts_missing (const World *world)
{
  GArray *missing = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, world->contracts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Contract *contract = value;
      if (!contract->seen && contract->contract.active)
        g_array_append_val (missing, contract->id);
    }
  return missing;
}

void
world_drop_contract (World *world, gint64 contract)
{
  g_autofree char *uid = g_strdup (g_hash_table_lookup (world->uids, &contract));

  if (uid != NULL)
    world_set_contract_missing (world, uid);
}

gboolean
world_contract_is_missing (const World *world, const char *uid)
{
  const Contract *contract = g_hash_table_lookup (world->contracts, uid);

  return contract != NULL && contract->id == 0;
}

gboolean
world_contract (const World *world, const char *uid, LkContract *out)
{
  const Contract *contract = g_hash_table_lookup (world->contracts, uid);

  if (contract == NULL)
    return FALSE;
  *out = contract->contract;
  return TRUE;
}

/* --- paused periods --------------------------------------------------------------------------- */

/* UniqueId of the contract when another of its pauses counts now, or NULL. */
static const char *
look_again (const World *world, gint64 id, LkTime now)
{
  const char *uid = g_hash_table_lookup (world->uids, &id);

  return uid != NULL && set_pause_of (world, g_hash_table_lookup (world->contracts, uid), now)
             ? uid
             : NULL;
}

static void
take_out (World *world, const LkNexudusPause *pause)
{
  gint64 contract = pause->contract;
  GPtrArray *rows = g_hash_table_lookup (world->paused, &contract);

  (void) g_ptr_array_remove_fast (rows, (gpointer) pause);
  if (rows->len == 0)
    (void) g_hash_table_remove (world->paused, &contract);
  (void) g_hash_table_remove (world->pauses, &pause->id);
}

const char *
world_drop_pause (World *world, gint64 id, LkTime now)
{
  const LkNexudusPause *pause = g_hash_table_lookup (world->pauses, &id);
  gint64 contract;

  if (pause == NULL)
    return NULL;
  contract = pause->contract;
  take_out (world, pause);
  return look_again (world, contract, now);
}

const char *
world_set_pause (World *world, const LkNexudusPause *row, gint64 revision, LkTime now)
{
  const LkNexudusPause *before = g_hash_table_lookup (world->pauses, &row->id);
  LkNexudusPause *own;
  GPtrArray *rows;

  if (!world_is_newer (world->pause_revisions, row->id, revision))
    return NULL;
  own = g_memdup2 (row, sizeof *row);
  if (before != NULL)
    take_out (world, before);
  rows = g_hash_table_lookup (world->paused, &own->contract);
  if (rows == NULL)
    {
      rows = g_ptr_array_new ();
      (void) g_hash_table_insert (world->paused, g_memdup2 (&own->contract, sizeof (gint64)), rows);
    }
  g_ptr_array_add (rows, own);
  (void) g_hash_table_insert (world->pauses, &own->id, own);
  return look_again (world, own->contract, now);
}

GArray *
world_pauses_missing (const World *world, gint64 contract, GHashTable *listed)
{
  GArray *missing = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, world->pauses);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const LkNexudusPause *pause = value;
      if ((contract == 0 || pause->contract == contract)
          && !g_hash_table_contains (listed, &pause->id))
        g_array_append_val (missing, pause->id);
    }
  return missing;
}

GPtrArray *
world_pass_pauses (World *world, LkTime now)
{
  GPtrArray *changed = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, world->paused);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const char *uid = look_again (world, *(gint64 *) key, now);
      if (uid != NULL)
        g_ptr_array_add (changed, (gpointer) uid);
    }
  return changed;
}

gboolean
world_may_have_lost_pause (const World *world, const LkNexudusContract *row)
{
  const Contract *before
      = row->uid == NULL ? NULL : g_hash_table_lookup (world->contracts, row->uid);

  return before != NULL && before->updated_at != row->updated_at
         && g_hash_table_contains (world->paused, &row->id);
}
