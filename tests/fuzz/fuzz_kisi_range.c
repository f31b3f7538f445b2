/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any text as X-Collection-Range.
 */
#include "../../src/lib/kisi/internal.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  gint64 start = -2, total = -2;

  if (kisi_range_parse (text, &start, &total))
    g_assert_true (start >= -1 && total >= 0);
  else
    g_assert_true (start == -2 && total == -2);
  return 0;
}
