# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the Nexudus reference leaves open, beyond the conventions of test_sandbox_nexudus.py: tokens
and limits, filters, and the forms that rows, times and dates may have."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_world import (
    ADA, BOB, BOOKINGS, CONTRACTS, COWORKERS, DAY, HOURS, NORTH, NOW, PASSES, PASSWORD, ROOM,
    TOMORROW, USER, Answer, World, ids)

pytest_plugins = ["sandbox_fixtures"]

CANCELLED = "/api/spaces/cancelledbookings"


# -- who calls, and how often ----------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_of_a_listing(world: World) -> None:
    world.side.limit(nexudus_token_calls=2)
    token = world.token(grant_type="password", username=USER, password=PASSWORD).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    pages = [world.anonymous().call("GET", COWORKERS, headers=headers,
                                    query={"size": 1, "page": page}).status for page in (1, 2, 3)]
    assert pages == [200, 200, 401]
    again = world.token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    headers = {"Authorization": f"Bearer {again.json()['access_token']}"}
    assert world.anonymous().call("GET", COWORKERS, headers=headers).status == 200


@pytest.mark.parametrize(("switch", "by_header", "by_parameter", "by_nothing"), [
    ("either", True, True, False), ("header", True, False, False),
    ("parameter", False, True, False)])
def test_where_a_client_id_counts(world: World, switch: str, by_header: bool, by_parameter: bool,
                                  by_nothing: bool) -> None:
    """Two logins with two client ids: does the second end the first one's refresh token?"""
    world.side.switch(nexudus_client_id=switch)

    def lives(headers: dict[str, dict[str, str]], forms: dict[str, dict[str, str]]) -> bool:
        tokens = [world.token(headers[name], grant_type="password", username=USER,
                              password=PASSWORD, **forms[name]).json() for name in ("one", "two")]
        form = {"grant_type": "refresh_token", "refresh_token": tokens[0]["refresh_token"]}
        return world.token(headers["one"], **form, **forms["one"]).status == 200

    each = {name: {"client_id": name} for name in ("one", "two")}
    none: dict[str, dict[str, str]] = {"one": {}, "two": {}}
    assert (lives(each, none), lives(none, each), lives(none, none)) == (
        by_header, by_parameter, by_nothing)
    # Left out at both: the e-mail stands in, but for the header, without which nothing is refreshed.
    token = world.token(grant_type="password", username=USER, password=PASSWORD).json()
    refreshed = world.token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert refreshed.status == (400 if switch == "header" else 200)


@pytest.mark.parametrize(("switch", "status"), [("accepted", 200), ("refused", 401)])
def test_basic(world: World, switch: str, status: int) -> None:
    world.side.switch(nexudus_basic=switch)
    assert world.nexudus.get(COWORKERS).status == status


@pytest.mark.parametrize(("switch", "status"), [("login", 429), ("url", 200)])
def test_what_a_limit_counts_together(world: World, switch: str, status: int) -> None:
    world.side.switch(nexudus_limit_scope=switch)
    world.side.limit(nexudus_per_minute=2)
    assert [world.nexudus.get(COWORKERS).status for _ in range(3)] == [200, 200, 429]
    assert world.nexudus.get(PASSES).status == status


@pytest.mark.parametrize(("switch", "status"), [("documented", 404), ("any", 200)])
def test_entities_under_other_modules(world: World, switch: str, status: int) -> None:
    world.side.switch(nexudus_module=switch)
    assert world.nexudus.get("/api/sys/coworkers").status == status
    assert world.nexudus.get(f"/api/sys/coworkers/{ADA}").status == status
    assert world.nexudus.get(COWORKERS).status == 200


# -- lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("switch", "body"), [
    ("text", b'"Not found"'), ("empty", b""), ("envelope", None)])
def test_a_record_that_is_not_there(world: World, switch: str, body: bytes | None) -> None:
    world.side.switch(nexudus_missing_record=switch)
    for answer in (world.nexudus.get(f"{COWORKERS}/1"), world.nexudus.delete(f"{PASSES}/1")):
        assert answer.status == 404
        if body is None:
            assert answer.json()["WasSuccessful"] is False
        else:
            assert answer.body == body


