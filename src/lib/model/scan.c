/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The fast reader of messages: one pass over the text, no tree, fields expected in the order in
 * which our writers put them. It accepts only what the reference reader accepts with the same
 * result; at the first thing that is unusual (an escape, a field it does not know, a number of 19
 * digits) or wrong it gives up, and the reference decides. Held together by a differential fuzzer.
 */
#include "shape.h"

#include <latchkey/model/ledger.h>
#include <string.h>

#define AT(base, offset, type) ((type *) (void *) ((char *) (base) + (offset)))
#define DIGITS_MAX 18 /* always fits */
#define WORD_MAX 40

typedef struct
{
  const char *at, *end;
} Scan;

static gboolean scan_object (Scan *scan, const LkShape *shape, void *base);

static inline void
skip_blanks (Scan *scan)
{
  while (scan->at < scan->end
         && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
    scan->at++;
}

static inline gboolean
take (Scan *scan, char c)
{
  skip_blanks (scan);
  if (scan->at == scan->end || *scan->at != c)
    return FALSE;
  scan->at++;
  return TRUE;
}

static inline gboolean
take_text (Scan *scan, const char *text, gsize len)
{
  if ((gsize) (scan->end - scan->at) < len || memcmp (scan->at, text, len) != 0)
    return FALSE;
  scan->at += len;
  return TRUE;
}

/* A string without escapes; borrowed from the text. */
static inline gboolean
take_string (Scan *scan, const char **out, gsize *out_len)
{
  const char *start, *at;
  guchar any = 0;

  if (!take (scan, '"'))
    return FALSE;
  start = scan->at;
  for (at = start; at < scan->end && *at != '"'; at++)
    {
      if ((guchar) *at < 0x20 || *at == '\\')
        return FALSE;
      any |= (guchar) *at;
    }
  if (at == scan->end)
    return FALSE;
  if (any >= 0x80 && !g_utf8_validate (start, at - start, NULL))
    return FALSE;
  *out = start;
  *out_len = (gsize) (at - start);
  scan->at = at + 1;
  return TRUE;
}

static inline gboolean
take_int (Scan *scan, gint64 *out)
{
  const char *start;
  gint64 value = 0;
  gboolean negative;

  skip_blanks (scan);
  negative = scan->at < scan->end && *scan->at == '-';
  start = scan->at += negative;
  while (scan->at < scan->end && g_ascii_isdigit (*scan->at) && scan->at - start < DIGITS_MAX)
    value = value * 10 + (*scan->at++ - '0');
  if (scan->at == start || (*start == '0' && scan->at - start > 1))
    return FALSE;
  /* More digits, a fraction or an exponent: too long for us, or another type. */
  if (scan->at < scan->end
      && (g_ascii_isdigit (*scan->at) || *scan->at == '.' || *scan->at == 'e' || *scan->at == 'E'))
    return FALSE;
  *out = negative ? -value : value;
  return TRUE;
}

static gboolean
scan_int (Scan *scan, const LkField *field, void *base)
{
  gint64 value;

  if (!take_int (scan, &value) || !lk_field_takes_int (field, value))
    return FALSE;
  if (field->type == LK_F_FORMAT && value > LK_LEDGER_FORMAT)
    return FALSE;
  *AT (base, field->at, gint64) = value;
  return TRUE;
}

static gboolean
scan_bool (Scan *scan, const LkField *field, void *base)
{
  skip_blanks (scan);
  if (take_text (scan, "true", 4))
    *AT (base, field->at, gboolean) = TRUE;
  else if (take_text (scan, "false", 5))
    *AT (base, field->at, gboolean) = FALSE;
  else
    return FALSE;
  return TRUE;
}

static gboolean
scan_string (Scan *scan, const LkField *field, void *base)
{
  char word[WORD_MAX];
  const char *text;
  gsize len;
  int value;

  if (!take_string (scan, &text, &len))
    return FALSE;
  switch (field->type)
    {
    case LK_F_TIME:
    case LK_F_TIME_NULL:
      return lk_time_parse (text, len, AT (base, field->at, LkTime), NULL);
    case LK_F_SOURCE:
      return lk_source_parse (text, len, AT (base, field->at, LkSourceKind),
                              AT (base, field->count_at, gint64));
    case LK_F_WORD:
      if (len >= sizeof word)
        return FALSE;
      memcpy (word, text, len);
      word[len] = '\0';
      value = field->word (word);
      if (value < 0)
        return FALSE;
      *AT (base, field->at, int) = value;
      return TRUE;
    default:
      if (len == 0 && field->type == LK_F_TEXT)
        return FALSE;
      *AT (base, field->at, char *) = g_strndup (text, len);
      return TRUE;
    }
}

/* Room for one more than COUNT elements: 4, then twice as many each time. */
static gpointer
grow (gpointer items, guint count, gsize size)
{
  if (count == 0 || (count >= 4 && (count & (count - 1)) == 0))
    return g_realloc_n (items, count == 0 ? 4 : count * 2, size);
  return items;
}

static gboolean
scan_list (Scan *scan, const LkField *field, void *base)
{
  char **items = AT (base, field->at, char *);
  guint *count = AT (base, field->count_at, guint);
  gsize size = field->shape->size;

  if (!take (scan, '['))
    return FALSE;
  if (take (scan, ']'))
    return TRUE;
  do
    {
      if (*count >= field->max)
        return FALSE;
      *items = grow (*items, *count, size);
      if (!scan_object (scan, field->shape, *items + *count * size))
        return FALSE;
      (*count)++;
    }
  while (take (scan, ','));
  return take (scan, ']');
}

static gboolean
scan_texts (Scan *scan, const LkField *field, void *base)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  if (!take (scan, '['))
    return FALSE;
  if (!take (scan, ']'))
    {
      do
        {
          const char *text;
          gsize len;

          if (texts->len >= field->max || !take_string (scan, &text, &len) || len == 0)
            return FALSE;
          g_ptr_array_add (texts, g_strndup (text, len));
        }
      while (take (scan, ','));
      if (!take (scan, ']'))
        return FALSE;
    }
  g_ptr_array_add (texts, NULL);
  *AT (base, field->at, char **) = (char **) g_ptr_array_steal (texts, NULL);
  return TRUE;
}

