# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_fuzz_target(config fuzz_config.c LINK lk_config)