@pytest.mark.parametrize("switch", ["id", "created", "shuffled"])
def test_the_order_of_who_asks_for_none(world: World, switch: str) -> None:
    world.side.switch(nexudus_order=switch)
    world.side.load({"nexudus": {"teams": [
        {"Id": n, "Name": "T", "CreatedOn": f"2029-01-01T00:00:{59 - n:02}Z"}
        for n in range(1, 41)]}})
    teams = "/api/spaces/teams"
    whole = ids(world.nexudus.get(teams, size=100))
    assert sorted(whole) == list(range(1, 41))
    assert (whole == sorted(whole)) == (switch == "id")
    assert (whole == sorted(whole, reverse=True)) == (switch == "created")
    assert [ident for page in (1, 2, 3, 4)
            for ident in ids(world.nexudus.get(teams, size=10, page=page))] == whole
    assert ids(world.nexudus.get(teams, size=100, orderBy="Id")) == list(range(1, 41))


def test_no_page_past_the_end(world: World) -> None:
    world.side.switch(nexudus_page_past_end="404")
    assert world.nexudus.get(COWORKERS, page=2).status == 404
    assert world.nexudus.get(COWORKERS, page=1).status == 200
    assert ids(world.nexudus.get(PASSES)) == []  # the first page of nothing is there


@pytest.mark.parametrize("switch", ["null", "absent", "full"])
def test_what_lists_do_not_fill(world: World, switch: str) -> None:
    world.side.switch(nexudus_list_fields=switch)
    whole = world.nexudus.get(f"{COWORKERS}/{ADA}").json()
    row = world.nexudus.get(COWORKERS, Coworker_Id=ADA).json()["Records"][0]
    assert ("AccessPincode" in row) == (switch != "absent")
    assert row.get("AccessPincode") == (whole["AccessPincode"] if switch == "full" else None)
    assert row["Businesses"] == [] and whole["Businesses"] == [NORTH]


@pytest.mark.parametrize("switch", ["partial", "whole"])
def test_rows_of_a_batch(world: World, switch: str) -> None:
    world.side.switch(nexudus_batch=switch)
    row = world.nexudus.get(COWORKERS + "/", id=f"[{ADA}]").json()[0]
    whole = world.nexudus.get(f"{COWORKERS}/{ADA}").json()
    assert (row == whole) == (switch == "whole")


@pytest.mark.parametrize(("switch", "found"), [
    ("utc", [[ADA], []]), ("local", [[], [ADA]])])
def test_the_clock_of_ranges(world: World, switch: str, found: list[list[int]]) -> None:
    """11:30 in Madrid is 10:30 UTC."""
    world.side.switch(nexudus_filter_zone=switch)
    world.side.update("coworkers", ADA, UpdatedOn="2030-01-01T10:30:00Z")
    assert [ids(world.nexudus.get(COWORKERS, from_Coworker_UpdatedOn=at,
                                  to_Coworker_UpdatedOn=at))
            for at in ("2030-01-01T10:30", "2030-01-01T11:30")] == found


def test_text_matches_by_its_beginning(world: World) -> None:
    world.side.switch(nexudus_text_match="prefix")
    assert ids(world.nexudus.get(COWORKERS, Coworker_Email="ADA@")) == [ADA]
    assert ids(world.nexudus.get(COWORKERS, Coworker_Email="example.org")) == []
    contract = world.side.start_contract(ADA, 5001)["contract"]
    guid = contract["UniqueId"]
    for switch, asked, n in (("prefix", guid[:9], 2), ("exact", guid[:9], 0),
                             ("exact", guid.upper(), 2), ("contains", guid[3:9], 2)):
        world.side.switch(nexudus_text_match=switch)
        rows = world.nexudus.get(PASSES, CoworkerTimePass_CoworkerContractUniqueId=asked)
        assert len(ids(rows)) == n, (switch, asked)


