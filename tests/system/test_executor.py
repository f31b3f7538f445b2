# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Commands in, rights in KISI out: the executor alone on the real broker (design §6).

One stack serves the module: every test has members of its own, and leaves no fault and no switch.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from executor_world import (
    DAY,
    DUMBO_DAY,
    ENTRANCE,
    GREEN,
    HOURS,
    World,
    at,
    claim,
    members,
)
from harness.kafka import Broker
from harness.topics import newest, produce, read_records
from harness.wait import wait_for

pytest_plugins = ["executor_fixtures"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    world = World.start(tmp_path_factory.mktemp("executor"), broker, "executor")
    with world.stack:
        yield world
        world.stack.stop_daemons()


def has_rights(world: World, member: int, n: int) -> bool:
    return len(world.rights(member)) == n


def refusal(status: int) -> dict[str, Any]:
    return {"errors": {"base": ["is invalid"]}} if status == 422 else {"code": "fcd8ef", "error": "No"}


# -- windows ---------------------------------------------------------------------------------------


def test_a_right_is_made_with_both_ends_and_one_invitation(world: World) -> None:
    (ada,) = members(1)
    start, end = at(-120), at(3600)
    world.join(ada, claim(HOURS, start, end))
    right = world.opens(ada, HOURS, start, end)
    assert right["role_id"] == "group_basic" and right["notify"] is False, right
    assert world.mails(ada) == 1
    assert world.sandbox.unlock(ENTRANCE, email=world.address(ada))["granted"]
    assert world.told(ada) == {"invited": 1, "created": 1}
    told = {change["change"]: change for change in world.changes(ada)}["created"]
    assert (told["group_id"], told["right_id"], told["sources"]) == (HOURS, right["id"], ["pass/1"])
    assert told["version"][0] > 0 and told["cause"], told


def test_longer_and_shorter_without_a_gap(world: World) -> None:
    """The new right is made before the old one goes, both ways."""
    (ada,) = members(1)
    start, short, long = at(-60), at(3600), at(7200)
    world.join(ada, claim(HOURS, start, short))
    old = world.opens(ada, HOURS, start, short)
    for end in (long, short):
        world.claims(ada, "pass/1", claim(HOURS, start, end))
        new = world.opens(ada, HOURS, start, end)
        assert new["id"] > old["id"]
        old = new
    verbs = [call["method"] for call in world.sandbox.call_log()
             if call["service"] == "kisi" and call["path"].startswith("/role_assignments")
             and call["method"] in ("POST", "DELETE")]
    assert verbs[-4:] == ["POST", "DELETE", "POST", "DELETE"], verbs[-8:]


def test_the_union_of_pass_and_booking(world: World) -> None:
    """A booking inside a pass changes nothing; one that reaches over its end is one window."""
    (ada,) = members(1)
    start, end, later = at(-60), at(3600), at(7200)
    world.join(ada, claim(HOURS, start, end))
    first = world.opens(ada, HOURS, start, end)
    world.claims(ada, "booking/2", claim(HOURS, at(600), at(1200)))
    world.at_rest()
    assert world.opens(ada, HOURS, start, end)["id"] == first["id"]
    world.claims(ada, "booking/2", claim(HOURS, at(600), later))
    world.opens(ada, HOURS, start, later)
    world.claims(ada, "booking/2")
    world.opens(ada, HOURS, start, end)
    world.claims(ada, "pass/1")
    world.gone(ada)


def test_two_windows_of_one_group(world: World) -> None:
    (ada,) = members(1)
    first, second = (at(-60), at(600)), (at(1200), at(1800))
    world.join(ada, claim(HOURS, *first), claim(HOURS, *second))

    def both() -> bool:
        found = sorted((row["valid_from"], row["valid_until"]) for row in world.rights(ada, HOURS))
        assert found == [first, second], found
        return True

    wait_for(both, "two rights, one a window")


def test_not_entitled_takes_all_and_only_theirs(world: World) -> None:
    ada, bob = members(2)
    later = at(3600), at(7200)
    for person in (ada, bob):
        world.join(person, claim(HOURS), claim(GREEN, *later))
    for person in (ada, bob):
        world.opens(person, HOURS)
        world.opens(person, GREEN, *later)
    world.member(ada, entitled=False)
    world.gone(ada)
    assert len(world.rights(bob)) == 2
    assert world.told(ada)["removed"] == 2
    world.member(ada)
    world.opens(ada, HOURS)
    assert world.mails(ada) == 1


def test_nobody_is_made_who_has_nothing(world: World) -> None:
    ada, bob = members(2)
    world.member(ada)
    world.member(bob, entitled=False)
    world.claims(bob, "pass/1", claim(HOURS))
    world.at_rest()
    emails = {row["email"] for row in world.sandbox.kisi_rows("users")}
    assert not emails & {world.address(ada), world.address(bob)}


def test_a_window_beyond_the_horizon_waits_and_a_long_one_is_whole(world: World) -> None:
    ada, bob = members(2)
    day = 86400
    world.join(ada, claim(HOURS, at(20 * day), at(21 * day)))
    end = at(90 * day)
    world.join(bob, claim(HOURS, at(-60), end))
    world.opens(bob, HOURS, end=end)
    world.at_rest()
    assert not world.rights(ada)


def test_a_lapsed_right_is_tidied_without_any_input(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS, at(-60), at(3)))
    wait_for(lambda: world.rights(ada), "the right is there")
    world.gone(ada)


