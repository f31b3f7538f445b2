# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the tests of the whole way share: one stack a module, where the day's cut-off is ahead, with
the demo's data; every test has members of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

import pytest

import demo
from harness.kafka import Broker
from harness.stack import Stack, default_config

_members = itertools.count(9101)


@pytest.fixture(scope="module")
def cutoff() -> tuple[str, datetime]:
    return demo.cutoff_ahead()


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory,
    broker: Broker,
    cutoff: tuple[str, datetime],
    request: pytest.FixtureRequest,
) -> Iterator[demo.Story]:
    config = default_config()
    config["spaces"][0]["day_cutoff"] = cutoff[0]
    prefix = request.module.__name__.replace("_", "-")
    with Stack(tmp_path_factory.mktemp("story"), broker, prefix, config) as stack:
        stack.start()
        yield demo.Story(stack)
        stack.stop_daemons()


@pytest.fixture
def member() -> int:
    """An id that no test has used."""
    return next(_members)


@pytest.fixture
def other() -> int:
    return next(_members)
