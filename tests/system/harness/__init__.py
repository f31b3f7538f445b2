# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the system tests, the demo, the bench and the local stack stand on.

One module a thing: a Kafka broker (kafka), a program (process), the topics' contents (topics),
waiting for a condition (wait), and all of it together (stack). Everything listens on 127.0.0.1.
"""
