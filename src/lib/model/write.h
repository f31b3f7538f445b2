/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Forms that several writers share: an absent id is null, never 0, and a list is always there.
 */
#pragma once

#include <latchkey/model/json.h>

static inline void
lk_json_id (LkJsonWriter *writer, const char *key, gint64 id)
{
  if (id > 0)
    lk_json_int (writer, key, id);
  else
    lk_json_null (writer, key);
}

/* TEXTS is NULL-terminated, or NULL for an empty list. */
static inline void
lk_json_texts (LkJsonWriter *writer, const char *key, char *const *texts)
{
  lk_json_begin_array (writer, key);
  for (; texts != NULL && *texts != NULL; texts++)
    lk_json_string (writer, NULL, *texts);
  lk_json_end_array (writer);
}
