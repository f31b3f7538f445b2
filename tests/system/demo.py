# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The main job as a story: `./dev demo [--keep]`.

A real Kafka, the sandbox and all daemons, two spaces in two time zones that share one Nexudus and
one KISI account. Each line is printed when the thing has been seen to hold; when one does not, the
demo ends with status 1 and what was seen instead. All times are computed from now, so that it
passes at any hour of the day.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from harness import local
from harness.sandbox import Sandbox
from harness.stack import DAEMONS, Stack, default_config
from harness.topics import read_records
from harness.wait import wait_for

MADRID = ZoneInfo("Europe/Madrid")
DEADLINE = 20.0  # seconds for one line of the story; most take one or two

# Of local-data.json.
MONCLOA, DUMBO = 1421000001, 1421000002
HOURS_24, DAY, ANYWHERE = 3001, 3002, 3003
GREEN = 4001
RESIDENT = 5001
DAY_PRODUCT = 6001
ENTRANCE, GREEN_DOOR, DUMBO_DOOR = 16721, 16722, 16731
GROUP_24, GROUP_DAY, GROUP_GREEN, GROUP_DUMBO = 7001, 7002, 7003, 7011


def say(who: str, text: str) -> None:
    print(f"{datetime.now(MADRID):%H:%M:%S} {who:8} {text}", flush=True)


def clock(time_: datetime) -> str:
    return f"{time_.astimezone(MADRID):%H:%M}"


def utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def is_over(until: str | None, now: datetime) -> bool:
    return until is not None and datetime.fromisoformat(until) <= now


