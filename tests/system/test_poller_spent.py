# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The hour's requests are the login's, not the process's: a restart, a kill and a change of owner
begin with what is left of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kafka import Broker
from harness.process import Daemon
from harness.stack import Stack
from harness.wait import wait_for
from poller_world import POLLER, Polled, config

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
