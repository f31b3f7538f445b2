# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Who should be able to open what: people who join, change and leave by chance, and a statement of
what each of them should have that shares nothing with the executor but the commands' form.

`People.act` makes up what happens and returns the commands that the workers would write for it;
`differences` holds what KISI and the ledger have against what follows from those.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from executor_world import DAY, DUMBO_DAY, GREEN, HOURS
from harness.sandbox import Row

DUMBO_BRIDGE = 7012
GROUPS = {"moncloa": (HOURS, DAY, GREEN), "dumbo": (DUMBO_DAY, DUMBO_BRIDGE)}
FOR_EVER = 1 << 40
LATE_S = 15  # a right that is over is tidied by then


class Window(NamedTuple):
    """Whole seconds since 1970; FOR_EVER: without end."""

    group: int
    start: int
    end: int


@dataclass
class Person:
    space: str
    member: int
    address: str
    entitled: bool = True
    steady: bool = False  # nothing ever changes for them
    sources: dict[str, list[Window]] = field(default_factory=dict)


def text(time_: int) -> str | None:
    if time_ == FOR_EVER:
        return None
    return datetime.fromtimestamp(time_, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text_: str | None, otherwise: int) -> int:
    return otherwise if text_ is None else int(datetime.fromisoformat(text_).timestamp())