def rfc3339(time_: datetime) -> str:
    return time_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Story:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sandbox: Sandbox = stack.side
        self.now = datetime.now(UTC).replace(second=0, microsecond=0)

    # -- looking -----------------------------------------------------------------------------------

    @staticmethod
    def address(member: int) -> str:
        return f"m{member}@example.org"

    def windows(self, member: int, group: int) -> list[tuple[datetime | None, datetime | None]]:
        """The live rights of a person on a group, as KISI holds them."""
        rights = self.sandbox.rights(email=self.address(member), group_id=group)
        now = self.sandbox_now()
        return [
            (utc(right["valid_from"]), utc(right["valid_until"]))
            for right in rights
            if not is_over(right["valid_until"], now)
        ]

    def sandbox_now(self) -> datetime:
        return datetime.fromisoformat(self.sandbox.now()["now"])

    def seen(self, what: str, condition: Callable[[], Any]) -> None:
        wait_for(condition, what, DEADLINE)

    def opens(self, member: int, group: int) -> None:
        """Exactly one right, and its window has begun and not ended."""

        def held() -> bool:
            windows = self.windows(member, group)
            now = self.sandbox_now()
            assert len(windows) == 1, f"rights of {member} on group {group}: {windows}"
            start, end = windows[0]
            assert start is None or start <= now, f"begins at {start}"
            assert end is None or end > now, f"ended at {end}"
            return True

        self.seen(f"{member} opens group {group}", held)

    def window_is(self, member: int, group: int, start: datetime | None, end: datetime) -> None:
        def held() -> bool:
            windows = self.windows(member, group)
            assert len(windows) == 1, f"rights of {member} on group {group}: {windows}"
            found_start, found_end = windows[0]
            assert start is None or found_start == start, f"from {found_start}, not {start}"
            assert found_end == end, f"until {found_end}, not {end}"
            return True

        self.seen(f"{member} opens group {group} from {start} until {end}", held)

    def gone(self, member: int, *groups: int) -> None:
        def none() -> bool:
            left = {group: self.windows(member, group) for group in groups}
            assert not any(left.values()), f"rights of {member} that are left: {left}"
            return True

        self.seen(f"{member} has no key on {groups}", none)

    def at_door(self, member: int, lock: int) -> dict[str, Any]:
        return self.sandbox.unlock(lock, email=self.address(member))

    def reports(self, space: str) -> list[dict[str, Any]]:
        return [
            record.json
            for record in read_records(self.stack.bootstrap, self.stack.topic("access-reports", space))
        ]

    def report_of(self, event: str, space: str = "moncloa") -> dict[str, Any]:
        def found() -> dict[str, Any]:
            reports = [report for report in self.reports(space) if report["id"] == event]
            return reports[0] if reports else {}

        return wait_for(found, f"report of event {event}", DEADLINE, interval=0.3)

    def join(self, member: int, **fields: Any) -> None:
        self.sandbox.create(
            "coworkers",
            Id=member,
            FullName=f"Member {member}",
            Email=self.address(member),
            InvoicingBusinessId=MONCLOA,
            **fields,
        )

    # -- the story ---------------------------------------------------------------------------------

    def a_member_joins(self) -> None:
        self.join(9001)
        started = self.sandbox.start_contract(9001, RESIDENT)
        pass_id = started["passes"][0]["Id"]
        say("nexudus", "member 9001 joins with a plan that includes a 24 Hours Pass")
        self.opens(9001, GROUP_24)
        mails = self.sandbox.invitations().get(self.address(9001), 0)
        assert mails == 1, f"{mails} invitation mails to 9001"
        say("kisi", "9001 invited (1 mail); opens Members with 24 hours access")
        answer = self.at_door(9001, ENTRANCE)
        assert answer["granted"], f"9001 at the main entrance: {answer}"
        report = self.report_of(answer["event"]["uuid"])
        assert (report["result"], report["reason"]) == ("granted", "entitled"), report
        assert report["sources"] == [f"pass/{pass_id}"], report
        say("door", f"9001, Main entrance: granted ({report['sources'][0]})")

    def a_contact_books(self) -> None:
        # Its lead has begun already, whatever the hour.
        start = self.now + timedelta(minutes=10)
        end = start + timedelta(hours=1)
        self.join(9002)
        booking = self.sandbox.book(9002, GREEN, rfc3339(start), rfc3339(end))["Id"]
        say("nexudus", f"contact 9002 books Green meeting room {clock(start)}–{clock(end)}")
        self.window_is(9002, GROUP_GREEN, start - timedelta(minutes=15), end)
        say("kisi", f"9002 opens Green meeting room {clock(start - timedelta(minutes=15))}"
                    f"–{clock(end)}")
        answer = self.at_door(9002, GREEN_DOOR)
        assert answer["granted"], f"9002 at the Green meeting room: {answer}"
        say("door", "9002, Green meeting room: granted")

        later = start + timedelta(hours=2)
        self.sandbox.move_booking(booking, rfc3339(later), rfc3339(later + timedelta(hours=1)))
        opens = later - timedelta(minutes=15)
        self.window_is(9002, GROUP_GREEN, opens, later + timedelta(hours=1))
        say("nexudus", f"the booking moves to {clock(later)}: the window moves")
        answer = self.at_door(9002, GREEN_DOOR)
        assert not answer["granted"], f"9002 at the Green meeting room: {answer}"
        report = self.report_of(answer["event"]["uuid"])
        assert (report["result"], report["reason"]) == ("denied", "too_early"), report
        assert utc(report["valid_from"]) == opens, report
        say("door", f"9002, Green meeting room: denied, too_early: from {clock(opens)}")
        self.denied = report

    def a_day_pass_is_used(self, cutoff: datetime) -> None:
        self.join(9003)
        pass_id = self.sandbox.give_pass(9003, DAY)["Id"]
        self.opens(9003, GROUP_DAY)
        self.sandbox.use_pass(pass_id)
        self.window_is(9003, GROUP_DAY, None, cutoff)
        say("nexudus", "the day pass of 9003 is used today: the key ends at the cut-off, "
                       f"{clock(cutoff)}")

    def a_plan_renews(self) -> None:
        self.join(9004)
        started = self.sandbox.start_contract(9004, RESIDENT)
        self.opens(9004, GROUP_24)
        yesterday = datetime.now(UTC) - timedelta(hours=30)
        self.sandbox.use_pass(started["passes"][0]["Id"], at=rfc3339(yesterday))
        self.gone(9004, GROUP_24)
        say("nexudus", "the last pass of 9004 was used yesterday: key gone")
        self.sandbox.renew_contract(started["contract"]["Id"])
        self.opens(9004, GROUP_24)
        say("nexudus", "the plan of 9004 renews: key back")

    def a_pass_alone(self) -> None:
        self.join(9005)
        self.sandbox.sell_product(9005, DAY_PRODUCT)
        self.opens(9005, GROUP_DAY)
        say("nexudus", "9005 buys a day pass alone (a product): opens Members with day access")

    def a_pass_for_both(self) -> None:
        self.join(9006)
        self.sandbox.give_pass(9006, ANYWHERE)
        self.opens(9006, GROUP_DAY)
        self.opens(9006, GROUP_DUMBO)
        mails = self.sandbox.invitations().get(self.address(9006), 0)
        assert mails == 1, f"{mails} invitation mails to 9006"
        answer = self.at_door(9006, DUMBO_DOOR)
        assert answer["granted"], f"9006 at Dumbo's front door: {answer}"
        say("kisi", "9006 has a pass that both spaces accept: one mail, a key in Moncloa and in Dumbo")

    def a_member_leaves(self) -> None:
        cleaner = self.sandbox.hand_right(self.address(9000), GROUP_24)
        start = self.now + timedelta(minutes=10)
        self.sandbox.book(9001, GREEN, rfc3339(start + timedelta(hours=4)),
                          rfc3339(start + timedelta(hours=5)))
        self.window_is(9001, GROUP_GREEN, start + timedelta(hours=4) - timedelta(minutes=15),
                       start + timedelta(hours=5))
        self.sandbox.archive(9001)
        self.gone(9001, GROUP_24, GROUP_GREEN)
        rights = self.sandbox.rights(email=self.address(9000))
        assert [right["id"] for right in rights] == [cleaner["id"]], rights
        say("nexudus", "9001 leaves with a pass and a booking left: both keys gone; "
                       "the cleaner's hand-made key untouched")

    def the_report(self) -> None:
        report = self.denied
        shown = {name: report[name] for name in ("result", "reason", "member_id", "door_name",
                                                 "occurred_at", "valid_from")}
        text = ",".join(f'"{name}":{value if isinstance(value, int) else chr(34) + value + chr(34)}'
                        for name, value in shown.items())
        say("report", "{" + text + "}")

    def everything_again(self) -> None:
        """All daemons die and come back: each reads its topics from the start."""
        for daemon in self.stack.daemons.values():
            daemon.kill()
        self.sandbox.clear_calls()
        restarted = datetime.now(UTC)
        for daemon in self.stack.daemons.values():
            daemon.start()
        for daemon in self.stack.daemons.values():
            daemon.wait_ready()

        def listed() -> bool:
            status = self.stack.run_json("status", statuses=(0, 1))
            nexudus = next(a for a in status["accounts"] if a["api"] == "nexudus")
            assert not is_over(nexudus["listed_at"] or "1970-01-01T00:00:00Z", restarted), nexudus
            for space in status["spaces"]:
                assert space["oldest_due_loss_s"] is None, space
                assert space["oldest_due_gain_s"] is None, space
            return True

        wait_for(listed, "a full listing after the restart, nothing due", DEADLINE, interval=0.5)
        # The executor has decided about everybody when it reads door events again.
        answer = self.at_door(9003, ENTRANCE)
        self.report_of(answer["event"]["uuid"])
        writes = self.sandbox.calls()["writes"]["kisi"]
        assert writes == 0, f"{writes} writing calls: {self.sandbox.calls()['calls']}"
        say("replay", "all daemons killed and started, every topic read again: 0 writes to KISI")

    def tell(self, cutoff: datetime) -> None:
        self.a_member_joins()
        self.a_contact_books()
        self.a_day_pass_is_used(cutoff)
        self.a_plan_renews()
        self.a_pass_alone()
        self.a_pass_for_both()
        self.a_member_leaves()
        self.the_report()
        self.everything_again()


