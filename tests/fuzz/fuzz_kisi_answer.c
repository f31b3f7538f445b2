/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Any bytes as KISI's answer, in the form of the corpus: what was asked for on the first line, what
 * is expected on the second (skipped here), then the body.
 */
#include <latchkey/kisi/kisi.h>

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const char *const shapes[] = { "none",  "user",   "users",       "assignment", "assignments",
                                      "group", "groups", "group_locks", "schedules",  "events" };

static void
check_rows (const LkKisiAnswer *answer)
{
  for (guint i = 0; answer->users != NULL && i < answer->users->len; i++)
    g_assert_cmpint (((LkKisiUser *) answer->users->pdata[i])->id, >, 0);
  for (guint i = 0; answer->assignments != NULL && i < answer->assignments->len; i++)
    g_assert_cmpint (((LkKisiAssignment *) answer->assignments->pdata[i])->id, >, 0);
  for (guint i = 0; answer->groups != NULL && i < answer->groups->len; i++)
    g_assert_nonnull (((LkKisiGroup *) answer->groups->pdata[i])->name);
  for (guint i = 0; answer->group_locks != NULL && i < answer->group_locks->len; i++)
    g_assert_cmpint (((LkKisiGroupLock *) answer->group_locks->pdata[i])->lock_id, >, 0);
  for (guint i = 0; answer->schedules != NULL && i < answer->schedules->len; i++)
    g_assert_cmpint (((LkKisiSchedule *) answer->schedules->pdata[i])->until, <=, 24 * 60);
  for (guint i = 0; answer->events != NULL && i < answer->events->len; i++)
    g_assert_cmpint (((LkKisiEvent *) answer->events->pdata[i])->created_at, !=, LK_TIME_NONE);
}

static void
judge (LkKisiShape shape, gboolean writes, int status, const char *body, gsize len)
{
  g_autoptr (LkKisiAnswer) answer = lk_kisi_judge (shape, writes, status, body, len);

  g_assert_nonnull (answer->message);
  g_assert_null (strchr (answer->message, '@'));
  g_assert_true (g_utf8_validate (answer->message, -1, NULL));
  /* What may have had an effect is never taken for what had none, nor the other way round. */
  if (writes)
    g_assert_true (answer->verdict != LK_KISI_MALFORMED && answer->verdict != LK_KISI_UNAVAILABLE);
  else
    g_assert_true (answer->verdict != LK_KISI_UNKNOWN);
  if (answer->verdict == LK_KISI_OK)
    g_assert_true (status >= 200 && status <= 299);
  check_rows (answer);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = (const char *) data;
  const char *second = memchr (data, '\n', size);
  const char *body
      = second == NULL ? NULL : memchr (second + 1, '\n', size - (gsize) (second + 1 - text));
  char first[64] = { 0 }, shape[24] = { 0 }, kind[8] = { 0 };
  int status = 200;
  guint i;

  if (body == NULL || (gsize) (second - text) >= sizeof first)
    return 0;
  body++;
  memcpy (first, text, (gsize) (second - text));
  if (sscanf (first, "%23s %7s %9d", shape, kind, &status) != 3)
    return 0;
  for (i = 0; i < G_N_ELEMENTS (shapes) && !g_str_equal (shapes[i], shape); i++)
    ;
  judge ((LkKisiShape) (i % G_N_ELEMENTS (shapes)), g_str_equal (kind, "write"), status, body,
         size - (gsize) (body - text));
  return 0;
}
