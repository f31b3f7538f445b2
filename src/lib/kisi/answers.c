/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One HTTP answer → a verdict (design §6.7). The status decides first, then what the body says;
 * a body that isn't KISI's (a proxy's page with status 200 or 404) proves nothing, and for a
 * writing call that means: it may have had its effect.
 */
#include "internal.h"

#include <string.h>

/* A read of KISI may fill LK_HTTP_BODY_MAX; an error body has no reason to. */
#define ERROR_BODY_MAX (64 * 1024)

static const char *const verdict_names[] = {
  [LK_KISI_OK] = "ok",
  [LK_KISI_GONE] = "gone",
  [LK_KISI_DUPLICATE] = "duplicate",
  [LK_KISI_INVALID] = "invalid",
  [LK_KISI_THROTTLED] = "throttled",
  [LK_KISI_UNAUTHORIZED] = "unauthorized",
  [LK_KISI_FORBIDDEN] = "forbidden",
  [LK_KISI_UNAVAILABLE] = "unavailable",
  [LK_KISI_UNKNOWN] = "unknown",
  [LK_KISI_MALFORMED] = "malformed",
};

const char *
lk_kisi_verdict_name (LkKisiVerdict verdict)
{
  g_assert ((guint) verdict < G_N_ELEMENTS (verdict_names));
  return verdict_names[verdict];
}

/* --- memory ----------------------------------------------------------------------------------- */

void
lk_kisi_user_free (LkKisiUser *user)
{
  if (user == NULL)
    return;
  g_free (user->email);
  g_free (user->name);
  g_free (user);
}

void
lk_kisi_assignment_free (LkKisiAssignment *assignment)
{
  if (assignment == NULL)
    return;
  g_free (assignment->email);
  g_free (assignment->role_id);
  g_free (assignment);
}

void
lk_kisi_group_free (LkKisiGroup *group)
{
  if (group == NULL)
    return;
  g_free (group->name);
  g_free (group);
}

void
lk_kisi_group_lock_free (LkKisiGroupLock *group_lock)
{
  if (group_lock == NULL)
    return;
  g_free (group_lock->lock_name);
  g_free (group_lock);
}

void
lk_kisi_schedule_free (LkKisiSchedule *schedule)
{
  g_free (schedule);
}

void
lk_kisi_event_free (LkKisiEvent *event)
{
  if (event == NULL)
    return;
  g_free (event->uuid);
  g_free (event->type);
  g_free (event->action);
  g_free (event->object_type);
  g_free (event->object_name);
  g_free (event->actor_type);
  g_free (event->authenticated_by_type);
  g_free (event->authorized_by_type);
  g_free (event->code);
  g_free (event);
}

void
kisi_set_clear (KisiSet *set)
{
  g_free (set->id);
  g_free (set->cursor);
  *set = (KisiSet){ 0 };
}

GPtrArray **
kisi_answer_rows (LkKisiAnswer *answer, LkKisiShape shape)
{
  switch (shape)
    {
    case LK_KISI_SHAPE_USER:
    case LK_KISI_SHAPE_USERS:
      return &answer->users;
    case LK_KISI_SHAPE_ASSIGNMENT:
    case LK_KISI_SHAPE_ASSIGNMENTS:
      return &answer->assignments;
    case LK_KISI_SHAPE_GROUP:
    case LK_KISI_SHAPE_GROUPS:
      return &answer->groups;
    case LK_KISI_SHAPE_GROUP_LOCKS:
      return &answer->group_locks;
    case LK_KISI_SHAPE_SCHEDULES:
      return &answer->schedules;
    case LK_KISI_SHAPE_EVENTS:
      return &answer->events;
    case LK_KISI_SHAPE_NONE:
    default:
      return NULL;
    }
}

static GDestroyNotify
row_free_of (LkKisiShape shape)
{
  switch (shape)
    {
    case LK_KISI_SHAPE_USER:
    case LK_KISI_SHAPE_USERS:
      return (GDestroyNotify) lk_kisi_user_free;
    case LK_KISI_SHAPE_ASSIGNMENT:
    case LK_KISI_SHAPE_ASSIGNMENTS:
      return (GDestroyNotify) lk_kisi_assignment_free;
    case LK_KISI_SHAPE_GROUP:
    case LK_KISI_SHAPE_GROUPS:
      return (GDestroyNotify) lk_kisi_group_free;
    case LK_KISI_SHAPE_GROUP_LOCKS:
      return (GDestroyNotify) lk_kisi_group_lock_free;
    case LK_KISI_SHAPE_SCHEDULES:
      return (GDestroyNotify) lk_kisi_schedule_free;
    default:
      return (GDestroyNotify) lk_kisi_event_free;
    }
}

LkKisiAnswer *
kisi_answer_new (LkKisiShape shape, gboolean writes, LkKisiVerdict verdict, char *message)
{
  LkKisiAnswer *answer = g_new0 (LkKisiAnswer, 1);
  GPtrArray **rows = kisi_answer_rows (answer, shape);

  answer->verdict = verdict;
  answer->writes = writes;
  answer->message = message;
  answer->started_at = LK_TIME_NONE;
  answer->date = LK_TIME_NONE;
  if (rows != NULL)
    *rows = g_ptr_array_new_with_free_func (row_free_of (shape));
  return answer;
}

static GPtrArray *
rows_of (LkKisiAnswer *answer)
{
  GPtrArray *const all[] = { answer->users,       answer->assignments, answer->groups,
                             answer->group_locks, answer->schedules,   answer->events };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i] != NULL)
      return all[i];
  return NULL;
}

