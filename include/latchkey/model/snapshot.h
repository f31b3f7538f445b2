/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Snapshots: what Nexudus says about one member, pass or booking in one space (topics members,
 * passes, bookings; design §3). Structs are data on the caller's stack: init with {0} through
 * _parse, then _clear. Strings are owned. A deleted one carries only ids, space and revision.
 * `_write` appends the JSON text of exactly the schema in topics/schemas. Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 member;
  char *space;
  gint64 revision;
  char *email; /* NULL when Nexudus has none */
  char *name;
  gboolean active, archived, deleted;
} LkMember;

gboolean lk_member_parse (LkMember *out, const char *json, gsize len, GError **error);
void lk_member_write (const LkMember *member, GString *out);
void lk_member_clear (LkMember *member);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkMember, lk_member_clear)

typedef enum
{
  LK_ORIGIN_DIRECT,
  LK_ORIGIN_PLAN,
  LK_ORIGIN_PRODUCT,
  LK_ORIGIN_OTHER, /* a value of a newer writer */
} LkOrigin;

typedef struct
{
  gboolean active, cancelled;
  LkTime starts_at, ends_at, paused_from, paused_until; /* LK_TIME_NONE: not given */
} LkContract;

typedef struct
{
  gint64 pass, member;
  char *space;
  gint64 revision;
  gint64 type;
  gint64 minutes; /* -1: a day pass */
  LkTime created_at, expires_at, used_at;
  gboolean used;
  LkOrigin origin;
  gboolean has_contract;
  LkContract contract;
  gboolean deleted;
} LkPass;

gboolean lk_pass_parse (LkPass *out, const char *json, gsize len, GError **error);
void lk_pass_write (const LkPass *pass, GString *out);
void lk_pass_clear (LkPass *pass);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkPass, lk_pass_clear)

typedef struct
{
  gint64 booking, member;
  char *uid; /* Nexudus UniqueId; cancelled bookings refer to it. May be NULL */
  char *space;
  gint64 revision;
  gint64 resource;
  LkTime from, until;
  gboolean tentative, cancelled, deleted;
} LkBooking;

gboolean lk_booking_parse (LkBooking *out, const char *json, gsize len, GError **error);
void lk_booking_write (const LkBooking *booking, GString *out);
void lk_booking_clear (LkBooking *booking);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkBooking, lk_booking_clear)

G_END_DECLS
