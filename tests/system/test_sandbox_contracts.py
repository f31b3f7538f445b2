# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What happens to people, passes and contracts in the Nexudus that the sandbox plays, with each
open reading."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_world import (
    ADA, BOB, BOOKINGS, CONTRACTS, COWORKERS, DAY, HOURS, NORTH, NOW, PASSES, ROOM, SOUTH, TOMORROW,
    World, ids)

pytest_plugins = ["sandbox_fixtures"]

PAUSES = "/api/billing/contractpausedperiods"
FEBRUARY, MARCH = "2030-02-01T00:00:00Z", "2030-03-01T00:00:00Z"


# -- passes ----------------------------------------------------------------------------------------


def test_a_day_pass_covers_its_day_to_the_cut_off(world: World) -> None:
    """The location's cut-off is 04:00 in Madrid, one hour ahead of UTC in January."""
    first, second = (world.side.give_pass(ADA, DAY)["Id"] for _ in range(2))
    taken = world.side.check_in(ADA)["pass"]
    assert (taken["Used"], taken["CheckedIn"]) == (True, True)
    assert taken["UsedDate"].startswith("2030-01-15T10:00:")
    assert world.side.check_in(ADA, at="2030-01-16T02:59:00Z")["pass"]["Id"] == taken["Id"]
    other = world.side.check_in(ADA, at="2030-01-16T03:00:00Z")["pass"]
    assert {taken["Id"], other["Id"]} == {first, second}
    with pytest.raises(AssertionError, match="does not have a valid time pass"):
        world.side.check_in(ADA, at="2030-01-17T03:00:00Z")


def test_check_in_by_the_api(world: World) -> None:
    fields = {"BusinessId": NORTH, "CoworkerId": ADA, "FromTime": NOW, "Source": 2}
    refused = world.nexudus.post("/api/spaces/checkins", fields)
    assert (refused.status, refused.json()["WasSuccessful"]) == (200, False)
    assert "does not have a valid time pass" in refused.json()["Message"]
    given = world.side.give_pass(ADA, DAY)
    made = world.nexudus.post("/api/spaces/checkins", fields).json()["Value"]
    assert (made["CoworkerTimePassGuid"], made["ToTime"]) == (given["UniqueId"], None)
    old = world.nexudus.post("/api/spaces/checkins", {**fields, "FromTime": "2029-01-01T10:00:00Z"})
    assert (old.status, old.body) == (400, b"")


def test_minutes_are_taken_at_check_out(world: World) -> None:
    given = world.side.give_pass(BOB, HOURS)["Id"]
    checkin = world.side.check_in(BOB, at=NOW)["checkin"]
    world.nexudus.put("/api/spaces/checkins", {**checkin, "ToTime": "2030-01-15T14:00:00Z"})
    left = world.nexudus.get(f"{PASSES}/{given}").json()
    assert left["RemainingUses"] == 360 and left["Used"] is False
    checkin = world.side.check_in(BOB, at="2030-01-16T10:00:00Z")["checkin"]
    world.nexudus.put("/api/spaces/checkins", {**checkin, "ToTime": "2030-01-16T20:00:00Z"})
    spent = world.nexudus.get(f"{PASSES}/{given}").json()
    assert (spent["RemainingUses"], spent["Used"]) == (0, True)


def test_where_a_pass_is_valid(world: World) -> None:
    world.side.give_pass(ADA, DAY)
    with pytest.raises(AssertionError, match="valid time pass"):
        world.side.check_in(ADA, business=SOUTH)
    world.side.give_pass(BOB, DAY, expires="2030-01-15T09:00:00Z")
    with pytest.raises(AssertionError, match="valid time pass"):
        world.side.check_in(BOB, business=NORTH)


@pytest.mark.parametrize(("switch", "moves"), [("yes", True), ("no", False)])
def test_whether_use_moves_updated_on(world: World, switch: str, moves: bool) -> None:
    world.side.switch(nexudus_pass_use_bumps=switch)
    given = world.side.give_pass(ADA, DAY)
    world.side.set_clock(advance_ms=60_000)
    used = world.side.use_pass(given["Id"], at="2030-01-15T09:00:00Z")
    assert used["Used"] is True and used["UsedDate"].startswith("2030-01-15T09:00:00")
    assert (used["UpdatedOn"] != given["UpdatedOn"]) == moves


