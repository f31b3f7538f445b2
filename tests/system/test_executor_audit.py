# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The audit of design §6.9, every 5 s: what KISI holds against the ledger, with nobody to tell of it.
Dumbo has a horizon of 10 s. A second stack has an API user of its own (`exclusive`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from executor_world import DAY, DUMBO_DAY, GREEN, HOURS, World, at, claim, members
from harness.kafka import Broker
from harness.sandbox import Row
from harness.stack import default_config
from harness.topics import produce
from harness.wait import wait_for


def start(factory: pytest.TempPathFactory, broker: Broker, name: str, **account: object) -> World:
    config = default_config()
    config["kisi"][0].update(audit_interval="5s", **account)
    config["spaces"][1]["horizon"] = "10s"
    return World.start(factory.mktemp(name), broker, name, config)

pytest_plugins = ["executor_fixtures"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    world = start(tmp_path_factory, broker, "audit")
    with world.stack:
        yield world
        world.stack.stop_daemons()


@pytest.fixture(scope="module")
def running_alone(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    world = start(tmp_path_factory, broker, "exclusive", exclusive=True)
    with world.stack:
        yield world
        world.stack.stop_daemons()


@pytest.fixture
def alone(running_alone: World) -> Iterator[World]:
    try:
        yield running_alone
    finally:
        running_alone.sandbox.faults()
        running_alone.sandbox.call("DELETE", "/switches")


def given_up(world: World, member: int, user: int, group: int, start_: str, end: str) -> None:
    """A create that its owner gave up, as the next one finds it."""
    right = str(uuid.uuid4())
    produce(world.stack.bootstrap, world.stack.topic("ledger", "moncloa"), {f"{member}/{right}": {
        "format": 1, "member": member, "space": "moncloa", "right": right, "state": "ended",
        "kisi_user_id": user, "group_id": group, "right_id": None, "valid_from": start_,
        "valid_until": end, "sources": ["pass/1"], "intended_at": at(-5), "ended_at": at(-1)}})


def lists(world: World, group: int) -> int:
    """How often GROUP was listed since the calls were cleared."""
    return sum(1 for call in world.sandbox.call_log()
               if call["method"] == "GET" and call["path"] == "/role_assignments"
               and f"applies_to_id={group}" in call["query"])


def test_what_differs_is_put_right_and_nothing_else(world: World) -> None:
    """Missing, altered, lapsed, surplus, foreign: all at once, so that one audit sees them all."""
    missing, altered, late, hand = members(4)
    start_, end = at(-60), at(3600)
    for person in (missing, altered, late):
        world.join(person, claim(HOURS, start_, end))
    world.join(hand, claim(DAY))
    first = {person: world.opens(person, HOURS, start_, end) for person in (missing, altered, late)}
    world.opens(hand, DAY)
    foreign = world.sandbox.hand_right(world.address(hand), HOURS, at(-600))
    stranger = world.sandbox.hand_right("stranger@example.org", HOURS)
    given_up(world, late, first[late]["assignee_id"], GREEN, start_, end)
    world.sandbox.clear_calls()
    surplus = world.sandbox.hand_right(world.address(late), GREEN, start_, end)
    world.sandbox.take_right(first[missing]["id"])
    world.sandbox.call("PUT", f"/kisi/rights/{first[altered]['id']}", {"valid_until": None})

    def restored() -> bool:
        for person in (missing, altered):
            found = world.rights(person, HOURS)
            assert len(found) == 1 and found[0]["id"] not in (
                first[missing]["id"], first[altered]["id"]), found
        return True

    wait_for(restored, "what was missing or altered is made again", 30)
    for person in (missing, altered):
        world.opens(person, HOURS, start_, end)
        assert world.mails(person) == 1
    assert world.told(missing) == {"invited": 1, "created": 1, "restored": 1}
    wait_for(lambda: not world.rights(late, GREEN), "what is surplus is taken away", 30)
    assert lists(world, GREEN) >= 2, "removed at the first sighting"
    world.gone(late, GREEN)
    assert world.opens(late, HOURS, start_, end)["id"] == first[late]["id"]
    world.audited()
    assert {row["id"] for row in world.rights(hand, HOURS)} == {foreign["id"]}
    assert stranger["id"] in {row["id"] for row in world.sandbox.rights(group_id=HOURS)}
    assert world.drift("foreign") == 2 and world.drift("missing") == world.drift("surplus") == 0
    assert surplus["id"] not in {row["id"] for row in world.sandbox.rights(group_id=GREEN)}
    assert world.account()["audited_at"] is not None


def test_at_rest_an_audit_writes_nothing_and_reads_lists(world: World) -> None:
    world.idle()
    world.sandbox.clear_calls()
    world.audited()
    assert world.writes() == 0
    single = [call for call in world.sandbox.call_log() if call["method"] == "GET"
              and call["path"].startswith("/role_assignments/")]
    assert not single, single


def test_a_deleted_user_is_not_made_again_unasked(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    user = world.opens(ada, HOURS)["assignee_id"]
    world.sandbox.delete_kisi("users", user)
    world.is_blocked(ada, HOURS, "user_gone", deadline=40)
    assert world.mails(ada) == 1 and not world.rights(ada)


def test_a_short_list_that_is_wrong_takes_nothing(world: World) -> None:
    """An empty list, as of a group that the key does not see for a while: each right is read by its
    id before anything comes of it."""
    (ada,) = members(1)
    world.join(ada, claim(DAY))
    right = world.opens(ada, DAY)
    world.sandbox.faults({"service": "kisi", "method": "GET", "path": "/role_assignments",
                          "query": f"applies_to_id={DAY}", "effect": "status", "status": 200,
                          "body": [], "count": 0})
    world.audited()
    assert world.drift("missing") > 0
    world.idle()
    assert world.opens(ada, DAY)["id"] == right["id"]


def test_a_group_that_is_deleted_keeps_its_rights_in_the_ledger(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(DAY), claim(GREEN))
    world.opens(ada, GREEN)
    group = world.sandbox.kisi_rows("groups", id=GREEN)[0]
    world.sandbox.delete_kisi("groups", GREEN)
    try:
        wait_for(lambda: world.executor.metrics().value("latchkey_groups_gone") == 1, "alarm", 30)
        world.audited()
        held = [row for row in world.ledger_rights(ada) if row["group_id"] == GREEN]
        assert [row["state"] for row in held] == ["held"], held
        assert world.told(ada)["restored"] == 0
        world.opens(ada, DAY)
    finally:
        world.sandbox.call("POST", "/kisi/groups", {key: group[key] for key in
                                                    ("id", "name", "place_id")})


def test_a_window_that_comes_within_the_horizon_is_written_without_any_input(world: World) -> None:
    (ada,) = members(1)
    start_, end = at(14), at(3600)
    world.member(ada, space="dumbo")
    world.claims(ada, "pass/1", claim(DUMBO_DAY, start_, end), space="dumbo")

    def written() -> Row:
        found = world.rights(ada)
        assert len(found) == 1, found
        return found[0]

    assert wait_for(written, "it is written ahead", 20)["valid_from"] == start_


def test_observed_nothing_is_put_right_and_what_is_held_stays(world: World) -> None:
    ada, bob = members(2)
    for person in (ada, bob):
        world.member(person, space="dumbo")
        world.claims(person, "pass/1", claim(DUMBO_DAY), space="dumbo")
    wait_for(lambda: world.rights(ada) and world.rights(bob), "both have their right")
    world.idle()
    world.observe("dumbo", True)
    waiting = world.executor.metrics().count("latchkey_observed_waiting", space="dumbo")
    world.claims(ada, "pass/1", space="dumbo")
    wait_for(lambda: world.executor.metrics().count("latchkey_observed_waiting", space="dumbo")
             == waiting + 1, "it is seen that something would be done")
    lost = world.rights(bob)[0]["id"]
    world.sandbox.take_right(lost)
    wait_for(lambda: world.drift("missing", "dumbo") == 1, "the audit sees it", 30)
    world.idle()
    assert len(world.rights(ada)) == 1 and not world.rights(bob)
    world.observe("dumbo", False)
    wait_for(lambda: not world.rights(ada), "enforced, it is taken away")
    wait_for(lambda: world.rights(bob), "and what is missing is restored", 30)


# -- exclusive ---------------------------------------------------------------------------------------


def test_what_our_own_api_user_made_is_ours(alone: World) -> None:
    """`hand_right` makes rows as the key's own user; another user's are foreign all the same."""
    (ada,) = members(1)
    start_, end = at(-60), at(3600)
    alone.join(ada, claim(DAY, start_, end))
    alone.opens(ada, DAY, start_, end)
    surplus = alone.sandbox.hand_right(alone.address(ada), HOURS, start_, end)
    foreign = alone.sandbox.hand_right(alone.address(ada), GREEN, start_, end)
    alone.sandbox.call("PUT", f"/kisi/rights/{foreign['id']}", {"created_by_id": 2})
    wait_for(lambda: not alone.rights(ada, HOURS), "what nothing gives is taken away", 40)
    alone.audited()
    assert [row["id"] for row in alone.rights(ada, GREEN)] == [foreign["id"]]
    told = [(row["change"], row["right_id"]) for row in alone.changes(ada)]
    assert ("adopted", surplus["id"]) in told and ("removed", surplus["id"]) in told, told


def test_ours_in_the_way_is_taken_over_at_once(alone: World) -> None:
    alone.sandbox.switch(kisi_duplicate_assignment="409")
    (ada,) = members(1)
    start_, end = at(-60), at(3600)
    alone.join(ada, claim(DAY))
    alone.opens(ada, DAY)
    there = alone.sandbox.hand_right(alone.address(ada), HOURS, start_, end)
    alone.claims(ada, "pass/2", claim(HOURS, start_, end))
    assert alone.opens(ada, HOURS, start_, end)["id"] == there["id"]
    assert not alone.blocked(ada)
