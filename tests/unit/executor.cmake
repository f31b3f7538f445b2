# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# Links base and model only: that is the proof that plan, merge and queue are pure.
lk_unit_test(plan test_plan.c LINK executor_pure)
