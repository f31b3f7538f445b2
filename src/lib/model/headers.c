/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * ce_id and traceparent. Both are computed from what a record is and from what caused it: a replay
 * gives the same ids, so whoever sees a record twice can tell (style: identity comes from cause
 * and content).
 */
#include <latchkey/model/headers.h>

#include "hash.h"

#include <string.h>

#define TRACE_AT    3  /* "00-" */
#define PARENT_AT   36 /* "00-<32>-" */
#define FLAGS_AT    53 /* "00-<32>-<16>-" */
#define SECOND_SEED G_GUINT64_CONSTANT (0x84222325cbf29ce4)

static void
put_hex (char *out, guint64 value)
{
  static const char hex[] = "0123456789abcdef";

  for (int i = 15; i >= 0; i--)
    {
      out[i] = hex[value & 15];
      value >>= 4;
    }
}

/* An id of zeros means "none" to W3C. */
static guint64
non_zero (guint64 id)
{
  return id != 0 ? id : 1;
}

void
lk_headers_id (
    LkHeaders *headers, const char *type, const char *key, gint64 a, gint64 b, guint64 digest)
{
  guint64 high = lk_hash_bytes (LK_HASH_SEED, key, strlen (key));
  guint64 low = lk_hash_bytes (SECOND_SEED, type, strlen (type));

  high = lk_hash_int (lk_hash_int (lk_hash_int (high ^ low, a), b), (gint64)digest);
  low = lk_hash_int (lk_hash_int (lk_hash_int (low, (gint64)digest), b), a) ^ lk_hash_mix (high);
  put_hex (headers->id, high);
  put_hex (headers->id + 16, low);
  headers->id[32] = '\0';
}

static void
put_trace (char out[LK_TRACEPARENT], guint64 parent)
{
  memcpy (out, "00-", TRACE_AT);
  out[PARENT_AT - 1] = '-';
  put_hex (out + PARENT_AT, non_zero (parent));
  memcpy (out + FLAGS_AT - 1, "-01", 4);
}

void
lk_trace_start (char out[LK_TRACEPARENT], const char *key, gint64 revision)
{
  gsize len = strlen (key);
  guint64 high = lk_hash_int (lk_hash_bytes (LK_HASH_SEED, key, len), revision);
  guint64 low = lk_hash_int (lk_hash_bytes (SECOND_SEED, key, len), revision);

  put_hex (out + TRACE_AT, high);
  put_hex (out + TRACE_AT + 16, non_zero (low));
  put_trace (out, lk_hash_mix (high ^ low));
}

static gboolean
is_hex (const char *text, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isdigit (text[i]) && (text[i] < 'a' || text[i] > 'f'))
      return FALSE;
  return TRUE;
}

static gboolean
is_zeros (const char *text, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (text[i] != '0')
      return FALSE;
  return TRUE;
}

/* W3C Trace Context level 1, 3.2: version ff is invalid; a later version may only add to the end;
 * ids of zeros are invalid. */
static gboolean
is_traceparent (const char *text, gsize len)
{
  const gsize whole = LK_TRACEPARENT - 1;

  if (len < whole || !is_hex (text, 2) || memcmp (text, "ff", 2) == 0)
    return FALSE;
  if (len > whole && (memcmp (text, "00", 2) == 0 || text[whole] != '-'))
    return FALSE;
  return text[2] == '-' && is_hex (text + TRACE_AT, 32) && !is_zeros (text + TRACE_AT, 32)
         && text[PARENT_AT - 1] == '-' && is_hex (text + PARENT_AT, 16)
         && !is_zeros (text + PARENT_AT, 16) && text[FLAGS_AT - 1] == '-'
         && is_hex (text + FLAGS_AT, 2);
}

void
lk_trace_child (char out[LK_TRACEPARENT], const char *parent, gsize len, const char *step)
{
  char trace[32];
  guint64 id;

  if (!is_traceparent (parent, len))
    {
      out[0] = '\0';
      return;
    }
  memcpy (trace, parent + TRACE_AT, sizeof trace); /* OUT may be PARENT */
  id = lk_hash_bytes (LK_HASH_SEED, parent + PARENT_AT, 16);
  id = lk_hash_bytes (id, step, strlen (step));
  memcpy (out + TRACE_AT, trace, sizeof trace);
  put_trace (out, id);
}
