/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What serve.c (requests), list.c (pages) and spoil.c (what goes wrong) share. Nobody else includes
 * it.
 */
#pragma once

#include "serve.h"

G_BEGIN_DECLS

struct _SimService
{
  SimWorld *world;
  Nexus *nexus;
  ServeFunc asked, between;
  gpointer data;
  GHashTable *sick;    /* NxEntity* → gint64* until */
  GHashTable *refresh; /* client id → number of its refresh token, and 1 */
  GArray *tokens;      /* gint64: when each ends */
  gint64 ended;        /* tokens before this one have ended */
};

typedef enum
{
  FILTER_NONE,
  FILTER_UPDATED,
  FILTER_USED_SINCE,
  FILTER_UNUSED,
  FILTER_CONTRACT_UID,
  FILTER_UNTIL,
  FILTER_CANCELLED,
  FILTER_COWORKER,
  FILTER_OF,
} FilterKind;

typedef struct
{
  NxKind kind;
  gboolean by_id;
  guint page, size;
  FilterKind filter;
  gint64 number; /* of the filter, or the id */
  char *text;
} Query;

void serve_say (ServeAnswer *out, int status, const char *body);
void serve_list (Server *server, const Query *query, ServeAnswer *out);
/* Whether the request is answered by something else than its answer. */
gboolean serve_goes_wrong (Server *server, const ServeRequest *request, ServeAnswer *out);
/* Whether this row has a field of another type, this time. */
gboolean serve_spoils_row (Server *server, const NxEntity *entity);

/* A page that is about to be sent. */
typedef struct
{
  GPtrArray *rows; /* NxEntity*, borrowed */
  gint64 total, pages, page, size;
  gboolean has_next;
  gboolean bad_id, twice; /* the first row is without a proper Id, or there twice */
} Page;

/* Changes PAGE of QUERY; BEFORE are the rows of the page before it, of which it has some. */
void serve_spoil_page (Server *server, const Query *query, const GPtrArray *before, Page *page);
void serve_spoil_text (Server *server, const Query *query, GString *text, ServeAnswer *out);

G_END_DECLS
