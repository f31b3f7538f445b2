# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The executor where KISI's behaviour is not known, where calls break in the middle, and where the
executor itself does (design §6.4 to §6.7, §9 S4 to S6, S10, L3). Moncloa is enforced, Dumbo observed.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from executor_world import DAY, DUMBO_DAY, EXECUTOR, GREEN, HOURS, World, at, claim, members
from harness.kafka import Broker
from harness.sandbox import Row
from harness.stack import default_config
from harness.topics import produce, read_records
from harness.wait import wait_for

pytest_plugins = ["executor_fixtures"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    config = default_config()
    config["spaces"][1]["mode"] = "observe"
    world = World.start(tmp_path_factory.mktemp("faults"), broker, "faults", config)
    with world.stack:
        yield world
        world.stack.stop_daemons()


@pytest.fixture
def new_account(world: World) -> World:
    """Nothing is known of how KISI takes second rights."""
    assert world.executor.terminate() == 0
    produce(world.stack.bootstrap, world.stack.topic("kisi-account", "main"), {"main": None})
    world.executor.start()
    world.executor.wait_ready()
    return world


def takes_one_right(world: World) -> bool:
    found = read_records(world.stack.bootstrap, world.stack.topic("kisi-account", "main"))
    return found[-1].value is not None and found[-1].json["rights_per_group"] == "one"


# -- second rights -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duplicate", "patch"),
    [*itertools.product(["409", "422"], ["times", "ignored", "422"]),
     ("equal_window_409", "times"), ("equal_window_422", "422"), ("new_row", "ignored")],
    ids=lambda value: str(value),
)
def test_windows_change_whatever_kisi_says_to_a_second_right(
    new_account: World, duplicate: str, patch: str
) -> None:
    world = new_account
    world.sandbox.switch(kisi_duplicate_assignment=duplicate, kisi_assignment_patch=patch)
    (ada,) = members(1)
    start, short, long = at(-60), at(3600), at(7200)
    world.join(ada, claim(HOURS, start, short), claim(DAY, start, short))
    world.opens(ada, DAY, start, short)
    for end in (short, long, short):
        world.claims(ada, "pass/1", claim(HOURS, start, end), claim(DAY, start, short))
        world.opens(ada, HOURS, start, end)
    assert takes_one_right(world) == (duplicate in ("409", "422"))
    world.claims(ada, "pass/1", claim(DAY, start, short))
    world.gone(ada, HOURS)
    world.opens(ada, DAY, start, short)
    told = world.told(ada)
    assert told["invited"] == 1 and told["blocked"] == 0, told
    assert told["created"] + told["changed"] + told["removed"] >= 5, told
    assert world.mails(ada) == 1


@pytest.mark.parametrize("duplicate", ["409", "422"])
def test_where_one_right_is_taken_the_next_window_follows_the_open_one(
    new_account: World, duplicate: str
) -> None:
    world = new_account
    world.sandbox.switch(kisi_duplicate_assignment=duplicate)
    (ada,) = members(1)
    first, second = (at(-60), at(6)), (at(9), at(3600))
    world.join(ada, claim(HOURS, *first), claim(HOURS, *second))
    wait_for(lambda: world.rights(ada, HOURS), "the open window is made")
    assert world.rights(ada, HOURS)[0]["valid_until"] == first[1]
    world.opens(ada, HOURS, *second)


def test_that_one_right_is_taken_is_known_after_a_restart(new_account: World) -> None:
    """Nobody finds it out once more: the window is changed, no second right is tried."""
    world = new_account
    world.sandbox.switch(kisi_duplicate_assignment="409")
    ada, bob = members(2)
    start, short, long = at(-60), at(3600), at(7200)
    for person in (ada, bob):
        world.join(person, claim(HOURS, start, short))
        world.opens(person, HOURS, start, short)
    world.claims(ada, "pass/1", claim(HOURS, start, long))
    world.opens(ada, HOURS, start, long)
    assert takes_one_right(world)
    assert world.executor.terminate() == 0
    world.executor.start()
    world.executor.wait_ready()
    right = world.rights(bob, HOURS)[0]["id"]
    world.sandbox.clear_calls()
    world.claims(bob, "pass/1", claim(HOURS, start, long))
    assert world.opens(bob, HOURS, start, long)["id"] == right
    assert world.calls("POST", "/role_assignments") == 0 and takes_one_right(world)


