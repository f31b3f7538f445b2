/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The shape of a message: one row a field, which name it has, of what type it is and where in the
 * struct it goes. Two readers work from the same rows and so cannot disagree about a field:
 *   lk_shape_read   the reference: jansson's tree, every fault named with its path
 *   lk_shape_scan   the fast one: one pass without a tree, which takes only what is plainly right
 *                   (no escapes, no unknown field) and leaves the rest, and every fault, to the
 *                   reference
 * Pure; any thread.
 */
#pragma once

#include "path.h"

#include <latchkey/base/time.h>
#include <latchkey/model/keys.h>
#include <stddef.h>

typedef enum
{
  LK_F_ID,          /* gint64 > 0 */
  LK_F_ID_NULL,     /* gint64; null is 0 */
  LK_F_COUNT,       /* gint64 ≥ 0 */
  LK_F_COUNT_NULL,  /* gint64; null is -1 */
  LK_F_FORMAT,      /* gint64 > 0, at most LK_LEDGER_FORMAT, else LK_ERROR_REFUSED */
  LK_F_BOOL,        /* gboolean */
  LK_F_TEXT,        /* char *, never empty */
  LK_F_TEXT_NULL,   /* char *; null is NULL */
  LK_F_TIME,        /* LkTime */
  LK_F_TIME_NULL,   /* LkTime; null is LK_TIME_NONE */
  LK_F_WORD,        /* an enum of int, through `word` */
  LK_F_OBJECT,      /* a struct in place, of `shape` */
  LK_F_OBJECT_NULL, /* the same; `count_at` is the gboolean that says whether it is there */
  LK_F_LIST,        /* an array of structs of `shape`, its guint length at `count_at` */
  LK_F_TEXTS,       /* char **, NULL-terminated */
  LK_F_IDS,         /* gint64 *, its guint length at `count_at` */
  LK_F_PAIR,        /* two gint64 ≥ 0 in an array of two: a version */
  LK_F_SOURCE,      /* "pass/17": its LkSourceKind, and the gint64 id at `count_at` */
} LkFieldType;

typedef enum
{
  LK_FIELD_ALWAYS = 1, /* a deleted one has it too */
  LK_FIELD_SPARE = 2,  /* may be missing, which reads as null */
} LkFieldFlags;

typedef struct LkShape LkShape;

typedef struct
{
  const char *name;
  guint name_len;
  LkFieldType type;
  guint flags;
  guint at;       /* offset in the struct */
  guint count_at; /* see the type */
  guint max;      /* elements of a list */
  const LkShape *shape;
  /* -1: no such word */
  int (*word) (const char *text);
} LkField;

struct LkShape
{
  const LkField *fields;
  guint n_fields; /* ≤ 32 */
  gsize size;     /* of the struct */
  int deleted_at; /* offset of the gboolean `deleted`, -1: there is none */
  /* What concerns more than one field; FALSE with ERROR at PATH. May be NULL. */
  gboolean (*check) (const void *base, const LkPath *path, GError **error);
};

#define LK_FIELD(type_, struct_, member_, ...)                                                     \
  {                                                                                                \
    .name = #member_, .name_len = sizeof #member_ - 1, .type = LK_F_##type_,                       \
    .at = offsetof (struct_, member_), __VA_ARGS__                                                 \
  }
#define LK_FIELD_AS(name_, type_, struct_, member_, ...)                                           \
  {                                                                                                \
    .name = name_, .name_len = sizeof name_ - 1, .type = LK_F_##type_,                             \
    .at = offsetof (struct_, member_), __VA_ARGS__                                                 \
  }

/* Sets every field to what null reads as. */
void lk_shape_init (const LkShape *shape, void *base);
/* Frees what the fields own and zeroes the struct. */
void lk_shape_clear (const LkShape *shape, void *base);

/* The readers fill BASE, SHAPE's size of storage that need not be initialised; on failure nothing
 * in it is owned. */
gboolean lk_shape_read (
    const LkShape *shape, void *base, json_t *object, const LkPath *path, GError **error);
gboolean lk_shape_scan (const LkShape *shape, void *base, const char *json, gsize len);

/* The scan, and where that leaves it to the reference, the reference; MAX bytes. */
gboolean lk_shape_parse (
    const LkShape *shape, void *base, const char *json, gsize len, gsize max, GError **error);

/* What both readers ask about a value. */
gboolean lk_source_parse (const char *text, gsize len, LkSourceKind *out_kind, gint64 *out_id);

static inline gboolean
lk_field_takes_int (const LkField *field, gint64 value)
{
  return field->type == LK_F_COUNT || field->type == LK_F_COUNT_NULL ? value >= 0 : value > 0;
}

static inline gboolean
lk_field_takes_null (const LkField *field)
{
  switch (field->type)
    {
    case LK_F_ID_NULL:
    case LK_F_COUNT_NULL:
    case LK_F_TEXT_NULL:
    case LK_F_TIME_NULL:
    case LK_F_OBJECT_NULL:
      return TRUE;
    default:
      return FALSE;
    }
}

/* The shapes, beside the readers and writers of their messages; for tests of the two readers. */
extern const LkShape lk_member_shape, lk_pass_shape, lk_booking_shape, lk_member_set_shape,
    lk_claims_set_shape, lk_ledger_member_shape, lk_right_shape, lk_wish_shape, lk_outcome_shape,
    lk_nexudus_account_shape, lk_kisi_account_shape, lk_access_report_shape, lk_access_change_shape;