@pytest.mark.parametrize(("switch", "moves"), [("yes", True), ("no", False)])
def test_whether_a_team_moves_updated_on(world: World, switch: str, moves: bool) -> None:
    world.side.switch(nexudus_team_change_bumps=switch)
    before = world.nexudus.get(f"{COWORKERS}/{ADA}").json()
    world.side.set_clock(advance_ms=60_000)
    team = world.side.call("POST", "/nexudus/join-team", {"coworker": ADA, "team": 8001})
    after = world.nexudus.get(f"{COWORKERS}/{ADA}").json()
    assert (team["TeamMembers"], after["Teams"], after["TeamIds"]) == ([ADA], [8001], "8001")
    assert (after["UpdatedOn"] != before["UpdatedOn"]) == moves
    team = world.side.call("POST", "/nexudus/leave-team", {"coworker": ADA, "team": 8001})
    assert team["TeamMembers"] == []


# -- contracts and sales ---------------------------------------------------------------------------


def test_a_contract_brings_passes(world: World) -> None:
    started = world.side.start_contract(ADA, 5001)
    contract = started["contract"]
    assert (contract["Active"], contract["Cancelled"], contract["TariffName"]) == (
        True, False, "Resident")
    assert len(started["passes"]) == 2
    for given in started["passes"]:
        assert given["IsFromTariff"] is True
        assert given["CoworkerContractUniqueId"] == contract["UniqueId"]
        assert given["ExpireDate"].endswith("T00:00:00Z")
    coworker = world.nexudus.get(f"{COWORKERS}/{ADA}").json()
    assert coworker["CoworkerContractIds"] == str(contract["Id"])
    assert coworker["TariffName"] == "Resident"


@pytest.mark.parametrize(("switch", "old", "new"), [
    ("deleted", "gone", 2), ("expired", "expired", 2), ("topped_up", "there", 1)])
def test_unused_passes_at_renewal(world: World, switch: str, old: str, new: int) -> None:
    world.side.switch(nexudus_renewal=switch)
    started = world.side.start_contract(ADA, 5001)
    used, unused = (given["Id"] for given in started["passes"])
    world.side.use_pass(used)
    renewed = world.side.renew_contract(started["contract"]["Id"])
    assert len(renewed["passes"]) == new
    assert world.nexudus.get(f"{PASSES}/{used}").status == 200
    answer = world.nexudus.get(f"{PASSES}/{unused}")
    if old == "gone":
        assert answer.status == 404
    else:
        expired = answer.json()["ExpireDate"].startswith("2030-01-15T10:00:")
        assert expired == (old == "expired")


@pytest.mark.parametrize("switch", ["kept", "expired", "deleted"])
def test_passes_when_a_contract_ends(world: World, switch: str) -> None:
    world.side.switch(nexudus_contract_end=switch)
    started = world.side.start_contract(ADA, 5001)
    ended = world.side.cancel_contract(started["contract"]["Id"])
    assert (ended["Active"], ended["Cancelled"]) == (False, True)
    rows = world.nexudus.get(PASSES).json()["Records"]
    assert len(rows) == (0 if switch == "deleted" else 2)
    for row in rows:
        assert row["ExpireDate"].startswith("2030-01-15T10:00:") == (switch == "expired")
    assert world.nexudus.get(f"{COWORKERS}/{ADA}").json()["CoworkerContractIds"] is None


def test_a_contract_that_ends_later(world: World) -> None:
    contract = world.side.start_contract(ADA, 5001)["contract"]["Id"]
    leaving = world.side.cancel_contract(contract, at="2030-02-01T00:00:00Z")
    assert (leaving["Active"], leaving["CancellationDate"]) == (True, "2030-02-01T00:00:00Z")
    world.side.set_clock(now="2030-02-01T00:00:01Z")
    gone = world.nexudus.get(f"/api/billing/coworkercontracts/{contract}").json()
    assert (gone["Active"], gone["Cancelled"]) == (False, True)
    assert gone["UpdatedOn"].startswith("2030-02-01T00:00:0")


def test_a_product_brings_its_passes_once_paid(world: World) -> None:
    assert world.side.sell_product(ADA, 6001, paid=False)["passes"] == []
    sold = world.side.sell_product(ADA, 6001)
    assert [row["TimePassName"] for row in sold["passes"]] == ["Day Pass"]
    assert sold["passes"][0]["CoworkerProductUniqueId"] == sold["sale"]["UniqueId"]
    assert sold["passes"][0]["IsFromTariff"] is False