def test_a_foreign_right_in_the_way_is_named_and_left(new_account: World) -> None:
    world = new_account
    world.sandbox.switch(kisi_duplicate_assignment="409", kisi_expired_assignments="dropped")
    (ada,) = members(1)
    end = at(8)
    hand = world.sandbox.hand_right(world.address(ada), HOURS, at(-600), end)
    world.join(ada, claim(HOURS, at(-60), at(3600)), claim(DAY))
    block = world.is_blocked(ada, HOURS, "foreign_right")
    assert (block["foreign_right_id"], block["until"]) == (hand["id"], end), block
    world.opens(ada, DAY)
    assert [row["id"] for row in world.rights(ada, HOURS)] == [hand["id"]]
    assert not takes_one_right(world)

    def ours() -> bool:
        left = [row for row in world.rights(ada, HOURS) if row["id"] != hand["id"]]
        assert len(left) == 1, left
        return True

    wait_for(ours, "when it ends ours is made", 30)
    assert hand["id"] in {row["id"] for row in world.rights(ada, HOURS)}
    assert world.told(ada)["blocked"] == 1


def test_a_foreign_right_that_is_over_and_still_in_the_way(new_account: World) -> None:
    """Looked at once an hour, not once a second."""
    world = new_account
    world.sandbox.switch(kisi_duplicate_assignment="409", kisi_expired_assignments="kept")
    (ada,) = members(1)
    world.sandbox.hand_right(world.address(ada), HOURS, at(-600), at(-300))
    world.sandbox.clear_calls()
    world.join(ada, claim(HOURS, at(-60), at(3600)))
    block = world.is_blocked(ada, HOURS, "foreign_right")
    assert block["until"] > at(1800), block


def test_a_right_of_ours_that_came_late_is_no_foreign_one(new_account: World) -> None:
    """An intent that was given up, and whose create had its effect after all (design §6.5)."""
    world = new_account
    (ada,) = members(1)
    start, end = at(-60), at(3600)
    world.join(ada, claim(DAY))
    user = world.opens(ada, DAY)["assignee_id"]
    assert world.executor.terminate() == 0
    lost = str(uuid.uuid4())
    produce(world.stack.bootstrap, world.stack.topic("ledger", "moncloa"), {f"{ada}/{lost}": {
        "format": 1, "member": ada, "space": "moncloa", "right": lost, "state": "ended",
        "kisi_user_id": user, "group_id": HOURS, "right_id": None, "valid_from": start,
        "valid_until": end, "sources": ["pass/1"], "intended_at": at(-5), "ended_at": at(-1)}})
    late = world.sandbox.hand_right(world.address(ada), HOURS, start, end)
    world.sandbox.switch(kisi_duplicate_assignment="409")
    world.claims(ada, "pass/1", claim(HOURS, start, end), claim(DAY))
    world.executor.start()
    world.executor.wait_ready()
    assert world.opens(ada, HOURS, start, end)["id"] == late["id"]
    assert not world.blocked(ada) and not takes_one_right(world)
    world.claims(ada, "pass/1", claim(DAY))
    world.gone(ada, HOURS)


# -- in the middle -----------------------------------------------------------------------------------


def test_what_breaks_in_the_middle_is_found_again(new_account: World) -> None:
    """No second right, no second mail, and every change told, whether a create had its effect or not
    (S4, S5, S10): calls cut before and after it, an error after it, and kill -9 amid others.

    An outcome that is not known is looked up after `resolve_after`, so they all wait for it together.
    """
    world = new_account
    known = members(4)
    for person in known:
        world.sandbox.hand_right(world.address(person), GREEN)
    new, killed = members(3), members(6)
    world.sandbox.faults(
        {"method": "POST", "path": "/role_assignments", "effect": "cut_after"},
        {"method": "POST", "path": "/role_assignments", "effect": "cut_before"},
        {"method": "POST", "path": "/role_assignments", "effect": "status", "status": 502,
         "after": True, "body": "bad gateway"},
        {"method": "POST", "path": "/role_assignments", "effect": "status", "status": 503})
    for person in known:
        world.join(person, claim(HOURS))
    wait_for(lambda: all(f["hits"] == 1 for f in world.sandbox.fault_hits()), "each is met once")
    world.sandbox.faults(
        {"method": "POST", "path": "/users", "effect": "cut_after"},
        {"method": "POST", "path": "/users", "effect": "cut_before"},
        {"method": "POST", "path": "/users", "effect": "html", "status": 200})
    for person in new:
        world.join(person, claim(HOURS))
    wait_for(lambda: all(f["hits"] == 1 for f in world.sandbox.fault_hits()), "each is met once")
    world.sandbox.faults({"method": "POST", "delay_ms": 300, "count": 0})
    before = world.writes()
    for person in killed:
        world.join(person, claim(HOURS))
    wait_for(lambda: world.writes() >= before + 4, "creates are under way")
    world.executor.kill()
    world.sandbox.faults()
    world.executor.start()
    world.executor.wait_ready()
    for person in [*known, *new, *killed]:
        world.opens(person, HOURS, deadline=180)
        told = world.told(person)
        assert told["created"] >= 1, told
        if person not in known:
            assert world.mails(person) == 1 and told["invited"] == 1, (world.mails(person), told)


