/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The ownership consumer. It subscribes, keeps every partition paused, and commits what others tell
 * it. A revocation is held until the program has let go (or 3 s), since giving a partition back is
 * what lets the next owner begin.
 *
 * Lists from librdkafka carry private pointers of their client, so none is ever handed to another
 * client; they are made anew by name.
 */
#include <latchkey/kafka/ownership.h>

#include "internal.h"

#include <latchkey/base/log.h>
#include <string.h>

#define RELEASE_MS 3000
#define COMMIT_MS 1000
#define RECOMMIT_MS LK_DAY /* brokers forget what is not committed for a week */

typedef struct
{
  char *topic;
  gint32 partition;
  gboolean told;         /* `assigned` was called */
  gint64 committed;      /* by the group, as far as known */
  gint64 wanted;         /* to be committed; -1: nothing */
  gint64 committed_at;   /* steady */
} Owned;

typedef enum
{
  STATE_STEADY,
  STATE_REVOKING, /* waits for `released` */
} State;

struct _LkOwnership
{
  LkKafka *kafka;
  char *group;
  char **topics;
  const LkOwnershipHandler *handler;
  gpointer data;
  rd_kafka_t *client;
  rd_kafka_queue_t *queue;
  GPtrArray *owned; /* Owned* */
  State state;
  gint64 release_by;      /* steady */
  gboolean committing;    /* a commit is on its way */
  gint64 commit_at;       /* steady: not before */
  gboolean joined, leaving, left, fatal;
};

static gint64
steady (const LkOwnership *ownership)
{
  return lk_clock_steady (lk_kafka_clock (ownership->kafka));
}

static void
owned_free (gpointer data)
{
  Owned *owned = data;

  g_free (owned->topic);
  g_free (owned);
}

