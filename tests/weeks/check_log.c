/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Each record, when it is written: it says what was true when it was read, no earlier and no later
 * than its revision and itself; nothing is said twice; what is removed was gone.
 */
#include "check_internal.h"

#include "clock.h"
#include "said.h"

#include <jansson.h>
#include <string.h>

#define SLACK_MS 50 /* revisions may run a little ahead of the clock */
#define MENDED_MS NX_MINUTE
#define TOMBSTONE_AFTER (30 * NX_DAY) /* design §3 */

static gint64
until_of (const NxEntity *entity, guint version)
{
  return version + 1 < entity->rows->len ? g_array_index (entity->rows, NxRow, version + 1).since
                                         : G_MAXINT64;
}

/* --- what it says ----------------------------------------------------------------------------- */

/* Whether its own row ever was so between the request and now. */
static gboolean
was_so (const Slot *slot, const TruthSaid *said)
{
  const SimWorld *world = slot->world;
  const NxEntity *entity = slot->entity;

  for (guint v = entity->rows->len; v > 0; v--)
    {
      const NxRow *row = &g_array_index (entity->rows, NxRow, v - 1);
      TruthSaid should;
      if (until_of (entity, v - 1) < said->revision - SLACK_MS)
        return FALSE;
      if (row->gone
          || !truth_say (world->truth, entity, row->since, world->now, world->now, slot->space,
                         &should))
        continue;
      /* Several rows of one instant: truth_say takes the last, so this one is asked for itself. */
      if (should.member == said->member && g_str_equal (should.own, said->own))
        return TRUE;
    }
  return FALSE;
}

/* Which row of the contract it says, the newest that is so; NX_NONE: none ever was. */
static gint64
contract_of (const Slot *slot, const TruthSaid *said)
{
  const SimWorld *world = slot->world;
  const NxRow *pass = nx_row (slot->entity);
  const NxEntity *contract;
  gint64 found = NX_NONE;

  /* A pass keeps its contract for life. */
  contract = nx_find (world->check->nexus, NX_CONTRACT, pass->contract);
  for (guint v = 0; v < contract->rows->len; v++)
    {
      const NxRow *row = &g_array_index (contract->rows, NxRow, v);
      TruthSaid should = { .space = slot->space };
      truth_say_contract (world->truth, contract, row, &should);
      truth_text_pass (&should, 0, "");
      if (g_str_equal (should.contract, said->contract))
        found = row->since;
    }
  return found;
}

/* Whether processes may not know of each other's records, or of their own. */
static gboolean
is_confused (const struct _SimCheck *check)
{
  return check->troubled_until > check->world->now - 2 * NX_MINUTE;
}

/* A former owner that does not know of the new one put together a row that it read and a contract
 * that it knew of old: the owner sees that, and mends it. */
typedef struct
{
  Slot *slot;
  gint64 revision, at;
} Mending;

static void
is_mended (gpointer data)
{
  g_autofree Mending *mending = data;
  const Slot *slot = mending->slot;
  char name[96];

  if (slot->world->check->troubled_until > mending->at || slot->said.revision > mending->revision)
    return;
  sim_breach (slot->world, "page", "%s: nobody mends what a former owner wrote",
              check_name (slot, name));
}

static void
must_be_mended (Slot *slot, const TruthSaid *said)
{
  Mending *mending = g_new (Mending, 1);

  *mending = (Mending){ slot, said->revision, slot->world->now };
  sim_after (slot->world, MENDED_MS, is_mended, mending);
}

static void
judge_live (Slot *slot, const TruthSaid *said)
{
  SimWorld *world = slot->world;
  g_autofree char *text = check_text (said);
  gint64 contract;
  char name[96];

  if (!was_so (slot, said))
    sim_breach (world, "page", "%s: revision %" G_GINT64_FORMAT " says '%s', which was not so then",
                check_name (slot, name), said->revision, text);
  if (!said->has_contract || check_gives_nothing (said, &slot->should))
    return;
  contract = contract_of (slot, said);
  if (contract == NX_NONE)
    sim_breach (world, "page", "%s: its contract never was so: '%s'", check_name (slot, name),
                text);
  if (contract >= slot->contract_since || (slot->stands && said->revision < slot->said.revision))
    slot->contract_since = MAX (slot->contract_since, contract);
  else if (is_confused (world->check))
    must_be_mended (slot, said);
  else
    sim_breach (world, "page", "%s: its contract is older than what was said before: '%s'",
                check_name (slot, name), text);
}

/* It was not owed at some time between the request and now; what was inferred from a type, a room
 * or a location goes by what the last listing said of these. */
static void
judge_removal (Slot *slot, const TruthSaid *said)
{
  SimWorld *world = slot->world;
  gint64 since = slot->routed ? world->now - check_recovery (world) : said->revision - SLACK_MS;
  char name[96];

  if (slot->owed && slot->owed_since < since)
    sim_breach (world, "removal", "%s is removed, and was there all the time",
                check_name (slot, name));
  sim_count (world, SIM_FAULT_REMOVED);
}