@pytest.mark.parametrize(("switch", "n"), [("all", 1), ("listed", 2)])
def test_filters_that_contracts_may_not_have(world: World, switch: str, n: int) -> None:
    world.side.switch(nexudus_contract_filters=switch)
    ended = world.side.start_contract(ADA, 5001)["contract"]["Id"]
    world.side.start_contract(BOB, 5001)
    world.side.cancel_contract(ended)
    for filters in ({"CoworkerContract_Active": "true"}, {"CoworkerContract_Cancelled": "false"}):
        assert len(ids(world.nexudus.get(CONTRACTS, **filters))) == n
    assert ids(world.nexudus.get(CONTRACTS, CoworkerContract_Coworker=ADA)) == [ended]


@pytest.mark.parametrize(("switch", "found"), [("ignored", [ADA, BOB]), ("work", [ADA])])
def test_filters_by_an_array(world: World, switch: str, found: list[int]) -> None:
    world.side.switch(nexudus_array_filters=switch)
    world.side.call("POST", "/nexudus/join-team", {"coworker": ADA, "team": 8001})
    assert ids(world.nexudus.get(COWORKERS, Coworker_Businesses=NORTH)) == found
    assert ids(world.nexudus.get(COWORKERS, Coworker_Teams=8001)) == found


# -- forms -----------------------------------------------------------------------------------------


def times_of(row: dict[str, Any]) -> list[str]:
    return [row[key] for key in ("FromTime", "ToTime", "CreatedOn", "UpdatedOn")]


@pytest.mark.parametrize(("switch", "ends"), [
    ("z", {"Z"}), ("none", {""}), ("offset", {"+00:00"}),
    ("mixed", {"Z", "", "+00:00", "+01:00"})])
def test_times_in_each_form(world: World, switch: str, ends: set[str]) -> None:
    world.side.load({"nexudus": {"bookings": [
        {"Id": n, "ResourceId": ROOM, "FromTime": "2030-01-15T23:30:00.25Z", "ToTime": NOW}
        for n in range(1, 61)]}})
    world.side.switch(nexudus_times=switch)
    rows = world.nexudus.get(BOOKINGS, size=100).json()["Records"]
    assert rows[0] == {**world.nexudus.get(f"{BOOKINGS}/1").json(), "InternalNotes": None}
    assert {text[text.rindex(":") - 3 if text[-6] in "+-" else len(text.rstrip("Z")):]
            for row in rows for text in times_of(row)} == ends
    starts = {row["FromTime"].removesuffix("Z").removesuffix("+00:00") for row in rows}
    shifted = {"2030-01-16T00:30:00.25+01:00"} if switch == "mixed" else set()
    assert starts == {"2030-01-15T23:30:00.25"} | shifted


@pytest.mark.parametrize(("switch", "shown"), [
    ("midnight", "2030-02-01T00:00:00Z"), ("date_only", "2030-02-01"),
    ("local_midnight", "2030-01-31T23:00:00Z")])
def test_bare_dates_in_each_form(world: World, switch: str, shown: str) -> None:
    world.side.switch(nexudus_dates=switch)
    given = world.side.give_pass(ADA, DAY, expires="2030-02-01T00:00:00Z")["Id"]
    contract = world.side.start_contract(ADA, 5001, starts="2030-02-01T00:00:00Z")["contract"]
    assert world.nexudus.get(f"{PASSES}/{given}").json()["ExpireDate"] == shown
    row = world.nexudus.get(f"{CONTRACTS}/{contract['Id']}").json()
    assert row["StartDate"] == shown
    timed = world.side.give_pass(ADA, DAY, expires="2030-02-01T10:00:00Z")["ExpireDate"]
    assert timed == "2030-02-01T10:00:00Z"


@pytest.mark.parametrize("switch", ["absent", "present"])
def test_local_twins(world: World, switch: str) -> None:
    world.side.switch(nexudus_local_fields=switch)
    contract = world.side.start_contract(ADA, 5001, starts="2030-02-01T10:00:00Z")["contract"]
    row = world.nexudus.get(f"{CONTRACTS}/{contract['Id']}").json()
    assert ("CancellationDateLocal" in row) == (switch == "present")
    assert row.get("StartDateLocal") == ("2030-02-01T11:00:00" if switch == "present" else None)


