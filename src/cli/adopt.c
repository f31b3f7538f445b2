/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * `latchkey adopt plan` and `adopt apply` (design §6, Control): rights that others made and that
 * would become Latchkey's. What is shown is what the executor would decide; it looks again.
 */
#include "access.h"
#include "rights.h"
#include "wishes.h"

#include "../executor/plan.h"

#include <latchkey/model/json.h>
#include <stdio.h>

typedef enum
{
  ADOPT_EQUAL,          /* its window is one that claims give */
  ADOPT_OTHER_WINDOW,   /* claims give another one */
  ADOPT_NO_CLAIM,       /* nothing gives it */
  ADOPT_UNKNOWN_PERSON, /* nobody whom Latchkey knows */
  ADOPT_CLASSES
} AdoptClass;

static const char *const class_names[ADOPT_CLASSES]
    = { "equal", "other_window", "no_claim", "unknown_person" };

/* A foreign right. */
typedef struct
{
  const char *space;                 /* borrowed from the configuration */
  gint64 right, group, user, member; /* member 0: unknown */
  LkWindow window;
  AdoptClass class;
  gboolean listed; /* named on the line */
} Candidate;

typedef struct
{
  GArray *ids;        /* gint64: RIGHT… of the line */
  GArray *candidates; /* Candidate */
  GPtrArray *spaces;  /* CliSpace*: the chosen ones, once loaded */
} Adoption;

static gboolean
is_adopted (const Candidate *candidate)
{
  return candidate->class == ADOPT_EQUAL
         || (candidate->listed && candidate->class != ADOPT_UNKNOWN_PERSON);
}

/* --- what would become of each ------------------------------------------------------------------
 */

static AdoptClass
class_of (CliSpace *space, gint64 member, const LkKisiAssignment *row, LkTime now)
{
  g_autoptr (CliAccess) access = NULL;
  AdoptClass class = ADOPT_NO_CLAIM;

  if (member == 0)
    return ADOPT_UNKNOWN_PERSON;
  access = cli_access_of (space, member);
  for (guint g = 0; g < access->groups->len; g++)
    {
      const CliGroup *group = access->groups->pdata[g];
      for (guint w = 0; group->group_id == row->group_id && w < group->windows->len; w++)
        {
          LkWindow wanted = plan_whole_seconds (g_array_index (group->windows, LkWindow, w));
          if (lk_window_until (wanted) <= now)
            continue;
          if (plan_window_serves (plan_whole_seconds (row->window), wanted, now))
            return ADOPT_EQUAL;
          class = ADOPT_OTHER_WINDOW;
        }
    }
  return class;
}

static gboolean
is_listed (const GArray *ids, gint64 id)
{
  for (guint i = 0; i < ids->len; i++)
    if (g_array_index (ids, gint64, i) == id)
      return TRUE;
  return FALSE;
}

static void
add_candidates (const CliRights *rights, LkTime now, Adoption *adoption)
{
  for (guint i = 0; i < rights->drift->len; i++)
    {
      const Drift *drift = &g_array_index (rights->drift, Drift, i);
      Candidate candidate;

      if (drift->class != DRIFT_FOREIGN || lk_window_until (drift->row->window) <= now)
        continue;
      candidate = (Candidate){ .space = rights->space->space->code,
                               .right = drift->row->id,
                               .group = drift->row->group_id,
                               .user = drift->row->user_id,
                               .member = cli_rights_member (rights, drift),
                               .window = drift->row->window,
                               .listed = is_listed (adoption->ids, drift->row->id) };
      candidate.class = class_of (rights->space, candidate.member, drift->row, now);
      g_array_append_val (adoption->candidates, candidate);
    }
}

static gboolean
read_ids (Cli *cli, GArray *ids, GError **error)
{
  for (char **word = cli->words; *word != NULL; word++)
    {
      char *end = NULL;
      gint64 id = g_ascii_strtoll (*word, &end, 10);
      if (*end != '\0' || id <= 0)
        return lk_fail (error, LK_ERROR_CONFIG,
                        "RIGHT: expected the id of a right in KISI, got '%s'", *word);
      if (!is_listed (ids, id))
        g_array_append_val (ids, id);
    }
  return TRUE;
}

