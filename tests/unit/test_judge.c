/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Every reason of design §8 as a table: who stood at the door at noon, what they claim, which
 * rights were in KISI, and what the report says.
 *
 * Times are of 2026-09-01 UTC. A claim is "pass/17 7001 08:00..10:00", a right "501 7001
 * 08:00..10:00 held", with "@11:00" for when its create began and "!11:30" for when it ended; "*"
 * is an open end; several are separated by "; ".
 */
#include "../../src/executor/judge.h"

#include <string.h>

#define DAY  G_GINT64_CONSTANT (1788220800000) /* 2026-09-01T00:00:00Z */
#define NOON (DAY + 12 * LK_HOUR)

typedef struct
{
  const char *what;
  gboolean granted;
  const char *code;
  const char *actor;      /* NULL: none */
  const char *authorized; /* "RoleAssignment 501", or NULL */
  const char *door;       /* groups that open it; "?" in front: not all are known yet */
  int member;             /* 0: nobody we know */
  gboolean suspended;
  const char *claims, *rights;
  const char *reason, *basis;
  const char *shown; /* "7001 08:00..10:00 pass/17", "" nothing */
} Row;

#define GRANTED      TRUE, NULL
#define DENIED(code) FALSE, code
#define MEMBER       9001, FALSE
#define NOBODY       0, FALSE
#define BY_501       "RoleAssignment 501"

