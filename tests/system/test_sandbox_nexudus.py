# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The Nexudus that the sandbox plays, held against docs of the real one: each convention, each
open reading with each value of its switch."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox_world import (
    ADA, BOB, BOOKINGS, COWORKERS, DAY, HOURS, NORTH, NOW, PASSES, PASSWORD, ROOM, SOUTH, TOMORROW,
    USER, WORLD, Answer, World, ids)

pytest_plugins = ["sandbox_fixtures"]

# -- tokens ----------------------------------------------------------------------------------------


def login(world: World, **headers: str) -> dict[str, Any]:
    answer = world.token(headers, grant_type="password", username=USER, password=PASSWORD)
    assert answer.status == 200
    return answer.json()


def bearer(world: World, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return world.anonymous().call("GET", COWORKERS, headers=headers).status


def refresh(world: World, token: str, **headers: str) -> Answer:
    return world.token(headers, grant_type="refresh_token", refresh_token=token)


def test_a_token_and_its_end(world: World) -> None:
    token = login(world)
    assert (token["token_type"], token["expires_in"]) == ("bearer", 604799)
    assert bearer(world, token["access_token"]) == 200
    world.side.set_clock(now="2030-01-22T09:59:00Z")
    assert bearer(world, token["access_token"]) == 200
    world.side.set_clock(now="2030-01-22T10:00:05Z")
    assert bearer(world, token["access_token"]) == 401
    again = refresh(world, token["refresh_token"]).json()
    assert bearer(world, again["access_token"]) == 200
    world.side.set_clock(now="2030-02-15T10:00:00Z")
    assert refresh(world, again["refresh_token"]).status == 400


def test_refresh_rotates_for_each_client_id(world: World) -> None:
    one, two = login(world, client_id="one"), login(world, client_id="two")
    later = refresh(world, one["refresh_token"], client_id="one").json()
    assert refresh(world, one["refresh_token"], client_id="one").status == 400
    assert bearer(world, one["access_token"]) == 200  # lives on until its end
    assert refresh(world, two["refresh_token"], client_id="one").status == 400
    assert refresh(world, two["refresh_token"], client_id="two").status == 200
    login(world, client_id="one")
    assert refresh(world, later["refresh_token"], client_id="one").status == 400


@pytest.mark.parametrize("status", ["400", "401"])
def test_token_errors(world: World, status: str) -> None:
    world.side.switch(nexudus_token_error=status)
    wrong = world.token(grant_type="password", username=USER, password="no")
    assert (wrong.status, wrong.json()["error"]) == (int(status), "invalid_grant")
    body = {"grant_type": "password", "username": USER, "password": PASSWORD}
    as_json = world.anonymous().post("/api/token", body)
    assert (as_json.status, as_json.json()["error"]) == (int(status), "unsupported_grant_type")
    other = world.token(grant_type="client_credentials")
    assert other.json()["error"] == "unsupported_grant_type"


def test_tokens_can_be_ended(world: World) -> None:
    token = login(world)
    world.side.expire_tokens()
    assert bearer(world, token["access_token"]) == 401
    assert refresh(world, token["refresh_token"]).status == 200
    world.side.expire_tokens(refresh=True)
    assert refresh(world, token["refresh_token"]).status == 400


def test_roles(world: World) -> None:
    users = [{"email": "few@example.org", "password": "p",
              "roles": ["Coworker-List", "Booking-List", "Booking-Read"]},
             {"email": "none@example.org", "password": "p", "api_access": False},
             {"email": "two@example.org", "password": "p", "totp": "123456"}]
    world.side.load({"nexudus": {**WORLD["nexudus"], "users": users}})
    few = world.nexudus_as("few@example.org", "p")
    assert few.get(COWORKERS).status == 200
    assert few.get(f"{COWORKERS}/{ADA}").status == 401
    assert few.get(PASSES).status == 401
    assert few.post(BOOKINGS, {}).status == 401
    assert world.nexudus_as("none@example.org", "p").get(COWORKERS).status == 401
    assert world.nexudus.get(COWORKERS).status == 401  # whose user is gone
    code = world.token(grant_type="password", username="two@example.org", password="p")
    assert code.json()["error"] == "two_factor_auth_check"


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("switch", "status", "header", "text"), [
    ("429_text", 429, None, r"Wait \d+\.\d seconds"), ("429_retry_after", 429, r"^60$", None),
    ("409_retry_after", 409, r"^60$", None), ("429_bare", 429, None, None),
    ("409_bare", 409, None, None)])