def anything(world: World, user: int) -> list[Row]:
    """Answers with status 200 that are none, each once."""
    row: Row = {"id": 501, "applies_to_type": "Group", "applies_to_id": HOURS, "group_id": HOURS,
                "assignee_type": "User", "assignee_id": user, "user_id": user, "valid_from": at(-60),
                "valid_until": None}
    bodies: list[Any] = [
        {**row, "id": "501"}, {**row, "valid_from": 17}, {**row, "applies_to_id": [HOURS]},
        {**row, "valid_from": "2026-09-01T08:00:00"}, [], "null", '{"id": 501, "id": 502}',
        '{"id": 9223372036854775808}', '{"id": 1e300}', "[" * 200 + "]" * 200, ""]
    return [{"effect": "status", "status": 200, "body": body} for body in bodies] \
        + [{"effect": "html"}, {"effect": "endless"}, {"effect": "short"}]


def faults(world: World) -> float:
    """Reads that came to nothing, as counted."""
    return sum(world.executor.metrics().count("latchkey_kisi_answers_total", verdict=verdict)
               for verdict in ("malformed", "unavailable"))


def test_writes_that_are_answered_with_anything(new_account: World) -> None:
    """Each is a fault of that call, which is counted, and whose outcome is looked up: no second right,
    no second mail (S4, S5)."""
    world = new_account
    (ada,) = members(1)
    world.join(ada, claim(DAY))
    bad = anything(world, world.opens(ada, DAY)["user_id"])
    people = members(len(bad))
    for person in people:
        world.join(person, claim(DAY))
    for person in people:
        world.opens(person, DAY)
    before = world.executor.metrics().count("latchkey_kisi_answers_total", verdict="unknown")
    world.sandbox.faults(*({"method": "POST", "path": "/role_assignments", "after": True, **fault}
                           for fault in bad))
    for person in people:
        world.claims(person, "pass/2", claim(HOURS))
    wait_for(lambda: all(f["hits"] == 1 for f in world.sandbox.fault_hits()), "each is met once")
    for person in people:
        world.opens(person, HOURS, deadline=60)
        assert world.mails(person) == 1 and world.told(person)["created"] == 2
    counted = world.executor.metrics().value("latchkey_kisi_answers_total", verdict="unknown")
    assert counted == before + len(bad)


def test_reads_that_are_answered_with_anything(world: World) -> None:
    """What a person holds is asked for, and told in every wrong way: nothing is taken or made."""
    (ada,) = members(1)
    world.join(ada, claim(DAY))
    user = world.opens(ada, DAY)["user_id"]
    # A list that is empty is an answer, and one that is looked into.
    bad = [{**fault, "body": [fault["body"]] if isinstance(fault["body"], dict) else fault["body"]}
           if "body" in fault else fault for fault in anything(world, user)
           if fault.get("body") != []]
    people = members(len(bad))
    for person in people:
        world.join(person, claim(DAY))
    held = {person: world.opens(person, DAY)["id"] for person in people}
    world.at_rest()
    world.sandbox.clear_calls()
    before = faults(world)
    world.sandbox.faults(*({"method": "GET", "path": "/role_assignments", **fault}
                           for fault in bad))
    wishes = [world.wish("resync", person, member=person) for person in people]
    for wish in wishes:
        assert world.outcome(wish, deadline=60)["outcome"] == "done"
    assert all(f["hits"] == 1 for f in world.sandbox.fault_hits())
    assert faults(world) >= before + len(bad) and world.writes() == 0
    assert {person: world.opens(person, DAY)["id"] for person in people} == held


