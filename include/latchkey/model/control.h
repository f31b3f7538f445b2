/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Wishes of the operator and their outcomes (topic control), and the records of the two account
 * topics (design §3, §6, §7). Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  char *wish;    /* resync, brake-release, adopt, forget */
  gint64 member; /* 0: none */
  gint64 *ids;
  guint n_ids;
  char *trip; /* may be NULL */
  LkTime at;
} LkWish;

gboolean lk_wish_parse (LkWish *out, const char *json, gsize len, GError **error);
void lk_wish_write (const LkWish *wish, GString *out);
void lk_wish_clear (LkWish *wish);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkWish, lk_wish_clear)

typedef struct
{
  char *outcome; /* done, refused, failed */
  char *reason;  /* may be NULL */
  LkTime at;
} LkOutcome;

gboolean lk_outcome_parse (LkOutcome *out, const char *json, gsize len, GError **error);
void lk_outcome_write (const LkOutcome *outcome, GString *out);
void lk_outcome_clear (LkOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkOutcome, lk_outcome_clear)

/* Whether OUTCOME (NULL: none) is of WISH: one that is wished again under the same key, later, is
 * open again. Who writes an outcome gives it a time that is not before the wish's. */
gboolean lk_wish_is_over (const LkWish *wish, const LkOutcome *outcome);

/* "resync/9001/executor" → "executor", which wrote this outcome; NULL: the key is a wish's.
 * Borrowed from KEY. */
const char *lk_control_program (const char *key);

#define LK_TRIP_MEMBERS_MAX 32

typedef struct
{
  char *id, *space, *kind;
  gint64 held, of;
  LkTime since;
  gint64 *members; /* whose rows are held: the first of them, by id */
  guint n_members;
} LkTrip; /* of the brake */

#define LK_SPENT_MAX 61 /* minutes that an hour reaches into */

typedef struct
{
  LkTime minute; /* its start */
  gint64 requests;
} LkSpent;

/* Whether its minute reaches into the hour before NOW. One that has not begun is of a clock that
 * ran ahead: it counts as now. */
gboolean lk_spent_counts (const LkSpent *spent, LkTime now);

void lk_trip_copy (const LkTrip *from, LkTrip *out);
void lk_trip_clear (LkTrip *trip);

typedef struct
{
  char *account;
  LkTime read_until; /* Date header of the last incremental cycle that ended whole */
  LkTime listed_at;  /* last full listing that ended whole */
  gint64 totals[4];  /* members, passes, bookings, contracts; -1 unknown */
  LkTrip *trips;
  guint n_trips;
  LkSpent *spent; /* the hour's requests, by the minute: those without any are left out */
  guint n_spent;
  char *fault; /* why the account is refused, or NULL */
} LkNexudusAccount;

gboolean lk_nexudus_account_parse (LkNexudusAccount *out, const char *json, gsize len,
                                   GError **error);
void lk_nexudus_account_write (const LkNexudusAccount *account, GString *out);
/* The requests of the hour before NOW. */
guint lk_nexudus_account_spent (const LkNexudusAccount *account, LkTime now);
void lk_nexudus_account_clear (LkNexudusAccount *account);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusAccount, lk_nexudus_account_clear)

typedef struct
{
  char *account;
  LkTime events_until; /* door events are published up to here */
  LkTime audited_at;
  gboolean one_right; /* rights_per_group: one (design §6.6), else many */
  char *fault;
} LkKisiAccount;

gboolean lk_kisi_account_parse (LkKisiAccount *out, const char *json, gsize len, GError **error);
void lk_kisi_account_write (const LkKisiAccount *account, GString *out);
void lk_kisi_account_clear (LkKisiAccount *account);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkKisiAccount, lk_kisi_account_clear)

G_END_DECLS
