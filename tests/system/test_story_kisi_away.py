# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The whole way while KISI is wrong or away: keys come and go once it answers, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import demo
from harness.topics import read_table
from harness.wait import wait_for

pytest_plugins = ["story_fixtures"]


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "status", "status": 503},
        {"effect": "status", "status": 429},
        {"effect": "cut_before"},
        {"effect": "html"},
    ],
    ids=["503", "429", "cut_before", "html"],
)
def test_kisi_is_wrong_for_a_while(
    story: demo.Story, member: int, fault: dict[str, object]
) -> None:
    """The key comes when KISI answers again, and goes when it answers again: once each."""
    writes = [{"service": "kisi", "method": method, "path": "/role_assignments", "count": 2, **fault}
              for method in ("POST", "DELETE")]
    story.sandbox.faults(*writes)
    try:
        story.join(member)
        pass_ = story.sandbox.give_pass(member, demo.HOURS_24)
        wait_for(lambda: story.windows(member, demo.GROUP_24), "the key comes after all", 90)
        story.opens(member, demo.GROUP_24)
        yesterday = demo.rfc3339(datetime.now(UTC) - timedelta(hours=30))
        story.sandbox.use_pass(pass_["Id"], at=yesterday)
        wait_for(lambda: not story.windows(member, demo.GROUP_24), "the key goes after all", 90)
        assert all(hit["hits"] >= 1 for hit in story.sandbox.fault_hits())
    finally:
        story.sandbox.faults()


def test_a_create_cut_after_its_effect_is_found_again(story: demo.Story, member: int) -> None:
    """No second right and no second mail (S4, S5), although the answer never came."""
    story.sandbox.faults(
        {"service": "kisi", "method": "POST", "path": "/users", "effect": "cut_after"},
        {"service": "kisi", "method": "POST", "path": "/role_assignments", "effect": "cut_after"},
    )
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)

    def settled() -> bool:
        ledger = read_table(story.stack.bootstrap, story.stack.topic("ledger", "moncloa"))
        held = [
            value
            for key, value in ledger.items()
            if key.startswith(f"{member}/") and value["state"] == "held"
        ]
        assert len(held) == 1, ledger.get(str(member))
        return True

    wait_for(settled, "the ledger holds the right", 200, interval=1)
    assert len(story.sandbox.rights(email=story.address(member))) == 1
    assert story.sandbox.invitations()[story.address(member)] == 1
    story.sandbox.faults()


def test_every_topic_read_again_writes_nothing(story: demo.Story) -> None:
    story.everything_again()
