/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Publishing. Events come again and again, since spans overlap and late ones are looked for: what
 * is out already is known by its uuid, as far back as the longest span goes, and again only where a
 * better basis has turned up (design §8). A restart forgets that, and publishes the overlap twice;
 * readers take the highest revision of an id.
 */
#include "publish.h"

#include "crash.h"

#include <latchkey/base/metrics.h>
#include <latchkey/model/headers.h>

#define SEEN_MAX 65536 /* events whose reports are out; far more than 25 hours of doors */

typedef struct
{
  const LkConfigSpace *config;
  char *topic, *ce_source;
} Space;

/* A report that is sent and not acknowledged yet. */
typedef struct
{
  LkPublisher *publisher;
  char *uuid;
  const Space *space;
} Ack;

struct _LkPublisher
{
  const LkConfigKisi *config;
  const LkDoors *doors;
  const LkReportsLookup *lookup;
  gpointer data;
  const LkClock *clock;
  LkProducer *producer;
  GPtrArray *spaces; /* Space, of this account */

  guint published;
  gboolean failed;

  GHashTable *seen; /* uuid (in `order`) → revision */
  GQueue order;     /* char* uuid, oldest first; owns them */
  GHashTable *acks; /* Ack*, a set */
  GString *text;    /* scratch of the value being written */
};

static void
space_free (gpointer data)
{
  Space *space = data;

  g_free (space->topic);
  g_free (space->ce_source);
  g_free (space);
}

static void
ack_free (gpointer data)
{
  Ack *ack = data;

  g_free (ack->uuid);
  g_free (ack);
}

static const Space *
route (const LkPublisher *publisher, const LkKisiEvent *event)
{
  gint64 place = event->place_id;

  if (place == 0 && g_strcmp0 (event->object_type, "Lock") == 0)
    place = doors_place (publisher->doors, event->object_id);
  for (guint i = 0; place != 0 && i < publisher->spaces->len; i++)
    {
      const Space *space = publisher->spaces->pdata[i];

      if (space->config->place == place)
        return space;
    }
  return NULL;
}

LkPublisher *
publisher_new (LkProgram *program, const LkConfigKisi *config, const LkDoors *doors,
               const LkReportsLookup *lookup, gpointer data)
{
  LkPublisher *publisher = g_new0 (LkPublisher, 1);
  const LkConfig *whole = lk_program_config (program);

  publisher->config = config;
  publisher->doors = doors;
  publisher->lookup = lookup;
  publisher->data = data;
  publisher->clock = lk_program_clock (program);
  publisher->producer = lk_program_producer (program);
  publisher->spaces = g_ptr_array_new_with_free_func (space_free);
  for (guint i = 0; i < whole->n_spaces; i++)
    {
      Space *space;

      if (whole->spaces[i].kisi != config)
        continue;
      space = g_new0 (Space, 1);
      space->config = &whole->spaces[i];
      space->topic
          = lk_topic_name (whole->kafka.topic_prefix, LK_KIND_ACCESS_REPORTS, space->config->code);
      space->ce_source = g_strconcat ("/latchkey/executor/", space->config->code, NULL);
      g_ptr_array_add (publisher->spaces, space);
    }
  publisher->seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&publisher->order);
  publisher->acks = g_hash_table_new_full (NULL, NULL, ack_free, NULL);
  publisher->text = g_string_new (NULL);
  return publisher;
}

void
publisher_free (LkPublisher *publisher)
{
  if (publisher == NULL)
    return;
  g_ptr_array_unref (publisher->spaces);
  g_hash_table_unref (publisher->seen);
  g_queue_clear_full (&publisher->order, g_free);
  g_hash_table_unref (publisher->acks);
  g_string_free (publisher->text, TRUE);
  g_free (publisher);
}

void
publisher_begin (LkPublisher *publisher)
{
  publisher->published = 0;
  publisher->failed = FALSE;
}

guint
publisher_published (const LkPublisher *publisher)
{
  return publisher->published;
}

gboolean
publisher_failed (const LkPublisher *publisher)
{
  return publisher->failed;
}

guint
publisher_pending (const LkPublisher *publisher)
{
  return g_hash_table_size (publisher->acks);
}

const LkConfigSpace *
publisher_route (const LkPublisher *publisher, const LkKisiEvent *event)
{
  const Space *space = route (publisher, event);

  return space != NULL ? space->config : NULL;
}

/* What stands for the event's person in SPACE. Somebody of another space of the account is known,
 * but nothing that they have there counts here. */
static void
look_up (LkPublisher *publisher, const Space *space, const LkKisiEvent *event, LkJudgeFacts *facts)
{
  if (event->actor_id == 0 || g_strcmp0 (event->actor_type, "User") != 0)
    return;
  if (publisher->lookup->facts (space->config->code, event->actor_id, facts, publisher->data))
    return;
  for (guint i = 0; i < publisher->spaces->len; i++)
    {
      const Space *other = publisher->spaces->pdata[i];
      g_auto (LkJudgeFacts) there = { 0 };

      lk_judge_facts_init (&there);
      if (other == space
          || !publisher->lookup->facts (other->config->code, event->actor_id, &there,
                                        publisher->data))
        continue;
      facts->member = there.member;
      facts->entitled = there.entitled;
      facts->recorded_at = there.recorded_at;
      return;
    }
}

