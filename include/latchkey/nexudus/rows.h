/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of the Nexudus lists, typed (nexudus-api.md §3). Every documented field may be missing from
 * a list row (§2.4): only what identifies a row and what decides a door is required. A name is cut
 * at 200 characters, and an address or a booking's UniqueId longer than any real one left out, so
 * that what is published of a row has its ceiling. Strings are owned. Pure; any thread.
 */
#pragma once

#include <jansson.h>
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

/* In a row that is nothing but its Id, since it was no JSON that we read: why. Each reader refuses
 * it with that. */
#define LK_NEXUDUS_UNREADABLE "$unreadable"

typedef struct
{
  gint64 id, business; /* business: InvoicingBusinessId; 0: none */
  char *email, *name;  /* email may be NULL */
  gboolean active, archived;
  LkTime updated_at;
} LkNexudusCoworker;

typedef struct
{
  gint64 id, coworker, type; /* coworker 0: nobody's */
  gboolean used, from_plan, from_product;
  char *contract_uid; /* NULL: not from a contract */
  LkTime created_at, used_at, expires_at, updated_at;
} LkNexudusPass;

typedef struct
{
  gint64 id, business;
  char *name, *kisi_group;
  gint64 minutes; /* -1: a day pass */
  gboolean archived;
  gint64 *locations; /* only of a row read by id; lists leave it empty */
  guint n_locations;
} LkNexudusPassType;

typedef struct
{
  gint64 id, coworker, resource; /* coworker 0: an internal booking */
  char *uid;
  LkTime from, until, updated_at;
  gboolean tentative;
} LkNexudusBooking;

typedef struct
{
  gint64 id;
  /* The booking it was: some rows keep its id, some name it by id or by UniqueId in a reference
   * whose name is not known (§3.6), so all that may be one is kept. */
  gint64 original_id; /* 0: not said */
  char *original_uid; /* NULL: not said */
  char *uid;          /* its own */
  gint64 coworker, resource;
  LkTime until;
} LkNexudusCancelled;

typedef struct
{
  gint64 id, business;
  char *name, *kisi_group;
  gboolean archived;
} LkNexudusResource;

typedef struct
{
  gint64 id, root; /* root: RootLocationId; 0: none */
  char *name;
} LkNexudusBusiness;

typedef struct
{
  gint64 id, coworker, business; /* business: IssuedById; 0: not said */
  char *uid;
  gboolean active, cancelled;
  gboolean paused; /* InPausedPeriod */
  LkTime starts_at, ends_at, paused_from, paused_until, updated_at;
} LkNexudusContract;

typedef struct
{
  gint64 id, contract; /* contract: its Id, not its UniqueId */
  LkTime from, until;
} LkNexudusPause;

/* Hours at which passes of a type may be used; of its times only the clock counts (§3.4). */
typedef struct
{
  gint64 id, type;
  int day;         /* 0 is Monday; Nexudus counts from Sunday */
  int from, until; /* minutes after midnight; until not after from: over midnight */
} LkNexudusSlot;

/* Each fills OUT from ROW, or fails with REJECT ("Id: expected an integer, got a string"), leaving
 * OUT cleared. */
gboolean lk_nexudus_coworker_read (LkNexudusCoworker *out, json_t *row, GError **error);
gboolean lk_nexudus_pass_read (LkNexudusPass *out, json_t *row, GError **error);
gboolean lk_nexudus_pass_type_read (LkNexudusPassType *out, json_t *row, GError **error);
gboolean lk_nexudus_booking_read (LkNexudusBooking *out, json_t *row, GError **error);
gboolean lk_nexudus_cancelled_read (LkNexudusCancelled *out, json_t *row, GError **error);
gboolean lk_nexudus_resource_read (LkNexudusResource *out, json_t *row, GError **error);
gboolean lk_nexudus_business_read (LkNexudusBusiness *out, json_t *row, GError **error);
gboolean lk_nexudus_contract_read (LkNexudusContract *out, json_t *row, GError **error);
gboolean lk_nexudus_pause_read (LkNexudusPause *out, json_t *row, GError **error);
gboolean lk_nexudus_slot_read (LkNexudusSlot *out, json_t *row, GError **error);

void lk_nexudus_coworker_clear (LkNexudusCoworker *row);
void lk_nexudus_pass_clear (LkNexudusPass *row);
void lk_nexudus_pass_type_clear (LkNexudusPassType *row);
void lk_nexudus_booking_clear (LkNexudusBooking *row);
void lk_nexudus_cancelled_clear (LkNexudusCancelled *row);
void lk_nexudus_resource_clear (LkNexudusResource *row);
void lk_nexudus_business_clear (LkNexudusBusiness *row);
void lk_nexudus_contract_clear (LkNexudusContract *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusCoworker, lk_nexudus_coworker_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusPass, lk_nexudus_pass_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusPassType, lk_nexudus_pass_type_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusBooking, lk_nexudus_booking_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusCancelled, lk_nexudus_cancelled_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusResource, lk_nexudus_resource_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusBusiness, lk_nexudus_business_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkNexudusContract, lk_nexudus_contract_clear)

G_END_DECLS
