/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reading a list whole by limit and offset (kisi-api.md §1.3). A list that is short without saying
 * so reads as "everyone lost access", so a read ends in all rows or in MALFORMED.
 *
 * Rows that come or go meanwhile shift the pages. Each page therefore begins with the last row of
 * the one before: where another row stands there, or the total has shrunk, or a row comes twice,
 * the list moved, and is read again from its beginning.
 */
#include "internal.h"

#include <string.h>

#define OFFSET_MAX   20000 /* of KISI */
#define PAGES_MAX    256   /* 20 000 rows at 99 new ones a page, and some */
#define RESTARTS_MAX 3

static gboolean
number_parse (const char **text, gint64 *out)
{
  guint64 value;
  char *end;

  if (!g_ascii_isdigit (**text))
    return FALSE;
  value = g_ascii_strtoull (*text, &end, 10);
  if (value > G_MAXINT32)
    return FALSE;
  *out = (gint64)value;
  *text = end;
  return TRUE;
}

gboolean
kisi_range_parse (const char *text, gint64 *out_start, gint64 *out_total)
{
  gint64 start = -1, end, total;

  if (text == NULL)
    return FALSE;
  if (*text == '*')
    text++;
  else if (!number_parse (&text, &start) || *text++ != '-' || !number_parse (&text, &end))
    return FALSE;
  if (*text++ != '/' || !number_parse (&text, &total) || *text != '\0')
    return FALSE;
  *out_start = start;
  *out_total = total;
  return TRUE;
}

static void
send_page (LkKisiCall *call)
{
  g_autofree char *path
      = g_strdup_printf ("%s%climit=%u&offset=%u", call->path,
                         strchr (call->path, '?') != NULL ? '&' : '?', call->limit, call->offset);

  if (call->pages == 0 && call->restarts == 0 && call->throttled == 0)
    kisi_send (call, "GET", path, NULL); /* the caller has asked for the rate */
  else
    kisi_send_when_free (call, "GET", path, NULL);
}

static void
begin (LkKisiCall *call)
{
  lk_kisi_answer_free (call->whole);
  call->whole = kisi_answer_new (call->shape, FALSE, LK_KISI_OK, g_strdup ("ok"));
  g_hash_table_remove_all (call->seen);
  g_clear_pointer (&call->last_id, g_free);
  call->offset = 0;
  call->pages = 0;
  call->total = -1;
  send_page (call);
}

void
kisi_pages_start (LkKisiCall *call, guint limit)
{
  call->limit = limit;
  call->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  begin (call);
}

/* Whether ROW is what was asked for: KISI's search gives near hits, and a filter that it does not
 * know gives everybody's. */
static gboolean
is_wanted (const LkKisiCall *call, gconstpointer row)
{
  const LkKisiAssignment *assignment = row;
  const LkKisiUser *user = row;
  const LkKisiGroupLock *group_lock = row;

  switch (call->shape)
    {
    case LK_KISI_SHAPE_USERS:
      return call->want_email == NULL
             || (user->email != NULL && g_ascii_strcasecmp (user->email, call->want_email) == 0);
    case LK_KISI_SHAPE_ASSIGNMENTS:
      return (call->want_user == 0 || assignment->user_id == call->want_user)
             && (call->want_group == 0 || assignment->group_id == call->want_group);
    case LK_KISI_SHAPE_GROUP_LOCKS:
      return call->want_group == 0 || group_lock->group_id == call->want_group;
    default:
      return TRUE;
    }
}

/* Moves the rows of PAGE over; FALSE when the list has moved since the page before. */
static gboolean
take_rows (LkKisiCall *call, LkKisiAnswer *page)
{
  GPtrArray *rows = *kisi_answer_rows (page, call->shape);
  GPtrArray *whole = *kisi_answer_rows (call->whole, call->shape);
  g_autofree char *before = g_steal_pointer (&call->last_id);
  char buf[48];
  guint i = 0;

  if (before != NULL)
    {
      if (rows->len == 0 || !g_str_equal (kisi_row_id (call->shape, rows->pdata[0], buf), before))
        return FALSE;
      i = 1;
    }
  if (rows->len > 0)
    call->last_id = g_strdup (kisi_row_id (call->shape, rows->pdata[rows->len - 1], buf));
  for (; i < rows->len; i++)
    {
      gpointer row = rows->pdata[i];

      if (!g_hash_table_add (call->seen, g_strdup (kisi_row_id (call->shape, row, buf))))
        return FALSE;
      if (is_wanted (call, row))
        g_ptr_array_add (whole, g_steal_pointer (&rows->pdata[i]));
    }
  return TRUE;
}

static void
fail (LkKisiCall *call, LkKisiAnswer *page, char *message)
{
  kisi_answer_fail (page, LK_KISI_MALFORMED, message);
  kisi_finish (call, page);
}

static void
restart (LkKisiCall *call, LkKisiAnswer *page)
{
  if (call->restarts >= RESTARTS_MAX)
    {
      fail (call, page,
            g_strdup_printf ("the list moved while it was read, %u times", RESTARTS_MAX + 1));
      return;
    }
  lk_kisi_answer_free (page);
  call->restarts++;
  begin (call);
}

static void
finish_whole (LkKisiCall *call, LkKisiAnswer *page)
{
  LkKisiAnswer *whole = g_steal_pointer (&call->whole);

  whole->status = page->status;
  lk_kisi_answer_free (page);
  kisi_finish (call, whole);
}

void
kisi_pages_next (LkKisiCall *call, LkKisiAnswer *page, const LkHttpResponse *response)
{
  gint64 start = -1, total = -1;
  guint n;

  if (call->pages + call->restarts > 0 && kisi_again_when_throttled (call, page))
    {
      lk_kisi_answer_free (page);
      send_page (call);
      return;
    }
  if (page->verdict != LK_KISI_OK)
    {
      kisi_finish (call, page);
      return;
    }
  n = (*kisi_answer_rows (page, call->shape))->len;
  if (!kisi_range_parse (lk_http_header (response->call, "X-Collection-Range"), &start, &total)
      || (n > 0 && call->offset + n > total))
    start = total = -1; /* none, or one that contradicts the rows: the rows count */
  if (start >= 0 && start != call->offset)
    {
      fail (call, page, g_strdup ("the server began elsewhere than was asked for"));
      return;
    }
  if ((total >= 0 && total < call->total) || !take_rows (call, page))
    {
      restart (call, page);
      return;
    }
  call->total = total;
  call->pages++;
  call->offset += n;
  if (total >= 0 ? call->offset >= total : n < call->limit)
    {
      finish_whole (call, page);
      return;
    }
  if (n < 2 && total >= 0 && call->pages > 1)
    fail (call, page,
          g_strdup_printf ("the list ends after %u of %" G_GINT64_FORMAT " rows", call->offset,
                           total));
  else if (n == 0)
    fail (call, page,
          g_strdup_printf ("an empty page where %" G_GINT64_FORMAT " rows should be", total));
  else if (call->offset > OFFSET_MAX || call->pages >= PAGES_MAX)
    fail (call, page, g_strdup ("the list is longer than KISI lets anyone read"));
  else
    {
      call->offset--; /* the next page begins with this page's last row */
      lk_kisi_answer_free (page);
      send_page (call);
    }
}
