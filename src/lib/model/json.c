/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reading JSON: jansson behind limits, and one call a field.
 */
#include <latchkey/model/json.h>

#include "path.h"

#include <string.h>

/* Keys may come from a message (a mapping's): an error shows only so much of one. */
#define SHOWN_KEY_MAX 64

static void
append_path (GString *text, const LkPath *path)
{
  if (path->up != NULL)
    append_path (text, path->up);
  if (path->key == NULL)
    g_string_append_printf (text, "[%" G_GSIZE_FORMAT "]", path->index);
  else
    g_string_append_printf (text, "%s%.*s", text->len > 0 ? "." : "", SHOWN_KEY_MAX, path->key);
}

gboolean
lk_path_prefix (const LkPath *path, GError **error)
{
  g_autoptr (GString) text = NULL;

  if (path == NULL || error == NULL)
    return FALSE;
  text = g_string_new (NULL);
  append_path (text, path);
  return lk_fail_prefix (error, "%s", text->str);
}

gboolean
lk_path_fail (const LkPath *path, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  (void)lk_fail (error, LK_ERROR_REJECT, "%s", message);
  return lk_path_prefix (path, error);
}

static const char *
type_name (const json_t *value)
{
  if (value == NULL)
    return "nothing";
  switch (json_typeof (value))
    {
    case JSON_OBJECT:
      return "an object";
    case JSON_ARRAY:
      return "an array";
    case JSON_STRING:
      return "a string";
    case JSON_INTEGER:
      return "an integer";
    case JSON_REAL:
      return "a number with a fraction";
    case JSON_TRUE:
      return "true";
    case JSON_FALSE:
      return "false";
    case JSON_NULL:
      return "null";
    }
  return "something else";
}

gboolean
lk_path_expected (const LkPath *path, const char *what, const json_t *value, GError **error)
{
  return lk_path_fail (path, error, "expected %s, got %s", what, type_name (value));
}

/* Brackets outside strings, so that a deep text is refused before jansson recurses into it. */
static gboolean
is_too_deep (const char *data, gsize len)
{
  gsize depth = 0;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < len; i++)
    {
      char c = data[i];

      if (in_string)
        {
          if (c == '\\')
            i++;
          else if (c == '"')
            in_string = FALSE;
        }
      else if (c == '"')
        in_string = TRUE;
      else if ((c == '{' || c == '[') && ++depth > LK_JSON_DEPTH_MAX)
        return TRUE;
      else if ((c == '}' || c == ']') && depth > 0)
        depth--;
    }
  return FALSE;
}

