/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Small things on JSON and time that every part uses.
 */
#include "sandbox.h"

#include <string.h>

const char *
json_text (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

gint64
json_int (const json_t *object, const char *key, gint64 otherwise)
{
  const json_t *value = json_object_get (object, key);
  return json_is_integer (value) ? json_integer_value (value) : otherwise;
}

gboolean
json_flag (const json_t *object, const char *key, gboolean otherwise)
{
  const json_t *value = json_object_get (object, key);
  return json_is_boolean (value) ? json_is_true (value) : otherwise;
}

gboolean
json_list_has (const json_t *list, gint64 number)
{
  for (gsize i = 0; i < json_array_size (list); i++)
    if (json_integer_value (json_array_get (list, i)) == number)
      return TRUE;
  return FALSE;
}

void
json_free (gpointer value)
{
  json_decref (value);
}

void
json_set (json_t *object, const char *key, json_t *value)
{
  int failed = json_object_set_new (object, key, value);
  g_assert (failed == 0); /* a key that is no UTF-8, or no memory: ours */
}

json_t *
json_int_or_null (gint64 value)
{
  return value != 0 ? json_integer (value) : json_null ();
}

gboolean
json_is_blank (const json_t *value)
{
  return value == NULL || json_is_null (value)
         || (json_is_string (value) && json_string_length (value) == 0);
}

LkTime
json_time (const json_t *object, const char *key)
{
  const char *text = json_text (object, key);
  LkTime time = LK_TIME_NONE;
  if (text != NULL)
    (void)lk_time_parse (text, strlen (text), &time, NULL); /* none stays none */
  return time;
}

json_t *
json_time_text (LkTime time)
{
  char buf[LK_TIME_TEXT];
  return time == LK_TIME_NONE ? json_null () : json_string (lk_time_format (time, buf));
}

char *
uuid_text (void)
{
  return g_uuid_string_random ();
}

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014). */
guint64
scramble (guint64 value)
{
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}
