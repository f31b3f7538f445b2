# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey rules plan` and `rules apply`: what the mappings come to, who gains and who loses and
from when, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli_world import GREEN, GROUP_24, GROUP_DAY, GROUP_GREEN, HOURS_24, Operated, next_member, text

pytest_plugins = ["cli_fixtures"]

Change = Callable[[dict[str, Any]], None]


def mapped(number: int, *groups: str) -> Change:
    def change(config: dict[str, Any]) -> None:
        config["spaces"][0]["mappings"][number]["groups"] = list(groups)

    return change


@pytest.fixture
def day_instead(operated: Operated) -> Iterator[Operated]:
    """The 24 Hours Pass is mapped to the group of day passes, and nothing is applied yet."""
    with operated.changed(mapped(0, "Members with day access")):
        yield operated
    operated.stack.run("rules", "apply", "--yes", "--space", "moncloa")


def planned(operated: Operated, status: int = 1) -> dict[str, Any]:
    found = operated.stack.run_json("rules", "plan", "--space", "moncloa", statuses=(status,))
    assert [one["space"] for one in found["spaces"]] == ["moncloa"]
    plan: dict[str, Any] = found["spaces"][0]
    return plan


def effects_of(plan: dict[str, Any], member: int) -> dict[tuple[int, str], datetime]:
    return {(one["group_id"], one["effect"]): datetime.fromisoformat(one["from"])
            for one in plan["effects"] if one["member"] == member}


def test_rules_that_stand(operated: Operated) -> None:
    plan = planned(operated, 0)
    assert (plan["differs"], plan["mappings"], plan["losers"], plan["effects"]) == (False, 4, 0, [])
    told = operated.stack.run("rules", "plan", "--space", "moncloa")
    assert told.splitlines()[0] == "space moncloa: 4 mappings, the rules stand"
    assert ("  pass '24 Hours Pass' (id:3001) opens "
            "'Moncloa, Madrid - Members with 24 hours access' (id:7001)") in told
    assert "dumbo" not in told
    assert operated.stack.run("rules", "apply", "--space", "moncloa").endswith("Nothing to do.\n")


def test_who_gains_and_who_loses_now(day_instead: Operated, member: int) -> None:
    day_instead.member(member)
    day_instead.pass_(member, member, HOURS_24)
    before = datetime.now(UTC)
    found = effects_of(planned(day_instead), member)
    assert found.keys() == {(GROUP_24, "loses"), (GROUP_DAY, "gains")}
    # It has been open since yesterday: what changes, changes now.
    for when in found.values():
        assert before <= when <= datetime.now(UTC), found
    told = day_instead.stack.run("rules", "plan", "--space", "moncloa", statuses=(1,))
    assert "space moncloa: 4 mappings, the rules differ" in told
    assert f"  member {member} loses group {GROUP_24} from " in told
    assert f"  member {member} gains group {GROUP_DAY} from " in told
    assert told.index(f"member {member} loses") < told.index(f"member {member} gains")


def test_from_when_a_later_window_counts(operated: Operated, member: int) -> None:
    start = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    operated.member(member)
    operated.put("bookings", f"{member}/{member}", {
        "booking": member, "uid": f"uid-{member}", "member": member, "space": "moncloa",
        "revision": 1, "resource": GREEN, "from": text(start),
        "until": text(start + timedelta(hours=1)), "tentative": False, "cancelled": False,
        "deleted": False})
    with operated.changed(mapped(3, "Members with day access")):
        lead = start - timedelta(minutes=15)
        assert effects_of(planned(operated), member) == {(GROUP_GREEN, "loses"): lead,
                                                (GROUP_DAY, "gains"): lead}


def test_who_is_not_entitled_or_keeps_it_is_not_named(day_instead: Operated) -> None:
    gone, kept, over = next_member(), next_member(), next_member()
    day_instead.member(gone, active=False)
    day_instead.pass_(gone, gone, HOURS_24)
    day_instead.member(kept)
    day_instead.pass_(kept, kept, 3002)
    day_instead.member(over)
    day_instead.pass_(over, over, HOURS_24, expires_at="2026-01-01T08:00:00Z",
                      created_at="2025-12-01T08:00:00Z")
    plan = planned(day_instead)
    assert [effects_of(plan, one) for one in (gone, kept, over)] == [{}, {}, {}]


def test_apply_refuses_more_losers_than_allowed(day_instead: Operated, member: int) -> None:
    stack = day_instead.stack
    day_instead.member(member)
    day_instead.pass_(member, member, HOURS_24)
    plan = planned(day_instead)
    assert plan["losers"] >= 1
    assert plan["losers"] == len({one["member"] for one in plan["effects"]
                                  if one["effect"] == "loses"})
    done = stack.cli("rules", "apply", "--yes", "--space", "moncloa",
                     "--max-losers", str(plan["losers"] - 1))
    assert done.returncode == 1
    assert (f"{plan['losers']} members would lose a right, --max-losers allows "
            f"{plan['losers'] - 1}; nothing was done") in done.stderr
    assert planned(day_instead)["rules_version"] == plan["rules_version"]
    told = stack.run("rules", "apply", "--yes", "--space", "moncloa",
                     "--max-losers", str(plan["losers"]))
    assert told.endswith("The rules are published.\n")
    after = planned(day_instead, 0)
    assert after["rules_version"] > plan["rules_version"] and after["losers"] == 0


