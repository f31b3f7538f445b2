# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
# The model is pure: its tests link base and model only.
add_library(model_messages STATIC model_messages.c)
target_link_libraries(model_messages PUBLIC lk_options lk_base lk_model)

lk_unit_test(model-json test_model_json.c LINK lk_base lk_model)
lk_unit_test(model-window test_model_window.c LINK lk_base lk_model)
lk_unit_test(model-keys test_model_keys.c LINK lk_base lk_model)
lk_unit_test(model-values test_model_values.c LINK lk_base lk_model)
lk_unit_test(model-messages test_model_messages.c LINK model_messages)

# What the tests of topics/ hold against schemas and examples.
add_executable(lk-model-roundtrip model_roundtrip.c)
target_link_libraries(lk-model-roundtrip PRIVATE lk_options model_messages)
