/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Places at which the executor can be made to die as by kill -9, to show that it may (design §9,
 * L3). They are there only in a build with -DLK_CRASH_POINTS=ON, which tests/system/chaos makes for
 * itself; in every other build the macros are nothing.
 *
 *   LATCHKEY_CRASH=intent-written      dies when it comes there (the names: crash.def)
 *   LATCHKEY_CRASH=intent-written:3    dies when it comes there the third time
 *
 * Loop thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifdef LK_CRASH_POINTS

typedef enum
{
#define CRASH(ID, name) CRASH_##ID,
#include "crash.def"
#undef CRASH
} CrashId;

/* Reads the environment. FALSE: it names no crash point, which has been said on standard error. */
gboolean crash_setup (void);
void crash_point (CrashId id);
void crash_point_soon (CrashId id);

#define CRASH_POINT(ID) crash_point (CRASH_##ID)
/* A moment later: by then what was handed to libcurl is out. */
#define CRASH_POINT_SOON(ID) crash_point_soon (CRASH_##ID)

#else

#define crash_setup() TRUE
#define CRASH_POINT(ID) ((void) 0)
#define CRASH_POINT_SOON(ID) ((void) 0)

#endif

G_END_DECLS
