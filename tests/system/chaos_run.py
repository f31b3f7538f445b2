# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`./dev chaos`: the executor on a real broker, and everything goes wrong that can. After each phase it
has to come to rest by itself, and what KISI and the ledger hold is checked against a statement of what
each person should have (chaos_people.py). Not collected with the other tests: named, or not run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos_world import BROKER, ONCE, Chaos, crash_points, in_order
from harness.kafka import Broker


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def killed_everywhere(chaos: Chaos, points: list[str]) -> None:
    chaos.end_all()
    for point in in_order(points):
        chaos.kill_at(point, 1 if point in ONCE else chaos.chance.choice((1, 1, 2, 3)))
    chaos.ensure_one()


def phases(chaos: Chaos, away: float) -> dict[str, Callable[[], None]]:
    """By what happens in them."""
    return {
        "an executor sleeps over its session in a call": chaos.sleep_in_a_call,
        "one to three executors come and go": lambda: chaos.come_and_go(40),
        "the broker stops and starts": lambda: chaos.broker_away(6),
        "commands and ledgers are compacted": lambda: chaos.compact(16),
        "three creates in ten have no answer": lambda: chaos.cut_after_effect(20),
        "keys are taken away by hand": lambda: chaos.taken_away_by_hand(10),
        "KISI is away": lambda: chaos.kisi_away(away),
        "offsets are reset": chaos.reset_offsets,
    }


def play(chaos: Chaos, what: str, phase: Callable[[], None], away: float) -> None:
    say(what)
    began = time.monotonic()
    phase()
    # A person who failed again and again is tried again after as long as it has lasted.
    chaos.at_rest(150 + away)
    say(f"  at rest after {time.monotonic() - began:.0f} s; {len(chaos.people.all)} people")


def test_chaos(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    seed = pytestconfig.getoption("seed")
    away = pytestconfig.getoption("away")
    end = time.monotonic() + 60 * pytestconfig.getoption("minutes")
    points = crash_points()
    with Broker(tmp_path / "kafka", BROKER) as broker:
        chaos = Chaos.start(tmp_path / "stack", broker, "chaos", seed)
        with chaos.world.stack:
            say(f"seed {seed}")
            all_phases = phases(chaos, away)
            for what, phase in all_phases.items():
                play(chaos, what, phase, away)
            play(chaos, f"killed at each of {len(points)} points",
                 lambda: killed_everywhere(chaos, points), away)
            while time.monotonic() < end:
                what = chaos.chance.choice([*all_phases])
                play(chaos, what, all_phases[what], away)
            chaos.all_told()
            chaos.end_all()
    print("\n" + chaos.summary())
    missed = [point for point in points if not chaos.counts[f"killed at {point}"]]
    assert not missed, f"points that were never come to: {missed}"
