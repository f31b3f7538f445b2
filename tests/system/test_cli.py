# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey check`, and what the command line says to a line that it does not understand."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from cli_world import Operated, ago, text
from harness.paths import free_port

pytest_plugins = ["cli_fixtures"]


# --- lines that are not understood ----------------------------------------------------------------

@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "which command? Try --help"),
        (["statsu"], "unknown command 'statsu' (did you mean 'status'?)"),
        (["topics", "aply"], "unknown command 'topics aply' (did you mean 'topics apply'?)"),
        (["frobnicate"], "unknown command 'frobnicate'; try --help"),
        (["status", "now"], "usage: latchkey status"),
        (["explain"], "usage: latchkey explain MEMBER"),
        (["explain", "1", "2"], "usage: latchkey explain MEMBER"),
        (["explain", "ada"], "MEMBER: expected a Nexudus member id (a positive number), got 'ada'"),
        (["explain", "1", "--at", "noon"], "--at: not an RFC 3339 time (4 bytes): too short, expected "),
        (["status", "--space", "moncla"], "--space: 'moncla' is not in "),
        (["status", "--frob"], "Unknown option --frob; try --help"),
        (["status", "--door", "1"], "--door: `latchkey status` takes no such option"),
        (["drift", "--yes"], "--yes: `latchkey drift` takes no such option"),
        (["explain", "0"], "MEMBER: expected a Nexudus member id (a positive number), got '0'"),
        (["resync"], "resync: name one MEMBER, or say --all"),
        (["resync", "9001", "--all"], "resync: name one MEMBER, or say --all"),
        (["resync", "x"], "MEMBER: expected a Nexudus member id (a positive number), got 'x'"),
        (["resync", "9001", "--wait", "soon"], "--wait: expected a duration like 90s or 5m"),
        (["adopt"], "unknown command 'adopt'"),
        (["adopt", "plan", "x"], "RIGHT: expected the id of a right in KISI, got 'x'"),
        (["adopt", "plan", "99999999"], "right 99999999 is none that others made in a mapped group"),
        (["rejects", "show"], "usage: latchkey rejects show REJECT"),
        (["rejects", "show", "moncloa"], "REJECT: expected SPACE/OFFSET"),
        (["rejects", "show", "nowhere/1"], "REJECT: expected SPACE/OFFSET"),
        (["rejects", "all"], "usage: latchkey rejects [list|show]"),
        (["reports", "--since", "yesterday"], "--since: expected a time like "),
        (["reports", "x"], "MEMBER: expected a Nexudus member id (a positive number), got 'x'"),
        (["rules", "apply", "--max-losers", "few"], "for --max-losers; try --help"),
        (["rules", "apply", "--max-losers"], "Missing argument for --max-losers; try --help"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_a_line_that_is_not_understood(operated: Operated, line: list[str], said: str) -> None:
    assert said in operated.refused(*line)


def test_an_apply_without_a_terminal_wants_yes(operated: Operated) -> None:
    with operated.changed(lambda config: config["spaces"][0].update(mappings=[])):
        done = operated.stack.cli("rules", "apply")
        assert done.returncode == 2
        assert "there is no terminal to ask on: say --yes" in done.stderr
        # Nothing was done.
        operated.stack.run("rules", "plan", statuses=(1,))


def test_a_wrong_configuration_is_shown_with_every_problem(operated: Operated) -> None:
    def spoil(config: dict[str, Any]) -> None:
        config["spaces"][0]["time_zone"] = "Europe/Madird"
        config["spaces"][1]["modus"] = "observe"

    with operated.changed(spoil):
        told = operated.refused("status")
    assert "did you mean 'Europe/Madrid'?" in told and "modus" in told


# --- check ----------------------------------------------------------------------------------------

def findings(operated: Operated, status: int) -> list[tuple[str, bool, str]]:
    found = operated.stack.run_json("check", statuses=(status,))["findings"]
    return [(one["what"], one["ok"], one["text"]) for one in found]


def problems(operated: Operated, status: int = 1) -> list[tuple[str, str]]:
    return [(what, text) for what, ok, text in findings(operated, status) if not ok]


def test_check_finds_all_well(operated: Operated) -> None:
    found = findings(operated, 0)
    assert all(ok for _, ok, _ in found)
    assert {what for what, _, _ in found} == {"kafka", "topics", "nexudus", "kisi"}
    texts = [text for _, _, text in found]
    assert "api@example.org is logged in and sees: Moncloa (1421000001), Dumbo (1421000002)" in texts
    assert "the key is user 1's (KISI names no role) and sees 5 groups" in texts
    assert any(text.startswith("whether the key may write is known only when") for text in texts)
    assert sum("its clock and this machine's agree" in text for text in texts) == 2
    told = operated.stack.run("check")
    told, _, hour = told.partition("\n\n")
    assert all(line.startswith("ok ") for line in told.splitlines()), told
    assert hour.startswith("nexudus main: an hour of 360000 requests\n"), hour
    assert "sandbox-password" not in told and "sandbox-key" not in told


def test_check_plans_the_hour_by_what_there_is(operated: Operated) -> None:
    """The arithmetic of the lists is done here once more, from what was put into Nexudus."""
    data = operated.sandbox.data()
    data["nexudus"]["coworkers"] = [
        {"Id": 50001 + n, "FullName": f"M {n}", "InvoicingBusinessId": 1421000001}
        for n in range(501)]
    data["nexudus"]["coworkertimepasses"] = [
        {"Id": 60001 + n, "CoworkerId": 50001 + n, "TimePassId": 3001, "BusinessId": 1421000001,
         "Used": n < 1} for n in range(502)]
    operated.sandbox.load(data)
    operated.read(spent=[{"minute": text(ago(minutes=5)), "requests": 77},
                         {"minute": text(ago(hours=3)), "requests": 5}])

    def default(config: dict[str, Any]) -> None:
        config["nexudus"][0].update(poll_interval="30s", listing_interval="30m",
                                    requests_per_minute=100, requests_per_hour=4500)

    with operated.changed(default):
        hour, = operated.stack.run_json("check")["hours"]
        told = operated.stack.run("check")
    lists = {one["what"]: (one["rows"], one["requests"]) for one in hour["lists"]}
    assert lists["people"] == (501, 2) and lists["unused passes"] == (501, 2)
    assert lists["pass types"] == (3, 4)  # each by its id as well
    assert lists["contracts"] == (0, 1) and len(lists) == 9
    assert hour["requests_of_a_listing"] == 9 + 2 + 3
    assert hour["cycles"] == 1200 and hour["interval_ms"] == 30000
    assert hour["cycles"] + hour["listings"] + hour["rest"] in (4499, 4500)
    assert hour["spent_in_last_hour"] == 77
    assert re.search(r"^reading changes +10 +120.0 +1200$", told, re.MULTILINE), told
    assert "\n  501 people: 2 requests\n" in told and "has spent 77.\n" in told


def test_check_when_the_hour_is_too_short(operated: Operated) -> None:
    def greedy(config: dict[str, Any]) -> None:
        config["nexudus"][0].update(poll_interval="1s", listing_interval="5s",
                                    requests_per_minute=100, requests_per_hour=4500)

    with operated.changed(greedy):
        found = problems(operated)
    assert [what for what, _ in found] == ["nexudus", "nexudus"]
    assert "changes can be read only every 23s" in found[0][1] and "poll_interval" in found[0][1]
    assert "longer than `listing_interval`" in found[1][1]


def test_check_names_the_role_where_kisi_does(operated: Operated) -> None:
    whole = {"assignee_type": "User", "assignee_id": 1, "applies_to_type": "Organization",
             "applies_to_id": 1, "role_id": "organization_owner"}
    door = {"assignee_type": "User", "assignee_id": 1, "applies_to_type": "Group",
            "applies_to_id": 7001, "role_id": "group_basic"}
    operated.sandbox.add({"kisi": {"role_assignments": [whole, door, whole]}})
    texts = [text for _, _, text in findings(operated, 0)]
    assert "the key is user 1's (organization_owner) and sees 5 groups" in texts


def test_check_shows_the_configuration_as_it_applies(operated: Operated) -> None:
    def add(config: dict[str, Any]) -> None:
        config["kafka"]["properties"] = {"sasl.password": "hush", "client.rack": "r1"}

    with operated.changed(add):
        shown, _, told = operated.stack.run("check", "--show").partition("\nok ")
        found = operated.stack.run_json("check", "--show")
    config = yaml.safe_load(shown)
    # What the file leaves out, too.
    assert config["kisi"][0]["audit_interval"] == "6h"
    assert [space["code"] for space in config["spaces"]] == ["moncloa", "dumbo"]
    assert config["kafka"]["properties"]["client.rack"] == "r1"
    assert config["kafka"]["properties"]["sasl.password"] != "hush"
    assert "hush" not in shown + told + found["configuration"]
    assert yaml.safe_load(found["configuration"]) == config


@pytest.mark.parametrize(
    ("secret", "what", "said"),
    [
        ("nexudus-password", "nexudus", "status 400: invalid_grant"),
        ("kisi-key", "kisi", "status 401"),
    ],
)
def test_check_with_a_wrong_secret(operated: Operated, secret: str, what: str, said: str) -> None:
    (operated.stack.directory / "secrets" / secret).write_text("wrong\n")
    found = problems(operated)
    assert [name for name, _ in found] == [what], found
    assert said in found[0][1]
    # It says what to do, and not what was wrong with it.
    assert str(operated.stack.directory / "secrets" / secret) in found[0][1]


def test_check_with_a_place_and_a_location_that_are_not_seen(operated: Operated) -> None:
    with operated.changed(lambda config: config["spaces"][1].update(business=77, place=78)):
        found = problems(operated)
    assert found == [
        ("nexudus", "space dumbo: the login does not see location 77: set `business`, or give the "
                    "user access to it"),
        ("kisi", "space dumbo: the key sees no group of place 78: set `place`, or give its user "
                 "rights there"),
    ]


def test_check_names_what_the_login_may_not_read(operated: Operated) -> None:
    everything = operated.sandbox.data()
    listed = ["Business", "Coworker", "CoworkerTimePass", "TimePass", "Booking", "CancelledBooking",
              "Resource", "ContractPausedPeriod", "TimePassTimeSlot"]
    read = ["Coworker", "CoworkerTimePass", "TimePass", "Resource", "ContractPausedPeriod"]
    everything["nexudus"]["users"] = [{
        "email": "api@example.org", "password": "sandbox-password",
        "roles": [f"{one}-List" for one in listed] + [f"{one}-Read" for one in read]}]
    operated.sandbox.load(everything)
    found = [text for _, text in problems(operated)]
    assert len(found) == 2 and found[0].startswith("billing/coworkercontracts"), found
    assert "give its user the List and Read roles" in found[0]
    assert found[1] == ("GET /api/spaces/bookings/{id}: the login is not allowed to: give its user the "
                        "role Booking-Read")


def test_check_names_what_the_key_may_not_read(operated: Operated) -> None:
    operated.sandbox.faults({"service": "kisi", "path": "/event_sets", "effect": "status",
                             "status": 403, "count": 0,
                             "body": {"code": "fcd8ef", "error": "Access denied."}})
    (_, text), = problems(operated)
    assert text.startswith("KISI: POST /event_sets: status 403"), text
    assert text.endswith("(needed for reports of who came): give the key's user that right"), text


@pytest.mark.parametrize(("offset_ms", "said"), [(60_000, "60 s ahead of"), (-60_000, "60 s behind")])
def test_check_when_clocks_differ(operated: Operated, offset_ms: int, said: str) -> None:
    operated.sandbox.set_clock(offset_ms=offset_ms)
    found = problems(operated)
    assert [what for what, _ in found] == ["nexudus", "kisi"]
    # A second may pass between the answer's Date and its reading.
    near = {said, said.replace("60", "59"), said.replace("60", "61")}
    assert all(any(one in text for one in near) and "NTP" in text for _, text in found), found


def test_check_with_kafka_away(operated: Operated) -> None:
    away = f"127.0.0.1:{free_port()}"
    config = operated.stack.config_file
    config.write_text(config.read_text().replace(operated.stack.bootstrap, away))
    found = problems(operated, 3)
    assert len(found) == 1 and found[0][0] == "kafka" and away in found[0][1], found


def test_check_with_kisi_away(operated: Operated) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    config = yaml.safe_load(operated.stack.config_file.read_text())
    config["kisi"][0]["url"] = away
    operated.stack.config_file.write_text(yaml.safe_dump(config))
    found = problems(operated, 3)
    assert [what for what, _ in found] == ["kisi"], found
    # A key that nobody was asked about is not what is wrong.
    assert "no answer" in found[0][1] and "make a key" not in found[0][1]
