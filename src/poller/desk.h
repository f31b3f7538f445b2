/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the two walks through an account work with: the incremental cycle and the full listing. All
 * of it is borrowed from the Account.
 */
#pragma once

#include "brake.h"
#include "record.h"
#include "rows.h"

G_BEGIN_DECLS

typedef struct
{
  const LkConfigNexudus *config;
  const LkClock *clock;
  LkTimers *timers;
  LkNexudus *nexudus;
  Store *store;
  Rows *rows;
  Record *record;
  Brake *brake;
} Desk;

G_END_DECLS
