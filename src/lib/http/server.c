/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * libmicrohttpd behind server.h. It calls back with pieces of a request; here they become one
 * LkServerRequest that the caller answers when it likes, its connection suspended meanwhile.
 */
#include <latchkey/http/server.h>

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IDLE_SECONDS    120
#define CONNECTIONS_MAX 512

struct _LkServer
{
  struct MHD_Daemon *daemon;
  LkServerFunc func;
  gpointer data;
  gsize body_max;
  GHashTable *waiting; /* suspended requests: a set */
  char *url;
  guint16 port;
  gboolean answered; /* a suspended request was: run before waiting */
};

struct _LkServerRequest
{
  LkServer *server;
  struct MHD_Connection *connection;
  const char *method;
  char *path;
  GByteArray *body;
  struct MHD_Response *response; /* what to send */
  guint status;
  gboolean done;      /* answered or cut */
  gboolean cut;       /* instead of an answer */
  gboolean too_large; /* the body passed the ceiling */
  gboolean handled;   /* the handler was called */
  gboolean suspended;
};

/* --- the address ------------------------------------------------------------------------------ */

static gboolean
parse_listen (const char *listen, struct sockaddr_storage *out, socklen_t *out_len, GError **error)
{
  const char *colon = strrchr (listen, ':');
  guint64 port;
  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
    return lk_fail (error, LK_ERROR_CONFIG, "'%s' is not ADDRESS:PORT", listen);

  g_autofree char *host = g_strndup (listen, (gsize)(colon - listen));
  gsize len = strlen (host);
  memset (out, 0, sizeof *out);
  if (len > 2 && host[0] == '[' && host[len - 1] == ']')
    {
      struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
      host[len - 1] = '\0';
      in6->sin6_family = AF_INET6;
      in6->sin6_port = htons ((guint16)port);
      *out_len = sizeof *in6;
      if (inet_pton (AF_INET6, host + 1, &in6->sin6_addr) == 1)
        return TRUE;
    }
  else
    {
      struct sockaddr_in *in4 = (struct sockaddr_in *)out;
      in4->sin_family = AF_INET;
      in4->sin_port = htons ((guint16)port);
      *out_len = sizeof *in4;
      if (inet_pton (AF_INET, host, &in4->sin_addr) == 1)
        return TRUE;
    }
  return lk_fail (error, LK_ERROR_CONFIG, "'%s': '%s' is not a numeric address", listen, host);
}

/* Binding here, not in the library, tells apart an address that is taken from one that is wrong. */
static int
open_socket (const char *listen_on, guint16 *out_port, GError **error)
{
  struct sockaddr_storage address;
  socklen_t len;
  if (!parse_listen (listen_on, &address, &len, error))
    return -1;

  int fd = socket (address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    {
      lk_fail (error, LK_ERROR_RETRY, "listen on '%s': %s", listen_on, g_strerror (errno));
      return -1;
    }
  int on = 1;
  (void)setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* a convenience */
  if (bind (fd, (struct sockaddr *)&address, len) != 0 || listen (fd, SOMAXCONN) != 0
      || getsockname (fd, (struct sockaddr *)&address, &len) != 0)
    {
      int code = errno == EADDRINUSE ? LK_ERROR_RETRY : LK_ERROR_CONFIG;
      lk_fail (error, code, "listen on '%s': %s", listen_on, g_strerror (errno));
      close (fd);
      return -1;
    }
  *out_port = ntohs (address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                   : ((struct sockaddr_in *)&address)->sin_port);
  return fd;
}

/* --- one request ------------------------------------------------------------------------------ */

static LkServerRequest *
request_new (LkServer *server,
             struct MHD_Connection *connection,
             const char *method,
             const char *path)
{
  LkServerRequest *request = g_new0 (LkServerRequest, 1);
  request->server = server;
  request->connection = connection;
  request->method = method;
  request->path = g_strdup (path);
  return request;
}

static void
request_free (LkServerRequest *request)
{
  if (request->response != NULL)
    MHD_destroy_response (request->response);
  g_clear_pointer (&request->body, g_byte_array_unref);
  g_free (request->path);
  g_free (request);
}

static void
on_completed (void *data,
              struct MHD_Connection *connection,
              void **slot,
              enum MHD_RequestTerminationCode code)
{
  g_clear_pointer ((LkServerRequest **)slot, request_free);
}

static enum MHD_Result
send_answer (LkServerRequest *request)
{
  if (request->cut)
    return MHD_NO;
  enum MHD_Result result
      = MHD_queue_response (request->connection, request->status, request->response);
  MHD_destroy_response (g_steal_pointer (&request->response));
  return result;
}

static enum MHD_Result
refuse_large (struct MHD_Connection *connection)
{
  struct MHD_Response *response = MHD_create_response_from_buffer (0, NULL, MHD_RESPMEM_PERSISTENT);
  (void)MHD_add_response_header (response, "Connection", "close");
  enum MHD_Result result = MHD_queue_response (connection, 413, response);
  MHD_destroy_response (response);
  return result;
}

static gboolean
announces_large (LkServer *server, struct MHD_Connection *connection)
{
  const char *text = MHD_lookup_connection_value (connection, MHD_HEADER_KIND, "Content-Length");
  guint64 length;
  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &length, NULL)
         && length > server->body_max;
}

