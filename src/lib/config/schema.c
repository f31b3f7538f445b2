/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The settings table: how rows and lists are found by path, and the form in which it is shown.
 */
#include "schema.h"
#include "value.h"

#include <string.h>

static const LkSettingRow rows[] = {
#define LK_SETTING(path, kind, owner, member, default_value, min, max, words, live, help)           \
  { path, LK_SETTING_##kind, G_STRUCT_OFFSET (owner, member), default_value, min, max, words, live, \
    help },
#include "settings.def"
#undef LK_SETTING
};

/* One word for the four lists; how many mappings and groups a space may have is set by the size of
 * its rules record. */
static const LkSettingList lists[] = {
  { "nexudus[].", sizeof (LkConfigNexudus), G_STRUCT_OFFSET (LkConfig, nexudus),
    G_STRUCT_OFFSET (LkConfig, n_nexudus), 1, 100, "account", -1 },
  { "kisi[].", sizeof (LkConfigKisi), G_STRUCT_OFFSET (LkConfig, kisi),
    G_STRUCT_OFFSET (LkConfig, n_kisi), 1, 100, "account", -1 },
  { "spaces[].", sizeof (LkConfigSpace), G_STRUCT_OFFSET (LkConfig, spaces),
    G_STRUCT_OFFSET (LkConfig, n_spaces), 1, 1000, "code", -1 },
  { "spaces[].mappings[].", sizeof (LkConfigMapping), G_STRUCT_OFFSET (LkConfigSpace, mappings),
    G_STRUCT_OFFSET (LkConfigSpace, n_mappings), 0, 2000, NULL,
    G_STRUCT_OFFSET (LkConfigMapping, line) },
};

const LkSettingRow *
lk_schema_rows (guint *out_n)
{
  *out_n = G_N_ELEMENTS (rows);
  return rows;
}

static const LkSettingList *
list_below (const char *prefix, const char *key)
{
  gsize prefix_len = strlen (prefix), key_len = strlen (key);

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (g_str_has_prefix (lists[i].prefix, prefix)
        && strncmp (lists[i].prefix + prefix_len, key, key_len) == 0
        && g_str_equal (lists[i].prefix + prefix_len + key_len, "[]."))
      return &lists[i];
  return NULL;
}

LkSettingShape
lk_schema_find (const char *prefix,
                const char *key,
                const LkSettingRow **out_row,
                const LkSettingList **out_list)
{
  gsize prefix_len = strlen (prefix), key_len = strlen (key);

  *out_row = NULL;
  *out_list = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *rest = rows[i].path + prefix_len;

      if (!g_str_has_prefix (rows[i].path, prefix) || strncmp (rest, key, key_len) != 0)
        continue;
      switch (rest[key_len])
        {
        case '\0':
          *out_row = &rows[i];
          return LK_SHAPE_SETTING;
        case '.':
          return LK_SHAPE_SECTION;
        case '[':
          *out_list = list_below (prefix, key);
          g_assert (*out_list != NULL);
          return LK_SHAPE_LIST;
        default:
          break;
        }
    }
  return LK_SHAPE_UNKNOWN;
}

GPtrArray *
lk_schema_keys (const char *prefix)
{
  GPtrArray *keys = g_ptr_array_new_with_free_func (g_free);
  gsize prefix_len = strlen (prefix);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_has_prefix (rows[i].path, prefix))
      {
        const char *rest = rows[i].path + prefix_len;
        g_autofree char *key = g_strndup (rest, strcspn (rest, ".["));

        /* Rows of a section stand together, so the last key is the only one to compare with. */
        if (keys->len == 0 || !g_str_equal (keys->pdata[keys->len - 1], key))
          g_ptr_array_add (keys, g_steal_pointer (&key));
      }
  return keys;
}

gboolean
lk_schema_within (const LkSettingRow *row, const char *prefix)
{
  return g_str_has_prefix (row->path, prefix) && strstr (row->path + strlen (prefix), "[]") == NULL;
}

/* --- the table as others see it --------------------------------------------------------------- */

static const char *
type_of (const LkSettingRow *row)
{
  switch (row->kind)
    {
    case LK_SETTING_PATH:
      return "path";
    case LK_SETTING_URL:
      return "URL";
    case LK_SETTING_INTEGER:
    case LK_SETTING_RATE:
    case LK_SETTING_ID:
      return "integer";
    case LK_SETTING_DURATION:
      return "duration";
    case LK_SETTING_BOOLEAN:
      return "boolean";
    case LK_SETTING_PERCENT:
      return "percent";
    case LK_SETTING_TIME_OF_DAY:
      return "time of day";
    case LK_SETTING_ZONE:
      return "zone";
    case LK_SETTING_WORD:
      {
        g_autofree char *type = g_strdup_printf ("one of %s", row->words);
        return g_intern_string (type);
      }
    case LK_SETTING_NAMES:
      return "list of strings";
    case LK_SETTING_PROPERTIES:
      return "mapping of strings";
    case LK_SETTING_TEXT:
    case LK_SETTING_BROKERS:
    case LK_SETTING_PREFIX:
    case LK_SETTING_CODE:
    case LK_SETTING_NEXUDUS:
    case LK_SETTING_KISI:
    case LK_SETTING_PASS:
    case LK_SETTING_RESOURCE:
      return "string";
    }
  g_assert_not_reached ();
}

static const char *
range_of (const LkSettingRow *row)
{
  g_autofree char *range = lk_value_range (row, FALSE);

  return range == NULL ? NULL : g_intern_string (range);
}

const LkSetting *
lk_settings (guint *out_n)
{
  static gsize ready;
  static LkSetting settings[G_N_ELEMENTS (rows)];

  if (g_once_init_enter (&ready))
    {
      for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        settings[i] = (LkSetting){ .path = rows[i].path,
                                   .type = type_of (&rows[i]),
                                   .default_value = rows[i].default_value,
                                   .range = range_of (&rows[i]),
                                   .help = rows[i].help };
      g_once_init_leave (&ready, 1);
    }
  *out_n = G_N_ELEMENTS (rows);
  return settings;
}