def test_throttling(world: World, switch: str, status: int, header: str | None,
                    text: str | None) -> None:
    world.side.switch(nexudus_throttle=switch)
    world.side.limit(nexudus_per_minute=3)
    answers = [world.nexudus.get("/api/sys/businesses") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, status]
    wait = answers[-1].headers.get("retry-after")
    assert (wait is None) == (header is None) and (header is None or re.match(header, str(wait)))
    assert bool(answers[-1].body) == (text is not None)
    assert text is None or re.search(text, answers[-1].json()["Message"])


def test_limits_are_a_logins_own_and_writes_have_more(world: World) -> None:
    users = [{"email": USER, "password": PASSWORD}, {"email": "b@example.org", "password": "p"}]
    world.side.load({"nexudus": {**WORLD["nexudus"], "users": users}})
    world.side.limit(nexudus_writes_per_minute=1)
    body = {"Name": "x"}
    assert world.nexudus.post("/api/billing/tariffs", body).status == 200
    assert world.nexudus.post("/api/billing/tariffs", body).status == 429
    assert world.nexudus.get(COWORKERS).status == 200
    assert world.nexudus_as("b@example.org", "p").post("/api/billing/tariffs", body).status == 200


# -- lists -----------------------------------------------------------------------------------------


def test_pages(world: World) -> None:
    world.side.load({"nexudus": {"coworkers": [
        {"Id": n, "FullName": f"N{n}", "Email": f"{n}@example.org"} for n in range(1, 61)]}})
    first = world.nexudus.get(COWORKERS).json()
    assert {key: value for key, value in first.items() if key != "Records"} == {
        "CurrentPage": 1, "CurrentPageSize": 25, "CurrentOrderField": "Id",
        "CurrentSortDirection": 1, "FirstItem": 1, "LastItem": 25, "TotalItems": 60,
        "TotalPages": 3, "HasNextPage": True, "HasPreviousPage": False, "PageNumber": 1,
        "PageSize": 25}
    last = world.nexudus.get(COWORKERS, page=3).json()
    assert [row["Id"] for row in last["Records"]] == list(range(51, 61))
    assert (last["HasNextPage"], last["FirstItem"], last["LastItem"]) == (False, 51, 60)
    # The names that a client may guess are ignored, as is everything unknown.
    same = world.nexudus.get(COWORKERS, PageNumber=3, PageSize=100, status="x", Coworker_Nope=1)
    assert same.json() == first
    beyond = world.nexudus.get(COWORKERS, page=9).json()
    assert (beyond["Records"], beyond["HasNextPage"], beyond["TotalItems"]) == ([], False, 60)
    world.side.switch(nexudus_page_past_end="last")
    assert world.nexudus.get(COWORKERS, page=9).json() == last


def test_the_largest_page(world: World) -> None:
    world.side.load({"nexudus": {"teams": [{"Id": n, "Name": "T"} for n in range(1, 1102)]}})
    assert len(ids(world.nexudus.get("/api/spaces/teams", size=5000))) == 1000
    world.side.switch(nexudus_size_cap="none")
    assert len(ids(world.nexudus.get("/api/spaces/teams", size=5000))) == 1101


