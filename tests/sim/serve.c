/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * KISI's side of each call: its effect, and the answer.
 */
#include "service_internal.h"

#include "check.h"
#include "history.h"

#define KEY_USER 1 /* whose API key it is */
#define OPERATOR 2

/* --- answers ---------------------------------------------------------------------------------- */

static LkKisiAnswer *
say (const SimRequest *request, LkKisiVerdict verdict, int status)
{
  return sim_answer_new (request->op, verdict, status);
}

static LkKisiAnswer *
ok (const SimRequest *request)
{
  return say (request, LK_KISI_OK, 200);
}

static void
add_user (LkKisiAnswer *answer, const SimUser *user)
{
  LkKisiUser *row = g_new0 (LkKisiUser, 1);

  row->id = user->id;
  row->email = g_strdup (user->email);
  row->access_enabled = TRUE;
  g_ptr_array_add (answer->users, row);
}

static void
add_right (LkKisiAnswer *answer, const SimRight *right)
{
  LkKisiAssignment *row = g_new0 (LkKisiAssignment, 1);

  row->id = right->id;
  row->user_id = right->user;
  row->group_id = right->group;
  row->window = right->window;
  row->role_id = g_strdup ("group_basic");
  row->created_at = sim_whole_second (right->made_at);
  row->created_by_id = right->by_key ? KEY_USER : OPERATOR;
  g_ptr_array_add (answer->assignments, row);
}

/* --- groups ----------------------------------------------------------------------------------- */

/* The verdict on a request about GROUP; OK when it can be seen and used. */
static LkKisiVerdict
group_verdict (SimService *service, gint64 id)
{
  const SimGroup *group = sim_service_group (service, id);

  if (group == NULL || group->gone_at != LK_TIME_NONE)
    return LK_KISI_GONE;
  if (sim_service_is_hidden (service, group))
    {
      sim_count (service->world,
                 service->key == SIM_KEY_BLIND ? SIM_FAULT_KEY_BLIND : SIM_FAULT_HIDDEN);
      return LK_KISI_GONE;
    }
  if (group->forbidden)
    {
      sim_count (service->world, SIM_FAULT_FORBIDDEN);
      return LK_KISI_FORBIDDEN;
    }
  return LK_KISI_OK;
}

static LkKisiAnswer *
refuse (const SimRequest *request, LkKisiVerdict verdict)
{
  return say (request, verdict, verdict == LK_KISI_GONE ? 404 : 403);
}

static LkKisiAnswer *
get_group (SimService *service, const SimRequest *request)
{
  LkKisiVerdict verdict = group_verdict (service, request->id);
  LkKisiAnswer *answer;
  LkKisiGroup *row;

  if (verdict != LK_KISI_OK)
    return refuse (request, verdict);
  answer = ok (request);
  row = g_new0 (LkKisiGroup, 1);
  row->id = request->id;
  row->name = g_strdup ("group");
  g_ptr_array_add (answer->groups, row);
  return answer;
}

static LkKisiAnswer *
list_groups (SimService *service, const SimRequest *request)
{
  LkKisiAnswer *answer = ok (request);

  for (guint i = 0; i < service->groups->len; i++)
    {
      const SimGroup *group = service->groups->pdata[i];
      LkKisiGroup *row;

      if (group->gone_at != LK_TIME_NONE || sim_service_is_hidden (service, group))
        continue;
      row = g_new0 (LkKisiGroup, 1);
      row->id = group->id;
      row->name = g_strdup ("group");
      g_ptr_array_add (answer->groups, row);
    }
  return answer;
}

/* --- users ------------------------------------------------------------------------------------ */

static LkKisiAnswer *
find_user (SimService *service, const SimRequest *request)
{
  const SimUser *user = sim_service_user_of (service, request->email);
  LkKisiAnswer *answer = ok (request);

  if (user != NULL && user->made_at + service->readings.list_lag > service->world->now)
    {
      sim_count (service->world, SIM_FAULT_STALE_LIST);
      user = NULL;
    }
  if (user == NULL)
    return answer;
  if (!user->ours)
    sim_count (service->world, SIM_FAULT_USER_FOUND);
  add_user (answer, user);
  return answer;
}

static LkKisiAnswer *
get_user (SimService *service, const SimRequest *request)
{
  const SimUser *user = sim_service_user (service, request->id);
  LkKisiAnswer *answer;

  if (user == NULL || user->gone_at != LK_TIME_NONE)
    return refuse (request, LK_KISI_GONE);
  answer = ok (request);
  add_user (answer, user);
  return answer;
}

