/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The reference reader of messages: jansson's tree into the struct that a shape describes.
 */
#include "shape.h"

#include <latchkey/model/json.h>
#include <latchkey/model/ledger.h>
#include <string.h>

#define AT(base, offset, type) ((type *)(void *)((char *)(base) + (offset)))

void
lk_shape_init (const LkShape *shape, void *base)
{
  memset (base, 0, shape->size);
  for (guint i = 0; i < shape->n_fields; i++)
    {
      const LkField *field = &shape->fields[i];

      if (field->type == LK_F_TIME || field->type == LK_F_TIME_NULL)
        *AT (base, field->at, LkTime) = LK_TIME_NONE;
      else if (field->type == LK_F_COUNT_NULL)
        *AT (base, field->at, gint64) = -1;
      else if (field->type == LK_F_OBJECT || field->type == LK_F_OBJECT_NULL)
        {
          /* In place: it may share bytes with fields around it only if its own shape has them. */
          lk_shape_init (field->shape, AT (base, field->at, char));
        }
    }
}

static void
free_list (const LkField *field, void *base)
{
  char *items = *AT (base, field->at, char *);
  guint n = *AT (base, field->count_at, guint);

  for (guint i = 0; i < n; i++)
    lk_shape_clear (field->shape, items + i * field->shape->size);
  g_free (items);
}

void
lk_shape_clear (const LkShape *shape, void *base)
{
  for (guint i = 0; i < shape->n_fields; i++)
    {
      const LkField *field = &shape->fields[i];

      switch (field->type)
        {
        case LK_F_TEXT:
        case LK_F_TEXT_NULL:
        case LK_F_IDS:
          g_free (*AT (base, field->at, gpointer));
          break;
        case LK_F_TEXTS:
          g_strfreev (*AT (base, field->at, char **));
          break;
        case LK_F_LIST:
          free_list (field, base);
          break;
        case LK_F_OBJECT:
        case LK_F_OBJECT_NULL:
          lk_shape_clear (field->shape, AT (base, field->at, char));
          break;
        default:
          break;
        }
    }
  memset (base, 0, shape->size);
}

static const char *
what_is (const LkField *field)
{
  switch (field->type)
    {
    case LK_F_ID:
    case LK_F_FORMAT:
      return "a positive integer";
    case LK_F_ID_NULL:
      return "a positive integer or null";
    case LK_F_COUNT:
      return "an integer of 0 or more";
    case LK_F_COUNT_NULL:
      return "an integer of 0 or more, or null";
    case LK_F_BOOL:
      return "true or false";
    case LK_F_TEXT:
    case LK_F_WORD:
      return "a string";
    case LK_F_TEXT_NULL:
      return "a string or null";
    case LK_F_TIME:
      return "an RFC 3339 time";
    case LK_F_TIME_NULL:
      return "an RFC 3339 time or null";
    case LK_F_OBJECT:
      return "an object";
    case LK_F_OBJECT_NULL:
      return "an object or null";
    case LK_F_LIST:
    case LK_F_TEXTS:
    case LK_F_IDS:
      return "an array";
    case LK_F_PAIR:
      return "an array of two integers";
    case LK_F_SOURCE:
      return "a string like 'pass/17'";
    }
  return "something else";
}

gboolean
lk_source_parse (const char *text, gsize len, LkSourceKind *out_kind, gint64 *out_id)
{
  static const struct
  {
    const char *name;
    gsize len;
    LkSourceKind kind;
  } kinds[] = { { "pass/", 5, LK_SOURCE_PASS }, { "booking/", 8, LK_SOURCE_BOOKING } };
  const char *rest;
  gint64 id;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (len > kinds[i].len && memcmp (text, kinds[i].name, kinds[i].len) == 0
        && lk_key_parse (text + kinds[i].len, len - kinds[i].len, &id, &rest, NULL) && rest == NULL)
      {
        *out_kind = kinds[i].kind;
        *out_id = id;
        return TRUE;
      }
  return FALSE;
}