@pytest.mark.parametrize(("switch", "up", "down"), [
    ("one_minus_one", "1", "-1"), ("zero_one", "0", "1"),
    ("words", "Ascending", "Descending")])
def test_order(world: World, switch: str, up: str, down: str) -> None:
    world.side.switch(nexudus_dir=switch)
    get = world.nexudus.get
    assert ids(get(COWORKERS, orderBy="FullName", dir=up)) == [ADA, BOB]
    assert ids(get(COWORKERS, orderBy="FullName", dir=down)) == [BOB, ADA]
    assert ids(get(COWORKERS, orderby="Id", dir="Descending")) == [BOB, ADA]
    assert ids(get(COWORKERS, orderBy="Id", dir="Ascending")) == [ADA, BOB]
    if switch == "words":
        assert ids(get(COWORKERS, orderBy="Id", dir="-1")) == [ADA, BOB]


def test_filters(world: World) -> None:
    mine = world.side.give_pass(ADA, DAY)["Id"]
    hers = world.side.give_pass(BOB, HOURS)["Id"]
    world.side.use_pass(mine)
    get = world.nexudus.get
    cases: tuple[tuple[list[int], dict[str, Any]], ...] = (
        ([mine], {"CoworkerTimePass_Coworker": ADA}),
        ([mine], {"CoworkerTimePass_Business": NORTH}),
        ([hers], {"CoworkerTimePass_TimePass_Name": "ten HOURS"}),
        ([mine], {"CoworkerTimePass_Coworker_InvoicingBusiness_Name": "North"}),
        ([mine], {"CoworkerTimePass_Used": "true"}),
        ([hers], {"CoworkerTimePass_Used": "false"}),
        ([], {"CoworkerTimePass_Used": "true", "CoworkerTimePass_Coworker": BOB}),
        ([hers], {"Id": hers}),
        ([mine], {"from_CoworkerTimePass_UsedDate": "2030-01-15T10:00"}),
        ([], {"from_CoworkerTimePass_UsedDate": "2030-01-15T10:01"}),
        ([], {"from_CoworkerTimePass_TotalUses": "1"}),
    )
    for wanted, filters in cases:
        assert ids(get(PASSES, **filters)) == wanted, filters
    assert get(PASSES, from_CoworkerTimePass_UsedDate="soon").status == 400
    assert ids(get(COWORKERS, Coworker_Email="ADA@example.org")) == [ADA]
    assert ids(get(COWORKERS, Coworker_Email="example.org")) == []
    world.side.switch(nexudus_text_match="contains")
    assert ids(get(COWORKERS, Coworker_Email="example.ORG")) == [ADA, BOB]


@pytest.mark.parametrize("switch", ["truncated", "honoured", "400"])
def test_ranges_are_inclusive_to_the_minute(world: World, switch: str) -> None:
    world.side.switch(nexudus_filter_seconds=switch)
    world.side.update("coworkers", ADA, UpdatedOn="2030-01-01T12:30:00Z")
    world.side.update("coworkers", BOB, UpdatedOn="2030-01-01T12:30:30.5Z")

    def between(since: str, until: str) -> Answer:
        return world.nexudus.get(COWORKERS, from_Coworker_UpdatedOn=since,
                                 to_Coworker_UpdatedOn=until)

    assert ids(between("2030-01-01T12:30", "2030-01-01T12:30")) == [ADA]
    assert ids(between("2030-01-01T12:30", "2030-01-01T12:31")) == [ADA, BOB]
    assert ids(between("2030-01-01T12:31", "2030-01-01T12:31")) == []
    assert ids(between("2030-01-01", "2030-01-02")) == [ADA, BOB]
    seconds = between("2030-01-01T12:30:10", "2030-01-01T12:31")
    if switch == "400":
        assert seconds.status == 400
    else:
        assert ids(seconds) == ([ADA, BOB] if switch == "truncated" else [BOB])


