/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Every message by name, with "parse, then write again" as one call: for the unit tests, the
 * fuzzers and the round-trip tool that the tests of topics/ use.
 */
#pragma once

#include <glib.h>

typedef struct LkShape LkShape;

typedef struct
{
  const char *name; /* also its folder in tests/corpus and its fuzz target */
  /* Parses JSON and appends what our writer makes of it. */
  gboolean (*rewrite) (const char *json, gsize len, GString *out, GError **error);
  /* Appends what our writer makes of a struct that one of the two readers filled. */
  void (*write) (const void *message, GString *out);
  const LkShape *shape;       /* NULL: it has no fast reader */
  const LkShape *other_shape; /* of the other body in the same topic, or NULL */
} Message;

extern const Message messages[];
extern const guint n_messages;

const Message *message_find (const char *name);
