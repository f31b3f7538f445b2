# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The command line's world, as a plugin of its tests: one stack a module, members of their own for
every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli_world import Operated, next_member
from harness.kafka import Broker
from harness.stack import Stack


@pytest.fixture(scope="module")
def shared_operated(
    tmp_path_factory: pytest.TempPathFactory, broker: Broker
) -> Iterator[Operated]:
    directory = tmp_path_factory.mktemp("cli")
    # Its name has a number: topics of another module are of no concern.
    with Stack(directory, broker, directory.name) as stack:
        operated = Operated(stack)
        operated.start()
        yield operated


@pytest.fixture
def operated(shared_operated: Operated) -> Operated:
    """The shared one, without what a test before it may have set."""
    shared_operated.begin()
    return shared_operated


@pytest.fixture
def member() -> int:
    return next_member()
