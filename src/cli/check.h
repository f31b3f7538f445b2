/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The part of `latchkey check` that looks for missing rights, endpoint by endpoint. One thread.
 */
#pragma once

#include "services.h"

#include "../poller/reads.h"
#include "../poller/schedule.h"
#include <latchkey/model/json.h>

G_BEGIN_DECLS

/* Something that ACCOUNT may not read, or (ERROR: RETRY) that could not be looked at; TEXT says
 * which and what to do. */
typedef void (*CheckFunc) (const char *account, const GError *error, const char *text,
                           gpointer data);

/* Single rows; lists are check.c's. */
void check_nexudus_rows (Cli *cli, CliServices *services, const char *account, CheckFunc found,
                         gpointer data);
/* GROUP is one that the key sees, 0: none. */
void check_kisi_reads (Cli *cli, CliServices *services, const char *account, gint64 group,
                       CheckFunc found, gpointer data);

/* --- check_budget.c: the plan of an hour ------------------------------------------------------ */

typedef struct
{
  const LkConfigNexudus *config;
  gint64 totals[READS_COUNT_];  /* rows of each list of a full listing */
  guint requests[READS_COUNT_]; /* that each takes */
  guint listing;                /* that all take */
  gint64 interval;              /* ms from one cycle to the next */
  ScheduleHour hour;
  gint64 spent; /* requests of the last hour, as the poller has it; -1: not known */
} CheckHour;

void check_hour_plan (const LkConfigNexudus *config, const gint64 totals[READS_COUNT_],
                      CheckHour *out);
void check_hour_read_spent (Cli *cli, CheckHour *hour);
/* Where the configuration asks for more than its limits give. */
void check_hour_judge (const CheckHour *hour, CheckFunc found, gpointer data);
void check_hour_print (const CheckHour *hour);
void check_hour_write (const CheckHour *hour, LkJsonWriter *writer);

G_END_DECLS
