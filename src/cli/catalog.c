/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Reads pass types, resources and groups with the programs' own clients, one after the other.
 */
#include "catalog.h"

#include "services.h"

#define READ_MS 120000

static void
thing_free (gpointer data)
{
  g_free (((CliThing *) data)->name);
  g_free (data);
}

void
cli_catalog_free (CliCatalog *catalog)
{
  if (catalog == NULL)
    return;
  g_ptr_array_unref (catalog->pass_types);
  g_ptr_array_unref (catalog->resources);
  g_ptr_array_unref (catalog->groups);
  g_array_unref (catalog->slots);
  g_clear_pointer (&catalog->schedules, g_ptr_array_unref);
  g_free (catalog->no_hours);
  g_free (catalog);
}

typedef struct
{
  CliCatalog *catalog;
  guint open;
  GError *error; /* the first */
} Reading;

static gboolean
is_read (gpointer data)
{
  return ((Reading *) data)->open == 0;
}

static void
note_error (Reading *reading, const GError *error)
{
  if (error != NULL && reading->error == NULL)
    reading->error = g_error_copy (error);
}

static void
pass_type_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Reading *reading = data;
  g_auto (LkNexudusPassType) type = { 0 };
  g_autoptr (GError) error = NULL;

  (void) read;
  if (!lk_nexudus_pass_type_read (&type, row, &error))
    note_error (reading, error);
  else if (!type.archived && type.name != NULL)
    g_ptr_array_add (reading->catalog->pass_types,
                     cli_thing_new (type.id, type.name, type.business));
}

static void
resource_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  Reading *reading = data;
  g_auto (LkNexudusResource) resource = { 0 };
  g_autoptr (GError) error = NULL;

  (void) read;
  if (!lk_nexudus_resource_read (&resource, row, &error))
    note_error (reading, error);
  else if (!resource.archived && resource.name != NULL)
    g_ptr_array_add (reading->catalog->resources,
                     cli_thing_new (resource.id, resource.name, resource.business));
}

static void
no_hours (CliCatalog *catalog, const char *why)
{
  if (catalog->no_hours == NULL)
    catalog->no_hours = g_strdup (why);
}

static void
slot_row (json_t *row, const LkNexudusRead *read, gpointer data)
{
  CliCatalog *catalog = ((Reading *) data)->catalog;
  g_autoptr (GError) error = NULL;
  LkNexudusSlot slot;

  (void) read;
  if (lk_nexudus_slot_read (&slot, row, &error))
    g_array_append_val (catalog->slots, slot);
  else
    no_hours (catalog, error->message);
}

static void
slots_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Reading *reading = data;

  (void) read;
  reading->open--;
  if (error != NULL)
    no_hours (reading->catalog, error->message);
}

static void
nexudus_done (const LkNexudusRead *read, const GError *error, gpointer data)
{
  Reading *reading = data;

  (void) read;
  reading->open--;
  note_error (reading, error);
}

static gboolean
read_nexudus (Cli *cli, CliServices *services, CliCatalog *catalog, GError **error)
{
  Reading reading = { catalog, 3, NULL };

  lk_nexudus_list (services->nexudus, LK_NEXUDUS_PASS_TYPES, NULL, LK_NEXUDUS_ROWS, pass_type_row,
                   nexudus_done, &reading);
  lk_nexudus_list (services->nexudus, LK_NEXUDUS_RESOURCES, NULL, LK_NEXUDUS_ROWS, resource_row,
                   nexudus_done, &reading);
  lk_nexudus_list (services->nexudus, LK_NEXUDUS_SLOTS, NULL, LK_NEXUDUS_ROWS, slot_row, slots_done,
                   &reading);
  if (!cli_services_wait (cli, services, is_read, &reading, "reading pass types and resources",
                          READ_MS, error))
    {
      lk_nexudus_cancel_all (services->nexudus);
      g_clear_error (&reading.error);
      return FALSE;
    }
  if (reading.error == NULL)
    return TRUE;
  g_propagate_error (error, reading.error);
  return FALSE;
}

static gboolean
read_kisi (Cli *cli, CliServices *services, CliCatalog *catalog, GError **error)
{
  g_autoptr (LkKisiAnswer) groups = cli_kisi_need (cli, services, CLI_ASK_GROUPS, 0, error);
  g_autoptr (LkKisiAnswer) schedules = NULL;
  g_autoptr (GError) why = NULL;

  if (groups == NULL)
    return FALSE;
  for (guint i = 0; i < groups->groups->len; i++)
    {
      const LkKisiGroup *group = groups->groups->pdata[i];
      CliThing *thing = cli_thing_new (group->id, group->name, group->place_id);
      thing->restricted = group->time_restricted;
      g_ptr_array_add (catalog->groups, thing);
    }
  schedules = cli_kisi_need (cli, services, CLI_ASK_SCHEDULES, 0, &why);
  if (schedules != NULL)
    catalog->schedules = g_steal_pointer (&schedules->schedules);
  else
    no_hours (catalog, why->message);
  return TRUE;
}

CliCatalog *
cli_catalog_load (Cli *cli, const LkConfigSpace *space, GError **error)
{
  g_autoptr (CliCatalog) catalog = g_new0 (CliCatalog, 1);
  g_autoptr (CliServices) services = cli_services_open (cli, space->nexudus, space->kisi, error);

  catalog->pass_types = g_ptr_array_new_with_free_func (thing_free);
  catalog->resources = g_ptr_array_new_with_free_func (thing_free);
  catalog->groups = g_ptr_array_new_with_free_func (thing_free);
  catalog->slots = g_array_new (FALSE, FALSE, sizeof (LkNexudusSlot));
  if (services == NULL)
    return NULL;
  if (read_nexudus (cli, services, catalog, error) && read_kisi (cli, services, catalog, error))
    return g_steal_pointer (&catalog);
  (void) lk_fail_prefix (error, "space %s", space->code);
  return NULL;
}
