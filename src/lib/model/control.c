/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Wishes, outcomes and the two account records as JSON.
 */
#include <latchkey/model/control.h>
#include <string.h>

#include "shape.h"
#include "write.h"

#define IDS_MAX 4096
#define TRIPS_MAX 256

static void
write_ids (LkJsonWriter *writer, const char *key, const gint64 *ids, guint n)
{
  lk_json_begin_array (writer, key);
  for (guint i = 0; i < n; i++)
    lk_json_int (writer, NULL, ids[i]);
  lk_json_end_array (writer);
}

static const LkField wish_fields[] = {
  LK_FIELD (TEXT, LkWish, wish),
  LK_FIELD (ID_NULL, LkWish, member),
  LK_FIELD (IDS, LkWish, ids, .count_at = offsetof (LkWish, n_ids), .max = IDS_MAX),
  LK_FIELD (TEXT_NULL, LkWish, trip),
  LK_FIELD (TIME, LkWish, at),
};

const LkShape lk_wish_shape
    = { wish_fields, G_N_ELEMENTS (wish_fields), sizeof (LkWish), -1, NULL };

gboolean
lk_wish_parse (LkWish *out, const char *json, gsize len, GError **error)
{
  LkWish wish;

  if (!lk_shape_parse (&lk_wish_shape, &wish, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = wish;
  return TRUE;
}

void
lk_wish_write (const LkWish *wish, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "wish", wish->wish);
  lk_json_id (&writer, "member", wish->member);
  write_ids (&writer, "ids", wish->ids, wish->n_ids);
  lk_json_string (&writer, "trip", wish->trip);
  lk_json_time (&writer, "at", wish->at);
  lk_json_end_object (&writer);
}

void
lk_wish_clear (LkWish *wish)
{
  lk_shape_clear (&lk_wish_shape, wish);
}

static const LkField outcome_fields[] = {
  LK_FIELD (TEXT, LkOutcome, outcome),
  LK_FIELD (TEXT_NULL, LkOutcome, reason),
  LK_FIELD (TIME, LkOutcome, at),
};

const LkShape lk_outcome_shape
    = { outcome_fields, G_N_ELEMENTS (outcome_fields), sizeof (LkOutcome), -1, NULL };

gboolean
lk_outcome_parse (LkOutcome *out, const char *json, gsize len, GError **error)
{
  LkOutcome outcome;

  if (!lk_shape_parse (&lk_outcome_shape, &outcome, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = outcome;
  return TRUE;
}

void
lk_outcome_write (const LkOutcome *outcome, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "outcome", outcome->outcome);
  lk_json_string (&writer, "reason", outcome->reason);
  lk_json_time (&writer, "at", outcome->at);
  lk_json_end_object (&writer);
}

void
lk_outcome_clear (LkOutcome *outcome)
{
  lk_shape_clear (&lk_outcome_shape, outcome);
}

gboolean
lk_wish_is_over (const LkWish *wish, const LkOutcome *outcome)
{
  return outcome != NULL && outcome->at >= wish->at;
}

const char *
lk_control_program (const char *key)
{
  const char *subject = strchr (key, '/');
  const char *program = subject == NULL ? NULL : strchr (subject + 1, '/');

  return program == NULL ? NULL : program + 1;
}

static const char *const totals_names[] = { "members", "passes", "bookings", "contracts" };

G_STATIC_ASSERT (G_N_ELEMENTS (totals_names) == G_N_ELEMENTS (((LkNexudusAccount *) NULL)->totals));

#define TOTAL(name_, index_)                                                                       \
  {                                                                                                \
    .name = name_, .name_len = sizeof name_ - 1, .type = LK_F_COUNT_NULL,                          \
    .at = (index_) * sizeof (gint64)                                                               \
  }

static const LkField totals_fields[] = {
  TOTAL ("members", 0),
  TOTAL ("passes", 1),
  TOTAL ("bookings", 2),
  TOTAL ("contracts", 3),
};

static const LkShape totals_shape
    = { totals_fields, G_N_ELEMENTS (totals_fields), 4 * sizeof (gint64), -1, NULL };

static const LkField trip_fields[] = {
  LK_FIELD (TEXT, LkTrip, id),
  LK_FIELD (TEXT, LkTrip, space),
  LK_FIELD (TEXT, LkTrip, kind),
  LK_FIELD (COUNT, LkTrip, held),
  LK_FIELD (COUNT, LkTrip, of),
  LK_FIELD (TIME, LkTrip, since),
  LK_FIELD (IDS, LkTrip, members, .count_at = offsetof (LkTrip, n_members),
            .max = LK_TRIP_MEMBERS_MAX, .flags = LK_FIELD_SPARE),
};

static const LkShape trip_shape
    = { trip_fields, G_N_ELEMENTS (trip_fields), sizeof (LkTrip), -1, NULL };

void
lk_trip_copy (const LkTrip *from, LkTrip *out)
{
  *out = *from;
  out->id = g_strdup (from->id);
  out->space = g_strdup (from->space);
  out->kind = g_strdup (from->kind);
  out->members = g_memdup2 (from->members, from->n_members * sizeof (gint64));
}

void
lk_trip_clear (LkTrip *trip)
{
  lk_shape_clear (&trip_shape, trip);
}

static const LkField spent_fields[] = {
  LK_FIELD (TIME, LkSpent, minute),
  LK_FIELD (COUNT, LkSpent, requests),
};

static const LkShape spent_shape
    = { spent_fields, G_N_ELEMENTS (spent_fields), sizeof (LkSpent), -1, NULL };

static const LkField nexudus_fields[] = {
  LK_FIELD (TEXT, LkNexudusAccount, account),
  LK_FIELD (TIME_NULL, LkNexudusAccount, read_until),
  LK_FIELD (OBJECT, LkNexudusAccount, totals, .shape = &totals_shape),
  LK_FIELD (TIME_NULL, LkNexudusAccount, listed_at),
  LK_FIELD (LIST, LkNexudusAccount, trips, .count_at = offsetof (LkNexudusAccount, n_trips),
            .max = TRIPS_MAX, .shape = &trip_shape),
  LK_FIELD (LIST, LkNexudusAccount, spent, .count_at = offsetof (LkNexudusAccount, n_spent),
            .max = LK_SPENT_MAX, .shape = &spent_shape, .flags = LK_FIELD_SPARE),
  LK_FIELD (TEXT_NULL, LkNexudusAccount, fault),
};

const LkShape lk_nexudus_account_shape
    = { nexudus_fields, G_N_ELEMENTS (nexudus_fields), sizeof (LkNexudusAccount), -1, NULL };

gboolean
lk_nexudus_account_parse (LkNexudusAccount *out, const char *json, gsize len, GError **error)
{
  LkNexudusAccount account;

  if (!lk_shape_parse (&lk_nexudus_account_shape, &account, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = account;
  return TRUE;
}

static void
write_trips (LkJsonWriter *writer, const LkNexudusAccount *account)
{
  lk_json_begin_array (writer, "trips");
  for (guint i = 0; i < account->n_trips; i++)
    {
      const LkTrip *trip = &account->trips[i];

      lk_json_begin_object (writer, NULL);
      lk_json_string (writer, "id", trip->id);
      lk_json_string (writer, "space", trip->space);
      lk_json_string (writer, "kind", trip->kind);
      lk_json_int (writer, "held", trip->held);
      lk_json_int (writer, "of", trip->of);
      lk_json_time (writer, "since", trip->since);
      write_ids (writer, "members", trip->members, trip->n_members);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
}

static void
write_spent (LkJsonWriter *writer, const LkNexudusAccount *account)
{
  lk_json_begin_array (writer, "spent");
  for (guint i = 0; i < account->n_spent; i++)
    {
      lk_json_begin_object (writer, NULL);
      lk_json_time (writer, "minute", account->spent[i].minute);
      lk_json_int (writer, "requests", account->spent[i].requests);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
}

void
lk_nexudus_account_write (const LkNexudusAccount *account, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "account", account->account);
  lk_json_time (&writer, "read_until", account->read_until);
  lk_json_begin_object (&writer, "totals");
  for (guint i = 0; i < G_N_ELEMENTS (totals_names); i++)
    if (account->totals[i] < 0)
      lk_json_null (&writer, totals_names[i]);
    else
      lk_json_int (&writer, totals_names[i], account->totals[i]);
  lk_json_end_object (&writer);
  lk_json_time (&writer, "listed_at", account->listed_at);
  write_trips (&writer, account);
  write_spent (&writer, account);
  lk_json_string (&writer, "fault", account->fault);
  lk_json_end_object (&writer);
}

gboolean
lk_spent_counts (const LkSpent *spent, LkTime now)
{
  return spent->minute > now - LK_HOUR - LK_MINUTE && spent->minute < now + LK_HOUR;
}

guint
lk_nexudus_account_spent (const LkNexudusAccount *account, LkTime now)
{
  gint64 requests = 0;

  for (guint i = 0; i < account->n_spent; i++)
    if (lk_spent_counts (&account->spent[i], now))
      requests += MIN (account->spent[i].requests, G_MAXINT);
  return (guint) MIN (requests, G_MAXINT);
}

void
lk_nexudus_account_clear (LkNexudusAccount *account)
{
  lk_shape_clear (&lk_nexudus_account_shape, account);
}

static int
rights_of (const char *text)
{
  return g_str_equal (text, "one"); /* a word of a newer writer: the default */
}

static const LkField kisi_fields[] = {
  LK_FIELD (TEXT, LkKisiAccount, account),
  LK_FIELD (TIME_NULL, LkKisiAccount, events_until),
  LK_FIELD (TIME_NULL, LkKisiAccount, audited_at),
  LK_FIELD_AS ("rights_per_group", WORD, LkKisiAccount, one_right, .word = rights_of),
  LK_FIELD (TEXT_NULL, LkKisiAccount, fault),
};

const LkShape lk_kisi_account_shape
    = { kisi_fields, G_N_ELEMENTS (kisi_fields), sizeof (LkKisiAccount), -1, NULL };

gboolean
lk_kisi_account_parse (LkKisiAccount *out, const char *json, gsize len, GError **error)
{
  LkKisiAccount account;

  if (!lk_shape_parse (&lk_kisi_account_shape, &account, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = account;
  return TRUE;
}

void
lk_kisi_account_write (const LkKisiAccount *account, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "account", account->account);
  lk_json_time (&writer, "events_until", account->events_until);
  lk_json_time (&writer, "audited_at", account->audited_at);
  lk_json_string (&writer, "rights_per_group", account->one_right ? "one" : "many");
  lk_json_string (&writer, "fault", account->fault);
  lk_json_end_object (&writer);
}

void
lk_kisi_account_clear (LkKisiAccount *account)
{
  lk_shape_clear (&lk_kisi_account_shape, account);
}
