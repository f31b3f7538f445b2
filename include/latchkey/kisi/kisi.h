/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The calls that Latchkey makes to KISI (kisi-api.md Appendix B), each answer already judged. One
 * LkKisi is one account (one API key). It knows how to page, to parse and to judge; when to call
 * is the caller's: it keeps the budget (the library only spends and reports throttling on it), and
 * paged reads spend one for each page. Loop thread.
 */
#pragma once

#include <latchkey/config/config.h>
#include <latchkey/http/budget.h>
#include <latchkey/http/client.h>
#include <latchkey/model/window.h>

G_BEGIN_DECLS

/* What an answer means (design §6.7). */
typedef enum
{
  LK_KISI_OK,
  LK_KISI_GONE,         /* 404: the id is unknown, or not visible to this key */
  LK_KISI_DUPLICATE,    /* 409, or a 422 that says taken: read and decide */
  LK_KISI_INVALID,      /* another 422 or 400: this request will never pass as it is */
  LK_KISI_THROTTLED,    /* 429: not an attempt; the budget is told already */
  LK_KISI_UNAUTHORIZED, /* 401: the key */
  LK_KISI_FORBIDDEN,    /* 403: the key, or this one object */
  LK_KISI_UNAVAILABLE,  /* 5xx to a reading call, or never sent: had no effect; back off */
  LK_KISI_UNKNOWN,      /* a writing call without a usable answer: it may have had its effect */
  LK_KISI_MALFORMED, /* a reading call's answer can't be understood or is short: as unavailable */
} LkKisiVerdict;

const char *lk_kisi_verdict_name (LkKisiVerdict verdict);

typedef struct
{
  gint64 id;
  char *email, *name; /* email may be NULL */
  gboolean access_enabled;
} LkKisiUser;

typedef struct
{
  gint64 id, user_id, group_id; /* group_id 0: a place or organization role; user_id 0: a team … */
  char *email; /* the user's, where the row says it; else NULL */
  char *role_id;
  LkWindow window;
  LkTime created_at;
  gint64 created_by_id; /* 0: not said */
} LkKisiAssignment;

typedef struct
{
  gint64 id, place_id; /* place_id 0: organization-wide */
  char *name;
  gboolean time_restricted; /* opens only in the hours of its schedules */
} LkKisiGroup;

typedef struct
{
  gint64 group_id, lock_id, place_id;
  char *lock_name;
} LkKisiGroupLock;

/* A rule of hours (kisi-api.md §2.12). Days and minutes only of one that recurs by the week; both
 * ends are in the place's zone. */
typedef struct
{
  gint64 id, group_id;      /* group_id 0: of a door or a floor */
  gboolean enabled, allows; /* allows: consequence `allow`, the hours in which a group opens */
  gboolean overrides;       /* cancels the other ones */
  gboolean recurs;
  guint days;      /* bits, 1 << 0 is Monday */
  int from, until; /* minutes after midnight, until at most 1440 */
} LkKisiSchedule;

typedef struct
{
  char *uuid, *type, *action;
  gint64 object_id;
  char *object_type, *object_name;
  char *actor_type; /* NULL: none */
  gint64 actor_id;
  char *authenticated_by_type;
  char *authorized_by_type;
  gint64 authorized_by_id;
  gboolean success;
  char *code;
  gint64 place_id;
  LkTime created_at;
} LkKisiEvent;

/* One answer. Arrays hold pointers to the structs above and are owned by the answer: valid until
 * the callback returns; take one with g_steal_pointer. */
typedef struct
{
  LkKisiVerdict verdict;
  int status;
  char code[16];     /* KISI error code, or "" */
  char *message;     /* for logs: no personal data; never NULL */
  LkTime started_at; /* of the (first) request */
  LkTime date;       /* the server's Date, or LK_TIME_NONE */
  gboolean writes;   /* a POST, PATCH or DELETE */
  /* The one that was asked for. */
  GPtrArray *users, *assignments, *groups, *group_locks, *schedules, *events;
} LkKisiAnswer;

typedef void (*LkKisiFunc) (LkKisiAnswer *answer, gpointer data);

/* KISI counts calls by the second; calls that left within one may arrive closer together than they
 * left, so that many are made in a little more. */
#define LK_KISI_RATE_MS 1025

typedef struct _LkKisi LkKisi;
typedef struct _LkKisiCall LkKisiCall;

