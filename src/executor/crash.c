/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Dying at a named place. SIGKILL, since nothing may be tidied up: what Kafka's client has not sent
 * yet is lost, what KISI was asked goes on.
 */
#include "crash.h"

#include <latchkey/base/log.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VARIABLE "LATCHKEY_CRASH"
#define SOON_NS                                                                                    \
  60000000 /* a connection to this machine is made, and the request written, in a few ms */

static const char *const names[] = {
#define CRASH(ID, name) [CRASH_##ID] = name,
#include "crash.def"
#undef CRASH
};

static struct
{
  guint point; /* index of names */
  guint left;  /* times to come there; 0: no more */
} armed;

static gboolean
refuse (const char *value)
{
  g_autofree char *all = NULL;
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (list, (char *) names[i]);
  g_ptr_array_add (list, NULL);
  all = g_strjoinv (" ", (char **) list->pdata);
  (void) fprintf (stderr, VARIABLE ": no crash point '%s'; there are: %s\n", value, all);
  return FALSE;
}

gboolean
crash_setup (void)
{
  const char *value = getenv (VARIABLE);
  g_auto (GStrv) words = NULL;
  guint64 hit = 1;

  if (value == NULL)
    return TRUE;
  words = g_strsplit (value, ":", 2);
  if (words[0] == NULL
      || (words[1] != NULL && !g_ascii_string_to_unsigned (words[1], 10, 1, G_MAXINT, &hit, NULL)))
    return refuse (value);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (names[i], words[0]))
      {
        armed.point = i;
        armed.left = (guint) hit;
        return TRUE;
      }
  return refuse (value);
}

static gboolean
is_due (CrashId id)
{
  if (armed.left == 0 || armed.point != (guint) id || --armed.left > 0)
    return FALSE;
  lk_warning (LK_F (.event = "crash_point"), "dying at %s", names[id]);
  return TRUE;
}

void
crash_point (CrashId id)
{
  if (is_due (id))
    (void) raise (SIGKILL);
}

/* The kernel kills, wherever this process is by then. */
void
crash_point_soon (CrashId id)
{
  struct sigevent how = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
  const struct itimerspec when = { .it_value = { .tv_nsec = SOON_NS } };
  timer_t timer;

  if (!is_due (id))
    return;
  if (timer_create (CLOCK_MONOTONIC, &how, &timer) != 0
      || timer_settime (timer, 0, &when, NULL) != 0)
    g_error ("no timer to die by");
}
