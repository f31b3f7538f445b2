/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Metrics: for each row of metrics.def a table from label values to a number or a histogram,
 * rendered in the order of the rows and, within one, of the label values.
 */
#include <latchkey/base/metrics.h>

#include <math.h>
#include <string.h>

#define MAX_LABELS 4
#define SEPARATOR "\x1F" /* between label values in a key */

/* Upper ends of a histogram's buckets, in seconds; the last one is infinite. */
static const double bounds[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                 1,     2.5,    5,     10,   30,    60,   120, 300 };

typedef struct
{
  double value; /* a histogram's sum */
  guint64 count;
  guint64 buckets[G_N_ELEMENTS (bounds)];
} Series;

typedef struct
{
  void (*func) (gpointer data);
  gpointer data;
} Hook;

static const LkMetricInfo infos[LK_M_COUNT_] = {
#define LK_METRIC(id, name_, kind_, labels_, help_)                                               \
  [LK_M_##id] = { .name = name_, .labels = labels_, .help = help_, .kind = LK_METRIC_##kind_ },
#include <latchkey/base/metrics.def>
#undef LK_METRIC
};

static GHashTable *tables[LK_M_COUNT_]; /* joined label values → Series */
static GArray *hooks;                   /* Hook */

const LkMetricInfo *
lk_metric_info (LkMetricId id)
{
  g_assert ((guint) id < LK_M_COUNT_);
  return &infos[id];
}

static guint
count_labels (const char *labels)
{
  guint n = *labels != '\0';

  for (; *labels != '\0'; labels++)
    n += *labels == ',';
  return n;
}

/* Joins the values of ARGS into KEY, which is on the caller's stack: this runs for every record. */
static void
join_labels (LkMetricId id, va_list args, char key[512])
{
  guint n = 0;
  gsize len = 0;
  const char *value;

  key[0] = '\0';
  while ((value = va_arg (args, const char *)) != NULL)
    {
      if (n++ > 0)
        len = g_strlcat (key, SEPARATOR, 512);
      len = g_strlcat (key, value, 512);
      g_assert (len < 512);
    }
  g_assert (n == count_labels (lk_metric_info (id)->labels));
}

static Series *
find_series (LkMetricId id, va_list args, gboolean create)
{
  char key[512];
  Series *series;

  join_labels (id, args, key);
  if (tables[id] == NULL)
    {
      if (!create)
        return NULL;
      tables[id] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    }
  series = g_hash_table_lookup (tables[id], key);
  if (series == NULL && create)
    {
      series = g_new0 (Series, 1);
      g_hash_table_insert (tables[id], g_strdup (key), series);
    }
  return series;
}

void
lk_metric_add (LkMetricId id, double value, ...)
{
  va_list args;

  g_assert (lk_metric_info (id)->kind == LK_METRIC_COUNTER && value >= 0);
  va_start (args, value);
  find_series (id, args, TRUE)->value += value;
  va_end (args);
}

void
lk_metric_set (LkMetricId id, double value, ...)
{
  va_list args;

  g_assert (lk_metric_info (id)->kind == LK_METRIC_GAUGE);
  va_start (args, value);
  find_series (id, args, TRUE)->value = value;
  va_end (args);
}

void
lk_metric_observe (LkMetricId id, double seconds, ...)
{
  Series *series;
  va_list args;

  g_assert (lk_metric_info (id)->kind == LK_METRIC_HISTOGRAM);
  va_start (args, seconds);
  series = find_series (id, args, TRUE);
  va_end (args);
  series->count++;
  series->value += seconds;
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    if (seconds <= bounds[i])
      {
        series->buckets[i]++;
        break;
      }
}

double
lk_metric_get (LkMetricId id, ...)
{
  const Series *series;
  va_list args;

  va_start (args, id);
  series = find_series (id, args, FALSE);
  va_end (args);
  if (series == NULL)
    return 0;
  return lk_metric_info (id)->kind == LK_METRIC_HISTOGRAM ? (double) series->count
                                                          : series->value;
}

void
lk_metrics_on_render (void (*hook) (gpointer data), gpointer data)
{
  Hook added = { hook, data };

  if (hooks == NULL)
    hooks = g_array_new (FALSE, FALSE, sizeof (Hook));
  g_array_append_val (hooks, added);
}

static void
append_number (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isinf (value))
    (void) g_strlcpy (text, value > 0 ? "+Inf" : "-Inf", sizeof text);
  else if (isnan (value))
    (void) g_strlcpy (text, "NaN", sizeof text);
  else
    (void) g_ascii_formatd (text, sizeof text, "%.15g", value);
  g_string_append (out, text);
}

