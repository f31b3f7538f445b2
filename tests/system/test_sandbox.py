# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The sandbox itself: its options, its side door, its faults. What it plays has tests of its own
(test_sandbox_nexudus.py, test_sandbox_kisi.py)."""

from __future__ import annotations

import http.client
import json
import re
import signal
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from harness.paths import ROOT
from harness.wait import wait_for
from sandbox_world import ADA, FRONT, GROUP, KEY, NOW, Client, World, run, start


pytest_plugins = ["sandbox_fixtures"]


# -- the program -----------------------------------------------------------------------------------


def test_version_help_and_mistakes() -> None:
    assert run("--version").stdout.startswith("latchkey-sandbox 0.")
    text = run("--help").stdout
    assert "nexudus_throttle" in text and "kisi_per_second" in text and "moving_total" in text
    for arguments, said in (
        (["--listen", "nowhere"], "'nowhere' is not ADDRESS:PORT"),
        (["--no-such"], "Unknown option --no-such"),
        (["word"], "what is 'word'?"),
    ):
        ended = run(*arguments)
        assert ended.returncode == 2
        assert said in ended.stderr


def test_each_service_on_its_own(tmp_path: Path) -> None:
    process, urls = start(tmp_path / "ready.json", "--listen-nexudus", "127.0.0.1:0",
                          "--listen-kisi", "127.0.0.1:0", "--listen-side", "127.0.0.1:0")
    with process:
        assert sorted(urls) == ["kisi", "nexudus", "side"]
        kisi = Client(urls["kisi"], {"Authorization": f"KISI-LOGIN {KEY}"})
        nexudus = Client(urls["nexudus"], {})
        side = Client(urls["side"], {})
        assert kisi.get("/user").json()["email"] == "owner@example.org"
        # There, a path of the other service is nothing special.
        assert kisi.get("/api/spaces/coworkers").json()["code"] == "000404"
        assert nexudus.get("/api/spaces/coworkers").status == 401
        assert side.get("/now").json()["offset_ms"] == 0
        assert side.get("/sandbox/now").json()["offset_ms"] == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_taken_port_is_said(world: World) -> None:
    port = urllib.parse.urlsplit(world.url).port
    ended = run("--listen", f"127.0.0.1:{port}")
    assert ended.returncode == 3
    assert "Address already in use" in ended.stderr


def test_health(world: World) -> None:
    assert world.anonymous().get("/healthz").status == 200
    assert world.anonymous().get("/readyz").status == 200
    assert b"latchkey_build_info" in world.anonymous().get("/metrics").body


# -- the side door ---------------------------------------------------------------------------------


def test_what_help_names_is_what_the_side_door_has(world: World) -> None:
    text = run("--help").stdout
    for name in [*world.side.call("GET", "/switches"), *world.side.limits()]:
        assert name in text, name


def test_the_readme_names_every_switch_and_limit(world: World) -> None:
    text = (ROOT / "src" / "sandbox" / "README.md").read_text()
    said = dict(re.findall(r"(?m)^\| `(\w+)` \| (.*) \|$", text))
    told = re.findall(r"(?m)^  (\w+)  (\S+)\n      (.*)$", run("--help").stdout)
    for name, values, what in told:
        marked = ", ".join(f"`{value}`" for value in values.split("|")) if "|" in values else values
        assert said[name] == f"{marked} | {what}"
    assert {name for name, _, _ in told} == {*world.side.call("GET", "/switches"),
                                             *world.side.limits()}


def test_the_clock_is_both_services(world: World) -> None:
    world.side.set_clock(now="2031-05-05T05:05:05Z")
    answer = world.kisi.get("/user")
    assert answer.headers["date"].startswith("Mon, 05 May 2031 05:05:0")
    world.side.set_clock(advance_ms=86_400_000)
    assert world.side.now()["now"].startswith("2031-05-06T05:05:0")
    assert world.nexudus.get("/api/sys/businesses").headers["date"].startswith("Tue, 06 May 2031")


def test_reset_is_the_start(world: World) -> None:
    world.side.switch(kisi_times="offset")
    world.side.faults({"effect": "cut_before"})
    world.side.reset()
    assert world.side.call("GET", "/switches")["kisi_times"] == "z"
    assert world.side.limits()["kisi_per_second"] == 5
    assert world.side.fault_hits() == []
    assert world.side.rows("coworkers") == []
    assert [row["email"] for row in world.side.kisi_rows("users")] == ["owner@example.org"]
    assert world.kisi.get("/user").status == 200
    assert world.nexudus.get("/api/spaces/coworkers").status == 200


def test_data_comes_back(world: World) -> None:
    first = world.side.data()
    world.side.reset()
    world.side.load(first)
    second = world.side.data()
    for entity, rows in first["nexudus"].items():
        assert second["nexudus"][entity] == rows, entity
    assert {row["id"] for row in second["kisi"]["groups"]} == {7001, 7002, 7003}


def test_data_is_added(world: World) -> None:
    world.grant()
    world.side.event("lock.opened", lock=FRONT)
    counts = world.side.add({
        "nexudus": {"coworkers": [{"Id": 9003, "FullName": "Cid", "Email": "cid@example.org"}]},
        "kisi": {"users": [{"id": 12, "email": "cid@example.org", "name": "Cid"}],
                 "role_assignments": [{"user_id": 12, "group_id": GROUP}]}})
    assert counts["nexudus"]["coworkers"] == 3
    assert (counts["kisi"]["users"], counts["kisi"]["role_assignments"]) == (6, 2)
    assert [row["user_id"] for row in world.side.rights(group_id=GROUP)] == [10, 12]
    events = world.kisi.post("/event_sets", {"event_set": {"event_type": "lock.opened"}}).json()
    assert len(events["events"]) == 1
    refused = world.anonymous().post("/sandbox/data", {"kisi": {"usrs": []}})
    assert (refused.status, refused.json()["error"]) == (400, "kisi has no 'usrs'")


def test_mistakes_at_the_side_door(world: World) -> None:
    side = Client(world.url, {})
    for method, path, body, status, said in (
        ("PUT", "/switches", {"no_such": "x"}, 400, "no switch 'no_such'"),
        ("PUT", "/switches", {"kisi_times": "x"}, 400, "switch 'kisi_times' is one of z|"),
        ("PUT", "/limits", {"kisi_per_second": -1}, 400, "is a number from 0"),
        ("PUT", "/limits", {"no_such": 1}, 400, "no limit 'no_such'"),
        ("PUT", "/faults", [{"effect": "flood"}], 400, "no effect 'flood'"),
        ("PUT", "/faults", [{"servce": "kisi"}], 400, "a fault has no field 'servce'"),
        ("PUT", "/faults", {"effect": "status"}, 400, "faults are a list"),
        ("PUT", "/data", {"nexudus": {"cowrkers": []}}, 400, "nexudus has no 'cowrkers'"),
        ("PUT", "/data", {"kisi": {"users": {}}}, 400, "kisi.users has the wrong type"),
        ("PUT", "/data", b"{", 400, "no JSON"),
        ("GET", "/nowhere", None, 404, "README.md"),
        ("POST", "/nexudus/use-pass", {"pass": 1}, 404, "no pass 1"),
        ("POST", "/kisi/door/1/unlock", {"user_id": 10}, 404, "no lock 1"),
    ):
        answer = side.call(method, "/sandbox" + path, body)
        assert (answer.status, said in answer.json()["error"]) == (status, True), (path, answer)


def test_calls_are_counted(world: World) -> None:
    world.kisi.get("/groups")
    world.kisi.get(f"/groups/{GROUP}")
    world.kisi.get("/groups/1")
    world.grant()
    world.kisi.post("/event_sets", {"event_set": {}})
    world.nexudus.get("/api/spaces/coworkers", size=1)
    world.token(grant_type="password", username="x", password="y")
    counts = world.side.calls()
    assert counts["writes"] == {"nexudus": 0, "kisi": 1}
    assert counts["reads"] == {"nexudus": 2, "kisi": 4}
    one = {"service": "kisi", "method": "GET", "path": "/groups/{id}"}
    answer = world.anonymous().call("GET", "/sandbox/calls", query=one)
    assert [(row["count"], row["failed"]) for row in answer.json()["calls"]] == [(2, 1)]
    last = world.side.call_log()[-2]
    assert (last["path"], last["query"], last["status"]) == ("/api/spaces/coworkers", "size=1", 200)
    world.side.clear_calls()
    assert world.side.calls()["calls"] == []


def test_rights_by_hand_are_found_by_who_and_where(world: World) -> None:
    mine = world.side.hand_right("ada@example.org", GROUP)
    world.side.hand_right("adam@example.org", GROUP)
    assert [row["id"] for row in world.side.rights(email="ada@example.org")] == [mine["id"]]
    assert [row["id"] for row in world.side.rights(user_id=10, group_id=GROUP)] == [mine["id"]]
    assert len(world.side.rights(group_id=GROUP)) == 2
    assert world.side.rights(email="nobody@example.org") == []
    world.side.take_right(mine["id"])
    assert world.side.rights(email="ada@example.org") == []


def test_rows_are_filtered_by_any_field(world: World) -> None:
    mine = world.side.give_pass(ADA, 3001)["Id"]
    world.side.give_pass(9002, 3001)
    cases: tuple[dict[str, Any], ...] = (
        {"CoworkerId": ADA}, {"CoworkerId": ADA, "Used": "false"}, {"Id": mine},
        {"CoworkerFullName": "Ada"}, {"CoworkerId": ADA, "UsedDate": "null"})
    for fields in cases:
        assert [row["Id"] for row in world.side.rows("coworkertimepasses", **fields)] == [mine]
    assert world.side.rows("coworkertimepasses", Used="true") == []
    world.grant()
    world.grant(group=7002)
    for fields in ({"group_id": GROUP}, {"applies_to_id": GROUP, "user_id": 10}):
        rows = world.side.kisi_rows("role_assignments", **fields)
        assert [row["group_id"] for row in rows] == [GROUP]
    assert [row["id"] for row in world.side.kisi_rows("users", email="adam@example.org")] == [11]
    side = world.anonymous()
    for path in ("nexudus/coworkers", "kisi/users"):
        refused = side.get(f"/sandbox/{path}", Emial="x")
        assert (refused.status, refused.json()["error"]) == (400, "rows there have no 'Emial'")


# -- faults ----------------------------------------------------------------------------------------


def fault(world: World, **fields: Any) -> None:
    world.side.faults({"service": "kisi", **fields})


def test_status_before_and_after_the_effect(world: World) -> None:
    fault(world, method="POST", path="/role_assignments", effect="status", status=503,
          body={"error": "away"}, headers={"Retry-After": "7"})
    answer = world.grant()
    assert (answer.status, answer.json()) == (503, {"error": "away"})
    assert answer.headers["retry-after"] == "7"
    assert world.side.rights() == []
    assert world.grant().status == 200  # one hit is all

    fault(world, method="POST", path="/role_assignments", effect="status", status=502,
          body="bad gateway", after=True)
    answer = world.grant(group=7002)
    assert (answer.status, answer.body) == (502, b"bad gateway")
    assert len(world.side.rights()) == 2


def test_cut_before_and_after_the_effect(world: World) -> None:
    fault(world, method="POST", effect="cut_before")
    assert world.grant().status == 0
    assert world.side.rights() == []
    fault(world, method="POST", effect="cut_after")
    assert world.grant().status == 0
    assert len(world.side.rights()) == 1
    assert world.side.calls()["writes"]["kisi"] == 2


def test_broken_bodies(world: World) -> None:
    whole = world.kisi.get("/groups").body
    fault(world, effect="short")
    with pytest.raises(http.client.IncompleteRead) as caught:
        world.kisi.get("/groups")
    assert caught.value.partial == whole[: len(whole) // 2]

    fault(world, effect="malformed")
    with pytest.raises(json.JSONDecodeError):
        world.kisi.get("/groups").json()

    for status in (200, 502):
        fault(world, effect="html", status=status)
        answer = world.kisi.get("/groups")
        assert answer.status == status
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.body.startswith(b"<!DOCTYPE html>")


def test_a_body_without_end(world: World) -> None:
    fault(world, effect="endless")
    parts = urllib.parse.urlsplit(world.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    connection.request("GET", "/groups", headers={"Authorization": f"KISI-LOGIN {KEY}"})
    assert len(connection.getresponse().read(5_000_000)) == 5_000_000
    connection.close()
    assert world.kisi.get("/groups").status == 200


def test_hold_and_delay(world: World) -> None:
    """Held, nothing has happened when the client gives up; delayed, it has."""
    def give_up(email: str, **fields: int) -> list[str]:
        """The addresses there are once the call has come and its client is gone."""
        fault(world, method="POST", **fields)
        with pytest.raises(TimeoutError):
            world.kisi.call("POST", "/users", {"user": {"email": email}}, timeout=0.05)
        wait_for(lambda: world.side.fault_hits()[0]["hits"] == 1, "the call has come", 20.0)
        return [row["email"] for row in world.side.kisi_rows("users")]

    assert "held@example.org" not in give_up("held@example.org", hold_ms=600_000)
    assert "late@example.org" in give_up("late@example.org", delay_ms=600_000)
    fault(world, method="GET", delay_ms=20)
    assert world.kisi.get("/user").status == 200


def test_which_requests_are_hit(world: World) -> None:
    fault(world, path="/groups", query="limit=2", skip=1, count=2, effect="status", status=500)
    assert world.kisi.get("/places", limit=2).status == 200
    assert world.kisi.get("/groups", limit=3).status == 200
    seen = [world.kisi.get("/groups", limit=2).status for _ in range(4)]
    assert seen == [200, 500, 500, 200]
    assert world.side.fault_hits()[0]["hits"] == 2

    world.side.faults({"service": "nexudus", "count": 0, "effect": "status", "status": 500})
    assert world.kisi.get("/user").status == 200
    assert [world.nexudus.get("/api/sys/businesses").status for _ in range(3)] == [500] * 3

    fault(world, count=0, probability=0.5, effect="status", status=500)
    seen = [world.kisi.get("/user").status for _ in range(100)]
    assert 20 < seen.count(500) < 80  # the dice are seeded: always the same


def test_lists_that_go_wrong_in_kisi(world: World) -> None:
    def page(offset: int) -> tuple[list[int], str | None]:
        answer = world.kisi.get("/groups", limit=2, offset=offset)
        return [row["id"] for row in answer.json()], answer.total

    assert [page(0), page(2)] == [([7001, 7002], "0-1/3"), ([7003], "2-3/3")]
    fault(world, count=0, effect="repeat_page")
    assert page(2) == ([7001, 7002], "2-3/3")
    fault(world, count=0, effect="moving_total")
    assert [page(0)[1], page(2)[1]] == ["0-1/4", "2-3/5"]
    fault(world, count=0, effect="shift")
    assert [page(0)[0], page(2)[0], page(1)[0]] == [[7001, 7002], [], [7003]]
    fault(world, effect="empty_page")
    assert page(0) == ([], "0-1/3")


def test_lists_that_go_wrong_in_nexudus(world: World) -> None:
    def page(number: int) -> tuple[list[int], int]:
        answer = world.nexudus.get("/api/spaces/coworkers", size=1, page=number).json()
        return [row["Id"] for row in answer["Records"]], answer["TotalItems"]

    assert [page(1), page(2), page(3)] == [([ADA], 2), ([9002], 2), ([], 2)]
    for effect, expected in (("repeat_page", ([ADA], 2)), ("shift", ([], 1)),
                             ("moving_total", ([9002], 3)), ("empty_page", ([], 2))):
        world.side.faults({"service": "nexudus", "effect": effect})
        assert page(2) == expected, effect


def test_the_side_door_has_no_faults(world: World) -> None:
    world.side.faults({"count": 0, "effect": "cut_before"})
    assert world.side.now()["now"].startswith(NOW[:16])
    assert world.side.unlock(FRONT, email="ada@example.org")["granted"] is False
