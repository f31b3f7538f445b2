# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey status` and `latchkey explain`: how a space stands, and why somebody gets in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli_world import (
    DAY,
    GREEN_DOOR,
    GROUP_24,
    GROUP_DAY,
    GROUP_GREEN,
    HOURS_24,
    Operated,
    ago,
    next_member,
    text,
)

pytest_plugins = ["cli_fixtures"]


def space_of(operated: Operated, statuses: tuple[int, ...]) -> dict[str, Any]:
    found = operated.stack.run_json("status", "--space", "moncloa", statuses=statuses)["spaces"]
    assert [one["space"] for one in found] == ["moncloa"]
    space: dict[str, Any] = found[0]
    return space


def explained(operated: Operated, member: int, *words: str) -> dict[str, Any]:
    spaces = operated.stack.run_json("explain", str(member), *words)["spaces"]
    assert [one["space"] for one in spaces] == ["moncloa"]
    found: dict[str, Any] = spaces[0]
    return found


def madrid(time: str) -> str:
    local = datetime.fromisoformat(time).astimezone(ZoneInfo("Europe/Madrid"))
    return f"{local:%Y-%m-%d %H:%M}"


# --- status ---------------------------------------------------------------------------------------

def test_status_of_a_space_that_is_well(operated: Operated, member: int) -> None:
    before = space_of(operated, (0,))
    operated.member(member)
    row = operated.pass_(member, member, HOURS_24)
    operated.claims(row, GROUP_24)
    operated.held(row, GROUP_24, member)
    after = space_of(operated, (0,))
    assert after == {**before, "members": before["members"] + 1, "rights": before["rights"] + 1}
    assert (after["blocked"], after["orphaned"], after["mode"]) == ([], 0, "enforce")
    assert (after["oldest_due_loss_s"], after["oldest_due_gain_s"]) == (None, None)
    told = operated.stack.run("status")
    assert f"space moncloa (enforce): {after['members']} members entitled" in told
    assert "nexudus account main: read until 20" in told
    assert "kisi account main: door events until 20" in told


def test_status_says_what_is_due_and_since_when(operated: Operated) -> None:
    late, stale = next_member(), next_member()
    operated.member(late)
    row = operated.pass_(late, late, HOURS_24)
    operated.claims(row, GROUP_24)
    over = {**operated.pass_(stale, stale, HOURS_24), "created_at": text(ago(days=2)),
            "expires_at": text(ago(hours=1))}
    operated.member(stale)
    operated.claims(over, GROUP_24)
    # What KISI has is open without end, an hour after it should have ended.
    operated.held({**over, "expires_at": None}, GROUP_24, stale)
    try:
        found = space_of(operated, (0, 1))
        assert 0 <= found["oldest_due_gain_s"] < 600, found
        assert 0 <= found["oldest_due_loss_s"] < 600, found
        told = operated.stack.run("status", "--space", "moncloa", statuses=(0, 1))
        assert "  a key should have been given " in told
        assert "  a key should have been taken away " in told
    finally:
        operated.held(row, GROUP_24, late)
        operated.held(over, GROUP_24, stale)


@pytest.mark.parametrize("stopped", [None, "delete_refused", "shared_address"])
def test_status_says_since_when_a_used_up_pass_still_opens(
    operated: Operated, member: int, stopped: str | None
) -> None:
    """Whatever stops it: the door is open to whom it should not be."""
    operated.member(member)
    row = operated.pass_(member, member, HOURS_24, used=True, used_at=text(ago(hours=3)))
    operated.held(row, GROUP_24, member)
    operated.claims(row, why="used", at=ago(hours=2))
    if stopped is not None:
        operated.blocked(member, {"group_id": GROUP_24, "reason": stopped})
    try:
        found = space_of(operated, (1,))
        assert 7_200 <= found["oldest_due_loss_s"] < 7_800, found
        assert found["oldest_due_loss"] == {"member": member, "group_id": GROUP_24}
    finally:
        operated.put("ledger", f"{member}/kisi-{member}", None)
        operated.blocked(member)


@pytest.mark.parametrize("words", [["status"], ["explain"], ["drift"], ["adopt", "plan"]],
                         ids=" ".join)
