# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The poller when Nexudus lies, refuses or is slow, and when it is itself ended: nothing is taken from
anybody, nothing is published twice, and it goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kafka import Broker
from harness.sandbox import Row
from harness.stack import Stack
from harness.wait import wait_for
from poller_world import (
    POLLER, KINDS, Polled, ident, config, large_world, next_member,
)

pytest_plugins = ["poller_fixtures"]

# --- an answer that lies removes nobody -------------------------------------------------------------

LISTS = ("spaces/coworkers", "billing/coworkertimepasses", "spaces/bookings",
         "billing/timepasses", "spaces/resources", "billing/coworkercontracts")
# A page as it should be. What the readers of pages and rows make of others is in tests/unit.
NOTHING: Row = {"effect": "status", "status": 200, "body": {
    "Records": [], "CurrentPage": 1, "TotalItems": 0, "TotalPages": 0, "HasNextPage": False}}
UNSUCCESSFUL: Row = {"effect": "status", "status": 200, "body": {
    "Status": 500, "Message": "Name: is a required field", "Value": None, "Errors": [],
    "WasSuccessful": False}}


@pytest.fixture(scope="module")
def settled(shared_poller: Polled) -> list[str]:
    """Somebody with a pass and a booking, who must stay whatever is answered."""
    member = next_member()
    shared_poller.join(member)
    keys = [str(member), shared_poller.give(member), shared_poller.book(member, hours=20)]
    for kind, key in zip(KINDS, keys, strict=True):
        shared_poller.becomes(kind, key, deleted=False)
    return keys


def test_lists_that_show_nothing_remove_nobody(
    polled: Polled, settled: list[str], member: int
) -> None:
    before = {kind: len(polled.of(kind, key)) for kind, key in zip(KINDS, settled, strict=True)}
    # Every list at once; rows by id are answered plainly, as in the world.
    faults = [{"service": "nexudus", "path": f"/api/{path}", "query": "page=", "count": 0,
               **NOTHING} for path in LISTS]
    with polled.faults(*faults):
        polled.listed()
    polled.join(member)
    polled.becomes("members", str(member))
    polled.listed()
    after = {kind: len(polled.of(kind, key)) for kind, key in zip(KINDS, settled, strict=True)}
    assert after == before


def test_a_lie_about_one_row_removes_nobody(polled: Polled, settled: list[str]) -> None:
    """Lists show nothing, so every row is asked for by id, where only a plain 404 means gone."""
    before = {kind: len(polled.of(kind, key)) for kind, key in zip(KINDS, settled, strict=True)}
    lists = [{"service": "nexudus", "path": f"/api/{path}", "query": "page=", "count": 0, **NOTHING}
             for path in LISTS[:3]]
    lies: list[Row] = [{"effect": "html"}, UNSUCCESSFUL, {"effect": "cut_after"}]
    rows = [{"service": "nexudus", "path": f"/api/{path}/{ident(key)}", "count": 0, **lie}
            for path, key, lie in zip(LISTS[:3], settled, lies, strict=True)]
    with polled.faults(*lists, *rows):
        polled.hit(4)  # as often as one read tries
        polled.listed(1, "failed")
        listed_at = polled.account()["listed_at"]
        polled.listed(1, "failed")
        assert polled.account()["listed_at"] == listed_at
    polled.listed(1)
    after = {kind: len(polled.of(kind, key)) for kind, key in zip(KINDS, settled, strict=True)}
    assert after == before


def test_a_login_that_may_not_read_pauses_polls_all_the_rest(polled: Polled, member: int) -> None:
    """The role is one that a login made for polling may lack: said, and nothing else is lost."""
    failed = polled.ended("listing", "failed") + polled.ended("incremental", "failed")
    with polled.faults({"service": "nexudus", "path": "/api/billing/contractpausedperiods",
                        "effect": "status", "status": 401, "count": 0}):
        polled.listed()
        polled.join(member)
        polled.becomes("members", str(member))
        assert polled.account()["fault"] is None
    assert polled.ended("listing", "failed") + polled.ended("incremental", "failed") == failed
    assert polled.poller.output().count('"pauses_refused"') == 1


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Polled]:
    """Three pages of people and passes."""
    with Stack(tmp_path_factory.mktemp("large"), broker, "large", config()) as stack:
        polled = Polled(stack, large_world(1100))
        polled.start()
        yield polled
        stack.stop_daemons()


