# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the KISI reference leaves open, beyond what test_sandbox_kisi.py plays: the shape of the
rate, filters, lags, expired and repeated rows, events, and what a schedule needs."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox_world import (
    FRONT, GROUP, KEY, NOW, OTHER_GROUP, PLACE, WORLD, Answer, World, hours, refused, valid,
    validator)

pytest_plugins = ["sandbox_fixtures"]

PAST, LATER = "2030-01-15T09:00:00Z", "2030-02-01T00:00:00Z"


def found(world: World, path: str = "/role_assignments", **query: Any) -> list[int]:
    return [row["id"] for row in world.kisi.get(path, **query).json()]


def granted(world: World, user: int = 10, group: int = GROUP, **window: str | None) -> int:
    ident: int = valid("role_assignment", world.grant(user, group, **window))["id"]
    return ident


# -- the rate --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["sliding", "fixed", "bucket"])
def test_the_shape_of_the_rate(world: World, shape: str) -> None:
    """Each lets a burst of the limit through; a part of the span later a bucket has filled by as
    much, a sliding window has not; after a whole one each is open again."""
    world.side.switch(kisi_rate=shape)
    world.side.limit(kisi_per_second=10, kisi_rate_ms=600_000)

    def admitted(after_ms: int) -> int:
        world.side.set_clock(advance_ms=after_ms)
        return [world.kisi.get("/user").status for _ in range(25)].count(200)

    first, later, last = admitted(0), admitted(180_000), admitted(1_200_000)
    if shape == "fixed":  # the span of the clock may have ended just then, or in between
        assert first in (10, 20) and later in (0, 10) and last in (10, 20)
    else:
        assert (first, later, last) == (10, 3 if shape == "bucket" else 0, 10)


@pytest.mark.parametrize(("switch", "last"), [("free", 200), ("counted", 429)])
def test_refused_requests_that_count(world: World, switch: str, last: int) -> None:
    """Asked again after half the span, refused, and again after more than a whole one."""
    world.side.switch(kisi_rate_refused=switch)
    world.side.limit(kisi_per_second=1, kisi_rate_ms=600_000)
    seen = []
    for pause in (0, 300_000, 400_000):
        world.side.set_clock(advance_ms=pause)
        seen.append(world.kisi.get("/user").status)
    assert seen == [200, 429, last]


@pytest.mark.parametrize(("switch", "status"), [("taken", 204), ("404", 404)])
def test_put_for_patch(world: World, switch: str, status: int) -> None:
    world.side.switch(kisi_put=switch)
    ident = granted(world)
    for path, body in ((f"/role_assignments/{ident}", {"role_assignment": {"notify": True}}),
                       ("/users/10", {"user": {"name": "A"}}),
                       (f"/groups/{GROUP}", {"group": {"name": "B"}})):
        assert world.kisi.put(path, body).status == status
        assert world.kisi.patch(path, body).status == 204


# -- lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("switch", "total"), [("present", "0-9/3"), ("absent", None)])
def test_the_range_header(world: World, switch: str, total: str | None) -> None:
    world.side.switch(kisi_range_header=switch)
    assert world.kisi.get("/groups").total == total
    assert (world.kisi.get("/role_assignments").total is None) == (total is None)


def test_an_email_filter_that_is_none(world: World) -> None:
    world.side.switch(kisi_email_filter="ignored")
    assert len(found(world, "/users", email="ada@example.org")) == 5


@pytest.mark.parametrize(("switch", "both"), [("all", 1), ("first", 2)])
def test_filters_that_combine(world: World, switch: str, both: int) -> None:
    world.side.switch(kisi_filters_combine=switch)
    granted(world)
    granted(world, group=OTHER_GROUP)
    granted(world, 11)
    assert len(found(world, user_id=10, group_id=GROUP)) == both
    assert len(found(world, assignee_type="User", assignee_id=10, applies_to_type="Group",
                     applies_to_id=GROUP)) == both
    assert len(found(world, group_id=GROUP)) == 2


