/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rules of a space as JSON, and the look-up of a mapping. Mappings are kept sorted, so that every
 * snapshot finds its own by bisection.
 */
#include <latchkey/model/json.h>
#include <latchkey/model/rules.h>

#include "shape.h"

#include <stdlib.h>
#include <string.h>

#define MAPPINGS_MAX 2000
#define GROUPS_MAX   64
#define LEAD_MAX     (366 * 24 * 3600) /* seconds */

static const char *const target_names[] = { "pass_type", "resource" };

static int
expire_of (const char *text)
{
  return g_str_equal (text, "instant"); /* a word of a newer writer: the default */
}

static gboolean
check_rules (const void *base, const LkPath *path, GError **error)
{
  const LkRules *rules = base;

  if (rules->lead_s > LEAD_MAX)
    return lk_path_fail (&(LkPath){ path, "lead_s", 0 }, error, "more than a year");
  if (rules->grace_s > LEAD_MAX)
    return lk_path_fail (&(LkPath){ path, "grace_s", 0 }, error, "more than a year");
  return TRUE;
}

static const LkField rules_fields[] = {
  LK_FIELD (TEXT, LkRules, space),
  LK_FIELD (ID, LkRules, rules_version),
  LK_FIELD (ID, LkRules, decider),
  LK_FIELD (TEXT, LkRules, time_zone),
  LK_FIELD (COUNT, LkRules, lead_s),
  LK_FIELD (COUNT, LkRules, grace_s),
  LK_FIELD (BOOL, LkRules, tentative),
  LK_FIELD_AS ("expire_date", WORD, LkRules, expire_instant, .word = expire_of),
};

static const LkShape rules_shape
    = { rules_fields, G_N_ELEMENTS (rules_fields), sizeof (LkRules), -1, check_rules };

static const LkField group_fields[] = {
  LK_FIELD (ID, LkGroup, id),
  LK_FIELD (TEXT, LkGroup, name),
};

static const LkShape group_shape
    = { group_fields, G_N_ELEMENTS (group_fields), sizeof (LkGroup), -1, NULL };

/* A group twice would give claims that overlap. */
static gboolean
check_mapping (const void *base, const LkPath *path, GError **error)
{
  const LkMapping *mapping = base;

  for (guint i = 0; i < mapping->n_groups; i++)
    for (guint j = 0; j < i; j++)
      if (mapping->groups[i].id == mapping->groups[j].id)
        return lk_path_fail (&(LkPath){ &(LkPath){ path, "groups", 0 }, NULL, i }, error,
                             "a group that was there already");
  if (mapping->lead_s > LEAD_MAX)
    return lk_path_fail (&(LkPath){ path, "lead_s", 0 }, error, "more than a year");
  return TRUE;
}

static const LkField mapping_fields[] = {
  LK_FIELD (TEXT, LkMapping, name),
  LK_FIELD (LIST,
            LkMapping,
            groups,
            .count_at = offsetof (LkMapping, n_groups),
            .max = GROUPS_MAX,
            .shape = &group_shape),
  LK_FIELD (COUNT_NULL, LkMapping, lead_s, .flags = LK_FIELD_SPARE),
};

static const LkShape mapping_shape
    = { mapping_fields, G_N_ELEMENTS (mapping_fields), sizeof (LkMapping), -1, check_mapping };

