/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Errors: the domain, the two helpers that fill and prefix a GError, and the nearest name.
 */
#include <latchkey/base/error.h>

#include <string.h>

G_DEFINE_QUARK (latchkey-error-quark, lk_error)

/* Longer words are no typing slips of a name of ours. */
#define NEAREST_MAX 64

const char *
lk_error_code_name (LkErrorCode code)
{
  switch (code)
    {
    case LK_ERROR_RETRY:
      return "retry";
    case LK_ERROR_UNKNOWN:
      return "unknown";
    case LK_ERROR_REJECT:
      return "reject";
    case LK_ERROR_BLOCKED:
      return "blocked";
    case LK_ERROR_REFUSED:
      return "refused";
    case LK_ERROR_FATAL:
      return "fatal";
    case LK_ERROR_CONFIG:
      return "config";
    }
  return "other";
}

gboolean
lk_fail (GError **error, LkErrorCode code, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;
  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (LK_ERROR, (int) code, format, args));
  va_end (args);
  return FALSE;
}

gboolean
lk_fail_prefix (GError **error, const char *format, ...)
{
  g_autofree char *prefix = NULL;
  va_list args;

  if (error == NULL || *error == NULL)
    return FALSE;
  va_start (args, format);
  prefix = g_strdup_vprintf (format, args);
  va_end (args);
  g_prefix_error (error, "%s: ", prefix);
  return FALSE;
}

/* Edit distance where swapping two neighbours counts one (optimal string alignment). */
static guint
edit_distance (const char *a, gsize a_len, const char *b, gsize b_len)
{
  guint rows[3][NEAREST_MAX + 1];
  guint *before = rows[0], *above = rows[1], *row = rows[2];

  for (gsize j = 0; j <= b_len; j++)
    above[j] = (guint) j;
  memset (before, 0, sizeof rows[0]);
  for (gsize i = 1; i <= a_len; i++)
    {
      row[0] = (guint) i;
      for (gsize j = 1; j <= b_len; j++)
        {
          guint best = above[j - 1] + (a[i - 1] != b[j - 1]);

          best = MIN (best, above[j] + 1);
          best = MIN (best, row[j - 1] + 1);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            best = MIN (best, before[j - 2] + 1);
          row[j] = best;
        }

      guint *spare = before;
      before = above;
      above = row;
      row = spare;
    }
  return above[b_len];
}

const char *
lk_nearest (const char *word, const char *const *names, gsize n)
{
  gsize len = strlen (word);
  guint best = 1 + (guint) (len / 4) + 1;
  const char *found = NULL;

  if (len == 0 || len > NEAREST_MAX)
    return NULL;
  for (gsize i = 0; i < n; i++)
    {
      gsize name_len = strlen (names[i]);
      guint distance;

      if (name_len > NEAREST_MAX)
        continue;
      distance = edit_distance (word, len, names[i], name_len);
      if (distance < best)
        {
          best = distance;
          found = names[i];
        }
    }
  return found;
}
