/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What stands in for the reader and the producer when the table is tested alone: the test is the
 * log. It links table.c without librdkafka's part, so order and acknowledgements are the test's.
 */
#pragma once

#include <latchkey/kafka/table.h>

G_BEGIN_DECLS

typedef struct
{
  char *key, *value; /* value NULL: a tombstone */
  LkAckFunc func;
  gpointer data;
} FakeWrite;

typedef struct
{
  const LkReaderHandler *handler[4]; /* by partition; NULL: not followed */
  gpointer data[4];
  gint64 start[4], next[4];
  guint refreshes, checks;
  GPtrArray *writes; /* FakeWrite*, not acknowledged yet, oldest first */
  gboolean full;     /* nothing can be queued */
  LkFakeClock clock;
} Fake;

extern Fake fake;

void fake_begin (void);
void fake_end (void);
#define FAKE_READER ((LkReader *) &fake)
#define FAKE_PRODUCER ((LkProducer *) &fake)

/* One record of partition P as the reader hands it over; VALUE NULL: a tombstone. */
void fake_read (gint32 p, gint64 offset, const char *key, const char *value);
void fake_read_bytes (gint32 p, gint64 offset, const char *key, gsize key_len, const char *value);
void fake_at_end (gint32 p);

/* Acknowledges the oldest write, with an error when OFFSET is negative. */
void fake_ack (gint64 offset);
const FakeWrite *fake_write (guint n);

G_END_DECLS
