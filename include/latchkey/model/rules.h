/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rules of a space: everything a worker decides from, under one version (topic rules, design §3
 * and §4). Built by `latchkey rules`, read by all. Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

#define LK_DECIDER 1 /* raised by a release that decides otherwise (design §4) */

typedef struct
{
  gint64 id; /* KISI group */
  char *name;
} LkGroup;

typedef enum
{
  LK_TARGET_PASS_TYPE,
  LK_TARGET_RESOURCE,
} LkTarget;

typedef struct
{
  LkTarget target;
  gint64 id; /* Nexudus pass type or resource */
  char *name;
  LkGroup *groups;
  guint n_groups;
  gint64 lead_s; /* -1: the space's; resources only */
} LkMapping;

typedef struct
{
  char *space;
  gint64 rules_version;
  gint64 decider;
  char *time_zone;
  LkZone *zone;   /* of time_zone, loaded by parse */
  int day_cutoff; /* minutes after midnight; "HH:MM" in JSON */
  gint64 lead_s, grace_s;
  gboolean tentative;
  gboolean expire_instant; /* expire_date: instant, else end_of_day */
  LkMapping *mappings;     /* sorted by (target, id) */
  guint n_mappings;
} LkRules;

/* LK_ERROR_REJECT for a bad one, LK_ERROR_CONFIG for a zone this machine has no data of. */
LkRules *lk_rules_parse (const char *json, gsize len, GError **error);
void lk_rules_write (const LkRules *rules, GString *out);
void lk_rules_free (LkRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkRules, lk_rules_free)

/* NULL when it is not mapped. Borrowed. */
const LkMapping *lk_rules_find (const LkRules *rules, LkTarget target, gint64 id);
/* Whether GROUP_ID is in any mapping. */
gboolean lk_rules_has_group (const LkRules *rules, gint64 group_id);
/* Same decisions: equal in all but rules_version and display names. */
gboolean lk_rules_equal (const LkRules *a, const LkRules *b);

G_END_DECLS
