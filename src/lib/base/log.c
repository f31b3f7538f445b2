/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The log. A line is built in a buffer on the stack, so that logging allocates little and works
 * when much else does not; texts that are too long are cut at a character, marked with an
 * ellipsis, and the line stays one valid JSON object. What GLib and the libraries on it log goes
 * the same way.
 */
#include <latchkey/base/log.h>

#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define FIELD_MAX 256  /* bytes that a field's text may take, escaped */
#define ERROR_MAX 3072 /* the same for the text of an error */
#define TAIL 8         /* kept free for an ellipsis, a quote, the brace and the newline */

typedef struct
{
  char text[LINE_MAX_BYTES];
  gsize len;
} Line;

static struct
{
  char component[64];
  gint level;
  void (*sink) (const char *line, gsize len, gpointer data);
  gpointer sink_data;
} the_log = { .component = "latchkey", .level = LK_LOG_INFO };

static const char *const level_names[] = { "debug", "info", "warning", "error" };

static void
put_bytes (Line *line, const char *bytes, gsize len)
{
  g_assert (line->len + len < sizeof line->text);
  memcpy (line->text + line->len, bytes, len);
  line->len += len;
}

static void
put_text (Line *line, const char *text)
{
  put_bytes (line, text, strlen (text));
}

/* How the character at TEXT is written in JSON: sets *OUT and *OUT_LEN; returns the bytes read.
 * A byte that is no UTF-8 becomes U+FFFD. */
static gsize
escape_one (const char *text, gsize left, char hex[8], const char **out, gsize *out_len)
{
  unsigned char c = (unsigned char) *text;
  gunichar wide;

  *out = hex;
  *out_len = 2;
  switch (c)
    {
    case '"':
      *out = "\\\"";
      return 1;
    case '\\':
      *out = "\\\\";
      return 1;
    case '\n':
      *out = "\\n";
      return 1;
    case '\t':
      *out = "\\t";
      return 1;
    default:
      break;
    }
  if (c < 0x20 || c == 0x7F)
    {
      *out_len = (gsize) g_snprintf (hex, 8, "\\u%04x", c);
      return 1;
    }
  *out = text;
  *out_len = 1;
  if (c < 0x80)
    return 1;
  wide = g_utf8_get_char_validated (text, (gssize) left);
  if (wide == (gunichar) -1 || wide == (gunichar) -2)
    {
      *out = "\xEF\xBF\xBD";
      *out_len = 3;
      return 1;
    }
  *out_len = (gsize) g_unichar_to_utf8 (wide, NULL);
  return *out_len;
}

/* Writes TEXT as a JSON string of at most LIMIT bytes within the quotes. */
static void
put_string (Line *line, const char *text, gsize limit)
{
  gsize left = strlen (text);
  gsize end, mark;

  limit = MIN (limit, sizeof line->text - TAIL - line->len);
  put_bytes (line, "\"", 1);
  mark = line->len; /* where to go back to for an ellipsis */
  end = line->len + limit;
  while (left > 0)
    {
      char hex[8];
      const char *piece;
      gsize piece_len, read = escape_one (text, left, hex, &piece, &piece_len);

      if (line->len + 3 <= end)
        mark = line->len;
      if (line->len + piece_len > end)
        {
          line->len = mark;
          if (line->len + 3 <= end)
            put_bytes (line, "\xE2\x80\xA6", 3);
          break;
        }
      put_bytes (line, piece, piece_len);
      text += read;
      left -= read;
    }
  put_bytes (line, "\"", 1);
}

static void
put_name (Line *line, const char *name)
{
  put_bytes (line, ",\"", 2);
  put_text (line, name);
  put_bytes (line, "\":", 2);
}

static void
put_field (Line *line, const char *name, const char *text, gsize limit)
{
  if (text == NULL)
    return;
  put_name (line, name);
  put_string (line, text, limit);
}

static void
put_number (Line *line, const char *name, gint64 number)
{
  char text[24];

  put_name (line, name);
  (void) g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, number);
  put_text (line, text);
}

