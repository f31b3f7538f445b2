# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The KISI that the sandbox plays: its answers against strict schemas written from the reference
(schemas/kisi), and each open reading with each value of its switch."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sandbox_world import (
    BACK, FAR_GROUP, FRONT, GROUP, KEY, NOW, OTHER_GROUP, OTHER_PLACE, PLACE, Answer, World, hours,
    refused, valid, validator)

pytest_plugins = ["sandbox_fixtures"]

# -- shapes ----------------------------------------------------------------------------------------


def test_every_reading_answer_is_strictly_right(world: World) -> None:
    world.grant(valid_from=NOW, valid_until="2030-02-01T00:00:00Z")
    world.kisi.post("/schedules", {"schedule": hours(GROUP, "08:00", "20:00")})
    get = world.kisi.get
    valid("user", get("/user"))
    valid("organization", get("/organization"))
    for path, name in (("/organizations", "organization"), ("/users", "user"),
                       ("/places", "place"), ("/locks", "lock"), ("/groups", "group"),
                       ("/role_assignments", "role_assignment"), ("/schedules", "schedule"),
                       ("/roles", "role")):
        rows = valid(name, get(path))
        assert rows, path
        if path not in ("/organizations", "/roles"):
            valid(name, get(f"{path}/{rows[0]['id']}"))
            assert get(path).total == f"0-{ {'/users': 49, '/places': 49, '/locks': 49}.get(path, 9)}/{len(rows)}"
    rows = valid("group_lock", get("/group_locks", group_id=OTHER_GROUP))
    assert [row["lock_id"] for row in rows] == [FRONT, BACK]
    valid("group_lock", get(f"/group_locks/{rows[0]['id']}"))
    assert "lock.unlock" in get("/events/types").json()


@pytest.mark.parametrize("switch", ["z", "fraction", "offset"])
def test_times_in_each_form(world: World, switch: str) -> None:
    world.side.switch(kisi_times=switch)
    row = valid("role_assignment", world.grant(valid_until="2030-02-01T01:02:03.456Z"))
    assert row["valid_until"] == {"z": "2030-02-01T01:02:03Z", "offset": "2030-02-01T01:02:03+00:00",
                                  "fraction": "2030-02-01T01:02:03.456Z"}[switch]
    offset = valid("role_assignment", world.grant(valid_until="2030-02-01T02:00:00+01:00"))
    assert offset["valid_until"].startswith("2030-02-01T01:00:00")


def test_errors_have_their_two_shapes(world: World) -> None:
    refused(world.anonymous().get("/user"), 401)
    refused(world.kisi_as("wrong").get("/user"), 401)
    bearer = world.anonymous().call("GET", "/user", headers={"Authorization": f"Bearer {KEY}"})
    refused(bearer, 401)
    for path in ("/users/999", "/groups/999", "/role_assignments/999", "/locks/x", "/users/0"):
        refused(world.kisi.get(path), 404)
        refused(world.kisi.delete(path), 404)
    unknown = valid("error", world.kisi.get("/events"), 404)
    assert unknown == {"code": "000404",
                       "error": "The endpoint does not exist, please check your request."}
    for path in ("/members", "/shares", "/groups/7001/locks", "/"):
        assert world.kisi.get(path).json()["code"] == "000404"
    refused(world.kisi.get("/group_locks"), 400)
    refused(world.kisi.call("POST", "/users", b"{"), 400)
    refused(world.kisi.post("/users", {"email": "x@example.org"}), 400)
    refused(world.kisi.post("/users", {"user": {"name": "x"}}), 422, "email")
    refused(world.kisi.post("/groups", {"group": {}}), 422, "name")


def test_creates_answer_200_and_changes_204(world: World) -> None:
    made = valid("group", world.kisi.post("/groups", {"group": {"name": "New", "place_id": PLACE}}))
    path = f"/groups/{made['id']}"
    changed = world.kisi.patch(path, {"group": {"name": "Newer", "place_id": OTHER_PLACE}})
    assert (changed.status, changed.body) == (204, b"")
    after = valid("group", world.kisi.get(path))
    assert (after["name"], after["place_id"]) == ("Newer", PLACE)
    body = {"group_lock": {"group_id": made["id"], "lock_id": FRONT}}
    opens = valid("group_lock", world.kisi.post("/group_locks", body))
    refused(world.kisi.post("/group_locks", body), 422)
    assert world.kisi.delete(f"/group_locks/{opens['id']}").status == 204
    assert world.kisi.delete(path).status == 204
    assert world.kisi.get(path).status == 404