static const Candidate *
candidate_of (const Adoption *adoption, gint64 right)
{
  for (guint i = 0; i < adoption->candidates->len; i++)
    if (g_array_index (adoption->candidates, Candidate, i).right == right)
      return &g_array_index (adoption->candidates, Candidate, i);
  return NULL;
}

/* A right that is named by mistake must not pass for one that was adopted. */
static gboolean
check_ids (const Adoption *adoption, GError **error)
{
  for (guint i = 0; i < adoption->ids->len; i++)
    {
      gint64 id = g_array_index (adoption->ids, gint64, i);
      const Candidate *candidate = candidate_of (adoption, id);
      if (candidate == NULL)
        return lk_fail (error, LK_ERROR_CONFIG,
                        "right %" G_GINT64_FORMAT " is none that others made in a mapped group",
                        id);
      if (candidate->class == ADOPT_UNKNOWN_PERSON)
        return lk_fail (error, LK_ERROR_CONFIG,
                        "right %" G_GINT64_FORMAT " is of nobody whom Latchkey knows", id);
    }
  return TRUE;
}

static gboolean
find (Cli *cli, Adoption *adoption, GError **error)
{
  if (!read_ids (cli, adoption->ids, error))
    return FALSE;
  adoption->spaces = cli_spaces_load (cli, CLI_RIGHTS_KINDS | 1u << LK_KIND_CONTROL, 0, error);
  if (adoption->spaces == NULL)
    return FALSE;
  for (guint i = 0; i < adoption->spaces->len; i++)
    {
      CliSpace *space = adoption->spaces->pdata[i];
      g_autoptr (CliServices) services = cli_services_open (cli, NULL, space->space->kisi, error);
      g_autoptr (CliRights) rights
          = services == NULL ? NULL : cli_rights_read (cli, space, services, error);
      if (rights == NULL)
        return FALSE;
      add_candidates (rights, lk_clock_wall (cli->clock), adoption);
    }
  return check_ids (adoption, error);
}

static guint
count_adopted (const Adoption *adoption)
{
  guint n = 0;

  for (guint i = 0; i < adoption->candidates->len; i++)
    n += is_adopted (&g_array_index (adoption->candidates, Candidate, i));
  return n;
}

/* --- shown --------------------------------------------------------------------------------------
 */

static void
print_json (const Adoption *adoption, const GPtrArray *wishes, gboolean applied)
{
  g_autoptr (GString) text = g_string_new (NULL);
  LkJsonWriter writer = { text, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_begin_array (&writer, "rights");
  for (guint i = 0; i < adoption->candidates->len; i++)
    {
      const Candidate *candidate = &g_array_index (adoption->candidates, Candidate, i);
      lk_json_begin_object (&writer, NULL);
      lk_json_string (&writer, "space", candidate->space);
      lk_json_string (&writer, "class", class_names[candidate->class]);
      lk_json_bool (&writer, "adopt", is_adopted (candidate));
      cli_json_id (&writer, "group_id", candidate->group);
      cli_json_id (&writer, "kisi_user_id", candidate->user);
      cli_json_id (&writer, "right_id", candidate->right);
      cli_json_id (&writer, "member_id", candidate->member);
      lk_json_time (&writer, "valid_from", candidate->window.from);
      lk_json_time (&writer, "valid_until", candidate->window.until);
      lk_json_end_object (&writer);
    }
  lk_json_end_array (&writer);
  lk_json_int (&writer, "adopts", count_adopted (adoption));
  cli_wishes_write_json (wishes, &writer);
  lk_json_bool (&writer, "applied", applied);
  lk_json_end_object (&writer);
  puts (text->str);
}

static void
print_text (const Adoption *adoption)
{
  g_auto (CliTable) table = { NULL };

  if (adoption->candidates->len == 0)
    {
      puts ("Nobody else has made a right in a mapped group.");
      return;
    }
  cli_table_init (&table, "SPACE", "RIGHT", "CLASS", "ADOPT", "GROUP", "KISI USER", "MEMBER",
                  "WINDOW", NULL);
  for (guint i = 0; i < adoption->candidates->len; i++)
    {
      const Candidate *candidate = &g_array_index (adoption->candidates, Candidate, i);
      cli_table_row (&table, g_strdup (candidate->space), cli_id_text (candidate->right),
                     g_strdup (class_names[candidate->class]),
                     g_strdup (is_adopted (candidate) ? "yes" : "no"),
                     cli_id_text (candidate->group), cli_id_text (candidate->user),
                     cli_id_text (candidate->member), cli_window_text (candidate->window), NULL);
    }
  cli_table_print (&table);
  (void) printf ("%u of %u would be adopted.\n", count_adopted (adoption),
                 adoption->candidates->len);
}

/* --- the commands -------------------------------------------------------------------------------
 */

static void
adoption_clear (Adoption *adoption)
{
  g_array_unref (adoption->ids);
  g_array_unref (adoption->candidates);
  g_clear_pointer (&adoption->spaces, g_ptr_array_unref);
}

static void
adoption_init (Adoption *adoption)
{
  adoption->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  adoption->candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));
  adoption->spaces = NULL;
}

