/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Contracts. A changed one changes what its passes give, though not their own rows, so these are
 * listed by it.
 */
#include "rows_internal.h"

#include <latchkey/base/log.h>

typedef struct
{
  Rows *rows;
  char *uid;
  gboolean busy;  /* its passes are being listed */
  gboolean again; /* it changed meanwhile */
} OfContract;

static void
of_contract_free (gpointer data)
{
  OfContract *of = data;

  g_free (of->uid);
  g_free (of);
}

GHashTable *
rows_unlisted_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, of_contract_free);
}

#define ANY_CONTRACT "*"

static void
note_unread (Rows *rows, json_t *row)
{
  const char *uid = json_string_value (json_object_get (row, "UniqueId"));

  (void) g_hash_table_add (rows->unread_contracts, g_strdup (uid == NULL ? ANY_CONTRACT : uid));
}

static gboolean
may_be_unread (const Rows *rows, const char *uid)
{
  return g_hash_table_contains (rows->unread_contracts, uid)
         || g_hash_table_contains (rows->unread_contracts, ANY_CONTRACT);
}

/* A contract that no list had is looked for among its holder's own, by UniqueId. */
typedef struct
{
  Rows *rows;
  gint64 coworker;
  char *uid;
} Search;

static void
searched (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Search *search = data;
  Rows *rows = search->rows;
  g_autofree char *reference = g_strdup_printf ("contract/%s", search->uid);
  LkContract contract;
  gboolean known = world_contract (rows->world, search->uid, &contract);

  (void) read;
  (void) g_hash_table_remove (rows->open, reference);
  rows_count_failure (rows, error);
  if (error == NULL && !known && !may_be_unread (rows, search->uid))
    {
      lk_warning (
          LK_F (.account = rows->account, .member = search->coworker, .event = "contract_missing"),
          "a pass is from a contract that Nexudus does not have; it gives nothing");
      world_set_contract_missing (rows->world, search->uid);
      known = TRUE;
    }
  rows_release (rows, reference, error == NULL && known);
  g_free (search->uid);
  g_free (search);
}

static void search_row (json_t *row, const LkNexudusRead *read, gpointer data);

void
rows_want_contract (Rows *rows, gint64 coworker, const char *uid)
{
  Search *search;
  g_autofree char *query = NULL;

  if (!g_hash_table_add (rows->open, g_strdup_printf ("contract/%s", uid)))
    return;
  search = g_new (Search, 1);
  *search = (Search){ rows, coworker, g_strdup (uid) };
  query = g_strdup_printf ("CoworkerContract_Coworker=%" G_GINT64_FORMAT, coworker);
  lk_nexudus_list (rows->nexudus, LK_NEXUDUS_CONTRACTS, query, LK_NEXUDUS_ROWS, search_row,
                   searched, search);
}

static void
of_contract_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  rows_pass (row, read, ((OfContract *) data)->rows);
}

static void list_passes_of (OfContract *of);

static void
of_contract_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  OfContract *of = data;

  (void) read;
  of->busy = FALSE;
  rows_count_failure (of->rows, error);
  if (error != NULL)
    return; /* logged; rows_try_again asks again */
  if (of->again)
    list_passes_of (of);
  else
    (void) g_hash_table_remove (of->rows->unlisted, of->uid);
}

static void
list_passes_of (OfContract *of)
{
  g_autofree char *escaped = g_uri_escape_string (of->uid, NULL, FALSE);
  g_autofree char *query
      = g_strdup_printf ("CoworkerTimePass_CoworkerContractUniqueId=%s", escaped);

  of->busy = TRUE;
  of->again = FALSE;
  lk_nexudus_list (of->rows->nexudus, LK_NEXUDUS_PASSES, query, LK_NEXUDUS_ROWS, of_contract_row,
                   of_contract_done, of);
}

void
rows_list_unlisted (Rows *rows)
{
  GHashTableIter iter;
  gpointer of;

  g_hash_table_iter_init (&iter, rows->unlisted);
  while (g_hash_table_iter_next (&iter, NULL, &of))
    if (!((OfContract *) of)->busy)
      list_passes_of (of);
}

void
rows_contract_changed (Rows *rows, const char *uid)
{
  OfContract *of = g_hash_table_lookup (rows->unlisted, uid);

  if (!rows->composed)
    return;
  if (of == NULL)
    {
      of = g_new (OfContract, 1);
      *of = (OfContract){ .rows = rows, .uid = g_strdup (uid) };
      g_hash_table_insert (rows->unlisted, of->uid, of);
    }
  /* Rows that a list under way has brought already had the contract as it was. */
  if (of->busy)
    of->again = TRUE;
  else
    list_passes_of (of);
}

static void
take_contract (Rows *rows, json_t *row, const LkNexudusRead *read, gboolean list_new)
{
  gint64 revision = store_revision (rows->store, read->started_at);
  g_auto (LkNexudusContract) contract = { 0 };
  g_autoptr (GError) error = NULL;
  LkContract before;
  gboolean known;

  if (!lk_nexudus_contract_read (&contract, row, &error))
    {
      rows_unreadable (rows, LK_NEXUDUS_CONTRACTS, error);
      note_unread (rows, row);
      return;
    }
  known = contract.uid != NULL && world_contract (rows->world, contract.uid, &before);
  if (world_may_have_lost_pause (rows->world, &contract))
    rows_want_pauses_of (rows, contract.id);
  if (world_set_contract (rows->world, &contract, revision, lk_clock_wall (rows->clock))
      && (known || list_new))
    rows_contract_changed (rows, contract.uid);
}

static void
search_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  /* The pass that asked is read again by itself. */
  take_contract (((Search *) data)->rows, row, read, FALSE);
}

void
rows_contract_listed (json_t *row, const LkNexudusRead *read, gpointer data)
{
  /* The passes of all contracts are listed behind this; those of one that was known and differs
   * don't wait for that, since whoever reads it next finds nothing changed. */
  take_contract (data, row, read, FALSE);
}

/* --- contracts that have gone ----------------------------------------------------------------- */

static void
got_contract (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Rows *rows = data;

  rows_close_one (rows, "contract_id", id);
  rows_count_failure (rows, error);
  if (row != NULL)
    rows_contract_listed (row, read, rows);
  else if (error == NULL)
    {
      /* The listing goes on with the passes, whose loss the brake judges. */
      lk_warning (LK_F (.account = rows->account, .event = "contract_missing"),
                  "contract %" G_GINT64_FORMAT " is gone from Nexudus; its passes give nothing",
                  id);
      world_drop_contract (rows->world, id);
    }
}

void
rows_begin_contracts (Rows *rows)
{
  world_begin_contracts (rows->world);
  g_hash_table_remove_all (rows->unread_contracts);
}

void
rows_contracts_listed (Rows *rows)
{
  g_autoptr (GArray) missing = world_contracts_missing (rows->world);

  rows_confirm (rows, "contract_id", LK_NEXUDUS_CONTRACTS, missing, got_contract);
}

void
rows_contract (json_t *row, const LkNexudusRead *read, gpointer data)
{
  take_contract (data, row, read, TRUE);
}