# -- keys and the rate -----------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["bare", "retry_after", "json"])
def test_the_rate_is_a_users(world: World, switch: str) -> None:
    world.side.switch(kisi_throttle=switch)
    world.side.limit(kisi_per_second=5)
    answers = [world.kisi_as(key).get("/user")
               for key in (KEY, "second-key", KEY, "second-key", KEY, "second-key")]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert world.kisi_as("reader-key").get("/user").status == 200
    last = answers[-1]
    assert last.headers.get("retry-after") == ("1" if switch == "retry_after" else None)
    if switch == "json":
        refused(last, 429)
    else:
        assert last.body == b""


def test_what_a_limited_key_sees(world: World) -> None:
    porter = world.kisi_as("place-key")
    world.grant(group=FAR_GROUP)
    assert [row["id"] for row in porter.get("/groups").json()] == [GROUP, OTHER_GROUP]
    assert [row["id"] for row in porter.get("/places").json()] == [PLACE]
    assert porter.get(f"/groups/{FAR_GROUP}").status == 404
    assert porter.get("/role_assignments").json() == []
    body = {"role_assignment": {"user_id": 10, "group_id": FAR_GROUP, "role_id": "group_basic"}}
    assert porter.post("/role_assignments", body).status == 404
    reader = world.kisi_as("reader-key")
    assert reader.get("/groups").status == 200
    refused(reader.post("/role_assignments", body), 403)


def test_a_key_dies_with_its_owner(world: World) -> None:
    assert world.kisi.delete("/users/2").status == 204
    assert world.kisi_as("place-key").get("/user").status == 401
    refused(world.kisi.delete("/users/1"), 422)


# -- lists -----------------------------------------------------------------------------------------


def test_pages_and_their_range(world: World) -> None:
    for n in range(12):
        world.kisi.post("/groups", {"group": {"name": f"g{n}"}})
    first = world.kisi.get("/groups")
    assert (len(first.json()), first.total) == (10, "0-9/15")
    second = world.kisi.get("/groups", offset=10, limit=10)
    assert (len(second.json()), second.total) == (5, "10-19/15")  # the end that was asked for
    past = world.kisi.get("/groups", offset=20)
    assert (past.json(), past.total) == ([], "20-29/15")


@pytest.mark.parametrize("switch", ["clamp", "400", "422"])
def test_a_limit_above_the_maximum(world: World, switch: str) -> None:
    world.side.switch(kisi_limit_over=switch)
    assert world.kisi.get("/users", limit=100).total == "0-99/5"
    assert world.kisi.get("/groups", limit=250).total == "0-249/3"
    over = (world.kisi.get("/users", limit=101), world.kisi.get("/groups", limit=251),
            world.kisi.get("/groups", offset=20001))
    if switch == "clamp":
        assert [answer.total for answer in over] == ["0-99/5", "0-249/3", "20000-20009/3"]
    else:
        for answer in over:
            refused(answer, int(switch))


@pytest.mark.parametrize(("switch", "header"), [
    ("star", "*/0"), ("zero_based", "0-9/0"), ("absent", None)])
def test_the_range_of_nothing(world: World, switch: str, header: str | None) -> None:
    world.side.switch(kisi_empty_range=switch)
    assert world.kisi.get("/role_assignments").total == header


def test_searches_are_fuzzy(world: World) -> None:
    def found(**query: Any) -> list[int]:
        return [row["id"] for row in world.kisi.get("/users", **query).json()]

    assert found(query="ada@example.org") == [10, 11]
    assert found(query="ADAM") == [11]
    assert found(ids="11,2") == [2, 11]
    assert found(email="Ada@Example.org") == [10]
    world.side.switch(kisi_email_filter="fuzzy")
    assert found(email="ada@example.org") == [10, 11]
    world.grant()
    assert found(group_id=GROUP) == [10] and found(place_id=OTHER_PLACE) == []
    assert found(user_id="me") == [1]
    names = [row["name"] for row in world.kisi.get("/users", sort="-name").json()]
    assert names == sorted(names, reverse=True)


