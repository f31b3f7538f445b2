/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reads one value from its YAML text. Stricter than YAML: a number is a number only without quotes,
 * true and false are the only booleans, and nothing is cut off or guessed at.
 */
#include "value.h"

#include <string.h>

#define DEV_RATE_MAX 1000000
#define QUOTE_MAX    60 /* bytes of an offending value that a message repeats */

static gboolean
is_null (const char *text, gboolean plain)
{
  return plain
         && (*text == '\0' || g_str_equal (text, "~") || g_ascii_strcasecmp (text, "null") == 0);
}

char *
lk_value_quote (const char *text, gboolean plain)
{
  GString *out;
  const char *next;

  if (is_null (text, plain))
    return g_strdup ("nothing");
  out = g_string_new ("'");
  for (; *text != '\0'; text = next)
    {
      next = g_utf8_next_char (text);
      if (out->len > QUOTE_MAX)
        {
          g_string_append (out, "…");
          break;
        }
      if (g_unichar_isprint (g_utf8_get_char (text)))
        g_string_append_len (out, text, next - text);
      else
        g_string_append_c (out, '?');
    }
  return g_string_free (g_string_append_c (out, '\''), FALSE);
}

static char *
expected (const char *what, const char *text, gboolean plain)
{
  g_autofree char *got = lk_value_quote (text, plain);

  return g_strdup_printf ("expected %s, got %s", what, got);
}

/* --- durations -------------------------------------------------------------------------------- */

static const struct
{
  const char *name;
  gint64 ms;
} units[]
    = { { "d", LK_DAY }, { "h", LK_HOUR }, { "m", LK_MINUTE }, { "s", LK_SECOND }, { "ms", 1 } };

gboolean
lk_duration_parse (const char *text, gint64 *out_ms)
{
  gsize digits = strspn (text, "0123456789");
  gint64 number = 0;

  if (digits == 0 || digits > 15) /* 15 digits of ms are thirty thousand years */
    return FALSE;
  for (gsize i = 0; i < digits; i++)
    number = number * 10 + (text[i] - '0');
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (text + digits, units[i].name) && number <= G_MAXINT64 / units[i].ms)
      {
        *out_ms = number * units[i].ms;
        return TRUE;
      }
  return FALSE;
}

char *
lk_duration_format (gint64 ms)
{
  guint i = 0;

  if (ms == 0)
    return g_strdup ("0s");
  while (ms % units[i].ms != 0)
    i++;
  return g_strdup_printf ("%" G_GINT64_FORMAT "%s", ms / units[i].ms, units[i].name);
}

/* --- ranges ----------------------------------------------------------------------------------- */

static gint64
max_of (const LkSettingRow *row, gboolean dev)
{
  return row->kind == LK_SETTING_RATE && dev ? DEV_RATE_MAX : row->max;
}

char *
lk_value_range (const LkSettingRow *row, gboolean dev)
{
  switch (row->kind)
    {
    case LK_SETTING_INTEGER:
    case LK_SETTING_RATE:
      return g_strdup_printf ("%" G_GINT64_FORMAT "…%" G_GINT64_FORMAT, row->min,
                              max_of (row, dev));
    case LK_SETTING_ID:
      return g_strdup_printf ("%" G_GINT64_FORMAT "…", row->min);
    case LK_SETTING_DURATION:
      {
        g_autofree char *min = lk_duration_format (row->min);
        g_autofree char *max = lk_duration_format (row->max);
        return g_strdup_printf ("%s…%s", min, max);
      }
    case LK_SETTING_PERCENT:
      return g_strdup_printf ("%" G_GINT64_FORMAT "%%…%" G_GINT64_FORMAT "%%", row->min, row->max);
    case LK_SETTING_TIME_OF_DAY:
      return g_strdup ("00:00…23:59");
    case LK_SETTING_TEXT:
    case LK_SETTING_PATH:
    case LK_SETTING_URL:
    case LK_SETTING_BROKERS:
    case LK_SETTING_PREFIX:
    case LK_SETTING_CODE:
    case LK_SETTING_PASS:
    case LK_SETTING_RESOURCE:
      return g_strdup_printf ("%" G_GINT64_FORMAT "…%" G_GINT64_FORMAT " bytes", row->min,
                              row->max);
    case LK_SETTING_NAMES:
    case LK_SETTING_PROPERTIES:
      return g_strdup_printf ("%" G_GINT64_FORMAT "…%" G_GINT64_FORMAT, row->min, row->max);
    case LK_SETTING_BOOLEAN:
    case LK_SETTING_ZONE:
    case LK_SETTING_WORD:
    case LK_SETTING_NEXUDUS:
    case LK_SETTING_KISI:
      return NULL;
    }
  g_assert_not_reached ();
}