def union(windows: Iterable[Window]) -> list[Window]:
    """Of one group: what overlaps or touches is one."""
    joined: list[Window] = []
    for window in sorted(windows, key=lambda one: one.start):
        if joined and window.start <= joined[-1].end:
            joined[-1] = joined[-1]._replace(end=max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return joined


class People:
    def __init__(self, seed: int, first: int = 20001) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.all: list[Person] = []
        self.acts: Counter[str] = Counter()
        self.addresses: set[str] = set()  # everybody's, those of the past too
        self._members = itertools.count(first)
        self._sources = itertools.count(1)
        self._versions = itertools.count(time.time_ns() // 1_000_000)

    # -- what happens ------------------------------------------------------------------------------

    def join(self, space: str = "moncloa", steady: bool = False,
             windows: list[Window] | None = None, same: Person | None = None) -> Person:
        """SAME: who it is, of another space."""
        member = same.member if same else next(self._members)
        address = same.address if same else f"p{member}@example.org"
        person = Person(space, member, address, steady=steady)
        person.sources[f"pass/{next(self._sources)}"] = windows or [self._window(space)]
        self.all.append(person)
        self.addresses.add(person.address)
        return person

    def _window(self, space: str, group: int | None = None) -> Window:
        now = int(time.time())
        start = self.chance.choice((now - 60, now - 3600, now - 60, now + 5, now + 1800))
        length = self.chance.choice((FOR_EVER, FOR_EVER, 3600, 7200, 86400, 12))
        return Window(group or self.chance.choice(GROUPS[space]), start,
                      FOR_EVER if length == FOR_EVER else max(start, now) + length)

    def act(self, n: int) -> list[tuple[str, str, Row]]:
        """N things happen; what the workers write, as (space, key, command)."""
        written: list[tuple[str, str, Row]] = []
        for _ in range(n):
            written += self._one()
        return written

    def _one(self) -> list[tuple[str, str, Row]]:
        moving = [person for person in self.all if not person.steady]
        what = self.chance.choices(
            ("joins", "leaves", "changes", "adds", "suspends", "moves", "comes too"),
            (6, 3, 6, 3, 2, 1, 1))[0] if len(moving) > 8 else "joins"
        self.acts[what] += 1
        if what == "joins":
            space = self.chance.choice(("moncloa", "moncloa", "dumbo"))
            return self.commands(self.join(space))
        person = self.chance.choice(moving)
        if what == "comes too":
            # The same human in the other space: one KISI user, one invitation.
            other = "dumbo" if person.space == "moncloa" else "moncloa"
            if any(one.space == other and one.member == person.member for one in self.all):
                return []
            return self.commands(self.join(other, same=person))
        if what == "leaves":
            person.sources = {name: [] for name in person.sources}
            return self.commands(person, member=False)
        if what == "suspends":
            person.entitled = not person.entitled
            return [self._member(person)]
        if what == "moves":
            if sum(one.address == person.address for one in self.all) > 1:
                return []
            person.address = f"q{self.acts[what]}.{person.member}@example.org"
            self.addresses.add(person.address)
            return [self._member(person)]
        if what == "adds":
            person.sources[f"booking/{next(self._sources)}"] = [self._window(person.space)]
            return self.commands(person, member=False)
        return self.change(person)

    def change(self, person: Person) -> list[tuple[str, str, Row]]:
        """Other windows of one of their sources, on the groups that it had or a new one."""
        name = self.chance.choice(sorted(person.sources))
        groups = [window.group for window in person.sources[name]]
        windows = [self._window(person.space, group) for group in dict.fromkeys(groups)]
        person.sources[name] = windows or [self._window(person.space)]
        return [self._claims(person, name)]

    # -- what the workers write --------------------------------------------------------------------

    def commands(self, person: Person, member: bool = True) -> list[tuple[str, str, Row]]:
        first = [self._member(person)] if member else []
        return first + [self._claims(person, name) for name in sorted(person.sources)]

    def _version(self) -> list[int]:
        return [next(self._versions), 1]

    def _member(self, person: Person) -> tuple[str, str, Row]:
        return person.space, str(person.member), {
            "member": person.member, "space": person.space, "version": self._version(),
            "entitled": person.entitled, "email": person.address,
            "name": f"Person {person.member}"}

    def _claims(self, person: Person, name: str) -> tuple[str, str, Row]:
        windows = sorted(person.sources[name])
        return person.space, f"{person.member}/{name}", {
            "member": person.member, "space": person.space, "version": self._version(),
            "source": name, "cause": {"why": "unused" if windows else "used_up"},
            "claims": [{"group_id": window.group, "valid_from": text(window.start),
                        "valid_until": text(window.end)} for window in windows]}

    # -- what follows from it ----------------------------------------------------------------------

    def wanted(self, now: int) -> dict[str, list[Window]]:
        """By address: what should be open now or later."""
        claimed: dict[tuple[str, int], list[Window]] = {}
        for person in self.all:
            for window in itertools.chain(*person.sources.values()) if person.entitled else ():
                claimed.setdefault((person.address, window.group), []).append(window)
        found: dict[str, list[Window]] = {address: [] for address in self.addresses}
        for (address, _), windows in claimed.items():
            found[address] += [window for window in union(windows) if window.end > now]
        return found

    def ended(self, after: int, until: int) -> bool:
        """Whether any window ended in between."""
        return any(after <= window.end <= until for person in self.all
                   for window in itertools.chain(*person.sources.values()))


@dataclass(frozen=True)
class Standing:
    """What KISI and the ledgers hold, read at one time. FOREIGN: by id, as made by hand."""

    now: int
    rights: list[Row]
    addresses: Mapping[int, str]  # KISI user → address
    invitations: Mapping[str, int]
    ledger: Mapping[str, Any]
    foreign: Mapping[int, Row]
    steady: Mapping[tuple[str, int], int]  # address and group → the right they had from the start
    one_right: bool = False


def _serves(row: Row, window: Window, now: int) -> bool:
    start, end = seconds(row["valid_from"], 0), seconds(row["valid_until"], FOR_EVER)
    return end == window.end and (start == window.start or max(start, window.start) <= now)


def _next_only(windows: list[Window], one_right: bool) -> list[Window]:
    """Where KISI takes one right for a person and a group, it is of the first window alone."""
    if not one_right:
        return windows
    first: dict[int, Window] = {}
    for window in sorted(windows, key=lambda one: (one.group, one.start)):
        first.setdefault(window.group, window)
    return list(first.values())


def _kisi(people: People, standing: Standing) -> list[str]:
    """S1, S3, S6: each window one right, and nothing else that opens anything."""
    wrong: list[str] = []
    wanted = people.wanted(standing.now)
    open_: dict[str, list[Row]] = {}
    for row in standing.rights:
        address = standing.addresses.get(row["user_id"], "")
        if row["id"] in standing.foreign or address not in people.addresses:
            continue
        if seconds(row["valid_until"], FOR_EVER) > standing.now:
            open_.setdefault(address, []).append(row)
        elif seconds(row["valid_until"], FOR_EVER) < standing.now - LATE_S:
            wrong.append(f"right {row['id']} of {address} is over and still there")
    for address, windows in sorted(wanted.items()):
        left = list(open_.get(address, []))
        for window in _next_only(windows, standing.one_right):
            fits = next((row for row in left if row["group_id"] == window.group
                         and _serves(row, window, standing.now)), None)
            if fits is None:
                wrong.append(f"{address} lacks {window}")
            else:
                left.remove(fits)
        wrong += [f"{address} has more than is due: right {row['id']} on {row['group_id']} "
                  f"{row['valid_from']}…{row['valid_until']}" for row in left]
    return wrong


def _ledger(people: People, standing: Standing) -> list[str]:
    """The ledger holds what KISI has of ours, and nothing is under way or blocked."""
    wrong: list[str] = []
    held: dict[int, Row] = {}
    for key, row in standing.ledger.items():
        if "right" not in row:
            if row.get("intended_at") is not None:
                wrong.append(f"ledger {key}: a user is intended and was never resolved")
            wrong += [f"ledger {key}: blocked in {one['group_id']}: {one['reason']}"
                      for one in row["blocked"]]
        elif row["state"] == "intended":
            wrong.append(f"ledger {key}: intended and never resolved")
        elif row["state"] == "held":
            if row["right_id"] in held:
                wrong.append(f"ledger {key}: right {row['right_id']} is held twice")
            held[row["right_id"]] = row
            if row["touched_at"] is not None:
                wrong.append(f"ledger {key}: touched and never looked up")
    ours = {row["id"]: row for row in standing.rights
            if row["id"] not in standing.foreign
            and standing.addresses.get(row["user_id"], "") in people.addresses}
    wrong += [f"KISI has right {ident}, the ledger does not" for ident in ours.keys() - held.keys()]
    wrong += [f"the ledger holds right {ident}, KISI has none" for ident in held.keys() - ours.keys()]
    for ident in ours.keys() & held.keys():
        for end in ("valid_from", "valid_until"):
            if seconds(ours[ident][end], 0) != seconds(held[ident][end], 0):
                wrong.append(f"right {ident}: {end} is {ours[ident][end]} in KISI and "
                             f"{held[ident][end]} in the ledger")
    return wrong


def _untouched(standing: Standing) -> list[str]:
    """S4, S5, S8: what was made by hand, who is steady, and who was invited."""
    wrong: list[str] = []
    now_there = {row["id"]: row for row in standing.rights}
    for ident, row in standing.foreign.items():
        there = now_there.get(ident)
        if there is None or any(there[name] != row[name]
                                for name in ("user_id", "group_id", "valid_from", "valid_until")):
            wrong.append(f"right {ident}, made by hand, is not what it was: {there}")
    wrong += [f"{address} lost right {ident} on {group}, or has another one"
              for (address, group), ident in standing.steady.items() if ident not in now_there]
    wrong += [f"{address} was invited {n} times"
              for address, n in standing.invitations.items() if n > 1]
    return wrong


def differences(people: People, standing: Standing) -> list[str]:
    return _kisi(people, standing) + _ledger(people, standing) + _untouched(standing)


def breaches(standing: Standing) -> list[str]:
    """What is wrong whenever it is seen, not only at rest."""
    return _untouched(standing)
