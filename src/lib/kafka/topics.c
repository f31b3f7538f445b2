/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Makes a cluster agree with the topic files, through Kafka's admin calls.
 */
#include <latchkey/kafka/topics.h>

#include "internal.h"

#include <string.h>

#define EXISTING_MAX 10000

static void
plan_topic_free (gpointer data)
{
  LkTopicPlan *topic = data;

  g_free (topic->topic);
  g_strfreev (topic->changes);
  g_free (topic);
}

void
lk_topics_plan_free (LkTopicsPlan *plan)
{
  if (plan == NULL)
    return;
  g_ptr_array_unref (plan->topics);
  g_free (plan);
}

/* --- an admin client -------------------------------------------------------------------------- */

typedef struct
{
  rd_kafka_t *client;
  rd_kafka_queue_t *queue;
  int timeout_ms;
} Admin;

static gboolean
admin_open (Admin *admin, LkKafka *kafka, int timeout_ms, GError **error)
{
  static const LkKafkaSetting none[] = { { NULL, NULL } };

  admin->client = lk_kafka_client_new (kafka, RD_KAFKA_PRODUCER, none, 0, NULL, error);
  if (admin->client == NULL)
    return FALSE;
  admin->queue = rd_kafka_queue_new (admin->client);
  admin->timeout_ms = timeout_ms;
  return TRUE;
}

static void
admin_close (Admin *admin)
{
  if (admin->queue != NULL)
    rd_kafka_queue_destroy (admin->queue);
  lk_kafka_client_free (admin->client, NULL);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Admin, admin_close)

static rd_kafka_AdminOptions_t *
options_new (const Admin *admin, rd_kafka_admin_op_t op)
{
  rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new (admin->client, op);
  char why[256];

  (void) rd_kafka_AdminOptions_set_request_timeout (options, admin->timeout_ms, why, sizeof why);
  return options;
}

/* The answer's event, or NULL. */
static rd_kafka_event_t *
admin_wait (const Admin *admin, const char *what, GError **error)
{
  rd_kafka_event_t *event = rd_kafka_queue_poll (admin->queue, admin->timeout_ms + 2000);

  if (event == NULL)
    {
      (void) lk_fail (error, LK_ERROR_RETRY, "%s: the cluster did not answer", what);
      return NULL;
    }
  if (rd_kafka_event_error (event) != RD_KAFKA_RESP_ERR_NO_ERROR)
    {
      (void) lk_fail (error, lk_kafka_error_code (rd_kafka_event_error (event)), "%s: %s", what,
                      rd_kafka_event_error_string (event));
      rd_kafka_event_destroy (event);
      return NULL;
    }
  return event;
}

/* --- planning --------------------------------------------------------------------------------- */

static void
add_topic (LkTopicsPlan *plan, const LkTopicFile *file, char *name, int partitions)
{
  LkTopicPlan *topic = g_new0 (LkTopicPlan, 1);

  topic->topic = name;
  topic->action = LK_TOPIC_CREATE;
  topic->partitions = partitions;
  topic->replication = file->replication;
  topic->file = file;
  g_ptr_array_add (plan->topics, topic);
}

/* What the files and the configuration want: by space in flow order, then the accounts. */
static void
add_wanted (LkTopicsPlan *plan, const GPtrArray *files, const LkConfig *config)
{
  const char *prefix = config->kafka.topic_prefix;

  for (guint s = 0; s < config->n_spaces; s++)
    for (guint f = 0; f < files->len; f++)
      {
        const LkTopicFile *file = files->pdata[f];
        if (!file->per_account)
          add_topic (plan, file, lk_topic_name (prefix, file->kind, config->spaces[s].code),
                     file->partitions > 0 ? file->partitions : config->spaces[s].partitions);
      }
  for (guint f = 0; f < files->len; f++)
    {
      const LkTopicFile *file = files->pdata[f];
      guint n = file->kind == LK_KIND_NEXUDUS_ACCOUNT ? config->n_nexudus : config->n_kisi;
      for (guint a = 0; file->per_account && a < n; a++)
        add_topic (plan, file,
                   lk_topic_name (prefix, file->kind,
                                  file->kind == LK_KIND_NEXUDUS_ACCOUNT
                                      ? config->nexudus[a].account
                                      : config->kisi[a].account),
                   MAX (file->partitions, 1));
    }
}

