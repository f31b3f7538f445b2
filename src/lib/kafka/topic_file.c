/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reads topics/NN-kind.yaml over libyaml's document: a flat mapping, and `config` below it.
 */
#include "topic_file.h"

#include <string.h>
#include <yaml.h>

#define FILE_MAX (64 * 1024)

typedef struct
{
  yaml_document_t *document;
  const char *name;
  LkTopicFile *file;
  guint seen; /* bits, by index in fields */
} Reading;

static gboolean
problem (const Reading *reading, const yaml_node_t *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static gboolean
problem (const Reading *reading, const yaml_node_t *node, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  return lk_fail (error, LK_ERROR_CONFIG, "%s:%zu: %s", reading->name,
                  node == NULL ? (size_t) 1 : node->start_mark.line + 1, what);
}

static yaml_node_t *
node_of (const Reading *reading, int id)
{
  return yaml_document_get_node (reading->document, id);
}

static const char *
scalar (const yaml_node_t *node)
{
  return node->type == YAML_SCALAR_NODE ? (const char *) node->data.scalar.value : NULL;
}

/* --- one function a field --------------------------------------------------------------------- */

static gboolean
read_text (Reading *reading, const char *key, yaml_node_t *node, char **out, GError **error)
{
  const char *text = scalar (node);

  if (text == NULL || *text == '\0')
    return problem (reading, node, error, "%s: expected text", key);
  *out = g_strdup (text);
  return TRUE;
}

static gboolean
read_name (Reading *reading, yaml_node_t *node, GError **error)
{
  const char *text = scalar (node);
  const char *end = text == NULL ? NULL : strchr (text, '.');
  g_autofree char *kind = NULL;

  /* "members.<space>" or "members": what follows the dot is for people. */
  if (text != NULL)
    kind = end == NULL ? g_strdup (text) : g_strndup (text, (gsize) (end - text));
  if (kind == NULL || !lk_kind_parse (kind, &reading->file->kind))
    return problem (reading, node, error, "name: '%s' is no kind of topic", text ? text : "");
  return TRUE;
}

static gboolean
read_per (Reading *reading, yaml_node_t *node, GError **error)
{
  const char *text = scalar (node);

  if (g_strcmp0 (text, "space") != 0 && g_strcmp0 (text, "account") != 0)
    return problem (reading, node, error, "per: expected space or account, got '%s'",
                    text ? text : "a collection");
  reading->file->per_account = g_str_equal (text, "account");
  return TRUE;
}

static gboolean
read_number (Reading *reading, const char *key, yaml_node_t *node, const char *word,
             int word_value, int max, int *out, GError **error)
{
  const char *text = scalar (node);
  guint64 number = 0;

  if (g_strcmp0 (text, word) == 0)
    {
      *out = word_value;
      return TRUE;
    }
  if (text == NULL
      || !g_ascii_string_to_unsigned (text, 10, 1, (guint64) max, &number, NULL))
    return problem (reading, node, error, "%s: expected %s or a number from 1 to %d, got '%s'", key,
                    word, max, text ? text : "a collection");
  *out = (int) number;
  return TRUE;
}

static gboolean
read_list (Reading *reading, const char *key, yaml_node_t *node, char ***out, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (node->type != YAML_SEQUENCE_NODE)
    return problem (reading, node, error, "%s: expected a list of programs", key);
  for (yaml_node_item_t *item = node->data.sequence.items.start;
       item < node->data.sequence.items.top; item++)
    {
      const char *text = scalar (node_of (reading, *item));
      if (text == NULL)
        return problem (reading, node, error, "%s: expected a list of programs", key);
      g_strv_builder_add (builder, text);
    }
  *out = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
read_config (Reading *reading, yaml_node_t *node, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) values = g_strv_builder_new ();

  if (node->type != YAML_MAPPING_NODE)
    return problem (reading, node, error, "config: expected settings of the topic");
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
       pair < node->data.mapping.pairs.top; pair++)
    {
      const char *name = scalar (node_of (reading, pair->key));
      const char *value = scalar (node_of (reading, pair->value));
      if (name == NULL || value == NULL)
        return problem (reading, node_of (reading, pair->key), error,
                        "config: expected 'setting: value'");
      g_strv_builder_add (names, name);
      g_strv_builder_add (values, value);
    }
  reading->file->config_names = g_strv_builder_end (names);
  reading->file->config_values = g_strv_builder_end (values);
  return TRUE;
}

static const char *const fields[] = { "name", "per",        "partitions", "replication", "config",
                                      "key",  "schema",     "written_by", "read_by",
                                      "description" };

static gboolean
read_field (Reading *reading, guint index, yaml_node_t *node, GError **error)
{
  LkTopicFile *file = reading->file;

  switch (index)
    {
    case 0:
      return read_name (reading, node, error);
    case 1:
      return read_per (reading, node, error);
    case 2:
      return read_number (reading, "partitions", node, "per_member", 0, 1000, &file->partitions,
                          error);
    case 3:
      return read_number (reading, "replication", node, "default", -1, 32, &file->replication,
                          error);
    case 4:
      return read_config (reading, node, error);
    case 5:
      return read_text (reading, "key", node, &file->key, error);
    case 6:
      return read_text (reading, "schema", node, &file->schema, error);
    case 7:
      return read_list (reading, "written_by", node, &file->written_by, error);
    case 8:
      return read_list (reading, "read_by", node, &file->read_by, error);
    default:
      return read_text (reading, "description", node, &file->description, error);
    }
}

