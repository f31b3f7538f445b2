/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The wish `adopt`: rights that stand in KISI and are not ours become ours, where their window is
 * one that claims give, or where the operator named them (design §6). The space's groups are
 * listed; of each row that is not ours it is found out whose it is, by the ledger or by the user's
 * address; then each that may pass is read by id for its person (job_inspect.c), which decides.
 */
#include "wishes_internal.h"

#include <latchkey/base/log.h>

#define RESERVE 0.4 /* of the rate, for rights */
#define SHARE 20    /* percent of the rate that looking users up may insist on */

typedef struct
{
  LkKisiAssignment row; /* ids and window only */
  Person *person;       /* NULL: nobody of ours */
  gboolean inspected;   /* asked for */
} Candidate;

typedef struct
{
  Wish *wish;
  GArray *candidates; /* Candidate */
  guint next;         /* the first whose person is not known yet */
  gboolean asked;     /* all inspections are wanted */
  LkKisiCall *call;
  Share share;
  gint64 not_before; /* steady ms: after a failure */
  LkBackoff backoff;
} Adoption;

static void
adopt_begin (Wish *wish)
{
  Adoption *adoption = g_new0 (Adoption, 1);

  adoption->wish = wish;
  adoption->candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));
  adoption->share = (Share){ .reserve = RESERVE, .percent = SHARE };
  lk_backoff_init (&adoption->backoff, LK_SECOND, 5 * LK_MINUTE, 0);
  wish->adoption = adoption;
  wish_list (wish);
}

static void
adopt_drop (Wish *wish)
{
  Adoption *adoption = wish->adoption;

  if (adoption == NULL)
    return;
  if (adoption->call != NULL)
    lk_kisi_cancel (wish_account (wish)->kisi, adoption->call);
  g_array_unref (adoption->candidates);
  g_free (adoption);
}

static void
adopt_foreign_row (Wish *wish, const LkKisiAssignment *row)
{
  Adoption *adoption = wish->adoption;
  const Candidate candidate = {
    .row
    = { .id = row->id, .user_id = row->user_id, .group_id = row->group_id, .window = row->window }
  };

  g_array_append_val (adoption->candidates, candidate);
}

/* --- whose it is ------------------------------------------------------------------------------ */

static Candidate *
candidate_at (const Adoption *adoption, guint i)
{
  return &g_array_index (adoption->candidates, Candidate, i);
}

/* All of the same user have the same person. */
static void
settle (Adoption *adoption, gint64 user, Person *person)
{
  for (guint i = adoption->next; i < adoption->candidates->len; i++)
    if (candidate_at (adoption, i)->row.user_id == user)
      candidate_at (adoption, i)->person = person;
}

static void
user_read (LkKisiAnswer *answer, gpointer data)
{
  Adoption *adoption = data;
  Account *account = wish_account (adoption->wish);
  gint64 user = candidate_at (adoption, adoption->next)->row.user_id;
  const LkKisiUser *found;

  adoption->call = NULL;
  if (answer->verdict == LK_KISI_OK || answer->verdict == LK_KISI_GONE)
    {
      lk_backoff_reset (&adoption->backoff);
      found = answer->verdict == LK_KISI_OK ? answer->users->pdata[0] : NULL;
      if (found != NULL && found->email != NULL)
        settle (adoption, user, state_person_of_address (adoption->wish->set->space, found->email));
      adoption->next++;
      account_arm (account, 0);
      return;
    }
  if (answer->verdict == LK_KISI_UNAUTHORIZED)
    account_refuse (answer->message, account);
  adoption->not_before = lk_clock_steady (account->clock) + lk_backoff_next (&adoption->backoff);
}

/* FALSE: a user is yet to be looked up. */
static gboolean
know_everybody (Adoption *adoption)
{
  Account *account = wish_account (adoption->wish);
  StateSpace *space = adoption->wish->set->space;
  gint64 now = lk_clock_steady (account->clock), wait;

  for (; adoption->next < adoption->candidates->len; adoption->next++)
    {
      Candidate *candidate = candidate_at (adoption, adoption->next);
      gint64 member = state_member_of_user (space, candidate->row.user_id);

      if (candidate->person != NULL || candidate->row.user_id == 0)
        continue;
      if (member != 0)
        {
          candidate->person = state_find_person (space, member);
          continue;
        }
      if (adoption->call != NULL || account->refused || now < adoption->not_before)
        return FALSE;
      wait = share_wait_ms (&adoption->share, account->budget, account->config->requests_per_second,
                            now);
      if (wait > 0)
        account_arm (account, wait);
      else
        adoption->call
            = lk_kisi_get_user (account->kisi, candidate->row.user_id, user_read, adoption);
      return FALSE;
    }
  return TRUE;
}

/* --- which may pass --------------------------------------------------------------------------- */

static gboolean
is_listed (const Wish *wish, gint64 id)
{
  for (guint i = 0; i < wish->ids->len; i++)
    if (g_array_index (wish->ids, gint64, i) == id)
      return TRUE;
  return FALSE;
}

static void
ask_for_inspections (Adoption *adoption)
{
  Account *account = wish_account (adoption->wish);

  for (guint i = 0; i < adoption->candidates->len; i++)
    {
      Candidate *candidate = candidate_at (adoption, i);
      Person *person = candidate->person;
      gboolean listed = is_listed (adoption->wish, candidate->row.id);

      if (person == NULL
          || (adoption->wish->member != 0 && person->member != adoption->wish->member)
          || (!listed
              && !state_claims_window (person, candidate->row.group_id, candidate->row.window,
                                       account_wall (account))))
        continue;
      candidate->inspected = TRUE;
      (void) state_inspect (person, candidate->row.id,
                            listed ? PLAN_ADOPT_LISTED : PLAN_ADOPT_EQUAL, PLAN_TIDY);
      account_mark_dirty (person, account);
    }
  adoption->asked = TRUE;
}

static gboolean
is_waiting (const Candidate *candidate)
{
  for (guint i = 0; candidate->inspected && candidate->person->inspections != NULL
                    && i < candidate->person->inspections->len;
       i++)
    if (g_array_index (candidate->person->inspections, Inspection, i).right_id == candidate->row.id)
      return TRUE;
  return FALSE;
}

static const char *
adopt_look (Wish *wish, char **out_reason)
{
  Adoption *adoption = wish->adoption;
  guint adopted = 0;

  if (wish->listing == LISTING_FAILED)
    {
      *out_reason = g_strdup ("a group could not be listed");
      return "failed";
    }
  if (wish->listing != LISTING_DONE || !know_everybody (adoption))
    return NULL;
  if (!adoption->asked)
    ask_for_inspections (adoption);
  for (guint i = 0; i < adoption->candidates->len; i++)
    {
      const Candidate *candidate = candidate_at (adoption, i);
      if (is_waiting (candidate))
        return NULL;
      if (candidate->inspected && state_knows_right_id (candidate->person, candidate->row.id, ""))
        adopted++;
    }
  *out_reason = g_strdup_printf ("%u adopted, %u left as they are", adopted,
                                 adoption->candidates->len - adopted);
  return "done";
}

const WishKind wish_adopt = { "adopt", adopt_begin, adopt_look, adopt_foreign_row, adopt_drop };
