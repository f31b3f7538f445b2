/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Times: whatever is read is within years 1 to 9999 and reads back as itself; whatever is refused
 * leaves the output alone and says why.
 */
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  LkTime time = LK_TIME_NONE, again = LK_TIME_NONE;
  char text[LK_TIME_TEXT];

  if (!lk_time_parse ((const char *) data, size, &time, &error))
    {
      g_assert (time == LK_TIME_NONE && error != NULL);
      g_assert (g_error_matches (error, LK_ERROR, LK_ERROR_REJECT));
      g_assert (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  (void) lk_time_format (time, text);
  g_assert (lk_time_parse (text, strlen (text), &again, NULL) && again == time);
  return 0;
}
