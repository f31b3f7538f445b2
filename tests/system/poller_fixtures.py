# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""A poller, as a plugin of its tests: one stack a module, and members of their own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kafka import Broker
from harness.stack import Stack
from poller_world import Polled, config, next_member


@pytest.fixture(scope="module")
def shared_poller(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Polled]:
    directory = tmp_path_factory.mktemp("poller")
    # Its name has a number: topics of another module are of no concern.
    with Stack(directory, broker, directory.name, config()) as stack:
        polled = Polled(stack)
        polled.start()
        yield polled
        stack.stop_daemons()


@pytest.fixture
def polled(shared_poller: Polled) -> Polled:
    """The shared one, without what a test before it may have set."""
    shared_poller.sandbox.faults()
    shared_poller.sandbox.call("DELETE", "/switches")
    shared_poller.sandbox.clear_calls()
    return shared_poller


@pytest.fixture
def lone(tmp_path: Path, broker: Broker, prefix: str) -> Iterator[Polled]:
    """One to itself, which lists only at its start, so that what is seen is the increments' doing.
    Not started: what it finds is up to the test."""
    with Stack(tmp_path, broker, prefix, config(listing="1h")) as stack:
        yield Polled(stack)


@pytest.fixture
def member() -> int:
    return next_member()
