/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as what stands beside a record's value: its key, its topic's name, its traceparent.
 */
#include <latchkey/model/headers.h>
#include <latchkey/model/keys.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
as_key (const char *key, gsize len)
{
  g_autoptr (GError) error = NULL;
  const char *rest = NULL;
  gint64 member = 0;
  int digits;

  if (!lk_key_parse (key, len, &member, &rest, &error))
    {
      g_assert (error != NULL && rest == NULL);
      return;
    }
  /* One spelling a member, and REST is inside KEY. */
  g_autofree char *again = g_strdup_printf ("%" G_GINT64_FORMAT "%n", member, &digits);
  g_assert (member > 0 && memcmp (again, key, (gsize) digits) == 0);
  g_assert (rest == NULL ? (gsize) digits == len : rest == key + digits + 1 && rest < key + len);
}

static void
as_topic (const char *topic)
{
  LkKind kind;
  const char *scope;

  if (!lk_topic_parse (topic, "latchkey", &kind, &scope))
    return;
  g_autofree char *again = lk_topic_name ("latchkey", kind, scope);
  g_assert (strcmp (again, topic) == 0);
}

static void
as_traceparent (const char *text, gsize len)
{
  char child[LK_TRACEPARENT], grandchild[LK_TRACEPARENT];

  lk_trace_child (child, text, len, "fuzz");
  if (child[0] == '\0')
    return;
  g_assert (strlen (child) == LK_TRACEPARENT - 1);
  lk_trace_child (grandchild, child, strlen (child), "fuzz");
  g_assert (memcmp (grandchild + 3, text + 3, 32) == 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  /* Not the copy: a key and a header have no end but their length. */
  as_key ((const char *) data, size);
  as_traceparent ((const char *) data, size);
  as_topic (text);
  return 0;
}