def test_who_leaves(world: World) -> None:
    world.side.give_pass(ADA, DAY)
    world.side.book(ADA, ROOM, **TOMORROW)
    assert world.side.suspend(ADA)["Active"] is False
    assert world.side.resume(ADA)["Active"] is True
    world.side.delete_coworker(ADA)
    assert world.nexudus.get(f"{COWORKERS}/{ADA}").status == 404
    assert ids(world.nexudus.get(PASSES)) == [] and ids(world.nexudus.get(BOOKINGS)) == []


# -- contracts that begin, pause and end -----------------------------------------------------------


def contract_of(world: World, ident: int) -> dict[str, Any]:
    row: dict[str, Any] = world.nexudus.get(f"{CONTRACTS}/{ident}").json()
    return row


def test_a_benefit_added_to_a_plan_reaches_its_members(world: World) -> None:
    """At once; taken out of the plan, it is not taken back."""
    world.side.start_contract(ADA, 5001)
    world.side.cancel_contract(world.side.start_contract(BOB, 5001)["contract"]["Id"])
    before = set(ids(world.nexudus.get(PASSES)))
    fields = {"TariffId": 5001, "TimePassId": HOURS, "PassesIncluded": 3}
    lines = "/api/billing/tarifftimepasses"
    line = world.nexudus.post(lines, fields).json()["Value"]["Id"]
    rows = [row for row in world.nexudus.get(PASSES).json()["Records"] if row["Id"] not in before]
    assert [(row["CoworkerId"], row["TimePassId"]) for row in rows] == [(ADA, HOURS)] * 3
    world.nexudus.delete(f"{lines}/{line}")
    assert len(ids(world.nexudus.get(PASSES))) == len(before) + 3


@pytest.mark.parametrize(("switch", "active"), [("active", True), ("inactive", False)])
def test_a_contract_that_starts_later_brings_its_passes_then(
        world: World, switch: str, active: bool) -> None:
    world.side.switch(nexudus_future_contract=switch)
    started = world.side.start_contract(ADA, 5001, starts=FEBRUARY)
    assert (started["passes"], started["contract"]["Active"]) == ([], active)
    by_api = world.nexudus.post(CONTRACTS, {"CoworkerId": BOB, "TariffId": 5001,
                                            "StartDate": FEBRUARY}).json()["Value"]
    assert ids(world.nexudus.get(PASSES)) == []
    world.side.set_clock(now="2030-01-31T23:59:00Z")
    assert ids(world.nexudus.get(PASSES)) == []
    world.side.set_clock(now=FEBRUARY)
    rows = world.nexudus.get(PASSES).json()["Records"]
    assert sorted(row["CoworkerId"] for row in rows) == [ADA, ADA, BOB, BOB]
    assert contract_of(world, by_api["Id"])["Active"] is True
    world.side.set_clock(advance_ms=60_000)
    assert len(ids(world.nexudus.get(PASSES))) == 4  # once


@pytest.mark.parametrize(("switch", "rows", "coming", "during"), [
    ("both", 1, True, True), ("both_when_begun", 1, False, True), ("rows", 1, False, False),
    ("contract", 0, True, True)])
def test_a_pause(world: World, switch: str, rows: int, coming: bool, during: bool) -> None:
    """What the API says of it: before, while it runs, and after."""
    world.side.switch(nexudus_pause=switch)
    contract = world.side.start_contract(ADA, 5001)["contract"]["Id"]
    world.side.pause_contract(contract, FEBRUARY, MARCH)
    listed = world.nexudus.get(PAUSES, ContractPausedPeriod_CoworkerContract=contract).json()
    assert [(row["PauseFrom"], row["PauseUntil"], row["CoworkerContractCoworkerId"],
             row["CoworkerContractTariffName"])
            for row in listed["Records"]] == [(FEBRUARY, MARCH, ADA, "Resident")] * rows

    def told() -> tuple[bool, str | None, str | None]:
        row = contract_of(world, contract)
        assert row == world.side.rows("coworkercontracts")[0]
        return row["InPausedPeriod"], row["InPausedPeriodFrom"], row["InPausedPeriodUntil"]

    window = (FEBRUARY, MARCH)
    assert told() == (False, *(window if coming else (None, None)))
    world.side.set_clock(now=FEBRUARY)
    assert told() == (during, *(window if during else (None, None)))
    world.side.set_clock(now=MARCH)
    assert told()[0] is False