void
kisi_answer_fail (LkKisiAnswer *answer, LkKisiVerdict verdict, char *message)
{
  GPtrArray *rows = rows_of (answer);

  answer->verdict = verdict;
  g_free (answer->message);
  answer->message = message;
  if (rows != NULL)
    g_ptr_array_set_size (rows, 0);
}

void
lk_kisi_answer_free (LkKisiAnswer *answer)
{
  if (answer == NULL)
    return;
  g_clear_pointer (&answer->users, g_ptr_array_unref);
  g_clear_pointer (&answer->assignments, g_ptr_array_unref);
  g_clear_pointer (&answer->groups, g_ptr_array_unref);
  g_clear_pointer (&answer->group_locks, g_ptr_array_unref);
  g_clear_pointer (&answer->schedules, g_ptr_array_unref);
  g_clear_pointer (&answer->events, g_ptr_array_unref);
  g_free (answer->message);
  g_free (answer);
}

/* --- judging ---------------------------------------------------------------------------------- */

/* Why BODY is not what JSON of ours looks like; the parser's own text quotes the body. */
static const char *
parse_trouble (const char *body, gsize len)
{
  json_error_t error;
  json_t *root;

  if (len == 0)
    return "the body is empty";
  root = json_loadb (body, len, JSON_REJECT_DUPLICATES, &error);
  if (root != NULL)
    {
      json_decref (root);
      return "the body is nested too deep";
    }
  switch (json_error_code (&error))
    {
    case json_error_duplicate_key:
      return "the body has a key twice";
    case json_error_numeric_overflow:
      return "the body has a number out of range";
    case json_error_premature_end_of_input:
      return "the body is cut off";
    case json_error_invalid_utf8:
      return "the body is not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
      return "the body has a NUL in it";
    case json_error_stack_overflow:
      return "the body is nested too deep";
    default:
      return "the body is not JSON";
    }
}

static LkKisiVerdict
unusable (gboolean writes)
{
  return writes ? LK_KISI_UNKNOWN : LK_KISI_MALFORMED;
}