static gboolean
read_int (const LkField *field, void *base, json_t *value, const LkPath *path, GError **error)
{
  gint64 number;

  if (!json_is_integer (value))
    return lk_path_expected (path, what_is (field), value, error);
  number = json_integer_value (value);
  if (!lk_field_takes_int (field, number))
    return lk_path_fail (path, error, "expected %s, got %" G_GINT64_FORMAT, what_is (field),
                         number);
  if (field->type == LK_F_FORMAT && number > LK_LEDGER_FORMAT)
    {
      (void)lk_fail (error, LK_ERROR_REFUSED,
                     "written by a newer version: format %" G_GINT64_FORMAT
                     ", this version reads up to %d",
                     number, LK_LEDGER_FORMAT);
      return lk_path_prefix (path, error);
    }
  *AT (base, field->at, gint64) = number;
  return TRUE;
}

static gboolean
read_string (const LkField *field, void *base, json_t *value, const LkPath *path, GError **error)
{
  const char *text = json_string_value (value);
  gsize len = json_string_length (value);
  int word;

  if (text == NULL)
    return lk_path_expected (path, what_is (field), value, error);
  switch (field->type)
    {
    case LK_F_TIME:
    case LK_F_TIME_NULL:
      return lk_time_parse (text, len, AT (base, field->at, LkTime), error)
             || lk_path_prefix (path, error);
    case LK_F_WORD:
      word = field->word (text);
      if (word < 0)
        return lk_path_fail (path, error, "unknown word");
      *AT (base, field->at, int) = word;
      return TRUE;
    case LK_F_SOURCE:
      return lk_source_parse (text, len, AT (base, field->at, LkSourceKind),
                              AT (base, field->count_at, gint64))
             || lk_path_fail (path, error, "expected 'pass/<id>' or 'booking/<id>'");
    default:
      if (len == 0 && field->type == LK_F_TEXT)
        return lk_path_fail (path, error, "is empty");
      *AT (base, field->at, char *) = g_strndup (text, len);
      return TRUE;
    }
}