static gboolean
is_same (const TruthSaid *a, const TruthSaid *b)
{
  return a->deleted == b->deleted
         && (a->deleted
             || (g_str_equal (a->own, b->own) && g_str_equal (a->contract, b->contract)
                 && g_str_equal (a->pause, b->pause)));
}

static void
judge (Slot *slot, const TruthSaid *said)
{
  SimWorld *world = slot->world;
  char name[96];

  if (slot->stands && slot->said.revision == said->revision && !is_same (&slot->said, said))
    sim_breach (world, "revision", "%s: two records of revision %" G_GINT64_FORMAT,
                check_name (slot, name), said->revision);
  if (slot->stands && is_same (&slot->said, said) && !is_confused (world->check))
    sim_breach (world, "revision", "%s says again what it says", check_name (slot, name));
  if (said->deleted)
    judge_removal (slot, said);
  else
    judge_live (slot, said);
}

/* --- records ---------------------------------------------------------------------------------- */

static void
take (Slot *slot, const TruthSaid *said)
{
  slot->last_revision = said->revision;
  if (slot->stands && said->revision < slot->said.revision)
    {
      sim_count (slot->world, SIM_FAULT_OVERRULED);
      return;
    }
  slot->stands = TRUE;
  slot->said = *said;
  slot->said_at = slot->world->now;
}

/* What is deleted, or over, for 30 days (design §3). */
static void
tombstone (Slot *slot)
{
  gint64 since = slot->world->now - TOMBSTONE_AFTER;
  gint64 over
      = slot->said.used && slot->said.used_at != NX_NONE ? slot->said.used_at : slot->said.until;
  char name[96];

  if (!slot->stands || slot->said_at > since
      || (!slot->said.deleted
          && (slot->said.kind == TRUTH_MEMBER || over == NX_NONE || over > since)))
    sim_breach (slot->world, "removal", "%s is forgotten", check_name (slot, name));
  slot->stands = FALSE;
}

static void
entity_record (SimWorld *world, TruthKind kind, guint space, const SimRecord *record)
{
  const char *slash = strchr (record->key, '/');
  gint64 member = g_ascii_strtoll (record->key, NULL, 10);
  gint64 id = slash == NULL ? member : g_ascii_strtoll (slash + 1, NULL, 10);
  Slot *slot = check_slot (world, kind, space, member, id);
  TruthSaid said;
  char why[256];

  if (record->value == NULL)
    {
      world->check->records++;
      tombstone (slot);
      return;
    }
  if (!said_read (kind, space, truth_space (world->truth, space)->code, record->value,
                  record->value_len, &said, why))
    sim_breach (world, "schema", "%s: %s", record->value, why);
  if (said.member != member || said.id != id)
    sim_breach (world, "schema", "%s: not what its key %s says", record->value, record->key);
  judge (slot, &said);
  if (!slot->stands || !g_str_equal (slot->said.own, said.own)
      || !check_gives_nothing (&slot->said, &said))
    world->check->records++;
  take (slot, &said);
}

static void
account_record (SimWorld *world, const SimRecord *record)
{
  struct _SimCheck *check = world->check;
  json_t *row
      = record->value == NULL ? NULL : json_loadb (record->value, record->value_len, 0, NULL);
  json_t *trips = json_object_get (row, "trips"), *listed = json_object_get (row, "listed_at");
  gint64 listed_at = NX_NONE;

  if (clock_parse (json_is_string (listed) ? json_string_value (listed) : "", &listed_at)
      && listed_at != check->listed_at)
    {
      check->listed_at = listed_at;
      check->listing_took = MAX (check->listing_took, world->now - listed_at);
    }
  if (!json_is_array (trips))
    sim_breach (world, "schema", "%s: no trips", record->value);
  g_hash_table_remove_all (check->trips);
  for (size_t i = 0; i < json_array_size (trips); i++)
    {
      json_t *trip = json_array_get (trips, i);
      (void) g_hash_table_insert (
          check->trips,
          g_strdup_printf ("%s/%s", json_string_value (json_object_get (trip, "space")),
                           json_string_value (json_object_get (trip, "kind"))),
          g_strdup (json_string_value (json_object_get (trip, "id"))));
      check->tripped_at = world->now;
    }
  json_decref (row);
}

static void
seen (SimLog *log, const SimRecord *record, gpointer data)
{
  static const char *const prefixes[]
      = { "latchkey.members.", "latchkey.passes.", "latchkey.bookings." };
  SimWorld *world = data;
  const char *topic = sim_log_topic (log);

  if (g_str_has_prefix (topic, "latchkey.nexudus-account."))
    account_record (world, record);
  for (guint k = 0; k < G_N_ELEMENTS (prefixes); k++)
    for (guint s = 0; s < TRUTH_SPACES; s++)
      if (g_str_has_prefix (topic, prefixes[k])
          && g_str_equal (topic + strlen (prefixes[k]), truth_space (world->truth, s)->code))
        entity_record (world, (TruthKind) k, s, record);
}

void
check_watch (SimWorld *world)
{
  sim_broker_watch (world->broker, seen, world);
}
