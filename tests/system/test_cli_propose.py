# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey rules propose`: each pass type and resource with the group that fits it, nothing guessed,
and YAML that the other commands take."""

from __future__ import annotations

from typing import Any

import yaml

from cli_world import GROUP_24, GROUP_DAY, GROUP_GREEN, Operated
from harness.stack import default_data

pytest_plugins = ["cli_fixtures"]

NETWORK, MONCLOA, DUMBO, ELSEWHERE = 1421000000, 1421000001, 1421000002, 1421000009
PREFIX = "Moncloa, Madrid - "
QUIET = 'Quiet: "yes" # [no]'  # a name that no YAML may be fooled by
LINES = "Two\n# lines"  # one that the configuration can't have


def world() -> dict[str, Any]:
    """The local data below a network location, with names and mappings of every kind."""
    data = default_data()
    nexudus, kisi = data["nexudus"], data["kisi"]
    for business in nexudus["businesses"]:
        business["RootLocationId"] = NETWORK
    nexudus["businesses"] += [{"Id": NETWORK, "Name": "Casa"},
                              {"Id": ELSEWHERE, "Name": "Elsewhere", "RootLocationId": NETWORK}]
    for row in nexudus["timepasses"]:
        if row["Id"] == 3001:
            row["KisiGroupId"] = str(GROUP_24)
    nexudus["timepasses"] += [
        {"Id": 3101, "BusinessId": NETWORK, "Name": "Network pass"},  # everywhere
        {"Id": 3102, "BusinessId": ELSEWHERE, "Name": "Far pass", "Businesses": [ELSEWHERE]},
        {"Id": 3103, "BusinessId": MONCLOA, "Name": "Old pass", "Archived": True},
        {"Id": 3104, "BusinessId": MONCLOA, "Name": "Two doors",
         "KisiGroupId": f"{GROUP_24}, {GROUP_DAY}"},
        {"Id": 3105, "BusinessId": MONCLOA, "Name": "Lost pass", "KisiGroupId": "7012"},
        {"Id": 3106, "BusinessId": MONCLOA, "Name": QUIET},
        {"Id": 3109, "BusinessId": MONCLOA, "Name": LINES, "KisiGroupId": "7105"},
        {"Id": 3107, "BusinessId": MONCLOA, "Name": "Twice"},
        {"Id": 3108, "BusinessId": MONCLOA, "Name": "Twice", "KisiGroupId": str(GROUP_DAY)},
    ]
    nexudus["resources"] += [{"Id": 4101, "BusinessId": MONCLOA, "Name": "BLUE  Meeting-Room"},
                             {"Id": 4109, "BusinessId": ELSEWHERE, "Name": "Far room"}]
    kisi["groups"] += [{"id": 7101, "name": "Blue meeting room", "place_id": 501},
                       {"id": 7102, "name": PREFIX + QUIET, "place_id": 501},
                       {"id": 7103, "name": PREFIX + "Twice", "place_id": 501},
                       {"id": 7104, "name": "twice!", "place_id": 501},
                       {"id": 7105, "name": PREFIX + LINES, "place_id": 501}]
    return data


def without_mappings(config: dict[str, Any]) -> None:
    for space in config["spaces"]:
        space.pop("mappings", None)


def proposed(operated: Operated, status: int) -> dict[int, dict[str, Any]]:
    found = operated.stack.run_json("rules", "propose", "--space", "moncloa", statuses=(status,))
    assert [one["space"] for one in found["spaces"]] == ["moncloa"]
    return {one["id"]: one for one in found["spaces"][0]["mappings"]}


def groups(one: dict[str, Any]) -> tuple[str | None, list[int]]:
    return one["basis"], [group["id"] for group in one["groups"]]


def test_what_fits_and_why(operated: Operated) -> None:
    operated.sandbox.load(world())
    with operated.changed(without_mappings):
        found = proposed(operated, 1)
    assert {ident: groups(one) for ident, one in found.items()} == {
        3001: ("nexudus", [GROUP_24]),
        3002: (None, []),
        3003: (None, []),
        3101: (None, []),
        3104: ("nexudus", [GROUP_24, GROUP_DAY]),
        3105: (None, []),
        3106: ("name", [7102]),
        3107: (None, []),  # two groups have that name
        3108: ("nexudus", [GROUP_DAY]),
        3109: ("nexudus", [7105]),
        4001: ("name", [GROUP_GREEN]),
        4101: ("name", [7101]),
    }
    assert [(near["id"], near["percent"]) for near in found[3002]["near"]] == [(GROUP_DAY, 28)]
    assert found[3104]["near"] == [], "nothing is near what is sure"
    assert "7012" in found[3105]["notes"][0]  # of another place
    assert found[3107]["notes"] == ["2 groups have that name"]


def test_what_is_configured_goes_first(operated: Operated) -> None:
    """Also where Nexudus's screen says otherwise; a mapping that can't be followed is no word."""
    data = world()
    data["nexudus"]["timepasses"][0]["KisiGroupId"] = str(GROUP_DAY)
    operated.sandbox.load(data)

    def change(config: dict[str, Any]) -> None:
        mappings = config["spaces"][0]["mappings"]
        mappings[0]["groups"].append("Members with day access")
        mappings[1]["groups"] = ["No such group"]
        mappings[-1]["lead"] = "90s"

    with operated.changed(change):
        found = proposed(operated, 1)
        text = operated.stack.run("rules", "propose", "--space", "moncloa", statuses=(1,))
    assert groups(found[3001]) == ("configuration", [GROUP_24, GROUP_DAY])
    assert found[3001]["notes"] == ["in Nexudus it is mapped to other groups"]
    assert groups(found[3002]) == (None, []) and "No such group" in found[3002]["notes"][0]
    assert groups(found[4001]) == ("configuration", [GROUP_GREEN])
    green = [one for one in yaml.safe_load(text)["spaces"][0]["mappings"]
             if one.get("resource") == "Green meeting room"]
    assert green == [{"resource": "Green meeting room", "groups": ["Green meeting room"],
                      "lead": "90s"}]


def test_the_yaml_passes_check_and_rules_plan(operated: Operated) -> None:
    operated.sandbox.load(world())
    with operated.changed(without_mappings):
        text = operated.stack.run("rules", "propose", statuses=(1,))
    spaces = {space["code"]: space for space in yaml.safe_load(text)["spaces"]}
    assert set(spaces) == {"moncloa", "dumbo"}
    # What is not sure is a comment, which names what it would be.
    assert "      # - pass: \"Anywhere Day Pass\"\n" in text
    assert f"28 % alike: {PREFIX}Members with day access\n" in text
    # Two pass types of one name are told apart by their ids.
    assert {"pass": "id:3108", "groups": ["Members with day access"]} in spaces["moncloa"]["mappings"]
    assert {"pass": QUIET, "groups": [QUIET]} in spaces["moncloa"]["mappings"]
    assert {"pass": "id:3109", "groups": ["id:7105"]} in spaces["moncloa"]["mappings"]

    def take_over(config: dict[str, Any]) -> None:
        for space in config["spaces"]:
            space["mappings"] = spaces[space["code"]]["mappings"]

    with operated.changed(take_over):
        operated.stack.run("check")
        plan = operated.stack.run_json("rules", "plan", statuses=(1,))
        assert [one["mappings"] for one in plan["spaces"]] == [
            len(space["mappings"]) for space in spaces.values()]
        # Proposed again, all of it is as it is configured.
        assert {one["basis"] for one in proposed(operated, 1).values()} == {"configuration", None}


def test_what_nexudus_does_not_let_read(operated: Operated) -> None:
    operated.sandbox.faults({"service": "nexudus", "path": "/api/billing/timepasses/3001",
                             "effect": "status", "status": 401, "count": 0})
    done = operated.stack.cli("rules", "propose")
    operated.sandbox.faults()
    assert done.returncode == 3 and done.stdout == "", done
    assert "billing/timepasses/3001" in done.stderr
