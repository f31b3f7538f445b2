/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as one message. What is read is written, read again and written the same; and what the
 * fast reader takes, the reference reader takes with the same result.
 */
#include "../unit/model_messages.h"

#include "../../src/lib/model/shape.h"

#include <latchkey/model/json.h>
#include <latchkey/model/report.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_readers (const Message *message, const LkShape *shape, const char *data, gsize size)
{
  g_autofree void *fast = g_malloc0 (shape->size);
  g_autofree void *slow = g_malloc0 (shape->size);
  g_autoptr (GString) fast_text = g_string_new (NULL);
  g_autoptr (GString) slow_text = g_string_new (NULL);
  g_autoptr (json_t) root = NULL;

  if (size > LK_RECORD_MAX || !lk_shape_scan (shape, fast, data, size))
    return;
  root = lk_json_parse (data, size, LK_RECORD_MAX, NULL);
  g_assert_nonnull (root);
  g_assert_true (lk_shape_read (shape, slow, root, NULL, NULL));
  message->write (fast, fast_text);
  message->write (slow, slow_text);
  g_assert_true (g_string_equal (fast_text, slow_text));
  lk_shape_clear (shape, fast);
  lk_shape_clear (shape, slow);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const Message *message = message_find (FUZZ_MESSAGE);
  g_autoptr (GString) once = g_string_new (NULL);
  g_autoptr (GString) twice = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (message->shape != NULL)
    check_readers (message, message->shape, (const char *)data, size);
  if (message->other_shape != NULL)
    check_readers (message, message->other_shape, (const char *)data, size);
  if (!message->rewrite ((const char *)data, size, once, &error))
    {
      g_assert_nonnull (error);
      return 0;
    }
  /* What was read may be longer when written (nulls for what was left out). */
  if (once->len > LK_RECORD_MAX)
    return 0;
  g_assert_true (message->rewrite (once->str, once->len, twice, NULL));
  g_assert_true (g_string_equal (once, twice));
  return 0;
}
