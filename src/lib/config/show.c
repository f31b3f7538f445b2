/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The configuration as it applies, written in the table's order so that it reads back as the same
 * (but for masked properties).
 */
#include "value.h"

#include <string.h>

/* Not set, where nothing of its own applies. */
static gboolean
is_left_out (const LkSettingRow *row, gconstpointer base)
{
  switch (row->kind)
    {
    case LK_SETTING_PASS:
      return ((const LkConfigMapping *) base)->kind != LK_MAPPING_PASS;
    case LK_SETTING_RESOURCE:
      return ((const LkConfigMapping *) base)->kind != LK_MAPPING_RESOURCE;
    case LK_SETTING_DURATION:
      return *(const gint64 *) lk_setting_at (base, row->offset) < 0;
    default:
      return FALSE;
    }
}

static void
show_below (const char *prefix, gconstpointer base, guint indent, GString *out)
{
  g_autoptr (GPtrArray) keys = lk_schema_keys (prefix);

  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = keys->pdata[i];
      const LkSettingRow *row;
      const LkSettingList *list;
      LkSettingShape shape = lk_schema_find (prefix, key, &row, &list);

      if (shape == LK_SHAPE_SETTING && is_left_out (row, base))
        continue;
      /* The first key of a list's entry stands behind its dash. */
      if (out->len == 0 || out->str[out->len - 1] == '\n')
        g_string_append_printf (out, "%*s", (int) indent, "");
      g_string_append_printf (out, "%s:", key);
      if (shape == LK_SHAPE_SETTING)
        {
          g_string_append_c (out, ' ');
          lk_value_write (row, base, TRUE, out);
          g_string_append_c (out, '\n');
        }
      else if (shape == LK_SHAPE_SECTION)
        {
          g_autofree char *below = g_strdup_printf ("%s%s.", prefix, key);

          g_string_append_c (out, '\n');
          show_below (below, base, indent + 2, out);
        }
      else
        {
          const char *items = *(char *const *) lk_setting_at (base, list->items_offset);
          guint n = *(const guint *) lk_setting_at (base, list->n_offset);

          g_string_append (out, n == 0 ? " []\n" : "\n");
          for (guint j = 0; j < n; j++)
            {
              g_string_append_printf (out, "%*s- ", (int) indent + 2, "");
              show_below (list->prefix, items + j * list->item_size, indent + 4, out);
            }
        }
    }
}

char *
lk_config_show (const LkConfig *config)
{
  GString *out = g_string_new (NULL);

  show_below ("", config, 0, out);
  return g_string_free (out, FALSE);
}
