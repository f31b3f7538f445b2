/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * HTTP without blocking: one libcurl multi handle that the run loop also waits on. TLS is always
 * verified, redirects are not followed, bodies stop at 4 MiB, a call ends by its deadline. The
 * client knows nothing of Nexudus or KISI. Loop thread only.
 */
#pragma once

#include <curl/curl.h>
#include <latchkey/base/clock.h>

G_BEGIN_DECLS

#define LK_HTTP_BODY_MAX (4 * 1024 * 1024)
#define LK_HTTP_DEADLINE_MS 10000

typedef struct _LkHttp LkHttp;
typedef struct _LkHttpCall LkHttpCall; /* in flight; owned by LkHttp until its callback returns */

typedef struct
{
  const char *method; /* GET POST PATCH PUT DELETE */
  const char *url;    /* absolute */
  const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
  const char *body;           /* may be NULL */
  gssize body_len;            /* -1: NUL-terminated */
  gint64 deadline_ms;         /* 0: LK_HTTP_DEADLINE_MS */
} LkHttpRequest;

/* What came back; valid during the callback. When ERROR is set there is no usable answer: code
 * RETRY when the request surely had no effect (never sent), UNKNOWN when it may have had one
 * (timeout, reset, cut body, too large), whose `status` is then 0. */
typedef struct
{
  int status;
  const char *body; /* NUL-terminated behind body_len bytes */
  gsize body_len;
  gboolean too_large;  /* the body passed LK_HTTP_BODY_MAX */
  LkTime started_at;   /* wall clock when the request started: the revision of what it read */
  gint64 duration_ms;
  const GError *error;
  LkHttpCall *call; /* for lk_http_header */
} LkHttpResponse;

typedef void (*LkHttpFunc) (const LkHttpResponse *response, gpointer data);

/* API and ACCOUNT label metrics and are copied by each client. */
LkHttp *lk_http_new (const LkClock *clock, const char *api, const char *account);
void lk_http_free (LkHttp *http); /* cancels what is in flight without calling back */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkHttp, lk_http_free)

/* Starts a call; everything of REQUEST is copied. FUNC is called once, later, from lk_http_turn,
 * unless the call is cancelled. */
LkHttpCall *lk_http_send (LkHttp *http, const LkHttpRequest *request, LkHttpFunc func,
                          gpointer data);
void lk_http_cancel (LkHttp *http, LkHttpCall *call);
guint lk_http_in_flight (const LkHttp *http);

/* First value of header NAME, or NULL; borrowed until the callback returns. */
const char *lk_http_header (const LkHttpCall *call, const char *name);

/* "Retry-After" as ms (seconds or HTTP date), or -1. "Date" as LkTime, or LK_TIME_NONE. */
gint64 lk_http_retry_after_ms (const LkHttpResponse *response);
LkTime lk_http_date (const LkHttpResponse *response);

/* Moves transfers on and calls back those that ended. */
void lk_http_turn (LkHttp *http);

/* The multi handle, for the loop's single curl_multi_poll: all clients of a process share one
 * (created on first use, freed with the last client). NULL when there is no client. */
CURLM *lk_http_multi (void);

G_END_DECLS