def test_nobody_waits_on_when_kisi_is_back(world: World) -> None:
    """Who fails again and again waits longer each time, but not for KISI that has been away."""
    people = members(6)
    world.sandbox.faults({"service": "kisi", "effect": "status", "status": 503, "count": 0,
                          "path": "/users"},
                         {"service": "kisi", "effect": "status", "status": 503, "count": 0})
    for person in people:
        world.join(person, claim(HOURS))
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] >= 5 * len(people),
             "each has failed some five times", 90)
    world.sandbox.faults()
    for person in people:
        world.opens(person, HOURS, deadline=5)


def test_a_delete_that_breaks_is_done_once_more(world: World) -> None:
    people = members(3)
    for person in people:
        world.join(person, claim(HOURS))
    for person in people:
        world.opens(person, HOURS)
    world.sandbox.faults(
        {"method": "DELETE", "effect": "cut_after"}, {"method": "DELETE", "effect": "cut_before"},
        {"method": "DELETE", "effect": "status", "status": 500})
    for person in people:
        world.claims(person, "pass/1")
    for person in people:
        world.gone(person, deadline=60)
        assert world.told(person)["removed"] == 1


# -- two of it ---------------------------------------------------------------------------------------


def test_two_executors_and_a_change_of_owner(world: World) -> None:
    second = world.stack.start_daemon(EXECUTOR)
    second.wait_ready()
    wait_for(lambda: world.is_owner(world.executor) != world.is_owner(second), "one of them acts")
    people = members(8)
    world.sandbox.faults({"method": "POST", "delay_ms": 100, "count": 0})
    for person in people:
        world.join(person, claim(HOURS))
    first = world.executor if world.is_owner(world.executor) else second
    other = second if first is world.executor else world.executor
    assert first.terminate() == 0
    wait_for(lambda: world.is_owner(other), "the other acts")
    for person in people:
        world.opens(person, HOURS, deadline=100)
        assert world.mails(person) == 1
    first.start()
    first.wait_ready()
    if world.is_owner(second):
        assert second.terminate() == 0
    else:
        second.kill()
    wait_for(lambda: world.is_owner(world.executor), "the first acts again", 40)


def test_an_owner_that_sleeps_over_its_session(world: World) -> None:
    """It is replaced, wakes up, and does nothing any more."""
    second = world.stack.start_daemon(EXECUTOR)
    second.wait_ready()
    wait_for(lambda: world.is_owner(world.executor) != world.is_owner(second), "one of them acts")
    first = world.executor if world.is_owner(world.executor) else second
    other = second if first is world.executor else world.executor
    asleep, late = members(4), members(4)
    world.sandbox.faults({"method": "POST", "delay_ms": 200, "count": 0})
    for person in asleep:
        world.join(person, claim(HOURS))
    wait_for(lambda: any(world.mails(person) for person in asleep), "it is amid the work")
    first.pause()
    for person in late:
        world.join(person, claim(DAY))
    wait_for(lambda: world.is_owner(other), "the other takes over", 40)
    for person in late:
        world.opens(person, DAY, deadline=60)
    first.resume()
    wait_for(lambda: not world.is_owner(first), "the sleeper sees that it lost", 40)
    for person in asleep:
        world.opens(person, HOURS, deadline=100)
        assert world.mails(person) == 1
    for daemon in (first, second):
        if daemon is not world.executor:
            assert daemon.terminate() == 0
    wait_for(lambda: world.is_owner(world.executor), "one is left", 40)


# -- observing ---------------------------------------------------------------------------------------


def test_an_observed_space_is_never_written(world: World) -> None:
    ada, bob = members(2)
    world.sandbox.clear_calls()
    for person in (ada, bob):  # one address: in an enforced space the second would be blocked
        world.member(person, space="dumbo", email=world.address(ada))
        world.claims(person, "pass/1", claim(DUMBO_DAY), space="dumbo")
    wait_for(lambda: world.executor.metrics().value("latchkey_executor_owner") == 1, "it acts")
    (carl,) = members(1)
    world.join(carl, claim(HOURS))
    world.opens(carl, HOURS)
    world.at_rest()
    assert not world.rights(ada) and world.mails(ada) == 0
    assert not read_records(world.stack.bootstrap, world.stack.topic("access-changes", "dumbo"))
    assert not world.ledger("dumbo")
