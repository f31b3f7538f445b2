/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any JSON as a row of each kind.
 */
#include "../unit/nexudus_rows.h"

#include <latchkey/model/json.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const kinds[] = { "coworker", "pass",     "passtype", "booking", "cancelled",
                                       "resource", "business", "contract", "pause",   "slot" };
  g_autoptr (json_t) row = lk_json_parse ((const char *) data, size, 1 << 20, NULL);

  if (row == NULL || !json_is_object (row))
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (GError) error = NULL;
      if (!nexudus_read_row (kinds[i], row, &error))
        g_assert_nonnull (error);
    }
  return 0;
}