static char *
out_of_range (const LkSettingRow *row, const char *text, gboolean dev)
{
  g_autofree char *range = lk_value_range (row, dev);

  if (row->kind == LK_SETTING_RATE && !dev)
    return g_strdup_printf ("%s is not in %s, what the service allows (more with dev: true)", text,
                            range);
  return g_strdup_printf ("%s is not in %s", text, range);
}

/* --- text ------------------------------------------------------------------------------------- */

char *
lk_value_check_text (const LkSettingRow *row, const char *text, gboolean plain)
{
  gsize len = strlen (text);
  gsize min = (gsize) row->min, max = (gsize) row->max;

  if (row->kind == LK_SETTING_NAMES)
    {
      min = 1; /* the row counts the names; one is as long as a pass's or resource's */
      max = 200;
    }
  if (is_null (text, plain) || len < min)
    return g_strdup ("expected text, got nothing");
  if (len > max)
    return g_strdup_printf ("%" G_GSIZE_FORMAT " bytes long, at most %" G_GSIZE_FORMAT, len, max);
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return g_strdup ("holds a line break or another control character");
  /* A blank at an end is never meant, but a prefix ends in one. */
  if (len > 0 && !g_str_has_suffix (row->path, "_prefix")
      && (g_ascii_isspace (text[0]) || g_ascii_isspace (text[len - 1])))
    return g_strdup ("begins or ends with a blank");
  if ((row->kind == LK_SETTING_PASS || row->kind == LK_SETTING_RESOURCE
       || row->kind == LK_SETTING_NAMES)
      && g_str_has_prefix (text, "id:"))
    {
      guint64 id;

      if (!g_ascii_string_to_unsigned (text + 3, 10, 1, G_MAXINT64, &id, NULL))
        return expected ("id: and a number above 0, like id:123", text, plain);
    }
  return NULL;
}

static char *
check_charset (const char *text, const char *allowed, const char *what, gboolean plain)
{
  return text[strspn (text, allowed)] == '\0' ? NULL : expected (what, text, plain);
}

#define LOWER_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

static char *
check_brokers (const char *text, gboolean plain)
{
  g_auto (GStrv) list = g_strsplit (text, ",", -1);

  for (char **at = list; *at != NULL; at++)
    {
      const char *broker = g_strstrip (*at);
      const char *colon = strrchr (broker, ':');
      gsize host = colon == NULL ? 0 : (gsize) (colon - broker);
      guint64 port;

      /* A protocol in front (PLAINTEXT://) would go round security.protocol; librdkafka takes it.
       */
      if (host == 0 || strstr (broker, "//") != NULL || strpbrk (broker, " \t@?") != NULL
          || (broker[0] != '[' && memchr (broker, ':', host) != NULL)
          || !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, &port, NULL))
        return expected ("host:port, several with commas", broker, plain && *broker != '\0');
    }
  return NULL;
}

static char *
check_url (const char *text, gboolean plain, gboolean dev)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri == NULL ? NULL : g_uri_get_scheme (uri);

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || (!g_str_equal (scheme, "https") && !g_str_equal (scheme, "http")))
    return expected ("a URL like https://api.example.org", text, plain);
  /* Said without the URL, which then holds a password. */
  if (g_uri_get_userinfo (uri) != NULL)
    return g_strdup ("holds a user or password: those go into their own settings");
  if (g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return expected ("a URL without '?' and '#'", text, plain);
  if (g_str_equal (scheme, "http") && !dev)
    return g_strdup ("http:// sends secrets in plain text: use https:// (dev: true allows it)");
  return NULL;
}