def test_nothing_is_told_by_a_ledger_of_a_newer_release(
    operated: Operated, member: int, words: list[str]
) -> None:
    """It may say that a right is held: without it that right would be called foreign, or missing."""
    operated.member(member)
    row = operated.pass_(member, member, HOURS_24)
    operated.claims(row, GROUP_24)
    operated.held(row, GROUP_24, member)
    operated.put("ledger", f"{member}/kisi-{member}", {"format": 99, "member": member})
    if words == ["explain"]:
        words = ["explain", str(member)]
    try:
        done = operated.stack.cli(*words, "--space", "moncloa")
        assert done.returncode not in (0, 1) and done.stdout == "", (done.returncode, done.stdout)
        assert "space moncloa: the ledger was written by a newer release" in done.stderr
        assert "use that one's latchkey" in done.stderr
    finally:
        operated.put("ledger", f"{member}/kisi-{member}", None)


def test_status_names_the_blocked_and_the_orphaned(operated: Operated, member: int) -> None:
    operated.member(member)
    operated.claims({**operated.pass_(member, member, HOURS_24), "pass": member + 1}, GROUP_24)
    blocked: list[dict[str, Any]] = [
        {"group_id": GROUP_DAY, "reason": "foreign_right", "foreign_right_id": 77,
         "until": text(datetime.now(UTC) + timedelta(hours=1))},
        {"group_id": None, "reason": "shared_address", "foreign_right_id": None, "until": None}]
    operated.blocked(member, *blocked)
    try:
        found = space_of(operated, (1,))
        assert found["blocked"] == [{"member": member, **one} for one in blocked]
        assert found["orphaned"] == 1
        told = operated.stack.run("status", "--space", "moncloa", statuses=(1,))
        assert f"member {member} is blocked in group {GROUP_DAY}: foreign_right" in told
        assert f"member {member} is blocked in every group: shared_address" in told
    finally:
        operated.blocked(member)
        operated.pass_(member, member + 1, HOURS_24)


def test_status_of_an_account_that_is_refused(operated: Operated) -> None:
    operated.read(fault="login refused: status 400")
    try:
        status = operated.stack.run_json("status", statuses=(1,))
        assert [one["fault"] for one in status["accounts"]] == ["login refused: status 400", None]
        told = operated.stack.run("status", statuses=(1,))
        assert "; FAULT: login refused: status 400\n" in told
    finally:
        operated.read()


def test_status_of_an_account_that_nobody_has_read(operated: Operated) -> None:
    operated.put("kisi-account", "main", {
        "account": "main", "events_until": None, "audited_at": None, "fault": None,
        "rights_per_group": "many"}, "main")
    operated.put("nexudus-account", "main", None, "main")
    try:
        status = operated.stack.run_json("status", statuses=(1,))
        assert [one["account"] for one in status["accounts"]] == ["main", "main"]
        assert [status["accounts"][0]["read_until"], status["accounts"][1]["events_until"]] == [
            None, None]
        told = operated.stack.run("status", statuses=(1,))
        assert "nexudus account main: NEVER READ: does latchkey-poller run?\n" in told
        assert "kisi account main: door events NEVER READ: does latchkey-executor run?\n" in told
    finally:
        operated.read()


# --- explain --------------------------------------------------------------------------------------

