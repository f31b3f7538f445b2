/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The wish `resync`: blocks off, the user looked up again, rights compared with KISI without
 * waiting for the clock; of one member, or of a whole space (design §6).
 */
#include "wishes_internal.h"

static void
resync_person (Wish *wish, Person *person)
{
  person->resync = TRUE;
  person->retry_at = LK_TIME_NONE;
  g_ptr_array_add (wish->people, person);
  account_mark_dirty (person, wish_account (wish));
}

/* Where nothing is blocked there is nothing to be looked up: the groups' lists tell the rest. */
static void
resync_blocked (Person *person, gpointer data)
{
  Wish *wish = data;
  const LkLedgerMember *known = state_member_record (person);

  if (person->space == wish->set->space && known != NULL && known->n_blocked > 0)
    resync_person (wish, person);
}

static void
resync_begin (Wish *wish)
{
  Person *person = wish->member == 0 ? NULL : state_find_person (wish->set->space, wish->member);

  if (person != NULL)
    resync_person (wish, person);
  if (wish->member != 0)
    return;
  state_foreach (wish_account (wish)->state, resync_blocked, wish);
  wish_list (wish);
}

static const char *
resync_look (Wish *wish, char **out_reason)
{
  if (wish->member != 0 && wish->people->len == 0)
    {
      *out_reason = g_strdup ("nothing is known of that member in this space");
      return "refused";
    }
  for (guint i = 0; i < wish->people->len; i++)
    {
      const Person *person = wish->people->pdata[i];
      if (person->resync || person->inspections != NULL)
        return NULL;
    }
  if (wish->listing == LISTING_FAILED)
    {
      *out_reason = g_strdup ("a group could not be listed");
      return "failed";
    }
  return wish->listing == LISTING_NONE || wish->listing == LISTING_DONE ? "done" : NULL;
}

const WishKind wish_resync = { "resync", resync_begin, resync_look, NULL, NULL };
