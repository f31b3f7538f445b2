/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The sandbox's Nexudus: its tables, its users, and what happens in it (nexudus-api.md). The API
 * (nexudus_http.c and what it calls) and the side door change it through the same functions.
 */
#pragma once

#include "sandbox.h"

G_BEGIN_DECLS

typedef enum
{
  NX_COWORKERS,
  NX_PASSES,
  NX_PASS_TYPES,
  NX_PASS_SLOTS,
  NX_BOOKINGS,
  NX_CANCELLED,
  NX_RESOURCES,
  NX_BUSINESSES,
  NX_ZONES,
  NX_CONTRACTS,
  NX_PAUSES,
  NX_TARIFFS,
  NX_TARIFF_PASSES,
  NX_PRODUCTS,
  NX_PRODUCT_PASSES,
  NX_SALES,
  NX_CHECKINS,
  NX_TEAMS,
  NX_DESKS,
  NX_ENTITIES_,
} NxEntity;

typedef struct
{
  const char *path, *module, *name; /* "coworkers", "spaces", "Coworker" */
  gint64 first_id;                  /* ids are drawn near it */
  const char *required;             /* comma separated; of a POST or PUT */
  const char *list_nulls;           /* comma separated: not filled in lists */
  const char *defaults;             /* JSON, without the base fields */
  gboolean no_delete, read_only;
} NxInfo;

extern const NxInfo nx_infos[NX_ENTITIES_];

typedef struct
{
  RateWindow per_100ms, per_minute, per_hour, writes_minute, writes_day;
} NxRates;

typedef struct
{
  char *email, *password, *totp;
  gboolean api_access;
  GHashTable *roles; /* NULL: administrator */
  NxRates rates;
  GHashTable *by_path; /* path → NxRates */
} NxUser;

struct _Nexudus
{
  Sandbox *sandbox;
  Table tables[NX_ENTITIES_];
  json_t *defaults[NX_ENTITIES_]; /* with the base fields */
  GPtrArray *users;               /* of NxUser */
  GHashTable *tokens;             /* access token → NxToken */
  GHashTable *refresh;            /* client id → NxToken, whose text is the refresh token */
  json_t *settings;               /* business id → {time_zone, cutoff} */
  json_t *users_spec;             /* as given */
  LkTime ticked;                  /* when contracts were last looked at; none: look now */
  GHashTable *waiting;            /* ids of contracts that start later and have brought no passes */
  GHashTable *ended;              /* ids of contracts whose end has come */
  GHashTable *pausing;            /* ids of contracts that have, or had, a pause */
  GHashTable *originals;          /* cancelled booking id → the booking's row */
  GHashTable *used_by;            /* pass id → id of the coworker who checked in with it */
};

Nexudus *nexudus_new (Sandbox *sandbox);
void nexudus_free (Nexudus *nexudus);
void nexudus_tick (Nexudus *nexudus); /* contracts that begin, pause, end */

/* entities (nexudus_rows.c) */
int nx_entity (const char *path); /* -1: none */
Table *nx_table (Nexudus *nexudus, NxEntity entity);
/* The key2 of rows that a contract brought; others may have the same. */
gint64 nx_contract_key (const char *unique_id);
/* A new row from FIELDS (borrowed) and the defaults. */
Row *nx_create (Nexudus *nexudus, NxEntity entity, const json_t *fields, const char *by);
/* Merges FIELDS; UpdatedOn moves when BUMP and FIELDS does not say otherwise. */
void nx_merge (Nexudus *nexudus, NxEntity entity, Row *row, const json_t *fields, gboolean bump);
/* After a row was made, or also merged or put, from outside: what hangs on it follows. */
void nx_row_made (Nexudus *nexudus, NxEntity entity, const Row *row);
void nx_row_changed (Nexudus *nexudus, NxEntity entity, const Row *row);
void nx_remove (Nexudus *nexudus, NxEntity entity, Row *row);
void nx_touch (Nexudus *nexudus, NxEntity entity, Row *row, const char *by, gboolean bump);
void nx_fill_names (Nexudus *nexudus, NxEntity entity, Row *row);
/* A location's zone, or UTC; NULL on a machine without zones. Free it. */
LkZone *nx_zone (Nexudus *nexudus, gint64 business);
json_t *nx_date_text (Nexudus *nexudus, LkTime time); /* 0 to 7 fractional digits */
/* The row as by-id shows it, or as lists do. New reference. */
json_t *nx_render (Nexudus *nexudus, NxEntity entity, Row *row, gboolean in_list);
const char *nx_list_text (Nexudus *nexudus, NxEntity entity, Row *row);
void nx_forget_texts (Nexudus *nexudus); /* a switch that changes rows moved */