static int
compare_mappings (const void *a, const void *b)
{
  const LkMapping *x = a, *y = b;

  if (x->target != y->target)
    return x->target < y->target ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

/* "pass_type/3001". FALSE without an error for a target of a newer writer. */
static gboolean
read_target (
    const char *key, LkTarget *out_target, gint64 *out_id, const LkPath *path, GError **error)
{
  const char *slash = strchr (key, '/');
  const char *rest;
  guint target;

  if (slash == NULL || slash == key)
    return lk_path_fail (path, error, "expected a key like 'pass_type/3001'");
  for (target = 0; target < G_N_ELEMENTS (target_names); target++)
    if (strncmp (key, target_names[target], (gsize)(slash - key)) == 0
        && target_names[target][slash - key] == '\0')
      break;
  if (target == G_N_ELEMENTS (target_names))
    return FALSE;
  if (!lk_key_parse (slash + 1, strlen (slash + 1), out_id, &rest, NULL) || rest != NULL)
    return lk_path_fail (path, error, "expected a key like 'pass_type/3001'");
  *out_target = (LkTarget)target;
  return TRUE;
}

static gboolean
read_mappings (LkRules *rules, json_t *root, GError **error)
{
  LkPath path = { NULL, "mappings", 0 };
  json_t *object, *value;
  const char *key;

  if (!lk_json_get_object (root, "mappings", &object, error))
    return FALSE;
  if (json_object_size (object) > MAPPINGS_MAX)
    return lk_path_fail (&path, error, "%" G_GSIZE_FORMAT " mappings, at most %d",
                         json_object_size (object), MAPPINGS_MAX);
  rules->mappings = g_new0 (LkMapping, json_object_size (object));
  json_object_foreach (object, key, value)
  {
    LkPath at = { &path, key, 0 };
    LkMapping *mapping = &rules->mappings[rules->n_mappings];
    g_autoptr (GError) wrong = NULL;
    LkTarget target = LK_TARGET_PASS_TYPE;
    gint64 id = 0;

    if (!read_target (key, &target, &id, &at, &wrong))
      {
        if (wrong == NULL)
          continue;
        g_propagate_error (error, g_steal_pointer (&wrong));
        return FALSE;
      }
    if (!lk_shape_read (&mapping_shape, mapping, value, &at, error))
      return FALSE;
    mapping->target = target;
    mapping->id = id;
    rules->n_mappings++;
  }
  if (rules->n_mappings > 0)
    qsort (rules->mappings, rules->n_mappings, sizeof (LkMapping), compare_mappings);
  return TRUE;
}

static gboolean
read_cutoff (LkRules *rules, json_t *root, GError **error)
{
  const char *text;

  if (!lk_json_get_string (root, "day_cutoff", &text, error))
    return FALSE;
  if (strlen (text) == 5 && g_ascii_isdigit (text[0]) && g_ascii_isdigit (text[1]) && text[2] == ':'
      && g_ascii_isdigit (text[3]) && g_ascii_isdigit (text[4]))
    {
      int hours = (text[0] - '0') * 10 + text[1] - '0',
          minutes = (text[3] - '0') * 10 + text[4] - '0';

      if (hours < 24 && minutes < 60)
        {
          rules->day_cutoff = hours * 60 + minutes;
          return TRUE;
        }
    }
  return lk_fail (error, LK_ERROR_REJECT, "day_cutoff: expected a time of day like '00:00'");
}

LkRules *
lk_rules_parse (const char *json, gsize len, GError **error)
{
  g_autoptr (json_t) root = lk_json_parse (json, len, LK_RECORD_MAX, error);
  g_autoptr (LkRules) rules = NULL;
  LkRules flat;

  if (root == NULL || !lk_shape_read (&rules_shape, &flat, root, NULL, error))
    return NULL;
  rules = g_memdup2 (&flat, sizeof flat);
  if (!read_cutoff (rules, root, error) || !read_mappings (rules, root, error))
    return NULL;
  /* Last: a bad record is a bad record on every machine. */
  rules->zone = lk_zone_new (rules->time_zone, error);
  if (rules->zone == NULL)
    {
      (void)lk_fail_prefix (error, "time_zone");
      return NULL;
    }
  return g_steal_pointer (&rules);
}

static void
write_mapping (LkJsonWriter *writer, const LkMapping *mapping)
{
  g_autofree char *key
      = g_strdup_printf ("%s/%" G_GINT64_FORMAT, target_names[mapping->target], mapping->id);

  lk_json_begin_object (writer, key);
  lk_json_string (writer, "name", mapping->name);
  lk_json_begin_array (writer, "groups");
  for (guint i = 0; i < mapping->n_groups; i++)
    {
      lk_json_begin_object (writer, NULL);
      lk_json_int (writer, "id", mapping->groups[i].id);
      lk_json_string (writer, "name", mapping->groups[i].name);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
  if (mapping->lead_s >= 0)
    lk_json_int (writer, "lead_s", mapping->lead_s);
  lk_json_end_object (writer);
}

void
lk_rules_write (const LkRules *rules, GString *out)
{
  LkJsonWriter writer = { out, FALSE };
  char cutoff[6] = "00:00";

  cutoff[0] += (char)(rules->day_cutoff / 600);
  cutoff[1] += (char)(rules->day_cutoff / 60 % 10);
  cutoff[3] += (char)(rules->day_cutoff % 60 / 10);
  cutoff[4] += (char)(rules->day_cutoff % 10);
  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "space", rules->space);
  lk_json_int (&writer, "rules_version", rules->rules_version);
  lk_json_int (&writer, "decider", rules->decider);
  lk_json_string (&writer, "time_zone", rules->time_zone);
  lk_json_string (&writer, "day_cutoff", cutoff);
  lk_json_int (&writer, "lead_s", rules->lead_s);
  lk_json_int (&writer, "grace_s", rules->grace_s);
  lk_json_bool (&writer, "tentative", rules->tentative);
  lk_json_string (&writer, "expire_date", rules->expire_instant ? "instant" : "end_of_day");
  lk_json_begin_object (&writer, "mappings");
  for (guint i = 0; i < rules->n_mappings; i++)
    write_mapping (&writer, &rules->mappings[i]);
  lk_json_end_object (&writer);
  lk_json_end_object (&writer);
}

void
lk_rules_free (LkRules *rules)
{
  if (rules == NULL)
    return;
  for (guint i = 0; i < rules->n_mappings; i++)
    lk_shape_clear (&mapping_shape, &rules->mappings[i]);
  g_free (rules->mappings);
  lk_zone_free (rules->zone);
  lk_shape_clear (&rules_shape, rules);
  g_free (rules);
}

const LkMapping *
lk_rules_find (const LkRules *rules, LkTarget target, gint64 id)
{
  LkMapping wanted = { .target = target, .id = id };

  if (rules->n_mappings == 0)
    return NULL;
  return bsearch (&wanted, rules->mappings, rules->n_mappings, sizeof (LkMapping),
                  compare_mappings);
}

static gboolean
mapping_has_group (const LkMapping *mapping, gint64 group_id)
{
  for (guint i = 0; i < mapping->n_groups; i++)
    if (mapping->groups[i].id == group_id)
      return TRUE;
  return FALSE;
}

gboolean
lk_rules_has_group (const LkRules *rules, gint64 group_id)
{
  for (guint i = 0; i < rules->n_mappings; i++)
    if (mapping_has_group (&rules->mappings[i], group_id))
      return TRUE;
  return FALSE;
}

/* The order of the groups decides nothing. */
static gboolean
mappings_equal (const LkMapping *a, const LkMapping *b)
{
  if (a->target != b->target || a->id != b->id || a->lead_s != b->lead_s
      || a->n_groups != b->n_groups)
    return FALSE;
  for (guint i = 0; i < a->n_groups; i++)
    if (!mapping_has_group (b, a->groups[i].id))
      return FALSE;
  return TRUE;
}

gboolean
lk_rules_equal (const LkRules *a, const LkRules *b)
{
  if (!g_str_equal (a->space, b->space) || !g_str_equal (a->time_zone, b->time_zone)
      || a->decider != b->decider || a->day_cutoff != b->day_cutoff || a->lead_s != b->lead_s
      || a->grace_s != b->grace_s || a->tentative != b->tentative
      || a->expire_instant != b->expire_instant || a->n_mappings != b->n_mappings)
    return FALSE;
  for (guint i = 0; i < a->n_mappings; i++)
    if (!mappings_equal (&a->mappings[i], &b->mappings[i]))
      return FALSE;
  return TRUE;
}
