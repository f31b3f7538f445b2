# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The executor's limits on a real broker and the sandbox: how many calls a right costs, how much of
KISI's rate is used and never more, how soon a loss is there behind 10 000 gains, what a replay writes,
and what 100 000 people cost. Prints each figure beside what is aimed at; nothing passes or fails here.

LATCHKEY_BENCH_BACKLOG, LATCHKEY_BENCH_MEMBERS: smaller ones, to try it out.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from executor_world import DAY, EXECUTOR, GREEN, HOURS, World, at, claim, members
from harness.kafka import BENCH_JVM, Broker
from harness.process import Daemon
from harness.sandbox import Row
from harness.stack import default_config
from harness.topics import newest, produce, read_records
from harness.wait import wait_for
from measure import cpu_seconds, fill, memory_mb

PEOPLE = 200
BACKLOG = int(os.environ.get("LATCHKEY_BENCH_BACKLOG", "10000"))
LOSSES = 20
MEMBERS = int(os.environ.get("LATCHKEY_BENCH_MEMBERS", "100000"))
RATE = 5  # KISI's own
CALL_S = 0.2  # what a call takes at KISI, about
WINDOW_S = 60.0
REST_S = 30.0
GROUPS = (HOURS, DAY, GREEN)
SPACE = "moncloa"
PARTITIONS = 3


def show(what: str, figure: str, aim: str) -> None:
    print(f"{what:58}{figure:>22}   {aim}", flush=True)


def config(**account: object) -> dict[str, Any]:
    found = default_config()
    found["spaces"] = found["spaces"][:1]
    found["kisi"][0].update(account)
    return found


def all_calls(world: World) -> int:
    found = world.sandbox.calls(service="kisi")["calls"]
    return sum(call["count"] + call["throttled"] + call["failed"] for call in found)


def throttled(world: World) -> int:
    return sum(call["throttled"] for call in world.sandbox.calls(service="kisi")["calls"])


def write(world: World, people: list[int], *claims: Row, member: bool = False,
          source: str = "pass/1") -> None:
    """Of all PEOPLE at once: that SOURCE gives CLAIMS."""
    records: list[tuple[str, Row]] = []
    for person in people:
        if member:
            records.append((str(person), {
                "member": person, "space": SPACE, "version": world.version(), "entitled": True,
                "email": world.address(person), "name": f"Member {person}"}))
        records.append((f"{person}/{source}", world.command(person, source, *claims)))
    produce(world.stack.bootstrap, world.stack.topic("commands", SPACE), records, deadline=120)


def settled(world: World, rights: int) -> None:
    def there() -> bool:
        found = len(world.sandbox.rights())
        assert found == rights, f"{found} of {rights} rights"
        return True

    wait_for(there, f"KISI has {rights} rights", 300, interval=0.2)
    world.idle()


# -- calls and replay ------------------------------------------------------------------------------


def steady_state(directory: Path, broker: Broker) -> None:
    """Door events and audits read by the clock, not for a right: they are kept away."""
    world = World.start(directory, broker, "steady",
                        config(events_interval="1h", audit_interval="7d"))
    with world.stack:
        people = members(PEOPLE)
        write(world, people, claim(DAY), member=True)
        settled(world, PEOPLE)
        start, end = at(-60), at(7200)
        calls = all_calls(world)
        write(world, people, claim(HOURS), source="pass/2")
        settled(world, 2 * PEOPLE)
        write(world, people, claim(HOURS, start, end), source="pass/2")  # one made, one ended
        settled(world, 2 * PEOPLE)
        wait_for(lambda: all(row["valid_until"] == end
                             for row in world.sandbox.rights(group_id=HOURS)), "all are shorter", 60)
        world.idle()
        write(world, people, source="pass/2")
        settled(world, PEOPLE)
        each = (all_calls(world) - calls) / (4 * PEOPLE)
        show("calls for a right made or ended", f"{each:.3f}", "≤ 1.05")
        replay(world)
        world.stack.stop_daemons()


