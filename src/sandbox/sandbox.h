/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What the parts of the sandbox share: the whole of its state, one call on its way, and the tables
 * of switches and limits. Rows are jansson objects without types of their own, since the two
 * services' fields are data here. One thread.
 */
#pragma once

#include <jansson.h>
#include <latchkey/base/clock.h>
#include <latchkey/base/error.h>
#include <latchkey/http/server.h>

#include "store.h"
#include "window.h"

G_BEGIN_DECLS

typedef enum
{
  SERVICE_NEXUDUS,
  SERVICE_KISI,
  SERVICES_
} Service;

/* --- switches and limits (switches.c) --------------------------------------------------------- */

typedef enum
{
#define SWITCH(id, name, values, help) SW_##id,
#include "switches.def"
#undef SWITCH
  SWITCHES_
} SwitchId;

typedef enum
{
#define LIMIT(id, name, value, help) LIM_##id,
#include "limits.def"
#undef LIMIT
  LIMITS_
} LimitId;

typedef struct
{
  const char *name, *values, *help; /* values: separated by '|', the default first */
} SwitchInfo;

typedef struct
{
  const char *name;
  gint64 value;
  const char *help;
} LimitInfo;

extern const SwitchInfo switch_infos[SWITCHES_];
extern const LimitInfo limit_infos[LIMITS_];

typedef struct _Faults Faults;
typedef struct _Calls Calls;
typedef struct _Nexudus Nexudus;
typedef struct _Kisi Kisi;

typedef struct
{
  LkTimers *timers;
  gint64 clock_offset; /* ms that the services' time is ahead of the machine's */
  gint64 skipped;      /* ms that it was moved forward, in all */
  char *switches[SWITCHES_];
  gint64 limits[LIMITS_];
  guint64 drawn;       /* counts what was drawn: ids, fractions */
  GRand *dice;         /* for faults; seeded, so that runs repeat */
  GHashTable *waiting; /* calls that are held or delayed: Call → LkTimer */
  Faults *faults;
  Calls *calls;
  Nexudus *nexudus;
  Kisi *kisi;
} Sandbox;

Sandbox *sandbox_new (LkTimers *timers);
void sandbox_free (Sandbox *sandbox);
void sandbox_reset (Sandbox *sandbox);
LkTime sandbox_now (const Sandbox *sandbox);
/* For rates: never goes back, and moves forward with the services' time. */
gint64 sandbox_steady (const Sandbox *sandbox);
void sandbox_set_offset (Sandbox *sandbox, gint64 offset_ms);
void sandbox_tick (Sandbox *sandbox); /* what happens by time alone */

void switches_reset (Sandbox *sandbox);
gboolean switch_is (const Sandbox *sandbox, SwitchId id, const char *value);
/* The number in a value such as "in_progress_3", or 0. */
gint64 switch_number (const Sandbox *sandbox, SwitchId id);
json_t *switches_get (const Sandbox *sandbox);
gboolean switches_put (Sandbox *sandbox, const json_t *values, GError **error);
void limits_reset (Sandbox *sandbox);
json_t *limits_get (const Sandbox *sandbox);
gboolean limits_put (Sandbox *sandbox, const json_t *values, GError **error);
void switches_print_help (GString *out);

/* --- faults (faults.c) ------------------------------------------------------------------------ */

typedef enum
{
  EFFECT_NONE,
  EFFECT_STATUS,
  EFFECT_UNSUCCESSFUL, /* as EFFECT_STATUS, with Nexudus's envelope of a failure */
  EFFECT_CUT_BEFORE,
  EFFECT_CUT_AFTER,
  EFFECT_SHORT,
  EFFECT_MALFORMED,
  EFFECT_HTML,
  EFFECT_REPEAT_PAGE,
  EFFECT_MOVING_TOTAL,
  EFFECT_SHIFT,
  EFFECT_SHIFT_BACK,
  EFFECT_SHRINKING_TOTAL,
  EFFECT_EMPTY_PAGE,
  EFFECT_FEWER_ROWS,
  EFFECT_ENDLESS,
} Effect;

typedef struct
{
  Effect effect;
  gint64 hold_ms, delay_ms;
  gboolean after; /* EFFECT_STATUS: the call has its effect */
  guint status;
  guint hits;      /* of this fault, this one included */
  json_t *body;    /* owned; may be NULL */
  json_t *headers; /* owned; may be NULL */
} Fault;

Faults *faults_new (void);
void faults_free (Faults *faults);
void faults_print_help (GString *out);
json_t *faults_get (const Faults *faults);
gboolean faults_put (Faults *faults, const json_t *list, GError **error);

/* --- one call (call.c) ------------------------------------------------------------------------ */

typedef struct
{
  Sandbox *sandbox;
  LkServerRequest *request;
  Service service;
  const char *method, *path;
  json_t *body;    /* parsed; NULL when there is none or it is no JSON */
  gboolean is_bad; /* a body that is no JSON */
  Fault fault;
  guint status; /* 0: not answered yet */
  GString *out;
  GPtrArray *headers; /* name, value */
  gpointer login;     /* whoever calls: NexudusUser or KisiLogin */
} Call;

/* Answers the request, with its faults. */
void call_handle (Sandbox *sandbox, Service service, LkServerRequest *request);
/* Forgets what is held or delayed; CUT their connections, unless the server is gone already. */
void call_drop_waiting (Sandbox *sandbox, gboolean cut);

void call_reply (Call *call, guint status, json_t *body);          /* takes BODY; NULL: none */
void call_reply_text (Call *call, guint status, const char *json); /* as it is */
void call_header (Call *call, const char *name, const char *value);
gint64 call_query_int (const Call *call, const char *name, gint64 otherwise);
gboolean call_is (const Call *call, const char *method);
gboolean call_writes (const Call *call);

/* faults.c: what is to go wrong with CALL; its fault is filled in. */
void faults_choose (Faults *faults, Call *call);

/* --- counts (calls.c) ------------------------------------------------------------------------- */

Calls *calls_new (void);
void calls_free (Calls *calls);
void calls_count (Calls *calls, const Call *call, guint status);
json_t *calls_get (const Calls *calls, const char *service, const char *method, const char *path);
json_t *calls_log (const Calls *calls);

/* --- the services ----------------------------------------------------------------------------- */

void nexudus_answer (Call *call);
void kisi_answer (Call *call);
/* The side door (side.c); PATH without its prefix. */
void side_answer (Sandbox *sandbox, LkServerRequest *request, const char *path);

/* --- JSON and time (util.c) ------------------------------------------------------------------- */

const char *json_text (const json_t *object, const char *key); /* NULL unless a string */
gint64 json_int (const json_t *object, const char *key, gint64 otherwise);
gboolean json_flag (const json_t *object, const char *key, gboolean otherwise);
void json_free (gpointer value); /* a reference of it, as a GDestroyNotify */
void json_set (json_t *object, const char *key, json_t *value); /* takes VALUE */
json_t *json_int_or_null (gint64 value);                        /* 0 is null */
gboolean json_list_has (const json_t *list, gint64 number);
gboolean json_is_blank (const json_t *value); /* absent, null or "" */
/* LK_TIME_NONE when absent, null or no time. */
LkTime json_time (const json_t *object, const char *key);
json_t *json_time_text (LkTime time); /* null for LK_TIME_NONE */
char *uuid_text (void);
guint64 scramble (guint64 value); /* a well spread number from a small one */

G_END_DECLS
