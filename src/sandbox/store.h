/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A table of rows by id, in the order of their ids. A row is a JSON object; two numbers of it are
 * kept beside it for quick filters, and its text as lists show it, until it changes.
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
  gint64 key1, key2; /* as the table's `index` says */
  char *list_text;   /* cache */
} Row;

typedef struct
{
  GHashTable *by_id; /* gint64* → Row */
  GPtrArray *rows;   /* of Row, owned; by id once sorted */
  gboolean unsorted;
  const char *id_key;      /* "Id" or "id" */
  const char *updated_key; /* the time of last change, or NULL */
  void (*index) (Row *row);
  GHashTable *names; /* lower-cased value of name_key → Row; NULL when not kept */
  const char *name_key;
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
/* Rows by id. Valid until the table changes. */
GPtrArray *table_rows (Table *table);

G_END_DECLS
