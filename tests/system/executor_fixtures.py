# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""An executor, as a plugin of its tests. Each module has a `running` one, as it wants it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from executor_world import World


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """The module's; faults and switches that a test has set end with it."""
    try:
        yield running
    finally:
        running.sandbox.faults()
        running.sandbox.call("DELETE", "/switches")
