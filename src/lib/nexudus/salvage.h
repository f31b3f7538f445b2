/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A page of which one row is no JSON that we read (a NUL, half a surrogate pair, a key twice): one
 * person's row must not keep everybody's from being read. Pure; any thread.
 */
#pragma once

#include <jansson.h>
#include <latchkey/base/error.h>

G_BEGIN_DECLS

/* The page BODY, which as a whole can't be parsed, with each such row as
 * {"Id": …, LK_NEXUDUS_UNREADABLE: why}; NULL when that is not what is wrong with it, or when such
 * a row does not say its Id. The caller owns the result. */
json_t *lk_nexudus_salvage (const char *body, gsize len);

G_END_DECLS
