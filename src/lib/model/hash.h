/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The 64-bit hash of digests, ce_id and traces: a multiply and an xor a byte, as FNV-1a does, with
 * a finishing step that lets every input bit reach every output bit. It tells contents apart that
 * differ by chance; it is no protection against somebody who looks for collisions, and nothing
 * rests on that: at worst a change stays unseen until the next revision.
 */
#pragma once

#include <glib.h>

#define LK_HASH_SEED G_GUINT64_CONSTANT (0xcbf29ce484222325)

static inline guint64
lk_hash_mix (guint64 h)
{
  h ^= h >> 31;
  h *= G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  h ^= h >> 29;
  h *= G_GUINT64_CONSTANT (0xd6e8feb86659fd93);
  h ^= h >> 32;
  return h;
}

static inline guint64
lk_hash_int (guint64 h, gint64 value)
{
  return lk_hash_mix (h ^ (guint64)value) + LK_HASH_SEED;
}

/* The length goes in too, so that "ab","c" is not "a","bc". */
static inline guint64
lk_hash_bytes (guint64 h, const char *data, gsize len)
{
  for (gsize i = 0; i < len; i++)
    h = (h ^ (guchar)data[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  return lk_hash_int (h, (gint64)len);
}