static void
take_body (LkServerRequest *request, const char *bytes, gsize len)
{
  if (request->too_large)
    return;
  if (request->body == NULL)
    request->body = g_byte_array_new ();
  if (request->body->len + len > request->server->body_max)
    {
      request->too_large = TRUE;
      g_byte_array_set_size (request->body, 0);
      return;
    }
  g_byte_array_append (request->body, (const guint8 *)bytes, (guint)len);
}

static enum MHD_Result
on_request (void *data,
            struct MHD_Connection *connection,
            const char *url,
            const char *method,
            const char *version,
            const char *upload,
            size_t *upload_size,
            void **slot)
{
  LkServer *server = data;
  LkServerRequest *request = *slot;
  if (request == NULL)
    {
      if (announces_large (server, connection))
        return refuse_large (connection);
      *slot = request_new (server, connection, method, url);
      return MHD_YES;
    }
  if (*upload_size > 0)
    {
      take_body (request, upload, *upload_size);
      *upload_size = 0;
      return MHD_YES;
    }
  if (request->too_large)
    return refuse_large (connection);
  if (!request->handled)
    {
      request->handled = TRUE;
      if (request->body == NULL)
        request->body = g_byte_array_new ();
      g_byte_array_append (request->body, (const guint8 *)"", 1); /* so that it ends in NUL */
      server->func (request, server->data);
    }
  if (request->done)
    return send_answer (request);
  request->suspended = TRUE;
  g_hash_table_add (server->waiting, request);
  MHD_suspend_connection (connection);
  return MHD_YES;
}

/* --- the server ------------------------------------------------------------------------------- */

LkServer *
lk_server_new (const char *listen, gsize body_max, LkServerFunc func, gpointer data, GError **error)
{
  g_autoptr (LkServer) server = g_new0 (LkServer, 1);
  server->func = func;
  server->data = data;
  server->body_max = body_max > 0 ? body_max : LK_SERVER_BODY_MAX;
  server->waiting = g_hash_table_new (NULL, NULL);

  int fd = open_socket (listen, &server->port, error);
  if (fd < 0)
    return NULL;
  server->url = g_strdup_printf ("http://%.*s:%u", (int)(strrchr (listen, ':') - listen), listen,
                                 server->port);

  server->daemon = MHD_start_daemon (
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
      MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned int)IDLE_SECONDS, MHD_OPTION_END);
  if (server->daemon == NULL)
    {
      close (fd);
      lk_fail (error, LK_ERROR_RETRY, "listen on '%s': the server did not start", listen);
      return NULL;
    }
  return g_steal_pointer (&server);
}

void
lk_server_free (LkServer *server)
{
  if (server == NULL)
    return;
  if (server->daemon != NULL)
    {
      /* The library insists that nothing is suspended when it stops. */
      g_autoptr (GList) waiting = g_hash_table_get_keys (server->waiting);
      for (GList *item = waiting; item != NULL; item = item->next)
        lk_server_cut (item->data);
      MHD_run (server->daemon);
      MHD_stop_daemon (server->daemon);
    }
  g_hash_table_unref (server->waiting);
  g_free (server->url);
  g_free (server);
}

guint16
lk_server_port (const LkServer *server)
{
  return server->port;
}

