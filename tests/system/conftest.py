# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the system tests share: one broker for the session, a topic prefix for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from harness.kafka import Broker

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker that tests share. A test that stops it makes one of its own."""
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture
def prefix() -> str:
    """A topic prefix that no other test has, so that one broker does for all."""
    return f"t{next(_numbers)}"
