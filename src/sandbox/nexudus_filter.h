/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The filters of a Nexudus list, read once from the query and then asked for each row
 * (nexudus-api.md §2.3).
 */
#pragma once

#include "nexudus.h"

G_BEGIN_DECLS

typedef struct _NxFilters NxFilters;

/* NULL with the message for a 400: a filter whose value cannot be read. */
NxFilters *nx_filters_new (Call *call, NxEntity entity, GError **error);
void nx_filters_free (NxFilters *filters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NxFilters, nx_filters_free)
/* The rows of the table that may match: all, or the few that an index gives. Borrowed. */
GPtrArray *nx_filters_candidates (const NxFilters *filters, Table *table);
/* Whether every row matches. */
gboolean nx_filters_is_empty (const NxFilters *filters);
gboolean nx_filters_match (const NxFilters *filters, const Row *row);

G_END_DECLS