static char *
check_kind_of_text (const LkSettingRow *row, const char *text, gboolean plain, gboolean dev)
{
  char *wrong = lk_value_check_text (row, text, plain);

  if (wrong != NULL)
    return wrong;
  switch (row->kind)
    {
    case LK_SETTING_URL:
      return check_url (text, plain, dev);
    case LK_SETTING_BROKERS:
      return check_brokers (text, plain);
    case LK_SETTING_CODE:
      return check_charset (text, LOWER_AND_DIGITS "-", "only a-z, 0-9 and '-'", plain);
    case LK_SETTING_PREFIX:
      return check_charset (text, LOWER_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-",
                            "only what Kafka allows in topic names: letters, digits, '.', '_', '-'",
                            plain);
    default:
      return NULL;
    }
}

static char *
read_text (const LkSettingRow *row, const char *text, gboolean plain, gboolean dev, gpointer base)
{
  char **at = lk_setting_at (base, row->offset);
  char *wrong = check_kind_of_text (row, text, plain, dev);
  gsize len = strlen (text);

  if (wrong != NULL)
    return wrong;
  while (row->kind == LK_SETTING_URL && text[len - 1] == '/')
    len--;
  g_free (*at);
  *at = g_strndup (text, len);
  return NULL;
}

/* --- the rest --------------------------------------------------------------------------------- */

static char *
read_number (const LkSettingRow *row, const char *text, gboolean plain, gboolean dev, gpointer base)
{
  gpointer at = lk_setting_at (base, row->offset);
  const char *what
      = row->kind == LK_SETTING_ID ? "a number above 0 without quotes" : "a number without quotes";
  gsize sign = *text == '-' ? 1 : 0;
  gsize digits = strspn (text + sign, "0123456789");
  gint64 number = 0;

  /* A leading zero is octal to YAML 1.1 and decimal to YAML 1.2. */
  if (!plain || digits == 0 || text[sign + digits] != '\0' || (digits > 1 && text[sign] == '0'))
    return expected (what, text, plain);
  if (!g_ascii_string_to_signed (text, 10, row->min, max_of (row, dev), &number, NULL))
    return out_of_range (row, text, dev);
  if (row->kind == LK_SETTING_ID)
    *(gint64 *) at = number;
  else
    *(int *) at = (int) number;
  return NULL;
}

static char *
read_duration (const LkSettingRow *row, const char *text, gboolean plain, gpointer base)
{
  gint64 ms;

  if (!lk_duration_parse (text, &ms))
    return expected ("a duration (one number and ms, s, m, h or d)", text, plain);
  if (ms < row->min || ms > row->max)
    return out_of_range (row, text, FALSE);
  *(gint64 *) lk_setting_at (base, row->offset) = ms;
  return NULL;
}

static char *
read_boolean (const LkSettingRow *row, const char *text, gboolean plain, gpointer base)
{
  if (!plain || (!g_str_equal (text, "true") && !g_str_equal (text, "false")))
    return expected (plain ? "true or false" : "true or false without quotes", text, plain);
  *(gboolean *) lk_setting_at (base, row->offset) = g_str_equal (text, "true");
  return NULL;
}

static char *
read_percent (const LkSettingRow *row, const char *text, gboolean plain, gpointer base)
{
  gsize digits = strspn (text, "0123456789");
  g_autofree char *number = g_strndup (text, digits);
  guint64 percent;

  if (digits == 0 || !g_str_equal (text + digits, "%"))
    return expected ("a percentage like 20%", text, plain);
  if (!g_ascii_string_to_unsigned (number, 10, (guint64) row->min, (guint64) row->max, &percent,
                                   NULL))
    return out_of_range (row, text, FALSE);
  *(guint *) lk_setting_at (base, row->offset) = (guint) percent;
  return NULL;
}

