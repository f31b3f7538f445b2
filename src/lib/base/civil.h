/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The civil (proleptic Gregorian) calendar in whole days since 1970-01-01, for time.c and zone.c.
 */
#pragma once

#include <glib.h>

static inline gint64
lk_floor_div (gint64 a, gint64 b)
{
  gint64 q = a / b;

  return q - (a % b < 0);
}

static inline int
lk_civil_month_days (int year, int month)
{
  gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

  if (month == 2)
    return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static inline gint64
lk_civil_to_days (int year, int month, int day)
{
  gint64 y = month <= 2 ? year - 1 : year;
  gint64 era = lk_floor_div (y, 400);
  gint64 year_of_era = y - era * 400;
  gint64 day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1; /* from 1 March */
  gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

  return era * 146097 + day_of_era - 719468;
}

static inline void
lk_civil_from_days (gint64 days, int *out_year, int *out_month, int *out_day)
{
  gint64 z = days + 719468;
  gint64 era = lk_floor_div (z, 146097);
  gint64 day_of_era = z - era * 146097;
  gint64 year_of_era
      = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  gint64 month = (5 * day_of_year + 2) / 153; /* 0 is March */

  *out_day = (int) (day_of_year - (153 * month + 2) / 5 + 1);
  *out_month = (int) (month < 10 ? month + 3 : month - 9);
  *out_year = (int) (year_of_era + era * 400 + (*out_month <= 2));
}