def test_the_pause_that_runs_comes_before_the_next(world: World) -> None:
    contract = world.side.start_contract(ADA, 5001)["contract"]["Id"]
    fields = {"CoworkerContractId": contract, "PauseFrom": MARCH,
              "PauseUntil": "2030-04-01T00:00:00Z"}
    later = world.nexudus.post(PAUSES, fields).json()["Value"]
    world.side.pause_contract(contract, NOW, FEBRUARY)
    assert contract_of(world, contract)["InPausedPeriodUntil"] == FEBRUARY
    world.side.set_clock(now=FEBRUARY)
    row = contract_of(world, contract)
    assert (row["InPausedPeriod"], row["InPausedPeriodFrom"]) == (False, MARCH)
    assert world.nexudus.delete(f"{PAUSES}/{later['Id']}").status == 200
    assert contract_of(world, contract)["InPausedPeriodFrom"] is None
    world.side.pause_contract(contract, FEBRUARY, MARCH)
    assert world.side.resume_contract(contract)["InPausedPeriod"] is False
    assert ids(world.nexudus.get(PAUSES)) == []


@pytest.mark.parametrize(("switch", "active"), [("yes", True), ("no", False)])
def test_whether_a_paused_contract_is_active(world: World, switch: str, active: bool) -> None:
    world.side.switch(nexudus_paused_active=switch)
    contract = world.side.start_contract(ADA, 5001)["contract"]["Id"]
    world.side.pause_contract(contract, NOW, FEBRUARY)
    assert contract_of(world, contract)["Active"] is active
    listed = world.nexudus.get(f"{COWORKERS}/{ADA}").json()["CoworkerContractIds"]
    assert (listed is not None) == active
    with pytest.raises(AssertionError, match="valid time pass"):
        world.side.check_in(ADA)
    assert world.side.renew_contract(contract)["passes"] == []
    world.side.set_clock(now=FEBRUARY)
    assert contract_of(world, contract)["Active"] is True
    assert len(world.side.renew_contract(contract)["passes"]) == 2


@pytest.mark.parametrize(("by_hand", "by_time"), [("yes", "no"), ("no", "yes")])
def test_whether_a_pause_moves_updated_on(world: World, by_hand: str, by_time: str) -> None:
    world.side.switch(nexudus_pause_bumps=by_hand, nexudus_time_bumps=by_time)
    contract = world.side.start_contract(ADA, 5001)["contract"]
    seen = [contract["UpdatedOn"]]
    world.side.set_clock(advance_ms=60_000)
    world.side.pause_contract(contract["Id"], FEBRUARY, MARCH)
    seen.append(contract_of(world, contract["Id"])["UpdatedOn"])
    world.side.set_clock(now=FEBRUARY)
    seen.append(contract_of(world, contract["Id"])["UpdatedOn"])
    assert [a != b for a, b in zip(seen, seen[1:])] == [by_hand == "yes", by_time == "yes"]


@pytest.mark.parametrize(("switch", "told"), [
    ("both", (False, True)), ("active", (False, False)), ("cancelled", (True, True)),
    ("none", (True, False))])
def test_what_changes_when_a_contract_ends(
        world: World, switch: str, told: tuple[bool, bool]) -> None:
    world.side.switch(nexudus_contract_flip=switch, nexudus_contract_end="deleted")
    contract = world.side.start_contract(ADA, 5001)["contract"]["Id"]
    world.side.cancel_contract(contract, at=FEBRUARY)
    world.side.set_clock(now=FEBRUARY)
    row = contract_of(world, contract)
    assert (row["Active"], row["Cancelled"]) == told
    assert ids(world.nexudus.get(PASSES)) == []
    world.side.set_clock(advance_ms=60_000)
    assert contract_of(world, contract) == row  # once


@pytest.mark.parametrize(("switch", "moves"), [("yes", True), ("no", False)])
def test_whether_the_benefits_engine_moves_updated_on(
        world: World, switch: str, moves: bool) -> None:
    world.side.switch(nexudus_system_bumps=switch, nexudus_renewal="expired")
    started = world.side.start_contract(ADA, 5001)
    world.side.set_clock(advance_ms=60_000)
    world.side.renew_contract(started["contract"]["Id"])
    before = started["passes"][0]
    after = world.nexudus.get(f"{PASSES}/{before['Id']}").json()
    assert after["ExpireDate"] != before["ExpireDate"]
    assert (after["UpdatedOn"] != before["UpdatedOn"]) == moves


@pytest.mark.parametrize(("switch", "last"), [
    ("instant", "2030-01-31T23:59:00Z"), ("end_of_day", "2030-02-01T22:59:00Z")])