static Owned *
find (const LkOwnership *ownership, const char *topic, gint32 partition)
{
  for (guint i = 0; i < ownership->owned->len; i++)
    {
      Owned *owned = ownership->owned->pdata[i];
      if (owned->partition == partition && g_str_equal (owned->topic, topic))
        return owned;
    }
  return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

static gboolean
open_client (LkOwnership *ownership, GError **error)
{
  const LkKafkaSetting settings[] = {
    { "group.id", ownership->group },
    { "enable.auto.commit", "false" },
    { "enable.auto.offset.store", "false" },
    { "auto.offset.reset", "latest" }, /* nothing is read here */
    { "partition.assignment.strategy", "roundrobin" },
    { "session.timeout.ms", "10000" },
    { "heartbeat.interval.ms", "2000" },
    { "max.poll.interval.ms", "300000" },
    { "queued.min.messages", "1" },
    { "queued.max.messages.kbytes", "64" },
    { NULL, NULL },
  };
  rd_kafka_topic_partition_list_t *list;
  rd_kafka_resp_err_t err;

  ownership->client
      = lk_kafka_client_new (ownership->kafka, RD_KAFKA_CONSUMER, settings,
                             RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT
                                 | RD_KAFKA_EVENT_FETCH,
                             &ownership->queue, error);
  if (ownership->client == NULL)
    return FALSE;
  list = rd_kafka_topic_partition_list_new (4);
  for (char **topic = ownership->topics; *topic != NULL; topic++)
    (void) rd_kafka_topic_partition_list_add (list, *topic, RD_KAFKA_PARTITION_UA);
  err = rd_kafka_subscribe (ownership->client, list);
  rd_kafka_topic_partition_list_destroy (list);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return lk_fail (error, lk_kafka_error_code (err), "group %s: subscribe: %s", ownership->group,
                    rd_kafka_err2str (err));
  return TRUE;
}

LkOwnership *
lk_ownership_new (LkKafka *kafka, const char *const *topics, const LkOwnershipHandler *handler,
                  gpointer data, GError **error)
{
  g_autoptr (LkOwnership) ownership = g_new0 (LkOwnership, 1);

  ownership->kafka = kafka;
  ownership->group
      = g_strdup_printf ("%s.%s", lk_kafka_prefix (kafka), lk_kafka_program (kafka));
  ownership->topics = g_strdupv ((char **) topics);
  ownership->handler = handler;
  ownership->data = data;
  ownership->owned = g_ptr_array_new_with_free_func (owned_free);
  if (!open_client (ownership, error))
    return NULL;
  return g_steal_pointer (&ownership);
}

void
lk_ownership_free (LkOwnership *ownership)
{
  if (ownership == NULL)
    return;
  lk_kafka_client_free (ownership->client, ownership->queue);
  g_ptr_array_unref (ownership->owned);
  g_strfreev (ownership->topics);
  g_free (ownership->group);
  g_free (ownership);
}

/* --- assigned --------------------------------------------------------------------------------- */

/* The program hears of its partitions when their committed offsets are known. */
static void
tell_assigned (LkOwnership *ownership)
{
  for (guint i = 0; i < ownership->owned->len; i++)
    {
      Owned *owned = ownership->owned->pdata[i];
      if (owned->told)
        continue;
      owned->told = TRUE;
      ownership->handler->assigned (owned->topic, owned->partition, owned->committed,
                                    ownership->data);
    }
}

static void
ask_committed (LkOwnership *ownership, const rd_kafka_topic_partition_list_t *list)
{
  rd_kafka_ListConsumerGroupOffsets_t *request
      = rd_kafka_ListConsumerGroupOffsets_new (ownership->group, list);

  rd_kafka_ListConsumerGroupOffsets (ownership->client, &request, 1, NULL, ownership->queue);
  rd_kafka_ListConsumerGroupOffsets_destroy (request);
}

static void
serve_committed (LkOwnership *ownership, rd_kafka_event_t *event)
{
  const rd_kafka_ListConsumerGroupOffsets_result_t *result
      = rd_kafka_event_ListConsumerGroupOffsets_result (event);
  const rd_kafka_group_result_t **groups;
  size_t n = 0;

  if (rd_kafka_event_error (event) != RD_KAFKA_RESP_ERR_NO_ERROR)
    /* Then bad records may be rejected a second time; nothing else rests on it. */
    lk_warning (LK_F (.event = "committed_unknown"), "group %s: committed offsets: %s",
                ownership->group, rd_kafka_event_error_string (event));
  else
    {
      groups = rd_kafka_ListConsumerGroupOffsets_result_groups (result, &n);
      for (size_t g = 0; g < n; g++)
        {
          const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions (groups[g]);
          for (int i = 0; list != NULL && i < list->cnt; i++)
            {
              Owned *owned = find (ownership, list->elems[i].topic, list->elems[i].partition);
              if (owned != NULL && list->elems[i].offset >= 0)
                owned->committed = list->elems[i].offset;
            }
        }
    }
  if (ownership->state == STATE_STEADY)
    tell_assigned (ownership);
}

static void
serve_assignment (LkOwnership *ownership, const rd_kafka_topic_partition_list_t *given)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (given->cnt);
  rd_kafka_resp_err_t err;

  ownership->joined = TRUE;
  for (int i = 0; i < given->cnt; i++)
    {
      Owned *owned = g_new0 (Owned, 1);
      owned->topic = g_strdup (given->elems[i].topic);
      owned->partition = given->elems[i].partition;
      owned->committed = owned->wanted = -1;
      g_ptr_array_add (ownership->owned, owned);
      /* The end: so that nothing is fetched before the pause. */
      rd_kafka_topic_partition_list_add (list, owned->topic, owned->partition)->offset
          = RD_KAFKA_OFFSET_END;
    }
  err = rd_kafka_assign (ownership->client, list);
  if (err == RD_KAFKA_RESP_ERR_NO_ERROR && list->cnt > 0)
    err = rd_kafka_pause_partitions (ownership->client, list);
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
    lk_error (LK_F (.event = "assign_failed"), "group %s: assign: %s", ownership->group,
              rd_kafka_err2str (err));
  lk_info (LK_F (.event = "assigned"), "group %s: %d partitions are ours", ownership->group,
           list->cnt);
  if (list->cnt > 0)
    ask_committed (ownership, list);
  rd_kafka_topic_partition_list_destroy (list);
}

/* --- commits ---------------------------------------------------------------------------------- */

