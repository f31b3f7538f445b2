/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The stories, as tables of events.
 */
#include "history.h"
#include "wish.h"

#define MEMBER 9001 /* of the first space */
#define NEIGHBOUR 9002
#define OTHER 9006 /* of the second */
#define EVENTS_MAX 12

typedef struct
{
  const char *name;
  SimEvent events[EVENTS_MAX]; /* up to the first without a length */
} Story;

#define AT(seconds) .at = (LkTime) (LK_SECOND * (seconds))
#define FOR(seconds) .length = (gint64) (LK_SECOND * (seconds))
#define OF(id) .member = (id)
#define IN(number) .space = (number)
#define ENTITLED(id) .deed = SIM_DEED_MEMBER, OF (id), .a = 1, FOR (1)
/* Under the address of NEIGHBOUR. */
#define ENTITLED_AS_NEIGHBOUR(id) .deed = SIM_DEED_MEMBER, OF (id), .a = 1, .b = NEIGHBOUR, FOR (1)
/* Without an end. */
#define GIVES(id, number, group)                                                                   \
  .deed = SIM_DEED_CLAIM, OF (id), .source = (number), FOR (1), .n_claims = 1,                     \
  .claims = { { (group), -LK_HOUR, LK_TIME_NONE } }
#define GIVES_UNTIL(id, number, group, seconds)                                                    \
  .deed = SIM_DEED_CLAIM, OF (id), .source = (number), FOR (1), .n_claims = 1,                     \
  .claims = { { (group), -LK_HOUR, LK_SECOND * (seconds) } }
#define GIVES_NOTHING(id, number) .deed = SIM_DEED_CLAIM, OF (id), .source = (number), FOR (1)
#define FORGETS(id, number) .deed = SIM_DEED_TOMBSTONE, OF (id), .source = (number), FOR (1)
#define WEATHER(which) .deed = SIM_DEED_WEATHER, .a = (which), .b = 100

