/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The configuration that all programs read (design §10), loaded whole or not at all. Everything is
 * owned by the LkConfig. Durations are ms, LK_DURATION_* never appear unset: defaults are applied.
 * Read-only after loading; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/base/log.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

typedef struct
{
  char *key, *value;
} LkConfigProperty;

typedef struct
{
  char *brokers;
  char *topic_prefix;
  LkConfigProperty *properties; /* passed to librdkafka as they are */
  guint n_properties;
} LkConfigKafka;

typedef struct
{
  char *account;
  char *url; /* without a trailing slash */
  char *user;
  char *password_file;
  gboolean basic; /* auth: basic instead of a token */
  gint64 poll_interval, listing_interval; /* ms */
  guint requests_per_minute, requests_per_hour;
} LkConfigNexudus;

typedef struct
{
  char *account;
  char *url;
  char *key_file;
  guint requests_per_second;
  gint64 events_interval, audit_interval, resolve_after; /* ms */
  gboolean invite; /* TRUE: email, FALSE: none */
  gboolean exclusive;
} LkConfigKisi;

typedef enum
{
  LK_MAPPING_PASS,
  LK_MAPPING_RESOURCE,
} LkMappingKind;

typedef struct
{
  LkMappingKind kind;
  char *what;      /* exact name, or id:123 */
  char **groups;   /* NULL-terminated; names or id:123 */
  gint64 lead;     /* ms; -1: the space's */
  guint line;      /* in the file, for messages */
} LkConfigMapping;

typedef struct
{
  char *code, *name;
  LkZone *zone;
  int day_cutoff; /* minutes after midnight */
  LkConfigNexudus *nexudus; /* borrowed from the same LkConfig */
  LkConfigKisi *kisi;
  gint64 business; /* Nexudus location id */
  gint64 place;    /* KISI place id */
  char *group_prefix;
  int partitions;
  gboolean observe; /* mode: observe */
  gint64 horizon, lead, grace; /* ms */
  gboolean tentative;
  gboolean expire_instant; /* passes.expire_date: instant */
  guint brake_count, brake_share; /* share in percent */
  LkConfigMapping *mappings;
  guint n_mappings;
} LkConfigSpace;

typedef struct
{
  char *path; /* of the file */
  LkConfigKafka kafka;
  LkConfigNexudus *nexudus;
  guint n_nexudus;
  LkConfigKisi *kisi;
  guint n_kisi;
  LkConfigSpace *spaces;
  guint n_spaces;
  LkLogLevel log_level;
  gboolean dev;
} LkConfig;

typedef struct
{
  guint line, column; /* from 1; 0 unknown */
  char *path;         /* spaces[2].time_zone */
  char *message;      /* says what, and what to do */
} LkConfigProblem;

/* Which secrets the calling program opens; only those are checked (design §10). */
typedef enum
{
  LK_SECRET_NEXUDUS = 1 << 0,
  LK_SECRET_KISI = 1 << 1,
} LkSecretUse;

/* Reads the file. NULL with *OUT_PROBLEMS (LkConfigProblem*, in the order of lines, never empty,
 * free with g_ptr_array_unref) when anything is wrong. A missing secret file is not a problem (the
 * program stays unready); a world-readable one is. */
LkConfig *lk_config_load (const char *path, LkSecretUse secrets, GPtrArray **out_problems);
/* The same from memory, NAME standing for the path in messages (tests, fuzzing). */
LkConfig *lk_config_parse (const char *text, gsize len, const char *name, GPtrArray **out_problems);
void lk_config_free (LkConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkConfig, lk_config_free)

/* "file:12: spaces[2].time_zone: unknown zone ..." one line a problem. */
void lk_config_print_problems (const char *path, const GPtrArray *problems, GString *out);

LkConfigSpace *lk_config_space (const LkConfig *config, const char *code); /* or NULL */
LkConfigNexudus *lk_config_nexudus (const LkConfig *config, const char *account);
LkConfigKisi *lk_config_kisi (const LkConfig *config, const char *account);

/* A secret's text, without the newline at its end; LK_ERROR_CONFIG when it is world-readable,
 * LK_ERROR_RETRY when it is missing or empty (the message names the file). Free with
 * lk_secret_free, which wipes it. */
char *lk_secret_read (const char *path, GError **error);
void lk_secret_free (char *secret);

/* The settings table, for README, chart and --help checks: one row a setting. */
typedef struct
{
  const char *path;    /* kafka.brokers, spaces[].time_zone, spaces[].mappings[].pass */
  const char *type;    /* string, integer, duration, boolean, path, zone, time of day, one of a|b */
  const char *default_value; /* as written in YAML; NULL: required */
  const char *range;   /* "1s…" or NULL */
  const char *help;
} LkSetting;

const LkSetting *lk_settings (guint *out_n);

/* Appends NAME (of a pass type, resource or group) as the YAML word by which a mapping names it:
 * "id:ID" where the file can't have such a name, as one with a line break. */
void lk_config_write_name (GString *out, const char *name, gint64 id);

/* The whole configuration as it applies, with defaults, secrets' contents never shown, properties
 * whose name ends in password, secret or key (and the like) masked; YAML. Free with g_free. */
char *lk_config_show (const LkConfig *config);

/* "90s", "15m", "14d" → ms; FALSE when it is not one number and ms, s, m, h or d. */
gboolean lk_duration_parse (const char *text, gint64 *out_ms);
/* MS (≥ 0) in the largest unit that leaves no rest: "90s", "6h". Free with g_free. */
char *lk_duration_format (gint64 ms);

/* What SIGHUP may change without a restart is taken from FRESH into CONFIG: log level, rates,
 * intervals, mode. Returns the paths that differ otherwise (strv, free with g_strfreev; may be
 * empty) for the log. */
char **lk_config_reload (LkConfig *config, const LkConfig *fresh);

G_END_DECLS
