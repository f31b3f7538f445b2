/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * RFC 3339 text to milliseconds and back. Every message passes here several times, so there is no
 * GDateTime, no allocation and no locale: fixed positions and integer arithmetic. The civil
 * calendar is computed in 400-year eras with years that begin in March, so that the leap day is
 * the last of a year.
 */
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

#include "civil.h"

#include <stdio.h>
#include <string.h>

#define MIN_TIME (-62135596800 * LK_SECOND)       /* 0001-01-01T00:00:00Z */
#define MAX_TIME (253402300800 * LK_SECOND - 1)   /* 9999-12-31T23:59:59.999Z */
#define QUOTED_MAX 40

static const char *const accepted = "0123456789-+:.TtZz ";

/* The text is quoted only when it is made of what times are made of: it may come from a message
 * that has a name or an address in the wrong place. */
static gboolean
fail_at (GError **error, const char *text, gsize len, gsize at, const char *what)
{
  gboolean quotable = len > 0 && len <= QUOTED_MAX;

  for (gsize i = 0; quotable && i < len; i++)
    quotable = text[i] != '\0' && strchr (accepted, text[i]) != NULL;
  if (quotable)
    return lk_fail (error, LK_ERROR_REJECT, "not an RFC 3339 time: '%.*s': %s at byte %" G_GSIZE_FORMAT,
                    (int) len, text, what, at);
  return lk_fail (error, LK_ERROR_REJECT, "not an RFC 3339 time (%" G_GSIZE_FORMAT " bytes): %s at byte %" G_GSIZE_FORMAT,
                  len, what, at);
}

/* N decimal digits at TEXT, or -1. The caller has checked the length. */
static inline int
digits (const char *text, int n)
{
  int value = 0;

  for (int i = 0; i < n; i++)
    {
      unsigned digit = (unsigned) (text[i] - '0');

      if (digit > 9)
        return -1;
      value = value * 10 + (int) digit;
    }
  return value;
}

/* Reads "", "Z", "+hh", "+hhmm" or "+hh:mm" at AT to the end of the text. */
static const char *
read_offset (const char *text, gsize len, gsize at, int *out_minutes)
{
  gsize left = len - at;
  int hours, minutes = 0;

  *out_minutes = 0;
  if (left == 0 || (left == 1 && (text[at] == 'Z' || text[at] == 'z')))
    return NULL;
  if (text[at] != '+' && text[at] != '-')
    return "expected 'Z', an offset or the end";
  if (left != 3 && left != 5 && !(left == 6 && text[at + 3] == ':'))
    return "the offset is not like '+02:00'";
  hours = digits (text + at + 1, 2);
  if (left > 3)
    minutes = digits (text + len - 2, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return "the offset is not like '+02:00'";
  *out_minutes = hours * 60 + minutes;
  if (text[at] == '-')
    *out_minutes = -*out_minutes;
  return NULL;
}

/* Milliseconds of the fraction whose first digit is at *AT; -1 when it has none or over nine. */
static int
read_fraction (const char *text, gsize len, gsize *at)
{
  gsize start = *at, end = start;
  int ms = 0;

  while (end < len && g_ascii_isdigit (text[end]))
    end++;
  if (end == start || end - start > 9)
    return -1;
  for (gsize i = 0; i < 3; i++)
    ms = ms * 10 + (start + i < end ? text[start + i] - '0' : 0);
  *at = end;
  return ms;
}

gboolean
lk_time_parse (const char *text, gsize len, LkTime *out, GError **error)
{
  int year, month, day, hour, minute, second, ms = 0, offset;
  gsize at = 19;
  const char *wrong;
  LkTime time;

  if (len < 19)
    return fail_at (error, text, len, len, "too short, expected 'YYYY-MM-DDThh:mm:ss'");
  year = digits (text, 4);
  month = digits (text + 5, 2);
  day = digits (text + 8, 2);
  hour = digits (text + 11, 2);
  minute = digits (text + 14, 2);
  second = digits (text + 17, 2);
  if (year < 1)
    return fail_at (error, text, len, 0, "the year is not 0001 to 9999");
  if (text[4] != '-')
    return fail_at (error, text, len, 4, "expected '-'");
  if (month < 1 || month > 12)
    return fail_at (error, text, len, 5, "the month is not 01 to 12");
  if (text[7] != '-')
    return fail_at (error, text, len, 7, "expected '-'");
  if (day < 1 || day > lk_civil_month_days (year, month))
    return fail_at (error, text, len, 8, "that month has no such day");
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ')
    return fail_at (error, text, len, 10, "expected 'T'");
  if (hour < 0 || hour > 23)
    return fail_at (error, text, len, 11, "the hour is not 00 to 23");
  if (text[13] != ':')
    return fail_at (error, text, len, 13, "expected ':'");
  if (minute < 0 || minute > 59)
    return fail_at (error, text, len, 14, "the minute is not 00 to 59");
  if (text[16] != ':')
    return fail_at (error, text, len, 16, "expected ':'");
  if (second < 0 || second > 60) /* 60: RFC 3339 has leap seconds; it is the next minute here */
    return fail_at (error, text, len, 17, "the second is not 00 to 60");
  if (len > 19 && text[19] == '.')
    {
      at = 20;
      ms = read_fraction (text, len, &at);
      if (ms < 0)
        return fail_at (error, text, len, 20, "the fraction does not have 1 to 9 digits");
    }
  wrong = read_offset (text, len, at, &offset);
  if (wrong != NULL)
    return fail_at (error, text, len, at, wrong);

  time = lk_civil_to_days (year, month, day) * LK_DAY + hour * LK_HOUR
         + (minute - offset) * LK_MINUTE + second * LK_SECOND + ms;
  if (time < MIN_TIME || time > MAX_TIME)
    return fail_at (error, text, len, 0, "in UTC the year is not 0001 to 9999");
  *out = time;
  return TRUE;
}

static inline char *
put_digits (char *at, int value, int n)
{
  for (int i = n - 1; i >= 0; i--)
    {
      at[i] = (char) ('0' + value % 10);
      value /= 10;
    }
  return at + n;
}

const char *
lk_time_format (LkTime time, char buf[LK_TIME_TEXT])
{
  gint64 days;
  int year, month, day, ms;
  char *at = buf;

  if (time < MIN_TIME || time > MAX_TIME)
    {
      (void) g_strlcpy (buf, time == LK_TIME_NONE ? "none" : "out of range", LK_TIME_TEXT);
      return buf;
    }
  days = lk_floor_div (time, LK_DAY);
  ms = (int) (time - days * LK_DAY);
  lk_civil_from_days (days, &year, &month, &day);
  at = put_digits (at, year, 4);
  *at++ = '-';
  at = put_digits (at, month, 2);
  *at++ = '-';
  at = put_digits (at, day, 2);
  *at++ = 'T';
  at = put_digits (at, ms / 3600000, 2);
  *at++ = ':';
  at = put_digits (at, ms / 60000 % 60, 2);
  *at++ = ':';
  at = put_digits (at, ms / 1000 % 60, 2);
  if (ms % 1000 != 0)
    {
      *at++ = '.';
      at = put_digits (at, ms % 1000, 3);
    }
  *at++ = 'Z';
  *at = '\0';
  return buf;
}

gboolean
lk_time_is_midnight_utc (LkTime time)
{
  return time != LK_TIME_NONE && time % LK_DAY == 0;
}
