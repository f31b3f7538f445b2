/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The account's client: its key, its calls, and one request at a time of each call. A request ends
 * in a judged answer; what has no HTTP answer is judged here, by whether it was ever sent.
 */
#include "internal.h"

#include <latchkey/base/metrics.h>

#include <string.h>
#include <sys/stat.h>

/* A read under way that waited this long for the rate has the next request for itself: it would
 * otherwise hold its pages for ever, and start over in the end. */
#define PATIENCE_MS   2000
#define THROTTLED_MAX 10

static void call_free (LkKisiCall *call);

LkKisi *
lk_kisi_new (const LkConfigKisi *config, const LkClock *clock, LkTimers *timers, LkBudget *budget)
{
  LkKisi *kisi = g_new0 (LkKisi, 1);

  kisi->config = config;
  kisi->clock = clock;
  kisi->timers = timers;
  kisi->budget = budget;
  kisi->http = lk_http_new (clock, "kisi", config->account);
  kisi->calls = g_hash_table_new (NULL, NULL);
  kisi->set_free_at = G_MININT64;
  return kisi;
}

void
lk_kisi_free (LkKisi *kisi)
{
  GHashTableIter iter;
  gpointer call;

  if (kisi == NULL)
    return;
  g_hash_table_iter_init (&iter, kisi->calls);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    {
      g_hash_table_iter_steal (&iter);
      call_free (call);
    }
  g_hash_table_unref (kisi->calls);
  lk_http_free (kisi->http);
  lk_secret_free (kisi->authorization);
  g_free (kisi);
}

void
lk_kisi_turn (LkKisi *kisi)
{
  lk_http_turn (kisi->http);
}

guint
lk_kisi_in_flight (const LkKisi *kisi)
{
  return g_hash_table_size (kisi->calls);
}

/* --- the key ---------------------------------------------------------------------------------- */

