# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the reference leaves open, on each of its sides: whichever is true of a live account, the same
things are published of the same life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.wait import wait_for
from poller_world import ANYWHERE, RESIDENT, Polled, ident, text

pytest_plugins = ["poller_fixtures"]

# Many at once: no two of a set meet in one fact.
READINGS: dict[str, dict[str, str]] = {
    "mixed-times": {
        "times": "mixed", "list_fields": "absent", "order": "shuffled",
        "missing_record": "envelope", "token_error": "401", "local_fields": "present",
        "pause": "both", "cancelled_original": "text", "page_past_end": "404",
        "limit_scope": "url"},
    "bare-dates": {
        "times": "none", "dates": "date_only", "list_fields": "full", "order": "created",
        "missing_record": "empty", "filter_seconds": "400", "pause": "contract",
        "cancelled_original": "guid", "contract_flip": "cancelled"},
    "nothing-moves": {
        "times": "offset", "pass_use_bumps": "no", "system_bumps": "no", "time_bumps": "no",
        "pause": "rows", "pause_bumps": "no", "cancelled_original": "null",
        "archived_coworkers": "hidden", "contract_flip": "none", "text_match": "prefix"},
    "when-begun": {
        "pause": "both_when_begun", "missing_zone": "always", "filter_seconds": "honoured",
        "text_match": "contains", "module": "any", "client_id": "parameter",
        "contract_filters": "listed", "page_past_end": "last"},
}


def switch(polled: Polled, reading: dict[str, str]) -> None:
    polled.sandbox.switch(**{f"nexudus_{name}": value for name, value in reading.items()})


def instant(shown: str) -> datetime:
    """A time without a zone is UTC."""
    time = datetime.fromisoformat(shown)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def contract_has(polled: Polled, key: str, **fields: Any) -> None:
    def found() -> bool:
        shown = polled.table("passes").get(key, {}).get("contract") or {}
        assert shown and fields.items() <= shown.items(), shown
        return True

    wait_for(found, f"the contract of {key} has {fields}", 30, interval=0.2)


@pytest.mark.parametrize("reading", READINGS)
def test_one_life(polled: Polled, member: int, reading: str) -> None:
    switch(polled, READINGS[reading])
    sandbox = polled.sandbox
    polled.join(member)
    kept = f"{member}/{sandbox.give_pass(member, ANYWHERE, '2040-01-01T00:00:00Z')['Id']}"
    deleted = polled.give(member)
    cancelled, stays = polled.book(member, hours=5), polled.book(member, hours=9)
    started = sandbox.start_contract(member, RESIDENT)
    contract, of_plan = started["contract"]["Id"], f"{member}/{started['passes'][0]['Id']}"
    begun = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    sandbox.pause_contract(contract, text(begun), "2040-03-01T00:00:00Z")

    polled.becomes("members", str(member), email=f"m{member}@example.org", active=True)
    for space in ("moncloa", "dumbo"):
        polled.becomes("passes", kept, space, expires_at="2040-01-01T00:00:00Z", used=False)
    contract_has(polled, of_plan, paused_from=text(begun), paused_until="2040-03-01T00:00:00Z")
    ends = polled.becomes("bookings", stays)["until"]
    rows = {row["Id"]: row for row in sandbox.rows("bookings")}
    assert instant(ends) == instant(rows[ident(stays)]["ToTime"])

    sandbox.resume_contract(contract)
    sandbox.cancel_booking(ident(cancelled))
    sandbox.use_pass(ident(kept))
    sandbox.delete("coworkertimepasses", ident(deleted))
    sandbox.archive(member)
    polled.becomes("bookings", cancelled, deleted=True)
    polled.becomes("passes", kept, used=True)
    polled.becomes("passes", deleted, deleted=True)
    polled.becomes("members", str(member), archived=True)
    contract_has(polled, of_plan, paused_from=None, paused_until=None)
    sandbox.expire_tokens(refresh=True)
    polled.listed()
    # At rest the same stands, and nothing came twice.
    assert polled.table("bookings")[stays]["deleted"] is False
    assert [len(polled.of("bookings", stays)), len(polled.of("bookings", cancelled)),
            len(polled.of("passes", deleted))] == [1, 2, 2]


@pytest.mark.parametrize("how", ["deleted", "expired", "topped_up"])
def test_unused_passes_when_a_plan_renews(polled: Polled, member: int, how: str) -> None:
    polled.sandbox.switch(nexudus_renewal=how, nexudus_system_bumps="no")
    polled.join(member)
    started = polled.sandbox.start_contract(member, RESIDENT)
    old = f"{member}/{started['passes'][0]['Id']}"
    before = polled.becomes("passes", old, used=False)
    renewed = polled.sandbox.renew_contract(started["contract"]["Id"])
    for row in renewed["passes"]:
        polled.becomes("passes", f"{member}/{row['Id']}", origin="plan", deleted=False)
    if how == "deleted":
        polled.becomes("passes", old, deleted=True)
    elif how == "expired":
        wait_for(lambda: polled.table("passes")[old]["expires_at"] < before["expires_at"],
                 "the old one has expired", 30)
    else:
        polled.listed()
        assert polled.table("passes")[old] == before


@pytest.mark.parametrize("how", ["kept", "expired", "deleted"])
def test_unused_passes_when_a_contract_ends(polled: Polled, member: int, how: str) -> None:
    polled.sandbox.switch(nexudus_contract_end=how, nexudus_contract_flip="none",
                          nexudus_system_bumps="no")
    polled.join(member)
    started = polled.sandbox.start_contract(member, RESIDENT)
    key = f"{member}/{started['passes'][0]['Id']}"
    polled.becomes("passes", key, used=False)
    polled.sandbox.cancel_contract(started["contract"]["Id"])
    if how == "deleted":
        polled.becomes("passes", key, deleted=True)
        return

    def ended() -> bool:
        ends = polled.table("passes")[key]["contract"]["ends_at"]
        assert ends is not None and datetime.fromisoformat(ends) <= datetime.now(UTC), ends
        return True

    wait_for(ended, "its contract has ended", 30)
