/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's KISI: its tables, who calls, what opens a door, and what was mailed (kisi-api.md).
 * The API and the side door change it through the same functions. One thread.
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
  KI_ASSIGNMENTS,
  KI_SCHEDULES,
  KI_TABLES_,
} KiTable;

/* An API key and whose it is. */
typedef struct
{
  char *key;
  gint64 user_id;
  gint64 *places; /* NULL: all */
  guint n_places;
  gboolean read_only;
} KisiLogin;

typedef struct
{
  RateWindow calls, event_sets;
} KisiRates;

typedef struct
{
  gint64 id;
  LkTime created_at;
  gint64 reads_left; /* in progress until then */
  json_t *filters, *events; /* in the order of the set */
  char *status;
} EventSet;

struct _Kisi
{
  Sandbox *sandbox;
  Table tables[KI_TABLES_];
  json_t *organization;
  GPtrArray *logins;       /* KisiLogin */
  GHashTable *rates;       /* gint64* user → KisiRates */
  GHashTable *invitations; /* address → count */
  GPtrArray *events;       /* json_t*, oldest first */
  GPtrArray *sets;         /* EventSet */
  gint64 next_id;
};

extern const char *const ki_paths[KI_TABLES_]; /* "users", … */

Kisi *kisi_new (Sandbox *sandbox);
void kisi_free (Kisi *kisi);
int ki_table (const char *path); /* -1: none */

/* A whole row from FIELDS (borrowed) and the defaults; ids are drawn where left out. */
Row *ki_create (Kisi *kisi, KiTable table, const json_t *fields);
void ki_merge (Kisi *kisi, KiTable table, Row *row, const json_t *fields);
void ki_delete (Kisi *kisi, KiTable table, Row *row); /* what hangs on it goes too */
json_t *ki_render (Kisi *kisi, KiTable table, const Row *row); /* as the API shows it */
Row *ki_user_of_email (Kisi *kisi, const char *email);
json_t *ki_time (const Kisi *kisi, LkTime time);

/* data (kisi_data.c) */
gboolean kisi_load (Kisi *kisi, const json_t *data, json_t *out_counts, GError **error);
json_t *kisi_dump (Kisi *kisi);

/* doors (kisi_doors.c): somebody at a lock; USER NULL: an unknown card. The event is recorded. */
json_t *ki_unlock (Kisi *kisi, const Row *lock, const Row *user, const char *credential, LkTime at,
                   gboolean *out_granted, const char **out_code);
/* An event of any type; FIELDS override. */
json_t *ki_event (Kisi *kisi, const char *type, const Row *lock, const Row *user, LkTime at,
                  const json_t *fields);

/* event sets (kisi_events.c) */
void ki_event_sets_post (Call *call);
void ki_event_sets_get (Call *call, gint64 id);
void ki_event_sets_clear (Kisi *kisi);

/* errors: {"code","error"} and {"errors":{field:[text]}} (kisi-api.md §1.5) */
void ki_error (Call *call, guint status, const char *code, const char *text);
void ki_invalid (Call *call, const char *field, const char *text);

G_END_DECLS
