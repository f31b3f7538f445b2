/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Between check.c and check_log.c.
 */
#pragma once

#include "check.h"
#include "history.h"

#include <latchkey/model/ledger.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 user, group;
  LkWindow window;
  LkTime at;
  gboolean used; /* a create was sent for it */
} SimIntent;

typedef struct
{
  gint64 user, group;
  LkTime at;
} SimPlace;

struct _SimCheck
{
  guint rate;
  gint64 horizon;
  GHashTable *intended; /* rights that were intended (owned text) */
  GArray *intents;      /* SimIntent */
  GArray *spoilt;       /* SimPlace */
  GArray *refusals;     /* SimPlace */
  GArray *sent;         /* LkTime of the last calls */
  GHashTable *waits;    /* process → LkTime* before which it must not call */
  GHashTable *known;    /* "moncloa 9001" → the KISI user of the ledger (gint64*) */
  GHashTable *told;     /* "created/501" */
  gboolean one_right;
  LkTime observed_since[SIM_SPACES]; /* LK_TIME_NONE: it is not */
  GHashTable *touched; /* ids of rights that the ledger says are about to be touched */
  gboolean left_alone[SIM_SPACES];
  GHashTable *owed;  /* what had its effect and is to be told, as in `told` */
  GHashTable *calls; /* process and call → LkTime of each in the last minute */
};

/* A foreign right that is the same as what we meant to make, and younger: KISI can't tell them
 * apart, and so can't we (design §6.5). */
gboolean sim_check_looks_like_ours (const SimCheck *check, const SimRight *right);

/* Whom a call is about that writes rights: a user in a space. FALSE: another call. */
gboolean sim_check_subject (SimWorld *world, const SimRequest *request, gint64 *out_user,
                            guint *out_space);

/* check_steps.c: a call leaves; RECORD of a right is in the ledger. */
void sim_check_steps_init (SimCheck *check);
void sim_check_steps_sent (SimWorld *world, const SimRequest *request);
void sim_check_owe (SimWorld *world, const char *change, gint64 id);
void sim_check_steps_right (SimWorld *world, const LkRight *record);

/* As KISI keeps it: whole seconds. */
LkWindow sim_check_whole (LkWindow window);

G_END_DECLS