static const Story stories[] = {
  { "what gave a right once is forgotten, and then it is taken back",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), GIVES (MEMBER, 2, 0) },
      { AT (120), GIVES_NOTHING (MEMBER, 1) },
      { AT (130), FORGETS (MEMBER, 1) },
      { AT (300), GIVES_NOTHING (MEMBER, 2) } } },
  { "a right is taken back while the key is refused, and forgotten before it is not",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), .deed = SIM_DEED_KEY, .a = SIM_KEY_REFUSED, FOR (600) },
      { AT (90), GIVES_NOTHING (MEMBER, 1) },
      { AT (100), FORGETS (MEMBER, 1) } } },
  { "a right is taken back while its space is only observed, and forgotten before it is not",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      /* Another has to be planned anew some time later. */
      { AT (2), .deed = SIM_DEED_CLAIM, OF (MEMBER + 1), .source = 2, FOR (1), .n_claims = 1,
        .claims = { { 0, -LK_HOUR, 2 * LK_HOUR } } },
      { AT (3), ENTITLED (MEMBER + 1) },
      { AT (60), .deed = SIM_DEED_OBSERVE, FOR (600) },
      { AT (90), GIVES_NOTHING (MEMBER, 1) },
      { AT (100), FORGETS (MEMBER, 1) } } },
  { "a right of some day is taken back while the key is refused, and forgotten before it is not",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), .deed = SIM_DEED_CLAIM, OF (MEMBER), .source = 1, FOR (1), .n_claims = 1,
        .claims = { { 0, LK_DAY, LK_TIME_NONE } } },
      { AT (60), .deed = SIM_DEED_KEY, .a = SIM_KEY_REFUSED, FOR (600) },
      { AT (90), GIVES_NOTHING (MEMBER, 1) },
      { AT (100), FORGETS (MEMBER, 1) } } },
  { "what was taken back and forgotten meanwhile is given again, and taken back",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), .deed = SIM_DEED_KEY, .a = SIM_KEY_REFUSED, FOR (400) },
      { AT (90), GIVES_NOTHING (MEMBER, 1) },
      { AT (100), FORGETS (MEMBER, 1) },
      { AT (300), GIVES (MEMBER, 2, 0) },
      { AT (600), GIVES_NOTHING (MEMBER, 2) } } },
  { "what a create came to is not known while its claim is taken back and forgotten",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), WEATHER (WEATHER_CUT_AFTER), FOR (10) },
      { AT (61), GIVES (MEMBER, 2, 1) },
      { AT (64), .deed = SIM_DEED_KEY, .a = SIM_KEY_REFUSED, FOR (600) },
      { AT (90), GIVES_NOTHING (MEMBER, 2) },
      { AT (100), FORGETS (MEMBER, 2) } } },
  { "a group is seen again after long, and somebody waits to be let in, another to be put out",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (0), ENTITLED (OTHER), IN (0) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (1), GIVES (OTHER, 2, 1) },
      { AT (60), .deed = SIM_DEED_HIDE, .a = 0, FOR (1000) },
      { AT (90), GIVES_NOTHING (MEMBER, 1) },
      { AT (90), GIVES (OTHER, 3, 0) },
      { AT (1060 + 4 * 60), .deed = SIM_DEED_LOOK, FOR (1) } } },
  { "a create of a user is cut, and nothing is given any more when it is looked for",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (0.5), WEATHER (WEATHER_WRITE_SLOW), FOR (3) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (1.6), WEATHER (WEATHER_CUT_BEFORE), FOR (20) },
      { AT (30), GIVES_NOTHING (MEMBER, 1) } } },
  { "somebody makes the user while we are about to",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (0.5), WEATHER (WEATHER_WRITE_SLOW), FOR (3) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (1.6), .deed = SIM_DEED_USER_MADE, OF (MEMBER), FOR (1) } } },
  { "a right is taken back while the key does not see its group",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), .deed = SIM_DEED_HIDE, .a = 0, FOR (300) },
      { AT (90), GIVES_NOTHING (MEMBER, 1) } } },
  { "the account moves while what its owner wrote is read late",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), .deed = SIM_DEED_LATE_LEDGERS, FOR (60) },
      { AT (61), GIVES (MEMBER, 2, 1) },
      { AT (62), .deed = SIM_DEED_MOVE, FOR (1) } } },
  { "a log begins again while a record of what is about to be touched is on its way",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (59), WEATHER (WEATHER_WRITE_SLOW), FOR (60) },
      { AT (60), GIVES_NOTHING (MEMBER, 1) },
      { AT (60.5), .deed = SIM_DEED_REREAD, FOR (1) } } },
  { "a newer release has written to the ledger of one space",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (2), ENTITLED (OTHER), IN (1) },
      { AT (60), .deed = SIM_DEED_CRASH, .a = 0, FOR (5) },
      { AT (60), .deed = SIM_DEED_CRASH, .a = 1, FOR (5) },
      { AT (61), .deed = SIM_DEED_NEWER, OF (MEMBER), FOR (1) },
      { AT (120), GIVES_NOTHING (MEMBER, 1) },
      { AT (120), GIVES (OTHER, 2, 0), IN (1) } } },
  { "somebody whom one space invited is deleted by hand, and is given something in the other",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (0), ENTITLED (MEMBER), IN (1) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (900), .deed = SIM_DEED_USER_GONE, OF (MEMBER), FOR (1) },
      { AT (960), GIVES (MEMBER, 2, 0), IN (1) } } },
  { "KISI answers nothing but errors for minutes",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (0.5), WEATHER (WEATHER_SERVER_ERROR), FOR (300) },
      { AT (1), GIVES (MEMBER, 1, 0) } } },
  { "an address is handed on, and what its former owner has by it ends between two looks",
    { { AT (0), .deed = SIM_DEED_DUPLICATES, .a = SIM_DUPLICATES_409, FOR (1) },
      { AT (0), ENTITLED (NEIGHBOUR) },
      { AT (1), GIVES_UNTIL (NEIGHBOUR, 1, 0, 8400) },
      { AT (60), ENTITLED_AS_NEIGHBOUR (MEMBER) },
      { AT (61), GIVES (MEMBER, 2, 0) } } },
  { "that a right was taken away is not told, and then the key may not see its group",
    { { AT (0), ENTITLED (MEMBER) },
      { AT (1), GIVES (MEMBER, 1, 0) },
      { AT (60), GIVES_NOTHING (MEMBER, 1) },
      { AT (60.05), WEATHER (WEATHER_WRITE_LOST), FOR (1) },
      { AT (62), .deed = SIM_DEED_FORBID, .a = 0, FOR (120) },
      { AT (150), .deed = SIM_DEED_WISH, .a = SIM_WISH_RESYNC, OF (MEMBER), FOR (1) } } },
};

guint
sim_stories (void)
{
  return G_N_ELEMENTS (stories);
}

const char *
sim_story_name (guint index)
{
  return stories[index].name;
}

SimHistory *
sim_story_new (guint index)
{
  SimHistory *history = g_new0 (SimHistory, 1);
  const SimEvent *events = stories[index].events;

  history->seed = index + 1; /* of the dice that are thrown on the way */
  history->readings = (SimReadings){ .duplicates = SIM_DUPLICATES_MADE, .patch = SIM_PATCH_TAKEN };
  history->invite = TRUE;
  history->events = g_array_new (FALSE, FALSE, sizeof (SimEvent));
  for (guint i = 0; i < EVENTS_MAX && events[i].length > 0; i++)
    g_array_append_val (history->events, events[i]);
  return history;
}
