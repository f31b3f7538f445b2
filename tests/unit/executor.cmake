# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# Links base and model only: that is the proof that plan, merge, queue and drift are pure.
lk_unit_test(plan test_plan.c LINK executor_pure)
lk_unit_test(drift test_drift.c LINK executor_pure)
