/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What is in the organization, and what people do with it by hand; answers are serve.c's.
 */
#include "service_internal.h"

#include "check.h"

#include "../../src/lib/kisi/internal.h"

#define UNSEEN_MS LK_MINUTE

static const struct
{
  const char *name;
  gboolean writes;
  LkKisiShape shape;
} ops[SIM_OPS] = {
  [SIM_OP_WHOAMI] = { "GET /user", FALSE, LK_KISI_SHAPE_USER },
  [SIM_OP_FIND_USER] = { "GET /users?query", FALSE, LK_KISI_SHAPE_USERS },
  [SIM_OP_GET_USER] = { "GET /users/id", FALSE, LK_KISI_SHAPE_USER },
  [SIM_OP_CREATE_USER] = { "POST /users", TRUE, LK_KISI_SHAPE_USER },
  [SIM_OP_LIST_USER_RIGHTS]
  = { "GET /role_assignments?assignee", FALSE, LK_KISI_SHAPE_ASSIGNMENTS },
  [SIM_OP_LIST_GROUP_RIGHTS] = { "GET /role_assignments?group", FALSE, LK_KISI_SHAPE_ASSIGNMENTS },
  [SIM_OP_GET_RIGHT] = { "GET /role_assignments/id", FALSE, LK_KISI_SHAPE_ASSIGNMENT },
  [SIM_OP_CREATE_RIGHT] = { "POST /role_assignments", TRUE, LK_KISI_SHAPE_ASSIGNMENT },
  [SIM_OP_CHANGE_RIGHT] = { "PATCH /role_assignments/id", TRUE, LK_KISI_SHAPE_NONE },
  [SIM_OP_DELETE_RIGHT] = { "DELETE /role_assignments/id", TRUE, LK_KISI_SHAPE_NONE },
  [SIM_OP_GET_GROUP] = { "GET /groups/id", FALSE, LK_KISI_SHAPE_GROUP },
  [SIM_OP_LIST_GROUPS] = { "GET /groups", FALSE, LK_KISI_SHAPE_GROUPS },
  [SIM_OP_LIST_GROUP_LOCKS] = { "GET /group_locks", FALSE, LK_KISI_SHAPE_GROUP_LOCKS },
  [SIM_OP_LIST_EVENTS] = { "POST /event_sets", FALSE, LK_KISI_SHAPE_EVENTS },
};

const char *
sim_op_name (SimOp op)
{
  return ops[op].name;
}

gboolean
sim_op_writes (SimOp op)
{
  return ops[op].writes;
}

LkKisiAnswer *
sim_answer_new (SimOp op, LkKisiVerdict verdict, int status)
{
  LkKisiAnswer *answer = kisi_answer_new (ops[op].shape, ops[op].writes, verdict,
                                          g_strdup_printf ("status %d", status));

  answer->status = status;
  return answer;
}

const char *
sim_window_text (const SimWorld *world, LkWindow window, char buf[64])
{
  char from[24], until[24];

  g_snprintf (buf, 64, "[%s, %s)", sim_clock_text (world, window.from, from),
              sim_clock_text (world, window.until, until));
  return buf;
}

const char *
sim_request_text (const SimWorld *world, const SimRequest *request, char buf[256])
{
  char window[64];

  if (request->email != NULL)
    g_snprintf (buf, 256, "%s %s", ops[request->op].name, request->email);
  else if (request->op == SIM_OP_CREATE_RIGHT)
    g_snprintf (buf, 256, "%s user %" G_GINT64_FORMAT " group %" G_GINT64_FORMAT " %s",
                ops[request->op].name, request->id, request->group,
                sim_window_text (world, request->window, window));
  else if (request->op == SIM_OP_CHANGE_RIGHT)
    g_snprintf (buf, 256, "%s %" G_GINT64_FORMAT " to %s", ops[request->op].name, request->id,
                sim_window_text (world, request->window, window));
  else
    g_snprintf (buf, 256, "%s %" G_GINT64_FORMAT, ops[request->op].name, request->id);
  return buf;
}

/* --- what is there ---------------------------------------------------------------------------- */

SimService *
sim_service_new (SimWorld *world, const SimReadings *readings)
{
  SimService *service = g_new0 (SimService, 1);

  service->world = world;
  service->readings = *readings;
  service->users = g_ptr_array_new ();
  service->groups = g_ptr_array_new ();
  service->rights = g_ptr_array_new ();
  service->next_user = 100001;
  service->next_right = 501;
  return service;
}

const SimReadings *
sim_service_readings (const SimService *service)
{
  return &service->readings;
}

void
sim_service_set_duplicates (SimService *service, SimDuplicates duplicates)
{
  service->readings.duplicates = duplicates;
}

void
sim_service_add_group (SimService *service, gint64 id, guint space)
{
  SimGroup *group = g_new0 (SimGroup, 1);

  *group = (SimGroup){ .id = id, .space = space, .gone_at = LK_TIME_NONE };
  g_ptr_array_add (service->groups, group);
}

gboolean
sim_service_is_hidden (const SimService *service, const SimGroup *group)
{
  return group->hidden || service->key == SIM_KEY_BLIND;
}

/* "No such right", and a moment later the group is there: that is taken for the end of the right,
 * and only an audit finds that it was not. */