def test_a_window_that_is_over_makes_nothing(world: World) -> None:
    (ada,) = members(1)
    world.sandbox.clear_calls()
    world.join(ada, claim(HOURS, at(-7200), at(-3600)))
    world.at_rest()
    assert not world.rights(ada) and world.mails(ada) == 0


# -- people ----------------------------------------------------------------------------------------


def test_somebody_kisi_knows_gets_no_mail(world: World) -> None:
    (ada,) = members(1)
    hand = world.sandbox.hand_right(world.address(ada), GREEN)
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS)
    assert world.mails(ada) == 0
    assert [row["id"] for row in world.rights(ada, GREEN)] == [hand["id"]]


def test_a_right_made_by_hand_is_no_substitute_and_stays(world: World) -> None:
    (ada,) = members(1)
    start, end = at(-60), at(3600)
    hand = world.sandbox.hand_right(world.address(ada), HOURS, start, end)
    world.join(ada, claim(HOURS, start, end))

    def two() -> bool:
        assert len(world.rights(ada, HOURS)) == 2, world.rights(ada, HOURS)
        return True

    wait_for(two, "ours is made beside it")
    world.claims(ada, "pass/1")
    wait_for(lambda: [row["id"] for row in world.rights(ada)] == [hand["id"]], "only ours goes")
    world.at_rest()
    assert [row["id"] for row in world.rights(ada)] == [hand["id"]]


@pytest.mark.parametrize("answer", ["409", "422"])
def test_one_person_in_two_spaces_is_made_once(world: World, answer: str) -> None:
    world.sandbox.switch(kisi_duplicate_user=answer)
    for ada in members(4):
        for space, group in (("moncloa", HOURS), ("dumbo", DUMBO_DAY)):
            world.member(ada, space=space)
            world.claims(ada, "pass/1", claim(group), space=space)
        wait_for(functools.partial(has_rights, world, ada, 2), "a right in each space")
        assert world.mails(ada) == 1


def test_an_address_that_changes_while_it_is_looked_for(world: World) -> None:
    """The old address is free again for whoever has it next."""
    ada, bob = members(2)
    old, new = f"old{ada}@example.org", f"new{ada}@example.org"
    world.sandbox.faults({"service": "kisi", "method": "GET", "path": "/users", "query": f"old{ada}",
                          "hold_ms": 1500})
    world.member(ada, email=old)
    world.claims(ada, "pass/1", claim(HOURS))
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] == 1, "the old address is looked for")
    world.member(ada, email=new)
    wait_for(lambda: world.sandbox.rights(email=new), "the new address has the right")
    world.member(bob, email=old)
    world.claims(bob, "pass/1", claim(HOURS))
    wait_for(lambda: world.sandbox.rights(email=old), "who has the old address next gets theirs")


