/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * The table alone, on a log that the test writes. An entry is "v<version>" or "v<version>:<facts>";
 * facts are letters, which a table with `merge` joins as the ledger joins what is known of a right.
 */
#include "kafka_fakes.h"

#include <stdlib.h>
#include <string.h>

static GString *story;  /* what `changed` and its siblings told, since it was last looked at */
static guint entries;   /* alive */
static LkTable *again;  /* `changed` puts a successor here, once */

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  if (record->value_len > 0 && record->value[0] == '-')
    return NULL;
  if (record->value_len == 0 || record->value[0] != 'v')
    {
      (void) lk_fail (error, LK_ERROR_REJECT, "expected 'v'");
      return NULL;
    }
  entries++;
  return g_strndup (record->value, record->value_len);
}

static void
free_entry (gpointer entry)
{
  g_assert_cmpuint (entries, >, 0);
  entries--;
  g_free (entry);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  int x = atoi ((const char *) a + 1), y = atoi ((const char *) b + 1);
  const char *f = strchr (a, ':'), *g = strchr (b, ':');

  if (x != y)
    return x < y ? -1 : 1;
  return (f == NULL ? 0 : (int) strlen (f)) - (g == NULL ? 0 : (int) strlen (g));
}

static gpointer
merge (gconstpointer a, gconstpointer b)
{
  GString *text = g_string_new (NULL);
  const char *f = strchr (a, ':'), *g = strchr (b, ':');

  if (f == NULL || g == NULL)
    {
      (void) g_string_free (text, TRUE);
      return NULL;
    }
  g_string_printf (text, "v%d:", MAX (atoi ((const char *) a + 1), atoi ((const char *) b + 1)));
  for (char c = 'a'; c <= 'z'; c++)
    if (strchr (f, c) != NULL || strchr (g, c) != NULL)
      g_string_append_c (text, c);
  entries++;
  return g_string_free (text, FALSE);
}

static gboolean
rewrite (gconstpointer entry, GString *out_value, LkHeaders *out_headers)
{
  g_string_append (out_value, entry);
  return TRUE;
}

static void
changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
         gpointer new_entry, gpointer data)
{
  g_string_append_printf (story, "%s:%s>%s ", key, old_entry ? (const char *) old_entry : "",
                          new_entry ? (const char *) new_entry : "");
  if (again == table)
    {
      again = NULL;
      g_assert_true (lk_table_put (table, partition, key, "v99", 3, NULL, NULL, NULL, NULL));
    }
}

static void
overruled (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  g_string_append_printf (story, "%s!%s ", key, (char *) entry);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  g_string_append_printf (story, "rejected@%" G_GINT64_FORMAT " ", record->offset);
}

static void
loaded (LkTable *table, gint32 partition, gpointer data)
{
  g_string_append_printf (story, "loaded%d ", partition);
}

static const LkTableOps plain = { .decode = decode,
                                  .free_entry = free_entry,
                                  .compare = compare,
                                  .write = rewrite,
                                  .changed = changed,
                                  .rejected = rejected,
                                  .loaded = loaded };
static const LkTableOps merging = { .decode = decode,
                                    .free_entry = free_entry,
                                    .compare = compare,
                                    .merge = merge,
                                    .write = rewrite,
                                    .changed = changed };
static const LkTableOps telling = { .decode = decode,
                                    .free_entry = free_entry,
                                    .compare = compare,
                                    .changed = changed,
                                    .overruled = overruled };
static const LkTableOps last_wins
    = { .decode = decode, .free_entry = free_entry, .changed = changed };

static LkTable *
begin (const LkTableOps *ops)
{
  fake_begin ();
  story = g_string_new (NULL);
  entries = 0;
  return lk_table_new (FAKE_READER, FAKE_PRODUCER, "latchkey.ledger.moncloa", 2, ops, NULL);
}

/* Owned and loaded. */
static LkTable *
begin_owned (const LkTableOps *ops)
{
  LkTable *table = begin (ops);

  lk_table_follow (table, 0);
  lk_table_own (table, 0, TRUE);
  fake_at_end (0);
  g_string_truncate (story, 0);
  return table;
}

