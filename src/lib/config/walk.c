/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Walks the document by the settings table: a key is a setting, a section or a list, and each knows
 * what it may hold. It never stops at a problem: what is wrong is left at its default, and the
 * LkConfig is thrown away in the end.
 */
#include "value.h"
#include "walk.h"

#include <string.h>

static void walk_mapping (
    LkWalk *walk, const yaml_node_t *node, const char *prefix, const char *path, gpointer base);

/* --- nodes ------------------------------------------------------------------------------------ */

static LkMark
mark_of (const yaml_node_t *node)
{
  return (LkMark){ .line = (guint) node->start_mark.line + 1,
                   .column = (guint) node->start_mark.column + 1 };
}

static void
remember (LkWalk *walk, const char *path, const yaml_node_t *node)
{
  LkMark *mark = g_new (LkMark, 1);

  *mark = mark_of (node);
  g_hash_table_replace (walk->marks, g_strdup (path), mark);
}

static const yaml_node_t *
node_of (const LkWalk *walk, int id)
{
  return yaml_document_get_node (walk->document, id);
}

/* The scalar's text, or NULL for a collection and for text with a NUL ("\0" in quotes) in it. */
static const char *
text_of (const yaml_node_t *node)
{
  const char *text;

  if (node->type != YAML_SCALAR_NODE)
    return NULL;
  text = (const char *) node->data.scalar.value;
  return strlen (text) == node->data.scalar.length ? text : NULL;
}