@pytest.mark.parametrize(("switch", "left"), [("minutes", 600), ("hours", 10), ("null", None)])
def test_what_is_left_of_minutes(world: World, switch: str, left: int | None) -> None:
    world.side.switch(nexudus_remaining_uses=switch)
    given = world.side.give_pass(BOB, HOURS)["Id"]
    world.side.check_in(BOB, at=NOW)
    row = world.nexudus.get(f"{PASSES}/{given}").json()
    assert (row["RemainingUses"], row["TotalUses"]) == (left, left)


@pytest.mark.parametrize("switch", ["text", "null"])
def test_the_original_of_a_cancelled_booking(world: World, switch: str) -> None:
    world.side.switch(nexudus_cancelled_original=switch)
    booking = world.side.book(ADA, ROOM, **TOMORROW)["Id"]
    cancelled = world.side.cancel_booking(booking)
    assert cancelled["OriginalBookingId"] == (str(booking) if switch == "text" else None)


# -- what comes back, moves, or fails --------------------------------------------------------------


def test_a_cancelled_booking_that_reappears(world: World) -> None:
    booking = world.side.book(ADA, ROOM, **TOMORROW)
    cancelled = world.side.cancel_booking(booking["Id"])["Id"]
    world.side.set_clock(advance_ms=60_000)
    again = world.side.call("POST", "/nexudus/restore-booking", {"cancelled": cancelled})
    assert (again["Id"], again["FromTime"]) == (booking["Id"], booking["FromTime"])
    assert again["UpdatedOn"] > booking["UpdatedOn"]
    assert ids(world.nexudus.get(BOOKINGS)) == [booking["Id"]]
    assert ids(world.nexudus.get(CANCELLED)) == []


def test_members_that_are_merged(world: World) -> None:
    given = world.side.give_pass(BOB, DAY)
    booking = world.side.book(BOB, ROOM, **TOMORROW)["Id"]
    world.side.start_contract(BOB, 5001)
    world.side.set_clock(advance_ms=60_000)
    kept = world.side.call("POST", "/nexudus/merge-coworkers", {"from": BOB, "into": ADA})
    assert (kept["Id"], kept["TariffName"]) == (ADA, "Resident")
    assert world.nexudus.get(f"{COWORKERS}/{BOB}").status == 404
    moved = world.nexudus.get(f"{PASSES}/{given['Id']}").json()
    assert (moved["CoworkerId"], moved["CoworkerFullName"]) == (ADA, "Ada")
    assert moved["UpdatedOn"] != given["UpdatedOn"]
    assert ids(world.nexudus.get(BOOKINGS, Booking_Coworker=ADA)) == [booking]


def test_pages_that_shift_and_totals_that_move(world: World) -> None:
    world.side.load({"nexudus": {"teams": [{"Id": n, "Name": "T"} for n in range(1, 7)]}})

    def page(number: int) -> tuple[list[int], int]:
        answer = world.nexudus.get("/api/spaces/teams", size=2, page=number)
        return ids(answer), answer.json()["TotalItems"]

    for effect, pages in (("shift", [([1, 2], 6), ([4, 5], 5), ([6], 5)]),
                          ("fewer_rows", [([1], 6), ([3], 6), ([5], 6)]),
                          ("shift_back", [([1, 2], 6), ([2, 3], 6), ([4, 5], 6)]),
                          ("moving_total", [([1, 2], 7), ([3, 4], 8), ([5, 6], 9)]),
                          ("shrinking_total", [([1, 2], 5), ([3, 4], 4), ([5, 6], 3)])):
        world.side.faults({"service": "nexudus", "effect": effect, "count": 0})
        assert [page(n) for n in (1, 2, 3)] == pages, effect


def test_200_that_is_no_success(world: World) -> None:
    def fault(**fields: Any) -> Answer:
        world.side.faults({"service": "nexudus", "effect": "unsuccessful", **fields})
        return world.nexudus.post(COWORKERS, {"FullName": "Eve", "Email": "eve@example.org"})

    for status in (200, 500):
        answer = fault(status=status)
        assert (answer.status, answer.json()["WasSuccessful"]) == (status, False)
        assert answer.json()["Message"].startswith("Ooops!")
    assert len(ids(world.nexudus.get(COWORKERS))) == 2
    world.side.faults({"service": "nexudus", "effect": "unsuccessful"})  # 200
    assert world.nexudus.get(COWORKERS).json()["WasSuccessful"] is False
