/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * A history: what people do, in Nexudus and in KISI, and what goes wrong, each at its time. It is
 * drawn from the seed before anything is played, so that parts of it can be left out. Pure; one
 * thread.
 */
#pragma once

#include "service.h"
#include "story.h"

G_BEGIN_DECLS

#define SIM_START G_GINT64_CONSTANT (1795490450972) /* of the world; any time will do */
#define SIM_SPACES 2
#define SIM_GROUPS 3 /* of a space: 7001 …, 7101 … */
#define SIM_CLAIMS 3
#define SIM_HORIZON (2 * LK_DAY)
#define SIM_RATE 5

typedef enum
{
  SIM_DEED_CLAIM,     /* a source gives CLAIMS */
  SIM_DEED_TOMBSTONE, /* a source that gives nothing is forgotten some time later */
  SIM_DEED_MEMBER,    /* entitled (A) or not, under address B */
  SIM_DEED_RULES,
  SIM_DEED_LATE_COMMAND, /* an older version of a source, then the newer one again */
  SIM_DEED_FOREIGN,      /* a right by hand for the member's address, with CLAIMS[0] */
  SIM_DEED_FOREIGN_GONE, /* all such of the member, in the space */
  SIM_DEED_USER_MADE,    /* by hand, for the member's address */
  SIM_DEED_USER_GONE,
  SIM_DEED_GROUP_GONE,
  SIM_DEED_RIGHT_GONE, /* one of ours, by hand */
  SIM_DEED_WISH,       /* A (SimWishKind, wish.h) */
  SIM_DEED_CRASH,      /* process A, and again after LENGTH */
  SIM_DEED_PAUSE,      /* process A */
  SIM_DEED_MOVE,
  SIM_DEED_REREAD, /* process A, commands or ledger (B) of the space */
  SIM_DEED_COMPACT,
  SIM_DEED_WEATHER, /* A happens with B percent for LENGTH */
  SIM_DEED_KEY,     /* is worth only A (SimKey) for LENGTH */
  SIM_DEED_HIDE,    /* group A of the space, for LENGTH */
  SIM_DEED_FORBID,
  SIM_DEED_OBSERVE, /* the space is only observed, for LENGTH */
  SIM_DEED_CLOCK,   /* of process A is off by B for LENGTH */
  /* Of stories only (stories.h): */
  SIM_DEED_LATE_LEDGERS, /* records of ledgers are read late, for LENGTH */
  SIM_DEED_NEWER,        /* the ledger of the space has a record of a newer release */
  SIM_DEED_LOOK,         /* all is as it should be by then */
  SIM_DEED_DUPLICATES,   /* KISI does A (SimDuplicates) with second rights from then on */
  SIM_DEEDS
} SimDeed;

typedef struct
{
  guint group;        /* 0 … SIM_GROUPS - 1 */
  LkTime from, until; /* after the event; until LK_TIME_NONE: open */
} SimGift;

typedef struct
{
  LkTime at; /* after the start */
  SimDeed deed;
  guint space;
  gint64 member, source; /* sources 1 … 3 are passes, 4 … 6 bookings */
  gint64 a, b;
  gint64 length; /* ms */
  SimGift claims[SIM_CLAIMS];
  guint n_claims;
} SimEvent;

struct _SimHistory
{
  guint64 seed;
  SimReadings readings;
  gboolean invite;
  gboolean exclusive; /* the API user is ours alone */
  GArray *events;     /* SimEvent, by time */
};

/* Of MEMBER, by number: 0 is their own, then others of theirs; -1: none; > 1000: another member's.
 */
char *sim_address (gint64 member, gint64 number);
extern const char *const sim_spaces[]; /* their codes, NULL-terminated */
gint64 sim_group_id (guint space, guint group);
/* One line, without a newline; free with g_free. */
char *sim_event_text (const SimEvent *event);

G_END_DECLS
