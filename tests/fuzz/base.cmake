# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_fuzz_target(time fuzz_time.c LINK lk_base)
