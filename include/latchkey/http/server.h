/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A small HTTP server that lives in the caller's loop: no thread, one descriptor to wait on
 * (libmicrohttpd's epoll), answers at once or later. The daemons serve /healthz, /readyz and
 * /metrics with it, the sandbox plays both services with it. Loop thread only.
 */
#pragma once

#include <latchkey/base/error.h>

G_BEGIN_DECLS

/* A body above the server's ceiling is answered 413 without calling the handler. */
#define LK_SERVER_BODY_MAX (4 * 1024 * 1024)

typedef struct _LkServer LkServer;

/* One request, from the handler's call until it is answered or cut; then it is gone. A client that
 * leaves meanwhile is not noticed: the answer goes nowhere. */
typedef struct _LkServerRequest LkServerRequest;

/* Answers or cuts REQUEST, now or later; each exactly once. */
typedef void (*LkServerFunc) (LkServerRequest *request, gpointer data);

/* Listens on LISTEN, "ADDRESS:PORT" with a numeric IPv4 address or a bracketed IPv6 one; port 0
 * picks a free one. BODY_MAX 0 means LK_SERVER_BODY_MAX. LK_ERROR_CONFIG: LISTEN is no such text,
 * or no address of this machine. LK_ERROR_RETRY: it is taken, and may be free later. */
LkServer *lk_server_new (
    const char *listen, gsize body_max, LkServerFunc func, gpointer data, GError **error);

/* Cuts what is still unanswered; those requests are gone then. */
void lk_server_free (LkServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkServer, lk_server_free)

guint16 lk_server_port (const LkServer *server);
const char *lk_server_url (const LkServer *server); /* "http://127.0.0.1:8080"; borrowed */

/* Wait until the descriptor is readable, or for the timeout (ms; -1: none), then run. Run also
 * after answering outside of a handler. */
int lk_server_fd (const LkServer *server);
int lk_server_timeout_ms (const LkServer *server);
void lk_server_run (LkServer *server);

/* What was asked; all borrowed for the request's life. Path and query are decoded. */
const char *lk_server_method (const LkServerRequest *request);
const char *lk_server_path (const LkServerRequest *request);
const char *lk_server_query (const LkServerRequest *request, const char *name); /* first, or NULL */
const char *lk_server_header (const LkServerRequest *request, const char *name);
const char *lk_server_body (const LkServerRequest *request, gsize *out_len); /* NUL-terminated */

/* Every query parameter in order, repeated ones too; VALUE is NULL for a bare name. */
typedef void (*LkServerQueryFunc) (const char *name, const char *value, gpointer data);
void lk_server_query_each (const LkServerRequest *request, LkServerQueryFunc func, gpointer data);

/* HEADERS: name, value, name, value, …, NULL; or NULL. BODY may be NULL and is kept by reference.
 */
void
lk_server_reply (LkServerRequest *request, guint status, const char *const *headers, GBytes *body);

/* Closes the connection without an answer. */
void lk_server_cut (LkServerRequest *request);

/* For the sandbox's faults: an answer whose Content-Length is LENGTH, more than BODY has, and which
 * is cut behind BODY; with LENGTH 0, BODY again and again without end. */
void lk_server_reply_broken (LkServerRequest *request,
                             guint status,
                             const char *const *headers,
                             GBytes *body,
                             guint64 length);

G_END_DECLS
