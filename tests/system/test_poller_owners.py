# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Two pollers of one account: one acts, the other follows and takes over where it stood, whether the
first dies or only sleeps; a page that it read before and publishes after has not the last word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.kafka import Broker
from harness.process import Daemon
from harness.stack import Stack
from harness.wait import wait_for
from poller_world import POLLER, Polled, config

pytest_plugins = ["poller_fixtures"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Polled]:
    with Stack(tmp_path_factory.mktemp("owners"), broker, "owners", config(listing="1h")) as stack:
        polled = Polled(stack)
        polled.launch()
        stack.start_daemon(POLLER).wait_ready()
        yield polled
        stack.stop_daemons()


def is_owner(daemon: Daemon) -> bool:
    return daemon.metrics().value("latchkey_poller_owner") == 1


def roles(polled: Polled) -> tuple[Daemon, Daemon]:
    """The owner and its standby."""
    daemons = [polled.stack.daemons[POLLER], polled.stack.daemons[f"{POLLER}-2"]]

    def found() -> tuple[Daemon, Daemon]:
        owners = [daemon for daemon in daemons if is_owner(daemon)]
        assert len(owners) == 1, len(owners)
        return owners[0], next(daemon for daemon in daemons if daemon is not owners[0])

    return wait_for(found, "one of them polls", 30)


def cycles(daemon: Daemon, kind: str = "incremental") -> float:
    return daemon.metrics().count("latchkey_poller_cycles_total", kind=kind, outcome="done")


def settle(polled: Polled) -> tuple[Daemon, Daemon]:
    owner, standby = roles(polled)
    wait_for(lambda: cycles(owner, "listing") >= 1 and cycles(owner) >= 1, "it has read all", 60)
    return owner, standby


def test_the_standby_goes_on_where_the_owner_died(pair: Polled, member: int) -> None:
    pair.join(member)
    pass_ = pair.give(member)
    owner, standby = settle(pair)
    pair.becomes("passes", pass_, used=False)
    before = pair.everything()
    read_until = pair.account()["read_until"]
    owner.kill()
    pair.sandbox.use_pass(int(pass_.partition("/")[2]))
    pair.becomes("passes", pass_, used=True)
    assert is_owner(standby)
    # Nothing but that change was published, once, and reading went on from the mark that stood.
    wait_for(lambda: cycles(standby) >= 2, "it goes on")
    assert len(pair.everything()) == len(before) + 1
    assert pair.account()["read_until"] >= read_until
    owner.start()
    owner.wait_ready()


def test_an_owner_that_sleeps_and_wakes_has_not_the_last_word(pair: Polled, member: int) -> None:
    pair.join(member)
    pair.becomes("members", str(member))
    owner, standby = settle(pair)
    with pair.faults({"service": "nexudus", "path": "/api/spaces/coworkers", "query": "UpdatedOn",
                      "delay_ms": 2000}):
        pair.sandbox.update("coworkers", member, Email="old@example.org")
        # The page that shows it is on its way, and comes when the owner sleeps.
        pair.hit()
        owner.pause()
    pair.sandbox.update("coworkers", member, Email="new@example.org")
    newer = pair.becomes("members", str(member), email="new@example.org")
    assert is_owner(standby)
    owner.resume()
    wait_for(lambda: not is_owner(owner), "it knows that it lost the account", 30)
    beside = member + 1_000_000
    pair.join(beside)
    pair.becomes("members", str(beside))
    last = pair.becomes("members", str(member), email="new@example.org")
    assert last["revision"] >= newer["revision"]
    # Each reading has one revision, and the higher one is what stands.
    history = pair.of("members", str(member))
    by_revision = {value["revision"]: value["email"] for value in history}
    assert len(by_revision) == len(history), history
    assert by_revision[max(by_revision)] == "new@example.org"
