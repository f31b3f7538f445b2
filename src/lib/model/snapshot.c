/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Members, passes and bookings as JSON. The rows say what is read, the writers what is written;
 * the schemas in topics/schemas say both again, and the tests hold the three together.
 */
#include <latchkey/model/json.h>
#include <latchkey/model/snapshot.h>

#include "shape.h"

static const LkField member_fields[] = {
  LK_FIELD (ID, LkMember, member, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (TEXT, LkMember, space, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (ID, LkMember, revision, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (TEXT_NULL, LkMember, email),
  LK_FIELD (TEXT_NULL, LkMember, name),
  LK_FIELD (BOOL, LkMember, active),
  LK_FIELD (BOOL, LkMember, archived),
  LK_FIELD (BOOL, LkMember, deleted, .flags = LK_FIELD_ALWAYS),
};

const LkShape lk_member_shape = { member_fields, G_N_ELEMENTS (member_fields), sizeof (LkMember),
                                  offsetof (LkMember, deleted), NULL };

gboolean
lk_member_parse (LkMember *out, const char *json, gsize len, GError **error)
{
  LkMember member;

  if (!lk_shape_parse (&lk_member_shape, &member, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = member;
  return TRUE;
}

void
lk_member_write (const LkMember *member, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "member", member->member);
  lk_json_string (&writer, "space", member->space);
  lk_json_int (&writer, "revision", member->revision);
  if (!member->deleted)
    {
      lk_json_string (&writer, "email", member->email);
      lk_json_string (&writer, "name", member->name);
      lk_json_bool (&writer, "active", member->active);
      lk_json_bool (&writer, "archived", member->archived);
    }
  lk_json_bool (&writer, "deleted", member->deleted);
  lk_json_end_object (&writer);
}

void
lk_member_clear (LkMember *member)
{
  lk_shape_clear (&lk_member_shape, member);
}

static const char *const origin_names[] = { [LK_ORIGIN_DIRECT] = "direct",
                                            [LK_ORIGIN_PLAN] = "plan",
                                            [LK_ORIGIN_PRODUCT] = "product",
                                            [LK_ORIGIN_OTHER] = "other" };

static int
origin_of (const char *text)
{
  for (guint i = 0; i < LK_ORIGIN_OTHER; i++)
    if (g_str_equal (origin_names[i], text))
      return (int)i;
  return LK_ORIGIN_OTHER;
}

static const LkField contract_fields[] = {
  LK_FIELD (BOOL, LkContract, active),           LK_FIELD (BOOL, LkContract, cancelled),
  LK_FIELD (TIME_NULL, LkContract, starts_at),   LK_FIELD (TIME_NULL, LkContract, ends_at),
  LK_FIELD (TIME_NULL, LkContract, paused_from), LK_FIELD (TIME_NULL, LkContract, paused_until),
};

static const LkShape contract_shape
    = { contract_fields, G_N_ELEMENTS (contract_fields), sizeof (LkContract), -1, NULL };

static const LkField pass_fields[] = {
  LK_FIELD (ID, LkPass, pass, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (ID, LkPass, member, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (TEXT, LkPass, space, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (ID, LkPass, revision, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (ID, LkPass, type),
  LK_FIELD (COUNT_NULL, LkPass, minutes),
  LK_FIELD (TIME, LkPass, created_at),
  LK_FIELD (TIME_NULL, LkPass, expires_at),
  LK_FIELD (BOOL, LkPass, used),
  LK_FIELD (TIME_NULL, LkPass, used_at),
  LK_FIELD (WORD, LkPass, origin, .word = origin_of),
  LK_FIELD (OBJECT_NULL,
            LkPass,
            contract,
            .count_at = offsetof (LkPass, has_contract),
            .shape = &contract_shape),
  LK_FIELD (BOOL, LkPass, deleted, .flags = LK_FIELD_ALWAYS),
};

const LkShape lk_pass_shape = { pass_fields, G_N_ELEMENTS (pass_fields), sizeof (LkPass),
                                offsetof (LkPass, deleted), NULL };

gboolean
lk_pass_parse (LkPass *out, const char *json, gsize len, GError **error)
{
  LkPass pass;

  if (!lk_shape_parse (&lk_pass_shape, &pass, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = pass;
  return TRUE;
}

static void
write_contract (LkJsonWriter *writer, const LkContract *contract)
{
  lk_json_begin_object (writer, "contract");
  lk_json_bool (writer, "active", contract->active);
  lk_json_bool (writer, "cancelled", contract->cancelled);
  lk_json_time (writer, "starts_at", contract->starts_at);
  lk_json_time (writer, "ends_at", contract->ends_at);
  lk_json_time (writer, "paused_from", contract->paused_from);
  lk_json_time (writer, "paused_until", contract->paused_until);
  lk_json_end_object (writer);
}

void
lk_pass_write (const LkPass *pass, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "pass", pass->pass);
  lk_json_int (&writer, "member", pass->member);
  lk_json_string (&writer, "space", pass->space);
  lk_json_int (&writer, "revision", pass->revision);
  if (!pass->deleted)
    {
      lk_json_int (&writer, "type", pass->type);
      if (pass->minutes < 0)
        lk_json_null (&writer, "minutes");
      else
        lk_json_int (&writer, "minutes", pass->minutes);
      lk_json_time (&writer, "created_at", pass->created_at);
      lk_json_time (&writer, "expires_at", pass->expires_at);
      lk_json_bool (&writer, "used", pass->used);
      lk_json_time (&writer, "used_at", pass->used_at);
      lk_json_string (&writer, "origin", origin_names[pass->origin]);
      if (pass->has_contract)
        write_contract (&writer, &pass->contract);
      else
        lk_json_null (&writer, "contract");
    }
  lk_json_bool (&writer, "deleted", pass->deleted);
  lk_json_end_object (&writer);
}

void
lk_pass_clear (LkPass *pass)
{
  lk_shape_clear (&lk_pass_shape, pass);
}

static const LkField booking_fields[] = {
  LK_FIELD (ID, LkBooking, booking, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (TEXT_NULL, LkBooking, uid),
  LK_FIELD (ID, LkBooking, member, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (TEXT, LkBooking, space, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (ID, LkBooking, revision, .flags = LK_FIELD_ALWAYS),
  LK_FIELD (ID, LkBooking, resource),
  LK_FIELD (TIME, LkBooking, from),
  LK_FIELD (TIME, LkBooking, until),
  LK_FIELD (BOOL, LkBooking, tentative),
  LK_FIELD (BOOL, LkBooking, cancelled),
  LK_FIELD (BOOL, LkBooking, deleted, .flags = LK_FIELD_ALWAYS),
};

const LkShape lk_booking_shape = { booking_fields, G_N_ELEMENTS (booking_fields),
                                   sizeof (LkBooking), offsetof (LkBooking, deleted), NULL };

gboolean
lk_booking_parse (LkBooking *out, const char *json, gsize len, GError **error)
{
  LkBooking booking;

  if (!lk_shape_parse (&lk_booking_shape, &booking, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = booking;
  return TRUE;
}

void
lk_booking_write (const LkBooking *booking, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "booking", booking->booking);
  if (!booking->deleted)
    lk_json_string (&writer, "uid", booking->uid);
  lk_json_int (&writer, "member", booking->member);
  lk_json_string (&writer, "space", booking->space);
  lk_json_int (&writer, "revision", booking->revision);
  if (!booking->deleted)
    {
      lk_json_int (&writer, "resource", booking->resource);
      lk_json_time (&writer, "from", booking->from);
      lk_json_time (&writer, "until", booking->until);
      lk_json_bool (&writer, "tentative", booking->tentative);
      lk_json_bool (&writer, "cancelled", booking->cancelled);
    }
  lk_json_bool (&writer, "deleted", booking->deleted);
  lk_json_end_object (&writer);
}

void
lk_booking_clear (LkBooking *booking)
{
  lk_shape_clear (&lk_booking_shape, booking);
}