static void
commit (LkOwnership *ownership)
{
  rd_kafka_topic_partition_list_t *list;
  gint64 now = steady (ownership);

  if (ownership->committing || ownership->client == NULL)
    return;
  list = rd_kafka_topic_partition_list_new (4);
  for (guint i = 0; i < ownership->owned->len; i++)
    {
      Owned *owned = ownership->owned->pdata[i];
      if (owned->wanted < 0
          || (owned->wanted == owned->committed && now - owned->committed_at < RECOMMIT_MS))
        continue;
      rd_kafka_topic_partition_list_add (list, owned->topic, owned->partition)->offset
          = owned->wanted;
    }
  if (list->cnt > 0)
    {
      ownership->committing = TRUE;
      ownership->commit_at = now + COMMIT_MS;
      if (rd_kafka_commit_queue (ownership->client, list, ownership->queue, NULL, NULL)
          != RD_KAFKA_RESP_ERR_NO_ERROR)
        ownership->committing = FALSE; /* no answer will come; tried again in a second */
    }
  rd_kafka_topic_partition_list_destroy (list);
}

static void
serve_commit (LkOwnership *ownership, rd_kafka_event_t *event)
{
  rd_kafka_resp_err_t err = rd_kafka_event_error (event);
  rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list (event);

  ownership->committing = FALSE;
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR && err != RD_KAFKA_RESP_ERR__NO_OFFSET)
    {
      /* It is wanted still, so it is tried again; after a rebalance by the next owner. */
      lk_debug (LK_F (.event = "commit_failed"), "group %s: commit: %s", ownership->group,
                rd_kafka_err2str (err));
      return;
    }
  for (int i = 0; list != NULL && i < list->cnt; i++)
    {
      Owned *owned = find (ownership, list->elems[i].topic, list->elems[i].partition);
      if (owned != NULL && list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
        {
          owned->committed = list->elems[i].offset;
          owned->committed_at = steady (ownership);
        }
    }
}

void
lk_ownership_commit (LkOwnership *ownership, const char *topic, gint32 partition, gint64 offset)
{
  Owned *owned = ownership == NULL ? NULL : find (ownership, topic, partition);

  if (owned != NULL)
    owned->wanted = offset;
}

gboolean
lk_ownership_commits_pending (const LkOwnership *ownership)
{
  for (guint i = 0; i < ownership->owned->len; i++)
    {
      const Owned *owned = ownership->owned->pdata[i];
      if (owned->wanted >= 0 && owned->wanted != owned->committed)
        return TRUE;
    }
  return ownership->committing;
}

/* --- revoked ---------------------------------------------------------------------------------- */

static void
give_back (LkOwnership *ownership)
{
  g_ptr_array_set_size (ownership->owned, 0);
  ownership->state = STATE_STEADY;
  ownership->committing = FALSE;
  (void) rd_kafka_assign (ownership->client, NULL); /* fails only for a client without a group */
}

static void
begin_revocation (LkOwnership *ownership, gboolean lost)
{
  for (guint i = 0; i < ownership->owned->len; i++)
    {
      Owned *owned = ownership->owned->pdata[i];
      if (owned->told)
        ownership->handler->revoked (owned->topic, owned->partition, lost, ownership->data);
    }
  if (lost)
    {
      lk_warning (LK_F (.event = "lost"), "group %s: our partitions were lost without notice",
                  ownership->group);
      give_back (ownership);
      return;
    }
  ownership->state = STATE_REVOKING;
  ownership->release_by = steady (ownership) + RELEASE_MS;
}

static gboolean
all_released (const LkOwnership *ownership)
{
  gboolean all = TRUE;

  for (guint i = 0; i < ownership->owned->len; i++)
    {
      const Owned *owned = ownership->owned->pdata[i];
      if (owned->told
          && !ownership->handler->released (owned->topic, owned->partition, ownership->data))
        all = FALSE;
    }
  return all;
}

static void
revocation_turn (LkOwnership *ownership)
{
  gboolean late = steady (ownership) >= ownership->release_by;

  if (!late)
    {
      if (!all_released (ownership))
        return;
      ownership->commit_at = 0;
      commit (ownership);
      if (lk_ownership_commits_pending (ownership))
        return;
    }
  else
    lk_warning (LK_F (.event = "released_late"),
                "group %s: giving partitions back with work still open; the next owner finds it",
                ownership->group);
  give_back (ownership);
}