def test_lists_that_lag_behind(world: World) -> None:
    old = granted(world)
    world.side.limit(kisi_list_lag_ms=60_000)
    world.side.set_clock(advance_ms=120_000)
    fresh = granted(world, 11)
    world.kisi.delete(f"/role_assignments/{old}")
    made = world.kisi.post("/users", {"user": {"email": "new@example.org"}}).json()["id"]
    assert found(world) == found(world, group_id=GROUP) == [old]
    assert found(world, assignee_type="User", assignee_id=11) == []
    assert found(world, "/users", query="new@example.org") == []
    # By id the truth is known, and what is shown of what went is whole.
    assert world.kisi.get(f"/role_assignments/{old}").status == 404
    assert world.kisi.get(f"/role_assignments/{fresh}").status == 200
    valid("role_assignment", world.kisi.get("/role_assignments"))
    world.side.set_clock(advance_ms=60_000)
    assert found(world) == found(world, group_id=GROUP) == [fresh]
    assert found(world, "/users", query="new@example.org") == [made]
    world.kisi.delete(f"/users/{made}")
    assert found(world, "/users", query="new@example.org") == [made]
    world.side.set_clock(advance_ms=60_000)
    assert found(world, "/users", query="new@example.org") == []


def test_doors_that_lag_behind(world: World) -> None:
    def opens() -> bool:
        granted_: bool = world.side.unlock(FRONT, user_id=10)["granted"]
        return granted_

    world.side.limit(kisi_door_lag_ms=60_000)
    right = granted(world)
    assert found(world) == [right] and not opens()
    world.side.set_clock(advance_ms=60_000)
    assert opens()
    world.kisi.delete(f"/role_assignments/{right}")
    assert found(world) == [] and opens()
    world.side.set_clock(advance_ms=60_000)
    assert not opens()


def test_pages_that_shift_and_totals_that_move(world: World) -> None:
    def page(offset: int) -> tuple[list[int], str | None]:
        answer = world.kisi.get("/users", limit=2, offset=offset)
        return [row["id"] for row in answer.json()], answer.total

    for effect, pages in (("shift_back", [([1, 2], "0-1/5"), ([2, 3], "2-3/5")]),
                          ("shrinking_total", [([1, 2], "0-1/4"), ([3, 10], "2-3/3")])):
        world.side.faults({"service": "kisi", "effect": effect, "count": 0})
        assert [page(0), page(2)] == pages, effect


# -- people ----------------------------------------------------------------------------------------


TAKEN = ("409", "422", "409_bare", "422_base")


def is_taken(answer: Answer, switch: str, field: str) -> None:
    assert answer.status == int(switch[:3])
    if switch == "409_bare":
        assert answer.body == b""
    else:
        refused(answer, answer.status, {"422": field, "422_base": "base"}.get(switch))


@pytest.mark.parametrize("switch", TAKEN)
def test_there_is_one_already(world: World, switch: str) -> None:
    world.side.switch(kisi_duplicate_user=switch, kisi_duplicate_assignment=switch)
    is_taken(world.kisi.post("/users", {"user": {"email": "Ada@example.org"}}), switch, "email")
    granted(world)
    is_taken(world.grant(), switch, "assignee_id")
    assert world.side.invitations() == {}


@pytest.mark.parametrize(("switch", "status", "email"), [
    ("ignored", 204, "ada@example.org"), ("taken", 204, "new@example.org"),
    ("422", 422, "ada@example.org")])
def test_a_patched_address(world: World, switch: str, status: int, email: str) -> None:
    world.side.switch(kisi_user_email_patch=switch)
    body = {"user": {"email": "new@example.org"}}
    assert world.kisi.patch("/users/10", body).status == status
    assert world.kisi.get("/users/10").json()["email"] == email
    assert found(world, "/users", email=email) == [10]


