/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reading Nexudus (nexudus-api.md): one login, safe paging, throttling. Reads wait in a queue until
 * the budget has room, the more urgent ones first. Loop thread.
 *
 * A read that can't be trusted fails as a whole with one error that names endpoint, page and reason
 * (RETRY; REFUSED when the login is not allowed to, or is itself refused). Rows are handed over
 * page by page before the end is known, so only `done` without an error says that a list was seen
 * whole: every page full but the last, and no fewer rows than the total that the last one names.
 */
#pragma once

#include <jansson.h>
#include <latchkey/config/config.h>
#include <latchkey/http/budget.h>
#include <latchkey/http/client.h>

G_BEGIN_DECLS

typedef enum
{
  LK_NEXUDUS_COWORKERS,
  LK_NEXUDUS_PASSES,     /* coworkertimepasses */
  LK_NEXUDUS_PASS_TYPES, /* timepasses */
  LK_NEXUDUS_BOOKINGS,
  LK_NEXUDUS_CANCELLED, /* cancelledbookings */
  LK_NEXUDUS_RESOURCES,
  LK_NEXUDUS_BUSINESSES,
  LK_NEXUDUS_CONTRACTS, /* coworkercontracts */
  LK_NEXUDUS_PAUSES,    /* contractpausedperiods */
  LK_NEXUDUS_SLOTS,     /* timepasstimeslots */
  LK_NEXUDUS_ENTITY_COUNT_
} LkNexudusEntity;

/* "spaces/coworkers" */
const char *lk_nexudus_path (LkNexudusEntity entity);

/* What a read knows besides its rows. */
typedef struct
{
  LkTime started_at; /* of the request that brought the row: its revision */
  LkTime date;       /* the server's Date of the read's first answer; LK_TIME_NONE: not said */
  gint64 total;      /* TotalItems of the newest page; -1: a single row */
} LkNexudusRead;

/* A row, borrowed. */
typedef void (*LkNexudusRowFunc) (json_t *row, const LkNexudusRead *read, gpointer data);
/* The end of a read; ERROR NULL: it was seen whole. */
typedef void (*LkNexudusDoneFunc) (const LkNexudusRead *read, const GError *error, gpointer data);
/* One row read by id; ROW NULL without ERROR: there is none (404, and
 * not a page of what is between). */
typedef void (*LkNexudusGetFunc) (
    gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data);

/* From the last to the first. */
typedef enum
{
  LK_NEXUDUS_LISTING, /* what a full listing reads */
  LK_NEXUDUS_ROWS,    /* single rows, and what one change leads to */
  LK_NEXUDUS_CHANGES, /* the lists of what has changed */
  LK_NEXUDUS_URGENCIES
} LkNexudusUrgency;

typedef struct _LkNexudus LkNexudus;

/* The windows of an account's budget: what CONFIG says of a minute and an hour, and a distance
 * between requests, since Nexudus takes one in 100 ms (nexudus-api.md §2.6). */
#define LK_NEXUDUS_WINDOWS 3
void lk_nexudus_windows (const LkConfigNexudus *config, LkBudgetWindow out[LK_NEXUDUS_WINDOWS]);

/* CONFIG is borrowed; the password is read when a login needs it. */
LkNexudus *lk_nexudus_new (const LkConfigNexudus *config,
                           const LkClock *clock,
                           LkTimers *timers,
                           LkBudget *budget);
void lk_nexudus_free (LkNexudus *nexudus); /* drops everything without calling back */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkNexudus, lk_nexudus_free)

#define LK_NEXUDUS_PAGE 500 /* rows of a page, unless they are too much for one answer */

/* Lists ENTITY, all pages. QUERY is "name=value&…", encoded, or NULL. */
void lk_nexudus_list (LkNexudus *nexudus,
                      LkNexudusEntity entity,
                      const char *query,
                      LkNexudusUrgency urgency,
                      LkNexudusRowFunc row,
                      LkNexudusDoneFunc done,
                      gpointer data);
void lk_nexudus_get (LkNexudus *nexudus,
                     LkNexudusEntity entity,
                     gint64 id,
                     LkNexudusUrgency urgency,
                     LkNexudusGetFunc func,
                     gpointer data);
/* Only the total of a list (one request, one row). */
void lk_nexudus_count (LkNexudus *nexudus,
                       LkNexudusEntity entity,
                       const char *query,
                       LkNexudusDoneFunc done,
                       gpointer data);

/* Reads of this urgency leave SHARE (0…1) of each limit to more urgent ones; at first a listing
 * leaves 0.4, all else nothing. */
void lk_nexudus_reserve (LkNexudus *nexudus, LkNexudusUrgency urgency, double share);
/* How many requests there have been for reads of this urgency. */
guint64 lk_nexudus_requests (const LkNexudus *nexudus, LkNexudusUrgency urgency);

/* Drops all reads without calling back. */
void lk_nexudus_cancel_all (LkNexudus *nexudus);
guint lk_nexudus_pending (const LkNexudus *nexudus); /* queued and in flight */
void lk_nexudus_turn (LkNexudus *nexudus);           /* each turn of the loop */

/* "from_Coworker_UpdatedOn" style value: TIME down to its minute, UTC, as the API documents it. */
char *lk_nexudus_minute (LkTime time);

/* One page as the API sends it, checked and taken apart; pure, for corpora and fuzzing. A row that
 * alone is no JSON is left in as LK_NEXUDUS_UNREADABLE (rows.h). */
typedef struct
{
  json_t *root, *records; /* records is borrowed from root */
  gint64 total, pages;
  gboolean has_next;
} LkNexudusPage;

gboolean
lk_nexudus_page_parse (LkNexudusPage *out, const char *body, gsize len, guint page, GError **error);
void lk_nexudus_page_clear (LkNexudusPage *page);

/* What a login answers with status 200 (nexudus-api.md §1); pure, for corpora and fuzzing. REJECT
 * names the field and why. Clearing wipes both tokens. */
typedef struct
{
  char *access, *refresh; /* printable ASCII; refresh may be NULL */
  gint64 life_ms;
} LkNexudusToken;

gboolean
lk_nexudus_token_parse (LkNexudusToken *out, const char *body, gsize len, GError **error);
void lk_nexudus_token_clear (LkNexudusToken *token);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusToken, lk_nexudus_token_clear)

/* The "error" of a refused login, as RFC 6749, 5.2 spells them, or NULL. To free. Pure. */
char *lk_nexudus_refusal_word (const char *body, gsize len);

/* Whether an answer with status 200 says of itself that it failed (WasSuccessful: false,
 * nexudus-api.md §2.5): RETRY then, naming its inner status. Its text may name people and stays
 * out. Pure. */
gboolean lk_nexudus_check_success (json_t *root, GError **error);

/* Seconds that a throttling text asks to wait ("Wait 1.5 seconds"), as ms; -1: none. Pure. */
gint64 lk_nexudus_wait_of_text (const char *text, gsize len);

G_END_DECLS