/* Compares with what is on the cluster: partitions, and how many replicas a partition has. */
static gboolean
compare_existing (LkTopicsPlan *plan, const Admin *admin, GError **error)
{
  const struct rd_kafka_metadata *metadata = NULL;
  rd_kafka_resp_err_t err
      = rd_kafka_metadata (admin->client, 1, NULL, &metadata, admin->timeout_ms);
  g_autoptr (GHashTable) existing = g_hash_table_new (g_str_hash, g_str_equal);

  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return lk_fail (error, lk_kafka_error_code (err), "listing topics: %s",
                    rd_kafka_err2str (err));
  for (int i = 0; i < metadata->topic_cnt && i < EXISTING_MAX; i++)
    if (metadata->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
      g_hash_table_insert (existing, metadata->topics[i].topic,
                           (gpointer) &metadata->topics[i]);
  for (guint i = 0; i < plan->topics->len; i++)
    {
      LkTopicPlan *topic = plan->topics->pdata[i];
      const struct rd_kafka_metadata_topic *found = g_hash_table_lookup (existing, topic->topic);
      if (found == NULL)
        continue;
      topic->action = LK_TOPIC_SAME;
      if (found->partition_cnt > 0)
        topic->replication = found->partitions[0].replica_cnt;
      if (found->partition_cnt == topic->partitions)
        continue;
      topic->action = LK_TOPIC_REFUSED;
      g_autofree char *change = g_strdup_printf (
          "partitions: %d → %d would move keys to other partitions; set `partitions` to what the "
          "topic has, or make the space anew under another code",
          found->partition_cnt, topic->partitions);
      topic->changes = g_strsplit (change, "\n", -1);
    }
  rd_kafka_metadata_destroy (metadata);
  return TRUE;
}

static const rd_kafka_ConfigEntry_t *
entry_named (const rd_kafka_ConfigEntry_t **entries, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (g_str_equal (rd_kafka_ConfigEntry_name (entries[i]), name))
      return entries[i];
  return NULL;
}

static void
compare_config (LkTopicPlan *topic, const rd_kafka_ConfigResource_t *resource)
{
  g_autoptr (GStrvBuilder) changes = g_strv_builder_new ();
  size_t n = 0;
  const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs (resource, &n);
  gboolean differs = FALSE;

  for (guint i = 0; topic->file->config_names[i] != NULL; i++)
    {
      const char *name = topic->file->config_names[i], *want = topic->file->config_values[i];
      const rd_kafka_ConfigEntry_t *entry = entry_named (entries, n, name);
      const char *has = entry == NULL ? NULL : rd_kafka_ConfigEntry_value (entry);
      if (g_strcmp0 (has, want) == 0)
        continue;
      g_autofree char *change
          = g_strdup_printf ("%s: %s → %s", name, has == NULL ? "(unset)" : has, want);
      g_strv_builder_add (changes, change);
      differs = TRUE;
    }
  if (differs)
    {
      topic->action = LK_TOPIC_ALTER;
      topic->changes = g_strv_builder_end (changes);
    }
}

static LkTopicPlan *
topic_named (const LkTopicsPlan *plan, const char *name)
{
  for (guint i = 0; i < plan->topics->len; i++)
    if (g_str_equal (((LkTopicPlan *) plan->topics->pdata[i])->topic, name))
      return plan->topics->pdata[i];
  return NULL;
}

static rd_kafka_event_t *
describe (const Admin *admin, const GPtrArray *topics, GError **error)
{
  g_autoptr (GPtrArray) resources
      = g_ptr_array_new_with_free_func ((GDestroyNotify) rd_kafka_ConfigResource_destroy);
  rd_kafka_AdminOptions_t *options = options_new (admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);

  for (guint i = 0; i < topics->len; i++)
    g_ptr_array_add (resources,
                     rd_kafka_ConfigResource_new (RD_KAFKA_RESOURCE_TOPIC,
                                                  ((LkTopicPlan *) topics->pdata[i])->topic));
  rd_kafka_DescribeConfigs (admin->client, (rd_kafka_ConfigResource_t **) resources->pdata,
                            resources->len, options, admin->queue);
  rd_kafka_AdminOptions_destroy (options);
  return admin_wait (admin, "reading the topics' configuration", error);
}

static gboolean
compare_configs (LkTopicsPlan *plan, const Admin *admin, GError **error)
{
  g_autoptr (GPtrArray) there = g_ptr_array_new ();
  rd_kafka_event_t *event;
  const rd_kafka_ConfigResource_t **resources;
  gboolean ok = TRUE;
  size_t n = 0;

  for (guint i = 0; i < plan->topics->len; i++)
    if (((LkTopicPlan *) plan->topics->pdata[i])->action == LK_TOPIC_SAME)
      g_ptr_array_add (there, plan->topics->pdata[i]);
  if (there->len == 0)
    return TRUE;
  event = describe (admin, there, error);
  if (event == NULL)
    return FALSE;
  resources = rd_kafka_DescribeConfigs_result_resources (
      rd_kafka_event_DescribeConfigs_result (event), &n);
  for (size_t i = 0; ok && i < n; i++)
    {
      LkTopicPlan *topic = topic_named (plan, rd_kafka_ConfigResource_name (resources[i]));
      if (rd_kafka_ConfigResource_error (resources[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
        ok = lk_fail (error, lk_kafka_error_code (rd_kafka_ConfigResource_error (resources[i])),
                      "%s: %s", rd_kafka_ConfigResource_name (resources[i]),
                      rd_kafka_ConfigResource_error_string (resources[i]));
      else if (topic != NULL)
        compare_config (topic, resources[i]);
    }
  rd_kafka_event_destroy (event);
  return ok;
}

static void
count (LkTopicsPlan *plan)
{
  for (guint i = 0; i < plan->topics->len; i++)
    {
      const LkTopicPlan *topic = plan->topics->pdata[i];
      plan->creates += topic->action == LK_TOPIC_CREATE;
      plan->alters += topic->action == LK_TOPIC_ALTER;
      plan->refused += topic->action == LK_TOPIC_REFUSED;
      plan->total_partitions += (guint) topic->partitions;
      /* The broker's default is not told; a cluster worth the name has three. */
      plan->total_replicas
          += (guint) topic->partitions * (guint) (topic->replication > 0 ? topic->replication : 3);
    }
}

LkTopicsPlan *
lk_topics_plan (LkKafka *kafka, const GPtrArray *files, const LkConfig *config, int timeout_ms,
                GError **error)
{
  g_autoptr (LkTopicsPlan) plan = g_new0 (LkTopicsPlan, 1);
  g_auto (Admin) admin = { 0 };

  plan->topics = g_ptr_array_new_with_free_func (plan_topic_free);
  add_wanted (plan, files, config);
  if (!admin_open (&admin, kafka, timeout_ms, error)
      || !compare_existing (plan, &admin, error) || !compare_configs (plan, &admin, error))
    return NULL;
  count (plan);
  return g_steal_pointer (&plan);
}

/* --- applying --------------------------------------------------------------------------------- */

static gboolean
create (const Admin *admin, const LkTopicsPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) fresh
      = g_ptr_array_new_with_free_func ((GDestroyNotify) rd_kafka_NewTopic_destroy);
  rd_kafka_AdminOptions_t *options;
  rd_kafka_event_t *event;
  const rd_kafka_topic_result_t **results;
  gboolean ok = TRUE;
  size_t n = 0;
  char why[256];

  for (guint i = 0; i < plan->topics->len; i++)
    {
      const LkTopicPlan *topic = plan->topics->pdata[i];
      if (topic->action != LK_TOPIC_CREATE)
        continue;
      rd_kafka_NewTopic_t *one = rd_kafka_NewTopic_new (topic->topic, topic->partitions,
                                                        topic->replication, why, sizeof why);
      if (one == NULL)
        return lk_fail (error, LK_ERROR_CONFIG, "topic %s: %s", topic->topic, why);
      g_ptr_array_add (fresh, one);
      for (guint c = 0; topic->file->config_names[c] != NULL; c++)
        (void) rd_kafka_NewTopic_set_config (one, topic->file->config_names[c],
                                             topic->file->config_values[c]);
    }
  if (fresh->len == 0)
    return TRUE;
  options = options_new (admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  /* The answer then waits until the new topics are known to all brokers. */
  (void) rd_kafka_AdminOptions_set_operation_timeout (options, admin->timeout_ms, why, sizeof why);
  rd_kafka_CreateTopics (admin->client, (rd_kafka_NewTopic_t **) fresh->pdata, fresh->len, options,
                         admin->queue);
  rd_kafka_AdminOptions_destroy (options);
  event = admin_wait (admin, "creating topics", error);
  if (event == NULL)
    return FALSE;
  results
      = rd_kafka_CreateTopics_result_topics (rd_kafka_event_CreateTopics_result (event), &n);
  for (size_t i = 0; ok && i < n; i++)
    {
      rd_kafka_resp_err_t err = rd_kafka_topic_result_error (results[i]);
      /* Somebody else applied at the same moment: that is what was wanted. */
      if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        ok = lk_fail (error, lk_kafka_error_code (err), "topic %s: %s",
                      rd_kafka_topic_result_name (results[i]),
                      rd_kafka_topic_result_error_string (results[i]) != NULL
                          ? rd_kafka_topic_result_error_string (results[i])
                          : rd_kafka_err2str (err));
    }
  rd_kafka_event_destroy (event);
  return ok;
}

/* librdkafka 2.0.2 has only AlterConfigs, which replaces all of a topic's own settings: those that
 * were set on the topic by somebody else are carried over. */
static void
carry_over (rd_kafka_ConfigResource_t *to, const rd_kafka_ConfigResource_t *from,
            const LkTopicFile *file)
{
  size_t n = 0;
  const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs (from, &n);

  for (size_t i = 0; i < n; i++)
    {
      const char *name = rd_kafka_ConfigEntry_name (entries[i]);
      const char *value = rd_kafka_ConfigEntry_value (entries[i]);
      if (rd_kafka_ConfigEntry_source (entries[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
          && value != NULL && !g_strv_contains ((const char *const *) file->config_names, name))
        (void) rd_kafka_ConfigResource_set_config (to, name, value);
    }
}

static gboolean
alter (const Admin *admin, const LkTopicsPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) altered
      = g_ptr_array_new_with_free_func ((GDestroyNotify) rd_kafka_ConfigResource_destroy);
  g_autoptr (GPtrArray) topics = g_ptr_array_new ();
  const rd_kafka_ConfigResource_t **resources;
  rd_kafka_AdminOptions_t *options;
  rd_kafka_event_t *event;
  gboolean ok = TRUE;
  size_t n = 0;

  for (guint i = 0; i < plan->topics->len; i++)
    if (((LkTopicPlan *) plan->topics->pdata[i])->action == LK_TOPIC_ALTER)
      g_ptr_array_add (topics, plan->topics->pdata[i]);
  if (topics->len == 0)
    return TRUE;
  event = describe (admin, topics, error);
  if (event == NULL)
    return FALSE;
  resources = rd_kafka_DescribeConfigs_result_resources (
      rd_kafka_event_DescribeConfigs_result (event), &n);
  for (size_t i = 0; i < n; i++)
    {
      const char *name = rd_kafka_ConfigResource_name (resources[i]);
      const LkTopicPlan *topic = topic_named (plan, name);
      if (topic == NULL)
        continue; /* not asked for */
      const LkTopicFile *file = topic->file;
      rd_kafka_ConfigResource_t *one
          = rd_kafka_ConfigResource_new (RD_KAFKA_RESOURCE_TOPIC, name);
      carry_over (one, resources[i], file);
      for (guint c = 0; file->config_names[c] != NULL; c++)
        (void) rd_kafka_ConfigResource_set_config (one, file->config_names[c],
                                                   file->config_values[c]);
      g_ptr_array_add (altered, one);
    }
  rd_kafka_event_destroy (event);
  options = options_new (admin, RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
  rd_kafka_AlterConfigs (admin->client, (rd_kafka_ConfigResource_t **) altered->pdata,
                         altered->len, options, admin->queue);
  rd_kafka_AdminOptions_destroy (options);
  event = admin_wait (admin, "altering topics", error);
  if (event == NULL)
    return FALSE;
  resources
      = rd_kafka_AlterConfigs_result_resources (rd_kafka_event_AlterConfigs_result (event), &n);
  for (size_t i = 0; ok && i < n; i++)
    if (rd_kafka_ConfigResource_error (resources[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
      ok = lk_fail (error, lk_kafka_error_code (rd_kafka_ConfigResource_error (resources[i])),
                    "topic %s: %s", rd_kafka_ConfigResource_name (resources[i]),
                    rd_kafka_ConfigResource_error_string (resources[i]));
  rd_kafka_event_destroy (event);
  return ok;
}

gboolean
lk_topics_apply (LkKafka *kafka, const LkTopicsPlan *plan, int timeout_ms, GError **error)
{
  g_auto (Admin) admin = { 0 };

  return admin_open (&admin, kafka, timeout_ms, error) && create (&admin, plan, error)
         && alter (&admin, plan, error);
}
