/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the files of wishes have in common. Loop thread.
 */
#pragma once

#include "account_internal.h"
#include "share.h"

#include <latchkey/program/wishes.h>

G_BEGIN_DECLS

typedef struct _WishKind WishKind;

/* A space's topic of wishes. */
typedef struct
{
  Wishes *wishes;
  StateSpace *space;
  LkWishes *control;
} WishSet;

typedef enum
{
  LISTING_NONE,
  LISTING_WANTED, /* asked for */
  LISTING_BEGUN,
  LISTING_DONE,
  LISTING_FAILED,
} Listing;

/* A wish that is under way. */
typedef struct
{
  WishSet *set;
  char *key;
  const WishKind *kind;
  LkTime at;
  gint64 member; /* 0: none */
  GArray *ids;   /* gint64 */
  Listing listing;
  GPtrArray *people; /* Person*: resync waits for them */
  gpointer adoption; /* of adopt (wishes_adopt.c) */
} Wish;

struct _WishKind
{
  const char *name;
  void (*begin) (Wish *wish);
  /* Each turn. NULL: not over yet; else the outcome, with *OUT_REASON (owned by the caller). */
  const char *(*look) (Wish *wish, char **out_reason);
  void (*foreign_row) (Wish *wish, const LkKisiAssignment *row); /* may be NULL */
  void (*drop) (Wish *wish);                                     /* may be NULL */
};

extern const WishKind wish_adopt;  /* wishes_adopt.c */
extern const WishKind wish_resync; /* wishes_resync.c */
extern const WishKind wish_forget; /* wishes_forget.c */

/* After MEMBER was forgotten: when the workers have written the tombstones of all commands, those
 * of the ledger follow. */
void wish_forget_erase (const WishSet *set, gint64 member);

/* Lists the groups of the wish's space; `listing` tells. */
void wish_list (Wish *wish);
Account *wish_account (const Wish *wish);

G_END_DECLS
