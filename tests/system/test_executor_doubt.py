# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the executor can't know by itself: what came of a call without an answer, whose an address is
by now, and whether a source that is nowhere ever spoke.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from executor_world import DAY, DUMBO_DAY, ENTRANCE, GREEN, HOURS, World, at, claim, members
from harness.kafka import Broker
from harness.sandbox import Row
from harness.topics import produce, read_records
from harness.wait import wait_for

pytest_plugins = ["executor_fixtures"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    world = World.start(tmp_path_factory.mktemp("doubt"), broker, "doubt")
    with world.stack:
        yield world
        world.stack.stop_daemons()


@pytest.fixture
def one_right(world: World) -> World:
    """KISI takes one right for a user and a group, and that is known already."""
    world.sandbox.switch(kisi_duplicate_assignment="409")
    (person,) = members(1)
    first, second = at(3000), at(5000)
    world.join(person, claim(HOURS, at(-60), first))
    world.opens(person, HOURS, end=first)
    world.claims(person, "pass/1", claim(HOURS, at(-60), second))
    world.opens(person, HOURS, end=second)
    assert world.account()["rights_per_group"] == "one"
    return world


def holds(world: World, member: int, group: int, address: str) -> Row:
    """KISI has one right for ADDRESS, and it is the one that MEMBER's ledger holds."""

    def one() -> Row:
        rows = world.sandbox.rights(email=address, group_id=group)
        held = [row["right_id"] for row in world.ledger_rights(member)
                if row["state"] == "held" and row["group_id"] == group]
        assert len(rows) == 1 and held == [rows[0]["id"]], f"KISI {rows}, ledger {held}"
        return rows[0]

    return wait_for(one, f"{address} is {member}'s and opens {group}", 40)


def user_of(world: World, member: int) -> int:
    (row,) = [row for row in world.sandbox.kisi_rows("users")
              if row["email"] == world.address(member)]
    ident: int = row["id"]
    return ident


# -- calls without an answer ---------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cut_after", "kill"])
def test_a_delete_without_an_answer_and_wanted_again(world: World, how: str) -> None:
    """It had its effect; the claim comes back before it is tried again (S3, L1, L3)."""
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    world.sandbox.faults({"method": "DELETE", "path": "/role_assignments", "delay_ms": 2000,
                          "effect": "cut_after"})
    world.claims(ada, "pass/1")
    wait_for(lambda: not world.rights(ada, HOURS), "KISI has deleted it")
    if how == "kill":
        world.executor.kill()
    world.claims(ada, "pass/2", claim(HOURS, at(-5)))
    if how == "kill":
        world.executor.start()
        world.executor.wait_ready()
    assert world.opens(ada, HOURS, deadline=40)["id"] != right["id"]
    assert world.told(ada) == {"invited": 1, "created": 2, "removed": 1}


def test_a_delete_that_did_not_happen_and_wanted_again(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    world.sandbox.faults({"method": "DELETE", "path": "/role_assignments", "hold_ms": 1000,
                          "effect": "cut_before"})
    world.claims(ada, "pass/1")
    wait_for(lambda: world.ledger_rights(ada)[0]["touched_at"] is not None, "it is under way")
    world.claims(ada, "pass/2", claim(HOURS, at(-5)))

    def known() -> bool:
        assert world.ledger_rights(ada)[0]["touched_at"] is None
        return True

    wait_for(known, "it was looked up", 40)
    assert world.opens(ada, HOURS)["id"] == right["id"]


def test_a_change_without_an_answer_and_taken_back(one_right: World) -> None:
    world = one_right
    (ada,) = members(1)
    before, after = (at(600), at(3600)), (at(1200), at(7200))
    world.join(ada, claim(HOURS, *before))
    world.opens(ada, HOURS, *before)
    world.sandbox.faults(
        {"method": "PATCH", "path": "/role_assignments", "effect": "cut_after"},
        {"method": "GET", "path": "/role_assignments/", "effect": "status", "status": 503,
         "count": 2})
    world.claims(ada, "pass/1", claim(HOURS, *after))
    wait_for(lambda: world.rights(ada, HOURS)[0]["valid_until"] == after[1], "KISI has changed it")
    world.claims(ada, "pass/1", claim(HOURS, *before))
    world.opens(ada, HOURS, *before, deadline=40)


def test_a_look_up_that_is_refused_says_nothing(world: World) -> None:
    """The create happened, its answer was lost, and KISI refuses the list: no second right (S4)."""
    (ada,) = members(1)
    world.sandbox.faults(
        {"method": "POST", "path": "/role_assignments", "effect": "cut_after"},
        {"method": "GET", "path": "/role_assignments", "effect": "status", "status": 422,
         "count": 2, "body": {"errors": {"base": ["no"]}}})
    world.join(ada, claim(HOURS))
    wait_for(lambda: world.sandbox.fault_hits()[1]["hits"] == 2, "the list was refused twice", 60)
    world.opens(ada, HOURS, deadline=60)
    assert world.told(ada)["created"] == 1


def test_a_look_up_that_is_forbidden_waits(world: World) -> None:
    """Nobody else's rate goes into asking again (L2)."""
    (ada,) = members(1)
    world.sandbox.faults(
        {"method": "POST", "path": "/role_assignments", "effect": "cut_after"},
        {"method": "GET", "path": "/role_assignments", "effect": "status", "status": 403,
         "count": 2, "body": {"code": "afc496", "error": "Denied"}})
    world.join(ada, claim(HOURS))
    wait_for(lambda: world.sandbox.fault_hits()[1]["hits"] == 2, "the list was forbidden", 60)
    world.opens(ada, HOURS, deadline=60)
    assert world.blocked(ada) == []


def test_an_invitation_is_told_though_nobody_is_entitled_any_more(world: World) -> None:
    (ada,) = members(1)
    world.sandbox.faults({"method": "POST", "path": "/users", "effect": "cut_after"})
    world.join(ada, claim(HOURS))
    wait_for(lambda: world.mails(ada) == 1, "the mail is out")
    world.member(ada, entitled=False)
    wait_for(lambda: world.told(ada)["invited"] == 1, "the invitation is told", 40)
    assert world.rights(ada) == []


def test_nobody_is_created_when_nothing_is_given_any_more(world: World) -> None:
    """The create did not happen, and what it was for is gone: looked up, whatever KISI says to the
    look-ups, and given up. Nobody is invited for nothing."""
    (ada,) = members(1)
    world.sandbox.faults({"method": "POST", "path": "/users", "effect": "cut_before"})
    world.join(ada, claim(HOURS))
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] == 1, "the create is cut")
    world.claims(ada, "pass/1")
    world.sandbox.faults({"method": "GET", "path": "/users", "effect": "status", "status": 422,
                          "count": 2, "body": {"errors": {"base": ["no"]}}})

    def given_up() -> bool:
        assert world.ledger()[str(ada)]["intended_at"] is None
        return True

    wait_for(given_up, "the intent is given up", 60)
    assert world.sandbox.fault_hits()[0]["hits"] == 2
    assert (world.mails(ada), world.blocked(ada)) == (0, [])