static const Row rows[] = {
  { "opened by our right", GRANTED, "User", BY_501, "7001", MEMBER, "pass/17 7001 08:00..18:00",
    "501 7001 08:00..18:00 held", "entitled", "current", "7001 08:00..18:00 pass/17" },
  { "KISI says by which of our rights, whatever other groups the door has", GRANTED, "User",
    "RoleAssignment 502", "7001 7002", MEMBER, "pass/17 7001 *..*; booking/5 7002 11:00..13:00",
    "501 7001 *..* held; 502 7002 11:00..13:00 held", "entitled", "current",
    "7002 11:00..13:00 pass/17" },
  { "opened by our right that has ended since", GRANTED, "User", BY_501, "7001", MEMBER, "",
    "501 7001 08:00..18:00 ended !12:30", "entitled", "current", "7001 08:00..18:00 pass/17" },
  { "opened by a right whose create has no answer yet", GRANTED, "User", "RoleAssignment 777",
    "7001", MEMBER, "pass/17 7001 *..*", "0 7001 *..* intended @11:59", "entitled", "current",
    "7001 *..* pass/17" },
  { "KISI doesn't say: our right on the door at the time", GRANTED, "User", NULL, "7001", MEMBER,
    "pass/17 7001 08:00..18:00", "501 7001 08:00..18:00 held", "entitled", "current",
    "7001 08:00..18:00 pass/17" },
  { "opened by somebody else's right", GRANTED, "User", "RoleAssignment 777", "7001", MEMBER,
    "pass/17 7001 08:00..18:00", "501 7001 08:00..18:00 held", "foreign", "current", "" },
  { "opened by a role, not a right", GRANTED, "User", "Organization 3", "7001", MEMBER, "", "",
    "foreign", "current", "" },
  { "KISI doesn't say, and no right of ours was there", GRANTED, "User", NULL, "7001", MEMBER,
    "pass/17 7001 13:00..18:00", "501 7001 13:00..18:00 held", "foreign", "current", "" },
  { "nor is it known who opens the door", GRANTED, "User", NULL, "?", MEMBER, "", "", "unknown",
    "current", "" },
  { "somebody we don't know got in: by a right not ours", GRANTED, "User", "RoleAssignment 900",
    "7001", NOBODY, "", "", "foreign", "none", "" },
  { "a guest got in", GRANTED, "Guest", NULL, "7001", NOBODY, "", "", "foreign", "none", "" },
  { "a button at the door", GRANTED, NULL, NULL, "7001", NOBODY, "", "", "unknown", "none", "" },

  { "came before the booking", DENIED ("f358de"), "User", NULL, "7002", MEMBER,
    "booking/5 7002 12:30..14:00", "501 7002 12:30..14:00 held", "too_early", "current",
    "7002 12:30..14:00 booking/5" },
  { "came after it", DENIED ("f35ade"), "User", NULL, "7002", MEMBER, "booking/5 7002 09:00..11:00",
    "", "too_late", "current", "7002 09:00..11:00 booking/5" },
  { "at the very end it is over", DENIED (NULL), "User", NULL, "7002", MEMBER,
    "booking/5 7002 09:00..12:00", "", "too_late", "current", "7002 09:00..12:00 booking/5" },
  { "between two bookings: the nearer one tells", DENIED (NULL), "User", NULL, "7002", MEMBER,
    "booking/5 7002 09:00..11:50; booking/6 7002 14:00..15:00", "", "too_late", "current",
    "7002 09:00..11:50 booking/5" },
  { "the other way round", DENIED (NULL), "User", NULL, "7002", MEMBER,
    "booking/5 7002 08:00..09:00; booking/6 7002 12:05..15:00", "", "too_early", "current",
    "7002 12:05..15:00 booking/6" },
  { "as near: the one to come", DENIED (NULL), "User", NULL, "7002", MEMBER,
    "booking/5 7002 08:00..11:00; booking/6 7002 12:59..15:00", "", "too_early", "current",
    "7002 12:59..15:00 booking/6" },
  { "two sources with the same window", DENIED (NULL), "User", NULL, "7002", MEMBER,
    "pass/17 7002 13:00..*; pass/18 7002 13:00..*", "", "too_early", "current",
    "7002 13:00..* pass/17 pass/18" },
  { "claims on other doors only", DENIED ("fcd8ef"), "User", NULL, "7002", MEMBER,
    "pass/17 7001 *..*", "501 7001 *..* held", "no_claim", "current", "" },
  { "no claim at all", DENIED ("fcd8ef"), "User", NULL, "7002", MEMBER, "", "", "no_claim",
    "current", "" },
  { "a door that no mapped group opens", DENIED ("fcd8ef"), "User", NULL, "", MEMBER,
    "pass/17 7001 *..*", "", "no_claim", "current", "" },
  { "no claim, as far as the doors are known", DENIED ("fcd8ef"), "User", NULL, "?7002", MEMBER,
    "pass/17 7001 *..*", "", "unknown", "current", "" },
  { "entitled, but the right is not made yet", DENIED ("fcd8ef"), "User", NULL, "7001", MEMBER,
    "pass/17 7001 *..*", "", "not_yet_applied", "current", "7001 *..* pass/17" },
  { "nor is it certain that it was made", DENIED ("fcd8ef"), "User", NULL, "7001", MEMBER,
    "pass/17 7001 *..*", "0 7001 *..* intended @11:58", "not_yet_applied", "current",
    "7001 *..* pass/17" },
  { "made just now: it may not have got to the reader", DENIED ("fcd8ef"), "User", NULL, "7001",
    MEMBER, "pass/17 7001 *..*", "501 7001 *..* held @11:59", "not_yet_applied", "current",
    "7001 *..* pass/17" },
  { "made after the event", DENIED ("fcd8ef"), "User", NULL, "7001", MEMBER, "pass/17 7001 *..*",
    "501 7001 *..* held @12:01", "not_yet_applied", "current", "7001 *..* pass/17" },
  { "the right in KISI still has the old window", DENIED ("f358de"), "User", NULL, "7001", MEMBER,
    "booking/5 7001 11:45..13:00", "501 7001 12:45..14:00 held @08:00", "not_yet_applied",
    "current", "7001 11:45..13:00 booking/5" },
  { "the right ended before", DENIED ("fcd8ef"), "User", NULL, "7001", MEMBER, "pass/17 7001 *..*",
    "501 7001 *..* ended !11:00", "not_yet_applied", "current", "7001 *..* pass/17" },
  { "our right was there, and KISI doesn't say why not", DENIED ("fcd8ef"), "User", NULL, "7001",
    MEMBER, "pass/17 7001 *..*", "501 7001 *..* held @08:00", "unknown", "current",
    "7001 *..* pass/17" },
  { "an adopted right has no create", DENIED ("fcd8ef"), "User", NULL, "7001", MEMBER,
    "pass/17 7001 *..*", "501 7001 *..* held", "unknown", "current", "7001 *..* pass/17" },
  { "not entitled any more", DENIED ("fcd8ef"), "User", NULL, "7001", 9001, TRUE,
    "pass/17 7001 *..*", "", "suspended", "current", "" },
  { "suspended in KISI by hand", DENIED ("fcd8ff"), "User", NULL, "7001", MEMBER,
    "pass/17 7001 *..*", "501 7001 *..* held", "suspended", "current", "" },
  { "a lockdown holds for all", DENIED ("fad001"), "User", NULL, "7001", MEMBER,
    "pass/17 7001 *..*", "501 7001 *..* held", "door_restriction", "current", "" },
  { "and for those we don't know", DENIED ("fad002"), "User", NULL, "7001", NOBODY, "", "",
    "door_restriction", "none", "" },
  { "the group's hours", DENIED ("34ffaa"), "User", NULL, "7001", MEMBER, "pass/17 7001 *..*",
    "501 7001 *..* held", "door_restriction", "current", "" },
  { "too far from the door", DENIED ("a3995f"), "User", NULL, "7001", MEMBER, "pass/17 7001 *..*",
    "501 7001 *..* held", "door_restriction", "current", "" },
  { "a code nobody has seen yet is not a reason", DENIED ("zz9zz9"), "User", NULL, "7001", MEMBER,
    "booking/5 7001 13:00..14:00", "", "too_early", "current", "7001 13:00..14:00 booking/5" },
  { "somebody we don't know was denied", DENIED ("fcd8ef"), "User", NULL, "7001", NOBODY, "", "",
    "unknown_person", "none", "" },
  { "an unknown card", DENIED ("faa9ef"), NULL, NULL, "7001", NOBODY, "", "", "unknown_person",
    "none", "" },
  { "an access link that is over", DENIED ("f29aef"), "GroupLink", NULL, "7001", NOBODY, "", "",
    "unknown_person", "none", "" },
};

