/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * JSON log lines. A line is built in a buffer on the stack and written by one write(2), so that
 * lines of several threads don't mix.
 */
#include <latchkey/base/log.h>

#include <errno.h>
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_ 8192
#define TAIL 2 /* "}\n" always fits */

static char component[64] = "latchkey";
static gint level = LK_LOG_INFO; /* atomic */
static void (*sink) (const char *line, gsize len, gpointer data);
static gpointer sink_data;

static const char *const level_names[] = { "debug", "info", "warning", "error" };

typedef struct
{
  char text[LINE_MAX_];
  gsize len;
} Line;

static gboolean
has_room (const Line *line, gsize more)
{
  return line->len + more + TAIL + 1 < LINE_MAX_;
}

static void
put (Line *line, const char *text, gsize len)
{
  memcpy (line->text + line->len, text, len);
  line->len += len;
}

/* One character of S, escaped, into OUT (at least 8 bytes); returns how many bytes of S it was. */
static gsize
escape_one (const char *s, gsize left, char *out)
{
  guchar c = (guchar) *s;

  if (c == '"' || c == '\\')
    {
      out[0] = '\\';
      out[1] = (char) c;
      out[2] = '\0';
      return 1;
    }
  if (c < 0x20)
    {
      g_snprintf (out, 8, "\\u%04x", c);
      return 1;
    }
  if (c < 0x80)
    {
      out[0] = (char) c;
      out[1] = '\0';
      return 1;
    }
  gunichar u = g_utf8_get_char_validated (s, (gssize) left);
  if (u == (gunichar) -1 || u == (gunichar) -2)
    {
      g_strlcpy (out, "\xEF\xBF\xBD", 8);
      return 1;
    }
  out[g_unichar_to_utf8 (u, out)] = '\0';
  return (gsize) g_unichar_to_utf8 (u, NULL);
}

/* `"key":"value",`: the value is cut where the line is full, the field left out when not even that
 * fits. */
static void
put_string (Line *line, const char *key, const char *value)
{
  gsize left = strlen (value);
  char one[8];

  if (!has_room (line, strlen (key) + 8))
    return;
  put (line, "\"", 1);
  put (line, key, strlen (key));
  put (line, "\":\"", 3);
  while (left > 0)
    {
      gsize n = escape_one (value, left, one);
      if (!has_room (line, strlen (one) + 2))
        break;
      put (line, one, strlen (one));
      value += n;
      left -= n;
    }
  put (line, "\",", 2);
}

static void
put_int (Line *line, const char *key, gint64 value)
{
  char text[96];
  int n = g_snprintf (text, sizeof text, "\"%s\":%" G_GINT64_FORMAT ",", key, value);

  if (has_room (line, (gsize) n))
    put (line, text, (gsize) n);
}

static void
put_fields (Line *line, const LkLogFields *fields)
{
  if (fields->account != NULL)
    put_string (line, "account", fields->account);
  if (fields->space != NULL)
    put_string (line, "space", fields->space);
  if (fields->member != 0)
    put_int (line, "member", fields->member);
  if (fields->event != NULL)
    put_string (line, "event", fields->event);
  if (fields->topic != NULL)
    {
      put_string (line, "topic", fields->topic);
      put_int (line, "partition", fields->partition);
      put_int (line, "offset", fields->offset);
    }
  if (fields->trace != NULL)
    put_string (line, "trace", fields->trace);
  if (fields->error != NULL)
    {
      put_string (line, "error", fields->error->message);
      if (fields->error->domain == LK_ERROR)
        put_string (line, "code", lk_error_code_name (fields->error->code));
    }
}

static void
write_line (const Line *line)
{
  gsize done = 0;

  if (sink != NULL)
    {
      sink (line->text, line->len, sink_data);
      return;
    }
  while (done < line->len)
    {
      ssize_t n = write (STDERR_FILENO, line->text + done, line->len - done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return; /* there is nowhere to complain to */
      done += (gsize) n;
    }
}

void
lk_log_init (const char *name, LkLogLevel new_level)
{
  g_strlcpy (component, name, sizeof component);
  lk_log_set_level (new_level);
}

void
lk_log_set_level (LkLogLevel new_level)
{
  g_atomic_int_set (&level, (gint) new_level);
}

LkLogLevel
lk_log_level (void)
{
  return (LkLogLevel) g_atomic_int_get (&level);
}

gboolean
lk_log_level_parse (const char *name, LkLogLevel *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (level_names); i++)
    if (g_str_equal (name, level_names[i]))
      {
        *out = (LkLogLevel) i;
        return TRUE;
      }
  return FALSE;
}

void
lk_log (LkLogLevel at, const LkLogFields *fields, const char *format, ...)
{
  static const LkLogFields none = { 0 };
  Line line;
  char now[LK_TIME_TEXT];
  g_autofree char *message = NULL;
  va_list args;

  if (at < lk_log_level ())
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  line.len = 0;
  put (&line, "{", 1);
  put_string (&line, "ts", lk_time_format (g_get_real_time () / 1000, now));
  put_string (&line, "level", level_names[at]);
  put_string (&line, "component", component);
  put_fields (&line, fields != NULL ? fields : &none);
  put_string (&line, "message", message);
  line.text[line.len - 1] = '}'; /* over the last comma */
  put (&line, "\n", 1);
  write_line (&line);
}

void
lk_log_set_sink (void (*new_sink) (const char *line, gsize len, gpointer data), gpointer data)
{
  sink = new_sink;
  sink_data = data;
}
