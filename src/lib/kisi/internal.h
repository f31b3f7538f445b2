/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of lk_kisi share. A call goes through three layers: client.c sends one request and
 * judges its answer, pages.c and events.c decide whether another request follows, and calls.c says
 * what is asked for. Everything is the loop thread's.
 */
#pragma once

#include <latchkey/kisi/kisi.h>
#include <latchkey/model/json.h>

G_BEGIN_DECLS

/* --- answers.c, rows.c, says.c: pure ------------------------------------------------------- */

typedef enum
{
  KISI_SET_IN_PROGRESS,
  KISI_SET_FINISHED,
  KISI_SET_FAILED,
} KisiSetStatus;

/* The frame of an event set; its events are in the answer. */
typedef struct
{
  char *id; /* an integer or a string in KISI's answer */
  KisiSetStatus status;
  gboolean has_events;
  char *cursor; /* NULL: no further page */
} KisiSet;

void kisi_set_clear (KisiSet *set);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KisiSet, kisi_set_clear)

/* lk_kisi_judge that also gives the frame of an event set (SET may be NULL). */
LkKisiAnswer *kisi_judge (LkKisiShape shape, gboolean writes, int status, const char *body,
                          gsize len, KisiSet *set);
/* An answer without HTTP answer behind it; takes MESSAGE. */
LkKisiAnswer *kisi_answer_new (LkKisiShape shape, gboolean writes, LkKisiVerdict verdict,
                               char *message);
/* Changes what ANSWER says, and empties its array: it is not to be used. Takes MESSAGE. */
void kisi_answer_fail (LkKisiAnswer *answer, LkKisiVerdict verdict, char *message);
/* The array that SHAPE fills, or NULL. */
GPtrArray **kisi_answer_rows (LkKisiAnswer *answer, LkKisiShape shape);

/* Reads ROOT as SHAPE into ANSWER's array; FALSE with *OUT_WHY (free with g_free), which names
 * fields and types only. */
gboolean kisi_rows_read (LkKisiShape shape, json_t *root, LkKisiAnswer *answer, KisiSet *set,
                         char **out_why);
/* The id of a row that a list repeats by; NULL for shapes without one. Borrowed or in BUF. */
const char *kisi_row_id (LkKisiShape shape, gconstpointer row, char buf[48]);

/* Whether a 422's body says that the thing is there already. */
gboolean kisi_says_taken (json_t *root);
/* What an error body says, put into words that can't be anybody's data; may be "". */
char *kisi_says_what (json_t *root);
/* TEXT (of libcurl) without any word that may hold an address or a query. */
char *kisi_scrub (const char *text);

/* --- client.c --------------------------------------------------------------------------------- */

struct _LkKisi
{
  const LkConfigKisi *config;
  const LkClock *clock;
  LkTimers *timers;
  LkBudget *budget;
  LkHttp *http;
  GHashTable *calls; /* LkKisiCall*, a set */

  char *authorization; /* header line, or NULL: not read yet */
  gint64 key_mtime_ns, key_size;
  guint64 key_inode;

  gint64 set_free_at; /* steady ms: KISI takes one new event set a second */
};

/* What comes after one judged answer, which it takes over: another request or kisi_finish. */
typedef void (*KisiNext) (LkKisiCall *call, LkKisiAnswer *answer, const LkHttpResponse *response);

struct _LkKisiCall
{
  LkKisi *kisi;
  LkKisiShape shape;
  gboolean writes;
  LkKisiFunc func;
  gpointer data;
  KisiNext next;

  const char *method;
  char *path; /* with query, without limit and offset */
  char *body;
  double reserve;

  LkHttpCall *http; /* in flight, or NULL */
  LkTimer *timer;   /* waiting for the rate, or to poll */
  gint64 waiting_since; /* steady ms; 0: not waiting for the rate */
  gboolean claimed;     /* it has waited long enough: the next request is its own */
  char *page_path;  /* the request that waits */
  guint throttled;  /* in a row, of one read under way */
  LkTime started_at, date; /* of the first answer */

  /* What the rows must be about, 0: anything; another answer is not the one asked for. */
  gint64 want_id, want_user, want_group;
  char *want_email; /* keeps only exact matches */

  /* pages.c and events.c */
  LkKisiAnswer *whole; /* rows of all pages so far */
  GHashTable *seen;    /* ids of all rows so far, those filtered out too */
  char *last_id;       /* of the page before: the next page begins with it again */
  guint limit, offset, pages, restarts;
  gint64 total; /* -1: not said */

  KisiSet set;       /* of the newest answer */
  char *set_id;      /* for a path; NULL: the set is not made yet */
  char *page_cursor; /* of the page that was asked for last */
  gint64 poll_ms, poll_until;
};

LkKisiCall *kisi_call_new (LkKisi *kisi, LkKisiShape shape, gboolean writes, KisiNext next,
                           LkKisiFunc func, gpointer data);
/* Sends METHOD PATH BODY at once and spends one of the budget. Without a key the call ends from
 * the next timer run. */
void kisi_send (LkKisiCall *call, const char *method, const char *path, const char *body);
/* The same as soon as the rate allows while leaving the call's reserve. */
void kisi_send_when_free (LkKisiCall *call, const char *method, const char *path,
                          const char *body);
/* Calls back with ANSWER (taken over) and frees CALL. */
void kisi_finish (LkKisiCall *call, LkKisiAnswer *answer);
/* A further request of a read was throttled: TRUE when it will be sent again. */
gboolean kisi_again_when_throttled (LkKisiCall *call, const LkKisiAnswer *answer);

/* --- pages.c, events.c ------------------------------------------------------------------------ */

/* Reads all pages of CALL->path; rows that don't fit the wanted ids are left out. */
void kisi_pages_start (LkKisiCall *call, guint limit);
void kisi_pages_next (LkKisiCall *call, LkKisiAnswer *answer, const LkHttpResponse *response);
/* "10-19/15" or "*" "/0" → *OUT_START (-1 for "*") and *OUT_TOTAL; FALSE: neither. Pure. */
gboolean kisi_range_parse (const char *text, gint64 *out_start, gint64 *out_total);


G_END_DECLS
