# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Wishes of the operator (topic control, design §6): resync, adopt, forget, each done once. And a
ledger that a newer release wrote. The audit by the clock is far away: what is compared here was wished
for.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from executor_world import DAY, DUMBO_DAY, GREEN, HOURS, World, at, claim, members
from harness.kafka import Broker
from harness.sandbox import Row
from harness.topics import produce, read_records
from harness.wait import wait_for

pytest_plugins = ["executor_fixtures"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    world = World.start(tmp_path_factory.mktemp("control"), broker, "control")
    with world.stack:
        yield world
        world.stack.stop_daemons()


def outcomes(world: World, key: str, space: str = "moncloa") -> list[Row]:
    """Every outcome that was ever written of a wish."""
    found = read_records(world.stack.bootstrap, world.stack.topic("control", space))
    return [record.json for record in found if record.key == f"{key}/executor"]


def has_gone(world: World, member: int) -> None:
    """Deleted in KISI by hand, and noticed."""
    world.sandbox.delete_kisi("users", world.rights(member)[0]["assignee_id"])
    world.claims(member, "pass/9", claim(GREEN))
    world.is_blocked(member, GREEN, "user_gone")


# -- resync ------------------------------------------------------------------------------------------


def test_resync_makes_somebody_again_who_was_deleted(world: World) -> None:
    """A second invitation, because it was asked for (S5); and a wish is done once."""
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS)
    has_gone(world, ada)
    world.claims(ada, "pass/8", claim(DAY))  # new facts lift other blocks, not this one
    world.at_rest()
    assert world.mails(ada) == 1 and not world.rights(ada)
    key = world.wish("resync", ada, member=ada)
    assert world.outcome(key)["outcome"] == "done"
    for group in (HOURS, GREEN, DAY):
        world.opens(ada, group)
    assert world.mails(ada) == 2 and not world.blocked(ada)
    assert world.executor.terminate() == 0
    world.executor.start()
    world.executor.wait_ready()
    world.at_rest()
    assert len(outcomes(world, key)) == 1 and world.mails(ada) == 2


def test_resync_compares_what_a_person_has_at_once(world: World) -> None:
    (ada,) = members(1)
    start, end = at(-60), at(3600)
    world.join(ada, claim(HOURS, start, end), claim(DAY, start, end))
    lost = world.opens(ada, HOURS, start, end)
    altered = world.opens(ada, DAY, start, end)
    world.sandbox.take_right(lost["id"])
    world.sandbox.call("PUT", f"/kisi/rights/{altered['id']}", {"valid_until": None})
    foreign = world.sandbox.hand_right(world.address(ada), GREEN)
    assert world.outcome(world.wish("resync", ada, member=ada))["outcome"] == "done"
    assert world.opens(ada, HOURS, start, end)["id"] != lost["id"]
    assert world.opens(ada, DAY, start, end)["id"] != altered["id"]
    assert [row["id"] for row in world.rights(ada, GREEN)] == [foreign["id"]]
    assert world.mails(ada) == 1 and world.told(ada)["restored"] == 1


def test_resync_of_all(world: World) -> None:
    gone, lost, well = members(3)
    for person in (gone, lost, well):
        world.join(person, claim(HOURS))
    rights = {person: world.opens(person, HOURS) for person in (gone, lost, well)}
    has_gone(world, gone)
    world.sandbox.take_right(rights[lost]["id"])
    assert world.outcome(world.wish("resync", "all"))["outcome"] == "done"
    world.opens(gone, GREEN)
    assert world.opens(lost, HOURS)["id"] != rights[lost]["id"]
    assert world.opens(well, HOURS)["id"] == rights[well]["id"]
    assert [world.mails(person) for person in (gone, lost, well)] == [2, 1, 1]


def test_a_wish_for_nobody_is_refused_and_the_same_may_be_wished_again(world: World) -> None:
    (nobody,) = members(1)
    key = world.wish("resync", nobody, member=nobody)
    assert world.outcome(key)["outcome"] == "refused"
    world.join(nobody, claim(HOURS))
    world.opens(nobody, HOURS)
    world.wish("resync", nobody, member=nobody, at=at(1))
    wait_for(lambda: world.outcome(key)["outcome"] == "done", "the later wish is done")


def test_a_wish_outlives_trouble_with_kisi_and_a_change_of_owner(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    lost = world.opens(ada, HOURS)
    world.sandbox.take_right(lost["id"])
    world.sandbox.faults({"service": "kisi", "method": "GET", "path": "/users", "effect": "status",
                          "status": 503, "count": 0})
    key = world.wish("resync", ada, member=ada)
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] >= 1, "it is amid the wish")
    world.executor.kill()
    world.sandbox.faults()
    world.executor.start()
    world.executor.wait_ready()
    assert world.outcome(key)["outcome"] == "done"
    assert world.opens(ada, HOURS)["id"] != lost["id"]


# -- adopt -------------------------------------------------------------------------------------------