/* In quotes a label escapes backslash, quote and newline; help escapes all but the quote. */
static void
append_escaped (GString *out, const char *text, gboolean quotes)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  for (const char *c = valid; *c != '\0'; c++)
    {
      if (*c == '\\' || (*c == '"' && quotes))
        g_string_append_c (out, '\\');
      if (*c == '\n')
        g_string_append (out, "\\n");
      else
        g_string_append_c (out, *c);
    }
}

/* name{label="value",…}, with the bucket's bound LE, if any, as the last label. */
static void
append_series_name (GString *out, const LkMetricInfo *info, const char *suffix, const char *key,
                    const char *le)
{
  g_auto (GStrv) names = g_strsplit (info->labels, ",", MAX_LABELS);
  g_auto (GStrv) values = g_strsplit (key, SEPARATOR, MAX_LABELS);
  const char *comma = "";

  g_string_append_printf (out, "%s%s", info->name, suffix);
  if (names[0] == NULL && le == NULL)
    return;
  g_string_append_c (out, '{');
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_string_append_printf (out, "%s%s=\"", comma, names[i]);
      append_escaped (out, values[i] != NULL ? values[i] : "", TRUE);
      g_string_append_c (out, '"');
      comma = ",";
    }
  if (le != NULL)
    g_string_append_printf (out, "%sle=\"%s\"", comma, le);
  g_string_append_c (out, '}');
}

static void
append_histogram (GString *out, const LkMetricInfo *info, const char *key, const Series *series)
{
  guint64 so_far = 0;

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      char le[G_ASCII_DTOSTR_BUF_SIZE];

      so_far += series->buckets[i];
      (void) g_ascii_formatd (le, sizeof le, "%g", bounds[i]);
      append_series_name (out, info, "_bucket", key, le);
      g_string_append_printf (out, " %" G_GUINT64_FORMAT "\n", so_far);
    }
  append_series_name (out, info, "_bucket", key, "+Inf");
  g_string_append_printf (out, " %" G_GUINT64_FORMAT "\n", series->count);
  append_series_name (out, info, "_sum", key, NULL);
  g_string_append_c (out, ' ');
  append_number (out, series->value);
  g_string_append_c (out, '\n');
  append_series_name (out, info, "_count", key, NULL);
  g_string_append_printf (out, " %" G_GUINT64_FORMAT "\n", series->count);
}

static void
append_series (GString *out, const LkMetricInfo *info, const char *key, const Series *series)
{
  if (info->kind == LK_METRIC_HISTOGRAM)
    {
      append_histogram (out, info, key, series);
      return;
    }
  append_series_name (out, info, "", key, NULL);
  g_string_append_c (out, ' ');
  append_number (out, series->value);
  g_string_append_c (out, '\n');
}

static gint
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

void
lk_metrics_render (GString *out)
{
  static const char *const kinds[] = { "counter", "gauge", "histogram" };

  for (guint i = 0; hooks != NULL && i < hooks->len; i++)
    {
      Hook hook = g_array_index (hooks, Hook, i);

      hook.func (hook.data);
    }
  for (guint id = 0; id < LK_M_COUNT_; id++)
    {
      const LkMetricInfo *info = &infos[id];
      g_autoptr (GList) keys = NULL;

      if (tables[id] != NULL)
        keys = g_list_sort (g_hash_table_get_keys (tables[id]), compare_keys);
      if (keys == NULL && *info->labels != '\0')
        continue;
      g_string_append_printf (out, "# HELP %s ", info->name);
      append_escaped (out, info->help, FALSE);
      g_string_append_printf (out, "\n# TYPE %s %s\n", info->name, kinds[info->kind]);
      if (keys == NULL) /* without labels there is one series, and it begins at 0 */
        append_series (out, info, "", &(const Series){ 0 });
      for (GList *key = keys; key != NULL; key = key->next)
        append_series (out, info, key->data, g_hash_table_lookup (tables[id], key->data));
    }
}

void
lk_metrics_reset (void)
{
  for (guint id = 0; id < LK_M_COUNT_; id++)
    g_clear_pointer (&tables[id], g_hash_table_unref);
}