def replay(world: World) -> None:
    world.stack.stop_daemons()
    topic = world.stack.topic("commands", SPACE)
    again = newest(read_records(world.stack.bootstrap, topic))
    writes = world.writes()
    produce(world.stack.bootstrap, topic, [(key, record.value) for key, record in again.items()])
    world.executor.start()
    world.executor.wait_ready()
    wait_for(lambda: world.is_owner(world.executor), "it acts again", 40)
    world.at_rest()
    # Three people have joined to show that all is read: a user and a right each.
    show("writing calls on a full replay", f"{world.writes() - writes - 2 * PARTITIONS}", "0")


# -- the rate, and urgency -------------------------------------------------------------------------


def backlog(directory: Path, broker: Broker) -> None:
    """Door events and audits as they come by default; KISI counts, and takes CALL_S for each call."""
    world = World.start(directory, broker, "backlog",
                        config(requests_per_second=50, events_interval="10s",
                               audit_interval="6h"))
    with world.stack:
        holders = members(LOSSES)
        write(world, holders, claim(DAY), member=True)
        settled(world, LOSSES)
        world.stack.config["kisi"][0]["requests_per_second"] = RATE
        world.stack.write_config()
        world.executor.signal(signal.SIGHUP)
        time_of_last = time.monotonic()
        wait_for(lambda: time.monotonic() > time_of_last + 2, "the old rate is over")
        world.sandbox.limit(kisi_per_second=RATE, kisi_event_sets_per_second=1)
        world.sandbox.faults({"service": "kisi", "delay_ms": int(CALL_S * 1000), "count": 0})
        world.sandbox.clear_calls()
        write(world, members(BACKLOG), claim(HOURS), member=True)
        share(world)
        losses(world, holders)
        change_of_owner(world)


def used(world: World, seconds: float) -> float:
    """Calls made in so long, against those that the rate allows."""
    calls, began = all_calls(world), time.monotonic()
    wait_for(lambda: time.monotonic() >= began + seconds, "measured", seconds + 10)
    return (all_calls(world) - calls) / (RATE * (time.monotonic() - began))


def share(world: World) -> None:
    before = all_calls(world)
    wait_for(lambda: all_calls(world) > before + 2 * RATE, "it is at work")
    show(f"share of the rate used, {BACKLOG} people waiting", f"{used(world, WINDOW_S):.1%}", "≥ 95 %")


def deletes(world: World) -> list[datetime]:
    return [datetime.fromisoformat(call["at"]) for call in world.sandbox.call_log()
            if call["method"] == "DELETE"]


def losses(world: World, holders: list[int]) -> None:
    """From the command's acknowledgement to the end of the call that takes the right away."""
    found: list[float] = []
    for holder in holders:
        write(world, [holder])
        began = datetime.now(UTC)
        # Nobody else loses anything. A call stands in the log when it has been answered.
        n = len(found)
        answered = wait_for(lambda: deletes(world)[n:], "it is gone", 60)
        found.append((answered[0] - began).total_seconds())
    found.sort()
    show(f"from a due loss to its end in KISI: median of {len(found)}",
         f"{statistics.median(found):.2f} s", f"≤ {CALL_S + 1:.1f} s")
    show("  the longest", f"{found[-1]:.2f} s", f"≤ {CALL_S + 1:.1f} s")


def change_of_owner(world: World) -> None:
    """There and back, in good order and by kill -9."""
    first = world.executor
    second = world.stack.start_daemon(EXECUTOR)
    second.wait_ready()
    assert first.terminate() == 0
    wait_for(lambda: world.is_owner(second), "the second acts", 40)
    used(world, 5)
    first.start()
    first.wait_ready()
    second.kill()
    wait_for(lambda: world.is_owner(first), "the first acts again", 40)
    used(world, 5)
    show("calls above the rate, across two changes of owner", f"{throttled(world)}", "0")


# -- a hundred thousand people ---------------------------------------------------------------------