/* --- reading the table ------------------------------------------------------------------------ */

static LkTime
clock_time (const char *text)
{
  int hours, minutes;

  if (g_str_equal (text, "*"))
    return LK_TIME_NONE;
  g_assert_cmpint (sscanf (text, "%d:%d", &hours, &minutes), ==, 2);
  return DAY + hours * LK_HOUR + minutes * LK_MINUTE;
}

static LkWindow
window_of (const char *text)
{
  g_auto (GStrv) ends = g_strsplit (text, "..", 2);

  g_assert_cmpuint (g_strv_length (ends), ==, 2);
  return (LkWindow){ clock_time (ends[0]), clock_time (ends[1]) };
}

static void
command_free (gpointer data)
{
  LkCommand *command = data;

  lk_command_clear (command);
  g_free (command);
}

static void
right_free (gpointer data)
{
  LkRight *right = data;

  lk_right_clear (right);
  g_free (right);
}

static LkCommand *
command_of (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  LkCommand *command = g_new0 (LkCommand, 1);

  g_assert_cmpuint (g_strv_length (words), ==, 3);
  command->kind = g_str_has_prefix (words[0], "pass/") ? LK_SOURCE_PASS : LK_SOURCE_BOOKING;
  command->source_id = atoi (strchr (words[0], '/') + 1);
  command->member = 9001;
  command->space = g_strdup ("moncloa");
  command->claims = g_new0 (LkClaim, 1);
  command->claims[0] = (LkClaim){ atoi (words[1]), window_of (words[2]) };
  command->n_claims = 1;
  return command;
}

