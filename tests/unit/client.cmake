# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# The client under real requests, to the server of the same tree.
lk_unit_test(http test_http.c LINK lk_http lk_http_server)
# Login, paging and throttling, on a clock that only moves when there is something to wait for.
lk_unit_test(nexudus-client test_nexudus_client.c LINK lk_nexudus lk_http_server)
