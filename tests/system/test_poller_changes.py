# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What incremental cycles find by themselves, with one full listing at the start only: contracts and
their pauses in each way that they are told, and what an answer that failed must not lose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.kafka import Broker
from harness.sandbox import Row
from harness.stack import Stack
from harness.wait import wait_for
from poller_world import HOURS_24, MONCLOA, RESIDENT, Polled, config, ident

pytest_plugins = ["poller_fixtures"]

UNSUCCESSFUL: Row = {"effect": "status", "status": 200, "body": {
    "Status": 500, "Message": "Ooops!", "Value": None, "Errors": None, "WasSuccessful": False}}


@pytest.fixture(scope="module")
def increments_of_all(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Polled]:
    with Stack(tmp_path_factory.mktemp("increments"), broker, "increments",
               config(listing="1h")) as stack:
        polled = Polled(stack)
        polled.start()
        yield polled
        assert polled.ended("listing", "done") == 1
        stack.stop_daemons()


@pytest.fixture
def increments(increments_of_all: Polled) -> Polled:
    increments_of_all.sandbox.faults()
    increments_of_all.sandbox.call("DELETE", "/switches")
    return increments_of_all


class Contract:
    """Somebody with a contract, and what is published of it with the first of its passes."""

    def __init__(self, polled: Polled, member: int) -> None:
        self.polled = polled
        polled.join(member)
        started = polled.sandbox.start_contract(member, RESIDENT)
        self.row = started["contract"]
        self.id = self.row["Id"]
        self.pass_ = started["passes"][0]["Id"]
        self.key = f"{member}/{self.pass_}"
        self.has(active=True, cancelled=False, paused_from=None, paused_until=None)

    def has(self, **fields: Any) -> None:
        def found() -> bool:
            shown = self.polled.table("passes").get(self.key, {}).get("contract") or {}
            assert shown and fields.items() <= shown.items(), shown
            return True

        wait_for(found, f"the contract of {self.key} has {fields}", 30, interval=0.2)

    def pause(self, from_: str, until: str | None) -> int:
        """A paused period of which its own row says nothing."""
        row = self.polled.sandbox.create("contractpausedperiods", CoworkerContractId=self.id,
                                         PauseFrom=from_, PauseUntil=until)
        pause: int = row["Id"]
        self.polled.sandbox.update("coworkercontracts", self.id, bump=False, InPausedPeriod=False,
                                   InPausedPeriodFrom=None, InPausedPeriodUntil=None)
        return pause


def day(date: str) -> str:
    return f"{date}T00:00:00Z"


# --- contracts ------------------------------------------------------------------------------------


def test_a_changed_contract_changes_its_passes(increments: Polled, member: int) -> None:
    contract = Contract(increments, member)
    increments.sandbox.pause_contract(contract.id, day("2040-02-01"), day("2040-03-01"))
    contract.has(paused_from=day("2040-02-01"), paused_until=day("2040-03-01"))
    increments.sandbox.cancel_contract(contract.id, at=day("2040-06-01"))
    contract.has(ends_at=day("2040-06-01"))
    increments.sandbox.update("coworkercontracts", contract.id, Active=False)
    contract.has(active=False)
    increments.cycled(3)
    assert len(increments.of("passes", contract.key)) == 4, increments.of("passes", contract.key)


def test_paused_periods_beside_a_contract_that_says_nothing(
    increments: Polled, member: int
) -> None:
    """The one open or coming next; one that goes leaves a newer date in its contract at best."""
    contract = Contract(increments, member)
    contract.pause(day("2041-02-01"), day("2041-03-01"))
    contract.has(paused_from=day("2041-02-01"), paused_until=day("2041-03-01"))
    sooner = contract.pause(day("2040-02-01"), None)
    contract.has(paused_from=day("2040-02-01"), paused_until=None)
    increments.sandbox.update("contractpausedperiods", sooner, PauseUntil=day("2040-02-10"))
    contract.has(paused_from=day("2040-02-01"), paused_until=day("2040-02-10"))
    # They meet, so they are one.
    between = contract.pause(day("2040-02-11"), day("2040-02-20"))
    contract.has(paused_from=day("2040-02-01"), paused_until=day("2040-02-20"))
    for pause in (sooner, between):
        increments.sandbox.delete("contractpausedperiods", pause)
    increments.sandbox.update("coworkercontracts", contract.id, Notes="resumed")
    contract.has(paused_from=day("2041-02-01"), paused_until=day("2041-03-01"))


def test_a_pause_of_which_only_the_word_is_given(increments: Polled, member: int) -> None:
    contract = Contract(increments, member)
    starts = increments.table("passes")[contract.key]["contract"]["starts_at"]
    increments.sandbox.update("coworkercontracts", contract.id, InPausedPeriod=True)
    contract.has(paused_from=starts, paused_until=None)
    increments.sandbox.update("coworkercontracts", contract.id, InPausedPeriod=False)
    contract.has(paused_from=None, paused_until=None)


def test_a_contract_that_is_nowhere_gives_nothing(increments: Polled, member: int) -> None:
    increments.join(member)
    row = increments.sandbox.create(
        "coworkertimepasses", CoworkerId=member, TimePassId=HOURS_24, BusinessId=MONCLOA,
        CoworkerContractUniqueId="0f3c2a10-1111-4222-8333-444455556666")
    found = increments.becomes("passes", f"{member}/{row['Id']}")
    assert found["contract"]["active"] is False, found


def test_a_contract_seen_after_a_fault_still_changes_its_passes(
    increments: Polled, member: int
) -> None:
    """The list of its passes fails for longer than a read tries: it is asked for again."""
    contract = Contract(increments, member)
    # No list of what changed lately has the pass itself.
    increments.sandbox.update("coworkertimepasses", contract.pass_,
                              UpdatedOn="2026-01-05T00:00:00Z")
    with increments.faults({"service": "nexudus", "path": "/api/billing/coworkertimepasses",
                            "query": "CoworkerContractUniqueId", "effect": "status", "status": 500,
                            "count": 4}):
        increments.sandbox.update("coworkercontracts", contract.id, Active=False)
        increments.hit(4)
        contract.has(active=False)


# --- an answer that says of itself that it failed -----------------------------------------------------


def test_an_unsuccessful_list_is_read_again(increments: Polled, member: int) -> None:
    """As often as a read tries: the cycle fails, and the next one reads from where it began."""
    failed = increments.ended("incremental", "failed")
    with increments.faults({"service": "nexudus", "path": "/api/spaces/coworkers",
                            "query": "UpdatedOn", "count": 4, **UNSUCCESSFUL}):
        increments.join(member)
        increments.hit(4)
        increments.becomes("members", str(member))
    assert increments.ended("incremental", "failed") == failed + 1
    assert "WasSuccessful: false" in increments.poller.output()


def test_an_unsuccessful_row_is_read_again(increments: Polled, member: int) -> None:
    """A cancellation says that a booking went; its confirmation fails for a whole cycle."""
    increments.join(member)
    key = increments.book(member)
    increments.becomes("bookings", key, deleted=False)
    failed = increments.ended("incremental", "failed")
    with increments.faults({"service": "nexudus", "path": f"/api/spaces/bookings/{ident(key)}",
                            "count": 4, **UNSUCCESSFUL}):
        increments.sandbox.cancel_booking(ident(key))
        increments.hit(4)
        wait_for(lambda: increments.ended("incremental", "failed") > failed,
                 "a cycle that led to it counts as failed")
        increments.becomes("bookings", key, deleted=True)
