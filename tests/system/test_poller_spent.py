# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The hour's requests are the login's, not the process's: a restart, a kill and a change of owner
begin with what is left of it. And none are spent where a list has said it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.kafka import Broker
from harness.process import Daemon
from harness.stack import Stack
from harness.wait import wait_for
from poller_world import (DUMBO, ELSEWHERE, GREEN, HOURS_24, MONCLOA, POLLER, Polled, config, text,
                          world)

PER_HOUR = 40  # enough to start with, and not for twice


@pytest.fixture
def frugal(tmp_path: Path, broker: Broker, prefix: str) -> Iterator[Polled]:
    settings = config(listing="1h", requests_per_minute=100, requests_per_hour=PER_HOUR)
    with Stack(tmp_path, broker, prefix, settings) as stack:
        yield Polled(stack)
        stack.stop_daemons()


def requests(polled: Polled) -> int:
    """What Nexudus has been asked since it was last cleared."""
    calls = polled.sandbox.calls(service="nexudus")["calls"]
    return sum(call["count"] for call in calls)


def shown(daemon: Daemon) -> int:
    return int(daemon.metrics().value("latchkey_poller_requests_last_hour", account="main"))


def recorded(polled: Polled) -> int:
    return sum(minute["requests"] for minute in polled.account().get("spent", []))


def test_the_next_process_goes_on_within_the_hour(frugal: Polled) -> None:
    frugal.start()
    wait_for(lambda: frugal.ended("incremental", "done") >= 1, "the first cycle", 30)
    wait_for(lambda: recorded(frugal) >= PER_HOUR // 3, "what was spent is in the record")
    known = recorded(frugal)
    frugal.poller.restart(kill=True)
    wait_for(lambda: shown(frugal.poller) >= known, "the next process counts it as well")
    # A second one waits, and takes over from one that ends in good order: all of it is known then.
    second = frugal.stack.start_daemon(POLLER)
    second.wait_ready()
    frugal.sandbox.clear_calls()
    before = recorded(frugal)
    assert frugal.poller.terminate() == 0
    wait_for(lambda: second.metrics().value("latchkey_poller_owner", account="main") == 1,
             "the second one acts", 30)
    assert shown(second) >= max(known, before)
    # Starting takes a third of the hour and more, which is not left.
    assert requests(frugal) < known
    assert recorded(frugal) <= PER_HOUR


def test_people_of_other_homes_cost_no_reads_of_their_own(tmp_path: Path, broker: Broker,
                                                          prefix: str) -> None:
    data = world()
    homes = {9501 + n: (DUMBO, ELSEWHERE)[n % 2] for n in range(20)}
    soon = text(datetime.now(UTC) + timedelta(hours=5)), text(datetime.now(UTC) + timedelta(hours=6))
    data["nexudus"]["coworkers"] = [
        {"Id": member, "FullName": f"Member {member}", "Email": f"m{member}@example.org",
         "InvoicingBusinessId": home} for member, home in homes.items()]
    data["nexudus"]["coworkertimepasses"] = [
        {"Id": 70_000 + member, "CoworkerId": member, "TimePassId": HOURS_24, "BusinessId": MONCLOA}
        for member in homes]
    data["nexudus"]["bookings"] = [
        {"Id": 80_000 + member, "CoworkerId": member, "ResourceId": GREEN, "FromTime": soon[0],
         "ToTime": soon[1]} for member in homes]
    with Stack(tmp_path, broker, prefix, config(listing="1h")) as stack:
        polled = Polled(stack, data)
        polled.sandbox.faults({"service": "nexudus", "path": "/api/billing/coworkertimepasses",
                               "hold_ms": 2000})
        polled.launch()
        polled.hit()
        # The list of people has been read, and the list of passes will have one of somebody else.
        late = 9601
        polled.join(late, business=DUMBO)
        given = polled.give(late)
        polled.first_listing()
        polled.becomes("passes", given)
        for member in homes:
            assert polled.table("members")[str(member)]["email"] == f"m{member}@example.org"
        assert len(polled.table("passes")) == len(homes) + 1
        assert len(polled.table("bookings")) == len(homes)
        # Only whom no list had is read by id, once, and then what waits for them.
        for path, count in {"spaces/coworkers": 1, "billing/coworkertimepasses": 1, "spaces/bookings": 0}.items():
            assert polled.read_count(f"/api/{path}/{{id}}") == count, path
        stack.stop_daemons()
