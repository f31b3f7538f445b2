# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Two pollers of one account: one acts, the other follows and takes over where it stood, whether the
first dies or only sleeps; a page that it read before and publishes after has not the last word. Three
of two accounts: the same, of both at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from harness.kafka import Broker
from harness.process import Daemon
from harness.stack import Stack
from harness.wait import wait_for
from poller_world import DUMBO, POLLER, Polled, config

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


# --- three pollers of two accounts ----------------------------------------------------------------

ACCOUNTS = {"main": "moncloa", "second": "dumbo"}


@pytest.fixture
def trio(tmp_path: Path, broker: Broker, prefix: str) -> Iterator[Polled]:
    settings = config(listing="1h")
    settings["nexudus"].append({**settings["nexudus"][0], "account": "second"})
    for space, account in zip(settings["spaces"], ACCOUNTS, strict=True):
        space["nexudus"] = account
    with Stack(tmp_path, broker, prefix, settings) as stack:
        polled = Polled(stack)
        polled.launch()
        for more in [stack.start_daemon(POLLER), stack.start_daemon(POLLER)]:
            more.wait_ready()
        yield polled
        stack.stop_daemons()


def owner_of(account: str, daemons: Iterable[Daemon]) -> Daemon:
    owners = [daemon for daemon in daemons
              if daemon.metrics().value("latchkey_poller_owner", account=account) == 1]
    assert len(owners) == 1, f"{account}: {owners}"
    return owners[0]


def marks(polled: Polled) -> dict[str, str]:
    """Up to when each account's changes have been read."""
    return {account: polled.table("nexudus-account", account)[account]["read_until"]
            for account in ACCOUNTS}


def test_one_of_three_goes_on_for_one_that_died_and_one_that_sleeps(trio: Polled,
                                                                    member: int) -> None:
    daemons = list(trio.stack.daemons.values())

    def one_each() -> tuple[Daemon, Daemon]:
        main, second = owner_of("main", daemons), owner_of("second", daemons)
        assert main is not second
        return main, second

    main, second = wait_for(one_each, "two of them poll an account each", 30)
    standby = next(daemon for daemon in daemons if daemon not in (main, second))
    people = {str(member): "moncloa", str(member + 1_000_000): "dumbo"}
    trio.join(member)
    trio.join(member + 1_000_000, DUMBO)
    for key, space in people.items():
        trio.becomes("members", key, space)
    before, stood = trio.everything(), marks(trio)

    with trio.faults({"service": "nexudus", "path": "/api/spaces/coworkers", "query": "UpdatedOn",
                      "delay_ms": 2000, "count": 0}):
        trio.sandbox.update("coworkers", member + 1_000_000, Email="old@example.org")
        # To both of them a page that shows it is on its way when one sleeps, and the other dies.
        trio.hit(2)
        second.pause()
        main.kill()
    for key in people:
        trio.sandbox.update("coworkers", int(key), Email=f"new{key}@example.org")
    for key, space in people.items():
        trio.becomes("members", key, space, email=f"new{key}@example.org")
    for account in ACCOUNTS:
        assert owner_of(account, [standby]) is standby
    after = marks(trio)
    assert all(after[account] >= stood[account] for account in ACCOUNTS), (stood, after)

    second.resume()
    main.start()
    for daemon in (second, main):
        daemon.wait_ready()
    beside = {str(int(key) + 2_000_000): space for key, space in people.items()}
    trio.join(member + 2_000_000)
    trio.join(member + 3_000_000, DUMBO)
    for key, space in beside.items():
        trio.becomes("members", key, space)
    wait_for(lambda: [owner_of(account, daemons) for account in ACCOUNTS], "one owner each", 30)
    # Nothing was published but what changed: each once, at a revision of its own.
    assert len(trio.everything()) == len(before) + 4
    for key, space in people.items():
        revisions = [value["revision"] for value in trio.of("members", key, space)]
        assert len(revisions) == 2 and revisions[0] < revisions[1], revisions
        trio.becomes("members", key, space, email=f"new{key}@example.org")
