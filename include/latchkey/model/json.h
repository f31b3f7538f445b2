/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Typed reading and direct writing of JSON. Reading: jansson with its limits set (duplicates
 * refused, size and depth capped), then one call a field, whose error says the field's path, what
 * was expected and what came. Writing: straight into a GString, keys in the order of the calls,
 * since building a tree first costs twenty times as much (design §11). Pure; any thread.
 */
#pragma once

#include <jansson.h>
#include <latchkey/base/error.h>
#include <latchkey/base/time.h>

G_BEGIN_DECLS

#define LK_RECORD_MAX (64 * 1024) /* bytes of a record's value */
#define LK_JSON_DEPTH_MAX 32

/* Parses one JSON value that fills DATA; LK_ERROR_REJECT with place and reason otherwise. MAX is
 * the size allowed. The caller owns the result (json_decref). */
json_t *lk_json_parse (const char *data, gsize len, gsize max, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_t, json_decref)

/* lk_json_get_* read OBJECT[KEY]. Missing or of another type: FALSE, LK_ERROR_REJECT,
 * "revision: expected an integer, got a string". The _opt forms take a missing key or null as
 * "not given" (NULL, LK_TIME_NONE, or the fallback) but still refuse another type. Strings are
 * borrowed from the tree. */
gboolean lk_json_get_int (json_t *object, const char *key, gint64 *out, GError **error);
gboolean lk_json_get_int_opt (json_t *object, const char *key, gint64 fallback, gint64 *out,
                              GError **error);
gboolean lk_json_get_bool (json_t *object, const char *key, gboolean *out, GError **error);
gboolean lk_json_get_bool_opt (json_t *object, const char *key, gboolean fallback, gboolean *out,
                               GError **error);
gboolean lk_json_get_string (json_t *object, const char *key, const char **out, GError **error);
gboolean lk_json_get_string_opt (json_t *object, const char *key, const char **out,
                                 GError **error);
gboolean lk_json_get_time (json_t *object, const char *key, LkTime *out, GError **error);
gboolean lk_json_get_time_opt (json_t *object, const char *key, LkTime *out, GError **error);
gboolean lk_json_get_object (json_t *object, const char *key, json_t **out, GError **error);
gboolean lk_json_get_object_opt (json_t *object, const char *key, json_t **out, GError **error);
gboolean lk_json_get_array (json_t *object, const char *key, json_t **out, GError **error);
gboolean lk_json_get_array_opt (json_t *object, const char *key, json_t **out, GError **error);

/* Direct writer: commas are put as needed. KEY NULL inside an array. */
typedef struct
{
  GString *out; /* borrowed */
  gboolean comma;
} LkJsonWriter;

void lk_json_begin_object (LkJsonWriter *writer, const char *key);
void lk_json_end_object (LkJsonWriter *writer);
void lk_json_begin_array (LkJsonWriter *writer, const char *key);
void lk_json_end_array (LkJsonWriter *writer);
void lk_json_int (LkJsonWriter *writer, const char *key, gint64 value);
void lk_json_bool (LkJsonWriter *writer, const char *key, gboolean value);
void lk_json_string (LkJsonWriter *writer, const char *key, const char *value); /* NULL → null */
void lk_json_time (LkJsonWriter *writer, const char *key, LkTime value); /* LK_TIME_NONE → null */
void lk_json_null (LkJsonWriter *writer, const char *key);

/* Text of S escaped as a JSON string's inside; invalid UTF-8 becomes U+FFFD. */
void lk_json_escape (GString *out, const char *s, gssize len);

G_END_DECLS