def test_several_pages(large: Polled) -> None:
    assert len(large.table("members")) == 1100 and len(large.table("passes")) == 1100


def test_a_row_that_moves_between_pages_is_not_gone(large: Polled) -> None:
    """No page has it: it is found missing, and read by id."""
    large.sandbox.faults()
    before = large.everything()
    with large.faults(*({"service": "nexudus", "path": f"/api/{path}", "query": "size=500",
                         "effect": "shift", "count": 0} for path in LISTS[:2])):
        large.listed()
        asked = [call["path"] for call in large.sandbox.calls(service="nexudus")["calls"]]
        assert {f"/api/{path}/{{id}}" for path in LISTS[:2]} <= set(asked), asked
    assert large.everything() == before


def test_a_list_with_fewer_rows_than_its_total_was_not_seen_whole(large: Polled) -> None:
    large.sandbox.faults()
    large.listed(1)
    before = large.everything()
    with large.faults(*({"service": "nexudus", "path": f"/api/{path}", "query": "size=500",
                         "effect": "fewer_rows", "count": 0} for path in LISTS[:2])):
        large.listed(1, "failed")
    assert large.everything() == before


def test_a_total_that_moves_once_restarts_nothing(large: Polled) -> None:
    large.sandbox.faults()
    large.listed(1)
    before = large.everything()
    with large.faults({"service": "nexudus", "path": "/api/spaces/coworkers",
                       "query": "size=500", "skip": 1, "effect": "moving_total"}):
        failed = large.ended("listing", "failed")
        large.hit()
        large.listed(1)
        assert large.ended("listing", "failed") == failed
    assert large.everything() == before


# --- throttling, login ------------------------------------------------------------------------------

NO: dict[str, Row] = {
    "409-retry-after": {"status": 409, "headers": {"Retry-After": "1"}},
    "429-retry-after": {"status": 429, "headers": {"Retry-After": "1"}},
    "429-text": {"status": 429, "body": {"Message": "Too many requests. Wait 0.7 seconds"}},
    "409-bare": {"status": 409},
    "429-bare": {"status": 429},
}


@pytest.mark.parametrize("answer", NO)
def test_told_to_wait_it_waits_and_goes_on(polled: Polled, member: int, answer: str) -> None:
    failed = polled.ended("listing", "failed") + polled.ended("incremental", "failed")
    polled.join(member)
    fault = {"service": "nexudus", "path": "/api", "effect": "status", "count": 2, **NO[answer]}
    with polled.faults(fault):
        polled.hit(2)
        polled.becomes("members", str(member))
    assert polled.ended("listing", "failed") + polled.ended("incremental", "failed") == failed


def test_the_documented_rates_are_kept(tmp_path: Path, broker: Broker, prefix: str,
                                       member: int) -> None:
    """With the limits of the reference in force, nothing has to be refused (S11)."""
    settings = config(poll="1s", listing="1h", requests_per_minute=100, requests_per_hour=4500)
    with Stack(tmp_path, broker, prefix, settings) as stack:
        polled = Polled(stack)
        polled.sandbox.call("DELETE", "/limits")
        polled.join(member)
        key = polled.give(member)
        polled.launch()
        polled.becomes("passes", key)
        polled.cycled(1, deadline=60)
        calls = polled.sandbox.calls(service="nexudus")["calls"]
        assert sum(call["throttled"] for call in calls) == 0, calls
        stack.stop_daemons()


def test_tokens_that_end_in_the_middle_of_a_listing(large: Polled) -> None:
    large.sandbox.faults()
    large.listed(1)
    before = large.everything()
    failed = large.ended("listing", "failed") + large.ended("incremental", "failed")
    with large.faults({"service": "nexudus", "path": "/api/billing/coworkertimepasses",
                       "query": "Used=false", "hold_ms": 400}):
        large.hit()
        large.sandbox.clear_calls()
        large.sandbox.expire_tokens(refresh=True)
        large.listed(2)
    assert large.ended("listing", "failed") + large.ended("incremental", "failed") == failed
    assert 1 <= large.read_count("/api/token") <= 8
    assert large.everything() == before


