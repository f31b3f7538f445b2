/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Access reports, access changes and rejects as JSON.
 */
#include <latchkey/model/report.h>

#include "shape.h"
#include "write.h"

#include <string.h>

#define SOURCES_MAX 4096

static const LkField report_fields[] = {
  LK_FIELD (TEXT, LkAccessReport, id),
  LK_FIELD (ID, LkAccessReport, revision),
  LK_FIELD (TEXT, LkAccessReport, space),
  LK_FIELD (TIME, LkAccessReport, occurred_at),
  LK_FIELD (TIME, LkAccessReport, observed_at),
  LK_FIELD (TEXT, LkAccessReport, business_date),
  LK_FIELD (TEXT, LkAccessReport, event),
  LK_FIELD (TEXT_NULL, LkAccessReport, result),
  LK_FIELD (TEXT_NULL, LkAccessReport, code),
  LK_FIELD (ID_NULL, LkAccessReport, door_id),
  LK_FIELD (TEXT_NULL, LkAccessReport, door_name),
  LK_FIELD (ID, LkAccessReport, place_id),
  LK_FIELD (TEXT, LkAccessReport, actor),
  LK_FIELD (ID_NULL, LkAccessReport, kisi_user_id),
  LK_FIELD (ID_NULL, LkAccessReport, member_id),
  LK_FIELD (TEXT_NULL, LkAccessReport, credential),
  LK_FIELD (TEXT_NULL, LkAccessReport, reason),
  LK_FIELD (TEXT_NULL, LkAccessReport, basis),
  LK_FIELD (TEXTS, LkAccessReport, sources, .max = SOURCES_MAX),
  LK_FIELD (ID_NULL, LkAccessReport, group_id),
  LK_FIELD_AS ("valid_from", TIME_NULL, LkAccessReport, window.from),
  LK_FIELD_AS ("valid_until", TIME_NULL, LkAccessReport, window.until),
};

const LkShape lk_access_report_shape
    = { report_fields, G_N_ELEMENTS (report_fields), sizeof (LkAccessReport), -1, NULL };

gboolean
lk_access_report_parse (LkAccessReport *out, const char *json, gsize len, GError **error)
{
  LkAccessReport report;

  if (!lk_shape_parse (&lk_access_report_shape, &report, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = report;
  return TRUE;
}

void
lk_access_report_write (const LkAccessReport *report, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "id", report->id);
  lk_json_int (&writer, "revision", report->revision);
  lk_json_string (&writer, "space", report->space);
  lk_json_time (&writer, "occurred_at", report->occurred_at);
  lk_json_time (&writer, "observed_at", report->observed_at);
  lk_json_string (&writer, "business_date", report->business_date);
  lk_json_string (&writer, "event", report->event);
  lk_json_string (&writer, "result", report->result);
  lk_json_string (&writer, "code", report->code);
  lk_json_id (&writer, "door_id", report->door_id);
  lk_json_string (&writer, "door_name", report->door_name);
  lk_json_id (&writer, "place_id", report->place_id);
  lk_json_string (&writer, "actor", report->actor);
  lk_json_id (&writer, "kisi_user_id", report->kisi_user_id);
  lk_json_id (&writer, "member_id", report->member_id);
  lk_json_string (&writer, "credential", report->credential);
  lk_json_string (&writer, "reason", report->reason);
  lk_json_string (&writer, "basis", report->basis);
  lk_json_texts (&writer, "sources", report->sources);
  lk_json_id (&writer, "group_id", report->group_id);
  lk_json_time (&writer, "valid_from", report->window.from);
  lk_json_time (&writer, "valid_until", report->window.until);
  lk_json_end_object (&writer);
}

void
lk_access_report_clear (LkAccessReport *report)
{
  lk_shape_clear (&lk_access_report_shape, report);
}

static const LkField cause_fields[] = { { .name = "why", .name_len = 3, .type = LK_F_TEXT_NULL } };

static const LkShape cause_shape = { cause_fields, 1, sizeof (char *), -1, NULL };

static const LkField change_fields[] = {
  LK_FIELD (TEXT, LkAccessChange, id),
  LK_FIELD (TEXT, LkAccessChange, space),
  LK_FIELD (TIME, LkAccessChange, occurred_at),
  LK_FIELD (TEXT, LkAccessChange, change),
  LK_FIELD (ID_NULL, LkAccessChange, member_id),
  LK_FIELD (ID_NULL, LkAccessChange, kisi_user_id),
  LK_FIELD (ID_NULL, LkAccessChange, group_id),
  LK_FIELD (ID_NULL, LkAccessChange, right_id),
  LK_FIELD_AS ("valid_from", TIME_NULL, LkAccessChange, window.from),
  LK_FIELD_AS ("valid_until", TIME_NULL, LkAccessChange, window.until),
  LK_FIELD (TEXTS, LkAccessChange, sources, .max = SOURCES_MAX),
  LK_FIELD (OBJECT, LkAccessChange, cause, .shape = &cause_shape),
  LK_FIELD (PAIR, LkAccessChange, version),
};

const LkShape lk_access_change_shape
    = { change_fields, G_N_ELEMENTS (change_fields), sizeof (LkAccessChange), -1, NULL };

gboolean
lk_access_change_parse (LkAccessChange *out, const char *json, gsize len, GError **error)
{
  LkAccessChange change;

  if (!lk_shape_parse (&lk_access_change_shape, &change, json, len, LK_RECORD_MAX, error))
    return FALSE;
  *out = change;
  return TRUE;
}

void
lk_access_change_write (const LkAccessChange *change, GString *out)
{
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "id", change->id);
  lk_json_string (&writer, "space", change->space);
  lk_json_time (&writer, "occurred_at", change->occurred_at);
  lk_json_string (&writer, "change", change->change);
  lk_json_id (&writer, "member_id", change->member_id);
  lk_json_id (&writer, "kisi_user_id", change->kisi_user_id);
  lk_json_id (&writer, "group_id", change->group_id);
  lk_json_id (&writer, "right_id", change->right_id);
  lk_json_time (&writer, "valid_from", change->window.from);
  lk_json_time (&writer, "valid_until", change->window.until);
  lk_json_texts (&writer, "sources", change->sources);
  lk_json_begin_object (&writer, "cause");
  lk_json_string (&writer, "why", change->cause);
  lk_json_end_object (&writer);
  lk_json_begin_array (&writer, "version");
  lk_json_int (&writer, NULL, change->version.revision);
  lk_json_int (&writer, NULL, change->version.rules);
  lk_json_end_array (&writer);
  lk_json_end_object (&writer);
}

