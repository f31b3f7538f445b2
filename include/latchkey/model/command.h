/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Commands: all that one source (a pass, a booking) gives one member, or who the member is, and at
 * which version (topic commands, design §3 and §4). They are claims, not edits: an empty list
 * gives nothing. Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/model/keys.h>
#include <latchkey/model/window.h>

G_BEGIN_DECLS

/* [revision, rules_version], compared in that order. */
typedef struct
{
  gint64 revision, rules;
} LkVersion;

static inline int
lk_version_compare (LkVersion a, LkVersion b)
{
  if (a.revision != b.revision)
    return a.revision < b.revision ? -1 : 1;
  return a.rules < b.rules ? -1 : a.rules > b.rules;
}

typedef struct
{
  gint64 group_id;
  LkWindow window; /* valid_from, valid_until */
} LkClaim;

/* Why a source gives what it gives: one word for each line of design §5. */
typedef enum
{
  LK_WHY_ENTITLED,          /* member: yes */
  LK_WHY_SUSPENDED,         /* member: not active */
  LK_WHY_ARCHIVED,          /* member: archived */
  LK_WHY_UNUSED,            /* pass: not used */
  LK_WHY_USED_TODAY,        /* pass: day pass, to its cut-off */
  LK_WHY_USED_UP,           /* pass: minutes gone, or used without a time */
  LK_WHY_CONTRACT_INACTIVE, /* pass: contract not active, or cancelled without a date */
  LK_WHY_CONTRACT_ENDED,    /* pass: nothing is left before the contract's end or within its start */
  LK_WHY_EXPIRED,           /* pass: expired before it began */
  LK_WHY_BOOKED,            /* booking: yes */
  LK_WHY_TENTATIVE,
  LK_WHY_CANCELLED,
  LK_WHY_DELETED,
  LK_WHY_NOT_MAPPED,
  LK_WHY_OTHER, /* a word of a newer writer */
  LK_WHY_COUNT_
} LkWhy;

const char *lk_why_name (LkWhy why); /* "used_today" */
LkWhy lk_why_parse (const char *name);

typedef struct
{
  LkSourceKind kind; /* MEMBER: member.set; PASS, BOOKING: claims.set */
  gint64 member;
  gint64 source_id; /* pass or booking id; 0 for a member */
  char *space;
  LkVersion version;
  /* member.set */
  char *email, *name; /* may be NULL */
  gboolean entitled;
  /* claims.set; sorted by (group, from), no two of a group overlap */
  LkClaim *claims;
  guint n_claims;
  LkWhy why; /* cause.why */
} LkCommand;

gboolean lk_command_parse (LkCommand *out, const char *json, gsize len, GError **error);
void lk_command_write (const LkCommand *command, GString *out);
void lk_command_clear (LkCommand *command);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkCommand, lk_command_clear)

/* The record key: "<member>" or "<member>/pass/17", into BUF of LK_KEY_MAX; returns its length. */
gsize lk_command_key (const LkCommand *command, char *buf);
/* "pass/17" into BUF (64); "member" for a member. Returns BUF. */
const char *lk_source_name (LkSourceKind kind, gint64 id, char buf[64]);
/* The ce_type: "member.set" or "claims.set". */
const char *lk_command_type (const LkCommand *command);

/* 64-bit digest of all that is decided, without version and cause: what a worker compares. */
guint64 lk_command_digest (const LkCommand *command);

G_END_DECLS