def test_filters_of_groups_and_locks(world: World) -> None:
    def found(path: str, **query: Any) -> list[int]:
        return [row["id"] for row in world.kisi.get(path, **query).json()]

    assert found("/groups", lock_id=BACK) == [OTHER_GROUP]
    assert found("/groups", place_id=OTHER_PLACE) == [FAR_GROUP]
    assert found("/groups", query="MEMBERS") == [GROUP, FAR_GROUP]
    assert found("/groups", scope="organization") == []
    assert found("/locks", place_id=PLACE) == [FRONT, BACK]


# -- people ----------------------------------------------------------------------------------------


def test_invitations(world: World) -> None:
    def create(**fields: Any) -> Answer:
        return world.kisi.post("/users", {"user": fields})

    valid("user", create(email="a@example.org", name="A", send_emails=True))
    valid("user", create(email="b@example.org"))  # left out means mail
    valid("user", create(email="c@example.org", send_emails=False, confirm=True))
    create(email="a@example.org", send_emails=True)
    assert world.side.invitations() == {"a@example.org": 1, "b@example.org": 1}


@pytest.mark.parametrize("status", ["409", "422"])
def test_an_address_that_is_taken(world: World, status: str) -> None:
    world.side.switch(kisi_duplicate_user=status)
    refused(world.kisi.post("/users", {"user": {"email": "ADA@example.org"}}), int(status))
    assert world.side.invitations() == {}


def test_changing_a_user(world: World) -> None:
    body = {"user": {"name": "Ada B", "email": "new@example.org", "access_enabled": False,
                     "notes": "n", "metadata": {"latchkey": "9001"}}}
    assert world.kisi.patch("/users/10", body).status == 204
    after = valid("user", world.kisi.get("/users/10"))
    assert (after["name"], after["email"]) == ("Ada B", "ada@example.org")
    assert (after["access_enabled"], after["metadata"]) == (False, {"latchkey": "9001"})
    assert world.side.suspend_user("ada@example.org", False)["access_enabled"] is True


@pytest.mark.parametrize(("switch", "left"), [("assignments_gone", 0), ("assignments_kept", 1)])
def test_a_deleted_user(world: World, switch: str, left: int) -> None:
    world.side.switch(kisi_deleted_user=switch)
    world.grant()
    assert world.kisi.delete("/users/10").status == 204
    assert len(valid("role_assignment", world.kisi.get("/role_assignments"))) == left
    assert world.kisi.post("/users", {"user": {"email": "ada@example.org"}}).status == 200


# -- role assignments ------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["both", "new"])
def test_both_forms(world: World, switch: str) -> None:
    world.side.switch(kisi_assignment_form=switch)
    made = valid("role_assignment", world.grant())
    assert (made["user_id"], made["group_id"], made["created_by_id"]) == (10, GROUP, 1)
    old = world.kisi.post("/role_assignments", {"role_assignment": {
        "user_id": 11, "group_id": GROUP, "role_id": "group_basic", "valid_until": NOW}})
    if switch == "new":
        refused(old, 422)
    else:
        assert valid("role_assignment", old)["assignee_id"] == 11


def test_what_a_role_assignment_needs(world: World) -> None:
    refused(world.grant(user=999), 404)
    refused(world.grant(group=999), 404)
    refused(world.grant(valid_until="soon"), 422, "valid_until")
    post = world.kisi.post
    refused(post("/role_assignments", {"role_assignment": {"user_id": 10}}), 422, "applies_to_id")
    refused(post("/role_assignments", {"role_assignment": {"user_id": 10, "group_id": GROUP}}), 422,
            "role_id")
    refused(post("/role_assignments", {"role_assignment": {
        "user_id": 10, "group_id": GROUP, "role_id": "place_administrator"}}), 422, "role_id")


WINDOW: dict[str, Any] = {"valid_from": NOW, "valid_until": "2030-02-01T00:00:00Z"}


