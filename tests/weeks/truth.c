/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Which rows belong where, what they say, and when that opens.
 */
#include "truth.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define LEAD (15 * NX_MINUTE)
#define FORGOTTEN_AFTER (30 * NX_DAY)
#define LISTED_AFTER_USE (2 * NX_DAY)

struct _SimTruth
{
  const Nexus *nexus;
  TruthSpace spaces[TRUTH_SPACES];
  GTimeZone *zones[TRUTH_SPACES];
};

Truth *
truth_new (const Nexus *nexus, const TruthSpace spaces[TRUTH_SPACES])
{
  Truth *truth = g_new0 (Truth, 1);

  truth->nexus = nexus;
  for (guint s = 0; s < TRUTH_SPACES; s++)
    {
      truth->spaces[s] = spaces[s];
      truth->zones[s] = g_time_zone_new_identifier (spaces[s].zone);
      g_assert (truth->zones[s] != NULL);
    }
  return truth;
}

const TruthSpace *
truth_space (const Truth *truth, guint space)
{
  return &truth->spaces[space];
}

/* --- where (§7, "Routing") ---------------------------------------------------------------------
 */

/* A location that others name as their root. */
static gboolean
is_network (const Truth *truth, gint64 business)
{
  const GPtrArray *all = truth->nexus->all[NX_BUSINESS];

  for (guint i = 0; i < all->len; i++)
    {
      const NxEntity *other = all->pdata[i];
      if (nx_lives (other) && other->id != business && nx_row (other)->business == business)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_usable_at (const Truth *truth, const NxEntity *type, guint space)
{
  const NxRow *row = nx_row (type);
  gint64 business = truth->spaces[space].business;

  for (guint i = 0; i < row->n_locations; i++)
    if (row->locations[i] == business)
      return TRUE;
  if (row->n_locations > 0)
    return FALSE;
  return row->business == business || is_network (truth, row->business);
}

static gboolean
claim_belongs (const Truth *truth, const NxEntity *entity, guint space)
{
  const NxRow *row = nx_row (entity);
  const NxEntity *of
      = nx_find (truth->nexus, entity->kind == NX_PASS ? NX_TYPE : NX_RESOURCE, row->of);

  if (!nx_lives (entity) || !nx_lives (nx_find (truth->nexus, NX_COWORKER, row->coworker)))
    return FALSE;
  return entity->kind == NX_PASS ? is_usable_at (truth, of, space)
                                 : nx_row (of)->business == truth->spaces[space].business;
}

static gboolean
is_listed (const Truth *truth, NxKind kind, gboolean used, gint64 used_at, gint64 until)
{
  gint64 now = *truth->nexus->now;

  /* What is over for 30 days is forgotten (§3), and not taken up again. */
  if (kind != NX_COWORKER && until != NX_NONE && until < now - FORGOTTEN_AFTER + NX_HOUR)
    return FALSE;
  if (kind == NX_PASS && used)
    return used_at != NX_NONE && used_at > now - LISTED_AFTER_USE + NX_HOUR;
  return kind != NX_BOOKING || until > now + 5 * NX_MINUTE;
}

gboolean
truth_is_listed (const Truth *truth, const TruthSaid *said)
{
  return is_listed (truth,
                    said->kind == TRUTH_PASS      ? NX_PASS
                    : said->kind == TRUTH_BOOKING ? NX_BOOKING
                                                  : NX_COWORKER,
                    said->used, said->used_at, said->until);
}

gboolean
truth_belongs (const Truth *truth, const NxEntity *entity, guint space, gint64 since,
               gint64 claimed)
{
  static const NxKind claims[] = { NX_PASS, NX_BOOKING };

  if (entity->kind != NX_COWORKER)
    return claim_belongs (truth, entity, space);
  if (!nx_lives (entity))
    return FALSE;
  if (nx_row (entity)->business == truth->spaces[space].business
      && nx_row_at (entity, since) != NULL
      && nx_row_at (entity, since)->business == truth->spaces[space].business)
    return TRUE;
  for (guint k = 0; k < G_N_ELEMENTS (claims); k++)
    {
      const GPtrArray *all = truth->nexus->all[claims[k]];
      for (guint i = 0; i < all->len; i++)
        {
          const NxRow *row = nx_row (all->pdata[i]);
          const NxEntity *of
              = nx_find (truth->nexus, claims[k] == NX_PASS ? NX_TYPE : NX_RESOURCE, row->of);
          if (row->coworker == entity->id && row->since <= claimed && nx_row (of)->since <= claimed
              && claim_belongs (truth, all->pdata[i], space)
              && is_listed (truth, claims[k], row->used, row->used_at, row->until))
            return TRUE;
        }
    }
  return FALSE;
}

/* --- what ------------------------------------------------------------------------------------- */

void
truth_text_member (TruthSaid *said, const char *email, const char *name)
{
  g_snprintf (said->own, sizeof said->own, "%s <%s>%s%s", name, email,
              said->active ? "" : " suspended", said->archived ? " archived" : "");
}

static const char *
when (gint64 time, char buf[32])
{
  return time == NX_NONE ? "-" : clock_text (time, buf);
}

void
truth_text_pass (TruthSaid *said, gint64 type, const char *origin)
{
  char a[32], b[32], c[32];

  g_snprintf (said->own, sizeof said->own,
              "type %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT " min) %s, from %s to %s%s%s", type,
              said->minutes, origin, when (said->from, a), when (said->until, b),
              said->used ? ", used " : "", said->used ? when (said->used_at, c) : "");
  if (!said->has_contract)
    return;
  g_snprintf (said->contract, sizeof said->contract, "contract%s%s from %s to %s",
              said->contract_active ? "" : " inactive", said->cancelled ? " cancelled" : "",
              when (said->starts_at, a), when (said->ends_at, b));
  g_snprintf (said->pause, sizeof said->pause, "paused from %s to %s", when (said->paused_from, a),
              when (said->paused_until, b));
}

void
truth_text_booking (TruthSaid *said, const char *uid, gint64 resource)
{
  char a[32], b[32];

  g_snprintf (said->own, sizeof said->own, "resource %" G_GINT64_FORMAT " (%s), from %s to %s%s",
              resource, uid, when (said->from, a), when (said->until, b),
              said->tentative ? ", tentative" : "");
}

static void
say_coworker (const NxEntity *entity, const NxRow *row, TruthSaid *out)
{
  g_autofree char *email = g_strdup_printf ("m%u@example.org", row->number);
  g_autofree char *name
      = g_strdup_printf ("Member %" G_GINT64_FORMAT " %u", entity->id, row->number % 10);

  out->active = row->active;
  out->archived = row->archived;
  truth_text_member (out, email, name);
}

static GTimeZone *
zone_of (const Truth *truth, gint64 business)
{
  for (guint s = 0; s < TRUTH_SPACES; s++)
    if (truth->spaces[s].business == business)
      return truth->zones[s];
  return truth->zones[0];
}

void
truth_say_contract (const Truth *truth, const NxEntity *contract, const NxRow *row, TruthSaid *out)
{
  (void) truth;
  (void) contract;
  out->has_contract = TRUE;
  out->contract_active = row != NULL && !row->gone && row->active;
  out->cancelled = row != NULL && !row->gone && row->cancelled;
  out->starts_at = row == NULL || row->gone ? NX_NONE : row->from;
  out->ends_at = row == NULL || row->gone ? NX_NONE : row->until;
}

/* --- which pause of a contract counts (§7, nexudus-api.md §3.10) */

typedef struct
{
  gint64 start, end;  /* instants */
  gint64 from, until; /* as they are said */
} Pause;

static int
by_start (const void *a, const void *b)
{
  const Pause *x = a, *y = b;

  return x->start != y->start ? (x->start < y->start ? -1 : 1)
                              : (x->end > y->end) - (x->end < y->end);
}

static void
add_pause (GArray *pauses, gint64 from, gint64 until, GTimeZone *zone)
{
  Pause pause
      = { from == NX_NONE ? G_MININT64 : from, until == NX_NONE ? G_MAXINT64 : until, from, until };

  if (from == NX_NONE && until == NX_NONE)
    return;
  if (from != NX_NONE && clock_is_date (from))
    pause.start = clock_day_start (zone, from);
  if (until != NX_NONE && clock_is_date (until))
    pause.end = clock_day_end (zone, until);
  if (pause.start < pause.end)
    g_array_append_val (pauses, pause);
}

void
truth_say_pause (const Truth *truth, const NxEntity *contract, const NxRow *row, gint64 periods_at,
                 gint64 pause_at, TruthSaid *out)
{
  const GPtrArray *periods = truth->nexus->all[NX_PERIOD];
  g_autoptr (GArray) pauses = g_array_new (FALSE, FALSE, sizeof (Pause));
  Pause last = { 0, 0, NX_NONE, NX_NONE };
  GTimeZone *zone;

  out->paused_from = out->paused_until = NX_NONE;
  if (row == NULL || row->gone)
    return;
  zone = zone_of (truth, row->business);
  add_pause (pauses, row->paused_from, row->paused_until, zone);
  for (guint i = 0; i < periods->len; i++)
    {
      const NxRow *period = nx_row_at (periods->pdata[i], periods_at);
      if (period != NULL && !period->gone && period->of == contract->id)
        add_pause (pauses, period->from, period->until, zone);
    }
  if (pauses->len > 1)
    qsort (pauses->data, pauses->len, sizeof (Pause), by_start);
  /* Those that overlap or meet are one. The first that is not over counts, else the last. */
  for (guint i = 0; i < pauses->len; i++)
    {
      const Pause *next = &g_array_index (pauses, Pause, i);
      if (i > 0 && next->start <= last.end)
        {
          if (next->end > last.end)
            {
              last.end = next->end;
              last.until = next->until;
            }
        }
      else if (i > 0 && last.end > pause_at)
        break;
      else
        last = *next;
    }
  out->paused_from = last.from;
  out->paused_until = last.until;
  /* Nexudus only says that there is one: since the contract began. */
  if (row->paused && last.from == NX_NONE && last.until == NX_NONE)
    out->paused_from = row->from == NX_NONE ? 0 : row->from;
}

/* --- all of it */

void
truth_say_row (const Truth *truth, const NxEntity *entity, const NxRow *row, TruthSaid *out)
{
  out->id = entity->id;
  out->member = entity->kind == NX_COWORKER ? entity->id : row->coworker;
  out->kind = entity->kind == NX_COWORKER ? TRUTH_MEMBER
              : entity->kind == NX_PASS   ? TRUTH_PASS
                                          : TRUTH_BOOKING;
  out->deleted = row->gone;
  out->starts_at = out->ends_at = out->paused_from = out->paused_until = NX_NONE;
  if (entity->kind == NX_COWORKER)
    say_coworker (entity, row, out);
  else if (entity->kind == NX_PASS)
    {
      out->minutes = nx_row (nx_find (truth->nexus, NX_TYPE, row->of))->minutes;
      out->from = row->created;
      out->until = row->expires_at;
      out->used = row->used;
      out->used_at = row->used_at;
      out->has_contract = row->contract != 0;
    }
  else
    {
      out->from = row->from;
      out->until = row->until;
      out->tentative = row->tentative;
      truth_text_booking (out, entity->uid, row->of);
    }
}

gboolean
truth_say (const Truth *truth, const NxEntity *entity, gint64 row_at, gint64 contract_at,
           gint64 pause_at, guint space, TruthSaid *out)
{
  const NxRow *row = nx_row_at (entity, row_at);

  *out = (TruthSaid){ .space = space };
  if (row == NULL || row->gone || (entity->kind != NX_COWORKER && row->coworker == 0))
    return FALSE;
  truth_say_row (truth, entity, row, out);
  if (entity->kind != NX_PASS)
    return TRUE;
  if (row->contract != 0)
    {
      const NxEntity *contract = nx_find (truth->nexus, NX_CONTRACT, row->contract);
      const NxRow *of = nx_row_at (contract, contract_at);
      truth_say_contract (truth, contract, of, out);
      truth_say_pause (truth, contract, of, contract_at, pause_at, out);
    }
  truth_text_pass (out, row->of,
                   row->from_plan      ? "plan"
                   : row->from_product ? "product"
                                       : "direct");
  return TRUE;
}

/* --- when (§5) -------------------------------------------------------------------------------- */

/* A bare date ends with its local day, and begins with it. */
static gint64
end_of (gint64 time, GTimeZone *zone)
{
  return time == NX_NONE ? G_MAXINT64 : clock_is_date (time) ? clock_day_end (zone, time) : time;
}

static gint64
start_of (gint64 time, GTimeZone *zone)
{
  return time == NX_NONE ? G_MININT64 : clock_is_date (time) ? clock_day_start (zone, time) : time;
}

static gboolean
contract_opens (const TruthSaid *said, GTimeZone *zone, gint64 at)
{
  gboolean has_pause = said->paused_from != NX_NONE || said->paused_until != NX_NONE;

  if (!said->contract_active || (said->cancelled && said->ends_at == NX_NONE))
    return FALSE;
  if (at < start_of (said->starts_at, zone) || at >= end_of (said->ends_at, zone))
    return FALSE;
  return !has_pause || at < start_of (said->paused_from, zone)
         || at >= end_of (said->paused_until, zone);
}

gboolean
truth_opens (const Truth *truth, const TruthSaid *said, gint64 at)
{
  GTimeZone *zone = truth->zones[said->space];

  if (said->deleted)
    return FALSE;
  if (said->kind == TRUTH_MEMBER)
    return said->active && !said->archived;
  if (said->kind == TRUTH_BOOKING)
    return !said->tentative && at >= said->from - LEAD && at < said->until;
  if (at < said->from || at >= end_of (said->until, zone))
    return FALSE;
  if (said->used
      && (said->minutes >= 0 || said->used_at == NX_NONE
          || at >= clock_next_midnight (zone, said->used_at)))
    return FALSE;
  return !said->has_contract || contract_opens (said, zone, at);
}
