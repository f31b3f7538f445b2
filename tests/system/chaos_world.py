# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The executor on a real broker, and everything that can be done to it.

The executor is that of the build with crash points (CRASH_BIN). What happens is counted where it has
been seen to happen, never where it was only asked for.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import ConfigResource

from chaos_people import (
    FOR_EVER, GROUPS, LATE_S, People, Person, Standing, Window, breaches, differences, text,
)
from executor_world import ENTRANCE, EXECUTOR, GREEN, HOURS, World
from harness.kafka import Broker
from harness.paths import ROOT, free_port
from harness.process import Daemon
from harness.sandbox import Row
from harness.stack import default_config
from harness.topics import produce, read_records
from harness.wait import wait_for

CRASH_BIN = Path(os.environ.get("LATCHKEY_CRASH_BIN", ROOT / "build-chaos" / "bin")) / EXECUTOR
SESSION_S = 1.0  # until a member of the group that is silent is given up
# The broker of chaos: a session may be short, and logs are cleaned as soon as they may be.
BROKER = {"group.min.session.timeout.ms": "500", "log.cleaner.backoff.ms": "200"}
SPACES = tuple(GROUPS)
CALL_S = 10.0  # until a call without an answer is given up
STEADY = 6
_SENT = {"user-create-sent": ("POST", "/users"), "create-sent": ("POST", "/role_assignments"),
         "delete-sent": ("DELETE", "/role_assignments"),
         "change-sent": ("PATCH", "/role_assignments")}
_RIGHTS = {"service": "kisi", "method": "POST", "path": "/role_assignments"}