@pytest.mark.parametrize(("switch", "equal", "different"), [
    ("new_row", 200, 200), ("409", 409, 409), ("422", 422, 422),
    ("equal_window_409", 409, 200), ("equal_window_422", 422, 200)])
def test_a_second_assignment(world: World, switch: str, equal: int, different: int) -> None:
    world.side.switch(kisi_duplicate_assignment=switch)
    assert world.grant(**WINDOW).status == 200
    second: tuple[tuple[int, dict[str, Any]], ...] = (
        (equal, WINDOW), (different, {"valid_until": None}))
    for status, window in second:
        answer = world.grant(**window)
        if status == 200:
            valid("role_assignment", answer)
        else:
            refused(answer, status)
    assert world.grant(group=OTHER_GROUP, **WINDOW).status == 200
    assert world.side.hand_right("ada@example.org", GROUP)["user_id"] == 10  # never refused


@pytest.mark.parametrize("switch", ["accepted", "422"])
def test_ends_in_the_past(world: World, switch: str) -> None:
    world.side.switch(kisi_until_past=switch)
    for answer in (world.grant(valid_until="2030-01-15T09:00:00Z"),
                   world.grant(valid_from="2030-03-01T00:00:00Z", valid_until="2030-02-01T00:00:00Z")):
        if switch == "422":
            refused(answer, 422, "valid_until")
        else:
            valid("role_assignment", answer)
    assert world.grant(**WINDOW).status == 200


@pytest.mark.parametrize("switch", ["times", "ignored", "422"])
def test_patching_a_window(world: World, switch: str) -> None:
    world.side.switch(kisi_assignment_patch=switch)
    made = world.grant(**WINDOW).json()
    path = f"/role_assignments/{made['id']}"
    answer = world.kisi.patch(path, {"role_assignment": {"valid_until": "2030-03-01T00:00:00Z"}})
    assert answer.status == (422 if switch == "422" else 204)
    after = valid("role_assignment", world.kisi.get(path))
    wanted = "2030-03-01T00:00:00Z" if switch == "times" else WINDOW["valid_until"]
    assert (after["valid_from"], after["valid_until"]) == (NOW, wanted)
    assert world.kisi.patch(path, {"role_assignment": {"notify": True}}).status == 204
    if switch == "times":
        world.kisi.patch(path, {"role_assignment": {"valid_until": None}})
        assert world.kisi.get(path).json()["valid_until"] is None


@pytest.mark.parametrize(("switch", "left"), [("kept", 2), ("dropped", 1)])
def test_expired_assignments_in_lists(world: World, switch: str, left: int) -> None:
    world.side.switch(kisi_expired_assignments=switch)
    old = world.grant(valid_until="2030-01-15T09:59:00Z").json()["id"]
    world.grant(user=11)
    assert len(world.kisi.get("/role_assignments").json()) == left
    assert world.kisi.get(f"/role_assignments/{old}").status == 200
    assert len(world.side.rights()) == 2


@pytest.mark.parametrize(("switch", "who"), [("user", ("User", 1)), ("null", (None, None))])
def test_who_made_it(world: World, switch: str, who: tuple[str | None, int | None]) -> None:
    world.side.switch(kisi_created_by=switch)
    made = valid("role_assignment", world.grant())
    assert (made["created_by_type"], made["created_by_id"]) == who


def test_filters_of_assignments(world: World) -> None:
    a, b, c = (world.grant(user, group).json()["id"]
               for user, group in ((10, GROUP), (10, FAR_GROUP), (11, GROUP)))

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in world.kisi.get("/role_assignments", **query).json()]

    assert found(assignee_type="User", assignee_id=10) == [a, b]
    assert found(applies_to_type="Group", applies_to_id=GROUP) == [a, c]
    assert found(assignee_type="User", assignee_id=11, applies_to_type="Group",
                 applies_to_id=FAR_GROUP) == []
    assert found(user_id=10, group_id=GROUP) == [a]
    assert found(place_id=OTHER_PLACE) == [b]
    assert found(query="adam@example.org") == [c]
    assert found(assignee_id=10) == [a, b, c]  # an id filter needs its type beside it
    assert found(ids=f"{a},{c}") == [a, c]


