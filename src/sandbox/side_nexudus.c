/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The side door's Nexudus: rows, and what people and operators do.
 */
#include "side.h"

#define OPERATOR "admin@example.org"

/* The row that KEY of the body names; answers 404 itself. */
static Row *
named (Side *side, NxEntity entity, const char *key)
{
  Row *row = table_get (nx_table (side->sandbox->nexudus, entity), side_int (side, key));

  if (row == NULL)
    side_fail (side, 404, "no %s %" G_GINT64_FORMAT, key, side_int (side, key));
  return row;
}

static json_t *
whole (Side *side, NxEntity entity, Row *row)
{
  return nx_render (side->sandbox->nexudus, entity, row, FALSE);
}

static LkTime
at_of (Side *side)
{
  return side_time (side, "at", sandbox_now (side->sandbox));
}

/* --- actions ------------------------------------------------------------------------------------
 */

static void
book (Side *side)
{
  Nexudus *nexudus = side->sandbox->nexudus;
  json_t *fields;

  if (named (side, NX_COWORKERS, "coworker") == NULL
      || named (side, NX_RESOURCES, "resource") == NULL)
    return;
  fields = json_pack (
      "{s:I,s:I,s:s?,s:s?,s:b}", "CoworkerId", (json_int_t)side_int (side, "coworker"),
      "ResourceId", (json_int_t)side_int (side, "resource"), "FromTime", side_text (side, "from"),
      "ToTime", side_text (side, "until"), "Tentative", json_flag (side->body, "tentative", FALSE));
  side_reply (side, whole (side, NX_BOOKINGS, nx_create (nexudus, NX_BOOKINGS, fields, OPERATOR)));
  json_decref (fields);
}

static void
move_booking (Side *side)
{
  Row *booking = named (side, NX_BOOKINGS, "booking");
  json_t *fields;

  if (booking == NULL)
    return;
  fields = json_pack ("{s:s?,s:s?}", "FromTime", side_text (side, "from"), "ToTime",
                      side_text (side, "until"));
  nx_merge (side->sandbox->nexudus, NX_BOOKINGS, booking, fields, TRUE);
  json_decref (fields);
  side_reply (side, whole (side, NX_BOOKINGS, booking));
}

static void
cancel_booking (Side *side)
{
  Row *booking = named (side, NX_BOOKINGS, "booking");

  if (booking != NULL)
    side_reply (side, whole (side, NX_CANCELLED,
                             nx_cancel_booking (side->sandbox->nexudus, booking,
                                                side_int (side, "reason"), OPERATOR)));
}

static void
restore_booking (Side *side)
{
  Row *cancelled = named (side, NX_CANCELLED, "cancelled"), *booking;

  if (cancelled == NULL)
    return;
  booking = nx_restore_booking (side->sandbox->nexudus, cancelled);
  if (booking == NULL)
    side_fail (side, 409, "it was not cancelled here");
  else
    side_reply (side, whole (side, NX_BOOKINGS, booking));
}

static void
give_pass (Side *side)
{
  Row *type = named (side, NX_PASS_TYPES, "pass_type");
  json_t *extra = json_object ();

  if (type != NULL && named (side, NX_COWORKERS, "coworker") != NULL)
    {
      if (side_int (side, "business") != 0)
        json_set (extra, "BusinessId", json_integer (side_int (side, "business")));
      if (side_text (side, "expires") != NULL)
        json_set (extra, "ExpireDate", json_string (side_text (side, "expires")));
      side_reply (side, whole (side, NX_PASSES,
                               nx_give_pass (side->sandbox->nexudus, side_int (side, "coworker"),
                                             type, extra)));
    }
  json_decref (extra);
}

static void
use_pass (Side *side)
{
  Row *pass = named (side, NX_PASSES, "pass");

  if (pass == NULL)
    return;
  nx_use_pass (side->sandbox->nexudus, pass, at_of (side));
  side_reply (side, whole (side, NX_PASSES, pass));
}

static void
check_in (Side *side)
{
  g_autoptr (GError) error = NULL;
  Nexudus *nexudus = side->sandbox->nexudus;
  Row *coworker = named (side, NX_COWORKERS, "coworker"), *pass = NULL, *checkin;
  json_t *fields;

  if (coworker == NULL)
    return;
  gint64 business = side_int (side, "business");
  if (business == 0)
    business = json_int (coworker->data, "InvoicingBusinessId", 0);
  fields = json_pack ("{s:I,s:I,s:o}", "CoworkerId", (json_int_t)coworker->id, "BusinessId",
                      (json_int_t)business, "FromTime", json_time_text (at_of (side)));
  if (side_int (side, "pass") != 0)
    {
      const Row *named_pass = table_get (nx_table (nexudus, NX_PASSES), side_int (side, "pass"));
      if (named_pass != NULL)
        json_object_set (fields, "CoworkerTimePassGuid",
                         json_object_get (named_pass->data, "UniqueId"));
    }
  checkin = nx_check_in (nexudus, fields, at_of (side), &pass, &error);
  json_decref (fields);
  if (checkin == NULL)
    side_fail (side, 409, "%s", error->message);
  else
    side_reply (side, json_pack ("{s:o,s:o}", "checkin", whole (side, NX_CHECKINS, checkin), "pass",
                                 pass == NULL ? json_null () : whole (side, NX_PASSES, pass)));
}

