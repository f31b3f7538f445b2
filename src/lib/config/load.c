/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A file becomes an LkConfig or a list of problems, in the order of its lines.
 */
#include "value.h"
#include "walk.h"

#include <string.h>

static void
problem_free (gpointer data)
{
  LkConfigProblem *problem = data;

  g_free (problem->path);
  g_free (problem->message);
  g_free (problem);
}

static int
compare_problems (gconstpointer a, gconstpointer b)
{
  const LkConfigProblem *left = *(const LkConfigProblem *const *) a;
  const LkConfigProblem *right = *(const LkConfigProblem *const *) b;

  if (left->line != right->line)
    return left->line < right->line ? -1 : 1;
  return left->column < right->column ? -1 : left->column > right->column;
}

static LkConfig *
parse (const char *text, gsize len, const char *name, LkSecretUse secrets, GPtrArray *problems)
{
  g_autoptr (LkConfig) config = g_new0 (LkConfig, 1);
  yaml_document_t document;
  LkWalk walk;

  config->path = g_strdup (name);
  if (!lk_document_read (text, len, &document, problems))
    return NULL;
  lk_walk_init (&walk, config, problems);
  lk_walk_document (&walk, &document);
  yaml_document_delete (&document);
  lk_check_all (&walk);
  lk_check_secrets (&walk, secrets);
  lk_walk_clear (&walk);
  return problems->len > 0 ? NULL : g_steal_pointer (&config);
}

static LkConfig *
finish (LkConfig *config, GPtrArray *problems, GPtrArray **out_problems)
{
  if (config == NULL)
    {
      g_ptr_array_sort (problems, compare_problems);
      *out_problems = g_ptr_array_ref (problems);
    }
  return config;
}

LkConfig *
lk_config_parse (const char *text, gsize len, const char *name, GPtrArray **out_problems)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (problem_free);

  return finish (parse (text, len, name, 0, problems), problems, out_problems);
}

LkConfig *
lk_config_load (const char *path, LkSecretUse secrets, GPtrArray **out_problems)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (problem_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  LkConfig *config;
  gsize len;

  if (!g_file_get_contents (path, &text, &len, &error))
    {
      lk_problem_add (problems, (LkMark){ 0 }, "", "%s", error->message);
      return finish (NULL, problems, out_problems);
    }
  config = parse (text, len, path, secrets, problems);
  explicit_bzero (text, len); /* kafka.properties may hold a password */
  return finish (config, problems, out_problems);
}

static void
clear (const char *prefix, gpointer base)
{
  guint n;
  const LkSettingRow *rows = lk_schema_rows (&n);

  for (guint i = 0; i < n; i++)
    if (lk_schema_within (&rows[i], prefix))
      lk_value_clear (&rows[i], base);
}

void
lk_config_free (LkConfig *config)
{
  if (config == NULL)
    return;
  for (guint i = 0; i < config->n_spaces; i++)
    {
      LkConfigSpace *space = &config->spaces[i];

      for (guint j = 0; j < space->n_mappings; j++)
        clear ("spaces[].mappings[].", &space->mappings[j]);
      g_free (space->mappings);
      clear ("spaces[].", space);
    }
  for (guint i = 0; i < config->n_nexudus; i++)
    clear ("nexudus[].", &config->nexudus[i]);
  for (guint i = 0; i < config->n_kisi; i++)
    clear ("kisi[].", &config->kisi[i]);
  g_free (config->spaces);
  g_free (config->nexudus);
  g_free (config->kisi);
  clear ("", config);
  g_free (config->path);
  g_free (config);
}

void
lk_config_print_problems (const char *path, const GPtrArray *problems, GString *out)
{
  for (guint i = 0; i < problems->len; i++)
    {
      const LkConfigProblem *problem = problems->pdata[i];

      g_string_append (out, path);
      if (problem->line > 0)
        g_string_append_printf (out, ":%u", problem->line);
      g_string_append (out, ": ");
      if (*problem->path != '\0')
        g_string_append_printf (out, "%s: ", problem->path);
      g_string_append_printf (out, "%s\n", problem->message);
    }
}

LkConfigSpace *
lk_config_space (const LkConfig *config, const char *code)
{
  for (guint i = 0; i < config->n_spaces; i++)
    if (g_str_equal (config->spaces[i].code, code))
      return &config->spaces[i];
  return NULL;
}

LkConfigNexudus *
lk_config_nexudus (const LkConfig *config, const char *account)
{
  for (guint i = 0; i < config->n_nexudus; i++)
    if (g_str_equal (config->nexudus[i].account, account))
      return &config->nexudus[i];
  return NULL;
}

LkConfigKisi *
lk_config_kisi (const LkConfig *config, const char *account)
{
  for (guint i = 0; i < config->n_kisi; i++)
    if (g_str_equal (config->kisi[i].account, account))
      return &config->kisi[i];
  return NULL;
}