# -- sources -------------------------------------------------------------------------------------------


def test_a_source_is_gone_after_it_had_its_say(world: World) -> None:
    """Spent 30 days ago, its command tombstoned: the other one's end is a loss all the same (S1)."""
    (ada,) = members(1)
    world.member(ada)
    produce(world.stack.bootstrap, world.stack.topic("commands", "moncloa"),
            {f"{ada}/pass/{n}": world.command(ada, f"pass/{n}", claim(HOURS)) for n in (1, 2)})
    world.opens(ada, HOURS)

    def named(*sources: str) -> bool:
        (right,) = world.ledger_rights(ada)
        assert right["sources"] == list(sources), right
        return True

    wait_for(lambda: named("pass/1", "pass/2"), "both give it")
    world.claims(ada, "pass/2")
    wait_for(lambda: named("pass/1"), "one gives it")
    produce(world.stack.bootstrap, world.stack.topic("commands", "moncloa"),
            {f"{ada}/pass/2": None})
    world.claims(ada, "pass/1")
    world.gone(ada, HOURS)


def test_a_changed_right_names_what_gives_it_now(one_right: World) -> None:
    world = one_right
    (ada,) = members(1)
    first, second = (at(600), at(3600)), (at(1200), at(7200))
    world.join(ada, claim(HOURS, *first), source="booking/1")
    world.opens(ada, HOURS, *first)
    world.claims(ada, "booking/2", claim(HOURS, *second))
    world.opens(ada, HOURS, first[0], second[1])
    world.claims(ada, "booking/1")
    world.opens(ada, HOURS, *second)
    changes = [change for change in world.changes(ada) if change["change"] == "changed"]
    assert changes[-1]["sources"] == ["booking/2"]
    produce(world.stack.bootstrap, world.stack.topic("commands", "moncloa"),
            {f"{ada}/booking/1": None})
    world.claims(ada, "booking/2")
    world.gone(ada, HOURS)


