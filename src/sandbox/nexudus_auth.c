/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who may call Nexudus: users, tokens, roles, limits (nexudus-api.md §1, §2.6).
 */
#include "nexudus.h"

#include <string.h>

typedef struct
{
  char *text;
  NxUser *user;
  LkTime until;
  gint64 calls; /* made with it */
} NxToken;

static void
rates_clear (NxRates *rates)
{
  rate_window_clear (&rates->per_100ms);
  rate_window_clear (&rates->per_minute);
  rate_window_clear (&rates->per_hour);
  rate_window_clear (&rates->writes_minute);
  rate_window_clear (&rates->writes_day);
}

static void
rates_free (gpointer rates)
{
  rates_clear (rates);
  g_free (rates);
}

static void
user_free (gpointer data)
{
  NxUser *user = data;
  g_free (user->email);
  g_free (user->password);
  g_free (user->totp);
  g_clear_pointer (&user->roles, g_hash_table_unref);
  rates_clear (&user->rates);
  g_hash_table_unref (user->by_path);
  g_free (user);
}

static void
token_free (gpointer data)
{
  NxToken *token = data;
  g_free (token->text);
  g_free (token);
}

static NxToken *
token_new (Nexudus *nexudus, NxUser *user, gint64 life_s)
{
  g_autofree char *first = uuid_text ();
  g_autofree char *second = uuid_text ();
  NxToken *token = g_new0 (NxToken, 1);
  token->text = g_strconcat (first, second, NULL);
  token->user = user;
  token->until = sandbox_now (nexudus->sandbox) + life_s * LK_SECOND;
  return token;
}

void
nx_auth_init (Nexudus *nexudus)
{
  nexudus->users = g_ptr_array_new_with_free_func (user_free);
  nexudus->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, token_free);
  nexudus->refresh = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, token_free);
}

void
nx_auth_free (Nexudus *nexudus)
{
  g_hash_table_unref (nexudus->tokens);
  g_hash_table_unref (nexudus->refresh);
  g_ptr_array_unref (nexudus->users);
}

void
nx_expire_tokens (Nexudus *nexudus, gboolean refresh_too)
{
  g_hash_table_remove_all (nexudus->tokens);
  if (refresh_too)
    g_hash_table_remove_all (nexudus->refresh);
}

void
nx_users_load (Nexudus *nexudus, const json_t *list)
{
  nx_expire_tokens (nexudus, TRUE);
  g_ptr_array_set_size (nexudus->users, 0);
  json_incref ((json_t *)list);
  json_decref (nexudus->users_spec);
  nexudus->users_spec = (json_t *)list;
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      const json_t *spec = json_array_get (list, i);
      const json_t *roles = json_object_get (spec, "roles");
      NxUser *user = g_new0 (NxUser, 1);
      user->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, rates_free);
      user->email = g_strdup (json_text (spec, "email"));
      user->password = g_strdup (json_text (spec, "password"));
      user->totp = g_strdup (json_text (spec, "totp"));
      user->api_access = json_flag (spec, "api_access", TRUE);
      if (json_is_array (roles))
        user->roles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      for (gsize j = 0; j < json_array_size (roles); j++)
        g_hash_table_add (user->roles, g_strdup (json_string_value (json_array_get (roles, j))));
      g_ptr_array_add (nexudus->users, user);
    }
}

gboolean
nx_user_may (const NxUser *user, const char *entity, const char *what)
{
  g_autofree char *role = g_strdup_printf ("%s-%s", entity, what);
  return user->roles == NULL || g_hash_table_contains (user->roles, role);
}

static NxUser *
find_user (Nexudus *nexudus, const char *email, const char *password)
{
  for (guint i = 0; email != NULL && password != NULL && i < nexudus->users->len; i++)
    {
      NxUser *user = nexudus->users->pdata[i];
      if (user->email != NULL && g_ascii_strcasecmp (user->email, email) == 0
          && g_strcmp0 (user->password, password) == 0)
        return user;
    }
  return NULL;
}

/* --- POST /api/token -------------------------------------------------------------------------- */

