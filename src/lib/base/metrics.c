/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The registry: per metric a hash table from the joined label values to its series.
 */
#include <latchkey/base/metrics.h>

#include <stdarg.h>
#include <string.h>

#define LABELS_MAX 4

static const double buckets[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                  0.5,   1,      2.5,   5,    10,    30,   60,  300 };

typedef struct
{
  char *values[LABELS_MAX];
  double value; /* of a histogram: the sum */
  guint64 counts[G_N_ELEMENTS (buckets)], count;
} Series;

static const LkMetricInfo infos[] = {
#define LK_METRIC(id, name, kind, labels, help) { name, labels, help, LK_METRIC_##kind },
#include <latchkey/base/metrics.def>
#undef LK_METRIC
};

static GHashTable *series_of[LK_M_COUNT_]; /* char* → Series* */
static struct
{
  void (*func) (gpointer data);
  gpointer data;
} hooks[8];
static guint n_hooks;

const LkMetricInfo *
lk_metric_info (LkMetricId id)
{
  g_assert (id < LK_M_COUNT_);
  return &infos[id];
}

static guint
n_labels (LkMetricId id)
{
  guint n = *infos[id].labels != '\0';

  for (const char *c = infos[id].labels; *c != '\0'; c++)
    n += *c == ',';
  g_assert (n <= LABELS_MAX);
  return n;
}

static void
series_free (gpointer data)
{
  Series *series = data;

  for (guint i = 0; i < LABELS_MAX; i++)
    g_free (series->values[i]);
  g_free (series);
}

/* The series of the label values in ARGS; with CREATE made when it is new. */
static Series *
find (LkMetricId id, va_list args, gboolean create)
{
  char key[512];
  const char *values[LABELS_MAX] = { NULL };
  guint n = n_labels (id), at = 0;
  Series *series;

  g_assert (id < LK_M_COUNT_);
  for (guint i = 0; i < n; i++)
    {
      values[i] = va_arg (args, const char *);
      g_assert (values[i] != NULL); /* too few labels */
      at += (guint) g_strlcpy (key + at, values[i], sizeof key - at);
      g_assert (at + 1 < sizeof key);
      key[at++] = '\1';
    }
  key[at] = '\0';
  g_assert (va_arg (args, const char *) == NULL); /* too many labels */
  if (series_of[id] == NULL)
    series_of[id] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, series_free);
  series = g_hash_table_lookup (series_of[id], key);
  if (series == NULL && create)
    {
      series = g_new0 (Series, 1);
      for (guint i = 0; i < n; i++)
        series->values[i] = g_strdup (values[i]);
      g_hash_table_insert (series_of[id], g_strdup (key), series);
    }
  return series;
}

void
lk_metric_add (LkMetricId id, double value, ...)
{
  va_list args;

  g_assert (infos[id].kind == LK_METRIC_COUNTER && value >= 0);
  va_start (args, value);
  find (id, args, TRUE)->value += value;
  va_end (args);
}

void
lk_metric_set (LkMetricId id, double value, ...)
{
  va_list args;

  g_assert (infos[id].kind == LK_METRIC_GAUGE);
  va_start (args, value);
  find (id, args, TRUE)->value = value;
  va_end (args);
}

void
lk_metric_observe (LkMetricId id, double seconds, ...)
{
  va_list args;
  Series *series;

  g_assert (infos[id].kind == LK_METRIC_HISTOGRAM);
  va_start (args, seconds);
  series = find (id, args, TRUE);
  va_end (args);
  series->value += seconds;
  series->count++;
  for (guint i = 0; i < G_N_ELEMENTS (buckets); i++)
    series->counts[i] += seconds <= buckets[i];
}

double
lk_metric_get (LkMetricId id, ...)
{
  va_list args;
  const Series *series;

  va_start (args, id);
  series = find (id, args, FALSE);
  va_end (args);
  return series == NULL ? 0 : series->value;
}

void
lk_metrics_on_render (void (*hook) (gpointer data), gpointer data)
{
  g_assert (n_hooks < G_N_ELEMENTS (hooks));
  hooks[n_hooks].func = hook;
  hooks[n_hooks++].data = data;
}

static void
append_value (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (out, g_ascii_formatd (text, sizeof text, "%.15g", value));
  g_string_append_c (out, '\n');
}

/* `name_suffix{a="x",le="1"} `; LE NULL leaves it out. */
static void
append_name (GString *out, LkMetricId id, const char *suffix, const Series *series, const char *le)
{
  g_auto (GStrv) labels = g_strsplit (infos[id].labels, ",", -1);
  gboolean any = FALSE;

  g_string_append_printf (out, "%s%s", infos[id].name, suffix);
  for (guint i = 0; *infos[id].labels != '\0' && labels[i] != NULL; i++)
    {
      g_string_append_printf (out, "%c%s=\"", any ? ',' : '{', labels[i]);
      for (const char *c = series->values[i]; *c != '\0'; c++)
        if (*c == '\n')
          g_string_append (out, "\\n");
        else
          {
            if (*c == '"' || *c == '\\')
              g_string_append_c (out, '\\');
            g_string_append_c (out, *c);
          }
      g_string_append_c (out, '"');
      any = TRUE;
    }
  if (le != NULL)
    {
      g_string_append_printf (out, "%cle=\"%s\"", any ? ',' : '{', le);
      any = TRUE;
    }
  g_string_append (out, any ? "} " : " ");
}

static void
render_series (GString *out, LkMetricId id, const Series *series)
{
  char le[G_ASCII_DTOSTR_BUF_SIZE];

  if (infos[id].kind != LK_METRIC_HISTOGRAM)
    {
      append_name (out, id, "", series, NULL);
      append_value (out, series->value);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (buckets); i++)
    {
      append_name (out, id, "_bucket", series,
                   g_ascii_formatd (le, sizeof le, "%g", buckets[i]));
      append_value (out, (double) series->counts[i]);
    }
  append_name (out, id, "_bucket", series, "+Inf");
  append_value (out, (double) series->count);
  append_name (out, id, "_sum", series, NULL);
  append_value (out, series->value);
  append_name (out, id, "_count", series, NULL);
  append_value (out, (double) series->count);
}

void
lk_metrics_render (GString *out)
{
  static const char *const kinds[] = { "counter", "gauge", "histogram" };

  for (guint i = 0; i < n_hooks; i++)
    hooks[i].func (hooks[i].data);
  for (LkMetricId id = 0; id < LK_M_COUNT_; id++)
    {
      g_autoptr (GList) keys = NULL;

      if (series_of[id] == NULL || g_hash_table_size (series_of[id]) == 0)
        continue;
      g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", infos[id].name, infos[id].help,
                              infos[id].name, kinds[infos[id].kind]);
      keys = g_list_sort (g_hash_table_get_keys (series_of[id]), (GCompareFunc) strcmp);
      for (GList *l = keys; l != NULL; l = l->next)
        render_series (out, id, g_hash_table_lookup (series_of[id], l->data));
    }
}

void
lk_metrics_reset (void)
{
  for (LkMetricId id = 0; id < LK_M_COUNT_; id++)
    g_clear_pointer (&series_of[id], g_hash_table_unref);
}
