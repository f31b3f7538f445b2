/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Every message against its corpus: good ones are read by both readers and come out the same; bad
 * ones give the expected error; and each field of each good one, taken out or given another type,
 * is refused under its own path.
 */
#include "model_messages.h"

#include "../../src/lib/model/shape.h"

#include <latchkey/model/json.h>
#include <latchkey/model/report.h>
#include <string.h>

/* The work grows with the square of the length, and long ones are only more of the same. */
#define CUT_MAX 1024

/* What may be missing (LK_FIELD_SPARE), as "message path". */
static const char *const spare[] = {
  "rules mappings.resource/4001.lead_s",
  "ledger-member intended_at",
  "right intended_at",
  "right ended_at",
  "right touched_at",
  "right surplus_since",
  "nexudus-account trips[0].members",
  "nexudus-account spent",
};

static gboolean
is_spare (const Message *message, const char *path)
{
  g_autofree char *name = g_strconcat (message->name, " ", path, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (spare); i++)
    if (g_str_equal (spare[i], name))
      return TRUE;
  return FALSE;
}

static char *
read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return g_strchomp (text);
}

/* Sorted paths of *.json in tests/corpus/<message>/<which>; there is at least one. */
static GPtrArray *
corpus (const Message *message, const char *which)
{
  g_autofree char *folder
      = g_build_filename (LK_SOURCE_DIR, "tests", "corpus", message->name, which, NULL);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".json"))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  g_assert_cmpuint (paths->len, >, 0);
  return paths;
}

/* SHAPE's fast reader on TEXT; what it takes, the reference takes with the same result. */
static gboolean
scan_agrees (const Message *message, const LkShape *shape, const char *text)
{
  g_autofree void *fast = g_malloc0 (shape->size);
  g_autofree void *slow = g_malloc0 (shape->size);
  g_autoptr (GString) fast_text = g_string_new (NULL);
  g_autoptr (GString) slow_text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) root = NULL;

  if (!lk_shape_scan (shape, fast, text, strlen (text)))
    return FALSE;
  root = lk_json_parse (text, strlen (text), LK_RECORD_MAX, &error);
  g_assert_no_error (error);
  g_assert_true (lk_shape_read (shape, slow, root, NULL, &error));
  g_assert_no_error (error);
  message->write (fast, fast_text);
  message->write (slow, slow_text);
  g_assert_cmpstr (fast_text->str, ==, slow_text->str);
  lk_shape_clear (shape, fast);
  lk_shape_clear (shape, slow);
  return TRUE;
}

static gboolean
any_scan_agrees (const Message *message, const char *text)
{
  gboolean taken = FALSE;

  if (message->shape != NULL)
    taken = scan_agrees (message, message->shape, text);
  if (message->other_shape != NULL)
    taken = scan_agrees (message, message->other_shape, text) || taken;
  return taken;
}

/* A good file is what our writer writes; NAME.out, where there is one, says what it makes of a
 * file that says the same in another way. */
static void
test_good (gconstpointer data)
{
  const Message *message = data;
  g_autoptr (GPtrArray) paths = corpus (message, "good");

  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = paths->pdata[i];
      g_autofree char *text = read_file (path);
      g_autofree char *out_path = g_strconcat (path, ".out", NULL);
      gboolean other = g_file_test (out_path, G_FILE_TEST_EXISTS);
      g_autofree char *want = other ? read_file (out_path) : g_strdup (text);
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", path);
      g_assert_true (message->rewrite (text, strlen (text), out, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (out->str, ==, want);
      if (!any_scan_agrees (message, text) && !other)
        g_assert_null (message->shape); /* what we write, the fast reader takes */
    }
}

static void
test_bad (gconstpointer data)
{
  const Message *message = data;
  g_autoptr (GPtrArray) paths = corpus (message, "bad");

  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = paths->pdata[i];
      g_autofree char *text = read_file (path);
      g_autofree char *error_path = g_strconcat (path, ".error", NULL);
      g_autofree char *want = read_file (error_path);
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *got = NULL;

      g_test_message ("%s", path);
      g_assert_false (message->rewrite (text, strlen (text), out, &error));
      g_assert_nonnull (error);
      got = g_strdup_printf ("%s: %s", lk_error_code_name ((LkErrorCode)error->code),
                             error->message);
      g_assert_cmpstr (got, ==, want);
      g_assert_false (any_scan_agrees (message, text));
    }
}

typedef struct
{
  const Message *message;
  json_t *root;
} Mutation;