static void
end (LkTable *table)
{
  lk_table_free (table);
  g_assert_cmpuint (entries, ==, 0);
  fake_end ();
  (void) g_string_free (story, TRUE);
}

/* What was told, once. */
static void
told (const char *expected)
{
  g_assert_cmpstr (story->str, ==, expected);
  g_string_truncate (story, 0);
}

static const char *
get (const LkTable *table, const char *key)
{
  return lk_table_get (table, 0, key);
}

static void
put (LkTable *table, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (lk_table_put (table, 0, key, value, value == NULL ? 0 : strlen (value), NULL, NULL,
                               NULL, &error));
  g_assert_no_error (error);
}

static void
add_key (LkTable *table, gint32 partition, const char *key, gpointer entry, gpointer data)
{
  g_string_append_printf (data, "%s=%s ", key, (char *) entry);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void
test_newest (void)
{
  LkTable *table = begin (&plain);

  g_assert_false (lk_table_is_loaded (table, 0));
  lk_table_follow (table, 0);
  g_assert_cmpint (fake.start[0], ==, LK_OFFSET_BEGINNING);
  fake_read (0, 0, "1", "v1");
  fake_read (0, 1, "2", "v1");
  fake_read (0, 2, "1", "v2");
  fake_read (0, 5, "2", NULL);
  fake_read (0, 6, "3", NULL);
  told ("1:>v1 2:>v1 1:v1>v2 2:v1> ");
  g_assert_cmpstr (get (table, "1"), ==, "v2");
  g_assert_null (get (table, "2"));
  g_assert_cmpuint (lk_table_size (table), ==, 1);
  g_assert_false (lk_table_is_all_loaded (table));
  fake_at_end (0);
  told ("loaded0 ");
  g_assert_true (lk_table_is_all_loaded (table));
  g_assert_cmpint (lk_table_position (table, 0), ==, 7);
  end (table);
}

static void
test_two_levels (void)
{
  LkTable *table = begin (&last_wins);
  g_autoptr (GString) seen = g_string_new (NULL);

  lk_table_follow (table, 0);
  fake_read (0, 0, "9001/pass/17", "v1");
  fake_read (0, 1, "9001", "v2");
  fake_read (0, 2, "9001/booking/5", "v3");
  fake_read (0, 3, "90011/pass/1", "v4");
  fake_read (0, 4, "9001/", "v5");
  fake_read (0, 5, "900", "v6");
  lk_table_foreach_of (table, 0, "9001", add_key, seen);
  g_assert_cmpstr (seen->str, ==, "9001=v2 9001/=v5 9001/booking/5=v3 9001/pass/17=v1 ");
  g_string_truncate (seen, 0);
  lk_table_foreach_of (table, 0, "9002", add_key, seen);
  lk_table_foreach_of (table, 1, "9001", add_key, seen);
  g_assert_cmpstr (seen->str, ==, "");
  g_assert_cmpuint (lk_table_size (table), ==, 6);

  /* They leave in any order, and leave nothing behind. */
  fake_read (0, 6, "9001", NULL);
  fake_read (0, 7, "9001/pass/17", NULL);
  lk_table_foreach_of (table, 0, "9001", add_key, seen);
  g_assert_cmpstr (seen->str, ==, "9001/=v5 9001/booking/5=v3 ");
  fake_read (0, 8, "9001/", NULL);
  fake_read (0, 9, "9001/booking/5", NULL);
  fake_read (0, 10, "90011/pass/1", NULL);
  fake_read (0, 11, "900", NULL);
  g_assert_cmpuint (lk_table_size (table), ==, 0);
  g_string_truncate (seen, 0);
  lk_table_foreach (table, add_key, seen);
  g_assert_cmpstr (seen->str, ==, "");
  end (table);
}

static void
test_rejected (void)
{
  LkTable *table = begin (&plain);
  g_autofree char *longest = g_strnfill (LK_KEY_MAX - 1, '7');
  g_autofree char *longer = g_strnfill (LK_KEY_MAX, '7');

  lk_table_follow (table, 0);
  fake_read (0, 0, "1", "v1");
  told ("1:>v1 ");
  fake_read (0, 1, "1", "nonsense");      /* what stood before still stands */
  fake_read_bytes (0, 2, "1\0002", 3, "v2"); /* a NUL inside */
  fake_read (0, 3, longer, "v1");
  fake_read_bytes (0, 4, "", 0, "v1");
  told ("rejected@1 rejected@2 rejected@3 rejected@4 ");
  g_assert_cmpstr (get (table, "1"), ==, "v1");
  fake_read (0, 5, "1", "-"); /* not of interest: as if it were not there */
  fake_read (0, 6, "5", "-");
  told ("");
  fake_read (0, 7, longest, "v1");
  g_assert_cmpstr (get (table, longest), ==, "v1");
  g_assert_null (get (table, longer)); /* whoever asks for what can't be gets nothing */
  g_assert_cmpuint (lk_table_size (table), ==, 2);
  end (table);
}

/* --- log order -------------------------------------------------------------------------------- */

static void
test_late_loser (void)
{
  LkTable *table = begin_owned (&plain);

  fake_read (0, 0, "1", "v5");
  told ("1:>v5 ");
  fake_read (0, 1, "1", "v3");
  told ("");
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->key, ==, "1");
  g_assert_cmpstr (fake_write (0)->value, ==, "v5");
  /* It is a write like any other: whoever gives the partition back waits for it. */
  g_assert_cmpuint (lk_table_pending (table, 0), ==, 1);
  fake_ack (2);
  g_assert_cmpuint (lk_table_pending (table, 0), ==, 0);
  fake_read (0, 2, "1", "v5");
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  /* What says the same does not lose. */
  fake_read (0, 3, "1", "v5");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_repair_on_load (void)
{
  LkTable *table = begin (&plain);

  lk_table_follow (table, 0);
  lk_table_own (table, 0, TRUE);
  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", "v3");
  fake_read (0, 2, "2", "v5");
  fake_read (0, 3, "2", "v3");
  fake_read (0, 4, "2", "v6"); /* the log has repaired itself */
  g_assert_cmpuint (fake.writes->len, ==, 0);
  fake_at_end (0);
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->key, ==, "1");
  fake_ack (5);
  end (table);
}