int
adopt_plan_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  Adoption adoption;
  int status = CLI_UNREACHABLE;

  adoption_init (&adoption);
  if (find (cli, &adoption, error))
    {
      if (cli->json)
        print_json (&adoption, none, FALSE);
      else
        print_text (&adoption);
      status = count_adopted (&adoption) > 0 ? CLI_DIFFERENCES : CLI_DONE;
    }
  adoption_clear (&adoption);
  return status;
}

/* A wish in each space that has something to adopt, with the ids that were named there. */
static gboolean
wish (Cli *cli, const Adoption *adoption, GPtrArray *wishes, GError **error)
{
  for (guint s = 0; s < adoption->spaces->len; s++)
    {
      CliSpace *space = adoption->spaces->pdata[s];
      g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
      guint n = 0;
      CliWish *made;

      for (guint i = 0; i < adoption->candidates->len; i++)
        {
          const Candidate *candidate = &g_array_index (adoption->candidates, Candidate, i);
          if (!g_str_equal (candidate->space, space->space->code) || !is_adopted (candidate))
            continue;
          n++;
          if (candidate->listed)
            g_array_append_val (ids, candidate->right);
        }
      if (n == 0)
        continue;
      const LkWish what
          = { .wish = (char *) "adopt", .ids = (gint64 *) (void *) ids->data, .n_ids = ids->len };
      made = cli_wish_write (cli, space, "all", &what, error);
      if (made == NULL)
        return FALSE;
      g_ptr_array_add (wishes, made);
    }
  return cli_wishes_wait (cli, wishes, error);
}

int
adopt_apply_run (Cli *cli, GError **error)
{
  g_autoptr (GPtrArray) wishes = g_ptr_array_new_with_free_func ((GDestroyNotify) cli_wish_free);
  Adoption adoption;
  gboolean yes = TRUE, ok;
  guint n = 0;

  adoption_init (&adoption);
  ok = find (cli, &adoption, error);
  if (ok)
    n = count_adopted (&adoption);
  if (ok && !cli->json)
    print_text (&adoption);
  ok = ok && (n == 0 || cli_confirm (cli, "Have the executor adopt these?", &yes, error));
  ok = ok && (n == 0 || !yes || wish (cli, &adoption, wishes, error));
  if (ok && cli->json)
    print_json (&adoption, wishes, yes);
  else if (ok && n > 0 && yes)
    cli_wishes_print (wishes);
  else if (ok)
    puts (yes ? "Nothing to do." : "Nothing was done.");
  adoption_clear (&adoption);
  return !ok ? CLI_UNREACHABLE : !yes ? CLI_DIFFERENCES : cli_wishes_status (wishes);
}
