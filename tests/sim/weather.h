/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What goes wrong on the way, and how often just now: the history makes weather, and ends it. One
 * thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  WEATHER_WRITE_LOST,
  WEATHER_WRITE_UNKNOWN,
  WEATHER_WRITE_SLOW,
  WEATHER_CUT_BEFORE,
  WEATHER_CUT_AFTER,
  WEATHER_EFFECT_LATE,
  WEATHER_NEVER_SENT,
  WEATHER_SERVER_ERROR,
  WEATHER_SERVER_ERROR_AFTER,
  WEATHER_MALFORMED,
  WEATHER_SLOW,
  WEATHER_THROTTLED,
  WEATHER_THROTTLED_BARE,
  WEATHER_REFUSED,
  WEATHERS
} SimWeather;

const char *sim_weather_name (SimWeather weather);

G_END_DECLS
