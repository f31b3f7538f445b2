/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Door events by event set (kisi-api.md §3.1): make the set, wait while it is in progress, follow
 * its cursor. Making one changes nothing, so its calls are judged as reading ones.
 *
 * The answer to the making holds events too, but by its own page size; when it has a cursor the set
 * is read from its beginning, since whether a cursor goes with another page size is not known.
 */
#include "internal.h"

#include <string.h>

#define SET_LIMIT      200
#define SET_PAGES_MAX  500
#define SET_EVERY_MS LK_KISI_RATE_MS /* KISI takes one new set a second */
#define POLL_FIRST_MS  500
#define POLL_CAP_MS    5000
#define POLL_WITHIN_MS 60000

static const char event_types[] = "lock.unlock,lock.forced_open,lock.held_open,lock.tailgate,"
                                  "lock.lock_down,lock.cancel_lockdown";

static void
make_set (gpointer data)
{
  LkKisiCall *call = data;
  LkKisi *kisi = call->kisi;
  gint64 now = lk_clock_steady (kisi->clock);

  call->timer = NULL;
  if (now < kisi->set_free_at)
    {
      call->timer = lk_timers_add (kisi->timers, kisi->set_free_at - now, make_set, call);
      return;
    }
  kisi->set_free_at = now + SET_EVERY_MS;
  kisi_send (call, "POST", "/event_sets", call->body);
}

static void set_answered (LkKisiCall *call, LkKisiAnswer *answer, const LkHttpResponse *response);

LkKisiCall *
lk_kisi_list_events (LkKisi *kisi,
                     LkTime from,
                     LkTime until,
                     gint64 place_id,
                     double reserve,
                     LkKisiFunc func,
                     gpointer data)
{
  LkKisiCall *call = kisi_call_new (kisi, LK_KISI_SHAPE_EVENTS, FALSE, set_answered, func, data);
  g_autoptr (GString) body = g_string_new (NULL);
  LkJsonWriter writer = { body, FALSE };
  char start[LK_TIME_TEXT], end[LK_TIME_TEXT];

  /* Whole seconds outwards: whether KISI reads fractions here is not known. */
  from -= ((from % LK_SECOND) + LK_SECOND) % LK_SECOND;
  until += (LK_SECOND - until % LK_SECOND) % LK_SECOND;
  g_autofree char *interval = g_strconcat (
      lk_time_format (from, start), "/", lk_time_format (MAX (until, from + LK_SECOND), end), NULL);
  lk_json_begin_object (&writer, NULL);
  lk_json_begin_object (&writer, "event_set");
  lk_json_string (&writer, "interval", interval);
  lk_json_string (&writer, "event_type", event_types);
  if (place_id != 0)
    lk_json_int (&writer, "event_place_id", place_id);
  lk_json_end_object (&writer);
  lk_json_end_object (&writer);
  call->body = g_strdup (body->str);
  call->reserve = reserve;
  call->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  call->whole = kisi_answer_new (call->shape, FALSE, LK_KISI_OK, g_strdup ("ok"));
  make_set (call);
  return call;
}

/* --- reading the set -------------------------------------------------------------------------- */

/* GET the set, or its next page. */
static void
read_set (LkKisiCall *call)
{
  g_autofree char *cursor
      = call->page_cursor == NULL ? NULL : g_uri_escape_string (call->page_cursor, NULL, FALSE);
  g_autofree char *path
      = g_strdup_printf ("/event_sets/%s?limit=%d%s%s", call->set_id, SET_LIMIT,
                         cursor != NULL ? "&cursor=" : "", cursor != NULL ? cursor : "");

  kisi_send_when_free (call, "GET", path, NULL);
}

static void
poll_now (gpointer data)
{
  LkKisiCall *call = data;

  call->timer = NULL;
  read_set (call);
}

