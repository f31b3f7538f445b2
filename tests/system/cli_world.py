# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the tests of the command line share: a sandbox, topics and rules, and no daemon. What the
daemons would have written is put into the topics here, so that each answer has one cause."""

from __future__ import annotations

import contextlib
import copy
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.sandbox import Sandbox
from harness.stack import Stack, default_data
from harness.topics import produce, read_table

# Of local-data.json.
HOURS_24, DAY = 3001, 3002
GREEN = 4001
GROUP_24, GROUP_DAY, GROUP_GREEN = 7001, 7002, 7003
ENTRANCE, GREEN_DOOR = 16721, 16722
SPACES = ("moncloa", "dumbo")

_members = itertools.count(9001)
_versions = itertools.count(time.time_ns() // 1_000_000)


def next_member() -> int:
    return next(_members)


def text(time_: datetime) -> str:
    return time_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(**how_long: float) -> datetime:
    return (datetime.now(UTC) - timedelta(**how_long)).replace(microsecond=0)


class Operated:
    """The stack as its operator sees it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sandbox: Sandbox = stack.side
        # Of which the command line takes one in 20.
        stack.config["kisi"][0]["requests_per_second"] = 400
        self.config: dict[str, Any] = copy.deepcopy(stack.config)

    def start(self) -> None:
        self.stack.directory.mkdir(parents=True, exist_ok=True)
        self.stack.start_kafka()
        self.stack.start_sandbox()
        self.begin()
        self.stack.apply_topics()
        self.stack.apply_rules()
        self.read()

    def begin(self) -> None:
        """Sandbox and configuration as they were at first."""
        self.sandbox.reset()
        self.sandbox.raise_limits()
        self.sandbox.load(default_data())
        self.stack.config = copy.deepcopy(self.config)
        self.stack.write_config()

    @contextlib.contextmanager
    def changed(self, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """The configuration file as CHANGE makes it, for a while."""
        change(self.stack.config)
        self.stack.write_config()
        try:
            yield
        finally:
            self.stack.config = copy.deepcopy(self.config)
            self.stack.write_config()

    # -- what the daemons write --------------------------------------------------------------------

    def put(self, kind: str, key: str, value: dict[str, Any] | None,
            scope: str = "moncloa", at: datetime | None = None) -> None:
        """One record, written now or AT; VALUE None is a tombstone."""
        produce(self.stack.bootstrap, self.stack.topic(kind, scope), {key: value},
                timestamp=None if at is None else int(at.timestamp() * 1000))

    def read(self, **fields: Any) -> None:
        """Poller and executor say how far they have come: until just now, without a fault."""
        now = text(datetime.now(UTC))
        self.put("nexudus-account", "main", {
            "account": "main", "read_until": now, "listed_at": now, "trips": [], "spent": [],
            "fault": None,
            "totals": {"members": 0, "passes": 0, "bookings": 0, "contracts": 0},
            **fields}, "main")
        self.put("kisi-account", "main", {
            "account": "main", "events_until": now, "audited_at": now, "fault": None,
            "rights_per_group": "many"}, "main")

    def member(self, member: int, space: str = "moncloa", **fields: Any) -> None:
        """Somebody who is entitled, as poller and member worker write them."""
        revision = next(_versions)
        row = {"member": member, "space": space, "revision": revision,
               "email": f"m{member}@example.org", "name": f"Member {member}", "active": True,
               "archived": False, "deleted": False, **fields}
        self.put("members", str(member), row, space)
        self.put("commands", str(member), {
            "member": member, "space": space, "version": [revision, self.rules_version(space)],
            "email": row["email"], "name": row["name"],
            "entitled": row["active"] and not row["archived"]}, space)

    def pass_(self, member: int, pass_: int, type_: int, **fields: Any) -> dict[str, Any]:
        """An unused pass, given yesterday, in Moncloa."""
        row = {"pass": pass_, "member": member, "space": "moncloa", "revision": next(_versions),
               "type": type_, "minutes": None, "created_at": text(ago(days=1)), "expires_at": None,
               "used": False, "used_at": None, "origin": "direct", "contract": None,
               "deleted": False, **fields}
        self.put("passes", f"{member}/{pass_}", row)
        return row

    def claims(self, row: dict[str, Any], *groups: int, why: str = "unused",
               at: datetime | None = None) -> None:
        """What the pass worker makes of a pass; without GROUPS of one that gives nothing."""
        member, source = row["member"], f"pass/{row['pass']}"
        self.put("commands", f"{member}/{source}", {
            "member": member, "space": "moncloa", "source": source, "cause": {"why": why},
            "version": [row["revision"], self.rules_version("moncloa")],
            "claims": [{"group_id": group, "valid_from": row["created_at"],
                        "valid_until": row["expires_at"]} for group in groups]}, at=at)

    def held(self, row: dict[str, Any], group: int, right: int) -> None:
        """The right in KISI that the executor notes for it."""
        member = row["member"]
        self.put("ledger", f"{member}/kisi-{right}", {
            "format": 1, "member": member, "space": "moncloa", "right": f"kisi-{right}",
            "state": "held", "kisi_user_id": 107000, "group_id": group, "right_id": right,
            "valid_from": row["created_at"], "valid_until": row["expires_at"],
            "sources": [f"pass/{row['pass']}"], "intended_at": row["created_at"],
            "ended_at": None})

    def blocked(self, member: int, *blocked: dict[str, Any]) -> None:
        self.put("ledger", str(member), {
            "format": 1, "member": member, "space": "moncloa", "kisi_user_id": 107000,
            "email": f"m{member}@example.org", "invited_at": None, "intended_at": None,
            "checked_at": None,
            "blocked": [{"foreign_right_id": None, "until": None, **one} for one in blocked]})

    def rules_version(self, space: str) -> int:
        rules = read_table(self.stack.bootstrap, self.stack.topic("rules", space))
        version: int = rules[space]["rules_version"]
        return version

    # -- what the operator sees --------------------------------------------------------------------

    def refused(self, *words: str) -> str:
        """A line that is not understood: status 2, nothing on standard output, a message."""
        done = self.stack.cli(*words)
        assert (done.returncode, done.stdout) == (2, ""), (done.returncode, done.stdout)
        return done.stderr
