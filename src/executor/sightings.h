/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of KISI that should not be there, from the first listing that showed them on: one is acted
 * on only when a second one, later, shows it too (design §6.9). Times are steady ms. Pure; one
 * thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Sightings Sightings;

Sightings *sightings_new (void);
void sightings_free (Sightings *sightings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sightings, sightings_free)

void sightings_clear (Sightings *sightings);

/* Around one listing of GROUP: what it did not show is over when it ends. */
void sightings_begin (Sightings *sightings);
void sightings_end (Sightings *sightings, gint64 group);

/* The listing shows row ID of GROUP at NOW. TRUE: it was seen APART ms ago or longer; APART 0: once
 * is enough. */
gboolean sightings_see (Sightings *sightings, gint64 id, gint64 group, gint64 now, gint64 apart);

/* When one is to be looked at again that was seen once; G_MAXINT64: none. */
gint64 sightings_next (const Sightings *sightings, gint64 apart);
/* The groups of those, each once (gint64; free with g_array_unref). */
GArray *sightings_groups (const Sightings *sightings);
/* That look is over, whether their groups could be listed or not: they are not looked at again just
 * because of this. */
void sightings_settle (Sightings *sightings, gint64 now, gint64 apart);

G_END_DECLS