def test_explain_each_source_and_right(operated: Operated, member: int) -> None:
    operated.member(member)
    row = operated.pass_(member, member, HOURS_24, expires_at=text(ago(days=-3)))
    operated.claims(row, GROUP_24)
    operated.held(row, GROUP_24, 501)
    operated.pass_(member, member + 100_000, DAY)
    found = explained(operated, member)
    assert (found["entitled"], found["kisi_user_id"]) == (True, None)
    sources = {one["source"]: one for one in found["sources"]}
    assert sources[f"pass/{member}"]["applied"] is True
    # The worker has not seen this one yet: what it will give is said all the same.
    second = sources[f"pass/{member + 100_000}"]
    assert (second["why"], second["applied"]) == ("unused", False)
    assert [one["group_id"] for one in second["claims"]] == [GROUP_DAY]
    group, = found["groups"]
    assert (group["group_id"], group["should_open"], group["opens"]) == (GROUP_24, True, True)
    assert group["rights"] == [{"state": "held", "right_id": 501, "valid_from": row["created_at"],
                                "valid_until": row["expires_at"]}]
    assert group["next_change"] == row["expires_at"]
    told = operated.stack.run("explain", str(member))
    assert f"moncloa: member {member} is entitled" in told
    assert (f"gives Moncloa, Madrid - Members with day access (group {GROUP_DAY}), "
            f"{madrid(second['claims'][0]['valid_from'])} to no end") in told
    assert f"right 501 held, {madrid(row['created_at'])} to {madrid(row['expires_at'])}" in told
    assert f"next change {madrid(row['expires_at'])}\n" in told
    assert f"  pass/{member + 100_000}" in told and "(not applied yet)" in told
    assert "Moncloa, Madrid - Members with 24 hours access" in told


def test_explain_at_another_time(operated: Operated, member: int) -> None:
    operated.member(member)
    row = operated.pass_(member, member, HOURS_24, expires_at=text(ago(days=-3)))
    operated.claims(row, GROUP_24)
    operated.held(row, GROUP_24, 501)
    later = text(datetime.now(UTC) + timedelta(days=4))
    group, = explained(operated, member, "--at", later)["groups"]
    assert (group["should_open"], group["opens"], group["next_change"]) == (False, False, None)


def test_explain_somebody_who_is_not_entitled(operated: Operated, member: int) -> None:
    operated.member(member, active=False)
    row = operated.pass_(member, member, HOURS_24)
    operated.claims(row, GROUP_24)
    found = explained(operated, member)
    assert found["entitled"] is False
    assert [one["should_open"] for one in found["groups"]] == [False]
    assert f"member {member} is not entitled" in operated.stack.run("explain", str(member))


def test_explain_a_door(operated: Operated, member: int) -> None:
    """A door is KISI's: whichever group opens it, and by its own name or id."""
    operated.member(member)
    row = operated.pass_(member, member, HOURS_24)
    operated.claims(row, GROUP_24, GROUP_GREEN)
    for word, groups in [("Main entrance", [GROUP_24]), (f"id:{GREEN_DOOR}", [GROUP_GREEN]),
                         ("Front door", [])]:
        found = explained(operated, member, "--door", word)
        assert [one["group_id"] for one in found["groups"]] == groups, word
    told = operated.stack.run("explain", str(member), "--door", "Front door")
    assert "  nothing here opens door 'Front door'\n" in told
    told = operated.refused("explain", str(member), "--door", "Main entrace")
    assert "no group opens a door 'Main entrace' (did you mean 'Main entrance'?)" in told
    operated.sandbox.call("PUT", "/kisi/locks/16731", {"name": "Main entrance"})
    told = operated.refused("explain", str(member), "--door", "Main entrance")
    assert "several doors are called 'Main entrance': say id:16721 or id:16731" in told


def test_a_space_without_rules_is_told_and_the_others_too(operated: Operated, member: int) -> None:
    operated.member(member)
    operated.claims(operated.pass_(member, member, HOURS_24), GROUP_24)
    operated.put("rules", "dumbo", None, "dumbo")
    try:
        spaces = operated.stack.run_json("explain", str(member), statuses=(1,))["spaces"]
        assert [(one["space"], one["rules"]) for one in spaces] == [
            ("moncloa", True), ("dumbo", False)]
        assert [one["group_id"] for one in spaces[0]["groups"]] == [GROUP_24]
        told = operated.stack.run("explain", str(member), statuses=(1,))
        assert f"moncloa: member {member} is entitled" in told
        assert "  NO RULES: run `latchkey rules apply`\n" in told
    finally:
        operated.stack.run("rules", "apply", "--yes", "--space", "dumbo")


def test_explain_somebody_unknown(operated: Operated) -> None:
    nobody = next_member()
    assert operated.stack.run_json("explain", str(nobody), statuses=(1,))["spaces"] == []
    told = operated.stack.run("explain", str(nobody), statuses=(1,))
    assert told == f"Nothing is known of member {nobody}.\n"