def test_a_changed_address_is_another_user(world: World) -> None:
    """KISI cannot change it: granted there first, then revoked here; and nobody is deleted."""
    (ada,) = members(1)
    new = f"new{ada}@example.org"
    world.join(ada, claim(HOURS))
    old = world.opens(ada, HOURS)
    world.member(ada, email=new)
    wait_for(lambda: not world.rights(ada), "nothing is left under the old address")
    (right,) = world.sandbox.rights(email=new)
    assert right["group_id"] == HOURS and right["assignee_id"] != old["assignee_id"]
    order = [call["method"] for call in world.sandbox.call_log() if call["service"] == "kisi"
             and call["method"] in ("POST", "DELETE")]
    assert order[-3:] == ["POST", "POST", "DELETE"], order[-6:]
    assert world.sandbox.kisi_rows("users", id=old["assignee_id"])
    assert world.sandbox.invitations()[new] == 1 == world.mails(ada)


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 409])
def test_a_user_create_that_is_refused_over_and_over(world: World, status: int) -> None:
    """A 404, or an address that is taken by somebody nobody finds: others are served, and it is not
    asked at the full rate."""
    (ada,) = members(1)
    world.sandbox.faults({"service": "kisi", "method": "POST", "path": "/users", "count": 1000,
                          "effect": "status", "status": status,
                          "body": {"code": "ffffff", "error": "No"}})
    world.join(ada, claim(HOURS))
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] >= 1, "the create is refused")
    for _ in range(9):  # as many as may be under way, and one
        (other,) = members(1)
        world.sandbox.hand_right(world.address(other), GREEN)
        world.join(other, claim(DAY))
        world.opens(other, DAY)
    hits = world.sandbox.fault_hits()[0]["hits"]
    assert hits <= 8, f"{hits} creates of one user while nine others were served"
    world.sandbox.faults()
    world.claims(ada, "pass/2", claim(HOURS, at(-60), at(3600)))  # new facts
    world.opens(ada, HOURS, deadline=100)
    assert world.mails(ada) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_user_create_that_is_put_off(world: World, status: int) -> None:
    """429 is no attempt: nobody waits a minute for it. A 5xx may have happened: looked up, once."""
    (ada,) = members(1)
    world.sandbox.faults({"service": "kisi", "method": "GET" if status != 429 else "POST",
                          "path": "/users", "effect": "status", "status": status,
                          "headers": {"Retry-After": "1"}})
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS, deadline=20)
    assert world.sandbox.fault_hits()[0]["hits"] == 1
    assert world.mails(ada) == 1


def test_a_throttled_create_is_made_when_told(world: World) -> None:
    (ada,) = members(1)
    world.sandbox.hand_right(world.address(ada), GREEN)
    world.sandbox.faults({"service": "kisi", "method": "POST", "path": "/role_assignments",
                          "effect": "status", "status": 429, "headers": {"Retry-After": "1"}})
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS)


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "forbidden"), (422, "refused")], ids=["403", "422"]
)
def test_a_refused_create_blocks_that_group_only(world: World, status: int, reason: str) -> None:
    (ada,) = members(1)
    world.sandbox.hand_right(world.address(ada), GREEN)
    world.sandbox.faults({"service": "kisi", "method": "POST", "path": "/role_assignments",
                          "effect": "status", "status": status, "body": refusal(status)})
    world.join(ada, claim(HOURS))
    world.is_blocked(ada, HOURS, reason)
    assert world.told(ada)["blocked"] == 1
    world.claims(ada, "pass/2", claim(DAY))
    world.opens(ada, DAY)
    # New claims are new facts: it is tried again, and passes.
    world.opens(ada, HOURS)
    wait_for(lambda: not world.blocked(ada), "no block is left")


@pytest.mark.parametrize("status", [403, 422])
def test_a_refused_delete_does_not_turn_in_circles(world: World, status: int) -> None:
    """What can't be taken away now is tried again later, not at the full rate, and nobody waits."""
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    path = f"/role_assignments/{right['id']}"
    world.sandbox.clear_calls()
    world.sandbox.faults({"service": "kisi", "method": "DELETE", "path": path, "effect": "status",
                          "status": status, "body": refusal(status), "count": 0})
    world.claims(ada, "pass/1")
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] >= 1, "the delete is refused")
    for other in members(6):
        world.join(other, claim(DAY))
        world.opens(other, DAY)
    hits = world.sandbox.fault_hits()[0]["hits"]
    assert hits <= 8, f"{hits} deletes of one right while six others were served"
    assert len(world.changes(ada)) <= 4, world.changes(ada)
    world.claims(ada, "pass/2", claim(GREEN))
    world.opens(ada, GREEN)  # the person's other groups go on
    world.sandbox.faults()
    world.claims(ada, "pass/3")  # new facts: at once
    world.gone(ada, HOURS)