static LkKisiAnswer *
create_user (SimService *service, const SimRequest *request)
{
  LkKisiAnswer *answer;
  SimUser *user;

  if (sim_service_user_of (service, request->email) != NULL)
    {
      sim_count (service->world, SIM_FAULT_USER_TAKEN);
      return say (request, LK_KISI_DUPLICATE, 409);
    }
  user = sim_service_add_user (service, request->email, TRUE, request->invite);
  sim_check_user_made (service->world, request, user);
  answer = ok (request);
  add_user (answer, user);
  return answer;
}

/* --- rights ----------------------------------------------------------------------------------- */

/* Whether a list shows RIGHT now. */
static gboolean
is_listed (SimService *service, const SimRight *right)
{
  LkTime now = service->world->now, lag = service->readings.list_lag;
  gboolean is_there = right->gone_at == LK_TIME_NONE;
  gboolean shown = right->made_at + lag <= now && (is_there || right->gone_at + lag > now);
  const SimGroup *group = sim_service_group (service, right->group);

  /* That it is not listed says nothing of what became of it, and only an audit finds out. */
  if (group != NULL && sim_service_is_hidden (service, group) && right->ours && is_there)
    sim_check_spoil (service->world, right->user, right->group);
  if (shown != is_there)
    sim_count (service->world, SIM_FAULT_STALE_LIST);
  if (group == NULL || group->gone_at != LK_TIME_NONE || sim_service_is_hidden (service, group))
    return FALSE;
  return shown && !(service->readings.drops_lapsed && lk_window_until (right->window) <= now);
}

static LkKisiAnswer *
list_rights (SimService *service, const SimRequest *request)
{
  gboolean of_user = request->op == SIM_OP_LIST_USER_RIGHTS;
  LkKisiAnswer *answer;

  if (!of_user)
    {
      LkKisiVerdict verdict = group_verdict (service, request->id);
      if (verdict != LK_KISI_OK)
        return refuse (request, verdict);
    }
  answer = ok (request);
  for (guint i = 0; i < service->rights->len; i++)
    {
      const SimRight *right = service->rights->pdata[i];
      if ((of_user ? right->user : right->group) == request->id && is_listed (service, right))
        add_right (answer, right);
    }
  return answer;
}

/* RIGHT as the key sees it; NULL with *OUT_VERDICT. */
static SimRight *
see_right (SimService *service, gint64 id, LkKisiVerdict *out_verdict)
{
  SimRight *right = sim_service_right (service, id);

  *out_verdict = LK_KISI_GONE;
  if (right == NULL || right->gone_at != LK_TIME_NONE)
    return NULL;
  *out_verdict = group_verdict (service, right->group);
  if (*out_verdict == LK_KISI_GONE)
    right->unseen_at = service->world->now;
  return *out_verdict == LK_KISI_OK ? right : NULL;
}

static LkKisiAnswer *
get_right (SimService *service, const SimRequest *request)
{
  LkKisiVerdict verdict;
  const SimRight *right = see_right (service, request->id, &verdict);
  LkKisiAnswer *answer;

  if (right == NULL)
    return refuse (request, verdict);
  answer = ok (request);
  add_right (answer, right);
  return answer;
}

/* Whether a right that is there refuses the one of REQUEST; *OUT_STATUS. */
static gboolean
is_duplicate (SimService *service, const SimRequest *request, int *out_status)
{
  const SimReadings *readings = &service->readings;
  const LkWindow window
      = { sim_whole_second (request->window.from), sim_whole_second (request->window.until) };

  for (guint i = 0; i < service->rights->len; i++)
    {
      const SimRight *right = service->rights->pdata[i];

      if (right->gone_at != LK_TIME_NONE || right->user != request->id
          || right->group != request->group
          || (readings->drops_lapsed && lk_window_until (right->window) <= service->world->now))
        continue;
      *out_status = readings->duplicates == SIM_DUPLICATES_422 ? 422 : 409;
      switch (readings->duplicates)
        {
        case SIM_DUPLICATES_MADE:
          sim_count (service->world, SIM_FAULT_SECOND_RIGHT);
          return FALSE;
        case SIM_DUPLICATES_409:
          sim_count (service->world, SIM_FAULT_DUPLICATE_409);
          return TRUE;
        case SIM_DUPLICATES_422:
          sim_count (service->world, SIM_FAULT_DUPLICATE_422);
          return TRUE;
        case SIM_DUPLICATES_EQUAL:
          if (!lk_window_equal (right->window, window))
            break;
          sim_count (service->world, SIM_FAULT_DUPLICATE_EQUAL);
          return TRUE;
        }
    }
  return FALSE;
}

