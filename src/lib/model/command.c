/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Commands as JSON. Both kinds are in one topic and have no field for the kind: the body of
 * claims.set has a `source`, that of member.set has none.
 */
#include <latchkey/model/command.h>
#include <latchkey/model/json.h>

#include "hash.h"
#include "shape.h"

#include <string.h>

#define CLAIMS_MAX 512

static const char *const why_names[LK_WHY_COUNT_] = {
  [LK_WHY_ENTITLED] = "entitled",
  [LK_WHY_SUSPENDED] = "suspended",
  [LK_WHY_ARCHIVED] = "archived",
  [LK_WHY_UNUSED] = "unused",
  [LK_WHY_USED_TODAY] = "used_today",
  [LK_WHY_USED_UP] = "used_up",
  [LK_WHY_CONTRACT_INACTIVE] = "contract_inactive",
  [LK_WHY_CONTRACT_ENDED] = "contract_ended",
  [LK_WHY_EXPIRED] = "expired",
  [LK_WHY_BOOKED] = "booked",
  [LK_WHY_TENTATIVE] = "tentative",
  [LK_WHY_CANCELLED] = "cancelled",
  [LK_WHY_DELETED] = "deleted",
  [LK_WHY_NOT_MAPPED] = "not_mapped",
  [LK_WHY_OTHER] = "other",
};

const char *
lk_why_name (LkWhy why)
{
  g_assert ((guint)why < LK_WHY_COUNT_);
  return why_names[why];
}

LkWhy
lk_why_parse (const char *name)
{
  for (guint i = 0; i < LK_WHY_COUNT_; i++)
    if (g_str_equal (why_names[i], name))
      return (LkWhy)i;
  return LK_WHY_OTHER;
}

static int
why_of (const char *text)
{
  return (int)lk_why_parse (text);
}

static const LkField member_set_fields[] = {
  LK_FIELD (ID, LkCommand, member),      LK_FIELD (TEXT, LkCommand, space),
  LK_FIELD (PAIR, LkCommand, version),   LK_FIELD (TEXT_NULL, LkCommand, email),
  LK_FIELD (TEXT_NULL, LkCommand, name), LK_FIELD (BOOL, LkCommand, entitled),
};

const LkShape lk_member_set_shape
    = { member_set_fields, G_N_ELEMENTS (member_set_fields), sizeof (LkCommand), -1, NULL };

/* A claim that ends before it begins was meant to say something else: better no claim than a
 * guess. */
static gboolean
check_claim (const void *base, const LkPath *path, GError **error)
{
  const LkClaim *claim = base;

  if (lk_window_is_empty (claim->window))
    return lk_path_fail (path, error, "valid_until is not after valid_from");
  return TRUE;
}

static const LkField claim_fields[] = {
  LK_FIELD (ID, LkClaim, group_id),
  LK_FIELD_AS ("valid_from", TIME_NULL, LkClaim, window.from),
  LK_FIELD_AS ("valid_until", TIME_NULL, LkClaim, window.until),
};

static const LkShape claim_shape
    = { claim_fields, G_N_ELEMENTS (claim_fields), sizeof (LkClaim), -1, check_claim };

static const LkField cause_fields[]
    = { { .name = "why", .name_len = 3, .type = LK_F_WORD, .word = why_of } };

static const LkShape cause_shape = { cause_fields, 1, sizeof (LkWhy), -1, NULL };

static const LkField claims_set_fields[] = {
  LK_FIELD (ID, LkCommand, member),
  LK_FIELD (TEXT, LkCommand, space),
  LK_FIELD (PAIR, LkCommand, version),
  LK_FIELD_AS ("source", SOURCE, LkCommand, kind, .count_at = offsetof (LkCommand, source_id)),
  LK_FIELD (LIST,
            LkCommand,
            claims,
            .count_at = offsetof (LkCommand, n_claims),
            .max = CLAIMS_MAX,
            .shape = &claim_shape),
  LK_FIELD_AS ("cause", OBJECT, LkCommand, why, .shape = &cause_shape),
};

const LkShape lk_claims_set_shape
    = { claims_set_fields, G_N_ELEMENTS (claims_set_fields), sizeof (LkCommand), -1, NULL };

/* The fast reader, with the shape that the text looks like. It takes no field that the shape does
 * not have, so a wrong guess is not taken for the other kind. */
static gboolean
scan_command (LkCommand *out, const char *json, gsize len)
{
  static const char source[] = "\"source\"";
  gboolean claims = memmem (json, len, source, sizeof source - 1) != NULL;

  return lk_shape_scan (claims ? &lk_claims_set_shape : &lk_member_set_shape, out, json, len);
}

static gboolean
read_command (LkCommand *out, const char *json, gsize len, GError **error)
{
  g_autoptr (json_t) root = lk_json_parse (json, len, LK_RECORD_MAX, error);
  const LkShape *shape = &lk_member_set_shape;

  if (root == NULL)
    return FALSE;
  if (json_object_get (root, "source") != NULL)
    shape = &lk_claims_set_shape;
  return lk_shape_read (shape, out, root, NULL, error);
}