static LkRight *
right_of (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  LkRight *right = g_new0 (LkRight, 1);

  g_assert_cmpuint (g_strv_length (words), >=, 4);
  *right = (LkRight){ .member = 9001,
                      .space = g_strdup ("moncloa"),
                      .right = g_strdup ("r"),
                      .kisi_user_id = 107181,
                      .right_id = atoi (words[0]),
                      .group_id = atoi (words[1]),
                      .window = window_of (words[2]),
                      .sources = g_strsplit ("pass/17", " ", -1),
                      .intended_at = LK_TIME_NONE,
                      .ended_at = LK_TIME_NONE,
                      .touched_at = LK_TIME_NONE,
                      .surplus_since = LK_TIME_NONE };
  right->state = g_str_equal (words[3], "held")    ? LK_RIGHT_HELD
                 : g_str_equal (words[3], "ended") ? LK_RIGHT_ENDED
                                                   : LK_RIGHT_INTENDED;
  for (guint i = 4; words[i] != NULL; i++)
    if (words[i][0] == '@')
      right->intended_at = clock_time (words[i] + 1);
    else
      right->ended_at = clock_time (words[i] + 1);
  return right;
}

typedef struct
{
  LkJudgeFacts facts;
  GPtrArray *commands, *rights;
  GArray *groups;
  LkJudgeDoor door;
} Case;

static void
case_clear (Case *c)
{
  lk_judge_facts_clear (&c->facts);
  g_ptr_array_unref (c->commands);
  g_ptr_array_unref (c->rights);
  g_array_unref (c->groups);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

/* RECORDED_AT: of all records. */
static void
case_init (Case *c,
           int member,
           gboolean suspended,
           const char *claims,
           const char *rights,
           const char *door,
           LkTime recorded_at)
{
  g_auto (GStrv) claim_texts = g_strsplit (claims, "; ", -1);
  g_auto (GStrv) right_texts = g_strsplit (rights, "; ", -1);
  g_auto (GStrv) groups = g_strsplit (door[0] == '?' ? door + 1 : door, " ", -1);

  c->commands = g_ptr_array_new_with_free_func (command_free);
  c->rights = g_ptr_array_new_with_free_func (right_free);
  c->groups = g_array_new (FALSE, FALSE, sizeof (gint64));
  lk_judge_facts_init (&c->facts);
  c->facts.member = member;
  c->facts.entitled = !suspended;
  c->facts.recorded_at = recorded_at;
  for (guint i = 0; claim_texts[i] != NULL; i++)
    {
      g_ptr_array_add (c->commands, command_of (claim_texts[i]));
      lk_judge_facts_add_command (&c->facts, c->commands->pdata[i], recorded_at);
    }
  for (guint i = 0; right_texts[i] != NULL; i++)
    {
      g_ptr_array_add (c->rights, right_of (right_texts[i]));
      lk_judge_facts_add_right (&c->facts, c->rights->pdata[i], recorded_at);
    }
  for (guint i = 0; groups[i] != NULL; i++)
    if (groups[i][0] != '\0')
      {
        gint64 id = atoi (groups[i]);
        g_array_append_val (c->groups, id);
      }
  c->door = (LkJudgeDoor){ door[0] != '?', (const gint64 *)(gconstpointer)c->groups->data,
                           c->groups->len };
}

static LkKisiEvent
event_at_noon (gboolean granted, const char *code, const char *actor)
{
  return (LkKisiEvent){ .uuid = (char *)"d7cf",
                        .type = (char *)"lock.unlock",
                        .object_type = (char *)"Lock",
                        .object_id = 16721,
                        .object_name = (char *)"Green meeting room",
                        .actor_type = (char *)actor,
                        .actor_id = actor != NULL ? 107181 : 0,
                        .authenticated_by_type = (char *)"Card",
                        .success = granted,
                        .code = (char *)code,
                        .place_id = 501,
                        .created_at = NOON };
}

static void
show_time (GString *out, LkTime t)
{
  if (t == LK_TIME_NONE)
    g_string_append_c (out, '*');
  else
    g_string_append_printf (out, "%02d:%02d", (int)((t - DAY) / LK_HOUR),
                            (int)((t - DAY) % LK_HOUR / LK_MINUTE));
}

/* What the report shows of a claim or right, as in the table; free with g_free. */
static char *
shown (const LkAccessReport *report)
{
  GString *out = g_string_new (NULL);

  if (report->group_id != 0)
    {
      g_string_append_printf (out, "%d ", (int)report->group_id);
      show_time (out, report->window.from);
      g_string_append (out, "..");
      show_time (out, report->window.until);
    }
  for (guint i = 0; report->sources != NULL && report->sources[i] != NULL; i++)
    g_string_append_printf (out, " %s", report->sources[i]);
  return g_string_free (out, FALSE);
}

static void
reasons (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Row *row = &rows[i];
      g_auto (Case) c = { 0 };
      g_auto (LkAccessReport) report = { 0 };
      g_autofree char *got = NULL;
      g_auto (GStrv) authorized
          = g_strsplit (row->authorized != NULL ? row->authorized : "", " ", 2);
      LkKisiEvent event = event_at_noon (row->granted, row->code, row->actor);

      g_test_message ("%s", row->what);
      case_init (&c, row->member, row->suspended, row->claims, row->rights, row->door,
                 LK_TIME_NONE);
      if (row->authorized != NULL)
        {
          event.authorized_by_type = authorized[0];
          event.authorized_by_id = atoi (authorized[1]);
        }
      lk_judge_event (&event, "moncloa", NOON + LK_MINUTE, &c.door, &c.facts, &report);
      g_assert_cmpstr (report.result, ==, row->granted ? "granted" : "denied");
      g_assert_cmpstr (report.reason, ==, row->reason);
      g_assert_cmpstr (report.basis, ==, row->basis);
      g_assert_cmpint (report.revision, ==, g_str_equal (row->basis, "none") ? 1 : 2);
      g_assert_cmpint (report.member_id, ==, g_strcmp0 (row->actor, "User") == 0 ? row->member : 0);
      got = shown (&report);
      g_assert_cmpstr (got, ==, row->shown);
    }
}

