/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One value, read from its YAML text and written as YAML again. What is wrong is said in words that
 * follow "path: ". Any thread.
 */
#pragma once

#include "schema.h"

G_BEGIN_DECLS

/* Reads TEXT (NUL-terminated UTF-8), PLAIN when it stood without quotes, into BASE + row->offset.
 * DEV lifts what dev: true lifts. Returns NULL, or what is wrong (free with g_free) with nothing
 * changed. Not for references (nexudus, kisi), names and properties, which are more than a scalar.
 */
char *lk_value_read (
    const LkSettingRow *row, const char *text, gboolean plain, gboolean dev, gpointer base);

/* What is wrong with TEXT as a word of ROW's length that people write, or NULL. */
char *lk_value_check_text (const LkSettingRow *row, const char *text, gboolean plain);

/* Applies the row's default, which is right by test. */
void lk_value_default (const LkSettingRow *row, gpointer base);

/* Frees what the row owns. */
void lk_value_clear (const LkSettingRow *row, gpointer base);

/* Appends the value as flow YAML, so that it reads back as the same. MASK hides the values of
 * properties that are secrets. */
void lk_value_write (const LkSettingRow *row, gconstpointer base, gboolean mask, GString *out);

/* "1s…1h", "1…40 characters"; NULL where the type says it all. Free with g_free. */
char *lk_value_range (const LkSettingRow *row, gboolean dev);

/* TEXT in quotes, cut and made printable for a message; "nothing" for an empty or null one. */
char *lk_value_quote (const char *text, gboolean plain);

G_END_DECLS
