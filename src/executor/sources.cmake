# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# The executor but for its main and its pure parts: what whoever runs it otherwise than as a program
# links as well. Names are of this folder.
set(EXECUTOR_SOURCES
  account.c account_key.c account_plan.c account_serve.c account_record.c account_facts.c
  account_audit.c audit.c
  wishes.c wishes_adopt.c wishes_resync.c wishes_forget.c
  job.c job_inspect.c job_block.c job_user.c job_create.c job_end.c
  record.c state.c state_people.c state_tables.c
  reports.c publish.c share.c watch.c)
