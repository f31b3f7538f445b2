# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_library(lk_http_server server.c LINK lk_base PkgConfig::MHD)
