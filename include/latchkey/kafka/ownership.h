/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Who owns which partition: the group consumer "<prefix>.<program>", eager roundrobin, whose
 * partitions stay paused; it carries ownership and committed offsets only (design §2). Loop
 * thread.
 */
#pragma once

#include <latchkey/kafka/client.h>

G_BEGIN_DECLS

typedef struct _LkOwnership LkOwnership;

typedef struct
{
  /* COMMITTED: the group's committed offset, -1 when there is none. */
  void (*assigned) (const char *topic, gint32 partition, gint64 committed, gpointer data);
  /* Ownership ends: start nothing new. LOST: it already ended, without notice: drop at once.
   * Otherwise `released` is asked each turn until it says TRUE (or 3 s have passed), and only then
   * is the partition given back, so that calls in flight can end. */
  void (*revoked) (const char *topic, gint32 partition, gboolean lost, gpointer data);
  gboolean (*released) (const char *topic, gint32 partition, gpointer data);
} LkOwnershipHandler;

/* Joins the group for TOPICS (NULL-terminated, copied). HANDLER is borrowed. */
LkOwnership *lk_ownership_new (LkKafka *kafka, const char *const *topics,
                               const LkOwnershipHandler *handler, gpointer data, GError **error);

/* Leaves: revokes everything first. lk_ownership_left says when it is done; free after that (or
 * at once, which leaves the group's session to time out). */
void lk_ownership_leave (LkOwnership *ownership);
gboolean lk_ownership_left (const LkOwnership *ownership);
void lk_ownership_free (LkOwnership *ownership);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LkOwnership, lk_ownership_free)

/* TRUE once the group has answered at all, even with no partition for us (a standby). */
gboolean lk_ownership_joined (const LkOwnership *ownership);
gboolean lk_ownership_has (const LkOwnership *ownership, const char *topic, gint32 partition);
guint lk_ownership_count (const LkOwnership *ownership);

/* Notes OFFSET (the next to read) as the group's position of an owned partition; sent together, at
 * most once a second, without blocking; unchanged ones again daily. The caller has seen to it that
 * all that the records before OFFSET caused is acknowledged (S9). Ignored when not owned. */
void lk_ownership_commit (LkOwnership *ownership, const char *topic, gint32 partition,
                          gint64 offset);
gboolean lk_ownership_commits_pending (const LkOwnership *ownership);

gboolean lk_ownership_turn (LkOwnership *ownership); /* TRUE when there is more to do at once */

G_END_DECLS