static LkKisiAnswer *
create_right (SimService *service, const SimRequest *request)
{
  SimWorld *world = service->world;
  const SimUser *user = sim_service_user (service, request->id);
  LkKisiVerdict verdict = group_verdict (service, request->group);
  LkKisiAnswer *answer;
  SimRight *right;
  int status = 409;

  if (user == NULL || user->gone_at != LK_TIME_NONE)
    return refuse (request, LK_KISI_GONE);
  if (verdict != LK_KISI_OK)
    return refuse (request, verdict);
  if ((service->readings.refuses_past && lk_window_until (request->window) <= world->now)
      || sim_chance (world, world->weather[WEATHER_REFUSED], "refused", request->id,
                     request->group))
    {
      sim_count (world, SIM_FAULT_REFUSED);
      sim_check_refused (world, request->id, request->group);
      return say (request, LK_KISI_INVALID, 422);
    }
  if (is_duplicate (service, request, &status))
    return say (request, LK_KISI_DUPLICATE, status);
  right = sim_service_add_right (service, request->id, request->group, request->window, TRUE);
  sim_check_made (world, request, right);
  answer = ok (request);
  add_right (answer, right);
  return answer;
}

static LkKisiAnswer *
change_right (SimService *service, const SimRequest *request)
{
  LkKisiVerdict verdict;
  SimRight *right = see_right (service, request->id, &verdict);

  if (right == NULL)
    return refuse (request, verdict);
  switch (service->readings.patch)
    {
    case SIM_PATCH_TAKEN:
      sim_check_changing (service->world, request, right);
      right->window = (LkWindow){ sim_whole_second (request->window.from),
                                  sim_whole_second (request->window.until) };
      sim_count (service->world, SIM_FAULT_PATCHED);
      break;
    case SIM_PATCH_IGNORED:
      sim_count (service->world, SIM_FAULT_PATCH_IGNORED);
      break;
    case SIM_PATCH_REFUSED:
      sim_count (service->world, SIM_FAULT_PATCH_REFUSED);
      return say (request, LK_KISI_INVALID, 422);
    }
  return say (request, LK_KISI_OK, 204);
}

static LkKisiAnswer *
delete_right (SimService *service, const SimRequest *request)
{
  LkKisiVerdict verdict;
  SimRight *right = see_right (service, request->id, &verdict);

  if (right == NULL)
    {
      sim_count (service->world, SIM_FAULT_DELETED_ALREADY);
      return refuse (request, verdict);
    }
  sim_check_deleting (service->world, request, right);
  (void) sim_service_drop_right (service, right);
  return say (request, LK_KISI_OK, 204);
}

LkKisiAnswer *
sim_service_serve (SimService *service, const SimRequest *request)
{
  static const SimUser key = { .id = KEY_USER, .email = (char *) "key@example.org" };
  LkKisiAnswer *answer;

  if (service->key == SIM_KEY_FORBIDDEN)
    {
      sim_count (service->world, SIM_FAULT_KEY_FORBIDDEN);
      return refuse (request, LK_KISI_FORBIDDEN);
    }
  if (service->key == SIM_KEY_REFUSED)
    {
      sim_count (service->world, SIM_FAULT_UNAUTHORIZED);
      return say (request, LK_KISI_UNAUTHORIZED, 401);
    }
  switch (request->op)
    {
    case SIM_OP_WHOAMI:
      answer = ok (request);
      add_user (answer, &key);
      return answer;
    case SIM_OP_FIND_USER:
      return find_user (service, request);
    case SIM_OP_GET_USER:
      return get_user (service, request);
    case SIM_OP_CREATE_USER:
      return create_user (service, request);
    case SIM_OP_LIST_USER_RIGHTS:
    case SIM_OP_LIST_GROUP_RIGHTS:
      return list_rights (service, request);
    case SIM_OP_GET_RIGHT:
      return get_right (service, request);
    case SIM_OP_CREATE_RIGHT:
      return create_right (service, request);
    case SIM_OP_CHANGE_RIGHT:
      return change_right (service, request);
    case SIM_OP_DELETE_RIGHT:
      return delete_right (service, request);
    case SIM_OP_GET_GROUP:
      return get_group (service, request);
    case SIM_OP_LIST_GROUPS:
      return list_groups (service, request);
    case SIM_OP_LIST_GROUP_LOCKS:
    case SIM_OP_LIST_EVENTS:
    case SIM_OPS:
      break;
    }
  return ok (request);
}