/* data (nexudus_data.c) */
/* DATA's rows instead of those there are or, if ADDING, beside them. Counts what there is then. */
gboolean nexudus_load (
    Nexudus *nexudus, const json_t *data, gboolean adding, json_t *out_counts, GError **error);
json_t *nexudus_dump (Nexudus *nexudus);

/* users and tokens (nexudus_auth.c) */
void nx_users_load (Nexudus *nexudus, const json_t *list);
void nx_auth_free (Nexudus *nexudus);
void nx_auth_init (Nexudus *nexudus);
void nx_expire_tokens (Nexudus *nexudus, gboolean refresh_too);
void nx_token (Call *call); /* POST /api/token */
/* Answers and returns NULL when nobody is logged in or the login is over its limits. */
NxUser *nx_login (Call *call);
gboolean nx_user_may (const NxUser *user, const char *entity, const char *what);

/* lists (nexudus_list.c) */
void nx_list (Call *call, NxEntity entity);
void nx_batch (Call *call, NxEntity entity, const char *ids);

/* writes (nexudus_write.c) */
void nx_not_found (Call *call); /* 404, in the form that a switch says */
void nx_post (Call *call, NxEntity entity);
void nx_put (Call *call, NxEntity entity);
void nx_delete (Call *call, NxEntity entity, gint64 id);
void nx_command (Call *call, NxEntity entity);

/* time slots of a type of pass (nexudus_slots.c): whether AT is within one, or there is none */
gboolean nx_slot_allows (Nexudus *nexudus, gint64 pass_type, gint64 business, LkTime at);
json_t *nx_slots_of (Nexudus *nexudus, gint64 pass_type); /* as the pass type shows them, by id */

/* what happens (nexudus_passes.c, nexudus_contracts.c, nexudus_life.c); each returns NULL or FALSE
 * with an LK_ERROR */
Row *
nx_check_in (Nexudus *nexudus, const json_t *fields, LkTime at, Row **out_pass, GError **error);
Row *nx_check_out (Nexudus *nexudus, Row *checkin, LkTime at);
void nx_use_pass (Nexudus *nexudus, Row *pass, LkTime at);
Row *nx_give_pass (Nexudus *nexudus, gint64 coworker, Row *type, const json_t *extra);
json_t *nx_sell (Nexudus *nexudus, const json_t *fields, gboolean paid, Row **out_sale);
/* Issues the plan's passes; an array of them, as by id. */
json_t *nx_issue_plan_passes (Nexudus *nexudus, Row *contract, gboolean renewal);
/* A plan has a line more: whoever has the plan gets its passes at once. */
void nx_benefit_added (Nexudus *nexudus, const Row *line);
Row *nx_start_contract (Nexudus *nexudus, const json_t *fields, json_t **out_passes);
/* What a coworker's record says of its contracts. */
void nx_tell_coworker (Nexudus *nexudus, gint64 id);
void nx_cancel_contract (Nexudus *nexudus, Row *contract, LkTime at);
void nx_pause_contract (Nexudus *nexudus, Row *contract, LkTime from, LkTime until);
void nx_resume_contract (Nexudus *nexudus, Row *contract);
/* A row of contractpausedperiods came, went or changed. */
void nx_pauses_changed (Nexudus *nexudus, gint64 contract_id);
gboolean nx_is_paused (const Row *contract);
/* When what ends at ROW's KEY is over, by how a bare date is read. LK_TIME_NONE: never. */
LkTime nx_end_of (Nexudus *nexudus, gint64 business, const json_t *row, const char *key);
json_t *nx_bare_date (LkTime time);
Row *nx_cancel_booking (Nexudus *nexudus, Row *booking, gint64 reason, const char *by);
/* As if it had never been cancelled, with its Id; NULL when nobody remembers it. */
Row *nx_restore_booking (Nexudus *nexudus, Row *cancelled);
/* What FROM has is INTO's, and FROM is gone. */
void nx_merge_coworkers (Nexudus *nexudus, Row *from, const Row *into);
void nx_delete_coworker (Nexudus *nexudus, Row *coworker);
void nx_join_team (Nexudus *nexudus, Row *coworker, Row *team, gboolean join);

G_END_DECLS
