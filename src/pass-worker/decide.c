/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The rules of a pass, in the order of design §5: what it would give by itself, then what its
 * contract leaves of that, then one claim on each group that its type is mapped to.
 */
#include "decide.h"

/* A contract cuts a window at its start and end and takes one pause out of it. */
#define WINDOWS_MAX 2

/* An end sent as exactly 00:00 UTC is a bare date, which counts to the end of that local day,
 * unless the space takes it as the instant it looks like (nexudus-api.md §6.1: unknown). */
static LkTime
end_of (LkTime time, const LkRules *rules)
{
  if (time == LK_TIME_NONE || rules->expire_instant || !lk_time_is_midnight_utc (time))
    return time;
  return lk_zone_day_end (rules->zone, time);
}

/* A bare start begins with its local day. */
static LkTime
start_of (LkTime time, const LkRules *rules)
{
  if (time == LK_TIME_NONE || !lk_time_is_midnight_utc (time))
    return time;
  return lk_zone_day_start (rules->zone, time);
}

/* A bare pause covers both its days, whatever `expire_date` says of expiries. */
static LkTime
pause_end_of (LkTime time, const LkRules *rules)
{
  if (time == LK_TIME_NONE || !lk_time_is_midnight_utc (time))
    return time;
  return lk_zone_day_end (rules->zone, time);
}

/* The window of the pass alone; FALSE when it gives nothing. */
static gboolean
window_of_pass (const LkPass *pass, const LkRules *rules, LkWindow *out, LkWhy *why)
{
  LkWindow window = { pass->created_at, end_of (pass->expires_at, rules) };

  *why = LK_WHY_UNUSED;
  if (pass->used)
    {
      if (pass->minutes >= 0 || pass->used_at == LK_TIME_NONE)
        {
          *why = LK_WHY_USED_UP;
          return FALSE;
        }
      /* Spent this morning, it still opens this afternoon. */
      LkWindow day
          = { LK_TIME_NONE, lk_zone_next_local (rules->zone, pass->used_at, rules->day_cutoff) };
      window = lk_window_intersect (window, day);
      *why = LK_WHY_USED_TODAY;
    }
  if (lk_window_is_empty (window))
    {
      *why = LK_WHY_EXPIRED;
      return FALSE;
    }
  *out = window;
  return TRUE;
}

/* What CONTRACT leaves of WINDOW, in OUT; returns how many windows that is. */
static guint
windows_of_contract (const LkContract *contract, LkWindow window, const LkRules *rules,
                     LkWindow out[WINDOWS_MAX], LkWhy *why)
{
  if (!contract->active || (contract->cancelled && contract->ends_at == LK_TIME_NONE))
    {
      *why = LK_WHY_CONTRACT_INACTIVE;
      return 0;
    }

  LkWindow term = { start_of (contract->starts_at, rules), end_of (contract->ends_at, rules) };
  guint n = 0;

  window = lk_window_intersect (window, term);
  if (!lk_window_is_empty (window))
    {
      if (contract->paused_from == LK_TIME_NONE && contract->paused_until == LK_TIME_NONE)
        {
          out[0] = window;
          n = 1;
        }
      else
        {
          LkWindow pause = { start_of (contract->paused_from, rules),
                             pause_end_of (contract->paused_until, rules) };
          n = lk_windows_subtract (&window, 1, pause, out);
        }
    }
  if (n == 0)
    *why = LK_WHY_CONTRACT_ENDED;
  return n;
}

static void
claim_each_group (const LkMapping *mapping, const LkWindow *windows, guint n, LkCommand *out)
{
  out->claims = g_new0 (LkClaim, (gsize) mapping->n_groups * n);
  for (guint g = 0; g < mapping->n_groups; g++)
    for (guint w = 0; w < n; w++)
      out->claims[out->n_claims++] = (LkClaim){ mapping->groups[g].id, windows[w] };
}

void
pass_decide (const LkPass *pass, const LkRules *rules, LkCommand *out)
{
  const LkMapping *mapping;
  LkWindow window;
  LkWindow windows[WINDOWS_MAX];
  guint n = 1;

  *out = (LkCommand){ .kind = LK_SOURCE_PASS,
                      .member = pass->member,
                      .source_id = pass->pass,
                      .space = g_strdup (pass->space),
                      .version = { pass->revision, rules->rules_version } };
  if (pass->deleted)
    {
      out->why = LK_WHY_DELETED;
      return;
    }
  mapping = lk_rules_find (rules, LK_TARGET_PASS_TYPE, pass->type);
  if (mapping == NULL)
    {
      out->why = LK_WHY_NOT_MAPPED;
      return;
    }
  if (!window_of_pass (pass, rules, &window, &out->why))
    return;
  if (pass->has_contract)
    n = windows_of_contract (&pass->contract, window, rules, windows, &out->why);
  else
    windows[0] = window;
  if (n > 0)
    claim_each_group (mapping, windows, n, out);
}
