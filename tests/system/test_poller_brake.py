# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The brake: a listing that would remove too many rows at once removes none, until they are there
again or a person releases it; what Nexudus states is never held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest

from harness.kafka import Broker
from harness.sandbox import Row
from harness.stack import Stack
from harness.topics import produce
from harness.wait import wait_for
from poller_world import DUMBO, HOURS_24, MONCLOA, RESIDENT, Polled, config, ident, large_world, text

pytest_plugins = ["poller_fixtures"]

PEOPLE = 60
LIMIT = 6  # 10 % of them
FIRST, FIRST_PASS = 50001, 2000000001


def pass_key(n: int) -> str:
    return f"{FIRST + n}/{FIRST_PASS + 7 * n}"


@pytest.fixture(scope="module")
def braked(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Polled]:
    settings = config()
    for space in settings["spaces"]:
        space["brake"] = {"count": 2, "share": "10%"}
    with Stack(tmp_path_factory.mktemp("brake"), broker, "brake", settings) as stack:
        polled = Polled(stack, large_world(PEOPLE))
        polled.start()
        yield polled
        stack.stop_daemons()


def live(polled: Polled) -> set[str]:
    return {key for key, value in polled.table("passes").items() if not value["deleted"]}


def delete(polled: Polled, keys: Iterable[str]) -> None:
    """All at once: no listing sees some of them gone and others not yet."""
    with polled.faults({"service": "nexudus", "path": "/api/billing/coworkertimepasses",
                        "effect": "status", "status": 429, "headers": {"Retry-After": "1"},
                        "count": 0}):
        for key in keys:
            polled.sandbox.delete("coworkertimepasses", ident(key))


def trip(polled: Polled, held: int) -> Row:
    def found() -> Row:
        trips = polled.account().get("trips", [])
        assert [entry["held"] for entry in trips] == [held], trips
        entry: Row = trips[0]
        return entry

    return wait_for(found, f"a trip that holds {held}", 30, interval=0.2)


def wish(polled: Polled, name: str) -> str:
    """Key of a new wish to release the trip of that name."""
    key = f"brake-release/{name}"
    produce(polled.stack.bootstrap, polled.stack.topic("control", "moncloa"),
            {key: {"wish": "brake-release", "member": None, "ids": [], "trip": name,
                   "at": text(datetime.now(UTC))}})
    return key


def outcome(polled: Polled, key: str) -> Row:
    def found() -> Row:
        table = polled.table("control", "moncloa")
        assert f"{key}/poller" in table, sorted(table)
        value: Row = table[f"{key}/poller"]
        return value

    return wait_for(found, f"the outcome of {key}", 30, interval=0.2)


def test_as_many_as_may_go_do(braked: Polled) -> None:
    delete(braked, (pass_key(n) for n in range(LIMIT)))
    wait_for(lambda: len(live(braked)) == PEOPLE - LIMIT, "they are removed", 30, interval=0.3)
    assert braked.account()["trips"] == []


def test_rows_that_come_back_were_never_removed(braked: Polled) -> None:
    """Lists and single rows lie alike; only the number gives it away."""
    before = braked.everything()
    with braked.faults(
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "query": "size=500",
         "effect": "status", "status": 200, "count": 0, "body": {
             "Records": [], "TotalItems": 0, "TotalPages": 0, "HasNextPage": False}},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses/", "effect": "status",
         "status": 404, "count": 0},
    ):
        braked.sandbox.clear_calls()
        held = trip(braked, PEOPLE - LIMIT)
        assert (held["space"], held["kind"], held["of"]) == ("moncloa", "passes", PEOPLE - LIMIT)
        braked.listed()
        # One more than may be removed is enough to know; the rest is not asked for, nor the same
        # ones by every listing.
        limit = (PEOPLE - LIMIT) // 10
        assert braked.read_count("/api/billing/coworkertimepasses/{id}") == limit + 1
        assert braked.poller.metrics().value("latchkey_brake_held", space="moncloa",
                                             kind="passes") == PEOPLE - LIMIT
        assert f"latchkey brake release {held['id']}" in braked.poller.output()
    wait_for(lambda: braked.account()["trips"] == [], "the trip is over", 30)
    assert braked.poller.metrics().value("latchkey_brake_held", space="moncloa",
                                         kind="passes") == 0
    assert braked.everything() == before


