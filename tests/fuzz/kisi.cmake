# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_fuzz_target(kisi-answer fuzz_kisi_answer.c LINK lk_kisi)
lk_fuzz_target(kisi-range fuzz_kisi_range.c LINK lk_kisi)