def test_lists_agree_whatever_they_are_asked_by(world: World) -> None:
    """Rows that came in any order, moved and went: each index tells what the whole list tells."""
    users, groups = range(100, 110), [GROUP, OTHER_GROUP, FAR_GROUP]
    draw = random.Random(7)
    rights = [{"id": ident, "user_id": draw.choice(users), "group_id": draw.choice(groups)}
              for ident in draw.sample(range(1000, 9000), 300)]
    world.side.add({"kisi": {
        "users": [{"id": n, "email": f"p{n}@example.org", "name": f"P {n}"} for n in users],
        "role_assignments": rights}})

    def found(**query: Any) -> list[tuple[int, int, int]]:
        rows: list[tuple[int, int, int]] = []
        while True:
            answer = world.kisi.get("/role_assignments", limit=70, offset=len(rows), **query)
            rows += [(row["id"], row["user_id"], row["group_id"]) for row in answer.json()]
            assert answer.total and answer.total.endswith(f"/{len(rows)}") or len(rows) % 70 == 0
            if len(answer.json()) < 70:
                return rows

    def agree() -> None:
        whole = found()
        assert whole == sorted(whole)
        for user in users:
            mine = [row for row in whole if row[1] == user]
            assert found(assignee_type="User", assignee_id=user) == found(user_id=user) == mine
            assert [row["id"] for row in world.side.rights(user_id=user)] == [r[0] for r in mine]
        for group in groups:
            its = [row for row in whole if row[2] == group]
            assert found(applies_to_type="Group", applies_to_id=group) == its
            assert world.kisi.get(f"/groups/{group}").json()["users_count"] == len(its)
            assert found(group_id=group, user_id=105) == [row for row in its if row[1] == 105]

    agree()
    for right in draw.sample(rights, 100):
        world.kisi.delete(f"/role_assignments/{right['id']}")
    left = [row["id"] for row in world.side.rights()]
    for ident in draw.sample(left, 50):
        world.side.call("PUT", f"/kisi/rights/{ident}", {"group_id": draw.choice(groups),
                                                         "user_id": draw.choice(users)})
    agree()
    world.kisi.delete("/users/105")
    world.side.delete_kisi("groups", OTHER_GROUP)
    groups.remove(OTHER_GROUP)
    agree()
    assert [row["id"] for row in world.kisi.get("/users", query="p10").json()] == [
        n for n in users if n != 105]
    world.kisi.patch("/users/101", {"user": {"name": "Quite Another", "notes": "was p.101"}})
    assert [row["id"] for row in world.kisi.get("/users", query="anoth").json()] == [101]
    assert [row["id"] for row in world.kisi.get("/users", query="101").json()] == [101]


# -- doors -----------------------------------------------------------------------------------------


def tried(world: World, lock: int = FRONT, **who: Any) -> tuple[bool, str | None, int | None]:
    """Whether it opened, the code, and by what right, as the event has it too."""
    answer = world.side.call("POST", f"/kisi/door/{lock}/unlock",
                             {"email": "ada@example.org", **who})
    validator("event").validate(answer["event"])
    event = answer["event"]
    assert (event["success"], event["code"]) == (answer["granted"], answer["code"])
    assert (event["type"], event["object_id"]) == ("lock.unlock", lock)
    return answer["granted"], answer["code"], event["authorized_by_id"]


def test_a_door_opens_by_the_union_of_groups(world: World) -> None:
    assert tried(world) == (False, "fcd8ef", None)
    first = world.grant(valid_until="2030-01-15T12:00:00Z").json()["id"]
    later = world.grant(group=OTHER_GROUP, valid_from="2030-01-15T12:00:00Z",
                        valid_until="2030-01-15T13:00:00Z").json()["id"]
    assert tried(world) == (True, None, first)
    assert tried(world, BACK) == (False, "f358de", None)
    assert tried(world, at="2030-01-15T12:00:00Z") == (True, None, later)
    assert tried(world, at="2030-01-15T13:00:00Z") == (False, "f35ade", None)
    world.side.take_right(first)
    assert tried(world) == (False, "f358de", None)


