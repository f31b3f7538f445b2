/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * People, row by row, and what refers to them: they are published first in each space where it is.
 * A full listing has everybody before the passes and bookings; who is needed in another space than
 * their own is then taken from what it has just read, not read once more by id.
 */
#include "rows_internal.h"

#include <string.h>

/* One as last read, in one piece: there may be many. */
typedef struct
{
  gint64 id;
  gint64 revision;
  gboolean active, archived;
  gboolean has_email, has_name;
  char text[]; /* the address, then the name, those that there are */
} Person;

static gsize
text_size (const char *text)
{
  return text == NULL ? 0 : strlen (text) + 1;
}

static Person *
person_new (const LkMember *member)
{
  gsize email = text_size (member->email), name = text_size (member->name);
  Person *person = g_malloc (sizeof *person + email + name);

  *person = (Person){ .id = member->member,
                      .revision = member->revision,
                      .active = member->active,
                      .archived = member->archived,
                      .has_email = member->email != NULL,
                      .has_name = member->name != NULL };
  if (email > 0)
    memcpy (person->text, member->email, email);
  if (name > 0)
    memcpy (person->text + email, member->name, name);
  return person;
}

/* Its strings are PERSON's. */
static LkMember
member_of (Person *person)
{
  LkMember member = { .member = person->id,
                      .revision = person->revision,
                      .active = person->active,
                      .archived = person->archived };

  if (person->has_email)
    member.email = person->text;
  if (person->has_name)
    member.name = person->text + text_size (member.email);
  return member;
}

void
rows_remember_people (Rows *rows, gboolean remember)
{
  g_clear_pointer (&rows->people, g_hash_table_unref);
  if (remember)
    /* The key is the id in the value. */
    rows->people = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
}

void
rows_forget_person (Rows *rows, gint64 id)
{
  if (rows->people != NULL)
    (void) g_hash_table_remove (rows->people, &id);
}

/* Whoever is everywhere already is needed nowhere else. */
static void
remember (Rows *rows, const LkMember *member)
{
  const Person *known;
  Person *person;
  gboolean everywhere = TRUE;

  if (rows->people == NULL)
    return;
  for (guint i = 0; everywhere && i < rows->spaces->n; i++)
    everywhere = store_has_member (rows->store, i, member->member);
  if (everywhere)
    {
      rows_forget_person (rows, member->member);
      return;
    }
  known = g_hash_table_lookup (rows->people, &member->member);
  if (known != NULL && known->revision > member->revision)
    return;
  person = person_new (member);
  (void) g_hash_table_replace (rows->people, &person->id, person);
}

/* FALSE: nobody of that id is remembered. */
static gboolean
publish_remembered (Rows *rows, gint64 id, const GArray *spaces)
{
  Person *person = rows->people == NULL ? NULL : g_hash_table_lookup (rows->people, &id);
  LkMember member;

  if (person == NULL)
    return FALSE;
  member = member_of (person);
  store_member (rows->store, &member, spaces);
  return TRUE;
}

static gboolean
is_in_all (const Rows *rows, gint64 member, const GArray *spaces)
{
  for (guint i = 0; i < spaces->len; i++)
    if (!store_has_member (rows->store, g_array_index (spaces, guint, i), member))
      return FALSE;
  return TRUE;
}

gboolean
rows_has_person (Rows *rows, gint64 member, const GArray *spaces, StoreKind kind, gint64 id)
{
  g_autofree char *reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, member);
  GArray *wanted;

  if (is_in_all (rows, member, spaces))
    return TRUE;
  if (publish_remembered (rows, member, spaces) && is_in_all (rows, member, spaces))
    return TRUE;
  wanted = g_hash_table_lookup (rows->wanted_spaces, &member);
  if (wanted == NULL)
    {
      wanted = g_array_new (FALSE, FALSE, sizeof (guint));
      g_hash_table_insert (rows->wanted_spaces, g_memdup2 (&member, sizeof member), wanted);
    }
  g_array_append_vals (wanted, spaces->data, spaces->len);
  rows_hold (rows, reference, kind, id);
  rows_read_again (rows, STORE_MEMBERS, member);
  return FALSE;
}

/* MEMBER's row has been taken; what waits for them in WANTED (may be NULL) is read, when they are
 * published there. They aren't while they are being read again, or when their record was refused:
 * what waits would then only ask for them once more. */
static void
let_waiting_go (Rows *rows, gint64 member, const GArray *wanted)
{
  g_autofree char *reference = g_strdup_printf ("coworker/%" G_GINT64_FORMAT, member);
  gboolean there = wanted == NULL || is_in_all (rows, member, wanted);

  if (!there && g_hash_table_contains (rows->open, reference))
    return;
  if (!there)
    rows_skip (rows, "unpublished");
  (void) g_hash_table_remove (rows->wanted_spaces, &member);
  rows_release (rows, reference, there);
}

static void
add_unique (GArray *spaces, guint space)
{
  for (guint i = 0; i < spaces->len; i++)
    if (g_array_index (spaces, guint, i) == space)
      return;
  g_array_append_val (spaces, space);
}

void
rows_coworker (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Rows *rows = data;
  g_auto (LkNexudusCoworker) coworker = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) spaces = g_array_new (FALSE, FALSE, sizeof (guint));
  const GArray *wanted;
  LkMember member;

  if (!lk_nexudus_coworker_read (&coworker, row, &error))
    {
      rows_unreadable (rows, LK_NEXUDUS_COWORKERS, error);
      return;
    }
  route_business (rows->spaces, coworker.business, spaces);
  store_member_spaces (rows->store, coworker.id, spaces);
  wanted = g_hash_table_lookup (rows->wanted_spaces, &coworker.id);
  g_autoptr (GArray) unique = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < spaces->len; i++)
    add_unique (unique, g_array_index (spaces, guint, i));
  for (guint i = 0; wanted != NULL && i < wanted->len; i++)
    add_unique (unique, g_array_index (wanted, guint, i));

  member = (LkMember){ .member = coworker.id,
                       .revision = store_revision (rows->store, read->started_at),
                       .email = coworker.email,
                       .name = coworker.name,
                       .active = coworker.active,
                       .archived = coworker.archived };
  store_member (rows->store, &member, unique);
  remember (rows, &member);
  let_waiting_go (rows, coworker.id, wanted);
}