static void
seen_again (SimService *service, const SimGroup *group)
{
  for (guint i = 0; !sim_service_is_hidden (service, group) && i < service->rights->len; i++)
    {
      const SimRight *right = service->rights->pdata[i];
      if (right->group == group->id && right->unseen_at != LK_TIME_NONE
          && service->world->now - right->unseen_at < UNSEEN_MS)
        sim_check_spoil (service->world, right->user, right->group);
    }
}

void
sim_service_hide (SimService *service, SimGroup *group, gboolean hidden)
{
  group->hidden = hidden;
  seen_again (service, group);
}

void
sim_service_set_key (SimService *service, SimKey key)
{
  service->key = key;
  for (guint i = 0; i < service->groups->len; i++)
    seen_again (service, service->groups->pdata[i]);
}

SimUser *
sim_service_user (const SimService *service, gint64 id)
{
  for (guint i = 0; i < service->users->len; i++)
    if (((SimUser *) service->users->pdata[i])->id == id)
      return service->users->pdata[i];
  return NULL;
}

SimUser *
sim_service_user_of (const SimService *service, const char *email)
{
  for (guint i = 0; i < service->users->len; i++)
    {
      SimUser *user = service->users->pdata[i];
      if (user->gone_at == LK_TIME_NONE && g_ascii_strcasecmp (user->email, email) == 0)
        return user;
    }
  return NULL;
}

SimGroup *
sim_service_group (const SimService *service, gint64 id)
{
  for (guint i = 0; i < service->groups->len; i++)
    if (((SimGroup *) service->groups->pdata[i])->id == id)
      return service->groups->pdata[i];
  return NULL;
}

SimRight *
sim_service_right (const SimService *service, gint64 id)
{
  for (guint i = 0; i < service->rights->len; i++)
    if (((SimRight *) service->rights->pdata[i])->id == id)
      return service->rights->pdata[i];
  return NULL;
}

const GPtrArray *
sim_service_rights (const SimService *service)
{
  return service->rights;
}

const GPtrArray *
sim_service_users (const SimService *service)
{
  return service->users;
}

const GPtrArray *
sim_service_groups (const SimService *service)
{
  return service->groups;
}

gboolean
sim_service_is_foreign_there (const SimService *service, gint64 user, gint64 group)
{
  for (guint i = 0; i < service->rights->len; i++)
    {
      const SimRight *right = service->rights->pdata[i];
      if (!right->ours && right->gone_at == LK_TIME_NONE && right->user == user
          && right->group == group)
        return TRUE;
    }
  return FALSE;
}

gboolean
sim_right_is_live (const SimService *service, const SimRight *right)
{
  return right->gone_at == LK_TIME_NONE && lk_window_until (right->window) > service->world->now;
}

/* --- by hand ---------------------------------------------------------------------------------- */

SimUser *
sim_service_add_user (SimService *service, const char *email, gboolean ours, gboolean invited)
{
  SimUser *user = g_new0 (SimUser, 1);

  *user = (SimUser){ .id = service->next_user++,
                     .email = g_strdup (email),
                     .made_at = service->world->now,
                     .gone_at = LK_TIME_NONE,
                     .ours = ours,
                     .invited = invited };
  g_ptr_array_add (service->users, user);
  return user;
}

SimUser *
sim_service_make_user (SimService *service, const char *email)
{
  SimUser *user = sim_service_user_of (service, email);

  return user != NULL ? user : sim_service_add_user (service, email, FALSE, FALSE);
}

gboolean
sim_service_drop_right (SimService *service, SimRight *right)
{
  if (right->gone_at != LK_TIME_NONE)
    return FALSE;
  right->gone_at = service->world->now;
  return TRUE;
}

gboolean
sim_service_drop_user (SimService *service, SimUser *user)
{
  if (user->gone_at != LK_TIME_NONE)
    return FALSE;
  user->gone_at = service->world->now;
  for (guint i = 0; i < service->rights->len; i++)
    if (((SimRight *) service->rights->pdata[i])->user == user->id)
      (void) sim_service_drop_right (service, service->rights->pdata[i]);
  return TRUE;
}

gboolean
sim_service_drop_group (SimService *service, gint64 id)
{
  SimGroup *group = sim_service_group (service, id);

  if (group == NULL || group->gone_at != LK_TIME_NONE)
    return FALSE;
  group->gone_at = service->world->now;
  for (guint i = 0; i < service->rights->len; i++)
    if (((SimRight *) service->rights->pdata[i])->group == id)
      (void) sim_service_drop_right (service, service->rights->pdata[i]);
  return TRUE;
}

SimRight *
sim_service_add_right (SimService *service, gint64 user, gint64 group, LkWindow window,
                       gboolean ours)
{
  SimRight *right = g_new0 (SimRight, 1);

  *right
      = (SimRight){ .id = service->next_right++,
                    .user = user,
                    .group = group,
                    .window = { sim_whole_second (window.from), sim_whole_second (window.until) },
                    .made_at = service->world->now,
                    .gone_at = LK_TIME_NONE,
                    .unseen_at = LK_TIME_NONE,
                    .by_key = ours,
                    .ours = ours };
  g_ptr_array_add (service->rights, right);
  return right;
}

SimRight *
sim_service_make_right (SimService *service, gint64 user, gint64 group, LkWindow window,
                        gboolean by_key)
{
  SimRight *right = sim_service_add_right (service, user, group, window, FALSE);

  right->by_key = by_key;
  return right;
}
