/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The tables of switches and limits, and what is set of them.
 */
#include "sandbox.h"

#include <string.h>

const SwitchInfo switch_infos[SWITCHES_] = {
#define SWITCH(id, name, values, help) { name, values, help },
#include "switches.def"
#undef SWITCH
};

const LimitInfo limit_infos[LIMITS_] = {
#define LIMIT(id, name, value, help) { name, value, help },
#include "limits.def"
#undef LIMIT
};

static gboolean
value_fits (const char *form, const char *value)
{
  gsize len = strlen (form);
  if (!g_str_has_suffix (form, "_N"))
    return g_str_equal (form, value);
  return strncmp (form, value, len - 1) == 0
         && g_ascii_string_to_unsigned (value + len - 1, 10, 1, 1000, NULL, NULL);
}

static gboolean
switch_takes (const SwitchInfo *info, const char *value)
{
  g_auto (GStrv) forms = g_strsplit (info->values, "|", -1);
  for (char **form = forms; *form != NULL; form++)
    if (value_fits (*form, value))
      return TRUE;
  return FALSE;
}

void
switches_reset (Sandbox *sandbox)
{
  for (int i = 0; i < SWITCHES_; i++)
    {
      g_free (sandbox->switches[i]);
      const char *end = strchr (switch_infos[i].values, '|');
      sandbox->switches[i]
          = g_strndup (switch_infos[i].values, (gsize)(end - switch_infos[i].values));
    }
}

gboolean
switch_is (const Sandbox *sandbox, SwitchId id, const char *value)
{
  return g_str_equal (sandbox->switches[id], value);
}

gint64
switch_number (const Sandbox *sandbox, SwitchId id)
{
  const char *last = strrchr (sandbox->switches[id], '_');
  return last != NULL ? g_ascii_strtoll (last + 1, NULL, 10) : 0;
}

json_t *
switches_get (const Sandbox *sandbox)
{
  json_t *out = json_object ();
  for (int i = 0; i < SWITCHES_; i++)
    json_set (out, switch_infos[i].name, json_string (sandbox->switches[i]));
  return out;
}

static int
switch_find (const char *name)
{
  for (int i = 0; i < SWITCHES_; i++)
    if (g_str_equal (switch_infos[i].name, name))
      return i;
  return -1;
}

static int
limit_find (const char *name)
{
  for (int i = 0; i < LIMITS_; i++)
    if (g_str_equal (limit_infos[i].name, name))
      return i;
  return -1;
}

/* All or nothing: a list with one mistake changes nothing. */
gboolean
switches_put (Sandbox *sandbox, const json_t *values, GError **error)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *)values, name, value)
  {
    int i = switch_find (name);
    if (i < 0)
      return lk_fail (error, LK_ERROR_REJECT, "no switch '%s'", name);
    if (!json_is_string (value) || !switch_takes (&switch_infos[i], json_string_value (value)))
      return lk_fail (error, LK_ERROR_REJECT, "switch '%s' is one of %s", name,
                      switch_infos[i].values);
  }
  json_object_foreach ((json_t *)values, name, value)
  {
    int i = switch_find (name);
    g_free (sandbox->switches[i]);
    sandbox->switches[i] = g_strdup (json_string_value (value));
  }
  return TRUE;
}

void
limits_reset (Sandbox *sandbox)
{
  for (int i = 0; i < LIMITS_; i++)
    sandbox->limits[i] = limit_infos[i].value;
}

json_t *
limits_get (const Sandbox *sandbox)
{
  json_t *out = json_object ();
  for (int i = 0; i < LIMITS_; i++)
    json_set (out, limit_infos[i].name, json_integer (sandbox->limits[i]));
  return out;
}

gboolean
limits_put (Sandbox *sandbox, const json_t *values, GError **error)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *)values, name, value)
  {
    if (limit_find (name) < 0)
      return lk_fail (error, LK_ERROR_REJECT, "no limit '%s'", name);
    if (!json_is_integer (value) || json_integer_value (value) < 0
        || json_integer_value (value) > 10000000)
      return lk_fail (error, LK_ERROR_REJECT, "limit '%s' is a number from 0 to 10000000", name);
  }
  json_object_foreach ((json_t *)values, name, value)
  {
    sandbox->limits[limit_find (name)] = json_integer_value (value);
  }
  return TRUE;
}

void
switches_print_help (GString *out)
{
  g_string_append (out, "Switches (PUT /sandbox/switches), the default first:\n");
  for (int i = 0; i < SWITCHES_; i++)
    g_string_append_printf (out, "  %s  %s\n      %s\n", switch_infos[i].name,
                            switch_infos[i].values, switch_infos[i].help);
  g_string_append (out, "\nLimits (PUT /sandbox/limits), 0 for none:\n");
  for (int i = 0; i < LIMITS_; i++)
    g_string_append_printf (out, "  %s  %" G_GINT64_FORMAT "\n      %s\n", limit_infos[i].name,
                            limit_infos[i].value, limit_infos[i].help);
}
