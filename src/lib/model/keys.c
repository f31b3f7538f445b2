/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Topic names, record keys and partitions. The partitioner is librdkafka's own murmur2, so that a
 * key is where Kafka's Java producers would put it.
 */
#include <latchkey/model/keys.h>

#include <librdkafka/rdkafka.h>
#include <string.h>

#define ID_TEXT 24

#define PER_MEMBER 0 /* as many as the space says */

static const struct
{
  const char *name;
  gint32 partitions;
} kinds[LK_KIND_COUNT_] = {
  [LK_KIND_MEMBERS] = { "members", PER_MEMBER },
  [LK_KIND_PASSES] = { "passes", PER_MEMBER },
  [LK_KIND_BOOKINGS] = { "bookings", PER_MEMBER },
  [LK_KIND_RULES] = { "rules", 1 },
  [LK_KIND_COMMANDS] = { "commands", PER_MEMBER },
  [LK_KIND_LEDGER] = { "ledger", PER_MEMBER },
  [LK_KIND_CONTROL] = { "control", 1 },
  [LK_KIND_ACCESS_CHANGES] = { "access-changes", 3 },
  [LK_KIND_ACCESS_REPORTS] = { "access-reports", 3 },
  [LK_KIND_REJECTS] = { "rejects", 1 },
  [LK_KIND_NEXUDUS_ACCOUNT] = { "nexudus-account", 1 },
  [LK_KIND_KISI_ACCOUNT] = { "kisi-account", 1 },
};

const char *
lk_kind_name (LkKind kind)
{
  g_assert ((guint)kind < LK_KIND_COUNT_);
  return kinds[kind].name;
}

gint32
lk_kind_partitions (LkKind kind, gint32 of_space)
{
  g_assert ((guint)kind < LK_KIND_COUNT_);
  return kinds[kind].partitions == PER_MEMBER ? of_space : kinds[kind].partitions;
}

static gboolean
kind_parse (const char *name, gsize len, LkKind *out)
{
  for (guint i = 0; i < LK_KIND_COUNT_; i++)
    if (strlen (kinds[i].name) == len && memcmp (kinds[i].name, name, len) == 0)
      {
        *out = (LkKind)i;
        return TRUE;
      }
  return FALSE;
}

gboolean
lk_kind_parse (const char *name, LkKind *out)
{
  return kind_parse (name, strlen (name), out);
}

char *
lk_topic_name (const char *prefix, LkKind kind, const char *scope)
{
  return g_strconcat (prefix, ".", lk_kind_name (kind), ".", scope, NULL);
}

gboolean
lk_topic_parse (const char *topic, const char *prefix, LkKind *out_kind, const char **out_scope)
{
  gsize len = strlen (prefix);
  const char *dot;
  LkKind kind;

  if (strncmp (topic, prefix, len) != 0 || topic[len] != '.')
    return FALSE;
  topic += len + 1;
  dot = strchr (topic, '.');
  if (dot == NULL || dot[1] == '\0' || !kind_parse (topic, (gsize)(dot - topic), &kind))
    return FALSE;
  *out_kind = kind;
  *out_scope = dot + 1;
  return TRUE;
}

gint32
lk_partition_of_key (const char *key, gsize len, gint32 n)
{
  g_assert (n > 0);
  return rd_kafka_msg_partitioner_murmur2 (NULL, key, len, n, NULL, NULL);
}

gint32
lk_partition_of_member (gint64 member, gint32 n)
{
  char text[ID_TEXT];
  char *at = text + sizeof text;
  guint64 left = member < 0 ? -(guint64)member : (guint64)member;

  do
    {
      *--at = (char)('0' + left % 10);
      left /= 10;
    }
  while (left > 0);
  if (member < 0)
    *--at = '-';
  return lk_partition_of_key (at, (gsize)(text + sizeof text - at), n);
}

gboolean
lk_key_parse (const char *key, gsize len, gint64 *out_member, const char **out_rest, GError **error)
{
  gint64 member = 0;
  gsize at = 0;

  /* One spelling an id, without leading zeros: another one would be another key. */
  for (; at < len && g_ascii_isdigit (key[at]); at++)
    {
      int digit = key[at] - '0';

      if (member > (G_MAXINT64 - digit) / 10 || (at == 0 && digit == 0))
        return lk_fail (error, LK_ERROR_REJECT, "key: the member is not an id");
      member = member * 10 + digit;
    }
  if (at == 0 || (at < len && key[at] != '/'))
    return lk_fail (error, LK_ERROR_REJECT, "key: expected '<member>' or '<member>/<id>'");
  if (at < len && at + 1 == len)
    return lk_fail (error, LK_ERROR_REJECT, "key: nothing after '<member>/'");
  *out_member = member;
  *out_rest = at < len ? key + at + 1 : NULL;
  return TRUE;
}
