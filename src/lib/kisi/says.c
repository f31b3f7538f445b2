/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What an error body says. KISI has two shapes, {"code","error"} and {"errors":{field:[text]}},
 * and neither its texts nor the place of "taken" in them is fixed, so all texts are looked through.
 * A text may quote an address or a name, and logs must not (S12): only words of a fixed list get
 * out, everything else becomes "…".
 */
#include "internal.h"

#include <string.h>

/* Field names and the words of validation messages; sorted (bsearch). None of them is a name. */
/* clang-format off */
static const char *const vocabulary[] = {
  "a", "access", "access_enabled", "account", "add", "address", "after", "allowed", "already",
  "an", "and", "another", "applies_to", "applies_to_id", "applies_to_type", "are", "assigned",
  "assignee", "assignee_id", "assignee_type", "at", "authenticated", "authorized", "base", "be",
  "because", "been", "before", "beyond", "blank", "body", "but", "by", "can't", "cannot",
  "characters", "check", "confirm", "cursor", "date", "deactivated", "disabled", "does",
  "doesn't", "duplicate", "email", "enabled", "end", "endpoint", "error", "event_set", "exceeded",
  "exist", "existing", "exists", "expired", "few", "for", "forbidden", "format", "found", "from",
  "future", "greater", "group", "group_id", "has", "have", "id", "in", "inactive", "included",
  "integer", "interval", "invalid", "is", "it", "kind", "less", "limit", "list", "long", "many",
  "maximum", "minimum", "missing", "more", "must", "name", "no", "not", "notify", "number", "of",
  "offset", "on", "one", "only", "or", "organization", "own", "parameter", "parameters",
  "password", "past", "permitted", "place", "please", "present", "query", "rate", "record",
  "request", "requests", "required", "reserved", "role", "role_assignment", "role_id", "same",
  "send_emails", "short", "start", "taken", "team", "than", "the", "there", "this", "time", "to",
  "too", "unauthorized", "unknown", "unprocessable", "unsupported", "user", "user_id", "valid",
  "valid_from", "valid_until", "value", "was", "with", "wrong", "your",
};
/* clang-format on */

#define TEXT_WORDS_MAX 16
#define TEXTS_MAX      6
#define DEPTH_MAX      6

static int
word_compare (const void *key, const void *element)
{
  return strcmp (key, *(const char *const *)element);
}

static gboolean
is_word (const char *word)
{
  return bsearch (word, vocabulary, G_N_ELEMENTS (vocabulary), sizeof vocabulary[0], word_compare)
         != NULL;
}

/* Cuts TEXT at white space into lower-case words without the punctuation around them. */
static GStrv
words_of (const char *text)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);
  GStrv words = g_strsplit_set (lower, " \t\r\n", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      char *from = words[i];
      gsize len;

      while (*from != '\0' && !g_ascii_isalnum (*from))
        from++;
      len = strlen (from);
      while (len > 0 && !g_ascii_isalnum (from[len - 1]))
        len--;
      memmove (words[i], from, len);
      words[i][len] = '\0';
    }
  return words;
}

static gboolean
text_says_taken (const char *text)
{
  g_auto (GStrv) words = words_of (text);
  gboolean already = FALSE, past = FALSE;

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_str_equal (words[i], "taken") || g_str_equal (words[i], "exists")
          || g_str_equal (words[i], "duplicate"))
        return TRUE;
      already |= g_str_equal (words[i], "already");
      past |= g_str_equal (words[i], "past") || g_str_equal (words[i], "passed")
              || g_str_equal (words[i], "over") || g_str_equal (words[i], "expired")
              || g_str_equal (words[i], "ended");
    }
  return already && !past;
}

static gboolean
value_says_taken (json_t *value, int depth)
{
  const char *key;
  json_t *child;
  size_t i;

  if (json_is_string (value))
    return text_says_taken (json_string_value (value));
  if (depth >= DEPTH_MAX)
    return FALSE;
  json_array_foreach (value, i, child) if (value_says_taken (child, depth + 1)) return TRUE;
  json_object_foreach (value, key, child)
      /* "valid_until is already in the past" is about the window, whatever its words. */
      if (!g_str_has_prefix (key, "valid_") && value_says_taken (child, depth + 1)) return TRUE;
  return FALSE;
}

gboolean
kisi_says_taken (json_t *root)
{
  return value_says_taken (root, 0);
}

static void
add_text (GString *out, const char *text)
{
  g_auto (GStrv) words = words_of (text);
  gboolean hidden = FALSE;
  guint n = 0;

  for (guint i = 0; words[i] != NULL && n < TEXT_WORDS_MAX; i++)
    {
      gboolean known = is_word (words[i]);

      if (words[i][0] == '\0' || (!known && hidden))
        continue;
      if (out->len > 0)
        g_string_append_c (out, ' ');
      g_string_append (out, known ? words[i] : "…");
      hidden = !known;
      n++;
    }
}

static void
add_value (GString *out, json_t *value, int depth, guint *texts)
{
  const char *key;
  json_t *child;
  size_t i;

  if (*texts >= TEXTS_MAX || depth >= DEPTH_MAX)
    return;
  if (json_is_string (value))
    {
      (*texts)++;
      add_text (out, json_string_value (value));
      return;
    }
  json_array_foreach (value, i, child)
  {
    if (i > 0 && json_is_string (child) && out->len > 0)
      g_string_append_c (out, ',');
    add_value (out, child, depth + 1, texts);
  }
  json_object_foreach (value, key, child)
  {
    if (depth == 0 && g_str_equal (key, "code"))
      continue;
    if (out->len > 0 && out->str[out->len - 1] != ':')
      g_string_append_c (out, ';');
    if (depth > 0 || (!g_str_equal (key, "error") && !g_str_equal (key, "errors")))
      {
        add_text (out, key);
        g_string_append_c (out, ':');
      }
    add_value (out, child, depth + 1, texts);
  }
}

char *
kisi_says_what (json_t *root)
{
  GString *out = g_string_new (NULL);
  guint texts = 0;

  add_value (out, root, 0, &texts);
  return g_string_free (out, FALSE);
}

char *
kisi_scrub (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (strpbrk (words[i], "@?%") != NULL)
      {
        g_free (words[i]);
        words[i] = g_strdup ("…");
      }
  return g_strjoinv (" ", words);
}
