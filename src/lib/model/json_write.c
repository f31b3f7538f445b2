/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Writing JSON straight into a GString: no tree, no printf. Each call makes sure of room once and
 * then copies.
 */
#include <latchkey/model/json.h>

#include <string.h>

#define INT_TEXT 24

/* N more bytes (and the NUL) at the end of OUT; what is written there counts from commit on. */
static inline char *
room (GString *out, gsize n)
{
  gsize len = out->len;

  if (len + n >= out->allocated_len)
    {
      g_string_set_size (out, len + n); /* grows to the next power of two */
      out->len = len;
    }
  return out->str + len;
}

static inline void
commit (GString *out, char *end)
{
  *end = '\0';
  out->len = (gsize)(end - out->str);
}

static inline gboolean
is_plain (unsigned char c)
{
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void
escape_one (GString *out, unsigned char c)
{
  static const char hex[] = "0123456789abcdef";
  char *at = room (out, 6);

  *at++ = '\\';
  switch (c)
    {
    case '"':
    case '\\':
      *at++ = (char)c;
      break;
    case '\n':
      *at++ = 'n';
      break;
    case '\r':
      *at++ = 'r';
      break;
    case '\t':
      *at++ = 't';
      break;
    default:
      memcpy (at, "u00", 3);
      at[3] = hex[c >> 4];
      at[4] = hex[c & 15];
      at += 5;
    }
  commit (out, at);
}

void
lk_json_escape (GString *out, const char *s, gssize len)
{
  const char *end = s + (len < 0 ? strlen (s) : (gsize)len);

  while (s < end)
    {
      const char *run = s;
      gunichar c;

      while (s < end && is_plain ((unsigned char)*s))
        s++;
      if (s > run)
        {
          char *at = room (out, (gsize)(s - run));
          memcpy (at, run, (gsize)(s - run));
          commit (out, at + (s - run));
        }
      if (s == end)
        return;
      if ((unsigned char)*s < 0x80)
        {
          escape_one (out, (unsigned char)*s++);
          continue;
        }
      c = g_utf8_get_char_validated (s, end - s);
      if (c == (gunichar)-1 || c == (gunichar)-2)
        {
          g_string_append_len (out, "\xef\xbf\xbd", 3);
          s++;
        }
      else
        {
          gsize n = (gsize)(g_utf8_next_char (s) - s);
          g_string_append_len (out, s, (gssize)n);
          s += n;
        }
    }
}

/* The comma and the key; what follows is the value. */
static inline void
lead (LkJsonWriter *writer, const char *key)
{
  GString *out = writer->out;
  char *at = room (out, 2);

  if (writer->comma)
    *at++ = ',';
  writer->comma = TRUE;
  if (key == NULL)
    {
      commit (out, at);
      return;
    }
  *at++ = '"';
  commit (out, at);
  lk_json_escape (out, key, -1);
  at = room (out, 2);
  *at++ = '"';
  *at++ = ':';
  commit (out, at);
}

static inline void
put (GString *out, const char *text, gsize len)
{
  char *at = room (out, len);

  memcpy (at, text, len);
  commit (out, at + len);
}

static inline void
open_with (LkJsonWriter *writer, const char *key, char bracket)
{
  lead (writer, key);
  put (writer->out, &bracket, 1);
  writer->comma = FALSE;
}

static inline void
close_with (LkJsonWriter *writer, char bracket)
{
  put (writer->out, &bracket, 1);
  writer->comma = TRUE;
}

void
lk_json_begin_object (LkJsonWriter *writer, const char *key)
{
  open_with (writer, key, '{');
}

void
lk_json_end_object (LkJsonWriter *writer)
{
  close_with (writer, '}');
}

void
lk_json_begin_array (LkJsonWriter *writer, const char *key)
{
  open_with (writer, key, '[');
}

void
lk_json_end_array (LkJsonWriter *writer)
{
  close_with (writer, ']');
}

void
lk_json_int (LkJsonWriter *writer, const char *key, gint64 value)
{
  char text[INT_TEXT];
  char *at = text + sizeof text;
  guint64 left = value < 0 ? -(guint64)value : (guint64)value;

  do
    {
      *--at = (char)('0' + left % 10);
      left /= 10;
    }
  while (left > 0);
  if (value < 0)
    *--at = '-';
  lead (writer, key);
  put (writer->out, at, (gsize)(text + sizeof text - at));
}

void
lk_json_bool (LkJsonWriter *writer, const char *key, gboolean value)
{
  lead (writer, key);
  if (value)
    put (writer->out, "true", 4);
  else
    put (writer->out, "false", 5);
}

void
lk_json_string (LkJsonWriter *writer, const char *key, const char *value)
{
  if (value == NULL)
    {
      lk_json_null (writer, key);
      return;
    }
  lead (writer, key);
  put (writer->out, "\"", 1);
  lk_json_escape (writer->out, value, -1);
  put (writer->out, "\"", 1);
}

void
lk_json_time (LkJsonWriter *writer, const char *key, LkTime value)
{
  char text[LK_TIME_TEXT + 2];
  gsize len;

  if (value == LK_TIME_NONE)
    {
      lk_json_null (writer, key);
      return;
    }
  text[0] = '"';
  (void)lk_time_format (value, text + 1); /* returns the buffer */
  len = strlen (text);
  text[len++] = '"';
  lead (writer, key);
  put (writer->out, text, len);
}

void
lk_json_null (LkJsonWriter *writer, const char *key)
{
  lead (writer, key);
  put (writer->out, "null", 4);
}