def cutoff_ahead() -> tuple[str, datetime]:
    """A cut-off of Moncloa's day that is hours away at whatever hour this runs: as HH:MM, and the
    instant at which today's key ends. It avoids the hours in which clocks change."""
    at = (datetime.now(MADRID) + timedelta(hours=5)).replace(minute=0, second=0, microsecond=0)
    if at.hour in (2, 3):
        at = at.replace(hour=4)
    return f"{at:%H:%M}", at.astimezone(UTC)


@contextlib.contextmanager
def directory(keep: bool) -> Iterator[Path]:
    if keep:
        shutil.rmtree(local.DIRECTORY, ignore_errors=True)
        local.DIRECTORY.mkdir()
        yield local.DIRECTORY
    else:
        with tempfile.TemporaryDirectory(prefix="latchkey-demo-") as scratch:
            yield Path(scratch)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--keep"]):
        print("usage: ./dev demo [--keep]", file=sys.stderr)
        return 2
    keep = bool(arguments)
    if keep:
        local.down()
    cutoff_text, cutoff = cutoff_ahead()
    config = default_config()
    config["spaces"][0]["day_cutoff"] = cutoff_text
    started = time.monotonic()
    with directory(keep) as where, Stack(where, config=config, detach=keep) as stack:
        say("demo", "starting Kafka, the sandbox, the topics, the rules and "
                    f"{len(DAEMONS)} daemons")
        stack.start()
        say("demo", f"all ready after {time.monotonic() - started:.0f} s; two spaces, Moncloa "
                    "(Madrid) and Dumbo (New York); times are Madrid's")
        Story(stack).tell(cutoff)
        if keep:
            stack.keep()
        else:
            stack.stop_daemons()
    say("demo", f"everything was seen to hold, in {time.monotonic() - started:.0f} s")
    if keep:
        kept = local.state()
        assert kept is not None
        print("running:")
        # Whose day pass is used: the key is there until the cut-off, and explain says why.
        print(local.describe(kept, 9003))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AssertionError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(1)
