# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_unit_test(server test_server.c LINK lk_http_server PkgConfig::CURL)
