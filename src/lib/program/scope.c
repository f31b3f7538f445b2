/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 */
#include "scope.h"

static const char *
account_name (const LkScoped *scoped, gconstpointer account)
{
  return scoped->spec->scope == LK_SCOPE_NEXUDUS ? ((const LkConfigNexudus *) account)->account
                                                 : ((const LkConfigKisi *) account)->account;
}

GHashTable *
lk_scope_topics (const LkScoped *scoped, guint uses)
{
  GHashTable *topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (const LkTopicUse *use = scoped->spec->topics; use->use != 0; use++)
    {
      if (!(use->use & uses))
        continue;
      if (use->kind == LK_KIND_NEXUDUS_ACCOUNT || use->kind == LK_KIND_KISI_ACCOUNT)
        for (guint i = 0; i < scoped->accounts->len; i++)
          g_hash_table_insert (topics,
                               lk_topic_name (scoped->prefix, use->kind,
                                              account_name (scoped, scoped->accounts->pdata[i])),
                               GINT_TO_POINTER (lk_kind_partitions (use->kind, 0)));
      else
        for (guint i = 0; i < scoped->spaces->len; i++)
          {
            const LkConfigSpace *space = scoped->spaces->pdata[i];
            g_hash_table_insert (
                topics, lk_topic_name (scoped->prefix, use->kind, space->code),
                GINT_TO_POINTER (lk_kind_partitions (use->kind, space->partitions)));
          }
    }
  return topics;
}

GPtrArray *
lk_scope_owned (const LkScoped *scoped)
{
  GPtrArray *topics = g_ptr_array_new_with_free_func (g_free);

  for (const LkTopicUse *use = scoped->spec->topics; use->use != 0; use++)
    {
      if (!(use->use & LK_USE_OWN))
        continue;
      if (scoped->spec->scope == LK_SCOPE_SPACES)
        for (guint i = 0; i < scoped->spaces->len; i++)
          g_ptr_array_add (topics,
                           lk_topic_name (scoped->prefix, use->kind,
                                          ((LkConfigSpace *) scoped->spaces->pdata[i])->code));
      else
        for (guint i = 0; i < scoped->accounts->len; i++)
          g_ptr_array_add (topics,
                           lk_topic_name (scoped->prefix, use->kind,
                                          account_name (scoped, scoped->accounts->pdata[i])));
    }
  g_ptr_array_add (topics, NULL);
  return topics;
}

gboolean
lk_scope_choose (LkScoped *scoped, const LkProgramSpec *spec, LkConfig *config, char **names,
                 GError **error)
{
  scoped->spec = spec;
  scoped->prefix = config->kafka.topic_prefix;
  scoped->spaces = g_ptr_array_new ();
  scoped->accounts = g_ptr_array_new ();
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      gboolean known
          = scoped->spec->scope == LK_SCOPE_SPACES    ? lk_config_space (config, names[i]) != NULL
            : scoped->spec->scope == LK_SCOPE_NEXUDUS ? lk_config_nexudus (config, names[i]) != NULL
                                                      : lk_config_kisi (config, names[i]) != NULL;
      if (!known)
        return lk_fail (error, LK_ERROR_CONFIG, "%s '%s' is not in %s",
                        scoped->spec->scope == LK_SCOPE_SPACES ? "--space" : "--account", names[i],
                        config->path);
    }
#define CHOSEN(name) (names == NULL || g_strv_contains ((const char *const *) names, name))
  if (scoped->spec->scope == LK_SCOPE_NEXUDUS)
    for (guint i = 0; i < config->n_nexudus; i++)
      if (CHOSEN (config->nexudus[i].account))
        g_ptr_array_add (scoped->accounts, &config->nexudus[i]);
  if (scoped->spec->scope == LK_SCOPE_KISI)
    for (guint i = 0; i < config->n_kisi; i++)
      if (CHOSEN (config->kisi[i].account))
        g_ptr_array_add (scoped->accounts, &config->kisi[i]);
  for (guint i = 0; i < config->n_spaces; i++)
    {
      LkConfigSpace *space = &config->spaces[i];
      const char *by = scoped->spec->scope == LK_SCOPE_SPACES    ? space->code
                       : scoped->spec->scope == LK_SCOPE_NEXUDUS ? space->nexudus->account
                                                                 : space->kisi->account;
      if (CHOSEN (by))
        g_ptr_array_add (scoped->spaces, space);
    }
#undef CHOSEN
  return TRUE;
}

void
lk_scope_clear (LkScoped *scoped)
{
  g_clear_pointer (&scoped->spaces, g_ptr_array_unref);
  g_clear_pointer (&scoped->accounts, g_ptr_array_unref);
}