static void
forget (LkPublisher *publisher, const char *uuid)
{
  GList *link = g_queue_find_custom (&publisher->order, uuid, (GCompareFunc) g_strcmp0);

  if (link == NULL)
    return;
  g_hash_table_remove (publisher->seen, uuid);
  g_free (link->data);
  g_queue_delete_link (&publisher->order, link);
}

static void
remember (LkPublisher *publisher, const char *uuid, gint64 revision)
{
  gpointer key;

  if (g_hash_table_lookup_extended (publisher->seen, uuid, &key, NULL))
    {
      g_hash_table_insert (publisher->seen, key, GINT_TO_POINTER ((int) revision));
      return;
    }
  if (publisher->order.length >= SEEN_MAX)
    {
      g_autofree char *oldest = g_queue_pop_head (&publisher->order);
      g_hash_table_remove (publisher->seen, oldest);
    }
  key = g_strdup (uuid);
  g_queue_push_tail (&publisher->order, key);
  g_hash_table_insert (publisher->seen, key, GINT_TO_POINTER ((int) revision));
}

static void
acknowledged (gint64 offset, const GError *error, gpointer data)
{
  Ack *ack = data;
  LkPublisher *publisher = ack->publisher;

  if (error != NULL)
    {
      forget (publisher, ack->uuid); /* the next reading publishes it again */
      publisher->failed = TRUE;
      lk_warning (LK_F (.account = publisher->config->account, .space = ack->space->config->code,
                        .topic = ack->space->topic, .error = error, .event = "write_failed"),
                  "a report was not acknowledged; reading its events again");
    }
  g_hash_table_remove (publisher->acks, ack);
}

/* FALSE: not now, the producer is full. */
static gboolean
send_report (LkPublisher *publisher, const Space *space, const LkAccessReport *report)
{
  g_autoptr (GError) error = NULL;
  LkHeaders headers = { .type = "access.report", .source = space->ce_source };
  const gint32 partitions
      = lk_kind_partitions (LK_KIND_ACCESS_REPORTS, space->config->partitions);
  char key[LK_KEY_MAX];
  gsize len = (gsize) g_snprintf (key, sizeof key, "door/%" G_GINT64_FORMAT, report->door_id);
  Ack *ack = g_new0 (Ack, 1);

  headers.time = report->observed_at;
  g_strlcpy (headers.subject, key, sizeof headers.subject);
  lk_headers_id (&headers, headers.type, report->id, report->revision, 0, 0);
  lk_trace_start (headers.traceparent, report->id, report->revision);
  g_string_truncate (publisher->text, 0);
  lk_access_report_write (report, publisher->text);
  *ack = (Ack){ publisher, g_strdup (report->id), space };
  g_hash_table_add (publisher->acks, ack);
  if (lk_producer_send (publisher->producer, space->topic,
                        lk_partition_of_key (key, len, partitions), key, len, publisher->text->str,
                        publisher->text->len, &headers, acknowledged, ack, &error))
    return TRUE;
  g_hash_table_remove (publisher->acks, ack);
  if (g_error_matches (error, LK_ERROR, LK_ERROR_RETRY))
    return FALSE;
  lk_warning (LK_F (.account = publisher->config->account, .space = space->config->code,
                    .topic = space->topic, .error = error, .event = "report_dropped"),
              "this report can't be written; going on without it");
  return TRUE;
}

gboolean
publisher_event (LkPublisher *publisher, const LkKisiEvent *event)
{
  const Space *space = route (publisher, event);
  g_auto (LkJudgeFacts) facts = { 0 };
  g_auto (LkAccessReport) report = { 0 };
  gpointer revision;
  char date[16];

  if (space == NULL || !lk_judge_reports_type (event->type))
    return TRUE; /* a place that no space has */
  lk_judge_facts_init (&facts);
  look_up (publisher, space, event, &facts);
  const LkJudgeDoor door = doors_lookup (publisher->doors, event->object_id);
  lk_judge_event (event, space->config->code, lk_clock_wall (publisher->clock), &door, &facts,
                  &report);
  report.place_id = space->config->place;
  report.business_date = g_strdup (
      lk_zone_date (space->config->zone, report.occurred_at, space->config->day_cutoff, date));
  if (g_hash_table_lookup_extended (publisher->seen, event->uuid, NULL, &revision)
      && GPOINTER_TO_INT (revision) >= report.revision)
    return TRUE;
  if (!send_report (publisher, space, &report))
    return FALSE;
  remember (publisher, event->uuid, report.revision);
  CRASH_POINT (REPORT_WRITTEN);
  publisher->published++;
  lk_metric_add (LK_M_ACCESS_REPORTS, 1, space->config->code, report.event,
                 report.reason != NULL ? report.reason : "none", NULL);
  return TRUE;
}
