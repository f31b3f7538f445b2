# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_unit_test(nexudus test_nexudus.c LINK lk_nexudus)
lk_unit_test(budget test_budget.c LINK lk_http)
# Links base and model only: that is the proof that route and diff are pure.
lk_unit_test(poller test_poller.c LINK poller_pure)
lk_unit_test(spent test_spent.c LINK poller_spent)
lk_unit_test(poller-world test_poller_world.c ${PROJECT_SOURCE_DIR}/src/poller/world.c
  ${PROJECT_SOURCE_DIR}/src/poller/world_contracts.c LINK poller_pure lk_nexudus)