def commands(version: int) -> Iterator[tuple[str, Row]]:
    for n in range(1, MEMBERS + 1):
        yield str(n), {"member": n, "space": SPACE, "version": [version, 1], "entitled": True,
                       "email": f"m{n}@example.org", "name": f"Member {n}"}
        yield f"{n}/pass/{n}", {
            "member": n, "space": SPACE, "version": [version, 1], "source": f"pass/{n}",
            "claims": [{"group_id": group, "valid_from": "2026-01-05T08:00:00Z",
                        "valid_until": None} for group in GROUPS],
            "cause": {"why": "unused"}}


def ledger() -> Iterator[tuple[str, Row]]:
    for n in range(1, MEMBERS + 1):
        yield str(n), {"format": 1, "member": n, "space": SPACE, "kisi_user_id": 100_000 + n,
                       "email": f"m{n}@example.org", "invited_at": "2026-01-05T08:00:00Z",
                       "intended_at": None, "checked_at": "2026-01-05T08:00:00Z", "blocked": []}
        for i, group in enumerate(GROUPS):
            right = f"{i:08x}-5c11-4c8e-9a2f-{n:012x}"
            yield f"{n}/{right}", {
                "format": 1, "member": n, "space": SPACE, "right": right, "state": "held",
                "kisi_user_id": 100_000 + n, "group_id": group, "right_id": 3 * n + i,
                "valid_from": "2026-01-05T08:00:00Z", "valid_until": None,
                "sources": [f"pass/{n}"], "intended_at": "2026-01-05T08:00:00Z",
                "ended_at": None, "touched_at": None}


def many_people(directory: Path, broker: Broker) -> None:
    world = World.start(directory, broker, "many", config(events_interval="10s"), running=False)
    with world.stack:
        stack = world.stack
        fill(stack.bootstrap, stack.topic("commands", SPACE), commands(1_795_490_450_972), PARTITIONS)
        fill(stack.bootstrap, stack.topic("ledger", SPACE), ledger(), PARTITIONS)
        # The last audit was just now: the sandbox holds none of these rights.
        produce(stack.bootstrap, stack.topic("kisi-account", "main"), {"main": {
            "account": "main", "events_until": at(-5), "audited_at": at(-5),
            "rights_per_group": "many", "fault": None}})
        began = time.monotonic()
        daemon = stack.start_daemon(EXECUTOR)
        wait_for(lambda: is_acting(daemon), "it acts", 120, interval=0.02)
        loaded = time.monotonic() - began
        show(f"from start to acting, {MEMBERS} people, {3 * MEMBERS} rights", f"{loaded:.1f} s",
             "≤ 5 s")
        world.idle(daemon)
        show("memory, resident", f"{memory_mb(daemon.pid, 'VmRSS'):.0f} MB",
             "≤ 200 MB")
        show("  at most so far", f"{memory_mb(daemon.pid, 'VmHWM'):.0f} MB", "")
        cpu, since = cpu_seconds(daemon.pid), time.monotonic()
        wait_for(lambda: time.monotonic() >= since + REST_S, "a while of rest", REST_S + 10,
                 interval=0.5)
        show("CPU at rest", f"{(cpu_seconds(daemon.pid) - cpu) / (time.monotonic() - since):.2%} "
             "of a core", "")
        assert world.writes() == 0, "it is not at rest"
        assert daemon.terminate() == 0


def is_acting(daemon: Daemon) -> bool:
    status, _ = daemon.get("/readyz")
    return status == 200 and daemon.metrics().count("latchkey_executor_owner") == 1


PARTS = {"steady": steady_state, "backlog": backlog, "many": many_people}


def main() -> int:
    print(f"{'the executor; ' + str(os.cpu_count()) + ' cores':58}{'figure':>22}   aim")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with Broker(directory / "kafka", jvm=BENCH_JVM) as broker:
            for name in os.environ.get("LATCHKEY_BENCH_PARTS", " ".join(PARTS)).split():
                PARTS[name](directory / name, broker)
    return 0


if __name__ == "__main__":
    sys.exit(main())