/* Room for all elements at once, so that a failure leaves no half element behind. */
static gboolean
read_list (const LkField *field, void *base, json_t *array, const LkPath *path, GError **error)
{
  gsize n = json_array_size (array);
  char *items = g_malloc0_n (n, field->shape->size);
  guint *count = AT (base, field->count_at, guint);

  *AT (base, field->at, char *) = items;
  for (*count = 0; *count < n; (*count)++)
    if (!lk_shape_read (field->shape, items + *count * field->shape->size,
                        json_array_get (array, *count), &(LkPath){ path, NULL, *count }, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_texts (const LkField *field, void *base, json_t *array, const LkPath *path, GError **error)
{
  gsize n = json_array_size (array);
  char **texts = g_new0 (char *, n + 1);

  *AT (base, field->at, char **) = texts;
  for (gsize i = 0; i < n; i++)
    {
      json_t *item = json_array_get (array, i);

      if (!json_is_string (item))
        return lk_path_expected (&(LkPath){ path, NULL, i }, "a string", item, error);
      if (json_string_length (item) == 0)
        return lk_path_fail (&(LkPath){ path, NULL, i }, error, "is empty");
      texts[i] = g_strdup (json_string_value (item));
    }
  return TRUE;
}

/* COUNT numbers of at least LEAST into OUT. */
static gboolean
read_ints (
    json_t *array, gsize count, gint64 least, gint64 *out, const LkPath *path, GError **error)
{
  const char *what = least > 0 ? "a positive integer" : "an integer of 0 or more";

  for (gsize i = 0; i < count; i++)
    {
      json_t *item = json_array_get (array, i);
      LkPath at = { path, NULL, i };

      if (!json_is_integer (item))
        return lk_path_expected (&at, what, item, error);
      if (json_integer_value (item) < least)
        return lk_path_fail (&at, error, "expected %s, got %" G_GINT64_FORMAT, what,
                             (gint64)json_integer_value (item));
      out[i] = json_integer_value (item);
    }
  return TRUE;
}

static gboolean
read_array (const LkField *field, void *base, json_t *value, const LkPath *path, GError **error)
{
  gsize n = json_array_size (value);

  if (!json_is_array (value))
    return lk_path_expected (path, what_is (field), value, error);
  if (field->type == LK_F_PAIR)
    {
      if (n != 2)
        return lk_path_fail (
            path, error, "expected an array of two integers, got %" G_GSIZE_FORMAT " elements", n);
      return read_ints (value, 2, 0, AT (base, field->at, gint64), path, error);
    }
  if (n > field->max)
    return lk_path_fail (path, error, "%" G_GSIZE_FORMAT " elements, at most %u", n, field->max);
  if (field->type == LK_F_LIST)
    return read_list (field, base, value, path, error);
  if (field->type == LK_F_TEXTS)
    return read_texts (field, base, value, path, error);
  *AT (base, field->at, gint64 *) = g_new0 (gint64, n);
  *AT (base, field->count_at, guint) = (guint)n;
  return read_ints (value, n, 1, *AT (base, field->at, gint64 *), path, error);
}

static gboolean
read_field (const LkField *field, void *base, json_t *value, const LkPath *path, GError **error)
{
  if (value == NULL && (field->flags & LK_FIELD_SPARE) != 0)
    return TRUE;
  if (value == NULL)
    return lk_path_expected (path, what_is (field), NULL, error);
  if (json_is_null (value) && lk_field_takes_null (field))
    return TRUE;
  switch (field->type)
    {
    case LK_F_ID:
    case LK_F_ID_NULL:
    case LK_F_COUNT:
    case LK_F_COUNT_NULL:
    case LK_F_FORMAT:
      return read_int (field, base, value, path, error);
    case LK_F_BOOL:
      if (!json_is_boolean (value))
        return lk_path_expected (path, what_is (field), value, error);
      *AT (base, field->at, gboolean) = json_is_true (value);
      return TRUE;
    case LK_F_TEXT:
    case LK_F_TEXT_NULL:
    case LK_F_TIME:
    case LK_F_TIME_NULL:
    case LK_F_WORD:
    case LK_F_SOURCE:
      return read_string (field, base, value, path, error);
    case LK_F_OBJECT_NULL:
      *AT (base, field->count_at, gboolean) = TRUE;
      return lk_shape_read (field->shape, AT (base, field->at, char), value, path, error);
    case LK_F_OBJECT:
      return lk_shape_read (field->shape, AT (base, field->at, char), value, path, error);
    case LK_F_LIST:
    case LK_F_TEXTS:
    case LK_F_IDS:
    case LK_F_PAIR:
      return read_array (field, base, value, path, error);
    }
  return lk_path_expected (path, what_is (field), value, error);
}

static gboolean
read_fields (const LkShape *shape, void *base, json_t *object, const LkPath *path, GError **error)
{
  gboolean deleted = shape->deleted_at >= 0 && json_is_true (json_object_get (object, "deleted"));

  for (guint i = 0; i < shape->n_fields; i++)
    {
      const LkField *field = &shape->fields[i];
      LkPath at = { path, field->name, 0 };

      if (deleted && (field->flags & LK_FIELD_ALWAYS) == 0)
        continue;
      if (!read_field (field, base, json_object_get (object, field->name), &at, error))
        return FALSE;
    }
  return shape->check == NULL || shape->check (base, path, error);
}

gboolean
lk_shape_read (const LkShape *shape, void *base, json_t *object, const LkPath *path, GError **error)
{
  lk_shape_init (shape, base);
  if (!json_is_object (object))
    return lk_path_expected (path, "an object", object, error);
  if (read_fields (shape, base, object, path, error))
    return TRUE;
  lk_shape_clear (shape, base);
  return FALSE;
}

gboolean
lk_shape_parse (
    const LkShape *shape, void *base, const char *json, gsize len, gsize max, GError **error)
{
  g_autoptr (json_t) root = NULL;

  if (len <= max && lk_shape_scan (shape, base, json, len))
    return TRUE;
  root = lk_json_parse (json, len, max, error);
  return root != NULL && lk_shape_read (shape, base, root, NULL, error);
}
