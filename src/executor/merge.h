/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * How two records of one right become one (design §6, "Records of a right merge as facts"). Pure;
 * any thread.
 */
#pragma once

#include <latchkey/model/ledger.h>

G_BEGIN_DECLS

/* > 0 when A says more than B: intended < held < ended, and of two of a state the one with a KISI
 * id, then the later window says more. 0: the same. */
int merge_compare (const LkRight *a, const LkRight *b);

/* What both say, into OUT (copied); of what is under way with it, and of whether it is surplus, what
 * the one that says more says. "Held" after "ended" without id means held, to be deleted: the
 * create that was given up had happened after all. */
void merge_rights (const LkRight *a, const LkRight *b, LkRight *out);

G_END_DECLS
