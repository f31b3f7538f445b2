/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The table reader: the second consumer of a process, which reads all data (design §2). It only
 * assigns, never subscribes or commits. Each followed partition has a handler that sees every
 * record in log order, and is told when it has been read to the end. Loop thread.
 */
#pragma once

#include <latchkey/kafka/client.h>

G_BEGIN_DECLS

typedef struct _LkReader LkReader;

#define LK_OFFSET_BEGINNING ((gint64) RD_KAFKA_OFFSET_BEGINNING)

typedef struct
{
  void (*record) (const LkRecord *record, gpointer data);
  /* The end that was there when following (or lk_reader_refresh) began has been reached. */
  void (*at_end) (const char *topic, gint32 partition, gpointer data);
  /* Reading is not possible just now (the topic is missing, not allowed, …); it is tried again by
   * itself. ERROR NULL: it works again. May be NULL. */
  void (*trouble) (const char *topic, gint32 partition, const GError *error, gpointer data);
  /* The offset to go on from is gone (the topic was made anew, or cut): what follows is the log
   * from its beginning, and at_end comes again. May be NULL. */
  void (*reset) (const char *topic, gint32 partition, gpointer data);
} LkReaderHandler;

LkReader *lk_reader_new (LkKafka *kafka, GError **error);
void lk_reader_free (LkReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkReader, lk_reader_free)

/* Starts at OFFSET (LK_OFFSET_BEGINNING or the next wanted). An offset that is gone starts at the
 * beginning. HANDLER is borrowed and outlives the following. Following what is already followed is
 * our own mistake (assertion). A handler may follow and unfollow anything, itself included. */
void lk_reader_follow (LkReader *reader, const char *topic, gint32 partition, gint64 offset,
                       const LkReaderHandler *handler, gpointer data);
void lk_reader_unfollow (LkReader *reader, const char *topic, gint32 partition);
gboolean lk_reader_follows (const LkReader *reader, const char *topic, gint32 partition);

/* Goes back (or on) to OFFSET; at_end comes again. */
void lk_reader_seek (LkReader *reader, const char *topic, gint32 partition, gint64 offset);

/* at_end will be called once the end as of now, not as of an earlier look, has been reached. */
void lk_reader_refresh (LkReader *reader, const char *topic, gint32 partition);

/* Offset of the next record to be handled, or -1 when not known yet. */
gint64 lk_reader_position (const LkReader *reader, const char *topic, gint32 partition);

/* Holds back or goes on with one partition (back pressure of its own, e.g. load order). */
void lk_reader_pause (LkReader *reader, const char *topic, gint32 partition);
void lk_reader_resume (LkReader *reader, const char *topic, gint32 partition);

/* Handles at most 500 events (design §11). TRUE when there is more to do at once. */
gboolean lk_reader_turn (LkReader *reader);
/* ms until it has something to do without any event; G_MAXINT64: nothing. */
gint64 lk_reader_wait_ms (const LkReader *reader);

G_END_DECLS
