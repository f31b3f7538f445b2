# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# The deciders link base and model only: that is the proof that they are pure.
lk_unit_test(decide-pass test_decide_pass.c LINK pass_decide)
lk_unit_test(decide-booking test_decide_booking.c LINK booking_decide)
lk_unit_test(decide-member test_decide_member.c LINK member_decide)
lk_unit_test(progress test_progress.c LINK lk_program)
