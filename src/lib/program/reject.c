/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a program can't understand goes to the space's rejects topic, as it came.
 */
#include <latchkey/program/program.h>

#include <latchkey/base/log.h>
#include <latchkey/base/metrics.h>
#include <latchkey/model/report.h>

void
lk_program_reject (LkProgram *program, const LkRecord *record, const char *space, gint64 committed,
                   const GError *error, LkAckFunc func, gpointer data)
{
  const char *prefix = lk_kafka_prefix (lk_program_kafka (program));
  g_autofree char *topic = lk_topic_name (prefix, LK_KIND_REJECTS, space);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) local = NULL;
  LkKind kind = LK_KIND_COUNT_;
  const char *scope;
  const LkReject reject = { .topic = (char *) record->topic,
                            .partition = record->partition,
                            .offset = record->offset,
                            .program = (char *) lk_kafka_program (lk_program_kafka (program)),
                            .reason = error->message,
                            .value = (char *) record->value,
                            .value_len = record->value_len,
                            .at = lk_clock_wall (lk_program_clock (program)) };

  if (record->offset < committed)
    {
      if (func != NULL)
        func (record->offset, NULL, data);
      return;
    }
  (void) lk_topic_parse (record->topic, prefix, &kind, &scope);
  lk_metric_add (LK_M_REJECTS, 1, space, kind == LK_KIND_COUNT_ ? "other" : lk_kind_name (kind),
                 NULL);
  lk_warning (LK_F (.space = space, .topic = record->topic, .partition = record->partition,
                    .offset = record->offset, .error = error, .event = "rejected"),
              "can't understand this record; it goes to %s and the partition goes on", topic);
  lk_reject_write (&reject, text);
  if (!lk_producer_send (lk_program_producer (program), topic, 0, record->key, record->key_len,
                         text->str, text->len, NULL, func, data, &local)
      && func != NULL)
    func (-1, local, data);
}
