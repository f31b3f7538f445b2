/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Where in a JSON text a reader is, as a chain on the stack that becomes text only for an error:
 * "contract.active", "claims[3].group_id".
 */
#pragma once

#include <jansson.h>
#include <latchkey/base/error.h>

typedef struct LkPath LkPath;
struct LkPath
{
  const LkPath *up; /* NULL: the top */
  const char *key;  /* NULL: an element of an array */
  gsize index;
};

/* "<path>: <message>" with LK_ERROR_REJECT; returns FALSE. */
gboolean lk_path_fail (const LkPath *path, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* "<path>: expected <what>, got a string" (VALUE NULL: "got nothing"). Says the type of what came,
 * never its content, which may be a name or an address (S12). */
gboolean
lk_path_expected (const LkPath *path, const char *what, const json_t *value, GError **error);

/* Puts "<path>: " in front of an error from elsewhere. */
gboolean lk_path_prefix (const LkPath *path, GError **error);
