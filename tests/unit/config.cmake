# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_unit_test(config test_config.c LINK lk_config)
lk_unit_test(config-corpus test_config_corpus.c LINK lk_config)

# What the README's table of settings is checked against.
add_executable(lk-settings settings_json.c)
target_link_libraries(lk-settings PRIVATE lk_options lk_config PkgConfig::JANSSON)
