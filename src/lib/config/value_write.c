/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Writes one value as YAML, and frees it.
 */
#include "value.h"

#include <string.h>

/* librdkafka's properties that are, or hold, a secret. Those ending in .location name a file. */
static gboolean
is_secret_property (const char *name)
{
  static const char *const ends[] = {
    "password",        "secret", "key", "passphrase", "token", ".pem", "sasl.oauthbearer.config",
    "sasl.jaas.config"
  };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_str_has_suffix (lower, ends[i]))
      return TRUE;
  return strstr (lower, "password") != NULL || strstr (lower, "secret") != NULL;
}

/* Without quotes only what no reader of YAML takes for anything but text. */
static gboolean
is_plain (const char *text)
{
  static const char *const taken[]
      = { "true", "false", "yes", "no", "on", "off", "null", "y", "n" };

  if (!g_ascii_isalpha (*text) && *text != '/')
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    if (g_ascii_strcasecmp (text, taken[i]) == 0)
      return FALSE;
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && strchr ("._/@-", *text) == NULL)
      return FALSE;
  return TRUE;
}

static void
write_text (GString *out, const char *text)
{
  if (is_plain (text))
    {
      g_string_append (out, text);
      return;
    }
  g_string_append_c (out, '"');
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", (char) c);
      else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_unichar (out, c);
    }
  g_string_append_c (out, '"');
}

void
lk_config_write_name (GString *out, const char *name, gint64 id)
{
  static const LkSettingRow row
      = { .path = "spaces[].mappings[].groups", .kind = LK_SETTING_NAMES };
  g_autofree char *wrong = lk_value_check_text (&row, name, FALSE);

  /* One that begins so would be taken for an id. */
  if (wrong == NULL && !g_str_has_prefix (name, "id:"))
    write_text (out, name);
  else
    g_string_append_printf (out, "id:%" G_GINT64_FORMAT, id);
}

static void
write_names (GString *out, char **names)
{
  g_string_append_c (out, '[');
  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      if (name != names)
        g_string_append (out, ", ");
      write_text (out, *name);
    }
  g_string_append_c (out, ']');
}

static void
write_properties (GString *out, const LkConfigKafka *kafka, gboolean mask)
{
  g_string_append_c (out, '{');
  for (guint i = 0; i < kafka->n_properties; i++)
    {
      const LkConfigProperty *property = &kafka->properties[i];

      if (i > 0)
        g_string_append (out, ", ");
      write_text (out, property->key);
      g_string_append (out, ": ");
      write_text (out, mask && is_secret_property (property->key) ? "********" : property->value);
    }
  g_string_append_c (out, '}');
}

static void
write_word (GString *out, const char *words, int index)
{
  g_auto (GStrv) list = g_strsplit (words, "|", -1);

  g_assert (index >= 0 && (guint) index < g_strv_length (list));
  g_string_append (out, list[index]);
}

void
lk_value_write (const LkSettingRow *row, gconstpointer base, gboolean mask, GString *out)
{
  gconstpointer at = lk_setting_at (base, row->offset);

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
      write_text (out, *(char *const *) at);
      return;
    case LK_SETTING_INTEGER:
    case LK_SETTING_RATE:
      g_string_append_printf (out, "%d", *(const int *) at);
      return;
    case LK_SETTING_ID:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, *(const gint64 *) at);
      return;
    case LK_SETTING_DURATION:
      {
        g_autofree char *text = lk_duration_format (*(const gint64 *) at);
        g_string_append (out, text);
        return;
      }
    case LK_SETTING_BOOLEAN:
      g_string_append (out, *(const gboolean *) at ? "true" : "false");
      return;
    case LK_SETTING_PERCENT:
      g_string_append_printf (out, "%u%%", *(const guint *) at);
      return;
    case LK_SETTING_TIME_OF_DAY:
      g_string_append_printf (out, "\"%02d:%02d\"", *(const int *) at / 60, *(const int *) at % 60);
      return;
    case LK_SETTING_ZONE:
      write_text (out, lk_zone_name (*(LkZone *const *) at));
      return;
    case LK_SETTING_WORD:
      write_word (out, row->words, *(const int *) at);
      return;
    case LK_SETTING_NEXUDUS:
      write_text (out, (*(LkConfigNexudus *const *) at)->account);
      return;
    case LK_SETTING_KISI:
      write_text (out, (*(LkConfigKisi *const *) at)->account);
      return;
    case LK_SETTING_NAMES:
      write_names (out, *(char **const *) at);
      return;
    case LK_SETTING_PROPERTIES:
      write_properties (out, &((const LkConfig *) base)->kafka, mask);
      return;
    }
  g_assert_not_reached ();
}

void
lk_value_clear (const LkSettingRow *row, gpointer base)
{
  gpointer at = lk_setting_at (base, row->offset);

  switch (row->kind)
    {
    case LK_SETTING_TEXT:
    case LK_SETTING_PATH:
    case LK_SETTING_URL:
    case LK_SETTING_BROKERS:
    case LK_SETTING_PREFIX:
    case LK_SETTING_CODE:
    case LK_SETTING_PASS:
    case LK_SETTING_RESOURCE: /* shares its place with pass: cleared already */
      g_clear_pointer ((char **) at, g_free);
      return;
    case LK_SETTING_ZONE:
      g_clear_pointer ((LkZone **) at, lk_zone_free);
      return;
    case LK_SETTING_NAMES:
      g_clear_pointer ((char ***) at, g_strfreev);
      return;
    case LK_SETTING_PROPERTIES:
      {
        LkConfigKafka *kafka = &((LkConfig *) base)->kafka;

        for (guint i = 0; i < kafka->n_properties; i++)
          {
            g_free (kafka->properties[i].key);
            lk_secret_free (kafka->properties[i].value); /* may be a password */
          }
        g_clear_pointer (&kafka->properties, g_free);
        kafka->n_properties = 0;
        return;
      }
    default:
      return;
    }
}
