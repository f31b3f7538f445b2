/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Rows of KISI's JSON → structs. Only what Latchkey uses is read; unknown keys are KISI's freedom.
 * What is read must be of the right type, since a misread id would open or close somebody else's
 * door. A complaint names the field and the types, never the value.
 */
#include "internal.h"

#include <string.h>

#define ID_TEXT_MAX 128 /* of uuids, codes and type words; longer ones are not KISI's */

typedef struct
{
  const char *list; /* "users", or NULL for a single object */
  gsize index;
  char **out_why;
} Row;

static const char *
type_name (const json_t *value)
{
  switch (value == NULL ? JSON_NULL : json_typeof (value))
    {
    case JSON_OBJECT:
      return "an object";
    case JSON_ARRAY:
      return "an array";
    case JSON_STRING:
      return "a string";
    case JSON_INTEGER:
      return "an integer";
    case JSON_REAL:
      return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
      return "a boolean";
    case JSON_NULL:
    default:
      return value == NULL ? "nothing" : "null";
    }
}

static gboolean
complain (const Row *row, const char *key, const char *expected, const char *got)
{
  if (row->list == NULL)
    *row->out_why = g_strdup_printf ("%s: expected %s, got %s", key, expected, got);
  else
    *row->out_why = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "].%s: expected %s, got %s", row->list,
                                     row->index, key, expected, got);
  return FALSE;
}

static gboolean
is_absent (const json_t *value)
{
  return value == NULL || json_is_null (value);
}

/* Ids are JSON integers above 0, up to 2⁶³ - 1 (jansson refuses more). */
static gboolean
read_id (const Row *row, json_t *object, const char *key, gint64 *out)
{
  json_t *value = json_object_get (object, key);

  if (!json_is_integer (value))
    return complain (row, key, "an id", type_name (value));
  if (json_integer_value (value) <= 0)
    return complain (row, key, "an id", "0 or less");
  *out = json_integer_value (value);
  return TRUE;
}

static gboolean
read_id_opt (const Row *row, json_t *object, const char *key, gint64 *out)
{
  *out = 0;
  return is_absent (json_object_get (object, key)) || read_id (row, object, key, out);
}

static gboolean
read_string (const Row *row, json_t *object, const char *key, const char **out)
{
  json_t *value = json_object_get (object, key);

  if (!json_is_string (value))
    return complain (row, key, "a string", type_name (value));
  *out = json_string_value (value);
  return TRUE;
}

static gboolean
read_string_opt (const Row *row, json_t *object, const char *key, const char **out)
{
  *out = NULL;
  return is_absent (json_object_get (object, key)) || read_string (row, object, key, out);
}

static gboolean
read_flag_opt (const Row *row, json_t *object, const char *key, gboolean fallback, gboolean *out)
{
  json_t *value = json_object_get (object, key);

  *out = is_absent (value) ? fallback : json_is_true (value);
  return is_absent (value) || json_is_boolean (value)
         || complain (row, key, "a boolean", type_name (value));
}

/* "…Z" or "…+02:00"; TEXT is a time. */
static gboolean
has_zone (const char *text)
{
  const char *clock = text + strlen ("YYYY-MM-DD");

  return strpbrk (clock, "Zz+-") != NULL;
}

/* Without a zone it would be a guess by hours when a door opens. */
static gboolean
read_time_opt (const Row *row, json_t *object, const char *key, LkTime *out)
{
  const char *text;

  *out = LK_TIME_NONE;
  if (!read_string_opt (row, object, key, &text))
    return FALSE;
  if (text != NULL && !lk_time_parse (text, strlen (text), out, NULL))
    return complain (row, key, "a time", "other text");
  if (text != NULL && !has_zone (text))
    return complain (row, key, "a time", "one without a zone");
  return TRUE;
}

/* A short word of KISI's own (uuid, type, code): required to be short, since it becomes a key. */
static gboolean
read_word (const Row *row, json_t *object, const char *key, const char **out)
{
  if (!read_string (row, object, key, out))
    return FALSE;
  if ((*out)[0] == '\0')
    return complain (row, key, "a string", "an empty one");
  if (strlen (*out) > ID_TEXT_MAX)
    return complain (row, key, "a short string", "a long one");
  return TRUE;
}

/* --- the rows --------------------------------------------------------------------------------- */

static gpointer
user_read (const Row *row, json_t *object)
{
  g_autofree LkKisiUser *user = g_new0 (LkKisiUser, 1);
  const char *email, *name;

  if (!read_id (row, object, "id", &user->id) || !read_string_opt (row, object, "email", &email)
      || !read_string_opt (row, object, "name", &name)
      || !read_flag_opt (row, object, "access_enabled", TRUE, &user->access_enabled))
    return NULL;
  user->email = g_strdup (email);
  user->name = g_strdup (name != NULL ? name : "");
  return g_steal_pointer (&user);
}