gboolean
lk_command_parse (LkCommand *out, const char *json, gsize len, GError **error)
{
  LkCommand command;

  if (!(len <= LK_RECORD_MAX && scan_command (&command, json, len))
      && !read_command (&command, json, len, error))
    return FALSE;
  if (command.kind == LK_SOURCE_MEMBER)
    command.why = command.entitled ? LK_WHY_ENTITLED : LK_WHY_OTHER; /* it carries no cause */
  *out = command;
  return TRUE;
}

static void
write_claims (LkJsonWriter *writer, const LkCommand *command)
{
  lk_json_begin_array (writer, "claims");
  for (guint i = 0; i < command->n_claims; i++)
    {
      const LkClaim *claim = &command->claims[i];

      lk_json_begin_object (writer, NULL);
      lk_json_int (writer, "group_id", claim->group_id);
      lk_json_time (writer, "valid_from", claim->window.from);
      lk_json_time (writer, "valid_until", claim->window.until);
      lk_json_end_object (writer);
    }
  lk_json_end_array (writer);
}

void
lk_command_write (const LkCommand *command, GString *out)
{
  LkJsonWriter writer = { out, FALSE };
  char source[64];

  lk_json_begin_object (&writer, NULL);
  lk_json_int (&writer, "member", command->member);
  lk_json_string (&writer, "space", command->space);
  lk_json_begin_array (&writer, "version");
  lk_json_int (&writer, NULL, command->version.revision);
  lk_json_int (&writer, NULL, command->version.rules);
  lk_json_end_array (&writer);
  if (command->kind == LK_SOURCE_MEMBER)
    {
      lk_json_string (&writer, "email", command->email);
      lk_json_string (&writer, "name", command->name);
      lk_json_bool (&writer, "entitled", command->entitled);
    }
  else
    {
      lk_json_string (&writer, "source",
                      lk_source_name (command->kind, command->source_id, source));
      write_claims (&writer, command);
      lk_json_begin_object (&writer, "cause");
      lk_json_string (&writer, "why", lk_why_name (command->why));
      lk_json_end_object (&writer);
    }
  lk_json_end_object (&writer);
}

void
lk_command_clear (LkCommand *command)
{
  g_free (command->space);
  g_free (command->email);
  g_free (command->name);
  g_free (command->claims);
  *command = (LkCommand){ 0 };
}

/* VALUE in decimal, without a NUL; returns where it ends. */
static char *
put_id (char *out, gint64 value)
{
  char text[24];
  char *at = text + sizeof text;
  guint64 left = (guint64)value;

  do
    {
      *--at = (char)('0' + left % 10);
      left /= 10;
    }
  while (left > 0);
  memcpy (out, at, (gsize)(text + sizeof text - at));
  return out + (text + sizeof text - at);
}

const char *
lk_source_name (LkSourceKind kind, gint64 id, char buf[64])
{
  if (kind == LK_SOURCE_MEMBER)
    memcpy (buf, "member", sizeof "member");
  else
    {
      char *at = g_stpcpy (buf, kind == LK_SOURCE_PASS ? "pass/" : "booking/");
      *put_id (at, id) = '\0';
    }
  return buf;
}

gsize
lk_command_key (const LkCommand *command, char *buf)
{
  char *at = put_id (buf, command->member);
  char source[64];

  *at = '\0';
  if (command->kind != LK_SOURCE_MEMBER)
    {
      *at++ = '/';
      at = g_stpcpy (at, lk_source_name (command->kind, command->source_id, source));
    }
  return (gsize)(at - buf);
}

const char *
lk_command_type (const LkCommand *command)
{
  return command->kind == LK_SOURCE_MEMBER ? "member.set" : "claims.set";
}

static guint64
hash_text (guint64 h, const char *text)
{
  return text != NULL ? lk_hash_bytes (h, text, strlen (text)) : lk_hash_int (h, -1);
}

/* Claims are summed up, so their order does not count: it says nothing. */
guint64
lk_command_digest (const LkCommand *command)
{
  guint64 h = lk_hash_int (LK_HASH_SEED, command->kind);
  guint64 sum = 0;

  h = lk_hash_int (lk_hash_int (h, command->member), command->source_id);
  h = hash_text (h, command->space);
  if (command->kind == LK_SOURCE_MEMBER)
    return lk_hash_int (hash_text (hash_text (h, command->email), command->name),
                        command->entitled);
  for (guint i = 0; i < command->n_claims; i++)
    {
      const LkClaim *claim = &command->claims[i];
      guint64 one = lk_hash_int (LK_HASH_SEED, claim->group_id);

      sum += lk_hash_int (lk_hash_int (one, claim->window.from), claim->window.until);
    }
  return lk_hash_int (lk_hash_int (h, (gint64)sum), command->n_claims);
}
