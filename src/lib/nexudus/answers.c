/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What becomes of an answer: a page is handed over and the next one asked for, what may pass by
 * itself is tried again, and what can't be trusted fails the read as a whole.
 */
#include "read.h"

#include <latchkey/base/log.h>
#include <latchkey/model/json.h>

#define PAGES_MAX 4000

/* Hands over the page's rows. A row that an earlier page had is a shift: the newer counts, which
 * the caller sees by its revision. A page that brings nothing new is a fault. */
static gboolean
hand_over (Read *read, const LkNexudusPage *page, GError **error)
{
  guint fresh = 0;

  for (size_t i = 0; i < json_array_size (page->records); i++)
    {
      json_t *row = json_array_get (page->records, i);
      gint64 id = json_integer_value (json_object_get (row, "Id"));
      fresh += g_hash_table_add (read->seen, g_memdup2 (&id, sizeof id));
    }
  if (fresh == 0 && json_array_size (page->records) > 0)
    return lk_fail (error, LK_ERROR_RETRY, "brings no id that earlier pages did not have");
  for (size_t i = 0; i < json_array_size (page->records); i++)
    read->row (json_array_get (page->records, i), &read->read, read->data);
  return TRUE;
}

static void
from_the_start (Read *read)
{
  read->page = 1;
  read->rows = 0;
  g_hash_table_remove_all (read->seen);
}

/* The last page has been handed over. Rows that come and go while pages are read move the total
 * with them; fewer rows than the total names have been left out. The total may be counted a moment
 * after the rows, so that is looked at twice. */
static void
end_list (Read *read)
{
  g_autofree char *reason = NULL;

  if (read->rows >= read->read.total)
    {
      lk_nexudus_read_finish (read, NULL, NULL);
      return;
    }
  reason = g_strdup_printf ("ends a list of %" G_GINT64_FORMAT " rows with %" G_GINT64_FORMAT,
                            read->read.total, read->rows);
  if (read->begun_again)
    {
      lk_nexudus_read_fail (read, LK_ERROR_RETRY, reason);
      return;
    }
  read->begun_again = TRUE;
  from_the_start (read);
  lk_nexudus_read_again (read, lk_backoff_next (&read->backoff));
}

static void
page_answered (Read *read, const LkHttpResponse *response)
{
  LkNexudusPage page = { 0 };
  g_autoptr (GError) error = NULL;

  if (!lk_nexudus_page_parse (&page, response->body, response->body_len, read->page, &error))
    {
      lk_nexudus_read_try_again (read, error->message);
      return;
    }
  read->read.total = page.total;
  if (read->kind == READ_COUNT)
    {
      lk_nexudus_page_clear (&page);
      lk_nexudus_read_finish (read, NULL, NULL);
      return;
    }
  if (!hand_over (read, &page, &error))
    {
      lk_nexudus_page_clear (&page);
      lk_nexudus_read_try_again (read, error->message);
      return;
    }
  read->rows += (gint64) json_array_size (page.records);
  gboolean more = page.has_next || (gint64) read->page < page.pages;
  lk_nexudus_page_clear (&page);
  read->tries = 0;
  lk_backoff_reset (&read->backoff);
  if (!more)
    end_list (read);
  else if (++read->page > PAGES_MAX)
    lk_nexudus_read_fail (read, LK_ERROR_RETRY, "more pages than any list has");
  else
    lk_nexudus_read_again (read, 0);
}

static void
row_answered (Read *read, const LkHttpResponse *response)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) row
      = lk_json_parse (response->body, response->body_len, LK_HTTP_BODY_MAX, &error);
  gint64 id = 0;

  if (row != NULL && !json_is_object (row))
    (void) lk_fail (&error, LK_ERROR_RETRY, "expected an object");
  else if (row != NULL && lk_nexudus_check_success (row, &error)
           && lk_json_get_int (row, "Id", &id, &error) && id != read->id)
    (void) lk_fail (&error, LK_ERROR_RETRY,
                    "asked for id %" G_GINT64_FORMAT ", got %" G_GINT64_FORMAT, read->id, id);
  if (error != NULL)
    lk_nexudus_read_try_again (read, error->message);
  else
    lk_nexudus_read_finish (read, row, NULL);
}

static void
throttled (Read *read, const LkHttpResponse *response)
{
  gint64 wait = lk_http_retry_after_ms (response);

  if (wait < 0)
    wait = lk_nexudus_wait_of_text (response->body, response->body_len);
  lk_budget_throttled (read->nexudus->budget, wait);
  lk_warning (LK_F (.account = read->nexudus->config->account, .event = "throttled"),
              "Nexudus answered %d; waiting %" G_GINT64_FORMAT " ms", response->status,
              lk_budget_wait_ms (read->nexudus->budget, 0));
  lk_nexudus_read_again (read, 0);
}

/* Nexudus says that there is no such row in JSON, or in no words (nexudus-api.md §2.5). What is
 * between may say 404 too, of an address that it does not know, and does so with a page. */
static gboolean
is_gone (const LkHttpResponse *response)
{
  g_autoptr (json_t) said
      = lk_json_parse (response->body, response->body_len, LK_HTTP_BODY_MAX, NULL);

  return response->body_len == 0 || said != NULL;
}

static void
status_answered (Read *read, const LkHttpResponse *response)
{
  g_autofree char *reason = g_strdup_printf ("status %d", response->status);

  if (response->status == 409 || response->status == 429)
    throttled (read, response);
  else if (response->status == 401 && !read->logged_in_again)
    {
      /* A bad token or a missing right: one new login tells (nexudus-api.md §1). */
      read->logged_in_again = TRUE;
      lk_session_expire (read->nexudus->session);
      lk_nexudus_read_again (read, 0);
    }
  else if (response->status == 401 || response->status == 403)
    lk_nexudus_read_fail (read, LK_ERROR_REFUSED,
                          "the login is not allowed to read this (give its user the List "
                          "and Read roles of the entity)");
  else if (response->status == 404 && read->kind == READ_GET && is_gone (response))
    lk_nexudus_read_finish (read, NULL, NULL);
  else
    lk_nexudus_read_try_again (read, reason);
}

void
lk_nexudus_read_answered (const LkHttpResponse *response, gpointer data)
{
  Read *read = data;

  read->call = NULL;
  read->read.started_at = response->started_at;
  if (response->error == NULL && read->read.date == LK_TIME_NONE)
    read->read.date = lk_http_date (response);
  if (response->too_large && read->kind == READ_LIST && read->size > 1)
    {
      /* From the start with half the size: page numbers mean other rows now. */
      read->size /= 2;
      from_the_start (read);
      lk_nexudus_read_again (read, 0);
    }
  else if (response->error != NULL)
    lk_nexudus_read_try_again (read, response->error->message);
  else if (response->status != 200)
    status_answered (read, response);
  else
    {
      lk_budget_ok (read->nexudus->budget);
      if (read->kind == READ_GET)
        row_answered (read, response);
      else
        page_answered (read, response);
    }
}