def test_rows_of_lists_are_partial(world: World) -> None:
    whole = world.nexudus.get(f"{COWORKERS}/{ADA}").json()
    assert (whole["Businesses"], whole["CoworkerType"]) == ([NORTH], 1)
    assert re.match(r"^\d{5}$", whole["AccessPincode"])
    assert whole["InvoicingBusinessName"] == "North"
    listed = world.nexudus.get(COWORKERS, Coworker_Id=ADA).json()["Records"][0]
    batch = world.nexudus.get(COWORKERS + "/", id=f"[{ADA},1,{BOB}]").json()
    assert [row["Id"] for row in batch] == [ADA, BOB]
    assert batch[0] == listed
    assert set(listed) == set(whole)
    assert (listed["Businesses"], listed["AccessPincode"], listed["CoworkerType"]) == ([], None, None)
    assert (listed["Email"], listed["UpdatedOn"]) == (whole["Email"], whole["UpdatedOn"])
    kind = world.nexudus.get(f"/api/billing/timepasses/{DAY}").json()
    assert kind["Businesses"] == [NORTH]
    assert world.nexudus.get("/api/billing/timepasses").json()["Records"][0]["Businesses"] == []


def test_missing_records_and_paths(world: World) -> None:
    missing = world.nexudus.get(f"{COWORKERS}/1")
    assert (missing.status, missing.json()) == (404, "Not found")
    assert world.nexudus.get("/api/billing/coworkers").status == 404  # not that module's
    assert world.nexudus.get("/api/spaces/nothing").status == 404
    assert world.nexudus.delete(f"{COWORKERS}/{ADA}").status == 405
    assert world.nexudus.post("/api/spaces/cancelledbookings", {}).status == 405
    assert world.anonymous().get(COWORKERS).status == 401


@pytest.mark.parametrize("entity", [
    "sys/businesses", "sys/simpletimezones", "sys/floorplandesks", "spaces/coworkers",
    "spaces/bookings", "spaces/cancelledbookings", "spaces/resources", "spaces/checkins",
    "spaces/teams", "billing/coworkertimepasses", "billing/timepasses",
    "billing/timepasstimeslots", "billing/coworkercontracts", "billing/contractpausedperiods",
    "billing/tariffs", "billing/tarifftimepasses", "billing/products",
    "billing/producttimepasses", "billing/coworkerproducts"])
def test_every_entity_has_the_base_fields(world: World, entity: str) -> None:
    made = world.side.create(entity.split("/")[1])
    shown = world.nexudus.get(f"/api/{entity}/{made['Id']}").json()
    assert shown == made
    assert re.match(r"^[0-9a-f-]{36}$", shown["UniqueId"])
    for key in ("CreatedOn", "UpdatedOn"):
        assert re.match(r"^2030-01-15T10:00:\d\d(\.\d{0,6}[1-9])?Z$", shown[key]), shown[key]
    for key in ("UpdatedBy", "IsNew", "SystemId", "ToStringText", "LocalizationDetails",
                "CustomFields"):
        assert key in shown
    assert made["Id"] in ids(world.nexudus.get(f"/api/{entity}"))


def test_ids_jump_and_fractions_vary(world: World) -> None:
    rows = [world.side.create("teams", Name=str(n)) for n in range(200)]
    made = [row["Id"] for row in rows]
    assert made != sorted(made) and max(made) > 2**32 and len(set(made)) == len(made)
    digits = {len(row["UpdatedOn"].partition(".")[2].rstrip("Z")) for row in rows}
    assert 7 in digits and digits & {4, 5, 6}


