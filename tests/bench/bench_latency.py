# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""From the poll that read a change to the call at KISI, one change at a time, on a real broker and
the sandbox without delay. Prints median and p99; nothing here passes or fails by a time."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import demo
from harness.stack import Stack, default_config
from harness.topics import read_table

CHANGES = int(os.environ.get("LATCHKEY_BENCH_CHANGES", "60"))


def last_create(story: demo.Story) -> float:
    """When KISI last got a role assignment, ms since 1970."""
    calls = [
        call
        for call in story.sandbox.call_log()
        if (call["method"], call["path"]) == ("POST", "/role_assignments")
    ]
    return datetime.fromisoformat(calls[-1]["at"]).timestamp() * 1000


def main() -> int:
    found: list[float] = []
    with tempfile.TemporaryDirectory() as scratch, \
            Stack(Path(scratch), config=default_config()) as stack:
        stack.start()
        story = demo.Story(stack)
        for member in range(9001, 9001 + CHANGES):
            story.join(member)
            story.sandbox.give_pass(member, demo.HOURS_24)
        for member in range(9001, 9001 + CHANGES):
            story.opens(member, demo.GROUP_24)
        for member in range(9001, 9001 + CHANGES):
            pass_ = story.sandbox.give_pass(member, demo.DAY)
            story.opens(member, demo.GROUP_DAY)
            passes = read_table(stack.bootstrap, stack.topic("passes", "moncloa"))
            found.append(last_create(story) - passes[f"{member}/{pass_['Id']}"]["revision"])
    found.sort()
    print(f"{CHANGES} changes, from the request that read one to KISI's create: "
          f"median {statistics.median(found):.0f} ms, "
          f"p99 {found[min(len(found) - 1, int(len(found) * 0.99))]:.0f} ms, "
          f"max {found[-1]:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
