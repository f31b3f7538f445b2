/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Token login and refresh. Each process has a client_id of its own, since a login with the same one
 * ends the other's refresh token.
 */
#include "session.h"

#include <latchkey/base/log.h>
#include <string.h>

#define EARLY_MS LK_HOUR /* a token is renewed that long before it ends */

struct _LkSession
{
  const LkConfigNexudus *config;
  const LkClock *clock;
  LkHttp *http;
  LkBudget *budget;
  LkBackoff backoff;
  LkHttpCall *call; /* the login under way */
  gboolean refreshing;
  char *client_header, *authorization, *refresh_token;
  gint64 ends_at;    /* steady */
  gint64 not_before; /* steady */
  GError *fault;
};

LkSession *
lk_session_new (const LkConfigNexudus *config, const LkClock *clock, LkHttp *http, LkBudget *budget)
{
  LkSession *session = g_new0 (LkSession, 1);
  g_autofree char *uuid = g_uuid_string_random ();

  session->config = config;
  session->clock = clock;
  session->http = http;
  session->budget = budget;
  session->client_header = g_strdup_printf ("client_id: latchkey-%s", uuid);
  lk_backoff_init (&session->backoff, 1000, 60000, 0);
  return session;
}

static void
wipe (char **text)
{
  lk_secret_free (*text);
  *text = NULL;
}

void
lk_session_free (LkSession *session)
{
  if (session == NULL)
    return;
  if (session->call != NULL)
    lk_http_cancel (session->http, session->call);
  wipe (&session->authorization);
  wipe (&session->refresh_token);
  g_free (session->client_header);
  g_clear_error (&session->fault);
  g_free (session);
}

static void
failed (LkSession *session, GError *error)
{
  g_clear_error (&session->fault);
  session->fault = error;
  session->not_before = lk_clock_steady (session->clock) + lk_backoff_next (&session->backoff);
  lk_warning (LK_F (.account = session->config->account, .event = "login_failed", .error = error),
              "can't log in to Nexudus; trying again in %" G_GINT64_FORMAT " s",
              (session->not_before - lk_clock_steady (session->clock) + 999) / 1000);
}

static void
succeeded (LkSession *session)
{
  g_clear_error (&session->fault);
  lk_backoff_reset (&session->backoff);
  session->not_before = 0;
}

static GError *
refusal (const LkHttpResponse *response)
{
  g_autofree char *word = lk_nexudus_refusal_word (response->body, response->body_len);

  return g_error_new (LK_ERROR,
                      response->status >= 500 || response->status == 429 || response->status == 409
                          ? LK_ERROR_RETRY
                          : LK_ERROR_REFUSED,
                      "api/token: status %d%s%s", response->status, word == NULL ? "" : ": ",
                      word == NULL ? "" : word);
}

static gboolean
take_token (LkSession *session, const LkHttpResponse *response, GError **error)
{
  g_auto (LkNexudusToken) token = { 0 };

  if (!lk_nexudus_token_parse (&token, response->body, response->body_len, error))
    return FALSE;
  wipe (&session->authorization);
  wipe (&session->refresh_token);
  session->authorization = g_strdup_printf ("Authorization: Bearer %s", token.access);
  session->refresh_token = g_steal_pointer (&token.refresh);
  session->ends_at
      = lk_clock_steady (session->clock) + token.life_ms - MIN (EARLY_MS, token.life_ms / 10);
  return TRUE;
}

static void
answered (const LkHttpResponse *response, gpointer data)
{
  LkSession *session = data;
  GError *error = NULL;

  session->call = NULL;
  if (response->error != NULL)
    failed (session,
            g_error_new (LK_ERROR, LK_ERROR_RETRY, "api/token: %s", response->error->message));
  else if (response->status == 200)
    {
      if (take_token (session, response, &error))
        succeeded (session);
      else
        {
          (void) lk_fail_prefix (&error, "api/token");
          failed (session, error);
        }
    }
  else if (response->status == 429 || response->status == 409)
    {
      gint64 wait = lk_http_retry_after_ms (response);
      if (wait < 0)
        wait = lk_nexudus_wait_of_text (response->body, response->body_len);
      lk_budget_throttled (session->budget, wait);
      failed (session, refusal (response));
    }
  else if (session->refreshing && response->status < 500)
    /* The refresh token has ended, or another login with our client_id took its place. */
    wipe (&session->refresh_token);
  else
    failed (session, refusal (response));
}

static void
append_form (GString *form, const char *name, const char *value)
{
  g_autofree char *escaped = g_uri_escape_string (value, NULL, FALSE);

  g_string_append_printf (form, "%s%s=%s", form->len == 0 ? "" : "&", name, escaped);
}

/* Basic needs no request: the header is made from the password. */
static void
make_basic (LkSession *session, const char *password)
{
  g_autofree char *pair = g_strdup_printf ("%s:%s", session->config->user, password);
  g_autofree char *coded = g_base64_encode ((const guchar *) pair, strlen (pair));

  wipe (&session->authorization);
  session->authorization = g_strdup_printf ("Authorization: Basic %s", coded);
  session->ends_at = lk_clock_steady (session->clock) + LK_HOUR; /* the file may have changed */
  succeeded (session);
}

static void
send_form (LkSession *session, const char *password)
{
  g_autoptr (GString) form = g_string_new (NULL);
  g_autofree char *url = g_strconcat (session->config->url, "/api/token", NULL);
  const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                  "Accept: application/json", session->client_header, NULL };
  LkHttpRequest request = { .method = "POST", .url = url, .headers = headers };

  if (password == NULL)
    {
      append_form (form, "grant_type", "refresh_token");
      append_form (form, "refresh_token", session->refresh_token);
    }
  else
    {
      append_form (form, "grant_type", "password");
      append_form (form, "username", session->config->user);
      append_form (form, "password", password);
    }
  request.body = form->str;
  request.body_len = (gssize) form->len;
  session->refreshing = password == NULL;
  lk_budget_spend (session->budget);
  session->call = lk_http_send (session->http, &request, answered, session);
  memset (form->str, 0, form->len);
}

void
lk_session_login (LkSession *session)
{
  GError *error = NULL;
  char *password;

  if (session->call != NULL || lk_session_wait_ms (session) > 0)
    return;
  if (session->refresh_token != NULL && !session->config->basic)
    {
      send_form (session, NULL);
      return;
    }
  password = lk_secret_read (session->config->password_file, &error);
  if (password == NULL)
    {
      failed (session, error);
      return;
    }
  if (session->config->basic)
    make_basic (session, password);
  else
    send_form (session, password);
  lk_secret_free (password);
}

const char *
lk_session_header (LkSession *session)
{
  if (session->authorization == NULL || lk_clock_steady (session->clock) >= session->ends_at)
    return NULL;
  return session->authorization;
}

const char *
lk_session_client_header (const LkSession *session)
{
  return session->client_header;
}

void
lk_session_expire (LkSession *session)
{
  wipe (&session->authorization);
}

gint64
lk_session_wait_ms (const LkSession *session)
{
  gint64 wait = session->not_before - lk_clock_steady (session->clock);

  return MAX (MAX (wait, 0), session->config->basic ? 0 : lk_budget_wait_ms (session->budget, 0));
}

const GError *
lk_session_fault (const LkSession *session)
{
  return session->fault;
}
