/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What a login answers (nexudus-api.md §1), checked: both tokens go into a request by themselves,
 * so nothing may be in them that would end a header's line.
 */
#include <latchkey/nexudus/nexudus.h>

#include <latchkey/model/json.h>
#include <string.h>

#define DEFAULT_LIFE_S 3600
#define MAX_LIFE_S (30 * 86400)
#define WORD_MAX 64

/* RFC 6749, appendix A.12 and A.17: any visible ASCII character, and the space inside. */
static gboolean
check_token (const char *key, const char *token, GError **error)
{
  if (*token == '\0')
    return lk_fail (error, LK_ERROR_REJECT, "%s: is empty", key);
  for (const char *at = token; *at != '\0'; at++)
    if (*at < ' ' || *at > '~')
      return lk_fail (error, LK_ERROR_REJECT,
                      "%s: character %" G_GSIZE_FORMAT " can't be in a token", key,
                      (gsize) (at - token) + 1);
  return TRUE;
}

gboolean
lk_nexudus_token_parse (LkNexudusToken *out, const char *body, gsize len, GError **error)
{
  g_autoptr (json_t) root = lk_json_parse (body, len, LK_HTTP_BODY_MAX, error);
  const char *access, *refresh;
  gint64 life;

  *out = (LkNexudusToken){ 0 };
  if (root == NULL)
    return FALSE;
  if (!json_is_object (root))
    return lk_fail (error, LK_ERROR_REJECT, "expected an object");
  if (!lk_json_get_string (root, "access_token", &access, error)
      || !check_token ("access_token", access, error)
      || !lk_json_get_string_opt (root, "refresh_token", &refresh, error)
      || (refresh != NULL && !check_token ("refresh_token", refresh, error))
      || !lk_json_get_int_opt (root, "expires_in", DEFAULT_LIFE_S, &life, error))
    return FALSE;
  out->access = g_strdup (access);
  out->refresh = g_strdup (refresh);
  out->life_ms = CLAMP (life, 1, MAX_LIFE_S) * 1000;
  return TRUE;
}

void
lk_nexudus_token_clear (LkNexudusToken *token)
{
  lk_secret_free (token->access);
  lk_secret_free (token->refresh);
  *token = (LkNexudusToken){ 0 };
}

static gboolean
is_word (const char *text)
{
  gsize len = strlen (text);

  return len > 0 && len <= WORD_MAX && strspn (text, "abcdefghijklmnopqrstuvwxyz_") == len;
}

/* Only the word is shown: "error_description" may name the user. */
char *
lk_nexudus_refusal_word (const char *body, gsize len)
{
  g_autoptr (json_t) root = lk_json_parse (body, len, LK_HTTP_BODY_MAX, NULL);
  const char *word = NULL;

  if (json_is_object (root))
    (void) lk_json_get_string_opt (root, "error", &word, NULL);
  return word != NULL && is_word (word) ? g_strdup (word) : NULL;
}
