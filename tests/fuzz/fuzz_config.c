/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as a configuration: either problems, or a configuration that shows as one which reads
 * back.
 */
#include <latchkey/config/config.h>

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (LkConfig) config = lk_config_parse ((const char *) data, size, "fuzz.yaml", &problems);

  g_assert ((config == NULL) == (problems != NULL));
  if (config != NULL)
    {
      g_autofree char *shown = lk_config_show (config);
      g_autofree char *shown_again = NULL;
      g_autoptr (LkConfig) again = lk_config_parse (shown, strlen (shown), "shown.yaml", &problems);

      g_assert (again != NULL);
      shown_again = lk_config_show (again);
      g_assert (g_str_equal (shown, shown_again));
    }
  else
    {
      g_autoptr (GString) out = g_string_new (NULL);

      g_assert (problems->len > 0);
      lk_config_print_problems ("fuzz.yaml", problems, out);
    }
  return 0;
}
