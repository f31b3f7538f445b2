/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as a topic file.
 */
#include "../../src/lib/kafka/topic_file.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  LkTopicFile *file = lk_topic_file_parse ((const char *) data, size, "f.yaml", &error);

  if (file == NULL)
    g_assert_nonnull (error);
  lk_topic_file_free (file);
  return 0;
}
