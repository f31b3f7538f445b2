/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What should be published of the simulated Nexudus, and what that opens: a statement of its own of
 * the design's §7 (which rows stand where, and what they say) and §5 (when they open a door). It
 * imports nothing from src, so that it can't be wrong the same way. One thread.
 */
#pragma once

#include "nexus.h"

G_BEGIN_DECLS

#define TRUTH_SPACES 2

typedef enum
{
  TRUTH_MEMBER,
  TRUTH_PASS,
  TRUTH_BOOKING,
  TRUTH_KINDS
} TruthKind;

/* What a snapshot says, whether one that should stand or one that does. */
typedef struct
{
  TruthKind kind;
  guint space;
  gint64 member, id; /* of a member, id is the member */
  gint64 revision;   /* of one that stands */
  gboolean deleted;
  /* Its content as text: its own row, and of a pass the contract's row and pause. */
  char own[256], contract[128], pause[96];
  /* When it opens. */
  gboolean active, archived; /* of a member */
  gboolean used, has_contract, contract_active, cancelled, tentative;
  gint64 minutes, from, until, used_at; /* a pass: creation and expiry */
  gint64 starts_at, ends_at, paused_from, paused_until;
} TruthSaid;

typedef struct
{
  const char *code; /* of the space */
  gint64 business;
  const char *zone; /* IANA */
} TruthSpace;

typedef struct _SimTruth Truth;

Truth *truth_new (const Nexus *nexus, const TruthSpace spaces[TRUTH_SPACES]);
const TruthSpace *truth_space (const Truth *truth, guint space);

/* What ENTITY's row at ROW_AT says under MEMBER in SPACE, with contracts as at CONTRACT_AT and the
 * pause that counts at PAUSE_AT. FALSE: it says nothing there. */
gboolean truth_say (const Truth *truth, const NxEntity *entity, gint64 row_at, gint64 contract_at,
                    gint64 pause_at, guint space, TruthSaid *out);
/* … when ENTITY is of none of the three kinds, or where it belongs is of no matter. */
void truth_say_row (const Truth *truth, const NxEntity *entity, const NxRow *row, TruthSaid *out);
void truth_say_contract (const Truth *truth, const NxEntity *contract, const NxRow *row,
                         TruthSaid *out);
void truth_say_pause (const Truth *truth, const NxEntity *contract, const NxRow *row,
                      gint64 periods_at, gint64 pause_at, TruthSaid *out);

/* Whether ENTITY belongs to SPACE now; of a member: must stand there, by a home since SINCE
 * or by what they have since CLAIMED. */
gboolean truth_belongs (const Truth *truth, const NxEntity *entity, guint space, gint64 since,
                        gint64 claimed);
/* Whether a full listing contains what is as SAID says: only that must be known. */
gboolean truth_is_listed (const Truth *truth, const TruthSaid *said);

/* The three texts from the fields, for what is read in a topic too. */
void truth_text_member (TruthSaid *said, const char *email, const char *name);
void truth_text_pass (TruthSaid *said, gint64 type, const char *origin);
void truth_text_booking (TruthSaid *said, const char *uid, gint64 resource);

/* Whether SAID opens a door at AT, were its member entitled (§5). */
gboolean truth_opens (const Truth *truth, const TruthSaid *said, gint64 at);

G_END_DECLS
