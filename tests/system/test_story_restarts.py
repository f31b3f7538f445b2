# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The whole way while daemons are killed, and with two of each."""

from __future__ import annotations

import pytest

import demo
from harness.stack import DAEMONS
from harness.topics import read_table
from harness.wait import wait_for

pytest_plugins = ["story_fixtures"]


# What is held back while a daemon is killed: its work has come, and is not done.
IN_THE_MIDDLE = {
    "latchkey-poller": {"service": "nexudus", "path": "/api/billing/coworkertimepasses"},
    "latchkey-executor": {"service": "kisi", "method": "POST", "path": "/users"},
}


@pytest.mark.parametrize("name", DAEMONS)
def test_each_daemon_killed_in_the_middle(story: demo.Story, name: str, member: int) -> None:
    """kill -9 while its work is on the way: it is done after the restart, once."""
    daemon = story.stack.daemons[name]
    held = IN_THE_MIDDLE.get(name)
    if held is not None:
        story.sandbox.faults({**held, "hold_ms": 3_000})
    else:
        daemon.pause()  # a worker: its input comes, and it is killed before it has answered
    try:
        story.join(member)
        pass_ = story.sandbox.give_pass(member, demo.HOURS_24)
        if held is not None:
            wait_for(lambda: story.sandbox.fault_hits()[0]["hits"] >= 1, "it is in the middle", 30)
        else:
            passes = story.stack.topic("passes", "moncloa")
            wait_for(lambda: f"{member}/{pass_['Id']}" in read_table(story.stack.bootstrap, passes),
                     "its input is there", 30)
    finally:
        daemon.kill()
        story.sandbox.faults()
    daemon.start()
    daemon.wait_ready()
    story.opens(member, demo.GROUP_24)
    assert story.sandbox.invitations()[story.address(member)] == 1


def test_two_replicas_of_each(story: demo.Story, member: int, other: int) -> None:
    """The second takes over when the first goes; nothing is done twice."""
    stack = story.stack
    seconds = [stack.start_daemon(name) for name in DAEMONS]
    for second in seconds:
        second.wait_ready()
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    for name in DAEMONS:
        assert stack.daemons[name].terminate() == 0
    story.join(other)
    story.sandbox.give_pass(other, demo.HOURS_24)
    story.opens(other, demo.GROUP_24)
    for second in seconds:
        assert second.terminate() == 0
    for name in DAEMONS:
        stack.daemons[name].start()
    for name in DAEMONS:
        stack.daemons[name].wait_ready()
    invitations = story.sandbox.invitations()
    assert (invitations[story.address(member)], invitations[story.address(other)]) == (1, 1)


def test_every_topic_read_again_writes_nothing(story: demo.Story) -> None:
    story.everything_again()