@pytest.mark.parametrize("switch", ["new", "same_id"])
def test_a_deleted_user_who_comes_back(world: World, switch: str) -> None:
    world.side.switch(kisi_recreated_user=switch, kisi_deleted_user="assignments_kept")
    granted(world)
    world.kisi.delete("/users/10")
    assert world.kisi.get("/users/10").status == 404
    again = world.kisi.post("/users", {"user": {"email": "Ada@example.org"}}).json()["id"]
    assert (again == 10) == (switch == "same_id")
    assert world.side.unlock(FRONT, email="ada@example.org")["granted"] is (switch == "same_id")


@pytest.mark.parametrize(("switch", "mails"), [("no", 0), ("yes", 1)])
def test_mail_about_a_grant(world: World, switch: str, mails: int) -> None:
    world.side.switch(kisi_notify_default=switch)

    def grant(**more: bool) -> int:
        body = {"user_id": 10, "group_id": GROUP, "role_id": "group_basic", **more}
        assert world.kisi.post("/role_assignments", {"role_assignment": body}).status == 200
        return world.side.invitations().get("ada@example.org", 0)

    assert [grant(), grant(notify=False), grant(notify=True)] == [mails, mails, mails + 1]


def test_keys_that_lose_their_rights(world: World) -> None:
    granted(world)
    world.side.call("PUT", "/kisi/logins", [{"key": KEY, "user_id": 1, "read_only": True}])
    assert world.kisi.get("/user").status == 200
    refused(world.grant(11), 403)
    refused(world.kisi_as("second-key").get("/user"), 401)
    assert len(found(world)) == 1  # and nothing else is lost
    world.side.call("PUT", "/kisi/logins", WORLD["kisi"]["logins"])
    assert world.grant(11).status == 200


# -- role assignments ------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["until_only", "403"])
def test_patching_a_window_in_part_or_not(world: World, switch: str) -> None:
    world.side.switch(kisi_assignment_patch=switch)
    path = f"/role_assignments/{granted(world, valid_from=NOW, valid_until=LATER)}"
    body = {"role_assignment": {"valid_from": PAST, "valid_until": "2030-03-01T00:00:00Z"}}
    answer = world.kisi.patch(path, body)
    row = valid("role_assignment", world.kisi.get(path))
    if switch == "403":
        refused(answer, 403)
        assert (row["valid_from"], row["valid_until"]) == (NOW, LATER)
    else:
        assert answer.status == 204
        assert (row["valid_from"], row["valid_until"]) == (NOW, "2030-03-01T00:00:00Z")


@pytest.mark.parametrize("status", ["204", "404", "422"])
def test_deleting_an_expired_one(world: World, status: str) -> None:
    world.side.switch(kisi_expired_delete=status)
    over, live = granted(world, valid_until=PAST), granted(world, valid_until=LATER)
    assert world.kisi.delete(f"/role_assignments/{over}").status == int(status)
    assert world.kisi.delete(f"/role_assignments/{live}").status == 204
    assert (over in found(world)) == (status != "204")


def test_how_long_expired_ones_are_listed(world: World) -> None:
    world.side.switch(kisi_expired_assignments="kept_2")
    over = granted(world, valid_until="2030-01-15T08:30:00Z")
    assert found(world) == found(world, group_id=GROUP) == [over]
    world.side.set_clock(now="2030-01-15T10:30:00Z")
    assert found(world) == found(world, group_id=GROUP) == []
    assert world.kisi.get(f"/role_assignments/{over}").status == 200


def test_expired_ones_that_are_gone(world: World) -> None:
    world.side.switch(kisi_expired_assignments="gone")
    over = granted(world, valid_until=PAST)
    assert found(world) == []
    refused(world.kisi.get(f"/role_assignments/{over}"), 404)
    refused(world.kisi.delete(f"/role_assignments/{over}"), 404)
    assert [row["id"] for row in world.side.rights()] == [over]