static gboolean
scan_ids (Scan *scan, const LkField *field, void *base)
{
  gint64 **ids = AT (base, field->at, gint64 *);
  guint *count = AT (base, field->count_at, guint);

  if (!take (scan, '['))
    return FALSE;
  if (take (scan, ']'))
    return TRUE;
  do
    {
      if (*count >= field->max)
        return FALSE;
      *ids = grow (*ids, *count, sizeof (gint64));
      if (!take_int (scan, &(*ids)[*count]) || (*ids)[*count] <= 0)
        return FALSE;
      (*count)++;
    }
  while (take (scan, ','));
  return take (scan, ']');
}

static gboolean
scan_pair (Scan *scan, const LkField *field, void *base)
{
  gint64 *pair = AT (base, field->at, gint64);

  return take (scan, '[') && take_int (scan, &pair[0]) && take (scan, ',')
         && take_int (scan, &pair[1]) && take (scan, ']') && pair[0] >= 0 && pair[1] >= 0;
}

static gboolean
scan_field (Scan *scan, const LkField *field, void *base)
{
  skip_blanks (scan);
  if (lk_field_takes_null (field) && scan->at < scan->end && *scan->at == 'n')
    return take_text (scan, "null", 4);
  switch (field->type)
    {
    case LK_F_ID:
    case LK_F_ID_NULL:
    case LK_F_COUNT:
    case LK_F_COUNT_NULL:
    case LK_F_FORMAT:
      return scan_int (scan, field, base);
    case LK_F_BOOL:
      return scan_bool (scan, field, base);
    case LK_F_TEXT:
    case LK_F_TEXT_NULL:
    case LK_F_TIME:
    case LK_F_TIME_NULL:
    case LK_F_WORD:
    case LK_F_SOURCE:
      return scan_string (scan, field, base);
    case LK_F_OBJECT_NULL:
      *AT (base, field->count_at, gboolean) = TRUE;
      return scan_object (scan, field->shape, AT (base, field->at, char));
    case LK_F_OBJECT:
      return scan_object (scan, field->shape, AT (base, field->at, char));
    case LK_F_LIST:
      return scan_list (scan, field, base);
    case LK_F_TEXTS:
      return scan_texts (scan, field, base);
    case LK_F_PAIR:
      return scan_pair (scan, field, base);
    case LK_F_IDS:
      return scan_ids (scan, field, base);
    }
  return FALSE;
}

/* The field NAME, looked for first at NEXT, where our writers put it. -1: none. */
static inline int
find_field (const LkShape *shape, const char *name, gsize len, guint next)
{
  for (guint i = 0; i < shape->n_fields; i++)
    {
      guint at = next + i < shape->n_fields ? next + i : next + i - shape->n_fields;
      const LkField *field = &shape->fields[at];

      if (field->name_len == len && memcmp (field->name, name, len) == 0)
        return (int) at;
    }
  return -1;
}

/* Whether the fields SEEN are those that such a message has. */
static gboolean
is_whole (const LkShape *shape, const void *base, guint32 seen)
{
  gboolean deleted = shape->deleted_at >= 0 && *AT (base, shape->deleted_at, const gboolean);

  for (guint i = 0; i < shape->n_fields; i++)
    {
      guint flags = shape->fields[i].flags;
      gboolean is_seen = (seen >> i & 1) != 0;

      /* A deleted one with more than it should have: the reference leaves that unread. */
      if (deleted ? is_seen != ((flags & LK_FIELD_ALWAYS) != 0)
                  : !is_seen && (flags & LK_FIELD_SPARE) == 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
scan_fields (Scan *scan, const LkShape *shape, void *base)
{
  guint32 seen = 0;
  guint next = 0;

  if (!take (scan, '{'))
    return FALSE;
  do
    {
      const char *name;
      gsize len;
      int found;

      if (!take_string (scan, &name, &len) || !take (scan, ':'))
        return FALSE;
      found = find_field (shape, name, len, next);
      if (found < 0 || (seen >> found & 1) != 0)
        return FALSE;
      seen |= (guint32) 1 << found;
      next = (guint) found + 1;
      if (!scan_field (scan, &shape->fields[found], base))
        return FALSE;
    }
  while (take (scan, ','));
  return take (scan, '}') && is_whole (shape, base, seen)
         && (shape->check == NULL || shape->check (base, NULL, NULL));
}

static gboolean
scan_object (Scan *scan, const LkShape *shape, void *base)
{
  lk_shape_init (shape, base);
  if (scan_fields (scan, shape, base))
    return TRUE;
  lk_shape_clear (shape, base);
  return FALSE;
}

gboolean
lk_shape_scan (const LkShape *shape, void *base, const char *json, gsize len)
{
  Scan scan = { json, json + len };

  if (!scan_object (&scan, shape, base))
    return FALSE;
  skip_blanks (&scan);
  if (scan.at == scan.end)
    return TRUE;
  lk_shape_clear (shape, base);
  return FALSE;
}