/* ROOT as it is now must be refused under PATH. */
static void
check_refused (const Mutation *mutation, const char *path)
{
  g_autofree char *text = json_dumps (mutation->root, JSON_COMPACT);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *prefix = g_strconcat (path, ": ", NULL);

  g_test_message ("%s", text);
  g_assert_false (any_scan_agrees (mutation->message, text));
  g_assert_false (mutation->message->rewrite (text, strlen (text), out, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, prefix));
}

/* Another type, which no field takes in place of its own. */
static json_t *
retyped (json_t *value)
{
  return json_is_string (value) || json_is_array (value) || json_is_null (value)
             ? json_real (1.5)
             : json_string ("x");
}

static void mutate (const Mutation *mutation, json_t *value, const char *path);

/* Takes out and retypes each field of OBJECT, putting it back each time. */
static void
mutate_object (const Mutation *mutation, json_t *object, const char *path)
{
  g_autoptr (json_t) fields = json_copy (object);
  const char *key;
  json_t *value;

  json_object_foreach (fields, key, value)
  {
    g_autofree char *at = path[0] != '\0' ? g_strconcat (path, ".", key, NULL) : g_strdup (key);

    json_object_set_new (object, key, retyped (value));
    /* Without `source` it is a member.set, with anything as `source` a claims.set. */
    check_refused (mutation, at);
    json_object_del (object, key);
    /* Mappings are keyed by what they map. */
    if (!is_spare (mutation->message, at) && !g_str_equal (path, "mappings"))
      check_refused (mutation, g_str_equal (at, "source") ? "email" : at);
    json_object_set (object, key, value);
    mutate (mutation, value, at);
  }
}

static void
mutate (const Mutation *mutation, json_t *value, const char *path)
{
  if (json_is_object (value))
    mutate_object (mutation, value, path);
  for (gsize i = 0; json_is_array (value) && i < json_array_size (value); i++)
    {
      g_autoptr (json_t) item = json_incref (json_array_get (value, i));
      g_autofree char *at = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]", path, i);

      json_array_set_new (value, i, retyped (item));
      check_refused (mutation, at);
      json_array_set (value, i, item);
      mutate (mutation, item, at);
    }
}

static void
test_each_field (gconstpointer data)
{
  const Message *message = data;
  g_autoptr (GPtrArray) paths = corpus (message, "good");
  guint mutated = 0;

  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = paths->pdata[i];
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) root = NULL;

      /* Those in our own words, that is, with all the fields and no others. */
      if (!g_str_has_prefix (strrchr (path, '/') + 1, "whole"))
        continue;
      text = read_file (path);
      root = lk_json_parse (text, strlen (text), LK_REJECT_MAX, &error);
      g_assert_no_error (error);
      mutate (&(Mutation){ message, root }, root, "");
      mutated++;
    }
  g_assert_cmpuint (mutated, >, 0);
}

/* No cut of a good message is good, and no byte changed makes the readers differ. */
static void
test_cut_and_changed (gconstpointer data)
{
  const Message *message = data;
  g_autoptr (GPtrArray) paths = corpus (message, "good");

  for (guint i = 0; i < paths->len; i++)
    {
      g_autofree char *text = read_file (paths->pdata[i]);
      gsize len = strlen (text);

      if (len > CUT_MAX)
        continue;
      for (gsize cut = 0; cut < len; cut++)
        {
          g_autoptr (GString) out = g_string_new (NULL);
          g_autofree char *part = g_strndup (text, cut);

          g_assert_false (message->rewrite (part, cut, out, NULL));
          g_assert_false (any_scan_agrees (message, part));
        }
      for (gsize at = 0; at < len; at++)
        for (const char *c = "\"\\{}[],:0-. nx\x80\x01"; *c != '\0'; c++)
          {
            char before = text[at];

            text[at] = *c;
            (void)any_scan_agrees (message, text); /* taken or not: it asserts that they agree */
            text[at] = before;
          }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < n_messages; i++)
    {
      static const struct
      {
        const char *name;
        GTestDataFunc func;
      } tests[] = {
        { "good", test_good },
        { "bad", test_bad },
        { "each-field", test_each_field },
        { "cut-and-changed", test_cut_and_changed },
      };

      for (guint j = 0; j < G_N_ELEMENTS (tests); j++)
        {
          g_autofree char *path = g_strdup_printf ("/%s/%s", messages[i].name, tests[j].name);

          g_test_add_data_func (path, &messages[i], tests[j].func);
        }
    }
  return g_test_run ();
}