@pytest.mark.parametrize("switch", ["utc", "422"])
def test_times_without_a_zone(world: World, switch: str) -> None:
    world.side.switch(kisi_zoneless=switch)
    answer = world.grant(valid_until="2030-02-01T00:00:00")
    if switch == "422":
        refused(answer, 422, "valid_until")
    else:
        assert valid("role_assignment", answer)["valid_until"] == LATER
    for text in ("2030-02-01T01:00:00+01:00", "2030-01-31T23:00:00-01:00", LATER):
        assert world.grant(valid_until=text).json()["valid_until"] == LATER


@pytest.mark.parametrize(("switch", "kept"), [
    ("ms", "2030-02-01T00:00:00.999Z"), ("seconds", "2030-02-01T00:00:00.000Z")])
def test_how_exact_times_are(world: World, switch: str, kept: str) -> None:
    world.side.switch(kisi_precision=switch, kisi_times="fraction")
    assert world.grant(valid_until="2030-02-01T00:00:00.999Z").json()["valid_until"] == kept


@pytest.mark.parametrize("status", ["404", "422"])
def test_a_grant_to_nobody(world: World, status: str) -> None:
    world.side.switch(kisi_missing_target=status)
    refused(world.grant(user=999), int(status), "assignee" if status == "422" else None)
    refused(world.grant(group=999), int(status), "applies_to" if status == "422" else None)


def test_made_by_an_integration(world: World) -> None:
    world.side.switch(kisi_created_by="installation")
    row = valid("role_assignment", world.grant())
    assert row["created_by_type"] == "MarketplaceInstallation" and row["created_by_id"] != 1


# -- events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("switch", "cursors"), [
    ("null", ["s2", "s4", None]), ("absent", ["s2", "s4", "absent"]),
    ("repeated", ["s2", "s4", "s4"]), ("empty_page", ["s2", "s4", "s5", None])])
def test_the_last_cursor(world: World, switch: str, cursors: list[str | None]) -> None:
    world.side.switch(kisi_last_cursor=switch)
    world.side.call("POST", "/kisi/events", [{"type": "lock.opened", "lock": FRONT}] * 5)
    made = world.kisi.post("/event_sets", {"event_set": {"event_type": "lock.opened"}}).json()
    query: dict[str, Any] = {"limit": 2}
    seen, uuids = [], []
    for _ in cursors:
        page = world.kisi.get(f"/event_sets/{made['id']}", **query).json()
        query["cursor"] = page.get("cursor", "absent")
        seen.append(query["cursor"])
        uuids += [event["uuid"] for event in page["events"]]
    assert seen == cursors
    assert len(uuids) == len(set(uuids)) == 5


@pytest.mark.parametrize(("switch", "n"), [("out", 1), ("in", 2)])
def test_events_that_come_late(world: World, switch: str, n: int) -> None:
    world.side.switch(kisi_late_events=switch)
    world.side.event("lock.opened", lock=FRONT, at=PAST)
    made = world.kisi.post("/event_sets", {"event_set": {"event_type": "lock.opened"}}).json()
    world.side.event("lock.opened", lock=FRONT, at="2030-01-15T09:30:00Z")
    page = valid("event_set", world.kisi.get(f"/event_sets/{made['id']}"))
    assert len(page["events"]) == n


@pytest.mark.parametrize(("authorized", "code"), [("given", "both"), ("null", "error_code")])
def test_what_an_event_says(world: World, authorized: str, code: str) -> None:
    world.side.switch(kisi_authorized_by=authorized, kisi_event_code=code)
    denied = world.side.unlock(FRONT, user_id=10)["event"]
    right = granted(world)
    opened = world.side.unlock(FRONT, user_id=10)["event"]
    for event in (denied, opened):
        validator("event").validate(event)
    assert opened["authorized_by_id"] == (right if authorized == "given" else None)
    assert denied["error_code"] == "fcd8ef"
    assert denied["code"] == ("fcd8ef" if code == "both" else None)


# -- schedules -------------------------------------------------------------------------------------