def recurring(group: int, days: str, start: str, end: str, **fields: Any) -> dict[str, Any]:
    return {"scheduleable_type": "Group", "scheduleable_id": group, "consequence": "allow",
            "type": "recurring_event", "starts_at_time": start, "ends_at_time": end,
            **dict.fromkeys(days.split(), True), **fields}


def slot(pass_type: int, day: int, start: str, end: str) -> dict[str, Any]:
    return {"TimePassId": pass_type, "DayOfWeek": day,
            "FromTime": f"1976-01-01T{start}:00Z", "ToTime": f"1976-01-01T{end}:00Z"}


def hours(operated: Operated, group: int) -> list[tuple[int, str, str]]:
    return [(one["pass_type"], one["open"], one["when"])
            for one in planned(operated, 0)["hours"] if one["group_id"] == group]


def test_hours_of_the_day_that_differ(operated: Operated) -> None:
    # Slots count days from Sunday.
    operated.sandbox.add({"nexudus": {"timepasstimeslots": [
        slot(HOURS_24, day, "18:00", "23:59") for day in (1, 2)]}})
    # The group's own switch is off: it opens at all hours, whatever it has of schedules.
    schedule = recurring(GROUP_24, "monday tuesday wednesday", "18:00", "23:00")
    operated.sandbox.add({"kisi": {"schedules": [
        schedule,
        recurring(GROUP_24, "sunday", "08:00", "09:00", enabled=False),
        recurring(GROUP_DAY, "sunday", "08:00", "09:00")]}})
    assert hours(operated, GROUP_24) == [
        (HOURS_24, "group", "Mon Tue 00:00-18:00"),
        (HOURS_24, "group", "Wed Thu Fri Sat Sun 00:00-24:00")]
    operated.sandbox.call("PUT", f"/kisi/groups/{GROUP_24}", {"time_restriction_enabled": True})
    assert hours(operated, GROUP_24) == [(HOURS_24, "pass", "Mon Tue 23:00-24:00"),
                                         (HOURS_24, "group", "Wed 18:00-23:00")]
    told = operated.stack.run("rules", "plan", "--space", "moncloa")
    assert ("  hours differ, Wed 18:00-23:00: open for group 'Moncloa, Madrid - Members with 24 "
            "hours access', not for pass '24 Hours Pass'\n") in told
    assert ("  hours differ, Mon Tue 23:00-24:00: for pass '24 Hours Pass', not open for group "
            "'Moncloa, Madrid - Members with 24 hours access'\n") in told


def test_hours_that_agree(operated: Operated) -> None:
    operated.sandbox.call("PUT", f"/kisi/groups/{GROUP_24}", {"time_restriction_enabled": True})
    # Over midnight: KISI takes it as two.
    operated.sandbox.add({
        "nexudus": {"timepasstimeslots": [slot(HOURS_24, 0, "22:00", "02:00")]},
        "kisi": {"schedules": [recurring(GROUP_24, "sunday", "22:00", "24:00"),
                               recurring(GROUP_24, "monday", "00:00", "02:00")]}})
    assert hours(operated, GROUP_24) == []


@pytest.mark.parametrize(("path", "service"), [("/api/billing/timepasstimeslots", "nexudus"),
                                               ("/schedules", "kisi")])
def test_hours_that_can_not_be_read_are_in_nobodys_way(
    operated: Operated, path: str, service: str
) -> None:
    operated.sandbox.faults({"service": service, "path": path, "effect": "status", "status": 403,
                             "body": {}, "count": 0})
    plan = planned(operated, 0)
    assert plan["hours"] == [] and plan["hours_unknown"]
    told = operated.stack.run("rules", "plan", "--space", "moncloa")
    assert "  hours of the day are not compared: " in told


def test_mappings_that_name_what_is_not_there(operated: Operated) -> None:
    def spoil(config: dict[str, Any]) -> None:
        mappings = config["spaces"][0]["mappings"]
        mappings[0]["pass"] = "24 Hour Pass"
        mappings[1]["groups"] = ["Members with night access"]
        mappings[2]["pass"] = "id:999"

    with operated.changed(spoil):
        told = operated.refused("rules", "plan")
    assert "pass '24 Hour Pass': not in Nexudus (did you mean '24 Hours Pass'?)" in told
    assert "group 'Members with night access': not in KISI" in told
    assert "pass 'id:999': Nexudus has none with that id" in told


@pytest.mark.parametrize("word", ["id:7002", "Moncloa, Madrid - Members with day access"])
def test_a_group_of_another_place(operated: Operated, word: str) -> None:
    with operated.changed(
        lambda config: config["spaces"][1]["mappings"][0].update(groups=[word])
    ):
        told = operated.refused("rules", "plan")
    assert f"group '{word}': it is of place 501, this space is place 502" in told


def test_a_group_of_two_spaces(operated: Operated) -> None:
    """One that KISI gives to no place can be named by both, and must not be."""
    operated.sandbox.call("PUT", "/kisi/groups/7002", {"place_id": None})
    with operated.changed(
        lambda config: config["spaces"][1]["mappings"][0].update(groups=["id:7002"])
    ):
        told = operated.refused("rules", "plan")
    assert "(id:7002) is mapped in space moncloa and in space dumbo: use one group per space" in told