static void
put_fields (Line *line, const LkLogFields *fields)
{
  put_field (line, "account", fields->account, FIELD_MAX);
  put_field (line, "space", fields->space, FIELD_MAX);
  if (fields->member != 0)
    put_number (line, "member", fields->member);
  put_field (line, "event", fields->event, FIELD_MAX);
  if (fields->topic != NULL)
    {
      put_field (line, "topic", fields->topic, FIELD_MAX);
      put_number (line, "partition", fields->partition);
      put_number (line, "offset", fields->offset);
    }
  put_field (line, "trace", fields->trace, FIELD_MAX);
  if (fields->error != NULL)
    {
      put_field (line, "error", fields->error->message, ERROR_MAX);
      if (fields->error->domain == LK_ERROR)
        put_field (line, "code", lk_error_code_name ((LkErrorCode) fields->error->code),
                   FIELD_MAX);
    }
}

static void
write_line (Line *line)
{
  gssize written;

  put_bytes (line, "}\n", 2);
  line->text[line->len] = '\0';
  if (the_log.sink != NULL)
    {
      the_log.sink (line->text, line->len, the_log.sink_data);
      return;
    }
  do
    written = write (STDERR_FILENO, line->text, line->len);
  while (written < 0 && errno == EINTR); /* any other failure: there is nowhere to say so */
}

static void
log_text (LkLogLevel level, const LkLogFields *fields, const char *message)
{
  Line line = { .len = 0 };
  char ts[LK_TIME_TEXT];
  gint64 now = g_get_real_time () / 1000;

  (void) lk_time_format (now, ts);
  put_text (&line, "{\"ts\":");
  if (now % 1000 == 0) /* always with its milliseconds: lines then sort as text */
    (void) g_strlcpy (ts + strlen (ts) - 1, ".000Z", 8);
  put_string (&line, ts, FIELD_MAX);
  put_field (&line, "level", level_names[level], FIELD_MAX);
  put_field (&line, "component", the_log.component, FIELD_MAX);
  if (fields != NULL)
    put_fields (&line, fields);
  put_field (&line, "message", message, LINE_MAX_BYTES);
  write_line (&line);
}

void
lk_log (LkLogLevel level, const LkLogFields *fields, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  if ((gint) level < g_atomic_int_get (&the_log.level))
    return;
  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  log_text (CLAMP (level, LK_LOG_DEBUG, LK_LOG_ERROR), fields, message);
}

/* GLib's own complaints, so that a line is JSON whoever writes it. */
static GLogWriterOutput
write_from_glib (GLogLevelFlags flags, const GLogField *fields, gsize n, gpointer data)
{
  const char *message = "";
  g_autofree char *copy = NULL;
  LkLogLevel level = LK_LOG_DEBUG;

  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    level = LK_LOG_ERROR;
  else if (flags & G_LOG_LEVEL_WARNING)
    level = LK_LOG_WARNING;
  else if (flags & G_LOG_LEVEL_MESSAGE)
    level = LK_LOG_INFO;
  if ((gint) level < g_atomic_int_get (&the_log.level))
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n; i++)
    if (strcmp (fields[i].key, "MESSAGE") == 0)
      {
        if (fields[i].length >= 0)
          message = copy = g_strndup (fields[i].value, (gsize) fields[i].length);
        else
          message = fields[i].value;
      }
  log_text (level, LK_F (.event = "library"), message);
  return G_LOG_WRITER_HANDLED;
}

void
lk_log_init (const char *component, LkLogLevel level)
{
  static gboolean taken;

  (void) g_strlcpy (the_log.component, component, sizeof the_log.component);
  lk_log_set_level (level);
  if (!taken) /* GLib allows it once a process */
    g_log_set_writer_func (write_from_glib, NULL, NULL);
  taken = TRUE;
}

void
lk_log_set_level (LkLogLevel level)
{
  g_atomic_int_set (&the_log.level, (gint) level);
}

LkLogLevel
lk_log_level (void)
{
  return (LkLogLevel) g_atomic_int_get (&the_log.level);
}

gboolean
lk_log_level_parse (const char *name, LkLogLevel *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (level_names); i++)
    if (strcmp (name, level_names[i]) == 0)
      {
        *out = (LkLogLevel) i;
        return TRUE;
      }
  return FALSE;
}

void
lk_log_set_sink (void (*sink) (const char *line, gsize len, gpointer data), gpointer data)
{
  the_log.sink = sink;
  the_log.sink_data = data;
}
