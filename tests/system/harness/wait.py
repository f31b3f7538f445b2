# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Waiting for a condition with a deadline, the only way that these tests wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SHOWN = 2000  # characters of what was last seen


def wait_for(
    condition: Callable[[], T],
    what: str,
    deadline: float = 30.0,
    interval: float = 0.05,
) -> T:
    """Asks CONDITION until what it returns is true, and returns that.

    DEADLINE and INTERVAL are in seconds. A condition may also assert: its AssertionError is what
    was last seen, as a false answer is. Any other exception is a fault and ends the wait at once.
    """
    end = time.monotonic() + deadline
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            seen = repr(answer)
        except AssertionError as error:
            seen = str(error) or "a failed assertion"
        if time.monotonic() >= end:
            shown = seen if len(seen) <= _SHOWN else seen[:_SHOWN] + " …"
            raise AssertionError(f"not seen in {deadline:g} s: {what}; last seen: {shown}")
        time.sleep(interval)