@pytest.mark.parametrize(("switch", "opens"), [("exclusive", False), ("inclusive", True)])
def test_the_very_end(world: World, switch: str, opens: bool) -> None:
    world.side.switch(kisi_end=switch)
    world.grant(valid_until="2030-01-15T12:00:00Z")
    assert tried(world, at="2030-01-15T12:00:00Z")[0] is opens
    assert tried(world, at="2030-01-15T11:59:59.999Z")[0] is True
    assert tried(world, at="2030-01-15T12:00:00.001Z")[0] is False


def test_what_shuts_a_door(world: World) -> None:
    right = world.grant().json()["id"]
    side = world.side
    for path, on, off, code in (
        ("suspend", {"user_id": 10}, {"user_id": 10, "suspended": False}, "fcd8ff"),
        ("lockdown", {"lock": FRONT}, {"lock": FRONT, "on": False}, "fad001"),
        ("lockdown", {"place": PLACE}, {"place": PLACE, "on": False}, "fad002"),
    ):
        side.call("POST", f"/kisi/{path}", on)
        assert tried(world) == (False, code, None)
        valid("lock", world.kisi.get(f"/locks/{FRONT}"))
        valid("place", world.kisi.get(f"/places/{PLACE}"))
        side.call("POST", f"/kisi/{path}", off)
        assert tried(world) == (True, None, right)
    side.call("PUT", f"/kisi/groups/{GROUP}", {"login_enabled": False})
    assert tried(world, credential="Login") == (False, "f01337", None)
    assert tried(world, credential="Card")[0] is True
    assert tried(world, email="nobody@example.org") == (False, "faa9ef", None)
    side.delete_kisi("groups", GROUP)
    assert tried(world) == (False, "fcd8ef", None)


def test_hours_of_a_group_are_the_places_own(world: World) -> None:
    """10:00 UTC is 11:00 in Madrid."""
    right = world.grant().json()["id"]
    world.kisi.patch(f"/groups/{GROUP}", {"group": {"time_restriction_enabled": True}})
    assert tried(world) == (False, "34ffaa", None)
    schedule = valid("schedule", world.kisi.post("/schedules", {
        "schedule": hours(GROUP, "10:30", "11:30")}))
    assert tried(world) == (True, None, right)
    assert tried(world, at="2030-01-15T10:30:00Z") == (False, "34ffaa", None)
    assert tried(world, at="2030-01-15T09:29:59Z") == (False, "34ffaa", None)
    world.kisi.patch(f"/schedules/{schedule['id']}", {"schedule": {"tuesday": False}})
    assert tried(world) == (False, "34ffaa", None)
    assert tried(world, at="2030-01-16T10:00:00Z")[0] is True


def test_unlocking_by_the_api(world: World) -> None:
    refused(world.kisi.post(f"/locks/{FRONT}/unlock"), 403)
    world.grant(user=1)
    assert valid("unlocked", world.kisi.post(f"/locks/{FRONT}/unlock")) == {"message": "Unlocked!"}
    assert world.kisi.post(f"/locks/{FRONT}/lock_down").status == 204
    refused(world.kisi.post(f"/locks/{FRONT}/unlock", {}), 403)
    assert world.kisi.post(f"/locks/{FRONT}/cancel_lockdown").status == 204
    refused(world.kisi.post("/locks/1/unlock"), 404)


# -- events ----------------------------------------------------------------------------------------


def event_set(world: World, **filters: Any) -> dict[str, Any]:
    return valid("event_set", world.kisi.post("/event_sets", {"event_set": filters}))


@pytest.mark.parametrize(("switch", "order"), [
    ("newest_first", [2, 1, 0]), ("oldest_first", [0, 1, 2])])
def test_a_small_set_is_finished_at_once(world: World, switch: str, order: list[int]) -> None:
    world.side.switch(kisi_event_order=switch)
    made = [world.side.event("lock.forced_open", lock=FRONT, at=f"2030-01-15T09:0{n}:00Z")
            for n in range(3)]
    found = event_set(world, event_type="lock.forced_open,lock.tailgate")
    assert (found["status"], found["cursor"]) == ("finished", None)
    assert [event["uuid"] for event in found["events"]] == [made[n]["uuid"] for n in order]
    assert found["event_type"] == "lock.forced_open,lock.tailgate"