/* --- the file --------------------------------------------------------------------------------- */

static gboolean
read_root (Reading *reading, GError **error)
{
  yaml_node_t *root = yaml_document_get_root_node (reading->document);

  if (root == NULL || root->type != YAML_MAPPING_NODE)
    return problem (reading, root, error, "expected 'name: …' and the other fields of a topic");
  for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
       pair < root->data.mapping.pairs.top; pair++)
    {
      yaml_node_t *key = node_of (reading, pair->key);
      const char *name = scalar (key);
      guint index = 0;

      while (index < G_N_ELEMENTS (fields) && g_strcmp0 (name, fields[index]) != 0)
        index++;
      if (index == G_N_ELEMENTS (fields))
        {
          const char *near
              = name == NULL ? NULL : lk_nearest (name, fields, G_N_ELEMENTS (fields));
          return problem (reading, key, error, "unknown field '%s'%s%s%s", name ? name : "",
                          near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
        }
      if (reading->seen & (1u << index))
        return problem (reading, key, error, "%s is there twice", name);
      reading->seen |= 1u << index;
      if (!read_field (reading, index, node_of (reading, pair->value), error))
        return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (!(reading->seen & (1u << i)))
      return problem (reading, root, error, "%s is missing", fields[i]);
  return TRUE;
}

LkTopicFile *
lk_topic_file_parse (const char *text, gsize len, const char *name, GError **error)
{
  yaml_parser_t parser;
  yaml_document_t document;
  Reading reading = { .document = &document, .name = name };
  LkTopicFile *file = g_new0 (LkTopicFile, 1);
  gboolean ok;

  if (len > FILE_MAX)
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "%s: larger than %d bytes", name, FILE_MAX);
      lk_topic_file_free (file);
      return NULL;
    }
  file->file = g_strdup (name);
  file->replication = -1;
  reading.file = file;
  if (!yaml_parser_initialize (&parser))
    g_error ("out of memory");
  yaml_parser_set_input_string (&parser, (const unsigned char *) text, len);
  if (yaml_parser_load (&parser, &document))
    {
      ok = read_root (&reading, error);
      yaml_document_delete (&document);
    }
  else
    ok = lk_fail (error, LK_ERROR_CONFIG, "%s:%zu: %s", name, parser.problem_mark.line + 1,
                  parser.problem != NULL ? parser.problem : "not YAML");
  yaml_parser_delete (&parser);
  if (!ok)
    g_clear_pointer (&file, lk_topic_file_free);
  return file;
}

void
lk_topic_file_free (LkTopicFile *file)
{
  if (file == NULL)
    return;
  g_free (file->file);
  g_strfreev (file->config_names);
  g_strfreev (file->config_values);
  g_free (file->key);
  g_free (file->schema);
  g_free (file->description);
  g_strfreev (file->written_by);
  g_strfreev (file->read_by);
  g_free (file);
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
lk_topic_files_load (const char *dir, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files
      = g_ptr_array_new_with_free_func ((GDestroyNotify) lk_topic_file_free);
  g_autoptr (GError) local = NULL;
  g_autoptr (GDir) open = g_dir_open (dir, 0, &local);
  gboolean have[LK_KIND_COUNT_] = { FALSE };
  const char *name;

  if (open == NULL)
    {
      (void) lk_fail (error, LK_ERROR_CONFIG, "topic files: %s (see --topics-dir)",
                      local->message);
      return NULL;
    }
  while ((name = g_dir_read_name (open)) != NULL)
    if (g_str_has_suffix (name, ".yaml") && g_ascii_isdigit (name[0]))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (dir, names->pdata[i], NULL);
      g_autofree char *text = NULL;
      gsize len = 0;
      LkTopicFile *file = NULL;

      if (!g_file_get_contents (path, &text, &len, &local))
        (void) lk_fail (error, LK_ERROR_CONFIG, "%s", local->message);
      else
        file = lk_topic_file_parse (text, len, path, error);
      if (file == NULL)
        return NULL;
      g_ptr_array_add (files, file);
      if (have[file->kind])
        {
          (void) lk_fail (error, LK_ERROR_CONFIG, "%s: there is another file for '%s'", path,
                          lk_kind_name (file->kind));
          return NULL;
        }
      have[file->kind] = TRUE;
    }
  for (int k = 0; k < LK_KIND_COUNT_; k++)
    if (!have[k])
      {
        (void) lk_fail (error, LK_ERROR_CONFIG, "%s: no file for topic '%s'", dir,
                        lk_kind_name ((LkKind) k));
        return NULL;
      }
  return g_steal_pointer (&files);
}
