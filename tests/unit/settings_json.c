/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Prints the settings table as JSON, for the tests of README and chart.
 */
#include <jansson.h>
#include <latchkey/config/config.h>
#include <stdio.h>

int
main (void)
{
  json_t *root = json_array ();
  guint n;
  const LkSetting *settings = lk_settings (&n);
  gboolean ok;

  for (guint i = 0; i < n; i++)
    (void) json_array_append_new (root,
                                  json_pack ("{ss ss ss? ss? ss}", "path", settings[i].path, "type",
                                             settings[i].type, "default", settings[i].default_value,
                                             "range", settings[i].range, "help", settings[i].help));
  ok = json_array_size (root) == n && json_dumpf (root, stdout, JSON_INDENT (1)) == 0;
  json_decref (root);
  return ok ? 0 : 1;
}