static gboolean
is_plain (const yaml_node_t *node)
{
  return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* What NODE is, for "expected ..., got ...". Free with g_free. */
static char *
describe (const yaml_node_t *node)
{
  const char *text = text_of (node);

  if (node->type == YAML_MAPPING_NODE)
    return g_strdup ("a mapping");
  if (node->type == YAML_SEQUENCE_NODE)
    return g_strdup ("a list");
  return text == NULL ? g_strdup ("text with a NUL in it") : lk_value_quote (text, is_plain (node));
}

static gboolean
expect (LkWalk *walk,
        const yaml_node_t *node,
        yaml_node_type_t type,
        const char *path,
        const char *what)
{
  g_autofree char *got = NULL;

  if (node->type == type)
    return TRUE;
  got = describe (node);
  lk_walk_problem (walk, path, "expected %s, got %s", what, got);
  return FALSE;
}

/* PATH.KEY with KEY as it may be shown. Free with g_free. */
static char *
join (const char *path, const char *key)
{
  g_autofree char *quoted = lk_value_quote (key, FALSE);
  g_autofree char *shown = g_strndup (quoted + 1, strlen (quoted) - 2);

  return g_strdup_printf ("%s%s%s", path, *path == '\0' ? "" : ".", shown);
}

/* The keys of a mapping: text, and each once. */
typedef struct
{
  GHashTable *lines; /* key → line of its first */
} Keys;

static const char *
next_key (LkWalk *walk, Keys *keys, const yaml_node_t *node, const char *path)
{
  LkMark mark = mark_of (node);
  const char *key = text_of (node);
  gpointer first;

  if (key == NULL)
    {
      g_autofree char *got = describe (node);
      lk_problem_add (walk->problems, mark, path, "expected text as a key, got %s", got);
      return NULL;
    }
  if (keys->lines == NULL)
    keys->lines = g_hash_table_new (g_str_hash, g_str_equal);
  first = g_hash_table_lookup (keys->lines, key);
  if (first != NULL)
    {
      g_autofree char *at = join (path, key);
      lk_problem_add (walk->problems, mark, at, "given twice (first in line %u)",
                      GPOINTER_TO_UINT (first));
      return NULL;
    }
  g_hash_table_insert (keys->lines, (gpointer) key, GUINT_TO_POINTER (mark.line));
  return key;
}

static void
keys_clear (Keys *keys)
{
  g_clear_pointer (&keys->lines, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keys, keys_clear)

/* --- settings --------------------------------------------------------------------------------- */

static void
walk_names (
    LkWalk *walk, const yaml_node_t *node, const LkSettingRow *row, const char *path, gpointer base)
{
  char ***at = lk_setting_at (base, row->offset);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  gsize n;

  if (!expect (walk, node, YAML_SEQUENCE_NODE, path, "a list of names"))
    return;
  n = (gsize) (node->data.sequence.items.top - node->data.sequence.items.start);
  if (n < (gsize) row->min || n > (gsize) row->max)
    {
      lk_walk_problem (walk, path, "%zu names, expected %d to %d", n, (int) row->min,
                       (int) row->max);
      return;
    }
  for (gsize i = 0; i < n; i++)
    {
      const yaml_node_t *item = node_of (walk, node->data.sequence.items.start[i]);
      g_autofree char *item_path = g_strdup_printf ("%s[%zu]", path, i);
      g_autofree char *wrong = NULL;
      const char *text = text_of (item);

      remember (walk, item_path, item);
      if (text == NULL)
        {
          g_autofree char *got = describe (item);
          lk_walk_problem (walk, item_path, "expected a name, got %s", got);
          continue;
        }
      wrong = lk_value_check_text (row, text, is_plain (item));
      if (wrong != NULL)
        lk_walk_problem (walk, item_path, "%s", wrong);
      else if (!g_hash_table_add (seen, (gpointer) text))
        lk_walk_problem (walk, item_path, "named twice in one list");
      else
        g_strv_builder_add (builder, text);
    }
  g_strfreev (*at);
  *at = g_strv_builder_end (builder);
}

/* Values are never repeated in a message: they may be passwords. */
static void
walk_properties (LkWalk *walk, const yaml_node_t *node, const LkSettingRow *row, const char *path)
{
  LkConfigKafka *kafka = &walk->config->kafka;
  g_auto (Keys) keys = { 0 };
  gsize n;

  if (!expect (walk, node, YAML_MAPPING_NODE, path, "a mapping of librdkafka properties"))
    return;
  n = (gsize) (node->data.mapping.pairs.top - node->data.mapping.pairs.start);
  if (n > (gsize) row->max)
    {
      lk_walk_problem (walk, path, "%zu properties, at most %d", n, (int) row->max);
      return;
    }
  kafka->properties = g_new0 (LkConfigProperty, MAX (n, 1));
  for (gsize i = 0; i < n; i++)
    {
      const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
      const yaml_node_t *value = node_of (walk, pair->value);
      const char *key = next_key (walk, &keys, node_of (walk, pair->key), path);
      const char *text = text_of (value), *why;
      g_autofree char *at = NULL;

      if (key == NULL)
        continue;
      at = join (path, key);
      remember (walk, at, node_of (walk, pair->key));
      why = lk_check_property (key);
      if (why != NULL)
        lk_walk_problem (walk, at, "refused: %s", why);
      else if (*key == '\0')
        lk_walk_problem (walk, at, "expected the name of a property");
      else if (text == NULL || (is_plain (value) && *text == '\0'))
        lk_walk_problem (walk, at, "expected one value");
      else
        kafka->properties[kafka->n_properties++]
            = (LkConfigProperty){ g_strdup (key), g_strdup (text) };
    }
}

static void
walk_reference (LkWalk *walk, const yaml_node_t *node, const LkSettingRow *row, const char *path)
{
  const char *text = text_of (node);
  g_autofree char *wrong = NULL;

  if (!expect (walk, node, YAML_SCALAR_NODE, path, "an account's name"))
    return;
  wrong = text == NULL ? describe (node) : lk_value_check_text (row, text, is_plain (node));
  if (wrong != NULL)
    lk_walk_problem (walk, path, "%s", wrong);
  else
    g_hash_table_replace (walk->references, g_strdup (path), g_strdup (text));
}

static void
walk_setting (
    LkWalk *walk, const yaml_node_t *node, const LkSettingRow *row, const char *path, gpointer base)
{
  g_autofree char *wrong = NULL;
  const char *text;

  switch (row->kind)
    {
    case LK_SETTING_NAMES:
      walk_names (walk, node, row, path, base);
      return;
    case LK_SETTING_PROPERTIES:
      walk_properties (walk, node, row, path);
      return;
    case LK_SETTING_NEXUDUS:
    case LK_SETTING_KISI:
      walk_reference (walk, node, row, path);
      return;
    case LK_SETTING_PASS:
    case LK_SETTING_RESOURCE:
      ((LkConfigMapping *) base)->kind
          = row->kind == LK_SETTING_PASS ? LK_MAPPING_PASS : LK_MAPPING_RESOURCE;
      break;
    default:
      break;
    }
  if (!expect (walk, node, YAML_SCALAR_NODE, path, "one value"))
    return;
  text = text_of (node);
  wrong = text == NULL ? g_strdup ("holds a NUL")
                       : lk_value_read (row, text, is_plain (node), walk->dev, base);
  if (wrong != NULL)
    lk_walk_problem (walk, path, "%s", wrong);
}

/* --- structure -------------------------------------------------------------------------------- */

/* A struct: its defaults, what the document says, and what must be said. */
static void
walk_struct (
    LkWalk *walk, const yaml_node_t *node, const char *prefix, const char *path, gpointer base)
{
  guint n;
  const LkSettingRow *rows = lk_schema_rows (&n);

  for (guint i = 0; i < n; i++)
    if (lk_schema_within (&rows[i], prefix))
      lk_value_default (&rows[i], base);
  walk_mapping (walk, node, prefix, path, base);
  for (guint i = 0; i < n; i++)
    if (lk_schema_within (&rows[i], prefix) && rows[i].default_value == NULL)
      {
        g_autofree char *at = join (path, rows[i].path + strlen (prefix));

        if (lk_walk_mark (walk, at) == NULL && !lk_walk_is_broken (walk, at))
          lk_walk_problem (walk, at, "missing: %s", rows[i].help);
      }
}

static void
walk_list (LkWalk *walk,
           const yaml_node_t *node,
           const LkSettingList *list,
           const char *path,
           gpointer base)
{
  char **items = lk_setting_at (base, list->items_offset);
  guint *n = lk_setting_at (base, list->n_offset);
  gsize found;

  if (!expect (walk, node, YAML_SEQUENCE_NODE, path, "a list"))
    return;
  found = (gsize) (node->data.sequence.items.top - node->data.sequence.items.start);
  if (found < list->min || found > list->max)
    {
      lk_walk_problem (walk, path, "%zu entries, expected %u to %u", found, list->min, list->max);
      return;
    }
  *items = g_malloc0_n (MAX (found, 1), list->item_size);
  *n = (guint) found;
  for (guint i = 0; i < *n; i++)
    {
      const yaml_node_t *item = node_of (walk, node->data.sequence.items.start[i]);
      g_autofree char *item_path = g_strdup_printf ("%s[%u]", path, i);
      char *at = *items + i * list->item_size;

      remember (walk, item_path, item);
      if (list->line_offset >= 0)
        *(guint *) (gpointer) (at + list->line_offset) = (guint) item->start_mark.line + 1;
      walk_struct (walk, item, list->prefix, item_path, at);
    }
}

static void
unknown_key (
    LkWalk *walk, const yaml_node_t *node, const char *prefix, const char *path, const char *key)
{
  g_autoptr (GPtrArray) keys = lk_schema_keys (prefix);
  const char *near = lk_nearest (key, (const char *const *) keys->pdata, keys->len);
  LkMark mark = mark_of (node);
  g_autofree char *all = NULL;

  if (near != NULL)
    {
      lk_problem_add (walk->problems, mark, path, "unknown key (did you mean '%s'?)", near);
      return;
    }
  g_ptr_array_add (keys, NULL);
  all = g_strjoinv (", ", (char **) keys->pdata);
  lk_problem_add (walk->problems, mark, path, "unknown key: expected one of %s", all);
}

static void
walk_mapping (
    LkWalk *walk, const yaml_node_t *node, const char *prefix, const char *path, gpointer base)
{
  g_auto (Keys) keys = { 0 };

  if (!expect (walk, node, YAML_MAPPING_NODE, path, "a mapping"))
    return;
  for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
       pair < node->data.mapping.pairs.top; pair++)
    {
      const yaml_node_t *key_node = node_of (walk, pair->key), *value = node_of (walk, pair->value);
      const char *key = next_key (walk, &keys, key_node, path);
      g_autofree char *below = NULL, *at = NULL;
      const LkSettingRow *row;
      const LkSettingList *list;
      LkSettingShape shape;

      if (key == NULL)
        continue;
      at = join (path, key);
      shape = *key == '\0' ? LK_SHAPE_UNKNOWN : lk_schema_find (prefix, key, &row, &list);
      if (shape == LK_SHAPE_UNKNOWN)
        {
          unknown_key (walk, key_node, prefix, at, key);
          continue;
        }
      /* An empty value has no place of its own worth showing; a key always has. */
      remember (walk, at,
                value->type == YAML_SCALAR_NODE && value->data.scalar.length == 0 ? key_node
                                                                                  : value);
      switch (shape)
        {
        case LK_SHAPE_SETTING:
          walk_setting (walk, value, row, at, base);
          break;
        case LK_SHAPE_LIST:
          walk_list (walk, value, list, at, base);
          break;
        case LK_SHAPE_SECTION:
          below = g_strdup_printf ("%s%s.", prefix, key);
          walk_mapping (walk, value, below, at, base);
          break;
        case LK_SHAPE_UNKNOWN:
          break;
        }
    }
}

/* `dev` changes what other settings may be, and may stand anywhere in the file. */
static gboolean
find_dev (const LkWalk *walk, const yaml_node_t *root)
{
  if (root->type != YAML_MAPPING_NODE)
    return FALSE;
  for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
       pair < root->data.mapping.pairs.top; pair++)
    if (g_strcmp0 (text_of (node_of (walk, pair->key)), "dev") == 0)
      return g_strcmp0 (text_of (node_of (walk, pair->value)), "false") != 0;
  return FALSE;
}

void
lk_walk_document (LkWalk *walk, yaml_document_t *document)
{
  static const char *const required[] = { "nexudus", "kisi", "spaces" };
  const yaml_node_t *root = yaml_document_get_root_node (document);

  walk->document = document;
  walk->dev = find_dev (walk, root);
  remember (walk, "", root);
  walk_struct (walk, root, "", "", walk->config);
  if (root->type == YAML_MAPPING_NODE)
    for (guint i = 0; i < G_N_ELEMENTS (required); i++)
      if (lk_walk_mark (walk, required[i]) == NULL)
        lk_walk_problem (walk, required[i], "missing: expected a list with at least one entry");
  walk->document = NULL;
}