def test_every_change_has_an_id_of_its_own(one_right: World) -> None:
    world = one_right
    (ada,) = members(1)
    end, starts = at(9000), [at(600), at(1200)]
    world.join(ada, claim(HOURS, starts[0], end))
    world.opens(ada, HOURS, starts[0], end)
    for n in (1, 0, 1):
        world.claims(ada, "pass/1", claim(HOURS, starts[n], end))
        world.opens(ada, HOURS, starts[n], end)
    assert world.told(ada)["changed"] == 3


# -- addresses that change hands -----------------------------------------------------------------------


def test_two_swap_addresses_where_one_right_is_taken(one_right: World) -> None:
    world = one_right
    ada, bob = members(2)
    end = at(4000)
    world.join(ada, claim(HOURS))
    world.join(bob, claim(HOURS, at(-60), end))
    world.opens(ada, HOURS)
    world.opens(bob, HOURS, end=end)
    of_ada, of_bob = world.address(ada), world.address(bob)
    world.member(ada, email=of_bob)
    world.member(bob, email=of_ada)
    assert holds(world, ada, HOURS, of_bob)["valid_until"] is None
    assert holds(world, bob, HOURS, of_ada)["valid_until"] == end


def test_an_address_is_handed_on_while_its_right_goes(one_right: World) -> None:
    """The right of who had it before is not the new one's, however equal (S1, S6)."""
    world = one_right
    ada, bob = members(2)
    address = world.address(ada)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    world.member(bob, email=address)
    world.claims(bob, "pass/1", claim(HOURS))
    world.is_blocked(bob, None, "shared_address")
    world.sandbox.faults({"method": "DELETE", "path": "/role_assignments", "effect": "status",
                          "status": 503})
    world.member(ada, entitled=False)
    assert holds(world, bob, HOURS, address)["id"] != right["id"]
    assert [row["state"] for row in world.ledger_rights(ada)] == ["ended"]


def test_who_is_gone_is_invited_nowhere(world: World) -> None:
    """One space invited, and the user was deleted by hand: the other space does not mail again (S5)."""
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS)
    world.member(ada, space="dumbo")
    world.claims(ada, "pass/1", claim(DUMBO_DAY), space="dumbo")
    wait_for(lambda: world.rights(ada, DUMBO_DAY), "both spaces open")
    world.sandbox.delete_kisi("users", user_of(world, ada))
    world.claims(ada, "pass/2", claim(GREEN), space="moncloa")
    world.is_blocked(ada, GREEN, "user_gone")
    world.claims(ada, "pass/2", claim(DUMBO_DAY, at(900), at(1800)), space="dumbo")
    world.claims(ada, "pass/1", space="dumbo")

    def blocked() -> bool:
        row = world.ledger("dumbo")[str(ada)]
        assert "user_gone" in [block["reason"] for block in row["blocked"]], row
        return True

    wait_for(blocked, "dumbo is blocked too")
    assert world.mails(ada) == 1


def test_who_is_gone_comes_back_under_another_address(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS)
    world.sandbox.delete_kisi("users", user_of(world, ada))
    world.claims(ada, "pass/2", claim(DAY))
    world.is_blocked(ada, DAY, "user_gone")
    address = f"new{ada}@example.org"
    world.member(ada, email=address)
    for group in (HOURS, DAY):
        holds(world, ada, group, address)
    assert world.blocked(ada) == []


def test_reports_name_who_has_the_address_now(world: World) -> None:
    ada, bob = members(2)
    world.join(ada, claim(HOURS))
    world.join(bob, claim(HOURS))
    world.opens(ada, HOURS)
    world.opens(bob, HOURS)
    of_bob, new = world.address(bob), f"new{bob}@example.org"
    world.member(ada, email=of_bob)  # of a lower id: hers, until he has another
    wait_for(lambda: world.ledger()[str(ada)]["email"] == of_bob, "his user is hers")
    world.member(bob, email=new)
    holds(world, bob, HOURS, new)
    holds(world, ada, HOURS, of_bob)
    for _ in range(2):
        event = world.sandbox.unlock(ENTRANCE, email=of_bob)["event"]["uuid"]

        def reported() -> Row:
            found = [record.json for record in read_records(
                world.stack.bootstrap, world.stack.topic("access-reports", "moncloa"))]
            mine = [row for row in found if row["id"] == event]
            assert mine
            return mine[-1]

        assert wait_for(reported, "the report is there")["member_id"] == ada
        world.executor.restart()
