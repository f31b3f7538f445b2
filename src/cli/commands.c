/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The commands of `latchkey`, one row each: its words, its help, what may follow.
 */
#include "cli.h"

#include <string.h>

#define SPACE CLI_OPTION_SPACE

static const CliCommand commands[] = {
  { "check", "", "Check the configuration, then every connection: whose key, which rights",
    "Looks at Kafka and its topics, then at each Nexudus and KISI account: which login "
    "and key, what they see, which rights they lack, by endpoint, and how far the "
    "services' clocks are from this machine's; then, of each Nexudus login, how its hour "
    "of requests would be spent with this configuration and as many rows as there are. "
    "Only reads. Status 1: there are problems; 3: a service is out of reach.",
    CLI_OPTION_SHOW, 0, 0, check_run },
  { "topics plan", "", "Show what `topics apply` would create or alter",
    "Compares the cluster with the topic files. Status 1: they differ.", 0, 0, 0, topics_plan_run },
  { "topics apply", "", "Make the cluster's topics agree with the files; never deletes",
    "Creates topics and alters their configuration. A partition count is never changed.",
    CLI_OPTION_YES, 0, 0, topics_apply_run },
  { "rules propose", "", "Print mappings for all that a space has, as YAML",
    "Every pass type and resource of a space with the KISI group that fits it: as it is "
    "configured, as it is mapped in Nexudus's own screen, or of the same name. What is "
    "not sure is a comment, with near names. Reads each pass type by its id, which counts "
    "against the login's hour. Status 1: there is something to decide.",
    SPACE, 0, 0, rules_propose_run },
  { "rules plan", "", "Show what the mappings come to: who gains, who loses, which hours differ",
    "Looks up each mapping's pass type or resource and groups, decides every pass and "
    "booking by the rules that stand and by those of the file, and compares the pass "
    "types' time slots with the groups' schedules. Status 1: the rules or the hours "
    "differ.",
    SPACE, 0, 0, rules_plan_run },
  { "rules apply", "", "Publish the rules, so that the workers decide by them",
    "Shows what `rules plan` shows, asks, and publishes the rules of the file.",
    SPACE | CLI_OPTION_YES | CLI_OPTION_MAX_LOSERS, 0, 0, rules_apply_run },
  { "adopt plan", "[RIGHT...]", "Show which rights made by others would become Latchkey's",
    "Lists the rights in the mapped groups that are not Latchkey's, each with whose it is "
    "and how it compares with what Nexudus gives: equal (adopted), other_window or "
    "no_claim (adopted where the id in KISI is named as RIGHT), unknown_person (never). "
    "For a move from the vendors' own integration, and after a lost ledger. Status 1: "
    "there are some to adopt.",
    SPACE, 0, 4096, adopt_plan_run },
  { "adopt apply", "[RIGHT...]", "Have the executor take them over",
    "Shows what `adopt plan` shows, asks, and wishes for it; the executor reads each "
    "right again before it takes it. The order of a move: `mode: observe`, adopt, switch "
    "the other integration off, `mode: enforce`. Status 1: not done, or not yet.",
    SPACE | CLI_OPTION_YES | CLI_OPTION_WAIT, 0, 4096, adopt_apply_run },
  { "status", "", "How each space and account stands",
    "Members, rights, who is blocked and why, how long the oldest key has been due to go "
    "or to come, wishes under way; how far each account has been read, and its fault. "
    "Status 1: there is one of these problems.",
    SPACE, 0, 0, status_run },
  { "explain", "MEMBER", "Every pass and booking of a member, what it gives, the right in KISI",
    "With --door for one door of KISI only, by its name or as id:NUMBER: whether it "
    "opens, and the reason that a report would give. With --at as of another time, by "
    "what stands now. Status 1: nothing is known of that member.",
    SPACE | CLI_OPTION_DOOR | CLI_OPTION_AT, 1, 1, explain_run },
  { "drift", "", "Where KISI differs from what Latchkey has made there",
    "Lists the mapped groups in KISI and compares them with the ledger: missing (ours, "
    "and gone), altered (ours, with another window), surplus (ours, and should be gone), "
    "foreign (made by others, never touched). Uses 5 % of the rate, so it takes its time. "
    "Status 1: there are some.",
    SPACE, 0, 0, drift_run },
  { "reports", "[MEMBER]", "Who came, who was denied, and why",
    "Door events as Latchkey has judged them, of the last 24 hours or since --since, "
    "newest last.",
    SPACE | CLI_OPTION_DOOR | CLI_OPTION_SINCE, 0, 1, reports_run },
  { "rejects list", "", "Records that no program could understand",
    "Of the last 30 days, or since --since, each with program, place and reason. Status "
    "1: there are some.",
    SPACE | CLI_OPTION_SINCE, 0, 0, rejects_list_run },
  { "rejects show", "REJECT", "One of them, with its bytes",
    "REJECT is SPACE/OFFSET, as `rejects list` shows it. May show names and addresses.", 0, 1, 1,
    rejects_show_run },
  { "rejects", "[list|show]", "As `rejects list`",
    "Records that no program could understand: `list` them, or `show` one.",
    SPACE | CLI_OPTION_SINCE, 0, 0, rejects_list_run },
  { "resync", "MEMBER|--all", "Have a member, or all, compared with KISI at once",
    "Wishes that the executor looks everything of the member up again, takes blocks off, "
    "invites again who was deleted in KISI, and corrects what differs without the wait of "
    "an audit. Status 1: refused, failed, or not done yet (it stays wished).",
    SPACE | CLI_OPTION_ALL | CLI_OPTION_WAIT, 0, 1, resync_run },
  { "forget", "MEMBER", "Erase a person whom Nexudus no longer has from all topics",
    "Shows what there is, asks, and wishes for it in each space that knows the member. "
    "Refused while Nexudus still has the person. Else the poller says that they are gone, "
    "the executor takes their keys away, and all write their tombstones. Reports, changes "
    "of access and rejects age out: it says when. Status 1: refused, not done yet (it "
    "stays wished), or something is left.",
    CLI_OPTION_YES | CLI_OPTION_WAIT, 1, 1, forget_run },
  { "brake release", "[TRIP...]", "Let what the brake holds be removed",
    "Shows what `brake` shows, of the trips that are named or of all, asks, and wishes "
    "that they be released: the poller begins a full listing, at whose end they go. Where "
    "that would remove noticeably more than was seen, it refuses, and there is a new "
    "trip. Status 1: refused, or not done yet (it stays wished).",
    SPACE | CLI_OPTION_YES | CLI_OPTION_WAIT, 0, 256, brake_release_run },
  { "brake", "", "What the poller's brake holds: rows that vanished, too many at once",
    "A full listing that would remove more of a space's rows of a kind than `brake.count` "
    "and `brake.share` allow removes none, until they are there again or a person "
    "releases them: since when, how many, whose, what to do. What Nexudus states itself "
    "is never held. Status 1: there is something.",
    SPACE, 0, 0, brake_run },
};

