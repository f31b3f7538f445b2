# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_unit_test(match test_match.c LINK cli_match)
