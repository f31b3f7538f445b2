# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The broker stops and comes back under a running system."""

from __future__ import annotations

from pathlib import Path

import demo
from harness.kafka import Broker
from harness.stack import Stack


def test_the_broker_stops_and_starts(tmp_path: Path) -> None:
    with Broker(tmp_path / "kafka") as broker, Stack(tmp_path, broker, "away") as stack:
        stack.start()
        story = demo.Story(stack)
        story.join(9001)
        story.sandbox.give_pass(9001, demo.HOURS_24)
        story.opens(9001, demo.GROUP_24)
        broker.stop()
        story.join(9002)
        story.sandbox.give_pass(9002, demo.HOURS_24)
        for daemon in stack.daemons.values():
            status, _ = daemon.get("/healthz")
            assert status == 200, daemon.failure("does not answer while the broker is away")
        broker.start()
        story.opens(9002, demo.GROUP_24)
        assert story.sandbox.invitations() == {story.address(9001): 1, story.address(9002): 1}
        assert len(story.sandbox.rights(email=story.address(9001))) == 1
        stack.stop_daemons()
