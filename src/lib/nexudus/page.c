/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One page of a list, checked (nexudus-api.md §2.2): an answer that is short, repeats itself or is
 * not what was asked for never passes for "there is nothing more".
 */
#include <latchkey/nexudus/nexudus.h>

#include "salvage.h"

#include <latchkey/model/json.h>
#include <string.h>

static gboolean
check_records (const LkNexudusPage *page, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (size_t i = 0; i < json_array_size (page->records); i++)
    {
      json_t *row = json_array_get (page->records, i);
      gint64 id;

      if (!json_is_object (row))
        return lk_fail (error, LK_ERROR_RETRY, "Records[%zu]: expected an object", i);
      if (!lk_json_get_int (row, "Id", &id, error))
        return lk_fail_prefix (error, "Records[%zu]", i);
      if (!g_hash_table_add (ids, g_memdup2 (&id, sizeof id)))
        return lk_fail (error, LK_ERROR_RETRY, "id %" G_GINT64_FORMAT " is there twice", id);
    }
  return TRUE;
}

gboolean
lk_nexudus_check_success (json_t *root, GError **error)
{
  json_t *success = json_object_get (root, "WasSuccessful");
  json_t *status = json_object_get (root, "Status");

  if (!json_is_false (success))
    return TRUE;
  return lk_fail (error, LK_ERROR_RETRY,
                  "says WasSuccessful: false, with Status %" JSON_INTEGER_FORMAT,
                  json_integer_value (status));
}

gboolean
lk_nexudus_page_parse (LkNexudusPage *out, const char *body, gsize len, guint page, GError **error)
{
  g_autoptr (GError) local = NULL;
  gint64 current = 0, size = 0;

  *out = (LkNexudusPage){ 0 };
  out->root = lk_json_parse (body, len, LK_HTTP_BODY_MAX, &local);
  if (out->root == NULL && len <= LK_HTTP_BODY_MAX)
    out->root = lk_nexudus_salvage (body, len);
  if (out->root == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!json_is_object (out->root))
    (void) lk_fail (error, LK_ERROR_RETRY, "expected an object with Records");
  else if (lk_nexudus_check_success (out->root, error)
           && lk_json_get_array (out->root, "Records", &out->records, error)
           && lk_json_get_int (out->root, "TotalItems", &out->total, error)
           && lk_json_get_int_opt (out->root, "TotalPages", 0, &out->pages, error)
           && lk_json_get_int_opt (out->root, "CurrentPage", page, &current, error)
           && lk_json_get_int_opt (out->root, "CurrentPageSize", 0, &size, error)
           && lk_json_get_bool_opt (out->root, "HasNextPage", FALSE, &out->has_next, error)
           && check_records (out, error))
    {
      if (current != page)
        (void) lk_fail (error, LK_ERROR_RETRY, "asked for page %u, got page %" G_GINT64_FORMAT,
                        page, current);
      else if (json_array_size (out->records) == 0
               && (out->has_next || (out->total > 0 && page <= out->pages)))
        (void) lk_fail (error, LK_ERROR_RETRY,
                        "a page without rows, although there are %" G_GINT64_FORMAT " in all",
                        out->total);
      else if ((out->has_next || page < out->pages)
               && (gint64) json_array_size (out->records) < size)
        (void) lk_fail (error, LK_ERROR_RETRY,
                        "a page of %zu rows, not %" G_GINT64_FORMAT ", although more pages follow",
                        json_array_size (out->records), size);
      else
        return TRUE;
    }
  lk_nexudus_page_clear (out);
  return FALSE;
}

void
lk_nexudus_page_clear (LkNexudusPage *page)
{
  json_decref (page->root);
  *page = (LkNexudusPage){ 0 };
}

gint64
lk_nexudus_wait_of_text (const char *text, gsize len)
{
  g_autofree char *lower = g_ascii_strdown (text, (gssize) MIN (len, 4096));
  const char *wait = strstr (lower, "wait ");

  while (wait != NULL)
    {
      const char *number = wait + 5;
      char *end = NULL;
      double seconds = g_ascii_strtod (number, &end);
      if (end != number && seconds >= 0 && seconds < 86400
          && g_str_has_prefix (g_strchug (end), "second"))
        return (gint64) (seconds * 1000) + 1;
      wait = strstr (number, "wait ");
    }
  return -1;
}

char *
lk_nexudus_minute (LkTime time)
{
  char text[LK_TIME_TEXT];

  (void) lk_time_format (time - (time % LK_MINUTE + LK_MINUTE) % LK_MINUTE, text);
  text[16] = '\0'; /* YYYY-MM-DDTHH:mm */
  return g_strdup_printf ("%.13s%%3A%s", text, text + 14);
}
