/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Names of topics and record keys, and the partition of a member (design §3). Keys are ids, never
 * addresses. Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>

G_BEGIN_DECLS

typedef enum
{
  LK_KIND_MEMBERS,
  LK_KIND_PASSES,
  LK_KIND_BOOKINGS,
  LK_KIND_RULES,
  LK_KIND_COMMANDS,
  LK_KIND_LEDGER,
  LK_KIND_CONTROL,
  LK_KIND_ACCESS_CHANGES,
  LK_KIND_ACCESS_REPORTS,
  LK_KIND_REJECTS,
  LK_KIND_NEXUDUS_ACCOUNT, /* per account, not per space */
  LK_KIND_KISI_ACCOUNT,
  LK_KIND_COUNT_
} LkKind;

const char *lk_kind_name (LkKind kind); /* "access-changes" */
gboolean lk_kind_parse (const char *name, LkKind *out);

/* How many partitions a topic of KIND has: the five per-member kinds as many as their space says
 * (OF_SPACE), each other kind a number of its own (design §3; topics/ has the same numbers). */
gint32 lk_kind_partitions (LkKind kind, gint32 of_space);

/* "<prefix>.<kind>.<space or account>"; free with g_free. */
char *lk_topic_name (const char *prefix, LkKind kind, const char *scope);
/* The other way; OUT_SCOPE is borrowed from TOPIC. FALSE when it is not one of ours. */
gboolean lk_topic_parse (const char *topic, const char *prefix, LkKind *out_kind,
                         const char **out_scope);

/* Which partition of N the member's records of any of the five per-member topics are in:
 * murmur2 of the decimal member id, as Kafka's Java producers do. */
gint32 lk_partition_of_member (gint64 member, gint32 n);
/* murmur2 over any key, for the other topics. */
gint32 lk_partition_of_key (const char *key, gsize len, gint32 n);

#define LK_KEY_MAX 256

/* Sources of claims: "pass/17", "booking/555". */
typedef enum
{
  LK_SOURCE_MEMBER,
  LK_SOURCE_PASS,
  LK_SOURCE_BOOKING,
} LkSourceKind;

/* "<member>/<rest>" taken apart; "<member>" alone gives *OUT_REST = NULL. OUT_REST is borrowed.
 * LK_ERROR_REJECT when it is neither. */
gboolean lk_key_parse (const char *key, gsize len, gint64 *out_member, const char **out_rest,
                       GError **error);

G_END_DECLS
