/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * How the simulated Nexudus answers, to the byte: tokens, lists page by page, rows by id, and all
 * that goes wrong with them (the weather). One thread.
 */
#pragma once

#include "nexus.h"

#include "../sim/world.h"

G_BEGIN_DECLS

typedef struct _SimService Server; /* world->service */

typedef struct
{
  const char *method, *url; /* the path and what follows it */
  const char *authorization, *client, *body;
} ServeRequest;

/* What comes back. STATUS 0: nothing, after WAIT. */
typedef struct
{
  int status;
  char *body;
  gsize len;
  char retry_after[32]; /* "": not said */
  char date[40];
  gint64 wait; /* it takes so much longer */
  gboolean too_large;
} ServeAnswer;

/* Called with each request, and between two pages of a list: something may happen there. */
typedef void (*ServeFunc) (gpointer data);

Server *server_new (SimWorld *world, Nexus *nexus, ServeFunc asked, ServeFunc between,
                    gpointer data);
void server_answer (Server *server, const ServeRequest *request, ServeAnswer *out);
void serve_answer_clear (ServeAnswer *answer);

/* All tokens that were given out so far end; REFRESH: those for refreshing as well. */
void server_end_tokens (Server *server, gboolean refresh);
/* ENTITY's row can't be read until UNTIL. */
void server_make_sick (Server *server, const NxEntity *entity, gint64 until);
void server_heal (Server *server);                                       /* all of them */
gint64 server_sick_until (const Server *server, const NxEntity *entity); /* NX_NONE: never was */

/* Something went wrong, now (LENGTH 0) or for so long: promises are off for a while (check.h). */
void weeks_trouble (SimWorld *world, gint64 length);

/* --- render.c --------------------------------------------------------------------------------- */

/* ENTITY's row as JSON, as in a list or as by id. SICK: with a field of another type. */
void render_row (const Nexus *nexus, const NxEntity *entity, gboolean by_id, gboolean sick,
                 GString *out);

G_END_DECLS
