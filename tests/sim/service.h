/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The simulated KISI organization: users, groups, rights, and what is answered to a request that
 * has arrived. What the reference leaves open (kisi-api.md §4, §7) is a reading, chosen for the
 * whole of a world. It knows which rights were made by our calls, which KISI does not. One thread.
 */
#pragma once

#include "world.h"

#include <latchkey/kisi/kisi.h>

G_BEGIN_DECLS

typedef struct _SimService SimService;

typedef enum
{
  SIM_DUPLICATES_MADE,
  SIM_DUPLICATES_409,
  SIM_DUPLICATES_422,
  SIM_DUPLICATES_EQUAL, /* refused where the window is the same */
} SimDuplicates;

typedef enum
{
  SIM_PATCH_TAKEN,
  SIM_PATCH_IGNORED,
  SIM_PATCH_REFUSED,
} SimPatch;

/* What the key is worth. */
typedef enum
{
  SIM_KEY_FINE,
  SIM_KEY_REFUSED,   /* 401 to everything */
  SIM_KEY_FORBIDDEN, /* 403 to everything, its own user too */
  SIM_KEY_BLIND,     /* it sees no group any more */
  SIM_KEYS
} SimKey;

typedef struct
{
  SimDuplicates duplicates;
  SimPatch patch;
  gboolean drops_lapsed; /* from lists */
  gboolean refuses_past; /* a right whose window is over */
  gint64 list_lag;       /* ms until a list shows what was done */
} SimReadings;

typedef struct
{
  gint64 id;
  char *email;
  LkTime made_at, gone_at; /* gone_at LK_TIME_NONE: it is there */
  gboolean ours, invited;
  gint64 holder; /* the member for whom it was made, when ours */
} SimUser;

typedef struct
{
  gint64 id;
  guint space;
  LkTime gone_at;
  gboolean hidden, forbidden; /* to our key */
} SimGroup;

typedef struct
{
  gint64 id, user, group;
  LkWindow window;
  LkTime made_at, gone_at;
  LkTime unseen_at;  /* when somebody asked for it last while its group was hidden */
  gboolean mistaken; /* made by hand, and taken for the twin that we made (check_log.c) */
  gboolean taken;    /* by hand, which nobody knows before the next audit */
  gboolean by_key;   /* our API user made it, by a call of ours or by hand */
  gboolean ours;
} SimRight;

typedef enum
{
  SIM_OP_WHOAMI,
  SIM_OP_FIND_USER,
  SIM_OP_GET_USER,
  SIM_OP_CREATE_USER,
  SIM_OP_LIST_USER_RIGHTS,
  SIM_OP_LIST_GROUP_RIGHTS,
  SIM_OP_GET_RIGHT,
  SIM_OP_CREATE_RIGHT,
  SIM_OP_CHANGE_RIGHT,
  SIM_OP_DELETE_RIGHT,
  SIM_OP_GET_GROUP,
  SIM_OP_LIST_GROUPS,
  SIM_OP_LIST_GROUP_LOCKS,
  SIM_OP_LIST_EVENTS,
  SIM_OPS
} SimOp;

typedef struct
{
  SimOp op;
  gint64 id; /* of the user, group or right that it is about */
  gint64 group;
  LkWindow window;
  char *email;
  gboolean invite;
  gpointer caller; /* SimProcess* */
  LkTime sent_at;
  gboolean late; /* by one who has no right to call any more (client.c) */
} SimRequest;

SimService *sim_service_new (SimWorld *world, const SimReadings *readings);
const SimReadings *sim_service_readings (const SimService *service);
void sim_service_set_duplicates (SimService *service, SimDuplicates duplicates);
void sim_service_add_group (SimService *service, gint64 id, guint space);

const char *sim_op_name (SimOp op);
gboolean sim_op_writes (SimOp op);
/* An empty answer; STATUS 0: none came. Free with lk_kisi_answer_free. */
LkKisiAnswer *sim_answer_new (SimOp op, LkKisiVerdict verdict, int status);
const char *sim_request_text (const SimWorld *world, const SimRequest *request, char buf[256]);

/* REQUEST has arrived: has its effect, if any, and gives the answer. Free with
 * lk_kisi_answer_free. */
LkKisiAnswer *sim_service_serve (SimService *service, const SimRequest *request);

/* The key sees or does not see GROUP. */
void sim_service_hide (SimService *service, SimGroup *group, gboolean hidden);
void sim_service_set_key (SimService *service, SimKey key);
/* Whether the key can't see GROUP, for whatever reason. */
gboolean sim_service_is_hidden (const SimService *service, const SimGroup *group);

/* What people do by hand. They return FALSE when there is nothing to do it to. */
SimUser *sim_service_make_user (SimService *service, const char *email);
gboolean sim_service_drop_user (SimService *service, SimUser *user);
SimRight *sim_service_make_right (SimService *service, gint64 user, gint64 group, LkWindow window,
                                  gboolean by_key);
gboolean sim_service_drop_right (SimService *service, SimRight *right);
gboolean sim_service_drop_group (SimService *service, gint64 id);

/* Looking at it from outside. */
SimUser *sim_service_user_of (const SimService *service, const char *email); /* who is there */
SimUser *sim_service_user (const SimService *service, gint64 id);
SimGroup *sim_service_group (const SimService *service, gint64 id);
SimRight *sim_service_right (const SimService *service, gint64 id);
const GPtrArray *sim_service_rights (const SimService *service); /* SimRight*, gone ones too */
const GPtrArray *sim_service_users (const SimService *service);
const GPtrArray *sim_service_groups (const SimService *service);
/* Whether USER has a right on GROUP that is not ours. */
gboolean sim_service_is_foreign_there (const SimService *service, gint64 user, gint64 group);
/* It is there, its user and group too, and it does not lie behind NOW. */
gboolean sim_right_is_live (const SimService *service, const SimRight *right);

/* "[+01:00:00.000, *)" into BUF (64). */
const char *sim_window_text (const SimWorld *world, LkWindow window, char buf[64]);

G_END_DECLS
