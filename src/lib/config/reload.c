/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * SIGHUP: what may change in a running program is taken over, the rest is told. Accounts and spaces
 * are matched by name, since a line moved in the file changes nothing.
 */
#include "value.h"

#include <string.h>

static gboolean
is_same (const LkSettingRow *row, gconstpointer a, gconstpointer b)
{
  g_autoptr (GString) left = g_string_new (NULL), right = g_string_new (NULL);
  gboolean same;

  lk_value_write (row, a, FALSE, left);
  lk_value_write (row, b, FALSE, right);
  same = g_string_equal (left, right);
  explicit_bzero (left->str, left->len); /* properties may hold a password */
  explicit_bzero (right->str, right->len);
  return same;
}

static void
take (const LkSettingRow *row, gpointer into, gconstpointer from)
{
  gpointer at = lk_setting_at (into, row->offset);
  gconstpointer value = lk_setting_at (from, row->offset);

  switch (row->kind)
    {
    case LK_SETTING_DURATION:
      *(gint64 *) at = *(const gint64 *) value;
      return;
    case LK_SETTING_RATE:
    case LK_SETTING_WORD:
      *(int *) at = *(const int *) value;
      return;
    default:
      g_assert_not_reached (); /* a row may be live only when its value owns nothing */
    }
}

static void
reload_struct (
    const char *prefix, const char *path, gpointer into, gconstpointer from, GStrvBuilder *restart)
{
  guint n;
  const LkSettingRow *rows = lk_schema_rows (&n);

  for (guint i = 0; i < n; i++)
    if (lk_schema_within (&rows[i], prefix) && !is_same (&rows[i], into, from))
      {
        g_autofree char *at = g_strconcat (path, rows[i].path + strlen (prefix), NULL);

        if (rows[i].live)
          take (&rows[i], into, from);
        else
          g_strv_builder_add (restart, at);
      }
}

static gboolean
is_same_mapping (const LkConfigMapping *a, const LkConfigMapping *b)
{
  return a->kind == b->kind && g_str_equal (a->what, b->what) && a->lead == b->lead
         && g_strv_equal ((const char *const *) a->groups, (const char *const *) b->groups);
}

static gboolean
is_same_mappings (const LkConfigSpace *a, const LkConfigSpace *b)
{
  if (a->n_mappings != b->n_mappings)
    return FALSE;
  for (guint i = 0; i < a->n_mappings; i++)
    if (!is_same_mapping (&a->mappings[i], &b->mappings[i]))
      return FALSE;
  return TRUE;
}

char **
lk_config_reload (LkConfig *config, const LkConfig *fresh)
{
  g_autoptr (GStrvBuilder) restart = g_strv_builder_new ();
  gboolean nexudus = config->n_nexudus != fresh->n_nexudus;
  gboolean kisi = config->n_kisi != fresh->n_kisi;
  gboolean spaces = config->n_spaces != fresh->n_spaces;

  reload_struct ("", "", config, fresh, restart);
  for (guint i = 0; i < config->n_nexudus; i++)
    {
      const LkConfigNexudus *other = lk_config_nexudus (fresh, config->nexudus[i].account);
      g_autofree char *path = g_strdup_printf ("nexudus[%u].", i);

      nexudus = nexudus || other == NULL;
      if (other != NULL)
        reload_struct ("nexudus[].", path, &config->nexudus[i], other, restart);
    }
  for (guint i = 0; i < config->n_kisi; i++)
    {
      const LkConfigKisi *other = lk_config_kisi (fresh, config->kisi[i].account);
      g_autofree char *path = g_strdup_printf ("kisi[%u].", i);

      kisi = kisi || other == NULL;
      if (other != NULL)
        reload_struct ("kisi[].", path, &config->kisi[i], other, restart);
    }
  for (guint i = 0; i < config->n_spaces; i++)
    {
      const LkConfigSpace *other = lk_config_space (fresh, config->spaces[i].code);
      g_autofree char *path = g_strdup_printf ("spaces[%u].", i);
      g_autofree char *mappings = g_strconcat (path, "mappings", NULL);

      spaces = spaces || other == NULL;
      if (other == NULL)
        continue;
      reload_struct ("spaces[].", path, &config->spaces[i], other, restart);
      if (!is_same_mappings (&config->spaces[i], other))
        g_strv_builder_add (restart, mappings);
    }
  if (nexudus)
    g_strv_builder_add (restart, "nexudus");
  if (kisi)
    g_strv_builder_add (restart, "kisi");
  if (spaces)
    g_strv_builder_add (restart, "spaces");
  return g_strv_builder_end (restart);
}