/* KISI names the two ends of an assignment in up to three generations of keys (kisi-api.md §2.8).
 * Ids of different types collide, so an id counts only beside its type. OLD stands alone. */
static gboolean
read_end (const Row *row, json_t *object, const char *type_key, const char *type,
          const char *id_key, const char *old_key, gint64 *out)
{
  const char *given;

  if (!read_string_opt (row, object, type_key, &given))
    return FALSE;
  *out = 0;
  if (given != NULL && !g_str_equal (given, type))
    return TRUE;
  if (given != NULL && !is_absent (json_object_get (object, id_key)))
    return read_id (row, object, id_key, out);
  if (!read_id_opt (row, object, old_key, out))
    return FALSE;
  if (given != NULL && *out == 0)
    return complain (row, id_key, "an id", "nothing");
  return TRUE;
}

/* The address in the small object that goes with the end; it is left out at KISI's liking. */
static const char *
embedded_email (json_t *object)
{
  json_t *user = json_object_get (object, "assignee");

  return json_string_value (
      json_object_get (user != NULL ? user : json_object_get (object, "user"), "email"));
}

static gpointer
assignment_read (const Row *row, json_t *object)
{
  g_autofree LkKisiAssignment *assignment = g_new0 (LkKisiAssignment, 1);
  const char *role;

  if (!read_id (row, object, "id", &assignment->id)
      || !read_end (row, object, "applies_to_type", "Group", "applies_to_id", "group_id",
                    &assignment->group_id)
      || !read_end (row, object, "assignee_type", "User", "assignee_id", "user_id",
                    &assignment->user_id)
      || !read_string_opt (row, object, "role_id", &role)
      || !read_time_opt (row, object, "valid_from", &assignment->window.from)
      || !read_time_opt (row, object, "valid_until", &assignment->window.until)
      || !read_time_opt (row, object, "created_at", &assignment->created_at)
      || !read_end (row, object, "created_by_type", "User", "created_by_id", "issued_by_id",
                    &assignment->created_by_id))
    return NULL;
  assignment->role_id = g_strdup (role != NULL ? role : "");
  if (assignment->user_id != 0)
    assignment->email = g_strdup (embedded_email (object));
  return g_steal_pointer (&assignment);
}

static gpointer
group_read (const Row *row, json_t *object)
{
  g_autofree LkKisiGroup *group = g_new0 (LkKisiGroup, 1);
  const char *name;

  if (!read_id (row, object, "id", &group->id)
      || !read_id_opt (row, object, "place_id", &group->place_id)
      || !read_string (row, object, "name", &name)
      || !read_flag_opt (row, object, "time_restriction_enabled", FALSE, &group->time_restricted))
    return NULL;
  group->name = g_strdup (name);
  return g_steal_pointer (&group);
}

static gpointer
group_lock_read (const Row *row, json_t *object)
{
  g_autofree LkKisiGroupLock *group_lock = g_new0 (LkKisiGroupLock, 1);
  json_t *lock = json_object_get (object, "lock");
  const char *name = NULL;

  if (!read_id (row, object, "group_id", &group_lock->group_id)
      || !read_id (row, object, "lock_id", &group_lock->lock_id)
      || !read_id_opt (row, object, "place_id", &group_lock->place_id))
    return NULL;
  if (json_is_object (lock) && json_is_string (json_object_get (lock, "name")))
    name = json_string_value (json_object_get (lock, "name"));
  group_lock->lock_name = g_strdup (name != NULL ? name : "");
  return g_steal_pointer (&group_lock);
}

/* "hh:mm" up to 24:00, as minutes after midnight. */
static gboolean
read_clock (const Row *row, json_t *object, const char *key, int *out)
{
  const char *text;
  int minutes;

  if (!read_string (row, object, key, &text))
    return FALSE;
  if (strlen (text) != 5 || text[2] != ':' || !g_ascii_isdigit (text[0])
      || !g_ascii_isdigit (text[1]) || !g_ascii_isdigit (text[3]) || !g_ascii_isdigit (text[4]))
    return complain (row, key, "a clock time", "other text");
  minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
  if (text[3] > '5' || minutes > 24 * 60)
    return complain (row, key, "a clock time", "one that no day has");
  *out = minutes;
  return TRUE;
}

