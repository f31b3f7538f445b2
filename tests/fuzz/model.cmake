# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# One target a message, named as its corpus; all of one source.
foreach(message member pass booking rules command ledger-member right wish outcome
        nexudus-account kisi-account access-change access-report reject)
  lk_fuzz_target(${message} fuzz_message.c LINK model_messages)
  if(TARGET fuzz-${message})
    target_compile_definitions(fuzz-${message} PRIVATE FUZZ_MESSAGE="${message}")
  endif()
endforeach()
lk_fuzz_target(record fuzz_record.c LINK lk_model)