static void
check_out (Side *side)
{
  Row *checkin = named (side, NX_CHECKINS, "checkin"), *pass;

  if (checkin == NULL)
    return;
  pass = nx_check_out (side->sandbox->nexudus, checkin, at_of (side));
  side_reply (side, json_pack ("{s:o,s:o}", "checkin", whole (side, NX_CHECKINS, checkin), "pass",
                               pass == NULL ? json_null () : whole (side, NX_PASSES, pass)));
}

static void
sell_product (Side *side)
{
  Row *product = named (side, NX_PRODUCTS, "product"), *sale = NULL;
  json_t *fields, *passes;

  if (product == NULL || named (side, NX_COWORKERS, "coworker") == NULL)
    return;
  gint64 quantity = MAX (side_int (side, "quantity"), 1);
  fields = json_pack ("{s:I,s:I,s:I,s:I}", "CoworkerId", (json_int_t)side_int (side, "coworker"),
                      "ProductId", (json_int_t)product->id, "BusinessId",
                      (json_int_t)json_int (product->data, "BusinessId", 0), "Quantity",
                      (json_int_t)quantity);
  passes = nx_sell (side->sandbox->nexudus, fields, json_flag (side->body, "paid", TRUE), &sale);
  json_decref (fields);
  side_reply (side, json_pack ("{s:o,s:o}", "sale", whole (side, NX_SALES, sale), "passes",
                               passes == NULL ? json_array () : passes));
}

static void
start_contract (Side *side)
{
  Row *tariff = named (side, NX_TARIFFS, "tariff"), *contract;
  json_t *fields, *passes = NULL;

  if (tariff == NULL || named (side, NX_COWORKERS, "coworker") == NULL)
    return;
  fields = json_pack ("{s:I,s:I,s:I}", "CoworkerId", (json_int_t)side_int (side, "coworker"),
                      "TariffId", (json_int_t)tariff->id, "IssuedById",
                      (json_int_t)json_int (tariff->data, "BusinessId", 0));
  if (side_text (side, "starts") != NULL)
    json_set (fields, "StartDate", json_string (side_text (side, "starts")));
  contract = nx_start_contract (side->sandbox->nexudus, fields, &passes);
  json_decref (fields);
  side_reply (side, json_pack ("{s:o,s:o}", "contract", whole (side, NX_CONTRACTS, contract),
                               "passes", passes == NULL ? json_array () : passes));
}

static void
renew_contract (Side *side)
{
  Row *contract = named (side, NX_CONTRACTS, "contract");
  json_t *passes;

  if (contract == NULL)
    return;
  passes = nx_issue_plan_passes (side->sandbox->nexudus, contract, TRUE);
  side_reply (side, json_pack ("{s:o,s:o}", "contract", whole (side, NX_CONTRACTS, contract),
                               "passes", passes == NULL ? json_array () : passes));
}

static void
cancel_contract (Side *side)
{
  Row *contract = named (side, NX_CONTRACTS, "contract");

  if (contract == NULL)
    return;
  nx_cancel_contract (side->sandbox->nexudus, contract, at_of (side));
  side_reply (side, whole (side, NX_CONTRACTS, contract));
}

static void
pause_contract (Side *side)
{
  Row *contract = named (side, NX_CONTRACTS, "contract");

  if (contract == NULL)
    return;
  nx_pause_contract (side->sandbox->nexudus, contract,
                     side_time (side, "from", sandbox_now (side->sandbox)),
                     side_time (side, "until", LK_TIME_NONE));
  side_reply (side, whole (side, NX_CONTRACTS, contract));
}

static void
resume_contract (Side *side)
{
  Row *contract = named (side, NX_CONTRACTS, "contract");

  if (contract == NULL)
    return;
  nx_resume_contract (side->sandbox->nexudus, contract);
  side_reply (side, whole (side, NX_CONTRACTS, contract));
}

static void
set_coworker (Side *side, gboolean active, int archived)
{
  Row *coworker = named (side, NX_COWORKERS, "coworker");
  json_t *fields;

  if (coworker == NULL)
    return;
  fields = json_pack ("{s:b}", "Active", active);
  if (archived >= 0)
    json_set (fields, "Archived", json_boolean (archived));
  nx_merge (side->sandbox->nexudus, NX_COWORKERS, coworker, fields, TRUE);
  json_decref (fields);
  side_reply (side, whole (side, NX_COWORKERS, coworker));
}