const CliCommand *
cli_commands (guint *out_n)
{
  *out_n = G_N_ELEMENTS (commands);
  return commands;
}

GPtrArray *
cli_commands_of (const char *word)
{
  g_autofree char *start = g_strconcat (word, " ", NULL);
  GPtrArray *found = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, word))
      {
        g_ptr_array_set_size (found, 0);
        return found;
      }
    else if (g_str_has_prefix (commands[i].name, start))
      g_ptr_array_add (found, (gpointer) &commands[i]);
  return found;
}

static void
unknown (char **words, GError **error)
{
  const char *names[G_N_ELEMENTS (commands)];
  g_autofree char *said = g_strjoinv (" ", words);
  const char *near;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  near = lk_nearest (said, names, G_N_ELEMENTS (names));
  if (near != NULL)
    (void) lk_fail (error, LK_ERROR_CONFIG, "unknown command '%s' (did you mean '%s'?)", said,
                    near);
  else
    (void) lk_fail (error, LK_ERROR_CONFIG, "unknown command '%s'; try --help", said);
}

const CliCommand *
cli_command_find (char **words, guint *out_words, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (GStrv) name = g_strsplit (commands[i].name, " ", -1);
      guint n = 0;
      while (name[n] != NULL && words[n] != NULL && g_str_equal (name[n], words[n]))
        n++;
      if (name[n] == NULL)
        {
          *out_words = n;
          return &commands[i];
        }
    }
  unknown (words, error);
  return NULL;
}
