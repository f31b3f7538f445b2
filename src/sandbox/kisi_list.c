/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Lists of KISI: filters, pages, the range header whose end is the one asked for (kisi-api.md
 * §1.3, §1.4).
 */
#include "kisi.h"

#include <string.h>

#define OFFSET_MAX 20000

typedef struct
{
  Kisi *kisi;
  KiTable table;
  GHashTable *ids; /* NULL: any */
  char *query;     /* case-folded; of users only what is before an @; NULL: any */
  const char *email, *scope, *role, *applies_to_type, *assignee_type, *consequence,
      *scheduleable_type;
  gint64 place, group, lock, user, applies_to, assignee, scheduleable; /* 0: any */
  LkTime
      expired_before; /* role assignments that ended by then are not shown; LK_TIME_NONE: all are */
} Filter;

static GHashTable *
parse_ids (const char *text)
{
  if (text == NULL)
    return NULL;
  GHashTable *out = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  for (char **part = parts; *part != NULL; part++)
    {
      gint64 id = g_ascii_strtoll (*part, NULL, 10);
      g_hash_table_add (out, g_memdup2 (&id, sizeof id));
    }
  return out;
}

static gint64
user_id_filter (const Call *call)
{
  const KiLogin *login = call->login;
  const char *text = lk_server_query (call->request, "user_id");
  return g_strcmp0 (text, "me") == 0 ? login->user_id : call_query_int (call, "user_id", 0);
}

/* A search; for an address it finds others too. */
static char *
read_search (const char *text, gboolean of_users)
{
  if (text == NULL)
    return NULL;
  return g_utf8_casefold (text, of_users ? (gssize) strcspn (text, "@") : -1);
}

static LkTime
expired_before (const Sandbox *sandbox)
{
  if (switch_is (sandbox, SW_KI_EXPIRED, "kept"))
    return LK_TIME_NONE;
  return sandbox_now (sandbox) - switch_number (sandbox, SW_KI_EXPIRED) * LK_HOUR;
}

static Filter
read_filter (const Call *call, KiTable table)
{
  gboolean of_users = table == KI_USERS || table == KI_RIGHTS;
  Filter filter = {
    .kisi = call->sandbox->kisi,
    .table = table,
    .ids = parse_ids (lk_server_query (call->request, "ids")),
    .query = read_search (lk_server_query (call->request, "query"), of_users),
    .email = table == KI_USERS ? lk_server_query (call->request, "email") : NULL,
    .scope = lk_server_query (call->request, "scope"),
    .role = lk_server_query (call->request, "role_id"),
    .applies_to_type = lk_server_query (call->request, "applies_to_type"),
    .assignee_type = lk_server_query (call->request, "assignee_type"),
    .consequence = lk_server_query (call->request, "consequence"),
    .scheduleable_type = lk_server_query (call->request, "scheduleable_type"),
    .place = call_query_int (call, "place_id", 0),
    .group = call_query_int (call, "group_id", 0),
    .lock = call_query_int (call, "lock_id", 0),
    .user = user_id_filter (call),
    .applies_to = call_query_int (call, "applies_to_id", 0),
    .assignee = call_query_int (call, "assignee_id", 0),
    .scheduleable = call_query_int (call, "scheduleable_id", 0),
    .expired_before = expired_before (call->sandbox),
  };
  if (switch_is (call->sandbox, SW_KI_EMAIL, "ignored"))
    filter.email = NULL;
  if ((filter.user != 0 || filter.assignee_type != NULL)
      && switch_is (call->sandbox, SW_KI_COMBINE, "first"))
    {
      filter.group = filter.applies_to = 0;
      filter.applies_to_type = NULL;
    }
  if (filter.email != NULL && switch_is (call->sandbox, SW_KI_EMAIL, "fuzzy"))
    {
      g_free (filter.query);
      filter.query = read_search (filter.email, TRUE);
      filter.email = NULL;
    }
  return filter;
}

static void
filter_clear (Filter *filter)
{
  g_clear_pointer (&filter->ids, g_hash_table_unref);
  g_free (filter->query);
}

