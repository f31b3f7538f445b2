/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The settings table as the library uses it: rows (settings.def), and the lists that rows with "[]"
 * in their path live in. Immutable; any thread.
 */
#pragma once

#include <latchkey/config/config.h>

G_BEGIN_DECLS

typedef enum
{
  LK_SETTING_TEXT,        /* char * */
  LK_SETTING_PATH,        /* char * */
  LK_SETTING_URL,         /* char *, without a slash at its end */
  LK_SETTING_BROKERS,     /* char * */
  LK_SETTING_PREFIX,      /* char *, legal in a topic's name */
  LK_SETTING_CODE,        /* char *, [a-z0-9-] */
  LK_SETTING_INTEGER,     /* int or guint */
  LK_SETTING_RATE,        /* guint; MAX is the service's limit, lifted by dev */
  LK_SETTING_ID,          /* gint64 */
  LK_SETTING_DURATION,    /* gint64, ms; -1 where the default is "" */
  LK_SETTING_BOOLEAN,     /* gboolean */
  LK_SETTING_PERCENT,     /* guint */
  LK_SETTING_TIME_OF_DAY, /* int, minutes after midnight */
  LK_SETTING_ZONE,        /* LkZone * */
  LK_SETTING_WORD,        /* int: index in WORDS */
  LK_SETTING_NEXUDUS,     /* LkConfigNexudus *, by its account */
  LK_SETTING_KISI,        /* LkConfigKisi *, by its account */
  LK_SETTING_PASS,        /* char *, and LkConfigMapping.kind */
  LK_SETTING_RESOURCE,    /* the same */
  LK_SETTING_NAMES,       /* char **; MIN and MAX count them */
  LK_SETTING_PROPERTIES,  /* LkConfigProperty *; only in LkConfigKafka */
} LkSettingKind;

typedef struct
{
  const char *path;
  LkSettingKind kind;
  gsize offset; /* in the struct that the innermost list holds, or LkConfig */
  const char *default_value;
  gint64 min, max;
  const char *words; /* a|b|c */
  gboolean live;
  const char *help;
} LkSettingRow;

/* A list of structs: the array and its length within the struct around it. */
typedef struct
{
  const char *prefix; /* "spaces[]." */
  gsize item_size, items_offset, n_offset;
  guint min, max;
  const char *key;    /* the row that names an item, or NULL: order does */
  gssize line_offset; /* of a guint for the item's line, or -1 */
} LkSettingList;

typedef enum
{
  LK_SHAPE_UNKNOWN,
  LK_SHAPE_SETTING, /* a row */
  LK_SHAPE_SECTION, /* a mapping of further settings */
  LK_SHAPE_LIST,    /* a list of mappings */
} LkSettingShape;

const LkSettingRow *lk_schema_rows (guint *out_n);

/* What KEY (of LEN bytes) is directly below PREFIX ("", "kafka.", "spaces[]."); *OUT_ROW for a
 * setting, *OUT_PREFIX (static) the prefix of what is below for a list, otherwise NULL. */
LkSettingShape lk_schema_find (const char *prefix,
                               const char *key,
                               const LkSettingRow **out_row,
                               const LkSettingList **out_list);

/* The keys directly below PREFIX in the table's order. Free with g_ptr_array_unref. */
GPtrArray *lk_schema_keys (const char *prefix);

/* The row belongs to the struct that PREFIX names: below it, and not in a list further below. */
gboolean lk_schema_within (const LkSettingRow *row, const char *prefix);

static inline gpointer
lk_setting_at (gconstpointer base, gsize offset)
{
  return (char *) base + offset;
}

G_END_DECLS
