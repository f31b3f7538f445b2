/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What to do next for one person in one space: what the claims give against the rights held
 * (design §6.2, §6.3, §6.6). One action at a time; after it the plan is made again. Pure: the time
 * is an argument; any thread.
 */
#pragma once

#include <latchkey/model/command.h>
#include <latchkey/model/ledger.h>

G_BEGIN_DECLS

/* The order of urgency. */
typedef enum
{
  PLAN_LOSS_DUE, /* open now, and should not be */
  PLAN_GAIN_DUE, /* should be open now, or within the hour */
  PLAN_FUTURE,   /* later windows, both ways */
  PLAN_TIDY,     /* lapsed or redundant: opens nothing more than it should */
  PLAN_CLASSES
} PlanClass;

typedef enum
{
  PLAN_NOTHING,
  PLAN_USER,    /* find or create the KISI user */
  PLAN_CREATE,  /* a right on `group_id` with `window` */
  PLAN_CHANGE,  /* `right` to `window`: where KISI takes one right for user and group */
  PLAN_DELETE,  /* `right` */
  PLAN_RESOLVE, /* what came of the last call for `right`: looked up in KISI */
  PLAN_INSPECT, /* the row `right_id` in KISI: what it says is made true in the ledger */
  PLAN_RESYNC,  /* the person as KISI has them: blocks off, user looked up again, rights compared */
} PlanKind;

/* Whether a row that is not ours may become so (wish `adopt`, design §6). */
typedef enum
{
  PLAN_ADOPT_NO,
  PLAN_ADOPT_EQUAL,  /* when its window is one that claims give */
  PLAN_ADOPT_LISTED, /* in any case: the operator named it */
} PlanAdopt;

typedef struct
{
  PlanKind kind;
  PlanClass class;
  LkTime due;      /* when it begins to matter; orders within a class */
  LkTime start_at; /* not before; LK_TIME_NONE: whoever runs the plan knows */
  gint64 group_id;
  LkWindow window;
  const LkRight *right; /* borrowed from the facts */
  gint64 right_id;      /* INSPECT: the id in KISI */
  PlanAdopt adopt;      /* INSPECT */
  /* When to plan again without any input; LK_TIME_NONE: never. */
  LkTime wake_at;
} PlanAction;

/* All of one person, borrowed. */
typedef struct
{
  gboolean entitled;
  gboolean has_member;         /* a member.set stands; without one nobody has said that they left */
  const char *email;           /* of the newest member.set; NULL: none */
  GPtrArray *commands;         /* const LkCommand*: claims.set of all sources */
  GPtrArray *rights;           /* const LkRight*: of any state */
  const LkLedgerMember *known; /* the ledger's record of the person, or NULL */
  gboolean gives_way;          /* rights of a former user of theirs are in another person's way */
  gboolean address_is_shared;  /* with a member of a lower id (design §6.8): nothing new is made */
} PlanFacts;

typedef struct
{
  gint64 horizon;     /* ms */
  gboolean one_right; /* rights_per_group: one */
} PlanSettings;

/* How far the wall clock of whoever wrote a record may be off. */
#define PLAN_CLOCK_OFF_MS (61 * LK_MINUTE)
/* What is as old as this by the wall clock is old, whoever's clock it was. */
#define PLAN_LONG_AGO_MS LK_DAY

/* When an intent without a result may be looked into: when this process has known it for
 * RESOLVE_AFTER ms (it has for KNOWN_FOR ms, by the steady clock), since neither its own wall clock
 * nor that of whoever intended it can be trusted with a minute. One of long ago waits no more. */
LkTime plan_intent_due (LkTime intended_at, gint64 known_for, gint64 resolve_after, LkTime now);

/* Reasons of blocks of a group that the key does not see: what is to be made, what is to be taken
 * away. */
#define PLAN_GROUP_GONE "group_gone"
#define PLAN_DELETE_GROUP_GONE "delete_group_gone"
gboolean plan_block_is_of_group (const char *reason);

/* The next action of the person. */
void plan_next (const PlanFacts *facts, const PlanSettings *settings, LkTime now, PlanAction *out);

/* The union of all claims on GROUP, in whole seconds, of which something is left at NOW (element:
 * LkWindow); nothing when not entitled. Free with g_array_unref. */
GArray *plan_windows (const PlanFacts *facts, gint64 group, LkTime now);

#define PLAN_SOURCES_MAX 256

/* Reasons of blocks that the facts themselves state. */
#define PLAN_SHARED_ADDRESS "shared_address"
#define PLAN_NO_ADDRESS "no_address"

/* The sources (char*, "pass/17") whose claims on GROUP overlap WINDOW, the first PLAN_SOURCES_MAX
 * of them so that a record never outgrows its limit; NULL-terminated, free with g_strfreev.
 * *OUT_VERSION is the newest of all of theirs. */
char **plan_sources (const PlanFacts *facts, gint64 group, LkWindow window, LkVersion *out_version);

/* The sources that RIGHT is to name from now on, where they are not those it names: the ones whose
 * claims overlap its window, and, of those it names, the ones whose command is nowhere, which have
 * said nothing, unless the ledger remembers that they had. So a source that gives nothing any more
 * is left out while its command still says so: after the tombstone nobody could tell it from a lost
 * one. NULL: as it stands; or nothing gives it any more, which the sources it names have said.
 * NULL-terminated, free with g_strfreev.
 */
char **plan_new_sources (const PlanFacts *facts, const LkRight *right);

/* What RIGHT is to say from NOW on of since when it opens what nothing gives, whether that is now
 * or nothing of it is given at all: commands that say so are forgotten after 30 days, and a loss
 * may wait for longer than that. What will be too much later is not said while some of it is given:
 * a lost topic could not take back the rest. LK_TIME_NONE: it does not, or nobody has said so. */
LkTime plan_surplus_since (const PlanFacts *facts, const LkRight *right, LkTime now);

/* Whether a right with HELD does from NOW on what WANTED does: its past start does not matter. */
gboolean plan_window_serves (LkWindow held, LkWindow wanted, LkTime now);

/* Down to the whole second, in which KISI keeps its times. */
LkWindow plan_whole_seconds (LkWindow window);

G_END_DECLS
