# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_library(lk_http client.c headers.c budget.c LINK lk_base PkgConfig::CURL)
