# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The executor alone: a test writes commands as the workers would, and looks at what KISI holds.

No poller and no worker runs, so each test says exactly what is claimed, in which order, and when.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.kafka import Broker
from harness.process import Daemon
from harness.sandbox import Row, Sandbox
from harness.stack import Stack, default_config, default_data
from harness.topics import partition_of, produce, read_records, read_table
from harness.wait import wait_for

EXECUTOR = "latchkey-executor"
HOURS, DAY, GREEN = 7001, 7002, 7003  # groups of moncloa, in local-data.json
DUMBO_DAY = 7011
ENTRANCE = 16721
PARTITIONS = 3

_members = itertools.count(9101)


def members(n: int) -> list[int]:
    """Ids that no other test has."""
    return [next(_members) for _ in range(n)]


def at(seconds: float) -> str:
    """So many seconds from now, as whole seconds."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def claim(group: int, start: str | None = None, end: str | None = None) -> Row:
    return {"group_id": group, "valid_from": start or at(-60), "valid_until": end}


class World:
    """A stack with one executor; WAIT is how long a condition may take."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sandbox: Sandbox = stack.side
        self._versions = itertools.count(time.time_ns() // 1_000_000)

    @classmethod
    def start(cls, directory: Path, broker: Broker, prefix: str,
              config: dict[str, Any] | None = None, running: bool = True) -> World:
        config = config or default_config()
        for account in config["kisi"]:
            account.setdefault("events_interval", "1s")
        stack = Stack(directory, broker, prefix, config)
        directory.mkdir(parents=True, exist_ok=True)
        stack.start_sandbox()
        stack.side.raise_limits()
        stack.side.load(default_data())
        stack.write_config()
        stack.apply_topics()
        stack.apply_rules()
        if running:
            stack.start_daemons([EXECUTOR])
        return cls(stack)

    @property
    def executor(self) -> Daemon:
        return self.stack.daemons[EXECUTOR]

    # -- what the workers would write ----------------------------------------------------------------

    @staticmethod
    def address(member: int) -> str:
        return f"m{member}@example.org"

    def version(self) -> list[int]:
        return [next(self._versions), 1]

    def _put(self, space: str, key: str, value: Row) -> None:
        produce(self.stack.bootstrap, self.stack.topic("commands", space), {key: value})

    def member(self, member: int, entitled: bool = True, email: str | None = None,
               space: str = "moncloa") -> None:
        self._put(space, str(member), {
            "member": member, "space": space, "version": self.version(), "entitled": entitled,
            "email": email or self.address(member), "name": f"Member {member}"})

    def command(self, member: int, source: str, *claims: Row, space: str = "moncloa") -> Row:
        return {"member": member, "space": space, "version": self.version(), "source": source,
                "claims": sorted(claims, key=lambda c: (c["group_id"], c["valid_from"] or "")),
                "cause": {"why": "unused" if claims else "used_up"}}

    def claims(self, member: int, source: str, *claims: Row, space: str = "moncloa") -> None:
        """All that SOURCE gives; none is nothing."""
        self._put(space, f"{member}/{source}",
                  self.command(member, source, *claims, space=space))

    def join(self, member: int, *claims: Row, source: str = "pass/1") -> None:
        self.member(member)
        self.claims(member, source, *claims)

    # -- what stands ---------------------------------------------------------------------------------

    def rights(self, member: int, group: int | None = None) -> list[Row]:
        """What KISI holds of a person, lapsed rows too, oldest first."""
        found = self.sandbox.rights(email=self.address(member), group_id=group)
        return sorted(found, key=lambda row: row["id"])

    def ledger(self, space: str = "moncloa") -> dict[str, Any]:
        return read_table(self.stack.bootstrap, self.stack.topic("ledger", space))

    def ledger_rights(self, member: int) -> list[Row]:
        return [row for key, row in self.ledger().items() if key.startswith(f"{member}/")]

    def blocked(self, member: int) -> list[Row]:
        row = self.ledger().get(str(member))
        return row["blocked"] if row else []

    def changes(self, member: int, space: str = "moncloa") -> list[Row]:
        records = read_records(self.stack.bootstrap, self.stack.topic("access-changes", space))
        return [record.json for record in records if record.key == str(member)]

    def told(self, member: int) -> Counter[str]:
        """The different changes that were told of a person: a repeat has the same id."""
        return Counter({change["id"]: change["change"] for change in self.changes(member)}.values())

    def calls(self, method: str, path: str) -> int:
        """All calls of KISI to that path, throttled and failed ones too."""
        found = self.sandbox.calls(service="kisi", method=method, path=path)["calls"]
        return sum(call["count"] + call["throttled"] + call["failed"] for call in found)

    def writes(self) -> int:
        return self.sandbox.calls()["writes"]["kisi"]

    def mails(self, member: int) -> int:
        return self.sandbox.invitations().get(self.address(member), 0)

    # -- waiting -------------------------------------------------------------------------------------

    def opens(self, member: int, group: int, start: str | None = None, end: str | None = None,
              deadline: float = 20.0) -> Row:
        """Exactly one right on GROUP, of that window (START None: any), and the ledger holds it."""

        def one() -> Row:
            found = self.rights(member, group)
            assert len(found) == 1, f"rights of {member} on group {group}: {found}"
            assert start is None or found[0]["valid_from"] == start, found[0]
            assert found[0]["valid_until"] == end, found[0]
            held = [row["right_id"] for row in self.ledger_rights(member)
                    if row["state"] == "held" and row["group_id"] == group]
            assert held == [found[0]["id"]], f"the ledger holds {held}, KISI {found[0]['id']}"
            return found[0]

        return wait_for(one, f"{member} opens group {group} until {end}", deadline)

    def gone(self, member: int, group: int | None = None, deadline: float = 20.0) -> None:
        def none() -> bool:
            found = self.rights(member, group)
            held = [row for row in self.ledger_rights(member) if row["state"] != "ended"
                    and group in (None, row["group_id"])]
            assert not found and not held, f"KISI: {found}; ledger: {held}"
            return True

        wait_for(none, f"{member} has no right on {group or 'any group'}", deadline)

    def is_blocked(self, member: int, group: int | None, reason: str,
                   deadline: float = 20.0) -> Row:
        def found() -> Row:
            rows = self.blocked(member)
            hits = [row for row in rows
                    if row["group_id"] == group and row["reason"].startswith(reason)]
            assert len(hits) == 1, rows
            return hits[0]

        return wait_for(found, f"{member} is blocked in group {group}: {reason}", deadline)

    def at_rest(self, daemon: Daemon | None = None) -> None:
        """All commands written before are read and served: of each partition a person who joins now
        is served, and the queue is empty behind them."""
        left = set(range(PARTITIONS))
        barrier: dict[int, int] = {}
        while left:
            member = next(_members)
            part = partition_of(str(member), PARTITIONS)
            if part in left:
                left.discard(part)
                barrier[part] = member
        for member in barrier.values():
            self.join(member, claim(DAY))
        for member in barrier.values():
            self.opens(member, DAY)
        self.idle(daemon)

    def idle(self, daemon: Daemon | None = None) -> None:
        def empty() -> bool:
            metrics = (daemon or self.executor).metrics()
            waiting = metrics.value("latchkey_executor_queue")
            busy = metrics.value("latchkey_executor_calls_in_flight")
            assert waiting == 0 and busy == 0, f"{waiting} wait, {busy} under way"
            return True

        wait_for(empty, "nothing waits and nothing is under way", 20)

    def is_owner(self, daemon: Daemon) -> bool:
        return daemon.metrics().value("latchkey_executor_owner") == 1

    def is_refused(self) -> bool:
        """KISI refuses the account, so no call is made."""
        metrics = self.executor.metrics()
        return metrics.value("latchkey_account_refused", api="kisi") == 1

    def account(self) -> Row:
        """The account's record."""
        table = read_table(self.stack.bootstrap, self.stack.topic("kisi-account", "main"))
        row: Row = table["main"]
        return row

    # -- wishes --------------------------------------------------------------------------------------

    def wish(self, wish: str, subject: object, space: str = "moncloa", **fields: Any) -> str:
        """What the operator wishes through the command line; returns its key."""
        key = f"{wish}/{subject}"
        value: Row = {"wish": wish, "member": None, "ids": [], "trip": None, "at": at(0), **fields}
        produce(self.stack.bootstrap, self.stack.topic("control", space), {key: value})
        return key

    def outcome(self, key: str, space: str = "moncloa", deadline: float = 30.0) -> Row:
        def written() -> Row:
            table = read_table(self.stack.bootstrap, self.stack.topic("control", space))
            assert f"{key}/executor" in table, sorted(table)
            row: Row = table[f"{key}/executor"]
            return row

        return wait_for(written, f"what became of {key}", deadline)

    # -- the audit -----------------------------------------------------------------------------------

    def audited(self) -> None:
        """An audit that begins from now on ends."""
        now = time.time()
        wait_for(lambda: self.executor.metrics().count("latchkey_audited_at_seconds") >= now,
                 "an audit begins and ends", 40)

    def drift(self, class_: str, space: str = "moncloa") -> float:
        found = {"space": space, "class": class_}
        return self.executor.metrics().count("latchkey_audit_drift", **found)

    # -- the configuration ---------------------------------------------------------------------------

    def observe(self, space: str, on: bool) -> None:
        """SIGHUP with another mode of SPACE."""
        config = next(one for one in self.stack.config["spaces"] if one["code"] == space)
        config["mode"] = "observe" if on else "enforce"
        self.stack.write_config()
        self.executor.signal(signal.SIGHUP)