static gpointer
schedule_read (const Row *row, json_t *object)
{
  static const char *const days[]
      = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
  g_autofree LkKisiSchedule *schedule = g_new0 (LkKisiSchedule, 1);
  const char *consequence, *type;

  if (!read_id (row, object, "id", &schedule->id)
      || !read_end (row, object, "scheduleable_type", "Group", "scheduleable_id", "group_id",
                    &schedule->group_id)
      || !read_string (row, object, "consequence", &consequence)
      || !read_string (row, object, "type", &type)
      || !read_flag_opt (row, object, "enabled", TRUE, &schedule->enabled)
      || !read_flag_opt (row, object, "override", FALSE, &schedule->overrides))
    return NULL;
  schedule->allows = g_str_equal (consequence, "allow");
  schedule->recurs = g_str_equal (type, "recurring_event");
  for (guint i = 0; schedule->recurs && i < G_N_ELEMENTS (days); i++)
    {
      gboolean on;
      if (!read_flag_opt (row, object, days[i], FALSE, &on))
        return NULL;
      schedule->days |= on ? 1u << i : 0;
    }
  if (schedule->recurs
      && (!read_clock (row, object, "starts_at_time", &schedule->from)
          || !read_clock (row, object, "ends_at_time", &schedule->until)))
    return NULL;
  return g_steal_pointer (&schedule);
}

/* `success` was the string "false" in 2017 (kisi-api.md §3.2). */
static gboolean
read_success (const Row *row, json_t *object, gboolean *out)
{
  json_t *value = json_object_get (object, "success");
  const char *text = json_string_value (value);

  if (!json_is_boolean (value)
      && (text == NULL || (!g_str_equal (text, "true") && !g_str_equal (text, "false"))))
    return complain (row, "success", "a boolean", type_name (value));
  *out = text != NULL ? g_str_equal (text, "true") : json_is_true (value);
  return TRUE;
}

static gpointer
event_read (const Row *row, json_t *object)
{
  g_autoptr (LkKisiEvent) event = g_new0 (LkKisiEvent, 1);
  const char *uuid, *type, *action, *object_type, *object_name, *actor, *credential, *authorized;
  const char *code;

  if (!read_word (row, object, "uuid", &uuid) || !read_word (row, object, "type", &type)
      || !read_time_opt (row, object, "created_at", &event->created_at)
      || !read_success (row, object, &event->success)
      || !read_string_opt (row, object, "action", &action)
      || !read_string_opt (row, object, "object_type", &object_type)
      || !read_id_opt (row, object, "object_id", &event->object_id)
      || !read_string_opt (row, object, "object_name", &object_name)
      || !read_string_opt (row, object, "actor_type", &actor)
      || !read_id_opt (row, object, "actor_id", &event->actor_id)
      || !read_string_opt (row, object, "authenticated_by_type", &credential)
      || !read_string_opt (row, object, "authorized_by_type", &authorized)
      || !read_id_opt (row, object, "authorized_by_id", &event->authorized_by_id)
      || !read_string_opt (row, object, "code", &code)
      || !read_id_opt (row, object, "place_id", &event->place_id))
    return NULL;
  if (code == NULL && !read_string_opt (row, object, "error_code", &code))
    return NULL;
  if (event->created_at == LK_TIME_NONE)
    {
      (void) complain (row, "created_at", "a time", "nothing");
      return NULL;
    }
  event->uuid = g_strdup (uuid);
  event->type = g_strdup (type);
  event->action = g_strdup (action);
  event->object_type = g_strdup (object_type);
  event->object_name = g_strdup (object_name);
  event->actor_type = g_strdup (actor);
  event->authenticated_by_type = g_strdup (credential);
  event->authorized_by_type = g_strdup (authorized);
  event->code = g_strdup (code);
  return g_steal_pointer (&event);
}

/* --- objects and lists ------------------------------------------------------------------------ */

typedef struct
{
  const char *list;
  gpointer (*read) (const Row *row, json_t *object);
} ShapeRow;

static const ShapeRow shapes[] = {
  [LK_KISI_SHAPE_NONE] = { NULL, NULL },
  [LK_KISI_SHAPE_USER] = { NULL, user_read },
  [LK_KISI_SHAPE_USERS] = { "users", user_read },
  [LK_KISI_SHAPE_ASSIGNMENT] = { NULL, assignment_read },
  [LK_KISI_SHAPE_ASSIGNMENTS] = { "role_assignments", assignment_read },
  [LK_KISI_SHAPE_GROUP] = { NULL, group_read },
  [LK_KISI_SHAPE_GROUPS] = { "groups", group_read },
  [LK_KISI_SHAPE_GROUP_LOCKS] = { "group_locks", group_lock_read },
  [LK_KISI_SHAPE_SCHEDULES] = { "schedules", schedule_read },
  [LK_KISI_SHAPE_EVENTS] = { "events", event_read },
};