static void
poll_later (LkKisiCall *call, LkKisiAnswer *answer)
{
  gint64 now = lk_clock_steady (call->kisi->clock);

  if (call->poll_ms == 0)
    call->poll_until = now + POLL_WITHIN_MS;
  if (now >= call->poll_until)
    {
      kisi_answer_fail (answer, LK_KISI_UNAVAILABLE,
                        g_strdup ("the event set is still in progress after a minute"));
      kisi_finish (call, answer);
      return;
    }
  lk_kisi_answer_free (answer);
  call->poll_ms = call->poll_ms == 0 ? POLL_FIRST_MS : MIN (2 * call->poll_ms, POLL_CAP_MS);
  call->timer = lk_timers_add (call->kisi->timers, call->poll_ms, poll_now, call);
}

static int
by_time (gconstpointer a, gconstpointer b)
{
  const LkKisiEvent *x = *(LkKisiEvent *const *)a, *y = *(LkKisiEvent *const *)b;

  if (x->created_at != y->created_at)
    return x->created_at < y->created_at ? -1 : 1;
  return strcmp (x->uuid, y->uuid);
}

static void
finish_events (LkKisiCall *call, LkKisiAnswer *page)
{
  LkKisiAnswer *whole = g_steal_pointer (&call->whole);

  g_ptr_array_sort (whole->events, by_time);
  whole->status = page->status;
  lk_kisi_answer_free (page);
  kisi_finish (call, whole);
}

/* Returns how many of the page's events are new. */
static guint
take_events (LkKisiCall *call, LkKisiAnswer *page)
{
  guint fresh = 0;

  for (guint i = 0; i < page->events->len; i++)
    {
      LkKisiEvent *event = page->events->pdata[i];

      if (!g_hash_table_add (call->seen, g_strdup (event->uuid)))
        continue;
      g_ptr_array_add (call->whole->events, g_steal_pointer (&page->events->pdata[i]));
      fresh++;
    }
  return fresh;
}

static void
take_page (LkKisiCall *call, LkKisiAnswer *page)
{
  g_autofree char *cursor = g_steal_pointer (&call->set.cursor);
  guint n = page->events->len, fresh = take_events (call, page);

  call->pages++;
  if (n == 0 || cursor == NULL || g_strcmp0 (cursor, call->page_cursor) == 0)
    {
      finish_events (call, page);
      return;
    }
  if (fresh == 0 || call->pages >= SET_PAGES_MAX)
    {
      kisi_answer_fail (page, LK_KISI_MALFORMED,
                        fresh == 0 ? g_strdup ("the event set goes round in a circle")
                                   : g_strdup ("the event set has too many pages"));
      kisi_finish (call, page);
      return;
    }
  lk_kisi_answer_free (page);
  g_free (call->page_cursor);
  call->page_cursor = g_steal_pointer (&cursor);
  read_set (call);
}

/* What went wrong while reading a set that was made. That it or its cursor is refused means that it
 * is over, not that the request for these events is wrong: another set will do. */
static void
read_failed (LkKisiCall *call, LkKisiAnswer *answer)
{
  if (answer->verdict == LK_KISI_GONE || answer->verdict == LK_KISI_INVALID
      || answer->verdict == LK_KISI_DUPLICATE)
    answer->verdict = LK_KISI_UNAVAILABLE;
  kisi_finish (call, answer);
}

static void
set_answered (LkKisiCall *call, LkKisiAnswer *answer, const LkHttpResponse *response)
{
  gboolean made = call->set_id == NULL; /* this is the answer to the making */

  if (!made && kisi_again_when_throttled (call, answer))
    {
      lk_kisi_answer_free (answer);
      read_set (call);
      return;
    }
  if (answer->verdict != LK_KISI_OK)
    {
      if (made)
        kisi_finish (call, answer);
      else
        read_failed (call, answer);
      return;
    }
  if (made)
    call->set_id = g_uri_escape_string (call->set.id, NULL, FALSE);
  if (call->set.status == KISI_SET_FAILED)
    {
      kisi_answer_fail (answer, LK_KISI_UNAVAILABLE, g_strdup ("the event set failed"));
      kisi_finish (call, answer);
    }
  else if (call->set.status == KISI_SET_IN_PROGRESS)
    poll_later (call, answer);
  else if (made && (!call->set.has_events || call->set.cursor != NULL))
    {
      lk_kisi_answer_free (answer);
      read_set (call);
    }
  else
    take_page (call, answer);
}