static gboolean
key_is_usable (const char *key)
{
  for (const char *c = key; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE; /* it would break the header line, or add one */
  return TRUE;
}

gboolean
lk_kisi_has_key (LkKisi *kisi, GError **error)
{
  const char *path = kisi->config->key_file;
  struct stat st = { 0 };
  gint64 mtime_ns = -1;
  char *key;

  if (stat (path, &st) == 0)
    mtime_ns = (gint64)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
  if (kisi->authorization != NULL && mtime_ns == kisi->key_mtime_ns && st.st_size == kisi->key_size
      && st.st_ino == kisi->key_inode)
    return TRUE;
  key = lk_secret_read (path, error);
  if (key == NULL)
    return FALSE;
  if (!key_is_usable (key))
    {
      lk_secret_free (key);
      return lk_fail (error, LK_ERROR_RETRY, "'%s': a KISI key has no spaces or line breaks", path);
    }
  lk_secret_free (kisi->authorization);
  kisi->authorization = g_strconcat ("Authorization: KISI-LOGIN ", key, NULL);
  kisi->key_mtime_ns = mtime_ns;
  kisi->key_size = st.st_size;
  kisi->key_inode = st.st_ino;
  lk_secret_free (key);
  return TRUE;
}

/* --- calls ------------------------------------------------------------------------------------ */

LkKisiCall *
kisi_call_new (
    LkKisi *kisi, LkKisiShape shape, gboolean writes, KisiNext next, LkKisiFunc func, gpointer data)
{
  LkKisiCall *call = g_new0 (LkKisiCall, 1);

  call->kisi = kisi;
  call->shape = shape;
  call->writes = writes;
  call->next = next;
  call->func = func;
  call->data = data;
  call->started_at = LK_TIME_NONE;
  call->date = LK_TIME_NONE;
  call->total = -1;
  g_hash_table_add (kisi->calls, call);
  return call;
}

static void
claim (LkKisiCall *call, gboolean claimed)
{
  if (call->claimed == claimed)
    return;
  call->claimed = claimed;
  if (claimed)
    lk_budget_claim (call->kisi->budget);
  else
    lk_budget_unclaim (call->kisi->budget);
}

static void
call_free (LkKisiCall *call)
{
  claim (call, FALSE);
  if (call->http != NULL)
    lk_http_cancel (call->kisi->http, call->http);
  lk_timers_cancel (call->kisi->timers, call->timer);
  g_free (call->path);
  g_free (call->body);
  g_free (call->page_path);
  g_free (call->want_email);
  g_free (call->last_id);
  g_free (call->set_id);
  g_free (call->page_cursor);
  lk_kisi_answer_free (call->whole);
  g_clear_pointer (&call->seen, g_hash_table_unref);
  kisi_set_clear (&call->set);
  g_free (call);
}

void
lk_kisi_cancel (LkKisi *kisi, LkKisiCall *call)
{
  if (call == NULL)
    return;
  gboolean ours = g_hash_table_remove (kisi->calls, call);
  g_assert (ours); /* one that has called back is gone */
  call_free (call);
}

void
kisi_finish (LkKisiCall *call, LkKisiAnswer *answer)
{
  LkKisiFunc func = call->func;
  gpointer data = call->data;

  answer->started_at = call->started_at;
  answer->date = call->date;
  lk_metric_add (LK_M_KISI_ANSWERS, 1, call->kisi->config->account,
                 lk_kisi_verdict_name (answer->verdict), NULL);
  g_hash_table_remove (call->kisi->calls, call);
  call_free (call);
  func (answer, data);
  lk_kisi_answer_free (answer);
}

/* The answer to a request that has none. */
static LkKisiAnswer *
judge_transport (LkKisiCall *call, const LkHttpResponse *response)
{
  g_autofree char *what = kisi_scrub (response->error->message);
  LkKisiVerdict verdict = LK_KISI_UNAVAILABLE;

  if (call->writes && !g_error_matches (response->error, LK_ERROR, LK_ERROR_RETRY))
    verdict = LK_KISI_UNKNOWN;
  else if (response->too_large)
    verdict = LK_KISI_MALFORMED;
  return kisi_answer_new (call->shape, call->writes, verdict,
                          g_strdup_printf ("no answer: %s", what));
}

static void
answered (const LkHttpResponse *response, gpointer data)
{
  LkKisiCall *call = data;
  LkBudget *budget = call->kisi->budget;
  LkKisiAnswer *answer;

  call->http = NULL;
  if (call->started_at == LK_TIME_NONE)
    call->started_at = response->started_at;
  if (response->error != NULL)
    {
      answer = judge_transport (call, response);
    }
  else
    {
      kisi_set_clear (&call->set);
      answer = kisi_judge (call->shape, call->writes, response->status, response->body,
                           response->body_len, &call->set);
      if (call->date == LK_TIME_NONE)
        call->date = lk_http_date (response);
      if (answer->verdict == LK_KISI_THROTTLED)
        lk_budget_throttled (budget, lk_http_retry_after_ms (response));
      else if (response->status < 500)
        lk_budget_ok (budget);
    }
  call->next (call, answer, response);
}

static void
no_key (gpointer data)
{
  LkKisiCall *call = data;

  call->timer = NULL;
  kisi_finish (call, kisi_answer_new (call->shape, call->writes, LK_KISI_UNAVAILABLE,
                                      g_strdup ("the key can't be read; nothing was sent")));
}

void
kisi_send (LkKisiCall *call, const char *method, const char *path, const char *body)
{
  LkKisi *kisi = call->kisi;
  g_autofree char *url = g_strconcat (kisi->config->url, path, NULL);
  g_assert (call->http == NULL && call->timer == NULL);
  call->waiting_since = 0;
  claim (call, FALSE);
  if (!lk_kisi_has_key (kisi, NULL))
    {
      /* Who watches readiness reports the reason; here it is only that nothing was sent. */
      call->timer = lk_timers_add (kisi->timers, 0, no_key, call);
      return;
    }
  const char *const headers[] = { kisi->authorization, "Accept: application/json",
                                  "X-Kisi-Integration-Identifier: latchkey",
                                  body != NULL ? "Content-Type: application/json" : NULL, NULL };
  const LkHttpRequest request
      = { .method = method, .url = url, .headers = headers, .body = body, .body_len = -1 };
  lk_budget_spend (kisi->budget);
  call->http = lk_http_send (kisi->http, &request, answered, call);
}

static void try_send (LkKisiCall *call);

static void
waited (gpointer data)
{
  LkKisiCall *call = data;

  call->timer = NULL;
  try_send (call);
}

static void
try_send (LkKisiCall *call)
{
  LkKisi *kisi = call->kisi;
  gint64 now = lk_clock_steady (kisi->clock);
  gint64 wait;

  if (now - call->waiting_since >= PATIENCE_MS)
    claim (call, TRUE);
  wait = call->claimed ? lk_budget_claimed_wait_ms (kisi->budget)
                       : lk_budget_wait_ms (kisi->budget, call->reserve);
  if (wait > 0)
    {
      if (!call->claimed)
        wait = MIN (wait, call->waiting_since + PATIENCE_MS - now);
      call->timer = lk_timers_add (kisi->timers, wait, waited, call);
      return;
    }
  g_autofree char *path = g_steal_pointer (&call->page_path);
  kisi_send (call, call->method, path, call->body);
}

void
kisi_send_when_free (LkKisiCall *call, const char *method, const char *path, const char *body)
{
  char *next_path = g_strdup (path), *next_body = g_strdup (body);

  g_free (call->page_path);
  g_free (call->body);
  call->method = method;
  call->page_path = next_path;
  call->body = next_body;
  call->waiting_since = lk_clock_steady (call->kisi->clock);
  try_send (call);
}

gboolean
kisi_again_when_throttled (LkKisiCall *call, const LkKisiAnswer *answer)
{
  if (answer->verdict != LK_KISI_THROTTLED)
    {
      call->throttled = 0;
      return FALSE;
    }
  /* The caller tries again from the first page; a read that is mostly done is worth the wait. */
  return call->throttled++ < THROTTLED_MAX;
}
