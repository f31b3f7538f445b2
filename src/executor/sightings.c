/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A table by the row's id.
 */
#include "sightings.h"

typedef struct
{
  gint64 id, group;
  gint64 first;     /* steady ms */
  guint look;       /* the listing that it was last in */
  gboolean settled; /* looked at for the second time */
} Sighting;

struct _Sightings
{
  GHashTable *rows; /* Sighting, by its id */
  guint look;
};

Sightings *
sightings_new (void)
{
  Sightings *sightings = g_new0 (Sightings, 1);

  sightings->rows = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  return sightings;
}

void
sightings_free (Sightings *sightings)
{
  if (sightings == NULL)
    return;
  g_hash_table_unref (sightings->rows);
  g_free (sightings);
}

void
sightings_clear (Sightings *sightings)
{
  g_hash_table_remove_all (sightings->rows);
}

void
sightings_begin (Sightings *sightings)
{
  sightings->look++;
}

void
sightings_end (Sightings *sightings, gint64 group)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, sightings->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((const Sighting *) value)->group == group
        && ((const Sighting *) value)->look != sightings->look)
      g_hash_table_iter_remove (&iter);
}

gboolean
sightings_see (Sightings *sightings, gint64 id, gint64 group, gint64 now, gint64 apart)
{
  Sighting *sighting = g_hash_table_lookup (sightings->rows, &id);

  if (sighting == NULL)
    {
      sighting = g_new0 (Sighting, 1);
      sighting->id = id;
      sighting->group = group;
      sighting->first = now;
      g_hash_table_insert (sightings->rows, &sighting->id, sighting);
    }
  sighting->look = sightings->look;
  if (now - sighting->first < apart)
    return FALSE;
  sighting->settled = TRUE;
  return TRUE;
}

gint64
sightings_next (const Sightings *sightings, gint64 apart)
{
  gint64 next = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, sightings->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!((const Sighting *) value)->settled)
      next = MIN (next, ((const Sighting *) value)->first + apart);
  return next;
}

static gboolean
has (const GArray *groups, gint64 group)
{
  for (guint i = 0; i < groups->len; i++)
    if (g_array_index (groups, gint64, i) == group)
      return TRUE;
  return FALSE;
}

GArray *
sightings_groups (const Sightings *sightings)
{
  GArray *groups = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, sightings->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Sighting *sighting = value;
      if (!sighting->settled && !has (groups, sighting->group))
        g_array_append_val (groups, sighting->group);
    }
  return groups;
}

void
sightings_settle (Sightings *sightings, gint64 now, gint64 apart)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, sightings->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Sighting *sighting = value;
      if (now - sighting->first >= apart)
        sighting->settled = TRUE;
    }
}
