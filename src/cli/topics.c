/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey topics plan` and `topics apply` (design §3).
 */
#include "cli.h"

#include <latchkey/model/json.h>
#include <stdio.h>

#define CLUSTER_MS 30000

static const char *
action_name (LkTopicAction action)
{
  switch (action)
    {
    case LK_TOPIC_CREATE:
      return "create";
    case LK_TOPIC_ALTER:
      return "alter";
    case LK_TOPIC_REFUSED:
      return "refused";
    case LK_TOPIC_SAME:
      return "same";
    }
  return "";
}

static void
print_json (const LkTopicsPlan *plan, gboolean applied)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "topics");
  for (guint i = 0; i < plan->topics->len; i++)
    {
      const LkTopicPlan *topic = plan->topics->pdata[i];
      lk_json_begin_object (&writer, NULL);
      lk_json_string (&writer, "topic", topic->topic);
      lk_json_string (&writer, "action", action_name (topic->action));
      lk_json_int (&writer, "partitions", topic->partitions);
      lk_json_int (&writer, "replication", topic->replication);
      lk_json_begin_array (&writer, "changes");
      for (char **change = topic->changes; change != NULL && *change != NULL; change++)
        lk_json_string (&writer, NULL, *change);
      lk_json_end_array (&writer);
      lk_json_end_object (&writer);
    }
  lk_json_end_array (&writer);
  lk_json_int (&writer, "creates", plan->creates);
  lk_json_int (&writer, "alters", plan->alters);
  lk_json_int (&writer, "refused", plan->refused);
  lk_json_int (&writer, "total_partitions", plan->total_partitions);
  lk_json_int (&writer, "total_replicas", plan->total_replicas);
  lk_json_bool (&writer, "applied", applied);
  lk_json_end_object (&writer);
  puts (text->str);
}

static void
print_text (const LkTopicsPlan *plan)
{
  for (guint i = 0; i < plan->topics->len; i++)
    {
      const LkTopicPlan *topic = plan->topics->pdata[i];
      if (topic->action == LK_TOPIC_SAME)
        continue;
      (void) printf ("%-8s %s (%d partition%s)\n", action_name (topic->action), topic->topic,
                     topic->partitions, topic->partitions == 1 ? "" : "s");
      for (char **change = topic->changes; change != NULL && *change != NULL; change++)
        (void) printf ("         %s\n", *change);
    }
  (void) printf ("%u to create, %u to alter, %u refused; the whole costs %u partitions, %u "
                 "replicas.\n",
                 plan->creates, plan->alters, plan->refused, plan->total_partitions,
                 plan->total_replicas);
}

static LkTopicsPlan *
make_plan (Cli *cli, GPtrArray **out_files, GError **error)
{
  *out_files = lk_topic_files_load (cli->topics_dir, error);
  if (*out_files == NULL || !cli_open_kafka (cli, error))
    return NULL;
  return lk_topics_plan (cli->kafka, *out_files, cli->config, CLUSTER_MS, error);
}

int
topics_plan_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (LkTopicsPlan) plan = make_plan (cli, &files, error);

  if (plan == NULL)
    return CLI_UNREACHABLE;
  if (cli->json)
    print_json (plan, FALSE);
  else
    print_text (plan);
  return plan->creates + plan->alters + plan->refused > 0 ? CLI_DIFFERENCES : CLI_DONE;
}

int
topics_apply_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (LkTopicsPlan) plan = make_plan (cli, &files, error);
  gboolean yes = TRUE;

  if (plan == NULL)
    return CLI_UNREACHABLE;
  if (!cli->json)
    print_text (plan);
  if (plan->creates + plan->alters > 0)
    {
      if (!cli_confirm (cli, "Make the cluster agree?", &yes, error))
        return CLI_USAGE;
      if (yes && !lk_topics_apply (cli->kafka, plan, CLUSTER_MS, error))
        return CLI_UNREACHABLE;
    }
  if (cli->json)
    print_json (plan, yes);
  else
    puts (yes ? "The topics agree." : "Nothing was done.");
  return yes && plan->refused == 0 ? CLI_DONE : CLI_DIFFERENCES;
}