static GHashTable *
parse_form (const char *body)
{
  GHashTable *form = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) pairs = g_strsplit (body, "&", -1);
  for (char **pair = pairs; *pair != NULL; pair++)
    {
      char *equals = strchr (*pair, '=');
      if (equals == NULL)
        continue;
      *equals = '\0';
      g_autofree char *value = g_strdelimit (g_strdup (equals + 1), "+", ' ');
      char *name = g_uri_unescape_string (*pair, NULL);
      char *text = g_uri_unescape_string (value, NULL);
      if (name != NULL && text != NULL)
        g_hash_table_insert (form, name, text);
      else
        {
          g_free (name);
          g_free (text);
        }
    }
  return form;
}

static void
token_error (Call *call, const char *error, const char *description)
{
  guint status = switch_is (call->sandbox, SW_NX_TOKEN_STATUS, "401") ? 401 : 400;
  call_reply (call, status,
              json_pack ("{s:s,s:s}", "error", error, "error_description", description));
}

static void
give_tokens (Call *call, NxUser *user, const char *client_id)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  gint64 life = call->sandbox->limits[LIM_NX_TOKEN_LIFE];
  NxToken *access = token_new (nexudus, user, life);
  NxToken *refresh = token_new (nexudus, user, call->sandbox->limits[LIM_NX_REFRESH_LIFE]);
  call_reply (call, 200,
              json_pack ("{s:s,s:s,s:I,s:s}", "access_token", access->text, "token_type", "bearer",
                         "expires_in", (json_int_t)life, "refresh_token", refresh->text));
  g_hash_table_insert (nexudus->tokens, access->text, access);
  g_hash_table_insert (nexudus->refresh, g_strdup (client_id), refresh); /* ends the one before */
}

static void
refresh_tokens (Call *call, GHashTable *form, const char *client_id)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const char *text = g_hash_table_lookup (form, "refresh_token");
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, nexudus->refresh);
  while (text != NULL && g_hash_table_iter_next (&iter, &key, &value))
    {
      const NxToken *token = value;
      const char *mine = client_id != NULL ? client_id
                         : switch_is (call->sandbox, SW_NX_CLIENT_ID, "header")
                             ? ""
                             : token->user->email;
      if (!g_str_equal (token->text, text) || !g_str_equal (mine, key)
          || token->until <= sandbox_now (call->sandbox))
        continue;
      g_autofree char *id = g_strdup (key);
      give_tokens (call, token->user, id);
      return;
    }
  token_error (call, "invalid_grant", "The refresh token is not valid.");
}

/* The older pages know a header, the newer one a parameter. */
static const char *
read_client_id (const Call *call, GHashTable *form)
{
  const char *header = lk_server_header (call->request, "client_id");
  const char *parameter = g_hash_table_lookup (form, "client_id");
  if (switch_is (call->sandbox, SW_NX_CLIENT_ID, "header"))
    return header;
  if (switch_is (call->sandbox, SW_NX_CLIENT_ID, "parameter"))
    return parameter;
  return header != NULL ? header : parameter;
}

void
nx_token (Call *call)
{
  const char *type = lk_server_header (call->request, "Content-Type");
  g_autoptr (GHashTable) form = parse_form (lk_server_body (call->request, NULL));
  const char *grant = g_hash_table_lookup (form, "grant_type");
  const char *client_id = read_client_id (call, form);
  if (!call_is (call, "POST"))
    {
      call_reply (call, 405, NULL);
      return;
    }
  if (type == NULL || !g_str_has_prefix (type, "application/x-www-form-urlencoded")
      || grant == NULL)
    {
      token_error (call, "unsupported_grant_type", "The grant type is not supported.");
      return;
    }
  if (g_str_equal (grant, "refresh_token"))
    {
      refresh_tokens (call, form, client_id);
      return;
    }
  if (!g_str_equal (grant, "password"))
    {
      token_error (call, "unsupported_grant_type", "The grant type is not supported.");
      return;
    }
  NxUser *user = find_user (call->sandbox->nexudus, g_hash_table_lookup (form, "username"),
                            g_hash_table_lookup (form, "password"));
  if (user == NULL || !user->api_access)
    token_error (call, "invalid_grant", "The user name or password is incorrect.");
  else if (user->totp != NULL && g_strcmp0 (user->totp, g_hash_table_lookup (form, "totp")) != 0)
    token_error (call, "two_factor_auth_check", "A two-factor code is required.");
  else
    give_tokens (call, user, client_id != NULL ? client_id : user->email);
}

/* --- every other call ------------------------------------------------------------------------- */

