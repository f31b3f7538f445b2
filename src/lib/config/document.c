/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Latchkey authors
 *
 * Bytes to a YAML document. The events are looked at before anything is composed from them, because
 * the composer resolves aliases silently, and a few of them make a document without end.
 */
#include "walk.h"

#include <string.h>

#define FILE_MAX  (1024 * 1024)
#define DEPTH_MAX 32

static LkMark
mark_of (yaml_mark_t mark)
{
  return (LkMark){ .line = (guint) mark.line + 1, .column = (guint) mark.column + 1 };
}

static LkMark
mark_of_offset (const char *text, gsize offset)
{
  LkMark mark = { .line = 1, .column = 1 };

  for (gsize i = 0; i < offset; i++)
    if (text[i] == '\n')
      mark = (LkMark){ .line = mark.line + 1, .column = 1 };
    else
      mark.column++;
  return mark;
}

static void
add_parser_problem (const yaml_parser_t *parser, const char *text, gsize len, GPtrArray *problems)
{
  const char *what = parser->problem == NULL ? "cannot be read" : parser->problem;

  if (parser->error == YAML_READER_ERROR)
    lk_problem_add (problems, mark_of_offset (text, MIN (parser->problem_offset, len)), "",
                    "not YAML: %s", what);
  else if (parser->context != NULL)
    lk_problem_add (problems, mark_of (parser->problem_mark), "",
                    "not YAML: %s, %s (from line %zu)", parser->context, what,
                    parser->context_mark.line + 1);
  else
    lk_problem_add (problems, mark_of (parser->problem_mark), "", "not YAML: %s", what);
}

static gboolean
has_tag (const yaml_event_t *event)
{
  switch (event->type)
    {
    case YAML_SCALAR_EVENT:
      return event->data.scalar.tag != NULL;
    case YAML_SEQUENCE_START_EVENT:
      return event->data.sequence_start.tag != NULL;
    case YAML_MAPPING_START_EVENT:
      return event->data.mapping_start.tag != NULL;
    default:
      return FALSE;
    }
}

typedef struct
{
  guint depth, documents;
  gboolean end;
} Scan;

/* FALSE when there is no use in reading on. */
static gboolean
scan_event (Scan *scan, const yaml_event_t *event, GPtrArray *problems)
{
  LkMark mark = mark_of (event->start_mark);

  if (has_tag (event))
    lk_problem_add (problems, mark, "", "tags (!) are refused: write the value alone");
  switch (event->type)
    {
    case YAML_STREAM_END_EVENT:
      scan->end = TRUE;
      return TRUE;
    case YAML_DOCUMENT_START_EVENT:
      if (++scan->documents == 1)
        return TRUE;
      lk_problem_add (problems, mark, "", "a second document: one file holds one configuration");
      return FALSE;
    case YAML_ALIAS_EVENT:
      lk_problem_add (problems, mark, "", "aliases (*) are refused: write the value out");
      return TRUE;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
      if (++scan->depth <= DEPTH_MAX)
        return TRUE;
      lk_problem_add (problems, mark, "", "more than %d levels deep", DEPTH_MAX);
      return FALSE;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      scan->depth--;
      return TRUE;
    default:
      return TRUE;
    }
}

static void
scan (const char *text, gsize len, GPtrArray *problems)
{
  yaml_parser_t parser;
  Scan state = { 0 };
  gboolean on = TRUE;

  g_assert (yaml_parser_initialize (&parser));
  yaml_parser_set_input_string (&parser, (const unsigned char *) text, len);
  while (on && !state.end)
    {
      yaml_event_t event;

      if (!yaml_parser_parse (&parser, &event))
        {
          add_parser_problem (&parser, text, len, problems);
          break;
        }
      on = scan_event (&state, &event, problems);
      yaml_event_delete (&event);
    }
  yaml_parser_delete (&parser);
  if (state.end && state.documents == 0)
    lk_problem_add (problems, (LkMark){ .line = 1, .column = 1 }, "",
                    "empty: expected kafka, nexudus, kisi and spaces");
}

gboolean
lk_document_read (const char *text, gsize len, yaml_document_t *out, GPtrArray *problems)
{
  yaml_parser_t parser;
  const char *end;
  int ok;

  if (len > FILE_MAX)
    {
      lk_problem_add (problems, (LkMark){ 0 }, "", "%" G_GSIZE_FORMAT " bytes long, at most %d",
                      len, FILE_MAX);
      return FALSE;
    }
  if (!g_utf8_validate_len (text, len, &end))
    {
      lk_problem_add (problems, mark_of_offset (text, (gsize) (end - text)), "", "not UTF-8 text");
      return FALSE;
    }
  scan (text, len, problems);
  if (problems->len > 0)
    return FALSE;

  g_assert (yaml_parser_initialize (&parser));
  yaml_parser_set_input_string (&parser, (const unsigned char *) text, len);
  ok = yaml_parser_load (&parser, out);
  if (!ok) /* an anchor given twice: only the composer sees it */
    add_parser_problem (&parser, text, len, problems);
  yaml_parser_delete (&parser);
  return ok != 0;
}
