/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Looks only at brackets, strings and commas to find the rows of a page, and leaves every judgement
 * on what is in them to the parser.
 */
#include "salvage.h"

#include <latchkey/model/json.h>
#include <latchkey/nexudus/rows.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the page: from AT, before END. */
typedef struct
{
  const char *at, *end;
} Text;

static void
skip_space (Text *rest)
{
  while (rest->at < rest->end && strchr (" \t\r\n", *rest->at) != NULL && *rest->at != '\0')
    rest->at++;
}

static gboolean
take (Text *rest, char c)
{
  skip_space (rest);
  if (rest->at == rest->end || *rest->at != c)
    return FALSE;
  rest->at++;
  return TRUE;
}

/* Moves past a string, whose opening quote is next. */
static gboolean
skip_string (Text *rest)
{
  for (rest->at++; rest->at < rest->end; rest->at++)
    if (*rest->at == '\\' && rest->at + 1 < rest->end)
      rest->at++;
    else if (*rest->at == '"')
      {
        rest->at++;
        return TRUE;
      }
  return FALSE;
}

/* Moves past a value, to behind its last bracket where it has some. */
static gboolean
skip_value (Text *rest)
{
  gsize depth = 0;

  while (rest->at < rest->end)
    {
      char c = *rest->at;
      if (c == '"')
        {
          if (!skip_string (rest))
            return FALSE;
        }
      else if (depth == 0 && (c == ',' || c == '}' || c == ']'))
        return TRUE;
      else
        {
          rest->at++;
          if (c == '{' || c == '[')
            depth++;
          else if (c == '}' || c == ']')
            depth--;
          else
            continue;
        }
      if (depth == 0)
        return TRUE;
    }
  return FALSE;
}

/* The next member of an object that REST is in. FALSE: there is none, or this is none. */
static gboolean
next_member (Text *rest, Text *out_key, Text *out_value)
{
  (void) take (rest, ',');
  skip_space (rest);
  *out_key = *rest;
  if (rest->at == rest->end || *rest->at != '"' || !skip_string (rest))
    return FALSE;
  out_key->end = rest->at;
  if (!take (rest, ':'))
    return FALSE;
  skip_space (rest);
  *out_value = *rest;
  if (!skip_value (rest))
    return FALSE;
  out_value->end = rest->at;
  return TRUE;
}

static gboolean
is_key (const Text *key, const char *name)
{
  gsize len = strlen (name);

  return (gsize) (key->end - key->at) == len + 2 && memcmp (key->at + 1, name, len) == 0;
}

/* What ROW says that its Id is; 0 when it doesn't, or says several. */
static gint64
id_of (Text row)
{
  Text key, value;
  gint64 id = 0;

  (void) take (&row, '{');
  while (next_member (&row, &key, &value))
    {
      g_autofree char *text = NULL;
      char *end = NULL;
      gint64 number;
      if (!is_key (&key, "Id"))
        continue;
      text = g_strchomp (g_strndup (value.at, (gsize) (value.end - value.at)));
      number = g_ascii_strtoll (text, &end, 10);
      if (number <= 0 || *end != '\0' || (id != 0 && id != number))
        return 0;
      id = number;
    }
  return id;
}

/* ROW, or what stands for it, at the end of OUT. */
static gboolean
add_row (const Text *row, GString *out, gboolean *out_replaced)
{
  g_autoptr (GError) error = NULL;
  gsize len = (gsize) (row->end - row->at);
  g_autoptr (json_t) parsed = lk_json_parse (row->at, len, len, &error);
  gint64 id;
  char *placeholder;

  if (parsed != NULL)
    {
      g_string_append_len (out, row->at, (gssize) len);
      return TRUE;
    }
  id = id_of (*row);
  if (id == 0)
    return FALSE;
  parsed = json_pack ("{s:I,s:s}", "Id", (json_int_t) id, LK_NEXUDUS_UNREADABLE, error->message);
  placeholder = json_dumps (parsed, JSON_COMPACT);
  g_string_append (out, placeholder);
  free (placeholder);
  *out_replaced = TRUE;
  return TRUE;
}

static gboolean
find_records (const char *body, gsize len, Text *out)
{
  Text rest = { body, body + len }, key;

  if (!take (&rest, '{'))
    return FALSE;
  while (next_member (&rest, &key, out))
    if (is_key (&key, "Records"))
      return *out->at == '[';
  return FALSE;
}

json_t *
lk_nexudus_salvage (const char *body, gsize len)
{
  g_autoptr (GString) text = g_string_sized_new (len);
  Text records, rest;
  gboolean replaced = FALSE;

  if (!find_records (body, len, &records))
    return NULL;
  rest = (Text){ records.at + 1, records.end - 1 };
  g_string_append_len (text, body, rest.at - body);
  for (skip_space (&rest); rest.at < rest.end; skip_space (&rest))
    {
      Text row = rest;
      if (*row.at != '{' || !skip_value (&rest))
        return NULL;
      row.end = rest.at;
      if (!add_row (&row, text, &replaced))
        return NULL;
      if (take (&rest, ','))
        g_string_append_c (text, ',');
    }
  g_string_append_len (text, rest.end, body + len - rest.end);
  return replaced ? lk_json_parse (text->str, text->len, text->len, NULL) : NULL;
}
