/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's KISI: its tables, keys, events, and what happens at its doors (kisi-api.md). Times
 * are kept in rows as numbers (ms) and written as text on the way out, in the form that a switch
 * says.
 */
#pragma once

#include "sandbox.h"

G_BEGIN_DECLS

typedef enum
{
  KI_USERS,
  KI_PLACES,
  KI_LOCKS,
  KI_GROUPS,
  KI_GROUP_LOCKS,
  KI_RIGHTS,
  KI_SCHEDULES,
  KI_TABLES_,
} KiTable;

typedef struct
{
  const char *path, *wrapper, *type; /* "users", "user", "User" */
  gint64 limit, limit_max;           /* of a page */
  gint64 first_id;
  const char *event;    /* "user": events user.create, user.destroy; NULL: none */
  const char *defaults; /* JSON */
} KiInfo;

extern const KiInfo ki_infos[KI_TABLES_];

typedef struct
{
  char *key;
  gint64 user_id;
  const json_t *places; /* NULL: all; borrowed from the specification */
  gboolean read_only;
} KiLogin;

/* What a KISI user has left of their rate, whatever the key. */
typedef struct
{
  RateWindow calls, event_sets;
} KiRate;

/* A row that is no more, as the last to know still see it. */
typedef struct
{
  KiTable table;
  Row row; /* its data is owned, no more of it is set than id, keys and until */
  LkTime gone_at;
} KiGhost;

struct _Kisi
{
  Sandbox *sandbox;
  Table tables[KI_TABLES_];
  json_t *defaults[KI_TABLES_];
  gint64 next_id[KI_TABLES_];
  json_t *organization;
  json_t *logins_spec;
  GHashTable *logins;      /* key → KiLogin */
  GHashTable *rates;       /* user id → KiRate; 0: nobody */
  GHashTable *invitations; /* address → number of mails */
  GPtrArray *events;       /* of json_t, in order of sequence */
  GHashTable *sets;        /* id → event set */
  GPtrArray *ghosts;       /* of KiGhost, the oldest first */
  GHashTable *former;      /* address of a deleted user → its id */
  gint64 next_set;
};

Kisi *kisi_new (Sandbox *sandbox);
void kisi_free (Kisi *kisi);
/* DATA's rows instead of those there are or, if ADDING, beside them. Counts what there is then. */
gboolean
kisi_load (Kisi *kisi, const json_t *data, gboolean adding, json_t *out_counts, GError **error);
json_t *kisi_dump (Kisi *kisi);
void ki_load_logins (Kisi *kisi, json_t *list); /* keys; those there are work no more */

/* rows (kisi_rows.c) */
int ki_table (const char *path); /* -1: none */
Table *ki_rows (Kisi *kisi, KiTable table);
Row *ki_create (Kisi *kisi, KiTable table, const json_t *fields);
void ki_merge (Kisi *kisi, KiTable table, Row *row, const json_t *fields);
/* The row, and with it what hangs on it. Lists and doors may know it a while longer. */
void ki_remove (Kisi *kisi, KiTable table, Row *row);
/* What joins group and lock; NULL: nothing does. */
Row *ki_group_lock (Kisi *kisi, gint64 group, gint64 lock);
Row *ki_user_by (Kisi *kisi, const json_t *who);     /* by user_id or email; NULL: none */
gint64 ki_time (const json_t *row, const char *key); /* LK_TIME_NONE for null */

/* as the API shows them (kisi_render.c); new references */
json_t *ki_render (Kisi *kisi, KiTable table, const Row *row);
json_t *ki_time_json (Kisi *kisi, LkTime time);
json_t *ki_render_event (Kisi *kisi, const json_t *event);
json_t *ki_render_organization (Kisi *kisi);

/* answers (kisi_http.c) */
void ki_error (Call *call, guint status, const char *code, const char *message);
void ki_not_found (Call *call);
void ki_forbidden (Call *call);
void ki_invalid (Call *call, const char *field, const char *message); /* 422 */
/* HOW ends in 409, 409_bare, 422 or 422_base: the forms of "there is one already". */
void ki_taken (Call *call, const char *how, const char *field);
gboolean ki_changes (const Call *call);            /* PATCH, and PUT where it is taken */
json_t *ki_body (Call *call, const char *wrapper); /* borrowed; NULL: answered with 400 */
/* The row with this id that the caller may see, or NULL: answered with 404. */
Row *ki_find (Call *call, KiTable table, gint64 id);
gboolean ki_sees (const Call *call, KiTable table, const Row *row);

/* lists (kisi_list.c) */
void ki_list (Call *call, KiTable table);

/* the resources; PARTS of the path behind the first one, NULL-terminated */
void ki_users (Call *call, char **parts);                /* kisi_users.c */
void ki_rights (Call *call, char **parts);               /* kisi_rights.c */
void ki_doors (Call *call, KiTable table, char **parts); /* kisi_doors.c */
/* kisi_schedules.c: whether KISI takes SCHEDULE, whose type follows from what it has; FALSE:
 * answered. HAS_TYPE: the body named one. */
gboolean ki_schedule_check (Call *call, json_t *schedule, gboolean has_type);
void ki_event_sets (Call *call, char **parts); /* kisi_sets.c */
void ki_roles (Call *call);
void ki_mail (Kisi *kisi, const char *email); /* counts one; kisi_users.c */

/* doors (kisi_access.c) */
typedef struct
{
  gboolean granted;
  const char *code; /* NULL when granted */
  const Row *right; /* what opened it */
} KiDecision;

KiDecision ki_decide (Kisi *kisi, const Row *user, const Row *lock, gboolean card, LkTime at);
const char *ki_code_text (const char *code);

/* events (kisi_events.c): FIELDS override; returns it, borrowed */
json_t *ki_event (Kisi *kisi, const char *type, const json_t *fields);
/* As an API key's owner did it to ROW. */
void ki_log_change (Call *call, KiTable table, const Row *row, const char *verb);
json_t *
ki_unlock (Kisi *kisi, const Row *user, const Row *lock, gboolean card, LkTime at, KiDecision *out);
void ki_set_free (gpointer set); /* kisi_sets.c */

G_END_DECLS