def test_a_set_is_read_by_cursor(world: World) -> None:
    for n in range(120):
        world.side.event("lock.opened", lock=FRONT)
    first = event_set(world, event_type="lock.opened")
    assert (len(first["events"]), bool(first["cursor"])) == (50, True)
    seen = [event["uuid"] for event in first["events"]]
    path, cursor = f"/event_sets/{first['id']}", first["cursor"]
    while cursor:
        page = valid("event_set", world.kisi.get(path, limit=40, cursor=cursor))
        seen += [event["uuid"] for event in page["events"]]
        cursor = page["cursor"]
    assert len(seen) == len(set(seen)) == 120
    assert len(valid("event_set", world.kisi.get(path, limit=1000))["events"]) == 120
    world.side.limit(kisi_events_page_max=100)
    assert len(world.kisi.get(path, limit=1000).json()["events"]) == 100
    refused(world.kisi.get(path, cursor="x"), 400)
    # What came later is not in it.
    world.side.event("lock.opened", lock=FRONT)
    assert len(event_set(world, event_type="lock.opened", event_object_id=FRONT)["events"]) == 50
    assert world.kisi.get(path, limit=1000).json()["cursor"] == "s100"


def test_filters_of_sets(world: World) -> None:
    tried(world)
    world.grant()
    tried(world)
    world.side.event("lock.tailgate", lock=BACK, at="2030-01-15T08:00:00Z",
                     uuid="00000000-0000-4000-8000-000000000001")

    def types(**filters: Any) -> list[str]:
        return sorted(event["type"] for event in event_set(world, **filters)["events"])

    assert types() == ["lock.tailgate", "lock.unlock", "lock.unlock", "role_assignment.create"]
    assert types(event_success=False) == ["lock.unlock"]
    assert types(event_actor_type="User", event_actor_id=10) == ["lock.unlock", "lock.unlock"]
    assert types(event_object_type="Lock", event_object_id=BACK) == ["lock.tailgate"]
    assert types(place_id=PLACE) == ["lock.tailgate", "lock.unlock", "lock.unlock"]
    assert types(event_place_id=OTHER_PLACE) == []
    assert types(event_uuid="00000000-0000-4000-8000-000000000001,x") == ["lock.tailgate"]
    assert types(interval="2030-01-15T07:59:00Z/2030-01-15T08:00:00Z") == ["lock.tailgate"]
    assert types(interval="2030-01-15T07:00:00Z/PT1H30M") == ["lock.tailgate"]
    assert types(interval="P1D/2030-01-15T08:00:00Z") == ["lock.tailgate"]
    for wrong in ("yesterday", "2030-01-15T08:00:00Z", "2029-01-01T00:00:00Z/2030-01-01T00:00:00Z",
                  "2030-01-15T08:00:00Z/2030-01-15T07:00:00Z"):
        refused(world.kisi.post("/event_sets", {"event_set": {"interval": wrong}}), 422, "interval")


def test_sets_in_progress_failed_and_away(world: World) -> None:
    tried(world)
    world.side.switch(kisi_event_set="in_progress_2")
    made = event_set(world)
    assert made["status"] == "in_progress" and "events" not in made
    path = f"/event_sets/{made['id']}"
    assert [valid("event_set", world.kisi.get(path))["status"] for _ in range(3)] == [
        "in_progress", "finished", "finished"]
    world.side.switch(kisi_event_set="failed")
    failed = event_set(world)
    assert failed["status"] == "failed" and "events" not in failed
    world.side.switch(kisi_event_set="503")
    refused(world.kisi.post("/event_sets", {"event_set": {}}), 503)


def test_sets_expire_and_belong_to_one_user(world: World) -> None:
    path = f"/event_sets/{event_set(world)['id']}"
    assert world.kisi.get(path).status == 200
    refused(world.kisi_as("reader-key").get(path), 404)
    world.side.set_clock(advance_ms=86_400_000)
    refused(world.kisi.get(path), 404)


def test_sets_are_made_once_a_second(world: World) -> None:
    world.side.limit(kisi_event_sets_per_second=1)
    body: dict[str, Any] = {"event_set": {}}
    assert [world.kisi.post("/event_sets", body).status for _ in range(2)] == [200, 429]
    assert world.kisi.get("/user").status == 200
