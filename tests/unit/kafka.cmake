# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# The table alone: compiled from its sources against a reader and a producer that the test plays.
lk_unit_test(kafka-table test_kafka_table.c kafka_fakes.c
  ${PROJECT_SOURCE_DIR}/src/lib/kafka/table.c
  ${PROJECT_SOURCE_DIR}/src/lib/kafka/table_part.c
  ${PROJECT_SOURCE_DIR}/src/lib/kafka/table_index.c
  LINK lk_base lk_model lk_config PkgConfig::RDKAFKA)
lk_unit_test(kafka-clients test_kafka_clients.c LINK lk_kafka)
# On a real broker, driven by tests/system/test_kafka_lib.py.
add_executable(kafka-probe kafka_probe.c)
target_link_libraries(kafka-probe PRIVATE lk_options lk_kafka)