@pytest.mark.parametrize(("switch", "missing"), [("never", []), ("some", [1]), ("always", [1, 2])])
def test_missing_zones(world: World, switch: str, missing: list[int]) -> None:
    world.side.load({"nexudus": {"bookings": [
        {"Id": n, "ResourceId": ROOM, "FromTime": NOW, "ToTime": NOW} for n in (1, 2)]}})
    world.nexudus.get(BOOKINGS)  # so that what is kept of rows must be forgotten
    world.side.switch(nexudus_missing_zone=switch)
    rows = world.nexudus.get(BOOKINGS).json()["Records"]
    assert [row["Id"] for row in rows if not row["ToTime"].endswith("Z")] == missing
    assert all(row["FromTime"].endswith("Z") for row in rows)


def test_archived_coworkers(world: World) -> None:
    archived = world.side.archive(ADA)
    assert (archived["Archived"], archived["Active"]) == (True, False)
    assert ids(world.nexudus.get(COWORKERS)) == [ADA, BOB]
    world.side.switch(nexudus_archived_coworkers="hidden")
    assert ids(world.nexudus.get(COWORKERS)) == [BOB]
    assert world.nexudus.get(f"{COWORKERS}/{ADA}").json()["Archived"] is True


# -- writes ----------------------------------------------------------------------------------------


def test_the_envelope(world: World) -> None:
    made = world.nexudus.post(COWORKERS, {"FullName": "Eve", "Email": "eve@example.org"}).json()
    assert set(made) == {"Status", "Message", "Value", "OpenInDialog", "OpenInWindow",
                         "RedirectURL", "JavaScript", "UpdatedOn", "UpdatedBy", "Errors",
                         "WasSuccessful"}
    assert (made["Status"], made["WasSuccessful"], made["Errors"]) == (200, True, None)
    record = made["Value"]
    assert record == world.nexudus.get(f"{COWORKERS}/{record['Id']}").json()

    changed = {**record, "FullName": "Eva"}
    del changed["Businesses"], changed["MobilePhone"]
    answer = world.nexudus.put(COWORKERS, changed).json()
    assert answer["Value"] == {"Id": record["Id"]}
    after = world.nexudus.get(f"{COWORKERS}/{record['Id']}").json()
    assert (after["FullName"], after["CreatedOn"]) == ("Eva", record["CreatedOn"])
    assert after["UpdatedOn"] != record["UpdatedOn"] and after["UpdatedBy"] == USER
    assert world.nexudus.put(COWORKERS, {**changed, "Id": 1}).status == 404

    bad = world.nexudus.post(COWORKERS, {"Email": "x@example.org"})
    assert (bad.status, bad.json()["Status"], bad.json()["WasSuccessful"]) == (400, 500, False)
    assert bad.json()["Message"] == "FullName: is a required field"
    assert bad.json()["Errors"][0]["PropertyName"] == "FullName"
    assert world.nexudus.call("POST", COWORKERS, b"{").status == 400


def test_deletes(world: World) -> None:
    team = world.side.create("teams", Name="T")["Id"]
    answer = world.nexudus.delete(f"/api/spaces/teams/{team}")
    assert (answer.status, answer.json()["WasSuccessful"], answer.json()["Value"]) == (200, True, None)
    assert world.nexudus.delete(f"/api/spaces/teams/{team}").status == 404
    world.side.switch(nexudus_delete_body="empty")
    assert world.nexudus.delete("/api/spaces/teams/8001").body == b""
    # 200 does not mean success.
    world.side.give_pass(ADA, DAY)
    blocked = world.nexudus.delete(f"/api/billing/timepasses/{DAY}")
    assert (blocked.status, blocked.json()["WasSuccessful"]) == (200, False)
    assert world.nexudus.get(f"/api/billing/timepasses/{DAY}").status == 200


