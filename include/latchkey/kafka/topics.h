/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Topics as files: reads topics/NN-kind.yaml, compares with a cluster, makes it agree (design §3).
 * It creates topics and alters configuration, never deletes, and refuses to change the partition
 * count of a keyed topic. Blocking: for the CLI only.
 */
#pragma once

#include <latchkey/kafka/client.h>
#include <latchkey/model/keys.h>

G_BEGIN_DECLS

typedef struct
{
  char *file;
  LkKind kind;
  gboolean per_account;
  int partitions; /* 0: the space's `partitions` */
  int replication; /* -1: the broker's default */
  char **config_names, **config_values; /* NULL-terminated, parallel */
  char *key, *schema, *description;
  char **written_by, **read_by;
} LkTopicFile;

/* All files of DIR, sorted by name (element: LkTopicFile*). LK_ERROR_CONFIG with file, line and
 * what is wrong; every kind must be there exactly once. */
GPtrArray *lk_topic_files_load (const char *dir, GError **error);
void lk_topic_file_free (LkTopicFile *file);

typedef enum
{
  LK_TOPIC_CREATE,
  LK_TOPIC_ALTER,   /* configuration differs */
  LK_TOPIC_REFUSED, /* partitions differ */
  LK_TOPIC_SAME,
} LkTopicAction;

typedef struct
{
  char *topic;
  LkTopicAction action;
  int partitions, replication;
  char **changes; /* "retention.ms: 1000 → 2000", NULL-terminated */
  const LkTopicFile *file;
} LkTopicPlan;

typedef struct
{
  GPtrArray *topics; /* LkTopicPlan*, in flow order by space */
  guint creates, alters, refused;
  guint total_partitions, total_replicas; /* what the whole costs */
} LkTopicsPlan;

LkTopicsPlan *lk_topics_plan (LkKafka *kafka, const GPtrArray *files, const LkConfig *config,
                              int timeout_ms, GError **error);
/* Does what the plan says; FALSE at the first refusal of the broker (what was done stays done,
 * apply again). Waits until created topics have leaders. */
gboolean lk_topics_apply (LkKafka *kafka, const LkTopicsPlan *plan, int timeout_ms,
                          GError **error);
void lk_topics_plan_free (LkTopicsPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkTopicsPlan, lk_topics_plan_free)

G_END_DECLS