def test_adopt_takes_equal_windows_and_what_is_named(world: World) -> None:
    """A move from the native integration: observe, adopt, native off, enforce."""
    equal, wider, named, idle = members(4)
    start, end = at(-60), at(3600)
    world.observe("dumbo", True)
    for person in (equal, wider, named):
        world.member(person, space="dumbo")
        world.claims(person, "pass/1", claim(DUMBO_DAY, start, end), space="dumbo")
    rows = {person: world.sandbox.hand_right(world.address(person), DUMBO_DAY, start, until)
            for person, until in ((equal, end), (wider, None), (named, None), (idle, None))}
    world.sandbox.clear_calls()
    key = world.wish("adopt", "1", space="dumbo", ids=[rows[named]["id"]])
    outcome = world.outcome(key, "dumbo")
    assert (outcome["outcome"], outcome["reason"]) == ("done", "2 adopted, 2 left as they are")
    assert world.writes() == 0
    ledger = world.ledger("dumbo")
    held = {row["right_id"]: row["right"] for row in ledger.values() if row.get("state") == "held"}
    assert held == {rows[one]["id"]: f"kisi-{rows[one]['id']}" for one in (equal, named)}
    assert ledger[str(equal)]["kisi_user_id"] == rows[equal]["assignee_id"]
    changes = [one["change"] for person in (equal, named) for one in world.changes(person, "dumbo")]
    assert changes == ["adopted", "adopted"]
    world.observe("dumbo", False)

    def replaced() -> bool:
        found = world.rights(named)
        assert [row["valid_until"] for row in found] == [end], found
        return True

    wait_for(replaced, "enforced, what was named too wide is replaced")
    wait_for(lambda: len(world.rights(wider)) == 2, "ours is made beside what was left")
    assert [row["id"] for row in world.rights(equal)] == [rows[equal]["id"]]
    assert rows[wider]["id"] in {row["id"] for row in world.rights(wider)}
    assert [row["id"] for row in world.rights(idle)] == [rows[idle]["id"]]
    assert sum(world.mails(person) for person in (equal, wider, named)) == 0


# -- forget ------------------------------------------------------------------------------------------


def test_forget_says_when_no_right_is_left_and_ends_its_records(world: World) -> None:
    """The poller's and the workers' parts are played here, in their order."""
    (ada,) = members(1)
    world.join(ada, claim(HOURS), claim(DAY))
    world.opens(ada, HOURS)
    world.opens(ada, DAY)
    key = world.wish("forget", ada, member=ada)
    world.at_rest()
    assert not outcomes(world, key), "it still has rights, and nobody said that it left"
    world.member(ada, entitled=False)
    assert world.outcome(key)["outcome"] == "done"
    assert not world.rights(ada)
    produce(world.stack.bootstrap, world.stack.topic("commands", "moncloa"),
            {str(ada): None, f"{ada}/pass/1": None})

    def nothing_left() -> bool:
        left = [one for one in world.ledger() if one.split("/")[0] == str(ada)]
        assert not left, left
        return True

    wait_for(nothing_left, "the ledger forgets, once no command is left")


def test_forget_is_over_where_the_poller_refuses(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    key = world.wish("forget", ada, member=ada)
    produce(world.stack.bootstrap, world.stack.topic("control", "moncloa"), {
        f"{key}/poller": {"outcome": "refused", "reason": "Nexudus still has them", "at": at(1)}})
    assert world.outcome(key)["outcome"] == "refused"
    assert world.opens(ada, HOURS)["id"] == right["id"]


# -- a newer release ---------------------------------------------------------------------------------


def test_a_ledger_of_a_newer_format_refuses_that_space_only(world: World) -> None:
    """Last in the module: nothing is done for Dumbo afterwards."""
    ada, bob = members(2)
    world.member(ada, space="dumbo")
    world.claims(ada, "pass/1", claim(DUMBO_DAY), space="dumbo")
    wait_for(lambda: world.rights(ada), "served as ever")
    key = next(one for one in world.ledger("dumbo") if one.startswith(f"{ada}/"))
    newer = {**world.ledger("dumbo")[key], "format": 2}
    produce(world.stack.bootstrap, world.stack.topic("ledger", "dumbo"), {key: newer})
    wait_for(lambda: world.executor.metrics().count("latchkey_space_refused", space="dumbo") == 1,
             "the space is refused")
    world.claims(ada, "pass/1", space="dumbo")
    wish = world.wish("resync", ada, space="dumbo", member=ada)
    assert world.outcome(wish, "dumbo")["outcome"] == "failed"
    world.at_rest()
    assert len(world.rights(ada)) == 1 and world.ledger("dumbo")[key] == newer
    world.executor.kill()
    world.executor.start()
    world.join(bob, claim(HOURS))
    world.opens(bob, HOURS, deadline=40)
    status, said = world.executor.get("/readyz")
    assert status == 503 and "space dumbo: ledger" in said, said
    assert len(world.rights(ada)) == 1 and world.ledger("dumbo")[key] == newer