json_t *
lk_json_parse (const char *data, gsize len, gsize max, GError **error)
{
  json_error_t where;
  json_t *root;
  char *near;

  if (len > max)
    {
      (void)lk_fail (error, LK_ERROR_REJECT,
                     "too long: %" G_GSIZE_FORMAT " bytes, at most %" G_GSIZE_FORMAT, len, max);
      return NULL;
    }
  if (is_too_deep (data, len))
    {
      (void)lk_fail (error, LK_ERROR_REJECT, "not JSON we read: more than %d levels deep",
                     LK_JSON_DEPTH_MAX);
      return NULL;
    }
  root = json_loadb (data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
  if (root == NULL)
    {
      /* jansson quotes the text around the fault, which may hold a name or an address. */
      near = strstr (where.text, " near ");
      if (near != NULL)
        *near = '\0';
      (void)lk_fail (error, LK_ERROR_REJECT, "not JSON: %s at line %d, column %d", where.text,
                     where.line, where.column);
    }
  return root;
}

/* OBJECT[KEY], NULL for null too when OPTIONAL. FALSE with ERROR when it is not there. */
static gboolean
get (json_t *object,
     const char *key,
     const char *what,
     gboolean optional,
     json_t **out,
     GError **error)
{
  json_t *value = json_object_get (object, key);

  if (!json_is_object (object))
    return lk_path_expected (NULL, "an object", object, error);
  if (optional && json_is_null (value))
    value = NULL;
  if (value == NULL && !optional)
    return lk_path_expected (&(LkPath){ NULL, key, 0 }, what, NULL, error);
  *out = value;
  return TRUE;
}

static gboolean
get_int (json_t *object,
         const char *key,
         gboolean optional,
         gint64 fallback,
         gint64 *out,
         GError **error)
{
  json_t *value = NULL;

  if (!get (object, key, "an integer", optional, &value, error))
    return FALSE;
  if (value != NULL && !json_is_integer (value))
    return lk_path_expected (&(LkPath){ NULL, key, 0 }, "an integer", value, error);
  *out = value != NULL ? json_integer_value (value) : fallback;
  return TRUE;
}

gboolean
lk_json_get_int (json_t *object, const char *key, gint64 *out, GError **error)
{
  return get_int (object, key, FALSE, 0, out, error);
}

gboolean
lk_json_get_int_opt (json_t *object, const char *key, gint64 fallback, gint64 *out, GError **error)
{
  return get_int (object, key, TRUE, fallback, out, error);
}

static gboolean
get_bool (json_t *object,
          const char *key,
          gboolean optional,
          gboolean fallback,
          gboolean *out,
          GError **error)
{
  json_t *value = NULL;

  if (!get (object, key, "true or false", optional, &value, error))
    return FALSE;
  if (value != NULL && !json_is_boolean (value))
    return lk_path_expected (&(LkPath){ NULL, key, 0 }, "true or false", value, error);
  *out = value != NULL ? json_is_true (value) : fallback;
  return TRUE;
}

gboolean
lk_json_get_bool (json_t *object, const char *key, gboolean *out, GError **error)
{
  return get_bool (object, key, FALSE, FALSE, out, error);
}

gboolean
lk_json_get_bool_opt (
    json_t *object, const char *key, gboolean fallback, gboolean *out, GError **error)
{
  return get_bool (object, key, TRUE, fallback, out, error);
}

static gboolean
get_string (json_t *object, const char *key, gboolean optional, const char **out, GError **error)
{
  json_t *value = NULL;

  if (!get (object, key, "a string", optional, &value, error))
    return FALSE;
  if (value != NULL && !json_is_string (value))
    return lk_path_expected (&(LkPath){ NULL, key, 0 }, "a string", value, error);
  *out = json_string_value (value);
  return TRUE;
}

gboolean
lk_json_get_string (json_t *object, const char *key, const char **out, GError **error)
{
  return get_string (object, key, FALSE, out, error);
}

gboolean
lk_json_get_string_opt (json_t *object, const char *key, const char **out, GError **error)
{
  return get_string (object, key, TRUE, out, error);
}

static gboolean
get_time (json_t *object, const char *key, gboolean optional, LkTime *out, GError **error)
{
  const char *text = NULL;

  if (!get_string (object, key, optional, &text, error))
    return FALSE;
  if (text == NULL)
    {
      *out = LK_TIME_NONE;
      return TRUE;
    }
  return lk_time_parse (text, strlen (text), out, error) || lk_fail_prefix (error, "%s", key);
}

gboolean
lk_json_get_time (json_t *object, const char *key, LkTime *out, GError **error)
{
  return get_time (object, key, FALSE, out, error);
}

gboolean
lk_json_get_time_opt (json_t *object, const char *key, LkTime *out, GError **error)
{
  return get_time (object, key, TRUE, out, error);
}

static gboolean
get_container (json_t *object,
               const char *key,
               json_type type,
               gboolean optional,
               json_t **out,
               GError **error)
{
  const char *what = type == JSON_OBJECT ? "an object" : "an array";
  json_t *value = NULL;

  if (!get (object, key, what, optional, &value, error))
    return FALSE;
  if (value != NULL && json_typeof (value) != type)
    return lk_path_expected (&(LkPath){ NULL, key, 0 }, what, value, error);
  *out = value;
  return TRUE;
}

gboolean
lk_json_get_object (json_t *object, const char *key, json_t **out, GError **error)
{
  return get_container (object, key, JSON_OBJECT, FALSE, out, error);
}

gboolean
lk_json_get_object_opt (json_t *object, const char *key, json_t **out, GError **error)
{
  return get_container (object, key, JSON_OBJECT, TRUE, out, error);
}

gboolean
lk_json_get_array (json_t *object, const char *key, json_t **out, GError **error)
{
  return get_container (object, key, JSON_ARRAY, FALSE, out, error);
}

gboolean
lk_json_get_array_opt (json_t *object, const char *key, json_t **out, GError **error)
{
  return get_container (object, key, JSON_ARRAY, TRUE, out, error);
}