static gboolean
text_has (const json_t *row, const char *key, const char *part)
{
  const char *text = json_text (row, key);
  if (text == NULL)
    return FALSE;
  g_autofree char *folded = g_utf8_casefold (text, -1);
  return strstr (folded, part) != NULL;
}

static gboolean
is_text (const json_t *row, const char *key, const char *wanted)
{
  return wanted == NULL || g_strcmp0 (json_text (row, key), wanted) == 0;
}

static gboolean
has_right_in (Kisi *kisi, gint64 user, gint64 group, gint64 place)
{
  GPtrArray *rows = table_rows_of (ki_rows (kisi, KI_RIGHTS), 1, user);
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *right = rows->pdata[i];
      if (group != 0 && right->key2 == group)
        return TRUE;
      const Row *row = table_get (ki_rows (kisi, KI_GROUPS), right->key2);
      if (place != 0 && row != NULL && row->key1 == place)
        return TRUE;
    }
  return FALSE;
}

static gboolean
user_matches (const Filter *filter, const Row *row)
{
  if ((filter->user != 0 && row->id != filter->user)
      || (filter->query != NULL && !row_has_word (row, filter->query)))
    return FALSE;
  if (filter->email != NULL)
    {
      const char *email = json_text (row->data, "email");
      if (email == NULL || g_ascii_strcasecmp (email, filter->email) != 0)
        return FALSE;
    }
  return (filter->group == 0 && filter->place == 0)
         || has_right_in (filter->kisi, row->id, filter->group, filter->place);
}

static gboolean
right_matches (const Filter *filter, const Row *row)
{
  if ((filter->user != 0 && row->key1 != filter->user)
      || (filter->group != 0 && row->key2 != filter->group))
    return FALSE;
  /* An id filter needs its type beside it. */
  if (filter->assignee_type != NULL
      && (!is_text (row->data, "assignee_type", filter->assignee_type)
          || (filter->assignee != 0 && json_int (row->data, "assignee_id", 0) != filter->assignee)))
    return FALSE;
  if (filter->applies_to_type != NULL
      && (!is_text (row->data, "applies_to_type", filter->applies_to_type)
          || (filter->applies_to != 0
              && json_int (row->data, "applies_to_id", 0) != filter->applies_to)))
    return FALSE;
  if (filter->scope != NULL
      && g_ascii_strcasecmp (json_text (row->data, "applies_to_type"), filter->scope) != 0)
    return FALSE;
  if (filter->expired_before != LK_TIME_NONE && row->until != LK_TIME_NONE
      && row->until <= filter->expired_before)
    return FALSE;
  if (filter->place != 0)
    {
      const Row *group = table_get (ki_rows (filter->kisi, KI_GROUPS), row->key2);
      if (group == NULL || group->key1 != filter->place)
        return FALSE;
    }
  if (filter->query != NULL)
    {
      const Row *user = table_get (ki_rows (filter->kisi, KI_USERS), row->key1);
      if (user == NULL || !row_has_word (user, filter->query))
        return FALSE;
    }
  return is_text (row->data, "role_id", filter->role);
}

static gboolean
matches (const Filter *filter, const Row *row)
{
  if (filter->ids != NULL && !g_hash_table_contains (filter->ids, &row->id))
    return FALSE;
  if (filter->table == KI_USERS)
    return user_matches (filter, row);
  if (filter->table == KI_RIGHTS)
    return right_matches (filter, row);
  if (filter->table == KI_GROUP_LOCKS)
    return row->key1 == filter->group;
  if (filter->table == KI_SCHEDULES)
    return is_text (row->data, "consequence", filter->consequence)
           && is_text (row->data, "scheduleable_type", filter->scheduleable_type)
           && (filter->scheduleable == 0
               || json_int (row->data, "scheduleable_id", 0) == filter->scheduleable);
  if (filter->query != NULL && !text_has (row->data, "name", filter->query))
    return FALSE;
  if (filter->place != 0 && row->key1 != filter->place)
    return FALSE;
  if (filter->scope != NULL && (row->key1 == 0) != g_str_equal (filter->scope, "organization"))
    return FALSE;
  return filter->lock == 0 || ki_group_lock (filter->kisi, row->id, filter->lock) != NULL;
}