def test_a_password_that_is_wrong_is_said_and_mended(
    tmp_path: Path, broker: Broker, prefix: str, member: int
) -> None:
    with Stack(tmp_path, broker, prefix, config()) as stack:
        polled = Polled(stack)
        polled.join(member)
        secret = tmp_path / "secrets" / "nexudus-password"
        secret.write_text("wrong\n")
        stack.start_daemon(POLLER)

        def told() -> bool:
            fault = polled.account().get("fault") or ""
            assert "invalid_grant" in fault and "wrong" not in fault, polled.account()
            return True

        wait_for(told, "the account's record names the fault", 30)
        wait_for(lambda: polled.poller.get("/readyz")[0] == 503, "it is not ready")
        assert "invalid_grant" in polled.poller.get("/readyz")[1]
        secret.write_text("sandbox-password\n")
        polled.becomes("members", str(member))
        wait_for(lambda: polled.account().get("fault") is None, "the fault is over")
        polled.poller.wait_ready()
        assert "sandbox-password" not in polled.poller.output()
        stack.stop_daemons()


def test_every_process_has_a_client_of_its_own(polled: Polled, member: int) -> None:
    """A second poller's login does not end the first one's refresh token."""
    polled.stack.start_daemon(POLLER).wait_ready()
    second = polled.stack.daemons.pop(f"{POLLER}-2")
    try:
        wait_for(lambda: sum(daemon.metrics().value("latchkey_poller_owner")
                             for daemon in (polled.poller, second)) == 1, "one of them polls")
        polled.sandbox.expire_tokens()
        polled.join(member)
        polled.becomes("members", str(member))
    finally:
        assert second.terminate() == 0, second.failure("did not end well")


# --- restarts ---------------------------------------------------------------------------------------


def test_a_restart_publishes_nothing(polled: Polled) -> None:
    polled.listed()
    before = polled.everything()
    polled.poller.restart(kill=True)
    polled.listed()
    assert polled.everything() == before


def test_a_restart_in_the_middle_of_the_first_listing(
    tmp_path: Path, broker: Broker, prefix: str
) -> None:
    with Stack(tmp_path, broker, prefix, config(listing="1h")) as stack:
        polled = Polled(stack, large_world(1100))
        with polled.faults({"service": "nexudus", "path": "/api/billing/coworkertimepasses",
                            "query": "page=2", "hold_ms": 60000, "count": 0}):
            polled.launch()
            wait_for(lambda: len(polled.records("passes")) >= 500, "the first page is published",
                     60, interval=0.2)
            polled.poller.kill()
        polled.poller.start()
        polled.poller.wait_ready()
        wait_for(lambda: len(polled.table("passes")) == 1100, "the rest is published", 60,
                 interval=0.3)
        polled.first_listing()
        for kind in ("members", "passes"):
            records = polled.records(kind)
            assert len(records) == len({record.key for record in records}) == 1100
        stack.stop_daemons()


def test_what_happens_while_it_is_down(polled: Polled, member: int) -> None:
    polled.join(member)
    keys = [polled.give(member), polled.book(member), polled.book(member, hours=30)]
    polled.becomes("passes", keys[0])
    polled.becomes("bookings", keys[1])
    polled.becomes("bookings", keys[2])
    assert polled.poller.terminate() == 0
    polled.sandbox.cancel_booking(ident(keys[1]))
    polled.sandbox.delete("coworkertimepasses", ident(keys[0]))
    polled.sandbox.suspend(member)
    polled.poller.start()
    polled.poller.wait_ready()
    polled.becomes("passes", keys[0], deleted=True)
    polled.becomes("bookings", keys[1], deleted=True)
    polled.becomes("members", str(member), active=False)
    polled.listed()
    assert polled.table("bookings")[keys[2]]["deleted"] is False
