# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
lk_fuzz_target(nexudus-page fuzz_nexudus_page.c LINK lk_nexudus)
lk_fuzz_target(nexudus-row fuzz_nexudus_row.c LINK lk_nexudus)
lk_fuzz_target(nexudus-token fuzz_nexudus_token.c LINK lk_nexudus)
lk_fuzz_target(topic-file fuzz_topic_file.c LINK lk_kafka)