def test_a_group_that_is_gone_holds_its_rights_and_nobody_else(world: World) -> None:
    """404 on a delete proves nothing when the group is not seen either (design §6.7)."""
    (ada,) = members(1)
    group = 7099
    world.sandbox.call("POST", "/kisi/groups", {"id": group, "name": "Short-lived", "place_id": 501})
    world.join(ada, claim(group))
    right = world.opens(ada, group)
    world.sandbox.faults(
        {"service": "kisi", "method": "GET", "path": f"/groups/{group}", "count": 0,
         "effect": "status", "status": 404, "body": {"code": "ffffff", "error": "Not found"}},
        {"service": "kisi", "method": "DELETE", "path": f"/role_assignments/{right['id']}",
         "count": 0, "effect": "status", "status": 404,
         "body": {"code": "ffffff", "error": "Not found"}})
    world.claims(ada, "pass/1")
    wait_for(lambda: world.sandbox.fault_hits()[0]["hits"] >= 1, "the group is looked for")
    for other in members(6):
        world.join(other, claim(DAY))
        world.opens(other, DAY)
    hits = world.sandbox.fault_hits()[1]["hits"]
    assert hits <= 8, f"{hits} deletes of one right while six others were served"
    assert [row["state"] for row in world.ledger_rights(ada)] == ["held"]
    assert len(world.changes(ada)) <= 8
    world.sandbox.faults()
    world.claims(ada, "pass/3")
    world.gone(ada)


def test_a_key_that_sees_no_mapped_group_is_refused(world: World) -> None:
    """It was moved to another organisation, say: nothing that it answers proves anything."""
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    gone = {"service": "kisi", "count": 0, "effect": "status", "status": 404,
            "body": {"code": "ffffff", "error": "Not found"}}
    world.sandbox.faults(
        {**gone, "method": "DELETE", "path": "/role_assignments"},
        {**gone, "method": "GET", "path": f"/groups/{HOURS}"},
        {**gone, "method": "GET", "path": "/groups", "status": 200, "body": []})
    world.claims(ada, "pass/1")
    wait_for(world.is_refused, "the account is refused")
    assert "sees none of the groups" in world.account()["fault"]
    assert [row["state"] for row in world.ledger_rights(ada)] == ["held"]
    world.sandbox.faults()
    world.gone(ada, HOURS, deadline=60)  # asked again every 30 s
    assert right["id"] not in [row["id"] for row in world.rights(ada)]