static void
test_only_an_owner_repairs (void)
{
  LkTable *table = begin (&plain);

  lk_table_follow (table, 0);
  fake_at_end (0);
  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", "v3");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  lk_table_own (table, 0, TRUE);
  g_assert_cmpuint (fake.writes->len, ==, 1);
  fake_ack (2);
  lk_table_own (table, 0, FALSE);
  fake_read (0, 3, "1", "v4");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_overruled_is_told (void)
{
  LkTable *table = begin_owned (&telling);

  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", "v3");
  told ("1:>v5 1!v5 ");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_last_wins_without_compare (void)
{
  LkTable *table = begin_owned (&last_wins);

  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", "v3");
  g_assert_cmpstr (get (table, "1"), ==, "v3");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_late_loser_after_a_tombstone (void)
{
  LkTable *table = begin_owned (&plain);

  /* A tombstone carries no version, so nothing can lose against it; it is written 30 days after the
   * last record of its key, which bounds how late that would be. */
  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", NULL);
  fake_read (0, 2, "1", "v3");
  told ("1:>v5 1:v5> 1:>v3 ");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_merge (void)
{
  LkTable *table = begin_owned (&merging);

  fake_read (0, 0, "1/r", "v1:ab");
  fake_read (0, 1, "1/r", "v1:c"); /* says less than both together */
  told ("1/r:>v1:ab 1/r:v1:ab>v1:abc ");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->value, ==, "v1:abc");
  fake_ack (2);
  fake_read (0, 2, "1/r", "v1:abc");
  fake_read (0, 3, "1/r", "v1:abcd"); /* says more than before: nothing to repair */
  g_assert_cmpstr (get (table, "1/r"), ==, "v1:abcd");
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_own_write_merges (void)
{
  LkTable *table = begin_owned (&merging);

  fake_read (0, 0, "1/r", "v1:a");
  put (table, "1/r", "v1:ab");
  fake_ack (2);
  fake_read (0, 1, "1/r", "v1:z"); /* another's came between */
  fake_read (0, 2, "1/r", "v1:ab");
  g_assert_cmpstr (get (table, "1/r"), ==, "v1:abz");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->value, ==, "v1:abz");
  fake_ack (3);
  end (table);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
test_put (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v1");
  told ("1:>v1 ");
  g_assert_cmpstr (get (table, "1"), ==, "v1"); /* it stands at once */
  g_assert_cmpuint (lk_table_size (table), ==, 1);
  g_assert_cmpuint (lk_table_pending (table, 0), ==, 1);
  g_assert_cmpuint (lk_table_pending (table, -1), ==, 1);
  fake_ack (0);
  g_assert_cmpuint (lk_table_pending (table, 0), ==, 0);
  /* It comes back as nonsense that is never looked at: our own is not parsed again. */
  fake_read (0, 0, "1", "nonsense");
  told ("");
  g_assert_cmpstr (get (table, "1"), ==, "v1");
  put (table, "1", NULL);
  told ("1:v1> ");
  g_assert_null (get (table, "1"));
  fake_ack (1);
  fake_read (0, 1, "1", NULL);
  told ("");
  g_assert_cmpuint (lk_table_size (table), ==, 0);
  end (table);
}

static void
test_put_read_before_its_acknowledgement (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v5");
  fake_read (0, 0, "1", "v5");
  fake_ack (0);
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  g_assert_cmpuint (lk_table_size (table), ==, 1);
  /* It is the log's now: another's goes over it. */
  fake_read (0, 1, "1", "v6");
  g_assert_cmpstr (get (table, "1"), ==, "v6");
  end (table);
}

static void
test_loser_after_an_unacknowledged_write (void)
{
  LkTable *table = begin_owned (&plain);

  /* Ours is read, then a late loser, and only then is ours acknowledged. */
  put (table, "1", "v5");
  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", "v3");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  fake_ack (0);
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->value, ==, "v5");
  fake_ack (2);
  end (table);
}

static void
test_loser_after_an_acknowledged_write (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v5");
  fake_ack (0);
  fake_read (0, 0, "1", "v5");
  fake_read (0, 1, "1", "v3");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->value, ==, "v5");
  fake_ack (2);
  end (table);
}

static void
test_own_write_loses (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v5");
  fake_ack (1);
  fake_read (0, 0, "1", "v7"); /* of the next owner, before ours */
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  told ("1:>v5 ");
  fake_read (0, 1, "1", "v5");
  told ("1:v5>v7 ");
  g_assert_cmpstr (get (table, "1"), ==, "v7");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->value, ==, "v7");
  fake_ack (2);
  end (table);
}

static void
test_two_puts (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v1");
  put (table, "1", "v2");
  told ("1:>v1 1:v1>v2 ");
  g_assert_cmpuint (lk_table_pending (table, 0), ==, 2);
  fake_ack (0);
  fake_read (0, 0, "1", "v1");
  told ("");
  g_assert_cmpstr (get (table, "1"), ==, "v2");
  fake_ack (1);
  fake_read (0, 1, "1", "v2");
  told ("");
  g_assert_cmpstr (get (table, "1"), ==, "v2");
  g_assert_cmpuint (lk_table_size (table), ==, 1);
  end (table);
}

static void
test_two_puts_the_second_fails (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v1");
  put (table, "1", "v2");
  fake_ack (0);
  fake_read (0, 0, "1", "v1");
  fake_ack (-1);
  told ("1:>v1 1:v1>v2 1:v2>v1 ");
  g_assert_cmpstr (get (table, "1"), ==, "v1");
  end (table);
}

static LkErrorCode acked_code;
static gint64 acked_offset;
static guint acked;

static void
on_ack (gint64 offset, const GError *error, gpointer data)
{
  acked++;
  acked_offset = offset;
  acked_code = error == NULL ? 0 : error->code;
}

static void
test_failed_put (void)
{
  LkTable *table = begin_owned (&plain);
  g_autoptr (GError) error = NULL;

  fake_read (0, 0, "1", "v1");
  acked = 0;
  g_assert_true (lk_table_put (table, 0, "1", "v2", 2, NULL, on_ack, NULL, &error));
  g_assert_true (lk_table_put (table, 0, "2", "v2", 2, NULL, on_ack, NULL, &error));
  fake_ack (-1);
  fake_ack (-1);
  g_assert_cmpuint (acked, ==, 2);
  g_assert_cmpint (acked_offset, ==, -1);
  g_assert_cmpint (acked_code, ==, LK_ERROR_UNKNOWN);
  told ("1:>v1 1:v1>v2 2:>v2 1:v2>v1 2:v2> ");
  g_assert_cmpstr (get (table, "1"), ==, "v1");
  g_assert_null (get (table, "2"));
  g_assert_cmpuint (lk_table_size (table), ==, 1);
  /* Unknown is not lost: when it is in the log after all, it counts. */
  fake_read (0, 1, "1", "v2");
  g_assert_cmpstr (get (table, "1"), ==, "v2");
  end (table);
}

static void
test_a_failed_write_leaves_a_loser_to_repair (void)
{
  LkTable *table = begin_owned (&plain);

  fake_read (0, 0, "1", "v5");
  put (table, "1", "v6");
  fake_read (0, 1, "1", "v3"); /* ours will settle it, or so it seems */
  g_assert_cmpuint (fake.writes->len, ==, 1);
  fake_ack (-1);
  g_assert_cmpstr (get (table, "1"), ==, "v5");
  g_assert_cmpuint (fake.writes->len, ==, 1);
  g_assert_cmpstr (fake_write (0)->value, ==, "v5");
  fake_ack (2);
  end (table);
}

static void
test_a_failed_repair_comes_again (void)
{
  LkTable *table = begin_owned (&plain);

  fake_read (0, 0, "1", "v5");
  fake.full = TRUE;
  fake_read (0, 1, "1", "v3");
  g_assert_cmpuint (fake.checks, ==, 1);
  fake.full = FALSE;
  fake_at_end (0);
  told ("1:>v5 "); /* that it was loaded is no news */
  g_assert_cmpuint (fake.writes->len, ==, 1);
  fake_ack (-1); /* unknown: it may not be there */
  g_assert_cmpuint (fake.checks, ==, 2);
  fake_at_end (0);
  g_assert_cmpuint (fake.writes->len, ==, 1);
  fake_ack (2);
  fake_at_end (0);
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_nothing_changes_when_it_cannot_be_queued (void)
{
  LkTable *table = begin_owned (&plain);
  g_autoptr (GError) error = NULL;

  fake.full = TRUE;
  g_assert_false (lk_table_put (table, 0, "1", "v1", 2, NULL, on_ack, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_RETRY);
  g_clear_error (&error);
  told ("");
  g_assert_null (get (table, "1"));
  fake.full = FALSE;
  g_assert_false (lk_table_put (table, 0, "1", "nonsense", 8, NULL, on_ack, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_clear_error (&error);
  g_assert_false (lk_table_put (table, 0, "1", "-", 1, NULL, on_ack, NULL, &error));
  g_assert_error (error, LK_ERROR, LK_ERROR_REJECT);
  g_assert_cmpuint (fake.writes->len, ==, 0);
  end (table);
}

static void
test_put_from_changed (void)
{
  LkTable *table = begin_owned (&plain);

  again = table;
  fake_read (0, 0, "1", "v1");
  told ("1:>v1 1:v1>v99 ");
  g_assert_cmpstr (get (table, "1"), ==, "v99");
  fake_ack (1);
  again = table;
  fake_read (0, 1, "1", "v99");
  again = NULL;
  /* A tombstone that is answered with a write keeps the key. */
  again = table;
  fake_read (0, 2, "1", NULL);
  g_assert_cmpstr (get (table, "1"), ==, "v99");
  fake_ack (3);
  fake_read (0, 3, "1", "v99");
  g_assert_cmpuint (lk_table_size (table), ==, 1);
  end (table);
}

static void
test_own_write_compacted_away (void)
{
  LkTable *table = begin_owned (&plain);

  put (table, "1", "v2");
  fake_ack (3);
  /* Offset 3 is gone: a later record of the key had replaced it before it was read. */
  fake_read (0, 9, "1", "v4");
  g_assert_cmpstr (get (table, "1"), ==, "v4");
  put (table, "1", "v5");
  fake_ack (11);
  fake_read (0, 12, "1", NULL);
  g_assert_null (get (table, "1"));
  g_assert_cmpuint (lk_table_size (table), ==, 0);
  end (table);
}

static void
test_free_with_writes_under_way (void)
{
  LkTable *table = begin_owned (&plain);

  acked = 0;
  g_assert_true (lk_table_put (table, 0, "1", "v1", 2, NULL, on_ack, NULL, NULL));
  fake_read (0, 0, "2", "v5");
  fake_read (0, 1, "2", "v3");
  g_assert_cmpuint (fake.writes->len, ==, 2);
  lk_table_free (table);
  fake_ack (2);
  fake_ack (3);
  g_assert_cmpuint (acked, ==, 0);
  g_assert_cmpuint (entries, ==, 0);
  fake_end ();
  (void) g_string_free (story, TRUE);
}

/* --- stop, follow, refresh, a new log --------------------------------------------------------- */

static void
test_kept (void)
{
  LkTable *table = begin_owned (&plain);

  fake_read (0, 0, "1", "v1");
  fake_read (0, 1, "2", "v1");
  lk_table_stop (table, 0);
  g_assert_cmpstr (get (table, "1"), ==, "v1");
  g_assert_false (lk_table_is_loaded (table, 0));
  lk_fake_clock_advance (&fake.clock, LK_DAY - 1);
  g_string_truncate (story, 0);
  lk_table_follow (table, 0);
  g_assert_cmpint (fake.start[0], ==, 2);
  fake_read (0, 2, "1", "v2");
  fake_at_end (0);
  told ("1:v1>v2 loaded0 ");
  g_assert_cmpuint (lk_table_size (table), ==, 2);
  lk_table_drop (table, 0);
  g_assert_cmpuint (lk_table_size (table), ==, 0);
  lk_table_follow (table, 0);
  g_assert_cmpint (fake.start[0], ==, LK_OFFSET_BEGINNING);
  end (table);
}

static void
test_away_over_a_day (void)
{
  LkTable *table = begin_owned (&plain);

  fake_read (0, 0, "1", "v7");
  fake_read (0, 1, "2", "v7");
  fake_read (0, 2, "3", "v7");
  lk_table_stop (table, 0);
  lk_fake_clock_advance (&fake.clock, LK_DAY);
  lk_table_follow (table, 0);
  g_assert_cmpint (fake.start[0], ==, LK_OFFSET_BEGINNING);
  g_string_truncate (story, 0);
  /* Its tombstones may be gone with their records: what is not seen again leaves, and is told. */
  fake_read (0, 1, "2", "v7");
  fake_read (0, 4, "3", "v8");
  fake_at_end (0);
  told ("2:v7>v7 3:v7>v8 1:v7> loaded0 ");
  g_assert_cmpuint (lk_table_size (table), ==, 2);
  end (table);
}

static void
test_refresh (void)
{
  LkTable *table = begin_owned (&plain);

  lk_table_refresh (table, 1); /* not followed: nothing to read */
  g_assert_cmpuint (fake.refreshes, ==, 0);
  lk_table_refresh (table, 0);
  g_assert_cmpuint (fake.refreshes, ==, 1);
  g_assert_false (lk_table_is_loaded (table, 0));
  fake_read (0, 0, "1", "v1");
  fake_at_end (0);
  told ("1:>v1 loaded0 ");
  g_assert_true (lk_table_is_loaded (table, 0));
  end (table);
}

static void
test_a_new_log (void)
{
  LkTable *table = begin_owned (&plain);

  fake_read (0, 40, "1", "v7");
  fake_read (0, 41, "2", "v7");
  fake_read (0, 42, "3", "v9");
  fake_read (0, 43, "3", "v1");
  fake_ack (44); /* the repair */
  put (table, "4", "v1");
  fake_ack (45);
  put (table, "5", "v1"); /* not acknowledged: it may come yet */
  g_string_truncate (story, 0);

  fake.handler[0]->reset ("latchkey.ledger.moncloa", 0, fake.data[0]);
  g_assert_false (lk_table_is_loaded (table, 0));
  /* Nothing of the former log competes with the new one. */
  fake_read (0, 0, "1", "v2");
  told ("1:v7>v2 ");
  fake_at_end (0);
  g_assert_cmpstr (get (table, "1"), ==, "v2");
  g_assert_null (get (table, "2"));
  g_assert_null (get (table, "3"));
  g_assert_null (get (table, "4"));
  g_assert_cmpstr (get (table, "5"), ==, "v1");
  g_assert_nonnull (strstr (story->str, "2:v7> "));
  g_assert_nonnull (strstr (story->str, "3:v9> "));
  g_assert_nonnull (strstr (story->str, "4:v1> "));
  g_assert_true (g_str_has_suffix (story->str, "loaded0 "));
  g_assert_cmpuint (lk_table_size (table), ==, 2);
  g_assert_cmpuint (fake.writes->len, ==, 1);
  fake_ack (1);
  fake_read (0, 1, "5", "v1");
  g_assert_cmpstr (get (table, "5"), ==, "v1");
  end (table);
}

static void
test_trouble_is_of_a_partition (void)
{
  LkTable *table = begin (&plain);
  g_autoptr (GError) error = NULL;

  (void) lk_fail (&error, LK_ERROR_CONFIG, "unknown topic");
  lk_table_follow_all (table);
  g_assert_null (lk_table_trouble (table));
  for (gint32 p = 0; p < 2; p++)
    fake.handler[p]->trouble ("latchkey.ledger.moncloa", p, error, fake.data[p]);
  g_assert_cmpstr (lk_table_trouble (table), ==, "unknown topic");
  fake.handler[0]->trouble ("latchkey.ledger.moncloa", 0, NULL, fake.data[0]);
  g_assert_cmpstr (lk_table_trouble (table), ==, "unknown topic");
  lk_table_stop (table, 1);
  g_assert_null (lk_table_trouble (table));
  end (table);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/newest", test_newest);
  g_test_add_func ("/table/two-levels", test_two_levels);
  g_test_add_func ("/table/rejected", test_rejected);
  g_test_add_func ("/table/order/late-loser", test_late_loser);
  g_test_add_func ("/table/order/repair-on-load", test_repair_on_load);
  g_test_add_func ("/table/order/only-an-owner-repairs", test_only_an_owner_repairs);
  g_test_add_func ("/table/order/overruled-is-told", test_overruled_is_told);
  g_test_add_func ("/table/order/last-wins-without-compare", test_last_wins_without_compare);
  g_test_add_func ("/table/order/late-loser-after-a-tombstone", test_late_loser_after_a_tombstone);
  g_test_add_func ("/table/order/merge", test_merge);
  g_test_add_func ("/table/order/own-write-merges", test_own_write_merges);
  g_test_add_func ("/table/put/acknowledged", test_put);
  g_test_add_func ("/table/put/read-before-its-acknowledgement",
                   test_put_read_before_its_acknowledgement);
  g_test_add_func ("/table/put/loser-after-an-unacknowledged-write",
                   test_loser_after_an_unacknowledged_write);
  g_test_add_func ("/table/put/loser-after-an-acknowledged-write",
                   test_loser_after_an_acknowledged_write);
  g_test_add_func ("/table/put/own-write-loses", test_own_write_loses);
  g_test_add_func ("/table/put/twice", test_two_puts);
  g_test_add_func ("/table/put/twice-the-second-fails", test_two_puts_the_second_fails);
  g_test_add_func ("/table/put/failed", test_failed_put);
  g_test_add_func ("/table/put/a-failed-write-leaves-a-loser-to-repair",
                   test_a_failed_write_leaves_a_loser_to_repair);
  g_test_add_func ("/table/put/a-failed-repair-comes-again", test_a_failed_repair_comes_again);
  g_test_add_func ("/table/put/nothing-changes-when-it-cannot-be-queued",
                   test_nothing_changes_when_it_cannot_be_queued);
  g_test_add_func ("/table/put/from-changed", test_put_from_changed);
  g_test_add_func ("/table/put/compacted-away", test_own_write_compacted_away);
  g_test_add_func ("/table/put/free-with-writes-under-way", test_free_with_writes_under_way);
  g_test_add_func ("/table/log/kept", test_kept);
  g_test_add_func ("/table/log/away-over-a-day", test_away_over_a_day);
  g_test_add_func ("/table/log/refresh", test_refresh);
  g_test_add_func ("/table/log/a-new-log", test_a_new_log);
  g_test_add_func ("/table/log/trouble-is-of-a-partition", test_trouble_is_of_a_partition);
  return g_test_run ();
}
