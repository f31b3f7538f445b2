/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A table of rows by id, in the order of their ids. A row is a JSON object; what is asked of it
 * often is kept beside it and indexed: two numbers, a name, the words of a search; and its text as
 * lists show it, until it changes. Made for some 100 000 rows. One thread.
 */
#pragma once

#include <jansson.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 id;
  json_t *data; /* owned */
  LkTime updated;
  LkTime until;      /* when it ends, as the table's `index` says */
  gint64 key1, key2; /* as the table's `index` says; 0: none */
  char *name;        /* folded value of the table's name_key, or NULL */
  char *words;       /* what a search looks at, or NULL */
  char *list_text;   /* cache */
} Row;

gint row_by_id (gconstpointer a, gconstpointer b); /* a GCompareFunc of Row ** */

/* Rows in the order of their ids. What came last is sorted in when somebody asks. */
typedef struct
{
  GPtrArray *rows;
  guint sorted;
} RowList;

typedef struct
{
  GHashTable *by_id;       /* gint64* → Row */
  RowList list;            /* of Row, owned */
  const char *id_key;      /* "Id" or "id" */
  const char *updated_key; /* the time of last change, or NULL */
  void (*index) (Row *row);
  GHashTable *by_key[2];           /* gint64* → Bucket: the rows of a key1, of a key2 */
  const char *name_key;            /* or NULL */
  GHashTable *names;               /* Row.name → the newest Row of that name */
  char *(*words) (const Row *row); /* case-folded; NULL: the table has no search */
  GTree *by_word;                  /* of Word */
} Table;

void table_init (Table *table, const char *id_key, const char *updated_key);
void table_clear (Table *table);
void table_empty (Table *table);
/* Takes DATA, whose id must be set; replaces a row of the same id. */
Row *table_put (Table *table, json_t *data);
Row *table_get (const Table *table, gint64 id);
Row *table_by_name (const Table *table, const char *name);
void table_changed (Table *table, Row *row); /* after changing row->data */
gboolean table_remove (Table *table, gint64 id);
guint table_size (const Table *table);
/* Rows by id. Valid until the table changes; rows may be removed while it is walked from its end.
 */
GPtrArray *table_rows (Table *table);
/* Those whose key1 (WHICH 1) or key2 (WHICH 2) is KEY; as valid as the above. */
GPtrArray *table_rows_of (Table *table, guint which, gint64 key);
/* Whether ROW has a word that begins with FOLDED, a word being what follows anything but letters
 * and digits, to the end of all words. */
gboolean row_has_word (const Row *row, const char *folded);
/* The rows that have one, of a table with `words`. By id; unref it. */
GPtrArray *table_search (const Table *table, const char *folded);

G_END_DECLS