def test_when_a_bare_date_is_over(world: World, switch: str, last: str) -> None:
    """The day of Madrid ends an hour before that of UTC."""
    world.side.switch(nexudus_date_end=switch)
    world.side.give_pass(ADA, DAY, expires=FEBRUARY)
    contract = world.side.start_contract(BOB, 5001)["contract"]["Id"]
    world.side.cancel_contract(contract, at=FEBRUARY)
    world.side.set_clock(now=last)
    assert contract_of(world, contract)["Active"] is True
    assert world.side.check_in(ADA, at=last)["pass"]["CheckedIn"] is True
    world.side.set_clock(advance_ms=60_000)
    assert contract_of(world, contract)["Active"] is False


# -- passes shared in a team, and their hours ------------------------------------------------------


def test_a_team_that_shares_its_passes(world: World) -> None:
    lent = world.side.give_pass(BOB, DAY)["Id"]
    for coworker in (ADA, BOB):
        world.side.call("POST", "/nexudus/join-team", {"coworker": coworker, "team": 8001})
    with pytest.raises(AssertionError, match="valid time pass"):
        world.side.check_in(ADA, business=NORTH)
    world.side.update("teams", 8001, ShareTimePasses=True)
    assert world.side.check_in(ADA, business=NORTH)["pass"]["Id"] == lent
    # It covers the day of who used it, and not of who holds it.
    assert world.side.check_in(ADA, business=NORTH)["pass"]["Id"] == lent
    with pytest.raises(AssertionError, match="valid time pass"):
        world.side.check_in(BOB, business=NORTH)
    own, other = world.side.give_pass(BOB, DAY)["Id"], world.side.give_pass(ADA, DAY)["Id"]
    assert world.side.check_in(BOB, business=NORTH)["pass"]["Id"] == own  # before a mate's
    assert world.side.rows("coworkertimepasses", Id=other)[0]["Used"] is False


def slot(world: World, day: int, from_: str, to: str) -> int:
    made = world.side.create("timepasstimeslots", TimePassId=DAY, DayOfWeek=day,
                             FromTime=f"1976-01-01T{from_}:00Z", ToTime=f"1976-01-01T{to}:00Z")
    ident: int = made["Id"]
    return ident


def opens(world: World, at: str) -> bool:
    for row in world.side.rows("coworkertimepasses"):
        world.side.delete("coworkertimepasses", row["Id"])
    world.side.give_pass(ADA, DAY)
    try:
        world.side.check_in(ADA, at=at)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(("zone", "early"), [("local", True), ("utc", False)])
def test_time_slots_of_a_pass_type(world: World, zone: str, early: bool) -> None:
    """A Tuesday; 11:00 to 12:00 in Madrid is 10:00 to 11:00 UTC. Sunday is day 0."""
    world.side.switch(nexudus_slot_zone=zone)
    assert opens(world, "2030-01-15T20:00:00Z")  # no slots, no hours
    ident = slot(world, 2, "11:00", "12:00")
    assert opens(world, "2030-01-15T10:30:00Z") is early
    assert opens(world, "2030-01-15T11:30:00Z") is not early
    assert not opens(world, "2030-01-16T10:30:00Z") and not opens(world, "2030-01-15T12:00:00Z")
    listed = world.nexudus.get("/api/billing/timepasstimeslots",
                               TimePassTimeSlot_TimePass=DAY).json()["Records"]
    assert [(row["Id"], row["TimePassName"]) for row in listed] == [(ident, "Day Pass")]


@pytest.mark.parametrize(("switch", "open_"), [("wraps", True), ("never", False)])
def test_a_slot_over_midnight(world: World, switch: str, open_: bool) -> None:
    world.side.switch(nexudus_slot_over_midnight=switch)
    slot(world, 2, "22:00", "02:00")
    assert opens(world, "2030-01-15T21:30:00Z") is open_
    assert opens(world, "2030-01-16T00:59:00Z") is open_
    assert not opens(world, "2030-01-16T01:00:00Z") and not opens(world, "2030-01-14T21:30:00Z")


@pytest.mark.parametrize(("switch", "shown"), [("filled", 1), ("empty", 0)])
def test_slots_in_the_pass_type(world: World, switch: str, shown: int) -> None:
    world.side.switch(nexudus_type_slots=switch)
    slot(world, 2, "22:00", "02:00")
    kind = world.nexudus.get(f"/api/billing/timepasses/{DAY}").json()
    assert len(kind["TimeSlots"]) == shown
    assert world.nexudus.get("/api/billing/timepasses").json()["Records"][0]["TimeSlots"] == []
