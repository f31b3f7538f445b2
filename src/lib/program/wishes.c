/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One control topic as a table of wishes and outcomes.
 */
#include <latchkey/program/wishes.h>

#include <latchkey/base/metrics.h>

struct _LkWishes
{
  const LkConfigSpace *space;
  const LkClock *clock;
  const char *as;
  LkWishesChanged changed;
  gpointer data;
  LkTable *table; /* Entry */
};

typedef struct
{
  gboolean is_outcome;
  union
  {
    LkWish wish;
    LkOutcome outcome;
  };
} Entry;

static gpointer
decode (const LkRecord *record, gpointer data, GError **error)
{
  Entry *entry = g_new0 (Entry, 1);
  g_autofree char *key = g_strndup (record->key, record->key_len);

  (void) data;
  entry->is_outcome = lk_control_program (key) != NULL;
  if (entry->is_outcome
          ? lk_outcome_parse (&entry->outcome, record->value, record->value_len, error)
          : lk_wish_parse (&entry->wish, record->value, record->value_len, error))
    return entry;
  g_free (entry);
  return NULL;
}

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  if (entry->is_outcome)
    lk_outcome_clear (&entry->outcome);
  else
    lk_wish_clear (&entry->wish);
  g_free (entry);
}

static void
table_changed (LkTable *table, gint32 partition, const char *key, gconstpointer old_entry,
               gpointer new_entry, gpointer data)
{
  const LkWishes *wishes = data;
  const Entry *entry = new_entry;
  const char *program = lk_control_program (key);

  (void) table;
  (void) partition;
  (void) old_entry;
  if (wishes->changed == NULL || g_strcmp0 (program, wishes->as) == 0)
    return;
  wishes->changed (key, entry == NULL || entry->is_outcome ? NULL : &entry->wish, wishes->data);
}

static void
rejected (LkTable *table, const LkRecord *record, const GError *error, gpointer data)
{
  (void) table;
  lk_warning (LK_F (.space = ((LkWishes *) data)->space->code, .topic = record->topic,
                    .offset = record->offset, .error = error, .event = "record_ignored"),
              "can't understand this wish; nothing comes of it");
}

LkWishes *
lk_wishes_new (LkProgram *program, const LkConfigSpace *space, const char *as,
               LkWishesChanged changed, gpointer data)
{
  static const LkTableOps ops = {
    .decode = decode, .free_entry = free_entry, .changed = table_changed, .rejected = rejected
  };
  LkWishes *wishes = g_new0 (LkWishes, 1);
  g_autofree char *topic
      = lk_topic_name (lk_kafka_prefix (lk_program_kafka (program)), LK_KIND_CONTROL, space->code);

  wishes->space = space;
  wishes->clock = lk_program_clock (program);
  wishes->as = as;
  wishes->changed = changed;
  wishes->data = data;
  wishes->table = lk_table_new (lk_program_reader (program), lk_program_producer (program), topic,
                                1, &ops, wishes);
  lk_table_follow_all (wishes->table);
  return wishes;
}

void
lk_wishes_free (LkWishes *wishes)
{
  if (wishes == NULL)
    return;
  lk_table_free (wishes->table);
  g_free (wishes);
}

void
lk_wishes_refresh (LkWishes *wishes)
{
  lk_table_refresh (wishes->table, 0);
}

gboolean
lk_wishes_are_loaded (const LkWishes *wishes)
{
  return lk_table_is_all_loaded (wishes->table);
}

guint
lk_wishes_pending (const LkWishes *wishes)
{
  return lk_table_pending (wishes->table, -1);
}

const char *
lk_wishes_trouble (const LkWishes *wishes)
{
  return lk_table_trouble (wishes->table);
}

const LkWish *
lk_wishes_get (const LkWishes *wishes, const char *key)
{
  const Entry *entry = lk_table_get (wishes->table, 0, key);

  return entry == NULL || entry->is_outcome ? NULL : &entry->wish;
}

const LkOutcome *
lk_wishes_outcome (const LkWishes *wishes, const char *key, const char *program)
{
  g_autofree char *outcome_key = g_strconcat (key, "/", program, NULL);
  const Entry *entry = lk_table_get (wishes->table, 0, outcome_key);

  return entry == NULL || !entry->is_outcome ? NULL : &entry->outcome;
}

gboolean
lk_wishes_is_open (const LkWishes *wishes, const char *key, const char *program)
{
  const LkWish *wish = lk_wishes_get (wishes, key);

  return wish != NULL && !lk_wish_is_over (wish, lk_wishes_outcome (wishes, key, program));
}

typedef struct
{
  const char *wish;
  LkWishesChanged func;
  gpointer data;
} Each;

static void
each_entry (LkTable *table, gint32 partition, const char *key, gpointer data, gpointer user)
{
  const Entry *entry = data;
  const Each *each = user;

  (void) table;
  (void) partition;
  if (!entry->is_outcome && (each->wish == NULL || g_str_equal (each->wish, entry->wish.wish)))
    each->func (key, &entry->wish, each->data);
}

void
lk_wishes_foreach (const LkWishes *wishes, const char *wish, LkWishesChanged func, gpointer data)
{
  Each each = { wish, func, data };

  lk_table_foreach (wishes->table, each_entry, &each);
}

void
lk_wishes_answer (LkWishes *wishes, const char *key, const char *outcome, const char *reason)
{
  const LkWish *wish = lk_wishes_get (wishes, key);
  g_autofree char *outcome_key = g_strconcat (key, "/", wishes->as, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  LkOutcome record = { .outcome = (char *) outcome,
                       .reason = (char *) reason,
                       .at = lk_clock_wall (wishes->clock) };

  g_return_if_fail (wish != NULL);
  record.at = MAX (record.at, wish->at);
  lk_outcome_write (&record, text);
  lk_metric_add (LK_M_WISHES, 1, wishes->space->code, wish->wish, outcome, NULL);
  lk_info (LK_F (.space = wishes->space->code, .member = wish->member, .event = "wish_over"),
           "%s: %s%s%s", wish->wish, outcome, reason == NULL ? "" : ": ",
           reason == NULL ? "" : reason);
  if (!lk_table_put (wishes->table, 0, outcome_key, text->str, text->len, NULL, NULL, NULL, &error))
    lk_warning (LK_F (.space = wishes->space->code, .error = error, .event = "write_failed"),
                "can't write what became of a wish; it stays open");
}