static void
archive (Side *side)
{
  set_coworker (side, FALSE, TRUE);
}

static void
unarchive (Side *side)
{
  set_coworker (side, TRUE, FALSE);
}

static void
suspend (Side *side)
{
  set_coworker (side, FALSE, -1);
}

static void
resume (Side *side)
{
  set_coworker (side, TRUE, -1);
}

static void
delete_coworker (Side *side)
{
  Row *coworker = named (side, NX_COWORKERS, "coworker");

  if (coworker == NULL)
    return;
  nx_delete_coworker (side->sandbox->nexudus, coworker);
  side_reply (side, json_object ());
}

static void
merge_coworkers (Side *side)
{
  Row *from = named (side, NX_COWORKERS, "from"), *into = named (side, NX_COWORKERS, "into");

  if (from == NULL || into == NULL || from == into)
    return;
  nx_merge_coworkers (side->sandbox->nexudus, from, into);
  side_reply (side, whole (side, NX_COWORKERS, into));
}

static void
team (Side *side, gboolean join)
{
  Row *coworker = named (side, NX_COWORKERS, "coworker"), *row = named (side, NX_TEAMS, "team");

  if (coworker == NULL || row == NULL)
    return;
  nx_join_team (side->sandbox->nexudus, coworker, row, join);
  side_reply (side, whole (side, NX_TEAMS, row));
}

static void
join_team (Side *side)
{
  team (side, TRUE);
}

static void
leave_team (Side *side)
{
  team (side, FALSE);
}

static void
expire_tokens (Side *side)
{
  nx_expire_tokens (side->sandbox->nexudus, json_flag (side->body, "refresh", FALSE));
  side_reply (side, json_object ());
}

static const struct
{
  const char *name;
  void (*act) (Side *side);
} actions[] = {
  { "book", book },
  { "move-booking", move_booking },
  { "cancel-booking", cancel_booking },
  { "restore-booking", restore_booking },
  { "give-pass", give_pass },
  { "use-pass", use_pass },
  { "check-in", check_in },
  { "check-out", check_out },
  { "sell-product", sell_product },
  { "start-contract", start_contract },
  { "renew-contract", renew_contract },
  { "cancel-contract", cancel_contract },
  { "pause-contract", pause_contract },
  { "resume-contract", resume_contract },
  { "archive", archive },
  { "unarchive", unarchive },
  { "suspend", suspend },
  { "resume", resume },
  { "delete-coworker", delete_coworker },
  { "merge-coworkers", merge_coworkers },
  { "join-team", join_team },
  { "leave-team", leave_team },
  { "expire-tokens", expire_tokens },
};

/* --- rows ---------------------------------------------------------------------------------------
 */

static void
list (Side *side, NxEntity entity)
{
  Nexudus *nexudus = side->sandbox->nexudus;
  GPtrArray *all = table_rows (nx_table (nexudus, entity));
  json_t *out;

  if (!side_read_filters (side, nexudus->defaults[entity]))
    return;
  out = json_array ();
  for (guint i = 0; i < all->len; i++)
    if (side_filters_match (side, ((Row *)all->pdata[i])->data))
      json_array_append_new (out, whole (side, entity, all->pdata[i]));
  side_reply (side, out);
}

static void
create (Side *side, NxEntity entity)
{
  Row *row = nx_create (side->sandbox->nexudus, entity, side->body, OPERATOR);

  nx_row_made (side->sandbox->nexudus, entity, row);
  side_reply (side, whole (side, entity, row));
}

static void
rows (Side *side, NxEntity entity)
{
  Nexudus *nexudus = side->sandbox->nexudus;
  const char *bump = lk_server_query (side->request, "bump");
  Row *row = NULL;

  if (side->n_parts > 2)
    {
      row = table_get (nx_table (nexudus, entity), g_ascii_strtoll (side->parts[2], NULL, 10));
      if (row == NULL)
        {
          side_fail (side, 404, "no row %s", side->parts[2]);
          return;
        }
    }
  if (side_is (side, "POST") && row == NULL)
    create (side, entity);
  else if (row == NULL)
    list (side, entity);
  else if (side_is (side, "PUT"))
    {
      nx_merge (nexudus, entity, row, side->body, g_strcmp0 (bump, "false") != 0);
      nx_row_changed (nexudus, entity, row);
      side_reply (side, whole (side, entity, row));
    }
  else if (side_is (side, "DELETE"))
    {
      nx_remove (nexudus, entity, row);
      side_reply (side, json_object ());
    }
  else
    side_reply (side, whole (side, entity, row));
}

void
side_nexudus (Side *side)
{
  const char *what = side->n_parts > 1 ? side->parts[1] : "";
  int entity = nx_entity (what);

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].name, what) && side_is (side, "POST"))
      {
        actions[i].act (side);
        return;
      }
  if (entity >= 0)
    rows (side, (NxEntity)entity);
}
