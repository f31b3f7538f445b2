# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The sandbox as a process, as a plugin of the tests that hold it against the references."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox_world import World, start


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    ready = tmp_path_factory.mktemp("sandbox") / "ready.json"
    process, urls = start(ready, "--listen", "127.0.0.1:0")
    with process:
        yield World(urls["all"])
        process.terminate()
        assert process.wait(20) == 0, ready.with_suffix(".log").read_text()


@pytest.fixture
def world(running: World) -> World:
    running.begin()
    return running