static gint
by_name (gconstpointer a, gconstpointer b, gpointer descending)
{
  const Row *left = *(Row *const *) a, *right = *(Row *const *) b;
  gint order = g_strcmp0 (json_text (left->data, "name"), json_text (right->data, "name"));
  return descending ? -order : order;
}

/* FALSE: answered, the page is not to be had. */
static gboolean
read_page (Call *call, KiTable table, gint64 *limit, gint64 *offset)
{
  gint64 max = ki_infos[table].limit_max;
  *limit = call_query_int (call, "limit", ki_infos[table].limit);
  *offset = MAX (0, call_query_int (call, "offset", 0));
  if (*limit < 1)
    *limit = ki_infos[table].limit;
  if ((*limit > max || *offset > OFFSET_MAX) && !switch_is (call->sandbox, SW_KI_LIMIT, "clamp"))
    {
      if (switch_is (call->sandbox, SW_KI_LIMIT, "400"))
        ki_error (call, 400, "ffffff", "The page is out of bounds.");
      else
        ki_invalid (call, "limit", "is out of bounds");
      return FALSE;
    }
  *limit = MIN (*limit, max);
  *offset = MIN (*offset, OFFSET_MAX);
  return TRUE;
}

static void
range_header (Call *call, gint64 offset, gint64 limit, gint64 total)
{
  char text[96];
  if ((total == 0 && switch_is (call->sandbox, SW_KI_RANGE_EMPTY, "absent"))
      || switch_is (call->sandbox, SW_KI_RANGE, "absent"))
    return;
  if (total == 0 && switch_is (call->sandbox, SW_KI_RANGE_EMPTY, "star"))
    g_strlcpy (text, "*/0", sizeof text);
  else
    g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                offset, offset + limit - 1, total);
  call_header (call, "X-Collection-Range", text);
}

/* --- which rows ------------------------------------------------------------------------------- */

static gint64
right_user (const Filter *filter)
{
  gboolean by_type = g_strcmp0 (filter->assignee_type, "User") == 0;
  return filter->user != 0 ? filter->user : by_type ? filter->assignee : 0;
}

static gint64
right_group (const Filter *filter)
{
  gboolean by_type = g_strcmp0 (filter->applies_to_type, "Group") == 0;
  return filter->group != 0 ? filter->group : by_type ? filter->applies_to : 0;
}

/* The fewest rows that an index gives: what does not match may still be among them. Unref it. */
static GPtrArray *
candidates (const Filter *filter)
{
  Table *table = ki_rows (filter->kisi, filter->table);
  gint64 user = right_user (filter), group = right_group (filter);
  if (filter->table == KI_USERS && filter->query != NULL)
    return table_search (table, filter->query);
  if (filter->table == KI_USERS && filter->email != NULL)
    {
      Row *row = table_by_name (table, filter->email);
      GPtrArray *one = g_ptr_array_new ();
      if (row != NULL)
        g_ptr_array_add (one, row);
      return one;
    }
  if (filter->table == KI_RIGHTS && user != 0)
    return g_ptr_array_ref (table_rows_of (table, 1, user));
  if (filter->table == KI_RIGHTS && group != 0)
    return g_ptr_array_ref (table_rows_of (table, 2, group));
  if (filter->table == KI_GROUP_LOCKS)
    return g_ptr_array_ref (table_rows_of (table, 1, filter->group));
  return g_ptr_array_ref (table_rows (table));
}

/* Whether all candidates match: then a page of a long list costs no more than the page. */
static gboolean
is_exact (const Call *call, const Filter *filter)
{
  const KiLogin *login = call->login;
  gboolean plain = login->places == NULL && filter->ids == NULL && filter->query == NULL
                   && filter->scope == NULL && filter->place == 0
                   && call->sandbox->limits[LIM_KI_LIST_LAG] == 0;
  if (filter->table == KI_USERS)
    return plain && filter->email == NULL && filter->user == 0 && filter->group == 0;
  if (filter->table != KI_RIGHTS || !plain || filter->role != NULL
      || filter->expired_before != LK_TIME_NONE)
    return FALSE;
  guint n_user = (filter->user != 0) + (filter->assignee_type != NULL);
  guint n_group = (filter->group != 0) + (filter->applies_to_type != NULL);
  return n_user + n_group == 1 && (n_user == 1 ? right_user (filter) : right_group (filter)) != 0;
}