/* --- a turn ----------------------------------------------------------------------------------- */

static void
serve_rebalance (LkOwnership *ownership, rd_kafka_event_t *event)
{
  if (rd_kafka_event_error (event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    serve_assignment (ownership, rd_kafka_event_topic_partition_list (event));
  else if (rd_kafka_event_error (event) == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
    begin_revocation (ownership, rd_kafka_assignment_lost (ownership->client) != 0);
  else
    {
      lk_warning (LK_F (.event = "rebalance_failed"), "group %s: rebalance: %s", ownership->group,
                  rd_kafka_event_error_string (event));
      begin_revocation (ownership, TRUE);
    }
}

static void
serve (LkOwnership *ownership, rd_kafka_event_t *event)
{
  switch (rd_kafka_event_type (event))
    {
    case RD_KAFKA_EVENT_REBALANCE:
      serve_rebalance (ownership, event);
      break;
    case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT:
      serve_committed (ownership, event);
      break;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      serve_commit (ownership, event);
      break;
    case RD_KAFKA_EVENT_ERROR:
      if (lk_kafka_log_error_event (ownership->client, event, "group consumer"))
        ownership->fatal = TRUE;
      break;
    default: /* a record from before the pause: the table reader reads it */
      break;
    }
}

/* A group consumer that can't go on: everything is lost, a new one joins. */
static void
rebuild (LkOwnership *ownership)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < ownership->owned->len; i++)
    {
      Owned *owned = ownership->owned->pdata[i];
      if (owned->told)
        ownership->handler->revoked (owned->topic, owned->partition, TRUE, ownership->data);
    }
  g_ptr_array_set_size (ownership->owned, 0);
  ownership->state = STATE_STEADY;
  ownership->committing = ownership->fatal = FALSE;
  lk_kafka_client_free (ownership->client, ownership->queue);
  ownership->client = NULL;
  ownership->queue = NULL;
  if (!open_client (ownership, &error))
    g_error ("can't make a group consumer again: %s", error->message);
}

gboolean
lk_ownership_turn (LkOwnership *ownership)
{
  rd_kafka_event_t *event;
  guint done = 0;

  if (ownership->left)
    return FALSE;
  while (done < 500 && (event = rd_kafka_queue_poll (ownership->queue, 0)) != NULL)
    {
      serve (ownership, event);
      rd_kafka_event_destroy (event);
      done++;
    }
  if (ownership->state == STATE_REVOKING)
    revocation_turn (ownership);
  else if (steady (ownership) >= ownership->commit_at)
    commit (ownership);
  if (ownership->fatal && !ownership->leaving)
    rebuild (ownership);
  if (ownership->leaving
      && (ownership->fatal || rd_kafka_consumer_closed (ownership->client) != 0))
    ownership->left = TRUE;
  return done >= 500;
}

void
lk_ownership_leave (LkOwnership *ownership)
{
  rd_kafka_error_t *failed;

  if (ownership->leaving)
    return;
  ownership->leaving = TRUE;
  /* Asynchronous: the revocation comes as an event, and closed is asked each turn. */
  failed = rd_kafka_consumer_close_queue (ownership->client, ownership->queue);
  if (failed != NULL)
    {
      lk_warning (LK_F (.event = "leave_failed"), "group %s: leave: %s", ownership->group,
                  rd_kafka_error_string (failed));
      rd_kafka_error_destroy (failed);
      ownership->left = TRUE;
    }
}

gboolean
lk_ownership_left (const LkOwnership *ownership)
{
  return ownership->left;
}

gboolean
lk_ownership_joined (const LkOwnership *ownership)
{
  return ownership->joined;
}

gboolean
lk_ownership_has (const LkOwnership *ownership, const char *topic, gint32 partition)
{
  const Owned *owned = find (ownership, topic, partition);

  return owned != NULL && owned->told && ownership->state == STATE_STEADY;
}

guint
lk_ownership_count (const LkOwnership *ownership)
{
  return ownership->owned->len;
}

rd_kafka_t *
lk_ownership_client (const LkOwnership *ownership)
{
  return ownership->client;
}
