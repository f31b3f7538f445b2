/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The two levels. A group with one slot points at it; with more, at a sorted array.
 */
#include "table_index.h"

#include <latchkey/model/keys.h>
#include <string.h>

typedef struct
{
  union
  {
    LkSlot *one;   /* n is at most 1 */
    LkSlot **many; /* capacity > 0 */
  };
  guint n, capacity;
  char first[];
} Group;

/* A key that is looked for, taken apart. The first part stands where Group has it, so that one
 * comparison serves both. */
typedef struct
{
  const char *rest;
  union
  {
    Group group;
    char room[sizeof (Group) + LK_KEY_MAX];
  };
} Wanted;

/* --- groups ----------------------------------------------------------------------------------- */

static const char *
first_of (gconstpointer group)
{
  return (const char *) group + G_STRUCT_OFFSET (Group, first);
}

static guint
group_hash (gconstpointer group)
{
  return g_str_hash (first_of (group));
}

static gboolean
group_equal (gconstpointer a, gconstpointer b)
{
  return g_str_equal (first_of (a), first_of (b));
}

static void
group_free (gpointer data)
{
  Group *group = data;

  if (group->capacity > 0)
    g_free (group->many);
  g_free (group);
}

static LkSlot **
slots_of (Group *group)
{
  return group->capacity > 0 ? group->many : &group->one;
}

static gboolean
take_apart (const char *key, Wanted *wanted)
{
  gsize len = strcspn (key, "/");
  char *first = wanted->room + G_STRUCT_OFFSET (Group, first);

  if (len + strlen (key + len) >= LK_KEY_MAX)
    return FALSE;
  wanted->rest = key + len;
  memcpy (first, key, len);
  first[len] = '\0';
  return TRUE;
}

static Group *
find_group (const LkIndex *index, const Wanted *wanted)
{
  return g_hash_table_lookup (index->groups, &wanted->group);
}

/* Index of the first slot whose rest is not before REST. */
static guint
lower_bound (Group *group, const char *rest)
{
  LkSlot **slots = slots_of (group);
  guint low = 0, high = group->n;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      if (strcmp (slots[middle]->rest, rest) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static LkSlot *
slot_at (Group *group, guint at, const char *rest)
{
  LkSlot **slots = slots_of (group);

  return at < group->n && g_str_equal (slots[at]->rest, rest) ? slots[at] : NULL;
}

/* Room for one more at AT. */
static void
insert (Group *group, guint at, LkSlot *slot)
{
  if (group->n == 0 && group->capacity == 0)
    group->one = slot;
  else
    {
      if (group->capacity == 0)
        {
          LkSlot *one = group->one;
          group->capacity = 2;
          group->many = g_new (LkSlot *, group->capacity);
          group->many[0] = one;
        }
      else if (group->n == group->capacity)
        {
          group->capacity *= 2;
          group->many = g_renew (LkSlot *, group->many, group->capacity);
        }
      memmove (&group->many[at + 1], &group->many[at], (group->n - at) * sizeof (LkSlot *));
      group->many[at] = slot;
    }
  group->n++;
}

/* --- the index -------------------------------------------------------------------------------- */

void
lk_index_init (LkIndex *index)
{
  index->groups = g_hash_table_new_full (group_hash, group_equal, group_free, NULL);
}

static void
slot_clear (LkSlot *slot, void (*free_entry) (gpointer entry))
{
  if (free_entry != NULL && slot->entry != NULL)
    free_entry (slot->entry);
  if (free_entry != NULL && slot->own != NULL && slot->own->entry != NULL)
    free_entry (slot->own->entry);
  g_free (slot->own);
  g_free (slot);
}

void
lk_index_clear (LkIndex *index, void (*free_entry) (gpointer entry))
{
  GHashTableIter iter;
  gpointer key;

  if (index->groups == NULL)
    return;
  g_hash_table_iter_init (&iter, index->groups);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      Group *group = key;
      for (guint i = 0; i < group->n; i++)
        slot_clear (slots_of (group)[i], free_entry);
    }
  g_clear_pointer (&index->groups, g_hash_table_unref);
}

LkSlot *
lk_index_find (const LkIndex *index, const char *key)
{
  Wanted wanted;
  Group *group;

  if (!take_apart (key, &wanted))
    return NULL;
  group = find_group (index, &wanted);
  return group == NULL ? NULL : slot_at (group, lower_bound (group, wanted.rest), wanted.rest);
}

LkSlot *
lk_index_make (LkIndex *index, const char *key)
{
  Wanted wanted;
  Group *group;
  LkSlot *slot;
  guint at;

  if (!take_apart (key, &wanted))
    g_assert_not_reached ();
  group = find_group (index, &wanted);
  if (group == NULL)
    {
      gsize len = (gsize) (wanted.rest - key);
      group = g_malloc0 (sizeof (Group) + len + 1);
      memcpy (group->first, key, len);
      (void) g_hash_table_add (index->groups, group);
    }
  at = lower_bound (group, wanted.rest);
  slot = slot_at (group, at, wanted.rest);
  if (slot == NULL)
    {
      gsize len = strlen (wanted.rest);
      slot = g_malloc0 (sizeof (LkSlot) + len + 1);
      memcpy (slot->rest, wanted.rest, len);
      insert (group, at, slot);
    }
  return slot;
}

void
lk_index_remove (LkIndex *index, const char *key, LkSlot *slot)
{
  Wanted wanted;
  Group *group;
  LkSlot **slots;
  guint at;

  g_assert (slot->entry == NULL && slot->own == NULL);
  if (!take_apart (key, &wanted))
    g_assert_not_reached ();
  group = find_group (index, &wanted);
  at = lower_bound (group, wanted.rest);
  slots = slots_of (group);
  memmove (&slots[at], &slots[at + 1], (group->n - at - 1) * sizeof (LkSlot *));
  group->n--;
  g_free (slot);
  if (group->n == 0)
    (void) g_hash_table_remove (index->groups, group);
}

static void
foreach_group (Group *group, LkIndexFunc func, gpointer data)
{
  char key[LK_KEY_MAX];
  gsize len = strlen (group->first);

  memcpy (key, group->first, len);
  for (guint i = 0; i < group->n; i++)
    {
      LkSlot *slot = slots_of (group)[i];
      g_strlcpy (key + len, slot->rest, sizeof key - len);
      func (key, slot, data);
    }
}

void
lk_index_foreach (const LkIndex *index, const char *first, LkIndexFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer key;

  if (first != NULL)
    {
      Wanted wanted;
      Group *group = take_apart (first, &wanted) && wanted.rest[0] == '\0'
                         ? find_group (index, &wanted)
                         : NULL;
      if (group != NULL)
        foreach_group (group, func, data);
      return;
    }
  g_hash_table_iter_init (&iter, index->groups);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    foreach_group (key, func, data);
}
