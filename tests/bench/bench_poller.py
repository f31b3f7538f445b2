# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""One Nexudus login with many people: how an hour of its requests is spent, how soon each kind of
change is noticed, how long a full listing takes, and what the poller costs; each beside its aim. A
real broker, the sandbox with the published limits, the default intervals. What takes hours is
reckoned from what a cycle and a listing were seen to cost. Nothing here passes or fails by a time.
About a quarter of an hour."""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.process import Daemon
from harness.stack import Stack, default_config, default_data
from harness.topics import read_records
from harness.wait import wait_for
from measure import cpu_seconds, memory_mb

MEMBERS = int(os.environ.get("LATCHKEY_BENCH_MEMBERS", "20000"))
PASSES, BOOKINGS, CONTRACTS = MEMBERS * 3 // 2, MEMBERS // 4, MEMBERS // 2
CYCLES = int(os.environ.get("LATCHKEY_BENCH_CYCLES", "6"))
ROUNDS = int(os.environ.get("LATCHKEY_BENCH_ROUNDS", "3"))
MONCLOA, DUMBO, HOURS_24, GREEN, RESIDENT = 1421000001, 1421000002, 3001, 4001, 5001
FIRST_MEMBER, FIRST_PASS = 1_423_000_000, 2_023_000_000
FIRST_BOOKING, FIRST_CONTRACT = 1_455_000_000, 1_500_000_000
POLL_S, LISTING_S, PER_MINUTE, PER_HOUR = 30, 1800, 100, 4500
CYCLE_S = 5  # that a cycle itself may take, beside a listing
POLLER = "latchkey-poller"


def text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def config() -> dict[str, Any]:
    settings = default_config()
    settings["nexudus"][0].update(poll_interval=f"{POLL_S}s", listing_interval=f"{LISTING_S}s",
                                  requests_per_minute=PER_MINUTE, requests_per_hour=PER_HOUR)
    return settings


def world() -> dict[str, Any]:
    data = default_data()
    nexudus = data["nexudus"]
    now = datetime.now(UTC)
    # Else the first cycles would read everything as changed.
    old: dict[str, Any] = {
        "CreatedOn": text(now - timedelta(days=90)), "UpdatedOn": text(now - timedelta(days=9))}
    soon = now + timedelta(days=1)
    nexudus["coworkers"] = [
        {**old, "Id": FIRST_MEMBER + n, "FullName": f"Member {n}", "Email": f"m{n}@example.org",
         "InvoicingBusinessId": DUMBO if n % 4 == 3 else MONCLOA} for n in range(MEMBERS)]
    planned: list[dict[str, Any]] = [
        {"CoworkerContractUniqueId": f"contract-{n}"} for n in range(CONTRACTS)]
    nexudus["coworkercontracts"] = [
        {**old, "Id": FIRST_CONTRACT + n, "UniqueId": f"contract-{n}",
         "CoworkerId": FIRST_MEMBER + n, "TariffId": RESIDENT, "IssuedById": MONCLOA,
         "Active": True, "StartDate": text(now - timedelta(days=90))} for n in range(CONTRACTS)]
    nexudus["coworkertimepasses"] = [
        {**old, "Id": FIRST_PASS + n, "CoworkerId": FIRST_MEMBER + n % MEMBERS,
         "TimePassId": HOURS_24, "BusinessId": MONCLOA, **(planned[n] if n < CONTRACTS else {})}
        for n in range(PASSES)]
    nexudus["bookings"] = [
        {**old, "Id": FIRST_BOOKING + n, "CoworkerId": FIRST_MEMBER + n, "ResourceId": GREEN,
         "FromTime": text(soon + timedelta(hours=n)), "ToTime": text(soon + timedelta(hours=n + 1))}
        for n in range(BOOKINGS)]
    return data


@dataclass(frozen=True)
class Change:
    what: str
    kind: str  # of topic
    change: Callable[[], str]  # does it; the key whose record shows it
    shows: Callable[[dict[str, Any]], bool]


class Bench:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.side = stack.side
        self.poller: Daemon = stack.daemons[POLLER]
        self.noticed: dict[str, list[float]] = {}  # what → seconds
        self.starts: set[datetime] = set()  # of cycles, as Nexudus saw them

    def ended(self, kind: str) -> float:
        return self.poller.metrics().count("latchkey_poller_cycles_total", kind=kind,
                                           outcome="done")

    def wait_ended(self, kind: str, more: int, deadline: float) -> None:
        wanted = self.ended(kind) + more
        wait_for(lambda: self.ended(kind) >= wanted, f"{more} more of {kind}", deadline,
                 interval=0.5)

    def requests(self) -> dict[str, int]:
        return {f"{call['method']} {call['path']}": call["count"]
                for call in self.side.calls(service="nexudus")["calls"]}

    def note_cycles(self) -> None:
        """The log of calls is short: to be looked at every few minutes."""
        self.starts.update(
            datetime.fromisoformat(call["at"]) for call in self.side.call_log()
            if call["path"] == "/api/spaces/coworkers" and call["status"] == 200
            and "from_Coworker_UpdatedOn" in call["query"])

    def round(self, changes: Iterable[Change], deadline: float) -> None:
        """All of them at once, at any moment of a cycle; how long until each is on record."""
        self.wait_ended("incremental", 1, 4 * POLL_S)
        time.sleep(random.random() * POLL_S)
        due: dict[tuple[str, str], tuple[Change, float]] = {}
        for change in changes:
            self.noticed.setdefault(change.what, [])
            since = time.time()
            due[change.kind, change.change()] = change, since

        def all_there() -> bool:
            for kind in {kind for kind, _ in due}:
                for record in read_records(self.stack.bootstrap, self.stack.topic(kind, "moncloa")):
                    if (kind, record.key) not in due or record.value is None:
                        continue
                    change, since = due[kind, record.key]
                    seconds = record.timestamp / 1000 - since
                    if seconds >= 0 and change.shows(record.json):
                        self.noticed[change.what].append(seconds)
                        del due[kind, record.key]
            assert not due, [change.what for change, _ in due.values()]
            return True

        wait_for(all_there, "every change is on record", deadline, interval=5)
        self.note_cycles()


def gone(value: dict[str, Any]) -> bool:
    return bool(value["deleted"] or value.get("cancelled"))


def stated(bench: Bench, number: int) -> list[Change]:
    """What a list of changes shows, each to people of their own in every round."""
    side = bench.side
    at = iter(range(CONTRACTS + 20 * number, CONTRACTS + 20 * (number + 1)))
    booked = iter(range(20 * number, 20 * (number + 1)))
    later = datetime.now(UTC) + timedelta(days=3)

    def join() -> str:
        row = side.create("coworkers", FullName="New", Email=f"new{number}@example.org",
                          InvoicingBusinessId=MONCLOA)
        return str(row["Id"])

    def suspend() -> str:
        member = FIRST_MEMBER + next(at)
        side.suspend(member)
        return str(member)

    def give() -> str:
        member = FIRST_MEMBER + next(at)
        return f"{member}/{side.give_pass(member, HOURS_24)['Id']}"

    def use() -> str:
        n = next(at)
        side.use_pass(FIRST_PASS + n)
        return f"{FIRST_MEMBER + n}/{FIRST_PASS + n}"

    def use_silently() -> str:
        n = next(at)
        side.update("coworkertimepasses", FIRST_PASS + n, bump=False, Used=True,
                    UsedDate=text(datetime.now(UTC)))
        return f"{FIRST_MEMBER + n}/{FIRST_PASS + n}"

    def book() -> str:
        member = FIRST_MEMBER + next(at)
        row = side.book(member, GREEN, text(later), text(later + timedelta(hours=1)))
        return f"{member}/{row['Id']}"

    def move() -> str:
        n = next(booked)
        side.move_booking(FIRST_BOOKING + n, text(later), text(later + timedelta(hours=1)))
        return f"{FIRST_MEMBER + n}/{FIRST_BOOKING + n}"

    def cancel() -> str:
        n = next(booked)
        side.cancel_booking(FIRST_BOOKING + n)
        return f"{FIRST_MEMBER + n}/{FIRST_BOOKING + n}"

    def end_contract() -> str:
        n = next(booked)
        side.cancel_contract(FIRST_CONTRACT + n)
        return f"{FIRST_MEMBER + n}/{FIRST_PASS + n}"

    def ended(value: dict[str, Any]) -> bool:
        contract = value["contract"]
        return contract["cancelled"] or not contract["active"] or contract["ends_at"] is not None

    return [
        Change("a new member", "members", join, lambda value: True),
        Change("a suspended member", "members", suspend, lambda value: not value["active"]),
        Change("a new pass", "passes", give, lambda value: True),
        Change("a used pass", "passes", use, lambda value: bool(value["used"])),
        Change("a pass used without a change of UpdatedOn", "passes", use_silently,
               lambda value: bool(value["used"])),
        Change("a new booking", "bookings", book, lambda value: True),
        Change("a moved booking", "bookings", move, lambda value: True),
        Change("a cancelled booking", "bookings", cancel, gone),
        Change("a contract ended", "passes", end_contract, ended),
    ]


def traceless(bench: Bench) -> list[Change]:
    """What only a total that falls, and then a full listing, shows."""
    last = MEMBERS - 1

    def delete_pass() -> str:
        bench.side.delete("coworkertimepasses", FIRST_PASS + last)
        return f"{FIRST_MEMBER + last}/{FIRST_PASS + last}"

    def delete_booking() -> str:
        bench.side.delete("bookings", FIRST_BOOKING + BOOKINGS - 1)
        return f"{FIRST_MEMBER + BOOKINGS - 1}/{FIRST_BOOKING + BOOKINGS - 1}"

    return [Change("a deleted pass", "passes", delete_pass, gone),
            Change("a deleted booking", "bookings", delete_booking, gone)]


# --- telling --------------------------------------------------------------------------------------


def row(what: str, seen: str, aim: str, met: bool) -> None:
    print(f"  {what:44}{seen:>22}   {aim:28}{'met' if met else 'MISSED'}", flush=True)


def tell_hour(cycle: Mapping[str, float], listing: Mapping[str, float]) -> float:
    """An hour of what a cycle and a listing were seen to ask for; its requests."""
    cycles, listings = 3600 / POLL_S, 3600 / LISTING_S
    print(f"\nAn hour of {cycles:.0f} cycles and {listings:.0f} listings, by what they asked for:")
    print(f"  {'':44}{'a cycle':>10}{'a listing':>11}{'an hour':>9}")
    total = 0.0
    for path in sorted(set(cycle) | set(listing)):
        both = cycle.get(path, 0) * cycles + listing.get(path, 0) * listings
        total += both
        print(f"  {path:44}{cycle.get(path, 0):10.1f}{listing.get(path, 0):11.0f}{both:9.0f}")
    print(f"  {'together':44}{sum(cycle.values()):10.1f}{sum(listing.values()):11.0f}{total:9.0f}")
    return total


def tell_plan(stack: Stack) -> None:
    """The hour as the poller plans it, and why a listing can't be shorter."""
    shown = stack.run("check", statuses=(0, 1)).partition("\nnexudus main: an hour of ")
    print(f"\nThe plan (latchkey check): an hour of {shown[2].rstrip()}")
    (hour,) = stack.run_json("check", statuses=(0, 1))["hours"]
    each, minutes = hour["requests_of_a_listing"], hour["listing_ms"] / 60_000
    cycles = hour["requests_of_a_cycle"] * 60_000 / hour["interval_ms"]
    pace = each / minutes
    left = hour["per_hour"] - hour["cycles"]
    print(f"Of {hour['per_minute']} requests a minute cycles take {cycles:.0f}, and beside a listing "
          f"{hour['per_minute'] - cycles - pace:.0f} stay free for what is\nmore urgent: its {each} "
          f"at {pace:.0f} a minute take {minutes:.1f} minutes. At that pace 30 minutes are enough for "
          f"{30 * pace:.0f}\nrequests. Of {hour['per_hour']} an hour cycles leave {left}, which are "
          f"{left / each:.1f} such listings.")