/* Each reason that the design names comes out of some row. */
static void
all_reasons_are_shown (void)
{
  static const char *const all[]
      = { "entitled",         "too_early", "too_late", "no_claim",       "not_yet_applied",
          "door_restriction", "suspended", "foreign",  "unknown_person", "unknown" };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      guint n = 0;

      for (guint k = 0; k < G_N_ELEMENTS (rows); k++)
        n += g_str_equal (rows[k].reason, all[i]);
      g_test_message ("%s", all[i]);
      g_assert_cmpuint (n, >, 0);
    }
}

static void
fields (void)
{
  g_auto (Case) c = { 0 };
  g_auto (LkAccessReport) report = { 0 };
  LkKisiEvent event = event_at_noon (TRUE, "ffffff", "User");

  event.authorized_by_type = (char *)"RoleAssignment";
  event.authorized_by_id = 501;
  case_init (&c, 9001, FALSE, "pass/17 7001 *..*", "501 7001 *..* held", "7001", LK_TIME_NONE);
  lk_judge_event (&event, "moncloa", NOON + 1, &c.door, &c.facts, &report);
  g_assert_cmpstr (report.id, ==, "d7cf");
  g_assert_cmpstr (report.space, ==, "moncloa");
  g_assert_cmpint (report.occurred_at, ==, NOON);
  g_assert_cmpint (report.observed_at, ==, NOON + 1);
  g_assert_cmpstr (report.event, ==, "unlock");
  g_assert_null (report.code); /* "ffffff" says that there is none */
  g_assert_cmpint (report.door_id, ==, 16721);
  g_assert_cmpstr (report.door_name, ==, "Green meeting room");
  g_assert_cmpint (report.place_id, ==, 501);
  g_assert_cmpstr (report.actor, ==, "user");
  g_assert_cmpint (report.kisi_user_id, ==, 107181);
  g_assert_cmpint (report.member_id, ==, 9001);
  g_assert_cmpstr (report.credential, ==, "card");
}