def test_a_delete_of_what_is_gone_is_done(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    world.sandbox.take_right(world.opens(ada, HOURS)["id"])
    world.claims(ada, "pass/1")
    world.gone(ada)
    assert world.told(ada)["removed"] == 1


def test_a_window_that_ends_while_its_create_waits(world: World) -> None:
    """Nothing that is over is made, and a refusal of it would not cost the next window."""
    (ada,) = members(1)
    world.sandbox.hand_right(world.address(ada), GREEN)
    world.join(ada)
    world.at_rest()
    world.sandbox.switch(kisi_until_past="422")
    world.sandbox.faults({"service": "kisi", "method": "POST", "path": "/role_assignments",
                          "effect": "status", "status": 429, "headers": {"Retry-After": "6"}})
    later = (at(60), at(3600))
    world.claims(ada, "booking/1", claim(HOURS, at(-60), at(4)), claim(HOURS, *later))
    world.opens(ada, HOURS, *later)
    assert not world.blocked(ada)


@pytest.mark.parametrize("effect", ["html", "malformed", "short"])
def test_an_answer_that_is_none_takes_nothing(world: World, effect: str) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    world.sandbox.faults({"service": "kisi", "method": "GET", "path": "/users", "effect": effect})
    bob = members(1)[0]
    world.join(bob, claim(HOURS))
    world.opens(bob, HOURS)
    assert world.sandbox.fault_hits()[0]["hits"] == 1
    assert world.opens(ada, HOURS)["id"] == right["id"]


def test_a_key_that_is_refused_stops_the_account(world: World) -> None:
    ada, bob = members(2)
    world.join(ada, claim(HOURS))
    right = world.opens(ada, HOURS)
    world.sandbox.clear_calls()
    world.sandbox.faults({"service": "kisi", "effect": "status", "status": 401, "count": 0,
                          "body": {"code": "afc496", "error": "Denied"}})
    world.join(bob, claim(HOURS))
    wait_for(world.is_refused, "the account is refused")
    assert world.executor.get("/readyz")[0] == 503
    for _ in range(3):
        world.claims(ada, "pass/1", claim(HOURS))
    assert world.writes() <= 1
    world.sandbox.faults()
    world.opens(bob, HOURS, deadline=60)  # asked again every 30 s
    assert world.opens(ada, HOURS)["id"] == right["id"]


# -- once more ---------------------------------------------------------------------------------------


def test_a_block_ends_with_what_changed_while_nobody_acted(world: World) -> None:
    (ada,) = members(1)
    world.sandbox.hand_right(world.address(ada), GREEN)
    world.sandbox.faults({"service": "kisi", "method": "POST", "path": "/role_assignments",
                          "effect": "status", "status": 422, "body": {"errors": {"base": ["no"]}}})
    world.join(ada, claim(HOURS))
    world.is_blocked(ada, HOURS, "refused")
    world.at_rest()
    assert world.executor.terminate() == 0
    world.claims(ada, "pass/2", claim(HOURS, at(-30), at(7200)))
    world.executor.start()
    world.executor.wait_ready()
    world.opens(ada, HOURS)


def test_a_restart_and_every_command_once_more_write_nothing(world: World) -> None:
    (ada,) = members(1)
    world.sandbox.hand_right(world.address(ada), GREEN)
    world.sandbox.faults({"service": "kisi", "method": "POST", "path": "/role_assignments",
                          "effect": "status", "status": 422, "body": {"errors": {"base": ["no"]}}})
    world.join(ada, claim(HOURS))
    world.is_blocked(ada, HOURS, "refused")
    world.sandbox.faults()
    world.at_rest()
    world.sandbox.clear_calls()
    world.executor.restart(kill=True)
    wait_for(lambda: world.is_owner(world.executor), "it acts again", 40)
    world.idle()
    topic = world.stack.topic("commands", "moncloa")
    again = newest(read_records(world.stack.bootstrap, topic))
    produce(world.stack.bootstrap, topic, [(key, record.value) for key, record in again.items()])
    # Door events are read after everybody has been planned.
    reads = world.calls("POST", "/event_sets")
    wait_for(lambda: world.calls("POST", "/event_sets") >= reads + 2, "two more rounds of events")
    world.idle()
    assert world.writes() == 0, world.sandbox.calls()["calls"]


def test_a_command_that_is_nowhere_takes_nothing(world: World) -> None:
    """A lost topic is no reason to take rights away (design §5); an empty claim is."""
    ada, bob = members(2)
    for person in (ada, bob):
        world.join(person, claim(HOURS))
        world.opens(person, HOURS)
    commands = world.stack.topic("commands", "moncloa")
    produce(world.stack.bootstrap, commands, [(f"{ada}/pass/1", None), (str(bob), None)])
    world.at_rest()
    assert len(world.rights(ada, HOURS)) == 1 and len(world.rights(bob, HOURS)) == 1
    world.executor.restart()
    world.at_rest()
    assert len(world.rights(ada, HOURS)) == 1 and len(world.rights(bob, HOURS)) == 1
    world.claims(ada, "pass/1")
    world.member(bob, entitled=False)
    world.gone(ada)
    world.gone(bob)


def test_a_malformed_command_is_passed_over(world: World) -> None:
    ada, bob = members(2)
    world.join(ada, claim(HOURS))
    world.opens(ada, HOURS)
    topic = world.stack.topic("commands", "moncloa")
    bad: list[tuple[str, Any]] = [
        (str(ada), b"{"), (f"{ada}/pass/1", b"[]"), (f"{ada}/pass/1", {"member": ada}),
        (f"{ada}/pass/1", b"x" * 70000)]
    produce(world.stack.bootstrap, topic, bad)
    world.join(bob, claim(HOURS))
    world.opens(bob, HOURS)
    world.at_rest()
    assert len(world.rights(ada, HOURS)) == 1


def test_a_person_with_thousands_of_sources(world: World) -> None:
    """More than a record holds: the right is made all the same, and others are served."""
    (ada,) = members(1)
    topic = world.stack.topic("commands", "moncloa")
    produce(world.stack.bootstrap, topic, [
        (f"{ada}/booking/{1000000000 + n}",
         world.command(ada, f"booking/{1000000000 + n}", claim(HOURS, at(-60), at(3600))))
        for n in range(5000)])
    world.member(ada)
    wait_for(lambda: world.rights(ada, HOURS), "the right is made", 30)
    world.at_rest()
    assert world.executor.running, world.executor.failure("ended")
