/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Headers that say a time. Apart from the client, so that tests which play it have them too.
 */
#include <latchkey/http/client.h>

gint64
lk_http_retry_after_ms (const LkHttpResponse *response)
{
  const char *text = lk_http_header (response->call, "Retry-After");
  char *end = NULL;
  double seconds;
  time_t date;

  if (text == NULL)
    return -1;
  seconds = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0')
    return seconds >= 0 && seconds < 86400 ? (gint64) (seconds * 1000) : -1;
  date = curl_getdate (text, NULL);
  return date < 0 ? -1 : CLAMP ((gint64) date * 1000 - response->started_at, 0, LK_DAY);
}

LkTime
lk_http_date (const LkHttpResponse *response)
{
  const char *text = lk_http_header (response->call, "Date");
  time_t date = text == NULL ? -1 : curl_getdate (text, NULL);

  return date < 0 ? LK_TIME_NONE : (LkTime) date * 1000;
}