void
lk_access_change_clear (LkAccessChange *change)
{
  lk_shape_clear (&lk_access_change_shape, change);
}

/* GLib's decoder passes over what is no base64; only what encodes to the same text again is. */
static gboolean
decode (const char *text, LkReject *out)
{
  gsize len;
  g_autofree guchar *bytes = g_base64_decode (text, &len);
  g_autofree char *again = len > 0 ? g_base64_encode (bytes, len) : g_strdup ("");

  if (!g_str_equal (text, again))
    return FALSE;
  out->value = (char *)g_steal_pointer (&bytes);
  out->value_len = len;
  return TRUE;
}

static gboolean
read_reject (LkReject *reject, json_t *root, GError **error)
{
  const char *topic, *program, *reason, *value;
  gint64 partition;

  if (!lk_json_get_string (root, "topic", &topic, error)
      || !lk_json_get_int (root, "partition", &partition, error)
      || !lk_json_get_int (root, "offset", &reject->offset, error)
      || !lk_json_get_string (root, "program", &program, error)
      || !lk_json_get_string (root, "reason", &reason, error)
      || !lk_json_get_string (root, "value", &value, error)
      || !lk_json_get_bool (root, "truncated", &reject->truncated, error)
      || !lk_json_get_time (root, "at", &reject->at, error))
    return FALSE;
  if (partition < 0 || partition > G_MAXINT32)
    return lk_fail (error, LK_ERROR_REJECT, "partition: out of range");
  if (reject->offset < 0)
    return lk_fail (error, LK_ERROR_REJECT, "offset: out of range");
  if (!decode (value, reject))
    return lk_fail (error, LK_ERROR_REJECT, "value: expected base64");
  reject->partition = (gint32)partition;
  reject->topic = g_strdup (topic);
  reject->program = g_strdup (program);
  reject->reason = g_strdup (reason);
  return TRUE;
}

gboolean
lk_reject_parse (LkReject *out, const char *json, gsize len, GError **error)
{
  g_autoptr (json_t) root = lk_json_parse (json, len, LK_REJECT_MAX, error);
  g_auto (LkReject) reject = { 0 };

  if (root == NULL || !read_reject (&reject, root, error))
    return FALSE;
  *out = reject;
  reject = (LkReject){ 0 };
  return TRUE;
}

void
lk_reject_write (const LkReject *reject, GString *out)
{
  gsize len = MIN (reject->value_len, LK_RECORD_MAX);
  g_autofree char *value = len > 0 ? g_base64_encode ((const guchar *)reject->value, len) : NULL;
  LkJsonWriter writer = { out, FALSE };

  lk_json_begin_object (&writer, NULL);
  lk_json_string (&writer, "topic", reject->topic);
  lk_json_int (&writer, "partition", reject->partition);
  lk_json_int (&writer, "offset", reject->offset);
  lk_json_string (&writer, "program", reject->program);
  lk_json_string (&writer, "reason", reject->reason);
  lk_json_string (&writer, "value", value != NULL ? value : "");
  lk_json_bool (&writer, "truncated", reject->truncated || len < reject->value_len);
  lk_json_time (&writer, "at", reject->at);
  lk_json_end_object (&writer);
}

void
lk_reject_clear (LkReject *reject)
{
  g_free (reject->topic);
  g_free (reject->program);
  g_free (reject->reason);
  g_free (reject->value);
  *reject = (LkReject){ 0 };
}
