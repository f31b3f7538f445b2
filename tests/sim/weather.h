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
/* The rest is each simulation's own. */
#define SIM_WEATHER(id, name) WEATHER_##id,
#include <weather.def>
#undef SIM_WEATHER
  WEATHERS
} SimWeather;

const char *sim_weather_name (SimWeather weather);

G_END_DECLS