const char *
kisi_row_id (LkKisiShape shape, gconstpointer row, char buf[48])
{
  gint64 id;

  switch (shape)
    {
    case LK_KISI_SHAPE_USERS:
      id = ((const LkKisiUser *) row)->id;
      break;
    case LK_KISI_SHAPE_ASSIGNMENTS:
      id = ((const LkKisiAssignment *) row)->id;
      break;
    case LK_KISI_SHAPE_GROUPS:
      id = ((const LkKisiGroup *) row)->id;
      break;
    case LK_KISI_SHAPE_SCHEDULES:
      id = ((const LkKisiSchedule *) row)->id;
      break;
    case LK_KISI_SHAPE_GROUP_LOCKS:
      /* The row's own id is not kept: a door is in a group once as far as access goes. */
      g_snprintf (buf, 48, "%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                  ((const LkKisiGroupLock *) row)->group_id,
                  ((const LkKisiGroupLock *) row)->lock_id);
      return buf;
    case LK_KISI_SHAPE_EVENTS:
      return ((const LkKisiEvent *) row)->uuid;
    default:
      return NULL;
    }
  g_snprintf (buf, 48, "%" G_GINT64_FORMAT, id);
  return buf;
}

static gboolean
list_read (LkKisiShape shape, json_t *list, GPtrArray *rows, char **out_why)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const ShapeRow *reader = &shapes[shape];
  json_t *object;
  size_t i;
  char buf[48];

  if (!json_is_array (list))
    {
      *out_why = g_strdup_printf ("%s: expected an array, got %s", reader->list, type_name (list));
      return FALSE;
    }
  json_array_foreach (list, i, object)
  {
    const Row row = { reader->list, i, out_why };
    gpointer value;

    if (!json_is_object (object))
      {
        *out_why = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]: expected an object, got %s",
                                    reader->list, (gsize) i, type_name (object));
        return FALSE;
      }
    value = reader->read (&row, object);
    if (value == NULL)
      return FALSE;
    g_ptr_array_add (rows, value);
    if (!g_hash_table_add (seen, g_strdup (kisi_row_id (shape, value, buf))))
      {
        *out_why = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]: its id is there twice", reader->list,
                                    (gsize) i);
        return FALSE;
      }
  }
  return TRUE;
}

/* {"id","status","cursor","events"} (kisi-api.md §3.1). */
static gboolean
set_read (json_t *root, LkKisiAnswer *answer, KisiSet *set, char **out_why)
{
  const Row row = { NULL, 0, out_why };
  json_t *id = json_object_get (root, "id"), *events = json_object_get (root, "events");
  const char *status, *cursor;

  if (!read_string_opt (&row, root, "status", &status)
      || !read_string_opt (&row, root, "cursor", &cursor))
    return FALSE;
  if (json_is_integer (id) && json_integer_value (id) > 0)
    set->id = g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (id));
  else if (json_is_string (id) && json_string_length (id) > 0
           && json_string_length (id) <= ID_TEXT_MAX)
    set->id = g_strdup (json_string_value (id));
  else
    return complain (&row, "id", "an id", type_name (id));
  set->has_events = !is_absent (events);
  if (g_strcmp0 (status, "failed") == 0)
    set->status = KISI_SET_FAILED;
  else if (g_strcmp0 (status, "finished") == 0 || (status == NULL && set->has_events))
    set->status = KISI_SET_FINISHED;
  else
    set->status = KISI_SET_IN_PROGRESS; /* a status we don't know is not finished */
  set->cursor = cursor != NULL && cursor[0] != '\0' ? g_strdup (cursor) : NULL;
  return !set->has_events || list_read (LK_KISI_SHAPE_EVENTS, events, answer->events, out_why);
}

gboolean
kisi_rows_read (LkKisiShape shape, json_t *root, LkKisiAnswer *answer, KisiSet *set, char **out_why)
{
  const Row row = { NULL, 0, out_why };
  gpointer value;

  if (shape == LK_KISI_SHAPE_NONE)
    return TRUE;
  if (shapes[shape].list != NULL && shape != LK_KISI_SHAPE_EVENTS)
    return list_read (shape, root, *kisi_answer_rows (answer, shape), out_why);
  if (!json_is_object (root))
    {
      *out_why = g_strdup_printf ("expected an object, got %s", type_name (root));
      return FALSE;
    }
  if (shape == LK_KISI_SHAPE_EVENTS)
    return set_read (root, answer, set, out_why);
  value = shapes[shape].read (&row, root);
  if (value == NULL)
    return FALSE;
  g_ptr_array_add (*kisi_answer_rows (answer, shape), value);
  return TRUE;
}