def tell_notice(bench: Bench, listing_s: float) -> None:
    print("\nFrom a change to its record (median, longest):")
    for what, seconds in bench.noticed.items():
        lost = what.startswith("a deleted")
        aim = LISTING_S + listing_s + 60 if lost else POLL_S + CYCLE_S
        longest = max(seconds)
        row(what, f"{statistics.median(seconds):.1f} s, {longest:.1f} s", f"≤ {aim:.0f} s",
            longest <= aim)


def tell_cycles(bench: Bench) -> None:
    starts = sorted(bench.starts)
    apart = [(later - sooner).total_seconds() for sooner, later in zip(starts, starts[1:])]
    # The log forgets: where it was not looked at in time there is a hole of several cycles.
    whole = [gap for gap in apart if CYCLE_S < gap < 3 * POLL_S]
    longest = max(whole)
    row("from the start of a cycle to the next, at most", f"{longest:.1f} s", f"{POLL_S} s",
        longest < POLL_S + 2)


# --- the run --------------------------------------------------------------------------------------


def run(stack: Stack) -> None:
    begin = time.monotonic()
    stack.start_daemons([POLLER])
    bench = Bench(stack)
    wait_for(lambda: bench.ended("listing") >= 1, "the first listing", 2 * LISTING_S, interval=0.5)
    first_s = time.monotonic() - begin
    print(f"{MEMBERS} members, a quarter of another home than where their passes open, {PASSES} live "
          f"passes,\n{CONTRACTS} contracts, {BOOKINGS} coming bookings, one login. The first listing, "
          f"with all records written: {first_s:.0f} s,\n{sum(bench.requests().values())} requests",
          flush=True)

    bench.wait_ended("incremental", 1, 4 * POLL_S)
    bench.side.clear_calls()
    start, cpu = time.monotonic(), cpu_seconds(bench.poller.pid)
    bench.wait_ended("incremental", CYCLES, 3 * CYCLES * POLL_S)
    idle = (cpu_seconds(bench.poller.pid) - cpu) / (time.monotonic() - start)
    cycle = {path: count / CYCLES for path, count in bench.requests().items()}

    for number in range(ROUNDS):
        bench.round(stated(bench, number), 6 * POLL_S)
    bench.side.clear_calls()
    begun, cycles, cpu = time.monotonic(), bench.ended("incremental"), cpu_seconds(bench.poller.pid)
    listings = bench.ended("listing")
    bench.round(traceless(bench), 2 * LISTING_S)
    wait_for(lambda: bench.ended("listing") > listings, "the listing has ended", LISTING_S)
    seconds, cycles = time.monotonic() - begun, bench.ended("incremental") - cycles
    listing_cpu = cpu_seconds(bench.poller.pid) - cpu - idle * seconds
    listing = {path: max(round(count - cycles * cycle.get(path, 0)), 0)
               for path, count in bench.requests().items()}
    said = [line["message"] for line in bench.poller.logs() if line.get("event") == "listed"][-1]
    listing_s = int(said.partition("after ")[2].partition(" ms")[0]) / 1000
    bench.note_cycles()

    requests = tell_hour(cycle, listing)
    tell_plan(stack)
    tell_notice(bench, listing_s)
    print("\nAnd:")
    tell_cycles(bench)
    row("a full listing", f"{listing_s:.0f} s", "≤ 1800 s", listing_s <= 1800)
    row("requests an hour", f"{requests:.0f}", f"≤ {PER_HOUR}", requests <= PER_HOUR)
    rss = memory_mb(bench.poller.pid, "VmHWM")
    row("memory at most, first listing and all", f"{rss:.0f} MB", "≤ 64 MB", rss <= 64)
    share = 100 * (idle + listing_cpu / LISTING_S)
    row("CPU of cycles and listings", f"{share:.2f} % of a core", "< 1 %", share < 1)
    print(f"  (cycles {100 * idle:.2f} %, a listing {listing_cpu:.1f} s; all of the run's "
          f"{time.monotonic() - begin:.0f} s took {cpu_seconds(bench.poller.pid):.1f} s)")


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch, \
            Stack(Path(scratch), config=config()) as stack:
        stack.start_kafka()
        stack.start_sandbox()
        stack.side.load(world())
        stack.write_config()
        stack.apply_topics()
        run(stack)
        stack.stop_daemons()
    return 0


if __name__ == "__main__":
    sys.exit(main())