/* {"code": "afc516", …}: six characters as a rule, never more than fit. */
static void
copy_code (LkKisiAnswer *answer, json_t *root)
{
  const char *code = json_string_value (json_object_get (root, "code"));

  if (code == NULL || strlen (code) >= sizeof answer->code)
    return;
  for (const char *c = code; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c))
      return;
  g_strlcpy (answer->code, code, sizeof answer->code);
}

static LkKisiVerdict
verdict_of_error (int status, gboolean writes, json_t *root, gsize len, const char *code)
{
  switch (status)
    {
    case 401:
      return LK_KISI_UNAUTHORIZED;
    case 403:
      return LK_KISI_FORBIDDEN;
    case 404:
      /* A proxy's own 404 says nothing of the id, and "no such endpoint" is our mistake. */
      if (root == NULL && len > 0)
        return unusable (writes);
      return g_str_equal (code, "000404") ? LK_KISI_INVALID : LK_KISI_GONE;
    case 408:
      return writes ? LK_KISI_UNKNOWN : LK_KISI_UNAVAILABLE;
    case 409:
      return LK_KISI_DUPLICATE;
    case 422:
      return root != NULL && kisi_says_taken (root) ? LK_KISI_DUPLICATE : LK_KISI_INVALID;
    case 429:
      return LK_KISI_THROTTLED;
    default:
      if (status >= 400 && status < 500)
        return LK_KISI_INVALID;
      if (status >= 500)
        return writes ? LK_KISI_UNKNOWN : LK_KISI_UNAVAILABLE;
      return unusable (writes); /* 1xx and redirects, which are not followed */
    }
}

static void
judge_error (LkKisiAnswer *answer, const char *body, gsize len)
{
  g_autoptr (json_t) root = len == 0 ? NULL : lk_json_parse (body, len, ERROR_BODY_MAX, NULL);
  g_autofree char *what = NULL;
  GString *text = g_string_new (NULL);

  if (root != NULL && !json_is_object (root))
    g_clear_pointer (&root, json_decref);
  if (root != NULL)
    {
      copy_code (answer, root);
      what = kisi_says_what (root);
    }
  answer->verdict = verdict_of_error (answer->status, answer->writes, root, len, answer->code);
  g_string_printf (text, "status %d", answer->status);
  if (answer->code[0] != '\0')
    g_string_append_printf (text, " code %s", answer->code);
  if (what != NULL && what[0] != '\0')
    g_string_append_printf (text, ": %s", what);
  else if (root == NULL && len > 0)
    g_string_append (text, " with a body that is not KISI's");
  g_free (answer->message);
  answer->message = g_string_free (text, FALSE);
}

LkKisiAnswer *
kisi_judge (LkKisiShape shape, gboolean writes, int status, const char *body, gsize len,
            KisiSet *set)
{
  g_autoptr (LkKisiAnswer) answer = kisi_answer_new (shape, writes, LK_KISI_OK, g_strdup ("ok"));
  g_auto (KisiSet) unwanted = { 0 };
  g_autofree char *why = NULL;

  answer->status = status;
  if (status < 200 || status > 299)
    {
      judge_error (answer, body, len);
      return g_steal_pointer (&answer);
    }
  if (shape == LK_KISI_SHAPE_NONE && len == 0)
    return g_steal_pointer (&answer);
  g_autoptr (json_t) root = len == 0 ? NULL : lk_json_parse (body, len, LK_HTTP_BODY_MAX, NULL);
  if (root == NULL)
    kisi_answer_fail (answer, unusable (writes),
                      g_strdup_printf ("status %d, but %s", status, parse_trouble (body, len)));
  else if (!kisi_rows_read (shape, root, answer, set != NULL ? set : &unwanted, &why))
    kisi_answer_fail (answer, unusable (writes),
                      g_strdup_printf ("status %d, but %s", status, why));
  return g_steal_pointer (&answer);
}

LkKisiAnswer *
lk_kisi_judge (LkKisiShape shape, gboolean writes, int status, const char *body, gsize len)
{
  return kisi_judge (shape, writes, status, body, len, NULL);
}