def test_contracts_that_are_nowhere_take_nothing_at_once(braked: Polled) -> None:
    """A poller that knows none yet, and lists that show none: each pass would lose its contract."""
    of_plan = []
    for n in range(8):
        started = braked.sandbox.start_contract(FIRST + n, RESIDENT)
        of_plan += [f"{FIRST + n}/{row['Id']}" for row in started["passes"]]
    for key in of_plan:
        braked.becomes("passes", key, origin="plan")
    before = braked.everything()
    assert braked.poller.terminate() == 0
    with braked.faults({"service": "nexudus", "path": "/api/billing/coworkercontracts",
                        "effect": "status", "status": 200, "count": 0, "body": {
                            "Records": [], "TotalItems": 0, "TotalPages": 0,
                            "HasNextPage": False}}):
        braked.poller.start()
        braked.poller.wait_ready()
        trip(braked, len(of_plan))
        braked.listed()
    wait_for(lambda: braked.account()["trips"] == [], "the trip is over", 30)
    assert braked.everything() == before
    # One that is really nowhere has nothing to come back.
    braked.poller.terminate()
    uid = {row["Id"]: row for row in braked.sandbox.rows("coworkertimepasses")}[
        ident(of_plan[0])]["CoworkerContractUniqueId"]
    contract = next(row for row in braked.sandbox.rows("coworkercontracts")
                    if row["UniqueId"] == uid)
    braked.sandbox.delete("coworkercontracts", contract["Id"])
    braked.poller.start()

    def inactive() -> bool:
        shown = braked.table("passes")[of_plan[0]]["contract"]
        assert shown["active"] is False, shown
        return True

    wait_for(inactive, "it gives nothing", 30)


def test_held_until_released(braked: Polled, member: int) -> None:
    gone = {pass_key(n) for n in range(20, 40)}
    delete(braked, gone)
    held = trip(braked, len(gone))
    # What Nexudus states is never held, nor is what comes anew.
    braked.sandbox.suspend(FIRST + 50)
    braked.sandbox.use_pass(ident(pass_key(51)))
    braked.join(member)
    added = braked.give(member)
    booking = braked.book(member)
    braked.becomes("members", str(FIRST + 50), active=False)
    braked.becomes("passes", pass_key(51), used=True)
    braked.becomes("passes", added, deleted=False)
    braked.becomes("bookings", booking, deleted=False)
    braked.sandbox.cancel_booking(ident(booking))
    braked.becomes("bookings", booking, deleted=True)
    # A wish that names another trip releases nothing.
    assert outcome(braked, wish(braked, "moncloa-passes-1"))["outcome"] == "refused"
    # Its next owner holds the same trip.
    braked.poller.restart(kill=True)
    braked.listed()
    assert trip(braked, len(gone))["id"] == held["id"]
    assert gone <= live(braked)
    shown = braked.stack.run_json("brake", statuses=(1,))["trips"]
    assert [{**one, "members": None, "of": None} for one in shown] == [{
        "id": held["id"], "space": "moncloa", "kind": "passes", "held": len(gone), "of": None,
        "since": held["since"], "members": None}]
    assert shown[0]["members"] == sorted(int(key.partition("/")[0]) for key in gone)
    told = braked.stack.run("brake", statuses=(1,))
    assert f"{held['id']}: {len(gone)} of " in told and f"  members {shown[0]['members'][0]}, " in told
    assert f"latchkey brake release {held['id']}" in told
    # Nobody is asked by a pipe, and another trip's name is not guessed at.
    for words, says in ((("release",), "--yes"), (("release", "moncloa-passes-1", "--yes"),
                                                  "the brake holds nothing under")):
        done = braked.stack.cli("brake", *words)
        assert done.returncode == 2 and says in done.stderr, done
    assert gone <= live(braked)
    released = braked.stack.run_json("brake", "release", held["id"], "--yes")
    assert [one["outcome"] for one in released["wishes"]] == ["done"]
    wait_for(lambda: not gone & live(braked), "they are removed", 30, interval=0.3)
    wait_for(lambda: braked.account()["trips"] == [], "the trip is over", 30)
    assert braked.stack.run_json("brake")["trips"] == []
    assert braked.stack.run("brake", "release", "--yes") == "the brake holds nothing\n"


def test_a_release_is_of_what_was_seen(braked: Polled) -> None:
    """More goes between the trip and its release: the old trip is refused, a new one holds."""
    left = sorted(live(braked) - {pass_key(51)})
    delete(braked, left[:10])
    held = trip(braked, 10)
    assert braked.poller.terminate() == 0
    delete(braked, left[10:25])
    key = wish(braked, held["id"])
    braked.poller.start()
    braked.poller.wait_ready()
    assert outcome(braked, key)["outcome"] == "refused"
    again = trip(braked, 25)
    assert again["id"] != held["id"]
    assert set(left) <= live(braked)
    assert outcome(braked, wish(braked, again["id"]))["outcome"] == "done"
    wait_for(lambda: not set(left[:25]) & live(braked), "they are removed", 30, interval=0.3)


def test_a_pass_type_that_leaves_a_location_is_held_too(braked: Polled) -> None:
    """Counted after routing: no row went, but the doors of one space would close on all of it."""
    braked.sandbox.update("timepasses", HOURS_24, Businesses=[DUMBO], bump=False)
    there = live(braked)
    trip(braked, len(there))
    assert {key for key in braked.table("passes", "dumbo")} >= there
    braked.sandbox.update("timepasses", HOURS_24, Businesses=[MONCLOA], bump=False)
    wait_for(lambda: braked.account()["trips"][0]["space"] == "dumbo", "it is the other space",
             30)
    assert live(braked) == there
