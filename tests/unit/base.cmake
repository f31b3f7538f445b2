# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
foreach(part clock error log metrics time zone)
  lk_unit_test(base-${part} test_base_${part}.c LINK lk_base)
endforeach()
