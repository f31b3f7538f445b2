/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as a page of a Nexudus list, and as a throttling text.
 */
#include <latchkey/nexudus/nexudus.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  LkNexudusPage page;

  if (lk_nexudus_page_parse (&page, (const char *) data, size, 1, &error))
    lk_nexudus_page_clear (&page);
  else
    g_assert_nonnull (error);
  g_assert_cmpint (lk_nexudus_wait_of_text (text, size), >=, -1);
  return 0;
}
