/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reads a row by the word for its kind; for the unit test and the fuzz target.
 */
#pragma once

#include <latchkey/nexudus/rows.h>

#define READ_ROW(word, name, Type)                                                                 \
  if (g_str_equal (kind, word))                                                                    \
    {                                                                                              \
      g_auto (Type) out = { 0 };                                                                   \
      return lk_nexudus_##name##_read (&out, row, error);                                          \
    }

static inline gboolean
nexudus_read_row (const char *kind, json_t *row, GError **error)
{
  READ_ROW ("coworker", coworker, LkNexudusCoworker)
  READ_ROW ("pass", pass, LkNexudusPass)
  READ_ROW ("passtype", pass_type, LkNexudusPassType)
  READ_ROW ("booking", booking, LkNexudusBooking)
  READ_ROW ("cancelled", cancelled, LkNexudusCancelled)
  READ_ROW ("resource", resource, LkNexudusResource)
  READ_ROW ("business", business, LkNexudusBusiness)
  READ_ROW ("contract", contract, LkNexudusContract)
  if (g_str_equal (kind, "pause"))
    {
      LkNexudusPause out;
      return lk_nexudus_pause_read (&out, row, error);
    }
  if (g_str_equal (kind, "slot"))
    {
      LkNexudusSlot out;
      return lk_nexudus_slot_read (&out, row, error);
    }
  return lk_fail (error, LK_ERROR_REJECT, "no kind of row '%s'", kind);
}
