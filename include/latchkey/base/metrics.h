/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Metrics in Prometheus text form. Each is declared once, as a row of metrics.def: name (base
 * unit, counters end in _total), kind, labels, help. Labels come only from configuration or fixed
 * words, so that the number of series is bounded. One registry a process; the loop's thread only.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  LK_METRIC_COUNTER,
  LK_METRIC_GAUGE,
  LK_METRIC_HISTOGRAM, /* seconds; buckets 1 ms … 300 s */
} LkMetricKind;

typedef enum
{
#define LK_METRIC(id, name, kind, labels, help) LK_M_##id,
#include <latchkey/base/metrics.def>
#undef LK_METRIC
  LK_M_COUNT_
} LkMetricId;

typedef struct
{
  const char *name, *labels, *help; /* labels: comma separated, "" for none */
  LkMetricKind kind;
} LkMetricInfo;

const LkMetricInfo *lk_metric_info (LkMetricId id);

/* One value for each label in the row's order, then NULL: lk_metric_add (LK_M_X, 1, "moncloa",
 * NULL). The wrong number of labels is our own mistake (assertion). */
void lk_metric_add (LkMetricId id, double value, ...) G_GNUC_NULL_TERMINATED;     /* counter */
void lk_metric_set (LkMetricId id, double value, ...) G_GNUC_NULL_TERMINATED;     /* gauge */
void lk_metric_observe (LkMetricId id, double seconds, ...) G_GNUC_NULL_TERMINATED; /* histogram */
double lk_metric_get (LkMetricId id, ...) G_GNUC_NULL_TERMINATED; /* 0 when absent; tests */

/* A hook run before each rendering, to refresh gauges. Hooks are never removed in a process. */
void lk_metrics_on_render (void (*hook) (gpointer data), gpointer data);
void lk_metrics_render (GString *out);
void lk_metrics_reset (void); /* tests */

G_END_DECLS