def test_what_a_schedule_needs(world: World) -> None:
    def schedule(**fields: Any) -> Answer:
        return world.kisi.post("/schedules", {"schedule": fields})

    week: dict[str, Any] = hours(GROUP, "08:00", "20:00")
    bare: dict[str, Any] = {key: week[key] for key in ("consequence", "scheduleable_type", "scheduleable_id")}
    for fields, field in (
        ({**week, "ends_at_time": "02:00"}, "ends_at_time"),  # over midnight it has to be two
        ({**week, "starts_at_time": "8:00"}, "starts_at_time"),
        ({**week, "starts_at_time": "25:00"}, "starts_at_time"),
        ({**bare, "starts_at_time": "08:00", "ends_at_time": "20:00"}, "base"),  # on no day
        ({**bare, "starts_at": NOW}, "ends_at"),
        ({**bare, "starts_at": NOW, "ends_at": PAST}, "ends_at"),
        ({**bare, "starts_at_date": "2030-01-02", "ends_at_date": "2030-01-01"}, "ends_at_date"),
        (bare, "type"),
    ):
        refused(schedule(**fields), 422, field)
    refused(schedule(**{**week, "scheduleable_id": 999}), 404)
    made = valid("schedule", schedule(**week))
    path = f"/schedules/{made['id']}"
    refused(world.kisi.patch(path, {"schedule": {"ends_at_time": "07:00"}}), 422, "ends_at_time")
    assert world.kisi.patch(path, {"schedule": {"ends_at_time": "21:00"}}).status == 204
    assert world.kisi.get(path).json()["ends_at_time"] == "21:00"
    query: dict[str, Any] = {"scheduleable_type": "Group", "scheduleable_id": GROUP}
    assert found(world, "/schedules", **query) == [made["id"]]
    assert found(world, "/schedules", **{**query, "scheduleable_id": OTHER_GROUP}) == []
    for key in query:
        refused(world.kisi.get("/schedules", **{key: query[key]}), 400)


@pytest.mark.parametrize(("switch", "status"), [("derived", 200), ("required", 422)])
def test_the_type_of_a_schedule(world: World, switch: str, status: int) -> None:
    world.side.switch(kisi_schedule_type=switch)
    week = hours(GROUP, "08:00", "20:00")
    assert world.kisi.post("/schedules", {"schedule": week}).status == 200
    del week["type"]
    answer = world.kisi.post("/schedules", {"schedule": week})
    assert answer.status == status
    if status == 200:
        assert answer.json()["type"] == "recurring_event"


def test_hours_once_and_hours_that_cancel(world: World) -> None:
    """Seconds of a single event are ignored; `override` takes the others' hours away."""
    def schedule(**fields: Any) -> None:
        body = {"consequence": "allow", "scheduleable_type": "Group", "scheduleable_id": GROUP}
        assert world.kisi.post("/schedules", {"schedule": {**body, **fields}}).status == 200

    def opens(at: str) -> bool:
        answer = world.side.call("POST", f"/kisi/door/{FRONT}/unlock", {"user_id": 10, "at": at})
        granted_: bool = answer["granted"]
        return granted_

    granted(world)
    world.kisi.patch(f"/groups/{GROUP}", {"group": {"time_restriction_enabled": True}})
    schedule(starts_at="2030-01-15T12:00:59Z", ends_at="2030-01-15T13:00:59Z")
    assert [opens(f"2030-01-15T{at}Z") for at in ("11:59:59", "12:00:00", "12:59:59", "13:00:00")
            ] == [False, True, True, False]
    schedule(starts_at_date="2030-01-20", ends_at_date="2030-01-21")
    assert opens("2030-01-21T22:59:00Z") and not opens("2030-01-21T23:01:00Z")  # Madrid's day
    schedule(starts_at="2030-01-20T12:00:00Z", ends_at="2030-01-20T13:00:00Z", override=True)
    assert not opens("2030-01-20T12:30:00Z") and opens("2030-01-20T13:30:00Z")
    assert [row["place_id"] for row in world.kisi.get("/schedules").json()] == [PLACE] * 3
