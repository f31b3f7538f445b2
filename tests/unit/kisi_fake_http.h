/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * An HTTP client for tests that opens no socket: it stands in for lk_http's, and answers each
 * request from a script, in the order in which they come. A request that the script does not expect
 * fails the test.
 */
#pragma once

#include <latchkey/http/client.h>

typedef struct
{
  const char *method, *path; /* path with query, as it must be sent */
  const char *sent;          /* the body as it must be sent; NULL: none */
  int status;                /* 0: no answer, see `unsure` */
  const char *range;         /* X-Collection-Range, or NULL */
  const char *body;          /* NULL: empty */
  gint64 retry_after_ms;     /* 0: not said */
  LkTime date;               /* 0: not said */
  gboolean unsure;           /* no answer: it may have been sent */
} FakeStep;

void fake_http_script (const FakeStep *steps, guint n);
/* All steps were asked for. */
void fake_http_done (void);
/* The value of header NAME in the newest request, or NULL. */
const char *fake_http_sent_header (const char *name);
guint fake_http_count (void); /* requests since the script began */
