/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Weeks as minutes, compared minute by minute: 10 080 of them are nothing beside a request.
 */
#include "hours.h"

#include <string.h>

#define DAYS 7
#define DAY_MINUTES (24 * 60)

static const char *const day_names[DAYS] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

typedef struct
{
  gboolean open[DAYS][DAY_MINUTES];
} Week;

static void
open_all (Week *week)
{
  for (int day = 0; day < DAYS; day++)
    for (int minute = 0; minute < DAY_MINUTES; minute++)
      week->open[day][minute] = TRUE;
}

/* Both services' screens end a day at 23:59 where they mean its end. */
static void
open_from (Week *week, int day, int from, int until)
{
  if (until == DAY_MINUTES - 1)
    until = DAY_MINUTES;
  for (int minute = from; minute < until; minute++)
    week->open[day][minute] = TRUE;
}

/* A type without slots is for all hours (nexudus-api.md §3.4). */
static void
week_of_type (Week *week, gint64 type, const CliCatalog *catalog)
{
  gboolean any = FALSE;

  *week = (Week){ 0 };
  for (guint i = 0; i < catalog->slots->len; i++)
    {
      const LkNexudusSlot *slot = &g_array_index (catalog->slots, LkNexudusSlot, i);
      if (slot->type != type)
        continue;
      any = TRUE;
      if (slot->from < slot->until)
        open_from (week, slot->day, slot->from, slot->until);
      else
        {
          open_from (week, slot->day, slot->from, DAY_MINUTES);
          open_from (week, (slot->day + 1) % DAYS, 0, slot->until);
        }
    }
  if (!any)
    open_all (week);
}

static gboolean
is_restricted (gint64 group, const CliCatalog *catalog)
{
  for (guint i = 0; i < catalog->groups->len; i++)
    {
      const CliThing *thing = catalog->groups->pdata[i];
      if (thing->id == group)
        return thing->restricted;
    }
  return FALSE;
}

/* Schedules count only where the group's own switch is on (kisi-api.md §2.12). */
static void
week_of_group (Week *week, gint64 group, const CliCatalog *catalog)
{
  *week = (Week){ 0 };
  if (!is_restricted (group, catalog))
    {
      open_all (week);
      return;
    }
  for (guint i = 0; i < catalog->schedules->len; i++)
    {
      const LkKisiSchedule *schedule = catalog->schedules->pdata[i];
      if (schedule->group_id != group || !schedule->enabled || !schedule->allows
          || !schedule->recurs || schedule->overrides)
        continue;
      for (int day = 0; day < DAYS; day++)
        if (schedule->days & (1u << day))
          open_from (week, day, schedule->from, schedule->until);
    }
}

/* Adds a stretch of one day to those found, beside the same one of another day. */
static void
add_stretch (GArray *found, guint first, const CliHours *stretch)
{
  for (guint i = first; i < found->len; i++)
    {
      CliHours *other = &g_array_index (found, CliHours, i);
      if (other->from == stretch->from && other->until == stretch->until
          && other->group_opens == stretch->group_opens)
        {
          other->days |= stretch->days;
          return;
        }
    }
  g_array_append_val (found, *stretch);
}

static void
compare (const Week *pass, const Week *group, const CliHours *frame, GArray *found)
{
  guint first = found->len;

  for (int day = 0; day < DAYS; day++)
    for (int from = 0, until; from < DAY_MINUTES; from = until)
      {
        gboolean by_pass = pass->open[day][from], by_group = group->open[day][from];
        for (until = from + 1; until < DAY_MINUTES && pass->open[day][until] == by_pass
                               && group->open[day][until] == by_group;
             until++)
          ;
        if (by_pass == by_group)
          continue;
        CliHours stretch = *frame;
        stretch.group_opens = by_group;
        stretch.days = 1u << day;
        stretch.from = from;
        stretch.until = until;
        add_stretch (found, first, &stretch);
      }
}

GArray *
cli_hours_compare (const LkRules *rules, const CliCatalog *catalog)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (CliHours));
  g_autofree Week *pass = g_new (Week, 1), *group = g_new (Week, 1);

  for (guint m = 0; m < rules->n_mappings; m++)
    {
      const LkMapping *mapping = &rules->mappings[m];
      if (mapping->target != LK_TARGET_PASS_TYPE)
        continue;
      week_of_type (pass, mapping->id, catalog);
      for (guint g = 0; g < mapping->n_groups; g++)
        {
          const CliHours frame = { .pass_type = mapping->id,
                                   .group_id = mapping->groups[g].id,
                                   .pass_name = mapping->name,
                                   .group_name = mapping->groups[g].name };
          week_of_group (group, mapping->groups[g].id, catalog);
          compare (pass, group, &frame, found);
        }
    }
  return found;
}

char *
cli_hours_text (const CliHours *hours)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (int day = 0; day < DAYS; day++)
    if (hours->days & (1u << day))
      g_string_append_printf (text, "%s ", day_names[day]);
  g_string_append_printf (text, "%02d:%02d-%02d:%02d", hours->from / 60, hours->from % 60,
                          hours->until / 60, hours->until % 60);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
