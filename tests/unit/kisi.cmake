# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_unit_test(kisi-answers test_kisi_answers.c LINK lk_kisi)
# It plays the HTTP client itself (the archive's own is then not taken), so no socket is opened.
lk_unit_test(kisi-calls test_kisi_calls.c kisi_fake_http.c LINK lk_kisi)
# Links base and model only: that is the proof that they are pure.
if(TARGET executor_judge)
  lk_unit_test(judge test_judge.c LINK executor_judge)
  lk_unit_test(doors test_doors.c LINK executor_judge)
  # It plays KISI, Kafka and the program itself, in the same way.
  lk_unit_test(reports test_reports.c ${PROJECT_SOURCE_DIR}/src/executor/reports.c
    ${PROJECT_SOURCE_DIR}/src/executor/publish.c
    ${PROJECT_SOURCE_DIR}/src/executor/share.c
    LINK executor_judge lk_kisi PkgConfig::RDKAFKA)
endif()
# Over real HTTP, with the sandbox as a process of its own.
if(TARGET latchkey-sandbox)
  lk_unit_test(kisi-sandbox test_kisi_sandbox.c LINK lk_kisi)
  target_compile_definitions(test-kisi-sandbox PRIVATE
    LK_SANDBOX="$<TARGET_FILE:latchkey-sandbox>")
  add_dependencies(test-kisi-sandbox latchkey-sandbox)
endif()
