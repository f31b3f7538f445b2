/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One topic file, parsed. Pure; any thread.
 */
#pragma once

#include <latchkey/kafka/topics.h>

G_BEGIN_DECLS

/* TEXT of the file NAME. LK_ERROR_CONFIG: "10-members.yaml:3: partitions: …". */
LkTopicFile *lk_topic_file_parse (const char *text, gsize len, const char *name, GError **error);

G_END_DECLS
