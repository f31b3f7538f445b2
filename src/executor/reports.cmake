# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# Door events → access reports: the pure part, and what it takes to run it (EXECUTOR_REPORTS goes
# into the program).
lk_pure(executor_judge judge.c doors.c)
set(EXECUTOR_REPORTS reports.c publish.c share.c)
