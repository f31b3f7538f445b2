/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * What analysts subscribe to: access reports (one per door event), access changes (what the
 * executor did and why), and rejects (design §3, §8). No names, no addresses. Pure; any thread.
 */
#pragma once

#include <latchkey/base/error.h>
#include <latchkey/model/command.h>

G_BEGIN_DECLS

typedef struct
{
  char *id; /* KISI event uuid */
  gint64 revision; /* of the basis: 1 none, 2 current, 3 exact */
  char *space;
  LkTime occurred_at, observed_at;
  char *business_date;
  char *event;  /* unlock, forced_open, held_open, tailgate, lock_down, cancel_lockdown */
  char *result; /* granted, denied; NULL unless unlock */
  char *code;   /* KISI code, may be NULL */
  gint64 door_id;
  char *door_name;
  gint64 place_id;
  char *actor; /* user, guest, link, none, other */
  gint64 kisi_user_id, member_id; /* 0: none */
  char *credential; /* card, app, link, apple_pass, …; may be NULL */
  char *reason, *basis; /* NULL unless unlock */
  char **sources;       /* NULL-terminated; may be NULL */
  gint64 group_id;      /* 0: none */
  LkWindow window;
} LkAccessReport;

gboolean lk_access_report_parse (LkAccessReport *out, const char *json, gsize len, GError **error);
void lk_access_report_write (const LkAccessReport *report, GString *out);
void lk_access_report_clear (LkAccessReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkAccessReport, lk_access_report_clear)

typedef struct
{
  char *id; /* deterministic: from what changed */
  char *space;
  LkTime occurred_at;
  char *change; /* created, changed, removed, invited, blocked, adopted, restored */
  gint64 member_id, kisi_user_id, group_id, right_id; /* 0: none */
  LkWindow window;
  char **sources; /* NULL-terminated; may be NULL */
  char *cause;    /* a word: claim, lapsed, not_entitled, replaced, email_changed, … */
  LkVersion version; /* of the newest claim behind it */
} LkAccessChange;

gboolean lk_access_change_parse (LkAccessChange *out, const char *json, gsize len, GError **error);
void lk_access_change_write (const LkAccessChange *change, GString *out);
void lk_access_change_clear (LkAccessChange *change);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkAccessChange, lk_access_change_clear)

/* A record that could not be understood: its first 64 KiB as they were (base64 in JSON), where it
 * stood and why. So a reject is larger than any other record; the topic rejects allows for that. */
#define LK_REJECT_MAX (96 * 1024) /* bytes of its JSON */

typedef struct
{
  char *topic;
  gint32 partition;
  gint64 offset;
  char *program, *reason;
  char *value; /* the original bytes */
  gsize value_len;
  gboolean truncated;
  LkTime at;
} LkReject;

gboolean lk_reject_parse (LkReject *out, const char *json, gsize len, GError **error);
void lk_reject_write (const LkReject *reject, GString *out);
void lk_reject_clear (LkReject *reject);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LkReject, lk_reject_clear)

G_END_DECLS