const char *
lk_server_url (const LkServer *server)
{
  return server->url;
}

int
lk_server_fd (const LkServer *server)
{
  return MHD_get_daemon_info (server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int
lk_server_timeout_ms (const LkServer *server)
{
  MHD_UNSIGNED_LONG_LONG timeout;
  if (server->answered)
    return 0;
  if (MHD_get_timeout (server->daemon, &timeout) != MHD_YES)
    return -1;
  return timeout > G_MAXINT ? G_MAXINT : (int)timeout;
}

void
lk_server_run (LkServer *server)
{
  server->answered = FALSE;
  (void)MHD_run (server->daemon); /* what failed is a connection's, and closed */
}

/* --- what was asked --------------------------------------------------------------------------- */

const char *
lk_server_method (const LkServerRequest *request)
{
  return request->method;
}

const char *
lk_server_path (const LkServerRequest *request)
{
  return request->path;
}

const char *
lk_server_query (const LkServerRequest *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *
lk_server_header (const LkServerRequest *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_HEADER_KIND, name);
}

const char *
lk_server_body (const LkServerRequest *request, gsize *out_len)
{
  if (out_len != NULL)
    *out_len = request->body->len - 1;
  return (const char *)request->body->data;
}

typedef struct
{
  LkServerQueryFunc func;
  gpointer data;
} QueryWalk;

static enum MHD_Result
on_query (void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  const QueryWalk *walk = data;
  walk->func (name, value, walk->data);
  return MHD_YES;
}

void
lk_server_query_each (const LkServerRequest *request, LkServerQueryFunc func, gpointer data)
{
  QueryWalk walk = { func, data };
  (void)MHD_get_connection_values (request->connection, MHD_GET_ARGUMENT_KIND, on_query, &walk);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void
finish (LkServerRequest *request)
{
  g_assert (!request->done);
  request->done = TRUE;
  if (!request->suspended)
    return;
  request->suspended = FALSE;
  request->server->answered = TRUE;
  g_hash_table_remove (request->server->waiting, request);
  MHD_resume_connection (request->connection);
}

static void
answer (LkServerRequest *request,
        guint status,
        const char *const *headers,
        struct MHD_Response *response)
{
  for (; headers != NULL && headers[0] != NULL; headers += 2)
    (void)MHD_add_response_header (response, headers[0], headers[1]);
  request->status = status;
  request->response = response;
  finish (request);
}

static void
unref_bytes (void *data)
{
  g_bytes_unref (data);
}

void
lk_server_reply (LkServerRequest *request, guint status, const char *const *headers, GBytes *body)
{
  struct MHD_Response *response;
  if (body == NULL)
    response = MHD_create_response_from_buffer (0, NULL, MHD_RESPMEM_PERSISTENT);
  else
    response = MHD_create_response_from_buffer_with_free_callback_cls (
        g_bytes_get_size (body), (void *)g_bytes_get_data (body, NULL), unref_bytes,
        g_bytes_ref (body));
  answer (request, status, headers, response);
}

void
lk_server_cut (LkServerRequest *request)
{
  request->cut = TRUE;
  finish (request);
}

typedef struct
{
  GBytes *body;
  gboolean endless;
} Broken;

static void
broken_free (void *data)
{
  Broken *broken = data;
  g_bytes_unref (broken->body);
  g_free (broken);
}

static ssize_t
broken_read (void *data, uint64_t position, char *out, size_t max)
{
  Broken *broken = data;
  gsize size;
  const char *bytes = g_bytes_get_data (broken->body, &size);
  if (size == 0 || (position >= size && !broken->endless))
    return MHD_CONTENT_READER_END_WITH_ERROR;
  gsize from = position % size;
  gsize len = MIN (max, size - from);
  memcpy (out, bytes + from, len);
  return (ssize_t)len;
}

void
lk_server_reply_broken (LkServerRequest *request,
                        guint status,
                        const char *const *headers,
                        GBytes *body,
                        guint64 length)
{
  Broken *broken = g_new0 (Broken, 1);
  broken->body = g_bytes_ref (body);
  broken->endless = length == 0;
  answer (request, status, headers,
          MHD_create_response_from_callback (length == 0 ? MHD_SIZE_UNKNOWN : length, 16384,
                                             broken_read, broken, broken_free));
}