/* The key is read from CONFIG->key_file for the first call and again when the file changes. */
LkKisi *lk_kisi_new (const LkConfigKisi *config, const LkClock *clock, LkTimers *timers,
                     LkBudget *budget);
void lk_kisi_free (LkKisi *kisi); /* cancels without calling back */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisi, lk_kisi_free)

/* Moves HTTP on; each turn of the loop. */
void lk_kisi_turn (LkKisi *kisi);
/* LK_ERROR_RETRY naming the file when the secret can't be read. */
gboolean lk_kisi_has_key (LkKisi *kisi, GError **error);

/* Each starts one call and returns its handle (until the callback). RESERVE is the share of the
 * rate that further pages of the same read must leave free. Email comparison is exact but for
 * ASCII case, whatever the search gives. */
LkKisiCall *lk_kisi_whoami (LkKisi *kisi, LkKisiFunc func, gpointer data); /* users[0] */
LkKisiCall *lk_kisi_find_user (LkKisi *kisi, const char *email, double reserve, LkKisiFunc func,
                               gpointer data); /* users: 0 or more exact matches */
LkKisiCall *lk_kisi_get_user (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data);
/* INVITE: KISI mails; else a managed user. users[0] */
LkKisiCall *lk_kisi_create_user (LkKisi *kisi, const char *email, const char *name, gboolean invite,
                                 LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_list_user_assignments (LkKisi *kisi, gint64 user_id, double reserve,
                                           LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_list_group_assignments (LkKisi *kisi, gint64 group_id, double reserve,
                                            LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_get_assignment (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_create_assignment (LkKisi *kisi, gint64 user_id, gint64 group_id,
                                       LkWindow window, LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_change_assignment (LkKisi *kisi, gint64 id, LkWindow window, LkKisiFunc func,
                                       gpointer data); /* PATCH; the answer proves nothing: read */
LkKisiCall *lk_kisi_delete_assignment (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_get_group (LkKisi *kisi, gint64 id, LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_list_groups (LkKisi *kisi, double reserve, LkKisiFunc func, gpointer data);
LkKisiCall *lk_kisi_list_group_locks (LkKisi *kisi, gint64 group_id, double reserve,
                                      LkKisiFunc func, gpointer data);
/* The hours of all groups that the key sees. */
LkKisiCall *lk_kisi_list_schedules (LkKisi *kisi, double reserve, LkKisiFunc func, gpointer data);
/* Door events of [FROM, UNTIL]; makes the set, waits while it is in progress, follows the cursor;
 * events in order of created_at. PLACE_ID 0: all places. */
LkKisiCall *lk_kisi_list_events (LkKisi *kisi, LkTime from, LkTime until, gint64 place_id,
                                 double reserve, LkKisiFunc func, gpointer data);
void lk_kisi_cancel (LkKisi *kisi, LkKisiCall *call);
guint lk_kisi_in_flight (const LkKisi *kisi);

/* Answers → judged; pure, for corpora and fuzzing. */
typedef enum
{
  LK_KISI_SHAPE_NONE,
  LK_KISI_SHAPE_USER,
  LK_KISI_SHAPE_USERS,
  LK_KISI_SHAPE_ASSIGNMENT,
  LK_KISI_SHAPE_ASSIGNMENTS,
  LK_KISI_SHAPE_GROUP,
  LK_KISI_SHAPE_GROUPS,
  LK_KISI_SHAPE_GROUP_LOCKS,
  LK_KISI_SHAPE_SCHEDULES,
  LK_KISI_SHAPE_EVENTS,
} LkKisiShape;

LkKisiAnswer *lk_kisi_judge (LkKisiShape shape, gboolean writes, int status, const char *body,
                             gsize len);
void lk_kisi_answer_free (LkKisiAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiAnswer, lk_kisi_answer_free)
void lk_kisi_user_free (LkKisiUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiUser, lk_kisi_user_free)
void lk_kisi_assignment_free (LkKisiAssignment *assignment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiAssignment, lk_kisi_assignment_free)
void lk_kisi_group_free (LkKisiGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiGroup, lk_kisi_group_free)
void lk_kisi_group_lock_free (LkKisiGroupLock *group_lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiGroupLock, lk_kisi_group_lock_free)
void lk_kisi_schedule_free (LkKisiSchedule *schedule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiSchedule, lk_kisi_schedule_free)
void lk_kisi_event_free (LkKisiEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkKisiEvent, lk_kisi_event_free)

G_END_DECLS
