/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Where a table keeps the entries of one partition: two levels, by the first part of the key (the
 * member) and then by the rest, sorted. Most tables hold millions of keys, so a slot is two pointers
 * and the rest of its key; what is rare (a write on its way) hangs off it. Loop thread.
 */
#pragma once

#include <latchkey/kafka/table.h>

G_BEGIN_DECLS

/* A write of ours that has not come back in the log. */
typedef struct
{
  guint64 number;
  gint64 offset;  /* once acknowledged; -1 */
  gpointer entry; /* NULL: a tombstone */
} LkOwnWrite;

typedef struct
{
  gpointer entry; /* of the log's winner among what was read; NULL: none */
  LkOwnWrite *own;
  char rest[]; /* of the key behind its first part, with the slash; "" when there is none */
} LkSlot;

typedef struct
{
  GHashTable *groups; /* set of Group */
} LkIndex;

void lk_index_init (LkIndex *index);
/* Frees slots and groups; FREE_ENTRY (may be NULL) the entries, those of own writes too. */
void lk_index_clear (LkIndex *index, void (*free_entry) (gpointer entry));

/* KEY shorter than LK_KEY_MAX, else nothing is found. */
LkSlot *lk_index_find (const LkIndex *index, const char *key);
LkSlot *lk_index_make (LkIndex *index, const char *key); /* finds or makes */
/* SLOT, found by KEY, is empty: no entry, no own write. */
void lk_index_remove (LkIndex *index, const char *key, LkSlot *slot);

/* FIRST NULL: all, else those of that first part, in key order. FUNC must not change the index. */
typedef void (*LkIndexFunc) (const char *key, LkSlot *slot, gpointer data);
void lk_index_foreach (const LkIndex *index, const char *first, LkIndexFunc func, gpointer data);

G_END_DECLS
