# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The short form of `./dev chaos`: the executor is killed once at each of its crash points, amid load,
and sleeps over its session during a call; then all is as it should be (design §9, L1 and L3).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_world import BROKER, Chaos, crash_points, in_order
from harness.kafka import Broker


@pytest.fixture
def chaos(tmp_path: Path) -> Iterator[Chaos]:
    with Broker(tmp_path / "kafka", BROKER) as broker:
        running = Chaos.start(tmp_path / "stack", broker, "chaos", seed=1)
        with running.world.stack:
            yield running


def test_killed_everywhere_and_asleep_in_a_call(chaos: Chaos) -> None:
    points = crash_points()
    for point in in_order(points):
        chaos.kill_at(point)
    chaos.sleep_in_a_call()
    chaos.at_rest()
    chaos.all_told()
    chaos.end_all()
    assert {f"killed at {point}" for point in points} <= set(chaos.counts)
