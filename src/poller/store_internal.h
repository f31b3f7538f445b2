/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What store.c (the tables and their index) and publish.c (what is written to them) share. Nobody
 * else includes it.
 */
#pragma once

#include "revision.h"
#include "store.h"
#include "uids.h"

G_BEGIN_DECLS

/* A listing of used passes goes back this far; see listing.c. */
#define LISTED_AFTER_USE_MS (2 * LK_DAY)

/* One kind in one space. */
typedef struct
{
  Store *store;
  StoreKind kind;
  guint space;
  LkTable *table;
  guint live;         /* keys */
  GHashTable *losses; /* key → Loss */
  GHashTable *judged; /* keys that may be published without their contract */
} Shelf;

/* What was not there when it was read, at REVISION, or had no contract then. */
typedef struct
{
  gint64 member, id, revision;
  gboolean without_contract;
} Loss;

/* Where an entity lives. */
typedef struct
{
  guint space;
  gint64 member;
} Place;

struct _Store
{
  LkProgram *program;
  const GPtrArray *spaces;
  StoreAgainFunc again;
  gpointer data;
  Shelf *shelves;                  /* [space * STORE_KINDS + kind] */
  GHashTable *places[STORE_KINDS]; /* gint64* id → GArray of Place; live keys only */
  Uids *uids;                      /* of live bookings */
  Revisions revisions;
  GString *text; /* the snapshot being written */
};

void store_ids_of_key (const char *key, gint64 *out_member, gint64 *out_id);
void store_key_of (StoreKind kind, gint64 member, gint64 id, char key[LK_KEY_MAX]);
LkKind store_topic_kind (StoreKind kind);
Shelf *store_shelf (const Store *store, StoreKind kind, guint space);
const LkConfigSpace *store_space (const Store *store, guint space);
/* What stands under KEY, or NULL. */
Known *store_stands (const Shelf *shelf, gint64 member, const char *key);
LkTime store_now (const Store *store);

/* Publishes it as deleted there, or has it read again where what stands is newer (publish.c). */
void store_delete_at (Store *store, StoreKind kind, const Place *place, gint64 id, gint64 revision);
/* Writes the winner of an overruled deletion again (publish.c). */
void store_delete_again (Shelf *shelf, const char *key, const Known *known);

G_END_DECLS
