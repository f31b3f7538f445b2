# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the system tests share: one broker for the session, a topic prefix and a stack for each test
that asks for them, and the programs' last words when one fails."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.kafka import Broker
from harness.stack import Stack

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


@pytest.fixture
def stack(broker: Broker, prefix: str, tmp_path: Path) -> Iterator[Stack]:
    """The whole stack on the shared broker, started with the local data; nobody in it yet."""
    with Stack(tmp_path, broker=broker, prefix=prefix) as running:
        running.start()
        yield running


@pytest.hookimpl(hookwrapper=True)  # type: ignore[misc]
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    for value in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(value, Stack):
            for process in value.processes():
                report.sections.append((process.name, process.failure("at the failure")))
