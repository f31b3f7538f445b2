/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * One account's pass types and resources, listed and then read one by one.
 */
#include "propose.h"

#include "services.h"

#include "../poller/route.h"

#define READ_MS (20 * LK_MINUTE) /* a thousand rows, at a hundred a minute, and some */

typedef struct
{
  Cli *cli;
  CliServices *services;
  ProposeAccount *account;
  guint open;
  GError *error; /* the first */
} Reading;

#define FREE_ROW(name, Type)                                                                       \
  static void name##_free (gpointer data)                                                          \
  {                                                                                                \
    lk_nexudus_##name##_clear (data);                                                              \
    g_free (data);                                                                                 \
  }

FREE_ROW (business, LkNexudusBusiness)
FREE_ROW (pass_type, LkNexudusPassType)
FREE_ROW (resource, LkNexudusResource)

void
propose_account_free (ProposeAccount *account)
{
  if (account == NULL)
    return;
  g_ptr_array_unref (account->businesses);
  g_ptr_array_unref (account->pass_types);
  g_ptr_array_unref (account->resources);
  g_free (account);
}

static void
note_error (Reading *reading, const GError *error)
{
  if (error != NULL && reading->error == NULL)
    reading->error = g_error_copy (error);
}

/* --- one by one ---------------------------------------------------------------------------------
 */

static void
got_pass_type (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error,
               gpointer data)
{
  Reading *reading = data;
  g_autofree LkNexudusPassType *type = g_new0 (LkNexudusPassType, 1);
  g_autoptr (GError) local = NULL;

  (void) id;
  (void) read;
  reading->open--;
  note_error (reading, error);
  if (error != NULL || row == NULL)
    return; /* gone since it was listed */
  if (lk_nexudus_pass_type_read (type, row, &local))
    g_ptr_array_add (reading->account->pass_types, g_steal_pointer (&type));
  else
    note_error (reading, local);
}

static void
got_resource (gint64 id, json_t *row, const LkNexudusRead *read, const GError *error, gpointer data)
{
  Reading *reading = data;
  g_autofree LkNexudusResource *resource = g_new0 (LkNexudusResource, 1);
  g_autoptr (GError) local = NULL;

  (void) id;
  (void) read;
  reading->open--;
  note_error (reading, error);
  if (error != NULL || row == NULL)
    return;
  if (lk_nexudus_resource_read (resource, row, &local))
    g_ptr_array_add (reading->account->resources, g_steal_pointer (&resource));
  else
    note_error (reading, local);
}

/* --- lists --------------------------------------------------------------------------------------
 */

static void
business_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Reading *reading = data;
  g_autofree LkNexudusBusiness *business = g_new0 (LkNexudusBusiness, 1);
  g_autoptr (GError) local = NULL;

  (void) read;
  if (lk_nexudus_business_read (business, row, &local))
    g_ptr_array_add (reading->account->businesses, g_steal_pointer (&business));
  else
    note_error (reading, local);
}

static void
pass_type_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Reading *reading = data;
  g_auto (LkNexudusPassType) type = { 0 };
  g_autoptr (GError) local = NULL;

  (void) read;
  if (!lk_nexudus_pass_type_read (&type, row, &local))
    note_error (reading, local);
  else if (!type.archived && type.name != NULL)
    {
      reading->open++;
      lk_nexudus_get (reading->services->nexudus, LK_NEXUDUS_PASS_TYPES, type.id, LK_NEXUDUS_ROWS,
                      got_pass_type, reading);
    }
}

static gboolean
is_of_a_space (const Reading *reading, gint64 business)
{
  const LkConfig *config = reading->cli->config;

  for (guint i = 0; i < config->n_spaces; i++)
    if (config->spaces[i].nexudus == reading->account->config
        && config->spaces[i].business == business)
      return TRUE;
  return FALSE;
}

static void
resource_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Reading *reading = data;
  g_auto (LkNexudusResource) resource = { 0 };
  g_autoptr (GError) local = NULL;

  (void) read;
  if (!lk_nexudus_resource_read (&resource, row, &local))
    note_error (reading, local);
  else if (!resource.archived && resource.name != NULL
           && is_of_a_space (reading, resource.business))
    {
      reading->open++;
      lk_nexudus_get (reading->services->nexudus, LK_NEXUDUS_RESOURCES, resource.id,
                      LK_NEXUDUS_ROWS, got_resource, reading);
    }
}

static void
listed (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Reading *reading = data;

  (void) read;
  reading->open--;
  note_error (reading, error);
}

static gboolean
is_read (gpointer data)
{
  const Reading *reading = data;

  return reading->open == 0 || reading->error != NULL;
}

ProposeAccount *
propose_account_read (Cli *cli, const LkConfigNexudus *config, GError **error)
{
  g_autoptr (ProposeAccount) account = g_new0 (ProposeAccount, 1);
  g_autoptr (CliServices) services = cli_services_open (cli, config, NULL, error);
  Reading reading = { cli, services, account, 3, NULL };
  gboolean ok;

  account->config = config;
  account->businesses = g_ptr_array_new_with_free_func (business_free);
  account->pass_types = g_ptr_array_new_with_free_func (pass_type_free);
  account->resources = g_ptr_array_new_with_free_func (resource_free);
  if (services == NULL)
    return NULL;
  lk_nexudus_list (services->nexudus, LK_NEXUDUS_BUSINESSES, NULL, LK_NEXUDUS_ROWS, business_row,
                   listed, &reading);
  lk_nexudus_list (services->nexudus, LK_NEXUDUS_PASS_TYPES, NULL, LK_NEXUDUS_ROWS, pass_type_row,
                   listed, &reading);
  lk_nexudus_list (services->nexudus, LK_NEXUDUS_RESOURCES, NULL, LK_NEXUDUS_ROWS, resource_row,
                   listed, &reading);
  ok = cli_services_wait (cli, services, is_read, &reading, "reading pass types and resources",
                          READ_MS, error);
  /* Whatever is still asked must not find its frame gone. */
  lk_nexudus_cancel_all (services->nexudus);
  if (ok && reading.error == NULL)
    return g_steal_pointer (&account);
  if (ok)
    g_propagate_error (error, reading.error);
  else
    g_clear_error (&reading.error);
  (void) lk_fail_prefix (error, "account %s", config->account);
  return NULL;
}

/* --- where --------------------------------------------------------------------------------------
 */

static gboolean
is_network (const ProposeAccount *account, gint64 business)
{
  for (guint i = 0; i < account->businesses->len; i++)
    {
      const LkNexudusBusiness *one = account->businesses->pdata[i];
      if (business != 0 && one->root == business && one->id != business)
        return TRUE;
    }
  return FALSE;
}

gboolean
propose_is_usable (const ProposeAccount *account, const LkNexudusPassType *type,
                   const LkConfigSpace *space)
{
  const RouteSpaces only = { &space->business, 1 };
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (guint));

  route_pass_type (&only, type->locations, type->n_locations, type->business,
                   is_network (account, type->business), found);
  return found->len > 0;
}
