# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The workers alone: a test writes snapshots as the poller would, and reads the commands."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.kafka import Broker
from harness.stack import Stack, default_data
from harness.topics import produce, read_records, read_table
from harness.wait import wait_for

WORKERS = ("latchkey-member-worker", "latchkey-pass-worker")
HOURS_24 = 3001  # in local-data.json
DAY_MS = 86_400_000

_members = itertools.count(9501)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("workers")
    with Stack(directory, broker, directory.name) as stack:
        stack.start_sandbox()
        stack.side.raise_limits()
        stack.side.load(default_data())
        stack.write_config()
        stack.apply_topics()
        stack.apply_rules()
        stack.start_daemons(WORKERS)
        yield stack
        stack.stop_daemons()


@pytest.fixture
def member() -> int:
    return next(_members)


def put(stack: Stack, kind: str, key: str, value: Any, timestamp: int | None = None) -> None:
    produce(stack.bootstrap, stack.topic(kind, "moncloa"), {key: value}, timestamp=timestamp)


def snapshot(member: int, **fields: Any) -> dict[str, Any]:
    return {"member": member, "space": "moncloa", "revision": time.time_ns() // 1_000_000,
            "email": f"m{member}@example.org", "name": f"Member {member}", "active": True,
            "archived": False, "deleted": False, **fields}


def a_pass(member: int, ident: int, **fields: Any) -> dict[str, Any]:
    return {"pass": ident, "member": member, "space": "moncloa",
            "revision": time.time_ns() // 1_000_000, "type": HOURS_24, "minutes": None,
            "created_at": "2026-08-27T08:40:26.933Z", "expires_at": None, "used": False,
            "used_at": None, "origin": "direct", "contract": None, "deleted": False, **fields}


def command(stack: Stack, key: str) -> Any:
    def stands() -> Any:
        commands = read_table(stack.bootstrap, stack.topic("commands", "moncloa"))
        assert key in commands, f"no command {key}"
        return commands[key]

    return wait_for(stands, f"command {key}")


def test_that_nothing_is_given_is_said(workers: Stack, member: int) -> None:
    """Rights may be held for a command that was lost: only what is said takes them away."""
    put(workers, "members", str(member), snapshot(member, active=False))
    put(workers, "passes", f"{member}/1", a_pass(member, 1, used=True))
    assert command(workers, str(member))["entitled"] is False
    assert command(workers, f"{member}/pass/1")["claims"] == []


def test_what_gave_nothing_long_ago_is_not_said_again(workers: Stack, member: int) -> None:
    """Its command was kept for 30 days; else each start would write it anew."""
    long_ago = time.time_ns() // 1_000_000 - 31 * DAY_MS
    put(workers, "passes", f"{member}/1", a_pass(member, 1, used=True), timestamp=long_ago)
    put(workers, "passes", f"{member}/2", a_pass(member, 2), timestamp=long_ago)
    assert command(workers, f"{member}/pass/2")["claims"]
    commands = read_table(workers.bootstrap, workers.topic("commands", "moncloa"))
    assert f"{member}/pass/1" not in commands


@pytest.mark.parametrize(("kind", "rest"), [("members", "/pass/1"), ("members", "/1"),
                                            ("passes", ""), ("passes", "/x"), ("passes", "/1/2")])
def test_a_tombstone_of_no_snapshot_is_set_aside(
    workers: Stack, member: int, kind: str, rest: str
) -> None:
    put(workers, "members", str(member), snapshot(member))
    put(workers, "passes", f"{member}/1", a_pass(member, 1))
    assert command(workers, str(member))["entitled"] is True
    assert command(workers, f"{member}/pass/1")["claims"]
    put(workers, kind, f"{member}{rest}", None)

    def rejected() -> bool:
        rejects = read_records(workers.bootstrap, workers.topic("rejects", "moncloa"))
        mine = [record for record in rejects if record.key == f"{member}{rest}"
                and record.json["topic"] == workers.topic(kind, "moncloa")]
        assert len(mine) == 1, mine
        return True

    wait_for(rejected, "it is set aside")
    assert command(workers, str(member))["entitled"] is True
    assert command(workers, f"{member}/pass/1")["claims"]


def test_the_tombstone_of_a_snapshot_takes_its_command_along(workers: Stack, member: int) -> None:
    put(workers, "passes", f"{member}/1", a_pass(member, 1))
    command(workers, f"{member}/pass/1")
    put(workers, "passes", f"{member}/1", None)

    def gone() -> bool:
        commands = read_table(workers.bootstrap, workers.topic("commands", "moncloa"))
        assert f"{member}/pass/1" not in commands
        return True

    wait_for(gone, "the command is gone")