static NxUser *
basic_user (Nexudus *nexudus, const char *encoded)
{
  gsize len;
  g_autofree guchar *bytes = g_base64_decode (encoded, &len);
  g_autofree char *text = g_strndup ((const char *)bytes, len);
  char *colon = strchr (text, ':');
  if (colon == NULL)
    return NULL;
  *colon = '\0';
  return find_user (nexudus, text, colon + 1);
}

static NxUser *
authenticate (Call *call)
{
  Nexudus *nexudus = call->sandbox->nexudus;
  const char *text = lk_server_header (call->request, "Authorization");
  if (text == NULL)
    return NULL;
  if (g_ascii_strncasecmp (text, "Basic ", 6) == 0)
    return switch_is (call->sandbox, SW_NX_BASIC, "accepted") ? basic_user (nexudus, text + 6)
                                                              : NULL;
  if (g_ascii_strncasecmp (text, "Bearer ", 7) != 0)
    return NULL;
  gint64 most = call->sandbox->limits[LIM_NX_TOKEN_CALLS];
  NxToken *token = g_hash_table_lookup (nexudus->tokens, text + 7);
  if (token == NULL || token->until <= sandbox_now (call->sandbox)
      || (most > 0 && token->calls >= most))
    return NULL;
  token->calls++;
  return token->user;
}

static void
throttle (Call *call, gint64 wait_ms)
{
  const Sandbox *sandbox = call->sandbox;
  guint status = g_str_has_prefix (sandbox->switches[SW_NX_THROTTLE], "409") ? 409 : 429;
  char text[64];
  if (g_str_has_suffix (sandbox->switches[SW_NX_THROTTLE], "retry_after"))
    {
      g_snprintf (text, sizeof text, "%d", (int)((wait_ms + 999) / 1000));
      call_header (call, "Retry-After", text);
      call_reply (call, status, NULL);
    }
  else if (g_str_has_suffix (sandbox->switches[SW_NX_THROTTLE], "text"))
    call_reply (call, status,
                json_pack ("{s:o}", "Message",
                           json_sprintf ("Too many requests. Wait %d.%d seconds.",
                                         (int)(wait_ms / 1000), (int)(wait_ms % 1000 / 100))));
  else
    call_reply (call, status, NULL);
}

/* What is counted together: a login's calls, or those of a login to one path. */
static NxRates *
rates_of (const Call *call, NxUser *user)
{
  if (switch_is (call->sandbox, SW_NX_LIMIT_SCOPE, "login"))
    return &user->rates;
  NxRates *rates = g_hash_table_lookup (user->by_path, call->path);
  if (rates == NULL)
    {
      rates = g_new0 (NxRates, 1);
      g_hash_table_insert (user->by_path, g_strdup (call->path), rates);
    }
  return rates;
}

static gboolean
within_limits (Call *call, NxUser *user)
{
  NxRates *rates = rates_of (call, user);
  const gint64 *limits = call->sandbox->limits;
  gint64 now = sandbox_steady (call->sandbox);
  struct
  {
    RateWindow *window;
    gint64 n, period_ms;
    gboolean writes;
  } rules[] = {
    { &rates->per_100ms, limits[LIM_NX_100MS], 100, FALSE },
    { &rates->per_minute, limits[LIM_NX_MINUTE], LK_MINUTE, FALSE },
    { &rates->per_hour, limits[LIM_NX_HOUR], LK_HOUR, FALSE },
    { &rates->writes_minute, limits[LIM_NX_WRITES_MINUTE], LK_MINUTE, TRUE },
    { &rates->writes_day, limits[LIM_NX_WRITES_DAY], LK_DAY, TRUE },
  };
  gint64 wait = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (!rules[i].writes || call_writes (call))
      wait = MAX (wait, rate_window_wait (rules[i].window, RATE_SLIDING, rules[i].n,
                                          rules[i].period_ms, now));
  if (wait > 0)
    {
      throttle (call, wait);
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (!rules[i].writes || call_writes (call))
      rate_window_take (rules[i].window, RATE_SLIDING, rules[i].n, rules[i].period_ms, now);
  return TRUE;
}

NxUser *
nx_login (Call *call)
{
  NxUser *user = authenticate (call);
  if (user == NULL || !user->api_access)
    {
      call_reply (
          call, 401,
          json_pack ("{s:s}", "Message", "Authorization has been denied for this request."));
      return NULL;
    }
  return within_limits (call, user) ? user : NULL;
}