@pytest.mark.parametrize("switch", ["id", "guid"])
def test_a_cancelled_booking_leaves_a_trace(world: World, switch: str) -> None:
    world.side.switch(nexudus_cancelled_original=switch)
    booking = world.side.book(ADA, ROOM, **TOMORROW)
    assert (booking["ResourceName"], booking["CoworkerFullName"]) == ("Green", "Ada")
    answer = world.nexudus.post(f"{BOOKINGS}/runcommand", {
        "Key": "CANCEL_BOOKING", "Ids": [booking["Id"]],
        "Parameters": [{"Name": "Cancellation Reason", "Value": "4"}]})
    assert answer.json()["WasSuccessful"] is True
    assert world.nexudus.get(f"{BOOKINGS}/{booking['Id']}").status == 404
    trace = world.nexudus.get("/api/spaces/cancelledbookings").json()["Records"]
    assert [row["CancellationReason"] for row in trace] == [4]
    wanted = booking["Id"] if switch == "id" else booking["UniqueId"]
    assert trace[0]["OriginalBookingId"] == wanted
    assert trace[0]["Id"] != booking["Id"] and trace[0]["FromTime"] == booking["FromTime"]
    assert trace[0]["CancelledOn"].startswith("2030-01-15T10:00:")


def test_bookings_clash_and_charged_ones_stay(world: World) -> None:
    fields = {"ResourceId": ROOM, "CoworkerId": ADA, "FromTime": "2030-01-16T09:00:00Z",
              "ToTime": "2030-01-16T10:00:00Z"}
    first = world.nexudus.post(BOOKINGS, fields).json()
    clash = world.nexudus.post(BOOKINGS, {**fields, "FromTime": "2030-01-16T09:59:00Z"})
    assert (clash.status, clash.json()["WasSuccessful"]) == (200, False)
    following = {**fields, "FromTime": fields["ToTime"], "ToTime": "2030-01-16T11:00:00Z"}
    assert world.nexudus.post(BOOKINGS, following).json()["WasSuccessful"] is True
    world.side.update("bookings", first["Value"]["Id"], Invoiced=True)
    refused = world.nexudus.delete(f"{BOOKINGS}/{first['Value']['Id']}").json()
    assert refused["WasSuccessful"] is False and "already been charged" in refused["Message"]


def test_a_moved_booking_keeps_its_id(world: World) -> None:
    booking = world.side.book(ADA, ROOM, **TOMORROW)
    world.side.set_clock(advance_ms=60_000)
    moved = world.side.move_booking(booking["Id"], "2030-01-17T09:00:00Z", "2030-01-17T10:00:00Z")
    assert (moved["Id"], moved["FromTime"]) == (booking["Id"], "2030-01-17T09:00:00Z")
    assert moved["UpdatedOn"] > booking["UpdatedOn"]


def test_commands_that_are_not_answer_200(world: World) -> None:
    answer = world.nexudus.post(f"{COWORKERS}/runcommand", {"Key": "FLY", "Ids": [ADA]})
    assert (answer.status, answer.json()["WasSuccessful"]) == (200, False)
    assert answer.json()["Message"].startswith("Ooops!")
    world.side.give_pass(ADA, DAY)
    world.nexudus.post(f"{COWORKERS}/runcommand", {"Key": "COWORKER_DELETE", "Ids": [ADA]})
    assert ids(world.nexudus.get(COWORKERS)) == [BOB]
    assert ids(world.nexudus.get(PASSES)) == []


# -- side-door rows --------------------------------------------------------------------------------


def test_merging_with_and_without_a_bump(world: World) -> None:
    before = world.side.update("coworkers", ADA, UpdatedOn="2030-01-01T00:00:00Z")
    quiet = world.side.update("coworkers", ADA, bump=False, AccessCardId="7")
    assert (quiet["UpdatedOn"], quiet["AccessCardId"]) == (before["UpdatedOn"], "7")
    assert world.side.update("coworkers", ADA, Notes="x")["UpdatedOn"].startswith("2030-01-15T10")
    moved = world.side.update("coworkers", ADA, InvoicingBusinessId=SOUTH)
    assert moved["InvoicingBusinessName"] == "South"
    world.side.delete("coworkers", ADA)
    assert world.nexudus.get(f"{COWORKERS}/{ADA}").status == 404
