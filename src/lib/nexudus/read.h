/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A read: what is asked of Nexudus, and how far it has come. Shared by client.c (the queue of
 * reads) and answers.c (what becomes of an answer). Nobody else includes it.
 */
#pragma once

#include <latchkey/nexudus/nexudus.h>

#include "session.h"

G_BEGIN_DECLS

typedef enum
{
  READ_LIST,
  READ_GET,
  READ_COUNT,
} ReadKind;

typedef struct
{
  LkNexudus *nexudus;
  ReadKind kind;
  LkNexudusEntity entity;
  gint64 id;
  char *query;
  LkNexudusUrgency urgency;
  LkNexudusRowFunc row;
  LkNexudusDoneFunc done;
  LkNexudusGetFunc got;
  gpointer data;

  guint page, size;
  GHashTable *seen; /* ids of earlier pages */
  gint64 rows;      /* of the pages so far, repeats included */
  gboolean begun_again;
  LkNexudusRead read;
  LkHttpCall *call;
  guint tries;
  gboolean logged_in_again;
  gint64 not_before; /* steady */
  LkBackoff backoff;
} Read;

struct _LkNexudus
{
  const LkConfigNexudus *config;
  const LkClock *clock;
  LkTimers *timers;
  LkBudget *budget;
  LkHttp *http;
  LkSession *session;
  GQueue waiting[LK_NEXUDUS_URGENCIES];
  double reserve[LK_NEXUDUS_URGENCIES];
  guint64 requests[LK_NEXUDUS_URGENCIES];
  GPtrArray *running;
  LkTimer *timer;
};

/* The end: ROW, or ERROR, or neither (client.c). READ is gone afterwards. */
void lk_nexudus_read_finish (Read *read, json_t *row, const GError *error);
/* Back into the queue, at its front, after WAIT_MS. */
void lk_nexudus_read_again (Read *read, gint64 wait_ms);
/* The end, with an error that names endpoint, page or id, and REASON. */
void lk_nexudus_read_fail (Read *read, LkErrorCode code, const char *reason);
/* What may pass by itself: a few tries with back-off, then the read fails. */
void lk_nexudus_read_try_again (Read *read, const char *reason);

/* An answer has come; DATA is the Read (answers.c). */
void lk_nexudus_read_answered (const LkHttpResponse *response, gpointer data);

G_END_DECLS
