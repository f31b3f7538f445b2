# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The whole way while Nexudus is wrong or away: nobody loses a key."""

from __future__ import annotations

import pytest

import demo
from harness.wait import wait_for

pytest_plugins = ["story_fixtures"]


@pytest.mark.parametrize(
    "fault",
    [
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "empty_page"},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "html"},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "short"},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "malformed"},
        {"service": "nexudus", "path": "/api", "effect": "status", "status": 500,
         "body": {"Message": "An error has occurred."}},
        {"service": "nexudus", "path": "/api", "effect": "cut_after"},
    ],
    ids=lambda fault: str(fault["effect"]),
)
def test_a_lying_nexudus_takes_no_key(
    story: demo.Story, member: int, other: int, fault: dict[str, object]
) -> None:
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    story.sandbox.clear_calls()
    story.sandbox.faults({**fault, "count": 0})

    def listed() -> float:
        poller = story.stack.daemons["latchkey-poller"].metrics()
        return poller.count("latchkey_poller_cycles_total", kind="listing")

    before = listed()

    def lied_to() -> bool:
        hits, listings = story.sandbox.fault_hits()[0]["hits"], listed() - before
        assert hits >= 4 and listings >= 1, f"{hits} hits, {listings} listings ended"
        return True

    try:
        wait_for(lied_to, "the fault was met again and again, by listings too", 60)
        calls = story.sandbox.calls()
        assert calls["writes"]["kisi"] == 0, [call for call in calls["calls"]
                                              if call["method"] != "GET"]
    finally:
        story.sandbox.faults()
    story.join(other)
    story.sandbox.give_pass(other, demo.HOURS_24)
    wait_for(lambda: story.windows(other, demo.GROUP_24), "it goes on by itself", 90)
    story.opens(member, demo.GROUP_24)


def test_every_topic_read_again_writes_nothing(story: demo.Story) -> None:
    story.everything_again()