def crash_points() -> list[str]:
    """All that the build has, in the order of the executor's work; it names them when it refuses one
    that it does not know."""
    done = subprocess.run([CRASH_BIN, "--version"], env={**os.environ, "LATCHKEY_CRASH": "nowhere"},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2, f"an unknown crash point is not refused: {done.stderr}"
    found = re.search(r"no crash point 'nowhere'; there are: (.*)", done.stderr)
    assert found, done.stderr
    return found[1].split()


# Come to once in a process's life, as a rule.
ONCE = ("assigned", "acting", "revoked", "released", "lost")


def in_order(points: Sequence[str]) -> list[str]:
    """Last what only comes when intents have been open for a while, or changes KISI's ways."""
    late = [point for point in points if point == "resolve-answered" or point.startswith("change-")]
    return [point for point in points if point not in late] + late


class Breach(Exception):
    """What must never be so. No assertion: those are waited on until they hold."""


class Chaos:
    """People, what happens to them, and one to three executors."""

    def __init__(self, world: World, broker: Broker, seed: int) -> None:
        self.world = world
        self.broker = broker
        self.sandbox = world.sandbox
        self.people = People(seed)
        self.chance = random.Random(seed + 1)
        self.counts: Counter[str] = Counter()
        self.foreign: dict[int, Row] = {}
        self.steady: dict[tuple[str, int], int] = {}
        self.one_right = False
        self.events: set[str] = set()  # of doors, by uuid
        self.wishes: set[tuple[str, str]] = set()
        self._refused = False  # creates were: the people are blocked until their claims change
        self._numbers = itertools.count(1)

    @classmethod
    def start(cls, directory: Path, broker: Broker, prefix: str, seed: int) -> Chaos:
        config = default_config()
        config["kafka"]["properties"] = {"session.timeout.ms": str(int(SESSION_S * 1000)),
                                         "heartbeat.interval.ms": "300"}
        config["kisi"][0]["audit_interval"] = "5s"
        world = World.start(directory, broker, prefix, config, running=False)
        chaos = cls(world, broker, seed)
        chaos._settle_in()
        return chaos

    def _settle_in(self) -> None:
        """The steady ones are served before anything goes wrong; some have a key made by hand."""
        now = int(time.time())
        written: list[tuple[str, str, Row]] = []
        for n in range(STEADY):
            end = FOR_EVER if n % 2 else now + 86400
            person = self.people.join(steady=True, windows=[Window(HOURS, now - 60, end)])
            written += self.people.commands(person)
            if n < 2:
                hand = self.sandbox.hand_right(person.address, GREEN, text(now - 600))
                self.foreign[hand["id"]] = hand
        stranger = self.sandbox.hand_right("stranger@example.org", HOURS)
        self.foreign[stranger["id"]] = stranger
        first = self.executor()
        self.write(written)
        self.agree()
        addresses = self._addresses()
        for row in self.sandbox.rights():
            address = addresses[row["user_id"]]
            if address in self.people.addresses and row["id"] not in self.foreign:
                self.steady[address, row["group_id"]] = row["id"]
        assert len(self.steady) == STEADY, self.steady
        assert first.terminate() == 0

    # -- executors ---------------------------------------------------------------------------------

    def executor(self, crash: str | None = None) -> Daemon:
        """One more, which is not waited for; CRASH: where it dies."""
        name = f"executor-{next(self._numbers)}"
        argv: list[str | Path] = [CRASH_BIN, "--config", self.world.stack.config_file]
        daemon = Daemon(name, argv, self.world.stack.directory, free_port(),
                        env={"LATCHKEY_CRASH": crash} if crash else {})
        # The stack's own, so that whatever happens here it ends with it.
        self.world.stack.daemons[name] = daemon
        daemon.start()
        return daemon

    def running(self) -> list[Daemon]:
        return [daemon for daemon in self.world.stack.daemons.values() if daemon.running]

    def end(self, daemon: Daemon) -> None:
        """In good order: one that has just been started has no order yet."""
        wait_for(lambda: daemon.get("/healthz")[0] == 200, f"{daemon.name} is up")
        assert daemon.terminate() == 0, daemon.failure("did not end well")

    def end_all(self) -> None:
        for daemon in self.running():
            self.end(daemon)

    def owner(self, among: Sequence[Daemon]) -> Daemon:
        def acting() -> Daemon | None:
            for daemon in among:
                if daemon.running and daemon.get("/healthz")[0] == 200 \
                        and self.world.is_owner(daemon):
                    return daemon
            return None

        found = wait_for(acting, "one of them acts", 40)
        assert found is not None
        return found

    # -- what happens to people --------------------------------------------------------------------

    def write(self, written: list[tuple[str, str, Row]]) -> None:
        for space in SPACES:
            records = [(key, row) for of, key, row in written if of == space]
            if records:
                produce(self.world.stack.bootstrap, self.world.stack.topic("commands", space),
                        records)

    def load(self, n: int = 6) -> None:
        self.write(self.people.act(n))

    def under_load(self, until: Callable[[], object], what: str, deadline: float = 60.0,
                   also: Callable[[], None] | None = None) -> None:
        """Things go on happening until UNTIL holds; ALSO is one more of them."""

        def goes_on() -> bool:
            if until():
                return True
            self.load()
            if also is not None:
                also()
            return bool(until())

        wait_for(goes_on, what, deadline, interval=0.3)

    def for_a_while(self, seconds: float, also: Callable[[], None] | None = None) -> None:
        """Under load for so long."""
        end = time.monotonic() + seconds
        self.under_load(lambda: time.monotonic() >= end, f"{seconds:g} s are over", seconds + 30,
                        also)

    @contextmanager
    def faults(self, *faults: Row) -> Iterator[None]:
        """While they last; what they hit is counted by what they do."""
        self.sandbox.faults(*faults)
        try:
            yield
        finally:
            for fault in self.sandbox.fault_hits():
                what = fault.get("effect") or "slow answer"
                if fault["hits"]:
                    self.counts[f"calls: {what} {fault.get('status') or ''}".rstrip()] += fault["hits"]
            self.sandbox.faults()

    # -- what should be, and what is ---------------------------------------------------------------

    def _addresses(self) -> dict[int, str]:
        return {row["id"]: row["email"] for row in self.sandbox.kisi_rows("users")}

    def standing(self, ledger: bool = True) -> Standing:
        rows: dict[str, Row] = {}
        for space in SPACES if ledger else ():
            rows |= {f"{space} {key}": row for key, row in self.world.ledger(space).items()}
        return Standing(int(time.time()), self.sandbox.rights(), self._addresses(),
                        self.sandbox.invitations(), rows, self.foreign, self.steady,
                        self.one_right)

    def never_wrong(self) -> None:
        found = breaches(self.standing(ledger=False))
        if found:
            raise Breach("\n".join(found))
        self.counts["looks at which nothing was violated"] += 1

    def at_rest(self, deadline: float = 150.0) -> None:
        """It all comes to what it should be, by itself, and then nothing is written any more."""
        self.agree(deadline)
        self._nothing_more()

    def agree(self, deadline: float = 150.0) -> None:
        def agrees() -> bool:
            self.never_wrong()
            standing = self.standing()
            self._lift_blocks(standing)
            found = differences(self.people, standing)
            assert not found, f"{len(found)} differences: " + "\n".join(found[:12])
            return True

        wait_for(agrees, "KISI and the ledger hold what they should", deadline, interval=0.5)

    def _nothing_more(self) -> None:
        """An audit begins and ends, and all is as it was. People's windows end while it does, which
        is a reason to write; anything else is not."""
        owner = self.owner(self.running())

        def still() -> bool:
            writes, began = self.world.writes(), time.time()
            wait_for(lambda: owner.metrics().count("latchkey_audited_at_seconds") >= began,
                     "an audit begins and ends", 40)
            if self.world.writes() != writes:
                assert self.people.ended(int(began) - LATE_S, int(time.time())), \
                    "it goes on writing with nothing to be done"
                return False
            return True

        wait_for(still, "nothing is written any more", 90)
        found = differences(self.people, self.standing())
        assert not found, f"{len(found)} differences after all: " + "\n".join(found[:12])
        self.counts["at rest, all as it should be"] += 1

    def _lift_blocks(self, standing: Standing) -> None:
        """KISI said no to a create: what is claimed changes, so that it is tried again."""
        if not self._refused:
            return
        blocked = {(row["space"], row["member"]) for row in standing.ledger.values()
                   if any(one["reason"] == "refused" for one in row.get("blocked", ()))}
        for person in self.people.all:
            if (person.space, person.member) in blocked:
                self.write(self.people.change(person))

    # -- crash points ------------------------------------------------------------------------------

    def kill_at(self, point: str, hit: int = 1) -> None:
        """An executor dies there, amid the load, and leaves what it leaves to the next one."""
        with self.faults(*self._provoking(point)):
            daemon = self._until_it_dies(point, f"{point}:{hit}")
        assert daemon.exit_status == -signal.SIGKILL, daemon.failure(f"did not die at {point}")
        died = [line for line in daemon.logs() if line.get("event") == "crash_point"]
        assert len(died) == 1, daemon.failure(f"did not say that it dies at {point}")
        self.counts[f"killed at {point}"] += 1
        self.never_wrong()

    def _provoking(self, point: str) -> list[Row]:
        """What has to go wrong in KISI for POINT to be come to."""
        found: list[Row] = []
        if point in _SENT:
            # The effect at once and the answer late: it dies in between.
            method, path = _SENT[point]
            found.append({"service": "kisi", "method": method, "path": path, "delay_ms": 300,
                          "count": 0})
        if point == "intent-given-up":
            found.append({**_RIGHTS, "effect": "status", "status": 503, "count": 0})
        if point == "resolve-answered":
            found.append({**_RIGHTS, "effect": "cut_after", "count": 0, "probability": 0.5})
        if point == "block-written":
            self._refused = True
            found.append({**_RIGHTS, "effect": "status", "status": 422, "count": 4,
                          "body": {"errors": {"base": ["no"]}}})
        if point.startswith("change-") and not self.one_right:
            # From here on; an account does not forget that it is so.
            self.sandbox.switch(kisi_duplicate_assignment="409")
            self.one_right = True
        return found

    def _provoke(self, point: str) -> None:
        if point == "row-inspected":
            self.take_one_away()
        elif point == "outcome-written":
            self.wish()
        elif point == "report-written":
            self.unlock()
        elif point.startswith("change-"):
            served = self._served()
            self.write([one for person in self.chance.sample(served, min(4, len(served)))
                        for one in self.people.change(person)])

    def _until_it_dies(self, point: str, crash: str) -> Daemon:
        """Starts one to die, and what has to be there for it; returns it when it is dead."""
        victim = self.executor(crash)
        others: list[Daemon] = []
        if point in ("revoked", "released"):
            self.owner([victim])
            self.load(12)
            others.append(self.executor())
        elif point == "lost":
            # Either may be the one that acts, and so dies.
            victim, other = self._owner_first(victim, self.executor(crash))
            others.append(other)
            self._asleep_until_replaced(victim, other)
        self.under_load(lambda: not victim.running, f"it dies at {point}", 60,
                        lambda: self._provoke(point))
        for other in others:
            self.end(other)
        return victim

    def _owner_first(self, *two: Daemon) -> tuple[Daemon, Daemon]:
        for daemon in two:
            daemon.wait_ready()
        owner = self.owner(two)
        return owner, two[0] if owner is two[1] else two[1]

    def _asleep_until_replaced(self, sleeper: Daemon, other: Daemon) -> None:
        sleeper.pause()
        try:
            self.owner([other])
            self.load()
        finally:
            sleeper.resume()

    # -- phases: each leaves an executor that runs ---------------------------------------------------

    def sleep_in_a_call(self) -> None:
        """SIGSTOP while KISI has had the call and its answer is not there, until another one acts; and
        back."""
        self.end_all()
        owner, other = self._owner_first(self.executor(), self.executor())
        with self.faults({"service": "kisi", "method": "POST", "delay_ms": 1500, "count": 0}):
            writes = self.world.writes()
            self.under_load(lambda: self.world.writes() > writes, "a call is under way")
            self._asleep_until_replaced(owner, other)
            wait_for(lambda: not self.world.is_owner(owner), "the sleeper sees that it lost", 40)
        self.counts["SIGSTOP past the session in a call"] += 1
        self.end(owner)

    def come_and_go(self, seconds: float) -> None:
        """One to three executors, another number every few seconds."""
        end = time.monotonic() + seconds
        changing = 0.0

        def another() -> None:
            nonlocal changing
            if time.monotonic() < changing:
                return
            changing = time.monotonic() + self.chance.uniform(1.5, 4)
            running = self.running()
            if len(running) < 2 or (len(running) < 3 and self.chance.random() < 0.5):
                self.executor()
                self.counts["an executor comes"] += 1
                return
            victim = self.chance.choice(running)
            if self.chance.random() < 0.4:
                victim.kill()
                self.counts["an executor is killed"] += 1
            else:
                self.end(victim)
                self.counts["an executor goes"] += 1

        self.under_load(lambda: time.monotonic() >= end, f"{seconds:g} s are over", seconds + 60,
                        another)
        self.ensure_one()

    def ensure_one(self) -> None:
        if not self.running():
            self.executor()

    def broker_away(self, seconds: float) -> None:
        """The broker is stopped under load and started again."""
        self.ensure_one()
        self.owner(self.running())
        self.load(20)
        self.broker.stop()
        wait_for(lambda: not self.broker.process.running, "the broker is gone")
        pause = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() >= pause, "it is away for a while", seconds + 5)
        self.broker.start()
        self.counts["broker stopped and started"] += 1
        self.for_a_while(2)

    def reset_offsets(self) -> None:
        """The group's offsets are those of the beginning or of the end, by chance: all is read as ever,
        and nothing is written because of it."""
        self.ensure_one()
        self.at_rest()
        self.end_all()
        stack = self.world.stack
        group = f"{stack.prefix}.executor"
        consumer = Consumer({"bootstrap.servers": stack.bootstrap, "group.id": group,
                             "log_level": 0})
        try:
            topics = [topic for topic in consumer.list_topics(timeout=30).topics.values()
                      if topic.topic.startswith(f"{stack.prefix}.")]
            there = [TopicPartition(topic.topic, part) for topic in topics
                     for part in topic.partitions]
            for one in there:
                one.offset = self.chance.choice(consumer.get_watermark_offsets(one, timeout=30))
            consumer.commit(offsets=there, asynchronous=False)
        finally:
            consumer.close()
        self.counts["offsets reset"] += len(there)
        began, writes = int(time.time()), self.world.writes()
        self.executor()
        self.at_rest()
        written = self.world.writes() - writes
        assert written == 0 or self.people.ended(began - LATE_S, int(time.time())), \
            f"{written} writing calls on a replay"

    def compact(self, seconds: float) -> None:
        """The broker cleans commands and ledgers as fast as it can, under load and a kill."""
        names = [self.world.stack.topic(kind, space) for kind in ("commands", "ledger")
                 for space in SPACES]
        admin = self.broker.admin()
        eager = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.001",
                 "min.compaction.lag.ms": "0", "max.compaction.lag.ms": "500",
                 "segment.ms": "300", "delete.retention.ms": "1000"}
        for future in admin.alter_configs([ConfigResource(ConfigResource.Type.TOPIC, name,
                                                          set_config=eager)
                                           for name in names]).values():
            future.result(30)
        self.ensure_one()
        self.for_a_while(seconds / 2)
        for daemon in self.running():
            daemon.kill()
        self.executor()
        self.for_a_while(seconds / 2)
        for name in names:
            self.under_load(lambda: self._cleaned(name) > 0, f"{name} is compacted")
            self.counts["records cleaned away by the broker"] += self._cleaned(name)
        self.world.stack.apply_topics()

    def _cleaned(self, topic: str) -> int:
        """Offsets that were written and are no more."""
        records = read_records(self.world.stack.bootstrap, topic)
        last: dict[int, int] = {}
        for record in records:
            last[record.partition] = max(last.get(record.partition, 0), record.offset)
        return sum(offset + 1 for offset in last.values()) - len(records)

    def cut_after_effect(self, seconds: float) -> None:
        """Of all creates, three in ten have their effect and no answer."""
        self.ensure_one()
        with self.faults({"service": "kisi", "method": "POST", "path": "/users", "count": 0,
                          "effect": "cut_after", "probability": 0.3},
                         {**_RIGHTS, "count": 0, "effect": "cut_after", "probability": 0.3}):
            self.for_a_while(seconds)

    def kisi_away(self, seconds: float) -> None:
        """KISI answers nothing, then errors, then hangs until calls are given up, whose effects come
        late; people go on coming and going, and all of it waits."""
        self.ensure_one()
        with self.faults({"service": "kisi", "effect": "cut_before", "count": 0}):
            self.for_a_while(seconds / 2)
        with self.faults({"service": "kisi", "effect": "status", "status": 503, "count": 0}):
            self.for_a_while(seconds / 2)
        owner = self.owner(self.running())
        waiting = owner.metrics().value("latchkey_executor_queue")
        assert waiting > 0, "nothing waits for KISI"
        self.counts["people waiting when KISI came back"] += int(waiting)
        self.counts["seconds of KISI away"] += int(seconds)
        self.world.stack.sandbox.pause()
        try:
            self.for_a_while(CALL_S + 2)
        finally:
            self.world.stack.sandbox.resume()
        self.counts["KISI hung past the end of calls"] += 1

    # -- what else happens ---------------------------------------------------------------------------

    def _served(self) -> list[Person]:
        return [person for person in self.people.all if not person.steady and person.entitled
                and any(person.sources.values())]

    def taken_away_by_hand(self, seconds: float) -> None:
        self.ensure_one()
        self.for_a_while(seconds, self.take_one_away)

    def take_one_away(self) -> None:
        """By hand, in KISI: the audit finds it and it is made again (S3)."""
        steady = set(self.steady.values())
        ours = [key for space in SPACES for key in self.world.ledger(space).values()
                if key.get("state") == "held" and key["right_id"] not in steady]
        there = {row["id"] for row in self.sandbox.rights()}
        ours = [row for row in ours if row["right_id"] in there]
        if ours:
            self.sandbox.take_right(self.chance.choice(ours)["right_id"])
            self.counts["a right taken away by hand"] += 1

    def wish(self) -> None:
        person = self.chance.choice(self.people.all)
        key = self.world.wish("resync", person.member, person.space, member=person.member)
        self.wishes.add((person.space, key))

    def unlock(self) -> None:
        person = self.chance.choice(self.people.all)
        self.events.add(self.sandbox.unlock(ENTRANCE, email=person.address)["event"]["uuid"])

    # -- the end -------------------------------------------------------------------------------------

    def all_told(self) -> None:
        """Each right made and each invitation has its access-change (S10), each door event its
        report, each wish its outcome."""
        stack = self.world.stack

        def told() -> bool:
            made: set[int] = set()
            invited: set[int] = set()
            for space in SPACES:
                for record in read_records(stack.bootstrap, stack.topic("access-changes", space)):
                    change = record.json
                    if change["change"] == "invited":
                        invited.add(change["kisi_user_id"])
                    if change["change"] in ("created", "restored", "adopted"):
                        made.add(change["right_id"])
            had = {row["right_id"] for space in SPACES
                   for row in self.world.ledger(space).values() if row.get("right_id")}
            users = {row["email"]: row["id"] for row in self.sandbox.kisi_rows("users")}
            mailed = {users[address] for address in self.sandbox.invitations()}
            reports = {record.json["id"] for space in SPACES for record in
                       read_records(stack.bootstrap, stack.topic("access-reports", space))}
            assert had <= made, f"rights never told: {sorted(had - made)}"
            assert mailed <= invited, f"invitations never told: {sorted(mailed - invited)}"
            assert self.events <= reports, f"{len(self.events - reports)} events not reported"
            for space, key in self.wishes:
                self.world.outcome(key, space, deadline=0)
            return True

        wait_for(told, "all is told", 60, interval=0.5)

    def summary(self) -> str:
        lines = [f"seed {self.people.seed}", "", "what happened"]
        lines += [f"  {what:44}{n:>8}" for what, n in sorted(self.counts.items())]
        lines += [f"  {'somebody ' + what:44}{n:>8}" for what, n in sorted(self.people.acts.items())]
        return "\n".join(lines)