/* ROWS as a list shows them that does not know the newest: without what was just made, with what
 * just went. */
static void
lag_behind (const Call *call, const Filter *filter, GPtrArray *rows)
{
  Kisi *kisi = call->sandbox->kisi;
  LkTime known = sandbox_now (call->sandbox) - call->sandbox->limits[LIM_KI_LIST_LAG];
  guint n = 0;
  for (guint i = 0; i < rows->len; i++)
    if (ki_time (((Row *) rows->pdata[i])->data, "created_at") <= known)
      rows->pdata[n++] = rows->pdata[i];
  g_ptr_array_set_size (rows, (gint) n);
  for (guint i = 0; i < kisi->ghosts->len; i++)
    {
      KiGhost *ghost = kisi->ghosts->pdata[i];
      if (ghost->table == filter->table && ghost->gone_at > known
          && ki_time (ghost->row.data, "created_at") <= known && matches (filter, &ghost->row)
          && ki_sees (call, filter->table, &ghost->row))
        g_ptr_array_add (rows, &ghost->row);
    }
  g_ptr_array_sort (rows, row_by_id);
}

static GPtrArray *
select_rows (const Call *call, const Filter *filter)
{
  g_autoptr (GPtrArray) rows = candidates (filter);
  if (is_exact (call, filter))
    return g_steal_pointer (&rows);
  GPtrArray *found = g_ptr_array_new ();
  for (guint i = 0; i < rows->len; i++)
    if (matches (filter, rows->pdata[i]) && ki_sees (call, filter->table, rows->pdata[i]))
      g_ptr_array_add (found, rows->pdata[i]);
  if (call->sandbox->limits[LIM_KI_LIST_LAG] > 0)
    lag_behind (call, filter, found);
  return found;
}

/* ROWS, borrowed, by name when that was asked. Unref it. */
static GPtrArray *
in_order (const Call *call, GPtrArray *rows)
{
  const char *sort = lk_server_query (call->request, "sort");
  if (sort == NULL || !g_str_equal (sort + (*sort == '-'), "name"))
    return g_ptr_array_ref (rows);
  GPtrArray *sorted = g_ptr_array_new ();
  g_ptr_array_extend (sorted, rows, NULL, NULL);
  g_ptr_array_sort_with_data (sorted, by_name, GINT_TO_POINTER (*sort == '-'));
  return sorted;
}

void
ki_list (Call *call, KiTable table)
{
  Kisi *kisi = call->sandbox->kisi;
  gint64 limit, offset;
  if (!read_page (call, table, &limit, &offset))
    return;
  Filter filter = read_filter (call, table);
  g_autoptr (GPtrArray) matching = select_rows (call, &filter);
  g_autoptr (GPtrArray) found = in_order (call, matching);
  filter_clear (&filter);

  gint64 total = found->len, first = offset;
  if (call->fault.effect == EFFECT_REPEAT_PAGE)
    first = 0;
  if (call->fault.effect == EFFECT_SHIFT && offset > 0)
    first++;
  if (call->fault.effect == EFFECT_MOVING_TOTAL)
    total += call->fault.hits;
  if (call->fault.effect == EFFECT_SHIFT_BACK && offset > 0)
    first--;
  if (call->fault.effect == EFFECT_SHRINKING_TOTAL)
    total = MAX (0, total - (gint64) call->fault.hits);
  range_header (call, offset, limit, total);
  json_t *out = json_array ();
  gint64 end = call->fault.effect == EFFECT_EMPTY_PAGE   ? first
               : call->fault.effect == EFFECT_FEWER_ROWS ? MIN (first + 1, (gint64) found->len)
                                                         : MIN (first + limit, (gint64) found->len);
  for (gint64 i = first; i < end; i++)
    json_array_append_new (out, ki_render (kisi, table, found->pdata[i]));
  call_reply (call, 200, out);
}
