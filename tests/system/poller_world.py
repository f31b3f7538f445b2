# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the poller's tests share: a stack whose only daemon is the poller, what it has published, and
a world with a network of locations, one of which is no space of ours."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.process import Daemon
from harness.sandbox import Row, Sandbox
from harness.stack import Stack, default_config, default_data
from harness.topics import Record, read_records, read_table
from harness.wait import wait_for

NETWORK, MONCLOA, DUMBO, ELSEWHERE = 1421000000, 1421000001, 1421000002, 1421000009
HOURS_24, ANYWHERE, NETWORK_PASS, OWN_PASS, TEN_HOURS = 3001, 3003, 3004, 3005, 3006
GREEN, BRIDGE, FAR_ROOM = 4001, 4002, 4009
RESIDENT = 5001
POLLER = "latchkey-poller"
KINDS = ("members", "passes", "bookings")

_members = itertools.count(9001)


def world() -> dict[str, Any]:
    """The local data, below a network location, and a location that is no space of ours."""
    data = default_data()
    nexudus = data["nexudus"]
    for business in nexudus["businesses"]:
        business["RootLocationId"] = NETWORK
    nexudus["businesses"] += [{"Id": NETWORK, "Name": "Casa"},
                              {"Id": ELSEWHERE, "Name": "Elsewhere", "RootLocationId": NETWORK}]
    nexudus["timepasses"] += [
        {"Id": NETWORK_PASS, "BusinessId": NETWORK, "Name": "Network Pass"},
        {"Id": OWN_PASS, "BusinessId": MONCLOA, "Name": "House Pass"},
        {"Id": TEN_HOURS, "BusinessId": MONCLOA, "Name": "Ten hours", "MinutesIncluded": 600,
         "Businesses": [MONCLOA]},
    ]
    nexudus["resources"] += [{"Id": FAR_ROOM, "BusinessId": ELSEWHERE, "Name": "Far room"}]
    return data


def text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Polled:
    """A stack whose only daemon is the poller."""

    def __init__(self, stack: Stack, data: dict[str, Any] | None = None) -> None:
        self.stack = stack
        stack.directory.mkdir(parents=True, exist_ok=True)
        stack.start_kafka()
        stack.start_sandbox()
        self.sandbox: Sandbox = stack.side
        self.sandbox.raise_limits()
        self.sandbox.load(world() if data is None else data)
        stack.write_config()
        stack.apply_topics()

    @property
    def poller(self) -> Daemon:
        return self.stack.daemons[POLLER]

    def launch(self) -> None:
        """The daemon, until it is ready; it may not have read anything yet."""
        self.stack.start_daemons([POLLER])

    def start(self) -> None:
        self.launch()
        self.first_listing()

    def first_listing(self) -> None:
        wait_for(lambda: self.ended("listing", "done") >= 1, "the first listing", 60)

    # -- what is published -------------------------------------------------------------------------

    def records(self, kind: str, space: str = "moncloa") -> list[Record]:
        return read_records(self.stack.bootstrap, self.stack.topic(kind, space))

    def of(self, kind: str, key: str, space: str = "moncloa") -> list[Any]:
        """All that was ever published under KEY, in order."""
        return [record.json for record in self.records(kind, space) if record.key == key]

    def table(self, kind: str, space: str = "moncloa") -> dict[str, Any]:
        return read_table(self.stack.bootstrap, self.stack.topic(kind, space))

    def everything(self) -> list[tuple[str, int, int]]:
        """Where every entity record is: a new one makes a difference."""
        return sorted((record.topic, record.partition, record.offset)
                      for kind in KINDS for space in ("moncloa", "dumbo")
                      for record in self.records(kind, space))

    def becomes(self, kind: str, key: str, space: str = "moncloa", **fields: Any) -> Row:
        """Waits until what stands under KEY has FIELDS."""

        def found() -> Row:
            value: Row = self.table(kind, space)[key] if key in self.table(kind, space) else {}
            assert value and fields.items() <= value.items(), f"{kind} {space} {key}: {value}"
            return value

        return wait_for(found, f"{kind}.{space} {key} has {fields}", 30, interval=0.2)

    def account(self) -> Row:
        table = self.table("nexudus-account", "main")
        return table.get("main", {})

    # -- what it does ------------------------------------------------------------------------------

    def ended(self, kind: str, outcome: str) -> float:
        return self.poller.metrics().count("latchkey_poller_cycles_total", kind=kind,
                                           outcome=outcome)

    def listed(self, times: int = 2, outcome: str = "done", deadline: float = 60) -> None:
        """Waits for so many more full listings to end: the second one began after this call."""
        before = self.ended("listing", outcome)
        wait_for(lambda: self.ended("listing", outcome) >= before + times,
                 f"{times} listings {outcome}", deadline)

    def cycled(self, times: int = 2, outcome: str = "done", deadline: float = 30) -> None:
        before = self.ended("incremental", outcome)
        wait_for(lambda: self.ended("incremental", outcome) >= before + times,
                 f"{times} incremental cycles {outcome}", deadline)

    @contextlib.contextmanager
    def faults(self, *faults: Row) -> Iterator[None]:
        self.sandbox.faults(*faults)
        try:
            yield
        finally:
            self.sandbox.faults()

    def hit(self, hits: int = 1, deadline: float = 60) -> None:
        def enough() -> bool:
            found = [fault["hits"] for fault in self.sandbox.fault_hits()]
            assert min(found) >= hits, found
            return True

        wait_for(enough, f"each fault was met {hits} times", deadline)

    def read_count(self, path: str) -> int:
        calls = self.sandbox.calls(service="nexudus", path=path)["calls"]
        return sum(call["count"] for call in calls)

    # -- what happens in Nexudus -------------------------------------------------------------------

    def join(self, member: int, business: int = MONCLOA, **fields: Any) -> None:
        self.sandbox.create("coworkers", Id=member, FullName=f"Member {member}",
                            Email=f"m{member}@example.org", InvoicingBusinessId=business, **fields)

    def give(self, member: int, pass_type: int = HOURS_24) -> str:
        """The key of a new pass."""
        return f"{member}/{self.sandbox.give_pass(member, pass_type)['Id']}"

    def book(self, member: int, resource: int = GREEN, hours: float = 5) -> str:
        """The key of a new booking, which begins in so many HOURS."""
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
        row = self.sandbox.book(member, resource, text(start), text(start + timedelta(hours=1)))
        return f"{member}/{row['Id']}"


def ident(key: str) -> int:
    return int(key.rpartition("/")[2])


def config(poll: str = "1s", listing: str = "2s", **more: Any) -> dict[str, Any]:
    settings = default_config()
    settings["nexudus"][0].update({"poll_interval": poll, "listing_interval": listing, **more})
    settings["spaces"][1]["bookings"] = {"grace": "2h"}
    return settings


def next_member() -> int:
    return next(_members)


def large_world(people: int) -> dict[str, Any]:
    data = world()
    data["nexudus"]["coworkers"] = [
        {"Id": 50001 + n, "FullName": f"M {n}", "Email": f"p{n}@example.org",
         "InvoicingBusinessId": MONCLOA} for n in range(people)]
    data["nexudus"]["coworkertimepasses"] = [
        {"Id": 2000000001 + 7 * n, "CoworkerId": 50001 + n, "TimePassId": HOURS_24,
         "BusinessId": MONCLOA} for n in range(people)]
    return data
