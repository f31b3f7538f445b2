/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Waits until every topic of a program exists with the partitions that the configuration names.
 * Loop thread.
 */
#pragma once

#include <latchkey/program/program.h>

G_BEGIN_DECLS

typedef struct _LkTopicsWait LkTopicsWait;

/* EXPECTED: topic name (char*, owned by the table) → its partitions (GINT_TO_POINTER). */
LkTopicsWait *lk_topics_wait_new (LkKafka *kafka, LkTimers *timers, GHashTable *expected);
void lk_topics_wait_free (LkTopicsWait *wait);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTopicsWait, lk_topics_wait_free)

gboolean lk_topics_wait_is_over (const LkTopicsWait *wait);
/* What is missing and what to do, or NULL when nothing is known to be; borrowed. */
const char *lk_topics_wait_reason (const LkTopicsWait *wait);

G_END_DECLS