static char *
read_time_of_day (const LkSettingRow *row, const char *text, gboolean plain, gpointer base)
{
  const char *t = text;
  int minutes;

  if (strlen (t) != 5 || !g_ascii_isdigit (t[0]) || !g_ascii_isdigit (t[1]) || t[2] != ':'
      || !g_ascii_isdigit (t[3]) || !g_ascii_isdigit (t[4]) || t[3] > '5')
    return expected ("a time of day \"HH:MM\"", text, plain);
  minutes = ((t[0] - '0') * 10 + (t[1] - '0')) * 60 + (t[3] - '0') * 10 + (t[4] - '0');
  if (minutes > row->max)
    return out_of_range (row, text, FALSE);
  *(int *) lk_setting_at (base, row->offset) = minutes;
  return NULL;
}

static char *
read_zone (const LkSettingRow *row, const char *text, gboolean plain, gpointer base)
{
  LkZone **at = lk_setting_at (base, row->offset);
  g_autoptr (GError) error = NULL;
  LkZone *zone;

  if (is_null (text, plain) || *text == '\0')
    return expected ("an IANA time zone like Europe/Madrid", text, plain);
  zone = lk_zone_new (text, &error);
  if (zone == NULL)
    return g_strdup (error->message);
  lk_zone_free (*at);
  *at = zone;
  return NULL;
}

static char *
read_word (const LkSettingRow *row, const char *text, gboolean plain, gpointer base)
{
  g_auto (GStrv) words = g_strsplit (row->words, "|", -1);
  g_autofree char *got = NULL, *list = NULL;
  const char *near;

  for (int i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], text))
      {
        *(int *) lk_setting_at (base, row->offset) = i;
        return NULL;
      }
  near = lk_nearest (text, (const char *const *) words, g_strv_length (words));
  list = g_strjoinv (", ", words);
  got = lk_value_quote (text, plain);
  if (near != NULL)
    return g_strdup_printf ("expected one of %s, got %s (did you mean '%s'?)", list, got, near);
  return g_strdup_printf ("expected one of %s, got %s", list, got);
}

char *
lk_value_read (
    const LkSettingRow *row, const char *text, gboolean plain, gboolean dev, gpointer base)
{
  switch (row->kind)
    {
    case LK_SETTING_TEXT:
    case LK_SETTING_PATH:
    case LK_SETTING_URL:
    case LK_SETTING_BROKERS:
    case LK_SETTING_PREFIX:
    case LK_SETTING_CODE:
    case LK_SETTING_PASS:
    case LK_SETTING_RESOURCE:
      return read_text (row, text, plain, dev, base);
    case LK_SETTING_INTEGER:
    case LK_SETTING_RATE:
    case LK_SETTING_ID:
      return read_number (row, text, plain, dev, base);
    case LK_SETTING_DURATION:
      return read_duration (row, text, plain, base);
    case LK_SETTING_BOOLEAN:
      return read_boolean (row, text, plain, base);
    case LK_SETTING_PERCENT:
      return read_percent (row, text, plain, base);
    case LK_SETTING_TIME_OF_DAY:
      return read_time_of_day (row, text, plain, base);
    case LK_SETTING_ZONE:
      return read_zone (row, text, plain, base);
    case LK_SETTING_WORD:
      return read_word (row, text, plain, base);
    case LK_SETTING_NEXUDUS:
    case LK_SETTING_KISI:
    case LK_SETTING_NAMES:
    case LK_SETTING_PROPERTIES:
      break;
    }
  g_assert_not_reached ();
}

void
lk_value_default (const LkSettingRow *row, gpointer base)
{
  g_autofree char *text = NULL, *wrong = NULL;
  gboolean quoted;

  if (row->default_value == NULL || row->kind == LK_SETTING_PROPERTIES)
    return;
  if (*row->default_value == '\0')
    {
      if (row->kind == LK_SETTING_DURATION)
        *(gint64 *) lk_setting_at (base, row->offset) = -1;
      return;
    }
  quoted = *row->default_value == '"';
  text = g_strndup (row->default_value + quoted, strlen (row->default_value) - (quoted ? 2 : 0));
  wrong = lk_value_read (row, text, !quoted, FALSE, base);
  g_assert (wrong == NULL);
}
