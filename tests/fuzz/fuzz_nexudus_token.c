/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as the answer to a login: what is taken fits into a header's line.
 */
#include <latchkey/nexudus/nexudus.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *word = lk_nexudus_refusal_word ((const char *) data, size);
  g_auto (LkNexudusToken) token = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert (word == NULL || (*word != '\0' && g_str_is_ascii (word)));
  if (!lk_nexudus_token_parse (&token, (const char *) data, size, &error))
    {
      g_assert (token.access == NULL && error != NULL);
      return 0;
    }
  g_assert (token.life_ms >= 1000 && token.access != NULL);
  g_assert (strpbrk (token.access, "\r\n") == NULL && g_str_is_ascii (token.access));
  g_assert (token.refresh == NULL || strpbrk (token.refresh, "\r\n") == NULL);
  return 0;
}