static void
other_events_have_no_reason (void)
{
  static const char *const types[][2] = {
    { "lock.forced_open", "forced_open" },
    { "lock.held_open", "held_open" },
    { "lock.tailgate", "tailgate" },
    { "lock.lock_down", "lock_down" },
    { "lock.cancel_lockdown", "cancel_lockdown" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_auto (Case) c = { 0 };
      g_auto (LkAccessReport) report = { 0 };
      LkKisiEvent event = event_at_noon (TRUE, NULL, NULL);

      event.type = (char *)types[i][0];
      g_assert_true (lk_judge_reports_type (event.type));
      case_init (&c, 0, FALSE, "", "", "7001", LK_TIME_NONE);
      lk_judge_event (&event, "moncloa", NOON, &c.door, &c.facts, &report);
      g_assert_cmpstr (report.event, ==, types[i][1]);
      g_assert_null (report.result);
      g_assert_null (report.reason);
      g_assert_null (report.basis);
      g_assert_cmpint (report.revision, ==, 1);
      g_assert_cmpstr (report.actor, ==, "none");
    }
  g_assert_false (lk_judge_reports_type ("lock.opened"));
  g_assert_false (lk_judge_reports_type ("user.create"));
}

/* Records older than the event make the basis exact, and then a right that outlived its claim shows
 * as our delay. */
static void
exact_basis (void)
{
  static const struct
  {
    LkTime recorded_at;
    const char *claims, *reason, *basis;
    int revision;
  } cases[] = {
    { NOON - 1, "pass/17 7001 *..*", "entitled", "exact", 3 },
    { NOON, "pass/17 7001 *..*", "entitled", "exact", 3 },
    { NOON + 1, "pass/17 7001 *..*", "entitled", "current", 2 },
    { NOON - 1, "pass/17 7001 08:00..11:00", "not_yet_applied", "exact", 3 },
    { NOON + 1, "pass/17 7001 08:00..11:00", "entitled", "current", 2 },
    { NOON - 1, "", "not_yet_applied", "exact", 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Case) c = { 0 };
      g_auto (LkAccessReport) report = { 0 };
      LkKisiEvent event = event_at_noon (TRUE, NULL, "User");

      event.authorized_by_id = 501;
      case_init (&c, 9001, FALSE, cases[i].claims, "501 7001 *..* held", "7001",
                 cases[i].recorded_at);
      lk_judge_event (&event, "moncloa", NOON, &c.door, &c.facts, &report);
      g_assert_cmpstr (report.reason, ==, cases[i].reason);
      g_assert_cmpstr (report.basis, ==, cases[i].basis);
      g_assert_cmpint (report.revision, ==, cases[i].revision);
    }
}

/* The ledger keeps ended rights for a week: after that it can't tell whose right it was. */
static void
long_past_events (void)
{
  static const struct
  {
    LkTime after;
    const char *reason;
  } cases[] = { { 6 * LK_DAY, "foreign" }, { 8 * LK_DAY, "unknown" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Case) c = { 0 };
      g_auto (LkAccessReport) report = { 0 };
      LkKisiEvent event = event_at_noon (TRUE, NULL, "User");

      event.authorized_by_id = 777;
      case_init (&c, 9001, FALSE, "", "", "7001", LK_TIME_NONE);
      lk_judge_event (&event, "moncloa", NOON + cases[i].after, &c.door, &c.facts, &report);
      g_assert_cmpstr (report.reason, ==, cases[i].reason);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/judge/reasons", reasons);
  g_test_add_func ("/judge/all-reasons-are-shown", all_reasons_are_shown);
  g_test_add_func ("/judge/fields", fields);
  g_test_add_func ("/judge/other-events-have-no-reason", other_events_have_no_reason);
  g_test_add_func ("/judge/exact-basis", exact_basis);
  g_test_add_func ("/judge/long-past-events", long_past_events);
  return g_test_run ();
}
